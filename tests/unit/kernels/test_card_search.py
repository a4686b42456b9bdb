from __future__ import annotations

import cv2
import numpy as np
import pytest

from dermadelta.kernels import card
from dermadelta.kernels.card_fit import Octaves, side_px, to_level
from dermadelta.kernels.card_picture import card_reflectance
from dermadelta.kernels.card_search import FoundCard, card_tilt_deg, find_card
from dermadelta.kernels.card_template import card_template, markers_of
from dermadelta.kernels.colour import srgb_encode
from dermadelta.kernels.geometry import ASSUMED_FOCAL_35MM, apply_homography, focal_px

OUTLINE = np.array([[0, 0], [card.WIDTH, 0], [card.WIDTH, card.HEIGHT], [0, card.HEIGHT]])


def placed(shape, side, *, tilt=0.0, about=30.0, roll=20.0, shift=(0.0, 0.0)):
    """Card units to pixels for a camera of the assumed focal length."""
    focal = focal_px(ASSUMED_FOCAL_35MM, shape)
    axis = np.radians(about)
    lean = cv2.Rodrigues(np.array([np.cos(axis), np.sin(axis), 0.0]) * np.radians(tilt))[0]
    turn = cv2.Rodrigues(np.array([0.0, 0.0, np.radians(roll)]))[0]
    depth = focal / side
    offset = np.array([shift[0] / focal, shift[1] / focal, 1.0]) * depth
    plane = np.column_stack([(lean @ turn)[:, :2], offset])
    centred = np.array([[1, 0, -card.WIDTH / 2], [0, 1, -card.HEIGHT / 2], [0, 0, 1.0]])
    camera = np.array([[focal, 0, (shape[1] - 1) / 2], [0, focal, (shape[0] - 1) / 2], [0, 0, 1.0]])
    matrix = camera @ plane @ centred
    return matrix / matrix[2, 2]


def photographed(shape, to_photo, size_mm=70, *, blur=0.8, noise=1.5, ground=0.3, seed=0):
    """A card on a plain ground; and the light before the camera's curve where a test goes on."""
    fine, over = 96, 3
    albedo = card_reflectance(size_mm, card.HEIGHT * fine / size_mm, ink=0.03).mean(axis=2)
    to_card = np.array([[1 / fine, 0, 0.5 / fine], [0, 1 / fine, 0.5 / fine], [0, 0, 1]])
    up = np.array([[over, 0, 0.5 * over - 0.5], [0, over, 0.5 * over - 0.5], [0, 0, 1.0]])
    size = (shape[1] * over, shape[0] * over)
    light = np.full(size[::-1], ground, dtype=np.float32)
    cv2.warpPerspective(
        0.85 * albedo, up @ to_photo @ to_card, size, light, borderMode=cv2.BORDER_TRANSPARENT
    )
    light = cv2.resize(light, shape[::-1], interpolation=cv2.INTER_AREA)
    return encoded(cv2.GaussianBlur(light, (0, 0), blur), noise, seed)


def encoded(light, noise=1.5, seed=0):
    grey = 255.0 * srgb_encode(np.clip(light, 0.0, 1.0).astype(np.float64))
    grey += np.random.default_rng(seed).normal(0.0, noise, grey.shape)
    return np.clip(np.round(grey), 0, 255).astype(np.uint8)


def corner_error(found, to_photo):
    apart = apply_homography(found.to_photo, OUTLINE) - apply_homography(to_photo, OUTLINE)
    return float(np.abs(apart).max())


