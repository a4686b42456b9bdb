"""Finding the same skin in two pictures: features, homography, dense flow, correlation.

Pictures here are (h, w) uint8 or float32 at a working size; masks are True where features may
lie. *Field* means an (h, w, 2) float32 displacement in pixels (x, y) of the picture it lies on.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from dermadelta.kernels.geometry import bounding_box
from dermadelta.kernels.resampling import sample, sample_mask, sample_replicated
from dermadelta.kernels.texture import gaussian, masked_blur, masked_gaussians

Floats = NDArray[np.float64]
Field = NDArray[np.float32]

_LEAST_FEATURES = 8
_FEATURE_MARGIN_PX = 24
"""Pixels around a mask that the features on it are described from."""

NORMALISED_RANGE = 2.5
"""Local standard deviations that span the 8-bit range of a normalised picture."""


def locally_normalised(
    signal: NDArray[np.float32], mask: NDArray[np.bool_], sigma_px: float
) -> NDArray[np.uint8]:
    """Signal minus its local mean, over its local SD: free of shading, exposure and contrast.

    Masked means keep markers, background and glare out of their neighbours' normalisation;
    outside the mask the picture is flat grey, so that nothing is found there.
    """
    blur = masked_blur(mask, sigma_px)
    deviation = np.where(mask, signal - blur(signal), np.float32(0.0))
    variance = blur(deviation * deviation)
    floor = np.float32(0.1) * np.sqrt(variance[mask].mean()) if mask.any() else np.float32(1.0)
    z = deviation / np.maximum(np.sqrt(variance), np.maximum(floor, np.float32(1e-6)))
    scaled = 127.5 * (1.0 + np.clip(z / NORMALISED_RANGE, -1.0, 1.0))
    return np.where(mask, scaled, 127.5).astype(np.uint8)


def match_features(
    first: NDArray[np.uint8],
    first_mask: NDArray[np.bool_],
    second: NDArray[np.uint8],
    second_mask: NDArray[np.bool_],
    *,
    limit: int,
    ratio: float,
) -> tuple[Floats, Floats]:
    """Mutual RootSIFT matches that pass the ratio test.

    Returns
    -------
    first_points, second_points : (n, 2) float64
        Matched positions (x, y); n may be 0.

    Notes
    -----
    SIFT: Lowe 2004, doi:10.1023/B:VISI.0000029664.99615.94; the square-root (Hellinger) form of
    the descriptor: Arandjelović and Zisserman 2012, doi:10.1109/CVPR.2012.6248018.
    """
    points_1, root_1 = _features(first, first_mask, limit)
    points_2, root_2 = _features(second, second_mask, limit)
    if min(len(points_1), len(points_2)) < _LEAST_FEATURES:
        return np.empty((0, 2)), np.empty((0, 2))
    one, two = _mutual(root_1, root_2, ratio)
    return points_1[one], points_2[two]


def _features(
    image: NDArray[np.uint8], mask: NDArray[np.bool_], limit: int
) -> tuple[Floats, NDArray[np.float32]]:
    """Positions (n, 2) and RootSIFT descriptors (n, 128) of the features on a mask."""
    x0, y0, width, height = bounding_box(mask, _FEATURE_MARGIN_PX)
    part = (slice(y0, y0 + height), slice(x0, x0 + width))
    detector = cv2.SIFT.create(nfeatures=limit, contrastThreshold=0.02, edgeThreshold=15)
    if min(width, height) < _FEATURE_MARGIN_PX:
        return np.empty((0, 2)), np.empty((0, 128), dtype=np.float32)
    inside = np.ascontiguousarray(mask[part]).view(np.uint8)
    points, found = detector.detectAndCompute(np.ascontiguousarray(image[part]), inside)
    if not points:
        return np.empty((0, 2)), np.empty((0, 128), dtype=np.float32)
    descriptors = np.asarray(found, dtype=np.float32)
    total = np.maximum(descriptors.sum(axis=1, keepdims=True), 1e-9)
    at = np.array([point.pt for point in points], dtype=np.float64)
    return at + np.array([x0, y0]), np.asarray(np.sqrt(descriptors / total), dtype=np.float32)


def _mutual(
    first: NDArray[np.float32], second: NDArray[np.float32], ratio: float
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows of two sets of unit vectors that are each other's nearest and pass the ratio test."""
    cosine = first @ second.T
    rows = np.arange(len(first))
    best, back = cosine.argmax(axis=1), cosine.argmax(axis=0)
    nearest = 1.0 - cosine[rows, best]  # half the squared distance of unit vectors
    cosine[rows, best] = -1.0
    runner_up = 1.0 - cosine.max(axis=1)
    kept = (nearest < ratio**2 * runner_up) & (back[best] == rows)
    return rows[kept], best[kept]


