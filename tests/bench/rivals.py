"""Ready-made ways to lay one photo over another, as their manuals show them.

Each takes both photos, (H, W, 3) uint8, and gives the map from after to before points or says in
words why there is none. All work on grey copies of a stated size; none is told where skin is.
Skin has so little contrast that the defaults often find no feature at all: one SIFT therefore
stands here with its contrast evened out (CLAHE) and its threshold lowered, and the dense methods
start from that one, on the same evened copies.
"""

from __future__ import annotations

import importlib
import importlib.util
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.registration import optical_flow_ilk, optical_flow_tvl1

from dermadelta.kernels.geometry import apply_homography, inverse, resize_transform

Image8 = NDArray[np.uint8]
Field = NDArray[np.float32]
Floats = NDArray[np.float64]
PointMap = Callable[[Floats], Floats]
Outcome = PointMap | str

RATIO, RANSAC_PX, SEED = 0.75, 3.0, 7
FEATURE_MEGAPIXELS, DENSE_MEGAPIXELS, TVL1_MEGAPIXELS = 2.0, 1.0, 0.25


@dataclass(frozen=True)
class Rival:
    """A method; slow ones run on each ``every``-th case only.

    One that ``refines`` is given the homography of ``sift_on_clahe`` as third argument.
    """

    name: str
    run: Callable[..., Outcome]
    every: int = 1
    refines: bool = False


def orb_homography(before: Image8, after: Image8) -> Outcome:
    """ORB (5000 features), Hamming distance, ratio test 0.75, RANSAC; 2 megapixels."""
    first, second = _grey(before, FEATURE_MEGAPIXELS), _grey(after, FEATURE_MEGAPIXELS)
    found = _homography(cv2.ORB_create(nfeatures=5000), cv2.NORM_HAMMING, first, second)
    if isinstance(found, str):
        return found
    return _full(found, (first, second), (before, after))


def sift_homography(before: Image8, after: Image8) -> Outcome:
    """SIFT (8000 features), Euclidean distance, ratio test 0.75, RANSAC; 2 megapixels."""
    first, second = _grey(before, FEATURE_MEGAPIXELS), _grey(after, FEATURE_MEGAPIXELS)
    found = _homography(cv2.SIFT_create(nfeatures=8000), cv2.NORM_L2, first, second)
    if isinstance(found, str):
        return found
    return _full(found, (first, second), (before, after))


def sift_on_clahe(before: Image8, after: Image8) -> Outcome:
    """SIFT (4000, contrast threshold 0.01) on CLAHE (limit 3, 8 x 8 tiles); 2 megapixels."""
    return _as_map(_evened_homography(before, after))


def ecc_homography(before: Image8, after: Image8, start: Floats) -> Outcome:
    """OpenCV's findTransformECC (homography, 50 steps) from the SIFT start; 1 megapixel."""
    first, second, matrix = _evened(before, after, DENSE_MEGAPIXELS, start)
    stop = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 50, 1e-5)
    guess = matrix.astype(np.float32)
    try:
        _, found = cv2.findTransformECC(second, first, guess, cv2.MOTION_HOMOGRAPHY, stop, None, 5)
    except cv2.error:
        return "did not converge"
    return _full(np.asarray(found, dtype=np.float64), (first, second), (before, after))


def ilk_flow(before: Image8, after: Image8, start: Floats) -> Outcome:
    """scikit-image's iterative Lucas-Kanade (radius 15) after SIFT homography; 1 megapixel."""
    return _flow(
        before, after, start, DENSE_MEGAPIXELS, lambda a, b: optical_flow_ilk(a, b, radius=15)
    )


def tvl1_flow(before: Image8, after: Image8, start: Floats) -> Outcome:
    """scikit-image's TV-L1 (defaults) after SIFT homography; 0.25 megapixels."""
    return _flow(before, after, start, TVL1_MEGAPIXELS, optical_flow_tvl1)


def elastix_bspline(before: Image8, after: Image8, start: Floats) -> Outcome:
    """elastix B-spline (its default parameters) after SIFT homography; 1 megapixel."""
    itk = importlib.import_module("itk")
    first, second, matrix = _evened(before, after, DENSE_MEGAPIXELS, start)
    parameters = itk.ParameterObject.New()
    parameters.AddParameterMap(parameters.GetDefaultParameterMap("bspline"))
    try:
        _, found = itk.elastix_registration_method(
            itk.image_from_array(second.astype(np.float32)),
            itk.image_from_array(_laid_over(first, second, matrix).astype(np.float32)),
            parameter_object=parameters,
            number_of_threads=1,
        )
        shown: Any = itk.transformix_deformation_field(
            itk.image_from_array(second.astype(np.float32)), found
        )
    except RuntimeError as fault:
        return f"elastix: {str(fault).splitlines()[0]}"
    field = np.asarray(itk.array_from_image(shown), dtype=np.float32)[..., :2]
    return _dense(field, matrix, (first, second), (before, after))


def rivals() -> list[Rival]:
    """All that can run here; elastix where itk-elastix is installed."""
    found = [
        Rival("ORB + homography", orb_homography),
        Rival("SIFT + homography", sift_homography),
        Rival("SIFT on CLAHE + homography", sift_on_clahe),
        Rival("SIFT + ECC", ecc_homography, every=4, refines=True),
        Rival("SIFT + scikit-image ILK", ilk_flow, every=5, refines=True),
        Rival("SIFT + scikit-image TV-L1", tvl1_flow, every=9, refines=True),
    ]
    if importlib.util.find_spec("itk") is not None:
        found.append(Rival("SIFT + elastix B-spline", elastix_bspline, every=11, refines=True))
    return found


