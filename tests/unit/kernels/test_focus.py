from __future__ import annotations

import cv2
import numpy as np
import pytest

from dermadelta.kernels.focus import detail_blur, gradient


def lines(blur: float, *, noise: float = 0.0, contrast: float = 80.0, side: int = 128):
    """Thin slanted lines whose profile is a Gaussian of a known sigma."""
    y, x = np.mgrid[0:side, 0:side].astype(np.float64)
    across = (0.94 * x + 0.34 * y) % 40.0 - 20.0
    profile = contrast * np.exp(-0.5 * (across / blur) ** 2)
    seeded = np.random.default_rng(4).normal(0, noise, profile.shape)
    return (120.0 - profile + seeded).astype(np.float32)


@pytest.mark.parametrize("blur", [0.8, 1.0, 1.5, 2.0, 3.0, 4.0])
def test_the_blur_of_lines_is_recovered(blur):
    assert detail_blur(lines(blur), noise_margin=6.0) == pytest.approx(blur, rel=0.12, abs=0.1)


@pytest.mark.parametrize("noise", [1.0, 3.0])
def test_noise_does_not_look_like_sharpness(noise):
    blur = detail_blur(lines(2.5, noise=noise), noise_margin=6.0)
    assert blur == pytest.approx(2.5, rel=0.2)


def test_a_gain_and_an_offset_change_nothing():
    first = detail_blur(lines(2.0), noise_margin=6.0)
    second = detail_blur(0.3 * lines(2.0) + 50.0, noise_margin=6.0)
    assert second == pytest.approx(first, rel=0.02)


@pytest.mark.parametrize("noise", [0.0, 1.0, 5.0])
def test_where_nothing_stands_out_nothing_is_said(noise):
    flat = np.random.default_rng(1).normal(120, noise, (128, 128)).astype(np.float32)
    assert detail_blur(flat, noise_margin=6.0) is None


def test_turning_the_picture_changes_nothing():
    picture = lines(1.7)
    expected = detail_blur(picture, noise_margin=6.0)
    for turned in (picture.T.copy(), picture[::-1].copy(), np.rot90(picture).copy()):
        assert detail_blur(turned, noise_margin=6.0) == pytest.approx(expected, rel=1e-4)


def test_the_gradient_is_per_pixel():
    ramp = np.tile(np.arange(20, dtype=np.float32) * 3.0, (20, 1))
    np.testing.assert_allclose(gradient(ramp)[2:-2, 2:-2], 3.0, rtol=1e-6)
    blurred = cv2.GaussianBlur(ramp, (0, 0), 1.0)
    np.testing.assert_allclose(gradient(blurred)[6:-6, 6:-6], 3.0, rtol=1e-3)
