from __future__ import annotations

from dataclasses import replace
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from dermadelta.batch.discover import discover
from dermadelta.batch.executor import execute
from dermadelta.batch.inspect import inspect_photo
from dermadelta.batch.pairing import pair_visits
from dermadelta.domain import CaptureMetadata, NotMeasured, PairStatus
from dermadelta.files.images import hash_file
from dermadelta.stages.check import CheckConfig
from dermadelta.stages.load import LoadConfig

CONFIG = SimpleNamespace(load=LoadConfig(), check=CheckConfig())


def inspected(folder):
    intake = discover(folder)
    records = {}

    def keep(index, item, record):
        records[index] = record

    job = partial(inspect_photo, config=CONFIG)
    execute(job, intake.photos, workers=1, on_done=keep)
    return [records[n] for n in sorted(records)], intake


def test_a_good_photo(put, tmp_path):
    path = put("S/2026-01-02/a.jpg", quality=95)
    (record,), _ = inspected(tmp_path)
    assert record.readable
    assert record.quality.accepted, record.quality.reasons
    assert record.ref.sha256 == hash_file(str(path))
    assert isinstance(record.metadata, CaptureMetadata)


def test_a_region_is_used_for_the_checks(put, tmp_path):
    path = put("S/2026-01-02/a.png")
    pixels = np.asarray(Image.open(path)).copy()
    pixels[:, :150] = 255
    Image.fromarray(pixels).save(path)
    (plain,), _ = inspected(tmp_path)
    assert plain.quality.accepted
    Image.fromarray(np.full((420, 420), 255, np.uint8)).save(path.with_name("a.roi.png"))
    (strict,), _ = inspected(tmp_path)
    assert "clipping" in strict.quality.reasons[0]


def test_a_region_that_cannot_be_read_is_left_to_the_pair(put, tmp_path):
    path = put("S/2026-01-02/a.png")
    path.with_name("a.roi.png").write_bytes(b"x")
    (record,), _ = inspected(tmp_path)
    assert record.quality.accepted


@pytest.mark.parametrize(
    ("content", "word"),
    [(b"", "empty"), (b"hello", "text"), (None, "truncated"), (b"\xff\xd8\xff\xe0", "truncated")],
)
def test_a_bad_photo_fails_its_own_pair_only(put, tmp_path, content, word):
    for n, name in enumerate(("S/2026-01-02", "S/2026-03-04", "T/2026-01-02", "T/2026-03-04")):
        path = put(f"{name}/a.jpg", seed=n, quality=95)
        if name == "S/2026-03-04":
            path.write_bytes(path.read_bytes()[:9000] if content is None else content)
    records, intake = inspected(tmp_path)
    bad = records[1]
    assert not bad.readable
    assert isinstance(bad.metadata, NotMeasured)
    assert word in bad.quality.reasons[0]
    assert bad.quality.reasons[0].endswith(".")
    pairing = pair_visits(records, intake.sessions)
    assert [p.subject_id for p in pairing.pairs] == ["T"]
    (failed,) = pairing.finished
    assert failed.status is PairStatus.FAILED
    assert "a.jpg" in failed.reasons[0]
    assert word in failed.reasons[0]


def test_a_missing_photo_of_a_manifest_fails_its_own_pair_only(put, tmp_path):
    visits = [(subject, day) for subject in "ST" for day in ("2026-01-02", "2026-03-04")]
    names = [put(f"{s}{d}.png", seed=n).name for n, (s, d) in enumerate(visits)]
    rows = "".join(f"{s},{d},cheek,{n}\n" for (s, d), n in zip(visits, names, strict=True))
    text = "subject_id,visit_date,site,photo\n" + rows.replace("T2026-03-04.png", "gone.png")
    (tmp_path / "manifest.csv").write_text(text, encoding="utf-8")
    records, _ = inspected(tmp_path)
    assert records[3].ref.sha256 == ""
    pairing = pair_visits(records, [])
    assert [p.subject_id for p in pairing.pairs] == ["S"]
    assert "does not exist" in pairing.finished[0].reasons[0]


def test_unusual_names_go_all_the_way(put, tmp_path):
    for n, subject in enumerate(("Müller Straße", "=1+1", "🙂")):
        for k, day in enumerate(("2026-01-02", "2026-03-04")):
            put(f"{subject}/{day}/über links.jpg", seed=10 * n + k, quality=95)
    records, _ = inspected(tmp_path)
    pairing = pair_visits(records, [])
    assert {p.subject_id for p in pairing.pairs} == {"Müller Straße", "=1+1", "🙂"}
    assert all(p.pair_id.isascii() for p in pairing.pairs)


def test_the_same_file_twice_in_a_visit_counts_once(put, tmp_path):
    put("S/2026-01-02/a.png", seed=1)
    put("S/2026-01-02/a~2.png", seed=1)
    put("S/2026-03-04/a.png", seed=2)
    records, _ = inspected(tmp_path)
    (pair,) = pair_visits(records, []).pairs
    assert len(pair.before) == 1


def test_a_photo_that_changed_since_it_was_listed(put, tmp_path):
    put("S/2026-01-02/a.png")
    (ref,) = discover(tmp_path).photos
    record = inspect_photo(replace(ref, sha256="0" * 64), CONFIG)
    assert not record.readable
    assert "changed" in record.quality.reasons[0]


def test_landmarks_that_cannot_be_used_are_left_to_the_pair(put, tmp_path):
    path = put("S/2026-01-02/a.png")
    path.with_name("a.landmarks.csv").write_bytes(b"x")
    (record,), _ = inspected(tmp_path)
    assert record.readable
    assert record.quality.accepted
    assert record.ref.landmarks == str(path.with_name("a.landmarks.csv"))
