"""Real photographs shot again by the phantom's camera: known pose, nothing changed."""

from __future__ import annotations

import cv2
import numpy as np

from dermadelta.kernels.colour import srgb_decode
from dermadelta.phantom.camera import Camera, Image8, Matrix, View, expose, make_view
from dermadelta.phantom.encode import through_jpeg
from dermadelta.phantom.fields import Field


def rephotograph(rgb: Image8, camera: Camera, seed: int) -> tuple[Image8, Matrix]:
    """Shoot a photograph again with the phantom's camera, JPEG included.

    Parameters
    ----------
    rgb : (h, w, 3) uint8
        A photograph, sRGB encoded.
    camera : Camera
        Pose (relative to the frame), exposure, lens, sensor and file of the new shot.
    seed : int
        Fixes noise and stretch: same arguments, same bytes.

    Returns
    -------
    image : (h, w, 3) uint8
        The new photograph, same size; what lies outside the original is mirrored in.
    original_to_new : (3, 3) float64
        Homography of pixel centres, without the stretch (exact when ``stretch`` is 0).
    """
    image, view = shoot_again(linear_light(rgb), camera, seed)
    return through_jpeg(image, camera), view.homography


def linear_light(rgb: Image8) -> Field:
    """An sRGB photograph (h, w, 3) uint8 as linear light (h, w, 3) float32, 0..1."""
    curve = srgb_decode(np.arange(256) / 255.0).astype(np.float32)
    return np.asarray(cv2.LUT(rgb, curve), dtype=np.float32)


def shoot_again(linear: Field, camera: Camera, seed: int) -> tuple[Image8, View]:
    """Shoot linear light (h, w, 3) float32 with the phantom's camera, before JPEG.

    Returns the picture (h, w, 3) uint8, sRGB encoded, and which point of the original each of
    its pixels sees. The same seed gives the same noise and stretch.
    """
    geometry, sensor = (
        np.random.default_rng(part) for part in np.random.SeedSequence(seed).spawn(2)
    )
    size = (linear.shape[1], linear.shape[0])
    view = make_view(camera, size, size, 1.0, geometry)
    return expose(view.sample(linear), camera, sensor), view
