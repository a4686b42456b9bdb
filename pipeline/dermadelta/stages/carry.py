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
    Region,
    Scale,
    Settings,
    SkinView,
    TileGrid,
)
from dermadelta.kernels.blobs import discolouration, lesion_thresholds
from dermadelta.kernels.colour import linearise
from dermadelta.kernels.geometry import (
    apply_field,
    area_scale,
    bounding_box,
    dense_map,
    grid_values,
    invert_field,
    pixel_grid,
    reached_box,
    tile_numbers,
)
from dermadelta.kernels.masks import picked, shrink
from dermadelta.kernels.resampling import resize_mask, sample_mask, shrink_to


class CarryConfig(Settings):
    """How views are cut."""

    tiles: int = Field(256, ge=4, description="Tiles that the first region is divided into.")
    min_tile_px: float = Field(8.0, gt=0.0, description="Smallest tile, before pixels.")
    margin_share: float = Field(
        0.12, ge=0.0, description="Surroundings kept around a region, share of its longer side."
    )
    min_region_px: int = Field(
        400, gt=0, description="Fewer usable pixels: the region is not measured."
    )
    scars: bool = Field(True, description="Whether scars are looked for; no gate rests on them.")
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
    """Views of every region on every photo.

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
    remarks = _remarks(photos)
    for item in named:
        row = [_cut(item, shared[item.name], photo, grid, config) for photo in photos]
        if all(np.count_nonzero(cut.mask) >= config.min_region_px for cut in row):
            cuts.extend(row)
        elif item.name != REFERENCE:
            return NotMeasured(
                f"fewer than {config.min_region_px} usable pixels of region {item.name} are seen"
                " in both photos: choose a larger region or retake without glare and blur"
            )
        else:
            remarks.append(
                f"the reference skin has fewer than {config.min_region_px} usable pixels in some"
                " photo and is not used: choose a larger one that every photo shows"
            )
    return Carried(_views(photos, cuts, grid, config), (), grid, tuple(remarks))


def _remarks(photos: Sequence[AlignedPhoto]) -> list[str]:
    """What the reader should know about regions that are missing or not used."""
    base = photos[0].regions
    remarks = [base.reference.reason] if isinstance(base.reference, NotMeasured) else []
    given = base.regions[0].source == "given"
    for other in photos[1:]:
        photo_id = other.photo.photo.ref.photo_id
        if not given and any(item.source == "given" for item in other.regions.regions):
            remarks.append(
                f"the region given with {photo_id} is not used, because the first before photo has"
                " none: give one there (it is carried to the others) or on every photo"
            )
        own = other.regions.reference
        own_given = isinstance(own, Region) and own.source == "given"
        if own_given and isinstance(base.reference, NotMeasured):
            remarks.append(
                f"the reference given with {photo_id} is not used, because the first before photo"
                " has none: give one there"
            )
    return remarks


# ------------------------------------------------------------------------------ masks


def _shared_mask(item: Region, photos: Sequence[AlignedPhoto]) -> Mask:
    """The region on the first before photo, less what another photo does not show usably."""
    mask = item.mask & _allowed(item, photos[0])
    x0, y0, width, height = box = bounding_box(mask, 0)
    for other in photos[1:]:
        if other.alignment is None or _own_region(item, other) is not None:
            continue
        part = mask[y0 : y0 + height, x0 : x0 + width]
        for top, rows in _strips(box):
            points = dense_map(partial(_to_after, other.alignment), (x0, top, width, rows))
            strip = part[top - y0 : top - y0 + rows]
            strip &= sample_mask(_allowed(item, other), points)
            strip &= grid_values(other.alignment.usable, other.alignment.grid_step_px, points)
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
    return TileGrid(size, int(np.ceil(cols / size)), int(np.ceil(rows / size)))


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
    if not shared.any():
        return mask
    reach = partial(_to_after, alignment)
    box = reached_box(reach, bounding_box(shared, 0), (rows, cols), 0.03 * max(rows, cols))
    x0, width = box[0], box[2]
    if width == 0:
        return mask
    for top, count in _strips(box):
        points = dense_map(partial(_to_before, alignment), (x0, top, width, count))
        mask[top : top + count, x0 : x0 + width] = sample_mask(shared, points)
    return mask


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
        ids[top - y0 : top - y0 + rows] = tile_numbers(
            points, size_px=grid.size_px, n_cols=grid.n_cols, n_rows=grid.n_rows
        )
    return ids


def _magnification(to_reference: Matrix, box: tuple[int, int, int, int], inside: Mask) -> float:
    """Own pixels per pixel of the first before photo: median over the region."""
    points = pixel_grid(box, stride=8)
    scale = area_scale(to_reference, points)[inside[::8, ::8]]
    return float(1.0 / np.sqrt(np.median(scale))) if scale.size else 1.0


# ------------------------------------------------------------------------------ views


def _views(
    photos: Sequence[AlignedPhoto],
    cuts: Sequence[_Cut],
    grid: TileGrid,
    config: CarryConfig,
) -> tuple[SkinView, ...]:
    base_scale = _pair_scale(photos, cuts)
    maps = {id(cut): _discolouration(cut, base_scale, config) for cut in cuts}
    short_side = float(min(photos[0].regions.usable.shape))
    lesions = {}
    for name in dict.fromkeys(cut.name for cut in cuts):
        same = [cut for cut in cuts if cut.name == name]
        scores = [picked(cut.mask, maps[id(cut)])[0] for cut in same] if config.scars else []
        lesions[name] = _lesion_thresholds(photos, scores, config)
    return tuple(
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
            blur_to_add_px2=0.0,
            scar=_scar(cut),
            lesion=lesions[cut.name],
            discolouration=maps[id(cut)],
        )
        for cut in cuts
    )


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


def _scar(cut: _Cut) -> Mask | NotMeasured:
    scar = cut.source.regions.scar
    if isinstance(scar, NotMeasured):
        return scar
    x0, y0, width, height = cut.box
    return scar.mask[y0 : y0 + height, x0 : x0 + width]


def _lesion_thresholds(
    photos: Sequence[AlignedPhoto],
    scores: Sequence[FloatArray],
    config: CarryConfig,
) -> LesionThresholds | NotMeasured:
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
