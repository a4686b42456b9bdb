"""Agreement: published tables, published intervals, and what follows from the definitions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dermadelta.kernels import agreement as ag

# Shrout and Fleiss 1979, table 2: six targets by four judges.
TARGETS = np.array(
    [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]],
    dtype=np.float64,
)

# Bland and Altman 1986, table 1: peak flow, l/min, two readings with either meter.
WRIGHT = np.array(
    [[494, 490], [395, 397], [516, 512], [434, 401], [476, 470], [557, 611], [413, 415],
     [442, 431], [650, 638], [433, 429], [417, 420], [656, 633], [267, 275], [478, 492],
     [178, 165], [423, 372], [427, 421]],
    dtype=np.float64,
)  # fmt: skip
MINI = np.array(
    [[512, 525], [430, 415], [520, 508], [428, 444], [500, 500], [600, 625], [364, 460],
     [380, 390], [658, 642], [445, 432], [432, 420], [626, 605], [260, 227], [477, 467],
     [259, 268], [350, 370], [451, 443]],
    dtype=np.float64,
)  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "of_mean", "value", "low", "high"),
    # Estimates: Shrout and Fleiss 1979, table 4. Intervals: manual of the R package psych,
    # function ICC, on the same table.
    [
        ("oneway", False, 0.166, -0.133, 0.72),
        ("random", False, 0.290, 0.019, 0.76),
        ("fixed", False, 0.715, 0.342, 0.95),
        ("oneway", True, 0.443, -0.884, 0.91),
        ("random", True, 0.620, 0.071, 0.93),
        ("fixed", True, 0.909, 0.676, 0.99),
    ],
)
def test_the_six_correlations_of_shrout_and_fleiss(kind, of_mean, value, low, high):
    found = ag.intraclass_correlation(TARGETS, kind, of_mean=of_mean)
    assert found.value == pytest.approx(value, abs=6e-4)
    assert found.low == pytest.approx(low, abs=6e-4)
    assert found.high == pytest.approx(high, abs=6e-3)


def test_groups_of_equal_size_give_the_classic_oneway_correlation():
    expected = ag.intraclass_correlation(TARGETS, "oneway")
    assert ag.oneway_intraclass_correlation(list(TARGETS)) == pytest.approx(expected, rel=1e-12)


def test_groups_of_unequal_size_by_hand():
    groups = [np.array([1.0, 3.0]), np.array([6.0, 7.0, 8.0]), np.array([4.0])]
    # N = 6, grand mean 29/6; within 2 + 2 + 0 on 3 df; n0 = (6 - 14/6) / 2 = 11/6.
    grand = 29.0 / 6.0
    between = (2 * (2 - grand) ** 2 + 3 * (7 - grand) ** 2 + (4 - grand) ** 2) / 2.0
    within, n0 = 4.0 / 3.0, 11.0 / 6.0
    found = ag.oneway_intraclass_correlation(groups)
    assert found.value == pytest.approx((between - within) / (between + (n0 - 1) * within))
    assert found.low < found.value < found.high


def test_the_unbalanced_correlation_finds_a_known_share():
    random = np.random.default_rng(11)
    groups = [
        random.normal(0.0, 2.0) + random.normal(0.0, 1.0, random.integers(2, 6))
        for _ in range(2000)
    ]
    found = ag.oneway_intraclass_correlation(groups)
    assert found.low < 0.8 < found.high
    assert found.value == pytest.approx(0.8, abs=0.02)


def test_the_oneway_interval_covers_as_often_as_it_says():
    random = np.random.default_rng(5)
    hits = 0
    for _ in range(600):
        table = random.normal(size=(12, 1)) + random.normal(size=(12, 3))
        found = ag.intraclass_correlation(table, "oneway")
        hits += found.low <= 0.5 <= found.high
    assert 0.925 <= hits / 600 <= 0.975


@pytest.mark.parametrize("kind", ["oneway", "random", "fixed"])
def test_correlations_that_do_not_exist(kind):
    assert ag.intraclass_correlation(TARGETS[:1], kind) is None
    assert ag.intraclass_correlation(TARGETS[:, :1], kind) is None
    assert ag.intraclass_correlation(np.full((4, 3), 7.0), kind) is None


@pytest.mark.parametrize("kind", ["oneway", "random", "fixed"])
def test_repeats_without_spread_agree_perfectly(kind):
    table = np.repeat(np.array([[1.0], [2.0], [4.0]]), 2, axis=1)
    assert ag.intraclass_correlation(table, kind) == (1.0, 1.0, 1.0)


def test_groups_without_repeats_have_no_correlation():
    assert ag.oneway_intraclass_correlation([np.array([1.0]), np.array([2.0])]) is None
    assert ag.oneway_intraclass_correlation([np.array([1.0, 2.0])]) is None
    assert ag.oneway_intraclass_correlation([]) is None


def test_limits_of_agreement_of_the_peak_flow_meters():
    # Bland and Altman 1986: with 2 SDs, from rounded figures: bias -2.1 (-22.0 to 17.8),
    # limits -79.7 (-114.3 to -45.1) and 75.5 (40.9 to 110.1). There the variance of a limit is
    # 3s²/n; the better one used here makes these intervals 0.7 wider at either end.
    found = ag.limits_of_agreement(WRIGHT[:, 0] - MINI[:, 0], multiple=2.0)
    assert found.n == 17
    assert found.bias == pytest.approx((-2.1, -22.0, 17.8), abs=0.1)
    assert found.lower == pytest.approx((-79.7, -115.0, -44.4), abs=0.25)
    assert found.upper == pytest.approx((75.5, 40.2, 110.8), abs=0.25)


def test_limits_are_1_96_sds_from_the_bias():
    found = ag.limits_of_agreement(np.array([-1.0, 1.0, 3.0]))
    assert found.bias.value == pytest.approx(1.0)
    assert found.upper.value == pytest.approx(1.0 + 1.959964 * 2.0, abs=1e-5)
    # t(2; 0.975) = 4.3027; s² (1/3 + 1.96²/4) = 4 · 1.2937.
    assert found.upper.high - found.upper.value == pytest.approx(4.3027 * 2.2748, abs=2e-3)


def test_one_pair_has_no_limits():
    assert ag.limits_of_agreement(np.array([1.0])) is None


@pytest.mark.parametrize(("meter", "coefficient"), [(WRIGHT, 43.0), (MINI, 56.0)])
def test_repeatability_of_the_peak_flow_meters(meter, coefficient):
    # Bland and Altman 1986: "about 43" and "about 56" l/min, twice the SD of a difference.
    spread = ag.within_spread(list(meter))
    assert spread.df == 17
    assert 2.0 * math.sqrt(2.0) * spread.sd == pytest.approx(coefficient, abs=0.9)


def test_two_repeats_each_give_the_textbook_formula():
    differences = WRIGHT[:, 1] - WRIGHT[:, 0]
    expected = math.sqrt(np.sum(differences**2) / (2.0 * len(differences)))
    assert ag.within_spread(list(WRIGHT)).sd == pytest.approx(expected, rel=1e-12)


def test_the_interval_of_a_standard_deviation():
    # χ²(10): 2.5 % point 3.247, 97.5 % point 20.483 (any table).
    groups = [np.array([0.0, 2.0])] * 10
    spread = ag.within_spread(groups)
    assert spread.sd == pytest.approx(math.sqrt(2.0))
    assert spread.low == pytest.approx(math.sqrt(20.0 / 20.483), rel=1e-4)
    assert spread.high == pytest.approx(math.sqrt(20.0 / 3.247), rel=1e-4)


def test_single_readings_say_nothing_of_the_spread():
    assert ag.within_spread([np.array([1.0]), np.array([5.0])]) is None
    assert ag.within_spread([]) is None
    alone = ag.within_spread([np.array([1.0, 2.0])])
    assert ag.within_spread([np.array([1.0, 2.0]), np.array([9.0])]) == alone


@given(
    st.lists(
        st.lists(st.floats(-50.0, 50.0), min_size=2, max_size=5), min_size=1, max_size=6
    ),
    st.floats(-100.0, 100.0),
)  # fmt: skip
def test_a_shift_of_a_group_does_not_matter(groups, shift):
    plain = [np.array(group) for group in groups]
    moved = [plain[0] + shift, *plain[1:]]
    assert ag.within_spread(moved).sd == pytest.approx(ag.within_spread(plain).sd, abs=1e-9)


def test_the_smallest_detectable_change_of_logs():
    # s_w of 10.4 %: a drop of 25 % can just be told (0.104 · 2.7718 = 0.288; e^-0.288 = 0.750).
    sdc = ag.smallest_detectable_change(0.1038)
    assert sdc == pytest.approx(0.2877, abs=1e-4)
    assert ag.log_change_pct(-sdc) == pytest.approx(-25.0, abs=0.03)
    assert ag.log_change_pct(sdc) == pytest.approx(33.3, abs=0.05)


def test_the_coefficient_of_variation_of_a_lognormal():
    random = np.random.default_rng(3)
    values = np.exp(random.normal(1.0, 0.3, 400_000))
    expected = 100.0 * values.std() / values.mean()
    assert ag.variation_pct(0.3) == pytest.approx(expected, rel=0.01)
    assert ag.variation_pct(0.0) == 0.0


def test_absurd_spreads_stay_numbers():
    assert math.isfinite(ag.log_change_pct(1e6))
    assert math.isfinite(ag.variation_pct(1e6))


@pytest.mark.parametrize(
    ("successes", "n", "exact", "score"),
    # Newcombe, Stat. Med. 17:857 (1998), table I, methods 5 and 3.
    [
        (81, 263, (0.2527, 0.3676), (0.2553, 0.3662)),
        (15, 148, (0.0578, 0.1617), (0.0624, 0.1605)),
        (0, 20, (0.0, 0.1684), (0.0, 0.1611)),
        (1, 29, (0.0009, 0.1776), (0.0061, 0.1718)),
    ],
)
def test_intervals_of_proportions(successes, n, exact, score):
    for function, ends in ((ag.clopper_pearson, exact), (ag.wilson, score)):
        assert function(successes, n) == pytest.approx(ends, abs=6e-5)


@pytest.mark.parametrize(("successes", "n"), [(0, 59), (1, 93), (3, 153)])
def test_how_many_pairs_prove_a_rate_below_one_in_twenty(successes, n):
    """One-sided 95 %: the upper end of a two-sided 90 % interval; one pair fewer does not do."""
    assert ag.clopper_pearson(successes, n, confidence=0.9)[1] <= 0.05
    assert ag.clopper_pearson(successes, n - 1, confidence=0.9)[1] > 0.05


@given(st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_exact_interval_mirrors_and_holds_the_share(counts):
    successes, n = counts
    for function in (ag.clopper_pearson, ag.wilson):
        low, high = function(successes, n)
        assert 0.0 <= low <= successes / n <= high <= 1.0
        assert low == pytest.approx(1.0 - function(n - successes, n)[1], abs=1e-9)


def test_proportions_of_nothing_and_of_too_much():
    for function in (ag.clopper_pearson, ag.wilson):
        for successes, n in ((0, 0), (5, 4), (-1, 4)):
            with pytest.raises(ValueError, match="no proportion"):
                function(successes, n)
