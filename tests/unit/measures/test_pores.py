"""Pores of painted skin."""

from dataclasses import replace

import numpy as np
import pytest

from dermadelta.domain import NotMeasured, Read
from dermadelta.measures.pores import (
    Params,
    read_pores_area_share,
    read_pores_density,
    read_pores_size,
)

PARAMS = Params()
SIDE_MM = 12.0
SIGMA_MM = 0.09
READS = (read_pores_density, read_pores_area_share, read_pores_size)


def places(n: int = 6) -> np.ndarray:
    """n × n places of pores, off the pixel grid."""
    at = (np.arange(n) + 0.5) * SIDE_MM / n
    x, y = np.meshgrid(at, at)
    return np.column_stack([x.ravel() + 0.013, y.ravel() - 0.021])


def porous(mm_per_px: float = 0.05, depth: float = 0.15, n: int = 6, noise: float = 0.004):
    size = round(SIDE_MM / mm_per_px)
    y, x = (np.mgrid[:size, :size] + 0.5) * mm_per_px
    light = noise * np.random.default_rng(2).standard_normal((size, size)) - 1.2
    for px, py in places(n):
        light -= depth * np.exp(-0.5 * ((x - px) ** 2 + (y - py) ** 2) / SIGMA_MM**2)
    return np.repeat(np.exp(light)[..., None], 3, axis=2)


def read(measure, view) -> Read:
    found = measure(view, PARAMS)
    assert isinstance(found, Read), found
    return found


@pytest.mark.parametrize("mm_per_px", [0.065, 0.05, 0.04, 0.02, 0.013])
def test_number_and_places(paint, mm_per_px):
    """The pores of the whole square lie on the skin that is searched, a margin of 0.3 mm less."""
    found = read(read_pores_density, paint(porous(mm_per_px), mm_per_px))
    margin = 2 * PARAMS.edge_mm
    searched = (SIDE_MM - margin) ** 2 / 100.0
    assert found.value == pytest.approx(len(places()) / searched, rel=0.03)
    assert len(found.marks) == len(places())
    seen = (found.marks[:, :2] + 0.5) * mm_per_px
    away = np.hypot(*(seen[:, None] - places()[None]).transpose(2, 0, 1)).min(axis=1)
    assert away.max() < 0.02


@pytest.mark.parametrize("mm_per_px", [0.065, 0.04, 0.02])
def test_size_and_share_keep_to_millimetres(paint, mm_per_px):
    size, share = (
        [read(measure, paint(porous(scale), scale)).value for scale in (0.03, mm_per_px)]
        for measure in (read_pores_size, read_pores_area_share)
    )
    assert size[1] == pytest.approx(size[0], rel=0.06)
    assert share[1] == pytest.approx(share[0], rel=0.08)


def test_share_is_number_times_area(paint):
    view = paint(porous(), 0.05)
    density, share, size = (read(measure, view).value for measure in READS)
    assert share == pytest.approx(density * size, rel=0.05)  # % = 1/cm² · mm²


def test_deeper_pores_are_as_many_and_as_large(paint):
    first, second = (paint(porous(depth=depth), 0.05) for depth in (0.12, 0.24))
    for measure in READS:
        assert read(measure, second).value == pytest.approx(read(measure, first).value, rel=0.03)


def test_twice_as_many(paint):
    first, second = (paint(porous(n=n), 0.05) for n in (5, 10))
    ratio = read(read_pores_density, second).value / read(read_pores_density, first).value
    assert ratio == pytest.approx(4.0, rel=0.01)


def test_tiles_make_the_value_again(paint):
    view = paint(porous(n=7), 0.05)
    for measure in READS:
        found = read(measure, view)
        mean = found.tiles.weight @ found.tiles.value / found.tiles.weight.sum()
        assert mean == pytest.approx(found.value, rel=1e-9)


def test_a_pore_on_the_border_counts_where_its_centre_lies(paint):
    """Two regions that make up the whole hold each pore once, also those that the border cuts."""
    rgb = porous()
    size = len(rgb)
    left = np.zeros((size, size), dtype=bool)
    left[:, : round(5.0 / 0.05)] = True  # through the pores of the third column
    skin = np.ones((size, size), dtype=bool)
    parts = [
        len(read(read_pores_density, paint(rgb, 0.05, mask=part, skin=skin)).marks)
        for part in (left, ~left)
    ]
    assert sum(parts) == len(places())
    assert min(parts) == 12


def test_the_outline_is_that_of_the_pores(paint):
    view = paint(porous(0.025), 0.025)
    found = read(read_pores_area_share, view)
    assert found.outline.shape == view.mask.shape
    searched = ((SIDE_MM - 2 * PARAMS.edge_mm) / SIDE_MM) ** 2
    assert 100.0 * found.outline.mean() / searched == pytest.approx(found.value, rel=0.2)
    for x, y in places():
        assert found.outline[int(y / 0.025), int(x / 0.025)]


def test_a_sharper_photo_is_brought_to_the_common_sharpness(paint):
    """Blur that is still to be added makes pores as large as they are where it was added."""
    sharp = paint(porous(), 0.05)
    soft = replace(sharp, blur_to_add_px2=1.0)
    sizes = [read(read_pores_size, view).value for view in (sharp, soft)]
    assert sizes[1] > 1.1 * sizes[0]


def test_even_skin_has_none(paint):
    for measure in READS:
        found = measure(paint(porous(depth=0.0), 0.05), PARAMS)
        assert isinstance(found, NotMeasured)
        assert "no pores" in found.reason


def test_few_pores_have_no_median_size(paint):
    view = paint(porous(n=3), 0.05)
    assert len(read(read_pores_density, view).marks) == 9
    found = read_pores_size(view, PARAMS)
    assert isinstance(found, NotMeasured)
    assert "only 9 pores" in found.reason


def test_a_photo_from_far_away_is_too_coarse(paint):
    found = read_pores_density(paint(porous(0.08), 0.08), PARAMS)
    assert isinstance(found, NotMeasured)
    assert "0.080 mm" in found.reason
    assert "0.067 mm" in found.reason


def test_too_little_skin_is_not_counted(paint):
    mask = np.zeros((240, 240), dtype=bool)
    mask[100:160, 100:160] = True
    found = read_pores_density(paint(porous(), 0.05, mask=mask), PARAMS)
    assert isinstance(found, NotMeasured)
    assert "mm² of skin" in found.reason


def test_the_same_photo_gives_the_same_bits(paint):
    first, second = (read(read_pores_area_share, paint(porous(), 0.05)) for _ in range(2))
    assert first.value == second.value
    assert np.array_equal(first.outline, second.outline)


def test_widths_must_rise():
    with pytest.raises(ValueError, match="must rise"):
        Params(fine_mm=0.2)
