"""Align: where each pixel of the after photo lies in the before photo."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from dermadelta.domain import (
    Alignment,
    CalibratedPhoto,
    Mask,
    NotAligned,
    Regions,
    Settings,
)
from dermadelta.kernels import flow
from dermadelta.kernels.colour import TINY, linearise, log_luminance
from dermadelta.kernels.geometry import (
    apply_homography,
    inverse,
    is_plausible_view,
    pixel_grid,
    resize_transform,
)
from dermadelta.kernels.masks import fill_enclosed, grow
from dermadelta.kernels.resampling import resize_mask, sample_mask, shrink_factor, shrink_pixels
from dermadelta.kernels.texture import gaussian

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


_LEAST_PIXELS = 200
"""Working pixels of the region that must be seen for its figures to mean anything."""


@dataclass(frozen=True, eq=False)
class _Side:
    """One photo at one working size."""

    grey: NDArray[np.uint8]
    pigment: NDArray[np.uint8]
    usable: Mask
    region: Mask
    to_full: Floats


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
    if not before_regions.regions:
        return NotAligned("no skin was found in the before photo: give a mask of the region (roi)")
    sides = [
        _side(before, before_regions, config.match_megapixels, config),
        _side(after, after_regions, config.match_megapixels, config),
    ]
    if np.count_nonzero(sides[0].region) < _LEAST_PIXELS:
        return NotAligned(
            "the region is too small or not usable in the before photo: choose a larger one, or"
            " retake without glare"
        )
    start = _best_homography(sides[0], sides[1], config)
    if start is None:
        if _best_homography(sides[0], _mirrored(sides[1]), config) is not None:
            return NotAligned(
                "the after photo is mirrored: use the original file, not the selfie preview", True
            )
        return NotAligned(
            "the same skin was not found in both photos: check that they show the same person"
            " and site, from the same side, in focus"
        )
    return _refined(before, after, before_regions, after_regions, sides, start, config)


def _side(
    photo: CalibratedPhoto, regions: Regions, megapixels: float, config: AlignConfig
) -> _Side:
    stored = photo.photo.rgb
    rows, cols = stored.shape[:2]
    small = shrink_pixels(stored, shrink_factor(stored.shape, megapixels))
    shape = (small.shape[0], small.shape[1])
    rgb = linearise(small, photo.photo.to_linear.curves, photo.photo.to_linear.matrix)
    logs = np.log(np.maximum(rgb, TINY))
    usable = _surface(regions, shape, config)
    if usable.mean() < 0.02:  # nothing looks like skin: look everywhere but on fixtures
        usable = ~resize_mask(photo.fixtures | photo.photo.clipped, shape)
    sigma = max(3.0, config.normalise_share * min(shape))
    grey = log_luminance(rgb)
    pigment = gaussian((logs[..., 0] - logs[..., 1]).astype(np.float32), 1.0)
    region = np.zeros(shape, dtype=np.bool_)
    for item in regions.regions:
        region |= resize_mask(item.mask, shape)
    return _Side(
        grey=flow.locally_normalised(grey, usable, sigma),
        pigment=flow.locally_normalised(pigment, usable, sigma),
        usable=usable,
        region=region & usable,
        to_full=resize_transform(shape, (rows, cols)),
    )


def _surface(regions: Regions, shape: tuple[int, int], config: AlignConfig) -> Mask:
    """Skin with what it encloses: lesions, scars and moles are marks to hold on to."""
    skin = resize_mask(regions.usable, shape)
    whole = fill_enclosed(skin, config.enclosed_share * skin.size)
    return whole & resize_mask(regions.readable, shape)


def _mirrored(side: _Side) -> _Side:
    return _Side(
        np.ascontiguousarray(side.grey[:, ::-1]),
        np.ascontiguousarray(side.pigment[:, ::-1]),
        np.ascontiguousarray(side.usable[:, ::-1]),
        np.ascontiguousarray(side.region[:, ::-1]),
        side.to_full,
    )


def _best_homography(
    before: _Side, after: _Side, config: AlignConfig
) -> tuple[Floats, int, float] | None:
    """Homography after → before at working size with its inliers and correlation, or None."""
    near = before.usable & grow(
        before.region if before.region.any() else before.usable,
        config.near_share * min(before.usable.shape),
    )
    matched = [
        flow.match_features(
            getattr(after, kind),
            after.usable,
            getattr(before, kind),
            near,
            limit=config.features,
            ratio=config.ratio,
        )
        for kind in ("grey", "pigment")
    ]
    pooled = tuple(np.concatenate(parts) for parts in zip(*matched, strict=True))
    best: tuple[Floats, int, float] | None = None
    still = np.zeros((*after.usable.shape, 2), dtype=np.float32)
    for source, target in (*matched, pooled):
        fitted = flow.fit_homography(
            source, target, threshold_px=config.threshold_px, seed=config.seed
        )
        if fitted is None or fitted[1] < config.min_inliers:
            continue
        if not is_plausible_view(
            fitted[0], after.usable.shape, config.max_zoom, config.max_stretch
        ):
            continue
        score = _correlation(before, after, fitted[0], still, config)
        if best is None or score > best[2]:
            best = (*fitted, score)
    if best is None or best[2] < config.min_correlation:
        return None
    return best


def _correlation(
    before: _Side,
    after: _Side,
    matrix: Floats,
    field: NDArray[np.float32],
    config: AlignConfig,
) -> float:
    """Mean local correlation in the region: the better of luminance and pigment, pixel means."""
    rows, cols = after.usable.shape
    points = apply_homography(matrix, pixel_grid((0, 0, cols, rows)) + field)
    inside = after.usable & sample_mask(before.region, points)
    if np.count_nonzero(inside) < _LEAST_PIXELS:
        return -1.0
    sigma = max(4.0, 0.02 * min(rows, cols))
    means = []
    for kind in ("grey", "pigment"):
        drawn = flow.draw_before((rows, cols), getattr(before, kind), matrix, field)
        both = after.usable & sample_mask(before.usable, points)
        means.append(
            flow.local_correlation(getattr(after, kind), drawn, both, sigma)[inside].mean()
        )
    return float(max(means))


def _refined(
    before: CalibratedPhoto,
    after: CalibratedPhoto,
    before_regions: Regions,
    after_regions: Regions,
    matched: list[_Side],
    start: tuple[Floats, int, float],
    config: AlignConfig,
) -> Alignment | NotAligned:
    """Dense flow, coarse to fine, on top of the homography found at the matching size."""
    matrix_full = matched[0].to_full @ start[0] @ inverse(matched[1].to_full)
    field = np.zeros((1, 1, 2), dtype=np.float32)
    matrix, round_trip, sides = start[0], field, matched
    for megapixels in config.levels_megapixels:
        sides = [
            _side(before, before_regions, megapixels, config),
            _side(after, after_regions, megapixels, config),
        ]
        matrix = inverse(sides[0].to_full) @ matrix_full @ sides[1].to_full
        field = _regridded(field, sides[1].usable.shape)
        field, round_trip = _flow_level(sides[0], sides[1], matrix, field, config)
    return _alignment(sides, matrix, matrix_full, field, round_trip, start, config)


def _regridded(field: NDArray[np.float32], shape: tuple[int, ...]) -> NDArray[np.float32]:
    """The field of a coarser size on a finer one, in pixels of the finer."""
    rows, cols = field.shape[:2]
    factors = np.array([shape[1] / cols, shape[0] / rows], dtype=np.float32)
    wide = cv2.resize(field, (shape[1], shape[0]), interpolation=cv2.INTER_LINEAR)
    return np.asarray(wide * factors, dtype=np.float32)


def _flow_level(
    before: _Side,
    after: _Side,
    matrix: Floats,
    field: NDArray[np.float32],
    config: AlignConfig,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    rows, cols = after.usable.shape
    sigma = config.smooth_share * min(rows, cols)
    round_trip = np.zeros_like(field)
    for _ in range(config.rounds_per_level):
        step, round_trip = flow.dense_step(after.grey, before.grey, matrix, field)
        points = apply_homography(matrix, pixel_grid((0, 0, cols, rows)) + field)
        both = after.usable & sample_mask(before.usable, points)
        field = flow.compose(
            field, flow.smooth_flow(step, round_trip, both, sigma, config.trust_px)
        )
    return field, round_trip


def _alignment(
    sides: list[_Side],
    matrix: Floats,
    matrix_full: Floats,
    field: NDArray[np.float32],
    round_trip: NDArray[np.float32],
    start: tuple[Floats, int, float],
    config: AlignConfig,
) -> Alignment | NotAligned:
    before, after = sides
    rows, cols = after.usable.shape
    points = apply_homography(matrix, pixel_grid((0, 0, cols, rows)) + field)
    inside = after.usable & sample_mask(before.region, points)
    # Both are in working pixels; the factor brings them to pixels of the full before photo.
    to_before = float(before.to_full[0, 0])
    zoom = float(np.sqrt(abs(np.linalg.det(matrix[:2, :2]))))
    error = np.hypot(round_trip[..., 0], round_trip[..., 1])[inside] * zoom * to_before
    if error.size < _LEAST_PIXELS:
        return NotAligned("the region of the before photo is not seen in the after photo")
    back = apply_homography(inverse(matrix), pixel_grid((0, 0, *before.usable.shape[::-1])))
    seen = sample_mask(after.usable, back)
    region_px = max(1, int(np.count_nonzero(before.region)))
    return Alignment(
        after_to_before=matrix_full,
        displacement=_stored(field, after, config),
        grid_step_px=config.grid_step_px,
        rms_px=float(np.sqrt(np.mean(error**2))),
        p95_px=float(np.quantile(error, 0.95)),
        overlap=float(np.count_nonzero(seen & before.region)) / region_px,
        correlation=_correlation(before, after, matrix, field, config),
        inliers=start[1],
        method="features and flow",
    )


def _stored(field: NDArray[np.float32], after: _Side, config: AlignConfig) -> NDArray[np.float32]:
    """The displacement on its coarse grid, in pixels of the full after photo."""
    rows = round(field.shape[0] * float(after.to_full[1, 1]))
    cols = round(field.shape[1] * float(after.to_full[0, 0]))
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
