"""Compare: whether these photographs may be compared at all, and for which measures."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from dermadelta.domain import (
    Alignment,
    CalibratedPhoto,
    Carried,
    Check,
    Comparability,
    NotMeasured,
    PairRef,
)
from dermadelta.stages.compare.config import CompareConfig
from dermadelta.stages.compare.detail import retouching, sharpness
from dermadelta.stages.compare.gate import Compared
from dermadelta.stages.compare.geometry import (
    alignment_error,
    overlap,
    same_skin,
    scale,
    tilt,
    zoom,
)
from dermadelta.stages.compare.healing import timing
from dermadelta.stages.compare.lighting import clipping, exposure, light

__all__ = ["GATES", "CompareConfig", "compare"]

GATES: tuple[Callable[[Compared], Check], ...] = (
    same_skin,
    overlap,
    alignment_error,
    sharpness,
    exposure,
    clipping,
    light,
    retouching,
    zoom,
    tilt,
    scale,
    timing,
)


def compare(
    pair: PairRef,
    before: CalibratedPhoto,
    after: CalibratedPhoto,
    alignment: Alignment,
    carried: Carried,
    config: CompareConfig,
) -> Comparability:
    """Hold one after photo against the first before photo.

    Parameters
    ----------
    pair : PairRef
        Dates and sessions.
    before, after : CalibratedPhoto
    alignment : Alignment
        Of this after photo.
    carried : Carried
        With the facts of both photos.
    config : CompareConfig

    Returns
    -------
    Comparability
        One Check per gate in ``GATES``; a failing one names the measures that it refuses.
    """
    facts = {fact.photo_id: fact for fact in carried.facts}
    seen = Compared(
        pair,
        before,
        after,
        alignment,
        carried,
        facts[before.photo.ref.photo_id],
        facts[after.photo.ref.photo_id],
        config,
    )
    return Comparability(tuple(gate(seen) for gate in GATES), _bias_index(seen))


def _bias_index(seen: Compared) -> float | NotMeasured:
    """Does each difference favour the after photo? Softer and brighter skin looks better."""
    differences = [seen.after_facts.ln_exposure / 0.1]
    if not isinstance(seen.after_facts.sigma2_px2, NotMeasured):
        differences.append(seen.after_facts.sigma2_px2 / seen.config.corrected_delta_sigma2)
    return float(np.mean([np.tanh(value) for value in differences]))
