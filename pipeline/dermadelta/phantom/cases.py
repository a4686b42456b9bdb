"""The kinds of pairs: seeded draws of skins, treatments, lights and cameras."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Literal

import numpy as np

from dermadelta.errors import UsageError
from dermadelta.phantom.camera import Camera
from dermadelta.phantom.light import Light
from dermadelta.phantom.marker import Marker
from dermadelta.phantom.pair import Case, ShotPlan
from dermadelta.phantom.skin import SkinSpec
from dermadelta.phantom.treatment import Outline, Scar, Treatment

KINDS = (
    "no_change",
    "texture",
    "redness",
    "scar",
    "mixed",
    "whole_face",
    "impostor",
    "mirrored",
    "defocus",
    "overexposed",
)
"""Every kind of pair that can be made; the last four must be refused."""

MEASURABLE_KINDS = KINDS[:6]

REFUSALS = {
    "impostor": "other skin",
    "mirrored": "mirrored",
    "defocus": "out of focus",
    "overexposed": "overexposed",
}
"""Why a pair of each kind cannot be measured."""

TONES = {"I": 0.42, "II": 0.62, "III": 0.95, "IV": 1.5, "V": 2.5, "VI": 3.6, "beyond": 4.7}
"""Mean melanin by phototype, in the order of ITA; "beyond" is darker than the published
reflectance set reaches."""

MM_PER_PX = 0.050
"""Nominal scale: the relief band needs at least 3 px in its shortest wavelength of 0.2 mm."""

Setup = Literal["rig", "handheld"]


def random_case(kind: str, seed: int, number: int, *, width_px: int) -> Case:
    """Draw pair ``number`` of a set.

    Parameters
    ----------
    kind : str
        One of ``KINDS``.
    seed, number : int
        Fix the draw; the same pair of a set is the same whatever else is drawn.
    width_px : int
        Width of the photos; they are 4:3.

    Raises
    ------
    UsageError
        Unknown kind, or a photo too small to hold region and reference skin.
    """
    if kind not in KINDS:
        raise UsageError(
            f"unknown kind of pair {kind!r}", remedy=f"Choose from {', '.join(KINDS)}."
        )
    if width_px < 800:
        raise UsageError(
            f"a photo of {width_px} px is too small for a region and the skin around it",
            remedy="Ask for a width of 800 px or more.",
        )
    rng = np.random.default_rng([seed, number])
    setup: Setup = "rig" if rng.uniform() < 0.4 else "handheld"
    tone = list(TONES)[number % len(TONES)]
    skin = random_skin(rng, TONES[tone] * float(rng.uniform(0.92, 1.08)))
    # A small frame must still hold the region and some untreated skin around it.
    half_mm = 0.5 * 0.75 * width_px * MM_PER_PX
    roi = Outline(
        x_mm=float(rng.uniform(-2.0, 2.0)),
        y_mm=float(rng.uniform(-1.0, 1.0)),
        half_width_mm=float(rng.uniform(0.50, 0.58)) * half_mm,
        half_height_mm=float(rng.uniform(0.44, 0.50)) * half_mm,
        waviness=0.05,
        seed=int(rng.integers(2**31)),
    )
    scars = _random_scars(rng, kind, roi, skin.melanin)
    light = Light(
        azimuth_deg=float(rng.uniform(0.0, 360.0)),
        elevation_deg=float(rng.uniform(36.0, 54.0)),
        fill=float(rng.uniform(0.28, 0.45)),
        gloss=float(rng.uniform(0.04, 0.14)),
        falloff=float(rng.uniform(0.0, 0.10)),
    )
    baseline, treatment = _random_treatment(rng, kind, roi)
    nominal = nominal_camera(rng, skin.melanin)
    marker = bool(rng.uniform() < 0.3)
    start = datetime(2026, 1, 5, 9, 0) + timedelta(
        days=int(rng.integers(0, 40)), minutes=int(rng.integers(0, 480))
    )
    later = start + timedelta(days=int(rng.integers(29, 75)), minutes=int(rng.integers(-120, 120)))
    frame = (width_px, round(0.75 * width_px))
    before = random_shot(rng, setup, nominal, light, start, frame, with_marker=marker)
    after = random_shot(rng, setup, nominal, light, later, frame, with_marker=marker)
    case = Case(
        subject_id=f"p{number:04d}",
        site="cheek" if kind != "whole_face" else "forehead",
        kind=kind,
        setup=setup,
        width_px=frame[0],
        height_px=frame[1],
        mm_per_px=MM_PER_PX,
        skin=skin,
        roi=roi,
        treatment=treatment,
        light=light,
        before=before,
        after=after,
        baseline=baseline,
        scars=scars,
        scar_mask_given=bool(scars) and bool(rng.uniform() < 0.5),
        must_refuse=REFUSALS.get(kind, ""),
    )
    return _spoilt(case, rng)


def random_skin(rng: np.random.Generator, melanin: float) -> SkinSpec:
    """Draw a person with the given mean melanin."""
    return SkinSpec(
        seed=int(rng.integers(2**31)),
        melanin=melanin,
        haemoglobin=float(rng.uniform(0.20, 0.34)),
        relief=float(rng.uniform(0.8, 1.35)),
        cell_mm=float(rng.uniform(0.7, 1.2)),
        pores_per_cm2=float(rng.uniform(15.0, 90.0)),
        freckles_per_cm2=float(rng.uniform(0.3, 3.0)),
        lines=int(rng.integers(4, 28)),
        radius_mm=float(rng.uniform(120.0, 260.0)),
    )


def nominal_camera(rng: np.random.Generator, melanin: float) -> Camera:
    """The clinic's camera: what all shots of a subject share."""
    return Camera(
        # Automatic exposure lifts dark skin by part of what it lacks.
        exposure_ev=float(0.15 * max(0.0, melanin - 1.0) + rng.uniform(-0.1, 0.1)),
        wb_red=float(rng.uniform(0.97, 1.03)),
        wb_blue=float(rng.uniform(0.97, 1.03)),
        gamma=float(rng.uniform(0.97, 1.03)),
        contrast=float(rng.uniform(0.0, 0.06)),
        vignetting=float(rng.uniform(0.0, 0.12)),
        blur_px=float(rng.uniform(0.70, 0.90)),
        shot_noise=float(rng.uniform(0.008, 0.018)),
        read_noise=float(rng.uniform(0.001, 0.002)),
        sharpen=float(rng.uniform(0.0, 0.35)),
        jpeg_quality=int(rng.integers(88, 96)),
    )


