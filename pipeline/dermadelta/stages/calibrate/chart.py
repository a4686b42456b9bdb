"""Other objects of known colour: a bare 24-patch chart, and a grey card."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from dermadelta.domain import Card, ColourModel, Mask, NotMeasured, Photo
from dermadelta.kernels.chart24 import (
    EDITIONS,
    PATCH_NAMES,
    field_corners,
    parse_corners,
    patch_quads,
    patch_squares,
    reference_colours,
)
from dermadelta.kernels.chart_search import find_chart
from dermadelta.kernels.colour import eight_bit
from dermadelta.kernels.grey_card import read_grey_card as read_grey
from dermadelta.stages.calibrate.colour import UNCORRECTED, Placed, Reference, read_colours
from dermadelta.stages.calibrate.config import CalibrateConfig
from dermadelta.stages.calibrate.target import under_quad

CORNERS = "chart_corners"
"""Column of the manifest with the corners of a chart that a person has marked."""

GREY_CARD = "grey_card"
_LEAST_PIXELS = 100
_CLEARLY_BETTER = 0.8
"""Another edition than the likeliest must leave less than this share of its residual."""
_NO = NotMeasured("a chart shows neither edge nor scale")


@dataclass(frozen=True, eq=False)
class Read:
    """An object with its colour model; ``under`` is (H, W) bool, True on it."""

    card: Card
    colour: ColourModel
    under: Mask


def read_chart(photo: Photo, config: CalibrateConfig) -> Read | None:
    """The 24-patch chart, by the corners in the manifest or found; None where there is none."""
    given = dict(photo.ref.details).get(CORNERS)
    try:
        corners = parse_corners(given) if given else None
    except ValueError as fault:
        card = Card("chart", np.empty((0, 2)), (), _NO, _NO, nominal=True, fault=str(fault))
        return Read(card, UNCORRECTED, np.zeros_like(photo.clipped))
    if corners is None and config.find_chart:
        corners = find_chart(eight_bit(photo.rgb))
    if corners is None:
        return None
    placed = Placed("chart", corners, patch_quads(corners), _NO, _NO)
    # Nobody knows which edition he owns; the wrong one fits visibly worse.
    card, colour = read_colours(photo, placed, _reference(EDITIONS[0]), config)
    for edition in EDITIONS[1:]:
        other = read_colours(photo, placed, _reference(edition), config)
        if _residual(other[0]) < _CLEARLY_BETTER * _residual(card):
            card, colour = other
    if given and card.fault:
        card = replace(card, fault=f"{card.fault}; or correct {CORNERS} in the manifest")
    return Read(card, colour, under_quad(photo.clipped.shape, corners))


def _reference(edition: str) -> Reference:
    places = patch_squares().mean(axis=1) / np.ptp(field_corners(), axis=0).max()
    return Reference(PATCH_NAMES, reference_colours(edition), places, nominal=True)


def _residual(card: Card) -> float:
    """What a fit leaves over, also where it is not used."""
    left = [patch.de00 for patch in card.patches]
    known = [value for value in left if not isinstance(value, NotMeasured)]
    return float(np.mean(known)) if known else float("inf")


def read_grey_card(photo: Photo, config: CalibrateConfig) -> Read | None:
    """White balance from a neutral surface that the user has outlined; None where there is none."""
    mask = photo.given.get(GREY_CARD)
    if mask is None:
        return None
    rows, cols = np.nonzero(mask)
    box = np.array(
        [[cols.min(), rows.min()], [cols.max(), rows.min()], [cols.max(), rows.max()],
         [cols.min(), rows.max()]], dtype=np.float64,
    )  # fmt: skip
    card = Card("grey", box, (), _NO, _NO, nominal=False)
    try:
        if np.count_nonzero(mask) < _LEAST_PIXELS:
            raise ValueError("the grey card is too small")
        read = read_grey(
            photo.rgb, photo.to_linear.curves, photo.to_linear.matrix, photo.clipped, mask
        )
        if read.clipped > config.max_clipped:
            raise ValueError("the grey card is saturated")
    except ValueError as fault:
        remedy = f"{fault}: outline an evenly lit part of it that is neither white nor black"
        return Read(replace(card, fault=remedy), UNCORRECTED, mask)
    return Read(card, replace(UNCORRECTED, kind="grey", matrix=read.matrix), mask)
