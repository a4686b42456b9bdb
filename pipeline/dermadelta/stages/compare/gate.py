"""What a gate looks at, and how it answers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from dermadelta import measures
from dermadelta.domain import (
    REFERENCE,
    Alignment,
    CalibratedPhoto,
    Carried,
    Check,
    CheckVerdict,
    PairRef,
    PhotoFacts,
)
from dermadelta.stages.compare.config import CompareConfig

EVERYTHING = ("*",)
"""What a gate refuses where no measure can be trusted."""


@dataclass(frozen=True, eq=False)
class Compared:
    """What the gates look at."""

    pair: PairRef
    before: CalibratedPhoto
    after: CalibratedPhoto
    alignment: Alignment
    carried: Carried
    before_facts: PhotoFacts
    after_facts: PhotoFacts
    config: CompareConfig


def fragile(*nuisances: str) -> tuple[str, ...]:
    """Names of the installed measures that any of these nuisances can mislead."""
    return tuple(m.name for m in measures.ALL if m.fragile_to & set(nuisances))


def texture_and_colour() -> tuple[str, ...]:
    """Names of the installed measures that look at relief or at colour, not only at outlines."""
    return fragile("light", "blur", "colour")


def has_reference(seen: Compared) -> bool:
    """Whether untreated skin was carried to both photos."""
    return any(view.region == REFERENCE for view in seen.carried.views)


def limit_check(
    name: str,
    value: float,
    unit: str,
    limit: float,
    *,
    least: bool = False,
    remedy: str,
    refuses: Iterable[str] = (),
) -> Check:
    """Answer of a gate that passes at or within its limit.

    Parameters
    ----------
    name : str
        Of the gate; for ever.
    value, limit : float
        In ``unit``.
    unit : str
    least : bool, optional
        The limit is a lower one.
    remedy : str
        What to do about it, kept where the gate fails.
    refuses : iterable of str, optional
        Measures that are not trusted where the gate fails.

    Returns
    -------
    Check
    """
    passed = value >= limit if least else value <= limit
    return Check(
        name,
        value,
        unit,
        f"{'≥' if least else '≤'} {limit:g}",
        CheckVerdict.PASS if passed else CheckVerdict.FAIL,
        "" if passed else remedy,
        tuple(refuses),
    )
