"""Shading: which way the fine relief is lit."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from dermadelta.kernels.texture import gaussian


def lean(
    signal: NDArray[np.float32], mask: NDArray[np.bool_], sigma_px: float
) -> tuple[float, float]:
    """Direction and strength by which fine shading runs one way rather than all ways.

    The mean structure tensor of the gradient of ``signal``: light from one side draws the furrows
    that lie across it and hides those along it.

    Parameters
    ----------
    signal : (h, w) float32
        E.g. log luminance.
    mask : (h, w) bool
        Pixels that count.
    sigma_px : float
        Smoothing before the gradient, pixels.

    Returns
    -------
    (float, float)
        (cos 2θ, sin 2θ) times the strength, θ the main direction of the gradient counted from +x
        towards +y; the strength is 0 (all ways) to 1 (one way). (0, 0) without a usable pixel.

    References
    ----------
    Förstner W, Gülch E 1987, ISPRS Intercommission Workshop, 281-305 (structure tensor).
    """
    if not mask.any():
        return 0.0, 0.0
    smooth = gaussian(signal, sigma_px)
    dx = np.asarray(cv2.Sobel(smooth, cv2.CV_32F, 1, 0, ksize=3))[mask]
    dy = np.asarray(cv2.Sobel(smooth, cv2.CV_32F, 0, 1, ksize=3))[mask]
    # A hair or a reflection must not speak for the whole region.
    size = np.hypot(dx, dy)
    kept = size <= 3.0 * max(float(np.median(size)), 1e-12)
    xx = float(np.mean(dx[kept] ** 2, dtype=np.float64))
    yy = float(np.mean(dy[kept] ** 2, dtype=np.float64))
    xy = float(np.mean(dx[kept] * dy[kept], dtype=np.float64))
    total = max(xx + yy, 1e-30)
    return (xx - yy) / total, 2.0 * xy / total


def turned(direction: tuple[float, float], angle_rad: float) -> tuple[float, float]:
    """A lean after a turn of the picture by ``angle_rad`` (from +x towards +y)."""
    c, s = float(np.cos(2.0 * angle_rad)), float(np.sin(2.0 * angle_rad))
    return c * direction[0] - s * direction[1], s * direction[0] + c * direction[1]
