"""Colour of a region at the resolution that colour needs: area means of linear light.

Pigment and redness have no detail that a tenth of a millimetre would miss, and noise has. So the
pixels of a region are averaged in linear light once, and every measure of colour reads the means.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from dermadelta.kernels.colour import TINY
from dermadelta.kernels.memo import once
from dermadelta.kernels.resampling import resize_mask
from dermadelta.kernels.statistics import central_share, robust_sd, square_middles
from dermadelta.kernels.texture import masked_gaussians

FINEST_MM: Final = 0.1
"""Side of a pixel of the map where the scale is known, as nearly as whole pixels allow."""

MOST_PIXELS: Final = 420_000
"""Pixels of the map at most; larger regions are averaged further."""

COARSE_MM: Final = 0.2
"""Side of the squares on which patches of colour and unevenness are sought."""

_REDNESS_SIGMA: Final = 0.75
"""Gaussian, in squares of the coarse map, over which local redness is taken: single vessels and
noise are no red patch."""

_FINER: Final = 3
"""Places along a side of a square that are held against a threshold: edges are finer than it."""

_STRIP: Final = 16
"""Squares of the map that are made in one go, along a column."""

Floats = NDArray[np.float32]

EI_PER_LOG: Final = 100.0 / float(np.log(10.0))
"""Erythema index per unit of ln(R/G)."""

_EI_OF_LOGS: Final = EI_PER_LOG * np.array([[1.0, -1.0, 0.0]])


class Pixels(Protocol):
    """What a map is made of: the pixels of a box, shapes (h, w, 3) and (h, w)."""

    @property
    def rgb(self) -> NDArray[np.float32]:
        """Linear RGB."""

    @property
    def mask(self) -> NDArray[np.bool_]:
        """Pixels that count."""

    @property
    def tile_ids(self) -> NDArray[np.int32]:
        """Tile of every pixel, ≥ 0."""


@dataclass(frozen=True, eq=False)
class ColourMap:
    """Means of linear RGB over squares of ``factor`` × ``factor`` pixels of a box.

    ``rgb`` is (H, W, 3) float32, the mean over the pixels of the mask, 0 where there are none.
    ``weight`` (H, W) float32 counts them, so that Σ weight · rgb is the sum over the mask.
    ``tile_ids`` (H, W) int32 is the tile of a pixel in the middle of each square. ``step_mm`` is
    the side of a square in millimetres, None without a scale.
    """

    rgb: Floats
    weight: Floats
    tile_ids: NDArray[np.int32]
    factor: int
    step_mm: float | None

    @property
    def whole(self) -> NDArray[np.bool_]:
        """(H, W) bool: squares of which at least half counts."""
        return np.asarray(self.weight >= 0.5 * self.factor**2, dtype=np.bool_)

    @property
    def used(self) -> NDArray[np.bool_]:
        """(H, W) bool: squares that hold a pixel of the mask."""
        return np.asarray(self.weight > 0.0, dtype=np.bool_)


def colour_map(pixels: Pixels, mm_per_px: float | None) -> ColourMap:
    """The map of a box of pixels; through ``memo.once`` it is made once for all measures.

    Parameters
    ----------
    pixels : Pixels
        Colours off the mask neither enter nor matter.
    mm_per_px : float or None
        Scale of the box, None if unknown.

    Returns
    -------
    ColourMap
    """
    shape = pixels.mask.shape
    factor = map_factor((shape[0], shape[1]), mm_per_px)
    rows = _STRIP * factor  # a strip at a time stays in the cache
    sums, weight = (
        np.concatenate(parts)
        for parts in zip(
            *(
                _masked_sums(pixels.rgb[top : top + rows], pixels.mask[top : top + rows], factor)
                for top in range(0, shape[0], rows)
            ),
            strict=True,
        )
    )
    return ColourMap(
        _ratio(sums, weight),
        weight,
        square_middles(pixels.tile_ids, factor),
        factor,
        None if mm_per_px is None else factor * mm_per_px,
    )


def map_factor(shape: tuple[int, int], mm_per_px: float | None) -> int:
    """Pixels along one side of a square of the map, from the size of the box and its scale."""
    fine = 1 if mm_per_px is None else max(1, round(FINEST_MM / mm_per_px))
    return max(fine, int(np.ceil(np.sqrt(shape[0] * shape[1] / MOST_PIXELS))), 1)


def coarser(fine: ColourMap, factor: int) -> ColourMap:
    """The same colours over squares of ``factor`` × ``factor`` squares of the map."""
    if factor <= 1:
        return fine
    sums = _block_sums(fine.rgb * fine.weight[..., None], factor)
    weight = _block_sums(fine.weight, factor)
    return ColourMap(
        _ratio(sums, weight),
        weight,
        square_middles(fine.tile_ids, factor),
        fine.factor * factor,
        None if fine.step_mm is None else factor * fine.step_mm,
    )


def coarse_map(fine: ColourMap, step_mm: float) -> ColourMap:
    """A coarser map of squares of about ``step_mm``; without a scale, half as fine."""
    return coarser(fine, 2 if fine.step_mm is None else max(1, round(step_mm / fine.step_mm)))


def block_means(values: Floats, weight: Floats, factor: int) -> tuple[Floats, Floats]:
    """Weighted means over squares of ``factor`` × ``factor``, and the weights of the squares.

    Parameters
    ----------
    values, weight : (h, w) float32
        Values count by weight; 0 where a square has none.

    Returns
    -------
    means, weights : (⌈h/factor⌉, ⌈w/factor⌉) float32
    """
    total = _block_sums(weight, factor)
    return _ratio(_block_sums(values * weight, factor), total), total


def log_rgb(colours: ColourMap, _: None = None) -> Floats:
    """Natural logarithm of a map's RGB, (H, W, 3) float32; ``TINY`` is the least light."""
    return np.asarray(cv2.log(np.maximum(colours.rgb, np.float32(TINY))), dtype=np.float32)


