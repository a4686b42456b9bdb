"""The 24-patch colour chart: its colours, where its patches lie, and whether a find is one.

Patches are numbered by rows of six: dark skin, light skin ... bluish green; orange ...; blue ...;
and the six greys from white to black. Corners of a chart are those of the field of patches
(not of its frame), beginning at the dark skin patch and then along the first row.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from dermadelta.kernels.adaptation import lab_under_to_linear
from dermadelta.kernels.colour import srgb_decode

Floats = NDArray[np.float64]

COLUMNS, ROWS = 6, 4

PATCH_NAMES = (
    "dark skin", "light skin", "blue sky", "foliage", "blue flower", "bluish green",
    "orange", "purplish blue", "moderate red", "purple", "yellow green", "orange yellow",
    "blue", "green", "red", "yellow", "magenta", "cyan",
    "white", "neutral 8", "neutral 6.5", "neutral 5", "neutral 3.5", "black",
)  # fmt: skip

PATCH_SHARE = 0.85
"""Side of a patch over the distance of patches; 0.80 to 0.87 on the charts in use."""

_LAB_D50 = {
    "before November 2014": (
        (37.986, 13.555, 14.059), (65.711, 18.130, 17.810), (49.927, -4.880, -21.905),
        (43.139, -13.095, 21.905), (55.112, 8.844, -25.399), (70.719, -33.397, -0.199),
        (62.661, 36.067, 57.096), (40.020, 10.410, -45.964), (51.124, 48.239, 16.248),
        (30.325, 22.976, -21.587), (72.532, -23.709, 57.255), (71.941, 19.363, 67.857),
        (28.778, 14.179, -50.297), (55.261, -38.342, 31.370), (42.101, 53.378, 28.190),
        (81.733, 4.039, 79.819), (51.935, 49.986, -14.574), (51.038, -28.631, -28.638),
        (96.539, -0.425, 1.186), (81.257, -0.638, -0.335), (66.766, -0.734, -0.504),
        (50.867, -0.153, -0.270), (35.656, -0.421, -1.231), (20.461, -0.079, -0.973),
    ),
    "after November 2014": (
        (37.54, 14.37, 14.92), (64.66, 19.27, 17.50), (49.32, -3.82, -22.54),
        (43.46, -12.74, 22.72), (54.94, 9.61, -24.79), (70.48, -32.26, -0.37),
        (62.73, 35.83, 56.50), (39.43, 10.75, -45.17), (50.57, 48.64, 16.67),
        (30.10, 22.54, -20.87), (71.77, -24.13, 58.19), (71.51, 18.24, 67.37),
        (28.37, 15.42, -49.80), (54.38, -39.72, 32.27), (42.43, 51.05, 28.62),
        (81.80, 2.67, 80.41), (50.63, 51.28, -14.12), (49.57, -29.71, -28.32),
        (95.19, -1.03, 2.93), (81.29, -0.57, 0.44), (66.89, -0.75, -0.06),
        (50.76, -0.13, 0.14), (35.63, -0.46, -0.48), (20.64, 0.07, -0.46),
    ),
}  # fmt: skip
"""L*a*b* (D50, 2°) of both formulations of the ColorChecker Classic: X-Rite, "New color
specifications for ColorChecker SG and Classic charts" (2016)."""

_SRGB = (
    (115, 82, 68), (194, 150, 130), (98, 122, 157), (87, 108, 67), (133, 128, 177),
    (103, 189, 170), (214, 126, 44), (80, 91, 166), (193, 90, 99), (94, 60, 108),
    (157, 188, 64), (224, 163, 46), (56, 61, 150), (70, 148, 73), (175, 54, 60),
    (231, 199, 31), (187, 86, 149), (8, 133, 161), (243, 243, 242), (200, 200, 200),
    (160, 160, 160), (122, 122, 121), (85, 85, 85), (52, 52, 52),
)  # fmt: skip
"""8-bit sRGB of X-Rite's "Colorimetric values for the ColorChecker family of targets": up to 8
codes from its own L*a*b*, but what charts that were drawn by a program are made of."""

