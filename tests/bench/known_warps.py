"""Pairs of photographs whose dense truth is known: one picture, warped and shot again.

The *before* photo is a picture of skin, 4000 px wide, with fresh sensor noise. The *after* photo
shows the same picture through

1. a non-rigid field u: white noise on a lattice (16 px apart at 4000 px) in x and y, smoothed
   with a Gaussian whose SD is the field's ``length`` (0.06, 0.10 or 0.20 of the width), less its
   mean over the frame, scaled so that the largest |u| in the frame is ``strain_share`` of the
   width;
2. a pose: zoom within ±10 %, roll within ±15°, tilt about both axes within ±8°, shift within 3 %;
3. a photograph: exposure within ±0.5 EV, red and blue gain within ±6 %, a smooth gradient of
   light of up to 15 % either way (linear across the frame), Gaussian blur of SD 0.4 to 1.1 px,
   noise of its own, JPEG of quality 90 with 4:2:0 chroma.

The *truth* sends after pixel p to H⁻¹p + u(H⁻¹p). Even seeds are for training (choosing settings),
odd seeds for reporting; neither see the other's synthetic people.

The real pictures come from ``DERMADELTA_DATA``; they are enlarged to the width, so they hold less
fine detail than a photograph of 12 megapixels does: the synthetic skin has it in full.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates
from warp_sources import WIDTH_PX, Source, data_folder, family_of, source, source_names

from dermadelta.kernels.geometry import apply_homography, inverse
from dermadelta.kernels.texture import gaussian
from dermadelta.phantom.camera import Camera, expose, pose
from dermadelta.phantom.encode import jpeg_bytes

__all__ = [
    "WIDTH_PX",
    "KnownWarp",
    "NonRigid",
    "PointMap",
    "Source",
    "cases",
    "data_folder",
    "dense",
    "family_of",
    "make",
    "source",
    "source_names",
]

Image8 = NDArray[np.uint8]
Floats = NDArray[np.float64]
Field = NDArray[np.float32]
Mask = NDArray[np.bool_]
PointMap = Callable[[Floats], Floats]
"""Sends after points (r, c, 2) to before points."""

LENGTHS = (0.10, 0.06, 0.10, 0.20)
"""SD of the Gaussian that makes the field, share of the width: one per seed, in turn."""

QUALITY = 90
_LATTICE_PX = 8.0
"""The truth is computed exactly on such a lattice and expanded; it deviates by < 0.02 px."""


@dataclass(frozen=True, eq=False)
class KnownWarp:
    """A pair with its dense truth.

    ``truth`` is (H, W, 2) float32: where each after pixel lies in the before photo, (x, y).
    ``skin`` is (H, W) bool on the before photo, ``after_skin`` (H, W) bool on the after photo:
    pixels whose truth lands on the skin. ``length`` is that of the field, share of the width.
    ``files`` are both photos as JPEG.
    """

    source: Source
    before_rgb: Image8
    after_rgb: Image8
    truth: Field
    skin: Mask
    after_skin: Mask
    strain_share: float
    length: float
    seed: int
    files: tuple[bytes, bytes]


# --------------------------------------------------------------------------------- pairs


def make(
    source: Source,
    strain_share: float,
    seed: int,
    width: int = WIDTH_PX,
    length: float = 0.0,
    later: Source | None = None,
) -> KnownWarp:
    """Warp a source and shoot it again; same arguments, same bytes.

    Parameters
    ----------
    source : Source
        Of this width.
    strain_share : float
        Largest displacement in the frame, share of the width (0.01 = 1 %); 0 is a pose only.
    seed : int
        Even for training, odd for reporting.
    length : float
        Of the field, share of the width; 0 takes that of the seed.
    later : Source, optional
        What the same skin has become by the after photo; as it was without it.
    """
    rows, cols = source.skin.shape
    if cols != width:
        raise ValueError(f"{source.name} is {cols} px wide, not {width}")
    length = length or LENGTHS[seed // 2 % len(LENGTHS)]
    parts = np.random.SeedSequence([seed, *source.name.encode()]).spawn(4)
    shape_rng, camera_rng, before_rng, after_rng = map(np.random.default_rng, parts)
    camera = random_camera(camera_rng)
    matrix = inverse(pose(camera, (cols, rows), (cols, rows), 1.0))
    field_ = NonRigid.draw(shape_rng, (rows, cols), strain_share, length)
    truth = dense(lambda p: field_.moved(apply_homography(matrix, p)), (rows, cols))
    scene = cv2.remap(
        (later or source).linear,
        np.ascontiguousarray(truth[..., 0]),
        np.ascontiguousarray(truth[..., 1]),
        cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REFLECT_101,
    )
    _gradient(scene, camera_rng)
    plain = Camera(shot_noise=0.008, read_noise=0.001, jpeg_quality=QUALITY)
    files = [
        jpeg_bytes(expose(light, shot, rng), shot)
        for light, shot, rng in (
            (source.linear, plain, before_rng),
            (scene, camera, after_rng),
        )
    ]
    before, after = map(_decoded, files)
    return KnownWarp(
        source=source,
        before_rgb=before,
        after_rgb=after,
        truth=truth,
        skin=source.skin,
        after_skin=_landed(source.skin, truth),
        strain_share=strain_share,
        length=length,
        seed=seed,
        files=(files[0], files[1]),
    )


def _decoded(file: bytes) -> Image8:
    flat = np.frombuffer(file, dtype=np.uint8)
    return np.ascontiguousarray(cv2.imdecode(flat, cv2.IMREAD_COLOR)[..., ::-1])


def random_camera(rng: np.random.Generator) -> Camera:
    """The pose and the photographic differences of the after photo."""

    def between(size: float) -> float:
        return float(rng.uniform(-size, size))

    return Camera(
        zoom=1.0 + between(0.10),
        rotation_deg=between(15.0),
        tilt_x_deg=between(8.0),
        tilt_y_deg=between(8.0),
        shift_x=between(0.03),
        shift_y=between(0.03),
        exposure_ev=between(0.5),
        wb_red=1.0 + between(0.06),
        wb_blue=1.0 + between(0.06),
        blur_px=float(rng.uniform(0.4, 1.1)),
        shot_noise=float(rng.uniform(0.008, 0.016)),
        read_noise=float(rng.uniform(0.001, 0.002)),
        jpeg_quality=QUALITY,
    )


@dataclass(frozen=True, eq=False)
class NonRigid:
    """A smooth displacement of before points; ``nodes`` (2, gh, gw), in pixels.

    Pixel (0, 0) lies at node (``origin``, ``origin``).
    """

    nodes: Floats
    step_px: float
    origin: int

    @classmethod
    def draw(
        cls, rng: np.random.Generator, shape: tuple[int, int], strain_share: float, length: float
    ) -> NonRigid:
        """Gaussian-smoothed noise whose largest length in the frame is given."""
        width = shape[1]
        step = width / 250.0
        # Beyond the frame, too, where the other photo looks, so that no edge stiffens the field.
        rows, cols = (int(np.ceil(side / step)) + 1 for side in shape)
        pad = 80
        noise = rng.standard_normal((rows + 2 * pad, cols + 2 * pad, 2)).astype(np.float32)
        nodes = np.moveaxis(np.asarray(gaussian(noise, length * width / step)), -1, 0).copy()
        framed = nodes[:, pad:-pad, pad:-pad]
        nodes -= framed.mean(axis=(1, 2), keepdims=True)
        largest = np.hypot(*framed).max()
        return cls(nodes.astype(np.float64) * (strain_share * width / largest), step, pad)

    def moved(self, points: Floats) -> Floats:
        """Points (r, c, 2) with the displacement added, by cubic splines."""
        at = points[..., ::-1] / self.step_px + self.origin
        coordinates = np.moveaxis(at, -1, 0)
        steps = [map_coordinates(part, coordinates, order=3, mode="nearest") for part in self.nodes]
        return np.asarray(points + np.stack(steps, axis=-1), dtype=np.float64)


def dense(transform: PointMap, shape: tuple[int, int]) -> Field:
    """A smooth transform at every pixel, from a lattice of exact points."""
    margin, step = 2, int(_LATTICE_PX)
    counts = [int(np.ceil(side / step)) + 2 * margin for side in shape]
    axes = [(np.arange(count) - margin + 0.5) * step - 0.5 for count in counts]
    xs, ys = np.meshgrid(axes[1], axes[0])
    lattice = transform(np.stack([xs, ys], axis=-1)).astype(np.float32)
    size = (counts[1] * step, counts[0] * step)
    dense = cv2.resize(lattice, size, interpolation=cv2.INTER_CUBIC)
    start = margin * step
    return np.ascontiguousarray(dense[start : start + shape[0], start : start + shape[1]])


def _gradient(scene: Field, rng: np.random.Generator) -> None:
    """A light that falls off linearly across the frame, in any direction."""
    rows, cols = scene.shape[:2]
    turn, depth = rng.uniform(0.0, 2.0 * np.pi), rng.uniform(0.0, 0.15)
    x = np.linspace(-1.0, 1.0, cols, dtype=np.float32) * np.float32(depth * np.cos(turn))
    y = np.linspace(-1.0, 1.0, rows, dtype=np.float32) * np.float32(depth * np.sin(turn))
    flat = scene.reshape(rows, -1)
    flat *= np.float32(1.0) + np.repeat(x, 3)[None, :] + y[:, None]


def _landed(mask: Mask, truth: Field) -> Mask:
    cover = cv2.remap(
        mask.astype(np.uint8), truth[..., 0], truth[..., 1], cv2.INTER_NEAREST, borderValue=0
    )
    return np.asarray(cover > 0, dtype=np.bool_)


def cases(names: list[str], *, reporting: bool) -> Iterator[tuple[str, float, int]]:
    """(source, strain share, seed) of a set: every source at 1 and 3 %, every third pose only."""
    for number, name in enumerate(names):
        for strain, offset in ((0.01, 0), (0.03, 200), (0.0, 400)):
            if strain > 0.0 or number % 3 == 0:
                yield name, strain, 2 * number + offset + int(reporting)