def erythema_map(colours: ColourMap, _: None = None) -> Floats:
    """Erythema index 100·log10(R/G) of every square, (H, W) float32."""
    logs = once(log_rgb, colours, None)
    return np.asarray(cv2.transform(logs, _EI_OF_LOGS), dtype=np.float32)


def local_erythema(coarse: ColourMap, _: None = None) -> Floats:
    """Erythema index of the skin about every square of a coarse map, (H, W) float32.

    Light is averaged over 0.15 mm (Gaussian), so that patches do not depend on where squares lie.
    """
    sigma = _REDNESS_SIGMA
    if coarse.step_mm is not None:
        sigma *= COARSE_MM / coarse.step_mm
    red, green = masked_gaussians([coarse.rgb[..., k] for k in (0, 1)], coarse.used, sigma)
    ratio = np.maximum(red, np.float32(TINY)) / np.maximum(green, np.float32(TINY))
    return np.asarray(np.float32(EI_PER_LOG) * cv2.log(ratio), dtype=np.float32)


def erythema_spread(coarse: ColourMap) -> tuple[float, float]:
    """Median of the local erythema index and its robust SD: how red skin is, how evenly so.

    Squares of which less than half is skin are left out, being noisier.
    """
    index = local_erythema(coarse)[coarse.whole]
    return float(np.median(index)) if index.size else 0.0, robust_sd(index)


def tile_means(
    colours: ColourMap, values: NDArray[np.floating], kept: NDArray[np.bool_] | None = None
) -> tuple[NDArray[np.int32], NDArray[np.float64], NDArray[np.float64]]:
    """Tiles, their weights and the weighted mean of values per tile.

    Parameters
    ----------
    values : (H, W) or (H, W, k) float
        One per square of the map.
    kept : (H, W) bool, optional
        Squares that count; all used ones if not given.

    Returns
    -------
    ids, weights, means : (T,) int32, (T,) float64, (T,) or (T, k) float64
        The weighted mean of the means is the weighted mean of the values.
    """
    tiles = once(_flat_tiles, colours, None)
    weight = colours.weight if kept is None else colours.weight * kept
    totals = np.bincount(tiles, weights=weight.ravel()).astype(np.float64, copy=False)
    ids = np.flatnonzero(totals)
    planes = values[..., None] if values.ndim == 2 else values
    means = np.empty((len(ids), planes.shape[2]))
    for k in range(planes.shape[2]):
        sums = np.bincount(tiles, weights=(planes[..., k] * weight).ravel())
        means[:, k] = sums[ids] / totals[ids]
    return ids.astype(np.int32), totals[ids], means[:, 0] if values.ndim == 2 else means


