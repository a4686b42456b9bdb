"""Bias: whether each photographic difference favours the after photo.

Each part lies between -1 and 1: 0 is neutral, positive flatters the after photo. A part is the
hyperbolic tangent of the difference in units of what is worth a remark, so that a difference
within the noise says little and none outweighs all the others.

==================  ===========================================================================
part                favours the after photo where it
==================  ===========================================================================
``light``           is lit more evenly, from the front: less shading, flatter relief
``sharpness``       is softer: pores and fine lines are gone
``zoom``            shows the skin smaller, from farther away
``exposure``        is brighter: redness, spots and furrows pale
``white_balance``   is less red on untreated skin
``pose``            sees the skin foreshortened: scars and pores become narrower
``timing``          was taken within 28 days of a session: swelling smooths the skin
==================  ===========================================================================
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from dermadelta.domain import NotMeasured
from dermadelta.kernels.geometry import lengthening
from dermadelta.stages.compare.gate import Compared
from dermadelta.stages.compare.geometry import magnification, middle, tilt_of

Part = float | NotMeasured

_LIGHT_LN = 0.1
"""Change of shading across the region that is worth a remark, ln Y."""

_ZOOM_LN = 0.05
_EXPOSURE_LN = 0.1
_WHITE_BALANCE_LN = 0.03
"""A red gain of 3 % is 1 a* or 1.3 in the erythema index."""

_POSE = 1.0 - float(np.cos(np.radians(10.0)))
"""Foreshortening by a tilt of 10°."""


def bias_parts(seen: Compared) -> tuple[tuple[str, Part], ...]:
    """Signed parts of the bias index by name, in a fixed order."""
    return tuple((name, part(seen)) for name, part in PARTS.items())


def bias_index(parts: tuple[tuple[str, Part], ...]) -> Part:
    """Mean of the parts that were seen."""
    seen = [part for _, part in parts if not isinstance(part, NotMeasured)]
    return float(np.mean(seen)) if seen else NotMeasured("no difference could be seen")


def _light(seen: Compared) -> Part:
    """Less shading across the region after than before."""
    before, after = (float(np.hypot(*f.light_from)) for f in (seen.before_facts, seen.after_facts))
    return _signed((before - after) / _LIGHT_LN)


def _sharpness(seen: Compared) -> Part:
    """Softer after; on the region alone a true change of relief must not count as blur."""
    value = seen.after_facts.sigma2_px2
    if isinstance(value, NotMeasured):
        return value
    config = seen.config
    on_reference = seen.after_facts.anchor == "reference"
    return _signed(
        value / (config.corrected_delta_sigma2 if on_reference else config.max_delta_sigma2_region)
    )


def _zoom(seen: Compared) -> Part:
    """Shown smaller after."""
    return _signed(float(np.log(magnification(seen))) / _ZOOM_LN)


def _exposure(seen: Compared) -> Part:
    """Brighter after."""
    return _signed(seen.after_facts.ln_exposure / _EXPOSURE_LN)


def _white_balance(seen: Compared) -> Part:
    """Untreated skin less red after."""
    if seen.after_facts.anchor != "reference":
        return NotMeasured("no untreated skin to tell white balance from a true change of colour")
    return _signed(-seen.after_facts.ln_white_balance[0] / _WHITE_BALANCE_LN)


def _pose(seen: Compared) -> Part:
    """Foreshortened after, by the lean that the perspective shows; its sign by the lengths."""
    towards = np.sign(lengthening(seen.alignment.after_to_before, middle(seen, seen.after)))
    return _signed(float(towards) * (1.0 - float(np.cos(tilt_of(seen)))) / _POSE)


def _timing(seen: Compared) -> Part:
    """Swollen after, all the more the younger the session; 0 from four weeks on."""
    days = seen.pair.days_since_session
    if days is None:
        return NotMeasured("no session before this visit is known (sessions.csv)")
    early = seen.config.early_texture_days
    return float(np.clip(1.0 - days / early, 0.0, 1.0)) if early else 0.0


def _signed(value: float) -> float:
    return float(np.tanh(value))


PARTS: Mapping[str, Callable[[Compared], Part]] = {
    "light": _light,
    "sharpness": _sharpness,
    "zoom": _zoom,
    "exposure": _exposure,
    "white_balance": _white_balance,
    "pose": _pose,
    "timing": _timing,
}
"""Every part by name; names are columns, so they never change."""
