"""Carry: bring every region onto each photo's own pixels, with what the pair has in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from dermadelta.domain import (
    REFERENCE,
    AlignedPhoto,
    Alignment,
    Carried,
    FloatArray,
    LesionThresholds,
    Mask,
    Matrix,
    NotMeasured,
    PhotoFacts,
    Region,
    Scale,
    Settings,
    SkinView,
    TileGrid,
)
from dermadelta.kernels.blobs import discolouration
from dermadelta.kernels.colour import TINY, linearise, log_luminance
from dermadelta.kernels.geometry import (
    apply_field,
    area_scale,
    bounding_box,
    dense_map,
    invert_field,
    pixel_grid,
)
from dermadelta.kernels.masks import shrink
from dermadelta.kernels.resampling import resize_mask, sample_mask, shrink_to
from dermadelta.kernels.sharpness import blur_difference, mean_power, noise_sd
from dermadelta.kernels.statistics import robust_sd, tile_sums


class CarryConfig(Settings):
    """How views are cut and what is fitted on them."""

    tiles: int = Field(256, ge=4, description="Tiles that the first region is divided into.")
    min_tile_px: float = Field(16.0, gt=0.0, description="Smallest tile, before pixels.")
    margin_share: float = Field(
        0.12, ge=0.0, description="Surroundings kept around a region, share of its longer side."
    )
    min_region_px: int = Field(
        2_000, gt=0, description="Fewer usable pixels: the region is not measured."
    )
    spectrum_window_px: int = Field(64, ge=16, description="Side of the windows of the spectra.")
    spectrum_low: float = Field(
        0.04, gt=0.0, description="Lowest frequency of the blur fit, cycles per pixel."
    )
    spectrum_high: float = Field(
        0.30, gt=0.0, description="Highest frequency of the blur fit, cycles per pixel."
    )
    noise_margin: float = Field(3.0, gt=1.0, description="Power over the noise floor in the fit.")
    lesion_floor_de00: float = Field(
        4.0, gt=0.0, description="Least ΔE00 from the surroundings that can be a scar."
    )
    lesion_sd: float = Field(
        5.0, gt=0.0, description="The same in robust SDs of the region's own mottling."
    )
    lesion_boundary_sd: float = Field(
        2.5, gt=0.0, description="Least boundary of a scar in robust SDs of the mottling."
    )
    lesion_smooth_mm: float = Field(0.3, gt=0.0, description="Smoothing before scars, mm.")
    lesion_lightness_weight: float = Field(
        0.5, gt=0.0, le=1.0, description="Weight of lightness against hue and chroma."
    )
    lesion_edge_px: float = Field(
        3.0, ge=0.0, description="Edge of the skin where none is sought, pixels at that size."
    )
    lesion_side_px: int = Field(600, gt=0, description="Longer side at which scars are sought.")


@dataclass(frozen=True, eq=False)
class _Cut:
    """One region of one photo before the pair-wide facts are known."""

    source: AlignedPhoto
    name: str
    box: tuple[int, int, int, int]
    rgb: FloatArray
    mask: Mask
    skin: Mask
    tile_ids: NDArray[np.int32]
    magnification: float
    to_reference: Matrix


def carry(photos: Sequence[AlignedPhoto], config: CarryConfig) -> Carried | NotMeasured:
    """Views of every region on every photo, and the facts fitted on them.

    Parameters
    ----------
    photos : sequence of AlignedPhoto
        The first is the first before photo, in whose frame the regions lie.
    config : CarryConfig

    Returns
    -------
    Carried or NotMeasured
        NotMeasured when no region keeps enough usable skin that all photos show.
    """
    base = photos[0]
    named = list(base.regions.regions)
    if not named:
        return NotMeasured("no skin was found: give a mask of the region (roi)")
    if isinstance(base.regions.reference, Region):
        named.append(Region(REFERENCE, base.regions.reference.mask, base.regions.reference.source))
    shared = {item.name: _shared_mask(item, photos) for item in named}
    grid = _tile_grid(shared[named[0].name], config)
    cuts: list[_Cut] = []
    for item in named:
        row = [_cut(item, shared[item.name], photo, grid, config) for photo in photos]
        if all(np.count_nonzero(cut.mask) >= config.min_region_px for cut in row):
            cuts.extend(row)
        elif item.name != REFERENCE:
            return NotMeasured(
                f"fewer than {config.min_region_px} usable pixels of region {item.name} are seen"
                " in both photos: choose a larger region or retake without glare and blur"
            )
    facts = _facts(photos, cuts, config)
    return Carried(_views(photos, cuts, facts, grid, config), facts, grid, _remarks(base))


def _remarks(base: AlignedPhoto) -> tuple[str, ...]:
    reference = base.regions.reference
    return (reference.reason,) if isinstance(reference, NotMeasured) else ()


# ------------------------------------------------------------------------------ masks


def _shared_mask(item: Region, photos: Sequence[AlignedPhoto]) -> Mask:
    """The region on the first before photo, less what another photo does not show usably."""
    base = photos[0]
    mask = item.mask & _allowed(item, base)
    x0, y0, width, height = box = bounding_box(mask, 0)
    for other in photos[1:]:
        if other.alignment is None or _own_region(item, other) is not None:
            continue
        part = mask[y0 : y0 + height, x0 : x0 + width]
        for top, rows in _strips(box):
            points = dense_map(partial(_to_after, other.alignment), (x0, top, width, rows))
            part[top - y0 : top - y0 + rows] &= sample_mask(_allowed(item, other), points)
    return mask


def _allowed(item: Region, photo: AlignedPhoto) -> Mask:
    """Pixels that a region may use: a given one need not look like skin, a found one must."""
    return photo.regions.readable if item.source == "given" else photo.regions.usable


def _own_region(item: Region, other: AlignedPhoto) -> Mask | None:
    """The same region as given on the other photo itself."""
    if item.name == REFERENCE:
        own = other.regions.reference
        return own.mask if isinstance(own, Region) and own.source == "given" else None
    for candidate in other.regions.regions:
        if candidate.name == item.name and candidate.source == "given":
            return candidate.mask
    return None


def _strips(box: tuple[int, int, int, int], rows: int = 256) -> list[tuple[int, int]]:
    """Row ranges (top, rows) of a box: maps of points are made a strip at a time."""
    _, y0, _, height = box
    return [(top, min(rows, y0 + height - top)) for top in range(y0, y0 + height, rows)]


def _tile_grid(mask: Mask, config: CarryConfig) -> TileGrid:
    area = float(np.count_nonzero(mask))
    size = max(config.min_tile_px, float(np.sqrt(area / config.tiles)))
    rows, cols = mask.shape
    return TileGrid(0.0, 0.0, size, int(np.ceil(cols / size)), int(np.ceil(rows / size)))


def _cut(
    item: Region, shared: Mask, photo: AlignedPhoto, grid: TileGrid, config: CarryConfig
) -> _Cut:
    own = None if photo.alignment is None else _own_region(item, photo)
    mask = _carried_mask(shared, photo) if own is None else own.copy()
    mask &= _allowed(item, photo)
    margin = round(config.margin_share * max(bounding_box(mask, 0)[2:]))
    box = bounding_box(mask, margin)
    x0, y0, width, height = box
    window = (slice(y0, y0 + height), slice(x0, x0 + width))
    stored = photo.photo.photo
    matrix = photo.photo.colour.matrix @ stored.to_linear.matrix
    to_reference = np.eye(3) if photo.alignment is None else photo.alignment.after_to_before
    inside = mask[window]
    return _Cut(
        source=photo,
        name=item.name,
        box=box,
        rgb=linearise(stored.rgb[window], stored.to_linear.curves, matrix),
        mask=inside,
        skin=photo.regions.usable[window] | inside,
        tile_ids=_tile_ids(box, photo.alignment, grid),
        magnification=_magnification(to_reference, box, inside),
        to_reference=to_reference,
    )


def _carried_mask(shared: Mask, photo: AlignedPhoto) -> Mask:
    alignment = photo.alignment
    if alignment is None:
        return shared.copy()
    rows, cols = photo.regions.usable.shape
    mask = np.zeros((rows, cols), dtype=np.bool_)
    box = _reach(shared, alignment, (rows, cols))
    x0, width = box[0], box[2]
    for top, count in _strips(box):
        points = dense_map(partial(_to_before, alignment), (x0, top, width, count))
        mask[top : top + count, x0 : x0 + width] = sample_mask(shared, points)
    return mask


def _reach(shared: Mask, alignment: Alignment, shape: tuple[int, int]) -> tuple[int, int, int, int]:
    """Box of the after photo in which a region of the before photo can lie."""
    x0, y0, width, height = bounding_box(shared, 0)
    edge = np.linspace(0.0, 1.0, 17)
    outline = np.concatenate(
        [np.stack([edge, edge * 0 + side], axis=-1) for side in (0.0, 1.0)]
        + [np.stack([edge * 0 + side, edge], axis=-1) for side in (0.0, 1.0)]
    )
    points = _to_after(alignment, (outline * (width, height) + (x0, y0))[None])[0]
    margin = 0.03 * max(shape)
    low = np.floor(points.min(axis=0) - margin).astype(int).clip(0, None)
    high = np.ceil(points.max(axis=0) + margin).astype(int).clip(0, (shape[1], shape[0]))
    return (int(low[0]), int(low[1]), max(0, int(high[0] - low[0])), max(0, int(high[1] - low[1])))


def _to_before(alignment: Alignment, points: Matrix) -> Matrix:
    return apply_field(
        alignment.after_to_before, alignment.displacement, alignment.grid_step_px, points
    )


def _to_after(alignment: Alignment, points: Matrix) -> Matrix:
    return invert_field(
        alignment.after_to_before, alignment.displacement, alignment.grid_step_px, points
    )


def _tile_ids(
    box: tuple[int, int, int, int], alignment: Alignment | None, grid: TileGrid
) -> NDArray[np.int32]:
    x0, y0, width, height = box
    ids = np.full((height, width), -1, dtype=np.int32)
    for top, rows in _strips(box):
        strip = (x0, top, width, rows)
        points = (
            pixel_grid(strip)
            if alignment is None
            else dense_map(partial(_to_before, alignment), strip)
        )
        cols_at = np.clip(((points[..., 0] + 0.5 - grid.x0_px) / grid.size_px), 0, grid.n_cols - 1)
        rows_at = np.clip(((points[..., 1] + 0.5 - grid.y0_px) / grid.size_px), 0, grid.n_rows - 1)
        ids[top - y0 : top - y0 + rows] = rows_at.astype(np.int32) * grid.n_cols + cols_at.astype(
            np.int32
        )
    return ids


def _magnification(to_reference: Matrix, box: tuple[int, int, int, int], inside: Mask) -> float:
    """Own pixels per pixel of the first before photo: median over the region."""
    points = pixel_grid(box, stride=8)
    scale = area_scale(to_reference, points)[inside[::8, ::8]]
    return float(1.0 / np.sqrt(np.median(scale))) if scale.size else 1.0


# ------------------------------------------------------------------------------ facts


def _facts(
    photos: Sequence[AlignedPhoto], cuts: Sequence[_Cut], config: CarryConfig
) -> tuple[PhotoFacts, ...]:
    """Facts of every photo, on reference skin where there is some, else on the first region."""
    anchor_name = REFERENCE if any(cut.name == REFERENCE for cut in cuts) else cuts[0].name
    anchors = [cut for cut in cuts if cut.name == anchor_name]
    regions = [cut for cut in cuts if cut.name == cuts[0].name]
    base = anchors[0]
    base_power = _spectrum(base, config)
    base_tiles = _tile_logs(base)
    facts = []
    for cut, region in zip(anchors, regions, strict=True):
        sigma2, se = _blur(base_power, cut, config) if cut is not base else (0.0, 0.0)
        tiles = _tile_logs(cut)
        common, i, j = np.intersect1d(base_tiles[0], tiles[0], return_indices=True)
        change = tiles[1][j] - base_tiles[1][i] if len(common) else np.zeros((1, 3))
        light = change.mean(axis=1)
        facts.append(
            PhotoFacts(
                photo_id=cut.source.photo.photo.ref.photo_id,
                role=cut.source.role,
                sigma2_px2=sigma2,
                sigma2_se_px2=se,
                ln_exposure=float(np.median(light)),
                ln_white_balance=(
                    float(np.median(change[:, 0] - change[:, 1])),
                    float(np.median(change[:, 2] - change[:, 1])),
                ),
                shading_shift=robust_sd(light),
                clipped_share=_clipped_share(region),
            )
        )
    return tuple(facts)


def _spectrum(cut: _Cut, config: CarryConfig) -> tuple[Matrix, Matrix, int]:
    window = config.spectrum_window_px
    signal = log_luminance(cut.rgb)
    for coverage in (0.95, 0.7):
        found = mean_power(
            signal, cut.mask, window_px=window, step_px=window, min_coverage=coverage
        )
        if found[2] >= 4:
            return found
    return mean_power(
        signal, cut.mask, window_px=window // 2, step_px=window // 4, min_coverage=0.6
    )


def _blur(
    base_power: tuple[Matrix, Matrix, int], cut: _Cut, config: CarryConfig
) -> tuple[float | NotMeasured, float]:
    frequency, power, windows = _spectrum(cut, config)
    base_frequency, base_values, base_windows = base_power
    if windows == 0 or base_windows == 0:
        return NotMeasured("too little skin in one piece to compare sharpness"), 0.0
    # The same skin frequency is 1/magnification as high in this photo's own pixels.
    carried = np.exp(
        np.interp(base_frequency / cut.magnification, frequency, np.log(np.maximum(power, 1e-12)))
    )
    fitted = blur_difference(
        (base_frequency, base_values),
        (base_frequency, carried),
        low=config.spectrum_low,
        high=min(config.spectrum_high, 0.45 * min(1.0, cut.magnification)),
        noise_margin=config.noise_margin,
    )
    if fitted is None:
        return NotMeasured("texture does not stand clear of the noise: sharpness unknown"), 0.0
    return fitted


def _tile_logs(cut: _Cut) -> tuple[NDArray[np.int32], Matrix]:
    """Log of the mean linear RGB per tile."""
    ids, counts, sums = tile_sums(cut.tile_ids[cut.mask], cut.rgb[cut.mask])
    return ids, np.log(np.maximum(sums / counts[:, None], TINY))


def _clipped_share(cut: _Cut) -> float:
    """Saturated pixels among those that the region covers, from the tiles it reaches."""
    x0, y0, width, height = cut.box
    clipped = cut.source.photo.photo.clipped[y0 : y0 + height, x0 : x0 + width]
    reached = np.isin(cut.tile_ids, np.unique(cut.tile_ids[cut.mask]))
    total = int(np.count_nonzero(reached & (cut.skin | clipped)))
    return float(np.count_nonzero(reached & clipped)) / max(total, 1)


# ------------------------------------------------------------------------------ views


def _views(
    photos: Sequence[AlignedPhoto],
    cuts: Sequence[_Cut],
    facts: Sequence[PhotoFacts],
    grid: TileGrid,
    config: CarryConfig,
) -> tuple[SkinView, ...]:
    by_photo = dict(zip((id(photo) for photo in photos), facts, strict=True))
    measured = [f.sigma2_px2 for f in facts if not isinstance(f.sigma2_px2, NotMeasured)]
    common = max(measured, default=0.0)
    base_scale = _pair_scale(photos, cuts)
    maps = {id(cut): _discolouration(cut, base_scale, config) for cut in cuts}
    short_side = float(min(photos[0].regions.usable.shape))
    views = []
    for cut in cuts:
        fact = by_photo[id(cut.source)]
        own = 0.0 if isinstance(fact.sigma2_px2, NotMeasured) else common - fact.sigma2_px2
        same = [maps[id(other)] for other in cuts if other.name == cut.name]
        masks = [other.mask for other in cuts if other.name == cut.name]
        views.append(
            SkinView(
                photo_id=cut.source.photo.photo.ref.photo_id,
                role=cut.source.role,
                region=cut.name,
                rgb=cut.rgb,
                mask=cut.mask,
                skin=cut.skin,
                origin=cut.box[:2],
                frame_short_side_px=short_side,
                scale=_own_scale(base_scale, cut),
                to_reference=cut.to_reference,
                magnification=cut.magnification,
                grid=grid,
                tile_ids=cut.tile_ids,
                blur_to_add_px2=own * cut.magnification**2,
                noise_sd=noise_sd(log_luminance(cut.rgb), cut.mask),
                scar=_scar(cut),
                lesion=_lesion_thresholds(photos, same, masks, config),
                discolouration=maps[id(cut)],
            )
        )
    return tuple(views)


def _pair_scale(photos: Sequence[AlignedPhoto], cuts: Sequence[_Cut]) -> Scale | NotMeasured:
    """Scale of the first before photo from every photo that has one, weighted by certainty."""
    first = cuts[0].name
    found: list[tuple[float, float, Scale]] = []
    for photo, cut in zip(photos, (c for c in cuts if c.name == first), strict=True):
        scale = photo.photo.scale
        if isinstance(scale, Scale):
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


def _own_scale(base: Scale | NotMeasured, cut: _Cut) -> Scale | NotMeasured:
    if isinstance(base, NotMeasured):
        return base
    return Scale(base.mm_per_px / cut.magnification, base.rel_sd, base.source)


def _discolouration(cut: _Cut, scale: Scale | NotMeasured, config: CarryConfig) -> FloatArray:
    shape = cut.mask.shape
    if cut.name == REFERENCE:  # no scars are sought there
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


def _scar(cut: _Cut) -> Mask | NotMeasured:
    scar = cut.source.regions.scar
    if isinstance(scar, NotMeasured):
        return scar
    x0, y0, width, height = cut.box
    return scar.mask[y0 : y0 + height, x0 : x0 + width]


def _lesion_thresholds(
    photos: Sequence[AlignedPhoto],
    maps: Sequence[FloatArray],
    masks: Sequence[Mask],
    config: CarryConfig,
) -> LesionThresholds | NotMeasured:
    """A core well above the skin's own mottling; a boundary at half the patches' contrast."""
    given = [isinstance(photo.regions.scar, Region) for photo in photos]
    if any(given) and not all(given):
        return NotMeasured(
            "a scar mask is given on one photo only: give one on each, drawn on its own pixels, or"
            " none (a carried mask cannot show a change)"
        )
    noise = [
        (float(np.median(score[mask])), robust_sd(score[mask]))
        for score, mask in zip(maps, masks, strict=True)
    ]
    core = max(config.lesion_floor_de00, *(m + config.lesion_sd * sd for m, sd in noise))
    least = max(m + config.lesion_boundary_sd * sd for m, sd in noise)
    plateaus = [
        float(np.quantile(score[mask & (score > core)], 0.75))
        for score, mask in zip(maps, masks, strict=True)
        if np.any(mask & (score > core))
    ]
    half = 0.5 * float(np.exp(np.mean(np.log(plateaus)))) if plateaus else core
    return LesionThresholds(core, min(core, max(least, half)))
