"""What a careful photographer lays beside the skin: a colour chart, a ruler, a target card."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from dermadelta.kernels.colour import srgb_decode
from dermadelta.phantom.camera import Matrix
from dermadelta.phantom.fields import Field
from dermadelta.phantom.marker import code
from dermadelta.phantom.sheet import INK, PAPER, hidden, lay, mm_to_px, sheet_to_mm
from dermadelta.phantom.skin import BASE_OD, HAEMOGLOBIN_OD, MELANIN_OD

PrintKind = Literal["target", "chart", "ruler"]

COLORCHECKER_SRGB: NDArray[np.int64] = np.array(
    [
        (115, 82, 68), (194, 150, 130), (98, 122, 157), (87, 108, 67), (133, 128, 177),
        (103, 189, 170), (214, 126, 44), (80, 91, 166), (193, 90, 99), (94, 60, 108),
        (157, 188, 64), (224, 163, 46), (56, 61, 150), (70, 148, 73), (175, 54, 60),
        (231, 199, 31), (187, 86, 149), (8, 133, 161), (243, 243, 242), (200, 200, 200),
        (160, 160, 160), (122, 122, 121), (85, 85, 85), (52, 52, 52),
    ]
)  # fmt: skip
"""The 24 patches, by rows of six, as 8-bit sRGB (D65): X-Rite, "Colorimetric values for the
ColorChecker family of targets" (edition before November 2014)."""

TARGET_IDS = (46, 47, 48, 49)
"""Markers at the corners of the target card: upper left, upper right, lower left, lower right."""

TARGET_SIDE_MM = 3.5

_TARGET_MM = (10.0, 38.0)
_QUIET_MM = 0.8
_GREYS = (0.66, 0.45, 0.30, 0.18, 0.10, 0.045)
_SKIN_MELANIN = (0.45, 0.8, 1.3, 2.0, 3.0, 4.2)
_PATCH_MM = 3.6

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
    """Card with a marker in each corner, grey steps, skin tones and a slanted edge."""
    width, height = _TARGET_MM
    sheet = _blank(width, height, PAPER)
    side = mm_to_px(TARGET_SIDE_MM)
    places = [
        (mm_to_px(x), mm_to_px(y))
        for y in (_QUIET_MM, height - _QUIET_MM - TARGET_SIDE_MM)
        for x in (_QUIET_MM, width - _QUIET_MM - TARGET_SIDE_MM)
    ]
    for number, (x, y) in zip(TARGET_IDS, places, strict=True):
        sheet[y : y + side, x : x + side] = code(number, side)[..., None]
    top = 2.0 * _QUIET_MM + TARGET_SIDE_MM
    for row, (grey, melanin) in enumerate(zip(_GREYS, _SKIN_MELANIN, strict=True)):
        y_mm = top + row * _PATCH_MM
        skin = np.exp(-(BASE_OD + melanin * MELANIN_OD + 0.25 * HAEMOGLOBIN_OD))
        _fill(sheet, 0.5 * width - _PATCH_MM - 0.2, y_mm, _PATCH_MM, grey)
        _fill(sheet, 0.5 * width + 0.2, y_mm, _PATCH_MM, skin)
    centre = (0.5 * width, top + 6.0 * _PATCH_MM + 3.0)
    _slanted_square(sheet, centre, side_mm=4.4, turn_deg=5.0)
    return sheet


def _slanted_square(
    sheet: Field, centre_mm: tuple[float, float], *, side_mm: float, turn_deg: float
) -> None:
    """A black square turned by a few degrees: its edges show the sharpness (ISO 12233)."""
    turn = np.radians(turn_deg)
    unit = 0.5 * side_mm * np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
    about = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    points = (unit @ about.T + np.array(centre_mm)) * mm_to_px(1.0)
    cv2.fillConvexPoly(
        sheet, np.round(points * 16).astype(np.int32), (INK, INK, INK), cv2.LINE_8, 4
    )


def _chart() -> Field:
    """The 24 colours on a dark frame, a miniature that stands upright: six rows of four."""
    width = 4 * _CHART_PITCH_MM + 2.0 * _CHART_EDGE_MM
    height = 6 * _CHART_PITCH_MM + 2.0 * _CHART_EDGE_MM
    sheet = _blank(width, height, _CHART_FRAME)
    gap = _CHART_EDGE_MM + 0.5 * (_CHART_PITCH_MM - _CHART_PATCH_MM)
    linear = srgb_decode(COLORCHECKER_SRGB / 255.0)
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
