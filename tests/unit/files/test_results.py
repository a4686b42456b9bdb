from __future__ import annotations

import csv
import errno
import io
import json
import os
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from PIL import Image

from dermadelta.domain import (
    SCHEMA_VERSION,
    AlignmentSummary,
    CalibrationSummary,
    Check,
    CheckVerdict,
    Estimate,
    Evidence,
    Interval,
    NotMeasured,
    PairRef,
    PairResult,
    PairStatus,
    Phase,
    PhotoRef,
    Picture,
    RegionSummary,
    Role,
    Scale,
    StoredReading,
    TreatedArea,
    Verdict,
)
from dermadelta.errors import OutputError
from dermadelta.files import results
from dermadelta.files.results import (
    csv_text,
    parquet_bytes,
    read_pair,
    remove_partial,
    run_info_text,
    write_bytes_atomic,
    write_json_atomic,
    write_pair,
    write_table,
)


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# ------------------------------------------------------------------------------ any file


def test_a_file_is_replaced_whole_and_nothing_else_stays(tmp_path):
    path = tmp_path / "new" / "ünder" / "a.txt"
    write_bytes_atomic(path, b"first")
    write_bytes_atomic(path, b"second")
    assert path.read_bytes() == b"second"
    assert files(path.parent) == ["a.txt"]


@pytest.mark.parametrize(
    ("number", "word"),
    [
        (errno.ENOSPC, "full"),
        (errno.EACCES, "permission"),
        (errno.EROFS, "permission"),
        (errno.ENAMETOOLONG, "too long"),
        (errno.EIO, "cannot be written"),
    ],
)
def test_a_fault_keeps_the_old_file_and_says_what_to_do(tmp_path, monkeypatch, number, word):
    path = tmp_path / "a.txt"
    write_bytes_atomic(path, b"old")

    def fail(descriptor):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(results.os, "fsync", fail)
    with pytest.raises(OutputError, match=word) as caught:
        write_bytes_atomic(path, b"new")
    assert "kept" in caught.value.remedy
    assert caught.value.file == str(path)
    assert path.read_bytes() == b"old"
    assert files(tmp_path) == ["a.txt"]


def test_an_interruption_leaves_no_half_file(tmp_path, monkeypatch):
    def interrupt(descriptor):
        raise KeyboardInterrupt

    monkeypatch.setattr(results.os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_bytes_atomic(tmp_path / "a.txt", b"new")
    assert files(tmp_path) == []


def test_leftovers_of_a_killed_run_are_removed(tmp_path):
    (tmp_path / ".dermadelta-0123.part").write_bytes(b"half")
    (tmp_path / "mine.part").write_bytes(b"not ours")
    remove_partial(tmp_path)
    assert files(tmp_path) == ["mine.part"]


def test_json_refuses_numbers_that_are_none(tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        write_json_atomic(tmp_path / "a.json", {"value": float("nan")})
    assert files(tmp_path) == []
    write_json_atomic(tmp_path / "a.json", {"ä": [1, 2.5]})
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8")) == {"ä": [1, 2.5]}


def test_run_info_does_not_show_the_order_of_work():
    assert run_info_text({"b": 1, "a": {"d": 1, "c": 2}}) == run_info_text(
        {"a": {"c": 2, "d": 1}, "b": 1}
    )


# -------------------------------------------------------------------------------- tables


def table() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "name": ["=1+1", "plain", "Ünïcode 🙂", None],
            "value": [0.1, float("nan"), 1e-7, 3.0],
            "count": [1, 2, 3, 4],
            "flag": [True, False, True, False],
            "day": [date(2026, 1, 2), None, date(2026, 3, 4), date(2026, 5, 6)],
            "when": pd.to_datetime([datetime(2026, 1, 2, 3, 4, 5)] * 4),
            "mixed": [1.5, "text", None, 2],
        }
    )


