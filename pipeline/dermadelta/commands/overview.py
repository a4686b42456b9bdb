"""Results as short rows of text, for a screen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dermadelta.commands.measures import MeasureDetails
from dermadelta.domain import Estimate, Measure, NotMeasured, PairResult, PairStatus
from dermadelta.measures import ALL
from dermadelta.reporting.catalogue import measures_by_name
from dermadelta.reporting.numbers import fixed, significant, with_unit
from dermadelta.reporting.sentences import headline, reported, title
from dermadelta.reporting.strings import VERDICTS


@dataclass(frozen=True)
class Rows:
    """A table of text: column titles, and rows of as many cells."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def pair_rows(results: Sequence[PairResult]) -> Rows:
    """One row per pair: its name, its status, and the result or the reason in a sentence."""
    measures = measures_by_name(ALL)
    return Rows(
        ("Pair", "Status", "Result"),
        tuple((r.pair.pair_id, r.status.value, _result(r, measures)) for r in results),
    )


def change_rows(result: PairResult) -> Rows:
    """One row per measure and region of a pair: before, after, change, interval, verdict."""
    measures = measures_by_name(ALL)
    return Rows(
        ("Measure", "Region", "Before", "After", "Change", "95 % interval", "Verdict"),
        tuple(_change_row(estimate, measures) for estimate in result.estimates),
    )


def measure_rows(catalogue: Sequence[Measure]) -> Rows:
    """One row per measure: name, unit, how its change is worked out, what is better, title."""
    return Rows(
        ("Name", "Unit", "Change", "Better", "Needs", "What"),
        tuple(
            (m.name, m.unit, m.change, m.better, ", ".join(sorted(m.needs)) or "–", m.title)
            for m in catalogue
        ),
    )


def count_words(results: Sequence[PairResult], reused: int) -> str:
    """Say how many pairs came to what: "5 pairs: 4 measured, 1 refused, 0 failed"."""
    counts = [f"{sum(r.status is s for r in results)} {s.value}" for s in PairStatus]
    kept = f" ({reused} kept from an earlier run)" if reused else ""
    noun = "pair" if len(results) == 1 else "pairs"
    return f"{len(results)} {noun}: {', '.join(counts)}{kept}"


def details_text(found: MeasureDetails) -> str:
    """Write one measure in full: record, text of its module, settings, references."""
    m = found.measure
    parts = [
        f"{m.name}: {m.title}",
        f"unit: {m.unit}; change: {m.change}; better: {m.better}; version: {m.version}; "
        f"needs: {', '.join(sorted(m.needs)) or 'nothing'}",
        found.text,
        "Settings\n--------",
        "\n".join(f"{key} = {default}\n    {text}" for key, default, text in found.settings),
        "References\n----------\n" + "\n".join(m.references),
    ]
    return "\n\n".join(parts)


def _result(result: PairResult, measures: Mapping[str, Measure]) -> str:
    if result.status is PairStatus.MEASURED:
        return headline(result, measures)
    return "; ".join(result.reasons) or headline(result, measures)


def _change_row(estimate: Estimate, measures: Mapping[str, Measure]) -> tuple[str, ...]:
    name = title(estimate.measure, measures)
    before, after = (_value(v, estimate.unit) for v in (estimate.before, estimate.after))
    shown = reported(estimate, measures.get(estimate.measure))
    if shown is None:
        change, interval = "–", "–"
        verdict = f"{VERDICTS[estimate.verdict.value]}: {estimate.reason}"
    else:
        change = shown.amount(shown.interval.value)
        low = fixed(shown.interval.low, shown.decimals, signed=True)
        interval = f"{low} to {shown.amount(shown.interval.high)}"
        verdict = VERDICTS[estimate.verdict.value]
    return (name, estimate.region, before, after, change, interval, verdict)


def _value(value: float | NotMeasured, unit: str) -> str:
    return "–" if isinstance(value, NotMeasured) else with_unit(significant(value), unit)
