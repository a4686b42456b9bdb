import cv2
import numpy as np
import pytest

from dermadelta.kernels import card
from dermadelta.kernels.chart24 import reference_colours
from dermadelta.kernels.colour import srgb_encode
from dermadelta.phantom.prints import (
    TARGET_SIZE_MM,
    Printed,
    lay_print,
    sheet_of,
    under_print,
)
from dermadelta.phantom.sheet import INK, PX_PER_MM

PX = 20.0
SQUARE = np.array([[PX, 0, 400.0], [0, PX, 450.0], [0, 0, 1.0]])
SCENE = np.full((900, 800, 3), (0.35, 0.22, 0.15), dtype=np.float32)


def laid(kind: str, **where) -> np.ndarray:
    return lay_print(SCENE, Printed(kind, 0.0, 0.0, **where), SQUARE, 1.0)


def encoded(scene: np.ndarray) -> np.ndarray:
    return np.round(srgb_encode(np.clip(scene, 0, 1)) * 255).astype(np.uint8)


def test_the_target_has_its_markers_in_place():
    dictionary = cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, card.DICTIONARY))
    parameters = cv2.aruco.DetectorParameters()
    parameters.cornerRefinementMethod = cv2.aruco.CORNER_REFINE_SUBPIX
    quads, ids, _ = cv2.aruco.ArucoDetector(dictionary, parameters).detectMarkers(
        encoded(laid("target"))
    )
    found = {int(i): q.reshape(4, 2) for i, q in zip(ids.ravel(), quads, strict=True)}
    numbers = card.marker_numbers(TARGET_SIZE_MM)
    assert sorted(found) == sorted(numbers)
    # The sheet is laid by its middle, and has whole pixels of its own.
    size_px = np.array(sheet_of("target").shape[1::-1]) * PX / PX_PER_MM
    for number, corners in zip(numbers, card.marker_squares(), strict=True):
        where = corners * TARGET_SIZE_MM / card.HEIGHT * PX - 0.5 * size_px + SQUARE[:2, 2]
        np.testing.assert_allclose(found[number], where, atol=0.5)


def test_the_target_is_as_long_and_wide_as_it_says():
    hidden = under_print(Printed("target", 0.0, 0.0), SQUARE, SCENE.shape)
    rows, cols = np.nonzero(hidden)
    assert np.ptp(rows) / PX == pytest.approx(TARGET_SIZE_MM, abs=0.15)
    width = TARGET_SIZE_MM * card.WIDTH / card.HEIGHT
    assert np.ptp(cols) / PX == pytest.approx(width, abs=0.15)


def test_the_target_shows_the_colours_of_its_design():
    picture = encoded(laid("target"))
    side = TARGET_SIZE_MM / card.HEIGHT * PX
    corner = SQUARE[:2, 2] - 0.5 * side * np.array([card.WIDTH, card.HEIGHT])
    for patch in card.patches():
        x, y = np.round(corner + side * (np.array([patch.x, patch.y]) + 0.5)).astype(int)
        inner = picture[y - 15 : y + 16, x - 15 : x + 16].astype(int)
        assert np.abs(inner - patch.srgb).max() <= 1, patch.name
    x, y = np.round(corner + 0.12 * side).astype(int)
    assert (picture[y, x] == 255).all()


def test_the_black_of_the_target_is_toner():
    sheet = sheet_of("target")
    x, y = card.slanted_square().mean(axis=0) * TARGET_SIZE_MM / card.HEIGHT * PX_PER_MM
    np.testing.assert_allclose(sheet[int(y), int(x)], INK, atol=1e-6)


def test_the_chart_shows_the_published_colours():
    picture = encoded(laid("chart"))
    centre = np.array([400.0, 450.0])
    size = np.array([10.2, 15.0])
    colours = 255.0 * srgb_encode(np.maximum(reference_colours(), 0.0))
    for number, colour in enumerate(colours):
        row, col = 5 - number % 6, number // 6
        mm = np.array([0.3 + 2.4 * (col + 0.5), 0.3 + 2.4 * (row + 0.5)]) - size / 2
        x, y = np.round(centre + mm * PX).astype(int)
        assert np.abs(picture[y - 5 : y + 6, x - 5 : x + 6].astype(int) - colour).max() <= 2


def test_the_ruler_has_a_tick_every_millimetre():
    column = laid("ruler")[100:800, 400 - 70 + 12, 0]
    dark = (column < 0.4).astype(int)
    ticks = np.flatnonzero(np.diff(dark) == 1)
    assert np.diff(ticks).mean() == pytest.approx(PX, abs=0.05)
    assert np.abs(np.diff(ticks) - PX).max() <= 1.5


def test_what_is_hidden_is_what_changed():
    printed = Printed("chart", 3.0, -4.0, turn_deg=12.0)
    scene = lay_print(SCENE, printed, SQUARE, 1.0)
    hidden = under_print(printed, SQUARE, SCENE.shape)
    assert np.array_equal(np.abs(scene - SCENE).max(axis=2) > 1e-6, hidden)
    assert hidden.sum() / PX**2 == pytest.approx(10.2 * 15.0, rel=0.02)


def test_things_cut_by_the_frame_or_outside_of_it():
    cut = Printed("ruler", 20.0, 0.0)
    assert 0 < under_print(cut, SQUARE, SCENE.shape).sum() < 7.0 * 45.0 * PX**2
    gone = Printed("ruler", 200.0, 0.0)
    assert not under_print(gone, SQUARE, SCENE.shape).any()
    np.testing.assert_array_equal(lay_print(SCENE, gone, SQUARE, 1.0), SCENE)


def test_less_light_falls_on_the_sheet_too():
    half = lay_print(SCENE, Printed("chart", 0.0, 0.0), SQUARE, 0.5)
    hidden = under_print(Printed("chart", 0.0, 0.0), SQUARE, SCENE.shape)
    inner = cv2.erode(hidden.astype(np.uint8), np.ones((5, 5))) > 0
    np.testing.assert_allclose(half[inner], 0.5 * laid("chart")[inner], rtol=1e-4)
