"""From an estimate to a plain sentence: what changed, by how much, how sure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from dermadelta.domain import (
    Estimate,
    Interval,
    Measure,
    NotMeasured,
    PairResult,
    PairStatus,
    Verdict,
)
from dermadelta.reporting.numbers import decimals_for, fixed, with_unit
from dermadelta.reporting.strings import TEXT, TOPICS, WORDS, region_name

CHANGED = frozenset({Verdict.IMPROVED, Verdict.WORSENED, Verdict.INCREASED, Verdict.DECREASED})


MOST_PER_CENT: Final = 1000.0
"""A larger end of an interval says only that nothing is known."""


@dataclass(frozen=True)
class Reported:
    """A change as it is shown: per cent for ratio measures, else the measure's unit.

    ``sdc_down`` and ``sdc_up`` are the smallest detectable decrease and increase, both positive.
    """

    interval: Interval
    unit: str
    sdc_down: float | None
    sdc_up: float | None

    @property
    def sdc(self) -> float | None:
        """The one of the direction in which the change went."""
        return self.sdc_up if self.interval.value > 0 else self.sdc_down

    @property
    def decimals(self) -> int:
        """Decimals that the width of the interval justifies."""
        return decimals_for(self.interval)

    def amount(self, value: float, *, signed: bool = True) -> str:
        """Write a value with the shared decimals, with its unit."""
        if self.unit == "%" and value > MOST_PER_CENT:
            most = fixed(MOST_PER_CENT, 0, signed=signed)
            return with_unit(TEXT.more_than.format(most), self.unit)
        return with_unit(fixed(value, self.decimals, signed=signed), self.unit)


def reported(estimate: Estimate, measure: Measure | None) -> Reported | None:
    """Return the change to show, or None where none was measured."""
    sdc = None if isinstance(estimate.sdc, NotMeasured) else estimate.sdc
    if isinstance(estimate.change_pct, Interval):
        return Reported(estimate.change_pct, "%", sdc, _upward(sdc))
    if isinstance(estimate.change, NotMeasured):
        return None
    if measure is not None and measure.change == "ratio":
        # Its sdc is in per cent, the change is not: they cannot be held against each other.
        return Reported(estimate.change, estimate.unit, None, None)
    return Reported(estimate.change, estimate.unit, sdc, sdc)


def _upward(sdc: float | None) -> float | None:
    """Turn the smallest detectable decrease in per cent into the increase of the same ratio."""
    if sdc is None or sdc >= 100.0:
        return None
    return 100.0 * math.expm1(-math.log1p(-sdc / 100.0))


def title(name: str, measures: Mapping[str, Measure]) -> str:
    """Return the title of a measure; its name where it is not installed."""
    return measures[name].title if name in measures else name.replace("_", " ")


def topic(name: str, measures: Mapping[str, Measure]) -> str:
    """Return what a measure is about, as it stands inside a sentence."""
    return TOPICS.get(name) or _lower_first(title(name, measures))


def _lower_first(text: str) -> str:
    """Start in lower case, but leave abbreviations alone."""
    return text if len(text) > 1 and text[1].isupper() else text[:1].lower() + text[1:]


def short_title(name: str, measures: Mapping[str, Measure]) -> str:
    """Return what a measure is about, as a heading."""
    text = topic(name, measures)
    return text[:1].upper() + text[1:]


def change_sentence(
    name: str, shown: Reported, measures: Mapping[str, Measure], *, interval: bool = True
) -> str:
    """Say a change with its interval: "Texture 18 % smoother (95 % interval 9 to 26 %)"."""
    value = shown.interval.value
    amount = shown.amount(abs(value), signed=False)
    if name in WORDS:
        words = WORDS[name]
        head = f"{words.noun} {amount} {words.higher if value > 0 else words.lower}"
    else:
        pattern = TEXT.increased_by if value > 0 else TEXT.decreased_by
        head = pattern.format(title(name, measures), amount)
    return f"{head} {interval_words(shown)}" if interval else head


def interval_words(shown: Reported) -> str:
    """Say the interval in the direction of the change; with signs when it includes zero."""
    low, high = shown.interval.low, shown.interval.high
    if low > 0 or high < 0:
        low, high = sorted((abs(low), abs(high)))
        return TEXT.interval_in.format(fixed(low, shown.decimals), shown.amount(high, signed=False))
    return TEXT.interval_in.format(fixed(low, shown.decimals, signed=True), shown.amount(high))


def sureness(estimate: Estimate, shown: Reported) -> str:
    """Hold a change against what the photographs could have shown at all."""
    limit = shown.sdc
    if estimate.verdict in CHANGED:
        if limit is None:
            return ""
        return TEXT.above_sdc.format(shown.amount(limit, signed=False))
    low, high = shown.interval.low, shown.interval.high
    parts = [TEXT.interval_zero if low <= 0 <= high else TEXT.interval_clear]
    if limit is not None:
        parts.append(TEXT.below_sdc.format(shown.amount(limit, signed=False)))
    return " ".join(parts)


def headline(result: PairResult, measures: Mapping[str, Measure], *, intervals: bool = True) -> str:
    """Say the whole pair in one sentence: what changed among the primary measures."""
    if result.status is PairStatus.REFUSED:
        return TEXT.not_compared
    if result.status is PairStatus.FAILED:
        return TEXT.failed
    primary = [e for e in result.estimates if e.primary]
    shown = [(e, r) for e in primary if (r := reported(e, measures.get(e.measure))) is not None]
    changed = [(e, r) for e, r in shown if e.verdict in CHANGED]
    if changed:
        several = len({e.region for e in primary}) > 1
        sentences: list[str] = []
        for estimate, change in changed:
            said = change_sentence(estimate.measure, change, measures, interval=intervals)
            said = said if not sentences else _lower_first(said)
            place = TEXT.in_region.format(region_name(estimate.region), said)
            sentences.append(place if several else said)
        text = "; ".join(sentences)
        return text[:1].upper() + text[1:]
    if shown:
        topics = dict.fromkeys(topic(e.measure, measures) for e, _ in shown)
        return TEXT.no_change_in.format(enumerate_words(list(topics)))
    return TEXT.no_primary if any_read(result) else TEXT.nothing_read


def any_read(result: PairResult) -> bool:
    """Tell whether any estimate of a pair has a verdict on a change."""
    return any(e.verdict is not Verdict.NOT_MEASURED for e in result.estimates)


def enumerate_words(words: Sequence[str]) -> str:
    """Join words as in a sentence: "a, b or c"."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} or {words[-1]}"
