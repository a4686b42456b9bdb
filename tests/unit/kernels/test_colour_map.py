"""The colour map: exact means, whatever lies off the mask, and what is derived from it."""

from dataclasses import dataclass

import numpy as np
import pytest

from dermadelta.kernels.colour import erythema_index
from dermadelta.kernels.colour_map import (
    MOST_PIXELS,
    coarse_map,
    coarser,
    colour_map,
    enlarged,
    erythema_map,
    erythema_spread,
    map_factor,
    square_centres,
    tile_means,
)


@dataclass(frozen=True, eq=False)
class Box:
    rgb: np.ndarray
    mask: np.ndarray
    tile_ids: np.ndarray


def box(rows: int, cols: int, *, share: float = 0.8, seed: int = 3, tile: int = 20) -> Box:
    rng = np.random.default_rng(seed)
    rgb = rng.uniform(0.05, 0.9, (rows, cols, 3)).astype(np.float32)
    row, col = np.mgrid[:rows, :cols] // tile
    return Box(rgb, rng.random((rows, cols)) < share, (row * 100 + col).astype(np.int32))


@pytest.mark.parametrize("shape", [(60, 90), (61, 92), (59, 88), (7, 200), (200, 5)])
@pytest.mark.parametrize("mm_per_px", [None, 0.1, 0.05, 0.033, 0.02, 0.009])
def test_the_sum_over_the_mask_is_kept(shape, mm_per_px):
    made = box(*shape)
    colours = colour_map(made, mm_per_px)
    sums = (colours.rgb * colours.weight[..., None]).sum(axis=(0, 1), dtype=np.float64)
    assert colours.weight.sum() == np.count_nonzero(made.mask)
    assert sums == pytest.approx(made.rgb[made.mask].sum(axis=0, dtype=np.float64), rel=1e-6)
    assert colours.rgb.shape[:2] == colours.weight.shape == colours.tile_ids.shape


def test_each_square_is_the_mean_of_its_own_pixels():
    made = box(31, 44)
    colours = colour_map(made, 0.033)
    assert colours.factor == 3
    for row, col in ((0, 0), (4, 7), (10, 14), (10, 3), (2, 14)):
        block = np.s_[3 * row : 3 * row + 3, 3 * col : 3 * col + 3]
        inside = made.mask[block]
        assert colours.weight[row, col] == np.count_nonzero(inside)
        assert colours.rgb[row, col] == pytest.approx(
            made.rgb[block][inside].mean(axis=0), rel=1e-5
        )
        middle = made.tile_ids[min(3 * row + 1, 30), min(3 * col + 1, 43)]
        assert colours.tile_ids[row, col] == middle


@pytest.mark.parametrize("bad", [np.nan, np.inf, -5.0])
def test_what_is_off_the_mask_does_not_matter(bad):
    made = box(50, 70)
    spoilt = made.rgb.copy()
    spoilt[~made.mask] = bad
    first, second = (colour_map(b, 0.04) for b in (made, Box(spoilt, made.mask, made.tile_ids)))
    assert np.array_equal(first.rgb, second.rgb)


@pytest.mark.parametrize(
    ("shape", "mm_per_px", "factor"),
    [((100, 100), 0.1, 1), ((100, 100), 0.2, 1), ((100, 100), 0.05, 2), ((100, 100), 0.034, 3)],
)
def test_the_squares_are_a_tenth_of_a_millimetre(shape, mm_per_px, factor):
    assert map_factor(shape, mm_per_px) == factor


@pytest.mark.parametrize("shape", [(1643, 2191), (4000, 3000), (649, 648)])
def test_the_map_stays_small(shape):
    factor = map_factor(shape, None)
    assert shape[0] * shape[1] / factor**2 <= MOST_PIXELS
    assert factor == 1 or shape[0] * shape[1] / (factor - 1) ** 2 > MOST_PIXELS


def test_a_coarser_map_is_that_of_larger_squares():
    made = box(60, 84)
    direct = colour_map(made, 0.1 / 6.0)
    steps = coarser(colour_map(made, 0.1 / 2.0), 3)
    assert direct.factor == steps.factor == 6
    assert steps.rgb == pytest.approx(direct.rgb, rel=1e-5)
    assert np.array_equal(steps.weight, direct.weight)
    assert steps.step_mm == pytest.approx(0.3)
    assert coarse_map(colour_map(made, 0.05), 0.3).factor == 6
    assert coarse_map(colour_map(made, None), 0.3).factor == 2


def test_tiles_make_the_mean_again():
    colours = colour_map(box(90, 120), 0.05)
    ids, weights, means = tile_means(colours, colours.rgb)
    assert np.all(np.diff(ids) > 0)
    whole = np.average(colours.rgb.reshape(-1, 3), axis=0, weights=colours.weight.ravel())
    assert weights @ means / weights.sum() == pytest.approx(whole, rel=1e-6)
    half = np.zeros(colours.weight.shape, dtype=bool)
    half[:10] = True
    _, weights, means = tile_means(colours, colours.rgb[..., 1], half)
    assert weights.sum() == colours.weight[:10].sum()
    expected = np.average(colours.rgb[:10, :, 1], weights=colours.weight[:10])
    assert weights @ means / weights.sum() == pytest.approx(expected, rel=1e-6)


def test_the_erythema_index_is_that_of_the_mean_light():
    colours = colour_map(box(40, 60, share=1.0), 0.05)
    assert erythema_map(colours) == pytest.approx(erythema_index(colours.rgb), abs=1e-3)


def test_the_spread_of_redness_leaves_thin_squares_out():
    made = box(80, 80, share=1.0)
    made.rgb[...] = (0.4, 0.25, 0.2)
    made.mask[:, 79] = False
    made.mask[::2, 78] = False
    made.rgb[:, 78] = (0.9, 0.1, 0.1)
    median, sd = erythema_spread(colour_map(made, 0.05))
    assert median == pytest.approx(float(erythema_index([0.4, 0.25, 0.2])), abs=1e-3)
    assert sd == pytest.approx(0.0, abs=1e-4)


def test_squares_find_back_to_the_photo():
    made = box(9, 12, share=1.0)
    colours = colour_map(made, 0.033)
    centres = square_centres(colours, (100, 50))
    assert centres[0, 0].tolist() == [101.0, 51.0]
    assert centres[2, 3].tolist() == [110.0, 57.0]
    red = np.zeros((3, 4), dtype=bool)
    red[1, 2] = True
    wide = enlarged(red, 3, made.mask)
    assert wide.shape == made.mask.shape
    assert wide[3:6, 6:9].all()
    assert np.count_nonzero(wide) == 9
