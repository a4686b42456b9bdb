"""Lines of a picture that run nearly parallel: their orientation field and middle lines."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from dermadelta.kernels.texture import gaussian, masked_gaussian

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]

_BOX: Final = float(2.0 / np.sqrt(2.0 * np.pi) * np.exp(-0.5))
"""σ² times the second derivative in the middle of a box-shaped line of height 1, at σ = half of
its width: there the answer is greatest."""

_SCALE_RATIO: Final = 1.5
"""Ratio of neighbouring scales: a line half way between two answers by 4 % less."""

_TAPS: Final = 15
"""Samples of the average along bands, from -2 σ to 2 σ: closer than two pixels."""

_COARSE_SIGMA: Final = 6.0
"""Pixels that the σ of a wide mean is given: more of them say the same."""


def scales(low: float, high: float) -> list[float]:
    """Scales (σ) from half of the least to half of the greatest width, in equal ratios."""
    count = int(np.ceil(np.log(high / low) / np.log(_SCALE_RATIO))) + 1
    return [float(sigma) for sigma in np.geomspace(low, high, count)]


def averaged_along(signal: Floats, skin: Bools, angle: Floats, sigma_px: float) -> Floats:
    """Mean of the usable skin along the orientation of lines.

    Parameters
    ----------
    signal : (h, w) float32
    skin : (h, w) bool
        Where it counts.
    angle : (h, w) float32
        Their orientation at every pixel, radians from x (right) to y (down).
    sigma_px : float
        Of the Gaussian weights.

    Returns
    -------
    (h, w) float32
    """
    rows, cols = signal.shape
    y, x = (np.asarray(axis, dtype=np.float32) for axis in np.mgrid[:rows, :cols])
    dx, dy = np.float32(sigma_px) * np.cos(angle), np.float32(sigma_px) * np.sin(angle)
    inside = np.dstack([np.where(skin, signal, np.float32(0.0)), skin.astype(np.float32)])
    both = gaussian(inside, 1.0)  # no sample may fall between
    total = np.zeros_like(both)
    for at in np.linspace(-2.0, 2.0, _TAPS, dtype=np.float32):
        part = cv2.remap(
            both, x + at * dx, y + at * dy, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT
        )
        total += np.float32(np.exp(-0.5 * at * at)) * part
    return np.asarray(total[..., 0] / np.maximum(total[..., 1], np.float32(1e-3)))


def _second_derivatives(smooth: Floats) -> tuple[Floats, Floats, Floats]:
    xx, xy, yy = (
        np.asarray(cv2.Sobel(smooth, cv2.CV_32F, dx, dy, ksize=size, scale=scale), np.float32)
        for dx, dy, size, scale in ((2, 0, 1, 1.0), (1, 1, 3, 0.25), (0, 2, 1, 1.0))
    )
    return xx, xy, yy


def orientation_field(
    signal: Floats, skin: Bools, sigmas: list[float], reach: float, most: float
) -> Floats:
    """Orientation of bands and of what is between them, from the Hessian, as one smooth field.

    Parameters
    ----------
    signal : (h, w) float32
    skin : (h, w) bool
        Where it counts.
    sigmas : list of float
        Scales, pixels; every other one is enough.
    reach : float
        σ of the mean over which the field turns, pixels.
    most : float
        What is higher votes no more than that.

    Returns
    -------
    (h, w) float32
        Radians in 0..π from x (right) to y (down).
    """
    inner = cv2.erode(skin.astype(np.uint8), np.ones((3, 3), np.uint8), borderValue=0) > 0
    doubled: Floats = np.zeros((*signal.shape, 2), dtype=np.float32)
    for sigma in sigmas[::2]:
        xx, xy, yy = _second_derivatives(masked_gaussian(signal, skin, sigma))
        # Both signs of a line vote for one orientation: the sign of its bend is taken out.
        gain = np.sign(xx + yy) * np.float32(sigma**2 / _BOX) * inner
        half, cross = 0.5 * (xx - yy) * gain, xy * gain
        size = np.hypot(half, cross)
        # What is much higher than any band, such as a scar, must not outvote them.
        size = np.minimum(size, np.float32(most**2) / np.maximum(size, np.float32(most)))
        doubled[..., 0] += half * size
        doubled[..., 1] += cross * size
    doubled = _far_averaged(doubled, reach)
    across = 0.5 * np.arctan2(doubled[..., 1], doubled[..., 0])
    return np.asarray(np.mod(across + np.float32(0.5 * np.pi), np.float32(np.pi)))


def _far_averaged(values: Floats, sigma_px: float) -> Floats:
    """Gaussian mean of (h, w, 2) values, on a grid that is coarser the wider it is."""
    rows, cols = values.shape[:2]
    factor = max(1, int(sigma_px / _COARSE_SIGMA))
    size = (max(1, round(cols / factor)), max(1, round(rows / factor)))
    small = np.asarray(cv2.resize(values, size, interpolation=cv2.INTER_AREA), dtype=np.float32)
    mean = gaussian(small, sigma_px / factor)
    return np.asarray(cv2.resize(mean, (cols, rows), interpolation=cv2.INTER_LINEAR))


def bends(smooth: Floats, angle: Floats, sigmas: list[float]) -> list[Floats]:
    """At every scale, height of the box-shaped line that would bend so much across."""
    nx, ny = -np.sin(angle), np.cos(angle)
    xx_part, xy_part, yy_part = nx * nx, 2.0 * nx * ny, ny * ny
    found = []
    for sigma in sigmas:
        xx, xy, yy = _second_derivatives(gaussian(smooth, sigma))
        found.append((xx * xx_part + xy * xy_part + yy * yy_part) * np.float32(sigma**2 / _BOX))
    return found


def strength_of(bent: list[Floats], sigmas: list[float], sign: float) -> tuple[Floats, Floats]:
    """Greatest height at every pixel, and its scale, of lines of one sign."""
    best, at = np.zeros_like(bent[0]), np.full_like(bent[0], sigmas[0])
    for bend, sigma in zip(bent, sigmas, strict=True):
        value = np.float32(-sign) * bend
        better = value > best
        best, at = np.where(better, value, best), np.where(better, np.float32(sigma), at)
    return best, at


def crest_of(strength: Floats, angle: Floats, reach: int) -> Bools:
    """Highest pixels across: one in every column, or row, that a line passes."""
    flat = np.abs(np.cos(angle)) >= np.abs(np.sin(angle))
    upright = np.ones((2 * reach + 1, 1), np.uint8)
    in_column = strength >= cv2.dilate(strength, upright)
    in_row = strength >= cv2.dilate(strength, upright.T)
    return np.asarray(np.where(flat, in_column, in_row) & (strength > 0.0), dtype=np.bool_)


def numbered_lines(
    crest: Bools, strength: Floats, length_px: float, height: float
) -> NDArray[np.int32]:
    """Number of the line of every pixel of a crest, 0 elsewhere and for what is no band anyhow.

    A gap of two pixels does not part a line.
    """
    wide = cv2.dilate(crest.astype(np.uint8), np.ones((3, 3), np.uint8))
    _, labels = cv2.connectedComponents(wide)
    labels = np.where(crest, labels, 0)
    count = np.bincount(labels[crest], minlength=1)
    total = np.bincount(labels[crest], weights=strength[crest], minlength=1)
    # A pixel of a line stands for 1 to 1.41 of its length.
    kept = np.sqrt(2.0) * count >= length_px
    kept &= total >= 0.5 * height * count
    kept[0] = False
    return np.where(kept[labels], labels, 0).astype(np.int32)
