"""Whether a photo shows the opposite side of the body: its outline is the mirror image."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from dermadelta.kernels.sides import Side

_SIDE_PX = 32
_LEAST_ALIKE, _LEAST_GAP = 0.8, 0.15
"""Correlation of the skin's outline with the mirrored one, and how much less without mirroring."""

_FEW, _MOST = 0.15, 0.85
"""Where skin fills the frame, or hardly shows, there is no outline."""


def shows_the_other_side(before: Side, after: Side) -> bool:
    """Whether the outline of the skin fits the mirror image of the other, and not itself.

    Parameters
    ----------
    before, after : Side
        Whole photographs.

    Returns
    -------
    bool
        False where the outline says nothing: skin all over the frame, or symmetrical.
    """
    one, two = _small(before), _small(after)
    if not all(_FEW < float(small.mean()) < _MOST for small in (one, two)):
        return False
    straight = max(_alike(one, two, shift) for shift in range(-6, 7))
    turned = max(_alike(one, two[:, ::-1], shift) for shift in range(-6, 7))
    return turned >= _LEAST_ALIKE and turned - straight >= _LEAST_GAP


def _small(side: Side) -> NDArray[np.float32]:
    grey = side.usable.astype(np.float32)
    small = cv2.resize(grey, (_SIDE_PX, _SIDE_PX), interpolation=cv2.INTER_AREA)
    return np.asarray(small, dtype=np.float32)


def _alike(one: NDArray[np.float32], two: NDArray[np.float32], shift: int) -> float:
    """Correlation of two small pictures, the second shifted sideways."""
    moved = np.roll(two, shift, axis=1)
    a, b = one - one.mean(), moved - moved.mean()
    scale = float(np.sqrt((a**2).sum() * (b**2).sum()))
    return float((a * b).sum()) / scale if scale > 0.0 else 0.0
