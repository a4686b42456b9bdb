"""Strings: dates that cannot be misread, clauses made into sentences, names into words."""

from __future__ import annotations

from datetime import date

import pytest

from dermadelta.reporting.strings import check_name, day, region_name, sentence


def test_the_month_is_a_word():
    assert day(date(2026, 4, 3)).replace("\N{NO-BREAK SPACE}", " ") == "3 Apr 2026"


@pytest.mark.parametrize(
    ("clause", "said"),
    [
        ("no scar found: give a mask", "No scar found: give a mask."),
        ("neck.jpg: the file does not exist.", "neck.jpg: the file does not exist."),
        ("mm_per_px is missing", "mm_per_px is missing."),
        ("Retake it!", "Retake it!"),
        ("a* was not read", "a* was not read."),
        ("", ""),
    ],
)
def test_a_clause_becomes_a_sentence(clause, said):
    assert sentence(clause) == said


def test_names_without_an_entry_are_said_as_they_are():
    assert region_name("roi") == "region of interest"
    assert region_name("cheek_left") == "cheek left"
    assert check_name("new_gate") == "New gate"
    assert check_name("tilt") == "Camera tilt"
