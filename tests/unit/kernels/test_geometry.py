import numpy as np
import pytest

from dermadelta.kernels.geometry import (
    apply_field,
    apply_homography,
    area_scale,
    bounding_box,
    dense_map,
    focal_px,
    grid_values,
    inside_hull,
    inverse,
    invert_field,
    is_plausible_view,
    lengthening,
    local_affine,
    pixel_grid,
    reached_box,
    resize_transform,
    sample_displacement,
    tile_numbers,
    tilt_between,
)
from dermadelta.phantom.camera import Camera, pose

TILTED = np.array([[1.04, 0.05, -12.0], [-0.03, 0.97, 9.0], [6e-5, -4e-5, 1.0]])
SHAPE = (480, 640)
POINTS = pixel_grid((0, 0, SHAPE[1], SHAPE[0]), stride=37)


def smooth_grid(step=32.0, size_px=4.0):
    """A displacement grid over SHAPE with about 4 % strain."""
    cols = (np.arange(int(np.ceil(SHAPE[1] / step))) + 0.5) * step - 0.5
    rows = (np.arange(int(np.ceil(SHAPE[0] / step))) + 0.5) * step - 0.5
    x, y = np.meshgrid(cols, rows)
    along_x = size_px * np.sin(2 * np.pi * y / 600.0) * np.cos(2 * np.pi * x / 700.0)
    along_y = size_px * np.cos(2 * np.pi * x / 650.0 + 0.4)
    return np.stack([along_x, along_y], axis=-1).astype(np.float32)


def test_known_homographies():
    shift = np.array([[1, 0, 3.0], [0, 1, -2.0], [0, 0, 1.0]])
    assert apply_homography(shift, [10.0, 20.0]).tolist() == [13.0, 18.0]
    # w = 2 at x = 10: a projective row halves what the affine part gives.
    projective = np.array([[1, 0, 0], [0, 1, 0], [0.1, 0, 1.0]])
    assert apply_homography(projective, [10.0, 8.0]).tolist() == [5.0, 4.0]


def test_homography_round_trip():
    back = apply_homography(inverse(TILTED), apply_homography(TILTED, POINTS))
    assert back == pytest.approx(POINTS, abs=1e-9)


def test_area_scale_is_that_of_small_squares():
    step = 0.05
    corners = [
        apply_homography(TILTED, POINTS + step * np.array(offset))
        for offset in ((0, 0), (1, 0), (1, 1), (0, 1))
    ]
    x, y = (np.stack([c[..., k] for c in corners]) for k in (0, 1))
    area = 0.5 * np.abs((x * np.roll(y, -1, 0) - np.roll(x, -1, 0) * y).sum(axis=0)) / step**2
    assert area_scale(TILTED, POINTS + 0.5 * step) == pytest.approx(area, rel=1e-6)


def test_area_scale_does_not_care_how_the_matrix_is_written():
    assert area_scale(-3.0 * TILTED, POINTS) == pytest.approx(area_scale(TILTED, POINTS))
    mirror = TILTED @ np.diag([-1.0, 1.0, 1.0])
    assert (area_scale(mirror, [[5.0, 5.0]]) > 0).all()


def test_local_affine_is_the_derivative():
    point, step = np.array([311.0, 77.0]), 1e-4
    columns = [
        (apply_homography(TILTED, point + d) - apply_homography(TILTED, point - d)) / (2 * step)
        for d in (np.array([step, 0.0]), np.array([0.0, step]))
    ]
    found = local_affine(TILTED, point)
    assert found == pytest.approx(np.stack(columns, axis=1), abs=1e-6)
    assert abs(np.linalg.det(found)) == pytest.approx(float(area_scale(TILTED, point)))


def test_resize_moves_centres_and_corners():
    transform = resize_transform((100, 200), (50, 40))
    # Pixel corners (-0.5, -0.5) and (199.5, 99.5) are those of the frame at either size.
    assert apply_homography(transform, [[-0.5, -0.5], [199.5, 99.5]]) == pytest.approx(
        np.array([[-0.5, -0.5], [39.5, 49.5]])
    )


