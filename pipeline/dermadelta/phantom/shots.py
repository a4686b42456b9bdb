"""Draws of people, lamps, cameras and single photographs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from dermadelta.phantom.camera import Camera
from dermadelta.phantom.light import Light
from dermadelta.phantom.marker import Marker
from dermadelta.phantom.plan import InPhoto, Setup, ShotPlan
from dermadelta.phantom.prints import Printed
from dermadelta.phantom.skin import SkinSpec

MM_PER_PX = 0.050
"""Nominal scale: the relief band needs at least 3 px in its shortest wavelength of 0.2 mm."""

_RIG_SHARE = 0.2
"""Differences between shots on a rig, as a share of those by hand."""

_RIG_CURVE_SHARE = 0.1
"""The same for the tone curve: a camera left alone repeats it."""

_GAMMA_SPREAD = 0.10
"""Twice the SD of the tone curve's exponent by hand. A phone bends its curve to the scene: under an
unknown curve the contrast of a lesion of 12 in the erythema index is off by 0.9, which is 7.5 % or
an SD of 5 % for each of two photos."""

_STRETCH = {"handheld": (0.005, 0.030), "rig": (0.0025, 0.005)}
"""RMS strain of the skin from one photo to the next, drawn evenly in its logarithm."""


@dataclass(frozen=True)
class Scene:
    """What all photographs of a pair share.

    ``frame`` is (width, height) in pixels; ``melanin`` that of the person.
    """

    setup: Setup
    nominal: Camera
    light: Light
    in_photo: InPhoto
    frame: tuple[int, int]
    melanin: float

    @property
    def overexposure_ev(self) -> float:
        """Exposure at which most of the red channel of this skin is at the end of the scale."""
        return 0.9 + 0.56 * self.melanin


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


def random_lamp(rng: np.random.Generator) -> Light:
    """The clinic's light: one lamp from anywhere, in a third of the clinics a second one."""
    light = Light(
        azimuth_deg=float(rng.uniform(0.0, 360.0)),
        elevation_deg=float(rng.uniform(36.0, 54.0)),
        fill=float(rng.uniform(0.28, 0.45)),
        gloss=float(rng.uniform(0.04, 0.14)),
        falloff=float(rng.uniform(0.0, 0.10)),
    )
    two = bool(rng.uniform() < 1.0 / 3.0)
    share = float(rng.uniform(0.1, 0.5))
    apart = float(rng.uniform(60.0, 300.0))
    elevation = float(rng.uniform(36.0, 60.0))
    if not two:
        return light
    return replace(
        light,
        second_share=share,
        second_azimuth_deg=(light.azimuth_deg + apart) % 360.0,
        second_elevation_deg=elevation,
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
    )


class _Jitter:
    """Differences of one shot from what was meant: half the size given is one SD, cut at two."""

    def __init__(self, rng: np.random.Generator, setup: Setup) -> None:
        self._rng = rng
        self._steady = setup == "rig"

    def __call__(self, size: float, rig_share: float = _RIG_SHARE) -> float:
        drawn = float(np.clip(self._rng.standard_normal(), -2.0, 2.0)) * 0.5 * size
        return drawn * rig_share if self._steady else drawn


def random_shot(rng: np.random.Generator, scene: Scene, taken_at: datetime) -> ShotPlan:
    """Draw one shot around the nominal camera and light: far apart handheld, close on a rig."""
    jitter = _Jitter(rng, scene.setup)
    camera = _own_file(rng, jitter, _own_camera(rng, jitter, scene))
    light = _own_light(jitter, scene.light)
    marker, printed = _prints(jitter, scene)
    return ShotPlan(
        taken_at, camera, light, int(rng.integers(2**31)), marker=marker, printed=printed
    )


def _own_camera(rng: np.random.Generator, jitter: _Jitter, scene: Scene) -> Camera:
    """Where the camera stands, its exposure and its focus."""
    nominal = scene.nominal
    low, high = np.log(_STRETCH[scene.setup])
    return replace(
        nominal,
        zoom=1.0 + jitter(0.03),
        rotation_deg=jitter(3.0),
        tilt_x_deg=jitter(4.0),
        tilt_y_deg=jitter(4.0),
        shift_x=jitter(0.02),
        shift_y=jitter(0.02),
        stretch=float(np.exp(rng.uniform(low, high))),
        exposure_ev=nominal.exposure_ev + jitter(0.15),
        wb_red=nominal.wb_red * (1.0 + jitter(0.03)),
        wb_blue=nominal.wb_blue * (1.0 + jitter(0.03)),
        blur_px=nominal.blur_px + jitter(0.08),
        vignetting=max(0.0, nominal.vignetting + jitter(0.04)),
    )


def _own_file(rng: np.random.Generator, jitter: _Jitter, camera: Camera) -> Camera:
    """What the camera's processor made of this shot: curve, noise, sharpening, compression."""
    return replace(
        camera,
        gamma=camera.gamma * (1.0 + jitter(_GAMMA_SPREAD, _RIG_CURVE_SHARE)),
        contrast=camera.contrast + jitter(0.03, _RIG_CURVE_SHARE),
        shot_noise=camera.shot_noise * (1.0 + jitter(0.2)),
        read_noise=camera.read_noise * (1.0 + jitter(0.2)),
        sharpen=max(0.0, camera.sharpen + jitter(0.15)),
        jpeg_quality=int(rng.integers(85, 97)),
        chroma_subsampling=0 if rng.uniform() < 0.2 else 2,
    )


def _own_light(jitter: _Jitter, light: Light) -> Light:
    """How the lamps stood for this shot."""
    return replace(
        light,
        azimuth_deg=light.azimuth_deg + jitter(3.0),
        elevation_deg=light.elevation_deg + jitter(1.5),
        fill=light.fill + jitter(0.02),
        gloss=max(0.0, light.gloss * (1.0 + jitter(0.3))),
        falloff=light.falloff + jitter(0.02),
        second_azimuth_deg=light.second_azimuth_deg + jitter(3.0),
        second_elevation_deg=light.second_elevation_deg + jitter(1.5),
    )


def _prints(jitter: _Jitter, scene: Scene) -> tuple[Marker | None, Printed | None]:
    """What lies beside the skin, as far from the region as the frame allows, laid anew."""
    right, top = (0.5 * side * MM_PER_PX for side in scene.frame)
    dx, dy, turn = jitter(0.6), jitter(0.6), jitter(1.0)
    if scene.in_photo == "marker":
        marker = Marker(7, 10.0, right - 10.5 + 1.6 * dx, 10.5 - top + 1.6 * dy, 10.0 * turn)
        return marker, None
    if scene.in_photo == "target":
        return None, Printed("target", right - 8.0 + dx, dy, 3.0 * turn)
    if scene.in_photo == "chart":
        return None, Printed("chart", right - 8.5 + dx, 10.5 - top + dy, 8.0 * turn)
    if scene.in_photo == "ruler":
        return None, Printed("ruler", right - 4.0 + dx, dy, 2.0 * turn)
    return None, None