DRAWN = "drawn from sRGB"
EDITIONS = ("after November 2014", "before November 2014", DRAWN)
"""The likeliest first."""

_FARTHEST_PX = 1e6
"""No photograph is so large that a corner could lie farther away."""

_D50_WHITE = np.array([0.96422, 1.0, 0.82521])
"""XYZ of D50, ASTM E308 to five digits; the white of ICC profiles is rounded to four."""


def reference_colours(edition: str = EDITIONS[0]) -> Floats:
    """(24, 3) linear sRGB (D65) of the patches, one of ``EDITIONS``.

    Cyan lies outside the gamut (its red is negative). The formulations differ by 0.2 to 2 ΔE00,
    and nothing on the front of a chart tells them apart: fit both and keep what fits better.
    """
    if edition == DRAWN:
        return srgb_decode(np.array(_SRGB) / 255.0)
    return lab_under_to_linear(np.array(_LAB_D50[edition]), _D50_WHITE)


def patch_squares() -> Floats:
    """(24, 4, 2) corners of the patches in sides of a patch field cell, (0, 0) the first centre."""
    half = 0.5 * PATCH_SHARE
    unit = half * np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
    centres = np.array([(col, row) for row in range(ROWS) for col in range(COLUMNS)])
    return np.asarray(centres[:, None, :] + unit, dtype=np.float64)


def field_corners() -> Floats:
    """(4, 2) outer corners of the patch field, in the units of ``patch_squares``."""
    low, right, bottom = -0.5 * PATCH_SHARE, COLUMNS - 1, ROWS - 1
    x, y = right - low, bottom - low
    return np.array([[low, low], [x, low], [x, y], [low, y]])


def patch_quads(corners: Floats) -> Floats:
    """Corners of every patch in a photo.

    Parameters
    ----------
    corners : (4, 2) float64
        Outer corners of the patch field: at dark skin, at bluish green, at black, at white.

    Returns
    -------
    (24, 4, 2) float64
    """
    to_photo = cv2.getPerspectiveTransform(
        field_corners().astype(np.float32), np.asarray(corners, dtype=np.float32)
    )
    squares = patch_squares().reshape(1, -1, 2)
    found = cv2.perspectiveTransform(squares, np.asarray(to_photo, dtype=np.float64))
    return np.asarray(found, dtype=np.float64).reshape(-1, 4, 2)


def parse_corners(text: str) -> Floats:
    """Corners of a chart given by a person, ``"x,y x,y x,y x,y"`` in upright pixels.

    Parameters
    ----------
    text : str
        Outer corners of the field of patches, beginning at the dark skin patch, then along the
        first row (light skin, blue sky ...), pixels of the upright photo.

    Returns
    -------
    (4, 2) float64

    Raises
    ------
    ValueError
        Not four pairs of numbers, or not the corners of a convex figure in turn; the text says
        which.
    """
    try:
        points = np.array([[float(v) for v in pair.split(",")] for pair in text.split()])
    except ValueError as error:
        raise ValueError(
            f"chart corners must be four pairs 'x,y x,y x,y x,y', not {text!r}"
        ) from error
    if points.shape != (4, 2) or not (np.abs(points) <= _FARTHEST_PX).all():
        raise ValueError(f"chart corners must be four pairs 'x,y x,y x,y x,y', not {text!r}")
    edges = np.roll(points, -1, axis=0) - points
    following = np.roll(edges, -1, axis=0)
    turns = edges[:, 0] * following[:, 1] - edges[:, 1] * following[:, 0]
    if (turns < 0.0).all():
        raise ValueError(
            f"chart corners {text!r} run the wrong way: begin at the dark skin patch and go along"
            " the first row, then down; a mirrored photo cannot be used"
        )
    if not (turns > 0.0).all():
        raise ValueError(f"chart corners {text!r} are not a convex figure in turn")
    return points
