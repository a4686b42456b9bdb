"""Spots on painted maps of melanin."""

import numpy as np
import pytest

from dermadelta.kernels.spots import SpotRules, find_spots, local_median

STEP = 0.2
RULES = SpotRules(
    sigmas=(0.3 / STEP, 3.0 / STEP),
    window=20.0 / STEP,
    least_sd=3.0,
    floor=0.03 / 3.0,
    areas=(0.2 / STEP**2, 80.0 / STEP**2),
    elongation=3.0,
)
SIDE = 240
"""48 mm."""


def mottled(seed: int = 0, sd: float = 0.006) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (0.3 + sd * rng.standard_normal((SIDE, SIDE))).astype(np.float32)


def add_disc(density: np.ndarray, at_mm, radius_mm: float, height: float, squeeze=1.0) -> None:
    y, x = np.mgrid[: density.shape[0], : density.shape[1]] * STEP
    distance = np.hypot((x - at_mm[0]) / squeeze, (y - at_mm[1]) * squeeze)
    density += (height / (1.0 + np.exp((distance - radius_mm) / 0.1))).astype(np.float32)


def everywhere(density: np.ndarray) -> np.ndarray:
    return np.ones(density.shape, dtype=bool)


PLACES = [(8.0, 9.0), (22.0, 8.0), (37.0, 10.0), (10.0, 30.0), (26.0, 27.0), (38.0, 38.0)]


@pytest.mark.parametrize("radius_mm", [0.5, 1.0, 2.0, 4.0])
def test_every_spot_is_found_once(radius_mm):
    density = mottled()
    for place in PLACES:
        add_disc(density, place, radius_mm, 0.1)
    found = find_spots(density, everywhere(density), RULES)
    assert len(found.peaks) == len(PLACES)
    rows, cols = np.divmod(found.peaks, SIDE)
    for x, y in PLACES:
        assert np.hypot(cols * STEP - x, rows * STEP - y).min() <= radius_mm
    assert set(np.unique(found.labels)) == set(range(len(PLACES) + 1))


@pytest.mark.parametrize("radius_mm", [1.0, 2.0, 4.0])
def test_the_area_does_not_depend_on_the_contrast(radius_mm):
    areas = []
    for height in (0.06, 0.12, 0.3):
        density = mottled()
        for place in PLACES:
            add_disc(density, place, radius_mm, height)
        found = find_spots(density, everywhere(density), RULES)
        areas.append(np.count_nonzero(found.labels) * STEP**2 / len(PLACES))
    assert areas == pytest.approx([np.mean(areas)] * 3, rel=0.06)
    # The smoothing of 0.3 mm draws the half height of a small spot inwards.
    assert np.mean(areas) == pytest.approx(np.pi * (radius_mm - 0.05) ** 2, rel=0.06)


def test_the_height_is_that_above_the_skin_around():
    density = mottled()
    density += np.linspace(0.0, 0.2, SIDE, dtype=np.float32)[None]  # a tan that ends somewhere
    for place in PLACES:
        add_disc(density, place, 2.0, 0.12)
    found = find_spots(density, everywhere(density), RULES)
    inner = found.labels > 0
    assert len(found.peaks) == len(PLACES)
    assert found.above[inner].mean() == pytest.approx(0.115, abs=0.01)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("sd", [0.002, 0.01, 0.03])
def test_mottling_alone_has_hardly_any(seed, sd):
    density = mottled(seed, sd)
    found = find_spots(density, everywhere(density), RULES)
    assert len(found.peaks) <= 4  # in 23 cm²


def test_hairs_are_no_spots():
    density = mottled()
    for row in (30, 60):
        density[row : row + 2, 20:200] += 0.2
    along = np.arange(80, 200)
    density[along, along] += 0.3
    density[along, along + 1] += 0.3
    assert len(find_spots(density, everywhere(density), RULES).peaks) == 0


def test_a_step_and_the_edge_of_the_skin_are_no_spots():
    density = mottled()
    density[:, 120:] += 0.15  # clothes left the rest pale
    skin = everywhere(density)
    skin[:, :30] = skin[:25] = False
    density[~skin] = 3.0
    assert len(find_spots(density, skin, RULES).peaks) == 0


def test_too_small_and_too_large_ones_are_left_out():
    density = mottled(sd=0.002)
    add_disc(density, (10.0, 10.0), 5.6, 0.1)
    add_disc(density, (35.0, 35.0), 1.0, 0.1)
    density[100, 200] += 0.05
    found = find_spots(density, everywhere(density), RULES)
    assert len(found.peaks) == 1


def test_nothing_off_the_skin_matters():
    density = mottled()
    for place in PLACES:
        add_disc(density, place, 1.5, 0.1)
    skin = everywhere(density)
    skin[50:60] = False
    spoilt = np.where(skin, density, np.float32(np.nan))
    first, second = (find_spots(d, skin, RULES) for d in (density, spoilt))
    assert np.array_equal(first.labels, second.labels)
    assert np.array_equal(first.peaks, second.peaks)


def test_no_skin_has_no_spots():
    density = mottled()
    found = find_spots(density, np.zeros(density.shape, dtype=bool), RULES)
    assert len(found.peaks) == 0
    assert not found.labels.any()


def test_the_local_median_is_not_moved_by_spots():
    density = mottled(sd=0.001)
    for place in PLACES:
        add_disc(density, place, 1.0, 0.5)
    median = local_median(density, everywhere(density), 20.0 / STEP)
    assert median == pytest.approx(np.full_like(median, 0.3), abs=0.02)
