"""From patches in a photo to a colour model, or to the reason why there is none."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from dermadelta.domain import (
    CalibratedPhoto,
    Card,
    CardPatch,
    ColourModel,
    Matrix,
    NotMeasured,
    Photo,
    ToLinear,
)
from dermadelta.kernels.colour_fit import ColourFit, fit_colour
from dermadelta.kernels.patches import PatchReadings, read_patches
from dermadelta.kernels.tone_curve import STRAIGHT, apply_tone
from dermadelta.stages.calibrate.config import CalibrateConfig

_NO_CARD = NotMeasured("no chart or target in the photo")

UNCORRECTED = ColourModel(
    kind="none",
    tone=STRAIGHT,
    matrix=np.eye(3),
    residual_de00=_NO_CARD,
    residual_p95_de00=_NO_CARD,
    grey_cast=(0.0, 0.0),
    n_patches=0,
)


@dataclass(frozen=True, eq=False)
class Reference:
    """What the patches of an object should be.

    ``colours`` is (n, 3) float64 linear sRGB (D65), ``places`` (n, 2) their middles on the object
    in shares of its length. ``nominal``: as designed, not measured.
    """

    names: tuple[str, ...]
    colours: Matrix
    places: Matrix
    nominal: bool


@dataclass(frozen=True, eq=False)
class Placed:
    """Where an object lies in the photo: outline (n, 2) and patches (n, 4, 2), pixels."""

    kind: Literal["target", "chart"]
    outline: Matrix
    quads: Matrix
    tilt_deg: float | NotMeasured
    mtf50: float | NotMeasured


def read_colours(
    photo: Photo, placed: Placed, reference: Reference, config: CalibrateConfig
) -> tuple[Card, ColourModel]:
    """Read the patches of an object, fit the colour model, and judge it.

    Parameters
    ----------
    photo : Photo
    placed : Placed
        What was found in it.
    reference : Reference
        Of the same patches in the same order.
    config : CalibrateConfig
        Limits of what is accepted.

    Returns
    -------
    Card
        ``fault`` names what is wrong where the colours cannot be used.
    ColourModel
        Uncorrected then.
    """
    # Patches as stored, linear: the fit itself takes the place of the profile's matrix.
    read = read_patches(photo.rgb, photo.to_linear.curves, np.eye(3), photo.clipped, placed.quads)
    unusable = _unusable(read, config)
    rows = [row for row, why in enumerate(unusable) if not why]
    if len(rows) < config.min_patches:
        fault = (
            f"only {len(rows)} of its {len(unusable)} patches can be read"
            f" ({_counted(unusable)}): lay it flat beside the skin, uncovered, without glare"
        )
        unread: list[float | NotMeasured] = [NotMeasured(why or fault) for why in unusable]
        return _card(placed, reference, read, unread, fault), UNCORRECTED
    fit = fit_colour(
        read.means[rows],
        reference.colours[rows],
        reference.places[rows],
        tone=photo.metadata.format != "RAW",
    )
    left: list[float | NotMeasured] = [NotMeasured(why) for why in unusable]
    for row, de00, used in zip(rows, fit.de00, fit.used, strict=True):
        left[row] = float(de00) if used else NotMeasured("covered, shining or faded")
    fault = _fault(fit, [reference.names[row] for row in rows], config)
    if fault and placed.kind == "target":
        fault += ", or measure the card and give its colours as calibrate.target_values"
    card = _card(placed, reference, read, left, fault)
    return card, UNCORRECTED if fault else _model(placed.kind, fit)


def _unusable(read: PatchReadings, config: CalibrateConfig) -> list[str]:
    """Why each patch cannot be used; empty where it can."""
    found = []
    for in_frame, clipped, mean in zip(read.in_frame, read.clipped, read.means, strict=True):
        why = ""
        if not in_frame:
            why = "outside the photo"
        elif clipped > config.max_clipped:
            why = "saturated"
        elif mean.min() <= 0.0:
            why = "too dark"
        found.append(why)
    return found


def _counted(reasons: list[str]) -> str:
    return ", ".join(f"{reasons.count(why)} {why}" for why in dict.fromkeys(reasons) if why)


def _fault(fit: ColourFit, names: list[str], config: CalibrateConfig) -> str:
    """What is wrong with a fit; empty where it may be used."""
    if (
        fit.residual_de00 <= config.max_residual_de00
        and fit.residual_p95_de00 <= config.max_residual_p95_de00
    ):
        return ""
    worst = int(np.argmax(np.where(fit.used, fit.de00, 0.0)))
    return (
        f"its patches do not fit together (ΔE00 of patches left out in turn: mean"
        f" {fit.residual_de00:.1f}, 95 % below {fit.residual_p95_de00:.1f}, limits"
        f" {config.max_residual_de00:g} and {config.max_residual_p95_de00:g}; worst {names[worst]}"
        f" with {fit.de00[worst]:.1f}): look for glare, shadow or a filter"
    )


def _model(kind: Literal["target", "chart"], fit: ColourFit) -> ColourModel:
    return ColourModel(
        kind=kind,
        tone=fit.tone,
        matrix=fit.matrix,
        residual_de00=fit.residual_de00,
        residual_p95_de00=fit.residual_p95_de00,
        grey_cast=fit.grey_cast,
        n_patches=int(np.count_nonzero(fit.used)),
    )


def _card(
    placed: Placed,
    reference: Reference,
    read: PatchReadings,
    differences: list[float | NotMeasured],
    fault: str,
) -> Card:
    patches = tuple(
        CardPatch(
            name=name,
            corners=placed.quads[row],
            measured=_triple(read.means[row]),
            reference=_triple(reference.colours[row]),
            de00=differences[row],
        )
        for row, name in enumerate(reference.names)
    )
    return Card(
        placed.kind,
        placed.outline,
        patches,
        placed.tilt_deg,
        placed.mtf50,
        reference.nominal,
        fault,
    )


def _triple(values: Matrix) -> tuple[float, float, float]:
    red, green, blue = (float(v) for v in values)
    return red, green, blue


def corrected(photo: CalibratedPhoto) -> CalibratedPhoto:
    """A photo whose way to linear light holds its colour model."""
    colour, stored = photo.colour, photo.photo.to_linear
    if colour.kind == "none":
        return replace(photo, to_linear=stored)
    curves = apply_tone(stored.curves, colour.tone).astype(np.float32)
    matrix = colour.matrix @ stored.matrix if colour.kind == "grey" else colour.matrix
    return replace(photo, to_linear=ToLinear(curves, matrix, f"{stored.name}, {colour.kind}"))
