import cv2
import numpy as np
import pytest

from dermadelta.kernels.colour import srgb_encode
from dermadelta.phantom.marker import DICTIONARY
from dermadelta.phantom.prints import (
    COLORCHECKER_SRGB,
    TARGET_IDS,
    TARGET_SIDE_MM,
    Printed,
    lay_print,
    sheet_of,
    under_print,
)
from dermadelta.phantom.sheet import PX_PER_MM

PX = 20.0
SQUARE = np.array([[PX, 0, 400.0], [0, PX, 450.0], [0, 0, 1.0]])
SCENE = np.full((900, 800, 3), (0.35, 0.22, 0.15), dtype=np.float32)


def laid(kind: str, **where) -> np.ndarray:
    return lay_print(SCENE, Printed(kind, 0.0, 0.0, **where), SQUARE, 1.0)


def encoded(scene: np.ndarray) -> np.ndarray:
    return np.round(srgb_encode(np.clip(scene, 0, 1)) * 255).astype(np.uint8)


def test_the_target_has_its_markers_in_place():
    dictionary = cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, DICTIONARY))
    found, ids, _ = cv2.aruco.ArucoDetector(dictionary).detectMarkers(encoded(laid("target")))
    centres = {
        int(i): q.reshape(4, 2).mean(axis=0) for i, q in zip(ids.ravel(), found, strict=True)
    }
    assert sorted(centres) == sorted(TARGET_IDS)
    across = np.linalg.norm(centres[47] - centres[46]) / PX
    along = np.linalg.norm(centres[48] - centres[46]) / PX
    assert across == pytest.approx(4.9, abs=0.06)
    assert along == pytest.approx(32.9, abs=0.06)
    for quad in found:
        side = np.sqrt(cv2.contourArea(quad.reshape(4, 2))) / PX
        assert side == pytest.approx(TARGET_SIDE_MM, abs=0.12)


def test_the_target_has_grey_steps_and_skin_tones_in_order():
    sheet = sheet_of("target")
    rows = [round((5.1 + (step + 0.5) * 3.6) * PX_PER_MM) for step in range(6)]
    grey = sheet[rows, round(3.0 * PX_PER_MM)]
    skin = sheet[rows, round(7.0 * PX_PER_MM)]
    np.testing.assert_allclose(grey, grey[:, :1] * np.ones(3), rtol=1e-6)
    assert (np.diff(grey[:, 0]) < -0.04).all()
    assert (np.diff(skin[:, 1]) < 0).all()
    assert (skin[:, 0] > skin[:, 1]).all()
    assert (skin[:, 1] > skin[:, 2]).all()


def test_the_chart_shows_the_published_colours():
    picture = encoded(laid("chart"))
    centre = np.array([400.0, 450.0])
    size = np.array([10.2, 15.0])
    for number, colour in enumerate(COLORCHECKER_SRGB):
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