@pytest.mark.parametrize(
    ("side", "tilt", "roll", "blur", "size_mm"),
    [
        (15.0, 0.0, 0.0, 0.5, 20),
        (15.0, 45.0, 130.0, 1.0, 144),
        (20.0, 30.0, 250.0, 2.0, 85),
        (40.0, 45.0, 85.0, 0.4, 54),
        (40.0, 10.0, -5.0, 2.0, 101),
    ],
)
def test_card_is_found_and_read(side, tilt, roll, blur, size_mm):
    shape = (int(18 * side), int(17 * side))
    to_photo = placed(shape, side, tilt=tilt, roll=roll)
    found = find_card(photographed(shape, to_photo, size_mm, blur=blur))
    assert isinstance(found, FoundCard)
    assert found.size_mm == size_mm
    assert found.seen == (0, 1, 2, 3)
    assert side_px(found.to_photo) == pytest.approx(side_px(to_photo), rel=0.003)
    assert corner_error(found, to_photo) < 0.3
    assert corner_error(found, to_photo) < 6.0 * found.corner_sd_px + 0.05


@pytest.mark.parametrize("tilt", [0.0, 5.0, 15.0, 30.0, 45.0])
def test_tilt_of_the_card(tilt):
    shape = (480, 640)
    to_photo = placed(shape, 24.0, tilt=tilt, about=200.0, shift=(60.0, -30.0))
    assert card_tilt_deg(to_photo, shape) == pytest.approx(tilt, abs=0.05)
    found = find_card(photographed(shape, to_photo))
    assert found is not None
    assert card_tilt_deg(found.to_photo, shape) == pytest.approx(tilt, abs=2.0)


@pytest.mark.parametrize("corner", [0, 1, 2, 3])
def test_card_with_a_marker_covered(corner):
    shape = (460, 400)
    to_photo = placed(shape, 24.0, tilt=20.0)
    grey = photographed(shape, to_photo)
    at = apply_homography(to_photo, card.marker_squares()[corner]).mean(axis=0)
    cv2.circle(grey, [int(v) for v in np.round(at)], 22, 150, -1)
    found = find_card(grey)
    assert found is not None
    assert found.seen == tuple({0, 1, 2, 3} - {corner})
    assert found.size_mm == 70
    assert corner_error(found, to_photo) < 1.0


def test_card_with_its_slanted_square_covered():
    shape = (520, 460)
    to_photo = placed(shape, 28.0, tilt=15.0)
    grey = photographed(shape, to_photo)
    at = apply_homography(to_photo, [card.EDGE_CENTRE])[0]
    cv2.circle(grey, [int(v) for v in np.round(at)], 30, 150, -1)
    found = find_card(grey)
    assert found is not None
    assert found.size_mm == 70
    assert corner_error(found, to_photo) < 1.0


def test_card_with_a_marker_beyond_the_frame():
    shape = (420, 400)
    to_photo = placed(shape, 24.0, roll=120.0)
    markers = [apply_homography(to_photo, square)[:, 0] for square in card.marker_squares()]
    cut = int(markers[0].max()) - 6
    assert max(marker.max() for marker in markers[1:]) < cut
    found = find_card(np.ascontiguousarray(photographed(shape, to_photo)[:, :cut]))
    assert found is not None
    assert found.seen == (1, 2, 3)
    assert found.size_mm == 70
    assert corner_error(found, to_photo) < 0.5


def test_size_is_not_told_from_two_markers():
    shape = (420, 400)
    to_photo = placed(shape, 24.0)
    grey = photographed(shape, to_photo)
    for corner in (0, 3):
        at = apply_homography(to_photo, card.marker_squares()[corner]).mean(axis=0)
        cv2.circle(grey, [int(v) for v in np.round(at)], 20, 150, -1)
    found = find_card(grey)
    assert found is None or found.size_mm is None


@pytest.mark.parametrize("change", ["dark", "bright", "gradient", "gamma"])
def test_light_and_tone_do_not_matter(change):
    shape = (400, 380)
    to_photo = placed(shape, 22.0, tilt=20.0)
    grey = photographed(shape, to_photo).astype(np.float64)
    if change == "dark":
        grey *= 0.35
    elif change == "bright":
        grey *= 1.5
    elif change == "gradient":
        grey *= np.linspace(0.5, 1.0, shape[1])
    else:
        grey = 255.0 * (grey / 255.0) ** 1.4
    found = find_card(np.clip(np.round(grey), 0, 255).astype(np.uint8))
    assert found is not None
    assert found.size_mm == 70
    assert side_px(found.to_photo) == pytest.approx(side_px(to_photo), rel=0.003)


