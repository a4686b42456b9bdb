import cv2
import numpy as np
import pytest

from dermadelta.kernels.chart24 import (
    EDITIONS,
    PATCH_NAMES,
    field_corners,
    parse_corners,
    patch_quads,
    patch_squares,
    reference_colours,
)
from dermadelta.kernels.colour import linear_to_lab, srgb_encode


@pytest.mark.parametrize(
    ("edition", "rows"),
    [
        # colour-science 0.4.7, ColorChecker24, Bradford to D65, derived sRGB matrix: dark skin,
        # light skin, moderate red, cyan, black.
        (
            "before November 2014",
            [
                (0.17303, 0.08211, 0.05673),
                (0.56833, 0.29270, 0.21836),
                (0.56679, 0.08425, 0.11970),
                (-0.03741, 0.24699, 0.40041),
                (0.03032, 0.03114, 0.03275),
            ],
        ),
        (
            "after November 2014",
            [
                (0.17371, 0.07878, 0.05285),
                (0.55986, 0.27739, 0.21087),
                (0.56020, 0.08009, 0.11457),
                (-0.04391, 0.23367, 0.37717),
                (0.03136, 0.03149, 0.03232),
            ],
        ),
    ],
)
def test_reference_colours_are_the_published_ones(edition, rows):
    found = reference_colours(edition)[[0, 1, 8, 17, 23]]
    assert found == pytest.approx(np.array(rows), abs=5e-5)


def test_greys_are_grey_and_fall_from_white_to_black():
    for edition in EDITIONS:
        lab = linear_to_lab(reference_colours(edition)[18:])
        assert (np.diff(lab[:, 0]) < -10.0).all()
        assert np.abs(lab[:, 1:]).max() < 3.5
    assert len(PATCH_NAMES) == len(set(PATCH_NAMES)) == 24


def test_quads_of_an_upright_chart():
    # Patches of 85 pixels, 100 apart, the first centred on (100, 50).
    corners = field_corners() * 100.0 + (100.0, 50.0)
    quads = patch_quads(corners)
    assert quads.mean(axis=1)[0] == pytest.approx([100.0, 50.0], abs=1e-3)
    assert quads.mean(axis=1)[5] == pytest.approx([600.0, 50.0], abs=1e-3)
    assert quads.mean(axis=1)[23] == pytest.approx([600.0, 350.0], abs=1e-3)
    assert quads[0, 0] == pytest.approx(corners[0], abs=1e-3)
    assert np.ptp(quads[7], axis=0) == pytest.approx([85.0, 85.0], abs=1e-3)


def test_quads_follow_a_perspective():
    view = np.array([[80.0, 12.0, 90.0], [-9.0, 70.0, 60.0], [0.01, -0.02, 1.0]])
    corners = cv2.perspectiveTransform(field_corners()[None], view)[0]
    expected = cv2.perspectiveTransform(patch_squares().reshape(1, -1, 2), view)
    assert patch_quads(corners).reshape(-1, 2) == pytest.approx(expected[0], abs=1e-2)


def test_corners_given_by_a_person():
    found = parse_corners("10,20 110.5,22  112,90 8,88")
    assert found == pytest.approx(np.array([[10, 20], [110.5, 22], [112, 90], [8, 88]]))


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("", "four pairs"),
        ("10,20 110,22 112,90", "four pairs"),
        ("10,20 110,22 112,90 8;88", "four pairs"),
        ("10,20,3 110,22,3 112,90,3 8,88,3", "four pairs"),
        ("10,20 nan,22 112,90 8,88", "four pairs"),
        ("10,20 1e200,22 1e200,1e200 8,88", "four pairs"),
        ("10,20 8,88 112,90 110,22", "run the wrong way"),
        ("10,20 112,90 110,22 8,88", "not a convex figure"),
        ("10,20 10,20 110,22 8,88", "not a convex figure"),
    ],
)
def test_corners_that_cannot_be_used_say_why(text, cause):
    with pytest.raises(ValueError, match=cause):
        parse_corners(text)


def test_colours_are_those_a_screen_shows():
    # BabelColor, "The ColorChecker pages", sRGB of the older edition, as 8-bit codes.
    codes = np.round(255.0 * srgb_encode(reference_colours("before November 2014")))
    assert codes[[0, 12, 14, 18]].tolist() == pytest.approx(
        np.array([[115, 81, 67], [35, 63, 147], [180, 49, 57], [245, 245, 243]]), abs=1.0
    )
