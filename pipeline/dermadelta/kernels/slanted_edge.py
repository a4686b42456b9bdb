"""Sharpness from the edges of a dark square that lies slightly turned against the pixels."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares
from scipy.special import erf

Floats = NDArray[np.float64]

_OVER = 4
"""Bins of the edge profile per pixel (ISO 12233 uses four)."""

_ENDS = 0.15
"""Share of an edge left out at each end, where the other edges of the square blur into it."""

_LEAST_EDGE_PX = 20.0
_LEAST_ROWS_PX = 12.0
"""Shorter edges, and what is left of one, do not fill the bins."""

_REACH = 0.22
"""White beside the slanted square of a card, in its sides."""

_MOST_REACH_PX = 16.0
"""Half width of the profile; blur of SD 4 px ends within it."""

_MOST_EMPTY = 0.1
"""Share of bins without a pixel, at most; an edge along the rows fills every fourth only."""

_STEP = 0.002
"""Cycles per pixel between frequencies of the response."""

_MOST_MISFIT = 0.06
"""RMS of an edge profile about the best Gaussian edge, as a share of its contrast, at most; a
sharpened edge with 10 % overshoot has 0.04."""


def mtf50(
    linear: NDArray[np.float32], corners: Floats, *, reach: float = _REACH
) -> tuple[float | None, float | None]:
    """Frequency at which contrast has fallen to one half, across the two directions of a square.

    The profile across each edge is gathered from all pixels beside it in quarters of a pixel,
    differentiated, windowed and Fourier transformed; what bins and differences take away is given
    back. The best Gaussian edge is taken off before the window and its transform added after it,
    so that the window narrows only what is not Gaussian: beside a small square there is no room
    for the tails of a wide blur. Two opposite edges are averaged.

    Parameters
    ----------
    linear : (h, w) float32
        Linear light.
    corners : (4, 2) float64
        Corners of the dark square, x and y in pixels, in order around it; good to a pixel or two.
    reach : float
        How far from the edge pixels are looked at, in sides of the square: up to where something
        else begins.

    Returns
    -------
    (float or None, float or None)
        Cycles per pixel along the normal of the first and third edge, and of the second and fourth;
        above 0.5 where the lens is sharper than the pixels can show. None where both edges are
        shorter than 20 px, outside the picture, without contrast, or too far from straight.

    References
    ----------
    ISO 12233:2023, Digital cameras — Resolution and spatial frequency responses (e-SFR).
    Burns PD 2000, Slanted-edge MTF for digital camera and scanner analysis, Proc. PICS 135-138.
    """
    ends = [*corners, corners[0]]
    middle = corners.mean(axis=0)
    values = [_edge(linear, a, b, middle, reach) for a, b in pairwise(ends)]
    return _mean(values[0], values[2]), _mean(values[1], values[3])


def _mean(first: float | None, second: float | None) -> float | None:
    known = [value for value in (first, second) if value is not None]
    return float(np.mean(known)) if known else None


def _edge(
    linear: NDArray[np.float32], start: Floats, end: Floats, middle: Floats, reach_sides: float
) -> float | None:
    """MTF50 across one edge; None where it cannot be told."""
    length = float(np.linalg.norm(end - start))
    if length < _LEAST_EDGE_PX or length * (1.0 - 2.0 * _ENDS) < _LEAST_ROWS_PX:
        return None
    along = (end - start) / length
    outwards = np.array([along[1], -along[0]])
    if outwards @ (start - middle) < 0:
        outwards = -outwards
    reach = min(reach_sides * length, _MOST_REACH_PX)
    found = _pixels(linear, start, along, outwards, length, reach)
    if found is None:
        return None
    place, apart, values = found
    gaussian = _fitted(place, apart, values, reach)
    return None if gaussian is None else _from_profile(gaussian, values, reach)


@dataclass(frozen=True, eq=False)
class _GaussianEdge:
    """The best straight Gaussian edge: distance of every pixel from it, SD, and both levels."""

    apart: Floats
    width: float
    dark: float
    light: float

    @property
    def values(self) -> Floats:
        rise = 0.5 * (1.0 + erf(self.apart / (np.sqrt(2.0) * self.width)))
        return np.asarray(self.dark + (self.light - self.dark) * rise)


def _pixels(
    linear: NDArray[np.float32],
    start: Floats,
    along: Floats,
    outwards: Floats,
    length: float,
    reach: float,
) -> tuple[Floats, Floats, Floats] | None:
    """Pixels beside an edge: their place along it, distance outwards and value."""
    span = np.array([_ENDS, 1.0 - _ENDS]) * length
    ends = start + span[:, None] * along
    box = np.concatenate([ends + reach * outwards, ends - reach * outwards])
    low, high = np.floor(box.min(axis=0)).astype(int), np.ceil(box.max(axis=0)).astype(int) + 1
    rows, cols = linear.shape
    if (low < 0).any() or (high > (cols, rows)).any():
        return None
    x, y = np.meshgrid(np.arange(low[0], high[0]), np.arange(low[1], high[1]))
    offset = np.stack([x, y], axis=-1) - start
    place, apart = offset @ along, offset @ outwards
    inside = (place >= span[0]) & (place <= span[1]) & (np.abs(apart) <= reach)
    values = linear[low[1] : high[1], low[0] : high[0]][inside].astype(np.float64)
    return place[inside], apart[inside], values


def _fitted(place: Floats, apart: Floats, values: Floats, reach: float) -> _GaussianEdge | None:
    """A straight edge with a Gaussian profile fitted to all pixels; None where it fits badly."""
    inner, outer = _levels(apart, values, reach)
    if outer <= inner:
        return None
    centre = place.mean()

    def edge(unknown: Floats) -> _GaussianEdge:
        shift, turn, width, dark, light = unknown
        return _GaussianEdge(apart - shift - turn * (place - centre), width, dark, light)

    low = (-0.5 * reach, -0.2, 0.2, -np.inf, -np.inf)
    high = (0.5 * reach, 0.2, 0.6 * reach, np.inf, np.inf)

    def misfits(unknown: Floats) -> Floats:
        return edge(unknown).values - values

    best = edge(
        least_squares(
            misfits,
            (0.0, 0.0, 1.0, inner, outer),
            bounds=(low, high),
            max_nfev=100,
        ).x
    )
    misfit = float(np.sqrt(np.mean((best.values - values) ** 2)))
    return best if misfit <= _MOST_MISFIT * (best.light - best.dark) else None


def _levels(apart: Floats, values: Floats, reach: float) -> tuple[float, float]:
    """Medians of the inner and outer half of what lies beside an edge."""
    return (
        float(np.median(values[apart < -0.5 * reach])),
        float(np.median(values[apart > 0.5 * reach])),
    )


def _from_profile(edge: _GaussianEdge, values: Floats, reach: float) -> float | None:
    """MTF50 of the pixels beside an edge."""
    half = int((reach - 1.0) * _OVER)
    bins = np.round(edge.apart * _OVER).astype(int) + half
    use = (bins >= 0) & (bins <= 2 * half)
    counts = np.bincount(bins[use], minlength=2 * half + 1)
    if (counts == 0).sum() > _MOST_EMPTY * len(counts) or half < 2 * _OVER:
        return None
    left = np.bincount(bins[use], (values - edge.values)[use], minlength=2 * half + 1)
    known = np.flatnonzero(counts)
    line = np.diff(np.interp(np.arange(len(counts)), known, left[known] / counts[known]))
    frequency = np.arange(0.0, 1.0, _STEP)
    at = (np.arange(len(line)) + 0.5 - half) / _OVER
    waves = np.exp(-2j * np.pi * frequency[:, None] * at)
    rest = waves @ (line * np.hamming(len(line))) / (edge.light - edge.dark)
    # Bins average over a quarter of a pixel, and so does the difference of neighbours.
    rest /= np.sinc(frequency / _OVER) ** 2
    response = np.abs(np.exp(-2.0 * (np.pi * edge.width * frequency) ** 2) + rest)
    response /= response[0]
    below = np.flatnonzero(response < 0.5)
    if not below.size:
        return None
    k = int(below[0])
    share = (response[k - 1] - 0.5) / (response[k - 1] - response[k])
    return float(frequency[k - 1] + share * _STEP)
