"""The page on repeatability: what a clinic's own repeat photographs say, in plain sentences."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from dermadelta.domain import Interval, Matrix, Measure
from dermadelta.kernels.agreement import log_change_pct, smallest_detectable_change, variation_pct
from dermadelta.reporting.catalogue import INSTALLED, measures_by_name
from dermadelta.reporting.html import RUN_PAGE, render_page
from dermadelta.reporting.numbers import decimals_for, fixed, with_unit
from dermadelta.reporting.overview import run_facts
from dermadelta.reporting.plots import bland_altman_figure
from dermadelta.reporting.sentences import short_title, title
from dermadelta.reporting.strings import region_name

Points = Mapping[tuple[str, str, str], tuple[Matrix, Matrix]]
"""First and second reading of each visit, by measure, region and basis."""

Row = Mapping[str, Any]

FEW: Final = 10
"""Fewer degrees of freedom leave an SD uncertain by more than about -30 to +75 %."""


@dataclass(frozen=True)
class Wording:
    """Every text of this page."""

    page: str = "Repeatability"
    back: str = "All pairs"
    headline: str = "{} of {} with repeat photographs"
    headline_none: str = "No visit with repeat photographs"
    visit: str = "visit"
    visits: str = "visits"
    subject: str = "person"
    subjects: str = "people"
    photos: str = "photographs"
    intro: str = (
        "Photographs of the same skin on the same day should give the same number. How far they "
        "do not is the smallest change that can be told here."
    )
    differ: str = (
        "Two photographs of the same skin on the same day differ by up to {} in 95 of 100 cases; "
        "a single change must exceed {} to be detectable here."
    )
    up_or_down: str = "{} upwards or {} downwards"
    rests_on: str = "From {}. The true limit lies between {} and {} (95 % interval)."
    few: str = "That is very few: read this as a first impression."
    plain: str = "The region alone"
    corrected: str = "Corrected by untreated skin on the same photograph"
    plain_short: str = "alone"
    corrected_short: str = "corrected by untreated skin"
    figure: str = "{}: {}"
    times_reference: str = "times untreated skin"
    above_reference: str = "{} above untreated skin"
    table: str = "All figures"
    counts: str = "Photographs / visits / people"
    spread: str = "Within-visit SD"
    icc: str = "ICC(1,1)"
    bias: str = "Bias, second − first"
    limits: str = "Limits of agreement"
    limits_of: str = "95 % interval of each"
    table_note: str = (
        "SD as coefficient of variation for measures in per cent. Every figure with all its "
        "digits stands in repeatability.csv."
    )
    how_to_read: str = "How to read this"
    notes: tuple[str, ...] = (
        "Copies, bursts within two seconds and the twin of another format count once: only "
        "photographs taken anew say something about repeatability.",
        "The smallest detectable change holds for one photograph before against one after. The "
        "mean of several photographs a visit shows smaller changes.",
        "Repeats share the day and its light. Differences between days come on top; the intervals "
        "of the changes in the report weigh these repeats with the general variance model.",
        "The intraclass correlation grows with the differences between people and says little "
        "about a single change.",
        "In the figures: each dot is one visit, its first two photographs. Line: bias. Dashed: "
        "95 % limits of agreement. Grey: their 95 % intervals.",
    )


WORDING: Final = Wording()


@dataclass(frozen=True)
class BasisView:
    """A measure in one region on one basis: a sentence and a figure."""

    basis: str
    sentence: str
    rests_on: str
    reason: str
    figure: str


@dataclass(frozen=True)
class TopicView:
    """A primary measure in one region."""

    title: str
    views: tuple[BasisView, ...]


@dataclass(frozen=True)
class RowView:
    """A row of the table; an empty text where there is no number."""

    title: str
    place: str
    counts: str
    spread: str
    spread_interval: str
    sdc: str
    icc: str
    icc_interval: str
    bias: str
    bias_interval: str
    limits: str
    limits_interval: str
    reason: str
    detail: bool


def repeatability_page(
    table: pd.DataFrame,
    points: Points,
    run_info: Mapping[str, Any],
    *,
    catalogue: Sequence[Measure] = INSTALLED,
    back: str = RUN_PAGE,
) -> str:
    """Make the page on repeatability.

    Parameters
    ----------
    table : DataFrame
        As made by ``study.repeatability.repeatability_table``.
    points : mapping
        As made by ``study.repeatability.repeat_points``; a figure that has none is left out.
    run_info : mapping
        As in ``run.json``. ``config.estimate.primary`` names the measures that get a sentence
        and a figure; all of the table do where it is missing.
    catalogue : sequence of Measure, optional
        Gives titles and units; the installed measures by default.
    back : str, optional
        Where the page of the run lies; empty for no link.

    Returns
    -------
    str
        A whole HTML document with everything inlined, the same for the same input.
    """
    measures = measures_by_name(catalogue)
    rows: list[Row] = [
        {str(name): value for name, value in row.items()} for row in table.to_dict("records")
    ]
    views = [_row_view(row, measures) for row in rows]
    estimate = run_info.get("config", {}).get("estimate", {})
    primary = estimate.get("primary") or [row["measure"] for row in rows]
    return render_page(
        "repeatability",
        w=WORDING,
        back=back,
        headline=_headline(rows),
        topics=_topics([row for row in rows if row["measure"] in primary], points, measures),
        rows=[view for view in views if not view.detail],
        detail=[view for view in views if view.detail],
        facts=run_facts(run_info),
    )


# ------------------------------------------------------------------------------- words


def _headline(rows: Sequence[Row]) -> str:
    best = max(rows, key=lambda row: int(row["n_visits"]), default=None)
    if best is None or int(best["n_visits"]) == 0:
        return WORDING.headline_none
    return WORDING.headline.format(
        _counted(best["n_visits"], WORDING.visit, WORDING.visits),
        _counted(best["n_subjects"], WORDING.subject, WORDING.subjects),
    )


def _counted(count: Any, one: str, many: str) -> str:
    return f"{int(count)} {one if int(count) == 1 else many}"


def _topics(
    rows: Sequence[Row], points: Points, measures: Mapping[str, Measure]
) -> tuple[TopicView, ...]:
    several = len({row["region"] for row in rows}) > 1
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row["measure"], row["region"]), []).append(row)
    return tuple(
        TopicView(
            short_title(name, measures) + (f" · {region_name(region)}" if several else ""),
            tuple(_basis_view(row, points, measures) for row in group),
        )
        for (name, region), group in groups.items()
    )


def _basis_view(row: Row, points: Points, measures: Mapping[str, Measure]) -> BasisView:
    basis = WORDING.corrected if row["basis"] == "corrected" else WORDING.plain
    sentence = rests_on = ""
    if not _missing(row["sdc"]):
        up, down = _sdc_texts(row)
        limit = up if up == down else WORDING.up_or_down.format(up, down)
        sentence = WORDING.differ.format(up, limit)
        low, high = (
            _amount(row, smallest_detectable_change(row[name])) for name in ("s_w_low", "s_w_high")
        )
        photos = f"{int(row['n_photos'])} {WORDING.photos}"
        visits = _counted(row["n_visits"], WORDING.visit, WORDING.visits)
        people = _counted(row["n_subjects"], WORDING.subject, WORDING.subjects)
        rests_on = WORDING.rests_on.format(f"{photos}, {visits}, {people}", low, high)
        if int(row["df"]) < FEW:
            rests_on = f"{rests_on} {WORDING.few}"
    return BasisView(
        basis, sentence, rests_on, row["reason"], _figure(row, points, measures, basis)
    )


def _sdc_texts(row: Row) -> tuple[str, str]:
    """Smallest detectable increase and decrease."""
    if not _is_ratio(row):
        text = _amount(row, row["sdc"])
        return text, text
    return _amount(row, row["sdc"]), with_unit(_digits(row["sdc_pct_down"]), "%")


def _amount(row: Row, change: float) -> str:
    """Write the size of a change of the working domain, upwards for ratio measures."""
    if _is_ratio(row):
        return with_unit(_digits(log_change_pct(change)), "%")
    return with_unit(_digits(change), row["unit"])


def _digits(value: float) -> str:
    """Two significant digits, at least all before the point: an SD is not known better."""
    if value == 0.0 or not math.isfinite(value):
        return fixed(value, 0)
    return fixed(value, max(0, 1 - math.floor(math.log10(abs(value)))))


def _is_ratio(row: Row) -> bool:
    return not _missing(row["sdc_pct_up"])


def _missing(value: Any) -> bool:
    return bool(pd.isna(value))


# ----------------------------------------------------------------------------- figures


def _figure(row: Row, points: Points, measures: Mapping[str, Measure], basis: str) -> str:
    found = points.get((row["measure"], row["region"], row["basis"]))
    measure = measures.get(row["measure"])
    if found is None or measure is None:
        return ""
    first, second = found
    unit = measure.unit
    if measure.change == "ratio":
        mean, difference, of_difference = np.sqrt(first * second), second / first - 1.0, "%"
        difference = 100.0 * difference
        unit = WORDING.times_reference if row["basis"] == "corrected" else unit
    else:
        mean, difference, of_difference = 0.5 * (first + second), second - first, unit
        if row["basis"] == "corrected":
            unit = WORDING.above_reference.format(unit)
    lower, upper = _interval(row, "loa_low"), _interval(row, "loa_high")
    return bland_altman_figure(
        mean,
        difference,
        _interval(row, "bias"),
        (lower, upper) if lower is not None and upper is not None else None,
        unit=unit,
        title=WORDING.figure.format(short_title(row["measure"], measures), basis.lower()),
        difference_unit=of_difference,
    )


def _interval(row: Row, name: str) -> Interval | None:
    values = [row[key] for key in (name, f"{name}_low", f"{name}_high")]
    return None if any(_missing(value) for value in values) else Interval(*values)


# ------------------------------------------------------------------------------- table


def _row_view(row: Row, measures: Mapping[str, Measure]) -> RowView:
    corrected = row["basis"] == "corrected"
    basis = WORDING.corrected_short if corrected else WORDING.plain_short
    ratio = _is_ratio(row)
    spread = _spread(row, ratio)
    up, down = _sdc_texts(row) if spread is not None else ("", "")
    lower, upper = _interval(row, "loa_low"), _interval(row, "loa_high")
    unit = "%" if ratio else row["unit"]
    icc, icc_interval = _texts(_interval(row, "icc"), "")
    bias, bias_interval = _texts(_interval(row, "bias"), unit, signed=True)
    ends = [_texts(end, unit, signed=True) for end in (lower, upper)]
    width, width_interval = _texts(spread, unit)
    return RowView(
        title=title(row["measure"], measures),
        place=f"{region_name(row['region'])} · {basis}",
        counts=" / ".join(str(int(row[n])) for n in ("n_photos", "n_visits", "n_subjects")),
        spread=width,
        spread_interval=width_interval,
        sdc=up if up == down else f"+{up} / −{down}",
        icc=icc,
        icc_interval=icc_interval,
        bias=bias,
        bias_interval=bias_interval,
        limits=" to ".join(text for text, _ in ends if text),
        limits_interval="; ".join(text for _, text in ends if text),
        # That a difference has no per cent leaves nothing empty here.
        reason="" if icc and spread else row["reason"],
        detail=row["measure"] in measures and measures[row["measure"]].detail,
    )


def _spread(row: Row, ratio: bool) -> Interval | None:
    """Within-visit SD in the unit, or as coefficient of variation."""
    found = _interval(row, "s_w")
    if found is None or not ratio:
        return found
    return Interval(*(variation_pct(value) for value in (found.value, found.low, found.high)))


def _texts(interval: Interval | None, unit: str, *, signed: bool = False) -> tuple[str, str]:
    """Write a value with its unit, and its interval."""
    if interval is None:
        return "", ""
    digits = decimals_for(interval)
    value = with_unit(fixed(interval.value, digits, signed=signed), unit)
    ends = [fixed(end, digits, signed=signed) for end in (interval.low, interval.high)]
    return value, f"{ends[0]} to {ends[1]}"
