"""Rows of parallel ticks at constant pitch: where they may lie in a photo, and where each stands.

Found in two steps. On a reduced copy, small cells in which all gradients point the same way vote
for straight lines along that direction: the ticks of a ruler fill a band of such cells. Along a
band the full-size photo is read as a strip, in which a comb shows by its autocorrelation and its
ticks are followed one by one, so that a slow change of pitch (a tilted camera) does no harm.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft, next_fast_len, rfft

Floats = NDArray[np.float64]
Strip = NDArray[np.float32]

_SEARCH_PX = 2.1e6
"""Largest reduced copy for the search, pixels."""

_CELLS = (12, 36)
"""Sides of the cells, pixels of the reduced copy: for fine and for coarse ticks."""

_MIN_GRADIENT = 3.0
"""Least RMS gradient of a cell, grey levels a pixel: printed ticks have ten and more."""

_MIN_COHERENCE = 0.6
"""1: all gradients of a cell lie on one line, 0: they point anywhere."""

_TURN_DEG = 1.5
_SKEW_TURNS = 7
"""Ticks seen at a slant meet the ruler at 90° ± 10.5°."""

_MAX_BANDS = 6
"""Lines looked at, for each size of cell."""

_MIN_CELLS = 6
"""Fewer cells on a line are no band."""

_MIN_PITCH, _MAX_PITCH = 4.5, 90.0
"""Pixels of the photo. Below, blur leaves nothing of ticks."""

_MIN_CORRELATION = 0.3
"""Least autocorrelation at one pitch: a comb over a third of the band."""

_MIN_COMB = 8
"""Fewer ticks are not followed up."""

_OFF_PLACE = 0.2
"""A tick lies within so many pitches of where the one before lets expect it."""

_MAX_RESIDUAL = 0.06
"""Largest RMS distance of ticks from evenly spaced places, pitches: print and camera are better
than 0.03, chance gives 0.1."""

_MAX_FAULTS = 0.08
"""Largest number of missing, misplaced and additional ticks, as share of the ticks."""

_MAX_PERSPECTIVE = 0.1
"""Largest |c| in the fit of the ticks: the pitch changes by less than half from end to end."""


@dataclass(frozen=True)
class Band:
    """A straight band of a photo, in pixels.

    ``centre`` is its middle, ``along`` and ``tick`` are unit vectors (x, y) along it and along the
    ticks, which need not be at right angles.
    """

    centre: Floats
    along: Floats
    tick: Floats
    half_length: int
    half_width: int

    def point(self, column: float, row: float) -> Floats:
        """(2,) x, y in the photo of a place of the strip."""
        along = (column - self.half_length) * self.along
        return np.asarray(self.centre + along + (row - self.half_width) * self.tick)

    def about(
        self, middle: tuple[float, float], slope: float, half_length: float, half_width: float
    ) -> Band:
        """The band around a place (column, row), turned by ``slope`` rows a column."""
        along = self.along + slope * self.tick
        along = along / np.hypot(*along)
        sizes = int(np.ceil(half_length)), int(np.ceil(half_width))
        return Band(self.point(*middle), along, self.tick, *sizes)


@dataclass(frozen=True)
class Comb:
    """Ticks in a strip.

    ``columns`` (n,) of the ticks, those that are missing interpolated; their mean ``pitch``, its
    relative SD, its change from end to end (``drift``, ln), and the ``row`` they were seen in.
    """

    columns: Floats
    pitch: float
    pitch_rel_sd: float
    drift: float
    row: float


def inside(band: Band, row: float, shape: tuple[int, ...]) -> tuple[int, int]:
    """First and last column of a band at which a row of its strip lies in the photo."""
    columns = np.arange(2 * band.half_length + 1)
    offsets = (columns - band.half_length)[:, None] * band.along
    places = band.centre + offsets + (row - band.half_width) * band.tick
    seen = ((places >= 0.0) & (places <= np.array([shape[1] - 1, shape[0] - 1]))).all(axis=1)
    found = columns[seen]
    return (int(found[0]), int(found[-1])) if len(found) else (0, -1)


def strip_of(grey: NDArray[np.uint8], band: Band) -> Strip:
    """(2 half_width + 1, 2 half_length + 1) float32: the band, columns along it, 1 px apart."""
    start = band.point(0.0, 0.0)
    to_photo = np.column_stack([band.along, band.tick, start])
    size = (2 * band.half_length + 1, 2 * band.half_width + 1)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    cut = cv2.warpAffine(grey, to_photo, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(cut, dtype=np.float32)


# ------------------------------------------------------------------ where they may lie


def comb_bands(grey: NDArray[np.uint8]) -> list[Band]:
    """Bands that may hold a comb, at most a few.

    Parameters
    ----------
    grey : (H, W) uint8
        The photo at full size.
    """
    factor = max(1, int(np.ceil(np.sqrt(grey.size / _SEARCH_PX))))
    size = (grey.shape[1] // factor, grey.shape[0] // factor)
    small = cv2.resize(grey, size, interpolation=cv2.INTER_AREA) if factor > 1 else grey
    dx = cv2.Sobel(small, cv2.CV_32F, 1, 0, scale=0.125)
    dy = cv2.Sobel(small, cv2.CV_32F, 0, 1, scale=0.125)
    products = (dx * dx, dx * dy, dy * dy)
    bands: list[Band] = []
    for side in _CELLS:
        places, angles = _coherent_cells(products, side)
        for chosen, turn in _lines(places, angles, side, small.shape):
            band = _band(places[chosen], angles[chosen], turn, side, factor)
            if band is not None:
                bands.append(band)
    return bands


def _coherent_cells(products: tuple[Strip, ...], side: int) -> tuple[Floats, Floats]:
    """(n, 2) x, y of cells with one direction of gradient, and (n,) that direction, radians."""
    rows, cols = products[0].shape[0] // side, products[0].shape[1] // side
    if rows < 1 or cols < 1:
        return np.empty((0, 2)), np.empty(0)
    xx, xy, yy = (
        cv2.resize(p[: rows * side, : cols * side], (cols, rows), interpolation=cv2.INTER_AREA)
        for p in products
    )
    energy = xx + yy
    coherence = np.hypot(xx - yy, 2.0 * xy) / np.maximum(energy, 1e-6)
    least = max(_MIN_GRADIENT**2, 2.0 * float(np.median(energy)))
    row, col = np.nonzero((energy >= least) & (coherence >= _MIN_COHERENCE))
    angles = 0.5 * np.arctan2(2.0 * xy[row, col], xx[row, col] - yy[row, col])
    places = np.stack([col, row], axis=-1).astype(np.float64) * side + 0.5 * (side - 1)
    return places, np.asarray(angles % np.pi, dtype=np.float64)


def _lines(
    places: Floats, angles: Floats, side: int, shape: tuple[int, ...]
) -> Iterator[tuple[NDArray[np.intp], float]]:
    """Cells of the best lines along the gradient (indices), and the line's direction, degrees."""
    turns = round(180.0 / _TURN_DEG)
    offsets = np.arange(-_SKEW_TURNS, _SKEW_TURNS + 1)
    own = np.round(np.degrees(angles) / _TURN_DEG).astype(int)[:, None] + offsets
    theta = np.radians(own * _TURN_DEG)
    flip = np.where((own // turns) % 2 == 0, 1.0, -1.0)
    rho = flip * (places[:, 1:] * np.cos(theta) - places[:, :1] * np.sin(theta))
    reach = int(np.hypot(shape[0], shape[1]) // side) + 2
    bins = np.round(rho / side).astype(int) + reach
    width = 2 * reach + 1
    votes = np.bincount(((own % turns) * width + bins).ravel(), minlength=turns * width)
    table = cv2.blur(votes.reshape(turns, width).astype(np.float32), (3, 1)) * 3.0
    for _ in range(_MAX_BANDS):
        turn, at = np.unravel_index(int(np.argmax(table)), table.shape)
        if table[turn, at] < _MIN_CELLS:
            return
        mine = ((own % turns) == turn) & (np.abs(bins - at) <= 1)
        yield np.flatnonzero(mine.any(axis=1)), float(turn) * _TURN_DEG
        near = np.arange(turn - 3, turn + 4)
        for one in near:
            middle = at if 0 <= one < turns else width - 1 - at
            table[one % turns, max(0, middle - 2) : middle + 3] = 0.0


def _band(places: Floats, angles: Floats, turn_deg: float, side: int, factor: int) -> Band | None:
    """The densest run of cells along a line as a band of the full-size photo."""
    theta = np.radians(turn_deg)
    along = np.array([np.cos(theta), np.sin(theta)])
    at = places @ along
    order = np.argsort(at)
    cuts = np.flatnonzero(np.diff(at[order]) > 5.0 * side) + 1
    run = max(np.split(order, cuts), key=len)
    if len(run) < _MIN_CELLS:
        return None
    centre = places[run].mean(axis=0)
    _, _, axes = np.linalg.svd(places[run] - centre, full_matrices=False)
    along = axes[0] * np.sign(axes[0] @ along)
    doubled = np.exp(2j * angles[run]).mean()
    gradient = 0.5 * np.angle(doubled)
    tick = np.array([-np.sin(gradient), np.cos(gradient)])
    if along[0] * tick[1] - along[1] * tick[0] < 0.0:
        tick = -tick
    at = (places[run] - centre) @ along
    middle = 0.5 * (at.min() + at.max())
    half = factor * (0.5 * (at.max() - at.min()) + 2.0 * side)
    centre = factor * (centre + middle * along) + 0.5 * (factor - 1)
    return Band(centre, along, tick, int(np.ceil(half)), int(np.ceil(2.0 * side * factor)))


# ------------------------------------------------------------------ where each tick stands


def combs_of(grey: NDArray[np.uint8], band: Band) -> list[Comb]:
    """Combs in a band, the finest first: the best row of every pitch that repeats itself."""
    strip = strip_of(grey, band)
    return [
        comb
        for row, half, pitch in _repeating(strip)
        if (comb := follow(strip, row, half, pitch, inside(band, row, grey.shape))) is not None
    ]


def _repeating(strip: Strip) -> list[tuple[int, int, float]]:
    """Rows whose ticks repeat: row, half the rows averaged, and pitch; the finest pitch first."""
    length = strip.shape[1]
    longest = int(min(_MAX_PITCH, length / 6))
    if longest <= _MIN_PITCH + 2:
        return []
    flat = strip - cv2.blur(strip, (2 * (longest // 2) + 1, 1))
    size = next_fast_len(length + longest + 2, real=True)
    found: list[tuple[float, int, int, float]] = []
    for share in (24, 8, 4):
        half = max(2, strip.shape[0] // (2 * share))
        rows = np.arange(half, strip.shape[0] - half, half)
        mean = cv2.blur(flat, (1, 2 * half + 1))[rows]
        spectrum = rfft(mean, size, axis=1)
        lags = irfft(spectrum.real**2 + spectrum.imag**2, size, axis=1)[:, : longest + 2]
        lags /= np.maximum(lags[:, :1], 1e-6) * (1.0 - np.arange(longest + 2) / length)
        peaks = (lags[:, 1:-1] >= lags[:, :-2]) & (lags[:, 1:-1] > lags[:, 2:])
        peaks &= lags[:, 1:-1] >= _MIN_CORRELATION
        peaks[:, : int(_MIN_PITCH)] = False
        for i in np.flatnonzero(peaks.any(axis=1)):
            pitch, score = _first_peak(lags[i], np.flatnonzero(peaks[i]) + 1)
            found.append((score, int(rows[i]), half, pitch))
    chosen: list[tuple[int, int, float]] = []
    for _, row, half, pitch in sorted(found, reverse=True):
        if all(abs(np.log(pitch / other)) > 0.15 for _, _, other in chosen):
            chosen.append((row, half, pitch))
    return sorted(chosen[:4], key=lambda one: one[2])


def _first_peak(lag: NDArray[np.floating], at: NDArray[np.intp]) -> tuple[float, float]:
    """Lag of the first of the highest peaks of an autocorrelation, and its height."""
    first = int(at[np.argmax(lag[at] >= 0.8 * lag[at].max())])
    return first + _vertex(lag, first), float(lag[first])


def _vertex(values: NDArray[np.floating], at: int) -> float:
    """Where between samples a parabola through three of them has its vertex, from ``at``."""
    left, middle, right = (float(values[at + step]) for step in (-1, 0, 1))
    bend = left - 2.0 * middle + right
    return 0.0 if bend == 0.0 else min(0.5, max(-0.5, 0.5 * (left - right) / bend))


def follow(
    strip: Strip, row: int, half: int, pitch: float, columns: tuple[int, int]
) -> Comb | None:
    """The longest run of ticks near a pitch, in the mean of the rows ``row`` ± ``half``.

    ``columns``: the first and the last that may be looked at.
    """
    profile = strip[row - half : row + half + 1].mean(axis=0)[None]
    profile = cv2.GaussianBlur(profile, (0, 0), max(0.6, 0.07 * pitch))
    window = 2 * round(0.6 * pitch) + 1
    ground = cv2.dilate(profile, np.ones((1, window), dtype=np.uint8))
    ground = cv2.blur(ground, (window, 1))
    dark = (ground - profile)[0].astype(np.float64)
    at = np.flatnonzero((dark[1:-1] >= dark[:-2]) & (dark[1:-1] > dark[2:])) + 1
    at = at[(at > columns[0] + 2) & (at < columns[1] - 2)]
    if len(at) < _MIN_COMB:
        return None
    peaks = np.array([one + _vertex(dark, int(one)) for one in at])
    depth = dark[at]
    usual = float(np.median(depth[depth >= 0.4 * np.percentile(depth, 95)]))
    strong = depth >= 0.5 * usual
    chain = _longest_chain(peaks[strong], pitch)
    return None if chain is None else _fit(*chain, peaks[strong], row)


def _longest_chain(peaks: Floats, pitch: float) -> tuple[Floats, Floats] | None:
    """Numbers and columns of the longest run of ticks, from a few places to start at."""
    best: tuple[Floats, Floats] | None = None
    for start in np.unique(np.linspace(0, len(peaks) - 1, 7).astype(int)):
        right = _walk(peaks, start, pitch)
        left = _walk(-peaks[::-1], len(peaks) - 1 - start, pitch)
        numbers = np.array([-n for n, _ in left[:0:-1]] + [n for n, _ in right], dtype=np.float64)
        columns = np.array([-x for _, x in left[:0:-1]] + [x for _, x in right])
        if best is None or len(numbers) > len(best[0]):
            best = (numbers, columns)
    return best


def _walk(peaks: Floats, start: int, pitch: float) -> list[tuple[int, float]]:
    """Tick by tick to the right; one missing tick is stepped over, two end the walk."""
    number, here = 0, float(peaks[start])
    steps = [(number, here)]
    while True:
        for stride in (1, 2):
            expected = here + stride * pitch
            next_one = int(np.searchsorted(peaks, expected))
            near = [float(p) for p in peaks[max(0, next_one - 1) : next_one + 1]]
            close = min(near, key=lambda p: abs(p - expected))
            if abs(close - expected) <= _OFF_PLACE * pitch:
                break
        else:
            return steps
        pitch += 0.2 * ((close - here) / stride - pitch)
        number, here = number + stride, close
        steps.append((number, here))


def _fit(numbers: Floats, columns: Floats, peaks: Floats, row: int) -> Comb | None:
    """A line seen in perspective, x = (a + b n) / (1 + c n), through the ticks."""
    count = len(numbers)
    if count < _MIN_COMB:
        return None
    span = numbers[-1] - numbers[0]
    t = 2.0 * (numbers - numbers[0]) / span - 1.0
    design = np.stack([np.ones(count), t, -t * columns], axis=-1)
    kept = np.ones(count, dtype=np.bool_)
    for _ in range(3):
        a, b, c = np.linalg.lstsq(design[kept], columns[kept], rcond=None)[0]
        residual = columns - (a + b * t) / (1.0 + c * t)
        spread = float(np.sqrt(np.mean(residual[kept] ** 2)))
        kept = np.abs(residual) <= max(3.0 * spread, 0.1)
    ticks = np.linspace(-1.0, 1.0, round(span) + 1)
    fitted = (a + b * ticks) / (1.0 + c * ticks)
    pitches = np.diff(fitted)
    pitch = float((fitted[-1] - fitted[0]) / span)
    among = (peaks > fitted[0]) & (peaks < fitted[-1])
    off = np.abs(peaks[among, None] - fitted).min(axis=1) > _OFF_PLACE * pitch
    faults = np.count_nonzero(~kept) + np.count_nonzero(off) + span + 1 - count
    if spread > _MAX_RESIDUAL * pitch or faults > _MAX_FAULTS * count:
        return None
    if abs(c) > _MAX_PERSPECTIVE:
        return None
    rel_sd = spread * np.sqrt(12.0 / count) / (span * pitch)
    return Comb(fitted, pitch, float(rel_sd), float(np.log(pitches[-1] / pitches[0])), float(row))
