"""Seeds of sets of pairs: those that limits are fitted on, those that are reported, and others.

No threshold may be fitted on the pairs on which it is reported, so no two purposes can ever draw
the same set: every seed of training is an even number, every seed of reporting an odd one, and
every other set has a larger number than both.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from dermadelta.errors import UsageError

LARGEST: Final = 10**9
"""User's numbers for training and reporting stay below."""

_FREE_FROM: Final = 4 * 10**9


class Purpose(StrEnum):
    """What a set of pairs is drawn for; free is what a user draws to look at or to try."""

    TRAINING = "training"
    REPORTING = "reporting"
    FREE = "free"


def set_seed(purpose: Purpose, seed: int) -> int:
    """The seed of a set: even for training, odd for reporting, above both for anything else.

    Parameters
    ----------
    purpose : Purpose
        What the set is for.
    seed : int
        The user's number, at least 0, for training and reporting below ``LARGEST``; one number
        gives different sets for each purpose.

    Raises
    ------
    UsageError
        A negative seed, or one that is too large. Remedy: a number in the range.
    """
    if seed < 0:
        raise UsageError(f"the seed {seed} is negative", remedy="Give a seed of 0 or more.")
    if purpose is Purpose.FREE:
        return _FREE_FROM + seed
    if seed >= LARGEST:
        raise UsageError(
            f"the seed {seed} is too large", remedy=f"Give a seed below {LARGEST} (10^9)."
        )
    return 2 * seed + (purpose is Purpose.REPORTING)


def purpose_of(seed: int) -> Purpose:
    """What the set with this seed was drawn for; undoes ``set_seed``."""
    if seed >= _FREE_FROM:
        return Purpose.FREE
    return Purpose.REPORTING if seed % 2 else Purpose.TRAINING
