import csv
import hashlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dermadelta.commands.phantom import make_edited_pairs, make_pairs
from dermadelta.errors import UsageError
from dermadelta.files.images import read_image
from dermadelta.phantom.cases import KINDS
from dermadelta.phantom.encode import Files
from dermadelta.phantom.samples import sample_cases
from dermadelta.phantom.seeds import Purpose, set_seed
from dermadelta.phantom.truthtable import TRUTH_COLUMNS
from dermadelta.phantom.writer import (
    MANIFEST_COLUMNS,
    SESSION_COLUMNS,
    plan_pairs,
    write_pair,
    write_pairs,
)

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


def test_repeats_are_further_photos_of_the_visit(tmp_path):
    write_pairs(tmp_path, n_pairs=1, seed=4, kinds=("texture",), width_px=800, repeats=3)
    rows = table(tmp_path / "manifest.csv")
    assert len(rows) == 6
    assert len({(row["subject_id"], row["visit_date"], row["site"]) for row in rows}) == 2
    assert (
        sum("~2" in row["photo"] for row in rows) == sum("~3" in row["photo"] for row in rows) == 2
    )
    assert sum(bool(row["roi"]) for row in rows) == 1
    taken = []
    for row in rows[:3]:
        with Image.open(tmp_path / row["photo"]) as photo:
            taken.append(photo.getexif().get_ifd(0x8769)[0x9003])
    assert taken == sorted(set(taken))
    assert table(tmp_path / "truth.csv")[0]["repeats"] == "3"


def test_scale_is_in_the_manifest_only_where_it_is_known(tmp_path):
    for in_photo, given in (
        ("nothing", False),
        ("scale", True),
        ("marker", False),
        ("ruler", True),
    ):
        out = tmp_path / in_photo
        (job,) = plan_pairs(
            out, n_pairs=1, seed=4, kinds=("redness",), width_px=800, in_photo=in_photo
        )
        rows = write_pair(job)
        assert all(bool(row["mm_per_px"]) == given for row in rows.photos)
        assert rows.truth["scale_given"] == ("true" if given else "false")
        assert rows.truth["in_photo"] == in_photo


def test_half_of_the_editors_leave_their_name(tmp_path):
    jobs = plan_pairs(tmp_path, n_pairs=20, seed=4, kinds=("retouched",), width_px=800)
    named = [job for job in jobs if job.case.after.software]
    assert 5 <= len(named) <= 15
    rows = write_pair(named[0])
    with Image.open(tmp_path / rows.photos[1]["photo"]) as photo:
        assert photo.getexif()[0x0131] == named[0].case.after.software
    with Image.open(tmp_path / rows.photos[0]["photo"]) as photo:
        assert 0x0131 not in photo.getexif()


def test_files_do_not_depend_on_the_workers(tmp_path):
    free = set_seed(Purpose.FREE, 4)
    write_pairs(
        tmp_path / "straight", n_pairs=3, seed=free, kinds=("scar", "whole_face"), width_px=800
    )
    for workers in (1, 2):
        make_pairs(
            tmp_path / str(workers), n_pairs=3, seed=4, kinds=("scar", "whole_face"),
            width_px=800, workers=workers,
        )  # fmt: skip
        assert digests(tmp_path / str(workers)) == digests(tmp_path / "straight")


def test_pairs_are_made_as_they_were_asked_for(tmp_path):
    made = make_pairs(
        tmp_path, n_pairs=1, seed=1, width_px=800, setup="rig", treated="local",
        in_photo="marker", change=-25.0,
    )  # fmt: skip
    (row,) = table(made.truth)
    found = [row[name] for name in ("kind", "setup", "treated_area", "in_photo")]
    assert found == ["texture", "rig", "local", "marker"]
    assert float(row["relief_change_pct"]) == pytest.approx(-25.0, abs=1.0)


@pytest.mark.parametrize(
    "asked",
    [
        {"setup": "drone"}, {"treated": "half"}, {"in_photo": "coin"}, {"change": 500.0},
        {"kinds": ("whole_face",), "treated": "local"}, {"seed": -1},
    ],
)  # fmt: skip
def test_what_cannot_be_made_is_refused_before_anything_is_written(tmp_path, asked):
    with pytest.raises(UsageError) as fault:
        make_pairs(tmp_path / "out", **({"n_pairs": 1, "seed": 1, "width_px": 800} | asked))
    assert fault.value.remedy
    assert not (tmp_path / "out").exists()


def test_a_negative_seed_of_edited_photographs_is_refused(tmp_path):
    (tmp_path / "arm.jpg").touch()
    with pytest.raises(UsageError, match="negative"):
        make_edited_pairs(tmp_path, [tmp_path / "arm.jpg"], n_pairs=1, seed=-1, width_px=800)


def test_other_formats_hold_the_same_picture(tmp_path):
    for name, files in (("avif", Files("avif")), ("p3", Files(display_p3=True))):
        write_pairs(
            tmp_path / name, n_pairs=1, seed=4, kinds=("redness",), width_px=800, files=files
        )
    write_pairs(tmp_path / "plain", n_pairs=1, seed=4, kinds=("redness",), width_px=800)
    plain = read_image(str(next(tmp_path.glob("plain/photos/*"))), max_pixels=10**7)
    avif = read_image(str(next(tmp_path.glob("avif/photos/*.avif"))), max_pixels=10**7)
    p3 = read_image(str(next(tmp_path.glob("p3/photos/*.jpg"))), max_pixels=10**7)
    assert avif.header.format == "AVIF"
    assert np.abs(avif.pixels.astype(int) - plain.pixels).mean() < 4
    assert p3.header.colour.icc is not None
    assert avif.header.captured_at == plain.header.captured_at


def test_kinds_and_tones_never_march_in_step(tmp_path):
    kinds = KINDS[:7]
    jobs = plan_pairs(tmp_path, n_pairs=49, seed=4, kinds=kinds, width_px=800)
    assert len({(job.case.kind, job.case.tone) for job in jobs}) >= 42


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
