"""Estimate: from what a change rests on to a change with an interval and a verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from pydantic import Field
from scipy.special import ndtr

from dermadelta.domain import (
    Estimate,
    Evidence,
    Interval,
    Measure,
    NotMeasured,
    Settings,
    Verdict,
    WithinVisit,
)
from dermadelta.kernels.statistics import Z95, holm
from dermadelta.variance.model import Predicted, VarianceModel, predict, spread_of

MIN_DF = 8
"""With fewer degrees of freedom a clinic's own spread is uncertain by more than -35 to +90 %."""


class EstimateConfig(Settings):
    """How a change becomes an interval and a verdict."""

    primary: tuple[str, ...] = Field(
        ("roughness", "redness", "scar_area"), description="Primary measures (Holm runs over them)."
    )
    level: float = Field(0.05, gt=0.0, lt=1.0, description="Family-wise level of the verdicts.")
    variance_model: str = Field(
        "", description="File of a variance model of your own; empty: the one of the package."
    )
    least_share: float = Field(
        0.25,
        gt=0.0,
        le=1.0,
        description="Repeat photographs take a predicted variance no lower than this share of it:"
        " they may have been taken without moving anything.",
    )


@dataclass(frozen=True, eq=False)
class _Context:
    measure: Measure
    evidence: Evidence
    known: bool
    config: EstimateConfig

    @property
    def log(self) -> bool:
        return self.measure.change == "ratio"

    @property
    def primary(self) -> bool:
        return self.evidence.main and self.measure.name in self.config.primary


def estimate(
    evidence: Sequence[Evidence],
    within: Sequence[WithinVisit],
    model: VarianceModel,
    catalogue: Sequence[Measure],
    config: EstimateConfig,
) -> tuple[Estimate, ...]:
    """Change, interval and verdict of every measure in every region.

    Parameters
    ----------
    evidence : sequence of Evidence
        Of one pair.
    within : sequence of WithinVisit
        Spread of the repeat photographs of the whole input; empty where there are none.
    model : VarianceModel
    catalogue : sequence of Measure
        Holds every measure of the evidence.
    config : EstimateConfig

    Returns
    -------
    tuple of Estimate
        One per piece of evidence, in the same order; primary measures after Holm's correction.
    """
    records = {item.name: item for item in catalogue}
    spread = {(item.measure, item.region): item for item in within}
    found: list[tuple[Estimate, Predicted | None]] = []
    for item in evidence:
        measure = records[item.measure]
        context = _Context(measure, item, model.knows(measure), config)
        if isinstance(item.plain, NotMeasured):
            found.append((_unmeasured(item.reason, context), None))
            continue
        change = predict(
            measure,
            item,
            model.entry(measure),
            spread.get((item.measure, item.region)),
            least_share=config.least_share,
        )
        own = _clinic_sd(change, item, spread.get((item.measure, item.region)))
        found.append((_measured(change, own, context), change))
    return _with_holm(found, config)


def _clinic_sd(change: Predicted, item: Evidence, within: WithinVisit | None) -> float:
    """SD of a change by the repeat photographs of the input alone; 0 where they are few."""
    if within is None or within.df < MIN_DF or item.identical:
        return 0.0
    photos = 1.0 / max(1, item.n_before) + 1.0 / max(1, item.n_after)
    return float(np.sqrt(spread_of(within, change.weight) * photos))


