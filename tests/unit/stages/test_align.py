from dataclasses import replace

import cv2
import numpy as np
import pytest

from dermadelta.domain import Alignment, Cause, NotAligned, Region, Role
from dermadelta.kernels.geometry import apply_field, apply_homography, pixel_grid
from dermadelta.stages.align import align


def found_of(bench, name) -> Alignment:
    return bench.aligned(name)[1].alignment


def error_px(bench, name, found):
    """Distance of every pixel of the after region from where it truly lies, before pixels."""
    pair = bench.rendered(name)
    rows, cols = pair.after.roi.shape
    points = pixel_grid((0, 0, cols, rows))
    there = apply_field(found.after_to_before, found.displacement, found.grid_step_px, points)
    true = apply_homography(pair.after_to_before, points)
    return np.hypot(*np.moveaxis(there - true, -1, 0))[pair.after.roi]


@pytest.mark.parametrize("name", ["no_change", "texture", "quarter"])
def test_the_same_skin_is_found_to_a_pixel(bench, name):
    error = error_px(bench, name, found_of(bench, name))
    assert np.median(error) < 1.0
    assert np.quantile(error, 0.95) < 2.0


def test_its_own_figures_tell_the_truth(bench):
    found = found_of(bench, "no_change")
    assert found.overlap > 0.98
    assert 0.5 < found.correlation <= 1.0
    assert found.inliers >= bench.config.align.min_inliers
    assert found.rms_px >= 0.0
    assert found.p95_px < 1.0


def test_a_quarter_turn_is_found(bench):
    matrix = found_of(bench, "quarter").after_to_before
    angle = np.degrees(np.arctan2(matrix[1, 0], matrix[0, 0]))
    assert abs(angle) == pytest.approx(90.0, abs=3.0)


def sides(bench, name):
    first, own = bench.prepared(name, Role.BEFORE)
    second, other = bench.prepared(name, Role.AFTER)
    return first, second, own, other


def test_another_person_is_not_found(bench):
    found = align(*sides(bench, "impostor"), bench.config.align)
    assert isinstance(found, NotAligned)
    assert found.cause is Cause.OTHER_SKIN
    assert "same person" in found.reason


def test_a_mirrored_photo_is_named(bench):
    found = align(*sides(bench, "mirrored"), bench.config.align)
    assert isinstance(found, NotAligned)
    assert found.cause is Cause.MIRRORED
    assert "mirror" in found.reason


def test_alignment_is_the_same_every_time_with_any_number_of_threads(bench):
    first = found_of(bench, "texture")
    threads = cv2.getNumThreads()
    try:
        for count in (1, 2):
            cv2.setNumThreads(count)
            again = align(*sides(bench, "texture"), bench.config.align)
            assert isinstance(again, Alignment)
            assert np.array_equal(again.after_to_before, first.after_to_before)
            assert np.array_equal(again.displacement, first.displacement)
            assert (again.rms_px, again.p95_px) == (first.rms_px, first.p95_px)
            assert again.correlation == first.correlation
    finally:
        cv2.setNumThreads(threads)


def test_a_region_that_has_left_the_frame_is_refused_or_counted(bench):
    """The after photo shows only the right third of what the before photo shows."""
    before, own = bench.prepared("no_change", Role.BEFORE)
    after, other = bench.prepared("no_change", Role.AFTER)
    left = np.zeros_like(own.usable)
    left[100:320, 5:160] = True
    own = replace(own, regions=(Region("roi", left, "given"),))
    gone = np.zeros_like(other.usable)
    gone[:, :200] = True
    other = replace(other, usable=other.usable & ~gone, readable=other.readable & ~gone)
    found = align(before, after, own, other, bench.config.align)
    if isinstance(found, Alignment):
        assert found.overlap < 0.5
    else:
        assert found.reason


def test_a_photo_without_marks_is_not_aligned(bench):
    before, own = bench.prepared("no_change", Role.BEFORE)
    flat = np.full_like(before.photo.rgb, 150)
    plain = replace(before, photo=replace(before.photo, rgb=flat))
    assert isinstance(align(before, plain, own, own, bench.config.align), NotAligned)


# ------------------------------------------------------------- its own error


