"""White balance from a neutral card."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dermadelta.kernels.colour import linearise, luminance

Floats = NDArray[np.float64]

_TRIM = 0.1
"""Share of the darkest and of the lightest pixels that is left out: a scratch, a shadow."""

_DARKEST = 0.01
"""Linear light of a channel below which a ratio is noise."""


@dataclass(frozen=True, eq=False)
class GreyReading:
    """A neutral card as taken.

    ``mean`` is its linear RGB. ``gains`` bring red and blue to green (white balance only, the
    middle one is 1): ``matrix`` holds them on its diagonal. ``clipped`` is the saturated share of
    the outline, ``spread`` the relative standard deviation of its luminance.
    """

    mean: tuple[float, float, float]
    gains: tuple[float, float, float]
    clipped: float
    spread: float

    @property
    def matrix(self) -> Floats:
        """(3, 3) float64."""
        return np.diag(self.gains)


def read_grey_card(
    encoded: NDArray[np.uint8] | NDArray[np.uint16],
    curves: NDArray[np.float32],
    matrix: Floats,
    clipped: NDArray[np.bool_],
    card: NDArray[np.bool_],
) -> GreyReading:
    """Gains that make a card neutral.

    Parameters
    ----------
    encoded : (H, W, 3) uint8 or uint16
        The photo as stored.
    curves, matrix
        See ``linearise``.
    clipped : (H, W) bool
        True where a channel is saturated; such pixels are left out.
    card : (H, W) bool
        True on the card.

    Returns
    -------
    GreyReading

    Raises
    ------
    ValueError
        No pixel of the card can be used, or it is too dark; the text says which.
    """
    seen = card & ~clipped
    share = 1.0 - seen.sum() / max(int(card.sum()), 1)
    if not seen.any():
        raise ValueError("the grey card is empty or saturated throughout")
    linear = linearise(encoded[seen][None], curves, matrix)[0].astype(np.float64)
    light = luminance(linear)
    low, high = np.quantile(light, [_TRIM, 1.0 - _TRIM])
    red, green, blue = linear[(light >= low) & (light <= high)].mean(axis=0)
    if min(red, green, blue) < _DARKEST:
        raise ValueError("the grey card is too dark to tell its colour")
    return GreyReading(
        mean=(float(red), float(green), float(blue)),
        gains=(float(green / red), 1.0, float(green / blue)),
        clipped=float(share),
        spread=float(light.std() / light.mean()),
    )
