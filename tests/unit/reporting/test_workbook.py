"""Workbook: a sheet each, no formulas, the same bytes every time."""

from __future__ import annotations

import io
import zipfile
from datetime import datetime

import openpyxl
import pandas as pd

from dermadelta.reporting.tables import build_tables
from dermadelta.reporting.workbook import workbook_bytes


def load(data):
    return openpyxl.load_workbook(io.BytesIO(data))


def test_every_table_is_a_sheet_with_a_frozen_header(build):
    tables = build_tables([build.result()], [], build.catalogue)
    book = load(workbook_bytes(tables))
    assert book.sheetnames == list(tables)
    for sheet in book.worksheets:
        assert sheet.freeze_panes == "A2"
        assert [cell.value for cell in sheet[1]] == list(tables[sheet.title])


def test_values_keep_their_types(build):
    sheet = load(workbook_bytes(build_tables([build.result()], [], build.catalogue)))["changes"]
    row = dict(zip([c.value for c in sheet[1]], sheet[2], strict=True))
    assert row["before_date"].value == datetime(2026, 3, 3)
    assert row["before_date"].is_date
    assert row["change_pct"].value == -18
    assert row["primary"].value is True
    assert row["sessions"].value == 3
    assert row["reason"].value is None or isinstance(row["reason"].value, str)


def test_names_that_look_like_formulas_or_links_stay_text():
    names = ["=1+1", "+1", "-1", "@SUM(A1)", "http://example.org", "0012", "\x01bell"]
    data = workbook_bytes({"t": pd.DataFrame({"name": pd.Series(names, dtype="str")})})
    sheet = load(data)["t"]
    assert [cell.value for cell in sheet["A"][1:7]] == names[:6]
    assert {cell.data_type for cell in sheet["A"]} == {"s"}
    assert not any(cell.hyperlink for cell in sheet["A"])
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert b"<f>" not in archive.read("xl/worksheets/sheet1.xml")


def test_missing_values_are_blank_and_infinities_text():
    frame = pd.DataFrame(
        {
            "x": [1.5, None, float("inf")],
            "n": pd.Series([1, None, 3], dtype="Int64"),
            "d": pd.Series([None, datetime(2026, 1, 2), None], dtype="datetime64[s]"),
        }
    )
    sheet = load(workbook_bytes({"t": frame}))["t"]
    assert [cell.value for cell in sheet["A"][1:]] == [1.5, None, "inf"]
    assert [cell.value for cell in sheet["B"][1:]] == [1, None, 3]
    assert [cell.value for cell in sheet["C"][1:]] == [None, datetime(2026, 1, 2), None]


def test_two_runs_give_the_same_bytes(build):
    tables = build_tables(build.run(3), [], build.catalogue)
    assert workbook_bytes(tables) == workbook_bytes(tables)


def test_empty_tables_and_long_texts_are_written():
    frame = pd.DataFrame({"t": pd.Series(["x" * 40_000], dtype="str")})
    book = load(workbook_bytes({"a" * 40: frame, "empty": frame.iloc[:0]}))
    assert len(book.worksheets[0]["A2"].value) == 32_767
    assert book["empty"].max_row == 1
