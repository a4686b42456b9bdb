from dataclasses import replace

import numpy as np
import pytest
from pydantic import ValidationError

from dermadelta.domain import NotMeasured, Read
from dermadelta.kernels.texture import CUTOFF_TO_SIGMA, gaussian
from dermadelta.measures import texture
from dermadelta.measures.texture import Params

MM = 0.03
READ = {item.name: item.read for item in texture.MEASURES}
BANDS = {
    "roughness_fine": (0.1, 0.3),
    "roughness": (0.2, 1.0),
    "roughness_lines": (1.0, 2.0),
    "roughness_scar": (2.0, 8.0),
}


def grey(signal):
    return np.repeat(np.exp(signal - 1.2)[..., None], 3, axis=2)


def wave(length_mm, amplitude=0.05, angle=0.4, shape=(480, 640), mm=MM):
    row, col = np.mgrid[: shape[0], : shape[1]] * mm
    phase = 2.0 * np.pi * (np.cos(angle) * col + np.sin(angle) * row) / length_mm
    return amplitude * np.cos(phase)


def noise(seed, sigma=3.0, shape=(480, 640)):
    white = np.random.default_rng(seed).standard_normal(shape).astype(np.float32)
    smooth = gaussian(white, sigma)
    return 0.05 * smooth / np.std(smooth)


def value(name, view, **settings):
    found = READ[name](view, Params(**settings))
    assert isinstance(found, Read), found
    return found.value


@pytest.mark.parametrize(
    ("name", "length"),
    [
        ("roughness_fine", 0.17),
        ("roughness", 0.45),
        ("roughness_lines", 1.4),
        ("roughness_scar", 4.0),
    ],
)
def test_a_wave_reads_what_the_band_passes(name, length, paint):
    view = paint(grey(wave(length)), MM)
    passed = [np.exp(-2.0 * (np.pi * CUTOFF_TO_SIGMA * cut / length) ** 2) for cut in BANDS[name]]
    expected = 0.05 / np.sqrt(2.0) * (passed[0] - passed[1])
    assert value(name, view) == pytest.approx(expected, rel=0.06)


@pytest.mark.parametrize("name", [*BANDS, "roughness_mean"])
def test_relief_that_is_a_quarter_lower_reads_a_quarter_less(name, paint):
    signal = noise(1) + noise(2, 12.0) + noise(3, 40.0)
    before, after = (paint(grey(factor * signal), MM) for factor in (1.0, 0.75))
    assert value(name, after) / value(name, before) == pytest.approx(0.75, rel=5e-3)


def test_the_mean_is_that_of_a_normal_distribution(paint):
    view = paint(grey(noise(1)), MM)
    ratio = value("roughness_mean", view) / value("roughness", view)
    assert ratio == pytest.approx(np.sqrt(2.0 / np.pi), rel=0.02)


def test_skewness_tells_furrows_from_ridges(paint):
    pits = gaussian((np.random.default_rng(4).random((480, 640)) < 0.003).astype(np.float32), 3.0)
    dark, bright = (paint(grey(sign * 2.0 * pits), MM) for sign in (-1.0, 1.0))
    read = [value("roughness_skewness", view) for view in (dark, bright)]
    assert read[0] < -1.0
    assert read[1] == pytest.approx(-read[0], rel=1e-3)
    assert value("roughness_skewness", paint(grey(noise(6)), MM)) == pytest.approx(0.0, abs=0.1)


def test_skewness_is_the_third_moment_of_the_band(paint):
    from dermadelta.kernels.relief import relief_band

    view = paint(grey(noise(7) ** 2 * 10.0), MM)
    e = relief_band(view, (0.2 / MM, 1.0 / MM)).astype(np.float64)
    expected = np.mean((e - e.mean()) ** 3) / np.std(e) ** 3
    assert value("roughness_skewness", view, outlier_sd=1e3) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("angle", [0.0, 0.5, 1.2])
