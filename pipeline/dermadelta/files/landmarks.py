"""Landmarks: points that a person saw in both photographs, one pair of points per row.

A table of the columns ``before_x``, ``before_y``, ``after_x``, ``after_y`` in pixels of the upright
pictures; the centre of the first pixel is (0, 0), as most programs show it under the pointer.
Other columns (a name, a remark) are left alone.
"""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np

from dermadelta.domain import Matrix
from dermadelta.errors import LandmarkError
from dermadelta.files.delimited import Delimited, parse_delimited
from dermadelta.files.paths import openable

COLUMNS = ("before_x", "before_y", "after_x", "after_y")
LEAST_LANDMARKS = 4
"""Three points fit every affine map exactly, so a wrong one among them could not be noticed."""

MOST_LANDMARKS = 500
"""Nobody clicks more by hand: a longer table is another file."""

_LEAST_SPREAD = 0.02
"""Spread across the longest direction over the spread along it. Convention: below 1/50, errors of
a pixel along a line of points become errors of tens of pixels beside it."""

_FOUR_COLUMNS = "Write a header with the columns " + ", ".join(COLUMNS) + "."
_UPRIGHT = "Give the points in pixels of the upright picture at its full size."

Size = tuple[int, int]
Numbered = list[tuple[int, list[float]]]


def read_landmarks(
    path: str | Path, *, before_size: Size | None = None, after_size: Size | None = None
) -> Matrix:
    """Read the points that two photographs share.

    Parameters
    ----------
    path : str or Path
        CSV separated by comma, semicolon or tab, in UTF-8 (with or without mark), UTF-16 or
        Windows-1252. Where the separator is no comma, a comma may be the decimal sign.
    before_size, after_size : (height, width), optional
        Sizes of the upright pictures; points outside a picture whose size is given are an error.

    Returns
    -------
    (n, 4) float64
        Rows (before_x, before_y, after_x, after_y), pixels, centres at whole numbers, n ≥ 4.

    Raises
    ------
    LandmarkError
        Missing or damaged file, missing column, a cell that is no number, fewer than 4 or more
        than 500 points, a point given twice or outside its picture, all points on a line. The
        message names file, line and remedy.
    """
    name = Path(path).name
    rows = _rows(_table(path, name), name)
    if not LEAST_LANDMARKS <= len(rows) <= MOST_LANDMARKS:
        raise LandmarkError(
            f"it holds {len(rows)} landmark{'s' if len(rows) != 1 else ''}",
            remedy=f"Give {LEAST_LANDMARKS} to {MOST_LANDMARKS} points spread over the skin.",
            file=name,
        )
    for side, first, size in (("before", 0, before_size), ("after", 2, after_size)):
        own = [(line, (values[first], values[first + 1])) for line, values in rows]
        if size is not None:
            _check_inside(own, side, size, name)
        _check_distinct(own, side, name)
        _check_spread(np.array([point for _, point in own]), side, name)
    return np.array([values for _, values in rows], dtype=np.float64)


def _table(path: str | Path, name: str) -> Delimited:
    try:
        return parse_delimited(openable(path).read_bytes())
    except FileNotFoundError as fault:
        raise LandmarkError(
            "the file of landmarks does not exist", remedy="Correct its name.", file=name
        ) from fault
    except OSError as fault:
        raise LandmarkError(
            f"the file of landmarks cannot be read ({fault.strerror})",
            remedy="Close it in other programs and run the same command again.",
            file=name,
        ) from fault
    except (csv.Error, ValueError) as fault:
        raise LandmarkError(
            f"it is no table of landmarks ({fault})",
            remedy="Open it in a spreadsheet and save it again as CSV.",
            file=name,
        ) from fault


def _rows(table: Delimited, name: str) -> Numbered:
    """Line numbers and the four values of every row that is not empty."""
    filled = [(line, cells) for line, cells in table.lines if any(cell.strip() for cell in cells)]
    if not filled:
        raise LandmarkError("the file of landmarks is empty", remedy=_FOUR_COLUMNS, file=name)
    line, first = filled[0]
    header = [cell.strip().lower().replace(" ", "_") for cell in first]
    for wrong, many in (("is missing", 0), ("stands there twice", 2)):
        found = [column for column in COLUMNS if min(header.count(column), 2) == many]
        if found:
            cause = f"line {line}: the column {found[0]} {wrong}"
            raise LandmarkError(cause, remedy=_FOUR_COLUMNS, file=name)
    places = [(column, header.index(column)) for column in COLUMNS]
    comma = table.separator != ","
    return [
        (line, [_number(cells, place, comma, f"line {line}: {column}", name)
                for column, place in places])
        for line, cells in filled[1:]
    ]  # fmt: skip


def _number(cells: list[str], place: int, comma: bool, where: str, name: str) -> float:
    text = cells[place].strip() if place < len(cells) else ""
    try:
        value = float(text.replace(",", ".") if comma else text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise LandmarkError(
            f"{where}: “{text}” is no number" if text else f"{where} is empty",
            remedy="Give the position in pixels, such as 1024.5.",
            file=name,
        )
    return value


def _check_inside(
    points: list[tuple[int, tuple[float, float]]], side: str, size: Size, name: str
) -> None:
    height, width = size
    for line, (x, y) in points:
        if not (-0.5 <= x <= width - 0.5 and -0.5 <= y <= height - 0.5):
            raise LandmarkError(
                f"line {line}: ({x:g}, {y:g}) lies outside the {side} photo of {width} × {height}"
                " pixels",
                remedy=_UPRIGHT,
                file=name,
            )


def _check_distinct(points: list[tuple[int, tuple[float, float]]], side: str, name: str) -> None:
    seen: dict[tuple[float, float], int] = {}
    for line, point in points:
        if point in seen:
            raise LandmarkError(
                f"lines {seen[point]} and {line}: both are the same point ({point[0]:g},"
                f" {point[1]:g}) of the {side} photo",
                remedy="Keep one of the two, or correct the other.",
                file=name,
            )
        seen[point] = line


def _check_spread(points: Matrix, side: str, name: str) -> None:
    along, across = np.linalg.svd(points - points.mean(axis=0), compute_uv=False)
    if across < _LEAST_SPREAD * along:
        raise LandmarkError(
            f"all its points of the {side} photo lie on one line",
            remedy="Add points to both sides of it, spread over the skin.",
            file=name,
        )
