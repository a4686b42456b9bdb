"""Unevenness of colour: what of a colour map lies between two scales."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from dermadelta.kernels.colour import TINY
from dermadelta.kernels.colour_map import ColourMap, coarser
from dermadelta.kernels.texture import CUTOFF_TO_SIGMA, masked_blur

_REJECT = 3.7
"""Median absolute residuals beyond which a patch does not speak for the light: 2.5 SD."""

_LIGHT_FACTOR = 4
"""The light is fitted on squares so much larger: six coefficients need no more of them."""


def band_logs(colours: ColourMap, shortest_mm: float, longest_mm: float) -> NDArray[np.float32]:
    """Logarithm of RGB between two scales: what is finer, coarser or a gradient has dropped out.

    Parameters
    ----------
    colours : ColourMap
        With a step in millimetres, finer than the shortest scale.
    shortest_mm, longest_mm : float
        Cut-off wavelengths of the band (50 % transmission, Gaussian, ISO 16610-21).

    Returns
    -------
    (H, W, 3) float32
        Log ratio of the mean colour over the shorter to that over the longer scale; 0 off-skin.
        A gain of a channel changes nothing.
    """
    if colours.step_mm is None:
        raise ValueError("a band in millimetres needs a map with a scale")
    used = colours.used
    flat = colours.rgb / _light(colours)  # a gradient would look like a patch at the edge
    fine, coarse = (CUTOFF_TO_SIGMA * cut / colours.step_mm for cut in (shortest_mm, longest_mm))
    # The squares are means already, with 1/12 of the variance of their side.
    blurs = [
        masked_blur(used, float(np.sqrt(max(s * s - 1.0 / 12.0, 0.0)))) for s in (fine, coarse)
    ]
    planes = []
    for channel in cv2.split(flat):
        small, wide = (np.maximum(blur(np.asarray(channel)), np.float32(TINY)) for blur in blurs)
        planes.append(np.where(used, np.log(small / wide), np.float32(0.0)))
    return np.stack(planes, axis=-1).astype(np.float32, copy=False)


def _light(colours: ColourMap) -> NDArray[np.float32]:
    """Slowly varying colour: a quadratic surface in log RGB, fitted without what stands out."""
    few = coarser(colours, _LIGHT_FACTOR)
    rows, cols = np.nonzero(few.used)
    logs = np.log(np.maximum(few.rgb[rows, cols], TINY)).astype(np.float64)
    middle = 0.5 * (_LIGHT_FACTOR - 1)
    height, width = colours.weight.shape
    y, x = (
        _axis(at * _LIGHT_FACTOR + middle, size) for at, size in ((rows, height), (cols, width))
    )
    terms = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=-1)
    weight = np.sqrt(few.weight[rows, cols].astype(np.float64))[:, None]
    found = np.linalg.lstsq(terms * weight, logs * weight, rcond=None)[0]
    rest = np.abs(logs - terms @ found).max(axis=1)
    weight *= (rest <= _REJECT * np.median(rest))[:, None]
    found = np.linalg.lstsq(terms * weight, logs * weight, rcond=None)[0].astype(np.float32)
    down = _axis(np.arange(height), height).astype(np.float32)[:, None]
    across = _axis(np.arange(width), width).astype(np.float32)[None]
    planes = [
        (c[0] + c[2] * down + c[5] * down**2)
        + (c[1] + c[3] * across) * across
        + c[4] * down * across
        for c in found.T
    ]
    return np.asarray(cv2.exp(cv2.merge(planes)), dtype=np.float32)


def _axis(at: NDArray[np.floating] | NDArray[np.integer], size: int) -> NDArray[np.float64]:
    """Places along a side, -1 to 1."""
    return np.asarray(2.0 * (at + 0.5) / size - 1.0, dtype=np.float64)
