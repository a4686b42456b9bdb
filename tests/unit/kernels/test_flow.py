from functools import lru_cache

import cv2
import numpy as np
import pytest
from scipy import ndimage

from dermadelta.kernels.flow import (
    area_ratio,
    compose,
    dense_step,
    draw_before,
    fit_homography,
    local_correlation,
    locally_normalised,
    match_features,
    median_of_neighbours,
    node_step,
    smooth_flow,
    smooth_nodes,
    spread,
    value_at,
    window_correlation,
)
from dermadelta.kernels.geometry import apply_homography, pixel_grid

SHAPE = (300, 400)
AFTER_TO_BEFORE = np.array([[0.97, 0.06, 8.0], [-0.05, 1.02, 5.0], [2e-5, -3e-5, 1.0]])


@lru_cache
def scene(seed=0):
    """Blobs of several sizes, as pores, freckles and furrows are."""
    random = np.random.default_rng(seed)
    total = np.zeros(SHAPE)
    for sigma in (1.5, 3.0, 6.0):
        part = ndimage.gaussian_filter(random.standard_normal(SHAPE), sigma)
        total += part / part.std()
    return total.astype(np.float32)


def picture(signal):
    return locally_normalised(signal, np.ones(signal.shape, bool), 12.0)


def shot(matrix, seed=0):
    """The scene as a camera sees it whose pixels lie at matrix · p in the scene."""
    return cv2.warpPerspective(
        scene(seed),
        matrix,
        SHAPE[::-1],
        flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REFLECT_101,
    )


EVERYWHERE = np.ones(SHAPE, bool)


def matched(first, second, first_mask=EVERYWHERE, second_mask=EVERYWHERE):
    return match_features(first, first_mask, second, second_mask, limit=2000, ratio=0.85)


def test_features_and_fit_find_a_known_homography():
    before, after = picture(scene()), picture(shot(AFTER_TO_BEFORE))
    source, target = matched(after, before)
    matrix, inliers = fit_homography(source, target, threshold_px=2.0, seed=7)
    assert inliers > 100
    inside = pixel_grid((40, 40, 320, 220), stride=20)
    error = apply_homography(matrix, inside) - apply_homography(AFTER_TO_BEFORE, inside)
    assert np.hypot(error[..., 0], error[..., 1]).max() < 0.3
    again = fit_homography(source, target, threshold_px=2.0, seed=7)
    assert np.array_equal(again[0], matrix)


def test_features_lie_on_the_masks_only():
    before, after = picture(scene()), picture(shot(AFTER_TO_BEFORE))
    left, top = EVERYWHERE.copy(), EVERYWHERE.copy()
    left[:, 200:] = False
    top[150:] = False
    source, target = matched(after, before, left, top)
    assert len(source) > 20
    assert source[:, 0].max() < 200.5
    assert target[:, 1].max() < 150.5


def test_other_skin_gives_no_homography_worth_the_name():
    source, target = matched(picture(shot(AFTER_TO_BEFORE, seed=1)), picture(scene()))
    fitted = fit_homography(source, target, threshold_px=2.0, seed=7)
    assert fitted is None or fitted[1] < 12


def test_flat_pictures_and_empty_masks_match_nothing():
    flat = np.full(SHAPE, 127, np.uint8)
    assert len(matched(flat, flat)[0]) == 0
    before = picture(scene())
    assert matched(before, before, first_mask=~EVERYWHERE)[0].shape == (0, 2)


def test_fit_survives_wrong_matches_and_refuses_too_few():
    random = np.random.default_rng(3)
    source = random.uniform(0, 300, (200, 2))
    target = apply_homography(AFTER_TO_BEFORE, source)
    target[:90] = random.uniform(0, 300, (90, 2))
    matrix, inliers = fit_homography(source, target, threshold_px=2.0, seed=1)
    assert 105 <= inliers <= 120
    assert apply_homography(matrix, source[90:]) == pytest.approx(target[90:], abs=0.05)
    assert fit_homography(source[:5], target[:5], threshold_px=2.0, seed=1) is None


def test_points_on_a_line_fit_no_homography():
    along = np.linspace(0, 200, 30)
    line = np.stack([along, 2 * along], axis=1)
    fitted = fit_homography(line, line + 3.0, threshold_px=2.0, seed=1)
    assert (
        fitted is None or not np.isfinite(fitted[0]).all() or (abs(np.linalg.det(fitted[0])) < 1e6)
    )


def warp(amplitude=2.5):
    """A smooth displacement, a few pixels over a wavelength of the picture's width."""
    y, x = np.mgrid[0 : SHAPE[0], 0 : SHAPE[1]]
    along_x = amplitude * np.sin(2 * np.pi * y / 260.0)
    along_y = amplitude * np.cos(2 * np.pi * x / 310.0)
    return np.stack([along_x, along_y], axis=-1).astype(np.float32)


