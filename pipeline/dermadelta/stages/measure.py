"""Measure: read every measure on every view."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pydantic import Field

from dermadelta.domain import (
    REFERENCE,
    Carried,
    Measure,
    Need,
    NotMeasured,
    Read,
    Reading,
    Scale,
    Settings,
    SkinView,
)


class MeasureConfig(Settings):
    """Which measures are read."""

    only: tuple[str, ...] = Field((), description="Names of the measures to read; empty reads all.")
    face_sites: tuple[str, ...] = Field(
        (
            *("face", "forehead", "cheek", "nose", "chin", "lip", "perioral", "periorbital"),
            *("temple", "glabella", "jaw", "jawline", "mouth", "eye", "eyelid", "cheekbone"),
        ),
        description="Words in the name of a site that say face: measures of body sites are silent.",
    )


def measure(
    carried: Carried,
    catalogue: Sequence[Measure],
    params: dict[str, Settings],
    config: MeasureConfig,
) -> tuple[Reading, ...]:
    """Read measures on the views of a pair.

    Parameters
    ----------
    carried : Carried
    catalogue : sequence of Measure
    params : dict of str to Settings
        Params by family.
    config : MeasureConfig

    Returns
    -------
    tuple of Reading
        One per view and measure; reference skin is read only by measures that use it.
    """
    return tuple(
        Reading(item.name, view.role, view.photo_id, view.region, _read(item, view, params, config))
        for item in catalogue
        for view in carried.views
        if view.region != REFERENCE or item.uses_reference
    )


def _read(
    item: Measure, view: SkinView, params: dict[str, Settings], config: MeasureConfig
) -> Read | NotMeasured:
    if Need.SCALE in item.needs and isinstance(view.scale, NotMeasured):
        return view.scale
    if Need.NO_SCALE in item.needs and isinstance(view.scale, Scale):
        return NotMeasured("a scale is known: read the measure in millimetres instead")
    if Need.COLOUR_TARGET in item.needs and not view.calibrated:
        return NotMeasured(
            "an absolute colour needs a target card or a colour chart in every photograph of the"
            " pair: lay it beside the skin"
        )
    if Need.BODY_SITE in item.needs and _is_face(view.site, config):
        return NotMeasured(f"read on body sites only; the site {view.site!r} belongs to the face")
    return item.read(view, params[item.family])


def _is_face(site: str, config: MeasureConfig) -> bool:
    """Whether one of the words of a site's name belongs to the face, also in the plural."""
    words = re.split(r"[^a-z]+", site.lower())
    return any(
        word in config.face_sites or word.removesuffix("s") in config.face_sites for word in words
    )
