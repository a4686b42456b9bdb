import numpy as np
import pytest

from dermadelta.kernels.statistics import (
    Z95,
    bootstrap_change_sd,
    central_share,
    holm,
    robust_sd,
    square_middles,
    tile_change_se,
    tile_sums,
)


def test_z_is_that_of_a_two_sided_95_percent_interval():
    from scipy.stats import norm

    assert pytest.approx(norm.ppf(0.975), abs=1e-12) == Z95


def test_tile_sums_by_hand():
    ids = np.array([4, 1, 4, 4, 7], dtype=np.int32)
    values = np.array([1.0, 10.0, 2.0, 4.0, 0.5])
    found, counts, sums = tile_sums(ids, values)
    assert found.tolist() == [1, 4, 7]
    assert counts.tolist() == [1, 3, 1]
    assert sums.tolist() == [10.0, 7.0, 0.5]
    _, _, both = tile_sums(ids, np.stack([values, -2 * values], axis=1))
    assert both.tolist() == [[10.0, -20.0], [7.0, -14.0], [0.5, -1.0]]


def test_the_middle_of_every_square():
    values = np.arange(35, dtype=np.int32).reshape(5, 7)
    assert square_middles(values, 1).tolist() == values.tolist()
    assert square_middles(values, 3).tolist() == [[8, 11, 13], [29, 32, 34]]
    assert square_middles(values % 2 == 0, 4).tolist() == [[True, True], [True, True]]


def tiles(values, weight=None):
    values = np.asarray(values, dtype=np.float64)
    weight = np.ones(len(values)) if weight is None else np.asarray(weight, dtype=np.float64)
    return np.arange(len(values), dtype=np.int32), weight, values


def test_bootstrap_of_a_mean_is_its_standard_error():
    random = np.random.default_rng(0)
    change = random.normal(1.0, 2.0, 400)
    before = random.normal(50.0, 20.0, 400)
    found = bootstrap_change_sd(
        tiles(before), tiles(before + change), combine="mean", log=False, draws=4000, seed=1
    )
    assert found == pytest.approx(change.std() / np.sqrt(400), rel=0.05)


def test_bootstrap_of_a_ratio_is_that_of_the_delta_method():
    random = np.random.default_rng(2)
    before = random.uniform(0.5, 1.5, 300)
    after = before * random.uniform(0.6, 1.0, 300)
    # d ln(mean after / mean before) = mean of (a_i / mean a - b_i / mean b).
    analytic = (after / after.mean() - before / before.mean()).std() / np.sqrt(300)
    found = bootstrap_change_sd(
        tiles(before), tiles(after), combine="mean", log=True, draws=4000, seed=1
    )
    assert found == pytest.approx(analytic, rel=0.06)
    # The root of a mean square changes by half the log.
    rms = bootstrap_change_sd(
        tiles(before), tiles(after), combine="rms", log=True, draws=4000, seed=1
    )
    assert rms == pytest.approx(found / 2, rel=1e-9)


def test_what_both_photos_have_in_common_cancels():
    random = np.random.default_rng(3)
    before = random.lognormal(0.0, 1.0, 200)
    for log, after in ((True, 0.8 * before), (False, before + 3.0)):
        sd = bootstrap_change_sd(
            tiles(before), tiles(after), combine="mean", log=log, draws=200, seed=1
        )
        assert sd == pytest.approx(0.0, abs=1e-12)


def test_only_tiles_of_both_photos_enter():
    random = np.random.default_rng(4)
    ids = np.arange(60, dtype=np.int32)
    value = random.uniform(1, 2, 60)
    whole = (ids, np.ones(60), value)
    part = (ids[10:40], np.ones(30), value[10:40] * 1.5)
    wild = (ids, np.ones(60), np.where((ids < 10) | (ids >= 40), 1e6, value))
    settings = {"combine": "mean", "log": False, "draws": 300, "seed": 5}
    assert bootstrap_change_sd(whole, part, **settings) == bootstrap_change_sd(
        wild, part, **settings
    )


