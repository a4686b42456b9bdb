"""Files of phantom photographs: JPEG bytes with EXIF and colour profile, PNG masks."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dermadelta.kernels.colour import SRGB_TO_XYZ, srgb_decode, srgb_encode
from dermadelta.phantom.camera import Camera, Image8
from dermadelta.phantom.icc import P3_TO_XYZ, display_p3_profile
from dermadelta.phantom.plan import ShotPlan

SYNTHETIC = "synthetic skin, no person"
EDITED = "edited photograph"
"""What EXIF says a picture shows."""

_AVIF_SUBSAMPLING = {0: "4:4:4", 1: "4:2:2", 2: "4:2:0"}

_TURNS = {1: 0, 3: 2, 6: 1, 8: 3}
"""Quarter turns, counter-clockwise, from the upright picture to the one stored under a tag."""


@dataclass(frozen=True)
class Files:
    """How photographs are encoded: ``format`` jpeg or avif, ``display_p3`` with that profile."""

    format: Literal["jpeg", "avif"] = "jpeg"
    display_p3: bool = False


def photo_bytes(
    rgb: Image8, plan: ShotPlan, files: Files, *, description: str = SYNTHETIC
) -> bytes:
    """An upright sRGB photo (h, w, 3) uint8 as the file of a shot; EXIF says what it shows."""
    return jpeg_bytes(
        rgb,
        plan.camera,
        taken_at=plan.taken_at,
        software=plan.software,
        display_p3=files.display_p3,
        avif=files.format == "avif",
        description=description,
    )


def jpeg_bytes(
    rgb: Image8,
    camera: Camera,
    *,
    taken_at: datetime | None = None,
    orientation: int = 1,
    software: str = "",
    display_p3: bool = False,
    avif: bool = False,
    description: str = SYNTHETIC,
) -> bytes:
    """Encode an upright sRGB photo (h, w, 3) uint8 as a camera would write it.

    Parameters
    ----------
    rgb : (h, w, 3) uint8
        Upright picture, sRGB encoded.
    camera : Camera
        Gives quality and chroma subsampling.
    taken_at : datetime, optional
        EXIF DateTimeOriginal, with a camera model; without it there is no EXIF date.
    orientation : {1, 3, 6, 8}
        EXIF orientation; the pixels are stored turned so that a reader turns them back.
    software : str
        EXIF Software, as an editor leaves it; empty for none.
    display_p3 : bool
        Convert to Display P3 and attach its profile.
    avif : bool
        An AVIF instead, of the same quality number and chroma subsampling.
    description : str
        EXIF ImageDescription: what the picture shows.
    """
    pixels = _to_display_p3(rgb) if display_p3 else rgb
    stored = np.ascontiguousarray(np.rot90(pixels, _TURNS[orientation]))
    exif = Image.Exif()
    exif[0x010F] = "dermadelta"
    exif[0x0110] = "phantom camera"
    exif[0x010E] = description
    exif[0x0112] = orientation
    if software:
        exif[0x0131] = software
    if taken_at is not None:
        stamp = taken_at.strftime("%Y:%m:%d %H:%M:%S")
        exif[0x0132] = stamp
        exif.get_ifd(0x8769)[0x9003] = stamp
    buffer = io.BytesIO()
    subsampling = camera.chroma_subsampling
    Image.fromarray(stored).save(
        buffer,
        "AVIF" if avif else "JPEG",
        quality=camera.jpeg_quality,
        subsampling=_AVIF_SUBSAMPLING[subsampling] if avif else subsampling,
        exif=exif,
        icc_profile=display_p3_profile() if display_p3 else None,
    )
    return buffer.getvalue()


def through_jpeg(rgb: Image8, camera: Camera) -> Image8:
    """The picture (h, w, 3) uint8 after JPEG compression by ``camera``."""
    with Image.open(io.BytesIO(jpeg_bytes(rgb, camera))) as image:
        return np.asarray(image.convert("RGB"), dtype=np.uint8)


def mask_bytes(mask: NDArray[np.bool_]) -> bytes:
    """A mask (h, w) bool as an 8-bit PNG, 255 where True."""
    buffer = io.BytesIO()
    Image.fromarray(mask.astype(np.uint8) * np.uint8(255)).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _to_display_p3(rgb: Image8) -> Image8:
    """SRGB uint8 to Display P3 uint8 (same transfer curve, wider primaries)."""
    linear = srgb_decode(rgb / 255.0)
    matrix = np.linalg.inv(P3_TO_XYZ) @ SRGB_TO_XYZ
    return np.asarray(np.round(srgb_encode(linear @ matrix.T) * 255.0), dtype=np.uint8)
