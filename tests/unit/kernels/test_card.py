from __future__ import annotations

import itertools

import cv2
import numpy as np
import pytest

from dermadelta.kernels.card import (
    CORNERS,
    EDGE_TURN_DEG,
    FIRST_NUMBER,
    GAP,
    HEIGHT,
    LARGEST_MM,
    SMALLEST_MM,
    WIDTH,
    corner_of,
    marker_numbers,
    marker_squares,
    patches,
    slanted_square,
)
from dermadelta.kernels.colour import srgb_decode

SIZES = range(SMALLEST_MM, LARGEST_MM + 1)


def boxes() -> np.ndarray:
    """Left, top, right, bottom of everything that is printed upright."""
    squares = [*marker_squares(), *(patch.corners for patch in patches())]
    return np.array([np.concatenate([s.min(axis=0), s.max(axis=0)]) for s in squares])


# ------------------------------------------------------------------------- size in markers


def test_any_three_markers_tell_the_size_and_any_wrong_one_is_found():
    """Two sizes differ in two markers at least, so none is another one with one marker changed."""
    for one, other in itertools.combinations(map(marker_numbers, SIZES), 2):
        assert sum(a != b for a, b in zip(one, other, strict=True)) >= 2


def test_a_marker_tells_its_corner():
    for size in SIZES:
        assert [corner_of(number) for number in marker_numbers(size)] == [0, 1, 2, 3]
    assert corner_of(FIRST_NUMBER - 1) is None
    assert corner_of(FIRST_NUMBER + 20) is None


@pytest.mark.parametrize("size", [SMALLEST_MM - 1, LARGEST_MM + 1, 0, -70])
def test_other_sizes_have_no_markers(size):
    with pytest.raises(ValueError, match="20 to 144 mm"):
        marker_numbers(size)


def test_lone_markers_are_never_taken_for_those_of_a_card():
    """The first half of the dictionary is the default dictionary of lone markers."""
    whole = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_100).bytesList
    half = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_50).bytesList
    np.testing.assert_array_equal(whole[:50], half)
    assert min(min(marker_numbers(size)) for size in SIZES) >= 50


# --------------------------------------------------------------------------------- layout


def test_nothing_overlaps_and_white_is_between():
    for one, other in itertools.combinations(boxes(), 2):
        apart = np.maximum(one[:2] - other[2:], other[:2] - one[2:])
        assert apart.max() >= GAP - 1e-12


def test_there_is_white_around_everything():
    found = boxes()
    assert found[:, :2].min() == pytest.approx(GAP)
    assert found[:, 2].max() == pytest.approx(WIDTH - GAP)
    assert found[:, 3].max() == pytest.approx(HEIGHT - GAP)


def test_the_slanted_square_stands_in_white():
    corners = slanted_square()
    for left, top, right, bottom in boxes():
        apart = np.maximum(
            np.array([left, top]) - corners.max(axis=0), corners.min(axis=0) - [right, bottom]
        )
        assert apart.max() > 0.5 * GAP
    assert corners.min() > 0.5 * GAP
    sides = np.roll(corners, -1, axis=0) - corners
    np.testing.assert_allclose(np.linalg.norm(sides, axis=1), 1.8)
    turns = np.degrees(np.arctan2(sides[:, 1], sides[:, 0]))
    np.testing.assert_allclose(turns % 90.0, EDGE_TURN_DEG)


def test_the_patches_have_names_of_their_own_and_fill_the_card():
    found = patches()
    assert len({patch.name for patch in found}) == len(found) == 33 - len(CORNERS) - 4
    assert len({patch.srgb for patch in found}) == len(found)


def test_grey_steps_are_neutral_and_get_darker():
    greys = sorted((p for p in patches() if p.name.startswith("grey")), key=lambda p: p.name)
    codes = np.array([patch.srgb for patch in greys])
    assert (codes == codes[:, :1]).all()
    assert (np.diff(codes[:, 0]) < 0).all()


def test_greys_are_mixed_over_the_card():
    """Light that falls off along or across the card is not taken for a tone curve."""
    greys = [p for p in patches() if p.name.startswith("grey")]
    light = np.array([np.log(srgb_decode(p.srgb[0] / 255.0)) for p in greys])
    for place in np.array([(p.x, p.y) for p in greys]).T:
        assert abs(np.corrcoef(light, place)[0, 1]) < 0.65


def test_skin_patches_are_redder_than_green_and_the_inflamed_ones_more():
    codes = {p.name: srgb_decode(np.array(p.srgb) / 255.0) for p in patches()}
    ei = {name: 100.0 * np.log10(c[0] / c[1]) for name, c in codes.items() if "skin" in name}
    assert min(ei.values()) > 5.0
    for calm, inflamed in zip(range(1, 7), range(7, 13), strict=True):
        assert ei[f"skin {inflamed}"] > ei[f"skin {calm}"] + 3.0
