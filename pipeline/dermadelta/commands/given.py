"""What a person gives for lone photographs, held against what it may be."""

from __future__ import annotations

from dermadelta.batch.manifest import possible_scale
from dermadelta.domain import TreatedArea
from dermadelta.errors import UsageError


def treated_area_named(name: str) -> TreatedArea:
    """Where the treatment went, by its name.

    Raises
    ------
    UsageError
        No such name. Remedy: in the message.
    """
    try:
        return TreatedArea(name)
    except ValueError:
        remedy = f"Choose among: {', '.join(TreatedArea)}."
        raise UsageError(f"unknown treated area {name!r}", remedy=remedy) from None


def check_scale(mm_per_px: float | None) -> None:
    """Refuse a scale that no photograph of skin has; None is none.

    Raises
    ------
    UsageError
        Not above 0 and below 10 mm per pixel. Remedy: in the message.
    """
    if mm_per_px is None:
        return
    try:
        possible_scale(mm_per_px)
    except ValueError as fault:
        remedy = "Give the width of a pixel on the skin, such as 0.05."
        raise UsageError(str(fault), remedy=remedy) from None
