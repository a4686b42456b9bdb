"""Calibrate: find the scale of a photograph and its colour model."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from dermadelta.domain import CalibratedPhoto, Card, Mask, NotMeasured, Photo, Scale
from dermadelta.kernels.colour import eight_bit
from dermadelta.kernels.ruler import find_ruler
from dermadelta.stages.calibrate.chart import CORNERS, Read, read_chart, read_grey_card
from dermadelta.stages.calibrate.colour import UNCORRECTED, corrected
from dermadelta.stages.calibrate.config import CalibrateConfig
from dermadelta.stages.calibrate.markers import find_markers, marker_scale, under_markers
from dermadelta.stages.calibrate.pair import alike
from dermadelta.stages.calibrate.target import Colours, Target, read_target

__all__ = ["CalibrateConfig", "alike", "calibrate"]

_DISAGREE = 0.05
"""Two scales of one photo that differ by more (log) contradict each other."""

_REMEDIES = {
    "target": "print the card at 100 %",
    "marker": "set calibrate.marker_mm to the printed size",
}


def calibrate(
    photo: Photo, config: CalibrateConfig, values: Colours | None = None
) -> CalibratedPhoto:
    """Scale and colour model of one photograph.

    Parameters
    ----------
    photo : Photo
        Decoded and upright.
    config : CalibrateConfig
        Sizes of markers, limits of the fit.
    values : mapping of str to (float, float, float), optional
        Measured colours of the target card, linear sRGB by name of the patch.

    Returns
    -------
    CalibratedPhoto
        ``scale`` from the target card, else from lone markers (mean of all found), else from the
        given value, else from a millimetre ruler, else ``NotMeasured``; a printed and a given
        scale that disagree by over 5 % give ``NotMeasured`` with both values. ``colour`` from the
        card, else from a 24-patch chart, else white balance alone from a grey card, else the
        identity; ``card.fault`` says why an object that was found is not used. ``fixtures`` is
        True on everything that is no skin.
    """
    grey = _grey(photo)
    target = read_target(photo, grey, values, config)
    lone = find_markers(grey, config)
    fixtures = under_markers(grey.shape, lone, config)
    objects = _objects(photo, target, config)
    for item in objects:
        fixtures |= item.under
    card: Card | NotMeasured = NotMeasured("no chart or target in the photo")
    colour = UNCORRECTED
    if objects:
        best = next((item for item in objects if not item.card.fault), objects[0])
        card, colour = best.card, best.colour
    scale = _scale(photo, target, marker_scale(lone, config) if lone else None, config)
    if isinstance(scale, NotMeasured) and not lone and target is None:
        scale, ruler = _ruler(grey, scale, config)
        fixtures |= ruler
    return corrected(CalibratedPhoto(photo, colour, scale, fixtures, card, photo.to_linear))


def _objects(photo: Photo, target: Target | None, config: CalibrateConfig) -> list[Target | Read]:
    """Objects of known colour in the order in which they are trusted; what a person marked first.

    A bare chart is searched for only where there is no target that can be used.
    """
    marked = CORNERS in dict(photo.ref.details)
    spoilt = target is None or bool(target.card.fault)
    chart = read_chart(photo, config) if marked or spoilt else None
    found = (chart, target) if marked else (target, chart)
    return [item for item in (*found, read_grey_card(photo, config)) if item is not None]


def _grey(photo: Photo) -> NDArray[np.uint8]:
    return np.asarray(cv2.cvtColor(eight_bit(photo.rgb), cv2.COLOR_RGB2GRAY), dtype=np.uint8)


def _scale(
    photo: Photo, target: Target | None, marker: Scale | None, config: CalibrateConfig
) -> Scale | NotMeasured:
    """The printed scale where it agrees with the given one."""
    given = photo.ref.mm_per_px
    printed = marker if target is None else target.scale
    if printed is None or isinstance(printed, NotMeasured):
        if given is not None:
            return Scale(given, config.given_rel_sd, "given")
        return printed or NotMeasured(
            "no scale: lay the target card or a printed marker beside the skin, or give mm_per_px"
        )
    if given is not None and abs(np.log(printed.mm_per_px / given)) > _DISAGREE:
        return NotMeasured(
            f"the {printed.source} says {printed.mm_per_px:.4f} mm per pixel and the manifest"
            f" {given:.4f}: correct mm_per_px or {_REMEDIES[printed.source]}"
        )
    return printed


def _ruler(
    grey: NDArray[np.uint8], no: NotMeasured, config: CalibrateConfig
) -> tuple[Scale | NotMeasured, Mask]:
    """Scale of a ruler lying on the skin, and where it lies; asked only where nothing else says."""
    under = np.zeros(grey.shape, dtype=np.uint8)
    found = find_ruler(grey) if config.find_ruler else None
    if found is None:
        return no, under.astype(np.bool_)
    cv2.fillConvexPoly(under, np.round(found.outline).astype(np.int32), 1)
    rel_sd = float(np.hypot(found.rel_sd, config.ruler_rel_sd))
    return Scale(1.0 / found.px_per_mm, rel_sd, "ruler"), under.astype(np.bool_)
