"""Reading the markers of a target card whose place is known: which of five stands in a corner."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from dermadelta.kernels import card
from dermadelta.kernels.card_fit import Octaves, side_px, to_level
from dermadelta.kernels.card_picture import CELLS
from dermadelta.kernels.card_template import marker_picture, markers_of
from dermadelta.kernels.colour import srgb_decode
from dermadelta.kernels.geometry import apply_homography

Floats = NDArray[np.float64]
Image = NDArray[np.float32]

_OVER = 3
"""Oversampling of the picture of a marker."""

_CELL_PX = 8
_MARGIN = 0.12
"""White around a marker that is looked at, in sides; half of the gap."""

_BLURS_PX = (0.35, 0.7, 1.05, 1.4, 1.75, 2.1, 2.6)
"""SD of the blur that is tried, pixels of the photograph."""

_MOST_SIDE_PX = 40.0
"""Larger markers are read in an octave where they are smaller."""


@dataclass(frozen=True, eq=False)
class Digits:
    """Correlations (4, 5) of every corner with every marker that may be there, in linear light.

    0 where the corner lies outside the photograph. ``blur_px`` is the blur at which they fit.
    """

    likeness: Floats
    blur_px: float


def read_digits(octaves: Octaves, to_photo: Floats) -> Digits:
    """Hold every corner of a card against the markers that may be there, blurred alike.

    Parameters
    ----------
    octaves : Octaves
    to_photo : (3, 3) float64
        Card units to pixels.
    """
    number = max(0, int(np.ceil(np.log2(side_px(to_photo) / _MOST_SIDE_PX))))
    number = min(number, octaves.coarsest())
    matrix = to_level(number) @ to_photo
    picture = octaves.level(number)
    corners = [_Corner.of(picture, matrix, corner) for corner in range(len(card.CORNERS))]
    tables = []
    for blur in _BLURS_PX:
        sigma = blur * 0.5**number
        tables.append([np.zeros(5) if c is None else c.correlations(sigma) for c in corners])
    scores = np.array(tables)
    best = int(scores.max(axis=2).sum(axis=1).argmax())
    return Digits(scores[best], _BLURS_PX[best])


@dataclass(frozen=True, eq=False)
class _Corner:
    """Linear values around a marker, which of them count, and sharp markers in their place."""

    values: Image
    counts: NDArray[np.bool_]
    patterns: tuple[Image, ...]

    @classmethod
    def of(cls, picture: NDArray[np.uint8], matrix: Floats, corner: int) -> _Corner | None:
        """None where the marker lies outside the picture."""
        upper_left = card.marker_squares()[corner][0]
        x, y = upper_left
        about = card.square(x - _MARGIN, y - _MARGIN, 1.0 + 2.0 * _MARGIN)
        at = apply_homography(matrix, about)
        rows, cols = picture.shape
        marker = apply_homography(matrix, card.marker_squares()[corner])
        if marker.min() < -0.5 or (marker.max(axis=0) > (cols - 0.5, rows - 0.5)).any():
            return None
        low = np.floor(at.min(axis=0)).astype(int).clip(0, None)
        high = np.minimum(np.ceil(at.max(axis=0)).astype(int) + 1, (cols, rows))
        box = picture[low[1] : high[1], low[0] : high[0]]
        counts = np.zeros(box.shape, dtype=np.uint8)
        cv2.fillConvexPoly(counts, np.round(at - low).astype(np.int32), 1)
        patterns = tuple(
            _drawn(number, matrix, upper_left, low, (box.shape[0], box.shape[1]))
            for number in markers_of(corner)
        )
        values = srgb_decode(box.astype(np.float64) / 255.0).astype(np.float32)
        return cls(values, counts > 0, patterns)

    def correlations(self, sigma: float) -> Floats:
        """(5,) correlations with the markers blurred by ``sigma``, pixels."""
        seen = self.values[self.counts].astype(np.float64)
        seen = seen - seen.mean()
        size = float(np.linalg.norm(seen))
        out = []
        for pattern in self.patterns:
            soft = cv2.GaussianBlur(pattern, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
            held = soft[self.counts].astype(np.float64)
            held = held - held.mean()
            out.append(float(seen @ held) / max(size * float(np.linalg.norm(held)), 1e-9))
        return np.array(out)


def _drawn(
    number: int, matrix: Floats, upper_left: Floats, low: NDArray[np.intp], shape: tuple[int, int]
) -> Image:
    """A marker on white paper as it would lie in a box of the photograph, without blur."""
    cells = np.pad(marker_picture(number), 1, constant_values=1.0)
    fine = np.kron(cells, np.ones((_CELL_PX, _CELL_PX))).astype(np.float32)
    step = 1.0 / (CELLS * _CELL_PX)
    start = upper_left - 1.0 / CELLS + 0.5 * step
    to_card = np.array([[step, 0.0, start[0]], [0.0, step, start[1]], [0.0, 0.0, 1.0]])
    shift = _OVER * (0.5 - low) - 0.5
    to_box = np.array([[_OVER, 0.0, shift[0]], [0.0, _OVER, shift[1]], [0.0, 0.0, 1.0]])
    size = (shape[1] * _OVER, shape[0] * _OVER)
    laid = cv2.warpPerspective(fine, to_box @ matrix @ to_card, size, borderValue=1.0)
    return np.asarray(cv2.resize(laid, shape[::-1], interpolation=cv2.INTER_AREA), dtype=np.float32)
