from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from scipy.optimize import brentq

from dermadelta.kernels.slanted_edge import mtf50


def dark_square(side, turn_deg, sigma, *, noise=0.0, over=8, lit=0.8):
    """A dark square blurred by a Gaussian and averaged over pixels, and its corners."""
    size = int(2.2 * side)
    centre = 0.5 * size + 0.3
    turn = np.radians(turn_deg)
    about = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    y, x = (np.mgrid[: size * over, : size * over] + 0.5) / over - 0.5
    upright = np.stack([x - centre, y - centre], axis=-1) @ about
    light = np.where(np.abs(upright).max(axis=-1) < 0.5 * side, 0.04, lit)
    light = gaussian_filter(light, sigma * over)
    light = light.reshape(size, over, size, over).mean(axis=(1, 3))
    light += np.random.default_rng(0).normal(0.0, noise, light.shape)
    unit = 0.5 * side * np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
    return light.astype(np.float32), unit @ about.T + centre


def expected(sigma, turn_deg):
    """MTF50 of a Gaussian, 0.1874 / sigma, lowered by the square pixel, whose MTF is a sinc."""
    turn = np.radians(turn_deg)

    def response(u):
        pixel = np.sinc(u * np.cos(turn)) * np.sinc(u * np.sin(turn))
        return np.exp(-2.0 * (np.pi * sigma * u) ** 2) * pixel - 0.5

    return brentq(response, 1e-3, 0.9)


@pytest.mark.parametrize("sigma", [0.5, 0.8, 1.2, 2.0])
@pytest.mark.parametrize(("side", "turn"), [(27.0, 5.0), (27.0, 23.0), (60.0, 5.0), (60.0, 40.0)])
def test_gaussian_blur_is_read_back(side, turn, sigma):
    light, corners = dark_square(side, turn, sigma, noise=0.005)
    for value in mtf50(light, corners):
        assert value == pytest.approx(expected(sigma, turn), rel=0.05)


def test_wide_blur_follows_the_formula_of_the_gaussian():
    light, corners = dark_square(110.0, 5.0, 4.0, over=4)
    for value in mtf50(light, corners):
        assert value == pytest.approx(np.sqrt(np.log(2) / 2) / np.pi / 4.0, rel=0.03)


def test_directions_are_told_apart():
    light, corners = dark_square(80.0, 5.0, 0.3)
    smeared = gaussian_filter(light.astype(np.float64), (0.0, 2.0)).astype(np.float32)
    down, across = mtf50(smeared, corners)
    assert down is not None
    assert across is not None
    assert across == pytest.approx(0.1874 / 2.0, rel=0.05)
    assert down > 3.0 * across


def test_rough_corners_and_level_of_light_do_not_matter():
    light, corners = dark_square(50.0, 8.0, 1.0)
    rough = corners + np.random.default_rng(1).normal(0.0, 0.7, corners.shape)
    for plain, other in zip(mtf50(light, corners), mtf50(0.3 * light, rough), strict=True):
        assert other == pytest.approx(plain, rel=0.03)


def test_short_edges_are_not_read():
    light, corners = dark_square(15.0, 5.0, 0.7)
    assert mtf50(light, corners) == (None, None)


def test_edges_without_contrast_are_not_read():
    light, corners = dark_square(40.0, 5.0, 0.7, noise=0.02, lit=0.05)
    assert mtf50(light, corners) == (None, None)


def test_a_light_square_is_not_read():
    light, corners = dark_square(40.0, 5.0, 0.7)
    assert mtf50(1.0 - light, corners) == (None, None)


def test_curved_edges_are_not_read():
    light, corners = dark_square(60.0, 5.0, 0.7)
    bent = light.copy()
    for col in range(light.shape[1]):
        bent[:, col] = np.roll(light[:, col], round(4 * np.sin(col / 6.0)))
    down, _ = mtf50(bent, corners)
    assert down is None


def test_an_edge_along_the_rows_fills_too_few_bins():
    light, corners = dark_square(40.0, 0.0, 0.7)
    assert mtf50(light, corners) == (None, None)


def test_a_square_that_leaves_the_picture_is_not_read():
    light, corners = dark_square(40.0, 5.0, 0.7)
    cut = np.ascontiguousarray(light[:, : int(corners[:, 0].max()) - 1])
    _, across = mtf50(cut, corners)
    assert across is not None  # the other of both edges is still there
    assert mtf50(np.ascontiguousarray(light[30:60, 30:60]), corners) == (None, None)
