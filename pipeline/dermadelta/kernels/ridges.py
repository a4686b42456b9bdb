"""Ridges of a picture: lines darker than what lies beside them, their direction and width.

The strength of a ridge is given as the contrast of an ideal line: a line of Gaussian profile and
depth A reads A at the scale that fits it, whatever its width or direction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from dermadelta.kernels.texture import masked_blur

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]
Values = NDArray[np.float64]

GAUSSIAN_LINE: Final = 2.0 / 3.0**1.5
"""Greatest answer per depth of a line of Gaussian profile s: σ² times the second derivative across
is σ²·s / (s² + σ²)^1.5, greatest at σ = √2·s."""

WIDTH: Final = float(np.sqrt(8.0 * np.log(2.0)))
"""Full width at half depth of a Gaussian line, in its σ."""

_WORKING_SIGMA_PX: Final = 2.0
"""Every scale works on a picture averaged down until its σ is about this: finer only costs."""

_LEAST_SUPPORT: Final = 0.7
"""Usable part of the surroundings, below which a bend may be that of the border."""


@dataclass(frozen=True, eq=False)
class Ridges:
    """The strongest ridge at every pixel over all scales; arrays of shape (h, w).

    ``strength`` float32 ≥ 0 is its contrast in the unit of the signal, 0 where there is none.
    ``direction`` float32 is that in which it runs, radians in 0..π from x (right) to y (down).
    ``sigma_px`` float32 is the scale that answered.
    """

    strength: Floats
    direction: Floats
    sigma_px: Floats


@dataclass(frozen=True, eq=False)
class Derivatives:
    """Derivatives at one scale, (h, w) float32, as contrast of a line (module docstring).

    ``second`` are xx, xy and yy times σ², ``first`` x and y times σ.
    """

    first: tuple[Floats, Floats]
    second: tuple[Floats, Floats, Floats]


def scale_derivatives(
    signal: Floats, mask: Bools, sigma_px: float, *, blur_px2: float = 0.0
) -> Derivatives:
    """Derivatives at one scale, on a grid that is the coarser the larger the scale.

    Parameters
    ----------
    signal : (h, w) float32
        Only pixels of the mask enter.
    mask : (h, w) bool
    sigma_px : float
        The scale, pixels.
    blur_px2 : float
        A Gaussian variance that the picture is to get before (or, below 0, has got too much of):
        it changes the filter, not what its answer is scaled by.

    Returns
    -------
    Derivatives
        Of shape (h / f, w / f), rounded, with f = ``scale_factor(sigma_px)``; 0 where too little
        around is usable.
    """
    rows, cols = signal.shape
    factor = scale_factor(sigma_px)
    weight = mask.astype(np.float32)
    level = np.float32(signal[mask].mean()) if mask.any() else np.float32(0.0)
    values = np.where(mask, signal - level, np.float32(0.0))
    # Averaging over squares of f pixels is a blur of its own, of variance (f² - 1)/12.
    variance = sigma_px**2 + blur_px2 - (factor**2 - 1) / 12.0
    sigma = float(np.sqrt(max(variance, 0.0))) / factor
    if factor > 1:
        size = (max(1, round(cols / factor)), max(1, round(rows / factor)))
        values, weight = (
            np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA), dtype=np.float32)
            for plane in (values, weight)
        )
    blur = masked_blur(np.ones(values.shape, dtype=np.bool_), sigma)
    support = blur(weight)
    smooth = blur(values) / np.maximum(support, np.float32(1e-4))
    gains = np.where(support >= _LEAST_SUPPORT, np.float32(1.0 / GAUSSIAN_LINE), np.float32(0.0))
    own = sigma_px / factor
    found = [
        np.asarray(cv2.Sobel(smooth, cv2.CV_32F, dx, dy, ksize=size, scale=scale)) * gains
        for dx, dy, size, scale in (
            (1, 0, 1, 0.5 * own),
            (0, 1, 1, 0.5 * own),
            (2, 0, 1, own**2),
            (1, 1, 3, 0.25 * own**2),
            (0, 2, 1, own**2),
        )
    ]
    x, y, xx, xy, yy = (np.asarray(plane, dtype=np.float32) for plane in found)
    return Derivatives((x, y), (xx, xy, yy))


def scale_factor(sigma_px: float) -> int:
    """How many pixels are averaged along a side for a scale."""
    return max(1, int(sigma_px / _WORKING_SIGMA_PX))


def nothing(shape: tuple[int, ...]) -> Ridges:
    """No ridge anywhere."""
    return Ridges(*(np.zeros(shape, dtype=np.float32) for _ in range(3)))


def stronger(
    found: Ridges, strength: Floats, direction: Floats, sigma: float, shape: tuple[int, ...]
) -> Ridges:
    """The stronger ridge at every pixel, of those found so far and those of one more scale."""
    if strength.shape != shape:
        size = (shape[1], shape[0])
        strength = np.asarray(cv2.resize(strength, size, interpolation=cv2.INTER_LINEAR))
        direction = np.asarray(cv2.resize(direction, size, interpolation=cv2.INTER_NEAREST_EXACT))
    better = strength > found.strength
    return Ridges(
        np.where(better, strength, found.strength).astype(np.float32),
        np.where(better, direction, found.direction).astype(np.float32),
        np.where(better, np.float32(sigma), found.sigma_px),
    )


def middles(found: Ridges, apart_px: int = 1) -> Bools:
    """Middle lines of ridges, one pixel wide.

    One pixel in every column of a line that runs more along x than y, one in every row of the
    others: the strongest within ``apart_px`` pixels to either side.

    Returns
    -------
    (h, w) bool
    """
    strength = found.strength
    flat = np.abs(np.cos(found.direction)) >= np.abs(np.sin(found.direction))
    side = np.ones((2 * apart_px + 1, 1), dtype=np.uint8)
    most = np.where(flat, cv2.dilate(strength, side), cv2.dilate(strength, side.T))
    # Of two equal neighbours one is the middle: the second.
    padded = np.pad(strength, ((0, 1), (0, 1)))
    following = np.where(flat, padded[1:, :-1], padded[:-1, 1:])
    return np.asarray((strength >= most) & (strength > following), dtype=np.bool_)


def line_profile(answers: Values, sigmas: Sequence[float]) -> tuple[Values, Values]:
    """Depth and σ of the Gaussian profiles that answer the scales so.

    A line of depth A and profile s answers A·σ²·s / (s² + σ²)^1.5 at a scale σ (in units of
    ``GAUSSIAN_LINE``); the ratio of the answers of two scales, the strongest and the stronger of
    its neighbours, gives s.

    Parameters
    ----------
    answers : (k, n) float64
        Contrast of n places at k scales, k ≥ 2.
    sigmas : sequence of float
        The scales, ascending.

    Returns
    -------
    depth, profile : (n,) float64
        Depth ≥ 0; the profile from half of what the finest scale fits best to what the coarsest
        does.
    """
    sigma = np.asarray(sigmas, dtype=np.float64)
    columns = np.arange(answers.shape[1])
    best = answers.argmax(axis=0)
    padded = np.pad(answers, ((1, 1), (0, 0)), constant_values=-np.inf)
    fine = np.where(padded[best + 2, columns] > padded[best, columns], best, best - 1)
    narrow, wide = sigma[fine] ** 2, sigma[fine + 1] ** 2
    least = 1e-6 * np.maximum(answers[best, columns], 1e-12)
    lower, upper = (np.maximum(answers[fine + k, columns], least) for k in (0, 1))
    ratio = np.clip((lower / upper * wide / narrow) ** (2.0 / 3.0), 1.0 + 1e-9, None)
    bounds = (0.5 * sigma[0] / np.sqrt(2.0), sigma[-1] / np.sqrt(2.0))
    square = (wide - ratio * narrow) / (ratio - 1.0)
    profile = np.clip(np.sqrt(np.maximum(square, 0.0)), *bounds)
    squares = sigma[best] ** 2
    gain = GAUSSIAN_LINE * (profile**2 + squares) ** 1.5 / (squares * profile)
    return np.maximum(answers[best, columns], 0.0) * gain, profile
