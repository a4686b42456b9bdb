"""A photo, or a box of it, at the sizes at which it is aligned."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial

import cv2
import numpy as np
from numpy.typing import NDArray

from dermadelta.kernels import flow
from dermadelta.kernels.colour import TINY, linearise, log_luminance
from dermadelta.kernels.geometry import (
    apply_homography,
    bounding_box,
    inverse,
    reached_box,
    resize_transform,
)
from dermadelta.kernels.resampling import resize_mask, shrink_factor, shrink_pixels
from dermadelta.kernels.texture import gaussian

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Box = tuple[int, int, int, int]

_LEAST_BOX_SHARE = 0.35
"""Least side of the refined box, share of the short side: coarse flow needs some pixels."""

_SEEN_PX = 16
"""Fewer pixels across: what is measured is not seen on the other photo."""


@dataclass(frozen=True, eq=False)
class Source:
    """What of one photo may be aligned on, averaged down by a whole number.

    ``pixels`` (h, w, 3) as stored, with ``curves`` and ``to_srgb`` to linear sRGB. ``allowed``,
    ``region``, ``measured`` and ``surface`` are (h, w) bool: what can be read, where the fit must
    hold, all that is measured, and skin with what it encloses. ``factor`` is the whole number:
    pixel (x, y) lies at ``factor * x + (factor - 1) / 2`` of the photo, whose (rows, columns)
    are ``photo_shape``.
    """

    pixels: NDArray[np.uint8] | NDArray[np.uint16]
    curves: NDArray[np.float32]
    to_srgb: Floats
    allowed: Bools
    region: Bools
    measured: Bools
    surface: Bools
    factor: int
    photo_shape: tuple[int, int]

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of what was averaged down."""
        return (self.region.shape[0], self.region.shape[1])

    @property
    def to_photo(self) -> Floats:
        """Transform (3, 3) from its pixels to those of the photo."""
        shift = 0.5 * (self.factor - 1)
        return np.array([[self.factor, 0.0, shift], [0.0, self.factor, shift], [0.0, 0.0, 1.0]])


def whole_factor(shape: tuple[int, int], megapixels: float) -> int:
    """Largest whole number by which a (rows, columns) picture keeps at least a size."""
    return max(1, int(np.sqrt(shape[0] * shape[1] / (megapixels * 1e6))))


def averaged(
    pixels: NDArray[np.uint8] | NDArray[np.uint16], factor: int
) -> NDArray[np.uint8] | NDArray[np.uint16]:
    """A picture averaged down by a whole number, less the rows and columns that are left over."""
    rows, cols = pixels.shape[0] // factor, pixels.shape[1] // factor
    part = pixels[: rows * factor, : cols * factor]
    if factor == 1:
        return part
    small = np.asarray(cv2.resize(part, (cols, rows), interpolation=cv2.INTER_AREA))
    if pixels.dtype == np.uint8:
        return small.astype(np.uint8, copy=False)
    return small.astype(np.uint16, copy=False)


def thinned(mask: Bools, factor: int) -> Bools:
    """Every ``factor``-th pixel of a mask, from the middle of each cell."""
    rows, cols = mask.shape[0] // factor, mask.shape[1] // factor
    start = factor // 2
    return np.ascontiguousarray(
        mask[start : start + rows * factor : factor, start : start + cols * factor : factor]
    )


@dataclass(frozen=True, eq=False)
class Side:
    """One photo, or a box of it, at one working size.

    ``rgb`` (h, w, 3) float32 linear; ``grey`` (h, w) uint8 locally normalised; ``usable`` and
    ``region`` (h, w) bool; ``to_full`` (3, 3) from its pixels to those of the photo;
    ``short_side`` that of the whole photo and ``sigma`` the window of normalisation, in its
    pixels.
    """

    rgb: NDArray[np.float32]
    grey: NDArray[np.uint8]
    usable: Bools
    region: Bools
    to_full: Floats
    short_side: float
    sigma: float

    @cached_property
    def redness(self) -> NDArray[np.float32]:
        """Ln R - ln G, (h, w) float32; made only where it is asked for."""
        red, green = (np.log(np.maximum(self.rgb[..., k], np.float32(TINY))) for k in (0, 1))
        return np.asarray(red - green, dtype=np.float32)

    @cached_property
    def pigment(self) -> NDArray[np.uint8]:
        """The redness, locally normalised."""
        return flow.locally_normalised(gaussian(self.redness, 1.0), self.usable, self.sigma)


