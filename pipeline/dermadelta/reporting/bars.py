"""Geometry of the small interval bars: from a change to positions in per cent of their width."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from dermadelta.reporting.numbers import significant, with_unit
from dermadelta.reporting.sentences import Reported
from dermadelta.reporting.strings import TEXT

HALF: Final = 47.0
MAX_PER_CENT: Final = 100.0
USUAL_SHARE: Final = 0.9
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


_SHORT: Final = 5
"""Longer units would run into the 0 of the axis; they stand beside every number of the row."""


def axis_limit(changes: Sequence[Reported]) -> float:
    """Return a round number for the end of the axis that changes of one unit share.

    All changes fit, and so do the bands and intervals of most: few wild ones are drawn as open
    and must not flatten the others. An axis of per cent ends at 100 %.
    """
    values = [abs(shown.interval.value) for shown in changes]
    extents = sorted(_extent(shown) for shown in changes)
    usual = extents[math.ceil(USUAL_SHARE * len(extents)) - 1] if extents else 0.0
    limit = _round_up(max([usual, *(value for value in values if math.isfinite(value))]))
    per_cent = any(shown.unit == "%" for shown in changes)
    return min(limit, MAX_PER_CENT) if per_cent else limit


def _extent(shown: Reported) -> float:
    numbers = (shown.interval.low, shown.interval.high, shown.sdc_down, shown.sdc_up)
    return max((abs(n) for n in numbers if n is not None and math.isfinite(n)), default=0.0)


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
        label_high=with_unit(f"+{_tick(limit)}", shown.unit if len(shown.unit) <= _SHORT else ""),
        alt=alt,
    )


def _tick(limit: float) -> str:
    return significant(limit, 2) if limit < 10 else f"{limit:g}"


def _place(value: float, limit: float) -> float:
    inside = min(max(value, -limit), limit)
    return round(50.0 + HALF * inside / limit, 2)
