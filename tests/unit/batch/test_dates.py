from __future__ import annotations

import contextlib
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dermadelta.batch.dates import DateError, parse_date

DAY = date(2026, 4, 3)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-04-03", DAY),
        (" 2026-4-3 ", DAY),
        ("2026/04/03", DAY),
        ("2026.04.03", DAY),
        ("20260403", DAY),
        ("2026-04-03 00:00:00", DAY),
        ("2026-04-03T10:20", DAY),
        ("3 April 2026", DAY),
        ("3. Apr 2026", DAY),
        ("25.12.2026", date(2026, 12, 25)),
        ("25/12/2026", date(2026, 12, 25)),
        ("12/25/2026", date(2026, 12, 25)),
        ("04/04/2026", date(2026, 4, 4)),
        ("29.02.2028", date(2028, 2, 29)),
    ],
)
def test_unambiguous_dates_are_read(text, expected):
    assert parse_date(text) == expected


@pytest.mark.parametrize("text", ["03/04/2026", "03.04.2026", "3-4-2026"])
def test_an_ambiguous_date_is_refused_with_both_readings(text):
    with pytest.raises(DateError, match="ambiguous") as caught:
        parse_date(text)
    assert "2026-04-03" in str(caught.value)
    assert "2026-03-04" in str(caught.value)


@pytest.mark.parametrize(
    "text",
    ["", "yesterday", "2026", "2026-13-01", "2026-02-30", "31.04.2026", "25/13/2026", "03/04/26",
     "2026-04/03", "3 Foo 2026", "0026-04-03", "2026-04-03x", "１２３４-01-01x", "45000"],
)  # fmt: skip
def test_what_is_no_date_is_refused(text):
    with pytest.raises(DateError):
        parse_date(text)


@given(st.dates(min_value=date(1900, 1, 1)))
def test_every_iso_date_comes_back(day):
    assert parse_date(day.isoformat()) == parse_date(f"{day:%Y%m%d}") == day


@given(st.text(max_size=12))
def test_any_text_is_a_date_or_a_date_error(text):
    with contextlib.suppress(DateError):
        assert parse_date(text).year >= 1900
