"""What an alignment knows of its own error, and where it must not be used."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dermadelta.domain import Alignment
from dermadelta.kernels import flow
from dermadelta.kernels.geometry import apply_homography, inside_hull, inverse, local_affine, roll
from dermadelta.kernels.resampling import sample_mask, sample_replicated
from dermadelta.kernels.sides import Side, Source
from dermadelta.stages.align.config import AlignConfig
from dermadelta.stages.align.start import Start, region_correlation

Floats = NDArray[np.float64]
Grid = NDArray[np.float32]

_NEAR_NODES = 2.0
"""Reach of the local error, nodes."""

_AROUND_NODES = 6.0
"""Reach in which skin that changed is carried by what lies around it, nodes."""

_LEAST_WEIGHT = 0.2
"""Mean weight around a node below which nothing was found there."""

_FLOOR_PX = 0.1
"""Error of a perfect match, working pixels."""


@dataclass(frozen=True, eq=False)
class Found:
    """The field at the nodes of the last level, and what speaks for it; working pixels.

    ``field`` and ``rest`` (rows, cols, 2) float32: the displacement, and what the last round saw
    and did not follow. ``round_trip``, ``weight`` and ``alike`` (rows, cols) float32:
    forward-backward error, weight 0..1, local correlation; ``usable`` (rows, cols) bool: skin in
    both photos. ``changed`` (rows, cols) bool is skin that had no say because it changed, and
    ``doubt`` (rows, cols) float32 how far the field lies from what that skin itself said.
    """

    field: Grid
    rest: Grid
    round_trip: Grid
    weight: Grid
    alike: Grid
    usable: NDArray[np.bool_]
    changed: NDArray[np.bool_]
    doubt: Grid


def trusted(
    sources: tuple[Source, Source],
    sides: tuple[Side, Side],
    matrix: Floats,
    start: Start,
    found: Found,
    inside: NDArray[np.bool_],
    config: AlignConfig,
) -> Alignment:
    """The alignment with its own error.

    Parameters
    ----------
    sources, sides : pairs
        Before and after, whole and at the last working size.
    matrix : (3, 3) float64
        Homography between the sides' pixels.
    start : Start
    found : Found
    inside : (h, w) bool
        The region on the after side.
    config : AlignConfig

    Returns
    -------
    Alignment
    """
    before, after = sides
    # Errors are in working pixels of the after side; this brings them to the before photo's own.
    zoom = float(np.sqrt(abs(np.linalg.det(matrix[:2, :2])))) * float(before.to_full[0, 0])
    area = flow.area_ratio(found.field, config.node_px)
    error = _expected(found) * np.float32(zoom)
    limit = config.max_error_share * min(sources[0].photo_shape)
    usable = _usable(found, area, config) & ((error <= limit) | found.changed)
    if start.by_hand:  # where the pictures say nothing, the points do
        nodes = apply_homography(after.to_full, node_centres(usable.shape, config.node_px))
        vouched = inside_hull(start.points, nodes) & ~usable
        error = np.where(vouched, np.float32(2.0 * start.error_px), error)
        usable = usable | vouched
    region = _node_values(inside, found.field.shape, config.node_px)
    good = region & usable
    counted = error[good] if good.any() else error[region]
    shrunk = np.quantile(area[region], (0.05, 0.95)) if region.any() else np.ones(2)
    still = np.zeros((*before.usable.shape, 2), dtype=np.float32)
    seen = sample_mask(after.usable, flow.landing(inverse(matrix), still))
    region_px = max(1, int(np.count_nonzero(before.region)))
    return Alignment(
        after_to_before=start.matrix,
        displacement=_stored(found.field * np.float32(after.to_full[0, 0]), after, sources, config),
        grid_step_px=config.grid_step_px,
        error_px=_stored(error, after, sources, config),
        usable=_stored(usable.astype(np.float32), after, sources, config) > 0.5,
        rms_px=float(np.sqrt(np.mean(counted**2))) / 2.0,
        p95_px=float(np.quantile(counted, 0.95)),
        usable_share=float(np.count_nonzero(good)) / max(1, int(np.count_nonzero(region))),
        area_change=(float(shrunk[0]), float(shrunk[1])),
        overlap=float(np.count_nonzero(seen & before.region)) / region_px,
        correlation=region_correlation(
            before, after, matrix, flow.spread(found.field, after.usable.shape, config.node_px)
        ),
        inliers=start.inliers,
        quarter_turns=_quarter_turns(start.matrix, sources[1].photo_shape),
        method=start.method,
    )


def _expected(found: Found) -> Grid:
    """Error that is expected at each node, working pixels, as a 95th percentile."""
    rest = (found.rest**2).sum(axis=-1)
    square = flow.local_mean(rest + found.round_trip**2, found.weight, _NEAR_NODES)
    error = np.asarray(2.0 * np.sqrt(square + np.float32(_FLOOR_PX**2)), dtype=np.float32)
    return np.asarray(np.where(found.changed, np.maximum(error, found.doubt), error), np.float32)


def _usable(found: Found, area: Grid, config: AlignConfig) -> NDArray[np.bool_]:
    """Where the field may be used: something held on to, alike, neither folded nor torn.

    Skin that changed stays where the skin around it was found: left out, its change could not be
    measured.
    """
    everywhere = np.ones_like(found.weight)
    held = flow.local_mean(found.weight, everywhere, _NEAR_NODES) >= _LEAST_WEIGHT
    alike = flow.local_mean(found.alike, found.usable.astype(np.float32), _NEAR_NODES)
    whole = (area > config.area_limits[0]) & (area < config.area_limits[1])
    around = flow.local_mean(found.weight, everywhere, _AROUND_NODES) >= _LEAST_WEIGHT
    sure = (held & (alike >= config.min_local_correlation)) | (found.changed & around)
    return np.asarray(sure & whole, dtype=np.bool_)


def node_centres(shape: tuple[int, ...], step: float) -> Floats:
    """Middle of every cell, (rows, cols, 2)."""
    xs = (np.arange(shape[1]) + 0.5) * step - 0.5
    ys = (np.arange(shape[0]) + 0.5) * step - 0.5
    return np.stack(np.meshgrid(xs, ys), axis=-1)


def _node_values(mask: NDArray[np.bool_], shape: tuple[int, ...], step: float) -> NDArray[np.bool_]:
    """Whether the middle of each cell lies in a mask."""
    ys = np.clip(((np.arange(shape[0]) + 0.5) * step).astype(int), 0, mask.shape[0] - 1)
    xs = np.clip(((np.arange(shape[1]) + 0.5) * step).astype(int), 0, mask.shape[1] - 1)
    return np.asarray(mask[np.ix_(ys, xs)], dtype=np.bool_)


def _stored(values: Grid, after: Side, sources: tuple[Source, Source], config: AlignConfig) -> Grid:
    """Values at the nodes of the box that was refined, on the coarse grid of the whole photo.

    Beyond the box those of its edge go on.
    """
    rows, cols = sources[1].photo_shape
    step = config.grid_step_px
    nodes = node_centres((int(np.ceil(rows / step)), int(np.ceil(cols / step))), step)
    at = (apply_homography(inverse(after.to_full), nodes) + 0.5) / config.node_px - 0.5
    return sample_replicated(values, at)


def _quarter_turns(matrix: Floats, shape: tuple[int, int]) -> int:
    """Quarter turns counter-clockwise, 0 to 3, that a homography holds in the middle."""
    affine = local_affine(matrix, (shape[1] / 2.0, shape[0] / 2.0))
    return int(np.rint(-roll(affine) / (np.pi / 2.0))) % 4
