"""Tone of skin: how light it is, and how even its colour.

Definition
----------
``ita``: individual typology angle (180/π)·atan2(L* - 50, b*) of the medians of L* and b* over the
region (CIE 1976, D65, 2°); ``kernels.colour.ita_class`` names the classes of Del Bino: very
light > 55, light > 41, intermediate > 28, tan > 10, brown > -30, dark. ``tone_evenness``: median
colour difference ΔE00 between the region, band-passed to what is 1 to 10 mm long, and its median
colour. ``evenness_redness`` and ``evenness_melanin``: standard deviation of the erythema index and
of the density of melanin in the same band. All three fall as skin becomes more even.

Unit
----
°; ΔE00; EI; density.

Range
-----
-60 (very dark) to 80 (very light). Even skin about 0.5, blotchy skin 3 ΔE00; 0.5 to 4 EI; 0.005 to
0.05 in density.

What confuses it
----------------
The angle: exposure (0.1 EV moves it by 2 to 4°) and white balance, hence it is read with a target
or chart only. It maps to no Fitzpatrick type. Evenness: relief and gloss in the same band,
hair, make-up, an unknown tone curve or saturation, which scale it. Gradients of the light and
whatever is longer than the band drop out.

Source
------
Chardon, Cretois, Hourseau 1991, doi:10.1111/j.1467-2494.1991.tb00561.x; Del Bino and Bernerd 2013,
doi:10.1111/bjd.12529; Sharma, Wu, Dalal 2005, doi:10.1002/col.20070; ISO 16610-21.
"""

from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

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
from dermadelta.kernels.colour import individual_typology_angle, lab_to_linear, linear_to_lab
from dermadelta.kernels.colour_difference import ciede2000
from dermadelta.kernels.colour_map import (
    COARSE_MM,
    EI_PER_LOG,
    ColourMap,
    coarse_map,
    colour_map,
    tile_means,
)
from dermadelta.kernels.memo import once
from dermadelta.kernels.pigments import unmixing
from dermadelta.kernels.unevenness import band_logs


class Params(Settings):
    """Settings of the tone family."""

    shortest_mm: float = Field(1.0, gt=0.0, description="Shortest wavelength of unevenness, mm.")
    longest_mm: float = Field(10.0, gt=0.0, description="Longest wavelength of unevenness, mm.")

    @model_validator(mode="after")
    def _band_has_width(self) -> Self:
        if not self.shortest_mm < self.longest_mm:
            raise ValueError(
                f"shortest_mm ({self.shortest_mm:g}) must be below longest_mm ({self.longest_mm:g})"
            )
        return self


_ENOUGH = 30_000
"""Squares from which medians of colour are taken; more of them would say the same."""


def read_ita(view: SkinView, params: Params) -> Read | NotMeasured:
    """Individual typology angle of the median colour, degrees; colours are absolute."""
    colours = _colours(view)
    centre = once(_median_lab, colours, None)
    ids, weights, means = tile_means(colours, colours.rgb)
    own = individual_typology_angle(linear_to_lab(means))
    value = float(individual_typology_angle(centre))
    # The tiles' own angles, moved so that their mean is that of the medians.
    return Read(value, Tiles(ids, weights, own + value - weights @ own / weights.sum(), "mean"))


def read_tone_evenness(view: SkinView, params: Params) -> Read | NotMeasured:
    """Median ΔE00 from the median colour, band-passed; the view has a scale."""
    colours = _colours(view)
    band = once(_band, view, params)
    if isinstance(band, NotMeasured):
        return band
    centre = once(_median_lab, colours, None)
    chosen = _enough(colours)
    patches = lab_to_linear(centre) * np.exp(band[chosen].astype(np.float64))
    lab = linear_to_lab(patches)
    difference = np.zeros(chosen.shape)
    difference[chosen] = ciede2000(lab, np.median(lab, axis=0))
    ids, weights, means = tile_means(colours, difference, chosen)
    value, mean = float(np.median(difference[chosen])), float(weights @ means / weights.sum())
    if min(value, mean) <= 0.0:
        return NotMeasured(_EVEN)
    # The tiles' own means, scaled so that their mean is the median.
    return Read(value, Tiles(ids, weights, means * (value / mean), "mean"))


def read_evenness_redness(view: SkinView, params: Params) -> Read | NotMeasured:
    """SD of the erythema index, band-passed, EI; the view has a scale."""
    return _spread(view, params, EI_PER_LOG * np.array([1.0, -1.0, 0.0]))


