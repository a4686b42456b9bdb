"""A calibration object for people: every patch with its colour difference, and which are bad."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]

GOOD, BAD, UNUSED = (33, 102, 172), (214, 96, 4), (90, 90, 90)
"""Outlines of patches within the limit, beyond it, and not used; told apart by every eye."""

_LABEL_SHARE = 0.34
"""Height of a figure as a share of its patch."""


def patch_picture(
    rgb: Bytes,
    quads: NDArray[np.float64],
    differences: Sequence[float | None],
    limit: float,
    height_px: int,
) -> Bytes:
    """The surroundings of a calibration object with every patch marked.

    Parameters
    ----------
    rgb : (H, W, 3) uint8
        Part of the photograph, sRGB.
    quads : (n, 4, 2) float64
        Corners of the patches in its pixels, x and y.
    differences : sequence of float or None
        Colour difference of every patch; None where it was not used (crossed out).
    limit : float
        Larger differences are marked.
    height_px : int
        Longer side of the picture.

    Returns
    -------
    (h, w, 3) uint8
    """
    factor = height_px / max(rgb.shape[:2])
    shape = cv2.INTER_AREA if factor < 1.0 else cv2.INTER_CUBIC
    resized = cv2.resize(rgb, None, fx=factor, fy=factor, interpolation=shape)
    picture = np.ascontiguousarray(resized, dtype=np.uint8)
    for quad, difference in zip(quads, differences, strict=True):
        corners: NDArray[np.int32] = np.round((quad + 0.5) * factor - 0.5).astype(np.int32)
        colour = UNUSED if difference is None else GOOD if difference <= limit else BAD
        cv2.polylines(picture, [corners], True, (255, 255, 255), 4, cv2.LINE_AA)
        cv2.polylines(picture, [corners], True, colour, 2, cv2.LINE_AA)
        if difference is None:
            for first, second in ((0, 2), (1, 3)):
                ends = tuple(map(int, corners[first])), tuple(map(int, corners[second]))
                cv2.line(picture, *ends, colour, 2, cv2.LINE_AA)
        else:
            _figure(picture, corners, f"{difference:.1f}")
    return np.asarray(picture, dtype=np.uint8)


def _figure(picture: Bytes, corners: NDArray[np.int32], text: str) -> None:
    """A figure in the middle of a patch, readable on every colour."""
    low, high = corners.min(axis=0), corners.max(axis=0)
    font, size = cv2.FONT_HERSHEY_SIMPLEX, _LABEL_SHARE * float((high - low).min()) / 22.0
    (width, height), _ = cv2.getTextSize(text, font, size, 1)
    middle = (low + high) // 2
    place = (int(middle[0]) - width // 2, int(middle[1]) + height // 2)
    for colour, thickness in (((0, 0, 0), 3), ((255, 255, 255), 1)):
        cv2.putText(picture, text, place, font, size, colour, thickness, cv2.LINE_AA)
