"""Distinct: photographs that are one exposure count once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pydantic import Field

from dermadelta.domain import AlignedPhoto, Matrix, Settings
from dermadelta.kernels.geometry import apply_field, bounding_box, invert_field, pixel_grid


class DistinctConfig(Settings):
    """When two photographs of one visit are the same exposure."""

    max_residual_px: float = Field(
        0.3,
        ge=0.0,
        description="An edited copy lies on its original, but for a crop and a change of size, to"
        " within so many pixels (median). Skin that is photographed again moves by more: copies of"
        " 8 rendered photographs by 0.08 at most, repeats by 1.3 at least.",
    )


_POINTS_PER_SIDE = 24


def distinct(
    photos: Sequence[AlignedPhoto], config: DistinctConfig
) -> tuple[list[AlignedPhoto], list[str]]:
    """Keep one photograph of each exposure.

    An edited copy of a photograph looks like a repeat that agrees to the last pixel, and would
    make every interval too narrow. It is told by its geometry: nothing but a crop and a change of
    size lies between two copies, while skin between two exposures shifts, turns and stretches.

    Parameters
    ----------
    photos : sequence of AlignedPhoto
        The first is the first before photo.
    config : DistinctConfig

    Returns
    -------
    kept : list of AlignedPhoto
        In the same order, the earliest of each exposure.
    remarks : list of str
        What was left out, for the reader.
    """
    kept: list[AlignedPhoto] = []
    remarks: list[str] = []
    for photo in photos:
        twin = next(
            (k for k in kept if k.role is photo.role and _one_exposure(k, photo, config)), None
        )
        if twin is None:
            kept.append(photo)
            continue
        own, other = (item.photo.photo.ref.photo_id for item in (photo, twin))
        remarks.append(
            f"{own} counts once with {other}: both show the same exposure (an edited copy, or the"
            " next frame of a burst); move the camera between repeat photographs"
        )
    return kept, remarks


def _one_exposure(first: AlignedPhoto, second: AlignedPhoto, config: DistinctConfig) -> bool:
    points = _points(second)
    at = _to_photo(first, _to_base(second, points))
    rows, cols = first.regions.usable.shape
    # Outside the other picture the alignment knows nothing.
    inside = (at >= 0.0).all(axis=1) & (at[:, 0] <= cols - 1.0) & (at[:, 1] <= rows - 1.0)
    return _copy_residual_px(points[inside], at[inside]) <= config.max_residual_px


def _points(photo: AlignedPhoto) -> Matrix:
    """A grid of points over the usable skin of a photo, (n, 2)."""
    x0, y0, width, height = bounding_box(photo.regions.usable, 0)
    stride = max(1, min(width, height) // _POINTS_PER_SIDE)
    grid = pixel_grid((x0, y0, width, height), stride=stride)
    usable = photo.regions.usable[y0 : y0 + height : stride, x0 : x0 + width : stride]
    return np.asarray(grid[usable], dtype=np.float64)


def _to_base(photo: AlignedPhoto, points: Matrix) -> Matrix:
    found = photo.alignment
    if found is None:
        return points
    return apply_field(found.after_to_before, found.displacement, found.grid_step_px, points)


def _to_photo(photo: AlignedPhoto, points: Matrix) -> Matrix:
    found = photo.alignment
    if found is None:
        return points
    return invert_field(found.after_to_before, found.displacement, found.grid_step_px, points)


def _copy_residual_px(points: Matrix, at: Matrix) -> float:
    """Distance that no shift and change of size explains, median; infinite below 3 points."""
    if len(points) < 3:
        return float("inf")
    source, target = points - points.mean(axis=0), at - at.mean(axis=0)
    spread = float(np.sum(source**2))
    size = float(np.sum(source * target)) / spread if spread > 0.0 else 1.0
    return float(np.median(np.hypot(*(target - size * source).T)))
