"""Pigments of skin: how much haemoglobin and melanin there is.

Definition
----------
``haemoglobin``, ``melanin``: optical density -ln(r, g, b) in linear light, what shading adds to all
three channels projected out, split between two fixed pigment vectors by non-negative least
squares; mean over the region, between the 5th and 95th percentile. The vectors are frozen and
never fitted to a photograph.

Unit
----
density (optical density, base e, of the pigment as far as shading cannot make it).

Range
-----
Untreated forearms: haemoglobin about 0.06 to 0.2, melanin about 0.2 (very light) to 0.65 (very
dark). An erythema adds 0.05 to 0.2 haemoglobin, a tan 0.03 to 0.1 melanin.

What confuses it
----------------
White balance shifts both (a channel off by 10 % by up to 0.1), an unknown tone curve scales them:
the change is reported against untreated skin of the same photo, and refused without such skin
or a colour chart. What one pigment changes by, the other seems to change by up to 15 % of (on
very dark skin more: little blue light comes back from below the surface). Bruises, bilirubin,
carotene, make-up and tattoos are no melanin and no haemoglobin, but read as a mixture.

Source
------
Tsumura, Haneishi, Miyake 1999, doi:10.1364/JOSAA.16.002169; Tsumura et al. 2003,
doi:10.1145/882262.882344; Jacques 2013, doi:10.1088/0031-9155/58/11/R37.
"""

from __future__ import annotations

from pydantic import Field

from dermadelta.domain import (
    FloatArray,
    Measure,
    Need,
    NotMeasured,
    Read,
    Scale,
    Settings,
    SkinView,
    Tiles,
)
from dermadelta.kernels.colour_map import ColourMap, colour_map, trimmed_tile_means
from dermadelta.kernels.memo import once
from dermadelta.kernels.pigments import pigment_maps


class Params(Settings):
    """Settings of the pigment family."""

    trim: float = Field(
        0.05,
        ge=0.0,
        lt=0.5,
        description="Share of the skin left out at either end, by its local density.",
    )


def read_haemoglobin(view: SkinView, params: Params) -> Read | NotMeasured:
    """Mean optical density of haemoglobin."""
    colours = _colours(view)
    return _mean(colours, once(pigment_maps, colours, None)[1], params)


def read_melanin(view: SkinView, params: Params) -> Read | NotMeasured:
    """Mean optical density of melanin."""
    colours = _colours(view)
    return _mean(colours, once(pigment_maps, colours, None)[0], params)


def _colours(view: SkinView) -> ColourMap:
    scale = view.scale.mm_per_px if isinstance(view.scale, Scale) else None
    return once(colour_map, view, scale)


def _mean(colours: ColourMap, density: FloatArray, params: Params) -> Read:
    ids, weights, means = trimmed_tile_means(colours, density, density, params.trim)
    return Read(float(weights @ means / weights.sum()), Tiles(ids, weights, means, "mean"))


_SOURCES = (
    "Tsumura N, Haneishi H, Miyake Y. J Opt Soc Am A 1999;16:2169-2176."
    " doi:10.1364/JOSAA.16.002169",
    "Tsumura N et al. ACM Trans Graph 2003;22:770-779. doi:10.1145/882262.882344",
)

MEASURES = (
    Measure(
        name="haemoglobin",
        title="Haemoglobin",
        unit="density",
        change="difference",
        better="lower",
        family="pigments",
        needs=frozenset({Need.COLOUR_ANCHOR}),
        uses_reference=True,
        fragile_to=frozenset({"colour", "alignment"}),
        params=Params,
        read=read_haemoglobin,
        version=1,
        references=_SOURCES,
    ),
    Measure(
        name="melanin",
        title="Melanin",
        unit="density",
        change="difference",
        better="neither",
        family="pigments",
        needs=frozenset({Need.COLOUR_ANCHOR}),
        uses_reference=True,
        fragile_to=frozenset({"colour", "alignment"}),
        params=Params,
        read=read_melanin,
        version=1,
        references=_SOURCES,
    ),
)
