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
