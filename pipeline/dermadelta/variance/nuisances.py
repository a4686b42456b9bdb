"""Nuisances: what can be seen to differ between the photographs of a pair besides the skin.

Each is a square, so that a variance is a sum of coefficients times nuisances.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from dermadelta.domain import Alignment, Measure, NotMeasured, PhotoFacts, Read, Scale
from dermadelta.kernels.shading import slope_change
from dermadelta.kernels.statistics import tile_change_se

_DRAWS = 200
_EI_PER_LN = 100.0 / float(np.log(10.0))
OWN_LIFE: Mapping[str, float] = {"EI": 0.52, "a*": 0.41}
"""SD of what one place of skin does on one day and another does not, by unit: 0.51 a* or 0.65 EI is
the SD of repeat readings of one place (Cooksey, Allen and Tsai 2017, doi:10.18434/M38597); a good
third of that variance is common to all skin of a person."""

OWN_LIFE_LN = 0.015
"""The same of texture, ln: booths that hold head, lamp and camera repeat it to just under 2 %."""

FAINT_SLOPE = 0.1
"""Slope of ln R across skin that is too faint to tell a change of the light by its ratio; skin
lit from 45° over 24 mm of a cheek has 0.1 to 0.2."""

_JPEG_STEP = 10.0
"""Quantisation steps are taken in units of ten code values: quality 75 of the usual tables."""


@dataclass(frozen=True, eq=False)
class Observed:
    """What was seen of one measure in one region of a pair of photographs.

    ``facts`` and ``reads`` are those of the before and the after photo. ``tilt_rad`` and
    ``ln_zoom`` lie between the two photos at the region; ``region_px`` is the region's area in
    pixels of the first before photo; ``contrast`` the larger distance of the region's reading
    from that of reference skin on either photo, in the measure's unit (0 without such skin);
    ``elsewhere`` says that untreated skin was given by the user, not found around the region;
    ``seed`` is that of the resampling.
    """

    facts: tuple[PhotoFacts, PhotoFacts]
    reads: tuple[Read, Read]
    alignment: Alignment
    scale: Scale | NotMeasured
    tilt_rad: float
    ln_zoom: float
    region_px: int
    contrast: float
    elsewhere: bool
    seed: int


@dataclass(frozen=True)
class Nuisance:
    """One difference: the ``fragile_to`` of the measures it concerns, its unit and meaning."""

    concerns: frozenset[str]
    unit: str
    meaning: str
    square: Callable[[Measure, Observed], float]


def observed_nuisances(measure: Measure, seen: Sequence[Observed]) -> dict[str, float]:
    """Nuisances of a measure, each the mean over pairs of photographs of the two sides.

    Parameters
    ----------
    measure : Measure
        ``fragile_to`` says which concern it.
    seen : sequence of Observed
        Every before photo with every after photo, at least one.

    Returns
    -------
    dict of str to float
        By name, at least 0, in the order of ``NUISANCES``.
    """
    return {
        name: float(np.mean([nuisance.square(measure, item) for item in seen]))
        for name, nuisance in NUISANCES.items()
        if nuisance.concerns & measure.fragile_to
    }


def same_pixels(reads: Sequence[Sequence[Read]]) -> bool:
    """Whether both sides hold the very same pixels: then nothing can differ between them."""
    return all(
        np.array_equal(a.tiles.value, b.tiles.value) and np.array_equal(a.tiles.ids, b.tiles.ids)
        for a, b in itertools.product(*reads)
    )


def _gap(name: str, seen: Observed) -> float:
    return float(getattr(seen.facts[1], name) - getattr(seen.facts[0], name))


def _shading(measure: Measure, seen: Observed) -> float:
    return _gap("shading_shift", seen) ** 2


def _lean(measure: Measure, seen: Observed) -> float:
    first, second = (np.array(fact.lean) for fact in seen.facts)
    return float(np.sum((second - first) ** 2))


def _slope_change(seen: Observed) -> tuple[float, float]:
    first, second = (fact.light_slope for fact in seen.facts)
    return slope_change(first, second, FAINT_SLOPE)


def _light_strength(measure: Measure, seen: Observed) -> float:
    return _slope_change(seen)[0] ** 2


def _light_turn(measure: Measure, seen: Observed) -> float:
    return _slope_change(seen)[1] ** 2


def _lean_strength(measure: Measure, seen: Observed) -> float:
    first, second = (float(np.hypot(*fact.lean)) for fact in seen.facts)
    return (second - first) ** 2


def _uneven(measure: Measure, seen: Observed) -> float:
    return (_gap("region_ln_exposure", seen) - _gap("ln_exposure", seen)) ** 2


def _exposure(measure: Measure, seen: Observed) -> float:
    return _gap("ln_exposure", seen) ** 2


def _tilt(measure: Measure, seen: Observed) -> float:
    return seen.tilt_rad**2


def _zoom(measure: Measure, seen: Observed) -> float:
    return seen.ln_zoom**2


def _blur_difference(seen: Observed) -> float | None:
    first, second = (fact.sigma2_px2 for fact in seen.facts)
    if isinstance(first, NotMeasured) or isinstance(second, NotMeasured):
        return None
    return second - first


def _sensitivity(seen: Observed) -> float:
    return max(abs(read.blur_sensitivity) for read in seen.reads)


def _blur(measure: Measure, seen: Observed) -> float:
    return (_sensitivity(seen) * (_blur_difference(seen) or 0.0)) ** 2


def _blur_error(measure: Measure, seen: Observed) -> float:
    return _sensitivity(seen) ** 2 * sum(fact.sigma2_se_px2**2 for fact in seen.facts)


def _blur_unknown(measure: Measure, seen: Observed) -> float:
    return _sensitivity(seen) ** 2 if _blur_difference(seen) is None else 0.0


def _softness(measure: Measure, seen: Observed) -> float:
    return _sensitivity(seen) ** 2


def _noise(measure: Measure, seen: Observed) -> float:
    return _gap("noise_share", seen) ** 2


def _noise_level(measure: Measure, seen: Observed) -> float:
    return max(fact.noise_share for fact in seen.facts) ** 2


def _compression(measure: Measure, seen: Observed) -> float:
    return (_gap("jpeg_step", seen) / _JPEG_STEP) ** 2


def _residuals(seen: Observed) -> list[float]:
    """Colour difference left by the calibration of both photos; empty where not both have one."""
    left = [fact.calibration_de00 for fact in seen.facts]
    known = [value for value in left if not isinstance(value, NotMeasured)]
    return known if len(known) == len(left) else []


def _calibration(measure: Measure, seen: Observed) -> float:
    return sum(value**2 for value in _residuals(seen))


def _white_balance(measure: Measure, seen: Observed) -> float:
    if _residuals(seen) and seen.facts[1].anchor == "region":
        return 0.0  # on the region itself it would be the very change that is sought
    first, second = (np.array(fact.ln_white_balance) for fact in seen.facts)
    return float(np.sum((_EI_PER_LN * (second - first)) ** 2))


def _contrast(measure: Measure, seen: Observed) -> float:
    return 0.0 if _residuals(seen) else seen.contrast**2


def _elsewhere(measure: Measure, seen: Observed) -> float:
    """Skin of another place lives a life of its own: four readings, two places on two days."""
    if not (seen.elsewhere and measure.uses_reference):
        return 0.0
    own_life = OWN_LIFE_LN if measure.change == "ratio" else OWN_LIFE.get(measure.unit, 0.0)
    return 4.0 * own_life**2


def _clipping(measure: Measure, seen: Observed) -> float:
    return max(fact.clipped_share for fact in seen.facts) ** 2


def _edge(measure: Measure, seen: Observed) -> float:
    """A shift by the alignment error swaps a strip of skin along the region's edge."""
    swapped = 4.0 * seen.alignment.rms_px / float(np.sqrt(max(1, seen.region_px)))
    tiles = seen.reads[0].tiles
    if measure.change == "difference":
        return float((swapped * np.std(tiles.value)) ** 2)
    unevenness = tile_change_se(
        (tiles.ids, tiles.weight, tiles.value), tiles.combine, _DRAWS, seen.seed
    )
    return float((swapped * (unevenness or 0.0)) ** 2 * len(tiles.ids))


