"""Even areas of a photo that lie on a lattice, such as the patches of a chart.

Areas without a step in any channel that nearly fill a parallelogram are linked to their
neighbours, step by step, as far as they go.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Image8 = NDArray[np.uint8]
Rows = NDArray[np.intp]

MIN_AREAS = 9
"""Smallest group that is a lattice."""

_STEPS = (8, 16, 28)
"""Steps in codes between neighbouring pixels that end an even area."""

_AREA_PX, _AREA_SHARE = 24, 0.03
"""Smallest area in pixels, and largest as a share of the photo."""

_FILL = 0.68
"""Share of the turned rectangle around an area that it fills; a square seen at a slant is a
rhombus."""

_ALIKE_AREA = 2.6
"""Ratio of the areas of neighbours; the far ones are smaller, and noise eats at dark ones."""

_NEAR, _FAR = 0.85, 1.9
"""Distance of neighbouring patches over their side."""

_SINE = 0.72
"""Of the angle between both steps: 46° or more, so that a tilt of 60° is allowed for."""

_MATCH = 0.22
"""Tolerance of a place on the lattice, in its pitch."""

_BETTER = 3
"""So many more areas must a longer pair of steps reach: along diagonals all may be reached, too."""

_TRIED = 6
"""Largest groups that are given back."""

_REACH = 8
"""Steps from the first area; a chart has five at most."""


@dataclass(frozen=True, eq=False)
class Areas:
    """Even areas: centres (n, 2), sides (n,), pixels of the searched copy."""

    centres: Floats
    sides: Floats


def even_areas(rgb8: Image8) -> Areas:
    """Areas without a step in any channel that nearly fill a turned rectangle."""
    kernel = np.ones((3, 3), np.uint8)
    red, green, blue = cv2.split(cv2.morphologyEx(rgb8, cv2.MORPH_GRADIENT, kernel))
    step = np.asarray(cv2.max(cv2.max(red, green), blue))
    found: list[tuple[float, float, float, float]] = []
    most = _AREA_SHARE * rgb8.shape[0] * rgb8.shape[1]
    for limit in _STEPS:
        count, labels, stats, centres = cv2.connectedComponentsWithStats(
            (step < limit).astype(np.uint8), connectivity=4
        )
        area = stats[:, cv2.CC_STAT_AREA]
        box = stats[:, cv2.CC_STAT_WIDTH] * stats[:, cv2.CC_STAT_HEIGHT]
        good = (area >= _AREA_PX) & (area <= most) & (area > 0.35 * box)
        for label in np.flatnonzero(good[1:count]) + 1:
            x, y, w, h = stats[label, :4]
            part = (labels[y : y + h, x : x + w] == label).astype(np.uint8)
            outline = max(
                cv2.findContours(part, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)[0], key=len
            )
            (width, height) = cv2.minAreaRect(outline)[1]
            filled = cv2.contourArea(outline)
            if min(width, height) < 3.0 or max(width, height) > 2.6 * min(width, height):
                continue
            if filled < _FILL * width * height or area[label] < 0.7 * filled:
                continue
            # Pixels on both sides of a step are lost: an even area is short of two all round.
            side = float(np.sqrt((width + 3.0) * (height + 3.0)))
            found.append((centres[label, 0], centres[label, 1], side, filled / (width * height)))
    return _merged(found)


def _merged(found: list[tuple[float, float, float, float]]) -> Areas:
    """One entry per area seen at several steps: the one that fills its rectangle best."""
    found.sort(key=lambda area: (-area[3], area))
    rows = np.array(found).reshape(-1, 4)
    kept: list[int] = []
    for row in range(len(rows)):
        apart = np.hypot(*(rows[kept, :2] - rows[row, :2]).T) if kept else np.empty(0)
        if not (apart < 0.5 * rows[row, 2]).any():
            kept.append(row)
    return Areas(rows[kept, :2], rows[kept, 2])


def lattices(areas: Areas) -> list[tuple[Rows, Rows]]:
    """Groups of areas on a common lattice: their rows, and their places (n, 2) on it."""
    free = np.ones(len(areas.centres), dtype=np.bool_)
    groups = []
    for seed in np.argsort(-areas.sides, kind="stable"):
        if not free[seed]:
            continue
        best: dict[tuple[int, int], int] = {}
        for basis in _bases(areas, int(seed)):
            placed = _grow(areas, int(seed), basis)
            if len(placed) > len(best) + _BETTER:
                best = placed
        if len(best) >= MIN_AREAS:
            members = np.array(list(best.values()), dtype=np.intp)
            free[members] = False
            groups.append((members, np.array(list(best), dtype=np.intp)))
    groups.sort(key=lambda group: -len(group[0]))
    return groups[:_TRIED]


def _neighbours(areas: Areas, row: int) -> Rows:
    apart = np.hypot(*(areas.centres - areas.centres[row]).T)
    ratio = areas.sides / areas.sides[row]
    near = (apart > _NEAR * areas.sides[row]) & (apart < _FAR * areas.sides[row])
    alike = (ratio < np.sqrt(_ALIKE_AREA)) & (ratio > 1.0 / np.sqrt(_ALIKE_AREA))
    rows = np.flatnonzero(near & alike)
    return rows[np.argsort(apart[rows], kind="stable")][:8]


def _bases(areas: Areas, row: int) -> list[Floats]:
    """Pairs of steps (2, 2) from an area to two neighbours, the second clockwise of the first.

    The shortest come first: the diagonals of a lattice are steps of a lattice, too.
    """
    steps = areas.centres[_neighbours(areas, row)] - areas.centres[row]
    bases: list[tuple[float, Floats]] = []
    for first in steps:
        for second in steps:
            cross = first[0] * second[1] - first[1] * second[0]
            lengths = np.hypot(*first), np.hypot(*second)
            sine = cross / (lengths[0] * lengths[1])
            if sine > _SINE and 0.55 < lengths[0] / lengths[1] < 1.8 and first[0] >= abs(first[1]):
                bases.append((float(sum(lengths)), np.stack([first, second])))
    bases.sort(key=lambda entry: entry[0])
    return [basis for _, basis in bases[:4]]


def _grow(areas: Areas, seed: int, basis: Floats) -> dict[tuple[int, int], int]:
    """Place on the lattice of every area that is reached from the seed step by step."""
    placed = {(0, 0): seed}
    taken = {seed}
    bases = {(0, 0): basis}
    queue = [(0, 0)]
    while queue:
        place = queue.pop(0)
        here, steps = areas.centres[placed[place]], bases[place]
        for axis, sign in ((0, 1), (0, -1), (1, 1), (1, -1)):
            following = (place[0] + sign * (axis == 0), place[1] + sign * (axis == 1))
            if following in placed or max(map(abs, following)) > _REACH:
                continue
            apart = np.hypot(*(areas.centres - (here + sign * steps[axis])).T)
            nearest = int(np.argmin(apart))
            ratio = areas.sides[nearest] / areas.sides[seed]
            alike = 1.0 / _ALIKE_AREA < ratio < _ALIKE_AREA
            if apart[nearest] > _MATCH * np.hypot(*steps[axis]) or nearest in taken or not alike:
                continue
            placed[following] = nearest
            taken.add(nearest)
            own = steps.copy()
            own[axis] = 0.5 * (own[axis] + sign * (areas.centres[nearest] - here))
            bases[following] = own
            queue.append(following)
    return placed