def run_all(
    chosen: Sequence[Rival], before: Image8, after: Image8
) -> Iterator[tuple[str, Outcome, float]]:
    """Name, outcome and CPU seconds of each; those that refine count the start they share."""
    begun = time.process_time()
    refines = any(rival.refines or rival.run is sift_on_clahe for rival in chosen)
    start = _evened_homography(before, after) if refines else "not asked for"
    shared = time.process_time() - begun
    for rival in chosen:
        begun = time.process_time()
        if rival.run is sift_on_clahe:
            yield rival.name, _as_map(start), shared
        elif not rival.refines:
            yield rival.name, rival.run(before, after), time.process_time() - begun
        elif isinstance(start, str):
            yield rival.name, start, shared
        else:
            found = rival.run(before, after, start)
            yield rival.name, found, shared + time.process_time() - begun


def _as_map(found: Floats | str) -> Outcome:
    return found if isinstance(found, str) else (lambda points: apply_homography(found, points))


# ------------------------------------------------------------------------------- helpers


def _grey(rgb: Image8, megapixels: float) -> Image8:
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    factor = min(1.0, float(np.sqrt(megapixels * 1e6 / grey.size)))
    size = (round(grey.shape[1] * factor), round(grey.shape[0] * factor))
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _homography(detector: Any, norm: int, first: Image8, second: Image8) -> Floats | str:
    """Homography from the second grey picture to the first."""
    points, texts = detector.detectAndCompute(first, None)
    others, other_texts = detector.detectAndCompute(second, None)
    if texts is None or other_texts is None or len(points) < 4 or len(others) < 4:
        return "no features"
    matches = cv2.BFMatcher(norm).knnMatch(other_texts, texts, k=2)
    good = [m[0] for m in matches if len(m) == 2 and m[0].distance < RATIO * m[1].distance]
    if len(good) < 4:
        return "fewer than 4 matches"
    source = np.array([others[m.queryIdx].pt for m in good], dtype=np.float32)
    target = np.array([points[m.trainIdx].pt for m in good], dtype=np.float32)
    cv2.setRNGSeed(SEED)
    matrix, _ = cv2.findHomography(source, target, cv2.RANSAC, RANSAC_PX)
    return "no homography" if matrix is None else np.asarray(matrix, dtype=np.float64)


def _even(rgb: Image8, megapixels: float) -> Image8:
    """Grey copy with its contrast evened out."""
    clahe = cv2.createCLAHE(clipLimit=3.0, tileGridSize=(8, 8))
    return np.asarray(clahe.apply(_grey(rgb, megapixels)), dtype=np.uint8)


def _evened_homography(before: Image8, after: Image8) -> Floats | str:
    """Homography after → before of the full pictures, by SIFT on evened copies."""
    small = (_even(before, FEATURE_MEGAPIXELS), _even(after, FEATURE_MEGAPIXELS))
    sift = cv2.SIFT_create(nfeatures=4000, contrastThreshold=0.01)
    found = _homography(sift, cv2.NORM_L2, *small)
    return found if isinstance(found, str) else _moved(found, small, (before, after))


def _evened(
    before: Image8, after: Image8, megapixels: float, start: Floats
) -> tuple[Image8, Image8, Floats]:
    """Evened copies of a size and a full-size homography between them."""
    small = (_even(before, megapixels), _even(after, megapixels))
    matrix = _moved(start, (before, after), small)
    return *small, matrix / matrix[2, 2]


def _flow(
    before: Image8,
    after: Image8,
    start: Floats,
    megapixels: float,
    method: Callable[[Field, Field], NDArray[np.floating]],
) -> Outcome:
    first, second, matrix = _evened(before, after, megapixels, start)
    laid = _laid_over(first, second, matrix).astype(np.float32) / 255.0
    rows_cols = method(second.astype(np.float32) / 255.0, laid)
    field = np.stack([rows_cols[1], rows_cols[0]], axis=-1).astype(np.float32)
    return _dense(field, matrix, (first, second), (before, after))


def _laid_over(first: Image8, second: Image8, matrix: Floats) -> Image8:
    """The first picture on the grid of the second."""
    size = (second.shape[1], second.shape[0])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    laid = cv2.warpPerspective(first, matrix, size, flags=flags, borderMode=cv2.BORDER_REFLECT_101)
    return np.asarray(laid, dtype=np.uint8)


def _moved(matrix: Floats, source: tuple[Image8, Image8], target: tuple[Image8, Image8]) -> Floats:
    """A homography second → first of one size on copies of another size."""
    to_target, from_target = (
        resize_transform(source[0].shape[:2], target[0].shape[:2]),
        resize_transform(target[1].shape[:2], source[1].shape[:2]),
    )
    return np.asarray(to_target @ matrix @ from_target, dtype=np.float64)


def _full(matrix: Floats, small: tuple[Image8, Image8], full: tuple[Image8, Image8]) -> PointMap:
    found = _moved(matrix, small, full)
    return lambda points: apply_homography(found, points)


def _dense(
    field: Field, matrix: Floats, small: tuple[Image8, Image8], full: tuple[Image8, Image8]
) -> PointMap:
    """Displacement on the second small grid, then the homography, for full-size points."""
    to_small = resize_transform(full[1].shape[:2], small[1].shape[:2])
    to_full = inverse(resize_transform(full[0].shape[:2], small[0].shape[:2]))

    def where(points: Floats) -> Floats:
        at = apply_homography(to_small, points)
        step = cv2.remap(
            field,
            np.ascontiguousarray(at[..., 0], dtype=np.float32),
            np.ascontiguousarray(at[..., 1], dtype=np.float32),
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        return apply_homography(to_full @ matrix, at + step)

    return where
