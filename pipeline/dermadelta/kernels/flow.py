"""Finding the same skin in two pictures: features, homography, dense flow, correlation.

Pictures here are (h, w) uint8 or float32 at a working size; masks are True where features may
lie. *Field* means an (h, w, 2) float32 displacement in pixels (x, y) of the picture it lies on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from dermadelta.kernels.geometry import apply_homography, pixel_grid
from dermadelta.kernels.resampling import sample
from dermadelta.kernels.texture import gaussian, masked_gaussian

if TYPE_CHECKING:
    from cv2.typing import MatLike

Floats = NDArray[np.float64]
Field = NDArray[np.float32]

NORMALISED_RANGE = 2.5
"""Local standard deviations that span the 8-bit range of a normalised picture."""


def locally_normalised(
    signal: NDArray[np.float32], mask: NDArray[np.bool_], sigma_px: float
) -> NDArray[np.uint8]:
    """Signal minus its local mean, over its local SD: free of shading, exposure and contrast.

    Masked means keep markers, background and glare out of their neighbours' normalisation;
    outside the mask the picture is flat grey, so that nothing is found there.
    """
    mean = masked_gaussian(signal, mask, sigma_px)
    deviation = np.where(mask, signal - mean, np.float32(0.0))
    variance = masked_gaussian(deviation * deviation, mask, sigma_px)
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
    detector = cv2.SIFT.create(nfeatures=limit, contrastThreshold=0.02, edgeThreshold=15)
    found = [
        detector.detectAndCompute(image, mask.astype(np.uint8))
        for image, mask in ((first, first_mask), (second, second_mask))
    ]
    empty = np.empty((0, 2), dtype=np.float64)
    if any(len(points) < 8 for points, _ in found):
        return empty, empty
    (points_1, descriptors_1), (points_2, descriptors_2) = found
    root_1, root_2 = _root_sift(descriptors_1), _root_sift(descriptors_2)
    forward = cv2.BFMatcher(cv2.NORM_L2).knnMatch(root_1, root_2, k=2)
    back = {m.queryIdx: m.trainIdx for m in cv2.BFMatcher(cv2.NORM_L2).match(root_2, root_1)}
    kept = [
        pair[0]
        for pair in forward
        if len(pair) == 2
        and pair[0].distance < ratio * pair[1].distance
        and back.get(pair[0].trainIdx) == pair[0].queryIdx
    ]
    if not kept:
        return empty, empty
    one = np.array([points_1[m.queryIdx].pt for m in kept], dtype=np.float64)
    two = np.array([points_2[m.trainIdx].pt for m in kept], dtype=np.float64)
    return one, two


def _root_sift(found: MatLike) -> NDArray[np.float32]:
    descriptors = np.asarray(found, dtype=np.float32)
    total = np.maximum(descriptors.sum(axis=1, keepdims=True), 1e-9)
    return np.asarray(np.sqrt(descriptors / total), dtype=np.float32)


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
    rows, cols = after.shape
    landing = pixel_grid((0, 0, cols, rows)) + forward
    returned = np.asarray(sample(backward, landing), dtype=np.float32)
    return forward, forward + returned


def draw_before(
    shape: tuple[int, ...], before: NDArray[np.uint8], matrix: Floats, field: Field
) -> NDArray[np.uint8]:
    """The before picture drawn on the after grid; flat grey where it does not reach."""
    points = apply_homography(matrix, pixel_grid((0, 0, shape[1], shape[0])) + field)
    drawn = cv2.remap(
        before,
        np.ascontiguousarray(points[..., 0], dtype=np.float32),
        np.ascontiguousarray(points[..., 1], dtype=np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=(127.0,),
    )
    return np.asarray(drawn, dtype=np.uint8)


def compose(field: Field, step: Field) -> Field:
    """Displacement after a further residual flow: d'(p) = f(p) + d(p + f(p))."""
    rows, cols = field.shape[:2]
    landing = pixel_grid((0, 0, cols, rows)) + step
    moved = cv2.remap(
        field,
        np.ascontiguousarray(landing[..., 0], dtype=np.float32),
        np.ascontiguousarray(landing[..., 1], dtype=np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
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
    mean_a, mean_b = masked_gaussian(a, mask, sigma_px), masked_gaussian(b, mask, sigma_px)
    var_a = masked_gaussian(a * a, mask, sigma_px) - mean_a**2
    var_b = masked_gaussian(b * b, mask, sigma_px) - mean_b**2
    covariance = masked_gaussian(a * b, mask, sigma_px) - mean_a * mean_b
    scale = np.sqrt(np.maximum(var_a, 1.0) * np.maximum(var_b, 1.0))
    return np.where(mask, covariance / scale, np.float32(0.0)).astype(np.float32)
