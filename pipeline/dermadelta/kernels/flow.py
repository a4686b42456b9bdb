"""Finding the same skin in two pictures: features, homography, dense flow, correlation.

Pictures here are (h, w) uint8 or float32 at a working size; masks are True where features may
lie. *Field* means an (h, w, 2) float32 displacement in pixels (x, y) of the picture it lies on.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from dermadelta.kernels.geometry import bounding_box
from dermadelta.kernels.resampling import sample, sample_replicated
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
    forward = np.asarray(flow.calc(after, drawn, np.zeros_like(field)), dtype=np.float32)
    backward = np.asarray(flow.calc(drawn, after, np.zeros_like(field)), dtype=np.float32)
    return forward, forward + sample(backward, _moved(forward))


def draw_before(
    shape: tuple[int, ...], before: NDArray[np.uint8], matrix: Floats, field: Field
) -> NDArray[np.uint8]:
    """The before picture drawn on the after grid; flat grey where it does not reach."""
    still = np.broadcast_to(field, (*shape, 2))
    return sample(before, landing(matrix, still), outside=127.0)


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
