"""Fine lines of painted skin."""

import numpy as np
import pytest

from dermadelta.domain import NotMeasured, Read
from dermadelta.kernels.texture import gaussian
from dermadelta.measures.lines import (
    Params,
    read_lines_area_share,
    read_lines_depth,
    read_lines_length,
)

PARAMS = Params()
SIDE_MM = 24.0
READS = (read_lines_length, read_lines_area_share, read_lines_depth)
LINES = (((4.0, 5.0), 20.0, 14.0), ((18.0, 6.0), 75.0, 12.0), ((5.0, 19.0), -8.0, 11.0))
"""Start (x, y) in mm, direction in degrees, length in mm."""


def wrinkled(
    mm_per_px: float, depth: float = 0.25, profile_mm: float = 0.2, lines=LINES
) -> np.ndarray:
    """Skin with lines of Gaussian profile and soft ends, linear RGB."""
    size = round(SIDE_MM / mm_per_px)
    y, x = (np.mgrid[:size, :size] + 0.5) * mm_per_px
    light = 0.01 * np.random.default_rng(3).standard_normal((size, size))
    for start, angle, length in lines:
        turn = np.radians(angle)
        along = (x - start[0]) * np.cos(turn) + (y - start[1]) * np.sin(turn)
        across = (y - start[1]) * np.cos(turn) - (x - start[0]) * np.sin(turn)
        within = 1.0 / (1.0 + np.exp((np.abs(along - 0.5 * length) - 0.5 * length) / 0.05))
        light -= depth * within * np.exp(-0.5 * (across / profile_mm) ** 2)
    return np.exp(light)[..., None] * np.array([0.5, 0.35, 0.25])


def value(read, view, params: Params = PARAMS) -> float:
    found = read(view, params)
    assert isinstance(found, Read), found
    return found.value


@pytest.mark.parametrize("mm_per_px", [0.04, 0.07, 0.1, 0.13])
def test_length_share_and_depth(paint, mm_per_px):
    view = paint(wrinkled(mm_per_px), mm_per_px)
    per_cm2 = sum(length for _, _, length in LINES) / (SIDE_MM / 10.0) ** 2
    assert value(read_lines_length, view) == pytest.approx(per_cm2, rel=0.06)
    width_mm = 0.2 * np.sqrt(8.0 * np.log(2.0))
    assert value(read_lines_area_share, view) == pytest.approx(per_cm2 * width_mm, rel=0.12)
    # The soft ends of the lines are part of the mean.
    assert value(read_lines_depth, view) == pytest.approx(0.235, rel=0.08)


def test_a_line_that_is_gone_and_lines_that_are_flatter(paint):
    before, shorter, flatter = (
        paint(wrinkled(0.08, depth, lines=lines), 0.08)
        for depth, lines in ((0.3, LINES), (0.3, LINES[:2]), (0.2, LINES))
    )
    left = sum(line[2] for line in LINES[:2]) / sum(line[2] for line in LINES)
    ratio = value(read_lines_length, shorter) / value(read_lines_length, before)
    assert ratio == pytest.approx(left, rel=0.03)
    ratio = value(read_lines_depth, flatter) / value(read_lines_depth, before)
    assert ratio == pytest.approx(2.0 / 3.0, rel=0.03)
    assert value(read_lines_length, flatter) == pytest.approx(
        value(read_lines_length, before), rel=0.03
    )


def test_only_the_region_counts(paint):
    rgb = wrinkled(0.08)
    mask = np.zeros(rgb.shape[:2], dtype=bool)
    mask[:150] = True  # the upper 12 mm: two lines, the third lies below
    view = paint(rgb, 0.08, mask=mask, skin=np.ones_like(mask))
    upper = 14.0 + (12.0 - 6.0) / np.sin(np.radians(75.0))
    assert value(read_lines_length, view) == pytest.approx(
        upper / (SIDE_MM * 12.0 / 100.0), rel=0.08
    )
    found = read_lines_length(view, PARAMS)
    assert found.outline is not None
    assert not found.outline[~mask].any()
    assert found.outline[:150].any()


def test_tiles_make_up_the_value(paint):
    view = paint(wrinkled(0.08), 0.08)
    for read in READS:
        found = read(view, PARAMS)
        tiles = found.tiles
        assert tiles.combine == "mean"
        mean = float(tiles.weight @ tiles.value / tiles.weight.sum())
        assert mean == pytest.approx(found.value, rel=1e-12)


def test_marks_lie_on_the_lines_half_a_millimetre_apart(paint):
    view = paint(wrinkled(0.08), 0.08)
    marks = read_lines_length(view, PARAMS).marks
    total = sum(line[2] for line in LINES)
    assert total / 0.75 < len(marks) < total / 0.45
    at = (marks[:, :2] + 0.5) * 0.08
    off = np.full(len(marks), np.inf)
    for start, angle, length in LINES:
        turn = np.radians(angle)
        way = at - np.array(start)
        along = way @ np.array([np.cos(turn), np.sin(turn)])
        across = np.abs(way @ np.array([-np.sin(turn), np.cos(turn)]))
        inside = (along > -0.6) & (along < length + 0.6)
        off = np.where(inside, np.minimum(off, across), off)
    assert np.quantile(off, 0.95) < 0.1
    width_px = 0.2 * np.sqrt(8.0 * np.log(2.0)) / 0.08
    assert np.median(marks[:, 2]) == pytest.approx(width_px, rel=0.12)
    assert read_lines_depth(view, PARAMS).marks.shape == (0, 3)


def test_the_common_sharpness_of_a_pair(paint):
    sharp = wrinkled(0.05)
    log = np.log(sharp).astype(np.float32)
    soft = np.exp(np.stack([gaussian(np.ascontiguousarray(log[..., k]), 3.0) for k in range(3)], 2))
    views = (paint(sharp, 0.05, blur_to_add_px2=9.0), paint(soft, 0.05))
    for read in READS:
        assert value(read, views[0]) == pytest.approx(value(read, views[1]), rel=0.03)
    plain = value(read_lines_depth, paint(sharp, 0.05))
    assert value(read_lines_depth, views[0]) < 0.9 * plain


def test_sensitivity_to_blur_is_that_of_the_depth(paint):
    view = paint(wrinkled(0.05), 0.05)
    blurred = paint(wrinkled(0.05), 0.05, blur_to_add_px2=1.0)
    change = np.log(value(read_lines_depth, blurred) / value(read_lines_depth, view))
    assert read_lines_depth(view, PARAMS).blur_sensitivity == pytest.approx(change, rel=0.25)


def test_smooth_skin_says_that_there_is_nothing(paint):
    for read in READS:
        found = read(paint(wrinkled(0.08, lines=())), PARAMS)
        assert isinstance(found, NotMeasured)
        assert "no fine lines" in found.reason


def test_too_coarse_says_so(paint):
    found = read_lines_length(paint(wrinkled(0.2), 0.2), PARAMS)
    assert isinstance(found, NotMeasured)
    assert "move closer" in found.reason


def test_without_a_scale(paint):
    found = read_lines_length(paint(wrinkled(0.1), None), PARAMS)
    assert isinstance(found, NotMeasured)
    assert "no scale" in found.reason
