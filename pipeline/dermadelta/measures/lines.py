"""Fine lines: how long, how much of the skin, how dark.

Definition
----------
Lines are dark ridges of u = ln Y (linear light): places where u bends upwards across and goes on
doing so along a straight piece (σ 0.25, 0.5 and 1.0 mm; 3, 3 and 8 mm to either side). The mean
contrast along the piece reaches 0.085 somewhere on the line, and three times the median of such
means everywhere on this skin where that is more, as on coarse or glossy skin; it is 0.6 of that all
along the line. A line is at least 3 mm and four widths long, so that the polygons of the
microrelief (about 1 mm) are none; edges of dark patches are none. A picture is never held against
its own strongest line. ``lines_length``: length of their middle lines per area of the region;
``lines_area_share``: length times width, part of the region; ``lines_depth``: mean contrast in ln Y
along them. Width (at half depth) and contrast are those of the Gaussian profile that answers the
scales as the line does.

Unit
----
mm/cm²; %; 1.

Range
-----
0.5 to about 50 mm/cm² (forehead, crow's feet); 0.3 to 30 %; 0.06 (just seen) to 0.5.

What confuses it
----------------
The lamp above all: a line along which the light falls is hardly seen, and one at right angles to
it is seen best; flat light hides all of them. Expression: a smile draws its own. Hairs and
threads that were not masked, vessels, borders of dark patches, cosmetics that gather in lines;
gloss on coarse dark skin, whose polygons then stand in rows and hide creases of little contrast;
rows of very dark pores. Lines
narrower than about 0.4 mm are seen as that wide: light spreads so far below the surface.
Contrast is no depth in millimetres.

Source
------
Frangi et al. 1998, doi:10.1007/BFb0056195; Canny 1986, doi:10.1109/TPAMI.1986.4767851.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from dermadelta.domain import (
    Mask,
    Matrix,
    Measure,
    Need,
    NotMeasured,
    Read,
    Settings,
    SkinView,
    Tiles,
)
from dermadelta.kernels.lines import LineRules, Lines, LineScale, find_lines
from dermadelta.kernels.masks import distance_to
from dermadelta.kernels.memo import once
from dermadelta.kernels.relief import log_light
from dermadelta.kernels.ridges import WIDTH
from dermadelta.kernels.statistics import tile_sums
from dermadelta.measures.resolution import fine_pixel_mm


class Params(Settings):
    """Settings of the lines family."""

    sigmas_mm: tuple[float, float, float] = Field(
        (0.25, 0.5, 1.0), description="Scales of the search, mm, from fine to coarse."
    )
    least_contrast: float = Field(
        0.085, gt=0.0, description="Mean contrast in ln Y along a piece from which it is a line."
    )
    times_skin: float = Field(
        3.0,
        ge=0.0,
        description="It is at least so many times the median of what lies along such pieces"
        " anywhere on the skin.",
    )
    weak_share: float = Field(
        0.6, gt=0.0, le=1.0, description="Part of that contrast with which a line goes on."
    )
    limit: float = Field(
        0.3, gt=0.0, description="Contrast beyond which a single place hardly counts further."
    )
    shortest_mm: float = Field(3.0, gt=0.0, description="Shortest line, mm.")
    elongation: float = Field(
        4.0, ge=1.0, description="A line is at least so many times as long as wide."
    )
    apart_mm: float = Field(0.4, gt=0.0, description="Least distance of two lines, mm.")
    flank_mm: float = Field(
        1.2, gt=0.0, description="So near a line nothing of less than half its contrast is one, mm."
    )
    least_total_mm: float = Field(
        10.0, gt=0.0, description="Less length in the region: too little to tell a change of."
    )
    min_sigma_px: float = Field(
        1.6, gt=0.0, description="Fewer pixels in the finest scale: not measured."
    )


STEP_MM: Final = 0.1
"""Side of the pixels that lines are sought on: two and a half of them in the finest scale."""

_DOUBLINGS: Final = (5, 4, 4)
"""How far a line is followed at each scale: 2 to that power, in pixels of its own picture."""

_MARK_MM: Final = 0.5
"""Distance of the marks along a line."""

_NEAR_LIMIT: Final = 1.1
"""Lines within this factor of the weakest are those that a little more contrast would add."""


@dataclass(frozen=True, eq=False)
class _Found:
    """Lines of a view on the grid of the search, and where its pixels lie on the view.

    ``to_px`` are pixels of the view per pixel of the grid along x and y, ``step_mm`` the side of
    the latter. ``tiles`` (n,) are those of the entries. ``length_mm`` and ``width_mm`` (n,).
    """

    lines: Lines
    shape: tuple[int, int]
    to_px: tuple[float, float]
    step_mm: float
    tiles: NDArray[np.int32]
    length_mm: Matrix
    width_mm: Matrix


def read_lines_length(view: SkinView, params: Params) -> Read | NotMeasured:
    """Length of lines per area, mm/cm²; the view has a scale."""
    found = once(_lines, view, params)
    if isinstance(found, NotMeasured):
        return found
    # 1 mm of line on 1 mm² is 100 mm/cm².
    tiles = _per_area(view, found, 100.0 * found.length_mm)
    return Read(
        float(tiles.weight @ tiles.value / tiles.weight.sum()),
        tiles,
        blur_sensitivity=_sensitivity(view, found, _lost_length(found)),
        outline=_outline(view, found),
        marks=_marks(found),
    )


def read_lines_area_share(view: SkinView, params: Params) -> Read | NotMeasured:
    """Part of the region that lies in lines, %; the view has a scale."""
    found = once(_lines, view, params)
    if isinstance(found, NotMeasured):
        return found
    tiles = _per_area(view, found, 100.0 * found.length_mm * found.width_mm)
    return Read(
        float(tiles.weight @ tiles.value / tiles.weight.sum()),
        tiles,
        blur_sensitivity=_sensitivity(view, found, _lost_length(found)),
        outline=_outline(view, found),
    )


def read_lines_depth(view: SkinView, params: Params) -> Read | NotMeasured:
    """Mean contrast of lines in ln Y; the view has a scale."""
    found = once(_lines, view, params)
    if isinstance(found, NotMeasured):
        return found
    both = np.column_stack([found.length_mm, found.length_mm * found.lines.contrast])
    ids, _, sums = tile_sums(found.tiles, both)
    weights, means = sums[:, 0], sums[:, 1] / sums[:, 0]
    value = float(weights @ means / weights.sum())
    if value <= 0.0:
        return NotMeasured("the lines in the region are no darker than the skin beside them")
    return Read(
        value,
        Tiles(ids, weights, means, "mean"),
        blur_sensitivity=_sensitivity(view, found, 1.0),
    )


def _lines(view: SkinView, params: Params) -> _Found | NotMeasured:
    pixel = fine_pixel_mm(view, params.sigmas_mm[0], params.min_sigma_px, "fine lines")
    if isinstance(pixel, NotMeasured):
        return pixel
    square = max(STEP_MM / pixel, 1.0)
    signal, skin, ratio = _on_grid(view, square)
    step = pixel * float(np.sqrt(ratio[0] * ratio[1]))
    # Averaging over squares is a blur of its own; the pair's common sharpness comes on top.
    extra = view.blur_to_add_px2 / square**2 - (1.0 - square**-2) / 12.0
    scales = [
        LineScale(sigma / step, extra, doublings)
        for sigma, doublings in zip(params.sigmas_mm, _DOUBLINGS, strict=True)
    ]
    rules = LineRules(
        least=params.least_contrast,
        times_skin=params.times_skin,
        weak_share=params.weak_share,
        limit=params.limit,
        length_px=params.shortest_mm / step,
        apart_px=max(1, round(params.apart_mm / step)),
        flank_px=max(1, round(params.flank_mm / step)),
        elongation=params.elongation,
    )
    return _in_region(view, find_lines(signal, skin, scales, rules), ratio, pixel, params)


def _on_grid(
    view: SkinView, square: float
) -> tuple[NDArray[np.float32], Mask, tuple[float, float]]:
    """Ln Y and usable skin on squares of so many pixels, and their exact sides (x, y)."""
    rows, cols = view.skin.shape
    size = (max(1, round(cols / square)), max(1, round(rows / square)))
    skin = view.skin.astype(np.float32)
    light = once(log_light, view, None)
    level = np.float32(light[view.skin].mean()) if view.skin.any() else np.float32(0.0)
    inside = np.where(view.skin, light - level, np.float32(0.0))
    share, sums = (
        cv2.resize(plane, size, interpolation=cv2.INTER_AREA) for plane in (skin, inside)
    )
    signal = np.asarray(sums / np.maximum(share, np.float32(1e-3)), dtype=np.float32)
    return signal, np.asarray(share >= 0.5, dtype=np.bool_), (cols / size[0], rows / size[1])


def _in_region(
    view: SkinView, lines: Lines, ratio: tuple[float, float], pixel: float, params: Params
) -> _Found | NotMeasured:
    """The entries inside the region, in millimetres."""
    rows, cols = view.mask.shape
    shape = (round(rows / ratio[1]), round(cols / ratio[0]))
    row = np.minimum(((lines.row + 0.5) * ratio[1]).astype(np.intp), rows - 1)
    col = np.minimum(((lines.col + 0.5) * ratio[0]).astype(np.intp), cols - 1)
    inside = view.mask[row, col]
    lines = lines.only(inside)
    step = pixel * float(np.sqrt(ratio[0] * ratio[1]))
    found = _Found(
        lines=lines,
        shape=shape,
        to_px=ratio,
        step_mm=step,
        tiles=view.tile_ids[row[inside], col[inside]],
        length_mm=lines.length * step,
        width_mm=WIDTH * lines.profile_px * step,
    )
    total = float(found.length_mm.sum())
    if total == 0.0:
        return NotMeasured("no fine lines stand out of the relief of the region")
    if total < params.least_total_mm:
        return NotMeasured(
            f"only {total:.0f} mm of lines were found in the region, fewer than"
            f" {params.least_total_mm:g}: too little for a change, choose a larger"
            " region"
        )
    return found


def _per_area(view: SkinView, found: _Found, amounts: Matrix) -> Tiles:
    """Sums of amounts per area of the region, by tile; both in millimetres."""
    all_counts = np.bincount(view.tile_ids[view.mask])
    ids = np.flatnonzero(all_counts).astype(np.int32)
    counts = all_counts[ids].astype(np.float64)
    mm2_per_px = found.step_mm**2 / (found.to_px[0] * found.to_px[1])
    sums = np.bincount(found.tiles, weights=amounts, minlength=int(ids[-1]) + 1)[ids]
    return Tiles(ids, counts, sums / (counts * mm2_per_px), "mean")


def _lost_length(found: _Found) -> float:
    """Relative loss of length per relative loss of contrast: from lines near the limit."""
    near = found.length_mm[found.lines.strength < _NEAR_LIMIT * found.lines.weak].sum()
    return float(near / found.length_mm.sum() / np.log(_NEAR_LIMIT))


def _sensitivity(view: SkinView, found: _Found, power: float) -> float:
    """Change of ln(value) per variance of blur, where the value goes with a power of contrast.

    Blur of variance v widens a Gaussian line from s² to s² + v and makes it so much flatter.
    """
    weight = found.length_mm / found.length_mm.sum()
    variance = found.lines.profile_px**2 * found.to_px[0] * found.to_px[1]
    return 0.0 - 0.5 * power * float(weight @ (1.0 / variance)) * view.magnification**2


def _marks(found: _Found) -> Matrix:
    """A point every half millimetre along the lines: x, y and width in pixels of the view."""
    lines = found.lines
    flat = np.abs(np.cos(lines.direction)) >= np.abs(np.sin(lines.direction))
    every = max(1, round(_MARK_MM / found.step_mm))
    kept = np.where(flat, lines.col, lines.row) % every == 0
    width = WIDTH * lines.profile_px * np.sqrt(found.to_px[0] * found.to_px[1])
    x = (lines.col + 0.5) * found.to_px[0] - 0.5
    y = (lines.row + 0.5) * found.to_px[1] - 0.5
    return np.asarray(np.column_stack([x, y, width])[kept], dtype=np.float64)


def _outline(view: SkinView, found: _Found) -> Mask:
    """Where lines are, as wide as they are, on the pixels of the region."""
    middle = np.zeros(found.shape, dtype=np.bool_)
    middle[found.lines.row, found.lines.col] = True
    nearest = np.zeros(found.shape, dtype=np.float32)
    nearest[middle] = 0.5 * WIDTH * found.lines.profile_px
    reach = int(np.ceil(nearest.max()))
    widest = cv2.dilate(nearest, np.ones((2 * reach + 1, 2 * reach + 1), dtype=np.uint8))
    drawn = distance_to(middle) <= np.maximum(widest, 0.5)
    rows, cols = view.mask.shape
    full = cv2.resize(drawn.astype(np.uint8), (cols, rows), interpolation=cv2.INTER_NEAREST_EXACT)
    return np.asarray((full > 0) & view.mask, dtype=np.bool_)


_SOURCES = (
    "Frangi AF et al. MICCAI 1998. doi:10.1007/BFb0056195",
    "Canny J. IEEE TPAMI 1986;8:679-698. doi:10.1109/TPAMI.1986.4767851",
)

_measure = partial(
    Measure,
    change="ratio",
    better="lower",
    family="lines",
    needs=frozenset({Need.SCALE}),
    uses_reference=False,
    fragile_to=frozenset({"light", "blur", "alignment", "scale"}),
    params=Params,
    version=1,
    references=_SOURCES,
)

MEASURES = (
    _measure(
        name="lines_length",
        title="Length of fine lines per area",
        unit="mm/cm²",
        read=read_lines_length,
    ),
    _measure(
        name="lines_area_share",
        title="Fine lines, share of the region",
        unit="%",
        read=read_lines_area_share,
    ),
    _measure(
        name="lines_depth",
        title="Contrast of fine lines",
        unit="1",
        read=read_lines_depth,
    ),
)
