"""The visits delivered with the project: four people, fixed down to the last pixel."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from dermadelta.phantom.camera import Camera
from dermadelta.phantom.cases import MM_PER_PX
from dermadelta.phantom.light import Light
from dermadelta.phantom.marker import Marker
from dermadelta.phantom.plan import Case, Setup, ShotPlan
from dermadelta.phantom.skin import SkinSpec
from dermadelta.phantom.treatment import Outline, Scar, Treatment

_FRAME = (1280, 960)
_CAMERA = Camera(
    gamma=1.01,
    contrast=0.03,
    vignetting=0.06,
    blur_px=0.80,
    shot_noise=0.013,
    read_noise=0.0012,
    sharpen=0.15,
    jpeg_quality=92,
)


@dataclass(frozen=True)
class _Visit:
    """A later visit: when, and what has changed since the baseline."""

    taken_at: datetime
    kind: str
    treatment: Treatment
    impostor: SkinSpec | None = None


def sample_cases() -> list[Case]:
    """One case per later visit, subjects in order, each against the subject's baseline."""
    return [*_light_cheek(), *_dark_forehead(), *_brown_jaw(), *_medium_neck()]


def _cases(
    base: Case, seed: int, exposure_ev: float, visits: list[_Visit], *, with_marker: bool = False
) -> list[Case]:
    """Complete a subject: one baseline shot, one shot per visit."""
    rng = np.random.default_rng(seed)
    camera = replace(_CAMERA, exposure_ev=exposure_ev)

    def shoot(taken_at: datetime) -> ShotPlan:
        return _shot(rng, base.setup, camera, base.light, taken_at, _FRAME, with_marker=with_marker)

    before = shoot(base.before.taken_at)
    return [
        replace(
            base,
            kind=visit.kind,
            changed=visit.kind if visit.impostor is None else "",
            before=before,
            after=shoot(visit.taken_at),
            treatment=visit.treatment,
            impostor=visit.impostor,
            must_refuse="other skin" if visit.impostor is not None else "",
        )
        for visit in visits
    ]


def _base(subject: str, tone: str, site: str, skin: SkinSpec, roi: Outline, light: Light) -> Case:
    """A subject before any shot is planned; the first visits are all in January 2026."""
    first = ShotPlan(datetime(2026, 1, 12, 10, 20), _CAMERA, light, 0)
    return Case(
        subject_id=subject,
        tone=tone,
        site=site,
        kind="no_change",
        setup="handheld",
        width_px=_FRAME[0],
        height_px=_FRAME[1],
        mm_per_px=MM_PER_PX,
        skin=skin,
        roi=roi,
        treatment=Treatment(),
        light=light,
        before=first,
        after=first,
    )


def _light_cheek() -> list[Case]:
    """Light skin, local treatment, texture improves twice; the scale is given."""
    roi = Outline(-1.0, 0.5, 13.5, 11.0, waviness=0.05, seed=11)
    skin = SkinSpec(
        seed=101, melanin=0.50, haemoglobin=0.27, relief=1.25, cell_mm=0.85,
        pores_per_cm2=80.0, freckles_per_cm2=3.0,
    )  # fmt: skip
    light = Light(azimuth_deg=215.0, elevation_deg=42.0, fill=0.34, gloss=0.10)
    visits = [
        _Visit(datetime(2026, 2, 23, 10, 5), "texture", Treatment(roi, relief_factor=0.75)),
        _Visit(datetime(2026, 4, 13, 11, 40), "texture", Treatment(roi, relief_factor=0.62)),
    ]
    return _cases(_base("s01", "I", "cheek", skin, roi, light), 1, 0.0, visits)


def _dark_forehead() -> list[Case]:
    """Very dark skin, the whole face treated: no untreated skin to compare with.

    Shot on a rig and exposed for this skin, because without untreated skin nothing takes out what
    a hand changes, and noise covers part of the relief.
    """
    roi = Outline(0.0, 0.0, 15.0, 12.0, waviness=0.05, seed=12)
    skin = SkinSpec(
        seed=102, melanin=4.4, haemoglobin=0.30, relief=1.1, cell_mm=0.95,
        pores_per_cm2=50.0, freckles_per_cm2=0.8, lines=24,
    )  # fmt: skip
    light = Light(azimuth_deg=120.0, elevation_deg=45.0, fill=0.38, gloss=0.06)
    visits = [_Visit(datetime(2026, 3, 2, 10, 45), "whole_face", Treatment(relief_factor=0.75))]
    base = replace(_base("s02", "beyond", "forehead", skin, roi, light), setup="rig")
    return _cases(base, 2, 1.2, visits)


def _brown_jaw() -> list[Case]:
    """Brown skin, a red scar that shrinks and fades; the scale comes from a marker."""
    roi = Outline(-2.0, 2.0, 13.0, 11.0, waviness=0.05, seed=13)
    scar = Scar("red", Outline(-2.5, 2.0, 5.2, 3.1, waviness=0.12, seed=23), contrast=1.15)
    skin = SkinSpec(
        seed=103, melanin=1.75, haemoglobin=0.26, relief=1.0, cell_mm=1.0,
        pores_per_cm2=40.0, freckles_per_cm2=1.5,
    )  # fmt: skip
    light = Light(azimuth_deg=300.0, elevation_deg=46.0, fill=0.36, gloss=0.08)
    first = Treatment(roi, scar_area_factor=0.80, scar_contrast_factor=0.95)
    second = Treatment(roi, scar_area_factor=0.60, scar_contrast_factor=0.85)
    visits = [
        _Visit(datetime(2026, 3, 9, 10, 30), "scar", first),
        _Visit(datetime(2026, 5, 4, 9, 50), "scar", second),
    ]
    base = replace(_base("s03", "IV", "jaw", skin, roi, light), scars=(scar,), in_photo="marker")
    return _cases(base, 3, 0.25, visits, with_marker=True)


def _medium_neck() -> list[Case]:
    """Medium skin whose redness fades; the last photo shows another person's skin."""
    roi = Outline(1.0, -0.5, 13.5, 10.5, waviness=0.05, seed=14)
    skin = SkinSpec(
        seed=104, melanin=1.0, haemoglobin=0.25, relief=1.0, cell_mm=0.9,
        pores_per_cm2=25.0, freckles_per_cm2=2.0,
    )  # fmt: skip
    light = Light(azimuth_deg=35.0, elevation_deg=45.0, fill=0.36, gloss=0.08)
    fading = Treatment(roi, haemoglobin_change=-0.13)
    other = replace(skin, seed=904, melanin=1.05)
    visits = [
        _Visit(datetime(2026, 2, 24, 10, 10), "redness", fading),
        _Visit(datetime(2026, 4, 14, 10, 55), "impostor", fading, impostor=other),
    ]
    base = _base("s04", "III", "neck", skin, roi, light)
    base = replace(base, baseline=Treatment(roi, haemoglobin_change=0.20))
    return _cases(base, 4, 0.05, visits)


def _shot(
    rng: np.random.Generator,
    setup: Setup,
    nominal: Camera,
    light: Light,
    taken_at: datetime,
    frame: tuple[int, int],
    *,
    with_marker: bool,
) -> ShotPlan:
    """Draw one shot around the nominal camera and light: far apart handheld, close on a rig.

    Its tone curve, sharpening and file are those of the nominal camera. Kept apart from the draws
    of random pairs, which may grow: these photographs never change.
    """
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
