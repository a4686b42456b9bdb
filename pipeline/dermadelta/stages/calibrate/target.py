"""The printed target card: its scale, its colours, its sharpness and its tilt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from dermadelta.domain import Card, ColourModel, Mask, Matrix, NotMeasured, Photo, Scale
from dermadelta.kernels import card as layout
from dermadelta.kernels.card_search import FoundCard, card_tilt_deg, find_card
from dermadelta.kernels.colour import linearise, srgb_decode
from dermadelta.kernels.geometry import apply_homography, inverse, local_affine
from dermadelta.kernels.slanted_edge import mtf50
from dermadelta.stages.calibrate.colour import Placed, Reference, read_colours
from dermadelta.stages.calibrate.config import CalibrateConfig

Colours = Mapping[str, tuple[float, float, float]]


@dataclass(frozen=True, eq=False)
class Target:
    """A card with everything that was read of it; ``under`` is (H, W) bool, True on its paper."""

    card: Card
    colour: ColourModel
    scale: Scale | NotMeasured
    under: Mask


def read_target(
    photo: Photo, grey: NDArray[np.uint8], values: Colours | None, config: CalibrateConfig
) -> Target | None:
    """Find the target card and read it; None where there is none.

    Parameters
    ----------
    photo : Photo
    grey : (H, W) uint8
        The same in grey.
    values : mapping of str to (float, float, float) or None
        Measured linear sRGB by name of the patch; None for the colours of the design.
    config : CalibrateConfig
    """
    found = find_card(grey)
    if found is None:
        return None
    paper = layout.square(0.0, 0.0) * np.array([layout.WIDTH, layout.HEIGHT])
    squares = layout.patches()
    placed = Placed(
        kind="target",
        outline=apply_homography(found.to_photo, paper),
        quads=np.stack([apply_homography(found.to_photo, item.corners) for item in squares]),
        tilt_deg=card_tilt_deg(found.to_photo, grey.shape),
        mtf50=_sharpness(photo, found),
    )
    card, colour = read_colours(photo, placed, _reference(values), config)
    return Target(card, colour, _scale(found, config), under_quad(grey.shape, placed.outline))


def _reference(values: Colours | None) -> Reference:
    squares = layout.patches()
    colours = {item.name: _decoded(item.srgb) for item in squares} | dict(values or {})
    return Reference(
        names=tuple(item.name for item in squares),
        colours=np.array([colours[item.name] for item in squares]),
        places=np.stack([item.corners.mean(axis=0) for item in squares]) / layout.HEIGHT,
        nominal=values is None,
    )


def _decoded(srgb: tuple[int, int, int]) -> tuple[float, float, float]:
    red, green, blue = (float(v) for v in srgb_decode(np.array(srgb) / 255.0))
    return red, green, blue


def _scale(found: FoundCard, config: CalibrateConfig) -> Scale | NotMeasured:
    """Scale in the middle of the card."""
    if found.size_mm is None:
        return NotMeasured(
            "no scale: the size of the target card cannot be read from its markers; move closer,"
            " or keep fingers and hair off its corners"
        )
    centre = (0.5 * layout.WIDTH, 0.5 * layout.HEIGHT)
    px_per_side = float(np.sqrt(abs(np.linalg.det(local_affine(found.to_photo, centre)))))
    mm_per_side = found.size_mm / layout.HEIGHT
    # Corners half a card apart decide: the error of the mean over four of them.
    fit = 0.5 * found.corner_sd_px / (0.5 * layout.HEIGHT * px_per_side)
    rel_sd = float(np.hypot(fit, config.print_rel_sd))
    to_mm = np.diag([mm_per_side, mm_per_side, 1.0]) @ inverse(found.to_photo)
    return Scale(
        mm_per_side / px_per_side, rel_sd, "target", tuple(float(v) for v in to_mm.ravel())
    )


def _sharpness(photo: Photo, found: FoundCard) -> float | NotMeasured:
    """Frequency of half contrast on the slanted square, cycles per pixel."""
    corners = apply_homography(found.to_photo, layout.slanted_square())
    margin = 0.25 * float(np.linalg.norm(corners[1] - corners[0]))
    edge = np.array(photo.rgb.shape[1::-1])
    low = np.clip(np.floor(corners.min(axis=0) - margin), 0, edge - 1).astype(int)
    high = np.clip(np.ceil(corners.max(axis=0) + margin) + 1, low + 1, edge).astype(int)
    part = photo.rgb[low[1] : high[1], low[0] : high[0]]
    linear = linearise(part, photo.to_linear.curves, photo.to_linear.matrix)
    both = mtf50(np.ascontiguousarray(linear[..., 1]), corners - low)
    read = [value for value in both if value is not None]
    if not read:
        return NotMeasured("the slanted edge of the card is too small or too uneven")
    return min(read)


def under_quad(shape: tuple[int, ...], outline: Matrix) -> Mask:
    """(H, W) bool, True on an object with this outline and a little around it."""
    mask = np.zeros(shape[:2], dtype=np.uint8)
    middle = outline.mean(axis=0)
    wider = middle + 1.03 * (outline - middle)
    cv2.fillConvexPoly(mask, np.round(wider).astype(np.int32), 1)
    return np.asarray(mask, dtype=np.bool_)
