"""The signal of all measures of relief: log luminance of a view, and its bands."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from dermadelta.kernels.colour import log_luminance
from dermadelta.kernels.memo import once
from dermadelta.kernels.texture import CUTOFF_TO_SIGMA, band_residual

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]


class Pixels(Protocol):
    """Native pixels of one region and its surroundings, as a view holds them."""

    @property
    def rgb(self) -> Floats:
        """(h, w, 3) linear RGB."""

    @property
    def skin(self) -> Bools:
        """(h, w) usable skin of the box, the region included."""

    @property
    def blur_to_add_px2(self) -> float:
        """Gaussian variance that brings the photo to the common sharpness of its pair."""


def log_light(pixels: Pixels, _: None = None) -> Floats:
    """Ln Y, (h, w) float32: exposure is an offset of it, shading and relief add to it."""
    return log_luminance(pixels.rgb)


def relief_band(pixels: Pixels, wavelengths_px: tuple[float, float]) -> Floats:
    """Ln Y between two cut-off wavelengths (ISO 16610-21), at the common sharpness of the pair.

    Parameters
    ----------
    pixels : Pixels
    wavelengths_px : (float, float)
        Shortest and longest wavelength, pixels of the view.

    Returns
    -------
    (h, w) float32
        Means are taken over usable skin only.
    """
    fine, coarse = (
        float(np.sqrt((CUTOFF_TO_SIGMA * length) ** 2 + pixels.blur_to_add_px2))
        for length in wavelengths_px
    )
    return band_residual(once(log_light, pixels, None), pixels.skin, fine, coarse)
