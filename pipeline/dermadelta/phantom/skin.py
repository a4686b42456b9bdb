"""A patch of synthetic skin on a grid of millimetres: relief, melanin, haemoglobin.

Colour follows the law of Beer and Lambert in sRGB channels: the optical density of skin is a
base plus melanin and haemoglobin, each along a fixed direction. A thin achromatic share of
the light is scattered back at the surface and sees no pigment.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from dermadelta.phantom.fields import (
    Dots,
    Field,
    cell_edges,
    dots,
    draw_dots,
    laid_dots,
    smooth_noise,
    stroke_paths,
    strokes,
    weighted,
)

MELANIN_OD: NDArray[np.float64] = np.array([0.387, 0.568, 0.727])
"""Optical density of one unit of melanin in linear sRGB. First principal direction of -ln RGB
over the inner forearms of 100 people of all tones, derived from the reflectance spectra of
Cooksey, Allen and Tsai 2017 (doi:10.18434/M38597)."""

HAEMOGLOBIN_OD: NDArray[np.float64] = np.array([0.12, 0.80, 0.58])
"""Optical density of one unit of haemoglobin in linear sRGB: oxyhaemoglobin absorbs little above
600 nm, most at 540-576 nm, and its blue band is weakened by the shorter path of blue light in
skin (relative extinctions after Prahl's tabulation; the scale is free)."""

BASE_OD: NDArray[np.float64] = np.array([0.307, 0.374, 0.606])
"""Optical density of skin without melanin and haemoglobin: the mean of the same 100 people
(0.724, 1.142, 1.478) less 1.0 melanin and 0.25 haemoglobin."""

SURFACE_SHARE = 0.010
"""Share of the light scattered back before it meets pigment; keeps very dark skin from becoming
more saturated than it is (extrapolated density alone gives b* above 20 at L* 33)."""

_PORE_MELANIN = 0.22
"""Darkening at the bottom of a pore beyond its shadow (oxidised sebum), as melanin."""

_PORES = ((0.5, 0.16), (0.35, 0.22), (0.15, 0.30))
"""Share of all pores and their diameter, mm."""

_PORE_SIGMA = 0.36
"""Width of the Gaussian of a pore in its diameters; half as deep, it is 0.85 of them wide."""

_LINE_MM = (6.0, 22.0)
"""Length of fine lines from one end to the other."""

_LINE_SPREAD_DEG = 9.0
"""How far (SD) they turn from the direction of the polygons."""

_LINE_BEND = 0.12
"""How far they curve, in parts of their length."""


@dataclass(frozen=True)
class Grid:
    """A rectangle of skin sampled at ``step_mm``.

    ``offset_px`` is where the patch's centre lies from that of the rectangle, (x, y) in pixels:
    not (0, 0) where the rectangle is a part of the patch.
    """

    width_px: int
    height_px: int
    step_mm: float
    offset_px: tuple[float, float] = (0.0, 0.0)

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns)."""
        return (self.height_px, self.width_px)

    def axes_mm(self) -> tuple[Field, Field]:
        """The x of the columns (1, w) and y of the rows (h, 1), in mm from the patch's centre."""
        middle_x = 0.5 * (self.width_px - 1) + self.offset_px[0]
        middle_y = 0.5 * (self.height_px - 1) + self.offset_px[1]
        x = (np.arange(self.width_px, dtype=np.float32) - middle_x) * self.step_mm
        y = np.arange(self.height_px, dtype=np.float32) - middle_y
        return (
            np.asarray(x[None, :], dtype=np.float32),
            np.asarray((y * self.step_mm)[:, None], dtype=np.float32),
        )


@dataclass(frozen=True)
class SkinSpec:
    """What one person's patch of skin is like; with the seed, it fixes every detail.

    ``melanin`` and ``haemoglobin`` are mean amounts (0.4 very light ... 4.2 very dark; 0.15 pale
    ... 0.5 flushed). ``relief`` scales all heights, ``cell_mm`` is the size of the polygons of
    the microrelief, ``pores_per_cm2`` and ``freckles_per_cm2`` are densities.
    """

    seed: int
    melanin: float
    haemoglobin: float
    relief: float = 1.0
    cell_mm: float = 0.95
    pores_per_cm2: float = 45.0
    freckles_per_cm2: float = 1.5
    lines: int = 14
    radius_mm: float = 170.0


