import numpy as np
import pytest
from scipy import ndimage

from dermadelta.kernels.texture import CUTOFF_TO_SIGMA, gaussian, masked_gaussian

SHAPE = (160, 220)


def noise(seed=0, shape=SHAPE):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def test_the_cut_off_passes_one_half():
    # ISO 16610-21: the Gaussian filter passes 50 % of the amplitude at the cut-off wavelength.
    assert np.exp(-2.0 * np.pi**2 * CUTOFF_TO_SIGMA**2) == pytest.approx(0.5, abs=1e-3)


@pytest.mark.parametrize("sigma", [0.7, 1.9, 5.0, 9.5])
def test_gaussian_against_scipy(sigma):
    image = noise()
    expected = ndimage.gaussian_filter(image.astype(np.float64), sigma, mode="mirror", truncate=5)
    assert gaussian(image, sigma) == pytest.approx(expected, abs=2e-4)


@pytest.mark.parametrize("sigma", [12.0, 26.0, 45.0])
def test_a_wide_gaussian_is_close_and_unbiased(sigma):
    image = noise(shape=(480, 560))
    expected = ndimage.gaussian_filter(image.astype(np.float64), sigma, mode="mirror", truncate=5)
    error = gaussian(image, sigma) - expected
    inner = (slice(130, -130), slice(130, -130))
    assert np.std(error[inner]) < 0.06 * np.std(expected[inner])
    assert np.std(error) < 0.15 * np.std(expected)
    gain = (gaussian(image, sigma) * expected)[inner].sum() / (expected[inner] ** 2).sum()
    assert gain == pytest.approx(1.0, abs=0.01)
    ramp = np.tile(np.arange(560, dtype=np.float32), (480, 1))
    # Nothing moves by a part of a pixel.
    assert gaussian(ramp, sigma)[:, 230:330] == pytest.approx(ramp[:, 230:330], abs=0.02)


def test_gaussian_keeps_channels_and_constants():
    image = np.dstack([noise(1), noise(2)])
    both = gaussian(image, 3.0)
    assert both.shape == image.shape
    assert both[..., 1] == pytest.approx(gaussian(noise(2), 3.0), abs=1e-6)
    assert gaussian(np.full(SHAPE, 0.37, np.float32), 15.0) == pytest.approx(0.37, abs=1e-6)
    assert gaussian(image, 0.0) is image


@pytest.fixture
def ragged():
    """A mask with a straight edge, holes and specks."""
    mask = noise(9) > -0.6
    mask[:, :40] = False
    mask[60:90, 100:130] = False
    return mask


def test_masked_mean_is_the_normalised_convolution(ragged):
    image, sigma = noise(3), 4.0
    weight = ragged.astype(np.float64)
    expected = ndimage.gaussian_filter(image * weight, sigma, mode="mirror", truncate=5)
    norm = ndimage.gaussian_filter(weight, sigma, mode="mirror", truncate=5)
    found = masked_gaussian(image, ragged, sigma)
    assert found[ragged] == pytest.approx((expected / np.maximum(norm, 1e-9))[ragged], abs=2e-3)


def test_masked_mean_of_a_constant_is_the_constant(ragged):
    flat = np.where(ragged, np.float32(0.8), np.float32(77.0))
    assert masked_gaussian(flat, ragged, 6.0)[ragged] == pytest.approx(0.8, abs=1e-5)
    far = masked_gaussian(flat, ragged, 2.0)[:, :5]
    assert not far.any()  # no usable pixel within reach


@pytest.mark.parametrize("sigma", [0.0, 2.0, 14.0])
@pytest.mark.parametrize("filler", [-1e3, 50.0, np.inf, np.nan])
def test_pixels_outside_the_mask_do_not_matter(ragged, sigma, filler):
    image = noise(4)
    other = np.where(ragged, image, np.float32(filler))
    assert np.array_equal(
        masked_gaussian(image, ragged, sigma), masked_gaussian(other, ragged, sigma)
    )


@pytest.mark.parametrize("wavelength", [6.0, 11.0, 20.0, 45.0])
def test_a_sine_passes_with_the_gain_of_the_filter(wavelength):
    x = np.arange(600)
    signal = np.tile(np.sin(2 * np.pi * x / wavelength), (80, 1)).astype(np.float32)
    for sigma in (1.5, 4.0):
        gain = np.exp(-2 * (np.pi * sigma / wavelength) ** 2)
        inner = masked_gaussian(signal, np.ones(signal.shape, bool), sigma)[:, 100:500]
        assert inner == pytest.approx(gain * signal[:, 100:500], abs=1e-3)


def test_an_empty_mask_has_no_mean():
    assert not masked_gaussian(noise(), np.zeros(SHAPE, bool), 5.0).any()
