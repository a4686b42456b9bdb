import numpy as np
import pytest

from dermadelta.kernels.geometry import pixel_grid
from dermadelta.kernels.resampling import (
    resize_mask,
    sample,
    sample_mask,
    shrink_pixels,
    shrink_to,
)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_shrinking_averages_areas(dtype):
    blocks = np.random.default_rng(0).integers(0, 200, (6, 8, 3))
    image = np.repeat(np.repeat(blocks, 4, axis=0), 4, axis=1).astype(dtype)
    small = shrink_to(image, 0.25)
    assert small.dtype == dtype
    assert np.array_equal(small, blocks.astype(dtype))
    if dtype != np.float32:
        assert np.array_equal(shrink_pixels(image, 0.25), small)


def test_nothing_is_enlarged():
    image = np.zeros((5, 6), np.float32)
    assert shrink_to(image, 1.0) is image
    assert shrink_to(image, 3.0) is image
    assert shrink_to(image, 0.001).shape == (1, 1)


def test_masks_shrink_by_majority():
    mask = np.zeros((8, 8), bool)
    mask[:4, :4] = True
    mask[0, 0] = False  # 3 of 4 are left in its block
    mask[4, 4] = True  # 1 of 4
    small = resize_mask(mask, (4, 4))
    assert small.tolist() == [[True, True, False, False]] * 2 + [[False] * 4] * 2


def test_masks_grow_in_place():
    mask = np.array([[True, False], [False, True]])
    wide = resize_mask(mask, (8, 8))
    assert np.array_equal(wide, np.repeat(np.repeat(mask, 4, axis=0), 4, axis=1))
    assert resize_mask(mask, (2, 2)) is mask


def test_sampling_a_ramp_is_exact_and_outside_is_nothing():
    y, x = np.mgrid[0:20, 0:30]
    ramp = (2.0 * x + 3.0 * y).astype(np.float32)
    # Positions are kept to 1/32 pixel by OpenCV; these are multiples of it.
    points = pixel_grid((3, 4, 10, 8)) + np.array([0.25, 0.5])
    expected = 2.0 * points[..., 0] + 3.0 * points[..., 1]
    assert sample(ramp, points) == pytest.approx(expected, abs=1e-4)
    assert sample(ramp, np.array([[[-5.0, 2.0], [4.0, 40.0]]])).tolist() == [[0.0, 0.0]]


def test_masks_are_sampled_at_the_nearest_pixel():
    mask = np.zeros((6, 6), bool)
    mask[2, 3] = True
    points = np.array([[[3.4, 2.4], [3.6, 2.0], [2.6, 1.6], [3.0, 40.0], [-9.0, 2.0]]])
    assert sample_mask(mask, points).tolist() == [[True, False, True, False, False]]
