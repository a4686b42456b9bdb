"""Flat printed things lying on the skin: where they are in a photo and what they hide."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from dermadelta.phantom.camera import Matrix
from dermadelta.phantom.fields import Field

PX_PER_MM = 24
"""Resolution of a printed sheet, somewhat finer than any photo of it."""

PAPER, INK = 0.80, 0.045
"""Diffuse reflectance of matt white paper and of toner."""


def mm_to_px(mm: float) -> int:
    """Length on a sheet in its pixels."""
    return round(mm * PX_PER_MM)


def sheet_to_mm(shape: tuple[int, ...], x_mm: float, y_mm: float, turn_deg: float) -> Matrix:
    """Similarity from pixels of a sheet (h, w) centred at a point to millimetres on the skin."""
    turn = np.radians(turn_deg)
    cos, sin = np.cos(turn) / PX_PER_MM, np.sin(turn) / PX_PER_MM
    half_x, half_y = 0.5 * (shape[1] - 1), 0.5 * (shape[0] - 1)
    return np.array(
        [
            [cos, -sin, x_mm - half_x * cos + half_y * sin],
            [sin, cos, y_mm - half_x * sin - half_y * cos],
            [0.0, 0.0, 1.0],
        ]
    )


def lay(scene: Field, sheet: Field, to_photo: Matrix) -> Field:
    """The scene (H, W, 3) linear light with a sheet over the skin.

    ``sheet`` is (h, w) or (h, w, 3) reflectance; ``to_photo`` the homography from its pixels to
    the photo's.
    """
    box, to_box = _place(sheet.shape, to_photo, scene.shape)
    skin = scene[box]
    if skin.size == 0:
        return scene
    size = (skin.shape[1], skin.shape[0])
    cover = cv2.warpPerspective(
        np.ones(sheet.shape[:2], dtype=np.float32), to_box, size, flags=cv2.INTER_LINEAR
    )
    shown = cv2.warpPerspective(
        sheet, to_box, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    shown = shown.reshape(*shown.shape[:2], -1)
    out = scene.copy()
    out[box] = skin + cover[..., None] * (shown - skin)
    return out


def hidden(
    sheet_shape: tuple[int, ...], to_photo: Matrix, shape: tuple[int, ...]
) -> NDArray[np.bool_]:
    """(H, W) bool, True where a sheet hides the skin of a photo of this shape."""
    box, to_box = _place(sheet_shape, to_photo, shape)
    found = np.zeros(shape[:2], dtype=np.bool_)
    size = (box[1].stop - box[1].start, box[0].stop - box[0].start)
    if min(size) < 1:
        return found
    paper = np.ones(sheet_shape[:2], dtype=np.float32)
    found[box] = cv2.warpPerspective(paper, to_box, size, flags=cv2.INTER_LINEAR) > 0.0
    return found


def _place(
    sheet: tuple[int, ...], to_photo: Matrix, shape: tuple[int, ...]
) -> tuple[tuple[slice, slice], Matrix]:
    """The box of the photo that holds the sheet, and the homography from the sheet to the box."""
    h, w = sheet[:2]
    corners = np.array([[[0.0, 0.0], [w, 0.0], [w, h], [0.0, h]]])
    seen = np.asarray(cv2.perspectiveTransform(corners, to_photo))[0]
    low = np.maximum(np.floor(seen.min(axis=0)).astype(int) - 2, 0)
    low = np.minimum(low, (shape[1], shape[0]))
    high = np.maximum(np.ceil(seen.max(axis=0)).astype(int) + 3, low)
    box = (
        slice(int(low[1]), min(int(high[1]), shape[0])),
        slice(int(low[0]), min(int(high[0]), shape[1])),
    )
    shift = np.array([[1.0, 0.0, -low[0]], [0.0, 1.0, -low[1]], [0.0, 0.0, 1.0]])
    return box, np.asarray(shift @ to_photo, dtype=np.float64)
