"""Pictures of the printed target card: every pixel is the mean of what lies under it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from dermadelta.kernels.card import (
    DICTIONARY,
    HEIGHT,
    WIDTH,
    marker_numbers,
    marker_squares,
    patches,
    slanted_square,
    square,
)
from dermadelta.kernels.colour import srgb_decode, srgb_encode

Floats = NDArray[np.float64]

CELLS = 6
"""Cells along the side of a marker: four of its number within a black border."""


def marker_cells(number: int) -> NDArray[np.bool_]:
    """(6, 6) bool, True where a marker of the card is black.

    Parameters
    ----------
    number : int
        Of the card's dictionary, see ``card.marker_numbers``.
    """
    dictionary = cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, DICTIONARY))
    cells = cv2.aruco.generateImageMarker(dictionary, number, CELLS)
    return np.asarray(cells < 128, dtype=np.bool_)


def black_cells(number: int, corners: Floats) -> list[Floats]:
    """Corners (4, 2) of the black cells of a marker whose own upright corners are ``corners``."""
    side = (corners[1, 0] - corners[0, 0]) / CELLS
    return [
        square(corners[0, 0] + col * side, corners[0, 1] + row * side, side)
        for row, col in np.argwhere(marker_cells(number))
    ]


def card_size_px(size_mm: int, px_per_mm: float) -> tuple[int, int]:
    """Height and width of the picture of a card, in whole pixels."""
    height = max(1, round(size_mm * px_per_mm))
    return height, max(1, round(size_mm * px_per_mm * WIDTH / HEIGHT))


def card_reflectance(size_mm: int, px_per_mm: float, *, ink: float = 0.0) -> NDArray[np.float32]:
    """Draw the card as it would be measured: reflectance of every pixel.

    Parameters
    ----------
    size_mm : int
        Length of the card, 20 to 144 mm.
    px_per_mm : float
        Resolution, > 0. The upper left corner of the paper is that of the first pixel.
    ink : float
        Reflectance of the black of markers and slanted square, 0..1.

    Returns
    -------
    (h, w, 3) float32
        Linear sRGB, 0..1, paper 1; a pixel on an edge holds the mean of both sides, weighted by
        area (but for the very corners of the slanted square).

    Raises
    ------
    ValueError
        Another length.
    """
    numbers = marker_numbers(size_mm)
    picture = np.ones((*card_size_px(size_mm, px_per_mm), 3), dtype=np.float32)
    side_px = size_mm * px_per_mm / HEIGHT
    black = np.full(3, ink)
    for patch in patches():
        colour = srgb_decode(np.array(patch.srgb) / 255.0)
        _fill(picture, patch.corners * side_px, colour)
    for number, corners in zip(numbers, marker_squares(), strict=True):
        for cell in black_cells(number, corners):
            _fill(picture, cell * side_px, black)
    _fill_turned(picture, slanted_square() * side_px, black)
    return np.clip(picture, 0.0, 1.0, out=picture)


def card_picture(size_mm: int, px_per_mm: float) -> NDArray[np.uint8]:
    """Draw the card as it is sent to a printer.

    Parameters
    ----------
    size_mm : int
        Length of the card, 20 to 144 mm.
    px_per_mm : float
        Resolution, > 0.

    Returns
    -------
    (h, w, 3) uint8
        Encoded sRGB; patches have the codes of ``card.patches``, paper is 255.

    Raises
    ------
    ValueError
        Another length.
    """
    linear = card_reflectance(size_mm, px_per_mm)
    out = np.empty(linear.shape, dtype=np.uint8)
    for row in range(0, len(out), 256):  # float64 of a whole sheet would be gigabytes
        out[row : row + 256] = np.round(srgb_encode(linear[row : row + 256]) * 255.0)
    return out


def _fill(picture: NDArray[np.float32], corners: Floats, colour: Floats) -> None:
    """Lay an upright rectangle, (4, 2) corners in pixels, over white paper.

    Shapes do not overlap, so what each takes from the paper adds up; two that touch leave no seam.
    """
    (left, top), (right, bottom) = corners[0], corners[2]
    rows, down = _covered(top, bottom, picture.shape[0])
    cols, across = _covered(left, right, picture.shape[1])
    share = np.outer(down, across)[..., None]
    picture[rows, cols] += np.asarray(share * (colour - 1.0), dtype=np.float32)


def _covered(low: float, high: float, size: int) -> tuple[slice, Floats]:
    """Pixels of a row that an interval touches, and the share of each that it covers."""
    first, last = max(0, int(np.floor(low))), min(size, int(np.ceil(high)))
    at = np.arange(first, last)
    return slice(first, last), np.clip(
        np.minimum(at + 1.0, high) - np.maximum(at.astype(np.float64), low), 0.0, 1.0
    )


def _fill_turned(picture: NDArray[np.float32], corners: Floats, colour: Floats) -> None:
    """Lay a turned square over white paper; ``corners`` clockwise."""
    low = np.maximum(np.floor(corners.min(axis=0)).astype(int) - 1, 0)
    high = np.minimum(np.ceil(corners.max(axis=0)).astype(int) + 1, picture.shape[1::-1])
    x = np.arange(low[0], high[0])[None, :] + 0.5
    y = np.arange(low[1], high[1])[:, None] + 0.5
    share = np.ones((y.size, x.size))
    for start, end in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        along = (end - start) / np.linalg.norm(end - start)
        inside = along[0] * (y - start[1]) - along[1] * (x - start[0])
        share *= _half_plane(inside, np.abs(along))
    box = picture[low[1] : high[1], low[0] : high[0]]
    box += np.asarray(share[..., None] * (colour - 1.0), dtype=np.float32)


def _half_plane(distance: Floats, along: Floats) -> Floats:
    """Share of a pixel on the inner side of a line.

    ``distance`` is that of its centre, inwards; ``along`` the absolute direction of the line. The
    share is the integral of a trapezium: a pixel's chord across the line, swept over it.
    """
    wide, narrow = float(along.max()), float(along.min())
    outer, inner = 0.5 * (wide + narrow), 0.5 * (wide - narrow)
    ramps = [np.maximum(distance + shift, 0.0) ** 2 for shift in (outer, inner, -inner, -outer)]
    return np.asarray(
        (ramps[0] - ramps[1] - ramps[2] + ramps[3]) / (2.0 * wide * narrow), dtype=np.float64
    )