def test_displacement_at_nodes_and_between():
    grid = smooth_grid()
    nodes = np.array([[[15.5, 15.5], [47.5, 15.5]], [[15.5, 47.5], [47.5, 47.5]]])
    assert sample_displacement(grid, 32.0, nodes) == pytest.approx(grid[:2, :2], abs=1e-6)
    between = sample_displacement(grid, 32.0, np.array([[[31.5, 15.5]]]))
    assert between[0, 0] == pytest.approx(0.5 * (grid[0, 0] + grid[0, 1]), abs=1e-4)
    outside = sample_displacement(grid, 32.0, np.array([[[-500.0, -500.0]]]))
    assert outside[0, 0] == pytest.approx(grid[0, 0])


def test_field_inversion_is_exact_to_a_hundredth_of_a_pixel():
    grid = smooth_grid()
    inside = pixel_grid((40, 40, SHAPE[1] - 80, SHAPE[0] - 80), stride=23)
    there = apply_field(TILTED, grid, 32.0, inside)
    error = np.hypot(*np.moveaxis(invert_field(TILTED, grid, 32.0, there) - inside, -1, 0))
    assert error.max() < 0.01
    # The displacement is needed for it: without, the points are off by pixels.
    plain = apply_homography(inverse(TILTED), there) - inside
    assert np.hypot(plain[..., 0], plain[..., 1]).max() > 2.0


def test_pixel_grid_counts_from_the_box():
    grid = pixel_grid((5, 9, 4, 3), stride=2)
    assert grid.tolist() == [[[5.0, 9.0], [7.0, 9.0]], [[5.0, 11.0], [7.0, 11.0]]]


def test_bounding_box():
    mask = np.zeros((20, 30), bool)
    assert bounding_box(mask, 3) == (0, 0, 0, 0)
    mask[4:7, 10] = True
    assert bounding_box(mask, 0) == (10, 4, 1, 3)
    assert bounding_box(mask, 2) == (8, 2, 5, 7)
    assert bounding_box(mask, 50) == (0, 0, 30, 20)


def test_a_dense_map_follows_the_transform_it_was_made_of():
    grid = smooth_grid()
    box = (33, 21, 501, 403)
    found = dense_map(lambda p: apply_field(TILTED, grid, 32.0, p), box)
    exact = apply_field(TILTED, grid, 32.0, pixel_grid(box))
    assert found.shape == (403, 501, 2)
    error = np.hypot(*np.moveaxis(found - exact, -1, 0))
    assert np.median(error) < 0.01
    assert error.max() < 0.1  # where the coarse grid itself has an edge
    straight = dense_map(lambda p: apply_homography(TILTED, p), box)
    assert straight == pytest.approx(apply_homography(TILTED, pixel_grid(box)), abs=0.01)


def test_reached_box_holds_the_image_of_the_box():
    box = (100, 60, 300, 200)
    x0, y0, width, height = reached_box(
        lambda p: apply_homography(TILTED, p), box, SHAPE, margin=2.0
    )
    image = apply_homography(TILTED, pixel_grid(box))
    low, high = image.min(axis=(0, 1)), image.max(axis=(0, 1))
    assert (np.array([x0, y0]) <= low).all()
    assert (np.array([x0 + width, y0 + height]) >= high).all()
    assert width * height < 1.3 * np.prod(high - low)
    far = reached_box(lambda p: p + 5000.0, box, SHAPE, margin=2.0)
    assert far[2] * far[3] == 0


def test_tile_numbers_count_from_the_corner_of_the_first_pixel():
    points = np.array(
        [[0.0, 0.0], [9.4, 0.0], [9.6, 0.0], [0.0, 9.6], [-50.0, 0.0], [999.0, 999.0]]
    )
    found = tile_numbers(points, size_px=10.0, n_cols=4, n_rows=3)
    assert found.tolist() == [0, 0, 1, 4, 0, 11]


def turn(degrees, zoom=1.0):
    c, s = zoom * np.cos(np.radians(degrees)), zoom * np.sin(np.radians(degrees))
    return np.array([[c, -s, 100.0], [s, c, 50.0], [0, 0, 1.0]])


