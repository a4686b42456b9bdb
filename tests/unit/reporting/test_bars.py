"""Bars: one axis for all, what lies beyond it is shown as open."""

from __future__ import annotations

import pytest

from dermadelta.domain import Interval
from dermadelta.reporting.bars import axis_limit, bar
from dermadelta.reporting.sentences import Reported


def shown(value, low, high, unit="%", sdc=11.0):
    return Reported(Interval(value, low, high), unit, sdc, sdc)


@pytest.mark.parametrize(
    ("low", "unit", "limit"), [(-26.5, "%", 30.0), (-130.0, "%", 100.0), (-2.3, "EI", 3.0)]
)
def test_the_axis_ends_on_a_round_number(low, unit, limit):
    assert axis_limit([shown(-1.0, low, 0.5, unit, sdc=0.1)]) == limit


def test_an_axis_without_extent_can_still_be_drawn():
    assert axis_limit([shown(0.0, 0.0, 0.0, sdc=None)]) == 1.0


def test_one_wild_interval_does_not_flatten_the_others():
    usual = [shown(-10.0, -12.0, -8.0) for _ in range(19)]
    assert axis_limit([*usual, shown(-10.0, -90.0, 700.0)]) == 15.0


def test_every_change_lies_on_the_axis():
    usual = [shown(-10.0, -12.0, -8.0) for _ in range(19)]
    assert axis_limit([*usual, shown(-60.0, -62.0, -58.0)]) == 75.0


def test_no_change_is_in_the_middle_and_the_ends_are_alike():
    drawn = bar(shown(0.0, -30.0, 30.0), 30.0)
    assert drawn.value == 50.0
    assert drawn.low + drawn.high == 100.0
    assert (drawn.open_low, drawn.open_high) == (False, False)


def test_an_interval_beyond_the_axis_is_open_there():
    drawn = bar(shown(90.0, 60.0, 250.0), 100.0)
    assert (drawn.open_low, drawn.open_high) == (False, True)
    assert drawn.high <= 100.0


def test_the_bar_is_also_said_in_words():
    drawn = bar(shown(-18.0, -26.5, -9.5), 30.0)
    text = drawn.alt.replace("\N{NO-BREAK SPACE}", " ")
    assert text == ("Change −18 %, 95 % interval −26 % to −10 %, smallest detectable change 11 %")
