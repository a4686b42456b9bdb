"""Bands: long marks a few millimetres wide that stand out of the skin on both sides of them.

Bands of a group run nearly alike. So the way that they run is taken as one slowly turning field,
the signal is averaged along it, which mottling does not survive, and ridges are sought across it.
At every point of a middle line the signal is read along the normal; the band ends where it has
fallen to half of its height, so that its width does not depend on its contrast.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from dermadelta.kernels.parallel_lines import (
    averaged_along,
    bends,
    crest_of,
    numbered_lines,
    orientation_field,
    scales,
    strength_of,
)
from dermadelta.kernels.texture import gaussian

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]
Values = NDArray[np.float64]

_PROFILE_STEP: Final = 0.5
"""Distance of the samples across a band, pixels."""

_LEAST_SUPPORT: Final = 0.7
"""Usable part of the surroundings, below which a ridge may be that of the border."""

_BESIDE: Final = 2.5
"""How far from its middle the skin beside a band is sought, in halves of its width."""

_WIDER: Final = 1.4
"""Greatest width of a point of a band, in the median of its band."""

_SIDE_BY_SIDE: Final = 2.0
"""Pixels within which two points of one column or row are one."""

_OWN_SIGMA: Final = 2.0
"""Gaussian, pixels, over which the signal at a point is taken when it must stand out itself."""

_ROWS: Final = 1.2
"""σ of the second average of profiles along their own middle line, in σ of the first."""


@dataclass(frozen=True)
class BandRules:
    """What counts as a band; lengths in mm, heights in the unit of the signal.

    ``widths`` are the least and greatest width; ``field`` is the σ over which the way of bands
    turns, ``along`` that of the average along them. ``least`` is the height of any point of a band
    and ``ending`` its least share of the height of the whole band; a point is left out too where,
    without the average along, it has not that share either and ``missing`` less. A band has at
    least ``height`` in the mean, ``length``, ``slender`` times its width in length, ``steep``
    height per mm that its edges take (from 75 % to 25 %) and ``evidence``, height times the root
    of its length. One band of its sign at least must have ``sure`` times as much of both. Its
    height above the higher of both sides is at least ``even`` times that above the lower one, and
    the mean of its way as a unit vector, angles doubled, is at least ``straight`` long (1 for a
    line): else it may be a piece of the rim of a large area.
    """

    widths: tuple[float, float]
    field: float
    along: float
    least: float
    ending: float
    missing: float
    height: float
    length: float
    slender: float
    steep: float
    evidence: float
    sure: float
    even: float
    straight: float


@dataclass(frozen=True, eq=False)
class Bands:
    """Points on the middle lines of all bands, (n,) each, in pixels of the map.

    ``x`` and ``y`` are their places; ``angle`` is the way the band runs, radians in 0..π. ``left``
    and ``right`` are the distances of its edges along the normal (-sin, cos), ``left`` counted
    backwards. ``edge`` is how far an edge takes to fall from 75 % to 25 %. ``length`` is the piece
    of the middle line that the point stands for, ``height`` that above what is beside (negative
    for a band that lies below), ``base`` the signal there, ``uneven`` how far the levels of both
    sides are apart, ``band`` the number of its band.
    """

    x: Values
    y: Values
    angle: Values
    left: Values
    right: Values
    edge: Values
    length: Values
    height: Values
    base: Values
    uneven: Values
    band: NDArray[np.intp]

    @property
    def width(self) -> Values:
        """(n,) distance of both edges, pixels."""
        return self.left + self.right

    def pixels(self, shape: tuple[int, int]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Row and column of the pixel of every point, (n,) each, on a map of that shape."""
        row, col = (np.rint(axis).astype(np.intp) for axis in (self.y, self.x))
        return np.clip(row, 0, shape[0] - 1), np.clip(col, 0, shape[1] - 1)

    def only(self, kept: NDArray[np.bool_]) -> Bands:
        """The points that are True in (n,) bool."""
        return Bands(*(getattr(self, item.name)[kept] for item in fields(self)))

    def mean(self, values: Values) -> Values:
        """Mean of (n,) values by length in the band of every point, (n,)."""
        return self._total(values * self.length) / self._total(self.length)

    def length_of_band(self) -> Values:
        """Length of the band of every point, (n,) in pixels."""
        return self._total(self.length)

    def _total(self, values: Values) -> Values:
        totals: Values = np.bincount(self.band, weights=values).astype(np.float64)
        return totals[self.band]


