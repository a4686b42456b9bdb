"""Finding a printed target card in a photograph."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from dermadelta.kernels import card
from dermadelta.kernels.card_fit import SOFTENED_PX, CardFit, Octaves, fitted, side_px, to_level
from dermadelta.kernels.card_reading import read_digits
from dermadelta.kernels.card_squares import dark_squares, from_markers, guesses
from dermadelta.kernels.card_template import TO_MIDDLE, card_template, moves_of
from dermadelta.kernels.geometry import (
    ASSUMED_FOCAL_35MM,
    apply_homography,
    focal_px,
    inverse,
    local_affine,
)

Floats = NDArray[np.float64]

_SEARCH_PIXELS = 3.2e6
"""Size of the picture that is searched; a photograph of 12 megapixels is halved."""

_GUESSES = 6
"""Guesses that are followed, likeliest first."""

_LEAST_GUESS = 0.7
_LEAST_COARSE = 0.7
_LEAST_LIKENESS = 0.75
"""Correlations that a card must reach: as a guess, fitted coarsely, fitted. Cards in the range had
0.84, 0.91 and 0.91 at least; photographs and clutter without a card 0.76, 0.63 and 0.57 at most."""

_LEAST_MARKER = 0.6
"""Correlation of a corner with its marker from which it counts as seen."""

_BLUR_STEP = 0.25
"""Steps of the blur of a template, its pixels."""

_LEAST_SEEN = 2
"""Markers that must be seen; their numbers tell the size with three."""

_LEAST_MARGIN = 0.12
"""By how much the numbers of the markers must fit better than those of any other card: the best
wrong one in 500 photographs far worse than the range (9 to 16 px, blur up to 2.6 px, a marker
hidden) fitted by 0.05 better than the right one."""

_SMALLEST_MISFIT = 1e-3
"""Share of a marker's variance that is always left unexplained, so that one does not decide."""


@dataclass(frozen=True, eq=False)
class FoundCard:
    """A target card in a photograph.

    ``to_photo`` is (3, 3), from card units (sides of a marker, x to the right and y down from the
    outer upper left corner of the paper) to pixels, centres at whole numbers. ``size_mm`` is None
    where the markers cannot be read surely. ``likeness`` is the correlation with the picture of a
    card. ``corner_sd_px`` is the SD of the place of a corner of the paper, from what the fit
    leaves. ``seen`` are the corners, 0 to 3, whose markers are seen. ``blur_px``
    is the SD of a Gaussian about as wide as the blur of the photograph, in steps.
    """

    to_photo: Floats
    size_mm: int | None
    likeness: float
    corner_sd_px: float
    seen: tuple[int, ...]
    blur_px: float


def find_card(grey: NDArray[np.uint8]) -> FoundCard | None:
    """Find a target card, wherever and however it lies.

    Parameters
    ----------
    grey : (H, W) uint8
        The whole photograph, encoded.

    Returns
    -------
    FoundCard or None
        None where no card is seen surely.
    """
    octaves = Octaves(grey)
    for guess in _guesses(octaves):
        fit = _followed(octaves, guess)
        if fit is not None:
            return _read(octaves, fit)
    return None


def _guesses(octaves: Octaves) -> Iterator[Floats]:
    base, last = 0, octaves.coarsest()
    while octaves.level(base).size > _SEARCH_PIXELS and base < last:
        base += 1
    coarse = card_template(4)
    searched = sorted({base, min(base + 2, last)})
    squares = [s for level in searched for s in dark_squares(octaves, level)]
    for score, guess in guesses(octaves, squares, coarse, _GUESSES):
        if score >= _LEAST_GUESS:
            yield guess
    number = base if octaves.level(base).size < _SEARCH_PIXELS / 2 else min(base + 1, last)
    marked = from_markers(octaves.level(number), inverse(to_level(number)))
    if marked is not None:
        yield marked


def _followed(octaves: Octaves, guess: Floats) -> CardFit | None:
    """A guess brought to its place, None where no card is there."""
    coarse = card_template(4)
    fit = fitted(octaves, guess, coarse, steps=8, reach=0.4, affine=True)
    fit = fit and fitted(octaves, fit.to_photo, coarse, steps=10, reach=0.6)
    fit = fit and fitted(octaves, fit.to_photo, coarse, steps=10)
    if fit is None or fit.likeness < _LEAST_COARSE:
        return None
    fit = fitted(octaves, fit.to_photo, card_template(8), steps=10)
    if fit is None or fit.likeness < _LEAST_LIKENESS:
        return None
    return fit


