"""CIEDE2000: how different two colours look."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

_CHROMA_KNEE = 25.0**7


def ciede2000(first: ArrayLike, second: ArrayLike) -> Floats:
    """Colour difference ΔE00 of L*a*b* colours, with kL = kC = kH = 1.

    Parameters
    ----------
    first, second : (..., 3) array_like
        L*, a*, b*; the shapes broadcast. The difference is the same either way round.

    Returns
    -------
    (...) float64
        ΔE00, ≥ 0; about 1 is just seen side by side.

    Notes
    -----
    ISO/CIE 11664-6:2022 in the form of Sharma, Wu, Dalal, Color Res. Appl. 30:21 (2005),
    doi:10.1002/col.20070, which settles the mean hue across 0° and at zero chroma.
    """
    one, two = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    chroma_one, chroma_two, hue_one, hue_two = _adapted(one, two)
    both = chroma_one * chroma_two
    turn = hue_two - hue_one
    turn = np.where(both == 0.0, 0.0, (turn + 180.0) % 360.0 - 180.0)
    # Opposite hues: Sharma counts +180°, the remainder gives -180°.
    turn = np.where((turn == -180.0) & (hue_two > hue_one), 180.0, turn)
    apart = np.abs(hue_one - hue_two) > 180.0
    total = hue_one + hue_two
    wrapped = np.where(total < 360.0, total + 360.0, total - 360.0)
    hue = np.where(both == 0.0, total, 0.5 * np.where(apart, wrapped, total))

    lightness = 0.5 * (one[..., 0] + two[..., 0])
    chroma = 0.5 * (chroma_one + chroma_two)
    weight_l = 1.0 + 0.015 * (lightness - 50.0) ** 2 / np.sqrt(20.0 + (lightness - 50.0) ** 2)
    part_l = (two[..., 0] - one[..., 0]) / weight_l
    part_c = (chroma_two - chroma_one) / (1.0 + 0.045 * chroma)
    part_h = 2.0 * np.sqrt(both) * _sin(0.5 * turn) / (1.0 + 0.015 * chroma * _hue_term(hue))
    squares = part_l**2 + part_c**2 + part_h**2 + _rotation(chroma, hue) * part_c * part_h
    return np.asarray(np.sqrt(np.maximum(squares, 0.0)), dtype=np.float64)


def _adapted(one: Floats, two: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Chroma and hue (degrees, 0..360) with a* stretched near grey, of both colours."""
    mean = 0.5 * (np.hypot(one[..., 1], one[..., 2]) + np.hypot(two[..., 1], two[..., 2]))
    stretch = 1.5 - 0.5 * np.sqrt(mean**7 / (mean**7 + _CHROMA_KNEE))
    chromas, hues = [], []
    for colour in (one, two):
        a, b = stretch * colour[..., 1], colour[..., 2]
        chromas.append(np.hypot(a, b))
        hues.append(np.degrees(np.arctan2(b, a)) % 360.0)
    return chromas[0], chromas[1], hues[0], hues[1]


def _hue_term(hue: Floats) -> Floats:
    return (
        1.0
        - 0.17 * _cos(hue - 30.0)
        + 0.24 * _cos(2.0 * hue)
        + 0.32 * _cos(3.0 * hue + 6.0)
        - 0.20 * _cos(4.0 * hue - 63.0)
    )


def _rotation(chroma: Floats, hue: Floats) -> Floats:
    """Chroma and hue differences are not independent among the blues."""
    angle = 30.0 * np.exp(-(((hue - 275.0) / 25.0) ** 2))
    strength = 2.0 * np.sqrt(chroma**7 / (chroma**7 + _CHROMA_KNEE))
    return -_sin(2.0 * angle) * strength


def _sin(degrees: Floats) -> Floats:
    return np.asarray(np.sin(np.radians(degrees)), dtype=np.float64)


def _cos(degrees: Floats) -> Floats:
    return np.asarray(np.cos(np.radians(degrees)), dtype=np.float64)
