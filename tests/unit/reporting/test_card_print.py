from __future__ import annotations

import re
import zlib

import cv2
import matplotlib as mpl
import numpy as np
import pytest

from dermadelta.kernels.card import (
    DICTIONARY,
    HEIGHT,
    WIDTH,
    marker_numbers,
    marker_squares,
    patches,
    slanted_square,
)
from dermadelta.kernels.card_picture import black_cells, card_picture
from dermadelta.reporting.card_print import (
    CARD_AT_MM,
    CHECK_LINE_MM,
    MARGIN_MM,
    PAGE_MM,
    card_pdf,
    card_with_margin,
)

PT_PER_MM = 72 / 25.4
Shape = tuple[tuple[float, ...], list[np.ndarray]]


def drawn(size: int) -> tuple[list[Shape], np.ndarray]:
    """What the page draws, but for letters, in mm on the card.

    Colour and polygons (n, 2) of everything that is filled, and the ends (m, 2, 2) of every stroke.
    """
    (found,) = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", card_pdf(size), flags=re.DOTALL)[:1]
    text = re.sub(r"\bBT\b.*?\bET\b", "", zlib.decompress(found).decode("latin-1"), flags=re.DOTALL)
    fills: list[Shape] = []
    strokes = []
    colour: tuple[float, ...] = ()
    paths: list[list[list[float]]] = []
    values: list[float] = []
    for word in text.split():
        if re.fullmatch(r"-?[\d.]+", word):
            values.append(float(word))
            continue
        if word in ("g", "rg"):
            colour = tuple(values) * (3 if word == "g" else 1)
        elif word == "m":
            paths.append([values])
        elif word == "l":
            paths[-1].append(values)
        elif word in ("f", "S", "n"):
            shapes = [on_card(path) for path in paths]
            fills += [(colour, shapes)] if word == "f" else []
            strokes += shapes if word == "S" else []
            paths = []
        values = []
    return fills, np.array(strokes)


def on_card(points: list[list[float]]) -> np.ndarray:
    x, y = np.array(points).T / PT_PER_MM
    return np.column_stack([x, PAGE_MM[1] - y]) - CARD_AT_MM


@pytest.mark.parametrize("size", [20, 70, 144])
def test_everything_on_the_page_has_its_place_and_colour(size):
    side = size / HEIGHT
    expected = [(np.array(p.srgb) / 255.0, [p.corners * side]) for p in patches()]
    for number, corners in zip(marker_numbers(size), marker_squares(), strict=True):
        expected.append((np.zeros(3), [cell * side for cell in black_cells(number, corners)]))
    expected.append((np.zeros(3), [slanted_square() * side]))
    fills, _ = drawn(size)
    assert len(fills) == len(expected)
    for (colour, shapes), (wanted, polygons) in zip(fills, expected, strict=True):
        assert colour == pytest.approx(wanted, abs=1 / 510)
        assert len(shapes) == len(polygons)
        for shape, polygon in zip(shapes, polygons, strict=True):
            np.testing.assert_allclose(shape[:4], polygon, atol=1e-3)


def test_the_line_to_measure_is_as_long_as_it_says():
    _, ends = drawn(70)
    lengths = np.linalg.norm(ends[:, 1] - ends[:, 0], axis=1)
    assert (np.abs(lengths - CHECK_LINE_MM) < 1e-3).sum() == 1


@pytest.mark.parametrize("size", [20, 70, 144])
def test_crop_marks_point_to_the_corners_and_stay_off_the_card(size):
    _, ends = drawn(size)
    ends = ends[np.linalg.norm(ends[:, 1] - ends[:, 0], axis=1) < 10.0]
    width = size * WIDTH / HEIGHT
    for edge, axis in ((0.0, 1), (float(size), 1), (0.0, 0), (width, 0)):
        on_edge = np.abs(ends[:, :, axis] - edge).max(axis=1) < 1e-3
        assert on_edge.sum() == 2, (edge, axis)
    inside = (ends > -0.5) & (ends < np.array([width, size]) + 0.5)
    assert not inside.all(axis=2).any()


def test_the_page_is_a4_and_its_bytes_are_the_same_each_time():
    data = card_pdf(70)
    assert data == card_pdf(70)
    assert data != card_pdf(71)
    (box,) = re.findall(rb"/MediaBox \[ 0 0 ([\d.]+) ([\d.]+) \]", data)
    assert [float(v) for v in box] == pytest.approx(np.array(PAGE_MM) * PT_PER_MM, abs=0.01)
    assert b"Date" not in data
    assert mpl.__version__.encode() not in data


def test_settings_of_the_user_do_not_change_the_page():
    before = card_pdf(38)
    with mpl.rc_context({"lines.linewidth": 9.0, "font.size": 30.0, "pdf.compression": 0}):
        assert card_pdf(38) == before


def test_what_is_drawn_keeps_within_the_page():
    for size in (20, 144):
        ends = drawn(size)[1] + CARD_AT_MM
        assert ends.min() > 5.0
        assert (ends < np.array(PAGE_MM) - 5.0).all()


@pytest.mark.parametrize("size", [20, 144])
def test_another_size_is_refused(size):
    with pytest.raises(ValueError, match="20 to 144 mm"):
        card_pdf(size - 1 if size == 20 else size + 1)


def test_the_picture_is_the_card_with_crop_marks_around_it():
    scale = 12.0
    page, card = card_with_margin(38, scale), card_picture(38, scale)
    margin = round(MARGIN_MM * scale)
    height, width = card.shape[:2]
    assert page.shape == (height + 2 * margin, width + 2 * margin, 3)
    np.testing.assert_array_equal(page[margin:-margin, margin:-margin], card)
    rest = page.copy()
    rest[margin:-margin, margin:-margin] = 255
    rows, cols = np.nonzero(rest[..., 0] == 0)
    # Marks lie along the four lines of the cut, just outside of it.
    upright = (cols < margin) & (cols > margin - 4) | (cols >= margin + width) & (
        cols < margin + width + 4
    )
    level = (rows < margin) & (rows > margin - 4) | (rows >= margin + height) & (
        rows < margin + height + 4
    )
    assert (upright | level).all()
    for quarter in (page[::1, ::1], page[::-1, ::1], page[::1, ::-1], page[::-1, ::-1]):
        corner = quarter[:margin, :margin, 0]
        assert (corner == 0).sum(axis=0).max() == (corner == 0).sum(axis=1).max() == 4 * scale
    assert set(np.unique(rest)) == {0, 255}


@pytest.mark.parametrize("size", [20, 38, 144])
def test_the_markers_are_read_from_the_picture(size):
    page = card_with_margin(size, 600.0 / size)
    dictionary = cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, DICTIONARY))
    grey = cv2.cvtColor(page, cv2.COLOR_RGB2GRAY)
    _, ids, _ = cv2.aruco.ArucoDetector(dictionary).detectMarkers(grey)
    assert sorted(ids.ravel().tolist()) == sorted(marker_numbers(size))
