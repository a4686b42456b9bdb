"""Gates of light: exposure, saturated pixels, and where the lamp stood."""

from __future__ import annotations

import numpy as np

from dermadelta.domain import REFERENCE, Check
from dermadelta.stages.compare.gate import Compared, fragile, limit_check


def exposure(seen: Compared) -> Check:
    """Both photos are about equally bright."""
    return limit_check(
        "exposure",
        abs(seen.after_facts.ln_exposure) / float(np.log(2.0)),
        "EV",
        seen.config.max_exposure_ev,
        remedy="The photos differ greatly in brightness: lock the exposure and retake.",
        refuses=fragile("light", "colour"),
    )


def clipping(seen: Compared) -> Check:
    """Little of the region is saturated."""
    return limit_check(
        "clipping",
        max(seen.before_facts.clipped_share, seen.after_facts.clipped_share),
        "share of region",
        seen.config.max_clipped,
        remedy="Part of the skin is overexposed: lower the exposure or avoid the flash.",
        refuses=fragile("light", "colour"),
    )


def light(seen: Compared) -> Check:
    """The lamp stood in the same place; where it did not, reference skin corrects texture."""
    has_reference = any(view.region == REFERENCE for view in seen.carried.views)
    return limit_check(
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
        refuses=() if has_reference else fragile("light"),
    )
