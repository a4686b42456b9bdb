import numpy as np
import pytest

from dermadelta.kernels.colour import srgb_encode
from dermadelta.phantom.camera import Camera, expose, make_view, pose

SIZE = (400, 300)


def map_point(matrix: np.ndarray, x: float, y: float) -> np.ndarray:
    u, v, w = matrix @ np.array([x, y, 1.0])
    return np.array([u / w, v / w])


def test_stretch_has_the_strain_asked_for():
    view = make_view(Camera(stretch=0.01), SIZE, SIZE, 1.0, np.random.default_rng(5))
    y, x = np.mgrid[0:300, 0:400]
    strain = [
        np.gradient(m - g, axis=a) for m, g in ((view.map_x, x), (view.map_y, y)) for a in (0, 1)
    ]
    assert np.sqrt(np.mean(np.square(strain))) == pytest.approx(0.01, rel=0.1)


def test_pose_magnifies_by_zoom_and_scale():
    matrix = pose(Camera(zoom=1.1), SIZE, SIZE, 0.5)
    step = map_point(matrix, 201, 150) - map_point(matrix, 200, 150)
    np.testing.assert_allclose(step, [0.55, 0.0], atol=1e-9)


def test_exposure_and_white_balance_are_gains_of_linear_light():
    scene = np.full((20, 30, 3), 0.2, dtype=np.float32)
    camera = Camera(exposure_ev=0.5, wb_red=1.1, wb_blue=0.9)
    image = expose(scene, camera, np.random.default_rng(0))
    expected = srgb_encode(0.2 * 2**0.5 * np.array([1.1, 1.0, 0.9])) * 255
    np.testing.assert_allclose(image[10, 10], expected, atol=1.0)


def test_noise_has_the_size_asked_for():
    scene = np.full((200, 200, 3), 0.25, dtype=np.float32)
    quiet = expose(scene, Camera(), np.random.default_rng(0)).astype(float)
    noisy = expose(scene, Camera(shot_noise=0.03), np.random.default_rng(0)).astype(float)
    slope = (srgb_encode(0.251) - srgb_encode(0.249)) / 0.002
    assert quiet.std() == 0.0
    assert noisy.std() == pytest.approx(255 * slope * 0.03 * 0.5, rel=0.05)


def test_too_much_light_clips_at_white():
    scene = np.full((20, 20, 3), 0.6, dtype=np.float32)
    assert (
        expose(scene, Camera(exposure_ev=1.5, sharpen=0.5), np.random.default_rng(0)).min() == 255
    )


def test_blur_and_vignetting():
    scene = np.zeros((61, 81, 3), dtype=np.float32)
    scene[:, 41:] = 0.5
    sharp, soft = (
        expose(scene, Camera(blur_px=b), np.random.default_rng(0))[30, :, 1] for b in (0.0, 2.0)
    )
    assert np.count_nonzero((sharp > 5) & (sharp < 180)) < np.count_nonzero(
        (soft > 5) & (soft < 180)
    )
    level = np.full((61, 81, 3), 0.4, dtype=np.float32)
    dim = expose(level, Camera(vignetting=0.3), np.random.default_rng(0))
    assert dim[0, 0, 1] == pytest.approx(255 * srgb_encode(0.4 * 0.7), abs=1.5)
    assert dim[30, 40, 1] == pytest.approx(255 * srgb_encode(0.4), abs=1.5)


@pytest.mark.parametrize("factor", [0.85, 1.2])
def test_saturation_stretches_encoded_colours_from_their_luma(factor):
    scene = np.zeros((8, 8, 3), dtype=np.float32)
    scene[:] = (0.40, 0.22, 0.15)
    plain, strong = (
        expose(scene, Camera(saturation=s), np.random.default_rng(0))[4, 4].astype(float)
        for s in (1.0, factor)
    )
    luma = plain @ [0.299, 0.587, 0.114]
    np.testing.assert_allclose(strong, luma + factor * (plain - luma), atol=1.0)


def test_colours_without_saturation_are_grey_and_none_passes_black():
    scene = np.zeros((8, 8, 3), dtype=np.float32)
    scene[:] = (0.9, 0.01, 0.0)
    grey = expose(scene, Camera(saturation=0.0), np.random.default_rng(0))
    assert np.ptp(grey) <= 1
    strong = expose(scene, Camera(saturation=1.6), np.random.default_rng(0))
    assert (strong[..., 1:] == 0).all()
