"""What a target card looks like from straight above, to be held against photographs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from dermadelta.kernels import card
from dermadelta.kernels.card_picture import marker_cells
from dermadelta.kernels.colour import srgb_decode, srgb_encode

Floats = NDArray[np.float64]
Image = NDArray[np.float32]

_FINE = 96
"""Pixels per side of a marker when shapes are drawn, before they are averaged: 16 per cell."""

_INK, _GROUND = 0.02, 0.3
"""Reflectance of printed black and of what the card lies on; paper is 1. Nothing hangs on them
closely."""

_AROUND = 1
"""Ground drawn around the card, in sides; it shines into the edge of a blurred picture."""

_LUMINANCE = np.array([0.2126, 0.7152, 0.0722])
"""Of linear sRGB; IEC 61966-2-1."""

_EDGE = 0.16
"""Margin along the edge of the paper that does not count, in sides; the white is 0.25 wide."""


@dataclass(frozen=True, eq=False)
class CardTemplate:
    """A card at a number of pixels per marker side, as vectors over its n pixels.

    ``image`` is (h, w) float32, 0..1 encoded grey; ``gradient`` (2, n) its derivatives by x and y
    in the coordinates of ``moves``; ``shading`` (n, 3) a plane; ``moves`` (2, n, 8) how every
    pixel moves, in x and y, with the parameters of a homography in coordinates whose origin is
    the middle of the card and whose unit is half its length; ``inner`` (n,) is 0 along the edge of
    the paper, where the ground shines in, and else 1. ``growth`` (n, 2) is how it changes where
    everything dark shrinks across or down, as it does when a blurred picture is encoded.
    """

    image: Image
    gradient: Floats
    shading: Floats
    moves: Floats
    inner: Floats
    growth: Floats


TO_MIDDLE = np.array(
    [
        [2.0 / card.HEIGHT, 0.0, -card.WIDTH / card.HEIGHT],
        [0.0, 2.0 / card.HEIGHT, -1.0],
        [0.0, 0.0, 1.0],
    ]
)
"""Card units to the coordinates of ``CardTemplate.moves``."""


def pixels_to_card(px_per_side: float) -> Floats:
    """(3, 3) transform of pixel centres of a template to card units."""
    step = 1.0 / px_per_side
    return np.array([[step, 0.0, 0.5 * step], [0.0, step, 0.5 * step], [0.0, 0.0, 1.0]])


@lru_cache(maxsize=32)
def card_template(
    px_per_side: int, numbers: tuple[int, ...] = (), blur_px: tuple[float, float] = (0.7, 0.7)
) -> CardTemplate:
    """Template of a card at a resolution.

    Parameters
    ----------
    px_per_side : int
        Pixels per side of a marker.
    numbers : tuple of int
        Numbers of the markers in the order of ``card.CORNERS``; where there are none, every
        corner shows the mean of the markers that may be there.
    blur_px : (float, float)
        SD of the blur across and down, in linear light, pixels of the template.
    """
    image = _drawn(px_per_side, numbers, blur_px)
    rows, cols = image.shape
    at = pixels_to_card(px_per_side)
    x, y = np.meshgrid(np.arange(cols) * at[0, 0] + at[0, 2], np.arange(rows) * at[1, 1] + at[1, 2])
    u = (TO_MIDDLE[0, 0] * x + TO_MIDDLE[0, 2]).ravel()
    v = (TO_MIDDLE[1, 1] * y + TO_MIDDLE[1, 2]).ravel()
    from_edge = np.minimum(np.minimum(x, card.WIDTH - x), np.minimum(y, card.HEIGHT - y))
    slope = gradients(image, px_per_side)
    return CardTemplate(
        image=image,
        gradient=slope,
        shading=np.stack([np.ones_like(u), u, v], axis=-1),
        moves=moves_of(u, v),
        inner=(from_edge > _EDGE).ravel().astype(np.float64),
        growth=np.abs(slope).T,
    )


def moves_of(u: Floats, v: Floats) -> Floats:
    """(2, n, 8): how points (n,) u and v move along each with the parameters of a homography."""
    zero, one = np.zeros_like(u), np.ones_like(u)
    along_x = np.stack([u, v, one, zero, zero, zero, -u * u, -u * v], axis=-1)
    along_y = np.stack([zero, zero, zero, u, v, one, -u * v, -v * v], axis=-1)
    return np.stack([along_x, along_y])


def gradients(image: Image, px_per_side: int) -> Floats:
    """(2, n) derivatives by x and y of a template or of a photo on its grid."""
    per_unit = px_per_side * card.HEIGHT / 2.0
    padded = cv2.copyMakeBorder(image, 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    across = 0.5 * (padded[1:-1, 2:] - padded[1:-1, :-2])
    down = 0.5 * (padded[2:, 1:-1] - padded[:-2, 1:-1])
    return np.stack([across.ravel(), down.ravel()]).astype(np.float64) * per_unit


def _drawn(px_per_side: int, numbers: tuple[int, ...], blur_px: tuple[float, float]) -> Image:
    sheet = np.ones((int(card.HEIGHT * _FINE), int(card.WIDTH * _FINE)), dtype=np.float32)
    for patch in card.patches():
        linear = srgb_decode(np.array(patch.srgb) / 255.0)
        x, y = np.round(patch.corners[0] * _FINE).astype(int)
        sheet[y : y + _FINE, x : x + _FINE] = float(_LUMINANCE @ linear)
    points = np.round((card.slanted_square() * _FINE - 0.5) * 16).astype(np.int32)
    cv2.fillConvexPoly(sheet, points, _INK, shift=4)
    for corner, square in enumerate(card.marker_squares()):
        seen = marker_picture(numbers[corner]) if numbers else mean_marker(corner)
        x, y = np.round(square[0] * _FINE).astype(int)
        large = cv2.resize(seen, (_FINE, _FINE), interpolation=cv2.INTER_NEAREST)
        sheet[y : y + _FINE, x : x + _FINE] = _INK + (1.0 - _INK) * large
    size = (int(card.WIDTH * px_per_side), int(card.HEIGHT * px_per_side))
    small = cv2.resize(sheet, size, interpolation=cv2.INTER_AREA)
    pad = _AROUND * px_per_side
    small = cv2.copyMakeBorder(small, *(pad,) * 4, cv2.BORDER_CONSTANT, value=_GROUND)
    soft = cv2.GaussianBlur(
        small, (0, 0), sigmaX=blur_px[0], sigmaY=blur_px[1], borderType=cv2.BORDER_REPLICATE
    )
    return np.asarray(srgb_encode(soft[pad:-pad, pad:-pad].astype(np.float64)), dtype=np.float32)


@lru_cache(maxsize=128)
def marker_picture(number: int) -> Image:
    """(6, 6) float32 cells of a marker of the card's dictionary, 0 black, 1 white."""
    return np.where(marker_cells(number), np.float32(0.0), np.float32(1.0))


def markers_of(corner: int) -> tuple[int, ...]:
    """Numbers of the markers that may stand in a corner."""
    every = range(card.FIRST_NUMBER, card.FIRST_NUMBER + 100)
    return tuple(number for number in every if card.corner_of(number) == corner)


def mean_marker(corner: int) -> Image:
    """(6, 6) float32 mean of the markers that may stand in a corner."""
    pictures = [marker_picture(number) for number in markers_of(corner)]
    return np.asarray(np.mean(pictures, axis=0), dtype=np.float32)
