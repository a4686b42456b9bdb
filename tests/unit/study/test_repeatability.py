"""Repeatability: a clinic whose spread is known is found again."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from dermadelta.study.repeatability import (
    REPEATABILITY_COLUMNS,
    repeat_points,
    repeatability_table,
    within_visits,
)

ROI, SKIN = ("roughness", "roi"), ("roughness", "reference")


def row_of(table: pd.DataFrame, measure: str, basis: str = "plain", region: str = "roi"):
    kept = (table.measure == measure) & (table.basis == basis) & (table.region == region)
    assert kept.sum() == 1
    return table[kept].iloc[0]


def test_the_spread_of_a_clinic_is_found_again(build):
    table = repeatability_table(build.clinic(150), build.catalogue)
    row = row_of(table, "roughness")
    assert (row.n_subjects, row.n_visits, row.n_photos, row.df) == (150, 300, 900, 600)
    assert row.s_w_low < 0.08 < row.s_w_high
    assert row.s_w == pytest.approx(0.08, rel=0.06)
    assert row.icc == pytest.approx(0.3**2 / (0.3**2 + 0.08**2), abs=0.02)
    assert row.bias_low < 0.0 < row.bias_high
    half = 1.959964 * math.sqrt(2.0) * 0.08
    assert row.loa_low == pytest.approx(100.0 * math.expm1(-half), abs=3.0)
    assert row.loa_high == pytest.approx(100.0 * math.expm1(half), abs=3.0)
    assert row.loa_low_low < row.loa_low < row.loa_low_high
    assert row.loa_high_low < row.loa_high < row.loa_high_high
    assert row_of(table, "redness").s_w == pytest.approx(0.8, rel=0.06)


def test_per_cent_of_the_smallest_detectable_change(build):
    table = repeatability_table(build.clinic(20), build.catalogue)
    row = row_of(table, "roughness")
    assert row.sdc == pytest.approx(1.959964 * math.sqrt(2.0) * row.s_w, rel=1e-6)
    assert row.sdc_pct_down == pytest.approx(100.0 * (1.0 - math.exp(-row.sdc)))
    assert row.sdc_pct_up == pytest.approx(100.0 * (math.exp(row.sdc) - 1.0))
    assert row.cv_pct == pytest.approx(100.0 * row.s_w, rel=0.01)
    red = row_of(table, "redness")
    assert red[["cv_pct", "sdc_pct_down", "sdc_pct_up"]].isna().all()
    assert "no per cent" in red.reason
    assert red.sdc == pytest.approx(1.959964 * math.sqrt(2.0) * red.s_w, rel=1e-6)


def test_untreated_skin_takes_out_what_the_light_does_to_both(build):
    table = repeatability_table(build.clinic(150, own=0.05, shared=0.2), build.catalogue)
    plain, corrected = (row_of(table, "roughness", basis) for basis in ("plain", "corrected"))
    assert plain.s_w == pytest.approx(math.hypot(0.05, 0.2), rel=0.06)
    assert corrected.s_w == pytest.approx(0.05 * math.sqrt(2.0), rel=0.09)


def test_the_spread_that_the_intervals_take(build):
    spreads = within_visits(build.clinic(150, own=0.05, shared=0.2), build.catalogue)
    assert [(s.measure, s.region) for s in spreads] == [("roughness", "roi"), ("redness", "roi")]
    found = spreads[0]
    assert (found.df, found.n_visits) == (600, 300)
    assert found.shared == pytest.approx(0.2**2, rel=0.1)
    assert found.plain == pytest.approx(0.2**2 + 0.05**2, rel=0.1)
    assert found.reference == pytest.approx(0.2**2 + 0.05**2, rel=0.1)
    corrected = found.plain - 2.0 * found.shared + found.reference
    assert corrected == pytest.approx(2.0 * 0.05**2, rel=0.18)


def test_mean_squares_by_hand(build):
    values = {ROI: [1.0, math.e], SKIN: [1.0, math.e**2]}
    (found,) = within_visits([build.pair("A", values, {})], build.catalogue)
    assert (found.plain, found.shared, found.reference) == pytest.approx((0.5, 1.0, 2.0))
    assert (found.df, found.n_visits) == (1, 1)


def test_few_photographs_with_untreated_skin_do_not_stand_for_all(build):
    bare = {ROI: [1.0, 1.2, 0.9, 1.1]}
    partly = {**bare, SKIN: [1.0, 1.1, None, None]}
    (most,) = within_visits([build.pair("A", partly, {})], build.catalogue)
    assert (most.df, most.reference, most.shared) == (3, 0.0, 0.0)
    half = {ROI: [1.0, 1.2, 0.9], SKIN: [1.0, 1.1, None]}
    (some,) = within_visits([build.pair("A", half, {})], build.catalogue)
    assert some.df == 1
    assert some.reference > 0.0


def test_single_photographs_give_a_row_that_says_why(build):
    results = [build.pair("A", {ROI: [1.0]}, {ROI: [1.2]})]
    assert within_visits(results, build.catalogue) == ()
    row = row_of(repeatability_table(results, build.catalogue), "roughness")
    assert (row.n_visits, row.df) == (0, 0)
    assert "take two or more" in row.reason
    assert row[["s_w", "sdc", "icc", "bias", "loa_high"]].isna().all()


def test_one_visit_has_a_spread_but_no_limits(build):
    results = [build.pair("A", {ROI: [1.0, 1.1, 1.3]}, {})]
    row = row_of(repeatability_table(results, build.catalogue), "roughness")
    assert row.df == 2
    assert row.s_w > 0.0
    assert "need two" in row.reason
    assert row[["icc", "bias", "loa_low"]].isna().all()


def test_no_untreated_skin_no_corrected_row(build):
    results = [build.pair("A", {ROI: [1.0, 1.1], ("scar_area", "roi"): [3.0, 4.0]}, {})]
    table = repeatability_table(results, build.catalogue)
    assert list(zip(table.measure, table.basis, strict=True)) == [
        ("roughness", "plain"),
        ("scar_area", "plain"),
    ]


def test_identical_values_have_no_spread_and_no_correlation(build):
    red = ("redness", "roi")
    values = {ROI: [2.0, 2.0], red: [5.0, 6.0]}
    results = [build.pair("A", values, values)]
    row = row_of(repeatability_table(results, build.catalogue), "roughness")
    assert (row.s_w, row.sdc, row.bias, row.loa_high) == (0.0, 0.0, 0.0, 0.0)
    assert pd.isna(row.icc)
    assert "equal" in row.reason


def test_points_are_the_first_two_readings_of_each_visit(build):
    values = {
        ROI: [2.0, 3.0, 9.0],
        SKIN: [4.0, 2.0, 9.0],
        ("redness", "roi"): [12.0, 13.0, 1.0],
        ("redness", "reference"): [9.0, 9.0, 1.0],
    }
    points = repeat_points([build.pair("A", values, {})], build.catalogue)
    found = {key: [float(side[0]) for side in sides] for key, sides in points.items()}
    assert found == {
        ("roughness", "roi", "plain"): pytest.approx([2.0, 3.0]),
        ("roughness", "roi", "corrected"): pytest.approx([0.5, 1.5]),
        ("redness", "roi", "plain"): [12.0, 13.0],
        ("redness", "roi", "corrected"): [3.0, 4.0],
    }


def test_the_order_of_the_results_does_not_matter(build):
    results = build.clinic(8)
    pd.testing.assert_frame_equal(
        repeatability_table(results, build.catalogue),
        repeatability_table(results[::-1], build.catalogue),
    )
    assert within_visits(results, build.catalogue) == within_visits(results[::-1], build.catalogue)


@pytest.mark.parametrize("n", [0, 2])
def test_columns_and_types_are_fixed(build, n):
    table = repeatability_table(build.clinic(n), build.catalogue)
    assert list(table.columns) == list(REPEATABILITY_COLUMNS)
    assert all(meaning.endswith(".") for _, meaning in REPEATABILITY_COLUMNS.values())
    assert str(table.df.dtype) == "Int64"
    assert table.s_w.dtype == np.float64
    assert len(table) == (4 if n else 0)
