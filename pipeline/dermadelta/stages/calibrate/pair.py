"""Calibrations of the photographs of one pair: all of them, or none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from dermadelta.domain import CalibratedPhoto, NotMeasured
from dermadelta.stages.calibrate.colour import UNCORRECTED


def alike(
    photos: Sequence[CalibratedPhoto],
) -> tuple[tuple[CalibratedPhoto, ...], tuple[str, ...]]:
    """Correct the colours of all photographs of a pair, or those of none.

    One corrected photo beside one as taken would differ by the correction itself.

    Parameters
    ----------
    photos : sequence of CalibratedPhoto
        Each calibrated on its own.

    Returns
    -------
    photos : tuple of CalibratedPhoto
        As they were where every photo has a target or chart, or every photo a grey card; else
        with their colours as taken.
    remarks : tuple of str
        What the reader should know about objects that are not used.
    """
    kinds = [photo.colour.kind for photo in photos]
    remarks = [_fault(photo) for photo in photos]
    if all(photo.colour.absolute for photo in photos) or len(set(kinds)) == 1:
        return tuple(photos), tuple(text for text in remarks if text)
    absolute = any(photo.colour.absolute for photo in photos)
    lacking = next(p for p in photos if not (p.colour.absolute if absolute else _corrected(p)))
    remarks.append(
        f"colours are not corrected: {lacking.photo.ref.photo_id} has no usable"
        f" {_NAMES[_best(kinds)]}, and one corrected photo cannot be held against one as taken"
    )
    as_taken = tuple(
        replace(photo, colour=UNCORRECTED, to_linear=photo.photo.to_linear) for photo in photos
    )
    return as_taken, tuple(text for text in remarks if text)


_NAMES = {"target": "target card", "chart": "colour chart", "grey": "grey card"}


def _best(kinds: Sequence[str]) -> str:
    return next(kind for kind in _NAMES if kind in kinds)


def _corrected(photo: CalibratedPhoto) -> bool:
    return photo.colour.kind != "none"


def _fault(photo: CalibratedPhoto) -> str:
    card = photo.card
    if isinstance(card, NotMeasured) or not card.fault:
        return ""
    return f"the {_NAMES[card.kind]} in {photo.photo.ref.photo_id} gives no colours: {card.fault}"
