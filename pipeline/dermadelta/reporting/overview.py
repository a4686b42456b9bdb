"""What the page of a whole run shows: counts, a row per pair, the summary, unused photographs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from dermadelta.domain import Interval, Measure, NotMeasured, PairResult, PairStatus, PhotoRecord
from dermadelta.reporting.facts import timing
from dermadelta.reporting.numbers import fixed, with_unit
from dermadelta.reporting.pictures import thumbnail
from dermadelta.reporting.sentences import Reported, headline, reported, topic
from dermadelta.reporting.strings import RUN_FACTS, STATUSES, TEXT, day, region_name, spoken
from dermadelta.reporting.tables import build_tables
from dermadelta.reporting.views import ChangeView, axis_limits, change_view, remedies

FILES: Final = (
    *("results.xlsx", "changes.csv", "pairs.csv", "gates.csv", "calibrations.csv"),
    *("matches.csv", "readings.csv", "photos.csv"),
    *("summary.csv", "repeatability.csv", "repeatability.html", "data_dictionary.csv", "run.json"),
)


_NESTED: Final = frozenset({"versions", "libraries"})


@dataclass(frozen=True)
class PairRow:
    """One pair in the list; ``keys`` are the numbers by which the list can be sorted."""

    pair_id: str
    href: str
    subject: str
    place: str
    dates: str
    timing: str
    status: str
    status_word: str
    headline: str
    before: str
    after: str
    primary: tuple[ChangeView, ...]
    missing: tuple[ChangeView, ...]
    reasons: tuple[str, ...]
    remedies: tuple[str, ...]
    search: str
    date_key: str
    keys: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class SummaryRow:
    """One line of the summary."""

    title: str
    region: str
    sessions: str
    n: int
    n_refused: int
    mean: str
    mean_interval: str
    median: str
    median_interval: str
    responders: str
    reason: str
    detail: bool


def run_view(
    results: Sequence[PairResult],
    photos: Sequence[PhotoRecord],
    run_info: Mapping[str, Any],
    out: Path,
    measures: Mapping[str, Measure],
) -> dict[str, Any]:
    """Return everything that the template of the run page names."""
    ordered = sorted(results, key=lambda r: (r.pair.subject_id, r.pair.site, r.pair.view,
                                             r.pair.after_date, r.pair.pair_id))  # fmt: skip
    primary = [n for n in measures if any(e.primary and e.measure == n
                                          for r in results for e in r.estimates)]  # fmt: skip
    limits = _limits(ordered, measures)
    summary = _summary(ordered, measures)
    return {
        "counts": {s.value: sum(r.status is s for r in results) for s in PairStatus},
        "n_pairs": len(ordered),
        "n_photos": len(photos),
        "n_accepted": sum(record.quality.accepted for record in photos),
        "rows": [_row(result, out, measures, primary, limits) for result in ordered],
        "sortable": [(name, topic(name, measures)) for name in primary],
        "several_regions": len({row.region for row in summary}) > 1,
        "statuses": [(s.value, STATUSES[s.value]) for s in PairStatus],
        "summary": tuple(row for row in summary if not row.detail),
        "summary_detail": tuple(row for row in summary if row.detail),
        "unused": _unused(photos),
        "files": FILES,
        "facts": run_facts(run_info),
        "notes": tuple(str(note) for note in run_info.get("notes", ())),
    }


def run_facts(run_info: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Pick what is worth showing from the run's record, one level deep.

    Parameters
    ----------
    run_info : mapping
        As in ``run.json``.

    Returns
    -------
    tuple of (str, str)
        Title and value of each; only what is the same for two equal runs.
    """
    flat: dict[str, str] = {}
    for key, value in run_info.items():
        inner = value.items() if isinstance(value, Mapping) and key in _NESTED else [(key, value)]
        for name, item in inner:
            if name in RUN_FACTS and isinstance(item, str | int) and str(item):
                flat.setdefault(RUN_FACTS[name], str(item))
    return tuple(flat.items())


def _limits(
    results: Sequence[PairResult], measures: Mapping[str, Measure]
) -> dict[tuple[str, str], float]:
    """One axis per measure over all pairs, so that rows can be compared by eye."""
    primary = [e for result in results for e in result.estimates if e.primary]
    return axis_limits([(e.measure, reported(e, measures.get(e.measure))) for e in primary])


