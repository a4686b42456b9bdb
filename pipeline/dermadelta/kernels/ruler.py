"""A millimetre ruler in a photograph, read only where its ticks leave no doubt.

A ruler is a comb of dark ticks at constant pitch. Which length one tick stands for is told by the
*lengths* of the ticks: on a millimetre ruler every fifth is longer and every tenth the longest; on
inch scales it is every second, fourth and eighth, on half-millimetre scales every second. Ticks
alone cannot tell a millimetre ruler from the scale on a dermatoscope's contact plate, which is the
same picture at a tenth of the length (0.1 mm a tick); but that one is printed on glass and has skin
on both sides. So only ticks on the edge of a body that is brighter than what lies beside it are
read. What no picture of ticks can tell is a decimal inch scale (ten or a hundred ticks an inch).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from dermadelta.kernels.combs import Band, comb_bands, combs_of, strip_of
from dermadelta.kernels.ticks import Ticks, settle

__all__ = ["FoundRuler", "find_ruler"]

Floats = NDArray[np.float64]

_MIN_TICKS = 20
"""Two of every tenth tick and two of every fifth: fewer cannot show a period of ten."""

_SEED_TICKS = 10
"""So many ticks are looked at again, with the band laid along the line on which they stand."""

_MAX_COMBS = 6
"""So many combs of one photo are measured: more are cloth, grids and the like."""

_MIN_STEP = 0.2
"""Least difference of length between two ranks of ticks, pitches (common rulers: 0.5 to 2)."""

_MAX_SPREAD = 0.25
"""Largest spread within a rank as share of the smaller step between ranks, and largest difference
between ticks of one rank at different places of the ten: beyond it no margin is clear."""

_MAX_MISFITS = 0.04
"""Share of ticks that may have the length of another rank (a hair, a scratch); one always may."""

_MAX_BETWEEN = 0.3
"""Finer ticks between the ticks, darker than this share of them, make it a finer scale."""

_MIN_EDGE = 0.06
"""By so much (ln grey) the ruler's body is brighter than what lies beyond its edge. White plastic
beside the palest skin: 0.15; skin on the two sides of contact plates' scales: -0.02 and 0.00."""

_DISAGREE = 0.05
"""Two rulers in one photo that differ by more contradict each other, and neither is believed."""

_BODY_REACH = 40.0
"""The body is followed for so many millimetres across and beyond the last tick."""


@dataclass(frozen=True)
class FoundRuler:
    """A millimetre ruler in a photo.

    ``px_per_mm`` is the mean along the ruler, ``rel_sd`` its relative SD (of the reading, and of
    the change of scale along the ruler where the camera is tilted; not of the print). ``line``
    (2, 2) is where the first and the last tick stand, ``outline`` (n, 2) the convex polygon of the
    ruler's body within the frame; both x and y in pixels. ``ticks`` is the number of ticks read.
    """

    px_per_mm: float
    rel_sd: float
    line: Floats
    outline: Floats
    ticks: int


@dataclass(frozen=True)
class _Seen:
    """A comb that was looked at: its two ends, its pitch, and the ruler if it is one."""

    line: Floats
    pitch: float
    ruler: FoundRuler | None


def find_ruler(grey: NDArray[np.uint8]) -> FoundRuler | None:
    """The millimetre ruler in a photo, or None where there is none or any doubt.

    Parameters
    ----------
    grey : (H, W) uint8
        Encoded grey. Ticks are darker than the ruler's body, and that is brighter than the skin;
        millimetres are at least 5 px.

    Returns
    -------
    FoundRuler or None
        None also where two rulers contradict each other. The scale is the one along the ruler. How
        the camera is tilted stays unknown, and with it the scale across: at 15° it is 3 % smaller
        or larger, which ``rel_sd`` does not hold.
    """
    seen: list[_Seen] = []
    for band in comb_bands(grey):
        if len(seen) < _MAX_COMBS and not any(_lies_on(band, one) for one in seen):
            seen += _read(grey, band)
    found = [one.ruler for one in seen if one.ruler is not None]
    if not found:
        return None
    best = max(found, key=lambda one: one.ticks)
    for one in found:
        off = abs(np.log(one.px_per_mm / best.px_per_mm))
        if off > _DISAGREE + 2.0 * (one.rel_sd + best.rel_sd):
            return None
    return best


def _lies_on(band: Band, seen: _Seen) -> bool:
    """Whether a band runs along a comb that was looked at already."""
    start, end = seen.line
    along = (end - start) / np.hypot(*(end - start))
    away = band.centre - start
    off = abs(along[0] * away[1] - along[1] * away[0])
    turn = abs(along[0] * band.along[1] - along[1] * band.along[0])
    return bool(off <= 8.0 * seen.pitch and turn <= 0.25)


def _read(grey: NDArray[np.uint8], band: Band) -> list[_Seen]:
    """The long combs along one band, up to the first that is a millimetre ruler."""
    seen: list[_Seen] = []
    for comb in combs_of(grey, band):
        settled = settle(grey, band, comb) if len(comb.columns) >= _SEED_TICKS else None
        if settled is None or len(settled[1].lengths) < _MIN_TICKS:
            continue
        near, ticks = settled
        sure = ticks.between <= _MAX_BETWEEN and _by_tens(ticks.lengths)
        edge = _edge(ticks) if sure else None
        ends = [near.point(ticks.comb.columns[i], ticks.feet[i]) for i in (0, -1)]
        ruler = None if edge is None else _ruler(grey, near, ticks, edge)
        seen.append(_Seen(np.array(ends), ticks.comb.pitch, ruler))
        if ruler is not None:
            break
    return seen


