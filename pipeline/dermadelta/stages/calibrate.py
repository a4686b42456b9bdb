"""Calibrate: find the scale of a photograph and its colour model."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from dermadelta.domain import (
    CalibratedPhoto,
    ColourModel,
    NotMeasured,
    Photo,
    Scale,
    Settings,
)
from dermadelta.kernels.geometry import apply_homography, local_affine
from dermadelta.kernels.resampling import shrink_factor, shrink_to


class CalibrateConfig(Settings):
    """How scale is found."""

    marker_mm: float = Field(10.0, gt=0.0, description="Side of the printed ArUco marker, mm.")
    marker_dictionary: str = Field(
        "DICT_4X4_50",
        pattern="^(DICT_(4X4|5X5|6X6|7X7)_(50|100|250|1000)|DICT_ARUCO_ORIGINAL|DICT_ARUCO_MIP_36[hH]12"
        "|DICT_APRILTAG_(16[hH]5|25[hH]9|36[hH]1[01]))$",
        description="OpenCV name of the marker's dictionary.",
    )
    marker_border: float = Field(
        0.35, ge=0.0, description="White border around a marker, in marker sides; not skin."
    )
    target_ids: tuple[int, int, int, int] = Field(
        (46, 47, 48, 49),
        description="Numbers of the markers in the corners of the target card: upper left, upper"
        " right, lower left, lower right.",
    )
    target_width_mm: float = Field(
        4.9, gt=0.0, description="From centre to centre of the card's markers, across, mm."
    )
    target_height_mm: float = Field(
        32.9, gt=0.0, description="From centre to centre of the card's markers, along, mm."
    )
    target_border: float = Field(
        0.35, ge=0.0, description="Edge of the card around its markers, in their sides; not skin."
    )
    corner_sd_px: float = Field(
        0.25, gt=0.0, description="Uncertainty of a marker corner after refinement, pixels."
    )
    print_rel_sd: float = Field(
        0.005, ge=0.0, description="Uncertainty of the printed size of a marker, relative."
    )
    given_rel_sd: float = Field(
        0.01, ge=0.0, description="Uncertainty of a scale given by the user, relative."
    )
    search_megapixels: float = Field(
        2.0, gt=0.0, description="Size at which markers are looked for, megapixels."
    )


def calibrate(photo: Photo, config: CalibrateConfig) -> CalibratedPhoto:
    """Scale and colour model of one photograph.

    Parameters
    ----------
    photo : Photo
        Decoded and upright.
    config : CalibrateConfig
        Marker size and dictionary.

    Returns
    -------
    CalibratedPhoto
        ``scale`` from the target card (at least two of its markers), else from lone markers
        (mean of all found), else from the given value, else ``NotMeasured``; a printed and a
        given scale that disagree by over 5 % give ``NotMeasured`` with both values.
        ``fixtures`` is True on the card and on the markers.
    """
    found = _find_markers(photo, config)
    target = {number: quad for number, quad in found if number in config.target_ids}
    lone = [quad for number, quad in found if number not in config.target_ids]
    fixtures = _fixture_mask(photo.rgb.shape[:2], lone, config)
    fixtures |= _card_mask(photo.rgb.shape[:2], list(target.values()), config)
    colour = ColourModel("none", np.eye(3), NotMeasured("no chart or target in the photo"), 0)
    return CalibratedPhoto(photo, colour, _scale(photo, target, lone, config), fixtures)


def _find_markers(photo: Photo, config: CalibrateConfig) -> list[tuple[int, NDArray[np.float64]]]:
    """Number and corners (4, 2) of every marker, refined at full resolution."""
    grey = np.asarray(cv2.cvtColor(_eight_bit(photo), cv2.COLOR_RGB2GRAY), dtype=np.uint8)
    rows, cols = grey.shape
    factor = shrink_factor(grey.shape, config.search_megapixels)
    small = shrink_to(grey, factor)
    dictionary = cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, config.marker_dictionary))
    parameters = cv2.aruco.DetectorParameters()
    parameters.cornerRefinementMethod = cv2.aruco.CORNER_REFINE_SUBPIX
    found, numbers, _ = cv2.aruco.ArucoDetector(dictionary, parameters).detectMarkers(small)
    stretch = np.array([cols / small.shape[1], rows / small.shape[0]])
    markers = []
    # Without markers the numbers are None, whatever the stubs say.
    ids = [int(number) for number in np.asarray(numbers).ravel()] if len(found) else []
    for number, quad in zip(ids, found, strict=True):
        points = (np.asarray(quad, dtype=np.float64).reshape(4, 2) + 0.5) * stretch - 0.5
        if factor < 1.0:
            points = _refined(grey, points, half_window=max(3, round(1.5 / factor)))
        markers.append((number, points))
    return markers


def _eight_bit(photo: Photo) -> NDArray[np.uint8]:
    if photo.rgb.dtype == np.uint8:
        return np.asarray(photo.rgb, dtype=np.uint8)
    return (photo.rgb >> 8).astype(np.uint8)


def _refined(
    grey: NDArray[np.uint8], points: NDArray[np.float64], half_window: int
) -> NDArray[np.float64]:
    criteria = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 40, 0.01)
    start = points.astype(np.float32).reshape(-1, 1, 2)
    refined = cv2.cornerSubPix(grey, start, (half_window, half_window), (-1, -1), criteria)
    return np.asarray(refined, dtype=np.float64).reshape(4, 2)


def _fixture_mask(
    shape: tuple[int, ...], corners: list[NDArray[np.float64]], config: CalibrateConfig
) -> NDArray[np.bool_]:
    mask = np.zeros(shape[:2], dtype=np.uint8)
    for quad in corners:
        outer = _with_border(quad, config.marker_border)
        cv2.fillConvexPoly(mask, np.round(outer).astype(np.int32), 1)
    return np.asarray(mask, dtype=np.bool_)


def _card_mask(
    shape: tuple[int, ...], corners: list[NDArray[np.float64]], config: CalibrateConfig
) -> NDArray[np.bool_]:
    """Convex hull of the markers of a card and its edge."""
    mask = np.zeros(shape[:2], dtype=np.uint8)
    if corners:
        outer = np.concatenate([_with_border(quad, config.target_border) for quad in corners])
        hull = cv2.convexHull(np.round(outer).astype(np.int32))
        cv2.fillConvexPoly(mask, hull, 1)
    return np.asarray(mask, dtype=np.bool_)


def _with_border(quad: NDArray[np.float64], border: float) -> NDArray[np.float64]:
    """Corners (4, 2) of a marker with the paper around it; ``border`` in sides."""
    unit = np.array(
        [[-border, -border], [1 + border, -border], [1 + border, 1 + border], [-border, 1 + border]]
    )
    return apply_homography(_from_unit_square(quad), unit)


def _from_unit_square(quad: NDArray[np.float64]) -> NDArray[np.float64]:
    square = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], dtype=np.float32)
    return np.asarray(
        cv2.getPerspectiveTransform(square, quad.astype(np.float32)), dtype=np.float64
    )


def _scale(
    photo: Photo,
    target: dict[int, NDArray[np.float64]],
    lone: list[NDArray[np.float64]],
    config: CalibrateConfig,
) -> Scale | NotMeasured:
    given = photo.ref.mm_per_px
    # One marker alone may be another print with the same number, of another size.
    if len(target) >= 2:
        scale = _card_scale(target, config)
    elif lone:
        scale = _marker_scale(lone, config)
    elif given is not None:
        return Scale(given, config.given_rel_sd, "given")
    elif target:
        return NotMeasured("no scale: only one marker of the target card is in the photograph")
    else:
        return NotMeasured("no scale: lay a printed marker beside the skin or give mm_per_px")
    if given is not None and abs(np.log(scale.mm_per_px / given)) > 0.05:
        setting = "target_height_mm" if scale.source == "target" else "marker_mm"
        return NotMeasured(
            f"the {scale.source} says {scale.mm_per_px:.4f} mm per pixel and the manifest"
            f" {given:.4f}: correct mm_per_px or set calibrate.{setting} to the printed size"
        )
    return scale


def _card_scale(target: dict[int, NDArray[np.float64]], config: CalibrateConfig) -> Scale:
    """Scale from the centres of a card's markers.

    Their sides are a tenth of the card, and light that spreads from the paper into the ink makes
    them read short; the distances of centres do not change.
    """
    places = [(i % 2 * config.target_width_mm, i // 2 * config.target_height_mm) for i in range(4)]
    known = dict(zip(config.target_ids, places, strict=True))
    mm = np.array([known[number] for number in target])
    px = np.array([_centre(quad) for quad in target.values()])
    px_per_mm, sd = _px_per_mm(mm, px), 0.5 * config.corner_sd_px
    spread = float(np.sqrt(((mm - mm.mean(axis=0)) ** 2).sum(axis=0).max()))
    rel_sd = float(np.hypot(sd / (spread * px_per_mm), config.print_rel_sd))
    return Scale(1.0 / px_per_mm, rel_sd, "target")


def _px_per_mm(mm: NDArray[np.float64], px: NDArray[np.float64]) -> float:
    """Pixels per millimetre between two points, or of the affine map through three or four."""
    if len(mm) == 2:
        return float(np.linalg.norm(px[1] - px[0]) / np.linalg.norm(mm[1] - mm[0]))
    fitted = np.linalg.lstsq(mm - mm.mean(axis=0), px - px.mean(axis=0), rcond=None)[0]
    return float(np.sqrt(abs(np.linalg.det(fitted))))


def _centre(quad: NDArray[np.float64]) -> NDArray[np.float64]:
    """Where the diagonals of a marker cross: its centre in any perspective."""
    centre = apply_homography(_from_unit_square(quad), np.array([[0.5, 0.5]]))
    return np.asarray(centre[0], dtype=np.float64)


def _marker_scale(corners: list[NDArray[np.float64]], config: CalibrateConfig) -> Scale:
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
