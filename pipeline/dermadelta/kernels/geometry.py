"""Homographies and coarse displacement fields: where a pixel of one photo lies in another.

Points are (..., 2) arrays of (x, y) at pixel centres. A *field* is a homography H together with
a displacement grid d of shape (gh, gw, 2), in source pixels, sampled at grid node (r, c) =
source pixel ``((c + 0.5)·step - 0.5, (r + 0.5)·step - 0.5)``; it sends p to H·(p + d(p)).
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def apply_homography(matrix: Floats, points: ArrayLike) -> Floats:
    """Send (..., 2) points through a (3, 3) homography."""
    p = np.asarray(points, dtype=np.float64)
    x, y = p[..., 0], p[..., 1]
    w = matrix[2, 0] * x + matrix[2, 1] * y + matrix[2, 2]
    return np.stack(
        [
            (matrix[0, 0] * x + matrix[0, 1] * y + matrix[0, 2]) / w,
            (matrix[1, 0] * x + matrix[1, 1] * y + matrix[1, 2]) / w,
        ],
        axis=-1,
    )


def inverse(matrix: Floats) -> Floats:
    """Inverse of a (3, 3) homography."""
    return np.asarray(np.linalg.inv(matrix), dtype=np.float64)


def area_scale(matrix: Floats, points: ArrayLike) -> Floats:
    """|Jacobian| of a homography at (..., 2) points: target area per source area."""
    p = np.asarray(points, dtype=np.float64)
    w = matrix[2, 0] * p[..., 0] + matrix[2, 1] * p[..., 1] + matrix[2, 2]
    scale: Floats = np.abs(np.linalg.det(matrix) / w**3)
    return scale


def scale_ratio(to_plane: ArrayLike, points: ArrayLike, base: float) -> float:
    """How much coarser a plane is shown at points than at ``base`` of its units per pixel.

    Parameters
    ----------
    to_plane : (9,) or (3, 3) array_like
        Homography from pixels to the plane; empty for one that is shown alike everywhere.
    points : (..., 2) array_like
        Pixels, x and y, at least one.
    base : float
        Units per pixel that the ratio is of.

    Returns
    -------
    float
        Median over the points; 1 for an empty homography.
    """
    matrix = np.asarray(to_plane, dtype=np.float64)
    if matrix.size == 0:
        return 1.0
    return float(np.median(np.sqrt(area_scale(matrix.reshape(3, 3), points)))) / base


def resize_transform(source: tuple[int, int], target: tuple[int, int]) -> Floats:
    """(3, 3) transform of pixel centres when a (rows, cols) image is resized to another shape.

    Centres move as ``x' = (x + 0.5)·factor - 0.5`` with the exact factor of each axis.
    """
    fy, fx = target[0] / source[0], target[1] / source[1]
    return np.array([[fx, 0.0, 0.5 * fx - 0.5], [0.0, fy, 0.5 * fy - 0.5], [0.0, 0.0, 1.0]])


def sample_displacement(
    grid: NDArray[np.float32], step_px: float, points: ArrayLike
) -> NDArray[np.float32]:
    """Displacement at (h, w, 2) points by bilinear interpolation, edge values beyond the grid.

    In floating point: OpenCV's interpolation knows positions to 1/32 of a *cell* only, which at a
    cell of 32 pixels moves a stretched grid by hundredths of a pixel.
    """
    p = np.asarray(points, dtype=np.float64)
    last = np.array([grid.shape[1] - 1, grid.shape[0] - 1])
    at = np.clip((p + 0.5) / step_px - 0.5, 0.0, last)
    low = np.minimum(at.astype(np.intp), np.maximum(last - 1, 0))
    high = np.minimum(low + 1, last)
    right, down = np.moveaxis((at - low)[..., None], -2, 0)
    upper = grid[low[..., 1], low[..., 0]] * (1 - right) + grid[low[..., 1], high[..., 0]] * right
    lower = grid[high[..., 1], low[..., 0]] * (1 - right) + grid[high[..., 1], high[..., 0]] * right
    return np.asarray(upper * (1 - down) + lower * down, dtype=np.float32)


def pixel_grid(box: tuple[int, int, int, int], stride: int = 1) -> Floats:
    """Centres (h, w, 2) of every ``stride``-th pixel of a box (x0, y0, width, height)."""
    x0, y0, width, height = box
    xs, ys = np.meshgrid(
        np.arange(x0, x0 + width, stride, dtype=np.float64),
        np.arange(y0, y0 + height, stride, dtype=np.float64),
    )
    return np.stack([xs, ys], axis=-1)


def apply_field(
    matrix: Floats, grid: NDArray[np.float32], step_px: float, points: ArrayLike
) -> Floats:
    """Send (h, w, 2) source points through a field."""
    p = np.asarray(points, dtype=np.float64)
    return apply_homography(matrix, p + sample_displacement(grid, step_px, p))


def invert_field(
    matrix: Floats,
    grid: NDArray[np.float32],
    step_px: float,
    points: ArrayLike,
    iterations: int = 4,
) -> Floats:
    """Source points whose image under the field is ``points`` (h, w, 2), by fixed-point steps.

    The displacement changes slowly, so each step shrinks the error by its gradient (a few per
    cent); four steps leave under a thousandth of a pixel.
    """
    without = apply_homography(inverse(matrix), points)
    p = without
    for _ in range(iterations):
        p = without - sample_displacement(grid, step_px, p)
    return p


def dense_map(
    transform: Callable[[Floats], Floats], box: tuple[int, int, int, int], stride: int = 16
) -> NDArray[np.float32]:
    """Where a smooth transform sends every pixel of a box, from a lattice of exact points.

    Between lattice points the map is interpolated linearly; over 16 pixels the perspective and
    the displacement of two views of skin deviate from that by under a hundredth of a pixel.

    Parameters
    ----------
    transform : callable
        Takes and returns points (r, c, 2) float64.
    box : (x0, y0, width, height)
    stride : int
        Lattice spacing, pixels.

    Returns
    -------
    (height, width, 2) float32
    """
    x0, y0, width, height = box
    cols, rows = width // stride + 2, height // stride + 2
    lattice = transform(pixel_grid((x0, y0, cols * stride, rows * stride), stride))
    at_x, at_y = np.meshgrid(
        np.arange(width, dtype=np.float32) / stride, np.arange(height, dtype=np.float32) / stride
    )
    dense = cv2.remap(lattice.astype(np.float32), at_x, at_y, cv2.INTER_LINEAR)
    return np.asarray(dense, dtype=np.float32)


def reached_box(
    transform: Callable[[Floats], Floats],
    box: tuple[int, int, int, int],
    shape: tuple[int, int],
    margin: float,
) -> tuple[int, int, int, int]:
    """Box of the target image that holds the image of a source box, with a margin in pixels."""
    x0, y0, width, height = box
    edge = np.linspace(0.0, 1.0, 17)
    sides = [np.stack([edge, np.full(17, side)], axis=-1) for side in (0.0, 1.0)]
    outline = np.concatenate(sides + [side[:, ::-1] for side in sides])
    points = transform((outline * (width, height) + (x0, y0))[None])[0]
    low = np.floor(points.min(axis=0) - margin).astype(int).clip(0, None)
    high = np.ceil(points.max(axis=0) + margin).astype(int).clip(0, (shape[1], shape[0]))
    size = np.maximum(high - low, 0)
    return (int(low[0]), int(low[1]), int(size[0]), int(size[1]))


def tile_numbers(
    points: NDArray[np.floating], *, size_px: float, n_cols: int, n_rows: int
) -> NDArray[np.int32]:
    """Number (row · n_cols + column) of the square tile that each (..., 2) point lies in.

    The first tile starts at the corner of pixel (0, 0); points beyond the grid count to its edge.
    """
    cols = np.clip((points[..., 0] + 0.5) / size_px, 0, n_cols - 1).astype(np.int32)
    rows = np.clip((points[..., 1] + 0.5) / size_px, 0, n_rows - 1).astype(np.int32)
    return np.asarray(rows * np.int32(n_cols) + cols, dtype=np.int32)


def bounding_box(mask: NDArray[np.bool_], margin: int) -> tuple[int, int, int, int]:
    """Box (x0, y0, width, height) around the True pixels, grown by ``margin``, inside the image.

    An empty mask gives a box of zero size.
    """
    rows = np.flatnonzero(mask.any(axis=1))
    cols = np.flatnonzero(mask.any(axis=0))
    if rows.size == 0:
        return (0, 0, 0, 0)
    height, width = mask.shape
    y0, y1 = max(0, rows[0] - margin), min(height, rows[-1] + 1 + margin)
    x0, x1 = max(0, cols[0] - margin), min(width, cols[-1] + 1 + margin)
    return (int(x0), int(y0), int(x1 - x0), int(y1 - y0))


def inside_hull(corners: Floats, points: Floats) -> NDArray[np.bool_]:
    """Whether points (h, w, 2) lie in the convex hull of (n, 2) corners."""
    hull = cv2.convexHull(corners.astype(np.float32))[:, 0].astype(np.float64)
    along = np.roll(hull, -1, axis=0) - hull
    apart = points[..., None, :] - hull
    turn = along[:, 0] * apart[..., 1] - along[:, 1] * apart[..., 0]
    return np.asarray((turn >= 0).all(axis=-1) | (turn <= 0).all(axis=-1), dtype=np.bool_)


def grid_values(
    grid: NDArray[np.bool_], step_px: float, points: NDArray[np.floating]
) -> NDArray[np.bool_]:
    """Value of the cell of a (gh, gw) grid that each (..., 2) point lies in, edge values beyond."""
    if grid.all():
        return np.ones(points.shape[:-1], dtype=np.bool_)
    cols = np.clip((points[..., 0] + 0.5) / step_px, 0, grid.shape[1] - 1).astype(np.intp)
    rows = np.clip((points[..., 1] + 0.5) / step_px, 0, grid.shape[0] - 1).astype(np.intp)
    return np.asarray(grid[rows, cols], dtype=np.bool_)


def is_plausible_view(
    matrix: Floats, shape: tuple[int, int], max_zoom: float, max_stretch: float
) -> bool:
    """Whether a homography could be two photographs of the same side of the same patch.

    At the centre and the four quarter points of a (rows, cols) frame it must keep the
    orientation, zoom by less than ``max_zoom`` either way, and stretch one direction against
    the other by less than ``max_stretch``.
    """
    if not np.isfinite(matrix).all():
        return False
    rows, cols = shape
    points = np.array(
        [
            [cols * u, rows * v]
            for u, v in [(0.5, 0.5), (0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75)]
        ]
    )
    for point in points:
        local = local_affine(matrix, point)
        if np.linalg.det(local) <= 0.0:
            return False
        big, small = np.linalg.svd(local, compute_uv=False)
        if not (1.0 / max_zoom < np.sqrt(big * small) < max_zoom) or big / small > max_stretch:
            return False
    return True


def local_affine(matrix: Floats, point: ArrayLike) -> Floats:
    """(2, 2) derivative of a homography at one (x, y) point."""
    x, y = np.asarray(point, dtype=np.float64)
    u = matrix[0, 0] * x + matrix[0, 1] * y + matrix[0, 2]
    v = matrix[1, 0] * x + matrix[1, 1] * y + matrix[1, 2]
    w = matrix[2, 0] * x + matrix[2, 1] * y + matrix[2, 2]
    along_x = [matrix[0, 0] * w - matrix[2, 0] * u, matrix[1, 0] * w - matrix[2, 0] * v]
    along_y = [matrix[0, 1] * w - matrix[2, 1] * u, matrix[1, 1] * w - matrix[2, 1] * v]
    return np.asarray(np.array([along_x, along_y]).T / w**2, dtype=np.float64)


FILM_DIAGONAL_MM = 43.27
"""Diagonal of the frame of 35 mm film, to which equivalent focal lengths refer; CIPA DC-008."""

ASSUMED_FOCAL_35MM = 35.0
"""Equivalent focal length where a file says nothing, mm: between a phone's main camera (26) and its
twofold crop (52), so that the tangent of a lean is off by at most a third either way."""


def focal_px(focal_35mm: float, shape: tuple[int, int]) -> float:
    """Focal length in pixels of a (rows, cols) frame from its 35 mm equivalent, mm."""
    return focal_35mm / FILM_DIAGONAL_MM * float(np.hypot(*shape))


def tilt_between(matrix: Floats, point: ArrayLike, focal: float) -> float:
    """Angle by which a camera leans against another that sees the same plane.

    A camera that leans by θ brings one side of the skin nearer: along the lean the depth changes
    by tan θ per focal length, and so does the magnification. Foreshortening says the same, but
    only by cos θ: skin that is stretched by 3 % foreshortens as a lean of 20° does, and changes
    the gradient of magnification no more than a lean of 4°.

    Parameters
    ----------
    matrix : (3, 3) float64
        Homography from the photo whose camera leans to the other one.
    point : (x, y)
        Where the plane is looked at, e.g. the middle of the region, pixels.
    focal : float
        Focal length of the leaning camera, in its own pixels.

    Returns
    -------
    float
        Radians, 0 to π/2. Shear and stretch of the plane do not enter.

    References
    ----------
    Hartley R, Zisserman A 2004, Multiple View Geometry, 2nd ed., section 13.1 (homography that a
    plane induces; doi:10.1017/CBO9780511811685).
    """
    x, y = np.asarray(point, dtype=np.float64)
    depth = matrix[2, 0] * x + matrix[2, 1] * y + matrix[2, 2]
    return float(np.arctan(focal * np.hypot(matrix[2, 0], matrix[2, 1]) / abs(depth)))


def lengthening(matrix: Floats, point: ArrayLike) -> float:
    """Log ratio of lengths along the lean to lengths across it at one (x, y) point.

    Above 0 the source photo shows the plane foreshortened against the target photo; 0 without
    perspective, where there is no lean to look along.
    """
    along = np.array([matrix[2, 0], matrix[2, 1]])
    size = float(np.hypot(*along))
    if size == 0.0:
        return 0.0
    along = along / size
    local = local_affine(matrix, point)
    across = np.array([-along[1], along[0]])
    return float(np.log(np.linalg.norm(local @ along) / np.linalg.norm(local @ across)))


def roll(affine: Floats) -> float:
    """Turn that a (2, 2) map holds besides its stretch, radians from x towards y."""
    return float(np.arctan2(affine[1, 0] - affine[0, 1], affine[0, 0] + affine[1, 1]))
