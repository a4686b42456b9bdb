"""Lines that are drawn, and nets and dots that are none."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from dermadelta.kernels.lines import (
    LineRules,
    Lines,
    LineScale,
    find_lines,
    follow,
)
from dermadelta.phantom.fields import cell_edges

SIDE = 320
ALL = np.ones((SIDE, SIDE), dtype=bool)
SCALES = (LineScale(2.5, 0.0, 5), LineScale(5.0, 0.0, 4), LineScale(10.0, 0.0, 4))
RULES = LineRules(0.085, 3.0, 0.6, 0.3, 30.0, 4, 12, 4.0)


LENGTH = 150.0 + 2.0 * 2.0 * np.sqrt(2.0 * np.log(2.0))
"""Of a drawn line of 150 px and σ 2 px: its round ends are half as deep so far out."""


def drawn(points: np.ndarray, profile: float = 2.0, depth: float = 0.2) -> np.ndarray:
    """A dark line of constant depth along a path of points (n, 2), x and y."""
    field = np.ones((SIDE, SIDE), dtype=np.uint8)
    fine = np.round(points * 256).astype(np.int32)
    cv2.polylines(field, [fine], False, 0, 1, cv2.LINE_8, 8)
    distance = cv2.distanceTransform(field, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return (-depth * np.exp(-0.5 * (distance / profile) ** 2)).astype(np.float32)


def straight(angle_deg: float, length: float) -> np.ndarray:
    turn = np.radians(angle_deg)
    way = np.array([np.cos(turn), np.sin(turn)])
    return 0.5 * SIDE + 0.37 + np.array([[-0.5], [0.5]]) * length * way


def noise(seed: int = 1, sd: float = 0.01) -> np.ndarray:
    return (sd * np.random.default_rng(seed).standard_normal((SIDE, SIDE))).astype(np.float32)


def found_in(signal: np.ndarray, rules: LineRules = RULES) -> Lines:
    return find_lines(signal, ALL, SCALES, rules)


@pytest.mark.parametrize("angle", [0.0, 13.0, 30.0, 45.0, 71.0, 90.0, 118.0, 160.0])
@pytest.mark.parametrize("depth", [0.12, 0.4])
def test_length_of_a_straight_line_in_any_direction(angle, depth):
    lines = found_in(drawn(straight(angle, 150.0), depth=depth) + noise())
    assert lines.length.sum() == pytest.approx(LENGTH, rel=0.04)
    turn = np.abs((np.degrees(lines.direction) - angle + 90.0) % 180.0 - 90.0)
    assert np.median(turn) < 6.0


@pytest.mark.parametrize("radius", [80.0, 120.0])
def test_length_of_an_arc(radius):
    angle = np.linspace(0.3, 1.8, 80)
    points = 150.0 + radius * (np.stack([np.cos(angle), np.sin(angle)], axis=1) - 0.4)
    lines = found_in(drawn(points) + noise())
    assert lines.length.sum() == pytest.approx(1.5 * radius, rel=0.08)


@pytest.mark.parametrize("profile", [1.6, 2.5, 4.0, 6.0])
def test_width_and_depth_are_those_of_the_profile(profile):
    lines = found_in(drawn(straight(20.0, 200.0), profile, 0.2) + noise())
    assert np.median(lines.profile_px) == pytest.approx(profile, rel=0.1)
    assert np.median(lines.contrast) == pytest.approx(0.2, rel=0.1)


@pytest.mark.parametrize("angle", [0.0, 40.0])
def test_the_polygons_of_the_microrelief_are_no_lines(angle):
    edges = cell_edges(
        np.random.default_rng(4), (SIDE, SIDE), 9.5, angle_deg=angle, elongation=1.35
    )
    net = (-0.1 * np.exp(-((edges * 9.0) ** 2))).astype(np.float32)
    assert net.std() > 0.025
    assert not len(found_in(net + noise()).row)
    both = found_in(net + drawn(straight(angle, 150.0), 2.5, 0.35))
    assert both.length.sum() == pytest.approx(150.0, rel=0.2)


def test_dots_short_pieces_and_edges_are_no_lines():
    y, x = np.mgrid[:SIDE, :SIDE]
    dots = np.zeros((SIDE, SIDE), dtype=np.float32)
    for at in np.random.default_rng(2).uniform(20, SIDE - 20, (60, 2)):
        dots -= 0.3 * np.exp(-((x - at[0]) ** 2 + (y - at[1]) ** 2) / 12.0)
    assert not len(found_in(dots + noise()).row)
    assert not len(found_in(drawn(straight(25.0, 18.0)) + noise()).row)
    disc = np.where(np.hypot(x - 160, y - 160) < 70, -0.4, 0.0)
    assert not len(found_in(cv2.GaussianBlur(disc, (0, 0), 1.5).astype(np.float32) + noise()).row)
    step = np.where(0.3 * x + y < 200, -0.4, 0.0)
    assert not len(found_in(cv2.GaussianBlur(step, (0, 0), 1.5).astype(np.float32) + noise()).row)


def test_limits_are_fixed_whatever_else_is_in_the_picture():
    faint = drawn(straight(0.0, 150.0), depth=0.13) + noise()
    alone = found_in(faint)
    strong = drawn(np.array([[30.0, 40.0], [290.0, 40.0]]), depth=0.8)
    beside = found_in(faint + strong)
    below = beside.row > 100
    assert beside.length[below].sum() == pytest.approx(alone.length.sum(), rel=1e-6)
    assert not len(found_in(drawn(straight(0.0, 150.0), depth=0.06) + noise()).row)


def test_on_coarse_skin_a_line_stands_out_from_what_is_everywhere():
    edges = cell_edges(np.random.default_rng(4), (SIDE, SIDE), 9.5, angle_deg=0.0, elongation=1.35)
    coarse = (-0.26 * np.exp(-((edges * 9.0) ** 2))).astype(np.float32) + noise()
    fixed = found_in(coarse, replace(RULES, times_skin=0.0))
    assert fixed.length.sum() > 200.0
    assert fixed.weak == pytest.approx(0.6 * 0.085)
    assert not len(found_in(coarse).row)
    crease = found_in(coarse + drawn(straight(40.0, 150.0), 2.5, 0.8))
    assert crease.length.sum() == pytest.approx(150.0, rel=0.25)
    assert crease.weak.min() == crease.weak.max() > 0.6 * 0.085


def test_bright_lines_are_none():
    assert not len(found_in(-drawn(straight(30.0, 150.0)) + noise()).row)


def test_followed_pieces_are_means_of_what_lies_on_them():
    planes = [np.random.default_rng(k).standard_normal((40, 50)).astype(np.float32) for k in (1, 2)]
    xx, yy = planes
    zero = np.zeros_like(xx)
    strength, direction = follow((xx, zero, yy), 1, 1e6)
    # Across a horizontal piece only yy counts: the pixels -1 and 1 once, the middle twice.
    limited = np.minimum(yy, 0.1 * yy + 0.9e6)
    flat = (limited[5, 6] + 2 * limited[5, 7] + limited[5, 8]) / 4.0
    assert strength[5, 7] >= flat - 1e-5
    at = np.argwhere((direction == 0.0) & (strength > 0.0))
    inner = at[(at[:, 1] > 0) & (at[:, 1] < 49)]
    assert len(inner) > 20
    for row, col in inner:
        mean = (yy[row, col - 1] + 2 * yy[row, col] + yy[row, col + 1]) / 4.0
        assert strength[row, col] == pytest.approx(mean, rel=1e-4)
