"""What a careful photographer lays beside the skin: a colour chart, a ruler, a target card."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from dermadelta.kernels.card_picture import card_reflectance
from dermadelta.kernels.chart24 import reference_colours
from dermadelta.phantom.camera import Matrix
from dermadelta.phantom.fields import Field
from dermadelta.phantom.sheet import INK, PX_PER_MM, hidden, lay, mm_to_px, sheet_to_mm

PrintKind = Literal["target", "chart", "ruler"]

TARGET_SIZE_MM = 38
"""Length of the target card: what fits beside the skin in a small photograph."""

_CHART_PITCH_MM, _CHART_PATCH_MM, _CHART_EDGE_MM = 2.4, 2.05, 0.3
_CHART_FRAME = 0.035

_RULER_MM = (7.0, 70.0)
_PLASTIC, _TICK = 0.72, 0.04


@dataclass(frozen=True)
class Printed:
    """One printed thing: its centre from the patch's centre, and its turn."""

    kind: PrintKind
    x_mm: float
    y_mm: float
    turn_deg: float = 0.0


def lay_print(scene: Field, printed: Printed, mm_to_photo: Matrix, light: float) -> Field:
    """The scene (H, W, 3) linear light with the printed thing over the skin.

    ``mm_to_photo`` is the homography from millimetres (from the patch's centre) to photo pixels,
    ``light`` what falls on the sheet, 1 at the centre of the patch.
    """
    sheet = sheet_of(printed.kind) * np.float32(light)
    return lay(scene, sheet, _to_photo(printed, mm_to_photo))


def under_print(printed: Printed, mm_to_photo: Matrix, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """(H, W) bool, True where the printed thing hides the skin."""
    return hidden(sheet_of(printed.kind).shape, _to_photo(printed, mm_to_photo), shape)


def _to_photo(printed: Printed, mm_to_photo: Matrix) -> Matrix:
    shape = sheet_of(printed.kind).shape
    to_mm = sheet_to_mm(shape, printed.x_mm, printed.y_mm, printed.turn_deg)
    return np.asarray(mm_to_photo @ to_mm, dtype=np.float64)


@lru_cache(maxsize=3)
def sheet_of(kind: PrintKind) -> Field:
    """Linear sRGB reflectance (h, w, 3) float32 of a printed thing; not to be written to."""
    return {"target": _target, "chart": _chart, "ruler": _ruler}[kind]()


def _blank(width_mm: float, height_mm: float, reflectance: float) -> Field:
    shape = (mm_to_px(height_mm), mm_to_px(width_mm), 3)
    return np.full(shape, reflectance, dtype=np.float32)


def _fill(
    sheet: Field, x_mm: float, y_mm: float, side_mm: float, colour: NDArray[np.float64] | float
) -> None:
    """A square patch with its upper left corner at (x, y)."""
    rows = slice(mm_to_px(y_mm), mm_to_px(y_mm + side_mm))
    cols = slice(mm_to_px(x_mm), mm_to_px(x_mm + side_mm))
    sheet[rows, cols] = colour


def _target() -> Field:
    """The target card as it was designed: nominal colours on perfect paper, toner for black."""
    return card_reflectance(TARGET_SIZE_MM, PX_PER_MM, ink=INK)


def _chart() -> Field:
    """The 24 colours on a dark frame, a miniature that stands upright: six rows of four."""
    width = 4 * _CHART_PITCH_MM + 2.0 * _CHART_EDGE_MM
    height = 6 * _CHART_PITCH_MM + 2.0 * _CHART_EDGE_MM
    sheet = _blank(width, height, _CHART_FRAME)
    gap = _CHART_EDGE_MM + 0.5 * (_CHART_PITCH_MM - _CHART_PATCH_MM)
    # No light is negative: cyan, which lies outside the gamut, is drawn at its edge.
    linear = np.maximum(reference_colours(), 0.0)
    for number, colour in enumerate(linear):
        # The chart's rows of six run upwards: turned a quarter, the neutrals stand on the right.
        row, col = 5 - number % 6, number // 6
        x_mm, y_mm = gap + col * _CHART_PITCH_MM, gap + row * _CHART_PITCH_MM
        _fill(sheet, x_mm, y_mm, _CHART_PATCH_MM, colour)
    return sheet


def _ruler() -> Field:
    """A white ruler with a tick every millimetre on its left edge, and a number every ten."""
    width, length = _RULER_MM
    ink = np.zeros((mm_to_px(length), mm_to_px(width)), dtype=np.uint8)
    for tick in range(2, int(length) - 1):
        size = 3.4 if tick % 10 == 0 else 2.6 if tick % 5 == 0 else 1.7
        ink[mm_to_px(tick - 0.07) : mm_to_px(tick + 0.07), : mm_to_px(size)] = 255
        if tick % 10 == 0:
            place = (mm_to_px(3.8), mm_to_px(tick + 0.8))
            cv2.putText(
                ink, str(tick // 10), place, cv2.FONT_HERSHEY_SIMPLEX, 1.7, (255,), 4, cv2.LINE_AA
            )
    cover = ink[..., None].astype(np.float32) / np.float32(255.0)
    return _blank(width, length, _PLASTIC) + cover * np.float32(_TICK - _PLASTIC)
