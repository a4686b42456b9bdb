"""Gates of geometry: the same skin, seen from the same place, at the scale that is said."""

from __future__ import annotations

import numpy as np

from dermadelta.domain import Check, CheckVerdict, NotMeasured
from dermadelta.kernels.geometry import local_affine
from dermadelta.stages.compare.gate import EVERYTHING, Compared, fragile, limit_check


def same_skin(seen: Compared) -> Check:
    """The skin patterns match at all."""
    return limit_check(
        "same_skin",
        seen.alignment.correlation,
        "correlation",
        seen.config.min_correlation,
        least=True,
        remedy="The skin patterns do not match: check that both photos show the same person and"
        " site; retake in focus, with the same light.",
        refuses=EVERYTHING,
    )


def overlap(seen: Compared) -> Check:
    """Enough of the region is in both photos."""
    return limit_check(
        "overlap",
        seen.alignment.overlap,
        "share of region",
        seen.config.min_overlap,
        least=True,
        remedy="Too little of the region is in both photos: retake with the same framing.",
        refuses=EVERYTHING,
    )


def alignment_error(seen: Compared) -> Check:
    """The skin was matched closely enough to measure the same places."""
    return limit_check(
        "alignment",
        seen.alignment.p95_px,
        "px (95th percentile)",
        seen.config.max_error_share * seen.carried.views[0].frame_short_side_px,
        remedy="The skin could not be matched closely: retake from the same angle, with the same"
        " expression.",
        refuses=fragile("alignment"),
    )


def zoom(seen: Compared) -> Check:
    """Both photos were taken from about the same distance."""
    ratio = _magnification(seen)
    return limit_check(
        "zoom",
        max(ratio, 1.0 / ratio),
        "×",
        seen.config.max_zoom,
        remedy="The photos were taken from very different distances: repeat the distance.",
        refuses=fragile("blur", "scale"),
    )


def tilt(seen: Compared) -> Check:
    """The camera was held to the skin at about the same angle."""
    big, small = np.linalg.svd(_local(seen), compute_uv=False)
    return limit_check(
        "tilt",
        float(np.degrees(np.arccos(min(1.0, small / big)))),
        "°",
        seen.config.max_tilt_deg,
        remedy="The camera was tilted: hold it parallel to the skin as in the before photo.",
        refuses=fragile("light", "scale"),
    )


def scale(seen: Compared) -> Check:
    """Markers and alignment agree on how much larger the skin is shown."""
    before, after = seen.before.scale, seen.after.scale
    for side in (before, after):
        if isinstance(side, NotMeasured):
            limit = f"≤ {seen.config.max_scale_gap:g}"
            return Check("scale", side, "relative", limit, CheckVerdict.NOT_APPLICABLE, side.reason)
    if isinstance(before, NotMeasured) or isinstance(after, NotMeasured):
        raise TypeError("both scales are known here")
    gap = float(np.log(after.mm_per_px / before.mm_per_px / _magnification(seen)))
    return limit_check(
        "scale",
        abs(gap),
        "relative",
        seen.config.max_scale_gap,
        remedy="The scales of the two photos contradict the alignment: lay the marker flat beside"
        " the skin at the same height, or correct mm_per_px.",
        refuses=fragile("scale"),
    )


def _magnification(seen: Compared) -> float:
    """Pixels of the before photo per pixel of the after photo, in the middle of the region."""
    return float(np.sqrt(abs(np.linalg.det(_local(seen)))))


def _local(seen: Compared) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Derivative of after → before at the middle of the after region."""
    view = next(v for v in seen.carried.views if v.photo_id == seen.after.photo.ref.photo_id)
    rows, cols = view.mask.shape
    centre = (view.origin[0] + cols / 2.0, view.origin[1] + rows / 2.0)
    return local_affine(seen.alignment.after_to_before, centre)