def test_the_expected_error_covers_the_true_one(bench):
    found = found_of(bench, "no_change")
    inside = bench.rendered("no_change").after.roi
    true = error_px(bench, "no_change", found)
    step = found.grid_step_px
    ys, xs = np.nonzero(inside)
    cells = ((ys + 0.5) / step).astype(int), ((xs + 0.5) / step).astype(int)
    assert np.mean(true <= found.error_px[cells]) > 0.95
    assert found.usable[cells].mean() > 0.95
    assert found.usable_share > 0.95
    low, high = found.area_change
    assert 0.9 < low <= 1.0 <= high < 1.1


def without_texture(photo, middle, half, seed):
    """The photo with a spot that keeps its colour but has nothing to hold on to."""
    rgb = photo.photo.rgb.copy()
    x, y = np.rint(middle).astype(int)
    spot = (slice(y - half, y + half), slice(x - half, x + half))
    noise = np.random.default_rng(seed).normal(scale=1.0, size=(2 * half, 2 * half, 1))
    soft = cv2.GaussianBlur(rgb, (0, 0), 9.0)[spot].astype(np.float64) + noise
    rgb[spot] = np.clip(np.round(soft), 0, 255)
    return replace(photo, photo=replace(photo.photo, rgb=rgb))


def test_a_part_without_texture_is_marked_unusable_and_not_guessed(bench):
    before, after, own, other = sides(bench, "no_change")
    rows, cols = after.photo.rgb.shape[:2]
    middle = np.array([cols / 2, rows / 2])
    there = apply_homography(bench.rendered("no_change").after_to_before, middle)
    found = align(
        without_texture(before, there, 60, 1),
        without_texture(after, middle, 60, 2),
        own,
        other,
        bench.config.align,
    )
    assert isinstance(found, Alignment)
    step = found.grid_step_px
    assert not found.usable[int(rows / 2 / step), int(cols / 2 / step)]
    assert found.usable_share < 0.98


@pytest.mark.parametrize(("name", "turns"), [("no_change", {0}), ("quarter", {1, 3})])
def test_quarter_turns_are_counted(bench, name, turns):
    assert found_of(bench, name).quarter_turns in turns


# ------------------------------------------------------------------ landmarks


def landmarks_of(bench, name, spread=0.3):
    """Nine points that both photos of a rendered pair truly share."""
    pair = bench.rendered(name)
    rows, cols = pair.after.roi.shape
    at = [
        [cols * (0.5 + spread * u), rows * (0.5 + spread * v)]
        for u in (-1, 0, 1)
        for v in (-1, 0, 1)
    ]
    after = np.array(at, dtype=np.float64)
    return np.hstack([apply_homography(pair.after_to_before, after), after])


def with_landmarks(photo, points):
    return replace(photo, photo=replace(photo.photo, landmarks=points))


def test_landmarks_lead_to_the_same_place_and_are_recorded(bench):
    before, after, own, other = sides(bench, "no_change")
    marked = with_landmarks(after, landmarks_of(bench, "no_change"))
    found = align(before, marked, own, other, bench.config.align)
    assert isinstance(found, Alignment)
    assert found.method == "landmarks"
    assert found.inliers == 9
    assert np.median(error_px(bench, "no_change", found)) < 1.0


def test_landmarks_stand_where_the_pictures_say_nothing(bench):
    before, after, own, other = sides(bench, "no_change")
    flat = np.full_like(after.photo.rgb, 150)
    flat[::2] += 1
    plain = replace(after, photo=replace(after.photo, rgb=flat))
    assert isinstance(align(before, plain, own, other, bench.config.align), NotAligned)
    marked = with_landmarks(plain, landmarks_of(bench, "no_change"))
    found = align(before, marked, own, other, bench.config.align)
    assert isinstance(found, Alignment)
    assert np.median(error_px(bench, "no_change", found)) < 2.0
    rows, cols = flat.shape[:2]
    step = found.grid_step_px
    assert found.usable[int(rows / 2 / step), int(cols / 2 / step)]
    assert not found.usable[0, 0]


def test_landmarks_that_cannot_be_used_are_named(bench):
    before, after, own, other = sides(bench, "no_change")
    points = landmarks_of(bench, "no_change")
    wrong = points.copy()
    wrong[4, :2] += (150.0, -120.0)
    outside = points.copy()
    outside[2, 0] = 1e5
    shuffled = points.copy()
    shuffled[:, :2] = points[::-1, :2][[3, 1, 4, 0, 2, 8, 6, 7, 5]]
    for given, words in ((outside, "outside the before"), (shuffled, "landmark")):
        found = align(before, with_landmarks(after, given), own, other, bench.config.align)
        assert isinstance(found, NotAligned)
        assert found.cause is Cause.LANDMARKS
        assert words in found.reason
