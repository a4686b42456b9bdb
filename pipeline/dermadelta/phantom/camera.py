"""An independent camera for each shot: where it stands, and what lens, sensor and file do.

A ``Camera`` has no millimetres: the pose is relative to the frame, so the same camera re-shoots
a synthetic patch and a real photograph. Homographies act on ``(x = col, y = row, 1)`` at pixel
centres.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from dermadelta.kernels.colour import srgb_encode
from dermadelta.phantom.fields import Field, blur

Matrix = NDArray[np.float64]
Image8 = NDArray[np.uint8]

_CODES = 65535
"""Linear light is looked up with 16 bits: 0.05 of an 8-bit code at worst, in the deepest dark."""

_LUMA = np.array([0.299, 0.587, 0.114])
"""Luma of encoded colours (ITU-R BT.601), as JPEG and camera processors take it."""

_FOCAL_SHARE = 1.3
"""Focal length as a share of the frame's width: a phone's main camera at 2x."""


@dataclass(frozen=True)
class Camera:
    """One shot's camera. Defaults are a clean, square-on shot.

    Pose: ``zoom`` magnifies, ``rotation_deg`` turns, ``tilt_x_deg`` and ``tilt_y_deg`` lean,
    ``shift_x`` and ``shift_y`` are shares of the frame's width; ``stretch`` is the RMS strain of
    the skin (0.01 = 1 %). Exposure: ``exposure_ev``, gains ``wb_red`` and ``wb_blue`` against
    green. Rendering: ``gamma`` bends the encoded value (1 = sRGB), ``contrast`` adds an S-curve,
    ``saturation`` then multiplies the distance of encoded colours from their luma (1 = none).
    Lens: ``vignetting`` is the loss of light in the corners, ``blur_px`` the Gaussian sigma.
    Sensor: ``shot_noise`` and ``read_noise`` are standard deviations of linear light at 1 and
    at 0. File: ``sharpen`` (unsharp amount), ``jpeg_quality``, ``chroma_subsampling``
    (0 = 4:4:4, 1 = 4:2:2, 2 = 4:2:0).
    """

    zoom: float = 1.0
    rotation_deg: float = 0.0
    tilt_x_deg: float = 0.0
    tilt_y_deg: float = 0.0
    shift_x: float = 0.0
    shift_y: float = 0.0
    stretch: float = 0.0
    exposure_ev: float = 0.0
    wb_red: float = 1.0
    wb_blue: float = 1.0
    gamma: float = 1.0
    contrast: float = 0.0
    saturation: float = 1.0
    vignetting: float = 0.0
    blur_px: float = 0.0
    shot_noise: float = 0.0
    read_noise: float = 0.0
    sharpen: float = 0.0
    jpeg_quality: int = 92
    chroma_subsampling: int = 2


def pose(camera: Camera, source: tuple[int, int], size: tuple[int, int], scale: float) -> Matrix:
    """Homography from source pixels to photo pixels, (3, 3) float64.

    ``source`` and ``size`` are (width, height) of the plane and of the photo; ``scale`` is photo
    pixels per source pixel at the centre, before ``zoom``.
    """
    focal = _FOCAL_SHARE * size[0]
    tx, ty, rz = np.radians([camera.tilt_x_deg, camera.tilt_y_deg, camera.rotation_deg])
    about_x = np.array([[1, 0, 0], [0, np.cos(tx), -np.sin(tx)], [0, np.sin(tx), np.cos(tx)]])
    about_y = np.array([[np.cos(ty), 0, np.sin(ty)], [0, 1, 0], [-np.sin(ty), 0, np.cos(ty)]])
    about_z = np.array([[np.cos(rz), -np.sin(rz), 0], [np.sin(rz), np.cos(rz), 0], [0, 0, 1]])
    turn = about_x @ about_y @ about_z
    distance = focal / (scale * camera.zoom)
    plane = np.column_stack([turn[:, 0], turn[:, 1], [0.0, 0.0, distance]])
    to_centre = np.array(
        [[1, 0, -0.5 * (source[0] - 1)], [0, 1, -0.5 * (source[1] - 1)], [0, 0, 1.0]]
    )
    to_photo = np.array(
        [
            [focal, 0, 0.5 * (size[0] - 1) + camera.shift_x * size[0]],
            [0, focal, 0.5 * (size[1] - 1) + camera.shift_y * size[0]],
            [0, 0, 1.0],
        ]
    )
    homography = to_photo @ plane @ to_centre
    return np.asarray(homography / homography[2, 2], dtype=np.float64)


@dataclass(frozen=True, eq=False)
class View:
    """Geometry of one shot: which source point each photo pixel sees.

    ``homography`` maps unstretched source pixels to photo pixels; ``map_x`` and ``map_y`` are
    (H, W) float32 source coordinates, the stretch included.
    """

    homography: Matrix
    map_x: Field
    map_y: Field

    def sample(self, field: Field) -> Field:
        """A source field (h, w) or (h, w, 3) as seen by the shot, bicubic."""
        seen = cv2.remap(
            field, self.map_x, self.map_y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101
        )
        return np.asarray(seen, dtype=np.float32)

    def seen(self, source: tuple[int, int], margin_px: int) -> tuple[slice, slice]:
        """Rows and columns of a source (width, height) that the shot sees, and a margin.

        Both begin and end on even pixels as far as the source does, so that what is computed on
        every second pixel is the same for the part as for the whole.
        """
        found = []
        for coordinates, size in ((self.map_y, source[1]), (self.map_x, source[0])):
            low, high, _, _ = cv2.minMaxLoc(coordinates)
            start = max(0, int(low) - margin_px) // 2 * 2
            stop = min(size, (int(high) + margin_px) // 2 * 2)
            found.append(slice(start, stop))
        return found[0], found[1]

    def shifted(self, rows: slice, cols: slice) -> View:
        """The same view of a part of the source; the homography stays that of the whole."""
        return replace(
            self,
            map_x=self.map_x - np.float32(cols.start),
            map_y=self.map_y - np.float32(rows.start),
        )

    def sample_mask(self, mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """A source mask as seen by the shot; outside the source nothing is True."""
        cover = mask.astype(np.float32)
        seen = cv2.remap(cover, self.map_x, self.map_y, cv2.INTER_LINEAR, borderValue=0.0)
        return np.asarray(seen >= 0.5, dtype=np.bool_)


def make_view(
    camera: Camera,
    source: tuple[int, int],
    size: tuple[int, int],
    scale: float,
    rng: np.random.Generator,
) -> View:
    """Pose and stretch of one shot; ``rng`` draws the shape of the stretch."""
    homography = pose(camera, source, size, scale)
    inverse = np.linalg.inv(homography)
    x = np.arange(size[0], dtype=np.float32)[None, :]
    y = np.arange(size[1], dtype=np.float32)[:, None]
    i = inverse.astype(np.float32)
    depth = 1.0 / (i[2, 0] * x + i[2, 1] * y + i[2, 2])
    map_x = (i[0, 0] * x + i[0, 1] * y + i[0, 2]) * depth
    map_y = (i[1, 0] * x + i[1, 1] * y + i[1, 2]) * depth
    wave = _stretch(rng, size) * np.float32(camera.stretch * source[0])
    if camera.stretch > 0.0:
        map_x += wave[..., 0]
        map_y += wave[..., 1]
    return View(homography, map_x.astype(np.float32), map_y.astype(np.float32))


def _stretch(rng: np.random.Generator, size: tuple[int, int]) -> Field:
    """Smooth displacement (H, W, 2) in frame widths whose RMS strain is 1."""
    rows, cols = 48, 64
    y, x = np.mgrid[0:rows, 0:cols] / (cols - 1)
    field = np.zeros((rows, cols, 2))
    for axis in range(2):
        for _ in range(4):
            turn, phase = rng.uniform(0.0, 2.0 * np.pi, 2)
            wavelength = rng.uniform(0.55, 1.4)
            along = np.cos(turn) * x + np.sin(turn) * y
            field[..., axis] += np.cos(2.0 * np.pi * along / wavelength + phase)
    strain = [np.gradient(field[..., a], axis=b) * (cols - 1) for a in range(2) for b in range(2)]
    field /= np.sqrt(np.mean(np.square(strain)))
    field -= field.mean(axis=(0, 1))
    full = cv2.resize(field.astype(np.float32), size, interpolation=cv2.INTER_CUBIC)
    return np.asarray(full, dtype=np.float32)


def expose(scene: Field, camera: Camera, rng: np.random.Generator) -> Image8:
    """From linear light at the photo's pixels (H, W, 3) to encoded sRGB uint8, before JPEG."""
    gain = 2.0**camera.exposure_ev
    gains = np.diag([gain * camera.wb_red, gain, gain * camera.wb_blue])
    light = cv2.transform(scene, gains)
    light = blur(np.asarray(light, dtype=np.float32), camera.blur_px)
    np.maximum(light, 0.0, out=light)
    if camera.vignetting > 0.0:
        # As rows of 3 w values: a broadcast over three channels is several times slower.
        rows = light.reshape(light.shape[0], -1)
        rows *= np.repeat(_vignette(light.shape[:2], camera.vignetting), 3, axis=1)
    if camera.shot_noise > 0.0 or camera.read_noise > 0.0:
        variance = light * np.float32(camera.shot_noise**2)
        variance += np.float32(camera.read_noise**2)
        noise = rng.standard_normal(light.shape, dtype=np.float32)
        noise *= cv2.sqrt(variance, dst=variance)
        light += noise
    light *= np.float32(_CODES)
    np.clip(light, 0.0, np.float32(_CODES), out=light)
    encoded = cv2.LUT(light.astype(np.uint16), _tone_curve(camera.gamma, camera.contrast))
    if camera.saturation != 1.0:
        encoded = cv2.transform(encoded, _saturation(camera.saturation))
    if camera.sharpen > 0.0:
        soft = cv2.GaussianBlur(encoded, (7, 7), 1.0)
        encoded = cv2.addWeighted(encoded, 1.0 + camera.sharpen, soft, -camera.sharpen, 0.0)
    # Negative values of saturation and sharpening must end at black, not at their absolute value.
    np.maximum(encoded, 0.0, out=encoded)
    return np.asarray(cv2.convertScaleAbs(encoded, alpha=255.0), dtype=np.uint8)


def _vignette(shape: tuple[int, ...], loss: float) -> Field:
    """Light that reaches each pixel, 1 in the centre and 1 - loss in the corners."""
    y = np.linspace(-1.0, 1.0, shape[0], dtype=np.float32)[:, None]
    x = np.linspace(-1.0, 1.0, shape[1], dtype=np.float32)[None, :]
    return np.asarray(1.0 - np.float32(0.5 * loss) * (x * x + y * y), dtype=np.float32)


def _tone_curve(gamma: float, contrast: float) -> Field:
    """Encoded value (0..1) of every linear code."""
    value = srgb_encode((np.arange(_CODES + 1) + 0.5) / _CODES) ** gamma
    value = value + contrast * (value * value * (3.0 - 2.0 * value) - value)
    return np.asarray(value, dtype=np.float32)


def _saturation(factor: float) -> Matrix:
    """Matrix (3, 3) on encoded colours that multiplies their distance from their luma."""
    return np.asarray(factor * np.eye(3) + (1.0 - factor) * _LUMA, dtype=np.float64)