def test_the_csv_is_plain_and_exact():
    lines = csv_text(table()).split("\n")
    assert lines[0] == "name,value,count,flag,day,when,mixed"
    assert lines[1] == "'=1+1,0.1,1,true,2026-01-02,2026-01-02T03:04:05,1.5"
    assert lines[2] == "plain,,2,false,,2026-01-02T03:04:05,text"
    assert lines[3].startswith("Ünïcode 🙂,1e-07,3,true,2026-03-04")
    assert lines[4].startswith(",3.0,4,false")
    assert lines[5:] == [""]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_text_cell_becomes_a_formula_and_negative_numbers_stay(start):
    frame = pd.DataFrame({"text": [f"{start}x"], "number": [-1.5]})
    row = next(iter(pd.read_csv(io.StringIO(csv_text(frame)), dtype=str).itertuples(index=False)))
    assert row.text == f"'{start}x"
    assert row.number == "-1.5"


def test_cells_with_separators_quotes_and_line_breaks_come_back():
    cells = ["a,b", 'say "x"', "two\nlines", "old\rmac", "dos\r\n", ""]
    frame = pd.DataFrame({"a, b": cells})
    rows = list(csv.reader(io.StringIO(csv_text(frame), newline="")))
    assert rows == [["a, b"], *([cell] if cell else [] for cell in cells)]


def test_both_files_are_written_and_repeat_to_the_byte(tmp_path):
    write_table(table(), tmp_path / "changes.v1")
    first = {name: (tmp_path / name).read_bytes() for name in files(tmp_path)}
    assert sorted(first) == ["changes.v1.csv", "changes.v1.parquet"]
    write_table(table(), tmp_path / "changes.v1")
    assert first == {name: (tmp_path / name).read_bytes() for name in files(tmp_path)}


def test_parquet_keeps_text_as_it_is_and_types():
    stored = pq.read_table(io.BytesIO(parquet_bytes(table()))).to_pydict()
    assert stored["name"] == ["=1+1", "plain", "Ünïcode 🙂", None]
    assert stored["value"][0] == 0.1
    assert stored["day"][0] == date(2026, 1, 2)
    assert stored["mixed"] == ["1.5", "text", None, "2"]


def test_an_empty_table_has_its_header(tmp_path):
    write_table(table().iloc[:0], tmp_path / "t")
    assert (tmp_path / "t.csv").read_text(encoding="utf-8") == (
        "name,value,count,flag,day,when,mixed\n"
    )
    assert pq.read_table(tmp_path / "t.parquet").num_rows == 0


# --------------------------------------------------------------------------------- pairs


def result() -> PairResult:
    nothing = NotMeasured("no scale: put a marker beside the skin")
    ref = PhotoRef("/x/ä.jpg", "ä.jpg", "ab" * 32, "p1", "=S 001", date(2026, 1, 2), Phase.PRE,
                   "cheek", "", mm_per_px=0.05, details=(("note", "a"),),
                   extra=(("x_a", "1"),))  # fmt: skip
    pair = PairRef("id", "=S 001", "cheek", "", Phase.PRE, date(2026, 1, 2), date(2026, 3, 4),
                   (ref,), (replace(ref, photo_id="p2"),), 2, 30, TreatedArea.LOCAL)  # fmt: skip
    gate = Check("overlap", 0.9, "", "≥ 0.5", CheckVerdict.PASS, "", ("*",))
    text_gate = replace(gate, name="software", value="3.10", verdict=CheckVerdict.FAIL)
    no_gate = replace(gate, name="x", value=nothing, verdict=CheckVerdict.NOT_APPLICABLE)
    estimate = Estimate(
        "roughness", 1, "ln", "roi", 1.0, 2.0, Interval(0.1, -0.2, 1 / 3), nothing, 1e-12, nothing,
        nothing, "none", nothing, 5.5, True, Verdict.NO_DETECTABLE_CHANGE, "", (("blur", 0.25),),
    )  # fmt: skip
    evidence = Evidence(
        "roughness", 1, "ln", "roi", True, 1.0, 2.0, 1 / 3, nothing, "none", 0.1, 0.0,
        (("blur", 0.25),), False, 1, 2, "",
    )  # fmt: skip
    return PairResult(
        "key", SCHEMA_VERSION, pair, PairStatus.MEASURED, (), ("remark",), ("p1",), ("p2",),
        AlignmentSummary(0.5, 1.5, 1.0, (0.9, 1.1), 0.9, 0.8, 120, 1, "m", (1.0, 0.0, 0.1)),
        Scale(0.05, 0.01, "given"), "none",
        (CalibrationSummary(
            "p1", Role.BEFORE, "target", "none", True, 0.5, nothing, 25, 3.0, nothing, "why"
        ),),
        (("light", 0.5), ("zoom", nothing)), nothing,
        (gate, text_gate, no_gate),
        (RegionSummary("roi", "given", 0.25, nothing),),
        (StoredReading("roughness", 1, "ln", Role.BEFORE, "p1", date(2026, 1, 2), "roi", 1.25),),
        (), (evidence,), (estimate,), (("before.jpg", "before", "Before"),),
    )  # fmt: skip


