"""Ghost: the outline of a photograph, to be laid over the view of a camera."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dermadelta.domain import CalibratedPhoto, Regions
from dermadelta.files.results import write_png
from dermadelta.kernels.colour import linearise, log_luminance
from dermadelta.kernels.ghost import ghost, hull, main_parts, outlines, strong_edges
from dermadelta.kernels.resampling import resize_mask, shrink_pixels

LONGER_SIDE_PX = 2000
"""No view of a camera is larger."""

_RAGGED = 0.015
"""Smoothing of the outline of the skin, share of the short side."""

_LEAST_PART = 0.2
"""Smallest part of the skin that is outlined, share of the largest."""


def write_ghost(calibrated: CalibratedPhoto, regions: Regions, path: Path) -> None:
    """Write the ghost of a photograph.

    Raises
    ------
    OutputError
        It cannot be written. Remedy: in the message.
    """
    write_png(path, draw_ghost(calibrated, regions))


def draw_ghost(calibrated: CalibratedPhoto, regions: Regions) -> NDArray[np.uint8]:
    """Outline the skin, the region and the strongest marks of a photograph.

    Parameters
    ----------
    calibrated : CalibratedPhoto
    regions : Regions
        Of it.

    Returns
    -------
    (h, w, 4) uint8
        In the aspect of the photograph, transparent but for the lines; see ``kernels.ghost``.
    """
    photo = calibrated.photo
    factor = min(1.0, LONGER_SIDE_PX / max(photo.rgb.shape[:2]))
    small = shrink_pixels(photo.rgb, factor)
    shape = (small.shape[0], small.shape[1])
    linear = linearise(small, photo.to_linear.curves, photo.to_linear.matrix)
    skin = main_parts(
        resize_mask(regions.usable, shape), _RAGGED * min(shape), least_share=_LEAST_PART
    )
    given = [region.mask for region in regions.regions if region.source == "given"]
    bold = [line for mask in given for line in outlines(resize_mask(mask, shape))]
    near = hull(skin) if skin.any() else np.ones(shape, dtype=np.bool_)
    marks = strong_edges(log_luminance(linear), near & ~resize_mask(calibrated.fixtures, shape))
    return ghost(shape, bold, [*outlines(skin), *marks])
