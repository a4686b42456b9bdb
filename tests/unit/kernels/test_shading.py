"""The lean of fine shading, on stripes whose direction is known."""

import numpy as np
import pytest

from dermadelta.kernels.shading import lean, slope, slope_change, turned

SIDE, PERIOD_PX, SIGMA_PX = 128, 12.0, 1.0
DEGREES = [0.0, 20.0, 45.0, 75.0, 90.0, 130.0, 165.0]


def stripes(angle_deg: float, height: float = 1.0) -> np.ndarray:
    """Waves whose gradient runs at ``angle_deg`` from +x towards +y."""
    y, x = np.mgrid[:SIDE, :SIDE]
    angle = np.radians(angle_deg)
    along = x * np.cos(angle) + y * np.sin(angle)
    return (height * np.sin(2.0 * np.pi * along / PERIOD_PX)).astype(np.float32)


def noise(seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((SIDE, SIDE)).astype(np.float32)


def inside(margin: int = 10) -> np.ndarray:
    mask = np.zeros((SIDE, SIDE), dtype=np.bool_)
    mask[margin:-margin, margin:-margin] = True
    return mask


def double_angle(angle_deg: float) -> tuple[float, float]:
    return float(np.cos(np.radians(2.0 * angle_deg))), float(np.sin(np.radians(2.0 * angle_deg)))


@pytest.mark.parametrize("angle_deg", DEGREES)
def test_stripes_lean_across_themselves_as_strongly_as_can_be(angle_deg):
    found = lean(stripes(angle_deg), inside(), SIGMA_PX)
    assert found == pytest.approx(double_angle(angle_deg), abs=0.02)


@pytest.mark.parametrize("angle_deg", DEGREES)
@pytest.mark.parametrize("turn_deg", [-50.0, 30.0, 90.0])
def test_a_turned_picture_has_the_turned_lean(angle_deg, turn_deg):
    upright = lean(stripes(angle_deg), inside(), SIGMA_PX)
    photographed = lean(stripes(angle_deg + turn_deg), inside(), SIGMA_PX)
    assert turned(upright, np.radians(turn_deg)) == pytest.approx(photographed, abs=0.03)


def test_a_quarter_turn_of_any_texture_reverses_its_lean():
    signal = noise() + 0.6 * stripes(25.0)
    upright = lean(signal, inside(), 2.0)
    assert np.hypot(*upright) > 0.05
    quarter = lean(np.ascontiguousarray(np.rot90(signal)), inside(), 2.0)
    assert quarter == pytest.approx((-upright[0], -upright[1]), abs=1e-4)
    assert turned(upright, np.pi / 2.0) == pytest.approx(quarter, abs=1e-4)


def test_turning_back_and_half_way_round_change_nothing():
    direction = (0.3, -0.5)
    assert turned(turned(direction, 0.7), -0.7) == pytest.approx(direction)
    assert turned(direction, np.pi) == pytest.approx(direction)
    assert np.hypot(*turned(direction, 1.1)) == pytest.approx(np.hypot(*direction))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_what_runs_all_ways_has_no_lean(seed):
    # (SIDE / a few px)² independent gradients: an SD of about 1.4 / 40 for either part.
    assert np.hypot(*lean(noise(seed), inside(), SIGMA_PX)) < 0.06


def test_two_equal_sets_of_stripes_across_each_other_cancel():
    assert np.hypot(*lean(stripes(20.0) + stripes(110.0), inside(), SIGMA_PX)) < 0.03


def test_the_strength_is_the_share_of_power_that_runs_one_way():
    """Power 4 along x against 1 along y: (4 - 1) / (4 + 1)."""
    found = lean(stripes(0.0, 2.0) + stripes(90.0, 1.0), inside(), SIGMA_PX)
    assert found == pytest.approx((0.6, 0.0), abs=0.03)


def test_neither_exposure_nor_contrast_matters():
    signal = noise() + stripes(60.0)
    plain = lean(signal, inside(), SIGMA_PX)
    assert lean(3.0 * signal + 5.0, inside(), SIGMA_PX) == pytest.approx(plain, abs=1e-4)


def test_pixels_outside_the_mask_do_not_count():
    mask = inside()
    mask[:, 60:] = False
    signal = noise() + stripes(60.0)
    other = signal.copy()
    other[:, 75:] = 10.0 * stripes(0.0)[:, 75:]
    assert lean(other, mask, SIGMA_PX) == pytest.approx(lean(signal, mask, SIGMA_PX), abs=1e-5)


def test_one_hair_does_not_speak_for_the_region():
    signal = stripes(90.0)
    hair = signal.copy()
    hair[:, 60:62] -= 20.0
    # Its flanks still count a little; with all of it the lean would be about +0.9.
    assert lean(hair, inside(), SIGMA_PX)[0] < -0.8


def test_nothing_to_look_at_has_no_lean():
    assert lean(stripes(0.0), np.zeros((SIDE, SIDE), dtype=np.bool_), SIGMA_PX) == (0.0, 0.0)
    assert lean(np.full((SIDE, SIDE), 0.4, np.float32), inside(), SIGMA_PX) == (0.0, 0.0)


DISC = np.stack(np.meshgrid(np.arange(41.0), np.arange(41.0)), axis=-1).reshape(-1, 2)
DISC = DISC[np.hypot(*(DISC - 20.0).T) <= 20.0]
"""Places over a disc of diameter 40."""


def test_the_slope_of_a_plane_is_found_whatever_its_level():
    values = 0.03 * DISC[:, 0] - 0.01 * DISC[:, 1] + 7.0
    assert slope(DISC, values) == pytest.approx((1.2, -0.4), rel=0.03)


def test_a_dark_patch_does_not_tilt_the_plane():
    dark = np.hypot(*(DISC - [30.0, 20.0]).T) < 6.0
    values = 0.03 * DISC[:, 0] + np.random.default_rng(1).normal(0.0, 0.02, len(DISC)) - 0.9 * dark
    assert slope(DISC, values) == pytest.approx((1.2, 0.0), abs=0.1)


@pytest.mark.parametrize("places", [[[1, 2], [3, 4]], [[0, 0], [1, 1], [2, 2], [3, 3]]])
def test_places_that_span_no_plane_have_no_slope(places):
    places = np.array(places, dtype=np.float64)
    assert slope(places, np.arange(len(places), dtype=np.float64)).tolist() == [0.0, 0.0]


@pytest.mark.parametrize("angle_deg", DEGREES)
def test_a_steeper_slope_changed_along_itself_only(angle_deg):
    angle = np.radians(angle_deg)
    first, second = (size * np.array([np.cos(angle), np.sin(angle)]) for size in (0.2, 0.3))
    # 0.1 more on a mean of 0.25, damped by the faint slope.
    assert slope_change(first, second, 0.05) == pytest.approx(
        (0.1 / np.hypot(0.25, 0.05), 0.0), abs=1e-6
    )
    assert slope_change(second, first, 0.05)[0] == pytest.approx(-0.1 / np.hypot(0.25, 0.05))


@pytest.mark.parametrize("turn_deg", [-25.0, 8.0, 40.0, 180.0])
def test_a_lamp_that_went_round_turns_the_slope_and_leaves_its_size(turn_deg):
    turn = np.radians(turn_deg)
    steeper, turned_by = slope_change((0.2, 0.0), (0.2 * np.cos(turn), 0.2 * np.sin(turn)), 1e-6)
    assert steeper == pytest.approx(0.0, abs=1e-9)
    assert turned_by == pytest.approx(2.0 * abs(np.sin(0.5 * turn)), rel=1e-6)


def test_a_turned_frame_sees_the_same_change():
    first, second, turn = np.array([0.11, -0.05]), np.array([0.16, 0.02]), np.radians(63.0)
    matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    upright = slope_change(first, second, 0.04)
    assert min(upright) > 0.1
    assert slope_change(matrix @ first, matrix @ second, 0.04) == pytest.approx(upright)


def test_where_light_falls_evenly_chance_is_no_change():
    steeper, turned_by = slope_change((0.002, 0.0), (0.003, 0.001), 0.04)
    assert max(abs(steeper), turned_by) < 0.03
