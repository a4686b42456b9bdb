import cv2
import numpy as np
import pytest
from scipy import ndimage

from dermadelta.kernels.colour import log_luminance, srgb_decode, srgb_encode
from dermadelta.kernels.sharpness import (
    BlurPrior,
    blur_difference,
    mean_power,
    noise_floor,
    shrunken_blur,
)

SHAPE = (384, 512)
FIT = {"low": 0.04, "high": 0.30, "noise_margin": 5.0}


LENS_PX2 = 0.5
"""Blur of an ordinary lens: at the end of the axis nothing but noise is left."""


def texture(seed=0):
    """Broadband relief whose power falls as that of skin does, seen through a lens."""
    white = np.random.default_rng(seed).standard_normal(SHAPE)
    fy, fx = np.meshgrid(np.fft.fftfreq(SHAPE[0]), np.fft.rfftfreq(SHAPE[1]), indexing="ij")
    shaped = np.fft.rfft2(white) / (0.02 + np.hypot(fx, fy))
    shaped *= np.exp(-2.0 * np.pi**2 * LENS_PX2 * (fx**2 + fy**2))
    field = np.fft.irfft2(shaped, s=SHAPE)
    return (0.1 * field / field.std()).astype(np.float32)


def power(signal, mask=None, window=64):
    mask = np.ones(signal.shape, bool) if mask is None else mask
    return mean_power(signal, mask, window_px=window, step_px=window // 2, min_coverage=0.9)


def blurred(signal, sigma2):
    """Gaussian blur in the Fourier domain: sampled kernels this narrow are no Gaussians."""
    spectrum = ndimage.fourier_gaussian(np.fft.fft2(signal), np.sqrt(sigma2))
    return np.fft.ifft2(spectrum).real.astype(np.float32)


@pytest.mark.parametrize("sigma2", [0.15, 0.5, 1.2])
def test_a_known_blur_is_recovered(sigma2):
    sharp = texture()
    noise = np.random.default_rng(7).normal(0.0, 0.001, (2, *SHAPE)).astype(np.float32)
    first, second = power(sharp + noise[0])[:2], power(blurred(sharp, sigma2) + noise[1])[:2]
    delta, se = blur_difference(first, second, **FIT)
    assert delta == pytest.approx(sigma2, rel=0.15, abs=max(0.04, 3.0 * se))
    back, _ = blur_difference(second, first, **FIT)
    assert back == pytest.approx(-delta, abs=1e-9)


def test_the_standard_error_is_that_of_repeated_shots():
    sharp = texture(1)
    soft = blurred(sharp, 0.4)
    random = np.random.default_rng(11)
    found = []
    for _ in range(12):
        shots = [s + random.normal(0.0, 0.012, SHAPE).astype(np.float32) for s in (sharp, soft)]
        found.append(blur_difference(*(power(s)[:2] for s in shots), **FIT))
    values, errors = np.array(found).T
    assert values.mean() == pytest.approx(0.4, abs=0.05)
    assert 0.3 < np.median(errors) / values.std(ddof=1) < 5.0


def compressed(log_y, quality, seed):
    """Log luminance after sensor noise, 8 bits and JPEG."""
    random = np.random.default_rng(seed)
    light = 0.3 * np.exp(log_y.astype(np.float64))
    light = light[..., None] + random.normal(0.0, 0.006, (*SHAPE, 3))
    codes = np.round(255.0 * srgb_encode(light)).astype(np.uint8)
    _, data = cv2.imencode(".jpg", codes, [cv2.IMWRITE_JPEG_QUALITY, quality])
    stored = cv2.imdecode(data, cv2.IMREAD_COLOR)
    return log_luminance(srgb_decode(stored / 255.0).astype(np.float32))


@pytest.mark.parametrize(("quality", "tolerance"), [(95, 0.1), (90, 0.15)])
@pytest.mark.parametrize("sigma2", [0.0, 0.4, 1.0, 2.0])
def test_blur_is_seen_through_the_noise_of_a_compressed_file(sigma2, quality, tolerance):
    # Such noise is not white: taken as level, it hid any blur and turned its sign.
    skin = blurred(texture(6), 0.3)
    shots = [compressed(blurred(skin, s2), quality, seed) for seed, s2 in ((1, 0.0), (2, sigma2))]
    delta, _ = blur_difference(*(power(s)[:2] for s in shots), **FIT)
    assert delta == pytest.approx(sigma2, rel=tolerance, abs=0.05)


def test_gain_and_exposure_are_not_blur():
    first = texture(2)
    delta, _ = blur_difference(
        power(first)[:2], power(np.float32(1.6) * first + np.float32(0.3))[:2], **FIT
    )
    assert delta == pytest.approx(0.0, abs=1e-3)


def test_noise_alone_says_nothing():
    random = np.random.default_rng(3)
    shots = [random.normal(0.0, 0.02, SHAPE).astype(np.float32) for _ in range(2)]
    assert blur_difference(*(power(s)[:2] for s in shots), **FIT) is None


def test_noise_floor_is_level_or_falls():
    frequency = np.linspace(0.0, 0.5, 33)
    assert noise_floor(frequency, np.full(33, 0.02)) == pytest.approx(0.02)
    falling = np.exp(-3.0 - 4.0 * frequency)
    signal = falling + 100.0 * np.exp(-((frequency / 0.05) ** 2))
    assert noise_floor(frequency, signal) == pytest.approx(falling, rel=1e-3)
    # So clean that relief goes to the end of the axis: the line would swallow all of it.
    relief = np.exp(-30.0 * frequency)
    assert noise_floor(frequency, relief)[4] < 0.001 * relief[4]
    rising = np.exp(-3.0 + 2.0 * frequency)
    found = noise_floor(frequency, rising)
    assert np.ptp(found) == pytest.approx(0.0, abs=1e-12)
    assert rising[16] < found[0] < rising[-1]


def test_spectrum_of_a_sine_peaks_at_its_frequency():
    y, x = np.mgrid[0 : SHAPE[0], 0 : SHAPE[1]]
    signal = np.sin(2 * np.pi * (6 * x + 8 * y) / 64.0).astype(np.float32)  # 10 cycles a window
    frequency, found, windows = power(signal)
    assert windows == (SHAPE[0] // 32 - 1) * (SHAPE[1] // 32 - 1)
    assert frequency[np.argmax(found)] == pytest.approx(10 / 64)
    assert found[np.argmax(found)] > 100 * found[3]


def test_a_slope_has_no_spectrum():
    y, x = np.mgrid[0 : SHAPE[0], 0 : SHAPE[1]]
    slope = (0.01 * x + 0.02 * y).astype(np.float32)
    assert power(slope)[1].max() < 1e-6 * power(texture())[1].max()


PRIOR = BlurPrior(steady_sd=0.08, other_sd=0.4, other_share=0.25, fit_sd=0.15, per_ln=1.5)


def test_blur_shrinks_most_where_it_is_small_or_badly_known():
    shares = [shrunken_blur(seen, 0.05, 0.0, PRIOR) / seen for seen in (0.05, 0.2, 0.5, 1.0)]
    assert shares == sorted(shares)
    assert 0.0 < shares[0] < 0.4
    assert 0.8 < shares[-1] < 1.0
    assert shrunken_blur(0.4, 0.5, 0.0, PRIOR) < shrunken_blur(0.4, 0.05, 0.0, PRIOR)
    assert shrunken_blur(-0.4, 0.05, 0.0, PRIOR) == -shrunken_blur(0.4, 0.05, 0.0, PRIOR)
    assert shrunken_blur(0.0, 0.0, 0.0, PRIOR) == 0.0


def test_blur_is_not_believed_where_the_skin_itself_changed():
    kept = [shrunken_blur(0.9, 0.03, ln_detail, PRIOR) for ln_detail in (0.0, -0.1, -0.3, -0.6)]
    assert kept == sorted(kept, reverse=True)
    assert kept[2] < 0.2


def test_shrunken_blur_is_what_is_to_be_expected():
    """Pairs drawn from the prior itself: the mean of the truth at what was seen."""
    random = np.random.default_rng(5)
    n = 400_000
    other = random.uniform(size=n) < PRIOR.other_share
    true = random.normal(0.0, np.where(other, PRIOR.other_sd, PRIOR.steady_sd))
    seen = true + random.normal(0.0, np.hypot(PRIOR.fit_sd, 0.1), n)
    for at in (0.1, 0.3, 0.6):
        near = np.abs(seen - at) < 0.02
        assert shrunken_blur(at, 0.1, 0.0, PRIOR) == pytest.approx(true[near].mean(), abs=0.012)
