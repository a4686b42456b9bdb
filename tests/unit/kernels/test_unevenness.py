"""The band of a colour map."""

import numpy as np
import pytest

from dermadelta.kernels.colour_map import ColourMap
from dermadelta.kernels.unevenness import band_logs

SKIN = np.array([0.42, 0.26, 0.20])


def mapped(rgb: np.ndarray, step_mm: float | None = 0.2, used: np.ndarray | None = None):
    weight = np.ones(rgb.shape[:2], dtype=np.float32)
    if used is not None:
        weight *= used
    tiles = np.zeros(rgb.shape[:2], dtype=np.int32)
    return ColourMap(rgb.astype(np.float32) * (weight > 0)[..., None], weight, tiles, 1, step_mm)


@pytest.mark.parametrize("step_mm", [0.15, 0.2, 0.3])
@pytest.mark.parametrize("length_mm", [2.0, 4.0, 8.0])
def test_a_wave_passes_as_the_filter_says(step_mm, length_mm):
    x = (np.arange(round(60.0 / step_mm)) + 0.5) * step_mm
    wave = np.tile(0.05 * np.sin(2.0 * np.pi * x / length_mm), (120, 1))
    # Each square is a mean over itself.
    wave *= np.sinc(step_mm / length_mm)
    band = band_logs(mapped(SKIN * np.exp(wave[..., None] * [0.2, 1.0, 0.5]), step_mm), 1.0, 10.0)
    fine, coarse = (np.exp(-2.0 * (np.pi * 0.1874 * cut / length_mm) ** 2) for cut in (1.0, 10.0))
    middle = band[40:80, len(x) // 4 : -len(x) // 4]
    expected = 0.05 / np.sqrt(2.0) * (fine - coarse)
    assert middle[..., 1].std() == pytest.approx(expected, rel=0.04)
    assert middle[..., 0].std() == pytest.approx(0.2 * expected, rel=0.04)


def test_a_quadratic_light_leaves_nothing_up_to_the_edge():
    y, x = np.mgrid[-1.0:1.0:150j, -1.0:1.0:200j]
    light = np.exp(0.6 * x - 0.3 * y + 0.2 * x * y - 0.25 * x**2)[..., None]
    band = band_logs(mapped(SKIN * light), 1.0, 10.0)
    assert np.abs(band).max() < 2e-3


def test_gains_of_the_channels_drop_out():
    rng = np.random.default_rng(1)
    rgb = SKIN * np.exp(0.1 * rng.standard_normal((100, 120, 3)))
    first, second = (band_logs(mapped(rgb * gain), 1.0, 10.0) for gain in (1.0, [1.2, 0.8, 1.1]))
    assert second == pytest.approx(first, abs=2e-4)


def test_nothing_off_the_skin_matters():
    rng = np.random.default_rng(2)
    rgb = SKIN * np.exp(0.1 * rng.standard_normal((90, 110, 3)))
    used = np.ones((90, 110), dtype=bool)
    used[30:40] = used[:, :12] = False
    spoilt = np.where(used[..., None], rgb, 5.0)
    first, second = (band_logs(mapped(each, used=used), 1.0, 10.0) for each in (rgb, spoilt))
    assert np.array_equal(first, second)
    assert not first[~used].any()


def test_millimetres_need_a_scale():
    with pytest.raises(ValueError, match="scale"):
        band_logs(mapped(np.tile(SKIN, (50, 50, 1)), None), 1.0, 10.0)
