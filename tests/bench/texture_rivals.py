"""How texture is measured elsewhere: figures of one grey picture, as they are commonly taken.

Each is read on the whole region of either photograph, as taken: no scale, no band, no equal
sharpness. The region is the true one in both photographs, which is more than any of them finds by
itself. What grows with the square of the contrast is taken by its root, so that a relief that is a
quarter lower reads as -25 %.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.feature import graycomatrix, graycoprops, local_binary_pattern

from dermadelta.phantom.camera import Image8

Mask = NDArray[np.bool_]
Field = NDArray[np.float32]
Change = tuple[float, float | None]
"""Change in per cent: of the region alone, and held against untreated skin (None without)."""

LEVELS: Final = 256
"""Grey levels of the co-occurrence matrix, as scikit-image takes them from an 8-bit picture: with
fewer, most neighbours on skin fall into one level."""

_POINTS, _RADIUS = 8, 1
_HIGH_PASS_PX = 10.0
_DEPTH = 3


@dataclass(frozen=True, eq=False)
class Shown:
    """One photograph as a viewer shows it: sRGB (h, w, 3) uint8, region and untreated skin."""

    rgb: Image8
    roi: Mask
    ring: Mask | None


@dataclass(frozen=True, eq=False)
class _Picture:
    """What rivals look at: 8-bit grey and L* (0 to 100) of a box, and where to look."""

    grey: NDArray[np.uint8]
    lightness: Field
    mask: Mask


def sd_lightness(picture: _Picture) -> float:
    """Standard deviation of L*."""
    return float(np.std(picture.lightness[picture.mask], dtype=np.float64))


def sd_high_pass(picture: _Picture) -> float:
    """Standard deviation of L* less its Gaussian mean of 10 px."""
    detail = picture.lightness - cv2.GaussianBlur(picture.lightness, (0, 0), _HIGH_PASS_PX)
    return float(np.std(detail[picture.mask], dtype=np.float64))


def gradient(picture: _Picture) -> float:
    """Mean length of the gradient of grey (Sobel, 3 by 3)."""
    grey = picture.grey.astype(np.float32)
    x, y = (cv2.Sobel(grey, cv2.CV_32F, dx, 1 - dx) for dx in (1, 0))
    return float(np.mean(np.hypot(x, y)[picture.mask], dtype=np.float64))


def glcm_contrast(picture: _Picture) -> float:
    """Root of the contrast of the grey-level co-occurrence matrix."""
    return float(np.sqrt(graycoprops(_cooccurrence(picture), "contrast").mean()))


def glcm_homogeneity(picture: _Picture) -> float:
    """Homogeneity of that matrix; it rises where skin gets smoother."""
    return float(graycoprops(_cooccurrence(picture), "homogeneity").mean())


def lbp_energy(picture: _Picture) -> float:
    """Energy of the histogram of uniform local binary patterns."""
    found = local_binary_pattern(picture.grey, _POINTS, _RADIUS, method="uniform")
    counts = np.bincount(found[picture.mask].astype(np.int64), minlength=_POINTS + 2)
    return float(np.sum((counts / counts.sum()) ** 2))


def wavelet_energy(picture: _Picture) -> float:
    """Root mean square of the details of a Haar wavelet transform of grey, three levels."""
    mean, inside = picture.grey.astype(np.float32), picture.mask.astype(np.float32)
    total = 0.0
    for _ in range(_DEPTH):
        rows, cols = (side - side % 2 for side in mean.shape)
        a, b, c, d = (mean[i:rows:2, j:cols:2] for i in (0, 1) for j in (0, 1))
        full = np.minimum.reduce([inside[i:rows:2, j:cols:2] for i in (0, 1) for j in (0, 1)])
        details = ((a - b + c - d) / 2.0, (a + b - c - d) / 2.0, (a - b - c + d) / 2.0)
        total += sum(float(np.mean(part[full > 0.0] ** 2)) for part in details)
        mean, inside = (a + b + c + d) / 2.0, full
    return float(np.sqrt(total))


def _cooccurrence(picture: _Picture) -> NDArray[np.float64]:
    """Matrix of neighbours at one pixel in four directions, both inside the region."""
    grey = picture.grey.astype(np.uint16) + np.uint16(1)
    grey[~picture.mask] = 0
    turns = [0.0, 0.25 * np.pi, 0.5 * np.pi, 0.75 * np.pi]
    counts = graycomatrix(grey, [1], turns, levels=LEVELS + 1, symmetric=True)[1:, 1:]
    return np.asarray(counts / counts.sum(axis=(0, 1), keepdims=True), dtype=np.float64)


RIVALS: Final[dict[str, Callable[[_Picture], float]]] = {
    "SD of L*": sd_lightness,
    "SD of L*, high-pass": sd_high_pass,
    "GLCM contrast": glcm_contrast,
    "GLCM homogeneity": glcm_homogeneity,
    "LBP energy": lbp_energy,
    "wavelet energy": wavelet_energy,
    "mean gradient": gradient,
}


def rival_changes(before: Shown, after: Shown) -> dict[str, Change]:
    """Change in per cent by every rival, of the region alone and against untreated skin."""
    regions = [_picture(item.rgb, item.roi) for item in (before, after)]
    rings = [_picture(item.rgb, item.ring) for item in (before, after) if item.ring is not None]
    found: dict[str, Change] = {}
    for name, read in RIVALS.items():
        was, now = (read(item) for item in regions)
        plain = 100.0 * (now / was - 1.0)
        double = None
        if len(rings) == 2:
            around = [read(item) for item in rings]
            double = 100.0 * (now / was * around[0] / around[1] - 1.0)
        found[name] = (plain, double)
    return found


def _picture(rgb: Image8, mask: Mask) -> _Picture:
    """The box around an area."""
    rows, cols = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    box = (slice(int(rows[0]), int(rows[-1]) + 1), slice(int(cols[0]), int(cols[-1]) + 1))
    part = np.ascontiguousarray(rgb[box])
    lab = cv2.cvtColor(part.astype(np.float32) / np.float32(255.0), cv2.COLOR_RGB2Lab)
    grey = cv2.cvtColor(part, cv2.COLOR_RGB2GRAY)
    return _Picture(
        np.asarray(grey, dtype=np.uint8), np.asarray(lab[..., 0], dtype=np.float32), mask[box]
    )