def side(source: Source, megapixels: float, normalise_share: float, box: Box | None = None) -> Side:
    """A photo at a working size.

    Parameters
    ----------
    source : Source
    megapixels : float
        Size that the *whole* photo would have.
    normalise_share : float
        Window of the local normalisation, share of the short side.
    box : (x0, y0, width, height) or None
        Part of the source, in its pixels; None takes all of it.

    Returns
    -------
    Side
    """
    x0, y0, width, height = box or (0, 0, *source.shape[::-1])
    part = (slice(y0, y0 + height), slice(x0, x0 + width))
    factor = shrink_factor(source.shape, megapixels)
    small = shrink_pixels(source.pixels[part], factor)
    shape = (small.shape[0], small.shape[1])
    rgb = linearise(small, source.curves, source.to_srgb)
    to_source = resize_transform(shape, (height, width))
    to_source[:2, 2] += (x0, y0)
    usable = resize_mask(source.allowed[part] & source.surface[part], shape)
    short_side = factor * min(source.shape)
    sigma = max(3.0, normalise_share * short_side)
    return Side(
        rgb=rgb,
        grey=flow.locally_normalised(log_luminance(rgb), usable, sigma),
        usable=usable,
        region=resize_mask(source.region[part], shape) & usable,
        to_full=source.to_photo @ to_source,
        short_side=short_side,
        sigma=sigma,
    )


def mirrored(original: Side) -> Side:
    """The mirror image of a side."""
    rgb = np.ascontiguousarray(original.rgb[:, ::-1])
    grey = np.ascontiguousarray(original.grey[:, ::-1])
    usable, region = (np.ascontiguousarray(v[:, ::-1]) for v in (original.usable, original.region))
    return Side(rgb, grey, usable, region, original.to_full, original.short_side, original.sigma)


def boxes_to_refine(
    before: Source, after: Source, after_to_before: Floats, *, margin_share: float
) -> tuple[Box, Box] | None:
    """What of two photos is worth dense flow: all that is measured, and skin around it.

    Parameters
    ----------
    before, after : Source
    after_to_before : (3, 3) float64
        Homography between the sources.
    margin_share : float
        Skin around what is measured, share of the short side.

    Returns
    -------
    (box, box) or None
        (x0, y0, width, height) in pixels of either source; None where the after photo does not
        show what is measured.
    """
    margin = round(margin_share * min(before.shape))
    own = _at_least(bounding_box(before.measured, margin), before.shape)
    to_after = partial(apply_homography, inverse(after_to_before))
    reached = reached_box(to_after, own, after.shape, 0.02 * min(after.shape))
    if min(reached[2:]) < _SEEN_PX:
        return None
    if after.measured.any():  # regions that were given with the after photo itself
        reached = _joined(reached, bounding_box(after.measured, margin))
    return own, _at_least(reached, after.shape)


def _joined(one: Box, other: Box) -> Box:
    x0, y0 = min(one[0], other[0]), min(one[1], other[1])
    x1, y1 = (max(one[k] + one[k + 2], other[k] + other[k + 2]) for k in (0, 1))
    return (x0, y0, x1 - x0, y1 - y0)


def _at_least(box: Box, shape: tuple[int, int]) -> Box:
    """A box grown about its middle to the least side that flow needs, within the photo."""
    least = round(_LEAST_BOX_SHARE * min(shape))
    spans = []
    for start, size, length in zip(box[:2], box[2:], shape[::-1], strict=True):
        wide = min(max(size, least), length)
        spans.append((min(max(0, start - (wide - size) // 2), length - wide), wide))
    return (spans[0][0], spans[1][0], spans[0][1], spans[1][1])
