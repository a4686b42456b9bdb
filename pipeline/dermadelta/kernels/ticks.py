"""Ticks of a ruler or of anything like it: where they stand, how long they are, what is between."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dermadelta.kernels.combs import Band, Comb, Strip, follow, inside, strip_of

__all__ = ["Ticks", "settle"]

Floats = NDArray[np.float64]

_REACH = 9.0
"""Pitches to either side of the comb that are looked at: the longest tick of common rulers is
about 8 mm."""

_MAX_TURNS = 3
"""The band is laid along the ticks at most so many times."""

_FOOT_SPREAD = 0.3
"""Feet stand on one line to so many pitches, all but a tenth of them."""


@dataclass(frozen=True)
class Ticks:
    """Ticks in the strip of a band.

    ``comb`` says where they are, ``ground`` (rows, n) the grey beside every tick, ``feet`` (n,) the
    row of the line on which they stand, ``lengths`` (n,) how long they are in pitches, ``side``
    (±1) to which side they point, ``between`` how dark anything between them is, as share of their
    own darkness.
    """

    comb: Comb
    ground: Floats
    feet: Floats
    lengths: Floats
    side: int
    between: float


def settle(grey: NDArray[np.uint8], band: Band, comb: Comb) -> tuple[Band, Ticks] | None:
    """The ticks of a comb once the band lies along the line on which they stand."""
    near = _near(band, comb, None)
    for turn in range(_MAX_TURNS):
        strip, row, pitch = strip_of(grey, near), near.half_width, comb.pitch
        columns = inside(near, row, grey.shape)
        again = follow(strip, row, max(1, round(0.1 * pitch)), pitch, columns)
        ticks = None if again is None else _measure(strip, again)
        if ticks is None:
            return None
        grown = len(ticks.lengths) > len(comb.columns)
        leans = abs(ticks.feet[-1] - ticks.feet[0]) > 0.1 * pitch
        comb = ticks.comb
        if turn + 1 == _MAX_TURNS or not (grown or leans):
            return near, _whole(near, ticks, grey.shape)
        near = _near(near, comb, ticks)
    return None


def _whole(band: Band, ticks: Ticks, shape: tuple[int, ...]) -> Ticks:
    """Without the ticks at the ends where the photo does not show the longest in full."""
    pitch, side = ticks.comb.pitch, ticks.side
    longest = float(np.percentile(ticks.lengths, 95)) + 0.5
    first, last = 0, 2 * band.half_length
    for away in (-1.0, longest):
        for feet in (ticks.feet[0], ticks.feet[-1]):
            start, stop = inside(band, feet + away * side * pitch, shape)
            first, last = max(first, start), min(last, stop)
    columns = ticks.comb.columns
    kept = (columns >= first) & (columns <= last)
    comb = replace(ticks.comb, columns=columns[kept])
    if np.count_nonzero(kept) > 1:
        pitch = float(np.diff(comb.columns).mean())
        comb = replace(comb, pitch=pitch)
    return replace(
        ticks,
        comb=comb,
        ground=ticks.ground[:, kept],
        feet=ticks.feet[kept],
        lengths=ticks.lengths[kept],
    )


def _near(band: Band, comb: Comb, ticks: Ticks | None) -> Band:
    """The band laid along the ticks, twice as long, through the middle of the shortest ones."""
    columns = comb.columns
    middle = 0.5 * (columns[0] + columns[-1])
    half_length = columns[-1] - columns[0] + 4.0 * comb.pitch
    if ticks is None:
        return band.about((middle, comb.row), 0.0, half_length, _REACH * comb.pitch)
    slope = (ticks.feet[-1] - ticks.feet[0]) / (columns[-1] - columns[0])
    short = 0.45 * float(np.percentile(ticks.lengths, 25)) * comb.pitch
    row = float(ticks.feet.mean()) + ticks.side * short
    return band.about((middle, row), slope, half_length, _REACH * comb.pitch)


def _measure(strip: Strip, comb: Comb) -> Ticks | None:
    """Feet and lengths of the ticks, or None where no side of them is a straight line."""
    slant = _slant(strip, comb)
    dark, ground = _contrast(strip, comb, slant)
    core = _core(dark, round(comb.row), round(1.5 * comb.pitch))
    ends = core - _extent(dark[core::-1]), core + _extent(dark[core:])
    fits = [_straight(comb.columns, rows) for rows in ends]
    spread = [float(np.percentile(np.abs(e - f), 90)) for e, f in zip(ends, fits, strict=True)]
    foot = int(np.argmin(spread))
    if spread[foot] > _FOOT_SPREAD * comb.pitch:
        return None
    side = 1 - 2 * foot
    lengths = side * (ends[1 - foot] - fits[foot]) / comb.pitch
    usual = max(float(np.median(dark[core])), 1.0)
    between = _between(strip, comb, slant, fits[foot], side)
    return Ticks(comb, ground, fits[foot], lengths, side, between / usual)


def _core(dark: Floats, row: int, reach: int) -> int:
    """A row through the ticks: the given one, or the darkest near it where that is their blur."""
    usual = np.median(dark, axis=1)
    first = max(0, row - reach)
    darkest = first + int(np.argmax(usual[first : row + reach + 1]))
    return row if usual[row] >= 0.7 * usual[darkest] else darkest


def _between(strip: Strip, comb: Comb, slant: Floats, feet: Floats, side: int) -> float:
    """How much darker than what is beside it something between most ticks is, grey levels."""
    away = side * comb.pitch * np.linspace(-1.5, 1.0, 11)[:, None, None]
    phase = np.linspace(0.2, 0.8, max(7, round(0.6 * comb.pitch)))[:, None]
    row = np.clip(np.round(feet + away), 0, strip.shape[0] - 1)
    columns = comb.columns + phase * comb.pitch + (row - comb.row) * slant
    column = np.clip(np.round(columns), 0, strip.shape[1] - 1).astype(np.intp)
    profile = np.median(strip[np.broadcast_to(row, columns.shape).astype(np.intp), column], axis=2)
    left = np.maximum.accumulate(profile, axis=1)
    right = np.maximum.accumulate(profile[:, ::-1], axis=1)[:, ::-1]
    return float((np.minimum(left, right) - profile).max())


def _straight(columns: Floats, rows: Floats) -> Floats:
    """Rows of a straight line through most of the points, at every column."""
    t = (columns - columns.mean()) / (np.ptp(columns) + 1e-9)
    pairs = np.subtract.outer(rows, rows), np.subtract.outer(t, t)
    far = np.abs(pairs[1]) > 0.3
    slope = float(np.median(pairs[0][far] / pairs[1][far]))
    return np.asarray(np.median(rows - slope * t) + slope * t)


def _slant(strip: Strip, comb: Comb) -> Floats:
    """(n,) columns a row by which every tick leans: one value for each half of the comb."""
    tried = np.linspace(-0.16, 0.16, 17)
    core, reach = round(comb.row), round(1.5 * comb.pitch)
    rows = slice(max(0, core - reach), core + reach + 1)
    lean = []
    for half in np.array_split(comb.columns, 2):
        part = Comb(half, comb.pitch, 0.0, 0.0, comb.row)
        score = [
            np.maximum(_contrast(strip, part, np.full(len(half), one), rows, 0.0)[0], 0.0).sum()
            for one in tried
        ]
        lean.append(float(tried[int(np.argmax(score))]))
    t = np.linspace(-1.0, 1.0, len(comb.columns))
    return np.asarray(np.clip(0.5 * (lean[0] + lean[1]) + t * (lean[1] - lean[0]), -0.2, 0.2))


def _contrast(
    strip: Strip, comb: Comb, slant: Floats, rows: slice = slice(None), width: float = 0.12
) -> tuple[Floats, Floats]:
    """(rows, n) how much darker every tick is than the ground beside it, and that ground."""
    row = np.arange(strip.shape[0])[rows]
    columns = comb.columns + (row[:, None] - comb.row) * slant

    def at(offset: float) -> Floats:
        column = np.clip(np.round(columns + offset), 0, strip.shape[1] - 1).astype(np.intp)
        return strip[row[:, None], column].astype(np.float64)

    pitch = comb.pitch
    gaps = [0.5 * (at(-one * pitch) + at(one * pitch)) for one in (0.4, 0.5, 0.6)]
    ground = np.mean(gaps, axis=0)
    shares = np.linspace(-1.0, 1.0, 5) if width > 0.0 else (0.0,)
    tick = np.min([at(share * max(width * pitch, 1.0)) for share in shares], axis=0)
    return ground - tick, ground


def _extent(dark: Floats) -> Floats:
    """(n,) rows from the first over which a tick stays half as dark as it is at its start."""
    half = 0.5 * np.median(dark[: max(2, len(dark) // 100)], axis=0)
    ended = dark <= half
    ended[-1] = True
    last = np.argmax(ended, axis=0)
    ticks = np.arange(dark.shape[1])
    before = np.maximum(last - 1, 0)
    within, beyond = dark[before, ticks], dark[last, ticks]
    share = (within - half) / np.maximum(within - beyond, 1e-6)
    return np.asarray(np.where(last == 0, 0.0, before + np.clip(share, 0.0, 1.0)))
