"""Pixels of DICOM photographs: uncompressed and run-length ones here, wrapped ones for a decoder.

References
----------
DICOM PS3.3 C.7.6.3.1 (image pixel), PS3.5 annexes A and G (encapsulation, run lengths). JPEG 2000:
ITU-T T.800, annex A.
"""

from __future__ import annotations

import struct
from typing import Any

import numpy as np

from dermadelta.domain import Pixels
from dermadelta.errors import UnsupportedPhoto
from dermadelta.files.formats import CONVERT

RLE = "1.2.840.10008.1.2.5"
"""Transfer syntax of lossless run lengths."""


def wrapped_frame(stored: Any) -> bytes:
    """The JPEG or JPEG 2000 of a single frame, as it stands in the file."""
    from pydicom.encaps import get_frame

    return bytes(get_frame(stored.PixelData, 0, number_of_frames=1))


def with_colour_model(jpeg: bytes, photometric: str) -> bytes:
    """A JPEG whose colour model is said in it where DICOM alone says that it is RGB."""
    marked = any(mark in jpeg[:4096] for mark in (b"JFIF\0", b"Adobe\0"))
    if photometric != "RGB" or marked or jpeg[:2] != b"\xff\xd8":
        return jpeg
    # Without a mark of its own, decoders would take three components for YCbCr.
    return jpeg[:2] + _ADOBE_RGB_MARK + jpeg[2:]


_ADOBE_RGB_MARK = b"\xff\xee\x00\x0eAdobe" + struct.pack(">HHHB", 100, 0, 0, 0)
"""APP14 segment whose transform 0 says that the components are RGB (ITU-T T.872, 6.5.3)."""


def jpeg2000_facts(data: bytes) -> tuple[int, int, int, int]:
    """Width, height, components and bits of a JPEG 2000 code stream, from its SIZ segment.

    Raises
    ------
    ValueError, struct.error
        No code stream, or cut off.
    """
    at = data.find(b"\xff\x4f\xff\x51", 0, 4096)  # some wrap a whole JP2 file
    if at < 0:
        raise ValueError("no code stream")
    right, bottom, left, top = struct.unpack_from(">4I", data, at + 8)
    (components,) = struct.unpack_from(">H", data, at + 40)
    depths = {data[at + 42 + 3 * n] for n in range(min(components, 4))}
    if len(depths) != 1:
        raise ValueError("components that differ")
    return right - left, bottom - top, components, 1 + (depths.pop() & 0x7F)


def plain_pixels(stored: Any, file: str) -> Pixels:
    """Pixels of an uncompressed or run-length photograph.

    Parameters
    ----------
    stored : pydicom.Dataset
        Its image pixel elements.
    file : str
        Its name, for messages.

    Returns
    -------
    (H, W, 3) uint8 or uint16
        RGB over the full range of the type.

    Raises
    ------
    UnsupportedPhoto
        A layout that is not read. Remedy: export it as JPEG or TIFF.
    ValueError
        Fewer values than its size asks for.
    """
    height, width = int(stored.Rows), int(stored.Columns)
    allocated, used = int(stored.BitsAllocated), int(stored.BitsStored)
    photometric = str(stored.PhotometricInterpretation)
    subsampled = photometric == "YBR_FULL_422"
    if (
        allocated not in (8, 16)
        or not 8 <= used <= allocated
        or int(stored.get("PixelRepresentation") or 0) != 0
        or (allocated == 16 and photometric != "RGB")
        or (subsampled and width % 2)
    ):
        cause = f"its pixels of {used} bits in {photometric} are not read"
        raise UnsupportedPhoto(cause, remedy=CONVERT, file=file)
    values = _values(stored, height * width * (2 if subsampled else 3), allocated)
    if subsampled:
        return _from_ycc(_unpacked(values.reshape(height, width // 2, 4)))
    if values.ndim == 1 and int(stored.get("PlanarConfiguration") or 0) == 1:
        pixels: Pixels = np.moveaxis(values.reshape(3, height, width), 0, -1)
    else:
        pixels = values.reshape(height, width, 3)
    if photometric == "YBR_FULL":
        return _from_ycc(pixels)
    if allocated == 16:
        return _full_range(pixels, used)
    return np.ascontiguousarray(pixels, dtype=np.uint8)


def _values(stored: Any, count: int, bits: int) -> Pixels:
    """Stored values in their order; as (H, W, 3) where run lengths were resolved."""
    if stored.file_meta.TransferSyntaxUID == RLE:
        from pydicom.pixels.decoders.base import get_decoder

        values: Pixels = get_decoder(RLE).as_array(stored, index=0, raw=True)[0]
        if values.size != count:
            raise ValueError("fewer values than its size asks for")
        return values
    if len(stored.PixelData) < count * bits // 8:
        raise ValueError("fewer values than its size asks for")
    return np.frombuffer(stored.PixelData, "<u2" if bits == 16 else "u1", count)


def _unpacked(pairs: Pixels) -> Pixels:
    """Pairs of pixels (Y1, Y2, Cb, Cr) as YCbCr for each pixel, (H, W, 3)."""
    height, half = pairs.shape[:2]
    pixels = np.empty((height, 2 * half, 3), pairs.dtype)
    pixels[..., 0] = pairs[..., :2].reshape(height, 2 * half)
    pixels[..., 1:] = np.repeat(pairs[..., 2:], 2, axis=1)
    return pixels


def _from_ycc(pixels: Pixels) -> Pixels:
    """YCbCr of full range to RGB (PS3.3 C.7.6.3.1.2, after ITU-R BT.601), 8 bits."""
    y, cb, cr = np.moveaxis(pixels.astype(np.float32) - (0.0, 128.0, 128.0), -1, 0)
    rgb = np.stack([y + 1.402 * cr, y - 0.344136 * cb - 0.714136 * cr, y + 1.772 * cb], axis=-1)
    return np.clip(np.round(rgb), 0, 255).astype(np.uint8)


def _full_range(pixels: Pixels, used: int) -> Pixels:
    """Values of 8 to 16 used bits over all 16; repeating the upper bits makes white 65535."""
    wide = pixels.astype(np.uint32) & ((1 << used) - 1)
    full = wide << (16 - used) | wide >> (2 * used - 16)
    return full.astype(np.uint16)
