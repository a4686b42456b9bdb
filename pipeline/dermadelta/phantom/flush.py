"""Living skin: blood flow and relief differ from one day to the next without any treatment.

The truth of a pair is about what was done to the skin, so it does not contain this: it is what a
change has to stand out from, as on a real arm.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from dermadelta.phantom.fields import Field, smooth_noise
from dermadelta.phantom.skin import Grid, Skin

PATCH_MM = 12.0
"""Gaussian width of a patch of skin that flushes or swells together."""

BLOOD_SD = (0.05, 0.065)
"""Relative SD of haemoglobin from day to day: in common, and from patch to patch. Together 8 %:
0.51 a*, by which repeat readings of one forearm differ (SD, 100 people) with a laboratory
instrument (Cooksey, Allen and Tsai 2017, doi:10.18434/M38597); one a* is 1.28 erythema index,
and haemoglobin makes about 8 of that index."""

RELIEF_SD = (0.010, 0.015)
"""The same of the height of the relief, with the skin's water. Together just under the 2 % to
which booths that hold head, lamp and camera are published to repeat texture."""

_AREA_SHARE = 0.5
"""Share of the patches' SD by which the mean over the skin in view moves."""


@dataclass(frozen=True)
class Flush:
    """State of the skin on one day; ``size`` 0 is none, 1 what is published."""

    seed: int = 0
    size: float = 0.0


def flushed(skin: Skin, flush: Flush) -> Skin:
    """The skin in the state of a day; the very same skin for ``size`` 0."""
    if flush.size <= 0.0:
        return skin
    rng = np.random.default_rng(flush.seed)
    blood = _factor(rng, skin.grid, BLOOD_SD, flush.size)
    relief = _factor(rng, skin.grid, RELIEF_SD, flush.size)
    return replace(
        skin,
        haemoglobin=np.asarray(skin.haemoglobin * blood, dtype=np.float32),
        height_mm=np.asarray(skin.height_mm * relief, dtype=np.float32),
    )


def _factor(
    rng: np.random.Generator, grid: Grid, spread: tuple[float, float], size: float
) -> Field:
    """What an amount is multiplied by, (h, w) about 1."""
    everywhere, mean = np.clip(rng.standard_normal(2), -2.5, 2.5)
    factor = smooth_noise(rng, grid.shape, PATCH_MM / grid.step_mm)
    # The noise has mean 0 over the skin in view, which between two days it need not have.
    local = size * spread[1]
    factor *= np.float32(local * np.sqrt(1.0 - _AREA_SHARE**2))
    factor += np.float32(1.0 + size * spread[0] * everywhere + local * _AREA_SHARE * mean)
    return np.asarray(np.maximum(factor, np.float32(0.3)), dtype=np.float32)
