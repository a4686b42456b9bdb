"""A beauty filter: fine detail of a finished photograph smoothed away while edges stay."""

from __future__ import annotations

import cv2
import numpy as np

from dermadelta.phantom.camera import Image8
from dermadelta.phantom.fields import Field

_RADIUS_SHARE = 0.006
"""Half width of the smoothing window as a share of the frame's width: about half a millimetre."""

_EDGE = 0.055
"""Contrast, of the encoded range 0..1, from which an edge stays."""


def smooth_skin(rgb: Image8, strength: float) -> Image8:
    """The picture (h, w, 3) uint8 with its fine detail blended out.

    A guided filter that is its own guide (He, Sun and Tang 2013, doi:10.1109/TPAMI.2012.213), on
    each channel of the encoded picture.

    Parameters
    ----------
    rgb : (h, w, 3) uint8
        A finished photograph, sRGB encoded.
    strength : float
        Share of the fine detail that goes, 0..1.
    """
    side = 2 * max(2, round(_RADIUS_SHARE * rgb.shape[1])) + 1
    picture = np.asarray(rgb, dtype=np.float32) * np.float32(1.0 / 255.0)
    mean = _mean(picture, side)
    variance = np.maximum(_mean(np.square(picture), side) - mean * mean, 0.0)
    gain = np.asarray(variance / (variance + np.float32(_EDGE**2)), dtype=np.float32)
    offset = np.asarray(mean - gain * mean, dtype=np.float32)
    smooth = _mean(gain, side) * picture + _mean(offset, side)
    mixed = picture + np.float32(strength) * (smooth - picture)
    return np.asarray(np.clip(np.round(mixed * 255.0), 0, 255), dtype=np.uint8)


def _mean(field: Field, side: int) -> Field:
    return np.asarray(cv2.blur(field, (side, side), borderType=cv2.BORDER_REFLECT), np.float32)
