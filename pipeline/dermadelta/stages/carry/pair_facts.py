"""What the photographs of a pair have in common: scale, thresholds of scars, untreated skin."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from dermadelta.domain import (
    REFERENCE,
    AlignedPhoto,
    FloatArray,
    LesionThresholds,
    Mask,
    NotMeasured,
    Region,
    Scale,
    Untreated,
)
from dermadelta.kernels.blobs import discolouration, lesion_thresholds
from dermadelta.kernels.colour_map import COARSE_MM, coarse_map, colour_map, erythema_spread
from dermadelta.kernels.geometry import scale_ratio
from dermadelta.kernels.masks import shrink
from dermadelta.kernels.memo import once
from dermadelta.kernels.resampling import resize_mask, shrink_to
from dermadelta.stages.carry.config import CarryConfig
from dermadelta.stages.carry.cut import Cut

_STRIDE = 8
_PLANE_DOUBT = 0.2
"""Share of the difference of scale between card and region that is doubted: skin is not flat."""


def pair_scale(photos: Sequence[AlignedPhoto], cuts: Sequence[Cut]) -> Scale | NotMeasured:
    """Scale of the first before photo from every photo that has one, weighted by certainty."""
    first = cuts[0].name
    found: list[tuple[float, float, Scale]] = []
    for photo, cut in zip(photos, (c for c in cuts if c.name == first), strict=True):
        scale = photo.photo.scale
        if isinstance(scale, Scale):
            scale = _at_skin(scale, cut)
            found.append((np.log(scale.mm_per_px * cut.magnification), scale.rel_sd**-2, scale))
    source = photos[0].photo.scale
    if not found:
        return source
    total = sum(weight for _, weight, _ in found)
    mean = sum(value * weight for value, weight, _ in found) / total
    return Scale(
        float(np.exp(mean)),
        float(total**-0.5),
        source.source if isinstance(source, Scale) else "carried",
    )


def _at_skin(scale: Scale, cut: Cut) -> Scale:
    """Scale of a photo at the region, which lies in the plane of the card as far as one knows."""
    x0, y0, _, _ = cut.box
    rows, cols = np.nonzero(cut.mask[::_STRIDE, ::_STRIDE])
    points = np.stack([_STRIDE * cols + x0, _STRIDE * rows + y0], axis=-1)
    if not len(points):
        return scale
    ratio = scale_ratio(scale.to_mm, points, scale.mm_per_px)
    rel_sd = float(np.hypot(scale.rel_sd, _PLANE_DOUBT * np.log(ratio)))
    return Scale(scale.mm_per_px * ratio, rel_sd, scale.source)


def own_scale(base: Scale | NotMeasured, cut: Cut) -> Scale | NotMeasured:
    """Scale of a cut's own pixels, from that of the first before photo."""
    if isinstance(base, NotMeasured):
        return base
    return Scale(base.mm_per_px / cut.magnification, base.rel_sd, base.source)


def discoloured(cut: Cut, scale: Scale | NotMeasured, config: CarryConfig) -> FloatArray:
    """Colour difference of every pixel of a cut from the skin around it, ΔE00; 0 off-skin."""
    shape = cut.mask.shape
    if cut.name == REFERENCE or not config.scars:  # no scars are sought there
        return np.zeros(shape, dtype=np.float32)
    factor = min(1.0, config.lesion_side_px / max(shape))
    small = shrink_to(cut.rgb, factor)
    skin = resize_mask(cut.skin, (small.shape[0], small.shape[1]))
    skin = shrink(skin, config.lesion_edge_px)  # hairlines and shadows at the edge are no scars
    smooth_px = 2.0
    if isinstance(scale, Scale):
        smooth_px = config.lesion_smooth_mm * cut.magnification / scale.mm_per_px * factor
    score = discolouration(
        small, skin, smooth_px=smooth_px, lightness_weight=config.lesion_lightness_weight
    )
    wide = cv2.resize(score, shape[::-1], interpolation=cv2.INTER_LINEAR)
    return np.where(cut.skin, np.asarray(wide), 0.0).astype(np.float32)


def given_scar(cut: Cut) -> Mask | NotMeasured:
    """The given scar mask on the box of a cut."""
    scar = cut.source.regions.scar
    if isinstance(scar, NotMeasured):
        return scar
    x0, y0, width, height = cut.box
    return scar.mask[y0 : y0 + height, x0 : x0 + width]


def thresholds(
    photos: Sequence[AlignedPhoto],
    scores: Sequence[FloatArray],
    config: CarryConfig,
) -> LesionThresholds | NotMeasured:
    """Thresholds for automatic scars, one pair for all photos."""
    if not config.scars:
        return NotMeasured("scars are not looked for (carry.scars)")
    given = [isinstance(photo.regions.scar, Region) for photo in photos]
    if any(given) and not all(given):
        return NotMeasured(
            "a scar mask is given on one photo only: give one on each, drawn on its own pixels, or"
            " none (a carried mask cannot show a change)"
        )
    core, boundary = lesion_thresholds(
        scores,
        floor=config.lesion_floor_de00,
        core_sd=config.lesion_sd,
        boundary_sd=config.lesion_boundary_sd,
    )
    return LesionThresholds(core, boundary)


def untreated_skin(
    photo: AlignedPhoto, cuts: Sequence[Cut], scale: Scale | NotMeasured
) -> Untreated | NotMeasured:
    """Redness of the reference skin of a photo, at the resolution at which redness is read."""
    for cut in cuts:
        if cut.source is photo and cut.name == REFERENCE:
            own = own_scale(scale, cut)
            fine = once(colour_map, cut, own.mm_per_px if isinstance(own, Scale) else None)
            return Untreated(*erythema_spread(coarse_map(fine, COARSE_MM)))
    return NotMeasured("no untreated reference skin to hold redness against: give a reference mask")