@dataclass(frozen=True, eq=False)
class Skin:
    """The maps of one state of the skin, each (h, w) float32.

    ``height_mm`` is the relief, outwards positive; ``melanin`` and ``haemoglobin`` are amounts
    in the units of ``MELANIN_OD`` and ``HAEMOGLOBIN_OD``. ``radius_mm`` is the curvature of the
    body part beneath.
    """

    grid: Grid
    height_mm: Field
    melanin: Field
    haemoglobin: Field
    radius_mm: float


def part_of(skin: Skin, rows: slice, cols: slice) -> Skin:
    """The skin of a rectangle of its grid, where it lies; views, not copies."""
    grid = skin.grid
    width, height = cols.stop - cols.start, rows.stop - rows.start
    offset = (
        grid.offset_px[0] + 0.5 * (grid.width_px - width) - cols.start,
        grid.offset_px[1] + 0.5 * (grid.height_px - height) - rows.start,
    )
    return Skin(
        Grid(width, height, grid.step_mm, offset),
        skin.height_mm[rows, cols],
        skin.melanin[rows, cols],
        skin.haemoglobin[rows, cols],
        skin.radius_mm,
    )


def make_skin(spec: SkinSpec, grid: Grid) -> Skin:
    """Grow the skin of ``spec`` on ``grid``; the same arguments give the same bits."""
    relief_rng, pigment_rng = (
        np.random.default_rng(seed) for seed in np.random.SeedSequence(spec.seed).spawn(2)
    )
    height, pores = _relief(relief_rng, spec, grid)
    melanin, haemoglobin = _pigments(pigment_rng, spec, grid)
    melanin = weighted(melanin, 1.0, np.minimum(pores, np.float32(1.5)), _PORE_MELANIN, 0.0)
    return Skin(grid, height, melanin, haemoglobin, spec.radius_mm)


def pores(spec: SkinSpec, grid: Grid) -> NDArray[np.float64]:
    """Where the pores of ``make_skin(spec, grid)`` are, before any treatment.

    Returns
    -------
    (n, 4) float64
        x and y of the centre in pixels of the grid, diameter in mm, depth in parts of the
        nominal one (about 1).
    """
    rng = np.random.default_rng(np.random.SeedSequence(spec.seed).spawn(2)[0])
    _furrows(rng, spec, grid)  # for the random numbers that it takes
    rows = [
        np.column_stack(
            [
                drawn.x,
                drawn.y,
                np.full(len(drawn.x), drawn.sigma_px * grid.step_mm / _PORE_SIGMA),
                drawn.peak,
            ]
        )
        for drawn in _pore_dots(rng, spec, grid)
    ]
    return np.concatenate(rows)


