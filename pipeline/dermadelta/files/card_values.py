"""Measured colours of a printed target card: a table to fill in, and how it is read.

One row per patch with the columns ``patch``, ``L``, ``a``, ``b`` (CIE 1976 L*a*b*, 2° observer) and
``illuminant``, ``D50`` or ``D65``; without that column the values are for D65. Other columns are
left alone.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Literal, cast, get_args

from dermadelta.errors import InputError
from dermadelta.files.delimited import Delimited, parse_delimited
from dermadelta.files.paths import openable
from dermadelta.files.results import write_text_atomic

Lab = tuple[float, float, float]

COLUMNS = ("patch", "L", "a", "b")
ILLUMINANT = "illuminant"
Illuminant = Literal["D50", "D65"]

_LIMITS = {"L": (0.0, 100.0), "a": (-128.0, 128.0), "b": (-128.0, 128.0)}
_NAME_IT = "Correct calibrate.target_values."
_LARGEST_BYTES = 1_000_000
"""A filled-in table has a thousandth of it; what is larger is another file."""

_TEMPLATE = "Start from a table made by dermadelta target OUT --values FILE.csv."


@dataclass(frozen=True)
class MeasuredPatch:
    """What an instrument said of one patch: L*, a*, b* and the illuminant they are for."""

    lab: Lab
    illuminant: Illuminant


def write_value_table(path: Path, design: Mapping[str, Sequence[float]]) -> None:
    """Write the table that is to be filled in.

    ``L``, ``a`` and ``b`` are empty, as a card is as it was printed and not as it was designed; the
    design stands beside them for orientation.

    Parameters
    ----------
    path : Path
        The CSV.
    design : mapping of str to (L, a, b)
        Colour of every patch as it was designed, under D50: what instruments for print are set to
        (ISO 13655).

    Raises
    ------
    OutputError
        It cannot be written. Remedy: in the message.
    """
    lines = [",".join([*COLUMNS, ILLUMINANT, "design_L", "design_a", "design_b"])]
    for name, lab in design.items():
        # Adding zero turns a negative zero into zero.
        lines.append(",".join([name, "", "", "", "D50", *(f"{round(v, 1) + 0.0}" for v in lab)]))
    write_text_atomic(path, "".join(f"{line}\n" for line in lines))


def read_card_values(path: str | Path, patches: Iterable[str]) -> dict[str, MeasuredPatch]:
    """Read the measured colours of a card.

    Parameters
    ----------
    path : str or Path
        CSV separated by comma, semicolon or tab. Where the separator is no comma, a comma may be
        the decimal sign.
    patches : iterable of str
        Names of the patches of the card.

    Returns
    -------
    dict of str to MeasuredPatch
        Every patch, in the order of ``patches``.

    Raises
    ------
    InputError
        Missing or damaged file, a column or patch that is missing, unknown or there twice, a cell
        that is no number or out of range, grey steps that do not get darker. The message names
        file, line and remedy.
    """
    name, known = Path(path).name, list(patches)
    found: dict[str, tuple[int, MeasuredPatch]] = {}
    for line, label, measured in _rows(_table(path, name), name):
        if label not in known:
            raise _fault(name, f"line {line}: “{label}” is no patch of the card", _TEMPLATE)
        if label in found:
            cause = f"lines {found[label][0]} and {line}: {label} stands there twice"
            raise _fault(name, cause, "Keep one of the two.")
        found[label] = line, measured
    missing = [label for label in known if label not in found]
    if missing:
        cause = f"{len(missing)} of {len(known)} patches are missing: {', '.join(missing)}"
        raise _fault(name, cause, f"Give all patches. {_TEMPLATE}")
    _check_greys({label: (line, patch.lab[0]) for label, (line, patch) in found.items()}, name)
    return {label: found[label][1] for label in known}


def _fault(name: str, cause: str, remedy: str) -> InputError:
    return InputError(cause, remedy=remedy, file=name)


def _table(path: str | Path, name: str) -> Delimited:
    try:
        if openable(path).is_dir():
            raise _fault(name, "it is a folder", _NAME_IT)
        with openable(path).open("rb") as stream:
            data = stream.read(_LARGEST_BYTES + 1)
        if len(data) > _LARGEST_BYTES:
            raise _fault(name, "it is too large for a table of measured colours", _NAME_IT)
        return parse_delimited(data)
    except FileNotFoundError as fault:
        cause = "the table of measured colours does not exist"
        raise _fault(name, cause, _NAME_IT) from fault
    except OSError as fault:
        cause = f"the table of measured colours cannot be read ({fault.strerror})"
        remedy = "Close it in other programs and run the same command again."
        raise _fault(name, cause, remedy) from fault
    except (csv.Error, ValueError) as fault:
        cause = f"it is no table of measured colours ({fault})"
        raise _fault(name, cause, "Open it in a spreadsheet and save it again as CSV.") from fault


def _rows(table: Delimited, name: str) -> list[tuple[int, str, MeasuredPatch]]:
    """Line number, name and colour of the patch of every row that is not empty."""
    filled = [(line, cells) for line, cells in table.lines if any(cell.strip() for cell in cells)]
    if not filled:
        raise _fault(name, "the table of measured colours is empty", _TEMPLATE)
    line, first = filled[0]
    header = [cell.strip().lower() for cell in first]
    for column in (*COLUMNS, ILLUMINANT):
        many = header.count(column.lower())
        if many > 1 or (many == 0 and column != ILLUMINANT):
            wrong = "is missing" if many == 0 else "stands there twice"
            raise _fault(name, f"line {line}: the column {column} {wrong}", _TEMPLATE)
    comma = table.separator != ","
    rows = []
    for line, cells in filled[1:]:
        texts = {
            column: cells[place].strip() if place < len(cells) else ""
            for place, column in enumerate(header)
        }
        lightness, a, b = (
            _number(texts[column.lower()], column, comma, line, name) for column in COLUMNS[1:]
        )
        label = " ".join(texts["patch"].lower().split())
        measured = MeasuredPatch((lightness, a, b), _illuminant(texts, line, name))
        rows.append((line, label, measured))
    return rows


def _number(text: str, column: str, comma: bool, line: int, name: str) -> float:
    try:
        value = float(text.replace(",", ".") if comma else text)
    except ValueError:
        value = math.nan
    low, high = _LIMITS[column]
    if math.isfinite(value) and low <= value <= high:
        return value
    wrong = "is empty" if not text else f"“{text}” is no number from {low:g} to {high:g}"
    raise _fault(
        name,
        f"line {line}: {column} {wrong}",
        "Give the measured CIE L*a*b* of this patch, such as 52.31.",
    )


def _illuminant(texts: Mapping[str, str], line: int, name: str) -> Illuminant:
    given = texts.get(ILLUMINANT, "D65").upper()
    for known in get_args(Illuminant):
        if given == known:
            return cast(Illuminant, known)
    wrong = f"“{given}” is not known" if given else "is empty"
    raise _fault(
        name,
        f"line {line}: illuminant {wrong}",
        "Write D50 or D65, as the instrument was set, with the 2° observer.",
    )


def _check_greys(lightness: dict[str, tuple[int, float]], name: str) -> None:
    """Grey steps are designed to get darker: others were mixed up when they were written down."""
    greys = sorted(label for label in lightness if label.startswith("grey "))
    for lighter, darker in pairwise(greys):
        (first, high), (second, low) = lightness[lighter], lightness[darker]
        if low >= high:
            raise _fault(
                name,
                f"lines {first} and {second}: {darker} (L {low:g}) is not darker than {lighter}"
                f" (L {high:g})",
                "Look whether patches were mixed up, and measure these again.",
            )
