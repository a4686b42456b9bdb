"""Which photographs belong together: repeats, copies, the baseline, and the pairs.

Every visit shows up: in a pair to be measured, in a pair that is finished already because one of
its visits has no usable photograph, or in the list of what was not paired, with the reason.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from dermadelta.batch.duplicates import settle_duplicates
from dermadelta.batch.intake import Session
from dermadelta.batch.naming import distinct, unique_slugs
from dermadelta.domain import (
    NotMeasured,
    PairRef,
    PairResult,
    PairStatus,
    Phase,
    PhotoRecord,
    PhotoRef,
    TreatedArea,
)
from dermadelta.pair_result import unmeasured_result


@dataclass(frozen=True)
class Unpaired:
    """Photos that are in no pair, and why."""

    photo_ids: tuple[str, ...]
    reason: str


@dataclass(frozen=True)
class Pairing:
    """What is to be measured, what is finished already, and what is left over.

    ``records`` are all photos, with copies, bursts and twins settled. ``finished`` are pairs of
    which one visit has no usable photograph, as results with an empty ``pair_key``.
    """

    records: tuple[PhotoRecord, ...]
    pairs: tuple[PairRef, ...]
    finished: tuple[PairResult, ...]
    unpaired: tuple[Unpaired, ...]


@dataclass(frozen=True)
class _Visit:
    """All photos of one subject, site and view on one day, phase pre."""

    day: date
    records: tuple[PhotoRecord, ...]

    @property
    def usable(self) -> tuple[PhotoRef, ...]:
        return tuple(r.ref for r in self.records if r.quality.accepted and not r.counted_as)

    @property
    def shown(self) -> tuple[PhotoRef, ...]:
        """Photos that stand for this visit in a table."""
        return self.usable or tuple(r.ref for r in self.records)

    @property
    def reasons(self) -> tuple[str, ...]:
        return tuple(
            f"{record.ref.shown_path}: {reason}"
            for record in self.records
            if not record.counted_as
            for reason in record.quality.reasons
        )

    @property
    def is_fault(self) -> bool:
        """Whether not one photo could be decoded."""
        return not any(record.readable for record in self.records)


def pair_visits(records: Sequence[PhotoRecord], sessions: Sequence[Session]) -> Pairing:
    """Form the pairs.

    Parameters
    ----------
    records : sequence of PhotoRecord
        All inspected photos, in the order of the input.
    sessions : sequence of Session
        Treatments; may be empty.

    Returns
    -------
    Pairing
        The first visit of phase ``pre`` with an accepted photo is the baseline; it is paired
        with each later visit of the same subject, site and view. Photos under numbing cream or
        right after a treatment show that day's reaction and are never paired.

    Notes
    -----
    A visit without a usable photo gives a finished pair with the baseline: failed when none of
    its photos could be decoded, refused when they were decoded but not accepted.
    """
    settled = settle_duplicates(records)
    series: dict[tuple[str, str, str], list[PhotoRecord]] = defaultdict(list)
    unpaired: list[Unpaired] = []
    for record in settled:
        ref = record.ref
        if ref.phase is Phase.PRE:
            series[ref.subject_id, ref.site, ref.view].append(record)
        else:
            reason = f"phase {ref.phase}: photos of that day's reaction are not compared"
            unpaired.append(Unpaired((ref.photo_id,), reason))
    couples = []
    for group in series.values():
        found, left = _couples(_visits(group))
        couples += found
        unpaired += left
    refs = _with_ids([(b, a, _pair(b, a, sessions)) for b, a in couples])
    return Pairing(
        records=settled,
        pairs=tuple(pair for b, a, pair in refs if b.usable and a.usable),
        finished=tuple(_finished(b, a, pair) for b, a, pair in refs if not (b.usable and a.usable)),
        unpaired=tuple(unpaired),
    )


def _visits(group: Sequence[PhotoRecord]) -> list[_Visit]:
    days: dict[date, list[PhotoRecord]] = defaultdict(list)
    for record in group:
        days[record.ref.visit_date].append(record)
    return [_Visit(day, tuple(days[day])) for day in sorted(days)]


def _couples(visits: list[_Visit]) -> tuple[list[tuple[_Visit, _Visit]], list[Unpaired]]:
    """Before and after visits of one series, in order of time."""
    if len(visits) == 1:
        ids = tuple(record.ref.photo_id for record in visits[0].records)
        reason = f"the only visit of this subject, site and view ({visits[0].day})"
        return [], [Unpaired(ids, reason)]
    first = next((n for n, visit in enumerate(visits) if visit.usable), 0)
    earlier = [(visit, visits[first]) for visit in visits[:first]]
    return earlier + [(visits[first], visit) for visit in visits[first + 1 :]], []


def _pair(before: _Visit, after: _Visit, sessions: Sequence[Session]) -> PairRef:
    ref = before.records[0].ref
    given = [
        session
        for session in sessions
        if session.subject_id == ref.subject_id and session.site in ("", ref.site)
    ]
    # Photos of phase pre are taken before that day's treatment.
    past = [session for session in given if session.session_date < after.day]
    between = [session for session in past if session.session_date >= before.day]
    last = max((session.session_date for session in past), default=None)
    area, mask = _treated(between)
    return PairRef(
        pair_id="",
        subject_id=ref.subject_id,
        site=ref.site,
        view=ref.view,
        phase=ref.phase,
        before_date=before.day,
        after_date=after.day,
        before=before.shown,
        after=after.shown,
        sessions=len({session.session_date for session in between}) if given else None,
        days_since_session=None if last is None else (after.day - last).days,
        treated_area=area,
        treated_mask=mask,
    )


def _treated(sessions: Sequence[Session]) -> tuple[TreatedArea, str | None]:
    """Largest area treated between two visits; several different masks count as unknown."""
    areas = {session.treated_area for session in sessions}
    if not areas or (TreatedArea.UNKNOWN in areas and TreatedArea.WHOLE not in areas):
        return TreatedArea.UNKNOWN, None
    if TreatedArea.WHOLE in areas:
        return TreatedArea.WHOLE, None
    masks = {session.treated_mask for session in sessions}
    if len(masks) == 1:
        return TreatedArea.LOCAL, masks.pop()
    return TreatedArea.UNKNOWN, None


def _with_ids(
    couples: Sequence[tuple[_Visit, _Visit, PairRef]],
) -> list[tuple[_Visit, _Visit, PairRef]]:
    """Give every pair its id: ``<subject>_<site>[_<view>]_<before date>_<after date>``."""
    subjects = distinct(pair.subject_id for _, _, pair in couples)
    places = distinct(name for _, _, pair in couples for name in (pair.site, pair.view) if name)
    wanted = {}
    for _, _, pair in couples:
        parts = [subjects[pair.subject_id]]
        parts += [places[name] for name in (pair.site, pair.view) if name]
        parts += [pair.before_date.isoformat(), pair.after_date.isoformat()]
        wanted[_key(pair)] = "_".join(parts)
    names = unique_slugs(wanted)
    return [(b, a, replace(pair, pair_id=names[_key(pair)])) for b, a, pair in couples]


def _key(pair: PairRef) -> tuple[str, str, str, str, str]:
    days = (pair.before_date.isoformat(), pair.after_date.isoformat())
    return (pair.subject_id, pair.site, pair.view, *days)


def without_measuring(
    pair: PairRef, before: Sequence[PhotoRecord], after: Sequence[PhotoRecord]
) -> PairResult | None:
    """Result of a pair of which one side has no usable photo, by the same rule as in a run.

    Parameters
    ----------
    pair : PairRef
        The pair.
    before, after : sequence of PhotoRecord
        Its inspected photos.

    Returns
    -------
    PairResult or None
        Refused or failed, with the reasons and an empty ``pair_key``; None where both sides can
        be measured.
    """
    first = _Visit(pair.before_date, tuple(before))
    second = _Visit(pair.after_date, tuple(after))
    return None if first.usable and second.usable else _finished(first, second, pair)


def _finished(before: _Visit, after: _Visit, pair: PairRef) -> PairResult:
    """Result of a pair that cannot be measured, because a visit has no usable photo."""
    hopeless = [visit for visit in (before, after) if not visit.usable]
    failed = any(visit.is_fault for visit in hopeless)
    reasons = [
        f"no usable photograph of {visit.day}: {reason}"
        for visit in hopeless
        for reason in visit.reasons
    ]
    nothing = NotMeasured(f"no usable photograph of {hopeless[0].day}")
    status = PairStatus.FAILED if failed else PairStatus.REFUSED
    return unmeasured_result(pair, status, tuple(reasons), nothing)
