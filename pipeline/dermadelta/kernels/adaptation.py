"""Chromatic adaptation: what a colour under one white is under another."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dermadelta.kernels.colour import D65_WHITE, SRGB_TO_XYZ, lab_to_linear, linear_to_lab

Floats = NDArray[np.float64]

BRADFORD: Floats = np.array(
    [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
)
"""Cone response of the Bradford adaptation, ICC.1:2022 annex E."""


def adaptation(white_from: Floats, white_to: Floats) -> Floats:
    """Bradford matrix (3, 3) that takes XYZ under one white to XYZ under another.

    Parameters
    ----------
    white_from, white_to : (3,) float64
        XYZ of the whites, Y = 1.
    """
    gain = (BRADFORD @ white_to) / (BRADFORD @ white_from)
    return np.asarray(np.linalg.inv(BRADFORD) @ np.diag(gain) @ BRADFORD, dtype=np.float64)


def linear_to_lab_under(linear: ArrayLike, white: Floats) -> Floats:
    """Linear sRGB (..., 3) to L*a*b* (..., 3) under another white, 2° observer.

    Parameters
    ----------
    linear : (..., 3) array_like
        Linear sRGB, D65.
    white : (3,) float64
        XYZ of the other white, Y = 1; colours are taken there by the Bradford adaptation.
    """
    there = adaptation(D65_WHITE, white) @ SRGB_TO_XYZ
    share = np.asarray(linear, dtype=np.float64) @ there.T / white
    # L*a*b* knows XYZ as shares of the white only: the same shares of D65 have the same L*a*b*.
    alike = (share * D65_WHITE) @ np.linalg.inv(SRGB_TO_XYZ).T
    return np.asarray(linear_to_lab(alike), dtype=np.float64)


def lab_under_to_linear(lab: ArrayLike, white: Floats) -> Floats:
    """L*a*b* (..., 3) under another white to linear sRGB: inverse of ``linear_to_lab_under``."""
    share = lab_to_linear(lab) @ SRGB_TO_XYZ.T / D65_WHITE
    back = np.linalg.inv(SRGB_TO_XYZ) @ adaptation(white, D65_WHITE)
    return np.asarray((share * white) @ back.T, dtype=np.float64)
