"""Skin that itself changed between the photos: a field must not explain that away."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from dermadelta.domain import Mask
from dermadelta.kernels.masks import grow
from dermadelta.kernels.resampling import sample, sample_mask
from dermadelta.kernels.sides import Side
from dermadelta.kernels.statistics import robust_sd
from dermadelta.kernels.texture import masked_gaussian

_SMOOTH_SHARE, _TREND_SHARE = 0.008, 0.10
"""Smoothing of the colour, and of the trend of lamp and white balance, shares of the short side."""

_FLOOR_LN, _SPREADS = 0.006, 3
"""Least change of ln R - ln G that is one, and the same in robust SDs of the changes seen."""

_SHIFT_SHARE = 0.0025
"""Motion that would explain the change, share of the short side: a match that is off by less than
this changes an edge as much."""

_GROW_SHARE = 0.015
"""How far around changed skin the edge of it may mislead, share of the short side."""


def changed_skin(before: Side, after: Side, landing: NDArray[np.float32]) -> Mask:
    """Where the pigment image differs by more than light and noise explain.

    The rim of a lesion that grew looks like skin that moved; a match there would take the growth
    for motion.

    Parameters
    ----------
    before, after : Side
        Of one working size.
    landing : (h, w, 2) float32
        Where each after pixel lies on the before side.

    Returns
    -------
    (h, w) bool
    """
    both = after.usable & sample_mask(before.usable, landing)
    if not both.any():
        return both
    sigma = _SMOOTH_SHARE * after.short_side
    own = masked_gaussian(after.redness, both, sigma)
    drawn = masked_gaussian(sample(before.redness, landing), both, sigma)
    difference = own - drawn
    trend = masked_gaussian(difference, both, _TREND_SHARE * after.short_side)
    change = np.abs(difference - trend)
    limit = max(_FLOOR_LN, _SPREADS * robust_sd(change[both]))
    dx, dy = (cv2.Sobel(own, cv2.CV_32F, *axis, scale=0.125) for axis in ((1, 0), (0, 1)))
    slope = np.sqrt(masked_gaussian(np.asarray(dx**2 + dy**2, np.float32), both, sigma))
    moved = change > _SHIFT_SHARE * after.short_side * slope
    return grow((change > limit) & moved & both, _GROW_SHARE * after.short_side)
