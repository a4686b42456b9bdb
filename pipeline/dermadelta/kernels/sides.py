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
    """What of one photo may be aligned on.

    ``pixels`` (H, W, 3) as stored, with ``curves`` and ``to_srgb`` to linear sRGB. ``allowed``,
    ``region`` and ``measured`` are (H, W) bool: what can be read, where the fit must hold, and
    all that is measured. ``surface`` is (h, w) bool at any smaller size: skin with what it
    encloses.
    """

    pixels: NDArray[np.uint8] | NDArray[np.uint16]
    curves: NDArray[np.float32]
    to_srgb: Floats
    allowed: Bools
    region: Bools
    measured: Bools
    surface: Bools

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the photo."""
        return (self.region.shape[0], self.region.shape[1])


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
    def pigment(self) -> NDArray[np.uint8]:
        """Ln R - ln G, locally normalised; made only where it is asked for."""
        red, green = (np.log(np.maximum(self.rgb[..., k], np.float32(TINY))) for k in (0, 1))
        return flow.locally_normalised(gaussian(red - green, 1.0), self.usable, self.sigma)


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
        Part of the photo, in its pixels; None takes all of it.

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
    to_full = resize_transform(shape, (height, width))
    to_full[:2, 2] += (x0, y0)
    usable = _surface(source, shape, to_full) & resize_mask(source.allowed[part], shape)
    short_side = factor * min(source.shape)
    sigma = max(3.0, normalise_share * short_side)
    return Side(
        rgb=rgb,
        grey=flow.locally_normalised(log_luminance(rgb), usable, sigma),
        usable=usable,
        region=resize_mask(source.region[part], shape) & usable,
        to_full=to_full,
        short_side=short_side,
        sigma=sigma,
    )


def _surface(source: Source, shape: tuple[int, int], to_full: Floats) -> Bools:
    """The surface on the grid of a box, nearest pixel."""
    given = (source.surface.shape[0], source.surface.shape[1])
    to_surface = resize_transform(source.shape, given) @ to_full
    drawn = cv2.warpAffine(
        source.surface.view(np.uint8),
        to_surface[:2],
        shape[::-1],
        flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(drawn, dtype=np.bool_)


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
        Homography between the full photos.
    margin_share : float
        Skin around what is measured, share of the short side.

    Returns
    -------
    (box, box) or None
        (x0, y0, width, height) in pixels of either photo; None where the after photo does not
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
