from __future__ import annotations

from dataclasses import replace

import pytest

from dermadelta.batch.duplicates import settle_duplicates


def counted(records):
    return [r.counted_as for r in settle_duplicates(records)]


def test_repeats_all_count(record):
    assert counted([record(), record(), record()]) == ["", "", ""]


def test_copies_by_content_count_once(record):
    first, second, other = record(sha256="a" * 64), record(sha256="a" * 64), record()
    assert counted([first, second, other]) == ["", first.ref.photo_id, ""]


def test_unreadable_files_without_a_hash_are_not_copies_of_each_other(record):
    assert counted([record(sha256="", readable=False)] * 1 + [record(sha256="")]) == ["", ""]


def test_empty_files_under_two_visits_keep_their_own_reason(record):
    records = [
        record(day=day, sha256="e" * 64, readable=False) for day in ("2026-01-01", "2026-03-04")
    ]
    assert settle_duplicates(records) == tuple(records)


def test_bursts_within_two_seconds_of_one_camera_count_once(record, at):
    shots = [record(taken=at(s)) for s in (0, 2, 3.9, 6.1)]
    name = shots[0].ref.photo_id
    assert counted(shots) == ["", name, name, ""]


@pytest.mark.parametrize(
    "change", [{"camera": "D"}, {"site": "chin"}, {"view": "left"}, {"phase": "post"}]
)
def test_what_differs_is_no_burst(record, at, change):
    assert counted([record(taken=at(0)), record(taken=at(0), **change)]) == ["", ""]


def test_photos_without_a_time_are_no_burst(record):
    assert counted([record(taken=None), record(taken=None)]) == ["", ""]


def test_the_same_shot_in_two_formats_counts_once(record):
    shots = [record(path=f"/in/S/v/{name}") for name in ("IMG_1.HEIC", "img_1.jpg", "IMG_2.jpg")]
    assert counted(shots) == ["", shots[0].ref.photo_id, ""]


def test_the_same_name_in_another_folder_is_no_twin(record):
    assert counted([record(path="/in/a/x.heic"), record(path="/in/b/x.jpg")]) == ["", ""]


def test_an_accepted_photo_stands_before_a_rejected_and_that_before_an_unreadable_one(record):
    unreadable = record(path="/v/x.heic", readable=False)
    rejected = record(path="/v/x.jpg", reasons=["focus"])
    accepted = record(path="/v/x.png")
    name = accepted.ref.photo_id
    assert counted([unreadable, rejected, accepted]) == [name, name, ""]
    assert counted([unreadable, rejected]) == [rejected.ref.photo_id, ""]


def test_the_jpeg_stands_for_the_raw_of_the_same_shot_unless_only_the_raw_is_good(record):
    raw, jpeg = record(path="/v/x.cr2"), record(path="/v/x.jpg")
    raw = replace(raw, metadata=replace(raw.metadata, format="RAW"))
    assert counted([raw, jpeg]) == counted([jpeg, raw])[::-1] == [jpeg.ref.photo_id, ""]
    rejected = record(path="/v/x.jpg", reasons=["focus"])
    assert counted([raw, rejected]) == ["", raw.ref.photo_id]
    assert counted([raw]) == [""]


def test_chains_of_reasons_are_one_shot(record, at):
    copy = record(sha256="a" * 64, taken=at(0))
    burst = record(sha256="a" * 64, taken=at(1), path="/v/x.jpg")
    twin = record(path="/v/x.heic")
    name = copy.ref.photo_id
    assert counted([copy, burst, twin]) == ["", name, name]


@pytest.mark.parametrize("change", [{"day": "2026-03-04"}, {"subject": "S2"}, {"phase": "post"}])
def test_the_same_file_under_two_visits_rejects_the_later_one(record, change):
    first = record(sha256="a" * 64)
    later = record(sha256="a" * 64, **change)
    for order in ([first, later], [later, first] if "day" in change else [first, later]):
        settled = {r.ref.photo_id: r for r in settle_duplicates(order)}
        assert settled[first.ref.photo_id].quality.accepted
        rejected = settled[later.ref.photo_id]
        assert not rejected.quality.accepted
        assert rejected.counted_as == ""
        assert first.ref.photo_id in rejected.quality.reasons[-1]


def test_one_picture_may_hold_two_sites_of_one_visit(record):
    records = [record(sha256="a" * 64, site=site) for site in ("cheek", "forehead")]
    settled = settle_duplicates(records)
    assert all(r.quality.accepted and not r.counted_as for r in settled)


def test_the_order_of_the_input_stays(record):
    records = [record(day=day) for day in ("2026-03-04", "2026-01-01", "2026-02-02")]
    assert settle_duplicates(records) == tuple(records)
