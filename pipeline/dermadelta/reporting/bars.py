"""Geometry of the small interval bars: from a change to positions in per cent of their width."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from dermadelta.reporting.numbers import significant, with_unit
from dermadelta.reporting.sentences import Reported
from dermadelta.reporting.strings import TEXT

HALF: Final = 47.0
MAX_PER_CENT: Final = 100.0
_STEPS: Final = (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.5, 10.0)


@dataclass(frozen=True)
class Bar:
    """Positions along the bar in per cent of its width; 50 is no change.

    ``open_low`` and ``open_high`` say that the interval goes on beyond the axis.
    """

    low: float
    value: float
    high: float
    band_low: float | None
    band_high: float | None
    open_low: bool
    open_high: bool
    label_low: str
    label_high: str
    alt: str


def axis_limit(changes: Iterable[Reported]) -> float:
    """Return a round number that all intervals and bands of one unit fit in.

    An axis of per cent ends at 100 %: one wild interval must not flatten all others.
    """
    extent = 0.0
    unit = ""
    for shown in changes:
        unit = shown.unit
        numbers = (shown.interval.low, shown.interval.high, shown.sdc_down, shown.sdc_up)
        finite = [abs(n) for n in numbers if n is not None and math.isfinite(n)]
        extent = max(extent, *finite, 0.0)
    limit = _round_up(extent)
    return min(limit, MAX_PER_CENT) if unit == "%" else limit


def _round_up(extent: float) -> float:
    if extent <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(extent))
    return next(step * power for step in _STEPS if step * power >= extent * (1 - 1e-9))


def bar(shown: Reported, limit: float) -> Bar:
    """Lay out one change on an axis from ``-limit`` to ``+limit``."""
    interval = shown.interval
    low, high = shown.amount(interval.low), shown.amount(interval.high)
    alt = TEXT.bar_alt.format(shown.amount(interval.value), low, high)
    if shown.sdc is not None:
        alt += TEXT.bar_alt_sdc.format(shown.amount(shown.sdc, signed=False))
    return Bar(
        low=_place(interval.low, limit),
        value=_place(interval.value, limit),
        high=_place(interval.high, limit),
        band_low=None if shown.sdc_down is None else _place(-shown.sdc_down, limit),
        band_high=None if shown.sdc_up is None else _place(shown.sdc_up, limit),
        open_low=interval.low < -limit,
        open_high=interval.high > limit,
        label_low=f"−{_tick(limit)}",
        label_high=with_unit(f"+{_tick(limit)}", shown.unit),
        alt=alt,
    )


def _tick(limit: float) -> str:
    return significant(limit, 2) if limit < 10 else f"{limit:g}"


def _place(value: float, limit: float) -> float:
    inside = min(max(value, -limit), limit)
    return round(50.0 + HALF * inside / limit, 2)
