"""Skin tone of a pair: what the calibrated before photograph says of it."""

from __future__ import annotations

from dermadelta.domain import NotMeasured, PairResult, Role
from dermadelta.kernels.colour import ita_class
from dermadelta.reporting.numbers import fixed, with_unit

_ITA = "ita"


def tone_angle(result: PairResult) -> float | None:
    """Individual typology angle before, degrees; None where colours are not absolute."""
    for reading in result.readings:
        if reading.measure == _ITA and reading.role is Role.BEFORE:
            return None if isinstance(reading.value, NotMeasured) else reading.value
    return None


def tone_class(result: PairResult) -> str:
    """Class of that angle (Del Bino and Bernerd 2013); empty where it is not known."""
    angle = tone_angle(result)
    return "" if angle is None else ita_class(angle)


def tone_line(result: PairResult) -> str:
    """Class and angle in words; empty where they are not known."""
    angle = tone_angle(result)
    if angle is None:
        return ""
    words = tone_class(result).replace("_", " ")
    return f"{words} ({with_unit(fixed(angle, 0), '°')})"
