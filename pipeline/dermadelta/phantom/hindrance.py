"""What makes a pair hard or impossible to compare: lamp, pose, lens, gains, mirror, filter."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from dermadelta.phantom.plan import ShotPlan
from dermadelta.phantom.shots import Scene

Role = Literal["before", "after"]

_EDITORS = ("Adobe Photoshop 26.1 (Windows)", "Snapseed 2.0", "Meitu", "Facetune", "GIMP 2.10.38")


@dataclass(frozen=True)
class Hindrance:
    """One difficulty with its size; only what belongs to ``kind`` is used.

    ``lamp_turn_deg`` turns the lamps, the camera leans by ``tilt_deg`` towards
    ``tilt_towards_deg``, ``blur_px2`` is the variance that the after photo is softer (positive)
    or the before photo (negative), ``gain_red`` and ``gain_blue`` multiply the white balance.
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
        light, turn = plan.light, hindrance.lamp_turn_deg
        light = replace(
            light,
            azimuth_deg=light.azimuth_deg + turn,
            second_azimuth_deg=light.second_azimuth_deg + turn,
        )
        return replace(plan, light=light)
    return _with_camera(plan, hindrance, scene)


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
