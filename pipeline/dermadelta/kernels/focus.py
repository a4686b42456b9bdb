"""Focus of a single picture: the blur of its sharpest details, in pixels."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_FINE_PX = 1.0
_COARSE_PX = 2.0
"""The picture is compared with itself at these two blurs; finer than the first is noise."""

_BORDER_PX = 4
_LEAST_EDGE_PIXELS = 40


def detail_blur(grey: Floats, *, noise_margin: float) -> float | None:
    """Blur (Gaussian sigma) of the strongest details of a small picture.

    A detail of blur s falls in gradient from ``g1`` to ``g2`` when the picture is blurred by
    1 and by 2 px; for a thin line ``g1/g2 = (s² + 4)/(s² + 1)``. The strongest 5 % of
    gradients are used, as long as they stand clear of the noise, so smooth skin with little
    contrast says nothing instead of something wrong.

    Parameters
    ----------
    grey : (h, w) float32
        Encoded values 0..255, at least 32 px on a side.
    noise_margin : float
        Least gradient in units of the noise's own gradient.

    Returns
    -------
    float or None
        Sigma in pixels; None where nothing stands clear of the noise.

    References
    ----------
    The re-blur ratio of Zhuo and Sim 2011, doi:10.1016/j.patcog.2011.03.009, with the profile
    of a line in place of a step, since skin holds pores, hairs and furrows.
    """
    fine, coarse = (
        np.asarray(cv2.GaussianBlur(grey, (0, 0), sigma), dtype=np.float32)
        for sigma in (_FINE_PX, _COARSE_PX)
    )
    inner = (slice(_BORDER_PX, -_BORDER_PX), slice(_BORDER_PX, -_BORDER_PX))
    strong, weak = gradient(fine)[inner], gradient(coarse)[inner]
    # White noise of SD n has, after a blur of s, a gradient of n / (√(8π) s²) on each axis.
    noise = _noise(grey) / (np.sqrt(8.0 * np.pi) * _FINE_PX**2)
    chosen = strong >= max(float(np.percentile(strong, 95)), noise_margin * noise)
    if np.count_nonzero(chosen) < _LEAST_EDGE_PIXELS:
        return None
    ratio = float(np.median(strong[chosen] / np.maximum(weak[chosen], np.float32(1e-6))))
    ratio = max(ratio, 1.0 + 1e-3)
    variance = (_COARSE_PX**2 - ratio * _FINE_PX**2) / (ratio - 1.0)
    return float(np.sqrt(max(variance, 0.0)))


def gradient(grey: Floats) -> Floats:
    """Gradient magnitude per pixel, by Sobel filters."""
    across = cv2.Sobel(grey, cv2.CV_32F, 1, 0, ksize=3, scale=0.125)
    down = cv2.Sobel(grey, cv2.CV_32F, 0, 1, ksize=3, scale=0.125)
    return np.hypot(np.asarray(across), np.asarray(down))


def _noise(grey: Floats) -> float:
    """SD of the noise from diagonal detail, plus that of rounding to whole numbers."""
    rows, columns = (n - n % 2 for n in grey.shape)
    even, odd = grey[0:rows:2], grey[1:rows:2]
    detail = even[:, 0:columns:2] - even[:, 1:columns:2] - odd[:, 0:columns:2] + odd[:, 1:columns:2]
    return float(np.median(np.abs(detail)) / 2.0 / 0.6745 + 1.0 / np.sqrt(12.0))
