"""Gates of identity: which skin the photos show, and why two could not be laid over one another."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from dermadelta.domain import Cause, Check, CheckVerdict, NotAligned, Photo
from dermadelta.stages.compare.config import CompareConfig
from dermadelta.stages.compare.gate import EVERYTHING, Compared, limit_check

_NO = "no"
"""Value and limit of a gate that asks a question."""


def same_skin(seen: Compared) -> Check:
    """The skin patterns match at all; landmarks that a person gave vouch for it instead."""
    if seen.alignment.method == "landmarks":
        return Check(
            "same_skin",
            seen.alignment.correlation,
            "correlation",
            f"≥ {seen.config.min_correlation:g}",
            CheckVerdict.PASS,
            "A person marked the same points in both photos and vouches for it.",
            EVERYTHING,
        )
    return limit_check(
        "same_skin",
        seen.alignment.correlation,
        "correlation",
        seen.config.min_correlation,
        least=True,
        remedy="The skin patterns do not match: check that both photos show the same person and"
        " site; retake in focus, with the same light.",
        refuses=EVERYTHING,
    )


def mirrored(seen: Compared) -> Check:
    """The photo is not the mirror image: an alignment that was found keeps left and right."""
    return _answer("mirrored", CheckVerdict.PASS, _NO, "")


def other_side(seen: Compared) -> Check:
    """The photo does not show the opposite cheek: an alignment was found on this one."""
    return _answer("other_side", CheckVerdict.PASS, _NO, "")


def unaligned(
    found: NotAligned, photos: Sequence[Photo] = (), config: CompareConfig | None = None
) -> tuple[Check, ...]:
    """Gates of a pair that could not be aligned: the one that fails carries the cause's name.

    Parameters
    ----------
    found : NotAligned
    photos : sequence of Photo, optional
        Those that were to be compared: where one is burnt out, that is said as well.
    config : CompareConfig, optional
        Limit of what is burnt out; the defaults without it.

    Returns
    -------
    tuple of Check
        Failing, each refuses everything: ``mirrored``, ``other_side``, ``same_skin`` (other
        skin), ``overlap`` (not seen, or no region) or ``alignment`` (landmarks); and
        ``clipping``.
    """
    limit = (config or CompareConfig()).burnt_share
    burnt = max((float(np.mean(photo.clipped)) for photo in photos), default=0.0)
    gates = (_BY_CAUSE[found.cause](found.reason),)
    if found.cause is not Cause.OTHER_SKIN or burnt <= limit:
        return gates
    clipping = limit_check(
        "clipping",
        burnt,
        "share of photo",
        limit,
        remedy="Most of a photo is overexposed, so that no skin can be recognised: lower the"
        " exposure or avoid the flash, and retake.",
        refuses=EVERYTHING,
    )
    return (clipping, *gates)


def _failing(name: str, value: str, limit: str) -> Callable[[str], Check]:
    def gate(reason: str) -> Check:
        return Check(name, value, "", limit, CheckVerdict.FAIL, reason, EVERYTHING)

    return gate


def _answer(name: str, verdict: CheckVerdict, value: str, remedy: str) -> Check:
    return Check(name, value, "", _NO, verdict, remedy, EVERYTHING)


_BY_CAUSE = {
    Cause.MIRRORED: _failing("mirrored", "yes", _NO),
    Cause.OTHER_SIDE: _failing("other_side", "yes", _NO),
    Cause.OTHER_SKIN: _failing("same_skin", "not found", "found"),
    Cause.NOT_SEEN: _failing("overlap", "not seen", "seen"),
    Cause.NO_REGION: _failing("overlap", "no region", "seen"),
    Cause.LANDMARKS: _failing("alignment", "not usable", "usable landmarks"),
}
