"""Numbers: digits that the interval justifies, a true minus sign."""

from __future__ import annotations

import pytest

from dermadelta.domain import Interval
from dermadelta.reporting.numbers import decimals_for, fixed, significant, trimmed, with_unit


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0423, "0.0423"),
        (12.345, "12.3"),
        (1240.0, "1240"),
        (-3.14159, "−3.14"),
        (0, "0"),
        (float("inf"), "∞"),
        (-1.5e-7, "−1.50 × 10^−7"),
        (9.996, "10.00"),
    ],
)
def test_three_significant_digits(value, text):
    assert significant(value) == text


def test_a_rounded_zero_has_no_sign():
    assert fixed(-0.04, 1) == "0.0"
    assert fixed(-0.04, 1, signed=True) == "0.0"
    assert fixed(0.06, 1, signed=True) == "+0.1"


@pytest.mark.parametrize(
    ("half", "decimals"), [(8.5, 0), (2.0, 0), (1.9, 1), (0.3, 1), (0.15, 2), (0.0, 1)]
)
def test_decimals_follow_the_width_of_the_interval(half, decimals):
    assert decimals_for(Interval(0.0, -half, half)) == decimals


def test_zeros_at_the_end_are_trimmed_only_behind_a_point():
    assert trimmed(0.08) == "0.08"
    assert trimmed(4.2) == "4.2"
    assert trimmed(100.0) == "100"


def test_the_unit_stays_on_the_line_and_a_bare_ratio_has_none():
    assert with_unit("18", "%") == "18\N{NO-BREAK SPACE}%"
    assert with_unit("0.04", "1") == "0.04"