def _measured(change: Predicted, clinic_sd: float, context: _Context) -> Estimate:
    item, measure = context.evidence, context.measure
    if isinstance(item.before, NotMeasured) or isinstance(item.after, NotMeasured):
        raise TypeError("a change lies between two readings")
    half, least = Z95 * change.sd, Z95 * max(change.null_sd, clinic_sd)
    span = (change.value, change.value - half, change.value + half)
    if context.log:
        percent: Interval | NotMeasured = Interval(*(100.0 * float(np.expm1(v)) for v in span))
        moved = 100.0 * float(np.expm1(change.value))
        absolute = Interval(*(item.before * float(np.expm1(v)) for v in span))
        sdc = -100.0 * float(np.expm1(-least))
        sign = -1.0 if measure.better == "lower" else 1.0
        improvement: float | NotMeasured = sign * moved
        parts = [100.0 * float(np.expm1(v)) for v in _parts(item)]
    else:
        reason = NotMeasured("a difference measure: see change")
        percent, improvement, sdc = reason, reason, least
        absolute = Interval(*span)
        parts = _parts(item)
    if measure.better == "neither":
        improvement = NotMeasured("neither direction is better")
    no_reference = NotMeasured("no reference skin")
    corrected = len(parts) > 1
    variance = {**change.parts, "change": change.from_change}
    return _row(
        context,
        change=absolute,
        change_pct=percent,
        change_plain=parts[0],
        change_reference=parts[1] if corrected else no_reference,
        reference_weight=change.weight if corrected else no_reference,
        improvement_pct=improvement,
        sdc=sdc,
        verdict=_verdict(span, least, context),
        reason=_reason(context),
        variance=tuple(sorted((name, float(part)) for name, part in variance.items() if part)),
    )


def _reason(context: _Context) -> str:
    words = [] if context.primary else ["exploratory"]
    if not context.known:
        words.append("its interval is a cautious guess: the variance model does not know it")
    return "; ".join(words)


def _parts(item: Evidence) -> list[float]:
    """Plain change, and the fully reference-corrected one where there is a reference."""
    if isinstance(item.plain, NotMeasured):
        raise TypeError("a change was measured")
    if isinstance(item.reference, NotMeasured):
        return [item.plain]
    return [item.plain, item.plain - item.reference]


def _verdict(span: tuple[float, float, float], least: float, context: _Context) -> Verdict:
    """A change is called only when its interval leaves out 0 and it is detectable at all."""
    value, low, high = span
    if not (low > 0.0 or high < 0.0) or not abs(value) > least:
        return Verdict.NO_DETECTABLE_CHANGE
    better = context.measure.better
    if better == "neither":
        return Verdict.INCREASED if value > 0.0 else Verdict.DECREASED
    return Verdict.IMPROVED if (value < 0.0) == (better == "lower") else Verdict.WORSENED


def _unmeasured(reason: str, context: _Context) -> Estimate:
    empty = ("change", "change_pct", "change_plain", "change_reference", "reference_weight")
    return _row(
        context,
        **dict.fromkeys((*empty, "improvement_pct", "sdc"), NotMeasured(reason)),
        verdict=Verdict.NOT_MEASURED,
        reason=reason,
        variance=(),
    )


def _row(context: _Context, **values: Any) -> Estimate:
    item = context.evidence
    return Estimate(
        measure=item.measure,
        version=item.version,
        unit=item.unit,
        region=item.region,
        before=item.before,
        after=item.after,
        reference=item.source,
        primary=context.primary,
        **values,
    )


def _with_holm(
    found: Sequence[tuple[Estimate, Predicted | None]], config: EstimateConfig
) -> tuple[Estimate, ...]:
    """Take back the verdict of a primary measure that does not survive Holm's correction."""
    primary = [
        (index, change)
        for index, (row, change) in enumerate(found)
        if row.primary and change is not None and change.sd > 0.0
    ]
    p_values = [2.0 * float(ndtr(-abs(change.value) / change.sd)) for _, change in primary]
    kept = dict(zip((i for i, _ in primary), holm(p_values, config.level), strict=True))
    rows = []
    for index, (row, _) in enumerate(found):
        changed = row.verdict not in (Verdict.NO_DETECTABLE_CHANGE, Verdict.NOT_MEASURED)
        if changed and kept.get(index) is False:
            row = replace(
                row,
                verdict=Verdict.NO_DETECTABLE_CHANGE,
                reason="the interval excludes 0 for this measure alone, but not after Holm's"
                " correction over the primary measures",
            )
        rows.append(row)
    return tuple(rows)
