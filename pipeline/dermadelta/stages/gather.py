"""Gather: what a change rests on, from the readings of all photographs of a pair."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from pydantic import Field

from dermadelta.domain import (
    REFERENCE,
    Alignment,
    Carried,
    CheckVerdict,
    Comparability,
    Evidence,
    Measure,
    Need,
    NotMeasured,
    Read,
    Reading,
    Role,
    Settings,
    SkinView,
)
from dermadelta.kernels.geometry import (
    ASSUMED_FOCAL_35MM,
    focal_px,
    inverse,
    local_affine,
    tilt_between,
)
from dermadelta.kernels.statistics import bootstrap_change_sd
from dermadelta.variance.nuisances import Observed, observed_nuisances, same_pixels

Source = Literal["given", "automatic", "none"]


class GatherConfig(Settings):
    """How the spread over the skin is estimated."""

    draws: int = Field(400, ge=50, description="Bootstrap samples.")


@dataclass(frozen=True, eq=False)
class _Context:
    measure: Measure
    region: str
    main: bool
    carried: Carried
    alignment: Alignment
    source: Source
    config: GatherConfig

    @property
    def log(self) -> bool:
        return self.measure.change == "ratio"

    @property
    def calibrated(self) -> bool:
        """Whether colours are known without other skin to hold them against."""
        return all(view.calibrated for view in self.carried.views)

    def seed(self, part: str) -> int:
        text = "|".join((self.measure.name, self.region, part))
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def gather(
    readings: Sequence[Reading],
    carried: Carried,
    comparability: Comparability,
    alignment: Alignment,
    catalogue: Sequence[Measure],
    reference_source: Source,
    config: GatherConfig,
) -> tuple[Evidence, ...]:
    """Change, its spread over the skin, and what else differed, per measure and region.

    Parameters
    ----------
    readings : sequence of Reading
        Of all photos of the pair, repeats included.
    carried : Carried
        For the facts of the photos.
    comparability : Comparability
        Gates that refuse measures.
    alignment : Alignment
        Of the first after photo.
    catalogue : sequence of Measure
    reference_source : {"given", "automatic", "none"}
    config : GatherConfig

    Returns
    -------
    tuple of Evidence
        One per region and measure, in that order.
    """
    has_reference = any(view.region == REFERENCE for view in carried.views)
    source = reference_source if has_reference else "none"
    regions = list(dict.fromkeys(v.region for v in carried.views if v.region != REFERENCE))
    found = []
    for name, item in itertools.product(regions, catalogue):
        own = [r for r in readings if r.measure == item.name and r.region == name]
        skin = [r for r in readings if r.measure == item.name and r.region == REFERENCE]
        context = _Context(item, name, name == regions[0], carried, alignment, source, config)
        found.append(_one(own, skin, _refusal(item, comparability, context), context))
    return tuple(found)


def _refusal(item: Measure, comparability: Comparability, context: _Context) -> str:
    for gate in comparability.gates:
        if gate.verdict is CheckVerdict.FAIL and (item.name in gate.refuses or "*" in gate.refuses):
            return f"{gate.name}: {gate.remedy}"
    if Need.COLOUR_ANCHOR in item.needs and context.source == "none" and not context.calibrated:
        return (
            "neither untreated reference skin nor a colour chart: a change of colour cannot be"
            " told from white balance; give a reference mask or lay the target beside the skin"
        )
    return ""


def _one(
    own: Sequence[Reading], skin: Sequence[Reading], refusal: str, context: _Context
) -> Evidence:
    before, after = _side(own, Role.BEFORE), _side(own, Role.AFTER)
    means = (_mean(before, context.log), _mean(after, context.log))
    for mean in means:
        if isinstance(mean, NotMeasured):
            return _row(context, means, refusal or mean.reason)
    if refusal:
        return _row(context, means, refusal)
    sampling = _sampling(before, after, context, "plain")
    if isinstance(sampling, NotMeasured):
        return _row(context, means, sampling.reason)
    alone = _row(
        context,
        means,
        "",
        plain=_difference(before, after, context.log),
        sampling=sampling,
        nuisances=tuple(_nuisances(before, after, skin, context).items()),
        identical=same_pixels((_reads(before), _reads(after))),
        n_before=len(_reads(before)),
        n_after=len(_reads(after)),
    )
    if not context.measure.uses_reference or context.source == "none":
        return alone
    return _with_reference(alone, _side(skin, Role.BEFORE), _side(skin, Role.AFTER), context)


def _with_reference(
    alone: Evidence, before: Sequence[Reading], after: Sequence[Reading], context: _Context
) -> Evidence:
    """With what untreated skin did; without it, if it could not be read and is not needed."""
    if _reads(before) and _reads(after):
        sampling = _sampling(before, after, context, "reference")
        if not isinstance(sampling, NotMeasured):
            return replace(
                alone,
                reference=_difference(before, after, context.log),
                reference_sampling=sampling,
                source=context.source,
                identical=alone.identical and same_pixels((_reads(before), _reads(after))),
            )
    if Need.COLOUR_ANCHOR in context.measure.needs and not context.calibrated:
        reason = "the reference skin could not be read on both photos: give a larger one"
        return _row(context, (alone.before, alone.after), reason)
    return alone


def _side(readings: Sequence[Reading], role: Role) -> list[Reading]:
    return [r for r in readings if r.role is role]


def _reads(side: Sequence[Reading]) -> list[Read]:
    return [r.result for r in side if isinstance(r.result, Read)]


def _mean(side: Sequence[Reading], log: bool) -> float | NotMeasured:
    """Mean over repeats, of logarithms for ratio measures; a repeat without a value is left out."""
    values = [read.value for read in _reads(side)]
    if not values:
        reason = next((r.result.reason for r in side if isinstance(r.result, NotMeasured)), "")
        return NotMeasured(reason or "no photo")
    if log:
        return float(np.exp(np.mean(np.log(values))))
    return float(np.mean(values))


def _difference(before: Sequence[Reading], after: Sequence[Reading], log: bool) -> float:
    values = [[read.value for read in _reads(side)] for side in (before, after)]
    if log:
        values = [[float(np.log(v)) for v in side] for side in values]
    return float(np.mean(values[1]) - np.mean(values[0]))


def _sampling(
    before: Sequence[Reading], after: Sequence[Reading], context: _Context, part: str
) -> float | NotMeasured:
    """Spatial sampling variance by the block bootstrap, from the first photo of either side."""
    first, second = (_reads(side)[0].tiles for side in (before, after))
    sd = bootstrap_change_sd(
        (first.ids, first.weight, first.value),
        (second.ids, second.weight, second.value),
        combine=first.combine,
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


# -------------------------------------------------------------------------- nuisances


def _nuisances(
    before: Sequence[Reading], after: Sequence[Reading], skin: Sequence[Reading], context: _Context
) -> dict[str, float]:
    """What differed, over every before photo with every after photo."""
    sides = [[r for r in side if isinstance(r.result, Read)] for side in (before, after)]
    seen = [_observed(one, two, skin, context) for one, two in itertools.product(*sides)]
    return observed_nuisances(context.measure, seen)


def _observed(
    before: Reading, after: Reading, skin: Sequence[Reading], context: _Context
) -> Observed:
    facts = {fact.photo_id: fact for fact in context.carried.facts}
    views = {v.photo_id: v for v in context.carried.views if v.region == context.region}
    first, second = views[before.photo_id], views[after.photo_id]
    tilt, zoom = _pose(first, second)
    pair = [r.result for r in (before, after) if isinstance(r.result, Read)]
    return Observed(
        facts=(facts[before.photo_id], facts[after.photo_id]),
        reads=(pair[0], pair[1]),
        alignment=context.alignment,
        scale=first.scale,
        tilt_rad=tilt,
        ln_zoom=zoom,
        region_px=int(np.count_nonzero(first.mask)),
        contrast=max(_contrast(reading, skin) for reading in (before, after)),
        elsewhere=context.source == "given",
        seed=context.seed("alignment"),
    )


def _pose(before: SkinView, after: SkinView) -> tuple[float, float]:
    """Tilt, rad, and log magnification between two photos at the region."""
    rows, cols = after.mask.shape
    centre = (after.origin[0] + cols / 2.0, after.origin[1] + rows / 2.0)
    matrix = inverse(before.to_reference) @ after.to_reference
    # The frame of the after photo is not known here: that of the first, as large as it shows.
    side = after.frame_short_side_px * after.magnification
    focal = focal_px(ASSUMED_FOCAL_35MM, (round(side), round(4.0 / 3.0 * side)))
    zoom = 0.5 * np.log(abs(np.linalg.det(local_affine(matrix, centre))))
    return tilt_between(matrix, centre, focal), float(zoom)


def _contrast(reading: Reading, skin: Sequence[Reading]) -> float:
    """Distance of a reading from that of reference skin on the same photo; 0 without such skin."""
    around = next((r.result for r in skin if r.photo_id == reading.photo_id), None)
    if isinstance(around, Read) and isinstance(reading.result, Read):
        return abs(reading.result.value - around.value)
    return 0.0


def _row(
    context: _Context,
    means: Sequence[float | NotMeasured],
    reason: str,
    **found: Any,
) -> Evidence:
    """Evidence of one measure; without ``found`` there is no change, for the reason given."""
    no_reference = NotMeasured("no reference skin")
    values: dict[str, Any] = {
        "plain": NotMeasured(reason),
        "reference": no_reference,
        "source": "none",
        "sampling": 0.0,
        "reference_sampling": 0.0,
        "nuisances": (),
        "identical": False,
        "n_before": 0,
        "n_after": 0,
    }
    return Evidence(
        measure=context.measure.name,
        version=context.measure.version,
        unit=context.measure.unit,
        region=context.region,
        main=context.main,
        before=means[0],
        after=means[1],
        reason=reason,
        **{**values, **found},
    )
