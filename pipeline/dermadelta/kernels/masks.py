"""Masks on pixels: saturation, darkness, hair, glare, skin colour, rings, small-part clean-up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from dermadelta.kernels.colour import TINY, log_luminance, luminance
from dermadelta.kernels.texture import gaussian

Bools = NDArray[np.bool_]


def picked(mask: Bools, *values: NDArray[Any]) -> list[NDArray[Any]]:
    """``v[mask]`` of every (h, w) or (h, w, k) ``v``: the same, several times as fast."""
    at = np.flatnonzero(mask)
    return [v.reshape(mask.size, *v.shape[mask.ndim :]).take(at, axis=0) for v in values]


def disc(radius_px: float) -> NDArray[np.uint8]:
    """Round structuring element of a radius in pixels (at least 1)."""
    size = 2 * max(1, round(radius_px)) + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)), dtype=np.uint8)


def grow(mask: Bools, radius_px: float) -> Bools:
    """Dilate by a radius in pixels, by distance, so that large radii cost no more."""
    if radius_px <= 0 or not mask.any():
        return mask.copy()
    return distance_to(mask) <= radius_px


def shrink(mask: Bools, radius_px: float) -> Bools:
    """Erode by a radius in pixels; the image border does not count as outside."""
    if radius_px <= 0 or mask.all():
        return mask.copy()
    return mask & (distance_to(~mask) > radius_px)


def distance_to(mask: Bools) -> NDArray[np.float32]:
    """Distance in pixels from every pixel to the nearest True pixel (inf if there is none)."""
    if not mask.any():
        return np.full(mask.shape, np.inf, dtype=np.float32)
    outside = np.where(mask, 0, 255).astype(np.uint8)
    return np.asarray(cv2.distanceTransform(outside, cv2.DIST_L2, 5), dtype=np.float32)


def drop_small_parts(mask: Bools, min_area_px: float) -> Bools:
    """Remove 8-connected parts smaller than an area in pixels."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(
        mask.astype(np.uint8), connectivity=8
    )
    keep = np.zeros(count, dtype=np.bool_)
    keep[1:] = stats[1:, cv2.CC_STAT_AREA] >= min_area_px
    return np.asarray(keep[labels], dtype=np.bool_)


def fill_holes(mask: Bools, max_area_px: float) -> Bools:
    """Fill enclosed gaps smaller than an area in pixels."""
    return np.asarray(~drop_small_parts(~mask, max_area_px), dtype=np.bool_)


def fill_enclosed(mask: Bools, max_area_px: float) -> Bools:
    """Fill gaps up to an area in pixels that do not reach the border of the picture."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats((~mask).astype(np.uint8), connectivity=8)
    rows, cols = mask.shape
    left, top = stats[:, cv2.CC_STAT_LEFT], stats[:, cv2.CC_STAT_TOP]
    right = left + stats[:, cv2.CC_STAT_WIDTH]
    bottom = top + stats[:, cv2.CC_STAT_HEIGHT]
    inner = (left > 0) & (top > 0) & (right < cols) & (bottom < rows)
    fill = inner & (stats[:, cv2.CC_STAT_AREA] <= max_area_px)
    fill[0] = False
    return np.asarray(mask | fill[labels], dtype=np.bool_)


def specular(rgb: NDArray[np.float32], excess: float, sigma_px: float) -> Bools:
    """Gloss: pixels brighter than their surroundings by a factor and paler than them.

    Surface reflection carries the colour of the lamp, so glare is not only bright but grey:
    the spread between channels relative to their mean falls. ``rgb`` is (h, w, 3) linear.
    """
    y = np.asarray(luminance(rgb), dtype=np.float32)
    around = gaussian(y, sigma_px)
    red, green, blue = (np.ascontiguousarray(rgb[..., k]) for k in range(3))
    mean = (red + green + blue) / np.float32(3.0)
    spread = np.maximum(np.maximum(red, green), blue) - np.minimum(np.minimum(red, green), blue)
    spread /= np.maximum(mean, np.float32(TINY))
    spread_around = gaussian(spread, sigma_px)
    return np.asarray((y > excess * around) & (spread < 0.8 * spread_around), dtype=np.bool_)


def dark_strands(rgb: NDArray[np.float32], width_px: float, depth: float) -> Bools:
    """Hair: thin dark lines, by the black top-hat of log luminance.

    ``depth`` is the fall in ln Y against the closing with a disc wider than a hair; parts that
    are not elongated (pores, moles) are kept as skin.
    """
    y = log_luminance(rgb)
    closed = cv2.morphologyEx(y, cv2.MORPH_CLOSE, disc(width_px))
    candidate = (np.asarray(closed) - y) > depth
    count, labels, stats, _ = cv2.connectedComponentsWithStats(
        candidate.astype(np.uint8), connectivity=8
    )
    side = np.maximum(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT])
    diagonal = np.hypot(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT])
    thin = stats[:, cv2.CC_STAT_AREA] < 0.25 * diagonal**2
    keep = thin & (side > 6 * width_px)
    keep[0] = False
    return np.asarray(keep[labels], dtype=np.bool_) if count > 1 else np.zeros(y.shape, np.bool_)


def log_chromaticity(rgb: NDArray[np.float32]) -> NDArray[np.float32]:
    """(2, h, w): ln(R/G) and ln(G/B) of linear RGB; both free of shading and exposure."""
    red, green, blue = (np.log(np.maximum(rgb[..., k], np.float32(TINY))) for k in range(3))
    return np.stack([red - green, green - blue])


SKIN_BOX = ((0.08, 1.35), (-0.25, 1.40))
"""Range of ln(R/G) and ln(G/B) that skin of every tone can have under ordinary white balance.

