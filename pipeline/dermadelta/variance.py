"""The variance model: how far a change may be off by what differed between two photographs.

First form: one term per nuisance, in the working domain of the measure (log for ratio measures),
predicted from what was observed in the pair. Evaluating it looks at no pixel again.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from pydantic import Field

from dermadelta.domain import Alignment, Measure, NotMeasured, PhotoFacts, Read, Settings
from dermadelta.kernels.statistics import tile_change_se

EI_PER_A = 1.3
"""Erythema index per unit of a* on skin; the model of colour is kept in EI for both."""


class VarianceConfig(Settings):
    """Standard deviations by nuisance."""

    light_sd: float = Field(
        0.09,
        ge=0.0,
        description="Texture, without reference skin: SD of ln roughness between photos under"
        " carefully repeated light.",
    )
    light_per_shift: float = Field(
        1.0, ge=0.0, description="The same per unit of observed change of shading."
    )
    light_residual_sd: float = Field(
        0.03, ge=0.0, description="What reference skin leaves of it: SD of ln roughness."
    )
    blur_se_px2: float = Field(
        0.08,
        ge=0.0,
        description="SD of the blur difference seen on reference skin, before px².",
    )
    blur_region_se_px2: float = Field(
        0.13,
        ge=0.0,
        description="The same on the region itself, where there is no such skin; what was seen"
        " there is not corrected and adds to it.",
    )
    blur_unknown_px2: float = Field(
        0.35, ge=0.0, description="The same where sharpness could not be compared."
    )
    blur_shared: float = Field(
        0.35, ge=0.0, le=1.0, description="Share of a blur error that reference skin leaves."
    )
    colour_sd: float = Field(
        0.4,
        ge=0.0,
        description="Redness against reference skin: SD left by exposure, white balance and"
        " gradients, EI.",
    )
    colour_per_contrast: float = Field(
        0.075,
        ge=0.0,
        description="Redness: SD by the unknown tone curve, per EI between region and reference"
        " (0.9 EI for a contrast of 12).",
    )
    colour_per_shift: float = Field(
        0.05, ge=0.0, description="Redness: SD per EI of corrected white balance."
    )
    alignment_share: float = Field(
        0.5, ge=0.0, description="Unevenness that a shift over the region's edge brings in."
    )
    scale_rel_sd: float = Field(
        0.005, ge=0.0, description="Relative uncertainty of the ratio of scales by alignment."
    )


@dataclass(frozen=True, eq=False)
class Observed:
    """What was seen of one measure in one region of a pair.

    ``facts`` and ``reads`` are those of the before and the after photo; ``region_px`` is the
    region's area in pixels of the before photo; ``contrast`` the larger distance of the region's
    reading from that of reference skin on either photo, in the measure's unit (0 without such
    skin); ``seed`` that of the resampling.
    """

    facts: tuple[PhotoFacts, PhotoFacts]
    reads: tuple[Read, Read]
    alignment: Alignment
    region_px: int
    contrast: float
    seed: int


def nuisance(measure: Measure, seen: Observed, config: VarianceConfig) -> dict[str, float]:
    """Variance of a change by source.

    Parameters
    ----------
    measure : Measure
        ``fragile_to`` names the terms that apply.
    seen : Observed
    config : VarianceConfig

    Returns
    -------
    dict of str to float
        In the measure's working domain, squared. Empty for one and the same picture on both
        sides (every tile equal to the last bit), which cannot differ by anything.
    """
    if _same_pixels(seen.reads):
        return {}
    terms = {
        "light": _light,
        "blur": _blur,
        "colour": _colour,
        "alignment": _alignment,
        "scale": _scale,
        "outline": _outline,
    }
    return {
        name: term(measure, seen, config)
        for name, term in terms.items()
        if name in measure.fragile_to
    }


def _same_pixels(reads: tuple[Read, Read]) -> bool:
    first, second = reads[0].tiles, reads[1].tiles
    return np.array_equal(first.value, second.value) and np.array_equal(first.ids, second.ids)


def _light(measure: Measure, seen: Observed, config: VarianceConfig) -> float:
    shift = abs(seen.facts[1].shading_shift - seen.facts[0].shading_shift)
    return config.light_sd**2 + (config.light_per_shift * shift) ** 2


def _blur(measure: Measure, seen: Observed, config: VarianceConfig) -> float:
    error = config.blur_unknown_px2
    first, second = (fact.sigma2_px2 for fact in seen.facts)
    if not isinstance(first, NotMeasured) and not isinstance(second, NotMeasured):
        on_reference = all(fact.anchor == "reference" for fact in seen.facts)
        least = config.blur_se_px2 if on_reference else config.blur_region_se_px2
        left = 0.0 if on_reference else second - first
        spread = np.hypot(seen.facts[0].sigma2_se_px2, seen.facts[1].sigma2_se_px2)
        error = float(np.sqrt(least**2 + spread**2 + left**2))
    return (max(abs(read.blur_sensitivity) for read in seen.reads) * error) ** 2


def _colour(measure: Measure, seen: Observed, config: VarianceConfig) -> float:
    ei_per_unit = 1.0 if measure.unit == "EI" else EI_PER_A
    corrected = seen.facts[1].ln_white_balance[0] - seen.facts[0].ln_white_balance[0]
    parts = (
        config.colour_sd,
        config.colour_per_contrast * seen.contrast * ei_per_unit,
        config.colour_per_shift * 100.0 / float(np.log(10.0)) * corrected,
    )
    return float(np.sum(np.square(parts))) / ei_per_unit**2


def _alignment(measure: Measure, seen: Observed, config: VarianceConfig) -> float:
    """A shift by the alignment error swaps a strip of skin along the region's edge."""
    side = float(np.sqrt(max(1, seen.region_px)))
    swapped = 4.0 * seen.alignment.rms_px / side * config.alignment_share
    tiles = seen.reads[0].tiles
    if measure.change == "difference":
        return float((swapped * np.std(tiles.value)) ** 2)
    unevenness = tile_change_se(
        (tiles.ids, tiles.weight, tiles.value), tiles.combine, 200, seen.seed
    )
    return float((swapped * (unevenness or 0.0) * np.sqrt(len(tiles.ids))) ** 2)


def _scale(measure: Measure, seen: Observed, config: VarianceConfig) -> float:
    return (2.0 * config.scale_rel_sd) ** 2


def _outline(measure: Measure, seen: Observed, config: VarianceConfig) -> float:
    return sum(read.own_rel_sd**2 for read in seen.reads)
