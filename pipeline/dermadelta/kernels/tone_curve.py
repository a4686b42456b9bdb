"""The tone curve of a camera's picture, as far as known patches can show it.

Linear light x of a channel becomes exp(b·ln x + c·(ln x)²): a gamma (b) whose slope changes with
lightness (c), which is what an S-curve looks like over the range of skin. The fit of both is
linear in them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

STRAIGHT = (1.0, 0.0)
"""The curve that changes nothing."""

TONE_FLOOR = 0.01
"""Linear light below which the curve goes on with the slope that it has there: darker than any
patch, so nothing is known of it."""

_LOG_FLOOR = float(np.log(TONE_FLOOR))
_STEEPEST, _FLATTEST = 3.0, 0.3
"""Slopes of the curve in logarithms. Cameras' pictures stay within 0.6 to 1.6; beyond these
limits a fit has lost its way, and noise would be blown up or the order of greys turned round."""


def tone_features(linear: ArrayLike) -> tuple[Floats, Floats]:
    """What b and c are multiplied by: ln x and (ln x)², the latter straight outside the range.

    Parameters
    ----------
    linear : array_like
        Linear light; taken as at least 1e-9.

    Returns
    -------
    first, second : float64, of the same shape
    """
    log = np.log(np.maximum(np.asarray(linear, dtype=np.float64), 1e-9))
    below = _LOG_FLOOR * (2.0 * log - _LOG_FLOOR)
    return log, np.where(log < _LOG_FLOOR, below, np.where(log > 0.0, 0.0, log * log))


def apply_tone(linear: ArrayLike, tone: tuple[float, float]) -> Floats:
    """Undo a camera's tone curve.

    Parameters
    ----------
    linear : array_like
        Linear light of single channels. Below ``TONE_FLOOR`` and above 1 the curve keeps the slope
        (in logarithms) that it has there; 0 stays 0, and negative values (colours outside the
        gamut) are treated as their positive counterparts.
    tone : (float, float)
        b and c; (1, 0) changes nothing.

    Returns
    -------
    float64, of the same shape
        Finite and rising with ``linear`` for every tone that ``limited_tone`` lets through.
    """
    values = np.asarray(linear, dtype=np.float64)
    first, second = tone_features(np.abs(values))
    bent = np.exp(tone[0] * first + tone[1] * second)
    return np.where(values == 0.0, 0.0, np.copysign(bent, values))


def limited_tone(b: float, c: float) -> tuple[float, float]:
    """The nearest curve that rises everywhere, its slope between 0.3 and 3."""
    slope_at_one = float(np.clip(b, _FLATTEST, _STEEPEST))
    slope_at_floor = float(
        np.clip(slope_at_one + 2.0 * c * _LOG_FLOOR, _FLATTEST, _STEEPEST),
    )
    return slope_at_one, (slope_at_floor - slope_at_one) / (2.0 * _LOG_FLOOR)
