"""Depict: the small pictures that people look at; nothing here is ever measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field, PositiveFloat

from dermadelta.domain import (
    REFERENCE,
    AlignedPhoto,
    Carried,
    FloatArray,
    Mask,
    Matrix,
    Measure,
    NotMeasured,
    Picture,
    Read,
    Reading,
    Settings,
    SkinView,
    TileGrid,
    Tiles,
)
from dermadelta.kernels.colour import eight_bit, linearise, srgb_encode
from dermadelta.kernels.geometry import bounding_box, dense_map, invert_field
from dermadelta.kernels.patch_picture import patch_picture
from dermadelta.kernels.resampling import sample, sample_mask, sample_replicated, shrink_pixels
from dermadelta.kernels.texture import gaussian

Bytes = NDArray[np.uint8]


class DepictConfig(Settings):
    """Size and colour scale of the pictures."""

    longer_side_px: int = Field(1000, ge=200, description="Longer side of the pictures, pixels.")
    margin_share: float = Field(0.12, ge=0.0, description="Skin shown around the regions.")
    heat_log: float = Field(
        0.7, gt=0.0, description="End of the heat scale for ratio measures, log units (0.7 = ×2)."
    )
    card_de00: float = Field(
        4.0, gt=0.0, description="Patches of a calibration object beyond this ΔE00 are marked."
    )
    heat_difference: dict[str, PositiveFloat] = Field(
        {"EI": 8.0, "a*": 8.0, "density": 0.15, "°": 15.0},
        description="End of the heat scale for difference measures, by their unit; without an entry"
        " there is no map.",
    )


_LESS = np.array([33.0, 102.0, 172.0], dtype=np.float32)
_SAME = np.array([247.0, 247.0, 247.0], dtype=np.float32)
_MORE = np.array([178.0, 72.0, 8.0], dtype=np.float32)
"""Blue through white to orange: told apart with every common colour-vision deficiency."""

_BEFORE_LINE, _AFTER_LINE = (33, 102, 172), (214, 96, 4)


@dataclass(frozen=True, eq=False)
class _Canvas:
    """The display crop: where its pixels lie in the before photo and in the after photo."""

    own: tuple[FloatArray, FloatArray]
    photos: tuple[AlignedPhoto, AlignedPhoto]
    factor: float
    grid: TileGrid

    @property
    def ids(self) -> tuple[str, str]:
        first, second = (item.photo.photo.ref.photo_id for item in self.photos)
        return first, second


def depict(
    before: AlignedPhoto,
    after: AlignedPhoto,
    carried: Carried | NotMeasured,
    readings: Sequence[Reading],
    catalogue: Sequence[Measure],
    config: DepictConfig,
) -> tuple[Picture, ...]:
    """Display pictures of a pair.

    Parameters
    ----------
    before, after : AlignedPhoto
        The first photo of either side.
    carried : Carried or NotMeasured
        NotMeasured when the pair was refused before any region was carried.
    readings : sequence of Reading
        Their tiles make the heat maps.
    catalogue : sequence of Measure
    config : DepictConfig

    Returns
    -------
    tuple of Picture
        Both photos, the mask of every region on either photo, and a heat map per measure and
        region (for scars, the two outlines), all on one crop of the first before photo. Of a
        refused pair only both photos, each whole and as taken.
    """
    cards = _card_pictures((before, after), config)
    if isinstance(carried, NotMeasured):
        return (
            Picture("before.jpg", "before", "Before, as taken", _whole(before, config)),
            Picture("after.jpg", "after", "After, as taken, not aligned", _whole(after, config)),
            *cards,
        )
    canvas = _canvas(before, after, carried, config)
    shown = (_shown(before, canvas.own[0], canvas), _shown(after, canvas.own[1], canvas))
    return (
        Picture("before.jpg", "before", "Before, for display", shown[0]),
        Picture("after.jpg", "after", "After, laid onto the before photo, for display", shown[1]),
        *_mask_pictures(carried, canvas),
        *_heat_pictures(carried, readings, catalogue, shown[0], canvas, config),
        *cards,
    )


def _card_pictures(photos: Sequence[AlignedPhoto], config: DepictConfig) -> list[Picture]:
    """Every calibration object with the colour difference of its patches."""
    pictures = []
    for item in photos:
        card, rgb = item.photo.card, item.photo.photo.rgb
        if isinstance(card, NotMeasured) or not card.patches:
            continue
        x0, y0, width, height = _around(card.outline, rgb.shape)
        part = rgb[y0 : y0 + height, x0 : x0 + width]
        quads = np.stack([patch.corners for patch in card.patches]) - np.array([x0, y0])
        found = [None if isinstance(p.de00, NotMeasured) else p.de00 for p in card.patches]
        drawn = patch_picture(
            eight_bit(part), quads, found, config.card_de00, config.longer_side_px
        )
        role = item.role.value
        caption = f"{card.kind} on the {role} photo: ΔE00 of every patch from a model without it"
        pictures.append(Picture(f"card_{role}.jpg", "card", caption, drawn))
    return pictures


def _around(outline: Matrix, shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    """Box of an outline with a little of its surroundings: x, y, width, height."""
    edge = np.array(shape[1::-1])
    margin = 0.06 * float(np.ptp(outline, axis=0).max())
    low = np.clip(np.floor(outline.min(axis=0) - margin), 0, edge - 1).astype(int)
    high = np.clip(np.ceil(outline.max(axis=0) + margin) + 1, low + 1, edge).astype(int)
    return int(low[0]), int(low[1]), int(high[0] - low[0]), int(high[1] - low[1])


def _canvas(
    before: AlignedPhoto, after: AlignedPhoto, carried: Carried, config: DepictConfig
) -> _Canvas:
    rows, cols = before.regions.usable.shape
    covered = np.zeros((rows, cols), dtype=np.bool_)
    for view in carried.views:
        if view.photo_id == before.photo.photo.ref.photo_id:
            x0, y0 = view.origin
            h, w = view.mask.shape
            covered[y0 : y0 + h, x0 : x0 + w] |= view.mask
    box = bounding_box(covered, 0)
    box = bounding_box(covered, round(config.margin_share * max(box[2:])))
    factor = min(1.0, config.longer_side_px / max(box[2:]))
    size = (max(1, round(box[2] * factor)), max(1, round(box[3] * factor)))

    def in_before(display: Matrix) -> Matrix:
        return np.asarray((display + 0.5) / factor - 0.5 + np.array(box[:2], dtype=np.float64))

    def in_after(display: Matrix) -> Matrix:
        a = after.alignment
        points = in_before(display)
        if a is None:
            return points
        return invert_field(a.after_to_before, a.displacement, a.grid_step_px, points)

    whole = (0, 0, *size)
    own = (dense_map(in_before, whole), dense_map(in_after, whole))
    return _Canvas(own, (before, after), factor, carried.grid)


def _whole(photo: AlignedPhoto, config: DepictConfig) -> Bytes:
    stored = photo.photo.photo
    factor = min(1.0, config.longer_side_px / max(stored.rgb.shape[:2]))
    small = shrink_pixels(stored.rgb, factor)
    return _encoded(linearise(small, photo.photo.to_linear.curves, photo.photo.to_linear.matrix))


def _shown(photo: AlignedPhoto, own: FloatArray, canvas: _Canvas) -> Bytes:
    stored = photo.photo.photo
    edge = np.array(stored.rgb.shape[1::-1])
    margin = int(np.ceil(2.0 / canvas.factor))  # two pixels of the shrunk photo
    low = np.clip(np.floor(own.min(axis=(0, 1))).astype(int) - margin, 0, edge - 1)
    high = np.clip(np.ceil(own.max(axis=(0, 1))).astype(int) + margin + 1, low + 1, edge)
    part = stored.rgb[low[1] : high[1], low[0] : high[0]]
    small = shrink_pixels(part, canvas.factor)
    step = np.array(small.shape[1::-1]) / np.array(part.shape[1::-1])
    linear = linearise(small, photo.photo.to_linear.curves, photo.photo.to_linear.matrix)
    shift = (0.5 - low) * step - 0.5
    return _encoded(sample(linear, own * step.astype(np.float32) + shift.astype(np.float32)))


def _encoded(linear: FloatArray) -> Bytes:
    """8-bit sRGB of linear light, by a table with a step of a twentieth of a level at most."""
    codes = np.round(255.0 * srgb_encode(np.linspace(0.0, 1.0, 65_536))).astype(np.uint8)
    steps = np.clip(linear, 0.0, 1.0) * np.float32(65_535.0) + np.float32(0.5)
    return np.asarray(np.take(codes, steps.astype(np.uint16)), dtype=np.uint8)


def _on_display(view: SkinView, mask: Mask, canvas: _Canvas) -> Mask:
    own = canvas.own[canvas.ids.index(view.photo_id)]
    return sample_mask(mask, own - np.array(view.origin, dtype=np.float32))


def _mask_pictures(carried: Carried, canvas: _Canvas) -> list[Picture]:
    pictures = []
    for view in carried.views:
        if view.photo_id in canvas.ids:
            pixels = np.where(_on_display(view, view.mask, canvas), 255, 0).astype(np.uint8)
            name = f"mask_{view.role.value}_{view.region}.png"
            caption = f"{view.region} on the {view.role.value} photo"
            pictures.append(Picture(name, "mask", caption, pixels))
    return pictures


def _heat_pictures(
    carried: Carried,
    readings: Sequence[Reading],
    catalogue: Sequence[Measure],
    shown: Bytes,
    canvas: _Canvas,
    config: DepictConfig,
) -> list[Picture]:
    views = {(v.photo_id, v.region): v for v in carried.views}
    grey = cv2.cvtColor(cv2.cvtColor(shown, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    background = np.asarray(grey, dtype=np.uint8)
    pictures = []
    regions = dict.fromkeys(v.region for v in carried.views if v.region != REFERENCE)
    inside = {
        name: _on_display(views[canvas.ids[0], name], views[canvas.ids[0], name].mask, canvas)
        for name in regions
    }
    for item in catalogue:
        if item.detail:
            continue
        for region in regions:
            pair = _pair_of(readings, item, region, canvas.ids)
            if pair is None:
                continue
            outlined = pair[0].outline is not None and pair[1].outline is not None
            if not outlined and not _mapped(item, pair[0], config):
                continue
            sides = (views[canvas.ids[0], region], views[canvas.ids[1], region])
            name = f"heat_{region}_{item.name}.png"
            if pair[0].outline is not None and pair[1].outline is not None:
                outlines = (pair[0].outline, pair[1].outline)
                caption = f"{item.title}: outline before (blue) and after (orange)"
                pixels = _outlined(background, outlines, sides, canvas)
            else:
                caption = _caption(item, config)
                pixels = _heat(item, pair, inside[region], background, canvas, config)
            pictures.append(Picture(name, "heat", caption, pixels))
    return pictures


def _mapped(item: Measure, read: Read, config: DepictConfig) -> bool:
    """Whether a change has a value in every place: a level, not a number of things found."""
    if read.tiles.combine == "sum" or len(read.marks):
        return False
    return item.change == "ratio" or item.unit in config.heat_difference


def _pair_of(
    readings: Sequence[Reading], item: Measure, region: str, ids: tuple[str, str]
) -> tuple[Read, Read] | None:
    found: dict[str, Read] = {}
    for reading in readings:
        wanted = reading.measure == item.name and reading.region == region
        if wanted and isinstance(reading.result, Read):
            found[reading.photo_id] = reading.result
    if ids[0] not in found or ids[1] not in found:
        return None
    return found[ids[0]], found[ids[1]]


def _outlined(
    background: Bytes,
    outlines: tuple[Mask, Mask],
    views: tuple[SkinView, SkinView],
    canvas: _Canvas,
) -> Bytes:
    picture = background.copy()
    colours = (_BEFORE_LINE, _AFTER_LINE)
    for outline, view, colour in zip(outlines, views, colours, strict=True):
        mask = _on_display(view, outline, canvas).astype(np.uint8)
        lines, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
        cv2.drawContours(picture, lines, -1, colour, 2, cv2.LINE_AA)
    return picture


def _heat(
    item: Measure,
    reads: tuple[Read, Read],
    inside: Mask,
    background: Bytes,
    canvas: _Canvas,
    config: DepictConfig,
) -> Bytes:
    change = _tile_change(reads, canvas.grid, item.change == "ratio")
    end = config.heat_log if item.change == "ratio" else config.heat_difference[item.unit]
    x0, y0, width, height = bounding_box(inside, 0)
    part = (slice(y0, y0 + height), slice(x0, x0 + width))
    within = inside[part]
    value = _spread(change, canvas.grid, canvas.own[0][part])[within]
    picture = background.copy()
    shown = np.float32(0.35) * picture[part][within] + np.float32(0.65) * _diverging(value / end)
    picture[part][within] = np.round(shown).astype(np.uint8)
    return picture


def _caption(item: Measure, config: DepictConfig) -> str:
    if item.change == "ratio":
        low, high = (100.0 * np.expm1(sign * config.heat_log) for sign in (-1.0, 1.0))
        return f"{item.title}: change from {low:.0f} % (blue) to +{high:.0f} % (orange)"
    end = config.heat_difference[item.unit]
    return f"{item.title}: change from -{end:g} (blue) to +{end:g} {item.unit} (orange)"


def _tile_change(reads: tuple[Read, Read], grid: TileGrid, log: bool) -> FloatArray:
    """(n_rows, n_cols, 2): change per tile times its weight, and the weight."""
    out = np.zeros((grid.n_rows * grid.n_cols, 2), dtype=np.float32)
    before, after = reads[0].tiles, reads[1].tiles
    common, i, j = np.intersect1d(before.ids, after.ids, return_indices=True)
    if log:
        power = 0.5 if before.combine == "rms" else 1.0
        value = power * (_log(after, j) - _log(before, i))
    else:
        value = after.value[j] - before.value[i]
    weight = np.minimum(before.weight[i], after.weight[j])
    out[common, 0], out[common, 1] = value * weight, weight
    return out.reshape(grid.n_rows, grid.n_cols, 2)


def _log(tiles: Tiles, index: NDArray[np.intp]) -> Matrix:
    return np.log(np.maximum(tiles.value[index], 1e-12))


def _spread(tiles: FloatArray, grid: TileGrid, points: FloatArray) -> FloatArray:
    """Tile values as a smooth picture at (h, w, 2) points of the before photo."""
    smooth = gaussian(tiles, 0.7)
    drawn = sample_replicated(smooth, (points + 0.5) / grid.size_px - 0.5)
    return np.asarray(drawn[..., 0] / np.maximum(drawn[..., 1], 1e-6), dtype=np.float32)


def _diverging(value: FloatArray) -> FloatArray:
    """Colours (n, 3) 0..255 for values (n,) of -1..1, grey at 0."""
    v = np.clip(value, -1.0, 1.0)[..., None]
    less, more = np.maximum(-v, 0.0), np.maximum(v, 0.0)
    return np.asarray(_SAME + (_LESS - _SAME) * less + (_MORE - _SAME) * more, dtype=np.float32)
