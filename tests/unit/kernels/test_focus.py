import numpy as np
import pytest
from scipy import ndimage

from dermadelta.kernels.focus import detail_blur, gradient


def lines(sigma, noise=0.5):
    """Thin dark lines (hairs, furrows) of a known blur on grey."""
    step = 4  # drawn finer, so that the lines are thin against a pixel
    fine = np.zeros((200 * step, 260 * step))
    fine[:, 100::217] = 1.0
    soft = ndimage.gaussian_filter1d(fine, sigma * step, axis=1, mode="constant")
    small = soft.reshape(200, step, 260, step).mean(axis=(1, 3)) * step * 8.0
    dip = 90.0 * small / 8.0 * sigma
    random = np.random.default_rng(0)
    return (150.0 - dip + random.normal(0.0, noise, small.shape)).astype(np.float32)


@pytest.mark.parametrize("sigma", [0.8, 1.2, 2.0, 3.0])
def test_blur_of_lines_is_recovered(sigma):
    assert detail_blur(lines(sigma), noise_margin=8.0) == pytest.approx(sigma, rel=0.2)


def test_softer_lines_are_softer():
    found = [detail_blur(lines(sigma), noise_margin=8.0) for sigma in (0.8, 1.4, 2.2, 3.2)]
    assert found == sorted(found)


def test_noise_says_nothing():
    noise = np.random.default_rng(1).normal(120.0, 6.0, (160, 200)).astype(np.float32)
    assert detail_blur(noise, noise_margin=8.0) is None


def test_gradient_of_a_slope_is_its_steepness():
    y, x = np.mgrid[0:20, 0:30]
    slope = gradient((3.0 * x + 4.0 * y).astype(np.float32))
    assert slope[2:-2, 2:-2] == pytest.approx(5.0)