def drawn(field):
    points = pixel_grid((0, 0, SHAPE[1], SHAPE[0])) + field
    return cv2.remap(
        scene(),
        points[..., 0].astype(np.float32),
        points[..., 1].astype(np.float32),
        cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REFLECT_101,
    )


INNER = (slice(30, -30), slice(30, -30))


def test_flow_recovers_a_known_warp():
    truth = warp()
    before, after = picture(scene()), picture(drawn(truth))
    field = np.zeros_like(truth)
    for _ in range(2):
        step, round_trip = dense_step(after, before, np.eye(3), field)
        field = compose(field, smooth_flow(step, round_trip, EVERYWHERE, 8.0, 1.0))
    error = np.hypot(*np.moveaxis(field - truth, -1, 0))[INNER]
    assert np.median(error) < 0.15
    assert np.quantile(error, 0.95) < 0.5
    assert np.hypot(round_trip[..., 0], round_trip[..., 1])[INNER].mean() < 0.5


def test_round_trip_shows_where_flow_cannot_be_trusted():
    before = picture(scene())
    _, good = dense_step(picture(drawn(warp())), before, np.eye(3), np.zeros((*SHAPE, 2), "f4"))
    other = picture(scene(5))
    _, bad = dense_step(other, before, np.eye(3), np.zeros((*SHAPE, 2), "f4"))
    lengths = [np.hypot(e[..., 0], e[..., 1])[INNER].mean() for e in (good, bad)]
    assert lengths[1] > 4 * lengths[0]


def test_drawing_before_on_the_after_grid():
    before = picture(scene())
    shift = np.array([[1, 0, 5.0], [0, 1, 3.0], [0, 0, 1.0]])
    still = np.zeros((*SHAPE, 2), np.float32)
    found = draw_before(SHAPE, before, shift, still)
    assert np.array_equal(found[:-3, :-5], before[3:, 5:])
    assert (found[-3:] == 127).all()


def test_composition_of_two_displacements():
    first, second = warp(2.0), warp(-1.2)[::-1].copy()
    both = compose(first, second)
    points = pixel_grid((0, 0, SHAPE[1], SHAPE[0]))
    landing = points + second
    expected = landing.copy()
    for k in (0, 1):
        expected[..., k] += ndimage.map_coordinates(
            first[..., k], [landing[..., 1], landing[..., 0]], order=1, mode="nearest"
        )
    assert both == pytest.approx(expected - points, abs=0.02)


def test_smoothing_trusts_what_comes_back():
    flow = np.zeros((*SHAPE, 2), np.float32)
    flow[...] = (1.0, -2.0)
    error = np.zeros_like(flow)
    wrong = np.zeros(SHAPE, bool)
    wrong[100:140, 150:200] = True
    flow[wrong] = (30.0, 30.0)
    error[wrong] = (9.0, 9.0)
    smooth = smooth_flow(flow, error, EVERYWHERE, 15.0, 1.0)
    assert smooth[110:130, 160:190] == pytest.approx(
        np.broadcast_to((1.0, -2.0), (20, 30, 2)), abs=0.1
    )
    mask = EVERYWHERE.copy()
    mask[:, 60:] = False
    assert np.abs(smooth_flow(flow, error, mask, 10.0, 1.0)[:, 200:]).max() < 0.01


def test_normalising_takes_light_and_contrast_out():
    y, x = np.mgrid[0 : SHAPE[0], 0 : SHAPE[1]]
    one = picture(scene())
    other = picture((0.3 * scene() + 0.01 * x - 0.02 * y).astype(np.float32))
    assert np.abs(one.astype(int) - other)[INNER].mean() < 3
    assert 110 < one.mean() < 145


def test_normalising_is_blind_and_grey_outside_the_mask():
    mask = EVERYWHERE.copy()
    mask[:, :120] = False
    other = np.where(mask, scene(), np.float32(60.0))
    found = locally_normalised(scene(), mask, 12.0)
    assert np.array_equal(found, locally_normalised(other, mask, 12.0))
    assert (found[~mask] == 127).all()


def test_local_correlation_knows_same_from_other():
    before, other = picture(scene()), picture(scene(8))
    same = local_correlation(before, before, EVERYWHERE, 8.0)
    assert same[INNER].min() > 0.99
    assert abs(local_correlation(before, other, EVERYWHERE, 8.0)[INNER].mean()) < 0.1
    negative = local_correlation(before, 255 - before, EVERYWHERE, 8.0)
    assert negative[INNER].mean() < -0.95
    mask = EVERYWHERE.copy()
    mask[:150] = False
    assert not local_correlation(before, before, mask, 8.0)[:150].any()


