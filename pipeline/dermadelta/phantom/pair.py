"""A case becomes two photographs, their masks and what is true about them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from dermadelta.phantom.camera import Camera, Image8, Matrix, expose, make_view
from dermadelta.phantom.light import Light, render
from dermadelta.phantom.marker import Marker, lay_marker, under_paper
from dermadelta.phantom.skin import Grid, Skin, SkinSpec, make_skin
from dermadelta.phantom.treatment import (
    FADE_MM,
    Distances,
    Outline,
    Scar,
    Treatment,
    treat,
    with_scars,
)
from dermadelta.phantom.truth import Truth, pair_truth

Mask = NDArray[np.bool_]

_MARGIN_SHARE = 0.09
"""Skin beyond each side of the nominal frame, as a share of its width: poses move the frame."""

_RING_MM = (1.5 + FADE_MM, 8.0)
"""Untreated skin around a local treatment, for the truth of contrasts."""


@dataclass(frozen=True)
class ShotPlan:
    """How one photograph is taken; ``seed`` fixes its stretch and noise."""

    taken_at: datetime
    camera: Camera
    light: Light
    seed: int
    marker: Marker | None = None
    mirrored: bool = False


@dataclass(frozen=True)
class Case:
    """Everything that fixes a pair.

    ``light`` is the nominal lamp under which truth is computed; each shot has its own.
    ``baseline`` is what the skin had before (an erythema), ``treatment`` what changed after it.
    ``roi`` is the declared region, inside the treated area. ``impostor`` is the skin of the
    after photo where it is another person's. ``must_refuse`` says why a pair cannot be measured;
    empty when it can.
    """

    subject_id: str
    site: str
    kind: str
    setup: Literal["rig", "handheld"]
    width_px: int
    height_px: int
    mm_per_px: float
    skin: SkinSpec
    roi: Outline
    treatment: Treatment
    light: Light
    before: ShotPlan
    after: ShotPlan
    baseline: Treatment = field(default_factory=Treatment)
    scars: tuple[Scar, ...] = ()
    impostor: SkinSpec | None = None
    scar_mask_given: bool = False
    must_refuse: str = ""

    @property
    def pair_id(self) -> str:
        """``<subject>_<site>_<before date>_<after date>``."""
        dates = f"{self.before.taken_at:%Y-%m-%d}_{self.after.taken_at:%Y-%m-%d}"
        return f"{self.subject_id}_{self.site}_{dates}"

    @property
    def treated_area(self) -> Literal["local", "whole"]:
        """Where the treatment went, as a sessions table declares it."""
        return "whole" if self.treatment.area is None else "local"


@dataclass(frozen=True, eq=False)
class Shot:
    """One rendered photograph, before JPEG.

    ``rgb`` is (H, W, 3) uint8 sRGB. Masks are (H, W) bool on it; ``reference`` is untreated skin
    and ``scar`` the scars, None where there are none. ``mm_to_photo`` maps millimetres on the
    skin (from the patch's centre, without stretch) to pixels; ``mm_per_px`` holds at the roi.
    """

    rgb: Image8
    roi: Mask
    reference: Mask | None
    scar: Mask | None
    mm_per_px: float
    mm_to_photo: Matrix


@dataclass(frozen=True, eq=False)
class RenderedPair:
    """Both photographs of a case and the truth about them."""

    case: Case
    before: Shot
    after: Shot
    truth: Truth

    @property
    def after_to_before(self) -> Matrix:
        """Homography of pixel centres from the after to the before photo, without stretch."""
        matrix = self.before.mm_to_photo @ np.linalg.inv(self.after.mm_to_photo)
        if self.case.after.mirrored:
            flip = np.diag([-1.0, 1.0, 1.0])
            flip[0, 2] = self.case.width_px - 1
            matrix = matrix @ flip
        return np.asarray(matrix / matrix[2, 2], dtype=np.float64)


def render_pair(case: Case) -> RenderedPair:
    """Render both photographs of ``case`` and compute its truth; same case, same bits."""
    grid = skin_grid(case)
    distances = Distances(grid)
    bare = treat(make_skin(case.skin, grid), case.baseline, distances)
    skin_before = with_scars(bare, case.scars, distances)
    scars_after = case.treatment.scars_after(case.scars)
    skin_after = with_scars(treat(bare, case.treatment, distances), scars_after, distances)
    areas = _areas(case, distances)
    truth = pair_truth(
        skin_before,
        skin_after,
        light=case.light,
        roi=areas[0],
        reference=areas[1],
        scar_areas_mm2=(_total_area(case.scars), _total_area(scars_after)),
    )
    if case.impostor is not None:
        skin_after = make_skin(case.impostor, grid)
        scars_after = ()
    before = _shoot(case, skin_before, case.before, (*areas, _scarred(case.scars, distances)))
    after = _shoot(case, skin_after, case.after, (*areas, _scarred(scars_after, distances)))
    return RenderedPair(case, before, after, truth)


def skin_grid(case: Case) -> Grid:
    """The patch of skin that is grown for ``case``: the nominal frame and a margin."""
    margin = round(_MARGIN_SHARE * case.width_px)
    return Grid(case.width_px + 2 * margin, case.height_px + 2 * margin, case.mm_per_px)


def _total_area(scars: tuple[Scar, ...]) -> float:
    return sum(scar.outline.area_mm2 for scar in scars)


def _areas(case: Case, distances: Distances) -> tuple[Mask, Mask | None]:
    """The declared region and the ring of untreated skin around a local treatment."""
    roi = distances.inside(case.roi)
    if case.treatment.area is None:
        return roi, None
    distance = distances.of(case.treatment.area)
    return roi, (distance > _RING_MM[0]) & (distance < _RING_MM[1])


def _scarred(scars: tuple[Scar, ...], distances: Distances) -> Mask | None:
    """Where any scar is; None without scars."""
    if not scars:
        return None
    inside = [distances.inside(scar.outline) for scar in scars]
    return np.asarray(np.any(inside, axis=0), dtype=np.bool_)


def _shoot(
    case: Case, skin: Skin, plan: ShotPlan, areas: tuple[Mask, Mask | None, Mask | None]
) -> Shot:
    """One photograph of one state of the skin; ``areas`` are roi, reference and scars on it."""
    geometry, sensor = (
        np.random.default_rng(part) for part in np.random.SeedSequence(plan.seed).spawn(2)
    )
    size = (case.width_px, case.height_px)
    source = (skin.grid.width_px, skin.grid.height_px)
    view = make_view(plan.camera, source, size, 1.0, geometry)
    mm_to_photo = view.homography @ _mm_to_source(skin.grid)
    scene = view.sample(render(skin, plan.light))
    if plan.marker is not None:
        scene = lay_marker(scene, plan.marker, mm_to_photo)
    roi = view.sample_mask(areas[0])
    reference, scar = (None if a is None else view.sample_mask(a) for a in areas[1:])
    if reference is not None and plan.marker is not None:
        reference &= ~under_paper(plan.marker, mm_to_photo, reference.shape)
    shot = Shot(
        rgb=expose(scene, plan.camera, sensor),
        roi=roi,
        reference=reference,
        scar=scar,
        mm_per_px=_mm_per_px(mm_to_photo, case.roi.x_mm, case.roi.y_mm),
        mm_to_photo=mm_to_photo,
    )
    return _mirrored(shot) if plan.mirrored else shot


def _mirrored(shot: Shot) -> Shot:
    """The shot flipped left to right; ``mm_to_photo`` stays that of the unflipped picture."""
    return replace(
        shot,
        rgb=np.ascontiguousarray(shot.rgb[:, ::-1]),
        roi=shot.roi[:, ::-1],
        reference=None if shot.reference is None else shot.reference[:, ::-1],
        scar=None if shot.scar is None else shot.scar[:, ::-1],
    )


def _mm_to_source(grid: Grid) -> Matrix:
    """Millimetres from the patch's centre to source pixels."""
    px = 1.0 / grid.step_mm
    return np.array(
        [
            [px, 0.0, 0.5 * (grid.width_px - 1)],
            [0.0, px, 0.5 * (grid.height_px - 1)],
            [0.0, 0.0, 1.0],
        ]
    )


def _mm_per_px(mm_to_photo: Matrix, x_mm: float, y_mm: float) -> float:
    """Millimetres per pixel at a point: square root of the local area ratio."""
    x, y, w = mm_to_photo @ np.array([x_mm, y_mm, 1.0])
    point = np.array([x / w, y / w])
    jacobian = (mm_to_photo[:2, :2] - np.outer(point, mm_to_photo[2, :2])) / w
    return float(1.0 / np.sqrt(abs(np.linalg.det(jacobian))))
