"""Semi-synthetic pairs: a real photograph with a known edit, shot by two different cameras.

Skin, light and lens are real, what changes is known. What the base photograph itself has (its
noise, its compression) is in both photographs, so such a pair is easier than two visits.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from dermadelta.errors import UsageError
from dermadelta.files.images import read_image, upright
from dermadelta.kernels.colour import eight_bit
from dermadelta.phantom.camera import Camera, Image8, View
from dermadelta.phantom.edits import Band, Edit, added_pigment, edited, redness, roughness
from dermadelta.phantom.light import Light
from dermadelta.phantom.patch import close_up, ring_of
from dermadelta.phantom.plan import Setup, ShotPlan
from dermadelta.phantom.reshoot import linear_light, shoot_again
from dermadelta.phantom.shots import Scene, nominal_camera, random_shot
from dermadelta.phantom.skin import Grid
from dermadelta.phantom.treatment import Outline

Mask = NDArray[np.bool_]
SemiKind = Literal["no_change", "texture", "redness", "scar"]

SEMI_KINDS: tuple[SemiKind, ...] = ("no_change", "texture", "redness", "scar")
"""What can be done to a real photograph."""

BAND_MM = (0.2, 1.0)
BAND_SHARE = (0.006, 0.030)
"""Wavelengths whose detail changes: in mm, or in shares of the frame's short side without scale."""

_LEAST_WAVELENGTH_PX = 3.0
_MAX_PIXELS = 200_000_000
_ZOOM = 1.06
"""The cameras stand a little closer than the base's, so that its border stays outside."""


@dataclass(frozen=True)
class SemiCase:
    """Everything that fixes a semi-synthetic pair but the pixels of its base.

    ``base`` is a file; photos become ``width_px`` wide (never wider than the base). ``mm_per_px``
    is the scale of the base's own pixels, None where nobody knows it.
    """

    subject_id: str
    kind: SemiKind
    base: str
    width_px: int
    mm_per_px: float | None
    seed: int
    number: int
    site: str = "skin"


@dataclass(frozen=True, eq=False)
class SemiShot:
    """One photograph before JPEG: (H, W, 3) uint8, its region, scar, and scale at the region."""

    plan: ShotPlan
    rgb: Image8
    roi: Mask
    scar: Mask | None
    mm_per_px: float | None


@dataclass(frozen=True, eq=False)
class SemiPair:
    """Both photographs and the true changes by column of ``truth.csv``."""

    case: SemiCase
    setup: Setup
    before: SemiShot
    after: SemiShot
    after_to_before: NDArray[np.float64]
    changes: dict[str, object]


def semi_case(
    base: str,
    kind: str,
    seed: int,
    number: int,
    *,
    width_px: int,
    mm_per_px: float | None = None,
) -> SemiCase:
    """Plan a pair.

    Raises
    ------
    UsageError
        A kind that cannot be made from a photograph, or an impossible scale.
    """
    for known in SEMI_KINDS:
        if known == kind:
            return SemiCase(f"r{number:04d}", known, base, width_px, mm_per_px, seed, number)
    raise UsageError(
        f"a photograph cannot be given a change of the kind {kind!r}",
        remedy=f"Choose from {', '.join(SEMI_KINDS)}.",
    )


def render_semi(case: SemiCase) -> SemiPair:
    """Edit the base photograph and shoot both states; same case and base, same bits.

    Raises
    ------
    PhotoError
        The base cannot be read. Remedy: in the message.
    UsageError
        No patch of skin in it, or too few pixels for the band.
    """
    linear, roi, mm_per_px = _base(case)
    rng = np.random.default_rng([case.seed, case.number])
    band = _band(linear.shape[:2], mm_per_px, Path(case.base).name)
    was, now = _edits(rng, case.kind, roi)
    states = [edited(linear, edit, roi, band) for edit in (was, now)]
    setup: Setup = "rig" if rng.uniform() < 0.4 else "handheld"
    frame = (linear.shape[1], linear.shape[0])
    scenes = [Scene(setup, _nominal(rng), Light(), "nothing", frame, 1.0) for _ in range(2)]
    start = datetime(2026, 1, 5, 9, 0) + timedelta(minutes=int(rng.integers(0, 40 * 1440)))
    later = start + timedelta(minutes=int(rng.integers(29 * 1440, 75 * 1440)))
    shots, views = [], []
    for scene, state, edit, at in zip(scenes, states, (was, now), (start, later), strict=True):
        plan = _closer(random_shot(rng, scene, at))
        rgb, view = shoot_again(state, plan.camera, plan.seed)
        shots.append(_shot(plan, rgb, view, roi, edit.scar, mm_per_px))
        views.append(view)
    matrix = views[0].homography @ np.linalg.inv(views[1].homography)
    changes = _changes(states, (was, now), roi, band, mm_per_px)
    return SemiPair(case, setup, shots[0], shots[1], matrix / matrix[2, 2], changes)