# ------------------------------------------------------------------ nodes


def speckle(shape=(240, 320), seed=3):
    rng = np.random.default_rng(seed)
    noise = cv2.GaussianBlur(rng.normal(size=shape).astype(np.float32), (0, 0), 1.5)
    return np.clip(127.5 + 60.0 * noise / noise.std(), 0, 255).astype(np.uint8)


def test_flow_at_nodes_gives_back_a_known_shift():
    picture = speckle()
    moved = cv2.warpAffine(picture, np.float32([[1, 0, 2.4], [0, 1, -1.3]]), picture.shape[::-1])
    xs, ys = np.meshgrid(np.arange(40, 280, 24.0), np.arange(40, 200, 24.0))
    nodes = np.stack([xs, ys], axis=-1).astype(np.float32)
    seen = node_step(picture, moved, nodes, window_px=25)
    assert seen.found.all()
    np.testing.assert_allclose(seen.step[..., 0], 2.4, atol=0.05)
    np.testing.assert_allclose(seen.step[..., 1], -1.3, atol=0.05)
    assert seen.error.max() < 0.1


def test_windows_of_the_same_picture_correlate_and_others_do_not():
    mask = np.ones((240, 320), bool)
    mask[:, :50] = False
    same = window_correlation(speckle(), speckle(), mask, 25)
    assert same[:, 60:].min() > 0.999
    assert not same[:, :50].any()
    assert abs(window_correlation(speckle(), speckle(seed=4), mask, 25)[:, 60:].mean()) < 0.05


def test_a_smooth_step_survives_smoothing_and_doubtful_nodes_lean_on_their_neighbours():
    rows, cols = 20, 30
    step = np.stack(np.meshgrid(np.arange(cols) * 0.1, np.arange(rows) * 0.2), axis=-1)
    step = step.astype(np.float32)
    wrong = step.copy()
    wrong[8:11, 12:15] = 50.0
    weight = np.ones((rows, cols), np.float32)
    weight[8:11, 12:15] = 0.0
    smooth = smooth_nodes(wrong, weight, 1.5)
    np.testing.assert_allclose(smooth[9, 13], step[9, 13], atol=0.15)
    np.testing.assert_allclose(smooth[5:15, 20:25], step[5:15, 20:25], atol=0.15)


def test_nothing_moves_where_there_is_no_weight():
    smooth = smooth_nodes(np.ones((9, 9, 2), np.float32), np.zeros((9, 9), np.float32), 1.0)
    assert not smooth.any()


def test_area_ratio_of_a_field_that_stretches():
    xs, ys = np.meshgrid(np.arange(12) * 10.0, np.arange(9) * 10.0)
    field = np.stack([0.10 * xs, -0.05 * ys], axis=-1).astype(np.float32)
    np.testing.assert_allclose(area_ratio(field, 10.0), 1.10 * 0.95, rtol=1e-5)
    folded = np.stack([-1.5 * xs, 0.0 * ys], axis=-1).astype(np.float32)
    assert (area_ratio(folded, 10.0) < 0.0).all()


def test_the_median_of_neighbours_does_not_hear_one_liar():
    rng = np.random.default_rng(0)
    points = rng.uniform(0, 100, (60, 2))
    values = np.tile([2.0, -1.0], (60, 1))
    values[7] = (90.0, 90.0)
    np.testing.assert_array_equal(
        median_of_neighbours(points, values, 9), np.tile([2.0, -1.0], (60, 1))
    )


def test_a_field_on_cells_is_spread_over_their_pixels():
    xs, ys = np.meshgrid((np.arange(6) + 0.5) * 8.0 - 0.5, (np.arange(5) + 0.5) * 8.0 - 0.5)
    wide = spread(np.stack([xs, ys], axis=-1).astype(np.float32), (38, 45), 8.0)
    assert wide.shape == (38, 45, 2)
    np.testing.assert_allclose(wide[20, 8:36, 0], np.arange(8, 36), atol=1e-4)
    np.testing.assert_allclose(wide[8:30, 20, 1], np.arange(8, 30), atol=1e-4)


def test_a_mask_is_read_at_the_nodes_of_another_size():
    mask = np.zeros((40, 40), bool)
    mask[10:20, 20:30] = True
    half = np.diag([2.0, 2.0, 1.0])
    nodes = np.array([[[50.0, 30.0], [10.0, 10.0], [500.0, 30.0]]], np.float32)
    np.testing.assert_array_equal(value_at(mask, half, np.eye(3), nodes), [[True, False, False]])
