"""The bench's warped pairs: their truth is where the picture truly lies."""

import sys
from importlib import import_module
from pathlib import Path

import cv2
import numpy as np
import pytest

from dermadelta.kernels.geometry import apply_homography, pixel_grid
from dermadelta.phantom.light import half_side_mm, render
from dermadelta.phantom.shots import random_lamp, random_skin
from dermadelta.phantom.skin import Grid, make_skin

WIDTH = 480


@pytest.fixture(scope="module")
def warps():
    before = list(sys.path)
    sys.path.insert(0, str(Path(__file__).parents[2] / "bench"))
    yield import_module("known_warps"), import_module("warp_score")
    sys.path[:] = before


@pytest.fixture(scope="module")
def skin(warps):
    rng = np.random.default_rng(0)
    grid = Grid(WIDTH, 3 * WIDTH // 4, 0.1)
    light = render(make_skin(random_skin(rng, 0.9), grid), random_lamp(rng), half_side_mm(grid))
    mask = np.zeros(grid.shape, dtype=np.bool_)
    mask[40:-40, 40:-40] = True
    return warps[0].Source("phantom_test", "phantom", light, mask)


def test_the_after_photo_shows_what_the_truth_says(warps, skin):
    warp = warps[0].make(skin, 0.03, 2, WIDTH)
    x, y = warp.truth[..., 0], warp.truth[..., 1]
    expected = cv2.remap(warp.before_rgb, x, y, cv2.INTER_LINEAR)

    def likeness(picture):
        inside = warp.after_skin
        detail = [
            np.log1p(rgb[..., 1].astype(np.float32))
            - cv2.GaussianBlur(np.log1p(rgb[..., 1].astype(np.float32)), (0, 0), 8.0)
            for rgb in (picture, warp.after_rgb)
        ]
        return np.corrcoef(detail[0][inside], detail[1][inside])[0, 1]

    assert likeness(expected) > 0.6
    assert abs(likeness(warp.before_rgb)) < 0.2


def test_without_a_field_the_truth_is_a_homography(warps, skin):
    warp = warps[0].make(skin, 0.0, 2, WIDTH)
    points = pixel_grid((0, 0, WIDTH, 3 * WIDTH // 4), 16)
    there = warp.truth[::16, ::16].astype(np.float64)
    matrix, _ = cv2.findHomography(points.reshape(-1, 2), there.reshape(-1, 2))
    assert np.abs(apply_homography(matrix, points) - there).max() < 0.02


def test_the_field_reaches_its_share_of_the_width(warps):
    field = warps[0].NonRigid.draw(np.random.default_rng(3), (360, WIDTH), 0.03, 0.1)
    points = pixel_grid((0, 0, WIDTH, 360), 2)
    length = np.hypot(*np.moveaxis(field.moved(points) - points, -1, 0))
    assert length.max() == pytest.approx(0.03 * WIDTH, rel=0.02)


def test_the_same_arguments_give_the_same_bytes(warps, skin):
    first, second = (warps[0].make(skin, 0.01, 4, WIDTH) for _ in range(2))
    assert first.files == second.files
    assert warps[0].make(skin, 0.01, 5, WIDTH).files != first.files


def test_a_map_is_scored_by_its_distance_from_the_truth(warps, skin):
    warp = warps[0].make(skin, 0.01, 2, WIDTH)

    def true(points):
        return warp.truth[points[..., 1].astype(int), points[..., 0].astype(int)]

    def off(points):
        return true(points) + np.array([6.0, 8.0])

    assert warps[1].score(true, warp).p95_px == 0.0
    found = warps[1].score(off, warp, lambda points: points[..., 0] > WIDTH / 2)
    assert found.median_px == pytest.approx(10.0, abs=1e-4)
    assert found.n_good == 0
    assert 0 < found.flagged_bad < found.n_bad