def test_weights_count_as_pixels_do():
    # A tile of weight 0 is as good as none that varies.
    value = np.array([1.0, 1.0, 1.0, 1.0, 9.0])
    weight = np.array([1.0, 1.0, 1.0, 1.0, 0.0])
    flat = tiles(np.ones(5), weight)
    sd = bootstrap_change_sd(
        flat, tiles(value, weight), combine="mean", log=False, draws=200, seed=0
    )
    assert sd == pytest.approx(0.0, abs=1e-9)
    total = bootstrap_change_sd(
        flat, tiles(value, weight), combine="sum", log=False, draws=4000, seed=0
    )
    # A sum does not divide by the weight: one of five tiles adds 8, drawn binomially.
    assert total == pytest.approx(8.0 * np.sqrt(5 * 0.2 * 0.8), rel=0.05)


def test_too_few_tiles_say_so():
    three = tiles([1.0, 2.0, 3.0])
    settings = {"combine": "mean", "log": True, "draws": 100, "seed": 0}
    assert bootstrap_change_sd(three, three, **settings) is None
    apart = (np.arange(10, 14, dtype=np.int32), np.ones(4), np.ones(4))
    assert bootstrap_change_sd(tiles(np.ones(8)), apart, **settings) is None
    assert tile_change_se(three, "mean", 100, 0) is None
    nothing = tiles(np.zeros(8))
    assert bootstrap_change_sd(nothing, nothing, **settings) is None


def test_bootstrap_depends_on_its_seed_alone():
    random = np.random.default_rng(5)
    sides = tiles(random.uniform(1, 2, 50)), tiles(random.uniform(1, 2, 50))
    settings = {"combine": "rms", "log": True, "draws": 100}
    one, two, other = (bootstrap_change_sd(*sides, seed=s, **settings) for s in (1, 1, 2))
    assert one == two != other


def test_error_of_a_single_reading():
    value = np.random.default_rng(6).uniform(1.0, 2.0, 200)
    found = tile_change_se(tiles(value), "mean", 4000, 1)
    assert found == pytest.approx(value.std() / value.mean() / np.sqrt(200), rel=0.06)


@pytest.mark.parametrize(
    ("p_values", "rejected"),
    [
        # Holm 1979's rule worked through: 0.01 <= 0.05/4, 0.013 <= 0.05/3, 0.03 > 0.05/2, stop
        # (R: p.adjust(c(0.01, 0.04, 0.03, 0.013), "holm") = 0.040 0.060 0.060 0.039).
        ((0.01, 0.04, 0.03, 0.013), (True, False, False, True)),
        # All survive: 0.01 <= 0.0167, 0.02 <= 0.025, 0.05 <= 0.05.
        ((0.05, 0.02, 0.01), (True, True, True)),
        # The smallest fails, so nothing else is looked at although 0.02 < 0.05.
        ((0.02, 0.02, 0.9), (False, False, False)),
        ((0.049,), (True,)),
        ((), ()),
    ],
)
def test_holm(p_values, rejected):
    assert holm(p_values, 0.05) == rejected


def test_robust_sd_is_that_of_a_normal_and_ignores_outliers():
    values = np.random.default_rng(7).normal(4.0, 3.0, 20_000)
    assert robust_sd(values) == pytest.approx(3.0, rel=0.03)
    spoilt = np.concatenate([values, np.full(1000, 1e9)])
    assert robust_sd(spoilt) == pytest.approx(3.0, rel=0.1)
    assert robust_sd(np.empty(0)) == 0.0


def test_central_share_trims_both_ends():
    values = np.random.default_rng(8).permutation(np.arange(101.0))
    kept = central_share(values, 0.1)
    assert sorted(values[kept].tolist()) == list(range(10, 91))
    assert central_share(values, 0.0).all()
    assert central_share(np.empty(0), 0.1).shape == (0,)
