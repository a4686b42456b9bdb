from __future__ import annotations

from dataclasses import fields, replace
from datetime import date

import numpy as np
import pytest

from dermadelta.batch import ledger
from dermadelta.batch.ledger import is_done, pair_folder, pair_key
from dermadelta.batch.pairing import pair_visits
from dermadelta.domain import PairRef, PairStatus, Phase, PhotoRef, Picture, TreatedArea
from dermadelta.files.results import write_pair


@pytest.fixture
def pair(record):
    return pair_visits([record("2026-01-01"), record("2026-02-01")], []).pairs[0]


def with_after(pair, **changes):
    return replace(pair, after=(replace(pair.after[0], **changes),))


CHANGED = {
    "sha256": "d" * 64,
    "photo_id": "other",
    "visit_date": date(2025, 1, 1),
    "phase": Phase.POST,
    "roi": "1,2 3,4 5,6",
    "reference": "1,2 3,4 5,6",
    "exclude": "1,2 3,4 5,6",
    "scar_mask": "1,2 3,4 5,6",
    "grey_card": "1,2 3,4 5,6",
    "landmarks": "points.csv",
    "mm_per_px": 0.05,
    "details": (("light", "ring"),),
    "extra": (("x_a", "1"),),
}
WITHOUT_EFFECT = {"path", "shown_path", "subject_id", "site", "view"}
"""Where a file lies does not matter; subject, site and view are those of the pair."""

CHANGED_PAIR = {
    "pair_id": "x",
    "subject_id": "x",
    "site": "x",
    "view": "x",
    "phase": Phase.POST,
    "before_date": date(2020, 1, 1),
    "after_date": date(2027, 1, 1),
    "before": (),
    "after": (),
    "sessions": 3,
    "days_since_session": 9,
    "treated_area": TreatedArea.LOCAL,
    "treated_mask": "1,2 3,4 5,6",
}


def test_everything_about_a_photo_or_a_pair_is_in_the_key_or_known_not_to_be(pair):
    assert {f.name for f in fields(PhotoRef)} == set(CHANGED) | WITHOUT_EFFECT
    assert {f.name for f in fields(PairRef)} == set(CHANGED_PAIR)
    keys = {pair_key(pair, "f")}
    keys |= {pair_key(with_after(pair, **{name: value}), "f") for name, value in CHANGED.items()}
    keys |= {pair_key(replace(pair, **{name: v}), "f") for name, v in CHANGED_PAIR.items()}
    keys.add(pair_key(pair, "g"))
    assert len(keys) == 2 + len(CHANGED) + len(CHANGED_PAIR)


def test_the_place_of_a_file_is_not_in_the_key(pair):
    moved = with_after(pair, path="/elsewhere/x.jpg", shown_path="y.jpg")
    assert pair_key(moved, "f") == pair_key(pair, "f")


def test_before_and_after_are_not_the_same(pair):
    swapped = replace(pair, before=pair.after, after=pair.before)
    assert pair_key(swapped, "f") != pair_key(pair, "f")


def test_the_content_of_a_mask_is_in_the_key_and_its_name_is_not(pair, tmp_path):
    (tmp_path / "a.png").write_bytes(b"one")
    (tmp_path / "b.png").write_bytes(b"one")
    first = pair_key(with_after(pair, roi=str(tmp_path / "a.png")), "f")
    assert pair_key(with_after(pair, roi=str(tmp_path / "b.png")), "f") == first
    (tmp_path / "a.png").write_bytes(b"two")
    assert pair_key(with_after(pair, roi=str(tmp_path / "a.png")), "f") != first
    (tmp_path / "a.png").unlink()
    assert pair_key(with_after(pair, roi=str(tmp_path / "a.png")), "f") != first


def test_a_new_version_of_a_measure_is_another_key(pair, monkeypatch):
    before = pair_key(pair, "f")
    newer = (replace(ledger.ALL[0], version=ledger.ALL[0].version + 1), *ledger.ALL[1:])
    monkeypatch.setattr(ledger, "ALL", newer)
    assert pair_key(pair, "f") != before


@pytest.fixture
def stored(record, tmp_path):
    """A refused result with one picture, written under its key."""
    rejected = record("2026-02-01", reasons=["focus"])
    result = pair_visits([record("2026-01-01"), rejected], []).finished[0]
    pictures = (("before.jpg", "before", ""),)
    result = replace(result, pair_key="key", pictures=pictures)
    picture = Picture("before.jpg", "before", "", np.zeros((8, 8, 3), np.uint8))
    folder = pair_folder(tmp_path, result.pair.pair_id)
    write_pair(folder, result, [picture])
    return result, folder


def test_a_stored_result_of_the_same_key_is_done(stored, tmp_path):
    result, _ = stored
    assert is_done(tmp_path, result.pair, "key") == result
    assert is_done(tmp_path, result.pair, "other") is None
    assert is_done(tmp_path / "elsewhere", result.pair, "key") is None


def test_a_lost_picture_or_a_damaged_result_is_not_done(stored, tmp_path):
    result, folder = stored
    picture = (folder / "before.jpg").read_bytes()
    (folder / "before.jpg").unlink()
    assert is_done(tmp_path, result.pair, "key") is None
    (folder / "before.jpg").write_bytes(picture)
    assert is_done(tmp_path, result.pair, "key") is not None
    (folder / "result.json").write_text("{", encoding="utf-8")
    assert is_done(tmp_path, result.pair, "key") is None


def test_a_failure_is_tried_again(stored, tmp_path):
    result, folder = stored
    write_pair(folder, replace(result, status=PairStatus.FAILED, pictures=()), [])
    assert is_done(tmp_path, result.pair, "key") is None


def test_the_content_of_landmarks_is_in_the_key_and_their_name_is_not(pair, tmp_path):
    first, second = tmp_path / "a.landmarks.csv", tmp_path / "b.csv"
    first.write_bytes(b"one")
    second.write_bytes(b"one")
    key = pair_key(with_after(pair, landmarks=str(first)), "f")
    assert key != pair_key(pair, "f")
    assert pair_key(with_after(pair, landmarks=str(second)), "f") == key
    first.write_bytes(b"two")
    assert pair_key(with_after(pair, landmarks=str(first)), "f") != key
    first.unlink()
    missing = pair_key(with_after(pair, landmarks=str(first)), "f")
    assert missing not in (key, pair_key(pair, "f"))
