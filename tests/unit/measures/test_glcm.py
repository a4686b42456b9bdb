from dataclasses import replace

import numpy as np
import pytest
from pydantic import ValidationError

from dermadelta.domain import NotMeasured, Read
from dermadelta.kernels import glcm as kernel
from dermadelta.kernels.relief import relief_band
from dermadelta.kernels.texture import gaussian
from dermadelta.measures import glcm
from dermadelta.measures.glcm import Params

READ = {item.name: item.read for item in glcm.MEASURES}
FEATURES = {
    "glcm_contrast": kernel.contrast,
    "glcm_joint_entropy": kernel.joint_entropy,
    "glcm_asm": kernel.angular_second_moment,
    "glcm_idm": kernel.inverse_difference_moment,
}
MM = 0.04


def painted(paint, factor=1.0, mm=MM, seed=1, shape=(360, 420), **changes):
    """The same skin at any scale: noise of 0.12 mm, SD 0.08 of log luminance."""
    white = np.random.default_rng(seed).standard_normal(shape).astype(np.float32)
    smooth = gaussian(white, 0.12 / mm)
    signal = factor * 0.08 * smooth / np.std(smooth)
    return paint(np.repeat(np.exp(signal - 1.2)[..., None], 3, axis=2), mm, **changes)


def read(name, view, **settings):
    found = READ[name](view, Params(**settings))
    assert isinstance(found, Read), found
    return found


@pytest.mark.parametrize("name", FEATURES)
def test_it_is_the_feature_of_the_merged_matrix(name, paint):
    view = painted(paint)  # 0.2 mm are five pixels along an axis, 3.54 steps along a diagonal
    band = relief_band(view, (0.2 / MM, 1.0 / MM))
    levels = np.clip(np.floor((band + 0.4) / 0.025), 0, 31).astype(int)
    total = np.zeros((32, 32))
    far = 5.0 / np.sqrt(2.0)
    for row, col, weight in (
        *((0, 5, 1.0), (5, 0, 1.0)),
        *((3, 3, 4.0 - far), (4, 4, far - 3.0), (3, -3, 4.0 - far), (4, -4, far - 3.0)),
    ):
        for r in range(360 - row):
            first = levels[r, max(0, -col) : 420 - max(0, col)]
            second = levels[r + row, max(0, col) : 420 + min(0, col)]
            np.add.at(total, (first, second), weight)
            np.add.at(total, (second, first), weight)
    expected = FEATURES[name](total / total.sum())
    assert read(name, view).value == pytest.approx(expected, rel=2e-3)


@pytest.mark.parametrize("name", FEATURES)
def test_tiles_combine_to_the_value(name, paint):
    found = read(name, painted(paint))
    assert found.tiles.combine == "mean"
    mean = float(found.tiles.weight @ found.tiles.value / found.tiles.weight.sum())
    assert found.value == pytest.approx(mean, rel=1e-12)


def test_fixed_bounds_keep_the_amplitude(paint):
    full, low = (painted(paint, factor) for factor in (1.0, 0.75))
    ratio = read("glcm_contrast", low).value / read("glcm_contrast", full).value
    # (i - j)² goes with the square of the amplitude, but for the width of a level.
    assert ratio == pytest.approx(0.75**2, rel=0.03)
    for name, grows in (("glcm_joint_entropy", False), ("glcm_asm", True), ("glcm_idm", True)):
        assert (read(name, low).value > read(name, full).value) is grows


@pytest.mark.parametrize("mm", [0.03, 0.047, 0.06])
def test_the_distance_is_one_of_skin(mm, paint):
    sizes = (round(360 * MM / mm), round(420 * MM / mm))
    values = [
        np.mean(
            [read("glcm_contrast", painted(paint, 1.0, at, seed, shape)).value for seed in (1, 2)]
        )
        for at, shape in ((MM, (360, 420)), (mm, sizes))
    ]
    assert values[1] == pytest.approx(values[0], rel=0.06)


@pytest.mark.parametrize("name", FEATURES)
def test_what_lies_outside_the_region_does_not_matter(name, paint):
    mask = np.ones((360, 420), dtype=bool)
    mask[:, :100] = False
    mask[150:170, 200:260] = False
    view = painted(paint, mask=mask)
    spoilt = view.rgb.copy()
    spoilt[~mask] = 0.9
    assert read(name, view).value == read(name, replace(view, rgb=spoilt)).value


@pytest.mark.parametrize("name", FEATURES)
def test_the_sensitivity_foretells_what_a_blur_does(name, paint):
    sharp = painted(paint)
    first = read(name, sharp)
    second = read(name, replace(sharp, blur_to_add_px2=0.4))
    ratio = name in ("glcm_contrast", "glcm_asm")
    change = np.log(second.value / first.value) if ratio else second.value - first.value
    assert change == pytest.approx(0.4 * first.blur_sensitivity, rel=0.15)


@pytest.mark.parametrize("name", FEATURES)
def test_what_cannot_be_told_says_why(name, paint):
    coarse = READ[name](painted(paint, mm=0.07), Params())
    assert isinstance(coarse, NotMeasured)
    assert "0.067 mm per pixel or finer" in coarse.reason
    even = READ[name](painted(paint, 0.0), Params())
    assert isinstance(even, NotMeasured)
    assert "even" in even.reason
    few = np.zeros((360, 420), dtype=bool)
    few[:30, :30] = True
    found = READ[name](painted(paint, mask=few), Params())
    assert isinstance(found, NotMeasured)
    assert "fewer than" in found.reason


def test_the_band_must_have_width():
    with pytest.raises(ValidationError, match="shortest_mm"):
        Params(shortest_mm=2.0)
