"""Gates of light: exposure, saturated pixels, white balance, and where the lamp stood."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from dermadelta.domain import Check, CheckVerdict, NotMeasured
from dermadelta.kernels.shading import slope_change
from dermadelta.stages.compare.gate import Compared, fragile, has_reference, limit_check
from dermadelta.variance.nuisances import FAINT_SLOPE

_SIDES = (
    "right",
    "lower right",
    "below",
    "lower left",
    "left",
    "upper left",
    "above",
    "upper right",
)
"""Where light comes from, by eighths of a turn from +x towards +y (down)."""

_SAME_SIDE = 0.8
"""Turn of the slope of light, in units of it, up to which the lamp is on the same side: 47°."""


def exposure(seen: Compared) -> Check:
    """Both photos are about equally bright."""
    brighter = seen.after_facts.ln_exposure > 0.0
    return limit_check(
        "exposure",
        abs(seen.after_facts.ln_exposure) / float(np.log(2.0)),
        "EV",
        seen.config.max_exposure_ev,
        remedy=f"The after photo is much {'brighter' if brighter else 'darker'}: lock the exposure"
        " and retake.",
        refuses=fragile("light", "colour"),
    )


def clipping(seen: Compared) -> Check:
    """Little of the region is saturated."""
    shares = (seen.before_facts.clipped_share, seen.after_facts.clipped_share)
    which = "before" if shares[0] > shares[1] else "after"
    return limit_check(
        "clipping",
        max(shares),
        "share of region",
        seen.config.max_clipped,
        remedy=f"Part of the skin in the {which} photo is overexposed: lower the exposure or avoid"
        " the flash.",
        refuses=fragile("light", "colour"),
    )


def white_balance(seen: Compared) -> Check:
    """Untreated skin has the same colour on both photos; a small difference is marked.

    Only where untreated skin was seen: on the treated region itself a true change of redness
    looks the same. Its contrast to the region corrects the difference, so that it refuses only
    beyond what that was tested on. Without such skin, the neutral patches of a target or chart
    must be grey on both photos.
    """
    config, facts = seen.config, seen.after_facts
    limit = f"≤ {config.max_white_balance:g}"
    if facts.anchor != "reference" and seen.before.colour.absolute and seen.after.colour.absolute:
        return _grey_patches(seen)
    if facts.anchor != "reference":
        reason = NotMeasured(
            "no untreated skin to tell white balance from a true change of colour: give a"
            " reference mask"
        )
        no = CheckVerdict.NOT_APPLICABLE
        return Check("white_balance", reason, "ln R/G, B/G", limit, no, reason.reason)
    value = max(abs(part) for part in facts.ln_white_balance)
    gate = limit_check(
        "white_balance",
        value,
        "ln R/G, B/G",
        config.max_white_balance,
        remedy=f"The colours of the after photo are much {_cast(*facts.ln_white_balance)}: lock"
        " the white balance, use the same lamp, and retake.",
        refuses=fragile("colour"),
    )
    if gate.verdict is CheckVerdict.PASS and value > config.marked_white_balance:
        return replace(gate, remedy="Corrected: colours are held against untreated skin.")
    return gate


def _grey_patches(seen: Compared) -> Check:
    """Neutral patches have the same colour on both photos, after calibration."""
    first, second = seen.before_facts.grey_cast, seen.after_facts.grey_cast
    return limit_check(
        "white_balance",
        max(abs(b - a) for a, b in zip(first, second, strict=True)),
        "ln R/G, B/G",
        seen.config.max_grey_cast,
        remedy="The grey patches of the target still differ after calibration: a reflection or"
        " coloured light lies on it; retake with even light over card and skin.",
        refuses=fragile("colour"),
    )


def _cast(red: float, blue: float) -> str:
    """Word for a change of ln R/G and ln B/G."""
    if abs(red) >= abs(blue):
        return "redder" if red > 0.0 else "greener"
    return "bluer" if blue > 0.0 else "yellower"


def light(seen: Compared) -> Check:
    """The lamp stood in the same place; where it did not, reference skin corrects texture.

    Told by the change of the shading from place to place, and by how much more steeply light
    falls over curved skin: a lamp that sinks raises the contrast of relief by about the same
    factor. Beyond a limit of its own the latter refuses even with reference skin: of light that
    comes from the front gloss and pigment are left, which do not change as relief does.
    """
    config, corrected = seen.config, has_reference(seen)
    steeper, turn = _slope_change(seen)
    steeper = abs(steeper)
    # Pigment and lens slope too, and do not turn: a lamp on another side seems steeper or flatter.
    beyond = steeper > config.max_corrected_slope_change and turn <= _SAME_SIDE
    after_all = "." if beyond else ", or give untreated reference skin."
    if corrected:
        after_all = "; only the correction by untreated skin makes texture comparable."
    if corrected and beyond:
        after_all = "; it moved too far for untreated skin to correct texture."
    shading, slope = (
        limit_check(
            "light",
            value,
            unit,
            limit,
            remedy=_moved(seen) + after_all,
            refuses=fragile("light") if beyond or not corrected else (),
        )
        for value, unit, limit in (
            (seen.after_facts.shading_shift, "ln Y", config.max_shading_shift),
            (steeper, "share of the slope of light", config.max_slope_change),
        )
    )
    return shading if slope.verdict is CheckVerdict.PASS else slope


def _slope_change(seen: Compared) -> tuple[float, float]:
    """Relative change of how steeply light falls over curved skin, and turn of its direction."""
    slopes = (seen.before_facts.light_slope, seen.after_facts.light_slope)
    return slope_change(*slopes, FAINT_SLOPE)


def _moved(seen: Compared) -> str:
    """What happened to the lamp, and where to put it; ends without a stop."""
    config = seen.config
    before, after = (np.array(f.light_from) for f in (seen.before_facts, seen.after_facts))
    sizes = np.hypot(*before), np.hypot(*after)
    if min(sizes) >= config.clear_slope:
        first, second = _side(before), _side(after)
        turn = np.degrees(np.arccos(np.clip(before @ after / np.prod(sizes), -1.0, 1.0)))
        if first != second and turn >= config.turned_light_deg:
            return (
                f"The light came from {first} before and from {second} now: retake with the lamp"
                f" {_place(first)}"
            )
    steeper, _ = _slope_change(seen)
    if abs(steeper) > config.max_slope_change:
        return _harder(steeper > 0.0)
    if abs(sizes[1] - sizes[0]) >= config.clear_slope:
        return _harder(bool(sizes[1] > sizes[0]))
    return "The lamp stood elsewhere or was softer: retake with the lamp where it stood before"


def _harder(harder: bool) -> str:
    """Words for light that falls more, or less, from one side than before."""
    now, then = ("harder", "softer") if harder else ("softer", "harder")
    return (
        f"The light is {now} and falls more {'from one side' if harder else 'evenly'} now: retake"
        f" with the {then} light of the before photo"
    )


def _side(direction: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> str:
    """``the left``, ``above`` and so on, in the frame of the before photo."""
    eighth = round(float(np.arctan2(direction[1], direction[0])) / (np.pi / 4.0)) % 8
    name = _SIDES[eighth]
    return name if name in ("above", "below") else f"the {name}"


def _place(side: str) -> str:
    if side in ("above", "below"):
        return side
    return f"{'at' if ' ' in side.removeprefix('the ') else 'on'} {side}"