def find_bands(signal: Floats, skin: Bools, step_mm: float, rules: BandRules) -> Bands:
    """Bands that lie above or below the skin beside them.

    Parameters
    ----------
    signal : (h, w) float32
        Only usable skin enters.
    skin : (h, w) bool
    step_mm : float
        Side of a pixel.
    rules : BandRules

    Returns
    -------
    Bands
        In bands of either sign; what lies between two bands of one sign is itself one of the other.

    References
    ----------
    Lindeberg T. Int J Comput Vis 1998;30:117-154. doi:10.1023/A:1008097225773 (ridges and their
    scale).
    """
    level = np.float32(signal[skin].mean()) if skin.any() else np.float32(0.0)
    centred = np.where(skin, signal - level, np.float32(0.0))
    low, high = (0.5 * width / step_mm for width in rules.widths)
    sigmas = scales(low, high)
    angle = orientation_field(centred, skin, sigmas, rules.field / step_mm, rules.height)
    smooth = averaged_along(centred, skin, angle, rules.along / step_mm)
    supported = gaussian(skin.astype(np.float32), sigmas[0]) >= _LEAST_SUPPORT
    bent = bends(smooth, angle, sigmas)
    found = []
    for sign in (1.0, -1.0):
        strength, sigma = strength_of(bent, sigmas, sign)
        crest = crest_of(strength, angle, max(1, round(low)))
        crest &= supported & (strength >= rules.least)
        lines = numbered_lines(crest, strength, rules.length / step_mm, rules.height)
        bands = _described(smooth, lines, angle, sigma, sign, rules.along / step_mm)
        bands = bands.only(_is_single(bands) & _is_there(centred, bands, rules))
        bands = _between_pixels(bands, _ROWS * rules.along / step_mm)
        found.append(_lasting(bands, step_mm, rules))
    first, second = found
    ahead = int(first.band.max(initial=-1)) + 1
    second = replace(second, band=second.band + ahead)
    names = [item.name for item in fields(Bands)]
    both = [np.concatenate([getattr(first, name), getattr(second, name)]) for name in names]
    bands = Bands(*both)
    return replace(bands, base=bands.base + float(level))


