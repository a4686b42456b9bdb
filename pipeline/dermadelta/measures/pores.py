"""Pores: how many, how much of the skin, how large.

Definition
----------
Round minima of log luminance ln Y (linear light) in the finest relief. Depth is a difference of
Gaussians of 0.05 and 0.11 mm; strength is the geometric mean of depth and of the weaker of the two
curvatures over 0.08 mm, that along a furrow. A pore is at least as strong as the geometric mean
of a fixed contrast and of the robust SD of the same band on this skin. Its outline, where 1/e of
its depth is left, encloses 0.02 to 0.6 mm² at a roundness 4π·area/perimeter² of 0.5 or more.
``pores_density``: pores per area; ``pores_area_share``: their part of the region; ``pores_size``:
median area of a pore. A pore counts where its centre lies.

Unit
----
1/cm²; %; mm².

Range
-----
10 to 150 per cm²; 0.5 to 10 %; 0.03 to 0.1 mm², where smaller pores look larger for the blur of
lens and skin.

What confuses it
----------------
Crossings of furrows, stubble, comedones and specks of pigment are dark and round too, and the
finest pores drown in the mottling of the skin: on rendered skin two in three of those found are
pores, and two in three pores are found. So a change on the same skin says more than the number.
Blur and coarse pixels take the small ones and make others larger, a low lamp adds furrows, dark
skin is noisy. Pores wider than 0.35 mm at half depth are read with half of their area, and those
beyond 0.6 mm are shading.

Source
------
Lindeberg 1998, doi:10.1023/A:1008045108935 (blobs as extrema of differences of Gaussians).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from dermadelta.domain import (
    Matrix,
    Measure,
    Need,
    NotMeasured,
    Read,
    Scale,
    Settings,
    SkinView,
    Tiles,
)
from dermadelta.kernels.memo import once
from dermadelta.kernels.pores import PoreRules, Pores, drawn, find_pores, shrunk, those
from dermadelta.kernels.relief import log_light
from dermadelta.kernels.statistics import square_middles
from dermadelta.measures.resolution import fine_pixel_mm


class Params(Settings):
    """Settings of the pores family."""

    fine_mm: float = Field(0.05, gt=0.0, description="Gaussian of the inside of a pore, mm.")
    coarse_mm: float = Field(0.11, gt=0.0, description="Gaussian of the skin around it, mm.")
    round_mm: float = Field(0.08, gt=0.0, description="Gaussian at which it must be round, mm.")
    contrast: float = Field(
        0.0445,
        gt=0.0,
        description="Fixed part of the threshold, log light. As many are found on 16 rendered skins"
        " of all tones as there are pores.",
    )
    least_sd: float = Field(
        0.006, gt=0.0, description="Least SD of the skin in the threshold, log light."
    )
    roundness: float = Field(0.5, ge=0.0, le=1.0, description="Least 4π·area/perimeter².")
    smallest_mm2: float = Field(0.02, gt=0.0, description="Smallest pore, mm².")
    largest_mm2: float = Field(0.6, gt=0.0, description="Largest pore, mm².")
    edge_mm: float = Field(
        0.3,
        ge=0.0,
        description="Skin this near to hair, glare or other things is not searched, mm.",
    )
    apart_mm: float = Field(
        0.13, ge=0.0, description="Of pores nearer to one another only the strongest counts, mm."
    )
    least_px: float = Field(
        0.75, gt=0.0, description="Fewer pixels in the finest Gaussian: not measured."
    )
    enough_px: float = Field(
        0.9, gt=0.0, description="Pixels are averaged as long as so many stay in that Gaussian."
    )
    least_mm2: float = Field(25.0, gt=0.0, description="Less skin to search: not measured, mm².")
    least_count: int = Field(10, ge=1, description="Fewer pores: their size is not measured.")

    @model_validator(mode="after")
    def _widths_rise(self) -> Self:
        if not self.fine_mm < self.round_mm < self.coarse_mm:
            raise ValueError("fine_mm, round_mm and coarse_mm must rise in this order")
        return self


@dataclass(frozen=True, eq=False)
class _Found:
    """Pores of a region, ``tile`` (n,) where each lies, and the searched skin of its tiles.

    ``ids`` (T,) are the tiles, ``mm2`` (T,) their searched area. ``factor`` pixels of the view lie
    along one that was searched, which is ``step_mm`` wide.
    """

    pores: Pores
    tile: NDArray[np.int32]
    ids: NDArray[np.int32]
    mm2: Matrix
    factor: int
    step_mm: float

    @property
    def area_mm2(self) -> Matrix:
        """(n,): area of every pore."""
        return np.asarray(self.pores.area * self.step_mm**2)

    def per_tile(self, values: Matrix) -> Matrix:
        """(T,): sums of a value over the pores of every tile."""
        places = np.searchsorted(self.ids, self.tile)
        return np.bincount(places, weights=values, minlength=len(self.ids)).astype(np.float64)

    def marks(self) -> Matrix:
        """(n, 3): x, y and diameter in pixels of the view."""
        shift = 0.5 * (self.factor - 1)
        diameter = 2.0 * np.sqrt(self.pores.area / np.pi) * self.factor
        places = (at * self.factor + shift for at in (self.pores.x, self.pores.y))
        return np.column_stack([*places, diameter])


def read_pores_density(view: SkinView, params: Params) -> Read | NotMeasured:
    """Pores per area of searched skin, 1/cm²; the view has a scale."""
    found = once(_pores, view, params)
    if isinstance(found, NotMeasured):
        return found
    each = 100.0 * found.per_tile(np.ones(len(found.tile))) / found.mm2
    value = float(found.mm2 @ each / found.mm2.sum())
    tiles = Tiles(found.ids, found.mm2, each, "mean")
    return Read(value, tiles, _per_px2(view, params, 0), marks=found.marks())


def read_pores_area_share(view: SkinView, params: Params) -> Read | NotMeasured:
    """Part of the searched skin that lies in pores, %; the view has a scale."""
    found = once(_pores, view, params)
    if isinstance(found, NotMeasured):
        return found
    each = 100.0 * found.per_tile(found.area_mm2) / found.mm2
    value = float(found.mm2 @ each / found.mm2.sum())
    return Read(
        value,
        Tiles(found.ids, found.mm2, each, "mean"),
        _per_px2(view, params, 1),
        outline=drawn(found.pores, found.factor, view.mask.shape) & view.mask,
    )


def read_pores_size(view: SkinView, params: Params) -> Read | NotMeasured:
    """Median area of a pore, mm²; the view has a scale.

    A median is no mean of tiles. They hold what each pore moves it by: half of 1/density of areas
    at the median, upwards for a larger pore, downwards for a smaller one. Their mean is the median,
    and it varies as the median does.
    """
    found = once(_pores, view, params)
    if isinstance(found, NotMeasured):
        return found
    area = found.area_mm2
    if len(area) < params.least_count:
        return NotMeasured(f"only {len(area)} pores were found: too few for a median of their size")
    low, value, high = (float(q) for q in np.quantile(area, (0.3, 0.5, 0.7)))
    spacing = (high - low) / 0.4
    count = found.per_tile(np.ones(len(area)))
    moved = found.per_tile(0.5 * spacing * np.sign(area - value))
    held = count > 0.0
    each = value + moved[held] / count[held]
    return Read(value, Tiles(found.ids[held], count[held], each, "mean"), _per_px2(view, params, 2))


def _pores(view: SkinView, params: Params) -> _Found | NotMeasured:
    pixel = fine_pixel_mm(view, params.fine_mm, params.least_px, "pores")
    if isinstance(pixel, NotMeasured):
        return pixel
    factor = max(1, min(int(params.fine_mm / pixel / params.enough_px), *view.mask.shape))
    light, skin = shrunk(once(log_light, view, None), view.skin, factor)
    pores = find_pores(light, skin, _rules(view, params, factor * pixel, factor))
    rows, cols = pores.searched.shape
    tile_ids = square_middles(view.tile_ids, factor)[:rows, :cols]
    inside = square_middles(view.mask, factor)[:rows, :cols] & pores.searched & (tile_ids >= 0)
    counts = np.bincount(tile_ids[inside])
    ids = np.flatnonzero(counts).astype(np.int32)
    mm2 = counts[ids] * (factor * pixel) ** 2
    if mm2.sum() < params.least_mm2:
        return NotMeasured(
            f"only {mm2.sum():.0f} mm² of skin clear of hair, glare and edges: too little to count"
            f" pores; choose a region with {params.least_mm2:g} mm² of such skin"
        )
    at = np.rint(pores.y).astype(np.intp), np.rint(pores.x).astype(np.intp)
    pores = those(pores, inside[at])
    if not len(pores.x):
        return NotMeasured("no pores were found in the region: there is no change to tell")
    tile = tile_ids[np.rint(pores.y).astype(np.intp), np.rint(pores.x).astype(np.intp)]
    return _Found(pores, tile, ids, mm2.astype(np.float64), factor, factor * pixel)


def _rules(view: SkinView, params: Params, step: float, factor: int) -> PoreRules:
    """The settings in pixels that are searched, at the common sharpness of the pair."""
    # Means over squares of f pixels have added f²/12 - 1/12 of variance in pixels of the view.
    added = (view.blur_to_add_px2 - (factor**2 - 1) / 12.0) / factor**2
    fine, middle, coarse = (
        float(np.sqrt(max((length / step) ** 2 + added, 0.1)))
        for length in (params.fine_mm, params.round_mm, params.coarse_mm)
    )
    return PoreRules(
        sigmas=(fine, coarse),
        round_sigma=middle,
        contrast=params.contrast,
        floor=params.least_sd,
        roundness=params.roundness,
        areas=(params.smallest_mm2 / step**2, params.largest_mm2 / step**2),
        edge=round(params.edge_mm / step),
        apart=params.apart_mm / step,
    )


_PER_MM2 = (-55.0, 80.0, 120.0)
"""d ln(value) / d(variance of added blur), 1/mm², of density, share and size: mean over 16
rendered skins to which (0.025 mm)² was added. Of one photograph the number of pores is too small
for it to be probed."""


def _per_px2(view: SkinView, params: Params, which: int) -> float:
    """Sensitivity to blur per px² of the first before photo."""
    if not isinstance(view.scale, Scale):
        return 0.0
    return _PER_MM2[which] * (view.scale.mm_per_px * view.magnification) ** 2


_SOURCES = ("Lindeberg T. Int J Comput Vis 1998;30:79-116. doi:10.1023/A:1008045108935",)

_measure = partial(
    Measure,
    change="ratio",
    better="lower",
    family="pores",
    needs=frozenset({Need.SCALE}),
    uses_reference=False,
    fragile_to=frozenset({"light", "blur", "alignment", "scale"}),
    params=Params,
    version=1,
    references=_SOURCES,
)

MEASURES = (
    _measure(
        name="pores_density",
        title="Pores per area",
        unit="1/cm²",
        read=read_pores_density,
    ),
    _measure(
        name="pores_area_share",
        title="Pores, share of the region",
        unit="%",
        read=read_pores_area_share,
    ),
    _measure(
        name="pores_size",
        title="Size of pores",
        unit="mm²",
        read=read_pores_size,
    ),
)
