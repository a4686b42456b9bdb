"""Summary: means and medians against values worked out by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from dermadelta.domain import Interval, NotMeasured, RegionSummary
from dermadelta.reporting.summary import mean_interval, median_interval
from dermadelta.reporting.tables import build_tables


def summary(build, results):
    frame = build_tables(results, [], build.catalogue)["summary"]
    return frame.set_index("measure")


def pairs(build, changes, *, name="roughness", **options):
    return [
        build.result(
            build.pair(f"S{number}"),
            estimates=(build.estimate(name, change, 5.0, **options),),
        )
        for number, change in enumerate(changes)
    ]


def test_the_mean_interval_is_students():
    interval = mean_interval(np.array([1.0, 2.0, 3.0, 4.0]))
    # t(0.975, 3) = 3.1824, standard deviation 1.2910, n = 4 (tables of Student's t).
    assert interval.value == 2.5
    assert interval.high - interval.value == pytest.approx(3.1824 * 1.2910 / 2.0, abs=2e-4)
    assert interval.value - interval.low == pytest.approx(interval.high - interval.value)


@pytest.mark.parametrize(("n", "rank"), [(6, 1), (8, 1), (9, 2), (12, 3), (20, 6), (50, 18)])
def test_the_median_interval_takes_the_tabulated_ranks(n, rank):
    # Ranks for 95 %: Conover 1999, table A3 with p = 0.5.
    interval = median_interval(np.arange(1.0, n + 1.0))
    assert (interval.low, interval.high) == (rank, n + 1 - rank)


def test_five_values_cannot_bound_a_median():
    assert median_interval(np.arange(5.0)) is None


def test_ratio_measures_are_averaged_as_logarithms(build):
    row = summary(build, pairs(build, [-50.0, 100.0])).loc["roughness"]
    # Halved and doubled: no change on average.
    assert row["mean_change"] == pytest.approx(0.0, abs=1e-9)
    assert row["change_unit"] == "%"


def test_difference_measures_are_averaged_as_they_are(build):
    results = pairs(build, [-1.0, -3.0], name="redness", before=12.0, sdc=2.0)
    row = summary(build, results).loc["redness"]
    assert row["mean_change"] == pytest.approx(-2.0)
    assert row["change_unit"] == "EI"
    assert row["responders"] == 1


def test_one_pair_has_a_value_but_no_interval(build):
    row = summary(build, pairs(build, [-18.0])).loc["roughness"]
    assert row["n"] == 1
    assert row["mean_change"] == pytest.approx(-18.0)
    assert pd.isna(row["mean_change_low"])
    assert "at least 2 pairs" in row["reason"]
    assert "at least 6 pairs" in row["reason"]


def test_refused_pairs_count_in_the_regions_that_others_have(build):
    cheek = (RegionSummary("cheek_left", "automatic", 0.1, NotMeasured("no scale")),)
    measured = pairs(build, [-18.0, -20.0], region="cheek_left")
    results = [replace(result, regions=cheek) for result in measured]
    refused = build.refused()
    unknown = tuple(replace(photo, roi=None) for photo in refused.pair.before)
    results.append(replace(refused, pair=replace(refused.pair, before=unknown)))
    frame = summary(build, results)
    row = frame.loc["roughness"]
    assert row["region"] == "cheek_left"
    assert (row["n"], row["n_refused"]) == (2, 1)


def test_pairs_are_grouped_by_the_number_of_sessions(build):
    results = [
        build.result(build.pair(f"S{n}", sessions=sessions))
        for n, sessions in enumerate([1, 3, 3, None])
    ]
    rows = build_tables(results, [], build.catalogue)["summary"]
    rows = rows[rows["measure"] == "roughness"]
    assert rows["sessions"].astype(object).where(rows["sessions"].notna(), None).tolist() == [
        1,
        3,
        None,
    ]
    assert rows["n"].tolist() == [1, 2, 1]


def test_responders_improved_by_more_than_the_smallest_detectable_change(build):
    row = summary(build, pairs(build, [-18.0, -10.0, 30.0], sdc=11.0)).loc["roughness"]
    assert row["responders"] == 1


def test_for_a_measure_that_should_rise_the_detectable_rise_counts(build):
    rising = build.measure("glow", "Glow", "1", "ratio", "higher")
    base = build.result()
    # A detectable fall of 20 % is the ratio 0.8, so a rise has to exceed 25 %.
    results = [
        replace(
            base,
            pair=build.pair(f"S{n}"),
            estimates=(
                replace(base.estimates[0], measure="glow", change_pct=Interval(v, v, v), sdc=20.0),
            ),
        )
        for n, v in enumerate([24.0, 26.0])
    ]
    row = build_tables(results, [], [rising])["summary"].iloc[0]
    assert row["responders"] == 1


def test_a_scar_that_vanished_leaves_a_median_but_no_mean(build):
    row = summary(build, pairs(build, [-100.0, -50.0, -40.0], name="scar_area")).loc["scar_area"]
    assert pd.isna(row["mean_change"])
    assert row["median_change"] == pytest.approx(-50.0)
    assert "no logarithm" in row["reason"]


def test_no_responders_where_neither_direction_is_better(build):
    row = summary(build, [build.result()]).loc["ita"]
    assert pd.isna(row["responders"])
    assert "Neither direction" in row["reason"]
    assert math.isfinite(row["mean_change"])
