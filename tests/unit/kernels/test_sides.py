from dataclasses import replace

import numpy as np
import pytest

from dermadelta.kernels.colour import srgb_decode
from dermadelta.kernels.geometry import apply_homography
from dermadelta.kernels.sides import (
    Source,
    averaged,
    boxes_to_refine,
    mirrored,
    side,
    thinned,
    whole_factor,
)

SHAPE = (600, 800)


def source(region=(slice(200, 320), slice(300, 460)), measured=True):
    """A picture whose brightness rises to the right, with a rectangle to be measured."""
    ramp = np.linspace(60, 200, SHAPE[1])[None, :, None]
    inside = np.zeros(SHAPE, bool)
    inside[region] = True
    curve = srgb_decode(np.linspace(0.0, 1.0, 256)).astype(np.float32)
    return Source(
        pixels=np.broadcast_to(ramp, (*SHAPE, 3)).astype(np.uint8),
        curves=np.tile(curve, (3, 1)),
        to_srgb=np.eye(3),
        allowed=np.ones(SHAPE, bool),
        region=inside,
        measured=inside if measured else np.zeros(SHAPE, bool),
        surface=np.ones(SHAPE, bool),
        factor=1,
        photo_shape=SHAPE,
    )


def middle(mask):
    return np.argwhere(mask).mean(axis=0)[::-1]


@pytest.mark.parametrize("box", [None, (250, 150, 300, 240)])
def test_a_box_lies_where_it_lies_in_the_photo(box):
    whole = source()
    found = side(whole, 0.12, 0.02, box)
    assert apply_homography(found.to_full, middle(found.region)) == pytest.approx(
        middle(whole.region), abs=1.0
    )
    assert found.short_side == pytest.approx(300.0)
    at = apply_homography(found.to_full, np.array([40.0, 30.0]))
    expected = whole.curves[0][whole.pixels[0, round(at[0]), 0]]
    assert found.rgb[30, 40, 0] == pytest.approx(expected, abs=0.01)


def test_the_surface_is_drawn_at_its_place():
    whole = source()
    whole.surface[:, : SHAPE[1] // 2] = False
    usable = side(whole, 0.12, 0.02, (300, 100, 200, 200)).usable
    assert not usable[:, :48].any()
    assert usable[:, 52:].all()


def test_boxes_hold_what_is_measured_and_its_image_with_a_margin():
    shift = np.array([[1.0, 0.0, 100.0], [0.0, 1.0, -50.0], [0.0, 0.0, 1.0]])
    before, after = source(), source(measured=False)
    own, other = boxes_to_refine(before, after, shift, margin_share=0.1)
    assert own == (240, 140, 280, 240)
    assert other[0] <= 240 - 100
    assert other[0] + other[2] >= 520 - 100
    assert other[1] <= 140 + 50
    assert other[1] + other[3] >= 380 + 50


def test_a_small_region_gets_a_box_that_flow_can_work_on_and_a_given_one_its_own():
    corner = source((slice(0, 20), slice(0, 20)))
    own, _ = boxes_to_refine(corner, source(measured=False), np.eye(3), margin_share=0.02)
    assert own == (0, 0, 210, 210)
    far = source((slice(560, 600), slice(760, 800)))
    _, other = boxes_to_refine(corner, far, np.eye(3), margin_share=0.02)
    assert other == (0, 0, 800, 600)


def test_what_the_after_photo_does_not_show_has_no_box():
    away = np.array([[1.0, 0.0, 5000.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    assert boxes_to_refine(source(), source(measured=False), away, margin_share=0.05) is None


def test_mirroring_turns_everything_but_the_place():
    found = side(source(), 0.12, 0.02)
    other = mirrored(found)
    assert np.array_equal(other.grey[:, ::-1], found.grey)
    assert np.array_equal(other.pigment.shape, found.pigment.shape)
    assert np.array_equal(other.region[:, ::-1], found.region)


def test_averaging_by_a_whole_number_keeps_the_places():
    ramp = np.broadcast_to(np.arange(64.0)[None, :, None], (49, 64, 3)).astype(np.uint8)
    small = averaged(ramp, 3)
    assert small.shape == (16, 21, 3)
    whole = replace(source(), factor=3)
    at = whole.to_photo @ np.array([5.0, 4.0, 1.0])
    assert small[4, 5, 0] == at[0] == 16.0
    assert at[1] == 13.0
    mask = np.zeros((49, 64), bool)
    mask[13, 16] = True
    np.testing.assert_array_equal(np.argwhere(thinned(mask, 3)), [[4, 5]])


def test_no_more_is_averaged_than_the_size_allows():
    assert whole_factor((3000, 4000), 1.0) == 3
    assert whole_factor((700, 900), 1.0) == 1
