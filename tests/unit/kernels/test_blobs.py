import numpy as np
import pytest

from dermadelta.kernels import blobs
from dermadelta.kernels.blobs import (
    background_colour,
    discolouration,
    lesion_thresholds,
    patches,
)
from dermadelta.kernels.colour import lab_to_linear

SHARMA = [
    # Sharma, Wu, Dalal 2005, doi:10.1002/col.20070, table 1: pairs 1, 4, 7, 11, 13, 17, 20, 25,
    # 28, 33 (blue rotation term, hue wrap-around, large and small differences, near black).
    ((50.0, 2.6772, -79.7751), (50.0, 0.0, -82.7485), 2.0425),
    ((50.0, -1.3802, -84.2814), (50.0, 0.0, -82.7485), 1.0000),
    ((50.0, 0.0, 0.0), (50.0, -1.0, 2.0), 2.3669),
    ((50.0, 2.49, -0.001), (50.0, -2.49, 0.0011), 7.2195),
    ((50.0, -0.001, 2.49), (50.0, 0.0009, -2.49), 4.8045),
    ((50.0, 2.5, 0.0), (73.0, 25.0, -18.0), 27.1492),
    ((50.0, 2.5, 0.0), (58.0, 24.0, 15.0), 19.4535),
    ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
    ((35.0831, -44.1164, 3.7933), (35.0232, -40.0716, 1.5901), 1.8645),
    ((6.7747, -0.2908, -2.4247), (5.8714, -0.0985, -2.2286), 0.6377),
]


@pytest.mark.parametrize(("first", "second", "expected"), SHARMA)
def test_the_colour_difference_in_use_is_ciede2000(first, second, expected):
    found = blobs.deltaE_ciede2000(np.array(first), np.array(second))
    assert float(found) == pytest.approx(expected, abs=1e-4)


SKIN_LAB = (65.0, 12.0, 17.0)
SHAPE = (150, 200)


def shaded_skin(patch_lab=(58.0, 20.0, 15.0), radius=14.0):
    """Even skin under a quadratic shading, with a round patch of another colour."""
    y, x = np.mgrid[-1.0 : 1.0 : SHAPE[0] * 1j, -1.0 : 1.0 : SHAPE[1] * 1j]
    shading = np.exp(0.25 * x - 0.15 * y - 0.2 * x * x - 0.1 * x * y)
    rows, cols = np.mgrid[0 : SHAPE[0], 0 : SHAPE[1]]
    inside = np.hypot(rows - 70, cols - 110) < radius
    colour = np.where(inside[..., None], lab_to_linear(patch_lab), lab_to_linear(SKIN_LAB))
    return (colour * shading[..., None]).astype(np.float32), inside, shading


def test_background_follows_the_shading_and_ignores_the_patch():
    rgb, _, shading = shaded_skin()
    found = background_colour(rgb, np.ones(SHAPE, bool), rounds=4, reject_sd=2.5)
    expected = lab_to_linear(SKIN_LAB) * shading[..., None]
    assert found == pytest.approx(expected, rel=2e-3)


def test_discolouration_is_the_difference_to_the_surrounding_skin():
    rgb, inside, shading = shaded_skin()
    skin = np.ones(SHAPE, bool)
    found = discolouration(rgb, skin, smooth_px=0.0, lightness_weight=1.0)
    expected = float(blobs.deltaE_ciede2000(np.array(SKIN_LAB), np.array((58.0, 20.0, 15.0))))
    near_white = inside & (np.abs(shading - 1.0) < 0.02)
    assert near_white.any()
    assert np.median(found[near_white]) == pytest.approx(expected, rel=0.03)
    assert found[~inside].max() < 0.3


def test_lightness_can_count_less():
    rgb, inside, _ = shaded_skin(patch_lab=(55.0, 12.0, 17.0))
    skin = np.ones(SHAPE, bool)
    full, half = (
        np.median(discolouration(rgb, skin, smooth_px=0.0, lightness_weight=w)[inside])
        for w in (1.0, 0.5)
    )
    assert half == pytest.approx(0.5 * full, rel=0.05)


def test_discolouration_does_not_see_beyond_the_skin():
    rgb, _, _ = shaded_skin()
    skin = np.ones(SHAPE, bool)
    skin[:, :60] = False
    other = rgb.copy()
    other[:, :60] = (0.9, 0.1, 0.9)
    found = [discolouration(p, skin, smooth_px=2.0, lightness_weight=0.5) for p in (rgb, other)]
    assert np.array_equal(*found)
    assert not found[0][~skin].any()


def test_patches_keeps_large_parts_without_holes():
    score = np.zeros((60, 60), np.float32)
    score[10:30, 10:30] = 9.0
    score[18:20, 18:20] = 1.0  # a hole
    score[50:52, 50:52] = 9.0  # a speck
    score[40:58, 5:25] = 3.9  # below the boundary
    allowed = np.ones((60, 60), bool)
    expected = np.zeros((60, 60), bool)
    expected[10:30, 10:30] = True
    found = patches(score, allowed, core=6.0, boundary=4.0, min_area_px=20)
    assert np.array_equal(found, expected)


def test_patches_reach_from_the_core_to_the_boundary():
    score = np.zeros((40, 60), np.float32)
    score[5:35, 5:25] = 5.0
    score[15:20, 10:15] = 9.0  # its core
    score[5:35, 35:55] = 5.0  # as pale, without a core
    found = patches(score, np.ones(score.shape, bool), core=8.0, boundary=4.0, min_area_px=20)
    expected = np.zeros(score.shape, bool)
    expected[5:35, 5:25] = True
    assert np.array_equal(found, expected)


def test_patches_stays_inside_what_is_allowed():
    score = np.full((40, 40), 9.0, np.float32)
    allowed = np.zeros((40, 40), bool)
    allowed[5:35, 5:20] = True
    allowed[10:12, 10:12] = False
    found = patches(score, allowed, core=6.0, boundary=4.0, min_area_px=50)
    assert np.array_equal(found, allowed)


def test_thresholds_lie_at_half_the_contrast_of_the_patch():
    random = np.random.default_rng(0)
    skin = np.abs(random.normal(1.0, 0.3, 5000)).astype(np.float32)
    scar = random.normal(12.0, 0.2, 500).astype(np.float32)
    core, boundary = lesion_thresholds(
        [np.concatenate([skin, scar]), np.concatenate([skin, scar[:200]])],
        floor=4.0,
        core_sd=5.0,
        boundary_sd=2.5,
    )
    assert core == pytest.approx(4.0)
    assert boundary == pytest.approx(0.5 * 12.1, abs=2.2)
    assert boundary <= core


def test_without_a_patch_the_boundary_is_the_core_and_mottling_raises_both():
    random = np.random.default_rng(1)
    calm = np.abs(random.normal(1.0, 0.3, 5000)).astype(np.float32)
    assert lesion_thresholds([calm], floor=4.0, core_sd=5.0, boundary_sd=2.5) == (4.0, 4.0)
    mottled = np.float32(4.0) * calm
    core, boundary = lesion_thresholds([calm, mottled], floor=4.0, core_sd=5.0, boundary_sd=2.5)
    assert core == boundary == pytest.approx(4.0 + 5.0 * 1.2, rel=0.1)
