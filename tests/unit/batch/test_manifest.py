from __future__ import annotations

import codecs
import contextlib
from datetime import date, datetime
from pathlib import Path

import numpy as np
import openpyxl
import pytest

from dermadelta.batch.discover import discover
from dermadelta.batch.manifest import read_tables
from dermadelta.domain import Phase, TreatedArea
from dermadelta.errors import InputError, ManifestError

HEADER = "subject_id,visit_date,site,photo"


@pytest.fixture
def manifest(tmp_path):
    def _manifest(text: str | bytes, name="manifest.csv") -> Path:
        data = text if isinstance(text, bytes) else text.encode("utf-8")
        (tmp_path / name).write_bytes(data)
        return tmp_path / name

    return _manifest


def photos(path):
    return read_tables(path, None)[0]


def problems(path, sessions=None):
    with pytest.raises(ManifestError) as caught:
        read_tables(path, sessions)
    return caught.value


# ------------------------------------------------------------------------ what is read


def test_all_columns_arrive(manifest, tmp_path):
    columns = "view,phase,light,roi,mm_per_px,note,Operator,my score"
    row = '007,2026-04-03,cheek,a b/ü.jpg,left,POST,ring,"1,2 3,4 5,6",0.05,hi,=cmd,3'
    (found,) = photos(manifest(f"{HEADER},{columns}\n{row}\n"))
    assert found.subject_id == "007"
    assert found.visit_date == date(2026, 4, 3)
    assert (found.site, found.view, found.phase) == ("cheek", "left", Phase.POST)
    assert found.shown_path == "a b/ü.jpg"
    assert found.path == str(tmp_path / "a b/ü.jpg")
    assert found.roi == "1,2 3,4 5,6"
    assert found.mm_per_px == 0.05
    assert found.details == (("light", "ring"), ("note", "hi"))
    assert found.extra == (("x_operator", "=cmd"), ("x_my_score", "3"))
    assert "007" not in repr(found).replace(found.path, "").replace(found.shown_path, "")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_every_excel_csv_is_read(manifest, encoding, separator, newline):
    rows = [HEADER.split(","), ["Müller", "2026-04-03", "cheek", "a.jpg"], [""] * 4]
    text = newline.join(separator.join(row) for row in rows) + newline
    (found,) = photos(manifest(text.encode(encoding)))
    assert found.subject_id == "Müller"


def test_a_separator_line_and_quoted_line_breaks_keep_the_line_numbers(manifest):
    head = "sep=;\nsubject_id;visit_date;site;photo;note\n"
    text = f'{head}S;2026-04-03;c;a.jpg;"two\nlines"\nS;bad;c;b.jpg;\n'
    error = problems(manifest(text))
    assert len(error.problems) == 1
    assert error.problems[0].startswith("line 5: visit_date:")


def test_byte_order_marks_do_not_hide_the_first_column(manifest):
    path = manifest(codecs.BOM_UTF8 + f"{HEADER}\nS,2026-04-03,c,a.jpg\n".encode())
    assert photos(path)[0].subject_id == "S"


def test_a_comma_as_decimal_sign(manifest):
    text = HEADER.replace(",", ";") + ";mm_per_px\nS;2026-04-03;c;a.jpg;0,05\n"
    assert photos(manifest(text))[0].mm_per_px == 0.05


