"""Flow on top of a start: dense on small pictures, at nodes on the large one."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from dermadelta.domain import Alignment, Cause, Mask, NotAligned
from dermadelta.kernels import flow
from dermadelta.kernels.geometry import apply_homography, inverse
from dermadelta.kernels.landmarks import smooth_residual
from dermadelta.kernels.resampling import sample_mask, sample_replicated
from dermadelta.kernels.sides import Side, Source, boxes_to_refine, side
from dermadelta.stages.align.changed import changed_skin
from dermadelta.stages.align.config import AlignConfig
from dermadelta.stages.align.start import LEAST_PIXELS, Start
from dermadelta.stages.align.trust import Found, node_centres, trusted

Floats = NDArray[np.float64]
Field = NDArray[np.float32]

_NOT_SEEN = "the region of the before photo is not seen in the after photo"

_LATTICE_PX = 8.0
"""Spacing at which the spline of landmarks is evaluated, working pixels."""

_DRIFT_SHARE = 0.06
"""Smoothing of the drift of single matches, share of the short side."""


@dataclass(frozen=True, eq=False)
class _Level:
    """Both sides at one size, and the homography between their pixels."""

    before: Side
    after: Side
    matrix: Floats


def refine(
    sources: tuple[Source, Source], start: Start, config: AlignConfig
) -> Alignment | NotAligned:
    """Bring a start to the accuracy that the pictures allow.

    Parameters
    ----------
    sources : (Source, Source)
        Before and after.
    start : Start
    config : AlignConfig

    Returns
    -------
    Alignment or NotAligned
        NotAligned where the region is not seen in the after photo.
    """
    boxes = boxes_to_refine(
        *sources,
        inverse(sources[0].to_photo) @ start.matrix @ sources[1].to_photo,
        margin_share=2.0 * config.smooth_share,
    )
    if boxes is None:
        return NotAligned(_NOT_SEEN, Cause.NOT_SEEN)

    def level(megapixels: float) -> _Level:
        first, second = (
            side(source, megapixels, config.normalise_share, box)
            for source, box in zip(sources, boxes, strict=True)
        )
        return _Level(first, second, inverse(first.to_full) @ start.matrix @ second.to_full)

    at = level(config.dense_megapixels[0])
    field = _dense(at, _first_field(start, at.after), config)
    for megapixels in config.dense_megapixels[1:]:
        at = level(megapixels)
        field = _dense(at, _regridded(field, at.after.usable.shape), config)
    fine = level(config.fine_megapixels)
    nodes = _nodes(fine.after.usable.shape, config.node_px)
    field = _on_nodes(field, at.after, fine.after, nodes)
    nowhere = np.zeros(nodes.shape[:2], dtype=np.bool_)
    first = _at_nodes(fine, nodes, field, nowhere, 1, config)
    changed = _changed(at, fine, nodes, first.field, config) & (first.alike < config.sure_alike)
    field = _filled(first.field, changed, fine, config)
    found = _at_nodes(fine, nodes, field, changed, config.rounds_per_level, config)
    found = replace(found, doubt=np.hypot(*np.moveaxis(found.field - first.field, -1, 0)))
    inside = fine.after.usable & sample_mask(
        fine.before.region, flow.landing(fine.matrix, _dense_field(found.field, fine, config))
    )
    if np.count_nonzero(inside) < LEAST_PIXELS:
        return NotAligned(_NOT_SEEN, Cause.NOT_SEEN)
    return trusted(sources, (fine.before, fine.after), fine.matrix, start, found, inside, config)


def _first_field(start: Start, after: Side) -> Field:
    """Drift of the matches as a smooth field; none where there are no matches."""
    rows, cols = after.usable.shape
    if not len(start.points):
        return np.zeros((rows, cols, 2), dtype=np.float32)
    if start.by_hand:
        nodes = apply_homography(after.to_full, _nodes((rows, cols), _LATTICE_PX))
        spline = smooth_residual(start.points, start.drift, nodes) / after.to_full[0, 0]
        return flow.spread(spline.astype(np.float32), (rows, cols), _LATTICE_PX)
    at = np.rint(apply_homography(inverse(after.to_full), start.points)).astype(int)
    inside = ((at >= 0) & (at < (cols, rows))).all(axis=1)
    at, drift = at[inside], start.drift[inside] / after.to_full[0, 0]
    weight = np.zeros((rows, cols), dtype=np.float32)
    total = np.zeros((rows, cols, 2), dtype=np.float32)
    np.add.at(weight, (at[:, 1], at[:, 0]), 1.0)
    np.add.at(total, (at[:, 1], at[:, 0]), drift.astype(np.float32))
    mean = np.asarray(total / np.maximum(weight, np.float32(1.0))[..., None], dtype=np.float32)
    return flow.smooth_nodes(mean, weight, _DRIFT_SHARE * after.short_side)


def _regridded(field: Field, shape: tuple[int, ...]) -> Field:
    """The field of a coarser size on a finer one, in pixels of the finer."""
    rows, cols = field.shape[:2]
    factors = np.array([shape[1] / cols, shape[0] / rows], dtype=np.float32)
    wide = cv2.resize(field, (shape[1], shape[0]), interpolation=cv2.INTER_LINEAR)
    return np.asarray(wide * factors, dtype=np.float32)


def _dense(level: _Level, field: Field, config: AlignConfig) -> Field:
    before, after = level.before, level.after
    sigma = config.smooth_share * after.short_side
    for _ in range(config.rounds_per_level):
        step, round_trip = flow.dense_step(after.grey, before.grey, level.matrix, field)
        both = after.usable & sample_mask(before.usable, flow.landing(level.matrix, field))
        field = flow.compose(
            field, flow.smooth_flow(step, round_trip, both, sigma, config.trust_px)
        )
    return field


# ------------------------------------------------------------------------ at nodes


def _nodes(shape: tuple[int, int], step: float) -> Field:
    """Middle of every cell of a picture, (rows, cols, 2); the last ones may lie beyond it."""
    cells = (int(np.ceil(shape[0] / step)), int(np.ceil(shape[1] / step)))
    return node_centres(cells, step).astype(np.float32)


def _on_nodes(field: Field, coarse: Side, fine: Side, nodes: Field) -> Field:
    """A dense field of a coarser side at the nodes of a finer one, in pixels of the finer."""
    at = apply_homography(inverse(coarse.to_full) @ fine.to_full, nodes)
    ratio = np.float32(coarse.to_full[0, 0] / fine.to_full[0, 0])
    return np.asarray(sample_replicated(field, at) * ratio, dtype=np.float32)


def _dense_field(field: Field, level: _Level, config: AlignConfig) -> Field:
    """A field at nodes on every pixel."""
    return flow.spread(field, level.after.usable.shape, config.node_px)


def _changed(level: _Level, fine: _Level, nodes: Field, field: Field, config: AlignConfig) -> Mask:
    """Nodes on skin that changed, seen on a smaller level."""
    shape = level.after.usable.shape
    ratio = float(fine.after.to_full[0, 0] / level.after.to_full[0, 0])
    wide = flow.spread(field, fine.after.usable.shape, config.node_px) * np.float32(ratio)
    small = np.asarray(cv2.resize(wide, shape[::-1], interpolation=cv2.INTER_AREA), np.float32)
    changed = changed_skin(level.before, level.after, flow.landing(level.matrix, small))
    return flow.value_at(changed, level.after.to_full, fine.after.to_full, nodes)


def _filled(field: Field, changed: Mask, level: _Level, config: AlignConfig) -> Field:
    """The field with what it says on skin that changed replaced by what lies around."""
    if not changed.any():
        return field
    sigma = 2.0 * config.smooth_share * level.after.short_side / config.node_px
    around = flow.smooth_nodes(field, (~changed).astype(np.float32), sigma)
    return np.where(changed[..., None], around, field).astype(np.float32)


def _at_nodes(
    level: _Level, nodes: Field, field: Field, changed: Mask, rounds: int, config: AlignConfig
) -> Found:
    """Rounds of windowed flow at nodes, and what they left; skin that changed has no say."""
    before, after = level.before, level.after
    rows, cols = after.usable.shape
    at = np.clip(np.rint(nodes).astype(int), 0, (cols - 1, rows - 1))
    sigma = config.smooth_share * after.short_side / config.node_px
    for _ in range(rounds):
        points = flow.landing(level.matrix, _dense_field(field, level, config))
        drawn = flow.drawn_at(before.grey, points)
        both = after.usable & sample_mask(before.usable, points)
        step = flow.node_step(after.grey, drawn, nodes, window_px=config.window_px)
        alike = flow.window_correlation(after.grey, drawn, both, config.window_px)
        alike = alike[at[..., 1], at[..., 0]]
        usable = both[at[..., 1], at[..., 0]]
        weight = np.exp(-(step.error**2) / (2.0 * config.trust_px**2)) * np.maximum(alike, 0.0)
        weight = np.where(usable & step.found & ~changed, weight, 0.0).astype(np.float32)
        smooth = flow.smooth_nodes(step.step, weight, sigma)
        field = flow.compose_nodes(field, smooth, config.node_px)
    rest = step.step - smooth
    doubt = np.zeros(weight.shape, dtype=np.float32)
    return Found(field, rest, step.error, weight, alike, usable, changed, doubt)
