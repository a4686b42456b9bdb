"""Random fields on a regular grid: smooth noise, cell networks, scattered dots, curved strokes.

Everything is float32 and a function of the generator alone, so a seed fixes every pixel.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float32]

_COARSE_SIGMA_PX = 3.0
"""Smooth noise is made on a grid on which its Gaussian has this width: finer would only cost."""


def blur(field: Field, sigma_px: float) -> Field:
    """Gaussian blur of an (h, w) or (h, w, c) field; wide ones on a coarser grid, for speed."""
    if sigma_px < 0.05:
        return field
    factor = int(sigma_px / _COARSE_SIGMA_PX)
    if factor >= 2:
        h, w = field.shape[:2]
        size = (max(2, round(w / factor)), max(2, round(h / factor)))
        small = cv2.resize(field, size, interpolation=cv2.INTER_AREA)
        small = cv2.GaussianBlur(small, (0, 0), sigma_px * size[0] / w)
        return np.asarray(cv2.resize(small, (w, h), interpolation=cv2.INTER_CUBIC), np.float32)
    radius = int(np.ceil(3.5 * sigma_px))
    size_px = (2 * radius + 1, 2 * radius + 1)
    return np.asarray(cv2.GaussianBlur(field, size_px, sigma_px), dtype=np.float32)


def weighted(
    first: Field, a: float, second: Field, b: float, offset: float, *, out: Field | None = None
) -> Field:
    """``a * first + b * second + offset`` in one pass; into ``out`` where it is given."""
    return np.asarray(cv2.addWeighted(first, a, second, b, offset, dst=out), dtype=np.float32)


def smooth_noise(rng: np.random.Generator, shape: tuple[int, int], sigma_px: float) -> Field:
    """Gaussian noise low-passed with ``sigma_px``, mean 0 and standard deviation 1."""
    factor = max(1.0, sigma_px / _COARSE_SIGMA_PX)
    small_shape = (int(np.ceil(shape[0] / factor)) + 4, int(np.ceil(shape[1] / factor)) + 4)
    noise = rng.standard_normal(small_shape, dtype=np.float32)
    noise = np.asarray(cv2.GaussianBlur(noise, (0, 0), max(sigma_px / factor, 0.3)), np.float32)
    if factor > 1.0:
        size = (round(small_shape[1] * factor), round(small_shape[0] * factor))
        noise = np.asarray(cv2.resize(noise, size, interpolation=cv2.INTER_CUBIC), np.float32)
    noise = noise[: shape[0], : shape[1]]
    mean, spread = cv2.meanStdDev(noise)
    gain = 1.0 / max(float(spread[0, 0]), 1e-9)
    scaled = noise * np.float32(gain)
    scaled -= np.float32(float(mean[0, 0]) * gain)
    return np.asarray(scaled, dtype=np.float32)


def cell_edges(
    rng: np.random.Generator,
    shape: tuple[int, int],
    cell_px: float,
    *,
    angle_deg: float,
    elongation: float,
    coarse: int = 2,
) -> Field:
    """Distance to the borders of random polygonal cells, in cells (0 on a border).

    A jittered-grid Voronoi network (Worley 1996, doi:10.1145/237170.237267), bent by smooth
    noise; ``(second nearest - nearest) / 2`` approximates the distance to the border.
    ``elongation`` > 1 draws the cells out along ``angle_deg``. Computed on every
    ``coarse``-th pixel and interpolated: the distance itself is smooth.
    """
    h, w = -(-shape[0] // coarse) + 2, -(-shape[1] // coarse) + 2
    rows, cols = np.mgrid[0:h, 0:w].astype(np.float32) * np.float32(coarse / cell_px)
    bend = 2.5 * cell_px / coarse
    cols += 0.28 * smooth_noise(rng, (h, w), bend)
    rows += 0.28 * smooth_noise(rng, (h, w), bend)
    turn = np.radians(angle_deg)
    u = (np.cos(turn) * cols + np.sin(turn) * rows) / np.float32(np.sqrt(elongation))
    v = (np.cos(turn) * rows - np.sin(turn) * cols) * np.float32(np.sqrt(elongation))
    u -= u.min() - 1.5
    v -= v.min() - 1.5
    nearest, second = _two_nearest(rng, u.astype(np.float32), v.astype(np.float32))
    edge = 0.5 * (second - nearest)
    full = cv2.resize(edge, (w * coarse, h * coarse), interpolation=cv2.INTER_LINEAR)
    return np.asarray(full[: shape[0], : shape[1]], dtype=np.float32)


def _two_nearest(rng: np.random.Generator, u: Field, v: Field) -> tuple[Field, Field]:
    """Distances to the nearest and second nearest seed of a jittered unit grid."""
    iu, iv = u.astype(np.int32), v.astype(np.int32)
    n_u, n_v = int(iu.max()) + 3, int(iv.max()) + 3
    jitter = rng.uniform(0.08, 0.92, (2, n_v * n_u)).astype(np.float32)
    fu, fv = u - iu, v - iv
    flat = iv.astype(np.intp) * n_u + iu
    nearest = np.full(u.shape, 1e9, dtype=np.float32)
    second = nearest.copy()
    for dv in (-1, 0, 1):
        for du in (-1, 0, 1):
            index = flat + (dv * n_u + du)
            x = np.take(jitter[0], index)
            y = np.take(jitter[1], index)
            x -= fu
            x += np.float32(du)
            y -= fv
            y += np.float32(dv)
            # Not cv2.magnitude: its last bit depends on where the arrays lie in memory.
            distance = np.sqrt(x * x + y * y)
            np.minimum(second, np.maximum(distance, nearest), out=second)
            np.minimum(nearest, distance, out=nearest)
    return nearest, second


@dataclass(frozen=True, eq=False)
class Dots:
    """Where dots lie and how high they are.

    ``x`` and ``y`` (n,) float64 are their centres in pixels, ``peak`` (n,) float64 their heights,
    about 1. ``sigma_px`` is the width of the Gaussian that each of them is.
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    peak: NDArray[np.float64]
    sigma_px: float