def _row(
    result: PairResult,
    out: Path,
    measures: Mapping[str, Measure],
    primary: Sequence[str],
    limits: Mapping[tuple[str, str], float],
) -> PairRow:
    pair = result.pair
    folder = out / "pairs" / pair.pair_id
    names = {kind: Path(name).name for name, kind, _ in result.pictures}
    views = [
        change_view(e, reported(e, measures.get(e.measure)), measures, limits)
        for e in sorted(
            (e for e in result.estimates if e.primary),
            key=lambda e: primary.index(e.measure) if e.measure in primary else len(primary),
        )
    ]
    place = " · ".join(spoken(part) for part in (pair.site, pair.view) if part)
    dates = f"{day(pair.before_date)} → {day(pair.after_date)}"
    words = (pair.subject_id, place, dates, pair.pair_id, pair.after_date.isoformat(),
             pair.before_date.isoformat(), STATUSES[result.status.value])  # fmt: skip
    return PairRow(
        pair_id=pair.pair_id,
        href=f"pairs/{quote(pair.pair_id, safe='')}/index.html",
        subject=pair.subject_id,
        place=place,
        dates=dates,
        timing=timing(result),
        status=result.status.value,
        status_word=STATUSES[result.status.value],
        headline=headline(result, measures, intervals=False),
        before=thumbnail(folder / names["before"]) if "before" in names else "",
        after=thumbnail(folder / names["after"]) if "after" in names else "",
        primary=tuple(view for view in views if view.bar is not None),
        missing=tuple(view for view in views if view.bar is None),
        reasons=result.reasons,
        remedies=remedies(result),
        search=" ".join(words).replace("\N{NO-BREAK SPACE}", " ").lower(),
        date_key=pair.after_date.isoformat(),
        keys=tuple((name, _improvement(result, name, measures)) for name in primary),
    )


def _improvement(result: PairResult, name: str, measures: Mapping[str, Measure]) -> str:
    """Return a number that grows with improvement; empty where there is none."""
    for estimate in result.estimates:
        if estimate.measure == name and estimate.primary:
            shown = reported(estimate, measures.get(name))
            if shown is None or not math.isfinite(shown.interval.value):
                return ""
            sign = 1.0 if name in measures and measures[name].better == "higher" else -1.0
            return f"{sign * shown.interval.value:.6g}"
    return ""


# ------------------------------------------------------------------------------ summary


def _summary(
    results: Sequence[PairResult], measures: Mapping[str, Measure]
) -> tuple[SummaryRow, ...]:
    frame = build_tables(results, (), tuple(measures.values()))["summary"]
    return tuple(_summary_row(row, measures) for row in frame.to_dict("records") if row["n"] > 0)


def _summary_row(row: Mapping[Any, Any], measures: Mapping[str, Measure]) -> SummaryRow:
    mean, mean_interval = _located(row, "mean_change")
    median, median_interval = _located(row, "median_change")
    name = str(row["measure"])
    return SummaryRow(
        title=measures[name].title if name in measures else name,
        region=region_name(str(row["region"])),
        sessions=_whole(row["sessions"]),
        n=int(row["n"]),
        n_refused=int(row["n_refused"]),
        mean=mean,
        mean_interval=mean_interval,
        median=median,
        median_interval=median_interval,
        responders=_whole(row["responders"]),
        reason=str(row["reason"]).replace(" | ", " "),
        detail=name in measures and measures[name].detail,
    )


def _whole(value: Any) -> str:
    return str(int(value)) if isinstance(value, int | float) and math.isfinite(value) else ""


def _located(row: Mapping[Any, Any], name: str) -> tuple[str, str]:
    value, low, high = (float(row[name + end]) for end in ("", "_low", "_high"))
    if math.isnan(value):
        return "", ""
    unit = str(row["change_unit"])
    if math.isnan(low):
        return with_unit(fixed(value, _decimals(value), signed=True), unit), ""
    shown = Reported(Interval(value, low, high), unit, None, None)
    interval = TEXT.range.format(fixed(low, shown.decimals, signed=True), shown.amount(high))
    return shown.amount(value), interval


def _decimals(value: float) -> int:
    """Two significant digits, at least one decimal, for a value whose spread nobody knows."""
    if value == 0.0 or not math.isfinite(value):
        return 1
    return min(6, max(1, 1 - math.floor(math.log10(abs(value)))))


# ------------------------------------------------------------------- photographs, facts


def _unused(photos: Sequence[PhotoRecord]) -> tuple[tuple[str, str, tuple[str, ...]], ...]:
    found = []
    for record in sorted(photos, key=lambda p: p.ref.shown_path):
        reasons = list(record.quality.reasons)
        if isinstance(record.metadata, NotMeasured):
            reasons.append(record.metadata.reason)
        if record.counted_as:
            reasons.append(TEXT.counted_as.format(record.counted_as))
        if not record.quality.accepted or not record.readable or record.counted_as:
            name = record.ref.shown_path
            found.append((name, day(record.ref.visit_date), tuple(dict.fromkeys(reasons))))
    return tuple(found)
