"""The pores of grown skin lie where they are said to lie."""

from dataclasses import replace

import numpy as np
import pytest

from dermadelta.phantom.fields import draw_dots, laid_dots
from dermadelta.phantom.skin import Grid, SkinSpec, make_skin, pores

SPEC = SkinSpec(seed=17, melanin=0.8, haemoglobin=0.25, freckles_per_cm2=0.0)
GRID = Grid(300, 240, 0.05)


def test_number_and_sizes_are_those_of_the_skin():
    found = pores(SPEC, GRID)
    area_cm2 = 300 * 240 * 0.05**2 / 100.0
    assert len(found) == pytest.approx(SPEC.pores_per_cm2 * area_cm2, abs=2)
    assert np.unique(found[:, 2]) == pytest.approx([0.16, 0.22, 0.30])
    assert found[:, 0].min() >= 0.0
    assert found[:, 0].max() < GRID.width_px
    assert found[:, 1].max() < GRID.height_px


def test_the_skin_differs_from_skin_without_pores_where_they_are():
    """The pigments come from a generator of their own, and only pores darken them further."""
    found = pores(SPEC, GRID)
    bare = make_skin(replace(SPEC, pores_per_cm2=0.0), GRID)
    darker = make_skin(SPEC, GRID).melanin - bare.melanin
    expected = np.zeros(GRID.shape)
    rows, cols = np.mgrid[: GRID.height_px, : GRID.width_px]
    for x, y, diameter, depth in found:
        sigma = 0.36 * diameter / GRID.step_mm
        expected += depth * np.exp(-0.5 * ((cols - x) ** 2 + (rows - y) ** 2) / sigma**2)
    inner = np.s_[6:-6, 6:-6]  # the field is mirrored at its edge
    darker, expected = darker[inner], 0.22 * np.minimum(expected, 1.5)[inner]
    assert np.abs(darker - expected).max() < 0.06
    assert np.corrcoef(darker.ravel(), expected.ravel())[0, 1] > 0.99


def test_other_seeds_have_other_pores():
    first, second = (pores(replace(SPEC, seed=seed), GRID) for seed in (1, 2))
    assert not np.array_equal(first, second)


def test_no_dots_leave_the_field_empty():
    drawn = draw_dots(np.random.default_rng(1), (20, 30), 0, 1.5)
    assert not laid_dots(drawn, (20, 30)).any()
