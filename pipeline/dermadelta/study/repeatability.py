"""Repeatability: how far photographs of the same skin on the same day lie apart.

What a clinic's own repeat photographs say about its light, its hands and its camera: the
within-visit SD s_w, what a single change must exceed (smallest detectable change), the
intraclass correlation, and Bland-Altman limits of agreement. Repeats of one visit share its day:
what differs between days is not in these figures.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from dermadelta.domain import Matrix, Measure, PairResult, WithinVisit
from dermadelta.kernels.agreement import (
    Bounds,
    limits_of_agreement,
    log_change_pct,
    oneway_intraclass_correlation,
    smallest_detectable_change,
    variation_pct,
    within_spread,
)
from dermadelta.study.repeats import (
    BASES,
    Basis,
    Repeats,
    Visit,
    has_reference,
    regions_read,
    repeats,
    visits,
)

Points = Mapping[tuple[str, str, str], tuple[Matrix, Matrix]]
"""First and second reading of each visit, by measure, region and basis."""

LEAST_REFERENCE_SHARE: Final = 0.5
"""From this share of the degrees of freedom on, photographs with untreated skin stand for all."""

_WORKING: Final = "natural log for ratio measures, the unit of the measure otherwise"
_CHANGE: Final = "% for ratio measures, the unit of the measure otherwise"

REPEATABILITY_COLUMNS: Final[Mapping[str, tuple[str, str]]] = {
    "measure": ("", "Name of the measure."),
    "version": ("", "Version of the measure; numbers of different versions must not be mixed."),
    "unit": ("", "Unit of the measure in this row."),
    "region": ("", "Area that was measured."),
    "basis": (
        "",
        "plain: readings of the region; corrected: less those of untreated skin on the same "
        "photograph (as logarithms for ratio measures).",
    ),
    "n_subjects": ("subjects", "Subjects with repeat photographs of one visit."),
    "n_visits": ("visits", "Visits with two or more readings."),
    "n_photos": ("photographs", "Readings of these visits; copies and bursts count once."),
    "df": ("", "Degrees of freedom of s_w: n_photos less n_visits."),
    "s_w": (_WORKING, "Standard deviation of readings within a visit, pooled over visits."),
    "s_w_low": (_WORKING, "Lower end of its 95 % interval (chi-square)."),
    "s_w_high": (_WORKING, "Upper end of its 95 % interval (chi-square)."),
    "cv_pct": ("%", "Coefficient of variation within a visit; ratio measures only."),
    "sdc": (
        _WORKING,
        "Smallest detectable change between two single photographs, 1.96 · √2 · s_w: repeats of "
        "unchanged skin stay below it 95 times in 100.",
    ),
    "sdc_pct_down": ("%", "The same as a decrease; ratio measures only."),
    "sdc_pct_up": ("%", "The same as an increase; ratio measures only."),
    "icc": (
        "at most 1",
        "Intraclass correlation ICC(1,1): share of the variance that lies between visits. Grows "
        "with the differences between people, so it says little about a single change.",
    ),
    "icc_low": ("at most 1", "Lower end of its 95 % interval (F; n₀ for unequal numbers)."),
    "icc_high": ("at most 1", "Upper end of its 95 % interval (F; n₀ for unequal numbers)."),
    "bias": (_CHANGE, "Mean of second minus first photograph of a visit."),
    "bias_low": (_CHANGE, "Lower end of its 95 % interval (Student's t)."),
    "bias_high": (_CHANGE, "Upper end of its 95 % interval (Student's t)."),
    "loa_low": (_CHANGE, "Lower 95 % limit of agreement of these differences (Bland-Altman)."),
    "loa_low_low": (_CHANGE, "Lower end of the 95 % interval of loa_low."),
    "loa_low_high": (_CHANGE, "Upper end of the 95 % interval of loa_low."),
    "loa_high": (_CHANGE, "Upper 95 % limit of agreement of these differences (Bland-Altman)."),
    "loa_high_low": (_CHANGE, "Lower end of the 95 % interval of loa_high."),
    "loa_high_high": (_CHANGE, "Upper end of the 95 % interval of loa_high."),
    "reason": ("", "Why cells of this row are empty."),
}
"""Every column of the table with its unit and meaning."""

_TEXTS: Final = ("measure", "unit", "region", "basis", "reason")
_COUNTS: Final = ("version", "n_subjects", "n_visits", "n_photos", "df")

_NO_REPEATS: Final = "No visit has two photographs with this reading; take two or more a visit."
_ONE_VISIT: Final = "Repeats of one visit only: correlation and limits of agreement need two."
_NO_SPREAD: Final = "All readings are equal: there is no correlation."
_NO_PER_CENT: Final = "A difference has no per cent."


# ---------------------------------------------------------------------- for intervals


def within_visits(
    results: Sequence[PairResult], catalogue: Sequence[Measure]
) -> tuple[WithinVisit, ...]:
    """Spread of repeat photographs, as the variance model takes it.

    Parameters
    ----------
    results : sequence of PairResult
        Of the whole input, in any order.
    catalogue : sequence of Measure
        Gives the working domain of each measure.

    Returns
    -------
    tuple of WithinVisit
        By measure in catalogue order and region; only those with a degree of freedom. All three
        mean squares rest on the same photographs: those with untreated skin where they make up at
        least half of the degrees of freedom, otherwise all of them, and then without untreated
        skin.
    """
    found = visits(results, catalogue)
    spreads = []
    for measure in catalogue:
        for region in regions_read(found, measure.name):
            rows = repeats(found, measure, region, "plain")
            if rows.df < 1:
                continue
            if has_reference(found, measure):
                corrected = repeats(found, measure, region, "corrected")
                if corrected.df >= max(1.0, LEAST_REFERENCE_SHARE * rows.df):
                    rows = corrected
            spreads.append(_within(measure.name, region, rows))
    return tuple(spreads)


def _within(measure: str, region: str, rows: Repeats) -> WithinVisit:
    own = _centred(rows.plain)
    skin = _centred(rows.reference) if rows.reference is not None else np.zeros_like(own)
    return WithinVisit(
        measure=measure,
        region=region,
        plain=float(own @ own) / rows.df,
        shared=float(own @ skin) / rows.df,
        reference=float(skin @ skin) / rows.df,
        df=rows.df,
        n_visits=len(rows.plain),
    )


def _centred(groups: Sequence[Matrix]) -> Matrix:
    return np.concatenate([group - group.mean() for group in groups])


# -------------------------------------------------------------------------- for people


def repeatability_table(
    results: Sequence[PairResult], catalogue: Sequence[Measure]
) -> pd.DataFrame:
    """One row per measure, region and basis: s_w, SDC, ICC, limits of agreement.

    Parameters
    ----------
    results : sequence of PairResult
        Of the whole input, in any order.
    catalogue : sequence of Measure
        Measures in the order of the rows.

    Returns
    -------
    DataFrame
        Columns as in ``REPEATABILITY_COLUMNS``. A row for every measure and region that was read
        at all; the basis ``corrected`` where untreated skin was read and the measure uses it. An
        empty cell does not exist; ``reason`` says why.
    """
    rows = [
        _row(measure, region, basis, found)
        for measure, region, basis, found in _all_repeats(results, catalogue)
    ]
    return pd.DataFrame(
        {name: pd.Series([row.get(name) for row in rows], dtype=_dtype(name))
         for name in REPEATABILITY_COLUMNS}
    )  # fmt: skip


def repeat_points(results: Sequence[PairResult], catalogue: Sequence[Measure]) -> Points:
    """First and second reading of every visit with repeats, for figures.

    Parameters
    ----------
    results, catalogue
        As for ``repeatability_table``.

    Returns
    -------
    mapping of (measure, region, basis) to ((n,) float64, (n,) float64)
        In the measure's unit. For the basis ``corrected`` of a ratio measure: times the reading
        of untreated skin. Only where there is at least one visit.
    """
    points: dict[tuple[str, str, str], tuple[Matrix, Matrix]] = {}
    for measure, region, basis, found in _all_repeats(results, catalogue):
        if found.plain:
            first, second = (np.array([group[k] for group in found.groups]) for k in (0, 1))
            if measure.change == "ratio":
                first, second = np.exp(first), np.exp(second)
            points[measure.name, region, basis] = (first, second)
    return points


def _all_repeats(
    results: Sequence[PairResult], catalogue: Sequence[Measure]
) -> Iterator[tuple[Measure, str, Basis, Repeats]]:
    found: tuple[Visit, ...] = visits(results, catalogue)
    for measure in catalogue:
        for region in regions_read(found, measure.name):
            for basis in BASES:
                if basis == "plain" or has_reference(found, measure):
                    yield measure, region, basis, repeats(found, measure, region, basis)


def _dtype(column: str) -> str:
    return "str" if column in _TEXTS else "Int64" if column in _COUNTS else "float64"


def _row(measure: Measure, region: str, basis: Basis, found: Repeats) -> dict[str, Any]:
    reasons: list[str] = []
    row: dict[str, Any] = {
        "measure": measure.name,
        "version": measure.version,
        "unit": measure.unit,
        "region": region,
        "basis": basis,
        "n_subjects": len(set(found.subjects)),
        "n_visits": len(found.plain),
        "n_photos": sum(len(group) for group in found.plain),
        "df": found.df,
    }
    if found.df < 1:
        reasons.append(_NO_REPEATS)
    else:
        row |= _spread(measure, found, reasons) | _agreement(measure, found, reasons)
    return row | {"reason": " | ".join(reasons)}


def _spread(measure: Measure, found: Repeats, reasons: list[str]) -> dict[str, float]:
    spread = within_spread(found.groups)
    if spread is None:
        return {}
    sdc = smallest_detectable_change(spread.sd)
    row = {"s_w": spread.sd, "s_w_low": spread.low, "s_w_high": spread.high, "sdc": sdc}
    if measure.change == "difference":
        reasons.append(_NO_PER_CENT)
        return row
    return row | {
        "cv_pct": variation_pct(spread.sd),
        "sdc_pct_down": -log_change_pct(-sdc),
        "sdc_pct_up": log_change_pct(sdc),
    }


def _agreement(measure: Measure, found: Repeats, reasons: list[str]) -> dict[str, float]:
    groups = found.groups
    limits = limits_of_agreement(np.array([group[1] - group[0] for group in groups]))
    if limits is None:
        reasons.append(_ONE_VISIT)
        return {}
    correlation = oneway_intraclass_correlation(groups)
    row = {} if correlation is None else _bounds("icc", correlation)
    if correlation is None:
        reasons.append(_NO_SPREAD)
    for name, bounds in (
        ("bias", limits.bias),
        ("loa_low", limits.lower),
        ("loa_high", limits.upper),
    ):
        row |= _bounds(name, _shown(bounds) if measure.change == "ratio" else bounds)
    return row


def _bounds(name: str, bounds: Bounds) -> dict[str, float]:
    values = (name, f"{name}_low", f"{name}_high")
    return {key: value for key, value in zip(values, bounds, strict=True) if math.isfinite(value)}


def _shown(bounds: Bounds) -> Bounds:
    return Bounds(*(log_change_pct(value) for value in bounds))
