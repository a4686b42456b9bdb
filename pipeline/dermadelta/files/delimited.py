"""Delimited text as spreadsheets save it: comma, semicolon or tab, in any of their encodings."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Delimited:
    """Cells of a delimited text. ``lines`` holds the line number (1 = first) and cells of each."""

    separator: str
    lines: tuple[tuple[int, list[str]], ...]


def parse_delimited(data: bytes) -> Delimited:
    """Take a delimited text apart.

    Parameters
    ----------
    data : bytes
        UTF-8 (with or without mark), UTF-16 or Windows-1252, separated by what the header line
        has most of: comma, semicolon or tab; a first line ``sep=;`` decides it.

    Returns
    -------
    Delimited
        Cells as written, empty rows included.

    Raises
    ------
    csv.Error
        A quoted cell that does not end, or text behind its end.
    """
    text = _decoded(data)
    skipped = 0
    separator = _separator(text.split("\n", 1)[0])
    if match := re.match(r"sep=(.)\r?\n", text):
        separator, skipped, text = match[1], 1, text[match.end() :]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    lines = []
    begin = 1
    for cells in reader:
        lines.append((begin + skipped, cells))
        begin = reader.line_num + 1
    return Delimited(separator, tuple(lines))


def _decoded(data: bytes) -> str:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def _separator(header: str) -> str:
    """The separator that the header line has most of, outside quotes."""
    bare = re.sub(r'"[^"]*"', "", header)
    return max(",;\t", key=bare.count)
