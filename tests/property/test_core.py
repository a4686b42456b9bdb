"""Statements about the measuring core that hold whatever the numbers."""

from types import SimpleNamespace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dermadelta.kernels.colour import (
    erythema_index,
    lab_to_linear,
    linear_to_lab,
    srgb_decode,
    srgb_encode,
)
from dermadelta.kernels.geometry import (
    apply_homography,
    area_scale,
    inverse,
    is_plausible_view,
    tile_numbers,
)
from dermadelta.kernels.masks import drop_small_parts, grow, shrink
from dermadelta.kernels.relief import relief_band
from dermadelta.kernels.resampling import resize_mask
from dermadelta.kernels.statistics import (
    bootstrap_change_sd,
    central_share,
    holm,
    robust_sd,
    tile_sums,
)
from dermadelta.kernels.texture import masked_gaussian

few = settings(max_examples=30, deadline=None)

unit = st.floats(0.0, 1.0)
colours = arrays(np.float64, (4, 3), elements=st.floats(0.001, 1.0))
seeds = st.integers(0, 2**31 - 1)
masks = arrays(np.bool_, (18, 23))


@st.composite
def homographies(draw):
    """Two photographs of one patch of skin: turned, tilted, nearer or farther."""
    angle, zoom = draw(st.floats(-np.pi, np.pi)), draw(st.floats(0.6, 1.6))
    shear, stretch = draw(st.floats(-0.1, 0.1)), draw(st.floats(0.9, 1.1))
    turn = zoom * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = np.eye(3)
    matrix[:2, :2] = turn @ np.array([[stretch, shear], [0.0, 1.0]])
    matrix[:2, 2] = draw(st.tuples(st.floats(-200, 200), st.floats(-200, 200)))
    matrix[2, :2] = draw(st.tuples(st.floats(-1e-4, 1e-4), st.floats(-1e-4, 1e-4)))
    return matrix


POINTS = np.array([[0.0, 0.0], [400.0, 0.0], [400.0, 300.0], [0.0, 300.0], [123.4, 56.7]])


@few
@given(arrays(np.float64, 8, elements=unit))
def test_srgb_there_and_back(values):
    assert np.allclose(srgb_encode(srgb_decode(values)), values, atol=1e-9)
    assert np.allclose(srgb_decode(srgb_encode(values)), values, atol=1e-9)


@few
@given(colours)
def test_lab_there_and_back(rgb):
    assert np.allclose(lab_to_linear(linear_to_lab(rgb)), rgb, atol=1e-9)


@few
@given(colours, st.floats(0.5, 2.0))
def test_redness_does_not_see_exposure(rgb, gain):
    rgb = np.maximum(rgb, 0.01)
    assert np.allclose(erythema_index(gain * rgb), erythema_index(rgb), atol=1e-9)


@few
@given(homographies(), homographies())
def test_homographies_compose(first, second):
    both = apply_homography(second, apply_homography(first, POINTS))
    assert np.allclose(apply_homography(second @ first, POINTS), both, atol=1e-6)
    area = area_scale(second, apply_homography(first, POINTS)) * area_scale(first, POINTS)
    assert np.allclose(area_scale(second @ first, POINTS), area, rtol=1e-9)


@few
@given(homographies())
def test_homographies_invert_and_only_their_mirrors_are_implausible(matrix):
    there = apply_homography(matrix, POINTS)
    assert np.allclose(apply_homography(inverse(matrix), there), POINTS, atol=1e-6)
    assert is_plausible_view(matrix, (300, 400), max_zoom=3.0, max_stretch=2.0)
    mirrored = matrix @ np.diag([-1.0, 1.0, 1.0])
    assert not is_plausible_view(mirrored, (300, 400), max_zoom=3.0, max_stretch=2.0)


@few
@given(st.floats(2.0, 60.0), st.integers(1, 9), st.integers(1, 9))
def test_tile_numbers_stay_on_the_grid(size, cols, rows):
    points = np.random.default_rng(0).uniform(-50, 700, (200, 2))
    found = tile_numbers(points, size_px=size, n_cols=cols, n_rows=rows)
    assert found.min() >= 0
    assert found.max() < cols * rows


@few
@given(seeds, st.integers(1, 40))
def test_tiles_hold_every_pixel_once(seed, n_tiles):
    random = np.random.default_rng(seed)
    ids = random.integers(0, n_tiles, 300).astype(np.int32)
    values = random.normal(size=300)
    found, counts, sums = tile_sums(ids, values)
    assert counts.sum() == 300
    assert np.isclose(sums.sum(), values.sum())
    assert (np.diff(found) > 0).all()


