"""Derivatives across scales, against lines whose profile is a formula."""

import numpy as np
import pytest

from dermadelta.kernels.ridges import (
    WIDTH,
    Ridges,
    line_profile,
    middles,
    nothing,
    scale_derivatives,
    scale_factor,
    stronger,
)

SIDE = 240


def line(angle_deg: float, profile: float, depth: float = 0.2) -> np.ndarray:
    """A dark line of Gaussian profile through the middle of a picture."""
    y, x = np.mgrid[:SIDE, :SIDE] - 0.5 * (SIDE - 1)
    turn = np.radians(angle_deg)
    across = np.cos(turn) * y - np.sin(turn) * x
    return (-depth * np.exp(-0.5 * (across / profile) ** 2)).astype(np.float32)


def across_middle(found, angle_deg: float) -> float:
    turn = np.radians(angle_deg)
    xx, xy, yy = (
        0.25 * sum(float(plane[k, j]) for k, j in around(plane)) for plane in found.second
    )
    return np.sin(turn) ** 2 * xx - 2 * np.sin(turn) * np.cos(turn) * xy + np.cos(turn) ** 2 * yy


def around(plane: np.ndarray) -> list[tuple[int, int]]:
    row, col = plane.shape[0] // 2, plane.shape[1] // 2
    return [(row - a, col - b) for a in (0, 1) for b in (0, 1)]


ALL = np.ones((SIDE, SIDE), dtype=bool)


@pytest.mark.parametrize("angle", [0.0, 22.5, 45.0, 78.0, 90.0, 135.0])
@pytest.mark.parametrize("profile", [1.8, 3.0, 6.0])
def test_a_line_reads_its_depth_at_the_scale_that_fits(angle, profile):
    found = scale_derivatives(line(angle, profile), ALL, np.sqrt(2.0) * profile)
    assert across_middle(found, angle) == pytest.approx(0.2, rel=0.12)
    assert abs(across_middle(found, angle + 90.0)) < 0.01


def test_other_scales_answer_less():
    fit, fine, coarse = (
        across_middle(scale_derivatives(line(30.0, 4.0), ALL, sigma), 30.0)
        for sigma in (np.sqrt(2.0) * 4.0, 2.5, 12.0)
    )
    assert fine < 0.8 * fit
    assert coarse < 0.8 * fit


def test_bright_lines_answer_with_the_other_sign():
    bright, dark = (scale_derivatives(sign * line(0.0, 3.0), ALL, 4.2) for sign in (-1, 1))
    assert bright.second[2] == pytest.approx(-dark.second[2], abs=1e-6)
    assert across_middle(bright, 0.0) < -0.15


def test_blur_that_is_added_makes_two_sharpnesses_alike():
    soft = scale_derivatives(line(0.0, 5.0) * np.float32(4.0 / 5.0), ALL, 4.0)
    sharp = scale_derivatives(line(0.0, 4.0), ALL, 4.0, blur_px2=9.0)
    assert across_middle(sharp, 0.0) == pytest.approx(across_middle(soft, 0.0), rel=0.01)


def test_what_is_not_usable_does_not_matter():
    mask = ALL.copy()
    mask[:60] = False
    spoilt = line(20.0, 3.0)
    spoilt[:60] = 7.0
    clean = scale_derivatives(np.where(mask, line(20.0, 3.0), 0.0).astype(np.float32), mask, 4.0)
    found = scale_derivatives(spoilt, mask, 4.0)
    for a, b in zip((*clean.first, *clean.second), (*found.first, *found.second), strict=True):
        assert np.array_equal(a, b)
    edge = 60 // scale_factor(4.0)
    assert not found.second[2][:edge].any()


def test_coarse_scales_work_on_fewer_pixels():
    assert [scale_factor(sigma) for sigma in (0.5, 2.0, 3.9, 4.0, 10.0)] == [1, 1, 1, 2, 5]
    assert scale_derivatives(line(0.0, 7.0), ALL, 10.0).second[0].shape == (48, 48)


def test_the_stronger_scale_stands():
    weak, strong = np.full((4, 4), 0.1, np.float32), np.full((2, 2), 0.3, np.float32)
    weak[0, 0] = 0.5
    found = stronger(nothing((4, 4)), weak, np.zeros((4, 4), np.float32), 2.0, (4, 4))
    found = stronger(found, strong, np.ones((2, 2), np.float32), 4.0, (4, 4))
    assert found.strength[0, 0] == pytest.approx(0.5)
    assert found.strength[3, 3] == pytest.approx(0.3)
    assert (found.sigma_px[0, 0], found.sigma_px[3, 3]) == (2.0, 4.0)
    assert (found.direction[0, 0], found.direction[3, 3]) == (0.0, 1.0)


def test_a_line_has_one_middle_in_every_column():
    strength = np.zeros((9, 20), dtype=np.float32)
    strength[3:6] = np.array([[0.2], [0.4], [0.4]])
    strength[8] = 0.3
    flat = Ridges(strength, np.zeros_like(strength), strength)
    assert np.array_equal(np.flatnonzero(middles(flat)[:, 7]), [5, 8])
    assert np.array_equal(np.flatnonzero(middles(flat, apart_px=3)[:, 7]), [5])
    steep = Ridges(strength.T.copy(), np.full((20, 9), 1.5, np.float32), strength.T.copy())
    assert np.array_equal(middles(steep), middles(flat).T)


def test_two_scales_tell_any_profile():
    profile = np.array([0.9, 1.5, 3.0, 5.0, 7.0])
    sigma = np.array([[2.5], [5.0], [10.0]])
    gain = 2.0 / 3.0**1.5
    answers = 0.3 * sigma**2 * profile / (sigma**2 + profile**2) ** 1.5 / gain
    depth, width = line_profile(answers, [2.5, 5.0, 10.0])
    assert width == pytest.approx(profile, rel=1e-6)
    assert depth == pytest.approx(0.3, rel=1e-6)


def test_width_is_that_at_half_depth():
    assert np.exp(-0.5 * (0.5 * WIDTH) ** 2) == pytest.approx(0.5)
