"""Grey level co-occurrence: how often two levels lie at a fixed distance from each other.

Source: Haralick, Shanmugam, Dinstein 1973, doi:10.1109/TSMC.1973.4309314; names and values as in
the reference manual of the Image Biomarker Standardisation Initiative, arXiv:1612.07003.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Counts = NDArray[np.float64]


def cooccurrence(
    levels: NDArray[np.integer],
    mask: NDArray[np.bool_],
    offset: Sequence[int],
    n_levels: int,
    *,
    groups: NDArray[np.integer] | None = None,
    n_groups: int = 1,
    stride: int = 1,
) -> Counts:
    """Symmetric counts of pairs of levels, one matrix per group.

    Parameters
    ----------
    levels : (...) int
        Levels 0 to ``n_levels`` - 1 wherever ``mask`` is True; any number of dimensions.
    mask : (...) bool
        A pair counts only where both of its places are True.
    offset : sequence of int
        From the first place of a pair to the second, one number per dimension.
    n_levels : int
    groups : (...) int, optional
        Group of each place, 0 to ``n_groups`` - 1 where the mask is True; a pair belongs where its
        first place does.
    n_groups : int
    stride : int
        Only every so many places of each dimension begin a pair.

    Returns
    -------
    (n_groups, n_levels, n_levels) float64
        Each pair is counted both ways round, as ``M + Mᵀ``.
    """
    first, second = _ends(levels.shape, offset, stride)
    # What is not usable gets a level of its own, which is cut off: faster than to pick the rest.
    wide = n_levels + 1
    code = np.where(mask[first], levels[first], n_levels).astype(np.intp)
    code *= wide
    code += np.where(mask[second], levels[second], n_levels)
    if groups is not None:
        code += wide**2 * np.maximum(groups[first], 0).astype(np.intp)
    counts = np.bincount(code.ravel(), minlength=n_groups * wide**2).astype(np.float64)
    counts = counts.reshape(n_groups, wide, wide)[:, :n_levels, :n_levels]
    return np.asarray(counts + counts.transpose(0, 2, 1))


def _ends(
    shape: tuple[int, ...], offset: Sequence[int], stride: int
) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    """Where pairs begin and where they end, as slices of equal shape."""
    first, second = [], []
    for size, step in zip(shape, offset, strict=True):
        low, high = max(0, -step), max(0, min(size, size - step))
        first.append(slice(low, max(low, high), stride))
        second.append(slice(low + step, max(low, high) + step, stride))
    return tuple(first), tuple(second)


def probabilities(counts: Counts) -> Floats:
    """Counts (..., n, n) divided by their sum; 0 where nothing was counted."""
    total = counts.sum(axis=(-2, -1), keepdims=True)
    return np.asarray(counts / np.maximum(total, 1e-300))


def squared_difference(n_levels: int) -> Floats:
    """(i - j)² of every pair of levels: its mean over pairs is *contrast* (ACUI)."""
    level = np.arange(n_levels, dtype=np.float64)
    return np.asarray((level[:, None] - level[None, :]) ** 2)


def nearness(n_levels: int) -> Floats:
    """1 / (1 + (i - j)²): its mean over pairs is *inverse difference moment* (WF0Z)."""
    return np.asarray(1.0 / (1.0 + squared_difference(n_levels)))


def surprise(p: Floats) -> Floats:
    """-log2 p(i, j) in bits, 0 where p is 0: its mean over pairs is *joint entropy* (TU9B)."""
    return np.asarray(-np.log2(np.where(p > 0.0, p, 1.0)))


def contrast(p: Floats) -> float:
    """Contrast (IBSI ACUI) of a matrix of probabilities (n, n)."""
    return float(np.sum(p * squared_difference(len(p))))


def joint_entropy(p: Floats) -> float:
    """Joint entropy (IBSI TU9B) of a matrix of probabilities (n, n), bit."""
    return float(np.sum(p * surprise(p)))


def angular_second_moment(p: Floats) -> float:
    """Angular second moment (IBSI 8ZQL) of a matrix of probabilities (n, n)."""
    return float(np.sum(p**2))


def inverse_difference_moment(p: Floats) -> float:
    """Inverse difference moment (IBSI WF0Z) of a matrix of probabilities (n, n)."""
    return float(np.sum(p * nearness(len(p))))


def quantised(
    values: NDArray[np.float32], low: float, high: float, n_levels: int
) -> NDArray[np.uint8]:
    """Levels of equal width between fixed bounds; what lies beyond falls in the last ones.

    Parameters
    ----------
    values : (...) float32
    low, high : float
        Bounds of the first and last level, in the unit of the values.
    n_levels : int
        At most 256.
    """
    scaled = values - np.float32(low)
    scaled *= np.float32(n_levels / (high - low))
    np.clip(scaled, 0.0, n_levels - 1.0, out=scaled)
    return scaled.astype(np.uint8)


def steps_of(distance_px: float) -> tuple[tuple[tuple[int, int], float], ...]:
    """Offsets of whole pixels that together stand for a distance in four directions.

    Along rows, columns and both diagonals the distance lies between two whole numbers of pixels:
    both are counted, weighted by how near they are. Nothing is resampled, and two photographs of
    different scale are read at the same distance of skin.

    Returns
    -------
    tuple of ((row, column), weight)
        Weights of one direction sum to 1.
    """
    found: list[tuple[tuple[int, int], float]] = []
    for row, col in ((0, 1), (1, 0), (1, 1), (1, -1)):
        length = distance_px / float(np.hypot(row, col))
        low = int(np.floor(length))
        part = length - low
        for step, weight in ((low, 1.0 - part), (low + 1, part)):
            if weight > 1e-9 and step > 0:
                found.append(((row * step, col * step), weight))
    return tuple(found)
