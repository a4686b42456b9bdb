"""Calibrations of the photographs of one pair: all of them, or none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from dermadelta.domain import CalibratedPhoto, NotMeasured, Role
from dermadelta.stages.calibrate.colour import UNCORRECTED


def alike(
    photos: Sequence[tuple[Role, CalibratedPhoto]],
) -> tuple[list[CalibratedPhoto | None], list[str]]:
    """Correct the colours of all photographs of a pair, or those of none.

    One corrected photo beside one as taken would differ by the correction itself.

    Parameters
    ----------
    photos : sequence of (Role, CalibratedPhoto)
        Each calibrated on its own, the first before photo leading.

    Returns
    -------
    photos : list of CalibratedPhoto or None
        As they were where every photo has a target or chart, or every photo a grey card; else
        with their colours as taken. A repeat must make a visit steadier, not spoil it: where the
        first photo and one of the other side are corrected, those that are not are None, left out.
    remarks : list of str
        What the reader should know about objects that are not used.
    """
    remarks = [_fault(photo) for _, photo in photos]
    corrected = [(role, photo) for role, photo in photos if photo.colour.absolute]
    kept: list[CalibratedPhoto | None]
    if photos[0][1].colour.absolute and {role for role, _ in corrected} == set(Role):
        kept = [photo if photo.colour.absolute else None for _, photo in photos]
        remarks += [_left_out(photo) for _, photo in photos if not photo.colour.absolute]
        remarks += [_AS_PRINTED] * any(_nominal(photo) for _, photo in corrected)
    elif len({photo.colour.kind for _, photo in photos}) == 1:
        kept = [photo for _, photo in photos]
    else:
        kept = [_as_taken(photo) for _, photo in photos]
        remarks.append(_not_corrected([photo for _, photo in photos]))
    return kept, [text for text in remarks if text]


def _as_taken(photo: CalibratedPhoto) -> CalibratedPhoto:
    return replace(photo, colour=UNCORRECTED, to_linear=photo.photo.to_linear)


def _left_out(photo: CalibratedPhoto) -> str:
    return (
        f"{photo.photo.ref.photo_id} is left out: no card or chart in it can be used, and the other"
        " photographs are corrected by theirs"
    )


def _not_corrected(photos: Sequence[CalibratedPhoto]) -> str:
    """Which photo is to blame that no colours are corrected."""
    absolute = any(photo.colour.absolute for photo in photos)
    lacking = next(p for p in photos if not (p.colour.absolute if absolute else _corrected(p)))
    return (
        f"colours are not corrected: {lacking.photo.ref.photo_id} has no usable"
        f" {_NAMES[_best([p.colour.kind for p in photos])]}, and one corrected photo cannot be held"
        " against one as taken"
    )


_AS_PRINTED = (
    "the colours of the target card are those it was designed with: absolute colours, such as the"
    " angle of tone, are as good as its print until it is measured (calibrate.target_values)"
)
_NAMES = {"target": "target card", "chart": "colour chart", "grey": "grey card"}


def _best(kinds: Sequence[str]) -> str:
    return next(kind for kind in _NAMES if kind in kinds)


def _nominal(photo: CalibratedPhoto) -> bool:
    """Whether a photo is corrected by a printed card that nobody has measured."""
    card = photo.card
    return not isinstance(card, NotMeasured) and card.kind == "target" and card.nominal


def _corrected(photo: CalibratedPhoto) -> bool:
    return photo.colour.kind != "none"


def _fault(photo: CalibratedPhoto) -> str:
    card = photo.card
    if isinstance(card, NotMeasured) or not card.fault:
        return ""
    return f"the {_NAMES[card.kind]} in {photo.photo.ref.photo_id} gives no colours: {card.fault}"
