"""A printed ArUco marker of known size lying on the skin."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from dermadelta.phantom.camera import Matrix
from dermadelta.phantom.fields import Field
from dermadelta.phantom.sheet import INK, PAPER, hidden, lay, mm_to_px, sheet_to_mm

DICTIONARY = "DICT_4X4_50"
"""OpenCV's name of the marker dictionary."""

_QUIET_MM = 2.0


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
    return lay(scene, paper, _to_photo(marker, paper.shape, mm_to_photo))


def under_paper(marker: Marker, mm_to_photo: Matrix, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """(H, W) bool, True where the marker's paper hides the skin."""
    side = mm_to_px(marker.side_mm + 2.0 * _QUIET_MM)
    return hidden((side, side), _to_photo(marker, (side, side), mm_to_photo), shape)


def code(number: int, side_px: int) -> Field:
    """Reflectance of a marker's black square (side_px, side_px), its white cells included."""
    dictionary = cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, DICTIONARY))
    image = cv2.aruco.generateImageMarker(dictionary, number, side_px)
    return np.where(image > 127, np.float32(PAPER), np.float32(INK))


def _to_photo(marker: Marker, shape: tuple[int, ...], mm_to_photo: Matrix) -> Matrix:
    """Homography from pixels of the printed paper to photo pixels."""
    to_mm = sheet_to_mm(shape, marker.x_mm, marker.y_mm, marker.turn_deg)
    return np.asarray(mm_to_photo @ to_mm, dtype=np.float64)


def _paper(marker: Marker) -> Field:
    """Reflectance of the printed paper, square."""
    side, quiet = mm_to_px(marker.side_mm), mm_to_px(_QUIET_MM)
    reflectance = np.full((side + 2 * quiet, side + 2 * quiet), PAPER, dtype=np.float32)
    reflectance[quiet : quiet + side, quiet : quiet + side] = code(marker.number, side)
    return reflectance
