"""Dates as people write them, refused where two readings are possible."""

from __future__ import annotations

import re
from datetime import date

_YEAR_FIRST = re.compile(
    r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?"
)
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_YEAR_LAST = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4})")
_WORDED = re.compile(r"(\d{1,2})\.?[ -]([A-Za-z]{3,9})\.?[ -](\d{4})")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_FIRST_YEAR = 1900


class DateError(ValueError):
    """A date that cannot be read, or that can be read in two ways."""


def parse_date(text: str) -> date:
    """Read a date.

    Parameters
    ----------
    text : str
        ``2026-04-03`` (also with ``/`` or ``.``, and with a time behind it), ``20260403``,
        ``25.12.2026``, ``25/12/2026``, ``12/25/2026``, ``3 April 2026``.

    Returns
    -------
    date
        The day.

    Raises
    ------
    DateError
        No date, an impossible one, or an ambiguous one: day and month both 12 or below and
        different with the year last (03/04/2026). Remedy: write 2026-04-03.
    """
    value = text.strip()
    if match := _YEAR_FIRST.fullmatch(value):
        year, _, month, day = match.groups()
        return _date(int(year), int(month), int(day), value)
    if match := _COMPACT.fullmatch(value):
        year, month, day = match.groups()
        return _date(int(year), int(month), int(day), value)
    if match := _YEAR_LAST.fullmatch(value):
        return _year_last(int(match[1]), int(match[3]), int(match[4]), value)
    if match := _WORDED.fullmatch(value):
        name = match[2].lower()
        if name[:3] in _MONTHS:
            return _date(int(match[3]), _MONTHS.index(name[:3]) + 1, int(match[1]), value)
    raise DateError(f"“{value}” is no date; write year-month-day, such as 2026-04-03")


def _year_last(first: int, second: int, year: int, text: str) -> date:
    """Decide between day-month and month-day; only a number above 12 tells."""
    if first <= 12 and second <= 12 and first != second:
        raise DateError(
            f"“{text}” is ambiguous: {year}-{second:02d}-{first:02d} or "
            f"{year}-{first:02d}-{second:02d}? Write it as year-month-day"
        )
    day, month = (first, second) if second <= 12 else (second, first)
    return _date(year, month, day, text)


def _date(year: int, month: int, day: int, text: str) -> date:
    try:
        found = date(year, month, day)
    except ValueError as fault:
        raise DateError(f"“{text}” is no day of the calendar ({fault})") from fault
    if year < _FIRST_YEAR:
        raise DateError(f"“{text}” lies before {_FIRST_YEAR}")
    return found
