"""Charts rendered into skin-coloured scenes, and what is not a chart."""

import cv2
import numpy as np
import pytest

from dermadelta.kernels.chart24 import (
    COLUMNS,
    ROWS,
    field_corners,
    patch_squares,
    reference_colours,
)
from dermadelta.kernels.chart_search import find_chart
from dermadelta.kernels.colour import srgb_decode, srgb_encode

UNIT, RIM = 40, 22
SIZE = (480, 640)


def sheet(colours):
    picture = np.full((ROWS * UNIT + 2 * RIM, COLUMNS * UNIT + 2 * RIM, 3), 0.035)
    for quad, colour in zip(patch_squares(), colours, strict=True):
        low, high = np.round((quad[[0, 2]] + 0.5) * UNIT + RIM).astype(int)
        picture[low[1] : high[1], low[0] : high[0]] = colour
    return picture.astype(np.float32)


def photo(colours, *, pitch=30.0, turn=0.0, tilt=0.0, gains=(1.0, 1.0, 1.0), blur=0.6, seed=0):
    """Photo (H, W, 3) uint8 of a chart on skin, and the true corners of its patch field."""
    rng = np.random.default_rng(seed)
    print_ = sheet(colours)
    t, z = np.radians([tilt, turn])
    about = (
        cv2.Rodrigues(np.array([0.6 * t, 0.8 * t, 0.0]))[0]
        @ cv2.Rodrigues(np.array([0.0, 0.0, z]))[0]
    )
    focal = 1.3 * SIZE[1]
    plane = np.column_stack([about[:, 0], about[:, 1], [0.0, 0.0, focal * UNIT / pitch]])
    centre = np.array(
        [[1, 0, -0.5 * (print_.shape[1] - 1)], [0, 1, -0.5 * (print_.shape[0] - 1)], [0, 0, 1.0]]
    )
    lens = np.array([[focal, 0, 0.5 * SIZE[1]], [0, focal, 0.5 * SIZE[0]], [0, 0, 1.0]])
    view = lens @ plane @ centre
    fine = np.diag([2.0, 2.0, 1.0]) @ view
    size = (2 * SIZE[1], 2 * SIZE[0])
    seen = cv2.resize(cv2.warpPerspective(print_, fine, size), SIZE[::-1], None, 0, 0, 3)
    cover = cv2.warpPerspective(np.ones(print_.shape[:2], np.float32), fine, size)
    cover = cv2.resize(cover, SIZE[::-1], None, 0, 0, 3)[..., None]
    relief = cv2.GaussianBlur(rng.normal(0.0, 1.0, SIZE), (0, 0), 2.0)[..., None]
    skin = np.array([0.42, 0.24, 0.17]) * np.exp(0.4 * relief)
    light = cv2.GaussianBlur(skin * (1.0 - cover) + seen, (0, 0), blur) * gains
    codes = 255.0 * srgb_encode(light + rng.normal(0.0, 0.002, light.shape))
    true = (field_corners() + 0.5) * UNIT + RIM - 0.5
    return np.round(codes).astype(np.uint8), cv2.perspectiveTransform(true[None], view)[0]


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"turn": 90.0},
        {"turn": 180.0, "gains": (1.3, 1.0, 0.6)},
        {"turn": -90.0, "gains": (0.5, 0.5, 0.6)},
        {"turn": 33.0, "tilt": 30.0},
        {"pitch": 48.0, "turn": -14.0, "tilt": 15.0},
        {"pitch": 18.0, "turn": 70.0, "blur": 1.0},
    ],
)
def test_a_chart_is_found_and_turned_the_right_way(settings):
    picture, true = photo(reference_colours(), **settings)
    found = find_chart(picture)
    assert found is not None
    assert np.abs(found - true).max() < 0.12 * settings.get("pitch", 30.0)


def test_the_same_photo_gives_the_same_corners():
    picture, _ = photo(reference_colours(), turn=20.0)
    assert np.array_equal(find_chart(picture), find_chart(picture.copy()))


def test_a_larger_copy_has_its_corners_in_the_same_places():
    picture, true = photo(reference_colours(), turn=10.0)
    large = cv2.resize(picture, None, None, 3.0, 3.0, cv2.INTER_CUBIC)
    assert find_chart(large) == pytest.approx(3.0 * (true + 0.5) - 0.5, abs=8.0)


def test_a_mirrored_photo_shows_no_chart():
    picture, _ = photo(reference_colours())
    assert find_chart(np.ascontiguousarray(picture[:, ::-1])) is None


@pytest.mark.parametrize("seed", range(6))
def test_another_order_of_the_colours_is_no_chart(seed):
    order = np.random.default_rng(seed).permutation(24)
    picture, _ = photo(reference_colours()[order])
    assert find_chart(picture) is None


def test_rows_in_another_order_are_no_chart():
    rows = np.arange(24).reshape(4, 6)[[1, 0, 2, 3]].ravel()
    assert find_chart(photo(reference_colours()[rows])[0]) is None


def test_grids_that_are_not_charts():
    rng = np.random.default_rng(3)
    greys = np.repeat(np.linspace(0.05, 0.9, 24)[:, None], 3, axis=1)
    tones = srgb_decode(rng.uniform([150, 100, 80], [230, 180, 160], (24, 3)) / 255.0)
    checks = np.where((np.arange(24) // 6 + np.arange(24) % 6)[:, None] % 2, 0.8, 0.1)
    for colours in (greys, tones, checks * np.ones(3), rng.uniform(0.02, 0.9, (24, 3))):
        assert find_chart(photo(colours)[0]) is None


def test_nothing_there():
    rng = np.random.default_rng(5)
    assert find_chart(rng.integers(0, 256, (300, 400, 3), dtype=np.uint8)) is None
    assert find_chart(np.full((200, 300, 3), 128, np.uint8)) is None
    assert find_chart(np.zeros((1, 1, 3), np.uint8)) is None
