"""Align: where each pixel of the after photo lies in the before photo."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from dermadelta.domain import (
    Alignment,
    CalibratedPhoto,
    Mask,
    NotAligned,
    Region,
    Regions,
    Settings,
)
from dermadelta.kernels import flow
from dermadelta.kernels.geometry import (
    apply_homography,
    bounding_box,
    inverse,
    is_plausible_view,
)
from dermadelta.kernels.masks import fill_enclosed, grow
from dermadelta.kernels.resampling import resize_mask, sample, sample_mask, shrink_factor
from dermadelta.kernels.sides import Side, Source, boxes_to_refine, mirrored, side

Floats = NDArray[np.float64]


class AlignConfig(Settings):
    """How the same skin is found."""

    levels_megapixels: tuple[float, ...] = Field(
        (0.06, 0.25, 1.0), description="Sizes from coarse to fine, megapixels."
    )
    match_megapixels: float = Field(
        0.5, gt=0.0, description="Size at which features are matched, megapixels."
    )
    features: int = Field(2500, gt=0, description="Most features per picture.")
    ratio: float = Field(0.85, gt=0.0, le=1.0, description="Ratio test of feature matches.")
    threshold_px: float = Field(
        3.0, gt=0.0, description="Inlier threshold of the homography at the matching size, pixels."
    )
    min_inliers: int = Field(8, ge=4, description="Fewer inliers: the hypothesis is dropped.")
    max_zoom: float = Field(3.0, gt=1.0, description="Largest difference of magnification.")
    max_stretch: float = Field(2.0, gt=1.0, description="Largest foreshortening of one axis.")
    normalise_share: float = Field(
        0.02, gt=0.0, description="Window of the local normalisation, share of the short side."
    )
    smooth_share: float = Field(
        0.035, gt=0.0, description="Smoothing of the displacement, share of the short side."
    )
    trust_px: float = Field(
        1.0, gt=0.0, description="Forward-backward error at which a vector loses its weight."
    )
    enclosed_share: float = Field(
        0.4, ge=0.0, description="Largest part enclosed by skin that is aligned on, share of frame."
    )
    near_share: float = Field(
        0.25, ge=0.0, description="Features lie on skin this near to the region, share of the side."
    )
    rounds_per_level: int = Field(2, ge=1, description="Flow rounds at every size.")
    min_correlation: float = Field(
        0.12,
        description="Local correlation in the region below which nothing was found: other skin"
        " aligned as well as it can be stays below it.",
    )
    grid_step_px: float = Field(
        32.0, gt=0.0, description="Spacing of the stored displacement, after pixels."
    )
    seed: int = Field(20_261, description="Seed of the robust fit.")


_NOT_SEEN = "the region of the before photo is not seen in the after photo"

SAME_PICTURE = "the same picture"
"""Method of an alignment that had nothing to find."""

_LEAST_PIXELS = 200
"""Working pixels of the region that must be seen for its figures to mean anything."""


_CERTAIN_CORRELATION, _CERTAIN_INLIERS = 0.5, 60
"""A homography that reaches both is refined without trying others: those of other skin stay
below 0.12, and the flow brings two that are both right to the same place."""


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
    correlation inside the region is best is refined by dense flow, coarse to fine.

    Parameters
    ----------
    before, after : CalibratedPhoto
    before_regions, after_regions : Regions
        Usable skin of both; the regions of the before photo are where the fit must hold.
    config : AlignConfig

    Returns
    -------
    Alignment or NotAligned
        NotAligned with a reason when no hypothesis holds, ``mirrored`` when the mirror image of
        the after photo would have matched.
    """
    if before_regions.regions and np.array_equal(before.photo.rgb, after.photo.rgb):
        return _itself(config)
    if not before_regions.regions:
        return NotAligned("no skin was found in the before photo: give a mask of the region (roi)")
    sources = (
        _source(before, before_regions, config, base=True),
        _source(after, after_regions, config, base=False),
    )
    sides = (
        side(sources[0], config.match_megapixels, config.normalise_share),
        side(sources[1], config.match_megapixels, config.normalise_share),
    )
    if np.count_nonzero(sides[0].region) < _LEAST_PIXELS:
        return NotAligned(
            "the region is too small or not usable in the before photo: choose a larger one, or"
            " retake without glare"
        )
    start = _best_homography(sides[0], sides[1], config)
    if start is None:
        if _best_homography(sides[0], mirrored(sides[1]), config) is not None:
            return NotAligned(
                "the after photo is mirrored: use the original file, not the selfie preview", True
            )
        return NotAligned(
            "the same skin was not found in both photos: check that they show the same person"
            " and site, from the same side, in focus"
        )
    return _refined(sources, sides, start, config)