def random_shot(
    rng: np.random.Generator,
    setup: Setup,
    nominal: Camera,
    light: Light,
    taken_at: datetime,
    frame: tuple[int, int],
    *,
    with_marker: bool,
) -> ShotPlan:
    """Draw one shot around the nominal camera and light: far apart handheld, close on a rig."""
    spread = 1.0 if setup == "handheld" else 0.2

    def jitter(size: float) -> float:
        return float(np.clip(rng.standard_normal(), -2.0, 2.0)) * 0.5 * size * spread

    camera = replace(
        nominal,
        zoom=1.0 + jitter(0.03),
        rotation_deg=jitter(3.0),
        tilt_x_deg=jitter(4.0),
        tilt_y_deg=jitter(4.0),
        shift_x=jitter(0.02),
        shift_y=jitter(0.02),
        stretch=float(rng.uniform(0.005, 0.015)) * (1.0 if setup == "handheld" else 0.5),
        exposure_ev=nominal.exposure_ev + jitter(0.15),
        wb_red=nominal.wb_red * (1.0 + jitter(0.03)),
        wb_blue=nominal.wb_blue * (1.0 + jitter(0.03)),
        blur_px=nominal.blur_px + jitter(0.08),
    )
    own_light = replace(
        light,
        azimuth_deg=light.azimuth_deg + jitter(3.0),
        elevation_deg=light.elevation_deg + jitter(1.5),
        fill=light.fill + jitter(0.02),
        gloss=max(0.0, light.gloss * (1.0 + jitter(0.3))),
        falloff=light.falloff + jitter(0.02),
    )
    marker = None
    if with_marker:
        marker = Marker(
            number=7,
            side_mm=10.0,
            x_mm=0.5 * frame[0] * MM_PER_PX - 10.5 + jitter(1.0),
            y_mm=-0.5 * frame[1] * MM_PER_PX + 10.5 + jitter(1.0),
            turn_deg=jitter(10.0),
        )
    return ShotPlan(taken_at, camera, own_light, int(rng.integers(2**31)), marker)


def _random_scars(
    rng: np.random.Generator, kind: str, roi: Outline, melanin: float
) -> tuple[Scar, ...]:
    """One scar inside the region for the kinds that have one."""
    if kind not in ("scar", "mixed"):
        return ()
    outline = Outline(
        x_mm=roi.x_mm + float(rng.uniform(-1.0, 1.0)),
        y_mm=roi.y_mm + float(rng.uniform(-0.5, 0.5)),
        half_width_mm=float(rng.uniform(2.4, 4.2)),
        half_height_mm=float(rng.uniform(1.6, 3.0)),
        waviness=0.10,
        seed=int(rng.integers(2**31)),
    )
    # On dark skin scars are mostly seen as darker, hardly as redder.
    red_share = 0.7 if melanin < 2.0 else 0.25
    look: Literal["red", "brown"] = "red" if rng.uniform() < red_share else "brown"
    return (Scar(look, outline, contrast=float(rng.uniform(0.8, 1.2))),)


def _random_treatment(
    rng: np.random.Generator, kind: str, roi: Outline
) -> tuple[Treatment, Treatment]:
    """What the skin had, and what the treatment changed."""
    area = None if kind == "whole_face" else roi
    relief = float(rng.uniform(0.60, 0.92))
    erythema = float(rng.uniform(0.10, 0.22))
    fading = float(rng.uniform(0.4, 1.0))
    scar_area = float(rng.uniform(0.45, 0.90))
    baseline, treatment = Treatment(area=area), Treatment(area=area)
    if kind in ("texture", "mixed", "whole_face"):
        treatment = replace(treatment, relief_factor=relief)
    if kind in ("redness", "mixed"):
        baseline = replace(baseline, haemoglobin_change=erythema)
        treatment = replace(treatment, haemoglobin_change=-erythema * fading)
    if kind in ("scar", "mixed"):
        treatment = replace(treatment, scar_area_factor=scar_area, scar_contrast_factor=0.9)
    return baseline, treatment


def _spoilt(case: Case, rng: np.random.Generator) -> Case:
    """What must be refused made so: other skin, a mirror, a lens, too much light."""
    if case.kind == "impostor":
        return replace(case, impostor=random_skin(rng, case.skin.melanin))
    if case.kind == "mirrored":
        return replace(case, after=replace(case.after, mirrored=True))
    camera = case.after.camera
    if case.kind == "defocus":
        camera = replace(camera, blur_px=3.0 * camera.blur_px + 0.6)
    if case.kind == "overexposed":
        # Enough for most of the red channel to reach the end of the scale, whatever the tone.
        camera = replace(camera, exposure_ev=0.9 + 0.56 * case.skin.melanin)
    return replace(case, after=replace(case.after, camera=camera))