@few
@given(seeds)
def test_intervals_shrink_with_more_skin(seed):
    random = np.random.default_rng(seed)

    def sd(n):
        ids, weight = np.arange(n, dtype=np.int32), np.ones(n)
        sides = [(ids, weight, random.uniform(0.8, 1.2, n)) for _ in range(2)]
        return bootstrap_change_sd(*sides, combine="mean", log=True, draws=300, seed=1)

    assert sd(25) > sd(400)


@few
@given(seeds, st.floats(0.3, 3.0))
def test_the_spread_of_a_ratio_does_not_depend_on_its_unit(seed, factor):
    random = np.random.default_rng(seed)
    ids, weight = np.arange(40, dtype=np.int32), random.uniform(1, 5, 40)
    before, after = random.uniform(1, 2, (2, 40))
    settings_ = {"combine": "mean", "log": True, "draws": 100, "seed": 3}
    one = bootstrap_change_sd((ids, weight, before), (ids, weight, after), **settings_)
    two = bootstrap_change_sd(
        (ids, weight, factor * before), (ids, weight, factor * after), **settings_
    )
    assert np.isclose(one, two)


@few
@given(arrays(np.float64, st.integers(1, 80), elements=st.floats(-1e3, 1e3)), st.floats(0.0, 0.45))
def test_trimmed_means_lie_between_the_quantiles(values, trim):
    kept = central_share(values, trim)
    assert kept.any()
    low, high = np.quantile(values, [trim, 1.0 - trim])
    slack = 1e-9 * max(1.0, np.abs(values).max())
    assert low - slack <= values[kept].mean() <= high + slack
    assert kept.mean() >= 1.0 - 2.0 * trim - 2.0 / len(values)


@few
@given(arrays(np.float64, st.integers(2, 60), elements=st.floats(-1e3, 1e3)), st.floats(-9, 9))
def test_robust_spread_follows_scale_and_ignores_offset(values, offset):
    assert np.isclose(robust_sd(values + offset), robust_sd(values), atol=1e-6)
    assert np.isclose(robust_sd(3.0 * values), 3.0 * robust_sd(values), atol=1e-6)


@few
@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=8))
def test_holm_rejects_no_more_than_each_test_alone_and_the_smallest_first(p_values):
    rejected = holm(p_values)
    assert all(p <= 0.05 for p, out in zip(p_values, rejected, strict=True) if out)
    if any(rejected):
        largest = max(p for p, out in zip(p_values, rejected, strict=True) if out)
        assert all(out for p, out in zip(p_values, rejected, strict=True) if p < largest)
    bonferroni = [p <= 0.05 / len(p_values) for p in p_values]
    assert all(out for out, sure in zip(rejected, bonferroni, strict=True) if sure)


@few
@given(masks, st.floats(1.0, 4.0))
def test_growing_never_loses_and_shrinking_never_gains(mask, radius):
    assert (grow(mask, radius) >= mask).all()
    assert (shrink(mask, radius) <= mask).all()
    assert np.array_equal(shrink(mask, radius), ~grow(~mask, radius))


@few
@given(masks, st.floats(0.0, 30.0))
def test_dropping_parts_twice_is_dropping_them_once(mask, area):
    once = drop_small_parts(mask, area)
    assert np.array_equal(drop_small_parts(once, area), once)
    assert (once <= mask).all()


@few
@given(masks, st.integers(1, 4))
def test_a_mask_enlarged_and_shrunk_is_itself(mask, factor):
    wide = resize_mask(mask, (18 * factor, 23 * factor))
    assert np.array_equal(resize_mask(wide, mask.shape), mask)


@few
@given(seeds, st.floats(0.5, 8.0))
def test_a_masked_mean_lies_between_its_pixels(seed, sigma):
    random = np.random.default_rng(seed)
    image = random.normal(size=(30, 34)).astype(np.float32)
    mask = random.uniform(size=image.shape) < 0.6
    mean = masked_gaussian(image, mask, sigma)[mask]
    assert mean.min() >= image[mask].min() - 1e-4
    assert mean.max() <= image[mask].max() + 1e-4


@few
@given(seeds, st.floats(-5.0, 5.0))
def test_texture_does_not_see_exposure(seed, offset):
    random = np.random.default_rng(seed)
    signal = random.normal(size=(30, 34)).astype(np.float32)
    mask = random.uniform(size=signal.shape) < 0.7
    light = np.repeat(np.exp(signal)[..., None], 3, axis=2)
    one, two = (
        relief_band(SimpleNamespace(rgb=rgb, skin=mask, blur_to_add_px2=0.0), (5.3, 21.3))
        for rgb in (light, light * np.float32(np.exp(offset)))
    )
    assert np.allclose(one[mask], two[mask], atol=2e-4)