def _base(case: SemiCase) -> tuple[NDArray[np.float32], Outline, float | None]:
    """Linear light of the base, cut and shrunk to the working size, its region and its scale."""
    decoded = read_image(case.base, max_pixels=_MAX_PIXELS)
    pixels = upright(decoded.pixels, decoded.header.orientation)
    linear, roi = close_up(linear_light(eight_bit(pixels)), Path(case.base).name)
    factor = case.width_px / linear.shape[1]
    if factor >= 1.0:
        return linear, roi, case.mm_per_px
    size = (case.width_px, round(linear.shape[0] * factor))
    small = cv2.resize(linear, size, interpolation=cv2.INTER_AREA)
    roi = replace(roi, x_mm=roi.x_mm * factor, y_mm=roi.y_mm * factor).scaled(factor**2)
    scale = None if case.mm_per_px is None else case.mm_per_px / factor
    return np.asarray(small, dtype=np.float32), roi, scale


def _band(shape: tuple[int, ...], mm_per_px: float | None, name: str) -> Band:
    if mm_per_px is None:
        short = min(shape[:2])
        band = Band(BAND_SHARE[0] * short, BAND_SHARE[1] * short)
    else:
        band = Band(BAND_MM[0] / mm_per_px, BAND_MM[1] / mm_per_px)
    if band.shortest_px < _LEAST_WAVELENGTH_PX:
        raise UsageError(
            f"{name}: the detail that changes is {band.shortest_px:.1f} pixels fine, below what"
            f" {_LEAST_WAVELENGTH_PX:g} pixels can show",
            remedy="Give a larger base photograph or a larger --width.",
        )
    return band


def _edits(rng: np.random.Generator, kind: SemiKind, roi: Outline) -> tuple[Edit, Edit]:
    """What the photograph has before and after."""
    factor = float(rng.uniform(0.55, 0.92))
    erythema, fading = float(rng.uniform(0.10, 0.22)), float(rng.uniform(0.4, 1.0))
    area = float(rng.uniform(0.45, 0.90))
    red = bool(rng.uniform() < 0.6)
    size = min(roi.half_width_mm, roi.half_height_mm) * float(rng.uniform(0.22, 0.35))
    outline = Outline(
        x_mm=roi.x_mm + 0.2 * roi.half_width_mm * float(rng.uniform(-1.0, 1.0)),
        y_mm=roi.y_mm + 0.2 * roi.half_height_mm * float(rng.uniform(-1.0, 1.0)),
        half_width_mm=1.3 * size,
        half_height_mm=size,
        waviness=0.10,
        seed=int(rng.integers(2**31)),
    )
    if kind == "texture":
        return Edit(), Edit(detail=factor)
    if kind == "redness":
        return Edit(haemoglobin=erythema), Edit(haemoglobin=erythema * (1.0 - fading))
    if kind == "scar":
        scar = Edit(
            scar=outline,
            scar_haemoglobin=0.30 if red else 0.0,
            scar_melanin=0.0 if red else 0.45,
        )
        return scar, replace(scar, scar=outline.scaled(area))
    return Edit(), Edit()


def _nominal(rng: np.random.Generator) -> Camera:
    """A re-shooting camera: sharper than the phantom's, because the base is already blurred."""
    drawn = nominal_camera(rng, 1.0)
    return replace(drawn, blur_px=0.7 * drawn.blur_px, exposure_ev=0.0, sharpen=0.0)