def test_paths_may_be_absolute_and_come_from_windows(manifest, tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.jpg").write_bytes(b"x")
    path = manifest(
        f"{HEADER}\nS,2026-04-03,c,sub\\a.jpg\nS,2026-04-04,c,{tmp_path / 'sub' / 'a.jpg'}\n"
        "S,2026-04-05,c,../elsewhere.jpg\n"
    )
    first, second, third = photos(path)
    assert Path(first.path) == Path(second.path) == tmp_path / "sub" / "a.jpg"
    assert first.shown_path == "sub\\a.jpg"
    assert Path(third.path).name == "elsewhere.jpg"


def xlsx(path, rows, formats=None):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    for cell, number_format in (formats or {}).items():
        book.active[cell].number_format = number_format
    book.save(path)
    return path


def test_excel_sheets_keep_zeros_and_dates(tmp_path):
    rows = [
        HEADER.split(","),
        ["007", datetime(2026, 4, 3), "cheek", "a.jpg"],
        [7, date(2026, 4, 4), "cheek", "b.jpg"],
        [8, "2026-04-05", 12.0, "c.jpg"],
        [None, None, None, None],
    ]
    found = photos(xlsx(tmp_path / "manifest.xlsx", rows, {"A3": "000"}))
    assert [p.subject_id for p in found] == ["007", "007", "8"]
    assert [p.visit_date.day for p in found] == [3, 4, 5]
    assert found[2].site == "12"


def test_excel_problems_have_row_numbers(tmp_path):
    rows = [HEADER.split(","), ["S", "03/04/2026", "c", "a.jpg"]]
    error = problems(xlsx(tmp_path / "manifest.xlsx", rows))
    assert error.problems[0].startswith("line 2: visit_date:")
    assert "ambiguous" in error.problems[0]


# ------------------------------------------------------------------------------ bad rows


def test_all_bad_rows_are_reported_at_once_with_their_lines(manifest):
    text = (
        f"{HEADER},phase,mm_per_px\n"
        "S,2026-04-03,c,a.jpg,pre,0.05\n"
        "S,03/04/2026,c,b.jpg,,\n"
        ",2026-04-03,,c.jpg,,\n"
        "S,2026-04-03,c,d.jpg,after,-1\n"
        "S,2026-04-03,c,e.jpg,,abc\n"
        "S,2026-04-03,c,f.jpg,pre,0.05,1,2\n"
        "S,nonsense,c,g.jpg,,\n"
    )
    error = problems(manifest(text))
    starts = [problem.split(":")[0] for problem in error.problems]
    assert starts == [
        "line 3",
        "line 4",
        "line 4",
        "line 5",
        "line 5",
        "line 6",
        "line 7",
        "line 8",
    ]
    message = str(error)
    assert "manifest.csv" in message
    assert "ambiguous" in message
    assert "none of pre, numbed, post" in message
    assert "double quotes" in message
    assert error.remedy
    assert error.exit_code == 2


def test_corners_of_a_chart_that_cannot_be_used_are_a_bad_row(manifest):
    right, wrong = "10,10 90,10 90,60 10,60", "10,10 10,60 90,60 90,10"
    rows = [f'S,2026-04-03,c,{name}.jpg,"{c}"' for name, c in (("a", right), ("b", wrong))]
    text = "\n".join((f"{HEADER},chart_corners", *rows, "S,2026-04-03,c,c.jpg,"))
    (problem,) = problems(manifest(text)).problems
    assert problem.startswith("line 3: chart_corners: ")
    assert "run the wrong way" in problem


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("subject_id,site\nS,c\n", "visit_date, photo are missing"),
        (f"{HEADER},site\nS,2026-04-03,c,a.jpg,d\n", "twice"),
        (f"{HEADER}\n", "no rows"),
        ("just some text\n", "are missing"),
    ],
)
def test_a_table_of_another_shape_says_what_is_wrong(manifest, text, word):
    error = problems(manifest(text))
    assert word in str(error)
    assert error.problems[0].startswith("line 1")


@pytest.mark.parametrize("text", [b"", b"\n\n", b"\xef\xbb\xbf"])
def test_an_empty_table(manifest, text):
    with pytest.raises(InputError, match="empty"):
        photos(manifest(text))


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\3\4 broken"])
def test_a_damaged_workbook(manifest, content):
    with pytest.raises(InputError) as caught:
        photos(manifest(content, "manifest.xlsx"))
    assert caught.value.remedy


