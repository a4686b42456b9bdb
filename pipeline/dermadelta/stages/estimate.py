"""Estimate: from readings to a change with an interval and a verdict."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from pydantic import Field
from scipy.special import ndtr

from dermadelta.domain import (
    REFERENCE,
    Alignment,
    Carried,
    CheckVerdict,
    Comparability,
    Estimate,
    Interval,
    Measure,
    Need,
    NotMeasured,
    Read,
    Reading,
    Role,
    Settings,
    Verdict,
)
from dermadelta.kernels.statistics import Z95, bootstrap_change_sd, holm
from dermadelta.variance import Observed, VarianceConfig, nuisance


class EstimateConfig(Settings):
    """How a change becomes an interval and a verdict."""

    draws: int = Field(400, ge=50, description="Bootstrap samples.")
    primary: tuple[str, ...] = Field(
        ("roughness", "redness", "scar_area"), description="Primary measures (Holm runs over them)."
    )
    level: float = Field(0.05, gt=0.0, lt=1.0, description="Family-wise level of the verdicts.")
    variance: VarianceConfig = Field(default_factory=VarianceConfig)


@dataclass(frozen=True, eq=False)
class _Change:
    """A change in the working domain: log for ratio measures, the unit otherwise."""

    plain: float
    reference: float | None
    weight: float
    variance: dict[str, float]

    @property
    def value(self) -> float:
        if self.reference is None:
            return self.plain
        return self.plain - self.weight * self.reference

    @property
    def sd(self) -> float:
        return float(np.sqrt(sum(self.variance.values())))


def estimate(
    readings: Sequence[Reading],
    carried: Carried,
    comparability: Comparability,
    alignment: Alignment,
    catalogue: Sequence[Measure],
    reference_source: Literal["given", "automatic", "none"],
    config: EstimateConfig,
) -> tuple[Estimate, ...]:
    """Change, interval and verdict of every measure in every region.

    Parameters
    ----------
    readings : sequence of Reading
        Of all photos of the pair, repeats included.
    carried : Carried
        For the facts that the variance model reads.
    comparability : Comparability
        Gates that refuse measures.
    alignment : Alignment
        Of the first after photo.
    catalogue : sequence of Measure
    reference_source : {"given", "automatic", "none"}
    config : EstimateConfig

    Returns
    -------
    tuple of Estimate
        One per measure and region, primary measures after Holm's correction.
    """
    has_reference = any(view.region == REFERENCE for view in carried.views)
    source = reference_source if has_reference else "none"
    regions = list(dict.fromkeys(v.region for v in carried.views if v.region != REFERENCE))
    found = []
    for name in regions:
        for item in catalogue:
            own = [r for r in readings if r.measure == item.name and r.region == name]
            skin = [r for r in readings if r.measure == item.name and r.region == REFERENCE]
            context = _Context(item, name, carried, alignment, source, config, name == regions[0])
            found.append(_one(own, skin, _refusal(item, comparability, source), context))
    return _with_holm(found, config)


@dataclass(frozen=True, eq=False)
class _Context:
    measure: Measure
    region: str
    carried: Carried
    alignment: Alignment
    source: Literal["given", "automatic", "none"]
    config: EstimateConfig
    main: bool

    @property
    def log(self) -> bool:
        return self.measure.change == "ratio"

    @property
    def primary(self) -> bool:
        return self.main and self.measure.name in self.config.primary

    def seed(self, *parts: str) -> int:
        text = "|".join((self.measure.name, self.region, *parts))
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def _refusal(item: Measure, comparability: Comparability, source: str) -> str:
    for gate in comparability.gates:
        if gate.verdict is CheckVerdict.FAIL and (item.name in gate.refuses or "*" in gate.refuses):
            return f"{gate.name}: {gate.remedy}"
    if Need.COLOUR_ANCHOR in item.needs and source == "none":
        return (
            "neither untreated reference skin nor a colour chart: a change of colour cannot be"
            " told from white balance; give a reference mask or lay the target beside the skin"
        )
    return ""


def _one(
    own: Sequence[Reading], skin: Sequence[Reading], refusal: str, context: _Context
) -> tuple[Estimate, _Change | None]:
    before, after = _side(own, Role.BEFORE), _side(own, Role.AFTER)
    means = (_mean(before, context.log), _mean(after, context.log))
    if isinstance(means[0], NotMeasured):
        return _unmeasured(means, refusal or means[0].reason, context), None
    if isinstance(means[1], NotMeasured):
        return _unmeasured(means, refusal or means[1].reason, context), None
    if refusal:
        return _unmeasured(means, refusal, context), None
    change = _change(before, after, skin, context)
    if isinstance(change, NotMeasured):
        return _unmeasured(means, change.reason, context), None
    return _measured(means[0], means[1], change, context), change


def _side(readings: Sequence[Reading], role: Role) -> list[Reading]:
    return [r for r in readings if r.role is role]


def _reads(side: Sequence[Reading]) -> list[Read]:
    return [r.result for r in side if isinstance(r.result, Read)]


def _first(side: Sequence[Reading]) -> Reading:
    """The first photo of a side that has a value."""
    return next(r for r in side if isinstance(r.result, Read))


def _mean(side: Sequence[Reading], log: bool) -> float | NotMeasured:
    """Mean over repeats, of logarithms for ratio measures; a repeat without a value is left out."""
    values = [read.value for read in _reads(side)]
    if not values:
        reason = next((r.result.reason for r in side if isinstance(r.result, NotMeasured)), "")
        return NotMeasured(reason or "no photo")
    if log:
        return float(np.exp(np.mean(np.log(values))))
    return float(np.mean(values))


def _change(
    before: Sequence[Reading], after: Sequence[Reading], skin: Sequence[Reading], context: _Context
) -> _Change | NotMeasured:
    plain = _difference(before, after, context.log)
    sampled = _sampling(before, after, context, "plain")
    if isinstance(sampled, NotMeasured):
        return sampled
    variance = {"sampling": sampled, **_predicted(before, after, skin, context)}
    alone = _Change(plain, None, 0.0, variance)
    if not context.measure.uses_reference or context.source == "none":
        return alone
    skin_before, skin_after = _side(skin, Role.BEFORE), _side(skin, Role.AFTER)
    if not _reads(skin_before) or not _reads(skin_after):
        return _without_reference(alone, context)
    reference = _difference(skin_before, skin_after, context.log)
    sampling = _sampling(skin_before, skin_after, context, "reference")
    if isinstance(sampling, NotMeasured):
        return _without_reference(alone, context)
    return _combined(plain, reference, sampling, variance, context)


def _without_reference(alone: _Change, context: _Context) -> _Change | NotMeasured:
    """The plain change, unless the measure means nothing without something to hold it against."""
    if Need.COLOUR_ANCHOR in context.measure.needs:
        return NotMeasured("the reference skin could not be read on both photos: give a larger one")
    return alone


def _combined(
    plain: float, reference: float, sampling: float, variance: dict[str, float], context: _Context
) -> _Change:
    """Plain and corrected change by their predicted variances.

    What the lamp did to the region it did to the reference skin; how much it did is not known
    beforehand, but the reference's own change shows it. The weight is the share of that change
    which is not explained by the reference's own noise. Colour is always corrected in full.
    """
    config = context.config
    if not context.log:
        weight = 1.0
        return _Change(plain, reference, weight, {**variance, "reference": sampling})
    noise = sampling + config.variance.light_residual_sd**2
    shared = max(variance.get("light", 0.0), reference**2)
    weight = shared / (shared + noise) if shared > 0.0 else 0.0
    left = variance.get("light", 0.0) * (1.0 - weight) ** 2
    blur = variance.get("blur", 0.0) * (1.0 - weight * (1.0 - config.variance.blur_shared)) ** 2
    return _Change(
        plain,
        reference,
        weight,
        {**variance, "light": left, "blur": blur, "reference": weight**2 * noise},
    )


def _difference(before: Sequence[Reading], after: Sequence[Reading], log: bool) -> float:
    values = [[read.value for read in _reads(side)] for side in (before, after)]
    if log:
        values = [[float(np.log(v)) for v in side] for side in values]
    return float(np.mean(values[1]) - np.mean(values[0]))


def _predicted(
    before: Sequence[Reading], after: Sequence[Reading], skin: Sequence[Reading], context: _Context
) -> dict[str, float]:
    """Variance by nuisance, from the first photo of either side."""
    facts = {fact.photo_id: fact for fact in context.carried.facts}
    view = next(v for v in context.carried.views if v.region == context.region)
    seen = Observed(
        facts=(facts[_first(before).photo_id], facts[_first(after).photo_id]),
        reads=(_reads(before)[0], _reads(after)[0]),
        alignment=context.alignment,
        region_px=int(np.count_nonzero(view.mask)),
        contrast=_contrast((before, after), skin),
        seed=context.seed("alignment"),
    )
    return nuisance(context.measure, seen, context.config.variance)


def _contrast(sides: Sequence[Sequence[Reading]], skin: Sequence[Reading]) -> float:
    """Larger distance of the region's reading from reference skin on either photo; 0 without."""
    distances = [0.0]
    for side in sides:
        around = _reads(_side(skin, side[0].role))
        if around:
            distances.append(abs(_reads(side)[0].value - around[0].value))
    return max(distances)


