"""Shading: which way the fine relief is lit."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from dermadelta.kernels.masks import picked
from dermadelta.kernels.texture import gaussian

_OUTLIER = 3.7
"""Median absolute residuals beyond which a tile does not speak for the light: 2.5 SD."""


def lean(
    signal: NDArray[np.float32], mask: NDArray[np.bool_], sigma_px: float
) -> tuple[float, float]:
    """Direction and strength by which fine shading runs one way rather than all ways.

    The mean structure tensor of the gradient of ``signal``: light from one side draws the furrows
    that lie across it and hides those along it.

    Parameters
    ----------
    signal : (h, w) float32
        E.g. log luminance.
    mask : (h, w) bool
        Pixels that count.
    sigma_px : float
        Smoothing before the gradient, pixels.

    Returns
    -------
    (float, float)
        (cos 2θ, sin 2θ) times the strength, θ the main direction of the gradient counted from +x
        towards +y; the strength is 0 (all ways) to 1 (one way). (0, 0) without a usable pixel.

    References
    ----------
    Förstner W, Gülch E 1987, ISPRS Intercommission Workshop, 281-305 (structure tensor).
    """
    if not mask.any():
        return 0.0, 0.0
    smooth = gaussian(signal, sigma_px)
    slopes = (cv2.Sobel(smooth, cv2.CV_32F, *order, ksize=3) for order in ((1, 0), (0, 1)))
    dx, dy = picked(mask, *map(np.asarray, slopes))
    # A hair or a reflection must not speak for the whole region.
    size = np.hypot(dx, dy)
    kept = size <= 3.0 * max(float(np.median(size)), 1e-12)
    dx, dy = picked(kept, dx, dy)
    xx = float(np.mean(dx**2, dtype=np.float64))
    yy = float(np.mean(dy**2, dtype=np.float64))
    xy = float(np.mean(dx * dy, dtype=np.float64))
    total = max(xx + yy, 1e-30)
    return (xx - yy) / total, 2.0 * xy / total


def turned(direction: tuple[float, float], angle_rad: float) -> tuple[float, float]:
    """A lean after a turn of the picture by ``angle_rad`` (from +x towards +y)."""
    c, s = float(np.cos(2.0 * angle_rad)), float(np.sin(2.0 * angle_rad))
    return c * direction[0] - s * direction[1], s * direction[0] + c * direction[1]


def slope(places: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Slope of a plane through values at places: least squares, once more without outliers.

    Parameters
    ----------
    places : (n, 2) float64
        (x, y) of each value.
    values : (n,) float64

    Returns
    -------
    (2,) float64
        Gain along x and along y over the diameter of a disc that spreads as the places do;
        (0, 0) where the places do not span a plane.
    """
    kept = np.ones(len(values), dtype=np.bool_)
    found: NDArray[np.float64] = np.zeros(3)
    for _ in range(2):
        if np.count_nonzero(kept) < 3 or np.linalg.matrix_rank(_planes(places)[kept]) < 3:
            return np.zeros(2)
        fitted = np.linalg.lstsq(_planes(places)[kept], values[kept], rcond=None)[0]
        found = np.asarray(fitted, dtype=np.float64)
        rest = np.abs(values - _planes(places) @ found)
        kept = rest <= _OUTLIER * max(float(np.median(rest)), 1e-12)
    diameter = 4.0 * float(np.sqrt(np.var(places, axis=0).mean()))
    return np.asarray(found[:2] * diameter, dtype=np.float64)


def slope_change(
    first: tuple[float, float], second: tuple[float, float], faint: float
) -> tuple[float, float]:
    """Relative change of the steepness of a slope of light, and turn of its direction.

    On curved skin the slope of log light grows as the lamp sinks or the fill fades, by about the
    same factor as the contrast of relief; a lamp that goes round turns it.

    Parameters
    ----------
    first, second : (float, float)
        Slopes of log light along x and y, over the same breadth.
    faint : float
        Slope, > 0, that is as good as none: it bounds the ratio where light falls evenly.

    Returns
    -------
    (float, float)
        Change of the steepness, positive where ``second`` is steeper, and what is left of the
        change, at least 0; both in units of the mean steepness (of ``faint`` at least).
    """
    sizes = float(np.hypot(*first)), float(np.hypot(*second))
    change = float(np.hypot(second[0] - first[0], second[1] - first[1]))
    steeper = sizes[1] - sizes[0]
    scale = float(np.hypot(0.5 * (sizes[0] + sizes[1]), faint))
    turn = float(np.sqrt(max(0.0, change**2 - steeper**2)))
    return steeper / scale, turn / scale


def _planes(places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Columns x, y and 1, centred."""
    return np.column_stack([places - places.mean(axis=0), np.ones(len(places))])
