"""Gates of fine detail: sharpness, and filters that smooth skin."""

from __future__ import annotations

from dataclasses import replace

from dermadelta.domain import Check, CheckVerdict, NotMeasured, Scale
from dermadelta.stages.compare.gate import EVERYTHING, Compared, fragile, limit_check

BEAUTY_EDITORS = ("facetune", "meitu", "beautyplus", "faceapp", "youcam", "airbrush", "b612")
"""What the software field of a file starts with after an editor whose purpose is to smooth skin;
editors of general use say nothing about what was done."""

_SHARPNESS_UNIT = "px² at 0.05 mm per px"


def sharpness(seen: Compared) -> Check:
    """Both photos are about equally sharp, and in focus.

    Judged on untreated skin where there is some, more strictly than on the region, where a true
    change of relief can read as blur.
    """
    value = seen.after_facts.sigma2_px2
    config = seen.config
    on_reference = seen.after_facts.anchor == "reference"
    limit = config.max_delta_sigma2 if on_reference else config.max_delta_sigma2_region
    lost, smoothed = _lost(seen)
    if lost > _detail_limit(seen) and not smoothed:
        return _out_of_focus(seen, value, limit, EVERYTHING)
    if isinstance(value, NotMeasured):
        if on_reference and lost > config.unclear_lost_detail:
            return _out_of_focus(seen, value, limit, fragile("blur"))
        return Check(
            "sharpness",
            value,
            _SHARPNESS_UNIT,
            f"≤ {limit:g}",
            CheckVerdict.NOT_APPLICABLE,
            value.reason,
        )
    value *= _fine_pixel(seen) ** 2
    gate = limit_check(
        "sharpness",
        abs(value),
        _SHARPNESS_UNIT,
        limit,
        remedy=f"The {'after' if value > 0 else 'before'} photo is much softer: clean the lens,"
        " focus on the skin, hold still, retake.",
        refuses=fragile("blur"),
    )
    marked = gate.verdict is CheckVerdict.PASS and abs(value) > config.corrected_delta_sigma2
    if on_reference and marked:
        return replace(gate, remedy="Corrected: the sharper photo was softened.")
    return gate


def retouching(seen: Compared) -> Check:
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


def _out_of_focus(
    seen: Compared, value: float | NotMeasured, limit: float, refuses: tuple[str, ...]
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


def _lost(seen: Compared) -> tuple[float, bool]:
    """Fine detail that one of the photos lacks, ln, and whether its grain is gone with it."""
    facts = seen.after_facts
    if isinstance(facts.ln_detail, NotMeasured) or isinstance(facts.ln_grain, NotMeasured):
        return 0.0, False
    towards = -1.0 if facts.ln_detail < 0.0 else 1.0
    return abs(facts.ln_detail), towards * facts.ln_grain > seen.config.max_lost_grain


def _detail_limit(seen: Compared) -> float:
    on_reference = seen.after_facts.anchor == "reference"
    return seen.config.max_lost_detail if on_reference else seen.config.max_lost_detail_region


def _fine_pixel(seen: Compared) -> float:
    """Pixel of the first before photo in units of 0.05 mm: the scale of the finest relief.

    Without a scale a unit is the share of the frame's short side that 0.05 mm is of a hand-sized
    site (33 mm).
    """
    view = seen.carried.views[0]
    if isinstance(view.scale, Scale):
        return view.scale.mm_per_px / 0.05
    return 1.0 / max(1.0, seen.config.fine_pixel_share * view.frame_short_side_px)


def _software(seen: Compared) -> tuple[str, str]:
    return seen.before.photo.metadata.software, seen.after.photo.metadata.software
