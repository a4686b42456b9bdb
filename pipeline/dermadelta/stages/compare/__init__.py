"""Compare: whether these photographs may be compared at all, and for which measures."""

from __future__ import annotations

from collections.abc import Callable

from dermadelta.domain import Alignment, CalibratedPhoto, Carried, Check, Comparability, PairRef
from dermadelta.stages.compare.bias import bias_index, bias_parts
from dermadelta.stages.compare.capture import camera, preparation
from dermadelta.stages.compare.config import CompareConfig
from dermadelta.stages.compare.detail import retouching, sharpness
from dermadelta.stages.compare.gate import Compared
from dermadelta.stages.compare.geometry import alignment_error, overlap, scale, tilt, zoom
from dermadelta.stages.compare.healing import timing
from dermadelta.stages.compare.identity import mirrored, other_side, same_skin, unaligned
from dermadelta.stages.compare.lighting import clipping, exposure, light, white_balance

__all__ = ["GATES", "CompareConfig", "compare", "unaligned"]

GATES: tuple[Callable[[Compared], Check], ...] = (
    same_skin,
    mirrored,
    other_side,
    overlap,
    alignment_error,
    sharpness,
    exposure,
    clipping,
    white_balance,
    light,
    retouching,
    zoom,
    tilt,
    scale,
    camera,
    preparation,
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
        One Check per gate in ``GATES``; a failing one names the measures that it refuses. And
        the parts of the bias index.
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
    parts = bias_parts(seen)
    return Comparability(tuple(gate(seen) for gate in GATES), parts, bias_index(parts))