def draw_dots(
    rng: np.random.Generator, shape: tuple[int, int], n: int, sigma_px: float, spread: float = 0.3
) -> Dots:
    """``n`` dots at random positions, their heights log-normal with ``spread``."""
    x = rng.uniform(0.0, shape[1] - 1.001, n)
    y = rng.uniform(0.0, shape[0] - 1.001, n)
    return Dots(x, y, np.exp(spread * rng.standard_normal(n)), sigma_px)


def dots(
    rng: np.random.Generator, shape: tuple[int, int], n: int, sigma_px: float, spread: float = 0.3
) -> Field:
    """``n`` Gaussian dots of peak about 1 (log-normal with ``spread``) at random positions."""
    return laid_dots(draw_dots(rng, shape, n, sigma_px, spread), shape)


def laid_dots(drawn: Dots, shape: tuple[int, int]) -> Field:
    """The field (h, w) that drawn dots add up to."""
    field = np.zeros(shape, dtype=np.float32)
    if not len(drawn.x):
        return field
    peak = drawn.peak * 2.0 * np.pi * drawn.sigma_px**2
    col, row = drawn.x.astype(np.int64), drawn.y.astype(np.int64)
    fx, fy = drawn.x - col, drawn.y - row
    corners = ((0, 0, (1 - fx) * (1 - fy)), (0, 1, fx * (1 - fy)), (1, 0, (1 - fx) * fy))
    for d_row, d_col, weight in (*corners, (1, 1, fx * fy)):
        np.add.at(field, (row + d_row, col + d_col), (peak * weight).astype(np.float32))
    return blur(field, drawn.sigma_px)


def stroke_paths(
    rng: np.random.Generator,
    shape: tuple[int, int],
    n: int,
    *,
    length_px: tuple[float, float],
    angle_deg: float,
    angle_spread_deg: float,
    bend: float,
) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Where ``n`` curved lines run: points (33, 2) x, y in pixels, and levels (32) between them.

    Levels, 0..1, fade out towards both ends.
    """
    paths = []
    steps = np.linspace(-0.5, 0.5, 33)
    for _ in range(n):
        length = rng.uniform(*length_px)
        turn = np.radians(angle_deg + angle_spread_deg * rng.standard_normal())
        side = bend * length * (rng.standard_normal() * (steps**2 - 1 / 12) * 2)
        side += 0.25 * bend * length * np.cumsum(rng.standard_normal(33)) / 8
        cx, cy = rng.uniform(0, shape[1]), rng.uniform(0, shape[0])
        x = cx + steps * length * np.cos(turn) - side * np.sin(turn)
        y = cy + steps * length * np.sin(turn) + side * np.cos(turn)
        peak = rng.uniform(0.5, 1.0)
        levels = peak * np.sqrt(np.cos(np.pi * 0.5 * (steps[1:] + steps[:-1])))
        paths.append((np.stack([x, y], axis=1), levels))
    return paths


def strokes(
    rng: np.random.Generator,
    shape: tuple[int, int],
    n: int,
    *,
    length_px: tuple[float, float],
    width_px: float,
    angle_deg: float,
    angle_spread_deg: float,
    bend: float,
) -> Field:
    """``n`` curved lines of peak about 1 and Gaussian profile, each fading out at its ends."""
    field = np.zeros(shape, dtype=np.float32)
    paths = stroke_paths(
        rng,
        shape,
        n,
        length_px=length_px,
        angle_deg=angle_deg,
        angle_spread_deg=angle_spread_deg,
        bend=bend,
    )
    for path, levels in paths:
        points = np.round(path * 16).astype(np.int32)
        for k in range(32):
            ends = points[k : k + 2]
            cv2.polylines(field, [ends], False, float(levels[k]), 1, cv2.LINE_AA, 4)
    return np.asarray(blur(field, width_px) * (width_px * np.sqrt(2 * np.pi)), dtype=np.float32)