def fit_homography(
    source: Floats, target: Floats, *, threshold_px: float, seed: int
) -> tuple[Floats, int] | None:
    """Robust homography from source to target points, or None when there is none.

    MAGSAC++ (Barath et al. 2020, doi:10.1109/CVPR42600.2020.00138) as built into OpenCV, with a
    fixed seed. Returns the (3, 3) matrix and its number of inliers.
    """
    if len(source) < 6:
        return None
    settings = cv2.UsacParams()
    settings.randomGeneratorState = seed
    settings.threshold = threshold_px
    settings.maxIterations = 10_000
    settings.confidence = 0.9999
    settings.score = cv2.SCORE_METHOD_MAGSAC
    settings.loMethod = cv2.LOCAL_OPTIM_SIGMA
    settings.final_polisher = cv2.MAGSAC
    settings.isParallel = False
    try:
        matrix, inliers = cv2.findHomography(source, target, settings)
    except cv2.error:  # degenerate samples, e.g. all points on a line
        return None
    if np.shape(matrix) != (3, 3):  # the stubs do not say so, but there may be no matrix
        return None
    return np.asarray(matrix, dtype=np.float64), int(np.count_nonzero(inliers))


def median_of_neighbours(points: Floats, values: Floats, count: int) -> Floats:
    """Median of the values (n, 2) of the ``count`` nearest of n ≥ count points, per point.

    The point itself is among them.
    """
    _, nearest = KDTree(points).query(points, k=count)
    return np.asarray(np.median(values[nearest], axis=1), dtype=np.float64)


def dense_step(
    after: NDArray[np.uint8], before: NDArray[np.uint8], matrix: Floats, field: Field
) -> tuple[Field, Field]:
    """One round of DIS optical flow between ``after`` and ``before`` drawn onto it.

    ``matrix`` and ``field`` send after pixels to before pixels of the same working size:
    p → H·(p + d(p)). Returns the residual flow on the after grid and the forward-backward
    error vectors, both (h, w, 2) in after pixels.

    DIS: Kroeger et al. 2016, doi:10.1007/978-3-319-46493-0_29, medium preset.
    """
    drawn = draw_before(after.shape, before, matrix, field)
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    flow.setVariationalRefinementIterations(0)  # what it smooths is smoothed by far more later
    forward = np.asarray(flow.calc(after, drawn, np.zeros_like(field)), dtype=np.float32)
    backward = np.asarray(flow.calc(drawn, after, np.zeros_like(field)), dtype=np.float32)
    return forward, forward + sample(backward, _moved(forward))


@dataclass(frozen=True, eq=False)
class NodeFlow:
    """Residual flow at (rows, cols) points of a picture.

    ``step`` (rows, cols, 2) float32 in pixels, ``error`` (rows, cols) float32 its forward-backward
    error in pixels, ``found`` (rows, cols) bool where both ways were found.
    """

    step: Field
    error: NDArray[np.float32]
    found: NDArray[np.bool_]


def node_step(
    after: NDArray[np.uint8], drawn: NDArray[np.uint8], nodes: Field, *, window_px: int
) -> NodeFlow:
    """Residual flow from ``after`` to ``drawn`` in windows around nodes (rows, cols, 2).

    Lucas and Kanade 1981, in pyramids (Bouguet 2001), there and back again. In a smooth field a
    window is more exact than dense flow and costs a fraction.
    """
    points = np.ascontiguousarray(nodes.reshape(-1, 1, 2), dtype=np.float32)
    settings = {"winSize": (window_px, window_px), "maxLevel": 1, "criteria": (3, 12, 0.02)}
    there, ok, _ = cv2.calcOpticalFlowPyrLK(after, drawn, points, None, **settings)  # type: ignore[call-overload]
    back, ok_back, _ = cv2.calcOpticalFlowPyrLK(drawn, after, there, None, **settings)  # type: ignore[call-overload]
    shape = nodes.shape[:2]
    apart = np.asarray(back - points, dtype=np.float32)
    error = np.hypot(apart[..., 0], apart[..., 1]).reshape(shape)
    found = (ok & ok_back).astype(np.bool_).reshape(shape)
    return NodeFlow((there - points).reshape(nodes.shape), error.astype(np.float32), found)