def _by_tens(lengths: Floats) -> bool:
    """Whether every fifth tick is longer, every tenth the longest, and all others are alike."""
    number = np.arange(len(lengths))
    best: tuple[float, int, list[float]] = (0.0, 0, [])
    for first in range(10):
        place = (number - first) % 10
        means = [float(np.median(lengths[place == p])) for p in range(10)]
        usual = float(np.median(lengths[place % 5 != 0]))
        step = min(means[5] - usual, means[0] - means[5])
        if step > best[0]:
            best = (step, first, means)
    step, first, means = best
    if step < _MIN_STEP:
        return False
    place = (number - first) % 10
    rank = np.where(place == 0, 2, np.where(place == 5, 1, 0))
    middles = np.array([float(np.median(lengths[rank == r])) for r in range(3)])
    limits = 0.5 * (middles[1:] + middles[:-1])
    misfits = np.count_nonzero(np.searchsorted(limits, lengths) != rank)
    away = np.abs(lengths - middles[rank])
    spread = max(float(1.4826 * np.median(away[rank == r])) for r in range(3))
    short = [m for p, m in enumerate(means) if p % 5]
    return bool(
        misfits <= max(1.0, _MAX_MISFITS * len(lengths))
        and spread <= _MAX_SPREAD * step
        and max(short) - min(short) <= _MAX_SPREAD * step
    )


def _level(ticks: Ticks, start: float, stop: float) -> Floats:
    """(n,) ln grey beside every tick, from ``start`` to ``stop`` pitches inwards of its foot."""
    places = np.linspace(start, stop, 7)[:, None] * ticks.comb.pitch * ticks.side
    row = np.clip(np.round(ticks.feet + places), 0, len(ticks.ground) - 1).astype(np.intp)
    grey = ticks.ground[row, np.arange(len(ticks.feet))]
    return np.asarray(np.log(np.maximum(grey, 1.0)).mean(axis=0))


def _edge(ticks: Ticks) -> float | None:
    """How much brighter (ln grey) the body is than what lies beyond its edge; None: no edge."""
    steps = _level(ticks, 0.4, 1.0) - _level(ticks, -2.2, -1.4)
    step = float(np.median(steps))
    if step < _MIN_EDGE or np.count_nonzero(steps > 0.4 * step) < 0.9 * len(steps):
        return None
    # Shading changes over many ticks, an edge within a fraction of one.
    sharpest = max(
        float(np.median(_level(ticks, at + 0.3, at + 0.4) - _level(ticks, at - 0.4, at - 0.3)))
        for at in np.arange(-1.4, 0.41, 0.1)
    )
    return step if sharpest >= 0.6 * step else None


def _ruler(grey: NDArray[np.uint8], band: Band, ticks: Ticks, edge: float) -> FoundRuler:
    """Scale, line and outline of a ruler of which everything is certain."""
    comb = ticks.comb
    line = np.array([band.point(comb.columns[i], ticks.feet[i]) for i in (0, -1)])
    along, across = band.along, ticks.side * band.tick
    left, right, width = _body(grey, line, across, ticks, edge)
    first, last = line[0] - left * along, line[1] + right * along
    margin = 1.5 * comb.pitch * across
    body = [first - margin, last - margin, last + width * across, first + width * across]
    height, wide = grey.shape
    frame = np.array([[0, 0], [wide - 1, 0], [wide - 1, height - 1], [0, height - 1]], np.float32)
    cut = cv2.intersectConvexConvex(np.array(body, dtype=np.float32), frame)[1]
    outline = np.asarray(cut, dtype=np.float64).reshape(-1, 2)
    rel_sd = float(np.hypot(comb.pitch_rel_sd, comb.drift / np.sqrt(12.0)))
    return FoundRuler(comb.pitch, rel_sd, line, outline, len(comb.columns))


def _body(
    grey: NDArray[np.uint8], line: Floats, across: Floats, ticks: Ticks, edge: float
) -> tuple[float, float, float]:
    """How far the body reaches beyond the first tick, beyond the last, and across, pixels."""
    pitch = ticks.comb.pitch
    scale = min(1.0, 4.0 / pitch)
    size = round(scale * grey.shape[1]), round(scale * grey.shape[0])
    small = cv2.resize(grey, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
    length = float(np.hypot(*(line[1] - line[0])))
    along = (line[1] - line[0]) / length
    reach = _BODY_REACH * pitch
    half = np.ceil(scale * np.array([0.5 * length + reach, reach])).astype(int)
    centre = (line.mean(axis=0) + 0.5) * scale - 0.5
    strip = strip_of(small, Band(centre, along, across, int(half[0]), int(half[1])))
    step = scale * pitch
    level = float(np.median(_level(ticks, 0.4, 1.0))) - 0.5 * edge
    # Ticks are no end of the body.
    closed = cv2.morphologyEx(strip, cv2.MORPH_CLOSE, np.ones((1, round(step) + 1), np.uint8))
    body = closed > np.exp(level)
    first, last = half[0] - 0.5 * scale * length, half[0] + 0.5 * scale * length
    top = int(half[1]) + round(0.5 * step)
    rows = body[top:, int(first) : int(last) + 1].mean(axis=1)
    width = _until_lost(rows, step)
    beside = body[top : top + max(1, min(width, round(3.0 * step)))].mean(axis=0)
    width += round(0.5 * step)
    right = _until_lost(beside[int(last) :], step)
    left = _until_lost(beside[int(first) :: -1], step)
    return left / scale, right / scale, width / scale


def _until_lost(share: Floats, step: float) -> int:
    """Samples until less than half is body, for a millimetre on end."""
    run = max(2, round(step))
    lost = np.convolve(share < 0.5, np.ones(run), mode="valid") >= run
    return int(np.argmax(lost)) if lost.any() else len(share)