def test_lines_that_run_one_way_are_anisotropic(angle, paint):
    even = paint(grey(noise(8)), MM)
    lined = paint(grey(noise(8) + wave(0.4, 0.08, angle)), MM)
    assert value("anisotropy", even) < 0.2
    assert value("anisotropy", lined) > 0.8


@pytest.mark.parametrize(
    ("name", "coarsest"),
    [
        ("roughness_fine", 0.033),
        ("roughness", 0.067),
        ("roughness_mean", 0.067),
        ("roughness_skewness", 0.067),
        ("anisotropy", 0.067),
        ("roughness_lines", 0.333),
        ("roughness_scar", 0.667),
    ],
)
def test_too_few_pixels_in_a_wave_name_the_resolution_that_is_needed(name, coarsest, paint):
    view = paint(grey(noise(9)), 1.02 * coarsest)
    found = READ[name](view, Params())
    assert isinstance(found, NotMeasured)
    assert "too coarse" in found.reason
    assert f"{coarsest:.3f} mm per pixel or finer" in found.reason
    assert isinstance(READ[name](paint(grey(noise(9)), 0.97 * coarsest), Params()), Read)


@pytest.mark.parametrize("name", READ)
def test_even_or_little_skin_is_not_measured(name, paint):
    frame: dict = {"frame_short_side_px": 3000.0}
    mm = None if name == "roughness_unscaled" else MM
    even = READ[name](paint(grey(np.zeros((480, 640))), mm, **frame), Params())
    assert isinstance(even, NotMeasured)
    assert "even" in even.reason
    few = np.zeros((480, 640), dtype=bool)
    few[:40, :40] = True
    found = READ[name](paint(grey(noise(1)), mm, mask=few, **frame), Params())
    assert isinstance(found, NotMeasured)
    assert "fewer than" in found.reason or "smaller than" in found.reason


@pytest.mark.parametrize("name", [*BANDS, "roughness_mean"])
def test_the_sensitivity_foretells_what_a_blur_does(name, paint):
    signal = noise(1, 1.5) + noise(2, 12.0) + noise(3, 40.0)
    sharp = paint(grey(signal), MM)
    softer = replace(sharp, blur_to_add_px2=0.3)
    first, second = READ[name](sharp, Params()), READ[name](softer, Params())
    assert isinstance(first, Read)
    assert isinstance(second, Read)
    assert first.blur_sensitivity < 0.0
    # What a blur takes from a band of millimetres is less than what its grid rounds off.
    assert np.log(second.value / first.value) == pytest.approx(
        0.3 * first.blur_sensitivity, rel=0.12, abs=1e-3
    )


@pytest.mark.parametrize("name", [name for name in READ if name != "roughness_unscaled"])
def test_tiles_combine_to_the_value(name, paint):
    view = paint(grey(noise(1) + noise(2, 12.0) + noise(3, 40.0)), MM)
    found = READ[name](view, Params())
    assert isinstance(found, Read)
    tiles = found.tiles
    mean = float(tiles.weight @ tiles.value / tiles.weight.sum())
    assert found.value == pytest.approx(np.sqrt(mean) if tiles.combine == "rms" else mean, rel=1e-9)
    assert len(tiles.ids) > 20


def test_hairs_are_left_out_and_scars_are_not(paint):
    plain = noise(1)
    hairy = plain.copy()
    hairy[:, 300:302] -= 2.0
    skin, hair = paint(grey(plain), MM), paint(grey(hairy), MM)
    assert value("roughness", hair) < 1.25 * value("roughness", skin)  # but for its faint seam
    assert value("roughness", hair, outlier_sd=1e3) > 2.0 * value("roughness", skin)
    sunken = plain.copy()
    sunken[200:260, 280:360] -= 0.6
    assert value("roughness_scar", paint(grey(sunken), MM)) > 3.0 * value("roughness_scar", skin)


def test_bands_must_have_width():
    with pytest.raises(ValidationError, match="lines_shortest_mm"):
        Params(lines_shortest_mm=3.0)
