"""A case becomes two photographs, their masks and what is true about them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dermadelta.phantom.camera import Image8, Matrix, View, expose, make_view
from dermadelta.phantom.encode import through_jpeg
from dermadelta.phantom.fields import Field
from dermadelta.phantom.flush import flushed
from dermadelta.phantom.light import Light, half_side_mm, light_at, render
from dermadelta.phantom.marker import lay_marker, under_paper
from dermadelta.phantom.plan import Case, ShotPlan
from dermadelta.phantom.prints import lay_print, under_print
from dermadelta.phantom.retouch import smooth_skin
from dermadelta.phantom.skin import Grid, Skin, make_skin, part_of
from dermadelta.phantom.striae import Fading, with_striae
from dermadelta.phantom.treatment import (
    FADE_MM,
    Distances,
    Scar,
    effect,
    treat,
    with_scars,
)
from dermadelta.phantom.truth import Truth, pair_truth

__all__ = ["Case", "RenderedPair", "Shot", "ShotPlan", "render_pair", "skin_grid"]

Mask = NDArray[np.bool_]

_MARGIN_SHARE = 0.09
"""Skin beyond each side of the nominal frame, as a share of its width: poses move the frame."""

_LIT_MARGIN_MM = 1.6
"""Skin rendered beyond what a photo sees: the softening of the light reaches 3.5 x 0.34 mm."""

_RING_MM = (1.5 + FADE_MM, 8.0)
"""Untreated skin around a local treatment, for the truth of contrasts."""


@dataclass(frozen=True, eq=False)
class Shot:
    """One rendered photograph, before JPEG.

    ``rgb`` is (H, W, 3) uint8 sRGB. Masks are (H, W) bool on it; ``reference`` is untreated skin,
    ``scar`` the scars and ``striae`` the stretch marks, None where there are none.
    ``mm_to_photo`` maps millimetres on the skin (from the patch's centre, without stretch) to
    pixels; ``mm_per_px`` holds at the roi.
    """

    rgb: Image8
    roi: Mask
    reference: Mask | None
    scar: Mask | None
    mm_per_px: float
    mm_to_photo: Matrix
    striae: Mask | None = None


@dataclass(frozen=True, eq=False)
class RenderedPair:
    """Both photographs of a case, repeats of them, and the truth about them."""

    case: Case
    before: Shot
    after: Shot
    truth: Truth
    before_repeats: tuple[Shot, ...] = ()
    after_repeats: tuple[Shot, ...] = ()

    @property
    def after_to_before(self) -> Matrix:
        """Homography of pixel centres from the after to the before photo, without stretch."""
        matrix = self.before.mm_to_photo @ np.linalg.inv(self.after.mm_to_photo)
        if self.case.after.mirrored:
            flip = np.diag([-1.0, 1.0, 1.0])
            flip[0, 2] = self.case.width_px - 1
            matrix = matrix @ flip
        return np.asarray(matrix / matrix[2, 2], dtype=np.float64)


@dataclass(frozen=True, eq=False)
class _State:
    """The skin at one visit and what is to be seen on it."""

    skin: Skin
    roi: Mask
    reference: Mask | None
    scar: Mask | None
    striae: Mask | None


def render_pair(case: Case) -> RenderedPair:
    """Render all photographs of ``case`` and compute its truth; same case, same bits."""
    grid = skin_grid(case)
    distances = Distances(grid)
    before, after = _states(case, grid, distances)
    scars_after = case.treatment.scars_after(case.scars)
    truth = pair_truth(
        before.skin,
        after.skin,
        light=case.light,
        roi=before.roi,
        reference=before.reference,
        scar_areas_mm2=(_total_area(case.scars), _total_area(scars_after)),
        striae_areas_mm2=(_area_within(before, grid), _area_within(after, grid)),
    )
    if case.impostor is not None:
        after = replace(after, skin=make_skin(case.impostor, grid), scar=None, striae=None)
    before, after = (
        replace(state, skin=flushed(state.skin, flush))
        for state, flush in zip((before, after), case.flushes, strict=True)
    )
    return RenderedPair(
        case,
        _shoot(case, before, case.before),
        _shoot(case, after, case.after),
        truth,
        tuple(_shoot(case, before, plan) for plan in case.before_repeats),
        tuple(_shoot(case, after, plan) for plan in case.after_repeats),
    )


def _states(case: Case, grid: Grid, distances: Distances) -> tuple[_State, _State]:
    """The skin before and after; the very same where nothing changes."""
    bare = treat(make_skin(case.skin, grid), case.baseline, distances)
    roi, reference = _areas(case, distances)
    marked, striae = with_striae(bare, case.striae, Fading(), None)
    before = _State(
        with_scars(marked, case.scars, distances),
        roi,
        reference,
        _scarred(case.scars, distances),
        striae,
    )
    if case.stays:
        return before, before
    treated = treat(treat(bare, case.treatment, distances), case.drift, distances)
    marked, striae = with_striae(
        treated, case.striae, case.treatment.striae, effect(case.treatment, distances)
    )
    scars = case.treatment.scars_after(case.scars)
    after = _State(
        with_scars(marked, scars, distances), roi, reference, _scarred(scars, distances), striae
    )
    return before, after


def skin_grid(case: Case) -> Grid:
    """The patch of skin that is grown for ``case``: the nominal frame and a margin."""
    margin = round(_MARGIN_SHARE * case.width_px)
    return Grid(case.width_px + 2 * margin, case.height_px + 2 * margin, case.mm_per_px)


def _total_area(scars: tuple[Scar, ...]) -> float:
    return sum(scar.outline.area_mm2 for scar in scars)


def _area_within(state: _State, grid: Grid) -> float:
    """Area of the stretch marks inside the region, mm²."""
    if state.striae is None:
        return 0.0
    return float(np.count_nonzero(state.striae & state.roi)) * grid.step_mm**2


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


def _shoot(case: Case, state: _State, plan: ShotPlan) -> Shot:
    """One photograph of one state of the skin."""
    geometry, sensor = (
        np.random.default_rng(part) for part in np.random.SeedSequence(plan.seed).spawn(2)
    )
    size = (case.width_px, case.height_px)
    grid = state.skin.grid
    view = make_view(plan.camera, (grid.width_px, grid.height_px), size, 1.0, geometry)
    mm_to_photo = view.homography @ _mm_to_source(grid)
    scene = _lit(state.skin, plan.light, view)
    scene, hidden = _with_prints(scene, plan, mm_to_photo, grid)
    others = (state.reference, state.scar, state.striae)
    reference, scar, striae = (None if m is None else view.sample_mask(m) for m in others)
    if reference is not None and hidden is not None:
        reference &= ~hidden
    rgb = expose(scene, plan.camera, sensor)
    if plan.retouch > 0.0:
        rgb = smooth_skin(through_jpeg(rgb, plan.camera), plan.retouch)
    shot = Shot(
        rgb=rgb,
        roi=view.sample_mask(state.roi),
        reference=reference,
        scar=scar,
        mm_per_px=_mm_per_px(mm_to_photo, case.roi.x_mm, case.roi.y_mm),
        mm_to_photo=mm_to_photo,
        striae=striae,
    )
    return _mirrored(shot) if plan.mirrored else shot


def _lit(skin: Skin, light: Light, view: View) -> Field:
    """The lit skin (H, W, 3) at the photo's pixels; only what the photo sees is computed."""
    grid = skin.grid
    margin = int(np.ceil(_LIT_MARGIN_MM / grid.step_mm))
    rows, cols = view.seen((grid.width_px, grid.height_px), margin)
    part = part_of(skin, rows, cols)
    return view.shifted(rows, cols).sample(render(part, light, half_side_mm(grid)))


def _with_prints(
    scene: Field, plan: ShotPlan, mm_to_photo: Matrix, grid: Grid
) -> tuple[Field, Mask | None]:
    """The scene with what lies on the skin, and what that hides; None where nothing lies there."""
    if plan.marker is not None:
        scene = lay_marker(scene, plan.marker, mm_to_photo)
        return scene, under_paper(plan.marker, mm_to_photo, scene.shape)
    if plan.printed is not None:
        light = light_at(grid, plan.light, plan.printed.x_mm, plan.printed.y_mm)
        scene = lay_print(scene, plan.printed, mm_to_photo, light)
        return scene, under_print(plan.printed, mm_to_photo, scene.shape)
    return scene, None


def _mirrored(shot: Shot) -> Shot:
    """The shot flipped left to right; ``mm_to_photo`` stays that of the unflipped picture."""
    return replace(
        shot,
        rgb=np.ascontiguousarray(shot.rgb[:, ::-1]),
        roi=shot.roi[:, ::-1],
        reference=None if shot.reference is None else shot.reference[:, ::-1],
        scar=None if shot.scar is None else shot.scar[:, ::-1],
        striae=None if shot.striae is None else shot.striae[:, ::-1],
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
