from dataclasses import replace

import cv2
import numpy as np

from dermadelta.phantom.camera import Camera
from dermadelta.phantom.reshoot import rephotograph

POSED = Camera(
    zoom=1.04, rotation_deg=3.0, tilt_x_deg=4.0, tilt_y_deg=-5.0, shift_x=0.02, shift_y=-0.01
)


def map_point(matrix: np.ndarray, x: float, y: float) -> np.ndarray:
    u, v, w = matrix @ np.array([x, y, 1.0])
    return np.array([u / w, v / w])


def dots(points: list[tuple[int, int]]) -> np.ndarray:
    image = np.full((300, 400, 3), 90, dtype=np.uint8)
    for x, y in points:
        image[y - 2 : y + 3, x - 2 : x + 3] = 220
    return image


def centre_near(image: np.ndarray, at: np.ndarray) -> np.ndarray:
    x0, y0 = np.round(at).astype(int) - 7
    patch = image[y0 : y0 + 15, x0 : x0 + 15, 1].astype(float)
    weight = np.maximum(patch - 110, 0)
    rows, cols = np.mgrid[y0 : y0 + 15, x0 : x0 + 15]
    return np.array([(weight * cols).sum(), (weight * rows).sum()]) / weight.sum()


def test_a_clean_camera_changes_nothing():
    rgb = np.random.default_rng(0).integers(60, 200, (60, 80, 3)).astype(np.uint8)
    rgb = cv2.GaussianBlur(rgb, (0, 0), 2.0)
    again, matrix = rephotograph(rgb, Camera(jpeg_quality=100, chroma_subsampling=0), 1)
    np.testing.assert_allclose(matrix, np.eye(3), atol=1e-9)
    assert np.abs(again.astype(int) - rgb).mean() < 1


def test_known_points_lie_where_the_homography_says():
    points = [(80, 70), (200, 150), (330, 90), (100, 240), (320, 230)]
    image, matrix = rephotograph(dots(points), POSED, 3)
    for x, y in points:
        at = map_point(matrix, x, y)
        assert np.hypot(*(centre_near(image, at) - at)) < 0.25
        assert np.hypot(at[0] - x, at[1] - y) > 1.0


def test_stretch_moves_points_by_little_and_is_seeded():
    points = [(80, 70), (200, 150), (330, 90), (100, 240), (320, 230)]
    camera = replace(POSED, stretch=0.01)
    image, matrix = rephotograph(dots(points), camera, 3)
    again, _ = rephotograph(dots(points), camera, 3)
    other, _ = rephotograph(dots(points), camera, 4)
    assert np.array_equal(image, again)
    assert not np.array_equal(image, other)
    offsets = [
        np.hypot(*(centre_near(image, p) - p)) for p in (map_point(matrix, *q) for q in points)
    ]
    assert 0.1 < max(offsets) < 4.0
