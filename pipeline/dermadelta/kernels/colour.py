"""Colour: sRGB transfer curve, luminance, CIE L*a*b*, colour difference, erythema index.

Linear RGB has sRGB primaries and D65 white, 0..1 for displayable colours; L*a*b* is CIE 1976 by
ISO/CIE 11664-4 with D65 and the 2° observer. All functions take (..., 3) arrays.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

SRGB_TO_XYZ: Floats = np.array(
    [
        [0.4123907992659595, 0.3575843393838780, 0.1804807884018343],
        [0.2126390058715104, 0.7151686787677559, 0.0721923153607337],
        [0.0193308187155918, 0.1191947797946259, 0.9505321522496608],
    ]
)
"""Linear sRGB to XYZ, from the primaries and D65 white of IEC 61966-2-1 at full precision."""

D65_WHITE: Floats = SRGB_TO_XYZ.sum(axis=1)
"""XYZ of (1, 1, 1)."""

_LAB_EPSILON = 216.0 / 24389.0
_LAB_KAPPA = 24389.0 / 27.0

TINY = 1e-4
"""Smallest linear value taken the logarithm of: below the noise floor of any camera."""


ITA_CLASSES: Final = ("very_light", "light", "intermediate", "tan", "brown", "dark")
"""Skin tones from light to dark."""

_ITA_LIMITS_DEG: Final = (55.0, 41.0, 28.0, 10.0, -30.0)
"""Lower ends of all but the last class (Del Bino & Bernerd, Br. J. Dermatol. 169 Suppl 3:33,
2013, doi:10.1111/bjd.12529)."""


def srgb_decode(encoded: ArrayLike) -> Floats:
    """Encoded sRGB (0..1) to linear light by IEC 61966-2-1."""
    v = np.asarray(encoded, dtype=np.float64)
    return np.where(v <= 0.04045, v / 12.92, ((np.maximum(v, 0.04045) + 0.055) / 1.055) ** 2.4)


def srgb_encode(linear: ArrayLike) -> Floats:
    """Linear light (clipped to 0..1) to encoded sRGB (0..1) by IEC 61966-2-1."""
    v = np.clip(np.asarray(linear, dtype=np.float64), 0.0, 1.0)
    return np.where(
        v <= 0.0031308, v * 12.92, 1.055 * np.maximum(v, 0.0031308) ** (1 / 2.4) - 0.055
    )


def linearise(
    encoded: NDArray[np.uint8] | NDArray[np.uint16],
    curves: NDArray[np.float32],
    matrix: Floats,
) -> NDArray[np.float32]:
    """Stored values to linear sRGB through a curve per channel and a matrix.

    Parameters
    ----------
    encoded : (h, w, 3) uint8 or uint16
        Pixels as stored.
    curves : (3, 256) or (3, 65536) float32
        Linear value of every code of every channel.
    matrix : (3, 3) float64
        From linear device RGB to linear sRGB.

    Returns
    -------
    (h, w, 3) float32
        Linear sRGB; values outside 0..1 are colours outside the sRGB gamut.
    """
    linear = np.empty(encoded.shape, dtype=np.float32)
    if encoded.dtype == np.uint8 and encoded.size:  # OpenCV takes no empty picture
        table = np.ascontiguousarray(curves.T, dtype=np.float32)[None]
        cv2.LUT(encoded, table, dst=linear)
    else:
        for channel in range(3):
            np.take(curves[channel], encoded[..., channel], out=linear[..., channel])
    if np.allclose(matrix, np.eye(3), atol=1e-9):
        return linear
    out: NDArray[np.float32] = linear @ matrix.T.astype(np.float32)
    return out


def eight_bit(rgb: NDArray[np.uint8] | NDArray[np.uint16]) -> NDArray[np.uint8]:
    """Encoded pixels of any shape with 8 bits: of 16, the upper ones."""
    return np.asarray(rgb if rgb.dtype == np.uint8 else rgb >> 8, dtype=np.uint8)


def luminance(rgb: ArrayLike) -> NDArray[np.floating]:
    """Relative luminance Y (0..1) of linear RGB (..., 3); keeps float32 where given."""
    array = np.asarray(rgb)
    weights = SRGB_TO_XYZ[1].astype(array.dtype if array.dtype == np.float32 else np.float64)
    out: NDArray[np.floating] = array @ weights
    return out


def log_luminance(rgb: NDArray[np.float32]) -> NDArray[np.float32]:
    """Ln Y of linear RGB (h, w, 3), floored at ``TINY``; a gain becomes an offset."""
    return np.asarray(np.log(np.maximum(luminance(rgb), TINY)), dtype=np.float32)


def linear_to_lab(rgb: ArrayLike) -> NDArray[np.floating]:
    """Linear sRGB (..., 3) to L*a*b* (..., 3), D65, 2° observer; keeps float32 where given."""
    array = np.asarray(rgb)
    kind = array.dtype if array.dtype == np.float32 else np.float64
    xyz = array @ SRGB_TO_XYZ.T.astype(kind) / D65_WHITE.astype(kind)
    # The cube root by logarithm: an order of magnitude faster for float32, and as exact.
    root = (
        np.exp(np.log(np.maximum(xyz, _LAB_EPSILON)) / 3.0) if kind == np.float32 else np.cbrt(xyz)
    )
    f = np.where(xyz > _LAB_EPSILON, root, (_LAB_KAPPA * xyz + 16.0) / 116.0)
    x, y, z = f[..., 0], f[..., 1], f[..., 2]
    return np.stack([116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)], axis=-1)


def lab_to_linear(lab: ArrayLike) -> Floats:
    """L*a*b* (..., 3) to linear sRGB (..., 3), the inverse of ``linear_to_lab``."""
    values = np.asarray(lab, dtype=np.float64)
    fy = (values[..., 0] + 16.0) / 116.0
    f = np.stack([fy + values[..., 1] / 500.0, fy, fy - values[..., 2] / 200.0], axis=-1)
    xyz = np.where(f**3 > _LAB_EPSILON, f**3, (116.0 * f - 16.0) / _LAB_KAPPA) * D65_WHITE
    return xyz @ np.linalg.inv(SRGB_TO_XYZ).T


def erythema_index(rgb: ArrayLike) -> Floats:
    """Erythema index 100·log10(R/G) of linear RGB (..., 3), in EI.

    Haemoglobin absorbs green far more than red, so the index grows with redness; a gain common
    to both channels drops out. Source: Diffey, Oliver, Farr 1984,
    doi:10.1111/j.1365-2133.1984.tb04060.x.
    """
    array = np.asarray(rgb, dtype=np.float64)
    ratio = np.maximum(array[..., 0], TINY) / np.maximum(array[..., 1], TINY)
    return 100.0 * np.log10(ratio)


def individual_typology_angle(lab: ArrayLike) -> Floats:
    """Individual typology angle (180/π)·atan2(L* - 50, b*), in degrees (Chardon 1991)."""
    values = np.asarray(lab, dtype=np.float64)
    return np.degrees(np.arctan2(values[..., 0] - 50.0, values[..., 2]))


def ita_class(angle_deg: float) -> str:
    """Class of skin tone by individual typology angle.

    Parameters
    ----------
    angle_deg : float
        Individual typology angle, degrees.

    Returns
    -------
    str
        One of ``ITA_CLASSES``.

    References
    ----------
    Del Bino and Bernerd, Br. J. Dermatol. 169 Suppl 3:33 (2013), doi:10.1111/bjd.12529.
    """
    for name, limit in zip(ITA_CLASSES, _ITA_LIMITS_DEG, strict=False):
        if angle_deg > limit:
            return name
    return ITA_CLASSES[-1]
