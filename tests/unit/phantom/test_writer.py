import csv
import hashlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dermadelta.errors import UsageError
from dermadelta.phantom.samples import sample_cases
from dermadelta.phantom.truthtable import TRUTH_COLUMNS
from dermadelta.phantom.writer import MANIFEST_COLUMNS, SESSION_COLUMNS, write_pairs

SAMPLES = Path(__file__).parents[3] / "sample_images"


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("phantom")
    seen: list[int] = []
    write_pairs(
        out, n_pairs=3, seed=4, kinds=("scar", "whole_face"), width_px=800, on_pair=seen.append
    )
    assert seen == [1, 2, 3]
    return out


def test_same_seed_same_bytes(written, tmp_path):
    write_pairs(tmp_path, n_pairs=3, seed=4, kinds=("scar", "whole_face"), width_px=800)
    assert digests(written) == digests(tmp_path)


def test_manifest_names_what_is_there(written):
    rows = table(written / "manifest.csv")
    assert tuple(rows[0]) == MANIFEST_COLUMNS
    assert len(rows) == 6
    for row in rows:
        with Image.open(written / row["photo"]) as photo:
            assert photo.size == (800, 600)
            taken = photo.getexif().get_ifd(0x8769)[0x9003]
        assert taken[:10].replace(":", "-") == row["visit_date"]
        for name in ("roi", "scar_mask"):
            if row[name]:
                with Image.open(written / row[name]) as mask:
                    assert mask.size == (800, 600)
                    assert 0 < (np.asarray(mask) > 127).mean() < 0.5
        assert (row["mm_per_px"] == "") or float(row["mm_per_px"]) == pytest.approx(0.05, rel=0.1)
    assert sum(bool(row["roi"]) for row in rows) == 3


def test_sessions_lie_between_the_visits(written):
    rows = table(written / "sessions.csv")
    assert tuple(rows[0]) == SESSION_COLUMNS
    assert [row["treated_area"] for row in rows] == ["local", "whole", "local"]
    for session, pair in zip(rows, table(written / "truth.csv"), strict=True):
        assert pair["before_date"] < session["session_date"] < pair["after_date"]


def test_truth_has_a_row_per_pair_and_its_dictionary(written):
    rows = table(written / "truth.csv")
    assert [row["kind"] for row in rows] == ["scar", "whole_face", "scar"]
    assert tuple(rows[0]) == tuple(TRUTH_COLUMNS)
    for row in rows:
        dates = f"{row['before_date']}_{row['after_date']}"
        assert row["pair_id"] == f"{row['subject_id']}_{row['site']}_{dates}"
    assert float(rows[0]["scar_area_change_pct"]) < -5
    assert rows[1]["scar_area_change_pct"] == ""
    named = [row["column"] for row in table(written / "truth_dictionary.csv")]
    assert named == list(TRUTH_COLUMNS)


def test_requests_for_nothing_are_refused(tmp_path):
    with pytest.raises(UsageError, match="at least 1"):
        write_pairs(tmp_path, n_pairs=0, seed=1, width_px=800)
    with pytest.raises(UsageError, match="at least one kind"):
        write_pairs(tmp_path, n_pairs=1, seed=1, kinds=(), width_px=800)
    with pytest.raises(UsageError, match="unknown kind"):
        write_pairs(tmp_path, n_pairs=2, seed=1, kinds=("texture", "x"), width_px=800)
    assert list(tmp_path.iterdir()) == []


def test_delivered_samples_are_those_of_the_code():
    truth = table(SAMPLES / "truth.csv")
    cases = sample_cases()
    assert [row["pair_id"] for row in truth] == [case.pair_id for case in cases]
    assert [row["must_refuse"] for row in truth] == [
        "true" if case.must_refuse else "false" for case in cases
    ]
    assert {row["subject_id"] for row in truth if row["must_refuse"] == "true"} == {"s04"}
    assert len({case.subject_id for case in cases}) == 4
    ita = {row["subject_id"]: float(row["ita_before_deg"]) for row in truth}
    assert max(ita.values()) > 50
    assert min(ita.values()) < -40


def test_delivered_photos_are_small_and_complete():
    rows = table(SAMPLES / "manifest.csv")
    assert 8 <= len(rows) <= 12
    for row in rows:
        path = SAMPLES / row["photo"]
        assert path.stat().st_size <= 400_000
        with Image.open(path) as photo:
            assert photo.size == (1280, 960)
    assert {row["subject_id"] for row in rows if not row["mm_per_px"]} == {"s03"}
