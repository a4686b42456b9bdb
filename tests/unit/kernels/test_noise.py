import cv2
import numpy as np
import pytest

from dermadelta.kernels.moments import Moments, tile_moments
from dermadelta.kernels.noise import band_gain, noise_variance, without_noise
from dermadelta.kernels.sharpness import mean_power
from dermadelta.kernels.texture import gaussian

SHAPE = (512, 512)
FINE, COARSE = 0.75, 3.75
ONE_TILE = np.zeros(SHAPE, dtype=np.int32)
EVERYWHERE = np.ones(SHAPE, dtype=bool)


def white(sd, seed=0):
    return np.random.default_rng(seed).normal(0.0, sd, SHAPE).astype(np.float32)


def relief(seed=1, sd=0.04):
    """Broad structure of some pixels, as skin has it at 0.05 mm per pixel; a lens has seen it."""
    field = cv2.GaussianBlur(white(1.0, seed), (0, 0), 3.0)
    return np.asarray(sd * field / field.std(), dtype=np.float32)


def band(signal):
    return gaussian(signal, FINE) - gaussian(signal, COARSE)


def moments(signal):
    return tile_moments(band(signal), EVERYWHERE, ONE_TILE, 50.0)


def found_noise(signal):
    frequency, power, _ = mean_power(signal, EVERYWHERE, window_px=64, step_px=64, min_coverage=0.9)
    return noise_variance(frequency, power)


@pytest.mark.parametrize("sd", [0.005, 0.02])
def test_the_variance_of_white_noise_is_found(sd):
    assert found_noise(white(sd)) == pytest.approx(sd**2, rel=0.05)
    assert found_noise(relief() + white(sd)) == pytest.approx(sd**2, rel=0.05)


def test_a_picture_without_noise_has_hardly_any():
    assert found_noise(relief()) < 1e-3 * 0.04**2


@pytest.mark.parametrize("added", [0.0, 0.4])
def test_the_gain_of_a_band_is_that_of_white_noise_through_it(added):
    # σ of 1.5 px and more, where sampled Gaussians are Gaussians.
    fine, coarse = 1.5, 6.0
    noise = white(1.0)
    passed = gaussian(noise, np.sqrt(fine**2 + added)) - gaussian(noise, np.sqrt(coarse**2 + added))
    assert band_gain(fine, coarse, added) == pytest.approx(passed.var(), rel=0.03)


def test_noise_neither_hides_nor_makes_a_change_of_relief():
    """True change by a quarter, the second photo twice as noisy."""
    values = []
    for scale, sd, seed in ((1.0, 0.012, 5), (0.75, 0.024, 6)):
        signal = np.float32(scale) * relief() + white(sd, seed)
        raw = moments(signal)
        clean = without_noise(raw, found_noise(signal), (FINE, COARSE))
        truth = moments(np.float32(scale) * relief())
        values.append([np.sqrt(m.means()[0]) for m in (raw, clean, truth)])
    raw, clean, truth = np.array(values[1]) / np.array(values[0]) - 1.0
    assert truth == pytest.approx(-0.25, abs=1e-4)
    assert abs(raw - truth) > 0.03
    assert clean == pytest.approx(truth, abs=0.01)


def test_all_moments_are_those_of_the_relief_alone():
    signal = np.exp(8.0 * relief()).astype(np.float32)  # skewed
    noisy = signal + white(0.25, 3)
    raw, truth = moments(noisy), moments(signal)
    clean = without_noise(raw, 0.25**2, (FINE, COARSE))
    assert clean.means()[0] == pytest.approx(truth.means()[0], rel=0.03)
    assert clean.means()[2] == pytest.approx(truth.means()[2], rel=0.15)
    assert clean.means()[3] == pytest.approx(truth.means()[3], rel=0.05)
    assert clean.blurred[0] == pytest.approx(truth.blurred[0], rel=0.03)
    assert raw.means()[0] > 1.1 * truth.means()[0]


def test_a_measurement_is_left_where_all_is_noise():
    found = Moments(
        np.array([0], np.int32), np.array([10.0]), np.array([[1e-4]]), np.array([1e-5]), 1.0
    )
    clean = without_noise(found, 1.0, (FINE, COARSE))
    assert 0.0 < clean.means()[0] < found.means()[0]


def test_without_noise_nothing_changes():
    found = moments(relief())
    assert without_noise(found, 0.0, (FINE, COARSE)) is found
