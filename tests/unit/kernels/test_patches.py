import cv2
import numpy as np
import pytest

from dermadelta.kernels.colour import srgb_decode, srgb_encode
from dermadelta.kernels.patches import read_patches

CURVES = np.tile(srgb_decode(np.arange(256) / 255.0).astype(np.float32), (3, 1))
COLOUR = np.array([0.42, 0.22, 0.15])


def encoded(linear):
    return np.round(255.0 * srgb_encode(linear)).astype(np.uint8)


def scene(quad, colour=COLOUR, *, around=0.85, size=(80, 120), blur=0.0, fine=8):
    """A patch on paper, drawn ``fine`` times as fine; quad in photo pixels."""
    height, width = size
    mask = np.zeros((height * fine, width * fine), np.uint8)
    corners = ((np.asarray(quad) + 0.5) * fine - 0.5) * 16.0
    cv2.fillConvexPoly(mask, np.round(corners).astype(np.int32), 255, cv2.LINE_8, 4)
    cover = cv2.resize(mask, (width, height), interpolation=cv2.INTER_AREA)[..., None] / 255.0
    light = cover * colour + (1.0 - cover) * around
    return cv2.GaussianBlur(light, (0, 0), blur) if blur else light


def square(x, y, side, turn_deg=0.0):
    turn = np.radians(turn_deg)
    unit = 0.5 * side * np.array([[-1, -1], [1, -1], [1, 1], [-1, 1.0]])
    about = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return unit @ about.T + (x, y)


def read(picture, *quads, clipped=None, **settings):
    clipped = np.zeros(picture.shape[:2], np.bool_) if clipped is None else clipped
    return read_patches(picture, CURVES, np.eye(3), clipped, np.stack(quads), **settings)


@pytest.mark.parametrize("turn", [0.0, 20.0, 45.0, 130.0])
@pytest.mark.parametrize("side", [12.0, 30.0])
def test_the_colour_of_a_turned_patch(side, turn):
    quad = square(60.3, 39.6, side, turn)
    found = read(encoded(scene(quad)), quad)
    assert found.in_frame.all()
    assert found.means[0] == pytest.approx(COLOUR, rel=0.01)  # half a code
    assert found.spread[0] < 0.01
    assert found.clipped[0] == 0.0


@pytest.mark.parametrize(("side", "blur", "limit"), [(15.0, 2.0, 0.01), (8.0, 1.0, 0.01)])
def test_blur_brings_in_little(side, blur, limit):
    quad = square(60.0, 40.0, side)
    found = read(encoded(scene(quad, blur=blur)), quad)
    assert found.means[0] == pytest.approx(COLOUR, rel=limit + 0.01)


def test_the_smallest_and_most_blurred_patch_gets_what_is_unavoidable():
    # Eight pixels under a Gaussian of two: the very middle sees erf(√2)² = 0.91 of the patch.
    quad = square(60.0, 40.0, 8.0)
    found = read(encoded(scene(quad, blur=2.0)), quad)
    paper = (found.means[0] - COLOUR) / (0.85 - COLOUR)
    assert (paper > 0.08).all()
    assert (paper < 0.125).all()


def test_means_are_of_light_not_of_codes():
    picture = np.zeros((60, 60, 3), np.uint8)
    picture[:, ::2] = 200
    picture[:, 1::2] = 100
    found = read(picture, square(29.5, 29.5, 40.0))
    light = srgb_decode(np.array([200, 100]) / 255.0)
    assert found.means[0] == pytest.approx(light.mean(), rel=0.03)
    assert found.means[0, 0] > 1.1 * srgb_decode(150 / 255.0)


def test_a_hair_does_not_count():
    quad = square(60.0, 40.0, 40.0)
    picture = encoded(scene(quad))
    cv2.line(picture, (45, 20), (78, 60), (20, 15, 12), 2)
    found = read(picture, quad)
    assert found.means[0] == pytest.approx(COLOUR, rel=0.015)
    assert found.spread[0] > 0.1


def test_saturated_share():
    quad = square(60.0, 40.0, 40.0)
    clipped = np.zeros((80, 120), np.bool_)
    clipped[:, 60:] = True
    found = read(encoded(scene(quad)), quad, clipped=clipped)
    assert found.clipped[0] == pytest.approx(0.5, abs=0.03)


def test_a_patch_that_leaves_the_photo():
    inside, outside = square(60.0, 40.0, 20.0), square(117.0, 40.0, 20.0)
    found = read(encoded(scene(inside)), inside, outside, outside + 500.0)
    assert found.in_frame.tolist() == [True, False, False]
    assert (found.means[1:] == 0.0).all()


def test_pixels_outside_a_patch_do_not_matter():
    quad = square(60.2, 40.4, 24.0, 15.0)
    picture = encoded(scene(quad))
    other = picture.copy()
    other[(np.hypot(*np.mgrid[-40:40, -60:60]) > 14.0)] = np.random.default_rng(1).integers(256)
    assert read(picture, quad).means == pytest.approx(read(other, quad).means, abs=0.0)


def test_sixteen_bits():
    picture = np.full((40, 40, 3), (30000, 20000, 10000), np.uint16)
    curves = np.tile(np.linspace(0.0, 1.0, 65536, dtype=np.float32), (3, 1))
    quads = square(20.0, 20.0, 20.0)[None]
    found = read_patches(picture, curves, np.eye(3), np.zeros((40, 40), np.bool_), quads)
    assert found.means[0] == pytest.approx(np.array([30000, 20000, 10000]) / 65535, rel=1e-5)


def test_an_impossible_inset():
    with pytest.raises(ValueError, match="between 0 and"):
        read(np.zeros((9, 9, 3), np.uint8), square(4.0, 4.0, 4.0), inset=1.0)
