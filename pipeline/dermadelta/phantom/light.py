"""Light on skin: an oblique lamp with fill, softened below the surface, with a gloss on top."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from dermadelta.phantom.fields import Field, blur, weighted
from dermadelta.phantom.skin import Grid, Skin, albedo

SOFTENING_MM = (0.34, 0.16, 0.11)
"""Gaussian width, per channel (R, G, B), of the share of light that travels below the surface
before it leaves: red spreads most. Order of magnitude of the diffusion lengths of skin after
Jensen and others 2001 (doi:10.1145/383259.383319)."""

SURFACE_DETAIL = 0.35
"""Share of the diffuse light that leaves within a few hundredths of a millimetre."""

_GLOSS_SLOPE = 0.16
"""Standard deviation of the facet slopes below the pixel scale that spread the gloss."""

_OPENNESS_PER_MM = 2.2
"""Fill light lost per millimetre below the surroundings; a 0.1 mm deep, 0.2 mm wide furrow sees
roughly four fifths of the sky."""

_FRESNEL = 0.028
"""Reflectance of the skin surface at normal incidence, refractive index 1.4."""


@dataclass(frozen=True)
class Light:
    """One lamp and its surroundings.

    ``azimuth_deg`` is where the lamp stands, counted from +x towards +y (image axes);
    ``elevation_deg`` its height above the skin plane. ``fill`` is the share of the light that
    comes from all sides (0..1), ``gloss`` scales the specular reflection (0 = cross-polarised),
    ``falloff`` the relative drop across the patch away from the lamp. A second lamp gives
    ``second_share`` (0..0.5) of the directed light; 0 means that there is none.
    """

    azimuth_deg: float = 45.0
    elevation_deg: float = 45.0
    fill: float = 0.35
    gloss: float = 0.12
    falloff: float = 0.06
    second_share: float = 0.0
    second_azimuth_deg: float = 0.0
    second_elevation_deg: float = 45.0

    @property
    def second(self) -> Light:
        """The second lamp on its own, with the same surroundings."""
        return replace(
            self,
            azimuth_deg=self.second_azimuth_deg,
            elevation_deg=self.second_elevation_deg,
            second_share=0.0,
        )


def render(skin: Skin, light: Light, half_mm: float | None = None) -> Field:
    """Linear sRGB (h, w, 3) float32 of the lit skin, seen from straight above.

    Level skin that faces the camera at the centre of the patch has its albedo. ``half_mm`` is
    half the longer side of the patch where ``skin`` is only a part of it.
    """
    slope_x, slope_y = _slopes(skin)
    shading = _shading(skin, light, slope_x, slope_y, half_mm or half_side_mm(skin.grid))
    px = 1.0 / skin.grid.step_mm
    sharp = blur(shading, 0.03 * px)
    gloss = _gloss(slope_x, slope_y, light) if light.gloss > 0.0 else None
    if gloss is not None and light.second_share > 0.0:
        other = _gloss(slope_x, slope_y, light.second)
        share = light.second_share
        gloss = weighted(gloss, 1.0 - share, other, share, 0.0, out=gloss)
    planes = albedo(skin)
    for plane, width_mm in zip(planes, SOFTENING_MM, strict=True):
        soft = blur(shading, width_mm * px)
        plane *= weighted(soft, 1.0 - SURFACE_DETAIL, sharp, SURFACE_DETAIL, 0.0, out=soft)
        if gloss is not None:
            plane += gloss
    return np.asarray(cv2.merge(planes), dtype=np.float32)


def _shading(skin: Skin, light: Light, slope_x: Field, slope_y: Field, half_mm: float) -> Field:
    """Light that falls on each point, 1 on level skin at the centre."""
    norm = slope_x * slope_x
    norm += slope_y * slope_y
    norm += 1.0
    np.sqrt(norm, out=norm)
    facing = _facing(slope_x, slope_y, norm, light)
    if light.second_share > 0.0:
        other = _facing(slope_x, slope_y, norm, light.second)
        share = light.second_share
        facing = weighted(facing, 1.0 - share, other, share, 0.0, out=facing)
    shading = weighted(facing, 1.0 - light.fill, _openness(skin), light.fill, 0.0, out=facing)
    if light.falloff != 0.0:
        shading *= _falloff(skin, light, half_mm)
    return shading


def _facing(slope_x: Field, slope_y: Field, norm: Field, light: Light) -> Field:
    """Directed light of one lamp on each point, 1 on level skin."""
    azimuth, elevation = np.radians(light.azimuth_deg), np.radians(light.elevation_deg)
    rise = float(np.tan(elevation))
    facing = weighted(
        slope_x, -float(np.cos(azimuth)) / rise, slope_y, -float(np.sin(azimuth)) / rise, 1.0
    )
    facing /= norm
    np.maximum(facing, 0.0, out=facing)
    return facing


def _slopes(skin: Skin) -> tuple[Field, Field]:
    """Central differences of the relief plus the curvature of the body, dimensionless."""
    step = np.float32(0.5 / skin.grid.step_mm)
    height = skin.height_mm
    slope_x = np.zeros_like(height)
    slope_y = np.zeros_like(height)
    slope_x[:, 1:-1] = (height[:, 2:] - height[:, :-2]) * step
    slope_y[1:-1] = (height[2:] - height[:-2]) * step
    x, y = skin.grid.axes_mm()
    slope_x -= x / np.float32(skin.radius_mm)
    slope_y -= y / np.float32(skin.radius_mm)
    return slope_x, slope_y


def _openness(skin: Skin) -> Field:
    """Share of the surroundings that a point sees: furrows see less than ridges."""
    px = 1.0 / skin.grid.step_mm
    around = blur(skin.height_mm, 0.20 * px)
    seen = weighted(skin.height_mm, _OPENNESS_PER_MM, around, -_OPENNESS_PER_MM, 1.0, out=around)
    return np.asarray(np.clip(seen, 0.4, 1.3, out=seen), dtype=np.float32)


def light_at(grid: Grid, light: Light, x_mm: float, y_mm: float) -> float:
    """Light that falls on a level sheet at a point of a patch, 1 at its centre."""
    azimuth = np.radians(light.azimuth_deg)
    along = x_mm * float(np.cos(azimuth)) + y_mm * float(np.sin(azimuth))
    return 1.0 + light.falloff * along / half_side_mm(grid)


def _falloff(skin: Skin, light: Light, half_mm: float) -> Field:
    """Fall of the light away from the lamp, 1 at the centre."""
    x, y = skin.grid.axes_mm()
    azimuth = np.radians(light.azimuth_deg)
    along = x * np.float32(np.cos(azimuth)) + y * np.float32(np.sin(azimuth))
    along *= np.float32(light.falloff / half_mm)
    along += np.float32(1.0)
    return np.asarray(along, dtype=np.float32)


def half_side_mm(grid: Grid) -> float:
    """Half of the longer side of a patch."""
    return 0.5 * max(grid.width_px, grid.height_px) * grid.step_mm


def _gloss(slope_x: Field, slope_y: Field, light: Light) -> Field:
    """Specular light: facets that mirror the lamp into the camera (Beckmann distribution)."""
    azimuth, elevation = np.radians(light.azimuth_deg), np.radians(light.elevation_deg)
    tilt = np.tan(0.5 * (0.5 * np.pi - elevation))
    dx = slope_x + np.float32(tilt * np.cos(azimuth))
    dy = slope_y + np.float32(tilt * np.sin(azimuth))
    spread = 2.0 * _GLOSS_SLOPE**2
    dx *= dx
    dy *= dy
    lobe: Field = np.asarray(
        cv2.exp(weighted(dx, -1.0 / spread, dy, -1.0 / spread, 0.0, out=dx), dst=dx),
        dtype=np.float32,
    )
    strength = light.gloss * _FRESNEL / (2.0 * spread * np.sin(elevation))
    lobe *= np.float32(strength)
    return lobe