NIST inner forearms (100 people, doi:10.18434/M38597) span ln(R/G) 0.25-0.75 and ln(G/B)
0.2-0.75 under D65; the box adds very dark, tanned and inflamed skin and a white balance that is
off by up to a quarter in either ratio.
"""


def skin_colour(
    rgb: NDArray[np.float32], allowed: Bools, distance: float, floor_sd: float
) -> Bools:
    """Pixels whose chromaticity belongs to the dominant skin-like cluster of the picture.

    The cluster's centre and spread are found robustly (median, scaled MAD) from the allowed
    pixels inside ``SKIN_BOX``, in three rounds that each drop what is farther than
    ``distance`` standard deviations; ``floor_sd`` keeps an even skin from excluding its own
    blemishes. No luminance rule, so dark skin is treated as light skin is.
    """
    chroma = log_chromaticity(rgb)
    inside = allowed.copy()
    for values, (low, high) in zip(chroma, SKIN_BOX, strict=True):
        inside &= (values > low) & (values < high)
    every = max(1, int(np.sqrt(inside.size / 200_000)))  # medians need no more pixels than that
    few = inside[::every, ::every]
    sample = [values[::every, ::every][few] for values in chroma]
    near = np.ones(len(sample[0]), dtype=np.bool_)
    cluster: list[tuple[np.float32, np.float32]] = []
    for _ in range(3):
        if np.count_nonzero(near) < 100:
            return np.zeros(allowed.shape, dtype=np.bool_)
        cluster = [_centre_and_spread(values[near], floor_sd) for values in sample]
        near = _squared_distance(sample, cluster) < distance**2
    return np.asarray(inside & (_squared_distance(chroma, cluster) < distance**2), dtype=np.bool_)


def _centre_and_spread(values: NDArray[np.float32], floor: float) -> tuple[np.float32, np.float32]:
    """Median, and SD from the median absolute deviation, at least ``floor``."""
    centre = np.float32(np.median(values))
    spread = 1.4826 * float(np.median(np.abs(values - centre)))
    return centre, np.float32(max(spread, floor))


def _squared_distance(
    values: Sequence[NDArray[np.float32]] | NDArray[np.float32],
    cluster: Sequence[tuple[np.float32, np.float32]],
) -> NDArray[np.float32]:
    """Squared distance from the centre of a cluster in its SDs, summed over coordinates."""
    total = np.zeros(values[0].shape, dtype=np.float32)
    for coordinate, (centre, spread) in zip(values, cluster, strict=True):
        scaled = (coordinate - centre) / spread
        scaled *= scaled
        total += scaled
    return total
