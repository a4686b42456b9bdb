"""Melanin and haemoglobin from linear RGB: two fixed directions of optical density.

By the law of Beer and Lambert a pigment adds to -ln(r, g, b) along a direction of its own, and
shading adds the same to all three. With shading projected out two dimensions are left, which two
pigments span. The directions are frozen: fitted to each photograph, they would follow the very
change that is sought.

Source: Tsumura, Haneishi, Miyake 1999, doi:10.1364/JOSAA.16.002169; Tsumura et al. 2003,
doi:10.1145/882262.882344.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from dermadelta.kernels.colour_map import ColourMap, log_rgb
from dermadelta.kernels.memo import once

Floats = NDArray[np.float64]

MELANIN: Final[Floats] = np.array([-0.6801, -0.0513, 0.7313])
"""Melanin in the plane without shading, length 1. It lies between melanin that absorbs as λ^-3.33
(Jacques 2013, doi:10.1088/0031-9155/58/11/R37) before the mean reflectance of 100 people (Cooksey,
Allen and Tsai 2017, doi:10.18434/M38597), and the direction in which these people differ by tone:
where the worst cross-talk with haemoglobin is least."""

HAEMOGLOBIN: Final[Floats] = np.array([-0.7626, 0.6340, 0.1286])
"""Haemoglobin likewise: blood added to the dermis of the mean of the same people. Jacques' model of
the skin, extinction of oxy- and deoxyhaemoglobin after Prahl, 70 % oxygenated, in vessels of 20 µm
radius, which blue light does not reach the middle of (van Veen 2002, doi:10.1364/OL.27.000246).
``tests/bench/pigment_basis.py`` derives all three constants."""

BASE_OD: Final[Floats] = np.array([0.530, 0.618, 0.743])
"""Optical density of skin free of both, by the same model; only its part without shading counts."""

BELOW: Final = 0.25
"""How far below skin free of a pigment an amount may fall before it is cut off. White balance
shifts both amounts: by 0.18 where one channel is off by a fifth."""

_COS: Final = float(MELANIN @ HAEMOGLOBIN)


def unmixing() -> Floats:
    """(2, 4) affine matrix from (ln R, ln G, ln B) to amounts of melanin and haemoglobin."""
    duals = np.linalg.pinv(np.stack([MELANIN, HAEMOGLOBIN], axis=1))
    duals -= duals.mean(axis=1, keepdims=True)  # rounding must not let shading in
    return np.column_stack([-duals, -duals @ BASE_OD])


def pigment_density(
    log_rgb: NDArray[np.floating],
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Amounts of melanin and haemoglobin by non-negative least squares.

    Parameters
    ----------
    log_rgb : (h, w, 3) or (n, 3) float
        Natural logarithm of linear RGB.

    Returns
    -------
    melanin, haemoglobin : (h, w) or (n,) float32
        Optical density (base e), the length of its vector without shading, above that of skin
        free of the pigment; at least ``-BELOW``. A gain common to all channels changes nothing.
    """
    points = np.ascontiguousarray(log_rgb, dtype=np.float32).reshape(1, -1, 3)
    matrix = unmixing()
    matrix[:, 3] += BELOW
    mixed = np.asarray(cv2.transform(points, matrix), dtype=np.float32)[0]
    melanin, haemoglobin = np.ascontiguousarray(mixed.T)
    # With two pigments the least squares under the bound are those of the other one alone.
    none, bare = np.flatnonzero(melanin < 0.0), np.flatnonzero(haemoglobin < 0.0)
    pale, bloodless = melanin[none], haemoglobin[bare]
    haemoglobin[none] += np.float32(_COS) * pale
    melanin[bare] += np.float32(_COS) * bloodless
    shape = log_rgb.shape[:-1]
    amounts = (np.maximum(values, 0.0) - np.float32(BELOW) for values in (melanin, haemoglobin))
    first, second = (np.asarray(values, dtype=np.float32).reshape(shape) for values in amounts)
    return first, second


def pigment_maps(
    colours: ColourMap, _: None = None
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Melanin and haemoglobin of every square of a map, (H, W) each."""
    return pigment_density(once(log_rgb, colours, None))
