"""Align: where each pixel of the after photo lies in the before photo."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dermadelta.domain import (
    Alignment,
    CalibratedPhoto,
    Cause,
    Mask,
    NotAligned,
    Region,
    Regions,
)
from dermadelta.kernels.masks import fill_enclosed
from dermadelta.kernels.resampling import resize_mask, shrink_factor
from dermadelta.kernels.sides import (
    Side,
    Source,
    averaged,
    mirrored,
    side,
    thinned,
    whole_factor,
)
from dermadelta.stages.align.by_hand import start_from_landmarks
from dermadelta.stages.align.config import AlignConfig
from dermadelta.stages.align.other_side import shows_the_other_side
from dermadelta.stages.align.refine import refine
from dermadelta.stages.align.start import LEAST_PIXELS, Start, find_start

__all__ = ["SAME_PICTURE", "AlignConfig", "align"]

SAME_PICTURE = "the same picture"
"""Method of an alignment that had nothing to find."""

_MIRRORED = NotAligned(
    "the after photo is mirrored: use the original file, not the selfie preview", Cause.MIRRORED
)

_OTHER_SKIN = NotAligned(
    "the same skin was not found in both photos: check that they show the same person"
    " and site, from the same side, in focus; where you are sure, click at least four points"
    " that both show and give them as landmarks",
    Cause.OTHER_SKIN,
)


def align(
    before: CalibratedPhoto,
    after: CalibratedPhoto,
    before_regions: Regions,
    after_regions: Regions,
    config: AlignConfig,
) -> Alignment | NotAligned:
    """Find the same skin in both photographs.

    Features (RootSIFT on locally normalised luminance and on the pigment image ln R - ln G) lie
    on skin near the region only; each picture proposes a homography and the one whose local
    correlation inside the region is best is refined by flow, coarse to fine. The field that
    comes out knows its own error and marks the places where it found nothing to hold on to.

    Parameters
    ----------
    before, after : CalibratedPhoto
        Landmarks of the after photo, where a person gave some, take the place of the search.
    before_regions, after_regions : Regions
        Usable skin of both; the regions of the before photo are where the fit must hold.
    config : AlignConfig

    Returns
    -------
    Alignment or NotAligned
        NotAligned with cause and remedy when no hypothesis holds: mirrored when the mirror image
        of the after photo would have matched, other_side when it shows the opposite side of the
        body.
    """
    if before_regions.regions and _same_picture(before, after):
        return _itself(config)
    if not before_regions.regions:
        return NotAligned(
            "no skin was found in the before photo: give a mask of the region (roi)",
            Cause.NO_REGION,
        )
    sources = (
        _source(before, before_regions, config, base=True),
        _source(after, after_regions, config, base=False),
    )
    landmarks = after.photo.landmarks
    start = (
        start_from_landmarks(landmarks, sources, config)
        if len(landmarks)
        else _search(sources, config)
    )
    if isinstance(start, NotAligned):
        return start
    found = refine(sources, start, config)
    few = start.inliers < config.few_inliers and not start.by_hand
    if isinstance(found, Alignment) and few and found.usable_share < config.few_usable_share:
        return _OTHER_SKIN
    return found


def _search(sources: tuple[Source, Source], config: AlignConfig) -> Start | NotAligned:
    """The first size of the pictures at which a start is certain, else the best that there is."""
    best: Start | None = None
    for megapixels in config.match_megapixels:
        sides = _sides(sources, megapixels, config)
        if np.count_nonzero(sides[0].region) < LEAST_PIXELS:
            continue
        found = find_start(sides[0], sides[1], config)
        if found is not None and (best is None or found.correlation > best.correlation):
            best = found
        if best is not None and best.certain:
            return best
    if np.count_nonzero(sides[0].region) < LEAST_PIXELS:
        return NotAligned(
            "the region is too small or not usable in the before photo: choose a larger one, or"
            " retake without glare",
            Cause.NO_REGION,
        )
    flipped = find_start(sides[0], mirrored(sides[1]), config)
    if flipped is not None and (best is None or flipped.beats(best)):
        return _MIRRORED
    return best or _unfound(sides)


def _sides(
    sources: tuple[Source, Source], megapixels: float, config: AlignConfig
) -> tuple[Side, Side]:
    first, second = (side(source, megapixels, config.normalise_share) for source in sources)
    return first, second


def _unfound(sides: tuple[Side, Side]) -> NotAligned:
    """Why nothing was found, neither as it is nor mirrored, as far as it can be told."""
    if shows_the_other_side(sides[0], sides[1]):
        return NotAligned(
            "the after photo seems to show the other side of the body (the opposite cheek, arm or"
            " leg): compare photos of the same side",
            Cause.OTHER_SIDE,
        )
    return _OTHER_SKIN


def _same_picture(before: CalibratedPhoto, after: CalibratedPhoto) -> bool:
    one, two = before.photo.rgb, after.photo.rgb
    same = one.shape == two.shape and np.array_equal(one[::64], two[::64])
    return bool(same and np.array_equal(one, two))


def _itself(config: AlignConfig) -> Alignment:
    """The alignment of a picture with itself, which no search may miss by a millionth."""
    return Alignment(
        after_to_before=np.eye(3),
        displacement=np.zeros((1, 1, 2), dtype=np.float32),
        grid_step_px=config.grid_step_px,
        error_px=np.zeros((1, 1), dtype=np.float32),
        usable=np.ones((1, 1), dtype=np.bool_),
        rms_px=0.0,
        p95_px=0.0,
        usable_share=1.0,
        area_change=(1.0, 1.0),
        overlap=1.0,
        correlation=1.0,
        inliers=0,
        quarter_turns=0,
        method=SAME_PICTURE,
    )


def _source(photo: CalibratedPhoto, regions: Regions, config: AlignConfig, *, base: bool) -> Source:
    """Skin with what it encloses: lesions, scars and moles are marks to hold on to."""
    rows, cols = regions.usable.shape
    factor = whole_factor((rows, cols), config.fine_megapixels)
    usable = thinned(regions.usable, factor)
    surface = _surface(usable, config)
    allowed = thinned(regions.readable, factor)
    if (surface & allowed).mean() < 0.02:
        # nothing looks like skin: look everywhere but on fixtures
        surface = np.ones_like(usable)
        allowed = ~thinned(photo.fixtures | photo.photo.clipped, factor)
    found = [item for item in regions.regions if base or item.source == "given"]
    region = _union([item.mask for item in regions.regions], usable, factor)
    if isinstance(regions.reference, Region) and (base or regions.reference.source == "given"):
        found.append(regions.reference)
    return Source(
        pixels=averaged(photo.photo.rgb, factor),
        curves=photo.to_linear.curves,
        to_srgb=photo.to_linear.matrix,
        allowed=allowed,
        region=region,
        measured=_union([item.mask for item in found], usable, factor),
        surface=surface,
        factor=factor,
        photo_shape=(rows, cols),
    )


def _surface(usable: Mask, config: AlignConfig) -> Mask:
    """Usable skin with what it encloses, filled at a small size."""
    rows, cols = usable.shape
    shrink = shrink_factor((rows, cols), config.match_megapixels[0])
    small = resize_mask(usable, (max(1, round(rows * shrink)), max(1, round(cols * shrink))))
    filled = fill_enclosed(small, config.enclosed_share * small.size)
    return resize_mask(filled, (rows, cols)) | usable


def _union(masks: Sequence[Mask], like: Mask, factor: int) -> Mask:
    """All masks together, thinned; nothing of the shape of ``like`` when there are none."""
    total = np.zeros_like(like)
    for mask in masks:
        total |= thinned(mask, factor)
    return total
