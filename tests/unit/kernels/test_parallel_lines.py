"""Stripes whose orientation, width and height are known."""

import numpy as np
import pytest

from dermadelta.kernels.parallel_lines import (
    averaged_along,
    bends,
    crest_of,
    numbered_lines,
    orientation_field,
    scales,
    strength_of,
)

SIDE = 160
SKIN = np.ones((SIDE, SIDE), dtype=bool)
INNER = np.s_[40:-40, 40:-40]
SIGMAS = scales(2.0, 8.0)


def across(angle_deg: float) -> np.ndarray:
    """Distance of every pixel from a line through the middle, along its normal."""
    y, x = np.mgrid[:SIDE, :SIDE] - 0.5 * (SIDE - 1)
    turn = np.radians(angle_deg)
    return np.cos(turn) * y - np.sin(turn) * x


def stripe(angle_deg: float, width: float, height: float = 1.0) -> np.ndarray:
    """A line of box-shaped profile."""
    edge = np.clip(0.5 * width + 0.5 - np.abs(across(angle_deg)), 0.0, 1.0)
    return (height * edge).astype(np.float32)


def constant(angle_deg: float) -> np.ndarray:
    return np.full((SIDE, SIDE), np.radians(angle_deg), dtype=np.float32)


def turned(found: np.ndarray, angle_deg: float) -> np.ndarray:
    """Size of the angle between two orientations, degrees."""
    return np.abs((np.degrees(found) - angle_deg + 90.0) % 180.0 - 90.0)


def test_scales_rise_in_equal_ratios_from_end_to_end():
    assert SIGMAS[0] == pytest.approx(2.0)
    assert SIGMAS[-1] == pytest.approx(8.0)
    ratios = np.divide(SIGMAS[1:], SIGMAS[:-1])
    assert ratios == pytest.approx(ratios[0])
    assert 1.0 < ratios[0] <= 1.5


@pytest.mark.parametrize("angle", [0.0, 27.0, 45.0, 90.0, 140.0])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_the_field_follows_stripes_of_either_sign(angle, sign):
    stripes = (sign * np.cos(2.0 * np.pi * across(angle) / 16.0)).astype(np.float32)
    found = orientation_field(stripes, SKIN, SIGMAS, 20.0, 1.0)
    assert found.shape == (SIDE, SIDE)
    assert found.min() >= 0.0
    assert found.max() < np.pi + 1e-6
    assert np.max(turned(found[INNER], angle)) < 2.0


def test_what_is_higher_than_the_most_does_not_outvote_the_rest():
    stripes = np.cos(2.0 * np.pi * across(0.0) / 16.0).astype(np.float32)
    scarred = stripes + 60.0 * stripe(90.0, 8.0)
    near = np.s_[60:-60, 20:40]
    held, led = (orientation_field(scarred, SKIN, SIGMAS, 20.0, most) for most in (1.0, 1e3))
    assert np.median(turned(held[near], 0.0)) < 5.0
    assert np.median(turned(led[near], 0.0)) > 45.0


@pytest.mark.parametrize("angle", [0.0, 30.0, 90.0])
def test_means_along_keep_lines_and_level_what_is_mottled(angle):
    mottled = np.random.default_rng(2).standard_normal((SIDE, SIDE)).astype(np.float32)
    line = stripe(angle, 8.0)
    found = averaged_along(line + mottled, SKIN, constant(angle), 12.0)
    assert np.std((found - line)[INNER]) < 0.25
    middle = np.abs(across(angle)) < 1.0
    assert found[INNER][middle[INNER]].mean() == pytest.approx(1.0, abs=0.1)


def test_only_skin_enters_a_mean():
    skin = SKIN.copy()
    skin[:, 70:90] = False
    spoilt = np.where(skin, np.float32(0.4), np.float32(np.nan))
    found = averaged_along(spoilt, skin, constant(0.0), 8.0)
    assert found[:, :70] == pytest.approx(0.4, abs=1e-5)


@pytest.mark.parametrize("angle", [0.0, 30.0, 90.0])
@pytest.mark.parametrize("width", [6.0, 10.0, 14.0])
def test_a_box_reads_its_height_at_half_of_its_width(angle, width):
    bent = bends(stripe(angle, width, 0.7), constant(angle), SIGMAS)
    strength, sigma = strength_of(bent, SIGMAS, 1.0)
    middle = np.s_[SIDE // 2, SIDE // 2]
    assert strength[middle] == pytest.approx(0.7, rel=0.08)
    assert sigma[middle] == pytest.approx(0.5 * width, rel=0.3)
    assert strength_of(bent, SIGMAS, -1.0)[0][middle] < 0.1


@pytest.mark.parametrize("angle", [0.0, 90.0])
def test_the_crest_is_one_pixel_of_every_column_or_row(angle):
    middle = across(angle) - 0.25
    strength = np.exp(-0.5 * (middle / 4.0) ** 2).astype(np.float32)
    crest = crest_of(strength, constant(angle), 3)
    assert np.array_equal(crest.sum(axis=0 if angle == 0.0 else 1), np.ones(SIDE))
    assert np.abs(middle[crest]).max() <= 0.5


def test_lines_are_numbered_past_short_gaps_and_dropped_when_short_or_faint():
    crest = np.zeros((60, 120), dtype=bool)
    crest[10, 5:60] = True
    crest[10, 30:32] = False
    crest[30, 5:25] = True
    crest[50, 5:110] = True
    strength = np.full(crest.shape, 2.0, dtype=np.float32)
    strength[50] = 0.4
    found = numbered_lines(crest, strength, 40.0, 1.0)
    assert found.dtype == np.int32
    kept = np.unique(found[found > 0])
    assert len(kept) == 1
    assert np.array_equal(found > 0, crest & (np.arange(60)[:, None] == 10))
    parted = crest.copy()
    parted[10, 30:33] = False
    assert len(np.unique(numbered_lines(parted, strength, 30.0, 1.0))) == 3