def _sampling(
    before: Sequence[Reading], after: Sequence[Reading], context: _Context, part: str
) -> float | NotMeasured:
    """Spatial sampling variance by the block bootstrap, from the first photo of either side."""
    sides = []
    for side in (before, after):
        tiles = _reads(side)[0].tiles
        sides.append((tiles.ids, tiles.weight, tiles.value))
    combine = _reads(before)[0].tiles.combine
    sd = bootstrap_change_sd(
        sides[0],
        sides[1],
        combine=combine,
        log=context.log,
        draws=context.config.draws,
        seed=context.seed(part),
    )
    if sd is None:
        return NotMeasured(
            "before and after share too little skin for an interval: give a larger region, the same"
            " on both photos"
        )
    return sd**2


def _measured(before: float, after: float, change: _Change, context: _Context) -> Estimate:
    half = Z95 * change.sd
    span = (change.value, change.value - half, change.value + half)
    if context.log:
        percent: Interval | NotMeasured = Interval(*(100.0 * float(np.expm1(v)) for v in span))
        moved = 100.0 * float(np.expm1(change.value))
        absolute = Interval(*(before * float(np.expm1(v)) for v in span))
        sdc = -100.0 * float(np.expm1(-half))
        sign = -1.0 if context.measure.better == "lower" else 1.0
        improvement: float | NotMeasured = sign * moved
        parts = [100.0 * np.expm1(v) for v in _parts(change)]
    else:
        reason = NotMeasured("a difference measure: see change")
        percent, improvement, sdc = reason, reason, half
        absolute = Interval(*span)
        parts = _parts(change)
    if context.measure.better == "neither":
        improvement = NotMeasured("neither direction is better")
    no_reference = NotMeasured("no reference skin")
    return _row(
        context,
        before=before,
        after=after,
        change=absolute,
        change_pct=percent,
        change_plain=float(parts[0]),
        change_reference=float(parts[1]) if len(parts) > 1 else no_reference,
        reference_weight=change.weight if change.reference is not None else no_reference,
        reference=context.source if change.reference is not None else "none",
        improvement_pct=improvement,
        sdc=sdc,
        verdict=_verdict(span, context),
        reason="" if context.primary else "exploratory",
        variance=tuple(sorted((name, float(part)) for name, part in change.variance.items())),
    )


