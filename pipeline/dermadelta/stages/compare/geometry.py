"""Gates of geometry: the skin is seen from the same place, at the scale that is said."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from dermadelta.domain import CalibratedPhoto, Check, CheckVerdict, NotMeasured
from dermadelta.kernels.geometry import (
    ASSUMED_FOCAL_35MM,
    focal_px,
    local_affine,
    scale_ratio,
    tilt_between,
)
from dermadelta.stages.compare.gate import EVERYTHING, Compared, fragile, limit_check


def overlap(seen: Compared) -> Check:
    """Enough of the region is in both photos."""
    return limit_check(
        "overlap",
        seen.alignment.overlap,
        "share of region",
        seen.config.min_overlap,
        least=True,
        remedy="Too little of the region is in both photos: retake with the same framing, the whole"
        " region inside.",
        refuses=EVERYTHING,
    )


def alignment_error(seen: Compared) -> Check:
    """The skin was matched closely enough to measure the same places, over enough of it."""
    alignment, config = seen.alignment, seen.config
    limit = config.max_error_share * seen.carried.views[0].frame_short_side_px
    gate = limit_check(
        "alignment",
        alignment.p95_px,
        "px (95th percentile)",
        limit,
        remedy="The skin could not be matched closely: retake from the same angle, with the same"
        " expression.",
        refuses=fragile("alignment"),
    )
    share = alignment.usable_share
    if gate.verdict is CheckVerdict.FAIL or share >= config.marked_usable_share:
        return gate
    remedy = f"Only {100.0 * share:.0f} % of the region could be matched and was measured"
    if share < config.min_usable_share:
        remedy = (
            f"Only {100.0 * share:.0f} % of the region could be matched: retake in focus, with the"
            " same light and expression"
        )
        gate = replace(gate, verdict=CheckVerdict.FAIL)
    return replace(gate, remedy=f"{remedy}.")


def zoom(seen: Compared) -> Check:
    """Both photos were taken from about the same distance."""
    ratio = magnification(seen)
    return limit_check(
        "zoom",
        max(ratio, 1.0 / ratio),
        "×",
        seen.config.max_zoom,
        remedy=f"The after photo was taken from much too {'far' if ratio > 1.0 else 'near'}: repeat"
        " the distance and the zoom of the before photo.",
        refuses=fragile("blur", "scale"),
    )


def tilt(seen: Compared) -> Check:
    """The camera was held to the skin at about the same angle; a smaller tilt is marked.

    Told from the perspective, not from the foreshortening: skin that is stretched by 3 % is
    foreshortened as by a tilt of 20°.
    """
    config = seen.config
    angle = float(np.degrees(tilt_of(seen)))
    gate = limit_check(
        "tilt",
        angle,
        "°",
        config.max_tilt_deg,
        remedy=f"The camera leant by {angle:.0f}° against the before photo: hold it parallel to the"
        " skin, as in the before photo, and retake.",
        refuses=fragile("light", "scale"),
    )
    if gate.verdict is CheckVerdict.PASS and angle > config.marked_tilt_deg:
        return replace(gate, remedy="Tilted a little: intervals are wider.")
    return gate


def tilt_of(seen: Compared) -> float:
    """Lean of the after camera against the before camera, rad."""
    metadata = seen.after.photo.metadata
    focal = focal_px(metadata.focal_35mm or ASSUMED_FOCAL_35MM, (metadata.height, metadata.width))
    return tilt_between(seen.alignment.after_to_before, middle(seen, seen.after), focal)


def scale(seen: Compared) -> Check:
    """Markers and alignment agree on how much larger the skin is shown."""
    before, after = seen.before.scale, seen.after.scale
    for side in (before, after):
        if isinstance(side, NotMeasured):
            limit = f"≤ {seen.config.max_scale_gap:g}"
            return Check("scale", side, "relative", limit, CheckVerdict.NOT_APPLICABLE, side.reason)
    if isinstance(before, NotMeasured) or isinstance(after, NotMeasured):
        raise TypeError("both scales are known here")
    sides = [
        side.mm_per_px * scale_ratio(side.to_mm, middle(seen, photo), side.mm_per_px)
        for side, photo in ((before, seen.before), (after, seen.after))
    ]
    gap = float(np.log(sides[1] / sides[0] / magnification(seen)))
    return limit_check(
        "scale",
        abs(gap),
        "relative",
        seen.config.max_scale_gap,
        remedy="The scales of the two photos contradict the alignment by"
        f" {100.0 * abs(gap):.0f} %: lay the marker flat beside the skin at its height, hold the"
        " camera parallel to it, or correct mm_per_px.",
        refuses=fragile("scale"),
    )


def magnification(seen: Compared) -> float:
    """Pixels of the before photo per pixel of the after photo, in the middle of the region."""
    local = local_affine(seen.alignment.after_to_before, middle(seen, seen.after))
    return float(np.sqrt(abs(np.linalg.det(local))))


def middle(seen: Compared, photo: CalibratedPhoto) -> tuple[float, float]:
    """Middle of the region on a photo, (x, y)."""
    view = next(v for v in seen.carried.views if v.photo_id == photo.photo.ref.photo_id)
    rows, cols = view.mask.shape
    return view.origin[0] + cols / 2.0, view.origin[1] + rows / 2.0
