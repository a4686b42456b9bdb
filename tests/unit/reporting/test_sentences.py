"""Sentences: plain words that say the direction, the size and how sure it is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dermadelta.domain import Interval, NotMeasured, Verdict
from dermadelta.reporting.catalogue import measures_by_name
from dermadelta.reporting.sentences import (
    change_sentence,
    enumerate_words,
    headline,
    reported,
    sureness,
)


@pytest.fixture
def measures(build):
    return measures_by_name(build.catalogue)


def say(estimate, measures):
    shown = reported(estimate, measures.get(estimate.measure))
    return change_sentence(estimate.measure, shown, measures).replace("\N{NO-BREAK SPACE}", " ")


@pytest.mark.parametrize(
    ("name", "value", "half", "sentence"),
    [
        ("roughness", -18.0, 8.0, "Texture 18 % smoother (95 % interval 10 to 26 %)"),
        ("roughness", 18.0, 8.0, "Texture 18 % rougher (95 % interval 10 to 26 %)"),
        ("redness", -3.1, 1.9, "Skin 3.1 EI less red (95 % interval 1.2 to 5.0 EI)"),
        ("redness", 3.1, 1.9, "Skin 3.1 EI redder (95 % interval 1.2 to 5.0 EI)"),
        ("scar_area", -22.0, 9.0, "Scar area 22 % smaller (95 % interval 13 to 31 %)"),
        ("scar_area", -4.0, 9.0, "Scar area 4 % smaller (95 % interval −13 to +5 %)"),
        ("firmness", 12.0, 4.0, "Firmness increased by 12 kPa (95 % interval 8 to 16 kPa)"),
        ("ita", -12.0, 4.0, "Typology angle decreased by 12 ° (95 % interval 8 to 16 °)"),
    ],
)
def test_a_change_is_said_with_its_interval(build, measures, name, value, half, sentence):
    assert say(build.estimate(name, value, half), measures) == sentence


def test_the_headline_names_what_changed(build, measures):
    assert headline(build.result(), measures).startswith("Texture 18\N{NO-BREAK SPACE}% smoother (")
    estimates = (
        build.estimate("roughness", -18.0, 8.0),
        build.estimate("redness", -3.1, 1.0, sdc=2.0),
        build.estimate("ita", 30.0, 1.0, sdc=2.0, primary=False),
    )
    text = headline(build.result(estimates=estimates), measures, intervals=False)
    assert text.replace("\N{NO-BREAK SPACE}", " ") == "Texture 18 % smoother; skin 3.1 EI less red"


def test_regions_are_named_when_there_are_several(build, measures):
    estimates = (
        build.estimate("roughness", -18.0, 8.0, region="cheek_left"),
        build.estimate("roughness", 15.0, 3.0, region="forehead"),
    )
    text = headline(build.result(estimates=estimates), measures, intervals=False)
    assert text.replace("\N{NO-BREAK SPACE}", " ") == (
        "Cheek left: Texture 18 % smoother; forehead: texture 15 % rougher"
    )


def test_no_change_is_said_as_such(build, measures):
    estimates = (
        build.estimate("roughness", -4.0, 8.0),
        build.estimate("redness", 0.2, 1.0, sdc=2.0),
        build.estimate("scar_area", 1.0, 5.0),
    )
    text = headline(build.result(estimates=estimates), measures)
    assert text == "No detectable change in texture, redness or scar area"


def test_refused_failed_and_unread_pairs_have_their_own_headline(build, measures):
    assert headline(build.refused(), measures) == "These photographs were not compared"
    assert headline(build.failed(), measures) == "This pair could not be processed"
    unread = (build.unread("roughness", "too small", primary=True),)
    assert headline(build.result(estimates=unread), measures) == "Nothing could be measured"
    other = (*unread, build.estimate("ita", 9.0, 1.0, primary=False))
    assert "primary" in headline(build.result(estimates=other), measures)


def test_the_smallest_detectable_rise_of_a_ratio_is_larger_than_the_fall(build, measures):
    estimate = build.estimate("roughness", 30.0, 2.0, sdc=20.0)
    shown = reported(estimate, measures["roughness"])
    assert shown.sdc_down == 20.0
    assert shown.sdc_up == pytest.approx(25.0)
    assert "25" in sureness(estimate, shown)
    assert reported(replace(estimate, sdc=100.0), measures["roughness"]).sdc_up is None


def test_a_ratio_without_per_cent_is_not_held_against_a_limit_in_per_cent(build, measures):
    estimate = replace(
        build.estimate("scar_area", -22.0, 9.0),
        change=Interval(-8.0, -9.0, -7.0),
        change_pct=NotMeasured("before is within noise of 0"),
    )
    shown = reported(estimate, measures["scar_area"])
    assert (shown.unit, shown.sdc) == ("mm²", None)


def test_a_clear_interval_below_the_limit_is_not_called_a_change(build, measures):
    estimate = replace(build.estimate("roughness", -9.0, 3.0), verdict=Verdict.NO_DETECTABLE_CHANGE)
    text = sureness(estimate, reported(estimate, measures["roughness"]))
    assert "within photographic error" in text
    assert "includes no change" not in text


def test_an_end_beyond_all_bounds_is_not_written_out(build, measures):
    estimate = replace(
        build.estimate("scar_area", -76.0, 9.0), change_pct=Interval(-76.0, -99.9, 74912.0)
    )
    assert say(estimate, measures).endswith("(95 % interval −100 to more than +1000 %)")


def test_words_are_joined_as_in_a_sentence():
    assert enumerate_words([]) == ""
    assert enumerate_words(["a"]) == "a"
    assert enumerate_words(["a", "b", "c"]) == "a, b or c"