def _closer(plan: ShotPlan) -> ShotPlan:
    return replace(plan, camera=replace(plan.camera, zoom=_ZOOM * plan.camera.zoom))


def _shot(
    plan: ShotPlan,
    rgb: Image8,
    view: View,
    roi: Outline,
    scar: Outline | None,
    mm_per_px: float | None,
) -> SemiShot:
    """The photograph with what is known about it."""
    grid = Grid(rgb.shape[1], rgb.shape[0], 1.0)
    return SemiShot(
        plan,
        rgb,
        view.sample_mask(np.asarray(roi.outside_mm(grid) <= 0.0)),
        None if scar is None else view.sample_mask(np.asarray(scar.outside_mm(grid) <= 0.0)),
        None if mm_per_px is None else mm_per_px / _magnification(view, roi, grid),
    )


def _magnification(view: View, roi: Outline, grid: Grid) -> float:
    """Photo pixels per base pixel at the middle of the region."""
    x0 = 0.5 * (grid.width_px - 1) + roi.x_mm
    y0 = 0.5 * (grid.height_px - 1) + roi.y_mm
    x, y, w = view.homography @ np.array([x0, y0, 1.0])
    point = np.array([x / w, y / w])
    jacobian = (view.homography[:2, :2] - np.outer(point, view.homography[2, :2])) / w
    return float(np.sqrt(abs(np.linalg.det(jacobian))))


def _changes(
    states: list[NDArray[np.float32]],
    edits: tuple[Edit, Edit],
    roi: Outline,
    band: Band,
    mm_per_px: float | None,
) -> dict[str, object]:
    """True changes inside the region, read from the edited base itself."""
    grid = Grid(states[0].shape[1], states[0].shape[0], 1.0)
    inside = np.asarray(roi.outside_mm(grid) <= 0.0)
    ring = ring_of(roi, grid)
    rough = [roughness(state, inside, band) for state in states]
    around = [roughness(state, ring, band) for state in states]
    red = [redness(state, inside) for state in states]
    red_around = [redness(state, ring) for state in states]
    changes: dict[str, object] = {
        "detail_factor": edits[1].detail,
        "haemoglobin_change": edits[1].haemoglobin - edits[0].haemoglobin,
        "optical_roughness_change_pct": 100.0 * (rough[1] / rough[0] - 1.0),
        "optical_roughness_reference_change_pct": 100.0 * (around[1] / around[0] - 1.0),
        "roughness_before": rough[0],
        "redness_before_a": red[0][0],
    }
    for place, unit in enumerate(("a", "ei")):
        change = red[1][place] - red[0][place]
        drift = red_around[1][place] - red_around[0][place]
        changes[f"redness_change_{unit}"] = change
        changes[f"redness_contrast_change_{unit}"] = change - drift
    changes |= _pigments(edits, roi, grid, inside, ring)
    if edits[0].scar is not None and edits[1].scar is not None:
        was, now = edits[0].scar.area_mm2, edits[1].scar.area_mm2
        changes["scar_kind"] = "red" if edits[0].scar_haemoglobin > 0.0 else "brown"
        changes["scar_area_change_pct"] = 100.0 * (now / was - 1.0)
        if mm_per_px is not None:
            changes["scar_area_before_mm2"] = was * mm_per_px**2
            changes["scar_area_after_mm2"] = now * mm_per_px**2
    return changes


def _pigments(
    edits: tuple[Edit, Edit], roi: Outline, grid: Grid, inside: Mask, ring: Mask
) -> dict[str, object]:
    """True changes of the pigments' densities, of the region and against the skin around it."""
    was, now = ([added_pigment(edit, roi, grid, area) for area in (inside, ring)] for edit in edits)
    region, around = np.array(now) - np.array(was)
    changes: dict[str, object] = {}
    for place, name in enumerate(("haemoglobin", "melanin")):
        changes[f"{name}_density_change"] = float(region[place])
        changes[f"{name}_density_contrast_change"] = float(region[place] - around[place])
    return changes
