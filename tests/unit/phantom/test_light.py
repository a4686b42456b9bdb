from dataclasses import replace

import numpy as np
import pytest

from dermadelta.phantom.light import SOFTENING_MM, Light, render
from dermadelta.phantom.skin import Grid, Skin, SkinSpec, albedo, make_skin

GRID = Grid(240, 200, 0.05)
MATT = Light(azimuth_deg=0.0, elevation_deg=45.0, fill=0.3, gloss=0.0, falloff=0.0)


def level_skin(height: np.ndarray | None = None) -> Skin:
    zero = np.zeros(GRID.shape, dtype=np.float32)
    return Skin(GRID, zero if height is None else height, zero + 1.0, zero + 0.25, 1e9)


def ridge() -> np.ndarray:
    x, _ = GRID.axes_mm()
    return np.broadcast_to(0.05 * np.exp(-((x / 0.4) ** 2)), GRID.shape).astype(np.float32)


@pytest.mark.parametrize("fill", [0.0, 0.3, 1.0])
def test_level_skin_has_its_albedo(fill):
    skin = level_skin()
    image = render(skin, replace(MATT, fill=fill))
    for channel, plane in enumerate(albedo(skin)):
        np.testing.assert_allclose(image[..., channel], plane, rtol=1e-4)


def test_the_side_towards_the_lamp_is_brighter():
    image = render(level_skin(ridge()), MATT)[100, :, 1]
    middle = GRID.width_px // 2
    # The lamp stands at +x: the slope that falls towards +x faces it.
    assert image[middle + 5] > image[10] > image[middle - 5]
    turned = render(level_skin(ridge()), replace(MATT, azimuth_deg=180.0))[100, :, 1]
    assert turned[middle - 5] > turned[10] > turned[middle + 5]


def test_light_along_a_ridge_does_not_show_it_but_for_the_fill():
    across = render(level_skin(ridge()), replace(MATT, fill=0.0))[100, :, 1]
    along = render(level_skin(ridge()), replace(MATT, fill=0.0, azimuth_deg=90.0))[100, :, 1]
    assert np.ptp(along) < 0.15 * np.ptp(across)


def test_lower_light_and_less_fill_show_more_relief():
    skin = level_skin(ridge())

    def contrast(light: Light) -> float:
        return float(np.std(np.log(render(skin, light)[100, 20:-20, 1])))

    assert contrast(replace(MATT, elevation_deg=37.0)) > 1.15 * contrast(MATT)
    assert contrast(replace(MATT, fill=0.6)) < 0.75 * contrast(MATT)


def test_red_is_softened_most():
    assert SOFTENING_MM[0] > SOFTENING_MM[1] > SOFTENING_MM[2]
    image = render(level_skin(ridge()), MATT)[100]
    spread = [np.std(np.log(image[20:-20, channel])) for channel in range(3)]
    assert spread[0] < spread[1] < spread[2]


def test_gloss_adds_white_light_only():
    skin = make_skin(SkinSpec(1, 1.0, 0.25), GRID)
    added = render(skin, replace(MATT, gloss=0.5)) - render(skin, MATT)
    assert added.min() >= -1e-6
    np.testing.assert_allclose(added[..., 0], added[..., 2], atol=1e-6)
