"""Lone ArUco markers: where they are and the scale they give."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from dermadelta.domain import Mask, Matrix, Scale
from dermadelta.kernels.geometry import apply_homography, local_affine
from dermadelta.kernels.resampling import shrink_factor, shrink_to
from dermadelta.stages.calibrate.config import CalibrateConfig


def find_markers(grey: NDArray[np.uint8], config: CalibrateConfig) -> list[Matrix]:
    """Corners (4, 2) of every lone marker, refined at full resolution.

    Parameters
    ----------
    grey : (H, W) uint8
        The whole photograph.
    config : CalibrateConfig
    """
    rows, cols = grey.shape
    factor = shrink_factor(grey.shape, config.search_megapixels)
    small = shrink_to(grey, factor)
    dictionary = cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, config.marker_dictionary))
    parameters = cv2.aruco.DetectorParameters()
    parameters.cornerRefinementMethod = cv2.aruco.CORNER_REFINE_SUBPIX
    found, _, _ = cv2.aruco.ArucoDetector(dictionary, parameters).detectMarkers(small)
    stretch = np.array([cols / small.shape[1], rows / small.shape[0]])
    markers = []
    for quad in found:
        points = (np.asarray(quad, dtype=np.float64).reshape(4, 2) + 0.5) * stretch - 0.5
        if factor < 1.0:
            points = _refined(grey, points, half_window=max(3, round(1.5 / factor)))
        markers.append(points)
    return markers


def _refined(grey: NDArray[np.uint8], points: Matrix, half_window: int) -> Matrix:
    criteria = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 40, 0.01)
    start = points.astype(np.float32).reshape(-1, 1, 2)
    refined = cv2.cornerSubPix(grey, start, (half_window, half_window), (-1, -1), criteria)
    return np.asarray(refined, dtype=np.float64).reshape(4, 2)


def under_markers(shape: tuple[int, ...], corners: list[Matrix], config: CalibrateConfig) -> Mask:
    """(H, W) bool, True on the paper of the markers."""
    mask = np.zeros(shape[:2], dtype=np.uint8)
    for quad in corners:
        outer = _with_border(quad, config.marker_border)
        cv2.fillConvexPoly(mask, np.round(outer).astype(np.int32), 1)
    return np.asarray(mask, dtype=np.bool_)


def _with_border(quad: Matrix, border: float) -> Matrix:
    """Corners (4, 2) of a marker with the paper around it; ``border`` in sides."""
    unit = np.array(
        [[-border, -border], [1 + border, -border], [1 + border, 1 + border], [-border, 1 + border]]
    )
    return apply_homography(_from_unit_square(quad), unit)


def _from_unit_square(quad: Matrix) -> Matrix:
    square = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], dtype=np.float32)
    return np.asarray(
        cv2.getPerspectiveTransform(square, quad.astype(np.float32)), dtype=np.float64
    )


def marker_scale(corners: list[Matrix], config: CalibrateConfig) -> Scale:
    """Mean scale of lone markers, with what their corners and their print leave open."""
    sides = [
        np.sqrt(abs(np.linalg.det(local_affine(_from_unit_square(quad), (0.5, 0.5)))))
        for quad in corners
    ]
    values = config.marker_mm / np.array(sides)
    value = float(np.exp(np.log(values).mean()))
    corner_part = config.corner_sd_px / float(np.mean(sides)) / np.sqrt(len(sides))
    spread = (
        float(np.std(np.log(values), ddof=1) / np.sqrt(len(values))) if len(values) > 1 else 0.0
    )
    rel_sd = float(np.sqrt(corner_part**2 + config.print_rel_sd**2 + spread**2))
    return Scale(value, rel_sd, "marker")
