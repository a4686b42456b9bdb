"""Moments of a band of texture, tile by tile, and what a little blur would make of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from dermadelta.kernels.relief import Floats, averaged, strips
from dermadelta.kernels.statistics import robust_sd

Sums = NDArray[np.float64]

_BLOCK_PX: Final = (4, 8)
"""Pixels are summed over squares of this side before they are sorted into tiles: the latter where
there are many (above a million)."""

_ENOUGH: Final = 50_000
"""Pixels from which the robust SD is taken; more, evenly spread, would say the same."""

PROBE_PX2: Final = 0.25
"""Extra blur variance by which the sensitivity to blur is probed; small against any band."""

_PROBE: Final = np.array([PROBE_PX2 / 2.0, 1.0 - PROBE_PX2, PROBE_PX2 / 2.0], dtype=np.float32)
"""The narrowest kernel of exactly that variance."""


@dataclass(frozen=True, eq=False)
class Moments:
    """Sums over a band residual e, outliers left out.

    ``ids`` (T,) int32 are tiles, ascending; ``counts`` (T,) float64 their pixels; ``sums`` (T, k)
    float64 those of e² and, where asked for, e, e³ and |e|. ``blurred`` (k,) are the means of the
    same after a blur of ``PROBE_PX2``. ``limit`` is the size of e from which a pixel is an outlier.
    """

    ids: NDArray[np.int32]
    counts: Sums
    sums: Sums
    blurred: Sums
    limit: float

    def means(self) -> Sums:
        """(k,) means of the same over all pixels."""
        return np.asarray(self.sums.sum(axis=0) / max(float(self.counts.sum()), 1e-12))


def tile_moments(
    residual: Floats,
    weight: NDArray[np.bool_] | Floats,
    tile_ids: NDArray[np.int32],
    outlier_sd: float | None,
    *,
    only_square: bool = False,
) -> Moments:
    """Moments of a residual per tile.

    Parameters
    ----------
    residual : (h, w) float32
    weight : (h, w) bool or float32
        Usable part of each pixel, 0..1.
    tile_ids : (h, w) int32
        Tile of each pixel, -1 outside; sorted by squares of four by four pixels.
    outlier_sd : float or None
        Robust SDs from which a pixel is an outlier; None: there are none.
    only_square : bool
        Without e, e³ and |e|.
    """
    block = _BLOCK_PX[residual.size > 1_000_000]
    k = 1 if only_square else 4
    limit = np.float32(np.inf if outlier_sd is None else outlier_sd * _spread(residual, weight))
    rows = len(residual)
    n_tiles = max(0, int(tile_ids.max())) + 1
    sums = np.zeros((n_tiles, 1 + k))
    blurred = np.zeros(k)
    for top, bottom in strips(rows, block):
        part = residual[top:bottom]
        share = (np.abs(part) <= limit).astype(np.float32)
        share *= weight[top:bottom]
        blocks = _block_ids(tile_ids[top:bottom], block)
        within = blocks >= 0
        tiles = blocks[within].astype(np.intp)
        for column, plane in enumerate((share, *_powers(part, share, k))):
            whole = averaged(plane, block)[within]
            sums[:, column] += np.bincount(tiles, weights=whole, minlength=n_tiles) * block**2
        above, below = max(0, top - 1), min(rows, bottom + 1)
        softer = np.asarray(
            cv2.sepFilter2D(
                residual[above:below], cv2.CV_32F, _PROBE, _PROBE, borderType=cv2.BORDER_REFLECT_101
            )[top - above : bottom - above],
            dtype=np.float32,
        )
        # Not cv2.sumElems: its last bit depends on where the array lies in memory.
        blurred += [float(plane.sum(dtype=np.float64)) for plane in _powers(softer, share, k)]
    ids = np.flatnonzero(sums[:, 0] > 0.5).astype(np.int32)
    total = max(float(sums[:, 0].sum()), 1e-12)
    return Moments(ids, sums[ids, 0], sums[ids, 1:], blurred / total, float(limit))


def _spread(residual: Floats, weight: NDArray[np.bool_] | Floats) -> float:
    every = max(1, int(np.sqrt(residual.size / _ENOUGH)))
    few = residual[::every, ::every][weight[::every, ::every] > 0.5]
    # A few thin strips of skin may lie between the rows of the sample.
    return robust_sd(few if few.size else residual[weight.astype(np.float32) > 0.5])


def _powers(part: Floats, share: Floats, k: int) -> tuple[Floats, ...]:
    """The first ``k`` of e², e, e³ and |e|, each times the usable share."""
    first = part * share
    second = first * part
    return (second,) if k == 1 else (second, first, second * part, np.abs(first))


def _block_ids(tile_ids: NDArray[np.int32], block: int) -> NDArray[np.int32]:
    """The tile of each square of pixels: of its first or last corner, the later of both."""
    first = tile_ids[::block, ::block].copy()
    last = tile_ids[block - 1 :: block, block - 1 :: block]
    whole = first[: last.shape[0], : last.shape[1]]
    np.maximum(whole, last, out=whole)
    return first
