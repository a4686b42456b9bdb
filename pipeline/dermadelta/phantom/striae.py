"""Stretch marks: groups of parallel, slightly curved bands with a flattened relief.

Each band is a centre line with a width that tapers to its ends, known as a formula; it narrows
and fades where it is treated.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from dermadelta.phantom.fields import Field
from dermadelta.phantom.skin import Grid, Skin

_COARSE = 4
"""Distances are computed on every fourth pixel, 0.2 mm: a tenth of the narrowest band."""

_EDGE_MM = 0.45
"""Width of the border; its middle, where the contrast is half, is the outline."""

_FLATTENING = 0.45
"""Share of the relief that is lost inside: the papillary relief of a stretch mark is effaced."""

_HOLLOW_MM = 0.05


@dataclass(frozen=True)
class StretchMarks:
    """A group of bands: red ones (``rubra``) or old pale ones (``alba``).

    Centre of the group in mm from the centre of the patch; ``angle_deg`` is the direction of
    the bands, ``spacing_mm`` the distance of their centre lines, ``width_mm`` and
    ``length_mm`` those of the middle band, ``bend`` its sagitta over its length.
    """

    kind: Literal["rubra", "alba"]
    x_mm: float
    y_mm: float
    angle_deg: float
    bands: int
    spacing_mm: float
    width_mm: float
    length_mm: float
    bend: float
    contrast: float
    seed: int

    def outside_mm(self, grid: Grid, narrowing: Field | None = None) -> Field:
        """Distance to the nearest band's outline in mm, (h, w) float32, negative inside.

        Measured across the band: exact on its flanks, too large at its tips.

        Parameters
        ----------
        grid : Grid
            Where to compute it.
        narrowing : (h, w) float32, optional
            Factor of the bands' width at every point, such as 1 outside a treated area.
        """
        h, w = (-(-n // _COARSE) + 1 for n in grid.shape)
        step = _COARSE * grid.step_mm
        x = 0.5 * (_COARSE - grid.width_px) * grid.step_mm + np.arange(w) * step - self.x_mm
        y = 0.5 * (_COARSE - grid.height_px) * grid.step_mm + np.arange(h) * step - self.y_mm
        turn = np.radians(self.angle_deg)
        along = (np.cos(turn) * x[None, :] + np.sin(turn) * y[:, None]).astype(np.float32)
        across = (np.cos(turn) * y[:, None] - np.sin(turn) * x[None, :]).astype(np.float32)
        factor = np.ones((h, w), dtype=np.float32)
        if narrowing is not None:
            factor = np.asarray(
                cv2.resize(narrowing, (w, h), interpolation=cv2.INTER_LINEAR), dtype=np.float32
            )
        nearest = np.full((h, w), 1e3, dtype=np.float32)
        for band in self._bands():
            np.minimum(nearest, band.outside(along, across, factor), out=nearest)
        full = cv2.resize(nearest, (w * _COARSE, h * _COARSE), interpolation=cv2.INTER_LINEAR)
        return np.ascontiguousarray(full[: grid.height_px, : grid.width_px], dtype=np.float32)

    def length_within_mm(self, region: NDArray[np.bool_], grid: Grid) -> float:
        """Length of all middle lines inside a region, mm.

        A treatment narrows and fades the bands and leaves this length as it is.

        Parameters
        ----------
        region : (h, w) bool
        grid : Grid
            Of the region.
        """
        turn = np.radians(self.angle_deg)
        total = 0.0
        for band in self._bands():
            along, across = band.middle_line()
            x = np.cos(turn) * along - np.sin(turn) * across + self.x_mm
            y = np.sin(turn) * along + np.cos(turn) * across + self.y_mm
            pieces = np.hypot(np.diff(x), np.diff(y))
            col = np.rint(0.5 * (x[1:] + x[:-1]) / grid.step_mm + 0.5 * (grid.width_px - 1))
            row = np.rint(0.5 * (y[1:] + y[:-1]) / grid.step_mm + 0.5 * (grid.height_px - 1))
            on = (row >= 0) & (row < grid.height_px) & (col >= 0) & (col < grid.width_px)
            at = row[on].astype(np.intp), col[on].astype(np.intp)
            total += float(pieces[on][region[at]].sum())
        return total

    def _bands(self) -> list[_Band]:
        """The bands; each has its own length, width and wobble."""
        rng = np.random.default_rng(self.seed)
        bands = []
        for number in range(self.bands):
            length = self.length_mm * float(rng.uniform(0.7, 1.0))
            width = float(np.clip(self.width_mm * rng.uniform(0.75, 1.25), 2.0, 6.0))
            start = 0.15 * length * float(rng.uniform(-1.0, 1.0))
            lift = 0.12 * self.spacing_mm * float(rng.uniform(-1.0, 1.0))
            phase = float(rng.uniform(0.0, 2.0 * np.pi))
            place = (number - 0.5 * (self.bands - 1)) * self.spacing_mm + lift
            sway = 0.08 * self.spacing_mm
            bands.append(_Band(length, width, start, place, self.bend * length, sway, phase))
        return bands


@dataclass(frozen=True)
class _Band:
    """One band in the frame of its group, mm: x along the bands, y across them."""

    length: float
    width: float
    start: float
    place: float
    sagitta: float
    sway: float
    phase: float

    def outside(self, along: Field, across: Field, factor: Field) -> Field:
        """Distance to its outline."""
        share = (along - np.float32(self.start)) * np.float32(2.0 / self.length)
        line = self.place + self.sagitta * share * share
        line += self.sway * np.sin(2.2 * share + self.phase)
        taper = np.sqrt(np.maximum(1.0 - share * share, 0.0))
        beyond = np.maximum(np.abs(share) - 1.0, 0.0) * np.float32(0.5 * self.length)
        half = np.float32(0.5 * self.width) * taper * factor
        return np.asarray(np.abs(across - line) - half + beyond, dtype=np.float32)

    def middle_line(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Points along it, (n,) each, closer than 0.1 mm."""
        share = np.linspace(-1.0, 1.0, int(20.0 * self.length) + 2)
        line = self.place + self.sagitta * share**2 + self.sway * np.sin(2.2 * share + self.phase)
        return self.start + 0.5 * self.length * share, line


