"""The only reader of photographs and masks: bytes in, pixels as stored and facts out.

A file is read once; its hash, header and pixels come from the same bytes. The format is told by
content. Pictures that cannot be measured (animated, CMYK, grey, palette, transparent) are refused
with a reason; nothing is decoded before the declared size was held against the limit.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from dermadelta.domain import Mask, Pixels
from dermadelta.errors import (
    MaskError,
    OversizedPhoto,
    PhotoError,
    UnreadablePhoto,
    UnsupportedPhoto,
)
from dermadelta.files.decoders import decode, decode_any
from dermadelta.files.examined import ColourTags, Examined
from dermadelta.files.formats import CONVERT, Facts, jpeg_step
from dermadelta.files.headers import examine
from dermadelta.files.paths import openable

Size = tuple[int, int]
"""Height and width, pixels."""

Array = TypeVar("Array", bound=NDArray[Any])


@dataclass(frozen=True, eq=False)
class ImageHeader:
    """Everything a photograph says about itself without decoding its pixels.

    ``width`` and ``height`` are those of the stored pixels; ``orientation`` is the EXIF value
    (1..8) still to be applied to them. HEIC pixels come upright, so theirs is always 1.
    ``jpeg_step`` is the quantisation step of a JPEG's luminance in code values (also of one that
    a DICOM file wraps), else 0; the
    fields after it are those of ``exif.Exif``.
    """

    sha256: str
    format: str
    width: int
    height: int
    bits: int
    orientation: int
    camera: str
    software: str
    captured_at: datetime | None
    colour: ColourTags
    jpeg_step: float = 0.0
    lens: str = ""
    focal_35mm: float | None = None
    digital_zoom: float | None = None
    portrait_mode: bool = False


@dataclass(frozen=True, eq=False)
class DecodedImage:
    """Pixels as stored, (H, W, 3) uint8 or uint16 RGB, not yet turned upright."""

    header: ImageHeader
    pixels: Pixels


def read_header(path: str) -> ImageHeader:
    """Read what a photograph says about itself, without decoding it.

    Parameters
    ----------
    path : str
        The file.

    Returns
    -------
    ImageHeader
        Hash of the raw bytes, stored size, bits, orientation, camera, time of capture.

    Raises
    ------
    UnreadablePhoto
        Missing, no permission, empty, damaged or no picture; the message names the remedy.
    UnsupportedPhoto
        A picture in a format that is not read.
    """
    data = _read(path)
    return _header(data, examine(data, Path(path).name))


def read_image(path: str, *, max_pixels: int) -> DecodedImage:
    """Read a photograph with its bit depth kept.

    Parameters
    ----------
    path : str
        The file: JPEG, PNG, TIFF, WebP, HEIC, AVIF, camera RAW or DICOM.
    max_pixels : int
        Largest number of pixels that is decoded.

    Returns
    -------
    DecodedImage
        Pixels as stored and the header.

    Raises
    ------
    UnreadablePhoto
        Missing, no permission, empty, truncated or no picture; the message names the remedy.
    UnsupportedPhoto
        Animated, grey, CMYK, palette or transparent. Remedy: export as JPEG or TIFF in colour.
    OversizedPhoto
        The header declares more than ``max_pixels``. Remedy: crop or raise the limit.
    """
    name = Path(path).name
    data = _read(path)
    examined = examine(data, name)
    _require_size(examined.facts, max_pixels, name)
    _require_colour(examined.facts, name)
    pixels, colour = decode(data, examined, name)
    return DecodedImage(_header(data, replace(examined, colour=colour)), _opaque(pixels, name))


def read_mask(path: str, *, allowed: Collection[Size]) -> Mask:
    """Read a mask image: True where any colour channel is not zero.

    Parameters
    ----------
    path : str
        A picture. Transparent pixels count as False; in lossy formats, whose edges ring, only
        values above half count as True. A turn in its own EXIF block is applied.
    allowed : collection of (height, width)
        The sizes it may have; checked before anything is decoded.

    Returns
    -------
    (H, W) bool
        The mask, of one of the allowed sizes.

    Raises
    ------
    MaskError
        The file is missing, damaged or of another size; the message names the remedy.
    """
    name = Path(path).name
    try:
        data = _read(path)
        examined = examine(data, name)
        facts, turn = examined.facts, examined.exif.orientation
        size = (facts.width, facts.height) if turn >= 5 else (facts.height, facts.width)
        if size not in allowed:
            raise _wrong_size(size, allowed, name)
        pixels = decode_any(data, examined, name)
    except PhotoError as fault:
        raise MaskError(
            f"the mask cannot be read: {fault.cause}",
            remedy="Save it again as a PNG of the photo's size, white where the region is.",
            file=name,
        ) from fault
    threshold = 127 if facts.format in ("JPEG", "WebP", "HEIC", "AVIF") else 0
    inside = pixels > threshold
    if pixels.ndim == 3:
        colours = inside[..., :-1] if pixels.shape[2] in (2, 4) else inside
        inside = colours.any(axis=2) & (inside[..., -1] | (pixels.shape[2] == 3))
    return upright(inside, turn)


def _wrong_size(size: Size, allowed: Collection[Size], name: str) -> MaskError:
    sizes = " or ".join(f"{width} × {height}" for height, width in sorted(set(allowed)))
    return MaskError(
        f"the mask has {size[1]} × {size[0]} pixels (width × height), its photograph {sizes}",
        remedy="Draw it on this photograph and save it at the photograph's size.",
        file=name,
    )


def hash_file(path: str) -> str:
    """SHA-256 of the raw bytes in hexadecimal; empty text when the file cannot be read."""
    try:
        with openable(path).open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        return ""


def upright(array: Array, orientation: int) -> Array:
    """Turn a stored picture or mask by its EXIF orientation.

    Parameters
    ----------
    array : (H, W) or (H, W, C)
        Any dtype.
    orientation : int
        EXIF value 1..8; 1 means upright already.

    Returns
    -------
    ndarray
        Contiguous; height and width change places for 5..8.

    References
    ----------
    CIPA DC-008 (EXIF 2.32), tag 0x0112.
    """
    turned: NDArray[Any] = array
    if orientation in (5, 6, 7, 8):
        turned = turned.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        turned = turned[::-1]
    if orientation in (2, 3, 6, 7):
        turned = turned[:, ::-1]
    return cast(Array, np.ascontiguousarray(turned))


def _read(path: str) -> bytes:
    name = Path(path).name
    try:
        return openable(path).read_bytes()
    except FileNotFoundError as fault:
        raise UnreadablePhoto(
            "the file does not exist",
            remedy="Correct its name in the manifest or put the file there.",
            file=name,
        ) from fault
    except PermissionError as fault:
        raise UnreadablePhoto(
            "no permission to read the file",
            remedy="Give your user the right to read it, or close the program that holds it.",
            file=name,
        ) from fault
    except (OSError, ValueError) as fault:
        raise UnreadablePhoto(
            f"the file cannot be read ({fault})",
            remedy="Check the drive or the network folder, then run the same command again.",
            file=name,
        ) from fault


def _header(data: bytes, examined: Examined) -> ImageHeader:
    facts, exif = examined.facts, examined.exif
    return ImageHeader(
        sha256=hashlib.sha256(data).hexdigest(),
        format=facts.format,
        width=facts.width,
        height=facts.height,
        bits=facts.bits,
        orientation=exif.orientation,
        camera=exif.camera,
        software=exif.software,
        captured_at=exif.captured_at,
        colour=examined.colour,
        jpeg_step=jpeg_step(examined.wrapped or data) if _is_jpeg(examined) else 0.0,
        lens=exif.lens,
        focal_35mm=exif.focal_35mm,
        digital_zoom=exif.digital_zoom,
        portrait_mode=exif.portrait_mode,
    )


def _is_jpeg(examined: Examined) -> bool:
    return examined.facts.format == "JPEG" or examined.wrapped[:2] == b"\xff\xd8"


def _require_size(facts: Facts, max_pixels: int, name: str) -> None:
    if facts.width < 1 or facts.height < 1:
        raise UnreadablePhoto(
            f"the header declares an empty picture of {facts.width} × {facts.height} pixels",
            remedy="Copy the original from the camera or the archive again.",
            file=name,
        )
    if facts.width * facts.height > max_pixels:
        raise OversizedPhoto(
            f"the header declares {facts.width} × {facts.height} pixels, "
            f"more than the limit of {max_pixels / 1e6:g} million",
            remedy="Crop the photograph, or raise load.max_pixels in the configuration.",
            file=name,
        )


def _require_colour(facts: Facts, name: str) -> None:
    """Refuse what holds no measurable colour, before decoding it."""
    if facts.frames > 1:
        cause = f"the {facts.format} holds several pictures (animated or many pages)"
        raise UnsupportedPhoto(cause, remedy="Export the one picture to measure.", file=name)
    reasons = {
        "grey": "the picture is grey: redness and tone cannot be measured without colour",
        "palette": "the picture has a palette of at most 256 colours, which are not measurements",
        "cmyk": "the picture is in printing colours (CMYK), not as the camera recorded it",
        "other": "the picture is in a colour space that cannot be measured",
    }
    if facts.kind in reasons:
        raise UnsupportedPhoto(reasons[facts.kind], remedy=CONVERT, file=name)


def _opaque(pixels: Pixels, name: str) -> Pixels:
    """Drop an alpha channel that is opaque everywhere; refuse any other."""
    if pixels.shape[2] == 3:
        return pixels
    if (pixels[..., 3] != np.iinfo(pixels.dtype).max).any():
        raise UnsupportedPhoto(
            "parts of the picture are transparent, so it was edited",
            remedy="Use the original photograph, without cut-outs.",
            file=name,
        )
    opaque: Pixels = pixels[..., :3].copy()
    return opaque
