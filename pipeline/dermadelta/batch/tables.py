"""Tables as clinics keep them: CSV from any Excel, or XLSX, as rows of text with line numbers."""

from __future__ import annotations

import csv
import io
import re
import warnings
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from dermadelta.batch.naming import normal
from dermadelta.errors import InputError
from dermadelta.files.delimited import parse_delimited
from dermadelta.files.paths import openable

TABLE_SUFFIXES = (".csv", ".xlsx")
_DAMAGED_TABLE = (
    OSError,
    csv.Error,
    zipfile.BadZipFile,
    zlib.error,
    InvalidFileException,
    SyntaxError,
    ValueError,
    TypeError,
    AttributeError,
    KeyError,
    IndexError,
    EOFError,
    NotImplementedError,
)
"""What the csv module and openpyxl raise on damaged tables; a broken XML is a SyntaxError."""

_ZEROS = re.compile(r"0+")


@dataclass(frozen=True)
class Row:
    """One row: its line number (1 = header) and its cells by column name, none of them empty."""

    line: int
    cells: dict[str, str]
    surplus: int = 0


@dataclass(frozen=True)
class Table:
    """A table as text. ``columns`` are lower-case, in their order; empty rows are left out."""

    path: Path
    columns: tuple[str, ...]
    rows: tuple[Row, ...]


def read_table(path: Path) -> Table:
    """Read a CSV or XLSX table.

    Parameters
    ----------
    path : Path
        ``.csv`` separated by comma, semicolon or tab, in UTF-8 (with or without mark), UTF-16
        or Windows-1252; or ``.xlsx``, whose first sheet counts.

    Returns
    -------
    Table
        Every cell as text. A number keeps the leading zeros that its cell format shows; a date
        cell becomes an ISO date.

    Raises
    ------
    InputError
        Missing, locked, damaged or empty; the message names the remedy.
    """
    try:
        data = openable(path).read_bytes()
        lines = _xlsx_lines(data) if path.suffix.lower() == ".xlsx" else _csv_lines(data)
        return _table(path, lines)
    except FileNotFoundError as fault:
        remedy = "Check the name of the table."
        raise InputError("the table does not exist", remedy=remedy, file=str(path)) from fault
    except PermissionError as fault:
        raise InputError(
            "no permission to read the table",
            remedy="Close it in other programs and run the same command again.",
            file=str(path),
        ) from fault
    except _DAMAGED_TABLE as fault:
        raise InputError(
            f"the table is damaged ({fault})",
            remedy="Open it in a spreadsheet and save it again as CSV or XLSX.",
            file=str(path),
        ) from fault


def _table(path: Path, lines: Iterator[tuple[int, list[str]]]) -> Table:
    first = next(((n, cells) for n, cells in lines if any(cells)), None)
    if first is None:
        raise InputError("the table is empty", remedy="Write one row per photo.", file=str(path))
    columns = tuple(cell.lower().replace(" ", "_") for cell in _trimmed(first[1]))
    rows = []
    for number, cells in lines:
        if not any(cells):
            continue
        named = zip(columns, cells, strict=False)
        surplus = len(_trimmed(cells[len(columns) :]))
        rows.append(Row(number, {c: v for c, v in named if c and v}, surplus))
    return Table(path, columns, tuple(rows))


def _trimmed(cells: list[str]) -> list[str]:
    """Cells without the empty ones at the end."""
    while cells and not cells[-1]:
        cells = cells[:-1]
    return cells


# ----------------------------------------------------------------------------------- CSV


def _csv_lines(data: bytes) -> Iterator[tuple[int, list[str]]]:
    for number, cells in parse_delimited(data).lines:
        yield number, [normal(cell) for cell in cells]


# ---------------------------------------------------------------------------------- XLSX


def _xlsx_lines(data: bytes) -> Iterator[tuple[int, list[str]]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about styles and validations, which are not read
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        sheets = book.worksheets
        rows = [
            [normal(_cell_text(cell.value, cell.number_format)) for cell in cells]
            for cells in (sheets[0].iter_rows() if sheets else ())
        ]
        book.close()
    yield from enumerate(rows, start=1)


def _cell_text(value: object, number_format: str | None) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and _ZEROS.fullmatch(number_format or ""):
        return str(value).zfill(len(number_format or ""))
    return str(value)


def repeated(columns: Iterable[str]) -> list[str]:
    """Names that stand more than once, in their order."""
    seen: set[str] = set()
    twice = []
    for column in columns:
        if column and column in seen and column not in twice:
            twice.append(column)
        seen.add(column)
    return twice