def read_evenness_melanin(view: SkinView, params: Params) -> Read | NotMeasured:
    """SD of the density of melanin, band-passed; the view has a scale."""
    return _spread(view, params, unmixing()[0, :3])


def _colours(view: SkinView) -> ColourMap:
    scale = view.scale.mm_per_px if isinstance(view.scale, Scale) else None
    return once(coarse_map, once(colour_map, view, scale), COARSE_MM)


def _enough(colours: ColourMap) -> NDArray[np.bool_]:
    """Squares from which medians are taken, evenly spread; all of a small region."""
    used = colours.used
    every = max(1, round(float(np.sqrt(np.count_nonzero(used) / _ENOUGH))))
    chosen = np.zeros_like(used)
    chosen[::every, ::every] = used[::every, ::every]
    return chosen


def _median_lab(colours: ColourMap, _: None) -> NDArray[np.float64]:
    lab = linear_to_lab(colours.rgb[_enough(colours)])
    return np.asarray(np.median(lab, axis=0), dtype=np.float64)


def _band(view: SkinView, params: Params) -> FloatArray | NotMeasured:
    colours = _colours(view)
    step = colours.step_mm
    if step is None:
        return NotMeasured("no scale")
    if 2.0 * step > params.shortest_mm:
        return NotMeasured(
            f"resolution {step:.2f} mm is too coarse for unevenness from {params.shortest_mm:g} mm"
            " on: choose a smaller region or move closer"
        )
    return band_logs(colours, params.shortest_mm, params.longest_mm)


def _spread(
    view: SkinView, params: Params, weights_of_logs: NDArray[np.float64]
) -> Read | NotMeasured:
    band = once(_band, view, params)
    if isinstance(band, NotMeasured):
        return band
    colours = _colours(view)
    used = colours.used
    values = band @ weights_of_logs
    values -= np.average(values[used], weights=colours.weight[used])
    ids, weights, squares = tile_means(colours, values**2)
    value = float(np.sqrt(weights @ squares / weights.sum()))
    if value <= 0.0:
        return NotMeasured(_EVEN)
    return Read(value, Tiles(ids, weights, squares, "rms"))


_EVEN = "the region is perfectly even: no skin texture in it"
_ISO = "ISO 16610-21:2011, Gaussian profile filter."
_SHARMA = "Sharma G, Wu W, Dalal EN. Color Res Appl 2005;30:21-30. doi:10.1002/col.20070"
_DEL_BINO = "Del Bino S, Bernerd F. Br J Dermatol 2013;169 Suppl 3:33-40. doi:10.1111/bjd.12529"

MEASURES = (
    Measure(
        name="ita",
        title="Individual typology angle",
        unit="°",
        change="difference",
        better="neither",
        family="tone",
        needs=frozenset({Need.COLOUR_TARGET}),
        uses_reference=False,
        fragile_to=frozenset({"colour", "light", "alignment"}),
        params=Params,
        read=read_ita,
        version=1,
        references=(_DEL_BINO,),
    ),
    Measure(
        name="tone_evenness",
        title="Unevenness of tone",
        unit="ΔE00",
        change="ratio",
        better="lower",
        family="tone",
        needs=frozenset({Need.SCALE}),
        uses_reference=True,
        fragile_to=frozenset({"light", "colour", "alignment"}),
        params=Params,
        read=read_tone_evenness,
        version=1,
        references=(
            _SHARMA,
            _ISO,
        ),
    ),
    Measure(
        name="evenness_redness",
        title="Unevenness of redness",
        unit="EI",
        change="ratio",
        better="lower",
        family="tone",
        needs=frozenset({Need.SCALE}),
        uses_reference=True,
        fragile_to=frozenset({"light", "colour", "alignment"}),
        params=Params,
        read=read_evenness_redness,
        version=1,
        references=(_ISO,),
    ),
    Measure(
        name="evenness_melanin",
        title="Unevenness of melanin",
        unit="density",
        change="ratio",
        better="lower",
        family="tone",
        needs=frozenset({Need.SCALE}),
        uses_reference=True,
        fragile_to=frozenset({"light", "colour", "alignment"}),
        params=Params,
        read=read_evenness_melanin,
        version=1,
        references=(_ISO,),
    ),
)