def picture(name: str, value: int = 100) -> Picture:
    return Picture(name, "before", "", np.full((8, 9, 3), value, np.uint8))


def test_a_result_comes_back_equal(tmp_path):
    write_pair(tmp_path / "p", result(), [picture("before.jpg")])
    assert read_pair(tmp_path / "p") == result()


def test_the_same_pair_gives_the_same_bytes(tmp_path):
    mask = Picture("mask_before_roi.png", "mask", "", np.eye(5, dtype=np.uint8))
    pictures = [picture("before.jpg"), mask]
    for name in ("a", "b"):
        write_pair(tmp_path / name, result(), pictures)
    for name in files(tmp_path / "a"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    with Image.open(tmp_path / "a" / "mask_before_roi.png") as mask:
        np.testing.assert_array_equal(np.asarray(mask), np.eye(5))


def test_the_result_is_written_last_and_an_old_one_never_stands_beside_new_pictures(
    tmp_path, monkeypatch
):
    folder = tmp_path / "p"
    write_pair(folder, result(), [picture("before.jpg"), picture("heat_roi_redness.png")])
    written = []
    original = results.write_bytes_atomic

    def fail_on_second(path, data):
        written.append(path.name)
        assert not (folder / "result.json").exists()
        if len(written) == 2:
            raise OutputError("the disk is full", remedy="Free some space.")
        original(path, data)

    monkeypatch.setattr(results, "write_bytes_atomic", fail_on_second)
    with pytest.raises(OutputError):
        write_pair(folder, result(), [picture("before.jpg", 1), picture("after.jpg", 1)])
    assert read_pair(folder) is None
    assert "heat_roi_redness.png" not in files(folder)
    monkeypatch.undo()
    write_pair(folder, result(), [picture("before.jpg", 1)])
    assert files(folder) == ["before.jpg", "result.json"]


def test_other_peoples_files_in_a_pair_folder_stay(tmp_path):
    (tmp_path / "holiday.jpg").write_bytes(b"x")
    write_pair(tmp_path, result(), [picture("before.jpg")])
    assert "holiday.jpg" in files(tmp_path)


@pytest.mark.parametrize("name", ["../a.png", "a/b.png", "a\\b.png", "a.txt"])
def test_a_picture_cannot_leave_its_folder(tmp_path, name):
    with pytest.raises(ValueError, match="picture name"):
        write_pair(tmp_path, result(), [picture(name)])
    assert files(tmp_path) == []


@pytest.mark.parametrize("content", [b"", b"{", b"{}", b"\xff\xfe", b"[1, 2]"])
def test_a_damaged_result_counts_as_none(tmp_path, content):
    (tmp_path / "result.json").write_bytes(content)
    assert read_pair(tmp_path) is None


def test_a_missing_or_older_result_counts_as_none(tmp_path):
    assert read_pair(tmp_path / "gone") is None
    write_pair(tmp_path, replace(result(), schema_version=SCHEMA_VERSION + 1), [])
    assert read_pair(tmp_path) is None


def test_half_a_result_counts_as_none(tmp_path):
    write_pair(tmp_path, result(), [])
    data = (tmp_path / "result.json").read_bytes()
    (tmp_path / "result.json").write_bytes(data[: len(data) // 2])
    assert read_pair(tmp_path) is None
