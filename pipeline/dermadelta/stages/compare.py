"""Compare: whether these photographs may be compared at all, and for which measures."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np
from pydantic import Field

from dermadelta import measures
from dermadelta.domain import (
    REFERENCE,
    Alignment,
    CalibratedPhoto,
    Carried,
    Check,
    CheckVerdict,
    Comparability,
    NotMeasured,
    PairRef,
    PhotoFacts,
    Scale,
    Settings,
)
from dermadelta.kernels.geometry import local_affine

EVERYTHING = ("*",)

BEAUTY_EDITORS = ("facetune", "meitu", "beautyplus", "faceapp", "youcam", "airbrush", "b612")
"""What the software field of a file starts with after an editor whose purpose is to smooth skin;
editors of general use say nothing about what was done."""


class CompareConfig(Settings):
    """Limits of the gates."""

    min_correlation: float = Field(
        0.3,
        description="Same skin: least local correlation in the region. Of 30 pairs of different"
        " patients none was aligned at all; true pairs lie at 0.33 to 0.95.",
    )
    min_overlap: float = Field(
        0.5, ge=0.0, le=1.0, description="Least share of the region that both photos show."
    )
    max_error_share: float = Field(
        0.01,
        gt=0.0,
        description="Largest 95th percentile of the alignment error, share of the frame's short"
        " side. Of 23 real pairs aligned on the same wound 20 lie below 0.008, the two that were"
        " aligned wrongly above 0.04.",
    )
    max_delta_sigma2: float = Field(
        0.75,
        gt=0.0,
        description="Sharpness: largest difference of blur variance, pixel² at 0.05 mm per pixel."
        " 0.5 beyond the error of its estimate (0.08 to 0.13).",
    )
    max_delta_sigma2_region: float = Field(
        1.5,
        gt=0.0,
        description="The same where there is no reference skin: on the region itself a true change"
        " of relief can read as over 1 px² of blur.",
    )
    fine_pixel_share: float = Field(
        0.0015,
        gt=0.0,
        description="Without a scale: what counts as 0.05 mm, share of the frame's short side.",
    )
    corrected_delta_sigma2: float = Field(
        0.15, gt=0.0, description="Sharpness: beyond this the correction is marked."
    )
    max_exposure_ev: float = Field(1.5, gt=0.0, description="Largest difference of exposure, EV.")
    max_clipped: float = Field(
        0.02, ge=0.0, le=1.0, description="Largest saturated share of the region."
    )
    max_zoom: float = Field(1.5, gt=1.0, description="Largest ratio of magnification.")
    max_tilt_deg: float = Field(20.0, gt=0.0, description="Largest tilt between the photos.")
    max_scale_gap: float = Field(
        0.05, gt=0.0, description="Scale: largest contradiction of markers and alignment, relative."
    )
    max_shading_shift: float = Field(
        0.12, gt=0.0, description="Light: largest change of shading without reference skin, ln Y."
    )
    max_lost_detail: float = Field(
        0.6,
        gt=0.0,
        description="Sharpness, retouching: largest loss of fine detail (ln) on untreated skin: kept"
        " lamps and cameras lose 0.1, a lamp on the other side 0.25; focus lost three-fold and"
        " beauty filters 0.65 and more (72 rendered pairs).",
    )
    max_lost_detail_region: float = Field(
        0.68,
        gt=0.0,
        description="The same on the treated region, where a true change by half reads as 0.6.",
    )
    unclear_lost_detail: float = Field(
        0.35,
        gt=0.0,
        description="Sharpness on untreated skin, where noise hides the difference of blur: largest"
        " loss of fine detail, ln.",
    )
    max_lost_grain: float = Field(
        0.35,
        gt=0.0,
        description="Retouching: loss of grain (ln) that tells a filter from a lens. At like JPEG"
        " quality it is below 0.12 without a filter and above 0.55 with one.",
    )
    healing_days: int = Field(7, ge=0, description="Days after a session that are marked healing.")
    early_texture_days: int = Field(28, ge=0, description="Days before texture results count.")


@dataclass(frozen=True, eq=False)
class _Pair:
    """What the gates look at."""

    pair: PairRef
    before: CalibratedPhoto
    after: CalibratedPhoto
    alignment: Alignment
    carried: Carried
    before_facts: PhotoFacts
    after_facts: PhotoFacts
    config: CompareConfig


def compare(
    pair: PairRef,
    before: CalibratedPhoto,
    after: CalibratedPhoto,
    alignment: Alignment,
    carried: Carried,
    config: CompareConfig,
) -> Comparability:
    """Hold one after photo against the first before photo.

    Parameters
    ----------
    pair : PairRef
        Dates and sessions.
    before, after : CalibratedPhoto
    alignment : Alignment
        Of this after photo.
    carried : Carried
        With the facts of both photos.
    config : CompareConfig

    Returns
    -------
    Comparability
        One Check per gate in ``GATES``; a failing one names the measures that it refuses.
    """
    facts = {fact.photo_id: fact for fact in carried.facts}
    seen = _Pair(
        pair,
        before,
        after,
        alignment,
        carried,
        facts[before.photo.ref.photo_id],
        facts[after.photo.ref.photo_id],
        config,
    )
    return Comparability(tuple(gate(seen) for gate in GATES), _bias_index(seen))


def _fragile(*nuisances: str) -> tuple[str, ...]:
    return tuple(m.name for m in measures.ALL if m.fragile_to & set(nuisances))


def _gate(
    name: str,
    value: float,
    unit: str,
    limit: float,
    *,
    least: bool = False,
    remedy: str,
    refuses: Iterable[str] = (),
) -> Check:
    """A gate that passes at or within its limit; ``least`` for a lower limit."""
    passed = value >= limit if least else value <= limit
    return Check(
        name,
        value,
        unit,
        f"{'≥' if least else '≤'} {limit:g}",
        CheckVerdict.PASS if passed else CheckVerdict.FAIL,
        "" if passed else remedy,
        tuple(refuses),
    )


def _same_skin(seen: _Pair) -> Check:
    return _gate(
        "same_skin",
        seen.alignment.correlation,
        "correlation",
        seen.config.min_correlation,
        least=True,
        remedy="The skin patterns do not match: check that both photos show the same person and"
        " site; retake in focus, with the same light.",
        refuses=EVERYTHING,
    )


def _overlap(seen: _Pair) -> Check:
    return _gate(
        "overlap",
        seen.alignment.overlap,
        "share of region",
        seen.config.min_overlap,
        least=True,
        remedy="Too little of the region is in both photos: retake with the same framing.",
        refuses=EVERYTHING,
    )


def _alignment_error(seen: _Pair) -> Check:
    return _gate(
        "alignment",
        seen.alignment.p95_px,
        "px (95th percentile)",
        seen.config.max_error_share * seen.carried.views[0].frame_short_side_px,
        remedy="The skin could not be matched closely: retake from the same angle, with the same"
        " expression.",
        refuses=_fragile("alignment"),
    )


_SHARPNESS_UNIT = "px² at 0.05 mm per px"


def _sharpness(seen: _Pair) -> Check:
    value = seen.after_facts.sigma2_px2
    config = seen.config
    on_reference = seen.after_facts.anchor == "reference"
    limit = config.max_delta_sigma2 if on_reference else config.max_delta_sigma2_region
    lost, smoothed = _lost(seen)
    if lost > _detail_limit(seen) and not smoothed:
        return _out_of_focus(seen, value, limit, EVERYTHING)
    if isinstance(value, NotMeasured):
        if on_reference and lost > config.unclear_lost_detail:
            return _out_of_focus(seen, value, limit, _fragile("blur"))
        return Check(
            "sharpness",
            value,
            _SHARPNESS_UNIT,
            f"≤ {limit:g}",
            CheckVerdict.NOT_APPLICABLE,
            value.reason,
        )
    value *= _fine_pixel(seen) ** 2
    gate = _gate(
        "sharpness",
        abs(value),
        _SHARPNESS_UNIT,
        limit,
        remedy=f"The {'after' if value > 0 else 'before'} photo is much softer: clean the lens,"
        " focus on the skin, hold still, retake.",
        refuses=_fragile("blur"),
    )
    marked = gate.verdict is CheckVerdict.PASS and abs(value) > config.corrected_delta_sigma2
    if on_reference and marked:
        return replace(gate, remedy="Corrected: the sharper photo was softened.")
    return gate


def _out_of_focus(
    seen: _Pair, value: float | NotMeasured, limit: float, refuses: tuple[str, ...]
) -> Check:
    """One of the photos has lost fine detail beyond what any lamp takes."""
    detail = seen.after_facts.ln_detail
    which = "before" if isinstance(detail, float) and detail > 0.0 else "after"
    return Check(
        "sharpness",
        value,
        _SHARPNESS_UNIT,
        f"≤ {limit:g}",
        CheckVerdict.FAIL,
        f"The {which} photo is out of focus: its fine detail is gone. Focus on the skin, hold"
        " still, retake.",
        refuses,
    )


def _lost(seen: _Pair) -> tuple[float, bool]:
    """Fine detail that one of the photos lacks, ln, and whether its grain is gone with it."""
    facts = seen.after_facts
    if isinstance(facts.ln_detail, NotMeasured) or isinstance(facts.ln_grain, NotMeasured):
        return 0.0, False
    towards = -1.0 if facts.ln_detail < 0.0 else 1.0
    return abs(facts.ln_detail), towards * facts.ln_grain > seen.config.max_lost_grain


def _detail_limit(seen: _Pair) -> float:
    on_reference = seen.after_facts.anchor == "reference"
    return seen.config.max_lost_detail if on_reference else seen.config.max_lost_detail_region


def _fine_pixel(seen: _Pair) -> float:
    """Pixel of the first before photo in units of 0.05 mm: the scale of the finest relief.

    Without a scale a unit is the share of the frame's short side that 0.05 mm is of a hand-sized
    site (33 mm).
    """
    view = seen.carried.views[0]
    if isinstance(view.scale, Scale):
        return view.scale.mm_per_px / 0.05
    return 1.0 / max(1.0, seen.config.fine_pixel_share * view.frame_short_side_px)


def _exposure(seen: _Pair) -> Check:
    return _gate(
        "exposure",
        abs(seen.after_facts.ln_exposure) / float(np.log(2.0)),
        "EV",
        seen.config.max_exposure_ev,
        remedy="The photos differ greatly in brightness: lock the exposure and retake.",
        refuses=_fragile("light", "colour"),
    )


def _clipping(seen: _Pair) -> Check:
    return _gate(
        "clipping",
        max(seen.before_facts.clipped_share, seen.after_facts.clipped_share),
        "share of region",
        seen.config.max_clipped,
        remedy="Part of the skin is overexposed: lower the exposure or avoid the flash.",
        refuses=_fragile("light", "colour"),
    )


def _light(seen: _Pair) -> Check:
    has_reference = any(view.region == REFERENCE for view in seen.carried.views)
    return _gate(
        "light",
        seen.after_facts.shading_shift,
        "ln Y",
        seen.config.max_shading_shift,
        remedy="The lamp stood elsewhere or was softer"
        + (
            ": only the correction by reference skin makes texture comparable."
            if has_reference
            else ": use the same lamp position, or give untreated reference skin."
        ),
        refuses=() if has_reference else _fragile("light"),
    )


def _retouching(seen: _Pair) -> Check:
    """A filter that smooths skin takes its detail and its grain, in one of the photos.

    Seen on untreated skin where there is some: there no treatment takes detail.
    """
    facts = seen.after_facts
    limit = f"≤ {_detail_limit(seen):g} where grain is lost by {seen.config.max_lost_grain:g}"
    if isinstance(facts.ln_detail, NotMeasured):
        reason = facts.ln_detail
        return Check("retouching", reason, "ln", limit, CheckVerdict.NOT_APPLICABLE, reason.reason)
    lost, smoothed = _lost(seen)
    smoothed = smoothed and lost > _detail_limit(seen)
    editors = [name for name in _software(seen) if name.lower().startswith(BEAUTY_EDITORS)]
    which = "after" if facts.ln_detail < 0.0 else "before"
    remedy = ""
    if editors:
        remedy = f"A photo was saved by {editors[0]}, which smooths skin: use the original file."
    elif smoothed:
        remedy = (
            f"The {which} photo has lost both the detail and the grain of skin, as a beauty filter"
            " does: use the original file, with every skin filter of the camera off."
        )
    verdict = CheckVerdict.FAIL if remedy else CheckVerdict.PASS
    return Check("retouching", lost, "ln of fine detail", limit, verdict, remedy, EVERYTHING)


def _software(seen: _Pair) -> tuple[str, str]:
    return seen.before.photo.metadata.software, seen.after.photo.metadata.software


def _zoom(seen: _Pair) -> Check:
    zoom = float(np.sqrt(abs(np.linalg.det(_local(seen)))))
    return _gate(
        "zoom",
        max(zoom, 1.0 / zoom),
        "×",
        seen.config.max_zoom,
        remedy="The photos were taken from very different distances: repeat the distance.",
        refuses=_fragile("blur", "scale"),
    )


def _tilt(seen: _Pair) -> Check:
    big, small = np.linalg.svd(_local(seen), compute_uv=False)
    return _gate(
        "tilt",
        float(np.degrees(np.arccos(min(1.0, small / big)))),
        "°",
        seen.config.max_tilt_deg,
        remedy="The camera was tilted: hold it parallel to the skin as in the before photo.",
        refuses=_fragile("light", "scale"),
    )


def _scale(seen: _Pair) -> Check:
    before, after = seen.before.scale, seen.after.scale
    for side in (before, after):
        if isinstance(side, NotMeasured):
            limit = f"≤ {seen.config.max_scale_gap:g}"
            return Check("scale", side, "relative", limit, CheckVerdict.NOT_APPLICABLE, side.reason)
    if isinstance(before, NotMeasured) or isinstance(after, NotMeasured):
        raise TypeError("both scales are known here")
    zoom = float(np.sqrt(abs(np.linalg.det(_local(seen)))))
    gap = float(np.log(after.mm_per_px / before.mm_per_px / zoom))
    return _gate(
        "scale",
        abs(gap),
        "relative",
        seen.config.max_scale_gap,
        remedy="The scales of the two photos contradict the alignment: lay the marker flat beside"
        " the skin at the same height, or correct mm_per_px.",
        refuses=_fragile("scale"),
    )


def _timing(seen: _Pair) -> Check:
    days = seen.pair.days_since_session
    limit = f"> {seen.config.healing_days}"
    if days is None:
        reason = NotMeasured("no session before this visit is known (sessions.csv)")
        return Check("timing", reason, "days", limit, CheckVerdict.NOT_APPLICABLE, reason.reason)
    if days <= seen.config.healing_days:
        return Check(
            "timing",
            float(days),
            "days",
            limit,
            CheckVerdict.FAIL,
            "Healing: redness, scars and pores are not settled in the first week; photograph"
            " again later.",
        )
    early = days < seen.config.early_texture_days
    note = "Early: swelling can still smooth the texture before four weeks." if early else ""
    return Check("timing", float(days), "days", limit, CheckVerdict.PASS, note)


GATES: tuple[Callable[[_Pair], Check], ...] = (
    _same_skin,
    _overlap,
    _alignment_error,
    _sharpness,
    _exposure,
    _clipping,
    _light,
    _retouching,
    _zoom,
    _tilt,
    _scale,
    _timing,
)


def _local(seen: _Pair) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Derivative of after → before at the middle of the after region."""
    view = next(v for v in seen.carried.views if v.photo_id == seen.after.photo.ref.photo_id)
    rows, cols = view.mask.shape
    centre = (view.origin[0] + cols / 2.0, view.origin[1] + rows / 2.0)
    return local_affine(seen.alignment.after_to_before, centre)


def _bias_index(seen: _Pair) -> float | NotMeasured:
    """Does each difference favour the after photo? Softer and brighter skin looks better."""
    differences = [seen.after_facts.ln_exposure / 0.1]
    if not isinstance(seen.after_facts.sigma2_px2, NotMeasured):
        differences.append(seen.after_facts.sigma2_px2 / seen.config.corrected_delta_sigma2)
    return float(np.mean([np.tanh(value) for value in differences]))