def window_correlation(
    first: NDArray[np.uint8],
    second: NDArray[np.uint8],
    mask: NDArray[np.bool_],
    window_px: int,
) -> NDArray[np.float32]:
    """Correlation (-1..1) of two pictures in a square window around every pixel; 0 off-mask."""
    size = (window_px, window_px)
    weight = mask.astype(np.float32)
    a = (first.astype(np.float32) - 127.5) * weight
    b = (second.astype(np.float32) - 127.5) * weight
    total = np.maximum(cv2.blur(weight, size), np.float32(1e-3))
    mean_a, mean_b = cv2.blur(a, size) / total, cv2.blur(b, size) / total
    var_a = cv2.blur(a * a, size) / total - mean_a**2
    var_b = cv2.blur(b * b, size) / total - mean_b**2
    covariance = cv2.blur(a * b, size) / total - mean_a * mean_b
    scale = np.sqrt(np.maximum(var_a, 1.0) * np.maximum(var_b, 1.0))
    return np.where(mask, covariance / scale, np.float32(0.0)).astype(np.float32)


def smooth_nodes(step: Field, weight: NDArray[np.float32], sigma: float) -> Field:
    """Weighted Gaussian mean of steps on a grid of nodes, ``sigma`` in nodes.

    Where little weight is near, a mean over three times the reach takes over, and beyond that
    nothing moves.
    """
    (near, near_weight), (wide, wide_weight) = (
        _weighted(step, weight, reach) for reach in (sigma, 3.0 * sigma)
    )
    far = wide / (wide_weight + np.float32(1e-3))
    return np.asarray((near + _LEAN_ON_FAR * far) / (near_weight + _LEAN_ON_FAR), dtype=np.float32)


_LEAN_ON_FAR = np.float32(0.06)
"""Weight of the wide mean beside the near one, 1 being full trust all around."""


def _weighted(
    values: NDArray[np.float32], weight: NDArray[np.float32], sigma: float
) -> tuple[Field, NDArray[np.float32]]:
    """Gaussian sums of weighted values (rows, cols, 2) and of the weights (rows, cols, 1)."""
    total = _blur_nodes(values * weight[..., None], sigma)
    return total, np.asarray(_blur_nodes(weight, sigma)[..., None], dtype=np.float32)


