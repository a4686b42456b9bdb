"""Resizing and warping: for alignment and for pictures, never for a measured pixel."""

from __future__ import annotations

from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

Scalar = TypeVar("Scalar", np.uint8, np.uint16, np.float32)
Points = NDArray[np.float64] | NDArray[np.float32]


def shrink_factor(shape: tuple[int, ...], megapixels: float) -> float:
    """Factor ≤ 1 that brings a (rows, cols, ...) picture down to a size in megapixels."""
    return min(1.0, float(np.sqrt(megapixels * 1e6 / (shape[0] * shape[1]))))


def shrink_to(image: NDArray[Scalar], factor: float) -> NDArray[Scalar]:
    """Resize by a factor ≤ 1 with area averaging, to the nearest whole number of pixels."""
    if factor >= 1.0:
        return image
    height, width = image.shape[:2]
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return np.asarray(small, dtype=image.dtype)


def shrink_pixels(
    pixels: NDArray[np.uint8] | NDArray[np.uint16], factor: float
) -> NDArray[np.uint8] | NDArray[np.uint16]:
    """``shrink_to`` for stored pixels of either depth."""
    if pixels.dtype == np.uint8:
        return shrink_to(pixels.astype(np.uint8, copy=False), factor)
    return shrink_to(pixels.astype(np.uint16, copy=False), factor)


def resize_mask(mask: NDArray[np.bool_], shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Mask on another (rows, cols) grid of the same frame: majority down, nearest pixel up."""
    if mask.shape == shape:
        return mask
    if not mask.any():
        return np.zeros(shape, dtype=np.bool_)
    if mask.shape[0] > shape[0]:
        grey = mask.view(np.uint8) * np.uint8(255)
        share = np.asarray(cv2.resize(grey, shape[::-1], interpolation=cv2.INTER_AREA))
        return np.asarray(share >= 128, dtype=np.bool_)
    wide = cv2.resize(mask.view(np.uint8), shape[::-1], interpolation=cv2.INTER_NEAREST_EXACT)
    return np.asarray(wide, dtype=np.bool_)


def sample(
    image: NDArray[Scalar],
    points: Points,
    *,
    nearest: bool = False,
    outside: float = 0.0,
) -> NDArray[Scalar]:
    """Values at (h, w, 2) points, bilinear or nearest; ``outside`` beyond the image."""
    how = cv2.INTER_NEAREST if nearest else cv2.INTER_LINEAR
    drawn = cv2.remap(  # type: ignore[call-overload]  # one map may hold x and y
        image,
        np.ascontiguousarray(points, dtype=np.float32),
        None,
        how,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=(outside,) * 4,
    )
    return np.asarray(drawn, dtype=image.dtype)


def sample_replicated(image: NDArray[np.float32], points: Points) -> NDArray[np.float32]:
    """Values (h, w) or (h, w, k) at (h, w, 2) points, bilinear; those of the edge beyond it."""
    drawn = cv2.remap(  # type: ignore[call-overload]  # one map may hold x and y
        image,
        np.ascontiguousarray(points, dtype=np.float32),
        None,
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(drawn, dtype=np.float32)


def sample_mask(mask: NDArray[np.bool_], points: Points) -> NDArray[np.bool_]:
    """Mask at (h, w, 2) points, nearest pixel; False outside the image."""
    return np.asarray(sample(mask.view(np.uint8), points, nearest=True), dtype=np.bool_)
