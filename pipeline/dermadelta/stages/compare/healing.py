"""The gate of time: skin that still heals is marked."""

from __future__ import annotations

from dermadelta.domain import Check, CheckVerdict, NotMeasured
from dermadelta.stages.compare.gate import Compared


def timing(seen: Compared) -> Check:
    """The last session is long enough ago; a younger photo is marked, not refused."""
    days = seen.pair.days_since_session
    limit = f"> {seen.config.healing_days}"
    if days is None:
        reason = NotMeasured("no session before this visit is known (sessions.csv)")
        return Check("timing", reason, "days", limit, CheckVerdict.NOT_APPLICABLE, reason.reason)
    if days <= seen.config.healing_days:
        return Check(
            "timing",
            float(days),
            "days",
            limit,
            CheckVerdict.FAIL,
            "Healing: redness, scars and pores are not settled in the first week; photograph"
            " again later.",
        )
    early = days < seen.config.early_texture_days
    note = "Early: swelling can still smooth the texture before four weeks." if early else ""
    return Check("timing", float(days), "days", limit, CheckVerdict.PASS, note)
