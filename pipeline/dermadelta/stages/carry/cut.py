"""One region of one photo: its mask carried there, and its pixels cut out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from dermadelta.domain import (
    REFERENCE,
    AlignedPhoto,
    Alignment,
    FloatArray,
    Mask,
    Matrix,
    Region,
    TileGrid,
)
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
from dermadelta.kernels.resampling import sample_mask
from dermadelta.stages.carry.config import CarryConfig


@dataclass(frozen=True, eq=False)
class Cut:
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


def shared_mask(item: Region, photos: Sequence[AlignedPhoto]) -> Mask:
    """The region on the first before photo, less what another photo does not show usably."""
    mask = item.mask & _allowed(item, photos[0])
    x0, y0, width, height = box = bounding_box(mask, 0)
    for other in photos[1:]:
        if other.alignment is None or own_region(item, other) is not None:
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


def own_region(item: Region, other: AlignedPhoto) -> Mask | None:
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


def tile_grid(mask: Mask, config: CarryConfig) -> TileGrid:
    """Tiles over the whole first photo, so large that about ``tiles`` cover the mask."""
    area = float(np.count_nonzero(mask))
    size = max(config.min_tile_px, float(np.sqrt(area / config.tiles)))
    rows, cols = mask.shape
    return TileGrid(size, int(np.ceil(cols / size)), int(np.ceil(rows / size)))


def cut_out(
    item: Region, shared: Mask, photo: AlignedPhoto, grid: TileGrid, config: CarryConfig
) -> Cut:
    """A region as a photo shows it: where it lies there, and the pixels in its box."""
    own = None if photo.alignment is None else own_region(item, photo)
    mask = _carried_mask(shared, photo) if own is None else own.copy()
    mask &= _allowed(item, photo)
    margin = round(config.margin_share * max(bounding_box(mask, 0)[2:]))
    box = bounding_box(mask, margin)
    x0, y0, width, height = box
    window = (slice(y0, y0 + height), slice(x0, x0 + width))
    stored, to_linear = photo.photo.photo, photo.photo.to_linear
    to_reference = np.eye(3) if photo.alignment is None else photo.alignment.after_to_before
    inside = mask[window]
    return Cut(
        source=photo,
        name=item.name,
        box=box,
        rgb=linearise(stored.rgb[window], to_linear.curves, to_linear.matrix),
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
