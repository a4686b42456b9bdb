from __future__ import annotations

from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dermadelta.batch.intake import Session
from dermadelta.batch.pairing import pair_visits
from dermadelta.domain import PairStatus, TreatedArea

V1, V2, V3 = "2026-01-01", "2026-02-01", "2026-03-01"


def session(day, area="local", site="cheek", subject="S1", mask=None):
    return Session(subject, date.fromisoformat(day), site, TreatedArea(area), mask)


def dates(pairing):
    return [(str(p.before_date), str(p.after_date)) for p in pairing.pairs]


def test_the_first_visit_is_paired_with_each_later_one(record):
    pairing = pair_visits([record(V3), record(V1), record(V2)], [])
    assert dates(pairing) == [(V1, V2), (V1, V3)]
    assert [p.pair_id for p in pairing.pairs] == [f"S1_cheek_{V1}_{V2}", f"S1_cheek_{V1}_{V3}"]
    assert pairing.finished == ()
    assert pairing.unpaired == ()


def test_subjects_sites_and_views_are_never_mixed(record):
    records = [record(day, site=site, subject=subject, view=view)
               for day in (V1, V2) for subject in ("S1", "S2")
               for site in ("cheek", "chin") for view in ("", "left")]  # fmt: skip
    pairing = pair_visits(records, [])
    assert len(pairing.pairs) == 8
    for pair in pairing.pairs:
        for ref in (*pair.before, *pair.after):
            assert (ref.subject_id, ref.site, ref.view) == (pair.subject_id, pair.site, pair.view)
    assert len({p.pair_id for p in pairing.pairs}) == 8


def test_repeats_are_all_listed_and_copies_are_not(record):
    first, repeat, copy = record(V1), record(V1, sha256="b" * 64), record(V1, sha256="b" * 64)
    (pair,) = pair_visits([first, repeat, copy, record(V2)], []).pairs
    assert [r.photo_id for r in pair.before] == [first.ref.photo_id, repeat.ref.photo_id]


def test_phases_are_never_mixed_and_reactions_are_listed_as_unpaired(record):
    reactions = [record(V1, phase="numbed"), record(V1, phase="post"), record(V2, phase="post")]
    pairing = pair_visits([record(V1), *reactions, record(V2)], [])
    (pair,) = pairing.pairs
    assert all(r.phase == "pre" for r in (*pair.before, *pair.after))
    assert [u.photo_ids[0] for u in pairing.unpaired] == [r.ref.photo_id for r in reactions]
    assert all("phase" in u.reason for u in pairing.unpaired)


def test_a_single_visit_is_listed_with_its_reason(record):
    records = [record(V1), record(V1), record(V1, site="chin")]
    pairing = pair_visits(records, [])
    assert pairing.pairs == pairing.finished == ()
    assert [len(u.photo_ids) for u in pairing.unpaired] == [2, 1]
    assert all("only visit" in u.reason and V1 in u.reason for u in pairing.unpaired)


def test_a_later_visit_that_cannot_be_read_is_a_failed_pair(record):
    pairing = pair_visits([record(V1), record(V2, readable=False), record(V3)], [])
    assert dates(pairing) == [(V1, V3)]
    (failed,) = pairing.finished
    assert failed.status is PairStatus.FAILED
    assert failed.pair.pair_id == f"S1_cheek_{V1}_{V2}"
    assert "empty" in failed.reasons[0]
    assert V2 in failed.reasons[0]


def test_a_later_visit_that_was_rejected_is_a_refused_pair(record):
    rejected = record(V2, reasons=["focus 5 px, limit ≤ 2.7. Focus on the skin."])
    (refused,) = pair_visits([record(V1), rejected], []).finished
    assert refused.status is PairStatus.REFUSED
    assert "focus 5 px" in refused.reasons[0]
    assert refused.pair.after[0].photo_id == rejected.ref.photo_id


def test_one_good_repeat_saves_a_visit(record):
    good = record(V2)
    pairing = pair_visits([record(V1), record(V2, readable=False), good], [])
    assert [r.photo_id for r in pairing.pairs[0].after] == [good.ref.photo_id]
    assert pairing.finished == ()


def test_the_baseline_is_the_first_accepted_visit_and_the_lost_one_is_not_hidden(record):
    records = [record(V1, readable=False), record(V2), record(V3)]
    pairing = pair_visits(records, [])
    assert dates(pairing) == [(V2, V3)]
    (lost,) = pairing.finished
    assert lost.status is PairStatus.FAILED
    assert (str(lost.pair.before_date), str(lost.pair.after_date)) == (V1, V2)


def test_no_usable_visit_at_all_still_gives_every_pair(record):
    records = [
        record(V1, reasons=["dark"]),
        record(V2, readable=False),
        record(V3, reasons=["dark"]),
    ]
    pairing = pair_visits(records, [])
    assert pairing.pairs == ()
    assert [r.status for r in pairing.finished] == [PairStatus.FAILED, PairStatus.REFUSED]
    assert len(pairing.finished[1].reasons) == 2


