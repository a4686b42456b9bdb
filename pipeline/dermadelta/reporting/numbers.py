"""Numbers as people read them: few digits, a real minus sign, the unit kept on the line."""

from __future__ import annotations

import math

from dermadelta.domain import Interval
from dermadelta.reporting.strings import NBSP

MINUS = "\N{MINUS SIGN}"
UNITLESS = frozenset({"", "1"})


def fixed(value: float, decimals: int, *, signed: bool = False) -> str:
    """Write with so many decimals; a rounded zero has no sign."""
    text = f"{abs(value):.{decimals}f}"
    if float(text) == 0.0:
        return text
    return (MINUS if value < 0 else "+" if signed else "") + text


def significant(value: float, digits: int = 3) -> str:
    """Write with so many significant digits, without exponents in the usual range."""
    if not math.isfinite(value):
        return "∞" if value > 0 else f"{MINUS}∞"
    if value == 0:
        return "0"
    magnitude = math.floor(math.log10(abs(value)))
    if -5 <= magnitude <= 6:
        return fixed(value, max(0, digits - 1 - magnitude))
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    return f"{mantissa.replace('-', MINUS)} × 10^{int(exponent)}".replace("^-", f"^{MINUS}")


def trimmed(value: float, digits: int = 3) -> str:
    """Write with at most so many significant digits, without zeros at the end."""
    text = significant(value, digits)
    return text.rstrip("0").rstrip(".") if "." in text and "×" not in text else text


def decimals_for(interval: Interval) -> int:
    """Return the decimals that the width of an interval justifies."""
    half = (interval.high - interval.low) / 2.0
    if not math.isfinite(half) or half <= 0:
        return 1
    return min(6, max(0, -math.floor(math.log10(half / 2.0))))


def with_unit(text: str, unit: str) -> str:
    """Put the unit after a number; a bare ratio has none."""
    return text if unit in UNITLESS else f"{text}{NBSP}{unit}"
