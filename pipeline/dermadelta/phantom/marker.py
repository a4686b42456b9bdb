"""A printed ArUco marker of known size lying on the skin."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

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
    side = paper.shape[0]
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
    to_photo = mm_to_photo @ to_mm
    size = (scene.shape[1], scene.shape[0])
    cover = cv2.warpPerspective(np.ones_like(paper), to_photo, size, flags=cv2.INTER_LINEAR)
    print_ = cv2.warpPerspective(
        paper, to_photo, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    out = scene + cover[..., None] * (print_[..., None] - scene)
    return np.asarray(out, dtype=np.float32)


def _paper(marker: Marker) -> Field:
    """Reflectance of the printed paper, square, ``_PX_PER_MM`` pixels per millimetre."""
    side = round(marker.side_mm * _PX_PER_MM)
    quiet = round(_QUIET_MM * _PX_PER_MM)
    dictionary = cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, DICTIONARY))
    code = cv2.aruco.generateImageMarker(dictionary, marker.number, side)
    reflectance = np.full((side + 2 * quiet, side + 2 * quiet), _PAPER, dtype=np.float32)
    reflectance[quiet : quiet + side, quiet : quiet + side] = np.where(code > 127, _PAPER, _INK)
    return reflectance
