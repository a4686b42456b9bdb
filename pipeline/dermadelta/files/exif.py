"""What a photograph's EXIF block says about how it was taken."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import isfinite

from PIL import Image

_MAKE, _MODEL, _ORIENTATION, _SOFTWARE, _DATE = 0x010F, 0x0110, 0x0112, 0x0131, 0x0132
_EXIF_IFD, _INTEROP_IFD = 0x8769, 0xA005
_DATE_ORIGINAL, _SUBSECOND_ORIGINAL = 0x9003, 0x9291
_INTEROP_INDEX, _COLOUR_SPACE = 0x0001, 0xA001
_CUSTOM_RENDERED, _DIGITAL_ZOOM, _FOCAL_35MM, _LENS = 0xA401, 0xA404, 0xA405, 0xA434

_PORTRAIT_RENDERED = (7, 8)
"""Values of the tag for custom rendering that Apple uses for portrait mode, with and without HDR;
beyond the standard, as listed by ExifTool."""

_ADOBE_SPACE = 2
"""Colour space that some cameras write for Adobe RGB beside the 65535 (uncalibrated) of the
standard, as listed by ExifTool; 65535 says Adobe RGB only with the interoperability ``R03``."""

_DAMAGED_EXIF = (ValueError, TypeError, KeyError, IndexError, OSError, SyntaxError, struct.error)
"""What Pillow raises on a damaged block: a fault of the block is none of the photograph."""


@dataclass(frozen=True)
class Exif:
    """The tags that are used; empty text, 1 or None where the file says nothing.

    ``focal_35mm`` is the focal length for the frame of 35 mm film, mm; ``digital_zoom`` the
    magnification by cropping, 1 without; ``portrait_mode``: the background was blurred by
    computing.
    """

    orientation: int = 1
    camera: str = ""
    software: str = ""
    captured_at: datetime | None = None
    adobe_rgb: bool = False
    srgb: bool = False
    lens: str = ""
    focal_35mm: float | None = None
    digital_zoom: float | None = None
    portrait_mode: bool = False


def parse_exif(block: bytes | None) -> Exif:
    r"""Read the tags that are used from a raw EXIF block.

    Parameters
    ----------
    block : bytes or None
        The block, with or without its ``Exif\0\0`` mark.

    Returns
    -------
    Exif
        A damaged block gives what could be read of it. ``captured_at`` is DateTimeOriginal,
        else DateTime, without a time zone: the clock of the camera.

    References
    ----------
    CIPA DC-008 (EXIF 2.32); DCF 2.0 for the mark of Adobe RGB (interoperability ``R03``).
    """
    if not block:
        return Exif()
    tags = Image.Exif()
    try:
        tags.load(block)
        main = {number: tags.get(number) for number in (_MAKE, _MODEL, _SOFTWARE, _DATE)}
        orientation = tags.get(_ORIENTATION)
    except _DAMAGED_EXIF:
        return Exif()
    inner = _ifd(tags, _EXIF_IFD)
    interop_index = _text(_ifd(tags, _INTEROP_IFD).get(_INTEROP_INDEX))
    taken = _moment(inner.get(_DATE_ORIGINAL), inner.get(_SUBSECOND_ORIGINAL))
    return Exif(
        orientation=_turn(orientation),
        camera=_camera(_text(main[_MAKE]), _text(main[_MODEL])),
        software=_text(main[_SOFTWARE]),
        captured_at=taken or _moment(main[_DATE], None),
        adobe_rgb=inner.get(_COLOUR_SPACE) == _ADOBE_SPACE
        or (inner.get(_COLOUR_SPACE) != 1 and interop_index.startswith("R03")),
        srgb=inner.get(_COLOUR_SPACE) == 1,
        lens=_text(inner.get(_LENS)),
        focal_35mm=_positive(inner.get(_FOCAL_35MM)),
        digital_zoom=_digital_zoom(inner.get(_DIGITAL_ZOOM)),
        portrait_mode=inner.get(_CUSTOM_RENDERED) in _PORTRAIT_RENDERED,
    )


def _ifd(tags: Image.Exif, number: int) -> dict[int, object]:
    try:
        return dict(tags.get_ifd(number))
    except _DAMAGED_EXIF:
        return {}


def _turn(value: object) -> int:
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _text(value: object) -> str:
    if isinstance(value, bytes):
        value = value.decode("utf-8", errors="replace")
    if not isinstance(value, str):
        return ""
    return "".join(c for c in value.split("\0")[0] if c.isprintable()).strip()


def _number(value: object) -> float | None:
    """A number of a tag; None for text, nothing, and fractions over zero."""
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    return number if isfinite(number) else None


def _positive(value: object) -> float | None:
    """A number above 0; the standard writes 0 for unknown."""
    number = _number(value)
    return number if number is not None and number > 0.0 else None


def _digital_zoom(value: object) -> float | None:
    """Magnification by cropping; the standard writes 0 for none."""
    number = _number(value)
    if number is None or number < 0.0:
        return None
    return number or 1.0


def _camera(make: str, model: str) -> str:
    """Join make and model; many models already start with their make."""
    if model.casefold().startswith(make.casefold()):
        return model
    return f"{make} {model}".strip()


def _moment(value: object, subsecond: object) -> datetime | None:
    try:
        moment = datetime.strptime(_text(value)[:19], "%Y:%m:%d %H:%M:%S")
    except ValueError:
        return None
    digits = _text(subsecond)
    if digits.isascii() and digits.isdigit():
        moment += timedelta(seconds=float(f"0.{digits}"))
    return moment
