"""What makes a pair hard or impossible to compare: lamp, pose, lens, gains, mirror, filter."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from dermadelta.phantom.light import Light
from dermadelta.phantom.plan import ShotPlan
from dermadelta.phantom.shots import Scene

Role = Literal["before", "after"]

_EDITORS = ("Adobe Photoshop 26.1 (Windows)", "Snapseed 2.0", "Meitu", "Facetune", "GIMP 2.10.38")

_ELEVATIONS_DEG = (15.0, 75.0)
"""A lamp is moved no lower and no higher."""


@dataclass(frozen=True)
class Hindrance:
    """One difficulty with its size; only what belongs to ``kind`` is used.

    ``lamp_turn_deg`` turns the lamps, the camera leans by ``tilt_deg`` towards
    ``tilt_towards_deg``, ``blur_px2`` is the variance that the after photo is softer (positive)
    or the before photo (negative), ``gain_red`` and ``gain_blue`` multiply the white balance.
    The lamp that moved stands higher by ``raised_deg`` (the main one) and further round by
    ``turned_deg``, and has ``fill_factor`` times the fill.
    """

    kind: str
    lamp_turn_deg: float
    tilt_deg: float
    tilt_towards_deg: float
    blur_px2: float
    gain_red: float
    gain_blue: float
    retouch: float
    software: str
    raised_deg: float
    turned_deg: float
    fill_factor: float


def draw_hindrance(rng: np.random.Generator, kind: str) -> Hindrance:
    """Draw the size of the difficulty of a kind; the same draws for every kind."""

    def sign() -> float:
        return 1.0 if rng.uniform() < 0.5 else -1.0

    return Hindrance(
        kind=kind,
        lamp_turn_deg=float(rng.uniform(60.0, 180.0)) * sign(),
        tilt_deg=float(rng.uniform(12.0, 18.0)),
        tilt_towards_deg=float(rng.uniform(0.0, 360.0)),
        blur_px2=float(rng.uniform(0.3, 0.6)) * sign(),
        gain_red=1.0 + float(rng.uniform(0.08, 0.15)) * sign(),
        gain_blue=1.0 + float(rng.uniform(0.08, 0.15)) * sign(),
        retouch=float(rng.uniform(0.6, 1.0)),
        software=_EDITORS[int(rng.integers(len(_EDITORS)))] if rng.uniform() < 0.5 else "",
        raised_deg=float(rng.uniform(3.0, 20.0)) * sign(),
        turned_deg=float(rng.uniform(-40.0, 40.0)),
        fill_factor=float(rng.uniform(0.75, 1.25)),
    )


def hinder(plan: ShotPlan, hindrance: Hindrance, scene: Scene, role: Role) -> ShotPlan:
    """The shot as the difficulty makes it; most of them are in the after photo alone."""
    if hindrance.kind == "blur_mismatch":
        return _softened(plan, hindrance, scene, role)
    if role == "before":
        return plan
    if hindrance.kind == "mirrored":
        return replace(plan, mirrored=True)
    if hindrance.kind == "retouched":
        return replace(plan, retouch=hindrance.retouch, software=hindrance.software)
    if hindrance.kind == "lamp_flipped":
        return replace(plan, light=_turned(plan.light, hindrance.lamp_turn_deg))
    if hindrance.kind == "lamp_moved":
        light = _turned(plan.light, hindrance.turned_deg)
        raised = float(np.clip(light.elevation_deg + hindrance.raised_deg, *_ELEVATIONS_DEG))
        fill = min(0.9, light.fill * hindrance.fill_factor)
        return replace(plan, light=replace(light, elevation_deg=raised, fill=fill))
    return _with_camera(plan, hindrance, scene)


def _turned(light: Light, turn_deg: float) -> Light:
    """Both lamps further round."""
    return replace(
        light,
        azimuth_deg=light.azimuth_deg + turn_deg,
        second_azimuth_deg=light.second_azimuth_deg + turn_deg,
    )


def _softened(plan: ShotPlan, hindrance: Hindrance, scene: Scene, role: Role) -> ShotPlan:
    """Both photos of the nominal sharpness, one of them softer by the variance drawn."""
    variance = scene.nominal.blur_px**2
    if (role == "after") == (hindrance.blur_px2 > 0.0):
        variance += abs(hindrance.blur_px2)
    return replace(plan, camera=replace(plan.camera, blur_px=float(np.sqrt(variance))))


def _with_camera(plan: ShotPlan, hindrance: Hindrance, scene: Scene) -> ShotPlan:
    """The shot with another pose, focus, exposure or white balance."""
    camera = plan.camera
    if hindrance.kind == "defocus":
        camera = replace(camera, blur_px=3.0 * camera.blur_px + 0.6)
    elif hindrance.kind == "overexposed":
        # Enough for most of the red channel to reach the end of the scale, whatever the tone.
        camera = replace(camera, exposure_ev=scene.overexposure_ev)
    elif hindrance.kind == "tilted":
        towards = np.radians(hindrance.tilt_towards_deg)
        camera = replace(
            camera,
            tilt_x_deg=hindrance.tilt_deg * float(np.cos(towards)),
            tilt_y_deg=hindrance.tilt_deg * float(np.sin(towards)),
        )
    elif hindrance.kind == "white_balance":
        camera = replace(
            camera,
            wb_red=camera.wb_red * hindrance.gain_red,
            wb_blue=camera.wb_blue * hindrance.gain_blue,
        )
    return replace(plan, camera=camera)
