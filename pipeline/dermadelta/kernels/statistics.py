"""Tile statistics, block bootstrap, Holm's procedure, trimmed means."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Combine = Literal["mean", "rms", "sum"]
Kind = TypeVar("Kind", np.int32, np.bool_)

Z95 = 1.959963984540054
"""97.5 % point of the standard normal distribution: half width of a 95 % interval in SDs."""


_ENOUGH = 100_000
"""Values from which quantiles are taken; more of them, evenly spread, would say the same."""


def tile_sums(
    tile_ids: NDArray[np.int32], values: NDArray[np.floating]
) -> tuple[NDArray[np.int32], Floats, Floats]:
    """Count and sum of pixel values per tile.

    Parameters
    ----------
    tile_ids : (n,) int32
        Tile of each pixel, ≥ 0.
    values : (n,) or (n, k) float
        Pixel values.

    Returns
    -------
    ids : (T,) int32
        Tiles that hold at least one pixel, ascending.
    counts : (T,) float64
    sums : (T,) or (T, k) float64
    """
    tiles = tile_ids.astype(np.intp)  # once, not for every column
    counts = np.bincount(tiles)
    ids = np.flatnonzero(counts).astype(np.int32)
    columns = values.reshape(len(values), -1)
    totals = [
        np.bincount(tiles, weights=columns[:, k].astype(np.float64))[ids].astype(np.float64)
        for k in range(columns.shape[1])
    ]
    sums = totals[0] if values.ndim == 1 else np.stack(totals, axis=1)
    return ids, counts[ids].astype(np.float64), sums


def square_middles(values: NDArray[Kind], factor: int) -> NDArray[Kind]:
    """What lies in the middle of each square of ``factor`` pixels, such as its tile.

    Parameters
    ----------
    values : (h, w) int32 or bool
    factor : int
        Side of a square.

    Returns
    -------
    (⌈h/factor⌉, ⌈w/factor⌉) int32 or bool
        That of its last pixel where the lower or right edge cuts the middle off.
    """
    rows, cols = (
        np.minimum(np.arange(0, size, factor) + factor // 2, size - 1) for size in values.shape
    )
    return np.ascontiguousarray(values[np.ix_(rows, cols)])


def bootstrap_change_sd(
    before: tuple[NDArray[np.int32], Floats, Floats],
    after: tuple[NDArray[np.int32], Floats, Floats],
    *,
    combine: Combine,
    log: bool,
    draws: int,
    seed: int,
) -> float | None:
    """Standard deviation of a change under resampling of the same tiles in both photos.

    The tiles of both photos lie on one grid, so each draw takes the same pieces of skin on both
    sides: what they have in common cancels and only the unevenness of the *change* remains.

    Parameters
    ----------
    before, after : (ids, weight, value)
        Tile statistics, ``ids`` ascending.
    combine : {"mean", "rms", "sum"}
        How tiles make the reading.
    log : bool
        Whether the change is a difference of logarithms.
    draws : int
        Bootstrap samples.
    seed : int
        Of the random generator.

    Returns
    -------
    float or None
        In the working domain; None with fewer than four common tiles.
    """
    common, at_before, at_after = np.intersect1d(
        before[0], after[0], assume_unique=True, return_indices=True
    )
    n = len(common)
    if n < 4:
        return None
    random = np.random.default_rng(seed)
    counts = random.multinomial(n, np.full(n, 1.0 / n), size=draws).astype(np.float64)
    sides = [
        _combined(counts, side[1][index], side[2][index], combine)
        for side, index in ((before, at_before), (after, at_after))
    ]
    if log:
        usable = (sides[0] > 0.0) & (sides[1] > 0.0)
        if np.count_nonzero(usable) < draws // 2:
            return None
        change = np.log(sides[1][usable]) - np.log(sides[0][usable])
    else:
        change = sides[1] - sides[0]
    return float(np.std(change, ddof=1))


def _combined(counts: Floats, weight: Floats, value: Floats, combine: Combine) -> Floats:
    total = counts @ (weight * value)
    if combine == "sum":
        return np.asarray(counts @ value)
    mean = total / np.maximum(counts @ weight, 1e-12)
    return np.asarray(np.sqrt(np.maximum(mean, 0.0)) if combine == "rms" else mean)


def tile_change_se(
    tiles: tuple[NDArray[np.int32], Floats, Floats], combine: Combine, draws: int, seed: int
) -> float | None:
    """SD of the log of a single reading under resampling of its tiles; None below four tiles."""
    ids, weight, value = tiles
    if len(ids) < 4:
        return None
    random = np.random.default_rng(seed)
    counts = random.multinomial(len(ids), np.full(len(ids), 1.0 / len(ids)), size=draws)
    draw = _combined(counts.astype(np.float64), weight, value, combine)
    draw = draw[draw > 0.0]
    return float(np.std(np.log(draw), ddof=1)) if len(draw) > 1 else None


def holm(p_values: Sequence[float], level: float = 0.05) -> tuple[bool, ...]:
    """Which hypotheses Holm's step-down procedure rejects at a family-wise level.

    Source: Holm 1979, Scand. J. Statist. 6:65-70.
    """
    order = np.argsort(np.asarray(p_values, dtype=np.float64), kind="stable")
    rejected = [False] * len(p_values)
    for step, index in enumerate(order):
        if p_values[index] > level / (len(p_values) - step):
            break
        rejected[index] = True
    return tuple(rejected)


def robust_sd(values: NDArray[np.floating]) -> float:
    """Standard deviation estimated from the median absolute deviation (× 1.4826); 0 if empty."""
    if values.size == 0:
        return 0.0
    return float(1.4826 * np.median(np.abs(values - np.median(values))))


def central_share(values: NDArray[np.floating], trim: float) -> NDArray[np.bool_]:
    """True where a value lies within the central part that trims ``trim`` from either end."""
    if values.size == 0:
        return np.zeros(values.shape, dtype=np.bool_)
    few = values[:: max(1, values.size // _ENOUGH)]
    low_at = int(trim * (few.size - 1))
    high_at = few.size - 1 - low_at
    parted = np.partition(few, (low_at, high_at))
    low, high = parted[low_at], parted[high_at]
    return np.asarray((values >= low) & (values <= high), dtype=np.bool_)