def _itself(config: AlignConfig) -> Alignment:
    """The alignment of a picture with itself, which no search may miss by a millionth."""
    return Alignment(
        after_to_before=np.eye(3),
        displacement=np.zeros((1, 1, 2), dtype=np.float32),
        grid_step_px=config.grid_step_px,
        rms_px=0.0,
        p95_px=0.0,
        overlap=1.0,
        correlation=1.0,
        inliers=0,
        method=SAME_PICTURE,
    )


def _source(photo: CalibratedPhoto, regions: Regions, config: AlignConfig, *, base: bool) -> Source:
    """Skin with what it encloses: lesions, scars and moles are marks to hold on to."""
    rows, cols = regions.usable.shape
    factor = shrink_factor((rows, cols), config.match_megapixels)
    shape = (max(1, round(rows * factor)), max(1, round(cols * factor)))
    skin = resize_mask(regions.usable, shape)
    surface = fill_enclosed(skin, config.enclosed_share * skin.size)
    allowed = regions.readable
    if (surface & resize_mask(allowed, shape)).mean() < 0.02:
        # nothing looks like skin: look everywhere but on fixtures
        surface, allowed = np.ones_like(skin), ~(photo.fixtures | photo.photo.clipped)
    found = [item for item in regions.regions if base or item.source == "given"]
    region = _union([item.mask for item in regions.regions], regions.usable)
    if isinstance(regions.reference, Region) and (base or regions.reference.source == "given"):
        found.append(regions.reference)
    return Source(
        pixels=photo.photo.rgb,
        curves=photo.photo.to_linear.curves,
        to_srgb=photo.photo.to_linear.matrix,
        allowed=allowed,
        region=region,
        measured=_union([item.mask for item in found], regions.usable),
        surface=surface,
    )


def _union(masks: Sequence[Mask], like: Mask) -> Mask:
    """All masks together; nothing of the shape of ``like`` when there are none."""
    total = np.zeros_like(like)
    for mask in masks:
        total |= mask
    return total


def _best_homography(
    before: Side, after: Side, config: AlignConfig
) -> tuple[Floats, int, float] | None:
    """Homography after → before at working size with its inliers and correlation, or None."""
    near = before.usable & grow(
        before.region if before.region.any() else before.usable,
        config.near_share * min(before.usable.shape),
    )
    best: tuple[Floats, int, float] | None = None
    still = np.zeros((*after.usable.shape, 2), dtype=np.float32)
    for source, target in _matches(before, after, near, config):
        fitted = flow.fit_homography(
            source, target, threshold_px=config.threshold_px, seed=config.seed
        )
        if fitted is None or fitted[1] < config.min_inliers:
            continue
        if not is_plausible_view(
            fitted[0], after.usable.shape, config.max_zoom, config.max_stretch
        ):
            continue
        score = _correlation(before, after, fitted[0], still, _CERTAIN_CORRELATION)
        if best is None or score > best[2]:
            best = (*fitted, score)
        if score >= _CERTAIN_CORRELATION and fitted[1] >= _CERTAIN_INLIERS:
            break
    if best is None or best[2] < config.min_correlation:
        return None
    return best


def _matches(
    before: Side, after: Side, near: Mask, config: AlignConfig
) -> Iterator[tuple[Floats, Floats]]:
    """Matched points of the luminance, then of the pigment, then of both, each when asked for."""
    found = []
    for kind in ("grey", "pigment"):
        pictures = (getattr(after, kind), getattr(before, kind))
        found.append(
            flow.match_features(
                pictures[0],
                after.usable,
                pictures[1],
                near,
                limit=config.features,
                ratio=config.ratio,
            )
        )
        yield found[-1]
    yield np.concatenate([one for one, _ in found]), np.concatenate([two for _, two in found])


def _correlation(
    before: Side,
    after: Side,
    matrix: Floats,
    field: NDArray[np.float32],
    enough: float = 1.0,
) -> float:
    """Mean local correlation in the region: the better of luminance and pigment, pixel means.

    The pigment is not looked at where the luminance has ``enough``.
    """
    points = flow.landing(matrix, field)
    inside = after.usable & sample_mask(before.region, points)
    if np.count_nonzero(inside) < _LEAST_PIXELS:
        return -1.0
    sigma = max(4.0, 0.02 * after.short_side)
    x0, y0, width, height = bounding_box(inside, int(np.ceil(4.0 * sigma)))
    part = (slice(y0, y0 + height), slice(x0, x0 + width))
    both = after.usable[part] & sample_mask(before.usable, points[part])
    best = -1.0
    for kind in ("grey", "pigment"):
        drawn = sample(getattr(before, kind), points[part], outside=127.0)
        local = flow.local_correlation(getattr(after, kind)[part], drawn, both, sigma)
        best = max(best, float(local[inside[part]].mean()))
        if best >= enough:
            break
    return best


