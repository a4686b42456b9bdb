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
            # Vessels run unevenly through a scar, as through the skin around it.
            pattern = np.float32(0.6) + haem * np.float32(0.4 / float(haem.mean()))
            haem = haem + np.float32(0.30 * scar.contrast) * inside * pattern
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