@dataclass(frozen=True)
class Fading:
    """What a treatment does to stretch marks: factors of their width and of their contrast."""

    width_factor: float = 1.0
    contrast_factor: float = 1.0


def with_striae(
    skin: Skin, marks: StretchMarks | None, fading: Fading, weight: Field | None
) -> tuple[Skin, NDArray[np.bool_] | None]:
    """The skin with its stretch marks, and where they are.

    Parameters
    ----------
    skin : Skin
        Without them.
    marks : StretchMarks or None
        The marks as they were before treatment.
    fading : Fading
        Its effect where ``weight`` is 1.
    weight : (h, w) float32 or None
        Effect of the treatment at every point, 0..1; None: everywhere.

    Returns
    -------
    Skin
        The same object without marks.
    (h, w) bool or None
        Inside the outlines.
    """
    if marks is None:
        return skin, None
    effect = np.ones(skin.grid.shape, np.float32) if weight is None else weight
    narrowing = np.float32(1.0) - np.float32(1.0 - fading.width_factor) * effect
    distance = marks.outside_mm(skin.grid, narrowing if fading.width_factor != 1.0 else None)
    exponent = np.clip(distance * np.float32(4.4 / _EDGE_MM), -30.0, 30.0)
    inside = (1.0 / (1.0 + np.exp(exponent))).astype(np.float32)
    strength = inside * np.float32(marks.contrast)
    strength *= np.float32(1.0) - np.float32(1.0 - fading.contrast_factor) * effect
    return _painted(skin, marks.kind, inside, strength), np.asarray(distance <= 0.0)


def _painted(skin: Skin, kind: Literal["rubra", "alba"], inside: Field, strength: Field) -> Skin:
    """Relief flattened inside, colour changed by ``strength``."""
    height = skin.height_mm * (np.float32(1.0) - np.float32(_FLATTENING) * inside)
    height -= np.float32(_HOLLOW_MM) * inside
    haem, melanin = skin.haemoglobin, skin.melanin
    if kind == "rubra":
        pattern = np.float32(0.6) + haem * np.float32(0.4 / float(haem.mean()))
        haem = haem + np.float32(0.20) * strength * pattern
    else:
        # Old marks have lost pigment and vessels: paler than the skin around, most on dark skin.
        haem = haem * (np.float32(1.0) - np.float32(0.40) * strength)
        melanin = melanin * (np.float32(1.0) - np.float32(0.16) * strength)
    return replace(skin, height_mm=height, haemoglobin=haem, melanin=melanin)
