"""What the pair page shows, laid out in plain values; the template only places them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from dermadelta.domain import (
    Check,
    CheckVerdict,
    Estimate,
    Measure,
    NotMeasured,
    PairResult,
    PairStatus,
)
from dermadelta.reporting.bars import Bar, axis_limit, bar
from dermadelta.reporting.matches import match_sentences
from dermadelta.reporting.numbers import fixed, significant, trimmed, with_unit
from dermadelta.reporting.sentences import (
    Reported,
    change_sentence,
    reported,
    short_title,
    sureness,
    title,
)
from dermadelta.reporting.strings import (
    BIAS,
    CHECK_VERDICTS,
    REFERENCES,
    TEXT,
    VERDICTS,
    check_name,
    region_name,
    spoken,
)

Measures = Mapping[str, Measure]
CHECK_DECIMALS: Final = 3
"""Checks are held against limits of two or three digits: more would be noise."""

LONG_UNIT: Final = 5
"""Longer units of measures stand once beside the title instead of with every number."""

SHORT_UNIT: Final = 4
"""Longer units of checks are phrases and stand on a line of their own."""


REMARKABLE_BIAS: Final = 0.25
"""Smaller parts of the bias index lie within what any two photographs differ by."""


@dataclass(frozen=True)
class ChangeView:
    """One estimate as a row or card.

    ``unit`` is not empty where it is so long that it stands once beside the title, and not with
    every number of the row; ``amount`` is the change with its unit in any case. ``found`` says
    how many of the counted things were found again.
    """

    measure: str
    title: str
    short: str
    note: str
    region: str
    primary: bool
    unit: str
    before: str
    after: str
    change: str
    amount: str
    interval: str
    sentence: str
    sureness: str
    bar: Bar | None
    sdc: str
    verdict: str
    verdict_word: str
    made: str
    found: str
    reason: str


@dataclass(frozen=True)
class CheckView:
    """One gate or check as a row."""

    title: str
    value: str
    unit: str
    limit: str
    verdict: str
    verdict_word: str
    remark: str
    consequence: str


def change_views(result: PairResult, measures: Measures) -> tuple[ChangeView, ...]:
    """Return all estimates in catalogue order, measured ones with bars on one axis per measure."""
    order = {name: number for number, name in enumerate(measures)}
    regions = [region.name for region in result.regions]

    def position(estimate: Estimate) -> tuple[int, int, str, str]:
        place = regions.index(estimate.region) if estimate.region in regions else len(regions)
        number = order.get(estimate.measure, len(order))
        return (place, number, estimate.region, estimate.measure)

    estimates = sorted(result.estimates, key=position)
    changes = [(e.measure, reported(e, measures.get(e.measure))) for e in estimates]
    limits = axis_limits(changes)
    found = match_sentences(result, measures)
    return tuple(
        replace(
            change_view(estimate, shown, measures, limits),
            found=found.get((estimate.region, estimate.measure), ""),
        )
        for estimate, (_, shown) in zip(estimates, changes, strict=True)
    )


def axis_limits(changes: Sequence[tuple[str, Reported | None]]) -> dict[tuple[str, str], float]:
    """Return one axis limit for each measure and unit, shared by all its regions and pairs."""
    groups: dict[tuple[str, str], list[Reported]] = {}
    for name, shown in changes:
        if shown is not None:
            groups.setdefault((name, shown.unit), []).append(shown)
    return {key: axis_limit(group) for key, group in groups.items()}


def change_view(
    estimate: Estimate,
    shown: Reported | None,
    measures: Measures,
    limits: Mapping[tuple[str, str], float],
) -> ChangeView:
    """Put one estimate into words, with a bar where a change was measured."""
    name = estimate.measure
    long = estimate.unit if len(estimate.unit) > LONG_UNIT else ""
    unit = "" if long else estimate.unit
    row = replace(shown, unit=unit) if shown and long and shown.unit == long else shown
    return ChangeView(
        measure=name,
        title=title(name, measures),
        short=short_title(name, measures),
        note=_direction(measures.get(name)),
        region=region_name(estimate.region),
        primary=estimate.primary,
        unit=long,
        before=_reading(estimate.before, unit),
        after=_reading(estimate.after, unit),
        change=row.amount(row.interval.value) if row else "",
        amount=shown.amount(shown.interval.value) if shown else "",
        interval=_interval(row),
        sentence=change_sentence(name, shown, measures) if shown else "",
        sureness=sureness(estimate, shown) if shown else "",
        bar=bar(shown, limits[name, shown.unit]) if shown else None,
        sdc=row.amount(row.sdc, signed=False) if row and row.sdc is not None else "",
        verdict=estimate.verdict.value,
        verdict_word=VERDICTS[estimate.verdict.value],
        made=_made(estimate, row, measures.get(name)),
        found="",
        reason="" if estimate.reason == TEXT.exploratory else estimate.reason,
    )


def _direction(measure: Measure | None) -> str:
    if measure is None or measure.better == "neither":
        return ""
    return TEXT.lower_better if measure.better == "lower" else TEXT.higher_better


def _reading(value: float | NotMeasured, unit: str) -> str:
    return "" if isinstance(value, NotMeasured) else with_unit(significant(value), unit)


def _interval(shown: Reported | None) -> str:
    if shown is None:
        return ""
    low = fixed(shown.interval.low, shown.decimals, signed=True)
    return TEXT.range.format(low, shown.amount(shown.interval.high))


def _made(estimate: Estimate, shown: Reported | None, measure: Measure | None) -> str:
    """Say how untreated skin entered the change; nothing of a measure that has no use for it."""
    plain, corrected = estimate.change_plain, estimate.change_reference
    weight = estimate.reference_weight
    if shown is None or (measure is not None and not measure.uses_reference):
        return ""
    if (
        estimate.reference == "none"
        or isinstance(plain, NotMeasured)
        or isinstance(corrected, NotMeasured)
        or isinstance(weight, NotMeasured)
    ):
        return TEXT.reference_none
    return TEXT.reference_made.format(
        shown.amount(plain),
        REFERENCES[estimate.reference],
        shown.amount(corrected),
        f"{weight:.2f}",
    )


# ----------------------------------------------------------------------------- checks


def check_views(checks: Sequence[Check], measures: Measures) -> tuple[CheckView, ...]:
    """Return all checks, failures first, otherwise in their own order."""
    ordered = sorted(checks, key=lambda check: check.verdict is not CheckVerdict.FAIL)
    return tuple(_check_view(check, measures) for check in ordered)


def _check_view(check: Check, measures: Measures) -> CheckView:
    failed = check.verdict is CheckVerdict.FAIL
    value, unit, remark = "", "", check.remedy
    if isinstance(check.value, NotMeasured):
        remark = remark or check.value.reason
    elif isinstance(check.value, str):
        value = check.value
    else:
        value, unit = trimmed(round(check.value, CHECK_DECIMALS)), check.unit
        if len(unit) <= SHORT_UNIT:
            value, unit = with_unit(value, unit), ""
    return CheckView(
        title=check_name(check.name),
        value=value,
        unit=unit,
        limit=check.limit,
        verdict=check.verdict.value,
        verdict_word=CHECK_VERDICTS[check.verdict.value],
        remark=remark,
        consequence=_consequence(check, measures) if failed else "",
    )


def _consequence(check: Check, measures: Measures) -> str:
    if "*" in check.refuses:
        return TEXT.refuses_all
    if check.refuses:
        return TEXT.refuses_some.format(", ".join(title(n, measures) for n in check.refuses))
    return TEXT.marks


@dataclass(frozen=True)
class BiasView:
    """One part of the bias index as a row."""

    title: str
    value: str
    word: str


def bias_sentence(result: PairResult) -> str:
    """Say whom the photography flatters; empty where nothing could be seen."""
    index = result.bias_index
    if isinstance(index, NotMeasured):
        return ""
    text = TEXT.bias_neutral
    if abs(index) >= REMARKABLE_BIAS:
        text = TEXT.bias_for if index > 0.0 else TEXT.bias_against
    return text.format(fixed(index, 2, signed=True))


def bias_views(result: PairResult) -> tuple[BiasView, ...]:
    """Return the parts of the bias index with what differs."""
    return tuple(_bias_view(name, part) for name, part in result.bias)


def _bias_view(name: str, part: float | NotMeasured) -> BiasView:
    title, flatters, against = BIAS.get(name, (spoken(name).capitalize(), "", ""))
    if isinstance(part, NotMeasured):
        return BiasView(title, "", part.reason)
    word = flatters if part > 0.0 else against
    if abs(part) < REMARKABLE_BIAS or not word:
        word = TEXT.bias_none
    return BiasView(title, fixed(part, 2, signed=True), word)


def remedies(result: PairResult) -> tuple[str, ...]:
    """Return what to do about the gates that stopped the pair, each remedy once."""
    stopping = [g for g in result.gates if g.verdict is CheckVerdict.FAIL and "*" in g.refuses]
    said = " ".join(result.reasons)
    texts = dict.fromkeys(gate.remedy for gate in stopping if gate.remedy)
    return tuple(text for text in texts if text not in said)


def is_measured(result: PairResult) -> bool:
    """Tell whether the pair was compared at all."""
    return result.status is PairStatus.MEASURED
