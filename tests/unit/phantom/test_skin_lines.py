"""The fine lines of synthetic skin are where they are said to be."""

from dataclasses import replace

import numpy as np

from dermadelta.phantom.skin import Grid, SkinSpec, lines, make_skin

GRID = Grid(300, 240, 0.05)
SPEC = SkinSpec(seed=8, melanin=0.8, haemoglobin=0.26, lines=6)


def test_lines_are_drawn_where_they_are_said_to_run():
    # Without lines the same generator lays other noise, of 0.013 mm, so means are compared.
    with_lines, without = (
        make_skin(replace(SPEC, lines=n), GRID).height_mm for n in (SPEC.lines, 0)
    )
    paths = lines(SPEC, GRID)
    assert len(paths) == SPEC.lines
    deeper = with_lines - without
    found = []
    for points, levels in paths:
        assert points.shape == (33, 2)
        assert levels.shape == (32,)
        assert 0.0 < levels.min() <= levels.max() <= 1.0
        middle = np.rint(0.5 * (points[1:] + points[:-1])).astype(int)
        inside = ((middle >= 0) & (middle < [300, 240])).all(axis=1) & (levels > 0.4)
        found += [deeper[row, col] for col, row in middle[inside]]
    assert len(found) > 40
    assert np.mean(found) < np.mean(deeper) - 0.010


def test_length_of_the_lines():
    for points, _ in lines(SPEC, GRID):
        length = np.hypot(*np.diff(points, axis=0).T).sum() * GRID.step_mm
        assert 5.9 < length < 26.0
