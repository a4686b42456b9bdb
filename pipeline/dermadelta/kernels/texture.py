"""Gaussian means of images, also over a mask, for texture and whatever else is smoothed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

CUTOFF_TO_SIGMA = 0.1874
"""Gaussian sigma per cut-off wavelength at 50 % transmission, √(ln 2 / 2)/π (ISO 16610-21)."""


_DECIMATE_FROM_PX = 10.0
"""From this sigma on the image is averaged down first: what is lost lies far above the cut-off."""


def gaussian(
    image: NDArray[np.float32], sigma_px: float, *, exact: bool = False
) -> NDArray[np.float32]:
    """Gaussian low-pass with mirrored borders; ``sigma_px`` of 0 returns the image itself.

    Unless it is to be ``exact``, a large sigma works on an image averaged down to about six of its
    pixels per sigma: on white noise that differs by under 5 % of the filtered amplitude (by a
    fifth within a sigma of the border), on anything smoother by less, and costs a fraction.
    """
    if sigma_px <= 0.0:
        return image
    rows, cols = image.shape[:2]
    factor = int(sigma_px / 6.0)
    if exact or sigma_px < _DECIMATE_FROM_PX or min(rows, cols) < 8 * factor:
        return _blurred(image, sigma_px)
    small = cv2.resize(
        image, (round(cols / factor), round(rows / factor)), interpolation=cv2.INTER_AREA
    )
    # Averaging over a pixel of side f has variance f²/12, linear interpolation back f²/6.
    rest = np.sqrt(max(sigma_px**2 - factor**2 / 4.0, 0.0)) / factor
    blurred = _blurred(np.asarray(small, dtype=np.float32), float(rest))
    wide = cv2.resize(blurred, (cols, rows), interpolation=cv2.INTER_LINEAR)
    return np.asarray(wide, dtype=np.float32).reshape(image.shape)


def _blurred(image: NDArray[np.float32], sigma_px: float) -> NDArray[np.float32]:
    size = 2 * max(1, int(np.ceil(4.0 * sigma_px))) + 1
    blurred = cv2.GaussianBlur(image, (size, size), sigma_px, borderType=cv2.BORDER_REFLECT_101)
    return np.asarray(blurred, dtype=np.float32).reshape(image.shape)


def masked_gaussian(
    image: NDArray[np.float32], mask: NDArray[np.bool_], sigma_px: float
) -> NDArray[np.float32]:
    """Gaussian mean over the usable pixels only (normalised convolution).

    Parameters
    ----------
    image : (h, w) float32
        Finite wherever ``mask`` is True.
    mask : (h, w) bool
        True where usable.
    sigma_px : float
        Standard deviation in pixels.

    Returns
    -------
    (h, w) float32
        The local mean; 0 where no usable pixel is within reach.
    """
    return masked_gaussians([image], mask, sigma_px)[0]


def masked_gaussians(
    images: Sequence[NDArray[np.float32]], mask: NDArray[np.bool_], sigma_px: float
) -> list[NDArray[np.float32]]:
    """``masked_gaussian`` of several images under one mask."""
    return list(map(masked_blur(mask, sigma_px), images))


def masked_blur(
    mask: NDArray[np.bool_], sigma_px: float
) -> Callable[[NDArray[np.float32]], NDArray[np.float32]]:
    """``masked_gaussian`` under one mask, whose own mean is made only once."""
    norm = gaussian(mask.astype(np.float32), sigma_px)
    reached = norm > 1e-4
    norm = np.maximum(norm, np.float32(1e-4))

    def blur(image: NDArray[np.float32]) -> NDArray[np.float32]:
        # Not image * mask: what is not finite outside the mask would spread into it.
        inside = np.where(mask, image, np.float32(0.0))
        if sigma_px <= 0.0:
            return inside
        mean = gaussian(inside, sigma_px)
        mean /= norm
        mean *= reached
        return mean

    return blur
