"""All tables in one Excel file: a sheet each, text stays text, the same bytes every time."""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final

import numpy as np
import pandas as pd
import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

CREATED: Final = datetime(2000, 1, 1)
"""Stands in the file's properties: a real time would make two equal runs differ."""

MAX_CELL: Final = 32_767
MAX_WIDTH: Final = 48
MIN_WIDTH: Final = 8
ROWS_FOR_WIDTH: Final = 500
MAX_ROWS: Final = 1_048_576


def workbook_bytes(tables: Mapping[str, pd.DataFrame]) -> bytes:
    """Return an .xlsx file with one sheet per table, in the given order.

    Text is never turned into formulas or links; missing values are blank cells; the header row
    is frozen and filterable. A table longer than a sheet is cut there (the CSV file is whole).
    """
    buffer = io.BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    book = xlsxwriter.Workbook(buffer, options)
    book.set_properties({"title": "dermadelta results", "created": CREATED})
    header = book.add_format(
        {"bold": True, "bg_color": "#E8EEF1", "bottom": 1, "bottom_color": "#9AA9B2"}
    )
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    for name, frame in tables.items():
        _sheet(book.add_worksheet(name[:31]), frame, header, day)
    book.close()
    return buffer.getvalue()


def _sheet(sheet: Worksheet, frame: pd.DataFrame, header: Format, day: Format) -> None:
    for number, column in enumerate(frame.columns):
        sheet.write_string(0, number, str(column), header)
        values = frame[column].tolist()[: MAX_ROWS - 1]
        for row, value in enumerate(values, start=1):
            _cell(sheet, row, number, value, day)
        sheet.set_column(number, number, _width(str(column), values[:ROWS_FOR_WIDTH]))
    sheet.freeze_panes(1, 0)
    if len(frame.columns):
        sheet.autofilter(0, 0, min(len(frame), MAX_ROWS - 1), len(frame.columns) - 1)


def _cell(sheet: Worksheet, row: int, column: int, value: Any, day: Format) -> None:
    if value is None or value is pd.NA or value is pd.NaT or value == "":
        return
    if isinstance(value, bool | np.bool_):
        sheet.write_boolean(row, column, bool(value))
    elif isinstance(value, date):
        sheet.write_datetime(row, column, value, day)
    elif isinstance(value, int | float | np.number):
        if np.isfinite(value):
            sheet.write_number(row, column, float(value))
        elif not np.isnan(value):
            sheet.write_string(row, column, str(value))
    else:
        sheet.write_string(row, column, str(value)[:MAX_CELL])


def _width(name: str, values: list[Any]) -> int:
    longest = max((len(_shown(value)) for value in values), default=0)
    return int(np.clip(max(len(name) + 3, longest + 1), MIN_WIDTH, MAX_WIDTH))


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return "" if np.isnan(value) else f"{value:.6g}"
    return str(value)[:10] if isinstance(value, date) else str(value)
