"""One decoder per format, each taught to fail aloud on damaged files.

simplejpeg raises where other JPEG decoders return a grey rest; tifffile and OpenCV keep 16 bit.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Callable

import cv2
import numpy as np
import simplejpeg
import tifffile
from PIL import ImageFile
from PIL.AvifImagePlugin import AvifImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.Jpeg2KImagePlugin import Jpeg2KImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from dermadelta.domain import Pixels
from dermadelta.errors import UnsupportedPhoto
from dermadelta.files import formats
from dermadelta.files.dicom import dicom_pixels
from dermadelta.files.examined import ColourTags, Examined
from dermadelta.files.formats import CONVERT, Facts
from dermadelta.files.headers import (
    DAMAGED_FILE,
    HEIF_LIMIT,
    WEBP_LIMIT,
    open_heic,
    unreadable,
    without_warnings,
)
from dermadelta.files.raw import develop


def decode(data: bytes, examined: Examined, file: str) -> tuple[Pixels, ColourTags]:
    """Decode a colour picture to (H, W, 3) or (H, W, 4) with its bits kept; name its colours.

    Parameters
    ----------
    data : bytes
        The whole file.
    examined : Examined
        What ``examine`` returned for it.
    file : str
        Its name, for messages.

    Returns
    -------
    pixels : (H, W, 3) or (H, W, 4) uint8 or uint16
    colour : ColourTags
        Those of ``examined``, but for camera RAW, whose colours are known only now.

    Raises
    ------
    UnreadablePhoto
        Truncated or damaged. Remedy: copy the original again.
    UnsupportedPhoto
        A compression that no decoder here knows. Remedy: export again.
    """
    kind = examined.facts.format
    try:
        with without_warnings():
            if kind == "RAW":
                return develop(data, file)
            pixels = _DECODERS[kind](data, examined, file)
    except DAMAGED_FILE as fault:
        raise unreadable(kind, fault, file) from fault
    if pixels.ndim != 3 or pixels.shape[2] not in (3, 4):
        raise UnsupportedPhoto("the picture is not in colour", remedy=CONVERT, file=file)
    return pixels, examined.colour


def decode_any(data: bytes, examined: Examined, file: str) -> Pixels:
    """Decode a picture of any kind, as for a mask: (H, W) or (H, W, C).

    A palette is resolved to its colours. Parameters and faults are those of ``decode``.
    """
    kind = examined.facts.format
    try:
        with without_warnings():
            if kind in _PLAIN and examined.facts.bits <= 8:
                return _plain(data, kind)
            return _DECODERS[kind](data, examined, file)
    except DAMAGED_FILE as fault:
        raise unreadable(kind, fault, file) from fault


def _plain(data: bytes, kind: str) -> Pixels:
    """A mask as Pillow reads it."""
    picture = _PLAIN[kind](io.BytesIO(_unturned(data) if kind == "TIFF" else data))
    picture.load()
    if picture.mode in ("P", "PA"):
        return np.asarray(picture.convert("RGBA"))
    pixels = np.asarray(picture)
    return pixels.astype(np.uint8) if pixels.dtype == np.bool_ else pixels


_PLAIN: dict[str, Callable[[io.BytesIO], ImageFile.ImageFile]] = {
    "PNG": PngImageFile,
    "GIF": GifImageFile,
    "WebP": WebPImageFile,
    "TIFF": TiffImageFile,
}
"""Formats of which masks may be grey, have a palette or one bit."""

# -------------------------------------------------------------------------------- pixels


def _jpeg(data: bytes, examined: Examined, file: str) -> Pixels:
    space = "GRAY" if examined.facts.kind == "grey" else "RGB"
    try:
        pixels: Pixels = simplejpeg.decode_jpeg(data, space)
    except ValueError as fault:
        # Some phones write this harmless flaw; every other warning means lost pixels.
        if "Invalid SOS parameters" not in str(fault):
            raise
        pixels = simplejpeg.decode_jpeg(data, space, strict=False)
    return pixels


def _png(data: bytes, examined: Examined, file: str) -> Pixels:
    if not formats.png_is_complete(data):
        raise ValueError("its end is missing")
    if examined.facts.bits == 16:
        return _opencv(data)
    picture = PngImageFile(io.BytesIO(data))
    picture.load()
    wanted = "RGBA" if examined.facts.kind == "rgba" else "RGB"
    return np.asarray(picture if picture.mode == wanted else picture.convert(wanted))


def _require_decodable(facts: Facts, limit: int, file: str) -> None:
    if facts.width * facts.height > limit:
        cause = f"a {facts.format} of more than {limit // 10**6} million pixels cannot be decoded"
        raise UnsupportedPhoto(cause, remedy="Export it as JPEG or TIFF.", file=file)


def _webp(data: bytes, examined: Examined, file: str) -> Pixels:
    _require_decodable(examined.facts, WEBP_LIMIT, file)
    picture = WebPImageFile(io.BytesIO(data))
    picture.load()
    return np.asarray(picture)


def _avif(data: bytes, examined: Examined, file: str) -> Pixels:
    _require_decodable(examined.facts, HEIF_LIMIT, file)
    picture = AvifImageFile(io.BytesIO(data))
    picture.load()
    return np.asarray(picture)


def _heic(data: bytes, examined: Examined, file: str) -> Pixels:
    _require_decodable(examined.facts, HEIF_LIMIT, file)
    picture = open_heic(data)
    # A copy: the memory of the decoder is used again for the next picture.
    pixels: Pixels = np.array(picture)
    depth = int(picture.info.get("bit_depth", 8))
    if depth > 8 and pixels.dtype == np.uint16:
        # 10 bit come in the upper bits; repeating them below makes full white 65535.
        pixels = (pixels | (pixels >> depth)).astype(np.uint16)
    return pixels


def _tiff(data: bytes, examined: Examined, file: str) -> Pixels:
    with tifffile.TiffFile(io.BytesIO(data)) as tiff:
        page = tiff.pages.first
        if not isinstance(page, tifffile.TiffPage):
            raise ValueError("no page")
        ends = (a + n for a, n in zip(page.dataoffsets, page.databytecounts, strict=True))
        if max(ends, default=0) > len(data):
            raise ValueError("its end is missing")
        if page.compression in (1, 8, 32946) and page.photometric != 6:
            pixels = np.asarray(page.asarray())
            separate = page.planarconfig == 2 and pixels.ndim == 3
            return np.ascontiguousarray(np.moveaxis(pixels, 0, -1) if separate else pixels)
    return _tiff_compressed(_unturned(data), examined.facts)


def _unturned(data: bytes) -> bytes:
    """A TIFF that says it is upright: other decoders turn its pixels themselves."""
    with tifffile.TiffFile(io.BytesIO(data)) as tiff:
        tag = tiff.pages.first.tags.get(274)
    if tag is None:
        return data
    upright = bytearray(data)
    order = "<H" if data[:2] == b"II" else ">H"
    upright[tag.valueoffset : tag.valueoffset + 2] = struct.pack(order, 1)
    return bytes(upright)


def _tiff_compressed(data: bytes, facts: Facts) -> Pixels:
    """Decode LZW and the like, which tifffile cannot."""
    if facts.bits == 16:
        return _opencv(data)
    picture = TiffImageFile(io.BytesIO(data))
    picture.load()
    wanted = "RGBA" if facts.kind == "rgba" else "RGB"
    return np.asarray(picture if picture.mode in (wanted, "L", "1") else picture.convert(wanted))


def _opencv(data: bytes) -> Pixels:
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None:
        raise ValueError("its pixels cannot be decoded")
    if pixels.ndim == 3:
        order = [2, 1, 0, 3][: pixels.shape[2]]
        pixels = np.ascontiguousarray(pixels[..., order])
    return pixels.astype(np.uint16) if pixels.dtype == np.uint16 else pixels.astype(np.uint8)


def _dicom(data: bytes, examined: Examined, file: str) -> Pixels:
    if not examined.wrapped:
        return dicom_pixels(data, file)
    if examined.wrapped[:2] == b"\xff\xd8":
        return _jpeg(examined.wrapped, examined, file)
    picture = Jpeg2KImageFile(io.BytesIO(examined.wrapped))
    picture.load()
    return np.asarray(picture)


_DECODERS: dict[str, Callable[[bytes, Examined, str], Pixels]] = {
    "JPEG": _jpeg,
    "PNG": _png,
    "WebP": _webp,
    "AVIF": _avif,
    "HEIC": _heic,
    "TIFF": _tiff,
    "RAW": lambda data, _, file: develop(data, file)[0],
    "DICOM": _dicom,
}