def _mismatch(measure: Measure, seen: Observed) -> float:
    return (1.0 - seen.alignment.correlation) ** 2


def _scale(measure: Measure, seen: Observed) -> float:
    return seen.scale.rel_sd**2 if isinstance(seen.scale, Scale) else 0.0


def _outline(measure: Measure, seen: Observed) -> float:
    return sum(read.own_rel_sd**2 for read in seen.reads if not read.drawn)


def _drawn(measure: Measure, seen: Observed) -> float:
    return sum(read.own_rel_sd**2 for read in seen.reads if read.drawn)


def _of(concerns: str, unit: str, meaning: str, square: Callable[..., float]) -> Nuisance:
    return Nuisance(frozenset(concerns.split()), unit, meaning, square)


NUISANCES: Mapping[str, Nuisance] = {
    "shading": _of("light", "ln²", "change of the shading from place to place", _shading),
    "lean": _of("light", "1", "turn of the direction in which fine relief is lit", _lean),
    "lean_strength": _of(
        "light",
        "1",
        "change of how far fine relief is lit from one side rather than from all",
        _lean_strength,
    ),
    "light_strength": _of(
        "light",
        "1",
        "relative change of how steeply light falls over curved skin",
        _light_strength,
    ),
    "light_turn": _of("light", "1", "turn of the direction in which it falls", _light_turn),
    "uneven": _of(
        "light", "ln²", "light on the region changed otherwise than on its anchor", _uneven
    ),
    "exposure": _of("light colour", "ln²", "change of brightness", _exposure),
    "tilt": _of("light alignment", "rad²", "tilt between the photographs", _tilt),
    "zoom": _of("blur alignment", "ln²", "change of magnification", _zoom),
    "blur": _of("blur", "ln²", "what the difference of blur does to the reading", _blur),
    "blur_error": _of("blur", "ln²", "the same for the error of that difference", _blur_error),
    "blur_unknown": _of("blur", "px⁻⁴", "sharpness could not be compared", _blur_unknown),
    "softness": _of("blur", "px⁻⁴", "how much the reading depends on sharpness", _softness),
    "noise": _of("blur", "1", "change of the noise in fine detail", _noise),
    "noise_level": _of("blur colour", "1", "noise in fine detail", _noise_level),
    "compression": _of("blur", "1", "difference of JPEG quantisation, tens of codes", _compression),
    "white_balance": _of("colour", "EI²", "change of white balance", _white_balance),
    "contrast": _of(
        "colour",
        "unit²",
        "contrast of region and reference that an unknown tone curve scales",
        _contrast,
    ),
    "calibration": _of(
        "colour", "ΔE00²", "what the calibration of the colours leaves over", _calibration
    ),
    "clipping": _of("colour light", "1", "saturated share of the region", _clipping),
    "elsewhere": _of(
        "light colour", "ln² or unit²", "untreated skin of another place, not around", _elsewhere
    ),
    "edge": _of("alignment", "ln² or unit²", "skin swapped at the region's edge", _edge),
    "mismatch": _of("alignment", "1", "what local correlation lacks of 1", _mismatch),
    "scale": _of("scale", "1", "relative uncertainty of the scale", _scale),
    "outline": _of("outline", "1", "relative uncertainty of outlines that were found", _outline),
    "drawn": _of("outline", "1", "the same of outlines that a person drew", _drawn),
}
"""Every nuisance by name; a measure meets those whose ``concerns`` are in its ``fragile_to``."""