def _refined(
    sources: tuple[Source, Source],
    matched: tuple[Side, Side],
    start: tuple[Floats, int, float],
    config: AlignConfig,
) -> Alignment | NotAligned:
    """Dense flow, coarse to fine, on top of the homography found at the matching size."""
    matrix_full = matched[0].to_full @ start[0] @ inverse(matched[1].to_full)
    boxes = boxes_to_refine(*sources, matrix_full, margin_share=2.0 * config.smooth_share)
    if boxes is None:
        return NotAligned(_NOT_SEEN)
    field = np.zeros((1, 1, 2), dtype=np.float32)
    matrix, round_trip, sides = start[0], field, matched
    for megapixels in config.levels_megapixels:
        sides = (
            side(sources[0], megapixels, config.normalise_share, boxes[0]),
            side(sources[1], megapixels, config.normalise_share, boxes[1]),
        )
        matrix = inverse(sides[0].to_full) @ matrix_full @ sides[1].to_full
        field = _regridded(field, sides[1].usable.shape)
        field, round_trip = _flow_level(sides[0], sides[1], matrix, field, config)
    shape = sources[1].shape
    return _alignment(sides, shape, matrix, matrix_full, field, round_trip, start, config)


def _regridded(field: NDArray[np.float32], shape: tuple[int, ...]) -> NDArray[np.float32]:
    """The field of a coarser size on a finer one, in pixels of the finer."""
    rows, cols = field.shape[:2]
    factors = np.array([shape[1] / cols, shape[0] / rows], dtype=np.float32)
    wide = cv2.resize(field, (shape[1], shape[0]), interpolation=cv2.INTER_LINEAR)
    return np.asarray(wide * factors, dtype=np.float32)


def _flow_level(
    before: Side,
    after: Side,
    matrix: Floats,
    field: NDArray[np.float32],
    config: AlignConfig,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    sigma = config.smooth_share * after.short_side
    round_trip = np.zeros_like(field)
    for _ in range(config.rounds_per_level):
        step, round_trip = flow.dense_step(after.grey, before.grey, matrix, field)
        both = after.usable & sample_mask(before.usable, flow.landing(matrix, field))
        field = flow.compose(
            field, flow.smooth_flow(step, round_trip, both, sigma, config.trust_px)
        )
    return field, round_trip


def _alignment(
    sides: tuple[Side, Side],
    shape: tuple[int, int],
    matrix: Floats,
    matrix_full: Floats,
    field: NDArray[np.float32],
    round_trip: NDArray[np.float32],
    start: tuple[Floats, int, float],
    config: AlignConfig,
) -> Alignment | NotAligned:
    before, after = sides
    inside = after.usable & sample_mask(before.region, flow.landing(matrix, field))
    # Both are in working pixels; the factor brings them to pixels of the full before photo.
    to_before = float(before.to_full[0, 0])
    zoom = float(np.sqrt(abs(np.linalg.det(matrix[:2, :2]))))
    error = np.hypot(round_trip[..., 0], round_trip[..., 1])[inside] * zoom * to_before
    if error.size < _LEAST_PIXELS:
        return NotAligned(_NOT_SEEN)
    still = np.zeros((*before.usable.shape, 2), dtype=np.float32)
    back = flow.landing(inverse(matrix), still)
    seen = sample_mask(after.usable, back)
    region_px = max(1, int(np.count_nonzero(before.region)))
    return Alignment(
        after_to_before=matrix_full,
        displacement=_stored(field, after, shape, config),
        grid_step_px=config.grid_step_px,
        rms_px=float(np.sqrt(np.mean(error**2))),
        p95_px=float(np.quantile(error, 0.95)),
        overlap=float(np.count_nonzero(seen & before.region)) / region_px,
        correlation=_correlation(before, after, matrix, field),
        inliers=start[1],
        method="features and flow",
    )


def _stored(
    field: NDArray[np.float32], after: Side, shape: tuple[int, int], config: AlignConfig
) -> NDArray[np.float32]:
    """The displacement on its coarse grid, in pixels of the full after photo.

    Beyond the box that was refined the displacement of its edge goes on.
    """
    rows, cols = shape
    step = config.grid_step_px
    nodes_x = (np.arange(int(np.ceil(cols / step))) + 0.5) * step - 0.5
    nodes_y = (np.arange(int(np.ceil(rows / step))) + 0.5) * step - 0.5
    nodes = np.stack(np.meshgrid(nodes_x, nodes_y), axis=-1)
    at = apply_homography(inverse(after.to_full), nodes)
    values = cv2.remap(
        field,
        np.ascontiguousarray(at[..., 0], dtype=np.float32),
        np.ascontiguousarray(at[..., 1], dtype=np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    scale = np.array([after.to_full[0, 0], after.to_full[1, 1]], dtype=np.float32)
    return np.asarray(values * scale, dtype=np.float32)