def test_a_workbook_with_flipped_bytes_is_read_or_refused(tmp_path):
    whole = xlsx(tmp_path / "whole.xlsx", [HEADER.split(","), ["S", "2026-04-03", "c", "a.jpg"]])
    data, rng = whole.read_bytes(), np.random.default_rng(6)
    for _ in range(60):
        broken = bytearray(data)
        for at in rng.integers(0, len(data), 12):
            broken[at] = int(rng.integers(0, 256))
        (tmp_path / "manifest.xlsx").write_bytes(bytes(broken))
        with contextlib.suppress(InputError):
            photos(tmp_path / "manifest.xlsx")
    (tmp_path / "manifest.xlsx").write_bytes(data[: len(data) // 2])
    with pytest.raises(InputError, match="damaged"):
        photos(tmp_path / "manifest.xlsx")


def test_a_broken_csv_quote(manifest):
    with pytest.raises(InputError, match="damaged"):
        photos(manifest(f'{HEADER}\nS,2026-04-03,c,"a.jpg\n'))


def test_a_locked_table(manifest, monkeypatch):
    path = manifest(f"{HEADER}\n")

    def refuse(self):
        raise PermissionError(13, "locked")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(InputError, match="permission") as caught:
        photos(path)
    assert "other programs" in caught.value.remedy


def test_control_characters_in_a_path_are_a_bad_row(manifest):
    assert "control" in str(problems(manifest(f"{HEADER}\nS,2026-04-03,c,a\0.jpg\n")))


# ------------------------------------------------------------------------------ sessions


def test_sessions_are_read(manifest, tmp_path):
    (tmp_path / "m.png").write_bytes(b"x")
    path = manifest(
        "subject_id;session_date;site;treated_area;device;depth_mm\n"
        "S1;2026-01-01;cheek;Local;pen;1,5\n"
        "S1;2026-02-01;;whole;;\n"
        "S2;2026-03-01;chin;m.png;;\n"
        "S2;2026-04-04;chin;;;\n",
        "sessions.csv",
    )
    _, found = read_tables(None, path)
    assert [s.treated_area for s in found] == [
        TreatedArea.LOCAL, TreatedArea.WHOLE, TreatedArea.LOCAL, TreatedArea.UNKNOWN,
    ]  # fmt: skip
    assert found[0].details == (("device", "pen"), ("depth_mm", "1,5"))
    assert found[1].site == ""
    assert found[2].treated_mask == str(tmp_path / "m.png")


def test_bad_rows_of_both_tables_come_together(manifest):
    first = manifest(f"{HEADER}\nS,bad,c,a.jpg\n")
    second = manifest(
        "subject_id,session_date,treated_area\nS,01/02/2026,local\nS,2026-01-01,gone.png\n",
        "sessions.csv",
    )
    error = problems(first, second)
    assert [p.split(":")[0] for p in error.problems] == [
        "line 2 of manifest.csv", "line 2 of sessions.csv", "line 3 of sessions.csv",
    ]  # fmt: skip


def test_sessions_beside_a_manifest_are_found(manifest):
    path = manifest(f"{HEADER}\nS,2026-04-03,c,a.jpg\n")
    manifest("subject_id,session_date\nS,2026-04-04\n", "sessions.csv")
    intake = discover(path)
    assert len(intake.sessions) == 1
    assert intake == discover(path.parent)


def test_landmarks_lie_beside_the_manifest(manifest, tmp_path):
    (tmp_path / "points").mkdir()
    (tmp_path / "points" / "a.csv").write_bytes(b"x")
    rows = "S,2026-04-03,c,a.jpg,\nS,2026-05-03,c,b.jpg,points\\a.csv\n"
    first, second = photos(manifest(f"{HEADER},landmarks\n{rows}"))
    assert first.landmarks is None
    assert Path(second.landmarks) == tmp_path / "points" / "a.csv"
    assert second.extra == ()