def coverage(bands: Bands, shape: tuple[int, int]) -> Floats:
    """Part of every pixel that lies in a band, (h, w) float32 in 0..1."""
    if not len(bands.x):
        return np.zeros(shape, dtype=np.float32)
    row, col = bands.pixels(shape)
    off = np.ones(shape, dtype=np.uint8)
    off[row, col] = 0
    distance, labels = cv2.distanceTransformWithLabels(
        off, cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    point = np.zeros(int(labels.max()) + 1, dtype=np.intp)
    point[labels[row, col]] = np.arange(len(row))
    y, x = np.nonzero(distance <= bands.width.max())
    at = point[labels[y, x]]
    cos, sin = np.cos(bands.angle[at]), np.sin(bands.angle[at])
    across = cos * (y - bands.y[at]) - sin * (x - bands.x[at])
    beyond = np.abs(cos * (x - bands.x[at]) + sin * (y - bands.y[at]))
    inside = np.minimum(across + bands.left[at], bands.right[at] - across)
    part = np.zeros(shape, dtype=np.float32)
    # The nearest point of a line drawn in pixels need not lie straight across.
    ended = beyond > np.where(_is_end(bands)[at], 0.5, 1.5 + 0.3 * np.abs(across))
    part[y, x] = np.where(ended, 0.0, np.clip(inside + 0.5, 0.0, 1.0))
    return part


# ------------------------------------------------------------------------------ profiles


def _described(
    smooth: Floats,
    lines: NDArray[np.int32],
    angle: Floats,
    sigma: Floats,
    sign: float,
    along: float,
) -> Bands:
    """What the signal across every point of a line says."""
    row, col = np.nonzero(lines)
    turned, half = angle[row, col].astype(np.float64), sigma[row, col].astype(np.float64)
    cos, sin = np.cos(turned), np.sin(turned)
    reach = int(np.ceil(_BESIDE * float(half.max(initial=1.0)) / _PROFILE_STEP))
    across = _PROFILE_STEP * np.arange(-reach, reach + 1)
    profiles = np.empty((len(row), len(across)), dtype=np.float32)
    band = lines[row, col].astype(np.intp)
    if len(row):
        x = (col[:, None] - sin[:, None] * across).astype(np.float32)
        y = (row[:, None] + cos[:, None] * across).astype(np.float32)
        profiles[:] = cv2.remap(smooth, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    profiles = _averaged_rows(np.float32(sign) * profiles, band, (row, col), _ROWS * along)
    near = np.abs(across) <= 0.5 * np.maximum(half, 1.0)[:, None]
    top = (profiles * near).sum(axis=1) / near.sum(axis=1)
    sides = [_side(profiles[:, reach::step], top, half) for step in (-1, 1)]
    base = 0.5 * (sides[0][1] + sides[1][1])
    return Bands(
        x=col.astype(np.float64),
        y=row.astype(np.float64),
        angle=turned,
        left=sides[0][0],
        right=sides[1][0],
        edge=0.5 * (sides[0][2] + sides[1][2]),
        length=1.0 / np.maximum(np.abs(cos), np.abs(sin)),
        height=sign * (top - base),
        base=sign * base,
        uneven=np.abs(sides[1][1] - sides[0][1]),
        band=band,
    )


def _averaged_rows(
    profiles: Floats,
    band: NDArray[np.intp],
    at: tuple[NDArray[np.intp], NDArray[np.intp]],
    sigma: float,
) -> Floats:
    """Profiles averaged with those before and behind them on the same line."""
    row, col = at
    smooth = profiles.copy()
    order = np.argsort(band, kind="stable")
    for points in np.split(order, np.flatnonzero(np.diff(band[order])) + 1):
        if len(points) < 2:
            continue
        wide = np.ptp(col[points]) >= np.ptp(row[points])
        line = points[np.argsort((col if wide else row)[points], kind="stable")]
        smooth[line] = cv2.GaussianBlur(
            profiles[line], (1, 0), 0.01, sigmaY=sigma, borderType=cv2.BORDER_REPLICATE
        )
    return smooth


def _side(profiles: Floats, top: Values, half: Values) -> tuple[Values, Values, Values]:
    """Distance of the edge on one side, the level beyond it, and how wide the edge is."""
    distance = _PROFILE_STEP * np.arange(profiles.shape[1])
    beside = distance <= np.maximum(_BESIDE * half, 4.0)[:, None]
    base = np.where(beside, profiles, np.inf).min(axis=1, initial=np.inf)
    at = [_fallen(profiles, base + part * (top - base)) for part in (0.75, 0.5, 0.25)]
    return at[1], base, at[2] - at[0]


def _fallen(profiles: Floats, level: Values) -> Values:
    """Distance at which each profile first falls below a level, linear between samples."""
    below = profiles < level[:, None]
    below[:, 0] = False
    last = profiles.shape[1] - 1
    first = np.where(below.any(axis=1), below.argmax(axis=1), last)
    rows = np.arange(len(profiles))
    above, under = profiles[rows, first - 1], profiles[rows, first]
    share = np.clip((above - level) / np.maximum(above - under, 1e-6), 0.0, 1.0)
    return np.asarray(_PROFILE_STEP * (first - 1 + share))


def _is_end(bands: Bands) -> NDArray[np.bool_]:
    """The first and the last point of every band along its mean orientation."""
    doubled = [bands.mean(turn(2.0 * bands.angle)) for turn in (np.cos, np.sin)]
    angle = 0.5 * np.arctan2(doubled[1], doubled[0])
    order = np.lexsort((np.cos(angle) * bands.x + np.sin(angle) * bands.y, bands.band))
    changes = np.diff(bands.band[order]) != 0
    ends = np.zeros(len(order), dtype=np.bool_)
    ends[order[np.concatenate([[True], changes]) | np.concatenate([changes, [True]])]] = True
    return ends


def _is_single(bands: Bands) -> NDArray[np.bool_]:
    """Without the lower of two points side by side in a column, or row, that a line passes once."""
    flat = bands.mean(np.cos(2.0 * bands.angle)) >= 0.0  # of the mean way of its band
    along, across = np.where(flat, bands.x, bands.y), np.where(flat, bands.y, bands.x)
    order = np.lexsort((across, along, bands.band))
    first, second = order[:-1], order[1:]
    beside = (bands.band[first] == bands.band[second]) & (along[first] == along[second])
    beside &= np.abs(across[second] - across[first]) <= _SIDE_BY_SIDE
    second_lower = np.abs(bands.height[second]) < np.abs(bands.height[first])
    kept = np.ones(len(order), dtype=np.bool_)
    kept[np.where(second_lower, second, first)[beside]] = False
    return kept


def _between_pixels(bands: Bands, sigma: float) -> Bands:
    """Points moved across onto their line averaged along itself, as the profiles are."""
    raw = np.column_stack([bands.x, bands.y]).astype(np.float32)
    at = bands.y.astype(np.intp), bands.x.astype(np.intp)
    moved = (_averaged_rows(raw, bands.band, at, sigma) - raw).astype(np.float64)
    cos, sin = np.cos(bands.angle), np.sin(bands.angle)
    across = np.clip(cos * moved[:, 1] - sin * moved[:, 0], -1.0, 1.0)
    return replace(bands, x=bands.x - sin * across, y=bands.y + cos * across)


def _is_there(signal: Floats, bands: Bands, rules: BandRules) -> NDArray[np.bool_]:
    """Whether points stand out by themselves, not only as far as others of their line do.

    The average along a line also carries what is high and short, such as a scar, beyond its ends.
    """
    own = np.sign(bands.height) * outshines(gaussian(signal, _OWN_SIGMA), bands)
    height = np.abs(bands.height)
    return np.asarray((own >= rules.ending * height) | (height - own < rules.missing))


def _lasting(bands: Bands, step_mm: float, rules: BandRules) -> Bands:
    """Those bands that are high, long, slender and steep enough, without their faint ends."""
    width, height = bands.width * step_mm, np.abs(bands.height)
    kept = (height >= rules.least) & (width >= rules.widths[0]) & (width <= rules.widths[1])
    bands = bands.only(kept)
    if not len(bands.x):
        return bands
    height = np.abs(bands.height)
    tall, wide = (np.zeros(int(bands.band.max()) + 1) for _ in range(2))
    for number in np.unique(bands.band):
        tall[number] = np.quantile(height[bands.band == number], 0.75)
        wide[number] = _WIDER * np.median(bands.width[bands.band == number])
    # Where a band ends or two meet, what is beside is far away: a width that swells tells it.
    kept = (height >= rules.ending * tall[bands.band]) & (bands.width <= wide[bands.band])
    bands = bands.only(kept)
    length = bands.length_of_band() * step_mm
    height = bands.mean(np.abs(bands.height))
    width, edge = (bands.mean(each) * step_mm for each in (bands.width, bands.edge))
    slender = (length >= np.maximum(rules.length, rules.slender * width)) & (height >= rules.height)
    slender &= _is_apart(bands, rules)
    certainty = np.minimum(height / (rules.steep * edge), height * np.sqrt(length) / rules.evidence)
    if not (slender & (certainty >= rules.sure)).any():
        return bands.only(np.zeros(len(slender), dtype=np.bool_))
    return bands.only(slender & (certainty >= 1.0))


def _is_apart(bands: Bands, rules: BandRules) -> NDArray[np.bool_]:
    """Whether bands stand out of the skin on both sides and run straight, unlike a rim."""
    height, uneven = bands.mean(np.abs(bands.height)), 0.5 * bands.mean(bands.uneven)
    straight = np.hypot(*(bands.mean(turn(2.0 * bands.angle)) for turn in (np.cos, np.sin)))
    even = height - uneven >= rules.even * (height + uneven)
    return np.asarray(even & (straight >= rules.straight))


def outshines(values: Floats, bands: Bands) -> Values:
    """What values in the middle of a band are above those 1.5 pixels beyond its edges, (n,)."""
    if not len(bands.x):
        return np.empty(0)
    cos, sin = np.cos(bands.angle), np.sin(bands.angle)
    at = np.stack([0.0 * bands.left, -bands.left - 1.5, bands.right + 1.5])
    x, y = (bands.x - at * sin).astype(np.float32), (bands.y + at * cos).astype(np.float32)
    drawn = cv2.remap(
        gaussian(values, 1.0), x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    middle, before, after = np.asarray(drawn, dtype=np.float64)
    return np.asarray(middle - 0.5 * (before + after))
