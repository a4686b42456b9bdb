"""Where a real photograph holds a patch of skin large enough for a region and its surroundings."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from dermadelta.errors import UsageError
from dermadelta.phantom.skin import Grid
from dermadelta.phantom.treatment import Outline

Mask = NDArray[np.bool_]

_SEARCH_PX = 160
"""Short side of the copy that is searched."""

_SIZES = (0.24, 0.19, 0.15, 0.12, 0.095, 0.075, 0.06, 0.05)
"""Half widths of a region as shares of the frame's short side, tried in turn."""

_ASPECT = 0.83
_RING = (1.15, 1.60)
"""Untreated skin around the region, in shares of its half axes."""

_FRAME = (4, 3)
_LEAST_SHORT_PX = 500
"""A frame with fewer pixels across cannot show fine detail in its region."""

_LEAST_SKIN = 0.92
"""Share of region and ring that must look like skin."""

_EVEN = 0.22
"""Largest step of log luminance across four pixels of the copy: beyond are hair, lids, folds."""


def find_region(linear: NDArray[np.float32], name: str) -> Outline:
    """The largest region that, with its ring, lies on skin; of equal ones that near the middle.

    Parameters
    ----------
    linear : (h, w, 3) float32
        The photograph in linear light.
    name : str
        Of the file, for the message.

    Returns
    -------
    Outline
        In pixels from the middle of the frame.

    Raises
    ------
    UsageError
        Nowhere enough of it looks like skin. Remedy: another photograph.
    """
    h, w = linear.shape[:2]
    factor = _SEARCH_PX / min(h, w)
    size = (max(8, round(w * factor)), max(8, round(h * factor)))
    small = cv2.resize(linear, size, interpolation=cv2.INTER_AREA)
    skin = _skin(np.asarray(small, dtype=np.float32)).astype(np.float32)
    y, x = np.mgrid[0 : size[1], 0 : size[0]]
    away = np.hypot(x - 0.5 * (size[0] - 1), y - 0.5 * (size[1] - 1)) / _SEARCH_PX
    for half in _SIZES:
        window = [2 * round(_RING[1] * side * _SEARCH_PX) + 1 for side in (half, _ASPECT * half)]
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (window[0], window[1]))
        share = cv2.filter2D(skin, -1, kernel / kernel.sum(), borderType=cv2.BORDER_CONSTANT)
        row, col = divmod(int(np.argmax(share - 0.02 * away)), size[0])
        if share[row, col] >= _LEAST_SKIN:
            return Outline(
                x_mm=float((col - 0.5 * (size[0] - 1)) / factor),
                y_mm=float((row - 0.5 * (size[1] - 1)) / factor),
                half_width_mm=half * _SEARCH_PX / factor,
                half_height_mm=_ASPECT * half * _SEARCH_PX / factor,
                waviness=0.05,
                seed=1,
            )
    raise UsageError(
        f"{name}: no even patch of skin was found that fills a sixth of the frame's height",
        remedy="Crop the photograph to skin, or give another one.",
    )


def close_up(linear: NDArray[np.float32], name: str) -> tuple[NDArray[np.float32], Outline]:
    """Cut a photograph so that its patch of skin fills the frame; the region in the new frame.

    Parameters and errors as in ``find_region``; too few pixels on the patch are an error, too.
    """
    roi = find_region(linear, name)
    h, w = linear.shape[:2]
    short = min(roi.half_width_mm / _SIZES[0], float(h), w * _FRAME[1] / _FRAME[0])
    if short < _LEAST_SHORT_PX:
        raise UsageError(
            f"{name}: the patch of skin and its surroundings are only {short:.0f} pixels high",
            remedy=f"Give a photograph with {_LEAST_SHORT_PX} pixels or more on an even patch.",
        )
    rows, cols = round(short), round(short * _FRAME[0] / _FRAME[1])
    x, y = 0.5 * (w - 1) + roi.x_mm, 0.5 * (h - 1) + roi.y_mm
    left = int(np.clip(round(x - 0.5 * (cols - 1)), 0, w - cols))
    top = int(np.clip(round(y - 0.5 * (rows - 1)), 0, h - rows))
    cut = np.ascontiguousarray(linear[top : top + rows, left : left + cols])
    x, y = x - left - 0.5 * (cols - 1), y - top - 0.5 * (rows - 1)
    return cut, replace(roi, x_mm=float(x), y_mm=float(y))


def ring_of(roi: Outline, grid: Grid) -> Mask:
    """Skin around the region that no edit reaches."""
    inner, outer = (roi.scaled(share**2).outside_mm(grid) for share in _RING)
    return np.asarray((inner > 0.0) & (outer <= 0.0))


def _skin(linear: NDArray[np.float32]) -> Mask:
    """Pixels of a small copy that look like even skin."""
    red, green, blue = cv2.split(linear)
    # Skin of every tone reflects red most and blue least; neither clipped nor in the dark.
    like = (red > 1.12 * green) & (green > 1.02 * blue) & (red < 0.95) & (red > 0.03)
    log = np.log(np.maximum(green, np.float32(1e-3)))
    element = np.ones((5, 5), dtype=np.uint8)
    step = cv2.dilate(log, element) - cv2.erode(log, element)
    return np.asarray(like & (step < 2.0 * _EVEN), dtype=np.bool_)