def lines(spec: SkinSpec, grid: Grid) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Where the fine lines of ``make_skin(spec, grid)`` run, and how deep they are.

    Returns
    -------
    list of (points, levels)
        Points (33, 2) float64, x and y in pixels of the grid; levels (32,) float64 between
        them, the depth in parts of the nominal one, 0..1. Lines may run out of the grid.
    """
    rng = np.random.default_rng(np.random.SeedSequence(spec.seed).spawn(2)[0])
    _, angle = _furrows(rng, spec, grid)
    for _ in _pore_dots(rng, spec, grid):
        pass  # for the random numbers that they take
    px = 1.0 / grid.step_mm
    return stroke_paths(
        rng,
        grid.shape,
        spec.lines,
        length_px=(_LINE_MM[0] * px, _LINE_MM[1] * px),
        angle_deg=angle,
        angle_spread_deg=_LINE_SPREAD_DEG,
        bend=_LINE_BEND,
    )


def albedo(skin: Skin) -> list[Field]:
    """Diffuse reflectance of flat skin in linear sRGB: three (h, w) float32 planes."""
    planes = []
    for channel in range(3):
        density = weighted(
            skin.melanin,
            -float(MELANIN_OD[channel]),
            skin.haemoglobin,
            -float(HAEMOGLOBIN_OD[channel]),
            float(np.log1p(-SURFACE_SHARE)) - float(BASE_OD[channel]),
        )
        cv2.exp(density, dst=density)
        density += np.float32(SURFACE_SHARE)
        planes.append(density)
    return planes


def _relief(rng: np.random.Generator, spec: SkinSpec, grid: Grid) -> tuple[Field, Field]:
    """Height in mm, and the pore map (0..1) that pigment shares."""
    shape, px = grid.shape, 1.0 / grid.step_mm
    height, angle = _furrows(rng, spec, grid)
    pores = np.zeros(shape, dtype=np.float32)
    for drawn in _pore_dots(rng, spec, grid):
        pores += laid_dots(drawn, shape)
    height -= np.float32(0.045) * np.minimum(pores, np.float32(1.8))
    height -= np.float32(0.028) * strokes(
        rng,
        shape,
        spec.lines,
        length_px=(_LINE_MM[0] * px, _LINE_MM[1] * px),
        width_px=0.11 * px,
        angle_deg=angle,
        angle_spread_deg=_LINE_SPREAD_DEG,
        bend=_LINE_BEND,
    )
    height += np.float32(0.0035) * smooth_noise(rng, shape, 0.07 * px)
    height += np.float32(0.012) * smooth_noise(rng, shape, 0.7 * px)
    return np.asarray(height * np.float32(spec.relief), dtype=np.float32), pores


def _furrows(rng: np.random.Generator, spec: SkinSpec, grid: Grid) -> tuple[Field, float]:
    """Height of the polygons of the microrelief in mm, and the direction that they lie in, °."""
    shape, px = grid.shape, 1.0 / grid.step_mm
    angle = float(rng.uniform(0.0, 180.0))
    depth = 1.0 + 0.25 * smooth_noise(rng, shape, 3.0 * px)
    main = cell_edges(rng, shape, spec.cell_mm * px, angle_deg=angle, elongation=1.35)
    main *= np.float32(spec.cell_mm / 0.105)
    height = -np.float32(0.030) * depth * _profile(main)
    fine_mm = 0.48 * spec.cell_mm
    fine = cell_edges(rng, shape, fine_mm * px, angle_deg=angle + 55.0, elongation=1.1)
    fine *= np.float32(fine_mm / 0.075)
    height -= np.float32(0.012) * _profile(fine)
    return height, angle


def _pore_dots(rng: np.random.Generator, spec: SkinSpec, grid: Grid) -> Iterator[Dots]:
    """The pores of each diameter, drawn in turn."""
    area_cm2 = grid.width_px * grid.height_px * grid.step_mm**2 / 100.0
    px = 1.0 / grid.step_mm
    for share, diameter_mm in _PORES:
        n = round(spec.pores_per_cm2 * area_cm2 * share)
        yield draw_dots(rng, grid.shape, n, _PORE_SIGMA * diameter_mm * px)


def _profile(edge: Field) -> Field:
    """Cross-section of a furrow, 1 at its bottom, from the distance in half-widths."""
    return np.asarray(np.exp(-(edge * edge)), dtype=np.float32)


def _pigments(rng: np.random.Generator, spec: SkinSpec, grid: Grid) -> tuple[Field, Field]:
    """Melanin and haemoglobin maps with detail from 0.2 mm to several cm."""
    shape, px = grid.shape, 1.0 / grid.step_mm
    area_cm2 = grid.width_px * grid.height_px * grid.step_mm**2 / 100.0
    melanin = np.full(shape, spec.melanin, dtype=np.float32)
    spread = np.float32(0.055 * np.sqrt(spec.melanin))
    melanin += spread * smooth_noise(rng, shape, 4.0 * px)
    melanin += np.float32(0.8) * spread * smooth_noise(rng, shape, 1.0 * px)
    melanin += np.float32(0.60) * spread * smooth_noise(rng, shape, 0.22 * px)
    melanin += np.float32(0.50) * spread * smooth_noise(rng, shape, 0.10 * px)
    for share, diameter_mm, amount in ((0.6, 0.6, 0.10), (0.3, 1.2, 0.16), (0.1, 2.4, 0.24)):
        n = round(spec.freckles_per_cm2 * area_cm2 * share)
        spots = dots(rng, shape, n, 0.36 * diameter_mm * px)
        melanin += np.float32(amount * np.sqrt(spec.melanin)) * spots
    np.maximum(melanin, np.float32(0.05), out=melanin)
    haem = np.ones(shape, dtype=np.float32)
    haem += np.float32(0.10) * smooth_noise(rng, shape, 5.0 * px)
    haem += np.float32(0.13) * smooth_noise(rng, shape, 1.2 * px)
    haem += np.float32(0.14) * smooth_noise(rng, shape, 0.30 * px)
    haem += np.float32(0.22) * strokes(
        rng,
        shape,
        round(2.2 * area_cm2),
        length_px=(1.5 * px, 6 * px),
        width_px=0.11 * px,
        angle_deg=0.0,
        angle_spread_deg=70.0,
        bend=0.5,
    )
    np.maximum(haem, np.float32(0.1), out=haem)
    return melanin, np.asarray(haem * np.float32(spec.haemoglobin), dtype=np.float32)
