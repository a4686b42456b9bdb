"""Landmarks on a known view: a homography with a known smooth field, clicked with known errors."""

from __future__ import annotations

import numpy as np
import pytest

from dermadelta.kernels.geometry import apply_homography
from dermadelta.kernels.landmarks import (
    fit_landmarks,
    leave_one_out,
    smooth_residual,
    wrong_landmark,
)

TILTED = np.array([[1.08, -0.21, 130.0], [0.24, 1.02, -90.0], [2.1e-5, -1.4e-5, 1.0]])
SHEARED = np.array([[1.05, -0.2, 40.0], [0.25, 0.95, -30.0], [0.0, 0.0, 1.0]])
WIDTH, HEIGHT = 4000, 3000


def lattice(columns: int, rows: int, jitter_px: float = 0.0) -> np.ndarray:
    xs, ys = np.meshgrid(np.linspace(400, 3600, columns), np.linspace(300, 2700, rows))
    points = np.stack([xs, ys], axis=-1).reshape(-1, 2)
    return points + np.random.default_rng(3).uniform(-jitter_px, jitter_px, points.shape)


def wave(points: np.ndarray, height_px: float = 25.0) -> np.ndarray:
    """A smooth field: half a wave over the frame, ``height_px`` high."""
    x, y = points[..., 0] / WIDTH, points[..., 1] / HEIGHT
    return height_px * np.stack([np.sin(np.pi * x) * np.cos(np.pi * y), np.sin(np.pi * y)], -1)


def clicks(count: int, error_px: float, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0.0, error_px, (count, 2))


def distances(first, second) -> np.ndarray:
    return np.hypot(*(first - second).reshape(-1, 2).T)


CORNERS = lattice(2, 2)
FIVE = np.vstack([CORNERS, [[1900.0, 1400.0]]])
SIX = lattice(3, 2, 90.0)
MANY = lattice(5, 4, 120.0)
INSIDE = lattice(13, 11)


# ----------------------------------------------------------------------------- transform


