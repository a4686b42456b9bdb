"""The manifest (one row per photo) and the sessions table (one row per treatment).

All bad rows are reported at once with their line numbers. Paths are relative to the table. An
absolute path or one with ``..`` is allowed: the person who runs the command wrote the table, the
files are only read, and clinics keep photographs and tables on different drives. Nothing is ever
written to a place that a table names.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TypeVar

from dermadelta.batch.dates import DateError, parse_date
from dermadelta.batch.intake import Session
from dermadelta.batch.tables import Row, Table, read_table, repeated
from dermadelta.domain import Phase, PhotoRef, TreatedArea
from dermadelta.errors import ManifestError
from dermadelta.files.paths import openable
from dermadelta.files.regions import is_inline, split_label
from dermadelta.kernels.chart24 import parse_corners

REQUIRED = ("subject_id", "visit_date", "site", "photo")
REGIONS = ("roi", "reference", "exclude", "scar_mask", "grey_card")
DETAILS = (
    "light",
    "chart_corners",
    "lesion_prompt",
    "prep",
    "consent_id",
    "arm",
    "fitzpatrick",
    "note",
)
"""Known optional columns that are kept as they are."""
KNOWN = (*REQUIRED, "view", "phase", *REGIONS, "landmarks", "mm_per_px", *DETAILS)

SESSION_REQUIRED = ("subject_id", "session_date")
LARGEST_MM_PER_PX = 10.0
"""A pixel of one centimetre is a typing error: no skin photograph is that coarse."""

Value = TypeVar("Value")


@dataclass
class Problems:
    """Collects what is wrong in one table."""

    path: Path
    found: list[str] = field(default_factory=list)

    def add(self, line: int, text: str) -> None:
        """Note a problem of one line."""
        self.found.append(f"line {line}: {text}")

    def attempt(self, line: int, column: str, read: Callable[[], Value], default: Value) -> Value:
        """Read a cell; a ValueError becomes a problem and the default goes on."""
        try:
            return read()
        except ValueError as fault:
            self.add(line, f"{column}: {fault}")
            return default


def read_tables(
    manifest: Path | None, sessions: Path | None
) -> tuple[tuple[PhotoRef, ...], tuple[Session, ...]]:
    """Read a manifest and a sessions table, either of which may be missing.

    Parameters
    ----------
    manifest : Path or None
        CSV or XLSX with one row per photo.
    sessions : Path or None
        CSV or XLSX with one row per treatment.

    Returns
    -------
    photos : tuple of PhotoRef
        In the order of the rows, without ids.
    sessions : tuple of Session
        In the order of the rows.

    Raises
    ------
    ManifestError
        Every bad row of both tables, with line numbers.
    InputError
        A table cannot be opened at all.
    """
    lists: list[Problems] = []
    photos: tuple[PhotoRef, ...] = ()
    treatments: tuple[Session, ...] = ()
    if manifest is not None:
        lists.append(Problems(manifest))
        photos = _photos(read_table(manifest), lists[-1])
    if sessions is not None:
        lists.append(Problems(sessions))
        treatments = _sessions(read_table(sessions), lists[-1])
    _raise_for(lists)
    return photos, treatments


def _raise_for(lists: list[Problems]) -> None:
    bad = [problems for problems in lists if problems.found]
    if len(bad) == 1:
        raise ManifestError(str(bad[0].path), bad[0].found)
    if bad:
        lines = [
            line.replace(":", f" of {problems.path.name}:", 1)
            for problems in bad
            for line in problems.found
        ]
        raise ManifestError(" and ".join(problems.path.name for problems in bad), lines)


def _columns_are_right(table: Table, required: tuple[str, ...], problems: Problems) -> bool:
    missing = [name for name in required if name not in table.columns]
    if missing:
        problems.add(1, f"the columns {', '.join(missing)} are missing")
    twice = repeated(table.columns)
    if twice:
        problems.add(1, f"the columns {', '.join(twice)} stand there twice")
    if not missing and not table.rows:
        problems.add(1, "there are no rows below the header")
    return not missing and not twice


def _row_is_whole(row: Row, required: tuple[str, ...], problems: Problems) -> bool:
    for name in required:
        if name not in row.cells:
            problems.add(row.line, f"{name} is empty")
    if row.surplus:
        problems.add(
            row.line,
            f"{row.surplus} more cells than the header has columns; put a text that holds "
            "the separator in double quotes",
        )
    return not row.surplus and all(name in row.cells for name in required)


# -------------------------------------------------------------------------------- photos


def _photos(table: Table, problems: Problems) -> tuple[PhotoRef, ...]:
    if not _columns_are_right(table, REQUIRED, problems):
        return ()
    unknown = [name for name in table.columns if name and name not in KNOWN]
    photos = [_photo(row, unknown, table.path.parent, problems) for row in table.rows]
    return tuple(photo for photo in photos if photo is not None)


def _photo(row: Row, unknown: list[str], base: Path, problems: Problems) -> PhotoRef | None:
    whole = _row_is_whole(row, REQUIRED, problems)
    cells = row.cells
    day = _date(row, "visit_date", problems)
    phase = problems.attempt(row.line, "phase", lambda: _phase(cells.get("phase", "")), Phase.PRE)
    scale = problems.attempt(row.line, "mm_per_px", lambda: _scale(cells.get("mm_per_px")), None)
    places = {name: _place(row, name, base, problems) for name in REGIONS}
    points = problems.attempt(
        row.line, "landmarks", lambda: _file(cells.get("landmarks"), base), None
    )
    problems.attempt(row.line, "chart_corners", lambda: _corners(cells.get("chart_corners")), None)
    path = problems.attempt(row.line, "photo", lambda: locate(cells.get("photo", ""), base), "")
    if not whole or day is None:
        return None
    return PhotoRef(
        path=path,
        shown_path=cells["photo"],
        sha256="",
        photo_id="",
        subject_id=cells["subject_id"],
        visit_date=day,
        phase=phase,
        site=cells["site"],
        view=cells.get("view", ""),
        landmarks=points,
        mm_per_px=scale,
        details=tuple((name, cells[name]) for name in DETAILS if name in cells),
        extra=tuple((f"x_{name}", cells.get(name, "")) for name in unknown),
        **places,
    )


def _date(row: Row, column: str, problems: Problems) -> date | None:
    text = row.cells.get(column)
    if text is None:
        return None
    try:
        return parse_date(text)
    except DateError as fault:
        problems.add(row.line, f"{column}: {fault}")
        return None


def _place(row: Row, column: str, base: Path, problems: Problems) -> str | None:
    try:
        return _region(row.cells.get(column), base)
    except ValueError as fault:
        problems.add(row.line, f"{column}: {fault}")
        return None


def _phase(text: str) -> Phase:
    try:
        return Phase(text.lower() or "pre")
    except ValueError as fault:
        raise ValueError(f"“{text}” is none of pre, numbed, post") from fault


def _scale(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        value = float(text.replace(",", "."))
    except ValueError as fault:
        raise ValueError(f"“{text}” is no number") from fault
    return possible_scale(value)


def possible_scale(mm_per_px: float) -> float:
    """Return a scale given by the user as it is, if a photograph of skin can have it.

    Raises
    ------
    ValueError
        Not above 0, 10 mm per pixel or more, or no number at all.
    """
    if not (math.isfinite(mm_per_px) and 0 < mm_per_px < LARGEST_MM_PER_PX):
        raise ValueError(
            f"{mm_per_px:g} mm per pixel is impossible; expected above 0 and"
            f" below {LARGEST_MM_PER_PX:g}"
        )
    return mm_per_px


def _file(text: str | None, base: Path) -> str | None:
    return None if text is None else locate(text, base)


def _corners(text: str | None) -> None:
    """Refuse corners that calibration could not read."""
    if text:
        parse_corners(text)


def _region(text: str | None, base: Path) -> str | None:
    if text is None or is_inline(text):
        return text
    path, label = split_label(text)
    return locate(path, base) + (f"#{label}" if label else "")


def locate(text: str, base: Path) -> str:
    r"""Path of a file that a table names, whether or not it exists.

    Parameters
    ----------
    text : str
        As written: absolute or relative to the table, with ``/`` or, from Windows, ``\``.
    base : Path
        Folder of the table.

    Returns
    -------
    str
        The first spelling that exists (as written, with ``/``, in either Unicode form), else
        the path as written.

    Raises
    ------
    ValueError
        The text cannot be a path.
    """
    if any(ord(character) < 32 for character in text):
        raise ValueError("a path cannot hold control characters")
    plain = [text, text.replace("\\", "/")]
    forms = [unicodedata.normalize(form, name) for name in plain for form in ("NFC", "NFD")]
    for name in (*plain, *forms):
        candidate = base / name
        if openable(candidate).exists():
            return str(candidate)
    return str(base / plain[-1] if "/" not in text else base / text)


# ------------------------------------------------------------------------------ sessions


def _sessions(table: Table, problems: Problems) -> tuple[Session, ...]:
    if not _columns_are_right(table, SESSION_REQUIRED, problems):
        return ()
    sessions = [_session(row, table, problems) for row in table.rows]
    return tuple(session for session in sessions if session is not None)


def _session(row: Row, table: Table, problems: Problems) -> Session | None:
    whole = _row_is_whole(row, SESSION_REQUIRED, problems)
    day = _date(row, "session_date", problems)
    nothing: tuple[TreatedArea, str | None] = (TreatedArea.UNKNOWN, None)
    text, base = row.cells.get("treated_area", ""), table.path.parent
    area, mask = problems.attempt(row.line, "treated_area", lambda: _treated(text, base), nothing)
    if not whole or day is None:
        return None
    own = (*SESSION_REQUIRED, "site", "treated_area")
    return Session(
        subject_id=row.cells["subject_id"],
        session_date=day,
        site=row.cells.get("site", ""),
        treated_area=area,
        treated_mask=mask,
        details=tuple((name, cell) for name, cell in row.cells.items() if name not in own),
    )


def _treated(text: str, base: Path) -> tuple[TreatedArea, str | None]:
    """``local``, ``whole``, nothing, or a mask, which means local."""
    if text.lower() in tuple(TreatedArea):
        return TreatedArea(text.lower()), None
    if not text:
        return TreatedArea.UNKNOWN, None
    mask = _region(text, base)
    if mask is None or not (is_inline(mask) or openable(split_label(mask)[0]).is_file()):
        raise ValueError(f"“{text}” is none of local, whole, or an existing mask file")
    return TreatedArea.LOCAL, mask
