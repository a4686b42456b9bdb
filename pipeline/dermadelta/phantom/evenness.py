"""How even the colour of skin truly is, on an ideal rendering and on the pigment itself.

Written apart from the measures, as all truth is; what is shared is the definition of ΔE00.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from dermadelta.kernels.colour import linear_to_lab
from dermadelta.kernels.colour_difference import ciede2000
from dermadelta.phantom.fields import Field

Mask = NDArray[np.bool_]

EVENNESS_MM = (1.0, 10.0)
"""Shortest and longest wavelength of unevenness."""

SIGMA_PER_CUTOFF = float(np.sqrt(np.log(2.0) / 2.0) / np.pi)
"""Gaussian width per wavelength at which it passes one half (ISO 16610-21): 0.1874."""

_COARSE_MM = 0.2
"""Squares that colours are averaged over first: a fifth of the shortest wavelength."""


@dataclass(frozen=True)
class Evenness:
    """Unevenness of an area in the band; 0 is perfectly even.

    ``tone`` is the median ΔE00 from the median colour, ``redness`` the SD of the erythema index,
    ``melanin`` that of the amount of melanin.
    """

    tone: float
    redness: float
    melanin: float


def evenness(image: Field, melanin: Field, area: Mask, step_mm: float) -> Evenness:
    """Unevenness of an area of an ideal rendering.

    Parameters
    ----------
    image : (h, w, 3) float32
        Linear sRGB without camera.
    melanin : (h, w) float32
        Amounts.
    area : (h, w) bool
        Nothing outside counts, not even for what is around a point.
    step_mm : float
        Of the grid.
    """
    factor = max(1, round(_COARSE_MM / step_mm))
    share = _coarse(area.astype(np.float32), factor)
    inside = share > 0.5
    masked = area[..., None]
    covered = np.maximum(share, np.float32(1e-6))
    light = _coarse(image * masked, factor) / covered[..., None]
    amount = (_coarse(melanin * area, factor) / covered).astype(np.float32)
    logs = np.log(np.maximum(light, 1e-5)).astype(np.float32)
    sigmas = [SIGMA_PER_CUTOFF * cut / (factor * step_mm) for cut in EVENNESS_MM]
    narrow, wide = (_around(logs, inside, sigma) for sigma in sigmas)
    detail = (narrow - wide)[inside].astype(np.float64)
    lab = linear_to_lab(np.exp(np.median(logs[inside], axis=0) + detail))
    less, more = (_around(amount[..., None], inside, sigma)[..., 0] for sigma in sigmas)
    return Evenness(
        tone=float(np.median(ciede2000(lab, np.median(lab, axis=0)))),
        redness=float(100.0 / np.log(10.0) * np.std(detail[:, 0] - detail[:, 1])),
        melanin=float(np.std((less - more)[inside], dtype=np.float64)),
    )


def _coarse(field: Field, factor: int) -> Field:
    """Means over whole squares; what is left over at the lower and right edges is cut off."""
    h, w = (side // factor for side in field.shape[:2])
    part = field[: h * factor, : w * factor]
    return np.asarray(cv2.resize(part, (w, h), interpolation=cv2.INTER_AREA), dtype=np.float32)


def _around(field: Field, inside: Mask, sigma_px: float) -> Field:
    """Gaussian mean (h, w, c) over what lies inside."""
    radius = int(np.ceil(3.5 * sigma_px))
    size = (2 * radius + 1, 2 * radius + 1)
    weight = cv2.GaussianBlur(inside.astype(np.float32), size, sigma_px)
    planes = [
        cv2.GaussianBlur(np.where(inside, plane, np.float32(0.0)), size, sigma_px)
        / np.maximum(weight, 1e-6)
        for plane in np.moveaxis(field, -1, 0)
    ]
    return np.stack(planes, axis=-1).astype(np.float32)
