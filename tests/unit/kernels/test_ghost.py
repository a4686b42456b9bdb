from __future__ import annotations

import cv2
import numpy as np
import pytest

from dermadelta.kernels.ghost import ghost, hull, main_parts, outlines, strong_edges

ROWS, COLS = 300, 400


def disc(centre, radius):
    y, x = np.mgrid[:ROWS, :COLS]
    return np.hypot(x - centre[0], y - centre[1]) <= radius


def test_the_edge_of_a_mark_is_drawn_where_it_is():
    signal = np.zeros((ROWS, COLS), np.float32)
    signal[disc((150, 120), 30)] = -0.5
    lines = strong_edges(signal, np.ones_like(signal, dtype=bool))
    points = np.concatenate(lines)[:, 0]
    radius = np.hypot(points[:, 0] - 150, points[:, 1] - 120)
    assert np.abs(radius - 30).max() < 3
    angles = np.degrees(np.arctan2(points[:, 1] - 120, points[:, 0] - 150))
    assert len(np.unique(angles % 360 // 30)) == 12  # all the way round


def test_no_edge_lies_outside_what_is_allowed():
    signal = np.zeros((ROWS, COLS), np.float32)
    signal[disc((100, 120), 30) | disc((300, 120), 30)] = -0.5
    allowed = np.zeros(signal.shape, dtype=bool)
    allowed[:, :200] = True
    points = np.concatenate(strong_edges(signal, allowed))[:, 0]
    assert points[:, 0].max() < 200


@pytest.mark.parametrize("allowed", [True, False])
def test_a_level_picture_has_no_edges(allowed):
    level = np.full((ROWS, COLS), 0.3, np.float32)
    assert strong_edges(level, np.full(level.shape, allowed)) == []


def test_lines_are_light_with_a_dark_edge_and_the_rest_is_transparent():
    picture = ghost((ROWS, COLS), outlines(disc((200, 150), 40)), [])
    assert picture.shape == (ROWS, COLS, 4)
    assert picture.dtype == np.uint8
    row = picture[150, 205:245].astype(int)  # from the cross to beyond the rim
    rim = 240 - 205
    assert row[rim, 3] > 200
    assert row[rim, 0] > 200
    assert any(0 < pixel[3] < 200 and pixel[0] < 60 for pixel in row[rim - 5 : rim])
    assert picture[75, 60, 3] == 0
    assert (picture[..., 3] == 0).mean() > 0.9


def test_the_same_lines_give_the_same_bytes():
    lines = outlines(disc((200, 150), 40))
    first, second = (ghost((ROWS, COLS), lines, lines).tobytes() for _ in range(2))
    assert first == second


def test_small_parts_gaps_and_ragged_edges_are_not_outlined():
    clean = disc((150, 150), 90)
    ragged = clean ^ (np.random.default_rng(0).random(clean.shape) < 0.1)
    ragged |= disc((360, 40), 15)
    ragged &= ~disc((150, 150), 20)
    found = main_parts(ragged, 5.0, least_share=0.2)
    assert (found != clean).mean() < 0.01
    assert not found[40, 360]
    assert found[150, 150]
    assert not main_parts(np.zeros_like(clean), 5.0, least_share=0.2).any()


def test_a_hull_holds_what_lies_between():
    parts = disc((100, 150), 20) | disc((300, 150), 20)
    inside = hull(parts)
    assert inside[150, 200]
    assert not inside[100, 200]
    assert (inside & parts).sum() == parts.sum()
    assert not hull(np.zeros_like(parts)).any()


def test_an_outline_is_as_long_as_its_shape():
    (line,) = outlines(disc((200, 150), 50))
    assert cv2.arcLength(line, True) == pytest.approx(2 * np.pi * 50, rel=0.08)
