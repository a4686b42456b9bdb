"""Known changes made to a real photograph: detail of one band, haemoglobin, a painted scar.

All of them act on linear light as physics would: detail scales log luminance, pigment multiplies
each channel by the exponential of its density.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from dermadelta.kernels.colour import linear_to_lab
from dermadelta.phantom.evenness import SIGMA_PER_CUTOFF
from dermadelta.phantom.fields import Field, blur
from dermadelta.phantom.skin import HAEMOGLOBIN_OD, MELANIN_OD, Grid
from dermadelta.phantom.treatment import Outline
from dermadelta.phantom.truth import density

Mask = NDArray[np.bool_]

_LUMINANCE = np.array([[0.2126, 0.7152, 0.0722]])
"""Y of linear sRGB, IEC 61966-2-1."""

_FADE_SHARE = 0.06
"""An edit fades out over this share of the region's half width."""

_EDGE_SHARE = 0.12
"""Width of a scar's border as a share of its half width."""


@dataclass(frozen=True)
class Band:
    """Wavelengths in pixels, shortest and longest."""

    shortest_px: float
    longest_px: float


@dataclass(frozen=True)
class Edit:
    """What one of the two states of the photograph has.

    ``detail`` multiplies the band's detail of log luminance inside the region, ``haemoglobin`` is
    added there; a scar adds ``scar_haemoglobin`` and ``scar_melanin`` inside its outline.
    Outlines are in pixels from the middle of the frame.
    """

    detail: float = 1.0
    haemoglobin: float = 0.0
    scar: Outline | None = None
    scar_haemoglobin: float = 0.0
    scar_melanin: float = 0.0


def edited(linear: Field, edit: Edit, roi: Outline, band: Band) -> Field:
    """The photograph (h, w, 3) float32 in linear light with the edit; the same without one."""
    grid = Grid(linear.shape[1], linear.shape[0], 1.0)
    density = np.zeros((*linear.shape[:2], 3), dtype=np.float32)
    if edit.detail != 1.0 or edit.haemoglobin != 0.0:
        inside = _inside(roi, grid, _FADE_SHARE)
        if edit.detail != 1.0:
            density -= (np.float32(edit.detail - 1.0) * inside * detail(linear, band))[..., None]
        density += _pigment(inside, edit.haemoglobin, 0.0)
    if edit.scar is not None:
        inside = _inside(edit.scar, grid, _EDGE_SHARE)
        density += _pigment(inside, edit.scar_haemoglobin, edit.scar_melanin)
    return np.asarray(linear * np.exp(-density), dtype=np.float32)


def added_pigment(edit: Edit, roi: Outline, grid: Grid, area: Mask) -> tuple[float, float]:
    """Mean density of the haemoglobin and the melanin that an edit adds to an area."""
    haemoglobin = edit.haemoglobin * _inside(roi, grid, _FADE_SHARE)[area].mean(dtype=np.float64)
    melanin = 0.0
    if edit.scar is not None:
        share = _inside(edit.scar, grid, _EDGE_SHARE)[area].mean(dtype=np.float64)
        haemoglobin += edit.scar_haemoglobin * share
        melanin += edit.scar_melanin * share
    return density(HAEMOGLOBIN_OD, haemoglobin), density(MELANIN_OD, melanin)


def detail(linear: Field, band: Band) -> Field:
    """Detail (h, w) of log luminance between two wavelengths (ISO 16610-21 Gaussians)."""
    luminance = np.asarray(cv2.transform(linear, _LUMINANCE), dtype=np.float32)
    log = np.log(np.maximum(luminance, np.float32(1e-4))).astype(np.float32)
    narrow, wide = (SIGMA_PER_CUTOFF * cut for cut in (band.shortest_px, band.longest_px))
    return np.asarray(blur(log, narrow) - blur(log, wide), dtype=np.float32)


def roughness(linear: Field, area: Mask, band: Band) -> float:
    """Standard deviation of that detail inside an area."""
    return float(np.std(detail(linear, band)[area], dtype=np.float64))


def redness(linear: Field, area: Mask) -> tuple[float, float]:
    """a* and 100 log10(R/G) of the mean colour of an area."""
    mean = linear[area].mean(axis=0, dtype=np.float64)
    return float(linear_to_lab(mean)[1]), float(100.0 * np.log10(mean[0] / mean[1]))


def _pigment(inside: Field, haemoglobin: float, melanin: float) -> Field:
    """Optical density (h, w, 3) of added pigment."""
    added = haemoglobin * HAEMOGLOBIN_OD + melanin * MELANIN_OD
    return inside[..., None] * added.astype(np.float32)


def _inside(outline: Outline, grid: Grid, border: float) -> Field:
    """1 inside an outline and 0 outside, half on it; the border is a share of its half width."""
    width = border * min(outline.half_width_mm, outline.half_height_mm)
    exponent = np.clip(outline.outside_mm(grid) * np.float32(4.4 / width), -30.0, 30.0)
    return np.asarray(1.0 / (1.0 + np.exp(exponent)), dtype=np.float32)