def test_quarter_turns_move_the_card_with_the_photo():
    shape = (400, 380)
    grey = photographed(shape, placed(shape, 22.0, tilt=25.0))
    upright = find_card(grey)
    turned = find_card(np.ascontiguousarray(np.rot90(grey)))
    assert upright is not None
    assert turned is not None
    x, y = apply_homography(upright.to_photo, OUTLINE).T
    expected = np.stack([y, shape[1] - 1 - x], axis=-1)
    np.testing.assert_allclose(apply_homography(turned.to_photo, OUTLINE), expected, atol=0.1)
    assert turned.size_mm == upright.size_mm


def test_same_photo_same_bits():
    shape = (400, 380)
    grey = photographed(shape, placed(shape, 22.0))
    first, second = find_card(grey), find_card(grey.copy())
    assert first is not None
    assert second is not None
    np.testing.assert_array_equal(first.to_photo, second.to_photo)


def test_mirrored_card_is_none():
    shape = (400, 380)
    grey = photographed(shape, placed(shape, 22.0))
    assert find_card(np.ascontiguousarray(grey[:, ::-1])) is None


def no_card(kind):
    rng = np.random.default_rng(3)
    grey = np.full((420, 420), 190, dtype=np.uint8)
    if kind == "nothing":
        return grey
    if kind == "noise":
        return rng.integers(0, 256, grey.shape).astype(np.uint8)
    if kind == "board":
        board = np.kron(np.indices((10, 10)).sum(axis=0) % 2, np.ones((36, 36)))
        grey[30:390, 30:390] = 20 + 220 * board
    elif kind == "squares":
        for row, col in np.ndindex(8, 8):
            value = rng.integers(10, 200)
            grey[20 + 48 * row : 58 + 48 * row, 20 + 48 * col : 58 + 48 * col] = value
    elif kind == "markers":
        book = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_100)
        for number, (row, col) in zip((50, 55, 60, 65), np.ndindex(2, 2), strict=True):
            y, x = 60 + 180 * row, 60 + 180 * col
            grey[y : y + 60, x : x + 60] = cv2.aruco.generateImageMarker(book, number, 60)
    else:
        for row in range(9):
            cv2.putText(grey, "HAUT 35 mm", (10, 40 + 42 * row), 0, 1.6, 20, 4)
    return cv2.GaussianBlur(grey, (0, 0), 0.8)


@pytest.mark.parametrize("kind", ["nothing", "noise", "board", "squares", "markers", "text"])
def test_no_card_is_seen_where_there_is_none(kind):
    assert find_card(no_card(kind)) is None


@pytest.mark.parametrize("shape", [(1, 1), (5, 300), (20, 20)])
def test_tiny_photographs_hold_no_card(shape):
    assert find_card(np.full(shape, 128, dtype=np.uint8)) is None


def test_octaves_keep_pixel_centres():
    rows, cols = np.mgrid[0:64, 0:96]
    ramp = (rows + cols).astype(np.uint8)
    level = Octaves(ramp).level(2)
    at = apply_homography(np.linalg.inv(to_level(2)), [[3.0, 5.0]])[0]
    assert level[5, 3] == pytest.approx(at.sum(), abs=0.5)


def test_template_shows_patches_where_the_card_has_them():
    template = card_template(16)
    for patch in card.patches():
        middle = np.round(patch.corners.mean(axis=0) * 16).astype(int)
        linear = np.array(patch.srgb) / 255.0
        grey = template.image[middle[1], middle[0]]
        assert linear.min() - 0.02 <= grey <= linear.max() + 0.02
    assert [markers_of(corner)[0] for corner in range(4)] == [50, 55, 60, 65]
