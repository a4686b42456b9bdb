"""A printed ArUco marker of known size lying on the skin."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from dermadelta.phantom.camera import Matrix
from dermadelta.phantom.fields import Field

DICTIONARY = "DICT_4X4_50"
"""OpenCV's name of the marker dictionary."""

_PX_PER_MM = 24
_QUIET_MM = 2.0
_PAPER, _INK = 0.80, 0.045
"""Diffuse reflectance of matt white paper and of toner."""


@dataclass(frozen=True)
class Marker:
    """One marker: id, side of its black square, centre from the patch's centre, turn."""

    number: int
    side_mm: float
    x_mm: float
    y_mm: float
    turn_deg: float = 0.0


def lay_marker(scene: Field, marker: Marker, mm_to_photo: Matrix) -> Field:
    """The scene (H, W, 3) linear light with the marker's paper over the skin.

    ``mm_to_photo`` is the homography from millimetres (from the patch's centre) to photo pixels.
    """
    paper = _paper(marker)
    box, to_box = _place(marker, paper.shape[0], mm_to_photo, scene.shape)
    skin = scene[box]
    size = (skin.shape[1], skin.shape[0])
    cover = cv2.warpPerspective(np.ones_like(paper), to_box, size, flags=cv2.INTER_LINEAR)
    shown = cv2.warpPerspective(
        paper, to_box, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    out = scene.copy()
    out[box] = skin + cover[..., None] * (shown[..., None] - skin)
    return out


def under_paper(marker: Marker, mm_to_photo: Matrix, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """(H, W) bool, True where the marker's paper hides the skin."""
    side = round((marker.side_mm + 2.0 * _QUIET_MM) * _PX_PER_MM)
    box, to_box = _place(marker, side, mm_to_photo, shape)
    hidden = np.zeros(shape[:2], dtype=np.bool_)
    size = (box[1].stop - box[1].start, box[0].stop - box[0].start)
    paper = np.ones((side, side), dtype=np.float32)
    hidden[box] = cv2.warpPerspective(paper, to_box, size, flags=cv2.INTER_LINEAR) > 0.0
    return hidden


def _place(
    marker: Marker, side: int, mm_to_photo: Matrix, shape: tuple[int, ...]
) -> tuple[tuple[slice, slice], Matrix]:
    """The box of the photo that holds the paper, and the homography from the paper to the box."""
    to_photo = _to_photo(marker, side, mm_to_photo)
    corners = np.array([[[0.0, 0.0], [side, 0.0], [side, side], [0.0, side]]])
    seen = np.asarray(cv2.perspectiveTransform(corners, to_photo))[0]
    low = np.maximum(np.floor(seen.min(axis=0)).astype(int) - 2, 0)
    high = np.ceil(seen.max(axis=0)).astype(int) + 3
    box = (
        slice(int(low[1]), min(int(high[1]), shape[0])),
        slice(int(low[0]), min(int(high[0]), shape[1])),
    )
    shift = np.array([[1.0, 0.0, -low[0]], [0.0, 1.0, -low[1]], [0.0, 0.0, 1.0]])
    return box, np.asarray(shift @ to_photo, dtype=np.float64)


def _to_photo(marker: Marker, side: int, mm_to_photo: Matrix) -> Matrix:
    """Homography from pixels of the printed paper to photo pixels."""
    turn = np.radians(marker.turn_deg)
    cos, sin = np.cos(turn) / _PX_PER_MM, np.sin(turn) / _PX_PER_MM
    half = 0.5 * (side - 1)
    to_mm = np.array(
        [
            [cos, -sin, marker.x_mm - half * (cos - sin)],
            [sin, cos, marker.y_mm - half * (sin + cos)],
            [0.0, 0.0, 1.0],
        ]
    )
    return np.asarray(mm_to_photo @ to_mm, dtype=np.float64)


def _paper(marker: Marker) -> Field:
    """Reflectance of the printed paper, square, ``_PX_PER_MM`` pixels per millimetre."""
    side = round(marker.side_mm * _PX_PER_MM)
    quiet = round(_QUIET_MM * _PX_PER_MM)
    dictionary = cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, DICTIONARY))
    code = cv2.aruco.generateImageMarker(dictionary, marker.number, side)
    reflectance = np.full((side + 2 * quiet, side + 2 * quiet), _PAPER, dtype=np.float32)
    reflectance[quiet : quiet + side, quiet : quiet + side] = np.where(code > 127, _PAPER, _INK)
    return reflectance
