"""Lines of the skin: ridges that run straight on, longer than the polygons of its microrelief."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from dermadelta.kernels.ridges import (
    WIDTH,
    Ridges,
    line_profile,
    middles,
    nothing,
    scale_derivatives,
    scale_factor,
    stronger,
)

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]
Places = NDArray[np.intp]
Values = NDArray[np.float64]

ORIENTATIONS: Final = 16
"""Directions along which lines are followed: one in 11.25°, a set that turns into itself when a
picture is mirrored or turned by a quarter."""

_BEYOND: Final = 0.1
"""So much counts what lies beyond the limit: little, but middles of strong lines stay middles."""

_ENDS_AT: Final = 0.5
"""Part of the contrast of a line at which it ends: where half of the filter has left it."""

_BESIDE: Final = 0.5
"""Part of the strongest line nearby that a ridge must reach: below, it is one of its flanks."""

_STRIP: Final = 160
"""Rows that lines are followed on in one go."""

_SLOPE: Final = 0.6
"""Slope across (σ times the first derivative per σ² times the second) beyond which it is no line
but an edge: 0 in the middle of a line, 1 where the border of a dark patch bends most."""

_STEADY: Final = 0.5
"""Part of the weak contrast that four fifths of a line must show in each place: between the dots
of a row there is less."""

_PIECE_PX: Final = 8
"""Half a piece over which profiles are averaged: about three σ of the finest scale."""


@dataclass(frozen=True)
class LineScale:
    """One scale of the search.

    ``sigma_px`` is its σ, ``blur_px2`` a Gaussian variance that the picture gets besides
    (``ridges.scale_derivatives``). A line is followed for 2 to the power of ``doublings`` pixels
    of that scale's picture (``ridges.scale_factor``) to either side.
    """

    sigma_px: float
    blur_px2: float
    doublings: int


@dataclass(frozen=True)
class LineRules:
    """What counts as a line.

    ``least`` is the mean contrast along a piece of line from which it is one, at least
    ``times_skin`` times the median that is found everywhere on this skin; ``weak_share`` the
    part of it with which a line goes on; ``limit`` the contrast beyond which a single pixel
    hardly counts further. Lengths in pixels: ``length_px`` of the shortest line, ``apart_px``
    between two lines side by side, ``flank_px`` from a line to where its flanks end. A line is at
    least ``elongation`` times as long as wide.
    """

    least: float
    times_skin: float
    weak_share: float
    limit: float
    length_px: float
    apart_px: int
    flank_px: int
    elongation: float


@dataclass(frozen=True, eq=False)
class Lines:
    """Middle lines, one entry per pixel of them in reading order; arrays of shape (n,).

    ``row`` and ``col`` are its place, ``length`` the pixels of line that the entry stands for.
    ``contrast`` (unit of the signal, ≥ 0) and ``profile_px`` are depth and σ of the Gaussian
    profile that answers the scales as this piece of line does, σ as the median of the line.
    ``strength`` is the mean along the whole piece that the line was found by, ``direction`` its
    way in radians from x to y. ``weak`` is the mean with which lines went on in this picture.
    """

    row: Places
    col: Places
    length: Values
    contrast: Values
    strength: Values
    direction: Values
    profile_px: Values
    weak: Values

    def only(self, kept: Bools | Places) -> Lines:
        """Some of the entries."""
        return Lines(*(getattr(self, item.name)[kept] for item in fields(self)))


def find_lines(
    signal: Floats,
    mask: Bools,
    scales: Sequence[LineScale],
    rules: LineRules,
) -> Lines:
    """Dark ridges whose contrast holds along a straight piece.

    At every pixel and scale the second derivative across is averaged along each of
    ``ORIENTATIONS`` directions; the greatest mean stands. The walls of polygons turn after one
    side and lose by this, a pore counts no more than the limit, and lines keep what they have.
    The middle of a line is where the mean is greatest across it. A line starts where the mean
    reaches the least contrast, goes on down to the weak one (hysteresis), and ends where there
    is nothing on one side and its own contrast has fallen to half. Edges, which have contrast to
    one side only, are none.

    Parameters
    ----------
    signal : (h, w) float32
        Only pixels of the mask enter.
    mask : (h, w) bool
        True where usable.
    scales : sequence of LineScale
        From fine to coarse, two at least.
    rules : LineRules

    Returns
    -------
    Lines

    References
    ----------
    Frangi AF et al. MICCAI 1998. doi:10.1007/BFb0056195; Canny J. IEEE TPAMI 1986;8:679-698.
    doi:10.1109/TPAMI.1986.4767851
    """
    shape = (signal.shape[0], signal.shape[1])
    maps = [scale_derivatives(signal, mask, s.sigma_px, blur_px2=s.blur_px2) for s in scales]
    found = nothing(shape)
    for scale, derivatives in zip(scales, maps, strict=True):
        strength, direction = follow(derivatives.second, scale.doublings, rules.limit)
        found = stronger(found, strength, direction, scale.sigma_px, shape)
    rules = replace(rules, least=_least(found, mask, rules))
    side = 2 * rules.flank_px + 1
    beside = cv2.dilate(found.strength, np.ones((side, side), dtype=np.uint8))
    enough = np.maximum(beside * np.float32(_BESIDE), rules.weak_share * rules.least)
    row, col = np.nonzero(middles(found, rules.apart_px) & mask & (found.strength >= enough))
    at_scale = found.sigma_px[row, col]
    inside, lean, local = (np.zeros(len(row), dtype=kind) for kind in (np.bool_, float, float))
    for scale, derivatives in zip(scales, maps, strict=True):
        at = np.flatnonzero(at_scale == np.float32(scale.sigma_px))
        along = _along(derivatives.second, row[at], col[at], found, 2**scale.doublings)
        quarter = 2 ** (scale.doublings - 2)
        slope = _along(derivatives.first, row[at], col[at], found, quarter).mean(axis=0)
        short = along[3 * quarter : -3 * quarter].mean(axis=0)
        inside[at] = _within(along, rules.limit)
        lean[at] = np.abs(slope) / np.maximum(short, 1e-6)
        local[at] = along[2**scale.doublings - 2 : 2**scale.doublings + 3].mean(axis=0)
    row, col = row[inside], col[inside]
    answers = [
        _along(derivatives.second, row, col, found, -(-_PIECE_PX // scale_factor(scale.sigma_px)))
        for scale, derivatives in zip(scales, maps, strict=True)
    ]
    contrast, profile = line_profile(
        np.stack([along.mean(axis=0) for along in answers]), [s.sigma_px for s in scales]
    )
    way = _refined(row, col, found.direction[row, col].astype(np.float64), shape)
    lines = Lines(
        row=row,
        col=col,
        # A line of one pixel a column covers 1 / cos of its slope in each of them.
        length=1.0 / np.maximum(np.abs(np.cos(way)), np.abs(np.sin(way))),
        contrast=contrast,
        strength=found.strength[row, col].astype(np.float64),
        direction=way,
        profile_px=profile,
        weak=np.full(len(row), rules.weak_share * rules.least),
    )
    return _whole(lines, (lean[inside], local[inside]), shape, rules)


def _least(found: Ridges, mask: Bools, rules: LineRules) -> float:
    """The least contrast of a line on this skin.

    Lines lie on a small part of the skin and hardly move the median; where the polygons of the
    microrelief are coarse or glossy, rows of them pass any contrast that suits even skin.
    """
    seen = found.strength[mask & (found.strength > 0.0)]
    usual = float(np.median(seen)) if len(seen) else 0.0
    return max(rules.least, rules.times_skin * usual)


def follow(derivatives: Sequence[Floats], doublings: int, limit: float) -> tuple[Floats, Floats]:
    """Greatest mean contrast across along a straight piece, and the way that it runs.

    Parameters
    ----------
    derivatives : three (h, w) float32
        xx, xy and yy as of ``ridges.scale_derivatives``.
    doublings : int
        At least 1; the piece reaches 2ᵈ pixels to either side. Each doubling is one addition, so
        that long pieces cost little more than short ones.
    limit : float
        Contrast beyond which a pixel hardly counts further.

    Returns
    -------
    strength : (h, w) float32
        ≥ 0; beyond the border there is nothing.
    direction : (h, w) float32
        Radians in 0..π.
    """
    rows, cols = derivatives[0].shape
    strength = np.empty((rows, cols), dtype=np.float32)
    which = np.zeros((rows, cols), dtype=np.uint8)
    reach = 2**doublings
    padded = [np.pad(plane, reach) for plane in derivatives]
    for top in range(0, rows, _STRIP):  # a strip at a time stays in the cache
        strip = slice(top, min(top + _STRIP, rows))
        around = [plane[strip.start : strip.stop + 2 * reach] for plane in padded]
        strength[strip] = _followed(around, doublings, limit, which[strip])
    return strength, np.asarray(_angles(), dtype=np.float32)[which]


def _followed(
    padded: Sequence[Floats], doublings: int, limit: float, which: NDArray[np.uint8]
) -> Floats:
    """``follow`` on a padded strip; the number of the direction is put into ``which``."""
    best = np.zeros(which.shape, dtype=np.float32)
    xx, xy, yy = padded
    for k, angle in enumerate(_angles()):
        cos, sin = float(np.cos(angle)), float(np.sin(angle))
        across = cv2.addWeighted(xx, sin * sin, yy, cos * cos, 0.0)
        cv2.addWeighted(across, 1.0, xy, -2.0 * sin * cos, 0.0, dst=across)
        lower = cv2.addWeighted(across, _BEYOND, across, 0.0, (1.0 - _BEYOND) * limit)
        cv2.min(across, lower, dst=across)
        mean = _mean_along(np.asarray(across, dtype=np.float32), angle, doublings)
        # Numbers rise, so that of two directions the later, stronger one has the greater.
        better = cv2.compare(mean, best, cv2.CMP_GT)
        np.maximum(which, np.minimum(better, np.uint8(k)), out=which)
        cv2.max(best, mean, dst=best)
    return best


def _angles() -> list[float]:
    return [np.pi * k / ORIENTATIONS for k in range(ORIENTATIONS)]


def _steps(angle: float, doublings: int) -> Iterator[tuple[int, int]]:
    """Whole pixels (down, right) by which a sum is laid over itself at each doubling."""
    for j in range(doublings):
        yield round(2**j * float(np.sin(angle))), round(2**j * float(np.cos(angle)))


def _mean_along(padded: Floats, angle: float, doublings: int) -> Floats:
    """Mean along a piece; ``padded`` has 2ᵈ more pixels on every side than what is returned."""
    reach = 2**doublings
    rows, cols = (side - 2 * reach for side in padded.shape)
    sums, left, all_down, all_right = padded, 0, 0, 0
    for down, right in _steps(angle, doublings):
        h, w = sums.shape
        first = sums[: h - down, max(0, -right) : w - max(0, right)]
        second = sums[down:, max(0, right) : w - max(0, -right)]
        sums = np.asarray(cv2.add(first, second), dtype=np.float32)
        left, all_down, all_right = left + max(0, -right), all_down + down, all_right + right
    # What lies behind is what lies ahead of the pixel at the other end.
    top, start = reach - all_down, reach - left - all_right
    ahead = sums[reach : reach + rows, reach - left : reach - left + cols]
    behind = sums[top : top + rows, start : start + cols]
    half = 0.5 / reach
    return np.asarray(cv2.addWeighted(ahead, half, behind, half, 0.0), dtype=np.float32)


def _along(
    derivatives: Sequence[Floats], row: Places, col: Places, found: Ridges, reach: int
) -> Values:
    """Derivative across at each step of the piece through n pixels, (2·reach + 1, n).

    The second one from xx, xy and yy, the first from x and y.
    """
    h, w = derivatives[0].shape
    rows, cols = found.strength.shape
    direction = found.direction[row, col].astype(np.float64)
    cos, sin = np.cos(direction), np.sin(direction)
    y, x = (row + 0.5) * (h / rows) - 0.5, (col + 0.5) * (w / cols) - 0.5
    weights = (-sin, cos) if len(derivatives) == 2 else (sin * sin, -2.0 * sin * cos, cos * cos)
    along = np.zeros((2 * reach + 1, len(row)))
    for k in range(-reach, reach + 1):
        j, i = np.rint(y + k * sin).astype(np.intp), np.rint(x + k * cos).astype(np.intp)
        inside = (j >= 0) & (j < h) & (i >= 0) & (i < w)
        flat = np.where(inside, j * w + i, 0)
        for plane, weight in zip(derivatives, weights, strict=True):
            along[k + reach] += np.take(plane, flat) * weight
        along[k + reach] *= inside
    return along


def _within(along: Values, limit: float) -> Bools:
    """Whether the middle of each piece lies within a line."""
    reach = len(along) // 2
    middle = slice(reach - reach // 4, reach + reach // 4 + 1)
    along = np.minimum(along, _BEYOND * along + (1.0 - _BEYOND) * limit)
    sides = np.stack([along[: reach + 1].mean(axis=0), along[reach:].mean(axis=0)])
    enough = _ENDS_AT * sides.max(axis=0)
    inside = (sides.min(axis=0) >= enough) | (along[middle].mean(axis=0) >= enough)
    return np.asarray(inside, dtype=np.bool_)


def _refined(row: Places, col: Places, way: Values, shape: tuple[int, int]) -> Values:
    """The way of each pixel from where its neighbours lie, at most one step of directions off."""
    drawn = np.zeros([side + 2 * _PIECE_PX for side in shape], dtype=np.float32)
    drawn[row + _PIECE_PX, col + _PIECE_PX] = 1.0
    side = 2 * _PIECE_PX + 1
    around = np.lib.stride_tricks.sliding_window_view(drawn, (side, side))[row, col]
    y, x = (part.ravel() for part in np.mgrid[:side, :side].astype(np.float32) - _PIECE_PX)
    moments = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=1)
    # Sums of small whole numbers: exact in single precision.
    n, sx, sy, sxx, sxy, syy = (around.reshape(len(row), side**2) @ moments).T.astype(np.float64)
    xx, xy, yy = sxx - sx * sx / n, sxy - sx * sy / n, syy - sy * sy / n
    seen = 0.5 * np.arctan2(2.0 * xy, xx - yy)
    off = np.mod(seen - way + 0.5 * np.pi, np.pi) - 0.5 * np.pi
    most = np.pi / ORIENTATIONS
    return np.asarray(np.mod(way + np.clip(off, -most, most), np.pi), dtype=np.float64)


def _whole(
    lines: Lines, judged: tuple[Values, Values], shape: tuple[int, int], rules: LineRules
) -> Lines:
    """Connected lines that reach the least contrast somewhere, are long enough and no edges.

    ``judged`` are the slope across each entry and its contrast on two pixels to either side, of
    which little is left between the dots of a row. Each line has one width, the median of its
    pieces: the relief beside it disturbs single ones.
    """
    lean, local = judged
    drawn = np.zeros(shape, dtype=np.uint8)
    drawn[lines.row, lines.col] = 1
    joined = cv2.dilate(drawn, np.ones((3, 3), dtype=np.uint8))
    count, labels = cv2.connectedComponents(joined, connectivity=8)
    label = labels[lines.row, lines.col]
    length = np.bincount(label, weights=lines.length, minlength=count)
    strong = np.bincount(label, weights=lines.strength >= rules.least, minlength=count)
    kept = (length >= rules.length_px) & (strong > 0)
    order = np.argsort(label, kind="stable")
    starts = np.flatnonzero(np.diff(label[order], prepend=-1))
    widths = np.empty(len(label))
    for line in np.split(order, starts[1:]) if len(order) else ():
        widths[line] = np.median(lines.profile_px[line])
        least = _STEADY * rules.weak_share * rules.least
        steady = np.quantile(local[line], 0.2) >= least
        slender = length[label[line[0]]] >= rules.elongation * WIDTH * widths[line[0]]
        kept[label[line[0]]] &= bool(steady and slender and np.median(lean[line]) <= _SLOPE)
    return replace(lines, profile_px=widths).only(kept[label])
