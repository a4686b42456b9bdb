"""Points of two pictures that belong together."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ids = NDArray[np.int32]


def mutual_nearest(
    first: Floats, second: Floats, tolerance: float
) -> tuple[NDArray[np.intp], NDArray[np.intp], Floats]:
    """Pairs of points that are each other's nearest and not farther apart than a tolerance.

    Parameters
    ----------
    first, second : (n, 2) and (m, 2) float64
    tolerance : float

    Returns
    -------
    left, right : (k,) intp
        Numbers of the points of each pair, ``left`` ascending; every point occurs once at most.
    distance : (k,) float64
    """
    if not len(first) or not len(second):
        return np.empty(0, np.intp), np.empty(0, np.intp), np.empty(0)
    away, nearest = map(np.asarray, KDTree(second).query(first))
    back = np.asarray(KDTree(first).query(second)[1])
    kept = (back[nearest] == np.arange(len(first))) & (away <= tolerance)
    left = np.flatnonzero(kept)
    return left, np.asarray(nearest[left], dtype=np.intp), np.asarray(away[left], dtype=np.float64)


def tile_overlap(first: tuple[Ids, Bools], second: tuple[Ids, Bools]) -> tuple[Ids, float]:
    """Tiles that two masks both reach, and the area of the first mask on them in pixels.

    Parameters
    ----------
    first, second : ((h, w) int32, (h, w) bool)
        Tile of every pixel (negative: none), and the mask.

    Returns
    -------
    (ids, area)
        Ascending tile numbers, and the pixels of the first mask that lie on them.
    """
    one, two = (np.unique(ids[mask & (ids >= 0)]) for ids, mask in (first, second))
    common = np.intersect1d(one, two)
    return common, float(np.count_nonzero(np.isin(first[0], common) & first[1]))
