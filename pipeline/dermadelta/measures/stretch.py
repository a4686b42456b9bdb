"""Stretch marks (striae): how wide and how long they are, and how much skin they take.

Definition
----------
Stretch marks are bands 1 to 8 mm wide, at least 10 mm long and four times as long as wide, redder
(rubra) or paler (alba) than the skin on both sides of them: on the map of the erythema index over
0.3 mm, averaged along the way that bands run (Gaussian, 3 mm), a ridge or a furrow with edges that
are steep; red ones may not be lighter nor pale ones darker than what is beside. A mark runs nearly
straight and stands out of both of its sides, of one no more than twice as far as of the other: the
rim of a large red area does not. Of red bands and of
what lies between pale ones only those are marks whose surroundings look like skin without marks:
the reference skin, or the median of all skin in the photograph. ``stretch_width``: mean width
at half height, by length. ``stretch_length``: length of their middle lines inside the
region. ``stretch_area_share``: their part of the region.

Unit
----
mm; mm; %.

Range
-----
1 to 8 mm; 10 mm to metres; 1 to 60 %.

What confuses it
----------------
Mottled skin: a blotch that happens to be long and sharp is taken for a mark, on one in ten
photographs of synthetic skin without any. Where too little tells marks from what lies between
them, such as faded pale ones, nothing is measured. Faint marks come and go with the contrast, so
that fading also shortens.
White balance that turns across the photograph, blur (edges lose their steepness), long veins,
edges of clothes and tan lines. Round scars are too short. One kind of mark (red or pale) is read
in each region.

Source
------
Lindeberg 1998, doi:10.1023/A:1008097225773 (ridges); Diffey, Oliver and Farr 1984,
doi:10.1111/j.1365-2133.1984.tb04678.x (erythema index).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from dermadelta.domain import (
    FloatArray,
    Mask,
    Measure,
    Need,
    NotMeasured,
    Read,
    Scale,
    Settings,
    SkinView,
    Tiles,
)
from dermadelta.kernels.colour_map import (
    ColourMap,
    block_means,
    coarse_map,
    colour_map,
    enlarged,
    erythema_map,
    log_rgb,
    tile_means,
)
from dermadelta.kernels.memo import once
from dermadelta.kernels.statistics import tile_sums
from dermadelta.kernels.stretch import BandRules, Bands, coverage, find_bands, outshines


class Params(Settings):
    """Settings of the stretch mark family."""

    step_mm: float = Field(0.3, gt=0.0, description="Side of the squares that are looked at, mm.")
    narrowest_mm: float = Field(1.0, gt=0.0, description="Least width of a mark, mm.")
    widest_mm: float = Field(8.0, gt=0.0, description="Greatest width of a mark, mm.")
    shortest_mm: float = Field(10.0, gt=0.0, description="Least length of a mark, mm.")
    slender: float = Field(4.0, ge=1.0, description="Least ratio of its length and width.")
    along_mm: float = Field(3.0, gt=0.0, description="Average along a mark (σ), mm.")
    field_mm: float = Field(12.0, gt=0.0, description="Over which marks are parallel (σ), mm.")
    least_ei: float = Field(0.5, gt=0.0, description="Least height of any point of a mark, EI.")
    ending: float = Field(
        0.5, gt=0.0, lt=1.0, description="Height at which a mark ends, share of its own."
    )
    missing_ei: float = Field(
        3.0, gt=0.0, description="What may lack of the height of a point that is mottled, EI."
    )
    height_ei: float = Field(1.2, gt=0.0, description="Least mean height of a mark, EI.")
    steep_ei_per_mm: float = Field(
        1.5, gt=0.0, description="Least height of a mark per mm that its edges take, EI/mm."
    )
    evidence: float = Field(
        6.5,
        gt=0.0,
        description="Least height times the root of the length, EI·√mm: what mottling may make.",
    )
    sure: float = Field(
        1.5,
        ge=1.0,
        description="So many times as steep and evident is one mark at least where there are any.",
    )
    even: float = Field(
        0.5,
        ge=0.0,
        lt=1.0,
        description="Least height above the higher of both sides, share of that above the lower.",
    )
    straight: float = Field(
        0.9,
        gt=0.0,
        lt=1.0,
        description="Least mean of the way of a mark as a unit vector, angles doubled; 1: a line.",
    )
    undecided: float = Field(
        0.12,
        ge=0.0,
        lt=1.0,
        description="Marks and what is between them cannot be told apart below, 0..1.",
    )
    end_mm: float = Field(1.0, ge=0.0, description="How far either end is known (SD), mm.")


@dataclass(frozen=True, eq=False)
class _Found:
    """Marks inside the region on a map of all skin; ``region`` weighs its squares by the region.

    ``part`` is how far each square lies in a mark, ``rows`` and ``cols`` the square of each point.
    """

    region: ColourMap
    marks: Bands
    part: FloatArray
    rows: NDArray[np.intp]
    cols: NDArray[np.intp]

    @property
    def tiles(self) -> NDArray[np.int32]:
        return self.region.tile_ids[self.rows, self.cols]


@dataclass(frozen=True, eq=False)
class _AllSkin:
    """The pixels of a view whose mask is all usable skin: marks run on beyond a region."""

    rgb: FloatArray
    mask: Mask
    tile_ids: NDArray[np.int32]


def read_stretch_width(view: SkinView, params: Params) -> Read | NotMeasured:
    """Mean width of the marks in the region by length, mm; the view has a scale."""
    found = once(_found, view, params)
    if isinstance(found, NotMeasured):
        return found
    marks, step = found.marks, found.region.step_mm or 1.0
    length = marks.length * step
    ids, _, sums = tile_sums(found.tiles, np.column_stack([length, length * marks.width * step]))
    value = float(sums[:, 1].sum() / sums[:, 0].sum())
    return Read(
        value,
        Tiles(ids, sums[:, 0], sums[:, 1] / sums[:, 0], "mean"),
        own_rel_sd=_edge_sd(marks),
    )


def read_stretch_length(view: SkinView, params: Params) -> Read | NotMeasured:
    """Length of the marks inside the region, mm; the view has a scale."""
    found = once(_found, view, params)
    if isinstance(found, NotMeasured):
        return found
    marks, step, factor = found.marks, found.region.step_mm or 1.0, found.region.factor
    ids, counts, sums = tile_sums(found.tiles, marks.length * step)
    value = float(sums.sum())
    ends = 2.0 * len(np.unique(marks.band))
    places = [(axis + 0.5) * factor - 0.5 for axis in (marks.x, marks.y)]
    return Read(
        value,
        Tiles(ids, counts, sums, "sum"),
        own_rel_sd=float(params.end_mm * np.sqrt(ends) / value),
        marks=np.column_stack([*places, marks.width * factor]),
    )


def read_stretch_area_share(view: SkinView, params: Params) -> Read | NotMeasured:
    """Part of the region that lies in marks, %; the view has a scale."""
    found = once(_found, view, params)
    if isinstance(found, NotMeasured):
        return found
    ids, weights, shares = tile_means(found.region, 100.0 * found.part)
    return Read(
        float(weights @ shares / weights.sum()),
        Tiles(ids, weights, shares, "mean"),
        own_rel_sd=_edge_sd(found.marks),
        outline=enlarged(found.part >= 0.5, found.region.factor, view.mask),
    )


_PROBE = 0.15
"""Step of the level at which a mark ends, relative, that its outline is probed with."""


def _edge_sd(marks: Bands) -> float:
    """Half the log range of the width when the level of its edges moves a step up and down.

    Edges take ``edge`` from 75 % to 25 %, so a step of the level moves each by its share of that.
    """
    moved = 2.0 * _PROBE * float(marks.length @ marks.edge)
    return moved / float(marks.length @ marks.width)


def _found(view: SkinView, params: Params) -> _Found | NotMeasured:
    if not isinstance(view.scale, Scale):
        return NotMeasured("no scale")
    if np.array_equal(view.mask, view.skin):
        fine = once(colour_map, view, view.scale.mm_per_px)
    else:
        fine = colour_map(_AllSkin(view.rgb, view.skin, view.tile_ids), view.scale.mm_per_px)
    colours = coarse_map(fine, params.step_mm)
    step = colours.step_mm or 1.0
    if step > params.narrowest_mm:
        return NotMeasured(
            f"resolution {step:.2f} mm is too coarse for stretch marks of"
            f" {params.narrowest_mm:g} mm: choose a smaller region or move closer"
        )
    usable = view.mask.astype(np.float32)
    _, weight = block_means(usable, usable, colours.factor)
    region = replace(colours, weight=weight)
    marks = _marks(colours, view, step, params)
    if isinstance(marks, NotMeasured):
        return marks
    shape = (weight.shape[0], weight.shape[1])
    part = coverage(marks, shape)
    rows, cols = marks.pixels(shape)
    # A piece of a mark on the border of the region counts as far as it lies inside.
    share = weight[rows, cols] / float(colours.factor**2)
    inside = share > 0.0
    if not inside.any() or not (part * weight).any():
        return NotMeasured("no stretch marks were found in the region")
    within = replace(marks, length=marks.length * share).only(inside)
    return _Found(region, within, part, rows[inside], cols[inside])


def _marks(
    colours: ColourMap, view: SkinView, step_mm: float, params: Params
) -> Bands | NotMeasured:
    """Bands that differ from skin without marks, red ones or pale ones."""
    rules = BandRules(
        widths=(params.narrowest_mm, params.widest_mm),
        field=params.field_mm,
        along=params.along_mm,
        least=params.least_ei,
        ending=params.ending,
        missing=params.missing_ei,
        height=params.height_ei,
        length=params.shortest_mm,
        slender=params.slender,
        steep=params.steep_ei_per_mm,
        evidence=params.evidence,
        sure=params.sure,
        even=params.even,
        straight=params.straight,
    )
    index = erythema_map(colours)
    bands = find_bands(index, colours.whole, step_mm, rules)
    # Blood darkens: what is red and lighter than its sides, or pale and darker, is no mark.
    lighter = bands.mean(outshines(log_rgb(colours)[..., 1], bands))
    bands = bands.only(lighter * bands.height < 0.0)
    if not len(bands.x):
        return NotMeasured("no stretch marks were found in the region")
    bare = (
        float(np.median(index[colours.whole]))
        if isinstance(view.untreated, NotMeasured)
        else view.untreated.ei
    )
    vote = _redness_vote(bands, bare)
    if abs(vote) <= params.undecided:
        return NotMeasured(
            "stretch marks cannot be told from the skin between them: give a reference mask"
        )
    return bands.only(bands.height * vote > 0.0)


def _redness_vote(bands: Bands, bare: float) -> float:
    """Whether red bands (to 1) or pale ones (to -1) have sides that look like bare skin."""
    size = np.abs(bands.height)
    nearer = np.abs(bands.base + bands.height - bare) - np.abs(bands.base - bare)
    weight = bands.length * size
    votes = np.sign(bands.height) * np.clip(nearer / size, -1.0, 1.0)
    return float(weight @ votes / weight.sum())


_SOURCES = (
    "Lindeberg T. Int J Comput Vis 1998;30:117-154. doi:10.1023/A:1008097225773",
    "Diffey BL, Oliver RJ, Farr PM. Br J Dermatol 1984;111:663-672."
    " doi:10.1111/j.1365-2133.1984.tb04678.x",
)

_measure = partial(
    Measure,
    change="ratio",
    better="lower",
    family="stretch",
    needs=frozenset({Need.SCALE, Need.BODY_SITE}),
    uses_reference=False,
    fragile_to=frozenset({"colour", "light", "blur", "alignment", "scale", "outline"}),
    params=Params,
    version=1,
    references=_SOURCES,
)

MEASURES = (
    _measure(
        name="stretch_width",
        title="Width of stretch marks",
        unit="mm",
        read=read_stretch_width,
    ),
    _measure(
        name="stretch_length",
        title="Length of stretch marks",
        unit="mm",
        read=read_stretch_length,
    ),
    _measure(
        name="stretch_area_share",
        title="Stretch marks, share of the region",
        unit="%",
        fragile_to=frozenset({"colour", "light", "blur", "alignment", "outline"}),
        read=read_stretch_area_share,
    ),
)