@pytest.mark.parametrize(
    ("matrix", "plausible"),
    [
        (np.eye(3), True),
        (TILTED, True),
        (turn(90), True),
        (turn(180, 1.8), True),
        (np.diag([-1.0, 1.0, 1.0]), False),  # left and right exchanged
        (np.diag([1.0, -1.0, 1.0]), False),
        (turn(30) @ np.diag([-1.0, 1.0, 1.0]), False),
        (turn(0, 2.2), False),  # too near
        (turn(0, 0.4), False),  # too far
        (np.diag([1.6, 0.7, 1.0]), False),  # squeezed
        (np.array([[1, 0, 0], [0, 1, 0], [-2e-3, 0, 1.0]]), False),  # folds inside the frame
        (np.full((3, 3), np.nan), False),
    ],
)
def test_which_views_are_plausible(matrix, plausible):
    assert is_plausible_view(matrix, SHAPE, max_zoom=2.0, max_stretch=1.5) is plausible


FRAME = (640, 480)
FOCAL = 1.3 * FRAME[0]
"""Of the cameras of the phantom."""

CENTRE = np.array([319.5, 239.5])


def leaning(degrees, towards=0.0, **changes):
    """From a photo whose camera leans to one that was taken square-on."""
    tilt = {
        "tilt_x_deg": degrees * np.cos(towards),
        "tilt_y_deg": degrees * np.sin(towards),
    }
    first, second = (pose(Camera(**c), FRAME, FRAME, 1.0) for c in ({}, {**tilt, **changes}))
    return first @ inverse(second)


@pytest.mark.parametrize("degrees", [0.0, 3.0, 12.0, 30.0])
@pytest.mark.parametrize("towards", [0.0, 1.0, 2.5, 4.0])
def test_a_lean_is_read_from_the_perspective(degrees, towards):
    found = np.degrees(tilt_between(leaning(degrees, towards), CENTRE, FOCAL))
    assert found == pytest.approx(degrees, rel=0.02, abs=0.01)


def test_zoom_and_turn_are_no_lean():
    matrix = leaning(14.0, 0.7, zoom=1.2, rotation_deg=25.0)
    assert np.degrees(tilt_between(matrix, CENTRE, FOCAL)) == pytest.approx(14.0, rel=0.02)
    assert tilt_between(leaning(0.0, zoom=1.3, rotation_deg=40.0), CENTRE, FOCAL) < 1e-9


@pytest.mark.parametrize("stretch", [1.03, 1.1])
def test_stretched_skin_leans_no_more(stretch):
    """Foreshortening alone would read a stretch of 3 % as 14°, of 10 % as 25°."""
    along = np.diag([stretch, 1.0, 1.0])
    assert tilt_between(along, CENTRE, FOCAL) == 0.0
    found = np.degrees(tilt_between(along @ leaning(10.0, 2.0), CENTRE, FOCAL))
    assert found == pytest.approx(10.0, rel=0.02)


@pytest.mark.parametrize("towards", [0.0, 1.0, 2.5])
def test_lengthening_tells_which_photo_is_foreshortened(towards):
    """Lengths along the lean shrink by its cosine against those across it."""
    matrix = leaning(20.0, towards)
    expected = -np.log(np.cos(np.radians(20.0)))
    assert lengthening(matrix, CENTRE) == pytest.approx(expected, rel=0.05)
    assert lengthening(inverse(matrix), CENTRE) == pytest.approx(-expected, rel=0.05)
    assert lengthening(np.diag([1.2, 1.0, 1.0]), CENTRE) == 0.0


def test_an_equivalent_focal_length_refers_to_the_diagonal():
    """A frame of 36 x 24 mm film itself, at 100 pixels per millimetre."""
    assert focal_px(50.0, (2400, 3600)) == pytest.approx(5000.0, rel=1e-3)


def test_inside_the_hull_of_points():
    corners = np.array([[0.0, 0.0], [10.0, 0.0], [10.0, 10.0], [0.0, 10.0], [5.0, 5.0]])
    points = np.array([[[5.0, 1.0], [11.0, 5.0], [-0.1, 5.0]]])
    np.testing.assert_array_equal(inside_hull(corners, points), [[True, False, False]])


def test_cells_of_a_grid_hold_their_pixels():
    grid = np.array([[True, False], [False, True]])
    points = np.array([[[0.0, 0.0], [15.4, 0.0], [15.6, 0.0], [15.6, 40.0], [-9.0, 40.0]]])
    expected = [[True, True, False, True, False]]
    np.testing.assert_array_equal(grid_values(grid, 16.0, points), expected)
    assert grid_values(np.ones((2, 2), bool), 16.0, points).all()
