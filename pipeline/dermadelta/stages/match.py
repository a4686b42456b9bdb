"""Match: which single things (pores, pieces of lines) two photographs have in common."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from dermadelta.domain import (
    REFERENCE,
    AlignedPhoto,
    Carried,
    Matched,
    Matrix,
    Measure,
    NotMeasured,
    Read,
    Reading,
    Role,
    Settings,
    SkinView,
)
from dermadelta.kernels.geometry import apply_field
from dermadelta.kernels.pairing import chance_matches, common_tiles, mutual_nearest

Ids = NDArray[np.int32]


class MatchConfig(Settings):
    """When two marks are the same one."""

    tolerance_sizes: float = Field(
        0.5, gt=0.0, description="Largest distance of two marks, in their median size."
    )
    least_px: float = Field(
        1.5, gt=0.0, description="Largest distance in any case, pixels of the first before photo."
    )


def match(
    readings: Sequence[Reading],
    aligned: Sequence[AlignedPhoto],
    carried: Carried,
    catalogue: Sequence[Measure],
    config: MatchConfig,
) -> tuple[Matched, ...]:
    """Find the same marks on the first before photo and on the first after photo.

    Marks are carried by the alignment into the first before photo; two are the same where each is
    the other's nearest and they lie within the tolerance, to which the error of the alignment adds.

    Parameters
    ----------
    readings : sequence of Reading
        Those with marks count.
    aligned : sequence of AlignedPhoto
        The photos of the pair, the first before photo leading.
    carried : Carried
        Views of the same photos.
    catalogue : sequence of Measure
        Their order is that of the result.
    config : MatchConfig

    Returns
    -------
    tuple of Matched
        One per region and measure that counted something on both photos.
    """
    after = next(item for item in aligned if item.role is Role.AFTER)
    ids = (aligned[0].photo.photo.ref.photo_id, after.photo.photo.ref.photo_id)
    views = {(view.photo_id, view.region): view for view in carried.views}
    reads = {
        (r.photo_id, r.region, r.measure): r.result
        for r in readings
        if isinstance(r.result, Read) and len(r.result.marks)
    }
    regions = dict.fromkeys(v.region for v in carried.views if v.region != REFERENCE)
    found = []
    for region, item in itertools.product(regions, catalogue):
        pair = [reads.get((photo_id, region, item.name)) for photo_id in ids]
        if pair[0] is None or pair[1] is None:
            continue
        sides = (views[ids[0], region], views[ids[1], region])
        found.append(_matched(item, (pair[0], pair[1]), sides, after, config))
    return tuple(found)


def _matched(
    item: Measure,
    reads: tuple[Read, Read],
    views: tuple[SkinView, SkinView],
    after: AlignedPhoto,
    config: MatchConfig,
) -> Matched:
    common = common_tiles(*((view.tile_ids, view.mask) for view in views))
    first = _placed(reads[0].marks, views[0], None, common)
    second = _placed(reads[1].marks, views[1], after, common)
    sizes = np.concatenate([first[:, 2], second[:, 2]])
    error = 0.0 if after.alignment is None else after.alignment.rms_px
    own = config.tolerance_sizes * float(np.median(sizes)) if sizes.size else 0.0
    tolerance = float(np.hypot(max(config.least_px, own), error))
    left, right, distance = mutual_nearest(first[:, :2], second[:, :2], tolerance)
    none = NotMeasured("nothing was found on both photos")
    change = np.log(second[right, 2] / first[left, 2]) if len(left) else np.empty(0)
    return Matched(
        measure=item.name,
        region=views[0].region,
        before_photo_id=views[0].photo_id,
        after_photo_id=views[1].photo_id,
        n_before=len(first),
        n_after=len(second),
        matched=len(left),
        by_chance=chance_matches(first[:, :2], second[:, :2], tolerance),
        tolerance_px=tolerance,
        distance_px=float(np.median(distance)) if len(left) else none,
        size_change_pct=float(100.0 * np.expm1(np.median(change))) if len(left) else none,
    )


def _placed(marks: Matrix, view: SkinView, photo: AlignedPhoto | None, common: Ids) -> Matrix:
    """Marks on tiles that both photos show, in pixels of the first before photo."""
    rows, cols = view.tile_ids.shape
    col = np.clip(np.rint(marks[:, 0]).astype(int), 0, cols - 1)
    row = np.clip(np.rint(marks[:, 1]).astype(int), 0, rows - 1)
    kept = marks[np.isin(view.tile_ids[row, col], common)]
    points = kept[:, :2] + np.array(view.origin, dtype=np.float64)
    alignment = None if photo is None else photo.alignment
    if alignment is not None and len(points):
        points = apply_field(
            alignment.after_to_before,
            alignment.displacement,
            alignment.grid_step_px,
            points[None],
        )[0]
    return np.column_stack([points, kept[:, 2] / view.magnification])
