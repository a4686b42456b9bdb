from dataclasses import dataclass

import numpy as np
import pytest

from dermadelta.kernels.colour import log_luminance
from dermadelta.kernels.relief import (
    averaged,
    band_sigmas,
    coarse_band,
    log_light,
    relief_band,
)
from dermadelta.kernels.texture import masked_gaussian

SHAPE = (421, 517)


@dataclass(frozen=True, eq=False)
class Pixels:
    rgb: np.ndarray
    skin: np.ndarray
    blur_to_add_px2: float = 0.0


def skin_mask(seed=1, shape=SHAPE):
    random = np.random.default_rng(seed)
    mask = random.random(shape) < 0.9
    mask[:, :30] = False
    mask[100:140, 200:260] = False
    return mask


def noisy(seed=0, shape=SHAPE, blur=0.0):
    random = np.random.default_rng(seed)
    signal = 0.1 * random.standard_normal(shape)
    light = np.exp(signal + 0.002 * np.arange(shape[1]) - 1.2)
    rgb = np.stack([light, 0.8 * light, 0.6 * light], axis=-1).astype(np.float32)
    return Pixels(rgb, skin_mask(shape=shape), blur)


def wave(length, shape=SHAPE, angle=0.3):
    row, col = np.mgrid[: shape[0], : shape[1]]
    phase = 2.0 * np.pi * (np.cos(angle) * col + np.sin(angle) * row) / length
    light = np.exp(0.1 * np.cos(phase) - 1.0)
    rgb = np.repeat(light[..., None], 3, axis=2).astype(np.float32)
    return Pixels(rgb, np.ones(shape, dtype=bool))


def plain_band(pixels, waves):
    """The definition: both means on all pixels at once."""
    signal, skin = log_luminance(pixels.rgb), pixels.skin
    centred = np.where(skin, signal - signal[skin].mean(), 0.0).astype(np.float32)
    fine, coarse = (
        masked_gaussian(centred, skin, sigma)
        for sigma in band_sigmas(waves, pixels.blur_to_add_px2)
    )
    return fine - coarse


def test_the_signal_is_the_log_of_luminance():
    pixels = noisy()
    assert log_light(pixels) == pytest.approx(log_luminance(pixels.rgb), abs=1e-6)
    black = Pixels(np.zeros((3, 4, 3), np.float32), np.ones((3, 4), bool))
    assert np.isfinite(log_light(black)).all()


@pytest.mark.parametrize(("waves", "blur"), [((3.0, 9.0), 0.0), ((4.0, 20.0), 0.7)])
def test_a_band_of_few_pixels_is_the_difference_of_masked_means(waves, blur):
    pixels = noisy(blur=blur)
    expected = plain_band(pixels, waves)
    inside = pixels.skin
    tolerance = 1e-5 if waves[1] < 10.0 else 0.01  # wide means are made on a coarser grid
    assert relief_band(pixels, waves)[inside] == pytest.approx(expected[inside], abs=tolerance)


def test_a_band_made_with_coarser_means_has_the_same_strength():
    pixels = noisy(2)
    waves = (6.0, 60.0)
    expected = plain_band(pixels, waves)
    found = relief_band(pixels, waves)
    inside = pixels.skin
    assert np.std(found[inside]) == pytest.approx(np.std(expected[inside]), rel=5e-3)
    assert np.std((found - expected)[inside]) < 0.05 * np.std(expected[inside])


@pytest.mark.parametrize("length", [60.0, 85.0, 140.0])
def test_a_coarse_band_passes_what_the_filter_passes(length):
    # The Gaussian of ISO 16610-21 passes exp(-2π²σ²/λ²) of a wave λ.
    waves = (40.0, 160.0)
    band = coarse_band(wave(length), waves)
    assert band.factor > 1
    passed = [np.exp(-2.0 * (np.pi * s / length) ** 2) for s in band_sigmas(waves, 0.0)]
    margin = 100 // band.factor
    inner = band.residual[margin:-margin, margin:-margin]
    assert np.std(inner) == pytest.approx(0.1 / np.sqrt(2.0) * (passed[0] - passed[1]), rel=0.05)


def test_what_is_far_too_fine_does_not_fold_into_a_coarse_band():
    band = coarse_band(wave(4.3), (40.0, 160.0))
    assert np.std(band.residual[20:-20, 20:-20]) < 0.01 * 0.1


@pytest.mark.parametrize("read", [relief_band, coarse_band])
def test_exposure_and_what_is_no_skin_do_not_matter(read):
    pixels = noisy(4)
    waves = (6.0, 30.0) if read is relief_band else (30.0, 90.0)
    other = pixels.rgb.copy()
    other[~pixels.skin] = 1e-9
    brighter = Pixels(other * np.float32(1.7), pixels.skin)
    first, second = read(pixels, waves), read(brighter, waves)
    if read is coarse_band:
        assert first.residual == pytest.approx(second.residual, abs=1e-5)
    else:
        assert first == pytest.approx(second, abs=1e-5)


@pytest.mark.parametrize("factor", [1, 2, 3, 4, 7])
def test_squares_are_averaged_and_the_border_filled_up_with_nothing(factor):
    image = np.random.default_rng(0).random((23, 30), dtype=np.float32)
    rows, cols = (-(-side // factor) for side in image.shape)
    padded = np.zeros((rows * factor, cols * factor))
    padded[:23, :30] = image
    expected = padded.reshape(rows, factor, cols, factor).mean(axis=(1, 3))
    assert averaged(image, factor) == pytest.approx(expected, abs=1e-6)