def _blur_nodes(values: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    """Gaussian with nothing beyond the border, so that sums of weights stay what they are."""
    size = 2 * int(np.ceil(3.0 * sigma)) + 1
    blurred = cv2.GaussianBlur(values, (size, size), sigma, borderType=cv2.BORDER_CONSTANT)
    return np.asarray(blurred, dtype=np.float32)


def local_mean(
    values: NDArray[np.float32], weight: NDArray[np.float32], sigma: float
) -> NDArray[np.float32]:
    """Weighted Gaussian mean of (rows, cols) values; 0 where there is no weight."""
    total = _blur_nodes(values * weight, sigma)
    return np.asarray(total / (_blur_nodes(weight, sigma) + np.float32(1e-6)), dtype=np.float32)


def area_ratio(field: Field, step_px: float) -> NDArray[np.float32]:
    """Area that a unit of area has after p → p + d(p), d on a grid of nodes; 1 = no change."""
    if min(field.shape[:2]) < 2:
        return np.ones(field.shape[:2], dtype=np.float32)
    dy, dx = (np.asarray(np.gradient(field, step_px, axis=axis)) for axis in (0, 1))
    ratio = (1.0 + dx[..., 0]) * (1.0 + dy[..., 1]) - dx[..., 1] * dy[..., 0]
    return np.asarray(ratio, dtype=np.float32)


def draw_before(
    shape: tuple[int, ...], before: NDArray[np.uint8], matrix: Floats, field: Field
) -> NDArray[np.uint8]:
    """The before picture drawn on the after grid; flat grey where it does not reach."""
    still = np.broadcast_to(field, (*shape, 2))
    return drawn_at(before, landing(matrix, still))


def drawn_at(before: NDArray[np.uint8], points: Field) -> NDArray[np.uint8]:
    """The before picture at (h, w, 2) points; flat grey where it does not reach."""
    return sample(before, points, outside=127.0)


def landing(matrix: Floats, field: Field) -> Field:
    """Where every after pixel p lies in the before picture: H·(p + d(p)), (h, w, 2)."""
    return np.asarray(cv2.perspectiveTransform(_moved(field), matrix), dtype=np.float32)


def _moved(field: Field) -> Field:
    """Every pixel with its displacement, p + d(p)."""
    rows, cols = field.shape[:2]
    points = np.empty((rows, cols, 2), dtype=np.float32)
    np.add(field[..., 0], np.arange(cols, dtype=np.float32), out=points[..., 0])
    np.add(field[..., 1], np.arange(rows, dtype=np.float32)[:, None], out=points[..., 1])
    return points


def compose(field: Field, step: Field) -> Field:
    """Displacement after a further residual flow: d'(p) = f(p) + d(p + f(p))."""
    moved = sample_replicated(field, _moved(step))
    return np.asarray(step + moved, dtype=np.float32)


def spread(field: Field, shape: tuple[int, ...], step_px: float) -> Field:
    """A field on the middles of cells, on every pixel of a picture."""
    size = (round(field.shape[1] * step_px), round(field.shape[0] * step_px))
    wide = cv2.resize(field, size, interpolation=cv2.INTER_LINEAR)
    return np.asarray(wide[: shape[0], : shape[1]], dtype=np.float32)


def value_at(
    mask: NDArray[np.bool_], to_full: Floats, nodes_to_full: Floats, nodes: Field
) -> NDArray[np.bool_]:
    """A mask of one size at the nodes (rows, cols, 2) of another; False beyond it."""
    at = cv2.perspectiveTransform(nodes, np.linalg.inv(to_full) @ nodes_to_full)
    return sample_mask(mask, np.asarray(at, dtype=np.float32))


def compose_nodes(field: Field, step: Field, step_px: float) -> Field:
    """``compose`` of fields on a grid of nodes that are ``step_px`` apart."""
    return np.asarray(compose(field / step_px, step / step_px) * step_px, dtype=np.float32)


def smooth_flow(
    flow: Field, round_trip: Field, mask: NDArray[np.bool_], sigma_px: float, trust_px: float
) -> Field:
    """Smooth a flow with weights that fall with its forward-backward error and vanish off-mask.

    Where no trusted pixel is within reach the flow fades to zero (the homography stands).
    """
    error2 = (round_trip**2).sum(axis=-1)
    weight = (np.exp(-error2 / (2.0 * trust_px**2)) * mask).astype(np.float32)
    norm = gaussian(weight, sigma_px)
    smooth = gaussian(flow * weight[..., None], sigma_px)
    return np.asarray(smooth / (norm[..., None] + np.float32(1e-3)), dtype=np.float32)


def local_correlation(
    first: NDArray[np.uint8],
    second: NDArray[np.uint8],
    mask: NDArray[np.bool_],
    sigma_px: float,
) -> NDArray[np.float32]:
    """Correlation (-1..1) of two pictures in a Gaussian window around every pixel; 0 off-mask."""
    a, b = first.astype(np.float32) - 127.5, second.astype(np.float32) - 127.5
    mean_a, mean_b, square_a, square_b, product = masked_gaussians(
        [a, b, a * a, b * b, a * b], mask, sigma_px
    )
    var_a, var_b = square_a - mean_a**2, square_b - mean_b**2
    covariance = product - mean_a * mean_b
    scale = np.sqrt(np.maximum(var_a, 1.0) * np.maximum(var_b, 1.0))
    return np.where(mask, covariance / scale, np.float32(0.0)).astype(np.float32)
