"""Measure: read every measure on every view."""

from __future__ import annotations

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


def measure(
    carried: Carried,
    catalogue: Sequence[Measure],
    params: dict[str, Settings],
) -> tuple[Reading, ...]:
    """Read measures on the views of a pair.

    Parameters
    ----------
    carried : Carried
    catalogue : sequence of Measure
    params : dict of str to Settings
        Params by family.

    Returns
    -------
    tuple of Reading
        One per view and measure; reference skin is read only by measures that use it.
    """
    return tuple(
        Reading(item.name, view.role, view.photo_id, view.region, _read(item, view, params))
        for item in catalogue
        for view in carried.views
        if view.region != REFERENCE or item.uses_reference
    )


def _read(item: Measure, view: SkinView, params: dict[str, Settings]) -> Read | NotMeasured:
    if Need.SCALE in item.needs and isinstance(view.scale, NotMeasured):
        return view.scale
    if Need.NO_SCALE in item.needs and isinstance(view.scale, Scale):
        return NotMeasured("a scale is known: read the measure in millimetres instead")
    if Need.COLOUR_TARGET in item.needs and not view.calibrated:
        return NotMeasured(
            "an absolute colour needs a target card or a colour chart in every photograph of the"
            " pair: lay it beside the skin"
        )
    return item.read(view, params[item.family])