def _flat_tiles(colours: ColourMap, _: None) -> NDArray[np.intp]:
    return colours.tile_ids.ravel().astype(np.intp)


def share_above(values: Floats, threshold: float) -> Floats:
    """Part of every square (0..1) that lies above a threshold, values taken as linear between."""
    rows, cols = values.shape
    size = (cols * _FINER, rows * _FINER)
    fine = np.asarray(cv2.resize(values, size, interpolation=cv2.INTER_LINEAR))
    above = (fine > threshold).astype(np.float32)
    return _block_sums(above, _FINER) / np.float32(_FINER**2)


def trimmed_tile_means(
    colours: ColourMap, values: Floats, ranks: Floats, trim: float
) -> tuple[NDArray[np.int32], NDArray[np.float64], NDArray[np.float64]]:
    """``tile_means`` without the used squares at either end of an order.

    Parameters
    ----------
    values : (H, W) or (H, W, k) float32
        What is averaged.
    ranks : (H, W) float32
        What squares are ordered by.
    trim : float
        Share left out at either end, 0 to below 0.5.
    """
    kept = colours.used
    kept[kept] = central_share(ranks[kept], trim)
    return tile_means(colours, values, kept)


def square_centres(colours: ColourMap, origin: tuple[int, int]) -> NDArray[np.float64]:
    """(H, W, 2) float64: x and y of the middle of every square, pixels of the whole photo."""
    rows, cols = colours.weight.shape
    y, x = (
        (np.arange(size) + 0.5) * colours.factor - 0.5 + start
        for size, start in ((rows, origin[1]), (cols, origin[0]))
    )
    return np.stack(np.meshgrid(x, y), axis=-1)


def enlarged(mask: NDArray[np.bool_], factor: int, region: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """A mask on squares of ``factor`` pixels as the pixels of a region, shape of ``region``."""
    rows, cols = mask.shape
    wide = resize_mask(mask, (rows * factor, cols * factor))
    return np.asarray(wide[: region.shape[0], : region.shape[1]] & region, dtype=np.bool_)


def _masked_sums(rgb: Floats, mask: NDArray[np.bool_], factor: int) -> tuple[Floats, Floats]:
    inside = np.asarray(cv2.copyTo(rgb, mask.view(np.uint8)), dtype=np.float32)
    return _block_sums(inside, factor), _block_sums(mask.astype(np.float32), factor)


def _block_sums(values: Floats, factor: int) -> Floats:
    """Sums over squares; those that reach beyond the lower and right edge are cut there."""
    if factor == 1:
        return values
    rows, cols = values.shape[:2]
    high, wide = rows // factor, cols // factor
    shape = (-(-rows // factor), -(-cols // factor))
    sums = np.zeros((*shape, *values.shape[2:]), dtype=np.float32)
    if high and wide:
        sums[:high, :wide] = _whole_means(values[: high * factor, : wide * factor], factor)
    if cols > wide * factor:
        edge = np.zeros((shape[0] * factor, factor, *values.shape[2:]), dtype=np.float32)
        edge[:rows, : cols - wide * factor] = values[:, wide * factor :]
        sums[:, wide:] = _whole_means(edge, factor)
    if rows > high * factor and wide:
        edge = np.zeros((factor, wide * factor, *values.shape[2:]), dtype=np.float32)
        edge[: rows - high * factor] = values[high * factor :, : wide * factor]
        sums[high:, :wide] = _whole_means(edge, factor)
    sums *= np.float32(factor**2)
    return sums


def _whole_means(values: Floats, factor: int) -> Floats:
    size = (values.shape[1] // factor, values.shape[0] // factor)
    means = np.asarray(cv2.resize(values, size, interpolation=cv2.INTER_AREA), dtype=np.float32)
    return means.reshape(size[1], size[0], *values.shape[2:])


def _ratio(sums: Floats, weight: Floats) -> Floats:
    divisor = np.maximum(weight, np.float32(1e-6))
    return np.asarray(sums / (divisor if sums.ndim == 2 else divisor[..., None]), dtype=np.float32)
