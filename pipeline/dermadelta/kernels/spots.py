"""Spots: small places that hold more of a pigment than the skin around them."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from dermadelta.kernels.colour_map import block_means
from dermadelta.kernels.statistics import robust_sd
from dermadelta.kernels.texture import masked_gaussian

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]

_STEPS = 5
"""Scales of the scale space between its ends, in equal ratios."""

_SIGMA_PX = 2.5
"""Pixels per sigma at which a scale is looked at: more of them show the same."""

_MEDIAN_BLOCKS = 5
"""Blocks along the window of the local median."""


@dataclass(frozen=True)
class SpotRules:
    """What counts as a spot; lengths and areas in the pixels of the map.

    ``sigmas`` are the ends of the scale space, ``window`` the side of the local median,
    ``least_sd`` how many robust SDs a spot stands above it, ``floor`` the least SD,
    ``areas`` the smallest and largest spot, ``elongation`` the greatest ratio of its axes.
    """

    sigmas: tuple[float, float]
    window: float
    least_sd: float
    floor: float
    areas: tuple[float, float]
    elongation: float


@dataclass(frozen=True, eq=False)
class Spots:
    """``labels`` (h, w) int32: 0 off the spots, else the number of the spot from 1 on.

    ``peaks`` (n,) are flat indices of the highest pixel of every spot. ``above`` (h, w) float32 is
    the map less its local median.
    """

    labels: NDArray[np.int32]
    peaks: NDArray[np.intp]
    above: Floats


def find_spots(density: Floats, skin: Bools, rules: SpotRules) -> Spots:
    """Blobs of a pigment map that stand out of the skin around them.

    A spot holds a pixel that is both ``least_sd`` above the local median and as much above what a
    difference of Gaussians of some scale is elsewhere; it reaches down to half of its own height,
    so that its area does not depend on its contrast. Hairs and furrows are long and drop out, and
    what touches the edge of the skin is left to the skin beyond.

    Parameters
    ----------
    density : (h, w) float32
        Amount of a pigment; off the skin it does not matter.
    skin : (h, w) bool
    rules : SpotRules

    Returns
    -------
    Spots

    References
    ----------
    Lindeberg T. Int J Comput Vis 1998;30:79-116. doi:10.1023/A:1008045108935 (scale space).
    """
    above = np.where(skin, density - local_median(density, skin, rules.window), np.float32(0.0))
    smooth = masked_gaussian(above, skin, rules.sigmas[0])
    sd = max(rules.floor, _spread(smooth, skin, rules.sigmas[0]))
    inner = cv2.erode(skin.astype(np.uint8), np.ones((3, 3), np.uint8), borderValue=0) > 0
    seeds = inner & (smooth >= rules.least_sd * sd)
    if seeds.any():
        seeds &= _blob_strength(above, skin, rules) >= rules.least_sd
    return _bodies(above, smooth, seeds, skin & (smooth >= 0.5 * rules.least_sd * sd), rules)


def local_median(values: Floats, skin: Bools, window_px: float) -> Floats:
    """Median of the skin around every pixel, from means over blocks; shapes (h, w)."""
    factor = max(1, round(window_px / _MEDIAN_BLOCKS))
    inside = np.where(skin, values, np.float32(0.0))
    means, weight = block_means(inside, skin.astype(np.float32), factor)
    known = weight > 0.0
    if not known.any():
        return np.zeros_like(values)
    filled = masked_gaussian(means, known, float(_MEDIAN_BLOCKS))
    filled = np.where(known, means, filled)
    return _enlarged(cv2.medianBlur(filled, _MEDIAN_BLOCKS), factor, values.shape)


def _blob_strength(above: Floats, skin: Bools, rules: SpotRules) -> Floats:
    """Greatest difference of Gaussians over the scales, each in robust SDs of its own."""
    low, high = rules.sigmas
    sigmas = low * (high / low) ** (np.arange(_STEPS + 2) / _STEPS)
    levels = [_smoothed(above, skin, float(sigma)) for sigma in sigmas]
    strongest = np.zeros_like(above)
    for sigma, (fine, coarse) in zip(sigmas, itertools.pairwise(levels), strict=False):
        blob = fine - coarse
        spread = max(_spread(blob, skin, float(sigma)), 1e-9)
        np.maximum(strongest, blob / np.float32(spread), out=strongest)
    return strongest


def _spread(values: Floats, skin: Bools, sigma: float) -> float:
    """Robust SD of what is smooth over ``sigma``: it needs no more samples than that."""
    every = max(1, round(sigma))
    return robust_sd(values[::every, ::every][skin[::every, ::every]])


def _smoothed(values: Floats, skin: Bools, sigma: float) -> Floats:
    factor = max(1, int(sigma / _SIGMA_PX))
    means, weight = block_means(values, skin.astype(np.float32), factor)
    rest = float(np.sqrt(max((sigma / factor) ** 2 - 0.25, 0.01))) if factor > 1 else sigma
    return _enlarged(masked_gaussian(means, weight > 0.0, rest), factor, values.shape)


def _enlarged(small: NDArray[np.generic], factor: int, shape: tuple[int, ...]) -> Floats:
    """Blocks of ``factor`` pixels as pixels, linear in between."""
    values = np.asarray(small, dtype=np.float32)
    if factor > 1:
        size = (values.shape[1] * factor, values.shape[0] * factor)
        values = np.asarray(cv2.resize(values, size, interpolation=cv2.INTER_LINEAR))
    return np.asarray(values[: shape[0], : shape[1]], dtype=np.float32)


def _bodies(above: Floats, smooth: Floats, seeds: Bools, foot: Bools, rules: SpotRules) -> Spots:
    """From the feet of what stands out to spots that end at half of their own height."""
    feet = _parts(foot)
    heights = np.zeros(int(feet.max(initial=0)) + 1, dtype=np.float32)
    np.maximum.at(heights, feet[seeds], smooth[seeds])
    body = foot & (smooth >= 0.5 * heights[feet]) & (heights[feet] > 0.0)
    labels = _parts(body)
    count = int(labels.max(initial=0)) + 1
    if count < 2:
        return Spots(np.zeros(above.shape, np.int32), np.empty(0, np.intp), above)
    at = np.flatnonzero(labels)
    names = labels.ravel()[at]
    area, ratio = _areas_and_elongations(names, at, above.shape[1], count)
    seeded = np.zeros(count, dtype=np.bool_)
    seeded[labels[seeds]] = True
    kept = seeded & (area >= rules.areas[0]) & (area <= rules.areas[1])
    kept &= ratio <= rules.elongation
    kept[0] = False
    order = np.lexsort((-smooth.ravel()[at], names))
    first = np.searchsorted(names[order], np.flatnonzero(kept))
    numbers = np.where(kept, np.cumsum(kept), 0).astype(np.int32)
    return Spots(numbers[labels], at[order[first]].astype(np.intp), above)


def _parts(mask: Bools) -> NDArray[np.int32]:
    """Number of the 4-connected part of every pixel, 0 off the mask."""
    _, labels = cv2.connectedComponents(mask.astype(np.uint8), connectivity=4)
    return np.asarray(labels, dtype=np.int32)


def _areas_and_elongations(
    names: NDArray[np.integer], at: NDArray[np.intp], width: int, count: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Area in pixels and ratio of the axes of every part, from its second moments."""
    row, col = np.divmod(at.astype(np.float64), width)
    area = np.maximum(np.bincount(names, minlength=count), 1).astype(np.float64)

    def mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.bincount(names, weights=values, minlength=count) / area

    x, y = mean(col), mean(row)
    xx = mean(col * col) - x * x + 1.0 / 12.0  # a pixel has an extent of its own
    yy = mean(row * row) - y * y + 1.0 / 12.0
    xy = mean(row * col) - x * y
    half, away = 0.5 * (xx + yy), np.hypot(0.5 * (xx - yy), xy)
    return area, np.sqrt((half + away) / np.maximum(half - away, 1e-6))