def test_the_same_file_in_two_visits_refuses_the_pair(record):
    first, second = record(V1, sha256="c" * 64), record(V2, sha256="c" * 64)
    pairing = pair_visits([first, second], [])
    (refused,) = pairing.finished
    assert refused.status is PairStatus.REFUSED
    assert "same file" in refused.reasons[0]
    assert first.ref.photo_id in refused.reasons[0]
    assert not pairing.records[1].quality.accepted


def test_colliding_names_get_different_pair_ids(record):
    records = [
        record(day, subject=subject) for day in (V1, V2) for subject in ("a b", "a-b", "A-B")
    ]
    ids = [p.pair_id for p in pair_visits(records, []).pairs]
    assert len({name.casefold() for name in ids}) == 3
    assert all(name.isascii() for name in ids)


# ------------------------------------------------------------------------------ sessions


def pair_with(record, *sessions):
    return pair_visits([record(V1), record(V2)], list(sessions)).pairs[0]


def test_without_sessions_nothing_is_known(record):
    pair = pair_with(record)
    assert (pair.sessions, pair.days_since_session) == (None, None)
    assert pair.treated_area is TreatedArea.UNKNOWN


@pytest.mark.parametrize(
    ("day", "count", "days"),
    [("2025-12-31", 0, 32), (V1, 1, 31), ("2026-01-30", 1, 2), (V2, 0, None), (V3, 0, None)],
)
def test_a_session_counts_from_the_day_of_the_baseline_to_the_day_before(record, day, count, days):
    pair = pair_with(record, session(day))
    assert (pair.sessions, pair.days_since_session) == (count, days)


def test_sessions_of_others_and_other_sites_do_not_count(record):
    others = [session("2026-01-10", subject="S2"), session("2026-01-10", site="chin")]
    assert pair_with(record, *others).sessions is None
    assert pair_with(record, *others, session("2026-01-10", site="")).sessions == 1


def test_two_rows_of_one_day_are_one_session(record):
    rows = [session("2026-01-10"), session("2026-01-10", site=""), session("2026-01-20")]
    pair = pair_with(record, *rows)
    assert (pair.sessions, pair.days_since_session) == (2, 12)


@pytest.mark.parametrize(
    ("areas", "expected"),
    [
        (["local", "local"], TreatedArea.LOCAL),
        (["local", "whole"], TreatedArea.WHOLE),
        (["local", "unknown"], TreatedArea.UNKNOWN),
        (["unknown", "whole"], TreatedArea.WHOLE),
    ],
)
def test_the_largest_area_counts(record, areas, expected):
    rows = [session(f"2026-01-{10 + n}", area) for n, area in enumerate(areas)]
    assert pair_with(record, *rows).treated_area is expected


def test_a_mask_is_handed_on_and_different_masks_are_unknown(record):
    one = session("2026-01-10", mask="/m.png")
    pair = pair_with(record, one)
    assert (pair.treated_area, pair.treated_mask) == (TreatedArea.LOCAL, "/m.png")
    both = pair_with(record, one, session("2026-01-11", mask="/n.png"))
    assert (both.treated_area, both.treated_mask) == (TreatedArea.UNKNOWN, None)


# ---------------------------------------------------------------------------- any input

SHOTS = st.tuples(
    st.sampled_from(["S1", "S2"]),
    st.sampled_from([V1, V2, V3]),
    st.sampled_from(["cheek", "chin"]),
    st.sampled_from(["pre", "pre", "post"]),
    st.sampled_from(["good", "good", "rejected", "unreadable"]),
    st.integers(0, 5),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(SHOTS, max_size=12))
def test_every_photo_is_accounted_for(record, shots):
    kinds = {"good": {}, "rejected": {"reasons": ["focus"]}, "unreadable": {"readable": False}}
    records = [
        record(day, site=site, subject=subject, phase=phase, sha256=f"{sha:064x}", **kinds[kind])
        for subject, day, site, phase, kind, sha in shots
    ]
    pairing = pair_visits(records, [])
    everything = [*pairing.pairs, *(result.pair for result in pairing.finished)]
    listed = {r.photo_id for pair in everything for r in (*pair.before, *pair.after)}
    listed |= {name for group in pairing.unpaired for name in group.photo_ids}
    assert [r.ref.photo_id for r in pairing.records] == [r.ref.photo_id for r in records]
    for item in pairing.records:
        assert item.ref.photo_id in listed or item.counted_as or item.quality.reasons
    for pair in pairing.pairs:
        assert pair.before_date < pair.after_date
        ids = {r.photo_id for r in (*pair.before, *pair.after)}
        used = [r for r in pairing.records if r.ref.photo_id in ids]
        assert all(r.quality.accepted and not r.counted_as for r in used)
        assert len({r.ref.sha256 for r in used}) == len(used)
    assert all(result.reasons for result in pairing.finished)
    names = [pair.pair_id for pair in everything]
    assert len(set(names)) == len(names)
