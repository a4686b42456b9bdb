"""Pigmented spots: how many, how much of the skin, how dark.

Definition
----------
On the map of melanin (``kernels.pigments``) over 0.2 mm: places that stand 3 robust SDs above the
median of the skin around them, and as much out of a scale space of differences of Gaussians (σ 0.3
to 3 mm); each ends at half of its own height, is 0.2 to 80 mm² large and at most three times as
long as wide. ``spots_density``: spots per area; ``spots_area_share``: their part of the region;
``spots_contrast``: mean density of melanin that they hold above the skin around them.

Unit
----
1/cm²; %; density.

Range
-----
0 to about 10 per cm² (freckled); 0 to 20 %; 0.03 (faint) to 0.3 (lentigo, mole).

What confuses it
----------------
The smallest spots come and go with sharpness, noise and scale, and the SD that they are held
against is that of the photograph's own mottling. A tan darkens spots and skin alike. Hair stubble,
scabs and make-up; healing in the first weeks. Spots that merge count as one.

Source
------
Lindeberg 1998, doi:10.1023/A:1008045108935; Tsumura et al. 2003, doi:10.1145/882262.882344.
"""

from __future__ import annotations

import numpy as np
from pydantic import Field

from dermadelta.domain import Measure, Need, NotMeasured, Read, Scale, Settings, SkinView, Tiles
from dermadelta.kernels.colour_map import (
    COARSE_MM,
    ColourMap,
    coarse_map,
    colour_map,
    enlarged,
    tile_means,
)
from dermadelta.kernels.memo import once
from dermadelta.kernels.pigments import pigment_maps
from dermadelta.kernels.spots import SpotRules, Spots, find_spots


class Params(Settings):
    """Settings of the spots family."""

    least_sd: float = Field(
        3.0, gt=0.0, description="Robust SDs that a spot stands above the skin around it."
    )
    least_density: float = Field(
        0.03,
        gt=0.0,
        description="Least height of a spot, density of melanin: about 1 ΔE00, just to be seen.",
    )
    smallest_sigma_mm: float = Field(0.3, gt=0.0, description="Finest scale of the search, mm.")
    largest_sigma_mm: float = Field(3.0, gt=0.0, description="Coarsest scale of the search, mm.")
    around_mm: float = Field(20.0, gt=0.0, description="Side of the skin around a spot, mm.")
    smallest_mm2: float = Field(0.2, gt=0.0, description="Smallest spot, mm².")
    largest_mm2: float = Field(80.0, gt=0.0, description="Largest spot, mm².")
    elongation: float = Field(
        3.0, ge=1.0, description="Greatest ratio of length and width; hairs are longer."
    )


def read_spots_density(view: SkinView, params: Params) -> Read | NotMeasured:
    """Spots per area, 1/cm²; the view has a scale."""
    found = once(_spots, view, params)
    if isinstance(found, NotMeasured):
        return found
    colours, spots = found
    peak = np.zeros(colours.weight.size)
    peak[spots.peaks] = 1.0
    weight = np.maximum(colours.weight.ravel(), 1e-6)
    ids, weights, each = tile_means(colours, (peak / weight).reshape(colours.weight.shape))
    per_cm2 = 100.0 / _mm2_per_px(colours)
    value = float(weights @ each / weights.sum() * per_cm2)
    return Read(value, Tiles(ids, weights, each * per_cm2, "mean"))


def read_spots_area_share(view: SkinView, params: Params) -> Read | NotMeasured:
    """Part of the region that lies in spots, %; the view has a scale."""
    found = once(_spots, view, params)
    if isinstance(found, NotMeasured):
        return found
    colours, spots = found
    within = spots.labels > 0
    ids, weights, shares = tile_means(colours, 100.0 * within)
    return Read(
        float(weights @ shares / weights.sum()),
        Tiles(ids, weights, shares, "mean"),
        outline=enlarged(within, colours.factor, view.mask),
    )


def read_spots_contrast(view: SkinView, params: Params) -> Read | NotMeasured:
    """Melanin that spots hold above the skin around them, density; the view has a scale."""
    found = once(_spots, view, params)
    if isinstance(found, NotMeasured):
        return found
    colours, spots = found
    if not len(spots.peaks):
        return NotMeasured("no spots were found in the region: there is no contrast to tell")
    ids, weights, means = tile_means(colours, spots.above, spots.labels > 0)
    return Read(float(weights @ means / weights.sum()), Tiles(ids, weights, means, "mean"))


def _spots(view: SkinView, params: Params) -> tuple[ColourMap, Spots] | NotMeasured:
    if not isinstance(view.scale, Scale):
        return NotMeasured("no scale")
    fine = once(colour_map, view, view.scale.mm_per_px)
    colours = once(coarse_map, fine, COARSE_MM)
    step = colours.step_mm or 1.0
    if step**2 > params.smallest_mm2:
        return NotMeasured(
            f"resolution {step:.2f} mm is too coarse for spots of {params.smallest_mm2:g} mm²:"
            " choose a smaller region or move closer"
        )
    rules = SpotRules(
        sigmas=(params.smallest_sigma_mm / step, params.largest_sigma_mm / step),
        window=params.around_mm / step,
        least_sd=params.least_sd,
        floor=params.least_density / params.least_sd,
        areas=(params.smallest_mm2 / step**2, params.largest_mm2 / step**2),
        elongation=params.elongation,
    )
    return colours, find_spots(once(pigment_maps, colours, None)[0], colours.whole, rules)


def _mm2_per_px(colours: ColourMap) -> float:
    return ((colours.step_mm or 1.0) / colours.factor) ** 2


_SOURCES = (
    "Lindeberg T. Int J Comput Vis 1998;30:79-116. doi:10.1023/A:1008045108935",
    "Tsumura N et al. ACM Trans Graph 2003;22:770-779. doi:10.1145/882262.882344",
)

MEASURES = (
    Measure(
        name="spots_density",
        title="Pigmented spots per area",
        unit="1/cm²",
        change="difference",
        better="lower",
        family="spots",
        needs=frozenset({Need.SCALE}),
        uses_reference=False,
        fragile_to=frozenset({"colour", "blur", "alignment"}),
        params=Params,
        read=read_spots_density,
        version=1,
        references=_SOURCES,
    ),
    Measure(
        name="spots_area_share",
        title="Pigmented spots, share of the region",
        unit="%",
        change="difference",
        better="lower",
        family="spots",
        needs=frozenset({Need.SCALE}),
        uses_reference=False,
        fragile_to=frozenset({"colour", "blur", "alignment"}),
        params=Params,
        read=read_spots_area_share,
        version=1,
        references=_SOURCES,
    ),
    Measure(
        name="spots_contrast",
        title="Contrast of pigmented spots",
        unit="density",
        change="difference",
        better="lower",
        family="spots",
        needs=frozenset({Need.SCALE}),
        uses_reference=False,
        fragile_to=frozenset({"colour", "blur", "alignment"}),
        params=Params,
        read=read_spots_contrast,
        version=1,
        references=_SOURCES,
    ),
)
