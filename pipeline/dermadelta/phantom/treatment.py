"""What lies on the skin and what a treatment does to it: outlines, scars, changes.

Outlines are ellipses with a wavy border, known as a formula, so that their areas are exact.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from dermadelta.phantom.fields import Field, blur
from dermadelta.phantom.skin import Grid, Skin
from dermadelta.phantom.striae import Fading

FADE_MM = 1.2
"""A treatment has its full effect up to its outline and is gone this far outside of it."""


_EVEN_MM = 4.0
"""Gaussian width of the melanin that a change of evenness keeps."""

_COARSE = 4
"""Distances are computed on every fourth pixel: 0.2 mm, a tenth of the smallest scar's radius."""


@dataclass(frozen=True)
class Outline:
    """A closed curve around (x_mm, y_mm) from the centre of the patch.

    Radius ``scale * (1 + wave(angle))`` on an ellipse with the given half axes; the wave has
    three harmonics drawn from ``seed`` with standard deviation ``waviness``.
    """

    x_mm: float
    y_mm: float
    half_width_mm: float
    half_height_mm: float
    waviness: float = 0.0
    seed: int = 0

    def scaled(self, area_factor: float) -> Outline:
        """The same shape with its area multiplied by ``area_factor`` (> 0)."""
        side = float(np.sqrt(area_factor))
        return replace(
            self, half_width_mm=self.half_width_mm * side, half_height_mm=self.half_height_mm * side
        )

    @property
    def area_mm2(self) -> float:
        """Exact area inside the curve: half the integral of the squared radius."""
        angle = np.linspace(0.0, 2.0 * np.pi, 4096, endpoint=False)
        mean_square = float(np.mean((1.0 + self._wave(angle)) ** 2))
        return float(np.pi * self.half_width_mm * self.half_height_mm * mean_square)

    def _wave(self, angle: NDArray[np.float64]) -> NDArray[np.float64]:
        rng = np.random.default_rng(self.seed)
        wave = np.zeros_like(angle)
        for harmonic in (2, 3, 5):
            size = self.waviness * float(rng.standard_normal()) / np.sqrt(3.0)
            wave += size * np.cos(harmonic * angle + float(rng.uniform(0.0, 2.0 * np.pi)))
        return np.clip(wave, -0.6, 0.6)

    def outside_mm(self, grid: Grid) -> Field:
        """Signed distance to the curve in mm, (h, w) float32, negative inside.

        First-order distance (the implicit function over the length of its gradient): exact on
        the curve, a few per cent off some millimetres away. Smooth, so computed on a coarser
        grid and interpolated.
        """
        h, w = (-(-n // _COARSE) + 1 for n in grid.shape)
        step = _COARSE * grid.step_mm
        origin_x = 0.5 * (_COARSE - grid.width_px) * grid.step_mm
        origin_y = 0.5 * (_COARSE - grid.height_px) * grid.step_mm
        u = (origin_x + np.arange(w) * step - self.x_mm)[None, :] / self.half_width_mm
        v = (origin_y + np.arange(h) * step - self.y_mm)[:, None] / self.half_height_mm
        excess = np.hypot(u, v) / (1.0 + self._wave(np.arctan2(v, u))) - 1.0
        slope = np.hypot(*np.gradient(excess, step))
        # The gradient vanishes in the middle, where only "far inside" matters.
        distance = np.maximum(
            excess / np.maximum(slope, 1e-6), -min(self.half_width_mm, self.half_height_mm)
        ).astype(np.float32)
        full = cv2.resize(distance, (w * _COARSE, h * _COARSE), interpolation=cv2.INTER_LINEAR)
        return np.ascontiguousarray(full[: grid.height_px, : grid.width_px], dtype=np.float32)


@dataclass(frozen=True)
class Scar:
    """A scar: ``red`` (more haemoglobin), ``brown`` (more melanin) or ``atrophic`` (a hollow).

    ``contrast`` scales its colour or depth; the border is ``edge_mm`` wide and its middle, where
    the contrast is half, is the outline.
    """

    kind: Literal["red", "brown", "atrophic"]
    outline: Outline
    contrast: float = 1.0
    edge_mm: float = 0.35


@dataclass(frozen=True)
class Treatment:
    """What changes between two visits, inside ``area`` (None: everywhere).

    ``relief_factor`` multiplies the height of the relief, ``haemoglobin_change`` and
    ``melanin_change`` are added to the mean amounts, ``melanin_spread_factor`` multiplies what
    melanin differs from its mean over a centimetre (less is more even), scars have their area
    and contrast multiplied, stretch marks their width and contrast.
    """

    area: Outline | None = None
    relief_factor: float = 1.0
    haemoglobin_change: float = 0.0
    melanin_change: float = 0.0
    scar_area_factor: float = 1.0
    scar_contrast_factor: float = 1.0
    melanin_spread_factor: float = 1.0
    striae: Fading = field(default_factory=Fading)

    @property
    def leaves_skin(self) -> bool:
        """True where nothing but scars and stretch marks can change."""
        added = (self.haemoglobin_change, self.melanin_change)
        factors = (self.relief_factor, self.melanin_spread_factor)
        return factors == (1.0, 1.0) and added == (0.0, 0.0)

    def scars_after(self, scars: tuple[Scar, ...]) -> tuple[Scar, ...]:
        """The scars as they are after the treatment."""
        return tuple(
            replace(
                scar,
                outline=scar.outline.scaled(self.scar_area_factor),
                contrast=scar.contrast * self.scar_contrast_factor,
            )
            for scar in scars
        )


class Distances:
    """Signed distances to outlines on one grid, each computed once."""

    def __init__(self, grid: Grid) -> None:
        self._grid = grid
        self._known: dict[Outline, Field] = {}

    def of(self, outline: Outline) -> Field:
        """``outline.outside_mm`` on the grid; not to be written to."""
        if outline not in self._known:
            self._known[outline] = outline.outside_mm(self._grid)
        return self._known[outline]

    def inside(self, outline: Outline) -> NDArray[np.bool_]:
        """(h, w) bool, True inside."""
        return np.asarray(self.of(outline) <= 0.0, dtype=np.bool_)


def effect(treatment: Treatment, distances: Distances) -> Field | None:
    """How much of the treatment acts at every point, (h, w) float32 0..1; None: all everywhere."""
    if treatment.area is None:
        return None
    return _smoothstep(1.0 - distances.of(treatment.area) * np.float32(1.0 / FADE_MM))


def treat(skin: Skin, treatment: Treatment, distances: Distances) -> Skin:
    """The skin after ``treatment`` (the same object where it does nothing); without scars yet."""
    if treatment.leaves_skin:
        return skin
    acting = effect(treatment, distances)
    weight: Field | np.float32 = np.float32(1.0) if acting is None else acting
    height, haem, melanin = skin.height_mm, skin.haemoglobin, skin.melanin
    if treatment.relief_factor != 1.0:
        height = height * (np.float32(treatment.relief_factor - 1.0) * weight + np.float32(1.0))
    if treatment.haemoglobin_change != 0.0:
        # Flushed skin is flushed where its vessels are: the change keeps the skin's pattern.
        change = np.float32(treatment.haemoglobin_change / float(haem.mean())) * weight
        haem = np.maximum(haem * (change + np.float32(1.0)), np.float32(0.02))
    if treatment.melanin_spread_factor != 1.0:
        around = blur(melanin, _EVEN_MM / skin.grid.step_mm)
        gain = np.float32(treatment.melanin_spread_factor - 1.0) * weight
        melanin = np.maximum(melanin + gain * (melanin - around), np.float32(0.02))
    if treatment.melanin_change != 0.0:
        change = np.float32(treatment.melanin_change) * weight
        melanin = np.maximum(melanin + change, np.float32(0.02))
    return replace(skin, height_mm=height, haemoglobin=haem, melanin=melanin)


def with_scars(skin: Skin, scars: tuple[Scar, ...], distances: Distances) -> Skin:
    """The skin with its scars painted in: colour, flattened microrelief, hollow."""
    if not scars:
        return skin
    height, haem, melanin = (
        plane.copy() for plane in (skin.height_mm, skin.haemoglobin, skin.melanin)
    )
    for scar in scars:
        steepness = np.float32(4.4 / scar.edge_mm)
        exponent = distances.of(scar.outline) * steepness
        # Beyond an exponent of 30 nothing is added that a float32 could hold.
        box = _bounds(exponent < 30.0)
        inside = (1.0 / (1.0 + np.exp(np.clip(exponent[box], -30.0, 30.0)))).astype(np.float32)
        height[box] *= 1.0 - np.float32(0.35) * inside
        if scar.kind == "red":
            # Vessels run unevenly through a scar, as through the skin around it.
            pattern = np.float32(0.6) + haem[box] * np.float32(0.4 / float(haem.mean()))
            haem[box] += np.float32(0.30 * scar.contrast) * inside * pattern
        elif scar.kind == "brown":
            melanin[box] += np.float32(0.45 * scar.contrast) * inside
        else:
            height[box] -= np.float32(0.28 * scar.contrast) * inside
            melanin[box] -= np.float32(0.04 * scar.contrast) * inside
    return replace(skin, height_mm=height, haemoglobin=haem, melanin=melanin)


def _bounds(where: NDArray[np.bool_]) -> tuple[slice, slice]:
    """Bounding box of the True pixels; empty where there are none."""
    rows, cols = np.flatnonzero(where.any(axis=1)), np.flatnonzero(where.any(axis=0))
    if not len(rows):
        return slice(0, 0), slice(0, 0)
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(cols[0]), int(cols[-1]) + 1)


def _smoothstep(t: Field) -> Field:
    """0 below 0, 1 above 1, smooth between."""
    s = np.clip(t, 0.0, 1.0)
    return np.asarray(s * s * (3.0 - 2.0 * s), dtype=np.float32)
