"""Spots of painted skin."""

import numpy as np
import pytest

from dermadelta.domain import NotMeasured, Read
from dermadelta.kernels.pigments import BASE_OD, HAEMOGLOBIN, MELANIN
from dermadelta.measures.spots import (
    Params,
    read_spots_area_share,
    read_spots_contrast,
    read_spots_density,
)

PARAMS = Params()
SIDE_MM = 40.0
PLACES = [(8.0, 9.0), (22.0, 8.0), (31.0, 20.0), (10.0, 30.0), (26.0, 31.0)]


def freckled(mm_per_px: float, height: float, radius_mm: float = 1.0, tan: float = 0.0):
    size = round(SIDE_MM / mm_per_px)
    y, x = (np.mgrid[:size, :size] + 0.5) * mm_per_px
    melanin = np.full((size, size), 0.3 + tan)
    for place in PLACES:
        distance = np.hypot(x - place[0], y - place[1])
        melanin += height / (1.0 + np.exp((distance - radius_mm) / 0.08))
    return np.exp(-(BASE_OD + melanin[..., None] * MELANIN + 0.1 * HAEMOGLOBIN + 0.2))


def noisy(rgb: np.ndarray) -> np.ndarray:
    return rgb * (1.0 + 0.02 * np.random.default_rng(1).standard_normal(rgb.shape))


def value(read, view) -> float:
    found = read(view, PARAMS)
    assert isinstance(found, Read), found
    return found.value


@pytest.mark.parametrize("mm_per_px", [0.1, 0.07, 0.05])
@pytest.mark.parametrize("height", [0.08, 0.2])
def test_number_area_and_contrast(paint, mm_per_px, height):
    view = paint(noisy(freckled(mm_per_px, height)), mm_per_px)
    cm2 = SIDE_MM**2 / 100.0
    assert value(read_spots_density, view) == pytest.approx(len(PLACES) / cm2, rel=5e-3)
    share = 100.0 * len(PLACES) * np.pi / SIDE_MM**2
    assert value(read_spots_area_share, view) == pytest.approx(share, rel=0.12)
    assert value(read_spots_contrast, view) == pytest.approx(0.9 * height, rel=0.08)


def test_a_tan_of_all_the_skin_is_no_spot(paint):
    first, second = (paint(noisy(freckled(0.1, 0.1, tan=tan))) for tan in (0.0, 0.1))
    for read in (read_spots_density, read_spots_contrast):
        assert value(read, second) == pytest.approx(value(read, first), rel=0.02)


def test_shading_is_no_spot(paint):
    rgb = noisy(freckled(0.1, 0.0))
    y, x = np.mgrid[:400, :400] * 0.1
    shade = 1.0 - 0.5 * np.exp(-((x - 20.0) ** 2 + (y - 20.0) ** 2) / 4.0)
    assert value(read_spots_density, paint(rgb * shade[..., None])) == 0.0


def test_clear_skin_has_none(paint):
    view = paint(noisy(freckled(0.1, 0.0)))
    assert value(read_spots_density, view) == 0.0
    assert value(read_spots_area_share, view) == 0.0
    found = read_spots_contrast(view, PARAMS)
    assert isinstance(found, NotMeasured)
    assert "no spots" in found.reason


def test_tiles_make_the_value_again(paint):
    view = paint(noisy(freckled(0.1, 0.1)))
    for read in (read_spots_density, read_spots_area_share, read_spots_contrast):
        found = read(view, PARAMS)
        mean = found.tiles.weight @ found.tiles.value / found.tiles.weight.sum()
        assert mean == pytest.approx(found.value, rel=1e-9)


def test_the_outline_is_that_of_the_spots(paint):
    view = paint(noisy(freckled(0.05, 0.1)), 0.05)
    found = read_spots_area_share(view, PARAMS)
    assert 100.0 * found.outline.mean() == pytest.approx(found.value, rel=0.01)
    for x, y in PLACES:
        assert found.outline[round(y / 0.05), round(x / 0.05)]


def test_a_photo_from_far_away_is_too_coarse(paint):
    found = read_spots_density(paint(freckled(0.5, 0.1), 0.5), PARAMS)
    assert isinstance(found, NotMeasured)
    assert "coarse" in found.reason
