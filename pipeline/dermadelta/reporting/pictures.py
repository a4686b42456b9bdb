"""Pictures for the pages: inlined as data, outlines as curves, thumbnails in a few kilobytes.

Only small display pictures of the pair folders are read here, never a photograph to measure.
"""

from __future__ import annotations

import base64
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

THUMBNAIL_SIDE: Final = 112
THUMBNAIL_BYTES: Final = 4_400
"""So that two of them, as base64 text, keep 500 pairs below 6 MB."""
INLINE_PNG_BYTES: Final = 160_000
"""A heavier lossless map is stored for the page as a fine JPEG; the file itself stays."""
OUTLINE_TOLERANCE_PX: Final = 0.6
MIN_OUTLINE_SHARE: Final = 2e-4
"""Smaller specks and holes of a mask would only clutter the picture."""
HEAT_MAX_SIDE: Final = 900

Bytes = NDArray[np.uint8]


@dataclass(frozen=True)
class Inlined:
    """A picture as a data address, with its size in pixels."""

    src: str
    width: int
    height: int


def inline(path: Path) -> Inlined | None:
    """Return a picture ready to be put into a page; None when the file cannot be read."""
    raw = _read(path)
    pixels = None if raw is None else _decode(raw, cv2.IMREAD_COLOR)
    if raw is None or pixels is None:
        return None
    height, width = pixels.shape[:2]
    kind = "png" if raw.startswith(b"\x89PNG") else "jpeg"
    if kind == "png" and len(raw) > INLINE_PNG_BYTES:
        pixels = _shrink(pixels, HEAT_MAX_SIDE)
        height, width = pixels.shape[:2]
        raw, kind = _jpeg(pixels, 90, full_colour=True), "jpeg"
    return Inlined(_data(raw, kind), width, height)


def thumbnail(path: Path) -> str:
    """Return a square thumbnail as a data address; empty when the file cannot be read."""
    raw = _read(path)
    pixels = None if raw is None else _decode(raw, cv2.IMREAD_REDUCED_COLOR_2)
    if pixels is None:
        return ""
    height, width = pixels.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square = pixels[top : top + side, left : left + side]
    small = _shrink(square, THUMBNAIL_SIDE)
    encoded = b""
    for quality in (82, 74, 64, 52, 40, 28, 16):
        encoded = _jpeg(small, quality)
        if len(encoded) <= THUMBNAIL_BYTES:
            break
    return _data(encoded, "jpeg")


def outline(path: Path, width: int, height: int) -> str:
    """Return the edges of a mask as an SVG path on a picture of that size; empty for none."""
    raw = _read(path)
    mask = None if raw is None else _decode(raw, cv2.IMREAD_GRAYSCALE)
    if mask is None:
        return ""
    binary = (mask > 127).astype(np.uint8)
    rows, columns = binary.shape[:2]
    curves, _ = cv2.findContours(binary, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    parts = []
    for curve in curves:
        if cv2.contourArea(curve) < MIN_OUTLINE_SHARE * rows * columns:
            continue
        points = cv2.approxPolyDP(curve, OUTLINE_TOLERANCE_PX, True)[:, 0, :].astype(np.float64)
        # Pixel centres of the mask to the corner-based coordinates of the drawing.
        points = (points + 0.5) * (width / columns, height / rows)
        parts.append("M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points) + "Z")
    return "".join(parts)


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _decode(raw: bytes, mode: int) -> Bytes | None:
    if not raw:
        return None
    decoded = cv2.imdecode(np.frombuffer(raw, dtype=np.uint8), mode)
    return None if decoded is None else decoded.astype(np.uint8, copy=False)


def _shrink(pixels: Bytes, side: int) -> Bytes:
    height, width = pixels.shape[:2]
    factor = side / max(height, width)
    if factor >= 1.0:
        return pixels
    size = (max(1, math.floor(width * factor + 0.5)), max(1, math.floor(height * factor + 0.5)))
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)


def _jpeg(pixels: Bytes, quality: int, *, full_colour: bool = False) -> bytes:
    options = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_OPTIMIZE, 1]
    if full_colour:
        options += [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444]
    _, encoded = cv2.imencode(".jpg", pixels, options)
    return encoded.tobytes()


def _data(raw: bytes, kind: str) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(raw).decode('ascii')}"
