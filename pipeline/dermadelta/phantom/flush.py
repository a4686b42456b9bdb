"""Living skin: blood flow differs from one day to the next without any treatment.

The truth of a pair is about what was done to the skin, so it does not contain this: it is what a
change of redness has to stand out from, as on a real arm.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from dermadelta.phantom.fields import smooth_noise
from dermadelta.phantom.skin import Skin

PATCH_MM = 12.0
"""Gaussian width of a patch of skin that flushes together."""

EVERYWHERE_SD, LOCAL_SD = 0.05, 0.065
"""Relative SD of haemoglobin from day to day, in common and from patch to patch. Together 8 %:
0.51 a*, by which repeat readings of one forearm differ (SD, 100 people) with a laboratory
instrument (Cooksey, Allen and Tsai 2017, doi:10.18434/M38597); one a* is 1.28 erythema index,
and haemoglobin makes about 8 of that index."""


@dataclass(frozen=True)
class Flush:
    """Blood flow of one day; ``size`` 0 is none, 1 that of the published repeat readings."""

    seed: int = 0
    size: float = 0.0


def flushed(skin: Skin, flush: Flush) -> Skin:
    """The skin with the blood flow of a day; the very same skin for ``size`` 0."""
    if flush.size <= 0.0:
        return skin
    rng = np.random.default_rng(flush.seed)
    everywhere = flush.size * EVERYWHERE_SD * float(np.clip(rng.standard_normal(), -2.5, 2.5))
    factor = smooth_noise(rng, skin.grid.shape, PATCH_MM / skin.grid.step_mm)
    # The noise is normed to the patch of skin in view; between days its mean moves too.
    shift = LOCAL_SD * float(np.clip(rng.standard_normal(), -2.5, 2.5)) * 0.5
    factor *= np.float32(flush.size * LOCAL_SD * 0.87)
    factor += np.float32(1.0 + everywhere + flush.size * shift)
    haemoglobin = skin.haemoglobin * np.maximum(factor, np.float32(0.3))
    return replace(skin, haemoglobin=haemoglobin.astype(np.float32))