def _read(octaves: Octaves, fit: CardFit) -> FoundCard | None:
    digits = read_digits(octaves, fit.to_photo)
    seen = tuple(int(c) for c in np.flatnonzero(digits.likeness.max(axis=1) >= _LEAST_MARKER))
    if len(seen) < _LEAST_SEEN:
        return None
    size_mm = _size(digits.likeness, seen)
    fine = 16 if side_px(fit.to_photo) > 12.0 else 8
    numbers = () if size_mm is None else card.marker_numbers(size_mm)
    blur = _blur_from_above(fit.to_photo, digits.blur_px, fine)
    template = card_template(fine, numbers, blur)
    last = fitted(octaves, fit.to_photo, template, steps=8, shrinking=True)
    if last is None or last.likeness < _LEAST_LIKENESS:
        return None
    sd = _corner_sd(last)
    return FoundCard(last.to_photo, size_mm, last.likeness, sd, seen, digits.blur_px)


def _blur_from_above(to_photo: Floats, blur_px: float, px_per_side: int) -> tuple[float, float]:
    """SD of the blur of a photograph on the grid of a template, across and down, in steps."""
    local = local_affine(to_photo, (card.WIDTH / 2.0, card.HEIGHT / 2.0))
    spread = np.sqrt((np.linalg.inv(local) ** 2).sum(axis=1)) * blur_px * px_per_side
    spread = np.hypot(spread, SOFTENED_PX)
    across, down = (round(float(v) / _BLUR_STEP) * _BLUR_STEP for v in spread)
    return across, down


def _size(likeness: Floats, seen: tuple[int, ...]) -> int | None:
    """Size whose markers fit best together; None where another one fits nearly as well.

    A corner's misfit is ln √(1 − r²), the log of what its marker leaves unexplained.
    """
    if len(seen) < len(card.CORNERS) - 1:
        return None
    sizes = range(card.SMALLEST_MM, card.LARGEST_MM + 1)
    numbers = np.array([card.marker_numbers(size) for size in sizes]) - card.FIRST_NUMBER
    fit = -0.5 * np.log(np.maximum(1.0 - likeness**2, _SMALLEST_MISFIT))
    corners = np.array(seen)
    scores = fit[corners, numbers[:, corners] % likeness.shape[1]].sum(axis=1)
    order = np.argsort(scores)
    margin = float(scores[order[-1]] - scores[order[-2]])
    return sizes[int(order[-1])] if margin >= _LEAST_MARGIN else None


def _corner_sd(fit: CardFit) -> float:
    """SD of the four corners of the paper, root mean square, pixels of the photograph."""
    outline = np.array([[0, 0], [card.WIDTH, 0], [card.WIDTH, card.HEIGHT], [0, card.HEIGHT]])
    at = apply_homography(TO_MIDDLE, outline)
    moves = np.moveaxis(moves_of(at[:, 0], at[:, 1]), 1, 0)
    unit = 0.5 * card.HEIGHT
    total = 0.0
    for point, moved in zip(outline, moves, strict=True):
        local = local_affine(fit.to_photo, point) * unit
        jacobian = local @ moved
        total += float(np.trace(jacobian @ fit.covariance @ jacobian.T)) / 2.0
    return float(np.sqrt(total / len(outline)) * _TOGETHER)


_TOGETHER = 2.0
"""Residuals of neighbouring pixels go together (blur, compression, uneven print), which makes the
SD larger than that of independent ones."""


def card_tilt_deg(to_photo: Floats, shape: tuple[int, int]) -> float:
    """Angle between the plane of a card and that of the sensor.

    Parameters
    ----------
    to_photo : (3, 3) float64
        Card units to pixels.
    shape : (rows, cols)
        Of the photograph, whose middle is where the camera looks; its focal length is taken as
        ``geometry.ASSUMED_FOCAL_35MM``.

    Returns
    -------
    float
        Degrees, 0 to 90.

    References
    ----------
    Collins T, Bartoli A 2014, Infinitesimal plane-based pose estimation, IJCV 109:252
    (doi:10.1007/s11263-014-0725-5).
    """
    focal = focal_px(ASSUMED_FOCAL_35MM, shape)
    camera = np.array(
        [[focal, 0.0, 0.5 * (shape[1] - 1)], [0.0, focal, 0.5 * (shape[0] - 1)], [0.0, 0.0, 1.0]]
    )
    outline = np.array([[0, 0], [card.WIDTH, 0], [card.WIDTH, card.HEIGHT], [0, card.HEIGHT]])
    seen = apply_homography(to_photo, outline)
    flat = np.column_stack([outline, np.zeros(4)])
    _, turn, _ = cv2.solvePnP(flat, seen, camera, None, flags=cv2.SOLVEPNP_IPPE)
    facing = float(abs(cv2.Rodrigues(turn)[0][2, 2]))
    return float(np.degrees(np.arccos(min(facing, 1.0))))