def _parts(change: _Change) -> list[float]:
    """Plain change, and the fully reference-corrected one where there is a reference."""
    if change.reference is None:
        return [change.plain]
    return [change.plain, change.plain - change.reference]


def _verdict(span: tuple[float, float, float], context: _Context) -> Verdict:
    value, low, high = span
    if low <= 0.0 <= high:
        return Verdict.NO_DETECTABLE_CHANGE
    better = context.measure.better
    if better == "neither":
        return Verdict.INCREASED if value > 0.0 else Verdict.DECREASED
    return Verdict.IMPROVED if (value < 0.0) == (better == "lower") else Verdict.WORSENED


def _unmeasured(means: Sequence[float | NotMeasured], reason: str, context: _Context) -> Estimate:
    no = NotMeasured(reason)
    empty = ("change", "change_pct", "change_plain", "change_reference", "reference_weight")
    return _row(
        context,
        before=means[0],
        after=means[1],
        **dict.fromkeys((*empty, "improvement_pct", "sdc"), no),
        reference="none",
        verdict=Verdict.NOT_MEASURED,
        reason=reason,
        variance=(),
    )


def _row(context: _Context, **values: Any) -> Estimate:
    return Estimate(
        measure=context.measure.name,
        version=context.measure.version,
        unit=context.measure.unit,
        region=context.region,
        primary=context.primary,
        **values,
    )


def _with_holm(
    found: Sequence[tuple[Estimate, _Change | None]], config: EstimateConfig
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