@pytest.mark.parametrize("after", [CORNERS, FIVE, SIX, MANY], ids=["4", "5", "6", "20"])
def test_an_affine_view_is_found_exactly(after):
    matrix, residual = fit_landmarks(apply_homography(SHEARED, after), after)
    assert matrix.dtype == residual.dtype == np.float64
    np.testing.assert_allclose(matrix[:2], SHEARED[:2], rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(residual, 0.0, atol=1e-5)


@pytest.mark.parametrize("after", [SIX, MANY], ids=["6", "20"])
def test_a_tilted_view_is_found_exactly_from_six_points_on(after):
    matrix, residual = fit_landmarks(apply_homography(TILTED, after), after)
    assert distances(*(apply_homography(m, INSIDE) for m in (matrix, TILTED))).max() < 1e-3
    assert np.abs(residual).max() < 1e-3


def test_fewer_than_six_points_do_not_bend_the_plane():
    for after in (CORNERS, FIVE):
        matrix, _ = fit_landmarks(apply_homography(TILTED, after), after)
        np.testing.assert_array_equal(matrix[2], [0.0, 0.0, 1.0])


def test_the_residual_is_what_the_transform_leaves_in_after_pixels():
    before = apply_homography(TILTED, MANY + wave(MANY)) + clicks(len(MANY), 2.0)
    matrix, residual = fit_landmarks(before, MANY)
    np.testing.assert_allclose(apply_homography(matrix, MANY + residual), before, atol=1e-6)
    assert np.abs(residual).max() > 1.0


def test_the_fit_minimises_the_distances_in_the_before_photo():
    before = apply_homography(TILTED, MANY) + clicks(len(MANY), 20.0)
    matrix, _ = fit_landmarks(before, MANY)
    least = np.sum((apply_homography(matrix, MANY) - before) ** 2)
    for place in range(8):
        for factor in (1.0 - 1e-4, 1.0 + 1e-4):
            other = matrix.copy()
            other.ravel()[place] *= factor
            assert np.sum((apply_homography(other, MANY) - before) ** 2) > least


def test_three_points_and_points_on_a_line_are_refused():
    with pytest.raises(ValueError, match="3 landmarks"):
        fit_landmarks(CORNERS[:3], CORNERS[:3])
    line = np.stack([np.arange(6.0), 2 * np.arange(6.0)], axis=-1)
    with pytest.raises(ValueError, match="on a line"):
        fit_landmarks(SIX, line)


# --------------------------------------------------------------------------------- field


def test_the_field_is_carried_to_points_between_the_landmarks():
    after = lattice(7, 6, 60.0)
    found = smooth_residual(after, wave(after), INSIDE.reshape(11, 13, 2))
    assert found.shape == (11, 13, 2)
    error = distances(found.reshape(-1, 2), wave(INSIDE))
    assert np.median(error) < 0.2
    assert error.max() < 2.0


def test_transform_and_field_together_beat_the_transform_alone():
    after = lattice(7, 6, 60.0)
    before = apply_homography(TILTED, after + wave(after)) + clicks(len(after), 1.0)
    truth = apply_homography(TILTED, INSIDE + wave(INSIDE))
    matrix, residual = fit_landmarks(before, after)
    field = smooth_residual(after, residual, INSIDE)
    with_field = distances(apply_homography(matrix, INSIDE + field), truth)
    alone = distances(apply_homography(matrix, INSIDE), truth)
    assert np.median(with_field) < 1.5
    assert np.median(with_field) < 0.2 * np.median(alone)


def test_errors_of_clicking_are_smoothed_away_where_there_is_no_field():
    after = lattice(7, 6, 60.0)
    noise = clicks(len(after), 3.0)
    found = smooth_residual(after, noise, INSIDE)
    assert np.sqrt(np.mean(found**2)) < 0.5 * 3.0


def test_the_field_does_not_depend_on_the_unit_of_length_or_the_order():
    residual = wave(MANY) + clicks(len(MANY), 2.0)
    found = smooth_residual(MANY, residual, INSIDE)
    half = smooth_residual(MANY / 2, residual / 2, INSIDE / 2)
    np.testing.assert_allclose(2 * half, found, atol=1e-6)
    np.testing.assert_allclose(
        smooth_residual(MANY[::-1], residual[::-1], INSIDE), found, atol=1e-6
    )


@pytest.mark.parametrize("off_px", [(500.0, 0.0), (-700.0, 700.0), (0.0, 1500.0)])
def test_one_wrong_click_does_not_fold_the_field(off_px):
    after = np.vstack([MANY, [[1500.0, 1200.0], [1540.0, 1240.0]]])
    residual = wave(after) + clicks(len(after), 2.0)
    residual[-1] += off_px
    step = 40.0
    xs, ys = np.meshgrid(np.arange(600, 3400, step), np.arange(500, 2500, step))
    nodes = np.stack([xs, ys], axis=-1)
    moved = nodes + smooth_residual(after, residual, nodes)
    right, down = moved[:-1, 1:] - moved[:-1, :-1], moved[1:, :-1] - moved[:-1, :-1]
    area = (right[..., 0] * down[..., 1] - right[..., 1] * down[..., 0]) / step**2
    assert area.min() > 0.0


# --------------------------------------------------------------------------- wrong clicks


@pytest.mark.parametrize("after", [SIX, MANY], ids=["6", "20"])
def test_left_out_points_are_put_where_they_are_when_all_agree(after):
    assert leave_one_out(apply_homography(TILTED, after), after).max() < 0.1


def test_the_left_out_error_grows_with_the_error_of_clicking():
    medians = [
        np.median(leave_one_out(apply_homography(TILTED, MANY) + clicks(len(MANY), sd), MANY))
        for sd in (0.5, 2.0, 8.0)
    ]
    assert 0.3 < medians[0] < 2.5
    np.testing.assert_allclose(np.divide(medians, medians[0]), [1.0, 4.0, 16.0], rtol=0.4)


def test_a_point_without_which_the_others_lie_on_a_line_cannot_be_judged():
    after = np.array([[0.0, 0.0], [100.0, 0.0], [200.0, 0.0], [300.0, 0.0], [150.0, 90.0]])
    errors = leave_one_out(apply_homography(SHEARED, after), after)
    assert np.isinf(errors[-1])
    assert errors[:-1].max() < 0.1


@pytest.mark.parametrize("wrong", [0, 7, 12, 19])
def test_the_one_bad_click_has_the_largest_error_and_is_named(wrong):
    before = apply_homography(TILTED, MANY + wave(MANY, 10.0)) + clicks(len(MANY), 2.0)
    assert wrong_landmark(before, MANY) is None
    before[wrong] += (180.0, -240.0)
    errors = leave_one_out(before, MANY)
    assert np.argmax(errors) == wrong
    assert errors[wrong] == pytest.approx(300.0, abs=100.0)
    assert wrong_landmark(before, MANY) == wrong


def test_of_eight_landmarks_the_bad_one_is_named_wherever_it_lies():
    after = lattice(4, 2, 120.0)
    before = apply_homography(TILTED, after) + clicks(len(after), 2.0)
    assert wrong_landmark(before, after) is None
    for wrong in range(len(after)):
        moved = before.copy()
        moved[wrong] += (-240.0, 180.0)
        assert wrong_landmark(moved, after) == wrong


def test_two_exchanged_landmarks_are_not_blamed_on_a_third():
    before = apply_homography(TILTED, MANY) + clicks(len(MANY), 2.0)
    before[[4, 11]] = before[[11, 4]]
    assert np.median(leave_one_out(before, MANY)) > 100.0
    assert wrong_landmark(before, MANY) in (None, 4, 11)


def test_five_landmarks_do_not_say_which_of_them_is_wrong():
    before = apply_homography(SHEARED, FIVE)
    before[2] += 300.0
    assert wrong_landmark(before, FIVE) is None
