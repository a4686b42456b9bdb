"""Finding a bare 24-patch chart: even squares on a lattice whose colours are those of the chart.

Even areas that nearly fill a parallelogram are linked to their neighbours; a homography from
lattice to photo is fitted to every group, and every place and turn of a chart on the lattice is
tried. A chart is what shows the colours, in their order, up to a tone curve and a colour cast: 24
colours are a code that nothing else in a photograph has.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from dermadelta.kernels.chart24 import (
    COLUMNS,
    EDITIONS,
    ROWS,
    field_corners,
    patch_squares,
    reference_colours,
)
from dermadelta.kernels.colour import srgb_decode
from dermadelta.kernels.colour_fit import fit_colour
from dermadelta.kernels.lattice import MIN_AREAS, even_areas, lattices

Floats = NDArray[np.float64]
Image8 = NDArray[np.uint8]

_SIDES_PX = (640, 1120, 2400)
"""Longer sides at which a photo is searched, the cheapest first."""

_TOLERANCE = 0.15
"""Of the centre of a patch from its place on the lattice, in the pitch of the lattice."""

_PATTERN = 0.6
"""Smallest share of a chart's colours that a find explains, to be looked at closely: real charts,
the right way round, reach 0.74 to 0.93, and every other place or turn on them 0.11 at most."""

_MAX_MEAN_DE00, _MAX_MEDIAN_DE00 = 8.0, 6.0
"""What may be left after a fit: a chart in the raw colours of a sensor leaves 6.2 and 5.7."""

_DARK = 0.004
"""Linear light that is taken for black."""

_REFERENCE = np.mean([reference_colours(edition) for edition in EDITIONS], axis=0)
_PLACES = patch_squares().mean(axis=1)


def find_chart(rgb8: Image8) -> Floats | None:
    """Corners of the field of patches of a 24-patch chart, or None.

    Parameters
    ----------
    rgb8 : (H, W, 3) uint8
        The photo, encoded.

    Returns
    -------
    (4, 2) float64 or None
        At dark skin, bluish green, black and white, pixels (centres at whole numbers). None where
        no chart is found for certain; a mirrored photo shows none.
    """
    for small in _copies(rgb8):
        corners = _search(small)
        if corners is not None:
            scale = np.array(rgb8.shape[1::-1]) / np.array(small.shape[1::-1])
            return np.asarray((corners + 0.5) * scale - 0.5, dtype=np.float64)
    return None


def _copies(rgb8: Image8) -> list[Image8]:
    """The photo at the sizes at which it is searched, the smallest first."""
    copies: list[Image8] = []
    for side in reversed(_SIDES_PX):
        factor = side / max(rgb8.shape[:2])
        if factor < 1.0:
            size = (
                max(1, round(rgb8.shape[1] * factor)),
                max(1, round(rgb8.shape[0] * factor)),
            )
            rgb8 = np.asarray(cv2.resize(rgb8, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
            copies.insert(0, rgb8)
        elif not copies:
            copies.insert(0, rgb8)
    return copies


def _search(rgb8: Image8) -> Floats | None:
    smooth = cv2.medianBlur(rgb8, 3)
    colours = np.asarray(cv2.blur(rgb8, (3, 3)), dtype=np.uint8)
    areas = even_areas(np.asarray(smooth, dtype=np.uint8))
    best: tuple[float, Floats] | None = None
    for members, lattice in lattices(areas):
        found = _place(areas.centres[members], lattice, colours)
        if found is not None and (best is None or found[0] < best[0]):
            best = found
    return None if best is None else best[1]


def _place(
    centres: Floats, lattice: NDArray[np.intp], colours: Image8
) -> tuple[float, Floats] | None:
    """The best place of a chart on a lattice: what is left of its colours, and its corners."""
    fitted = _to_photo(centres, lattice)
    if fitted is None:
        return None
    to_photo, members = fitted
    tried = []
    for turn in range(4):
        for place in _windows(members, turn):
            points = cv2.perspectiveTransform(place.reshape(1, -1, 2), to_photo)[0]
            light = _sample(colours, points)
            if light is not None:
                tried.append((_pattern(light), place))
    tried.sort(key=lambda entry: -entry[0])
    for score, place in tried[:2]:
        if score < _PATTERN:
            return None
        points = cv2.perspectiveTransform(place.reshape(1, -1, 2), to_photo)[0]
        left = _left_over(_sample(colours, points))
        if left is not None:
            return left, _corners(place, to_photo)
    return None


def _to_photo(
    centres: Floats, lattice: NDArray[np.intp]
) -> tuple[Floats, set[tuple[int, int]]] | None:
    """Homography from places on the lattice to the photo, and the places that agree with it."""
    if min(np.ptp(lattice[:, 0]), np.ptp(lattice[:, 1])) < 1:
        return None
    try:
        matrix, agree = cv2.findHomography(
            lattice.astype(np.float64), centres, cv2.RANSAC, _TOLERANCE * _pitch(centres)
        )
    except cv2.error:  # degenerate samples, e.g. nearly all on a line
        return None
    if np.shape(matrix) != (3, 3) or int(agree.sum()) < MIN_AREAS:
        return None
    members = {(int(u), int(v)) for u, v in lattice[agree.ravel() > 0]}
    return np.asarray(matrix, dtype=np.float64), members


def _pitch(centres: Floats) -> float:
    apart = np.hypot(*(centres[:, None, :] - centres[None, :, :]).transpose(2, 0, 1))
    np.fill_diagonal(apart, np.inf)
    return float(np.median(apart.min(axis=1)))


def _windows(members: set[tuple[int, int]], turn: int) -> list[Floats]:
    """Every set of 24 places (24, 2) that a chart with this turn can have on the lattice."""
    columns, rows = np.meshgrid(np.arange(COLUMNS), np.arange(ROWS))
    offsets = np.stack([columns.ravel(), rows.ravel()], axis=1)
    for _ in range(turn):
        offsets = np.stack([-offsets[:, 1], offsets[:, 0]], axis=1)
    windows = []
    low, high = np.min(list(members), axis=0), np.max(list(members), axis=0)
    first, last = low - offsets.max(axis=0), high - offsets.min(axis=0)
    for u in range(int(first[0]), int(last[0]) + 1):
        for v in range(int(first[1]), int(last[1]) + 1):
            places = offsets + np.array((u, v))
            inside = sum((int(a), int(b)) in members for a, b in places)
            if inside >= MIN_AREAS:
                windows.append(np.asarray(places, dtype=np.float64))
    return windows


def _sample(colours: Image8, points: Floats) -> Floats | None:
    """Linear light (24, 3) at points (24, 2); None where one lies outside."""
    x, y = np.round(points).astype(int).T
    height, width = colours.shape[:2]
    if not np.isfinite(points).all() or x.min() < 0 or y.min() < 0:
        return None
    if x.max() >= width or y.max() >= height:
        return None
    return srgb_decode(colours[y, x] / 255.0)


def _pattern(light: Floats) -> float:
    """Share of a chart's lightness and two channel ratios that these colours explain, the worst.

    Logarithms: exposure and white balance are offsets there, a tone curve nearly a factor, and
    what a sensor or a saturation mixes nearly a matrix.
    """
    known = _ratios(_REFERENCE)
    design = np.column_stack([np.ones(len(light)), _ratios(light)])
    left = known - design @ np.linalg.lstsq(design, known, rcond=None)[0]
    spread = ((known - known.mean(axis=0)) ** 2).sum(axis=0)
    # Adjusted for the four coefficients, as chance explains some.
    share = 1.0 - (left**2).sum(axis=0) / spread * (len(light) - 1) / (len(light) - 4)
    return float(share.min())


def _ratios(light: Floats) -> Floats:
    log = np.log(np.maximum(light, _DARK))
    return np.stack([log.mean(axis=1), log[:, 0] - log[:, 1], log[:, 2] - log[:, 1]], axis=1)


def _left_over(light: Floats | None) -> float | None:
    """Mean ΔE00 that a colour fit leaves; None where that is no chart."""
    if light is None:
        return None
    # Saturated in a channel: not to be fitted, but as the light patches of a chart they may be.
    whole = (light.max(axis=1) < 0.97) & (light.max(axis=1) > _DARK)
    if whole.sum() < 16:
        return None
    fit = fit_colour(light[whole], _REFERENCE[whole], _PLACES[whole], tone=True)
    good = fit.residual_de00 <= _MAX_MEAN_DE00 and np.median(fit.de00) <= _MAX_MEDIAN_DE00
    return fit.residual_de00 if good else None


def _corners(places: Floats, to_photo: Floats) -> Floats:
    """Outer corners of the patch field of a chart whose patches have these places."""
    origin = places[0]
    along, down = places[1] - origin, places[COLUMNS] - origin
    corners = origin + field_corners() @ np.stack([along, down])
    found = cv2.perspectiveTransform(corners.reshape(1, -1, 2), to_photo)
    return np.asarray(found[0], dtype=np.float64)
