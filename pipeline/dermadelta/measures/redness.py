"""Redness of skin: erythema index and a*, and how much of a region is red.

Definition
----------
``redness``: erythema index EI = 100·log10(R/G) of the region's robust mean colour in linear
light (the skin between the 5th and 95th percentile of the local index). ``redness_lab``: a* of
the same mean colour (CIE 1976, D65, 2°). ``red_share``: part of the region whose index, over
0.2 mm, lies both 2 robust SDs and 3 EI above the median of untreated skin on the same photo;
``red_area``: its area, every pixel counting as it lies in the frame of the first before photo.

Unit
----
EI; a*; %; mm².

Range
-----
Untreated forearms: EI about 8 to 35, a* about 4 to 14 (NIST, doi:10.18434/M38597); inflamed skin
up to EI 60, a* 30. 0 to 100 %; 0 to the area of the region.

What confuses it
----------------
White balance above all: a red gain of 3 % adds 1.3 EI or 1 a*. Therefore the change is reported
against untreated skin of the same photo, and refused where there is neither such skin nor a
colour chart. Also make-up, a tan (both lower the contrast), coloured light, and numbing cream.
Red share and area look at contrast alone, which an unknown tone curve scales.

Source
------
Diffey, Oliver, Farr 1984, doi:10.1111/j.1365-2133.1984.tb04060.x; ISO/CIE 11664-4.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from dermadelta.domain import (
    FloatArray,
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
from dermadelta.kernels.colour import erythema_index, linear_to_lab
from dermadelta.kernels.colour_map import (
    COARSE_MM,
    ColourMap,
    coarse_map,
    colour_map,
    enlarged,
    erythema_map,
    local_erythema,
    share_above,
    square_centres,
    tile_means,
    trimmed_tile_means,
)
from dermadelta.kernels.geometry import area_scale
from dermadelta.kernels.memo import once


class Params(Settings):
    """Settings of the redness family."""

    trim: float = Field(
        0.05,
        ge=0.0,
        lt=0.5,
        description="Share of the skin left out at either end, by local redness.",
    )
    red_sd: float = Field(
        2.0, gt=0.0, description="Red is so many robust SDs above untreated skin, and ..."
    )
    red_ei: float = Field(3.0, gt=0.0, description="... so many EI above it.")


def read_redness(view: SkinView, params: Params) -> Read | NotMeasured:
    """Erythema index of the region's robust mean colour, EI."""
    ids, weights, means, mean = once(_mean_colour, view, params)
    return Read(float(erythema_index(mean)), Tiles(ids, weights, erythema_index(means), "mean"))


def read_redness_lab(view: SkinView, params: Params) -> Read | NotMeasured:
    """a* of the region's robust mean colour."""
    ids, weights, means, mean = once(_mean_colour, view, params)
    a_star = linear_to_lab(means)[:, 1].astype(np.float64)
    return Read(float(linear_to_lab(mean)[1]), Tiles(ids, weights, a_star, "mean"))


def read_red_share(view: SkinView, params: Params) -> Read | NotMeasured:
    """Red part of the region, %."""
    found = once(_red, view, params)
    if isinstance(found, NotMeasured):
        return found
    colours, red = found
    ids, weights, shares = tile_means(colours, 100.0 * red)
    value = float(weights @ shares / weights.sum())
    return Read(
        value,
        Tiles(ids, weights, shares, "mean"),
        outline=enlarged(red >= 0.5, colours.factor, view.mask),
    )


def read_red_area(view: SkinView, params: Params) -> Read | NotMeasured:
    """Area of the red part of the region, mm²; the view has a scale."""
    if not isinstance(view.scale, Scale):
        return NotMeasured("no scale")
    found = once(_red, view, params)
    if isinstance(found, NotMeasured):
        return found
    colours, red = found
    at = red > 0.0
    each = red.astype(np.float64)
    each[at] *= area_scale(view.to_reference, square_centres(colours, view.origin)[at])
    each *= (view.scale.mm_per_px * view.magnification) ** 2  # of a pixel of the first photo
    ids, weights, means = tile_means(colours, each)
    areas = weights * means
    return Read(float(areas.sum()), Tiles(ids, weights, areas, "sum"))


def _red(view: SkinView, params: Params) -> tuple[ColourMap, FloatArray] | NotMeasured:
    """Squares of skin, and how much of each is red, 0..1."""
    untreated = view.untreated
    if isinstance(untreated, NotMeasured):
        return untreated
    colours = once(coarse_map, once(colour_map, view, _mm_per_px(view)), COARSE_MM)
    least = untreated.ei + max(params.red_sd * untreated.ei_sd, params.red_ei)
    return colours, share_above(once(local_erythema, colours, None), least)


def _mean_colour(
    view: SkinView, params: Params
) -> tuple[NDArray[np.int32], Matrix, Matrix, Matrix]:
    """Tiles that hold kept skin, its weights and mean linear RGB there, and its mean colour."""
    colours = once(colour_map, view, _mm_per_px(view))
    index = once(erythema_map, colours, None)
    ids, weights, means = trimmed_tile_means(colours, colours.rgb, index, params.trim)
    return ids, weights, means, weights @ means / weights.sum()


def _mm_per_px(view: SkinView) -> float | None:
    return view.scale.mm_per_px if isinstance(view.scale, Scale) else None


_DIFFEY = (
    "Diffey BL, Oliver RJ, Farr PM. Br J Dermatol 1984;111:663-672."
    " doi:10.1111/j.1365-2133.1984.tb04060.x"
)

MEASURES = (
    Measure(
        name="redness",
        title="Redness (erythema index)",
        unit="EI",
        change="difference",
        better="lower",
        family="redness",
        needs=frozenset({Need.COLOUR_ANCHOR}),
        uses_reference=True,
        fragile_to=frozenset({"colour", "alignment"}),
        params=Params,
        read=read_redness,
        version=2,
        references=(_DIFFEY,),
    ),
    Measure(
        name="redness_lab",
        title="Redness (a*)",
        unit="a*",
        change="difference",
        better="lower",
        family="redness",
        needs=frozenset({Need.COLOUR_ANCHOR}),
        uses_reference=True,
        fragile_to=frozenset({"colour", "alignment"}),
        params=Params,
        read=read_redness_lab,
        version=2,
        references=("ISO/CIE 11664-4:2019, CIE 1976 L*a*b* colour space.",),
    ),
    Measure(
        name="red_share",
        title="Red share of the region",
        unit="%",
        change="difference",
        better="lower",
        family="redness",
        needs=frozenset({Need.COLOUR_ANCHOR}),
        uses_reference=False,
        fragile_to=frozenset({"colour", "alignment"}),
        params=Params,
        read=read_red_share,
        version=1,
        references=(_DIFFEY,),
    ),
    Measure(
        name="red_area",
        title="Red area",
        unit="mm²",
        change="difference",
        better="lower",
        family="redness",
        needs=frozenset({Need.COLOUR_ANCHOR, Need.SCALE}),
        uses_reference=False,
        fragile_to=frozenset({"colour", "alignment"}),
        params=Params,
        read=read_red_area,
        version=1,
        references=(_DIFFEY,),
    ),
)
