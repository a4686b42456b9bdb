"""Seeds of sets of pairs: those that limits are fitted on and those that are reported.

No threshold may be fitted on the pairs on which it is reported, so the two purposes can never
draw the same set: every seed of one is an even number, every seed of the other an odd one.
"""

from __future__ import annotations

from enum import StrEnum

from dermadelta.errors import UsageError


class Purpose(StrEnum):
    """What a set of pairs is drawn for."""

    TRAINING = "training"
    REPORTING = "reporting"


def set_seed(purpose: Purpose, seed: int) -> int:
    """The seed of a set: even for training, odd for reporting.

    Parameters
    ----------
    purpose : Purpose
        What the set is for.
    seed : int
        The user's number, at least 0; one number gives different sets for each purpose.

    Raises
    ------
    UsageError
        A negative seed. Remedy: 0 or more.
    """
    if seed < 0:
        raise UsageError(f"the seed {seed} is negative", remedy="Give a seed of 0 or more.")
    return 2 * seed + (purpose is Purpose.REPORTING)


def purpose_of(seed: int) -> Purpose:
    """What the set with this seed was drawn for; undoes ``set_seed``."""
    return Purpose.REPORTING if seed % 2 else Purpose.TRAINING
