"""Points of two pictures that belong together."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ids = NDArray[np.int32]

_SHIFT = 3.0
"""Shift in tolerances: far enough that nothing meets its own counterpart."""


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


def chance_matches(first: Floats, second: Floats, tolerance: float) -> float:
    """How many points would match if the second set lay elsewhere.

    Mean number of pairs over shifts of the whole set in eight directions: what belongs together
    is torn apart, while points that lie close or in rows still meet as they do.

    Parameters
    ----------
    first, second, tolerance
        As for ``mutual_nearest``.
    """
    angles = np.arange(8) * np.pi / 4.0
    shifts = _SHIFT * tolerance * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    counts = [len(mutual_nearest(first, second + shift, tolerance)[0]) for shift in shifts]
    return float(np.mean(counts))


def common_tiles(first: tuple[Ids, Bools], second: tuple[Ids, Bools]) -> Ids:
    """Tiles that two masks both reach.

    Parameters
    ----------
    first, second : ((h, w) int32, (h, w) bool)
        Tile of every pixel (negative: none), and the mask.

    Returns
    -------
    (k,) int32
        Ascending.
    """
    one, two = (np.unique(ids[mask & (ids >= 0)]) for ids, mask in (first, second))
    return np.intersect1d(one, two)
