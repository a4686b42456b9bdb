import numpy as np
import pytest

from dermadelta.phantom.cases import random_case
from dermadelta.phantom.evenness import evenness
from dermadelta.phantom.pair import render_pair

SHAPE, STEP = (800, 1000), 0.05
AREA = np.zeros(SHAPE, dtype=bool)
AREA[100:700, 150:850] = True


def painted(wavelength_mm: float, size: float, channel: int = 0) -> np.ndarray:
    """Skin whose one channel waves, in logarithms."""
    x = np.arange(SHAPE[1]) * STEP
    wave = size * np.cos(2.0 * np.pi * x / wavelength_mm)
    image = np.empty((*SHAPE, 3), dtype=np.float32)
    image[:] = (0.45, 0.28, 0.20)
    image[..., channel] *= np.exp(wave)[None, :]
    return image


def spread(image: np.ndarray, melanin: float | np.ndarray = 1.0):
    return evenness(image, np.broadcast_to(np.float32(melanin), SHAPE).copy(), AREA, STEP)


def test_unevenness_of_a_wave_in_the_band_is_its_size():
    found = spread(painted(3.5, 0.05))
    # Between Gaussians of half pass at 1 and 10 mm a wave of 3.5 mm keeps 0.945 - 0.005 of itself.
    assert found.redness == pytest.approx(43.43 * 0.05 / np.sqrt(2.0) * 0.94, rel=0.03)
    assert found.tone > 0.5
    assert found.melanin == pytest.approx(0.0, abs=1e-5)
    assert spread(painted(3.5, 0.025)).tone == pytest.approx(0.5 * found.tone, rel=0.05)


@pytest.mark.parametrize("wavelength", [0.3, 60.0])
def test_what_is_finer_or_longer_than_the_band_does_not_count(wavelength):
    assert spread(painted(wavelength, 0.05)).redness < 0.15 * spread(painted(3.5, 0.05)).redness


def test_even_skin_under_any_light_is_even():
    found = spread(0.5 * painted(3.5, 0.0))
    assert (found.tone, found.redness) == pytest.approx((0.0, 0.0), abs=1e-3)


def test_nothing_outside_of_the_area_counts():
    image = painted(3.5, 0.05)
    other = np.where(AREA[..., None], image, np.float32(0.9))
    assert spread(other) == spread(image)


def test_evener_melanin_is_evener_by_its_factor():
    case = random_case("tone", 3, 4, width_px=800, treated="whole")
    factor = case.treatment.melanin_spread_factor
    change = render_pair(case).truth.evenness_change_pct("melanin")
    assert change == pytest.approx(100.0 * (factor - 1.0), abs=2.0)


def test_the_same_skin_is_as_even_as_it_was():
    truth = render_pair(random_case("no_change", 3, 2, width_px=800)).truth
    assert [truth.evenness_change_pct(n) for n in ("tone", "redness", "melanin")] == [0.0] * 3
