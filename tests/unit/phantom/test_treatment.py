from dataclasses import replace

import numpy as np
import pytest

from dermadelta.kernels.colour import erythema_index
from dermadelta.phantom.light import Light, render
from dermadelta.phantom.skin import HAEMOGLOBIN_OD, Grid, Skin, SkinSpec, make_skin
from dermadelta.phantom.treatment import (
    FADE_MM,
    Distances,
    Outline,
    Scar,
    Treatment,
    treat,
    with_scars,
)

GRID = Grid(500, 400, 0.05)
AREA = Outline(1.0, -0.5, 6.0, 4.5, waviness=0.08, seed=4)


@pytest.mark.parametrize("waviness", [0.0, 0.1, 0.25])
def test_outline_area_is_that_of_its_pixels(waviness):
    outline = replace(AREA, waviness=waviness)
    pixels = np.count_nonzero(outline.outside_mm(GRID) <= 0) * GRID.step_mm**2
    assert pixels == pytest.approx(outline.area_mm2, rel=0.004)


def test_circle_area_and_distance_are_exact():
    circle = Outline(0.0, 0.0, 5.0, 5.0)
    assert circle.area_mm2 == pytest.approx(25 * np.pi, rel=1e-9)
    x, y = GRID.axes_mm()
    true = np.hypot(x, y) - 5.0
    error = np.abs(circle.outside_mm(GRID) - true)
    assert error[np.abs(true) < 1.0].max() < 0.01
    assert error.max() < 0.4


def test_scaled_outline_has_the_scaled_area():
    assert AREA.scaled(0.6).area_mm2 == pytest.approx(0.6 * AREA.area_mm2, rel=1e-9)


def test_treatment_is_whole_inside_and_gone_outside():
    skin = make_skin(SkinSpec(2, 1.0, 0.25), GRID)
    distances = Distances(GRID)
    treated = treat(skin, Treatment(AREA, relief_factor=0.7), distances)
    outside = AREA.outside_mm(GRID)
    inside, beyond = outside <= 0, outside > FADE_MM + 0.1
    np.testing.assert_allclose(
        treated.height_mm[inside], 0.7 * skin.height_mm[inside], rtol=1e-5, atol=1e-8
    )
    assert np.array_equal(treated.height_mm[beyond], skin.height_mm[beyond])
    assert treated.melanin is skin.melanin


def test_haemoglobin_moves_the_erythema_index_as_optics_say():
    zero = np.zeros(GRID.shape, dtype=np.float32)
    skin = Skin(GRID, zero, zero + 0.6, zero + 0.25, 1e9)
    redder = treat(skin, Treatment(None, haemoglobin_change=0.1), Distances(GRID))
    light = Light(gloss=0.0, falloff=0.0)
    before, after = (erythema_index(render(s, light)[200, 250]) for s in (skin, redder))
    expected = 100 * 0.1 * (HAEMOGLOBIN_OD[1] - HAEMOGLOBIN_OD[0]) / np.log(10)
    # The surface share pales both channels a little.
    assert after - before == pytest.approx(expected, rel=0.05)


def test_nothing_done_is_the_same_skin():
    skin = make_skin(SkinSpec(2, 1.0, 0.25), GRID)
    assert treat(skin, Treatment(AREA), Distances(GRID)) is skin
    assert with_scars(skin, (), Distances(GRID)) is skin


@pytest.mark.parametrize("kind", ["red", "brown", "atrophic"])
def test_a_scar_changes_what_it_says(kind):
    skin = make_skin(SkinSpec(2, 1.0, 0.25, freckles_per_cm2=0.0), GRID)
    scarred = with_scars(skin, (Scar(kind, AREA),), Distances(GRID))
    deep = AREA.outside_mm(GRID) < -1.0
    haem = float((scarred.haemoglobin - skin.haemoglobin)[deep].mean())
    melanin = float((scarred.melanin - skin.melanin)[deep].mean())
    height = float((scarred.height_mm - skin.height_mm)[deep].mean())
    assert (haem > 0.25) == (kind == "red")
    assert (melanin > 0.4) == (kind == "brown")
    assert (height < -0.2) == (kind == "atrophic")


def test_scars_after_treatment_are_smaller_and_paler():
    scar = Scar("red", AREA, contrast=1.0)
    (after,) = Treatment(AREA, scar_area_factor=0.5, scar_contrast_factor=0.8).scars_after((scar,))
    assert after.outline.area_mm2 == pytest.approx(0.5 * AREA.area_mm2)
    assert after.contrast == pytest.approx(0.8)
