"""What lies on the skin and what a treatment does to it: outlines, scars, changes.

Outlines are ellipses with a wavy border, known as a formula, so that their areas are exact.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from dermadelta.phantom.fields import Field
from dermadelta.phantom.skin import Grid, Skin

FADE_MM = 1.2
"""A treatment has its full effect up to its outline and is gone this far outside of it."""


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

        Measured to a polygon of the curve with sub-pixel vertices, accurate to a tenth of a step
        near the curve.
        """
        angle = np.linspace(0.0, 2.0 * np.pi, 720, endpoint=False)
        radius = 1.0 + self._wave(angle)
        x = (self.x_mm + radius * self.half_width_mm * np.cos(angle)) / grid.step_mm
        y = (self.y_mm + radius * self.half_height_mm * np.sin(angle)) / grid.step_mm
        x += 0.5 * (grid.width_px - 1)
        y += 0.5 * (grid.height_px - 1)
        points = np.round(np.stack([x, y], axis=1) * 64).astype(np.int32)
        cover = np.zeros(grid.shape, dtype=np.uint8)
        cv2.fillPoly(cover, [points], 255, cv2.LINE_AA, 6)
        inside = (cover > 127).astype(np.uint8)
        outer = cv2.distanceTransform(1 - inside, cv2.DIST_L2, 5)
        inner = cv2.distanceTransform(inside, cv2.DIST_L2, 5)
        distance = np.where(inside > 0, 0.5 - inner, outer - 0.5) * grid.step_mm
        return np.asarray(distance, dtype=np.float32)


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
    ``melanin_change`` are added to the mean amounts, scars have their area and contrast multiplied.
    """

    area: Outline | None = None
    relief_factor: float = 1.0
    haemoglobin_change: float = 0.0
    melanin_change: float = 0.0
    scar_area_factor: float = 1.0
    scar_contrast_factor: float = 1.0

    @property
    def leaves_skin(self) -> bool:
        """True where nothing but scars can change."""
        added = (self.haemoglobin_change, self.melanin_change)
        return self.relief_factor == 1.0 and added == (0.0, 0.0)

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


def treat(skin: Skin, treatment: Treatment, distances: Distances) -> Skin:
    """The skin after ``treatment`` (the same object where it does nothing); without scars yet."""
    if treatment.leaves_skin:
        return skin
    if treatment.area is None:
        weight: Field | np.float32 = np.float32(1.0)
    else:
        weight = _smoothstep(1.0 - distances.of(treatment.area) * np.float32(1.0 / FADE_MM))
    height, haem, melanin = skin.height_mm, skin.haemoglobin, skin.melanin
    if treatment.relief_factor != 1.0:
        height = height * (np.float32(treatment.relief_factor - 1.0) * weight + np.float32(1.0))
    if treatment.haemoglobin_change != 0.0:
        # Flushed skin is flushed where its vessels are: the change keeps the skin's pattern.
        change = np.float32(treatment.haemoglobin_change / float(haem.mean())) * weight
        haem = np.maximum(haem * (change + np.float32(1.0)), np.float32(0.02))
    if treatment.melanin_change != 0.0:
        change = np.float32(treatment.melanin_change) * weight
        melanin = np.maximum(melanin + change, np.float32(0.02))
    return replace(skin, height_mm=height, haemoglobin=haem, melanin=melanin)


def with_scars(skin: Skin, scars: tuple[Scar, ...], distances: Distances) -> Skin:
    """The skin with its scars painted in: colour, flattened microrelief, hollow."""
    for scar in scars:
        steepness = np.float32(4.4 / scar.edge_mm)
        exponent = np.clip(distances.of(scar.outline) * steepness, -30.0, 30.0)
        inside = (1.0 / (1.0 + np.exp(exponent))).astype(np.float32)
        height = skin.height_mm * (1.0 - np.float32(0.35) * inside)
        haem, melanin = skin.haemoglobin, skin.melanin
        if scar.kind == "red":
            haem = haem + np.float32(0.30 * scar.contrast) * inside
        elif scar.kind == "brown":
            melanin = melanin + np.float32(0.45 * scar.contrast) * inside
        else:
            height = height - np.float32(0.28 * scar.contrast) * inside
            melanin = melanin - np.float32(0.04 * scar.contrast) * inside
        skin = replace(skin, height_mm=height, haemoglobin=haem, melanin=melanin)
    return skin


def _smoothstep(t: Field) -> Field:
    """0 below 0, 1 above 1, smooth between."""
    s = np.clip(t, 0.0, 1.0)
    return np.asarray(s * s * (3.0 - 2.0 * s), dtype=np.float32)
