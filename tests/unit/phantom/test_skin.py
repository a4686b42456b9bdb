import numpy as np
import pytest

from dermadelta.kernels.colour import linear_to_lab
from dermadelta.phantom.cases import TONES
from dermadelta.phantom.light import Light, render
from dermadelta.phantom.skin import (
    BASE_OD,
    HAEMOGLOBIN_OD,
    MELANIN_OD,
    SURFACE_SHARE,
    Grid,
    Skin,
    SkinSpec,
    albedo,
    make_skin,
)
from dermadelta.phantom.truth import band

GRID = Grid(400, 300, 0.05)


def lab_of(spec: SkinSpec) -> np.ndarray:
    image = render(make_skin(spec, GRID), Light(gloss=0.0))
    return linear_to_lab(image.reshape(-1, 3).mean(axis=0, dtype=np.float64))


def test_albedo_is_beer_lambert_with_a_surface_share():
    flat = np.zeros((4, 5), dtype=np.float32)
    skin = Skin(Grid(5, 4, 0.05), flat, flat + 1.3, flat + 0.3, 1e9)
    expected = np.exp(-(BASE_OD + 1.3 * MELANIN_OD + 0.3 * HAEMOGLOBIN_OD))
    expected = SURFACE_SHARE + (1 - SURFACE_SHARE) * expected
    for plane, value in zip(albedo(skin), expected, strict=True):
        np.testing.assert_allclose(plane, value, rtol=1e-5)


def test_tones_run_from_very_light_to_beyond_the_published_range():
    labs = np.array([lab_of(SkinSpec(5, melanin, 0.26)) for melanin in TONES.values()])
    ita = np.degrees(np.arctan2(labs[:, 0] - 50, labs[:, 2]))
    assert np.all(np.diff(ita) < 0)
    assert ita[0] > 55
    # The darkest arm of doi:10.18434/M38597 has -24 degrees.
    assert ita[-1] < -40
    assert np.all((labs[:, 1] > 5) & (labs[:, 1] < 18))
    assert np.all((labs[:, 2] > 8) & (labs[:, 2] < 23))


@pytest.mark.parametrize("melanin", [0.45, 1.5, 4.7])
def test_texture_is_mostly_relief_but_not_only(melanin):
    spec = SkinSpec(8, melanin, 0.27)
    skin = make_skin(spec, GRID)
    light = Light()
    bumpy = render(skin, light)
    level = Skin(GRID, np.zeros_like(skin.height_mm), skin.melanin, skin.haemoglobin, 170.0)
    smooth = render(level, light)
    inner = (slice(30, -30), slice(30, -30))
    weights = np.array([0.2126, 0.7152, 0.0722], dtype=np.float32)
    total, pigment = (
        float(band(np.log(image @ weights), 0.05)[inner].std()) for image in (bumpy, smooth)
    )
    assert 0.015 < total < 0.09
    assert 0.15 < pigment / total < 0.75


def test_same_seed_same_bits_and_another_seed_another_person():
    first, again = (make_skin(SkinSpec(3, 1.0, 0.25), GRID) for _ in range(2))
    other = make_skin(SkinSpec(4, 1.0, 0.25), GRID)
    for name in ("height_mm", "melanin", "haemoglobin"):
        assert np.array_equal(getattr(first, name), getattr(again, name))
        mine, theirs = getattr(first, name).ravel(), getattr(other, name).ravel()
        assert abs(np.corrcoef(mine, theirs)[0, 1]) < 0.6


def test_relief_scales_with_its_amount():
    one, half = (make_skin(SkinSpec(3, 1.0, 0.25, relief=r), GRID) for r in (1.0, 0.5))
    np.testing.assert_allclose(half.height_mm, 0.5 * one.height_mm, atol=1e-6)
