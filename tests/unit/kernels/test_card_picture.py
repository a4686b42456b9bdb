from __future__ import annotations

import cv2
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
from dermadelta.kernels.card_picture import (
    card_picture,
    card_reflectance,
    card_size_px,
    marker_cells,
)
from dermadelta.kernels.colour import srgb_decode


def on_edge_or_corner(size: int, px_per_mm: float) -> np.ndarray:
    """Pixels at the corners of the slanted square, where the share is only nearly exact."""
    found = np.zeros(card_size_px(size, px_per_mm), dtype=bool)
    for x, y in (slanted_square() * size * px_per_mm / HEIGHT).astype(int):
        found[y - 1 : y + 2, x - 1 : x + 2] = True
    return found


def test_every_patch_has_its_code_and_paper_is_white():
    px_per_mm = 600 / 25.4
    picture = card_picture(70, px_per_mm)
    side = 70 * px_per_mm / HEIGHT
    for patch in patches():
        x, y = np.round(np.array([patch.x, patch.y]) * side).astype(int)
        inner = picture[y + 2 : y + int(side) - 2, x + 2 : x + int(side) - 2]
        assert (inner == patch.srgb).all(), patch.name
    assert (picture[: int(0.2 * side)] == 255).all()
    assert (picture[:, : int(0.2 * side)] == 255).all()


@pytest.mark.parametrize("size", [20, 38, 70, 101, 144])
def test_its_markers_are_read_in_their_places(size):
    px_per_mm = 500.0 / size
    dictionary = cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, DICTIONARY))
    parameters = cv2.aruco.DetectorParameters()
    parameters.cornerRefinementMethod = cv2.aruco.CORNER_REFINE_SUBPIX
    quads, ids, _ = cv2.aruco.ArucoDetector(dictionary, parameters).detectMarkers(
        cv2.cvtColor(card_picture(size, px_per_mm), cv2.COLOR_RGB2GRAY)
    )
    found = {int(i): q.reshape(4, 2) for i, q in zip(ids.ravel(), quads, strict=True)}
    assert sorted(found) == sorted(marker_numbers(size))
    for number, corners in zip(marker_numbers(size), marker_squares(), strict=True):
        # The first pixel's centre is (0.5, 0.5) on the card.
        seen = (found[number] + 0.5) / px_per_mm / size * HEIGHT
        np.testing.assert_allclose(seen, corners, atol=0.02)


@pytest.mark.parametrize("px_per_mm", [3.3, 5.0, 7.77])
def test_a_pixel_is_the_mean_of_what_lies_under_it(px_per_mm):
    fine = 20
    coarse = card_reflectance(20, px_per_mm)
    h, w = coarse.shape[:2]
    dense = np.ones((h * fine, w * fine, 3), dtype=np.float32)
    drawn = card_reflectance(20, px_per_mm * fine)[: h * fine, : w * fine]
    dense[: drawn.shape[0], : drawn.shape[1]] = drawn
    mean = dense.reshape(h, fine, w, fine, 3).mean(axis=(1, 3))
    off = np.abs(coarse - mean).max(axis=2)
    corner = on_edge_or_corner(20, px_per_mm)
    assert off[~corner].max() < 1e-4
    assert off.max() < 0.05


def test_what_is_printed_covers_its_area_at_any_resolution():
    side = 70 / HEIGHT
    printed = sum(1.0 - srgb_decode(p.srgb[0] / 255.0) for p in patches()) + 1.8**2
    printed += sum(marker_cells(number).mean() for number in marker_numbers(70))
    for px_per_mm in (3.1, 9.3, 23.0):
        found = (1.0 - card_reflectance(70, px_per_mm)[..., 0]).sum() / px_per_mm**2
        assert found == pytest.approx(printed * side**2, rel=1e-3)


def test_ink_is_as_dark_as_is_said():
    picture = card_reflectance(38, 24, ink=0.045)
    assert picture.min() == pytest.approx(srgb_decode(36 / 255.0), abs=1e-6)
    middle = (slanted_square().mean(axis=0) * 38 * 24 / HEIGHT).astype(int)
    np.testing.assert_allclose(picture[middle[1], middle[0]], 0.045, atol=1e-6)


def test_the_size_of_the_picture():
    assert card_size_px(70, 10.0) == (700, 200)
    height, width = card_size_px(38, 24.0)
    assert (height, width) == (912, round(38 * 24 * WIDTH / HEIGHT))
    assert card_picture(38, 24.0).shape == (912, width, 3)


def test_the_same_picture_twice():
    np.testing.assert_array_equal(card_picture(45, 11.0), card_picture(45, 11.0))


def test_another_size_is_refused():
    with pytest.raises(ValueError, match="20 to 144 mm"):
        card_picture(19, 10.0)
