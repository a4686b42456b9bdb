"""Pores painted as Gaussian dots, whose outline is known."""

import numpy as np
import pytest
from scipy.optimize import brentq

from dermadelta.kernels.pores import PoreRules, drawn, find_pores, shrunk, those

FINE, COARSE = 1.0, 2.2
SIZE = 160
PLACES = np.array([(30.0, 40.0), (80.3, 35.6), (120.5, 60.25), (50.7, 110.2), (110.0, 120.9)])
SKIN = np.ones((SIZE, SIZE), dtype=bool)
RULES = PoreRules(
    sigmas=(FINE, COARSE),
    round_sigma=1.6,
    contrast=0.045,
    floor=0.006,
    roundness=0.5,
    areas=(8.0, 240.0),
    edge=6,
    apart=2.6,
)
ROWS, COLS = np.mgrid[:SIZE, :SIZE]


def dotted(depth: float = 0.1, sigma: float = 1.5, places: np.ndarray = PLACES) -> np.ndarray:
    light = 0.002 * np.random.default_rng(3).standard_normal((SIZE, SIZE)) - 1.0
    for x, y in places:
        light -= depth * np.exp(-0.5 * ((COLS - x) ** 2 + (ROWS - y) ** 2) / sigma**2)
    return light.astype(np.float32)


def true_radius(sigma: float) -> float:
    """Where the difference of two Gaussians of a Gaussian dot falls to 1/e of its middle."""

    def level(r: float) -> float:
        wide = [sigma**2 + width**2 for width in (FINE, COARSE)]
        first, second = (np.exp(-0.5 * r**2 / w) / w for w in wide)
        return first - second

    return float(brentq(lambda r: level(r) - np.exp(-1.0) * level(0.0), 0.5, 6.0))


def test_all_are_found_where_they_are():
    found = find_pores(dotted(), SKIN, RULES)
    order = np.argsort(found.y)
    places = PLACES[np.argsort(PLACES[:, 1])]
    assert np.column_stack([found.x, found.y])[order] == pytest.approx(places, abs=0.15)


@pytest.mark.parametrize("sigma", [1.2, 1.6, 2.2])
@pytest.mark.parametrize("depth", [0.08, 0.2])
def test_the_area_does_not_depend_on_the_depth(sigma, depth):
    found = find_pores(dotted(depth, sigma), SKIN, RULES)
    assert len(found.x) == len(PLACES)
    assert found.area == pytest.approx(np.pi * true_radius(sigma) ** 2, rel=0.08)


def test_a_large_pore_is_followed_to_its_edge():
    """Its rays end farther out than those of most pores are sought."""
    few = RULES.__class__(**{**RULES.__dict__, "areas": (2.0, 240.0)})
    found = find_pores(dotted(0.2, 3.0), SKIN, few)
    assert found.area == pytest.approx(np.pi * true_radius(3.0) ** 2, rel=0.08)


def test_bright_dots_are_no_pores():
    assert len(find_pores(dotted(-0.1), SKIN, RULES).x) == 0


def test_shallow_dots_are_left_alone():
    assert len(find_pores(dotted(0.012), SKIN, RULES).x) == 0


@pytest.mark.parametrize("angle", [0.0, 30.0, 45.0, 90.0])
def test_a_furrow_is_no_pore(angle):
    """However deep: across it light is curved, along it hardly."""
    turn = np.radians(angle)
    away = (COLS - 80.0) * np.sin(turn) - (ROWS - 80.0) * np.cos(turn)
    light = dotted(0.0) - 0.15 * np.exp(-0.5 * (away / 1.5) ** 2)
    assert len(find_pores(light.astype(np.float32), SKIN, RULES).x) == 0


def test_two_dots_that_touch_count_once():
    found = find_pores(dotted(places=np.array([(80.0, 80.0), (82.0, 80.0)])), SKIN, RULES)
    assert len(found.x) == 1


def test_rough_skin_needs_deeper_dots():
    """Waves of 0.5 mm are no pores, and a dot must stand out of them."""
    waves = 0.08 * np.sin(COLS / 1.6) * np.sin(ROWS / 1.6)
    faint, deep = dotted(0.08), dotted(0.25)

    def near(light: np.ndarray) -> int:
        found = find_pores(light.astype(np.float32), SKIN, RULES)
        away = np.hypot(found.x[:, None] - PLACES[:, 0], found.y[:, None] - PLACES[:, 1])
        return int(np.count_nonzero((away < 1.5).any(axis=0)))

    assert near(faint) == near(deep) == near(deep + waves) == len(PLACES)
    assert near(faint + waves) < len(PLACES)


def test_what_is_no_skin_does_not_matter():
    skin = SKIN.copy()
    skin[:, 100:] = False
    light = dotted()
    spoilt = np.where(skin, light, np.float32(3.0))
    first, second = (find_pores(one, skin, RULES) for one in (light, spoilt))
    assert len(first.x) == 3
    for name in ("x", "y", "area", "depth", "searched"):
        assert np.array_equal(getattr(first, name), getattr(second, name))


def test_the_edge_of_skin_is_not_searched():
    found = find_pores(dotted(), SKIN, RULES)
    assert found.searched.sum() == (SIZE - 2 * RULES.edge) ** 2
    skin = SKIN.copy()
    skin[36:46, 33:36] = False
    assert len(find_pores(dotted(), skin, RULES).x) == len(PLACES) - 1


def test_no_skin_has_no_pores():
    found = find_pores(dotted(), np.zeros_like(SKIN), RULES)
    assert len(found.x) == len(found.outline) == 0
    assert not found.searched.any()


@pytest.mark.parametrize("factor", [1, 3])
def test_the_drawn_mask_has_their_area_and_place(factor):
    found = find_pores(dotted(), SKIN, RULES)
    one = those(found, np.arange(len(found.x)) == 2)
    mask = drawn(one, factor, (SIZE * factor, SIZE * factor))
    rows, cols = np.nonzero(mask)
    assert mask.sum() / factor**2 == pytest.approx(one.area[0], rel=0.35 / factor)
    middle = (np.array([cols.mean(), rows.mean()]) - 0.5 * (factor - 1)) / factor
    assert middle == pytest.approx([one.x[0], one.y[0]], abs=0.5)


def test_squares_are_averaged_and_need_all_their_skin():
    light = np.arange(35.0, dtype=np.float32).reshape(5, 7)
    skin = np.ones((5, 7), dtype=bool)
    skin[0, 0] = False
    means, whole = shrunk(light, skin, 2)
    assert means.shape == whole.shape == (2, 3)
    assert whole.tolist() == [[False, True, True], [True, True, True]]
    assert means[1, 2] == pytest.approx(light[2:4, 4:6].mean())
