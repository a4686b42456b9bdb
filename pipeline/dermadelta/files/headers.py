"""What a photograph says about itself: size, kind, EXIF and colour tags, without its pixels.

Pillow's classes are called directly: that needs neither its registry nor its global pixel limit,
which the caller's own limit replaces.
"""

from __future__ import annotations

import io
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pi_heif
import tifffile
from PIL import ImageFile
from PIL.AvifImagePlugin import AvifImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from dermadelta.errors import UnreadablePhoto, UnsupportedPhoto
from dermadelta.files import formats
from dermadelta.files.dicom import examine_dicom
from dermadelta.files.examined import (
    BT2020,
    DECLARED_SRGB,
    DISPLAY_P3,
    SRGB_PRIMARIES,
    UNTAGGED,
    ColourTags,
    Examined,
    tags_of_exif,
)
from dermadelta.files.exif import Exif, parse_exif
from dermadelta.files.formats import DAMAGED, Facts
from dermadelta.files.raw import examine_raw

DAMAGED_FILE = (
    ValueError,
    OSError,
    SyntaxError,
    EOFError,
    KeyError,
    IndexError,
    TypeError,
    RuntimeError,
    struct.error,
    tifffile.TiffFileError,
)
"""What the decoders raise on damaged files, among them Pillow's SyntaxError."""

_CODED_PRIMARIES = {9: (BT2020, "BT.2020 (matrix)"), 12: (DISPLAY_P3, "Display P3 (matrix)")}
"""ITU-T H.273, table 2."""


def examine(data: bytes, file: str) -> Examined:
    """Read everything but the pixels.

    Parameters
    ----------
    data : bytes
        The whole file.
    file : str
        Its name, for messages.

    Returns
    -------
    Examined
        Header facts, EXIF and colour tags.

    Raises
    ------
    UnreadablePhoto
        Empty, damaged or no picture. Remedy: copy the original again.
    UnsupportedPhoto
        A format that is not read, or high-dynamic-range colour. Remedy: export again.
    """
    kind = formats.sniff(data, file)
    try:
        with without_warnings():
            return _EXAMINERS[kind](data, file)
    except DAMAGED_FILE as fault:
        raise unreadable(kind, fault, file) from fault


@contextmanager
def without_warnings() -> Iterator[None]:
    """Silence what decoders say about flaws in tags that nobody here reads."""
    log = tifffile.logger()
    before, log.disabled = log.disabled, True
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.disabled = before


def unreadable(kind: str, fault: BaseException, file: str) -> UnreadablePhoto:
    """Make the error of a file that its decoder could not read."""
    detail = str(fault).splitlines()[0].strip().rstrip(".") if str(fault) else "no detail"
    cause = f"the {kind} is damaged or truncated ({detail})"
    return UnreadablePhoto(cause, remedy=DAMAGED, file=file)


def _from_pillow(picture: ImageFile.ImageFile) -> tuple[Exif, ColourTags]:
    exif = parse_exif(picture.info.get("exif"))
    icc = picture.info.get("icc_profile")
    colour = ColourTags(icc) if icc else tags_of_exif(exif)
    return exif, DECLARED_SRGB if colour.silent and "srgb" in picture.info else colour


def _examine_jpeg(data: bytes, file: str) -> Examined:
    facts = formats.jpeg_facts(data, file)
    return Examined(facts, *_from_pillow(JpegImageFile(io.BytesIO(data))))


def _examine_png(data: bytes, file: str) -> Examined:
    facts = formats.png_facts(data, file)
    picture = PngImageFile(io.BytesIO(data))
    exif, colour = _from_pillow(picture)
    for name, content in formats.png_chunks(data):
        if name == b"tRNS" and facts.kind == "rgb":
            facts = replace(facts, kind="rgba")
        if name == b"cICP" and len(content) == 4:
            colour = _coding_points(content[0], content[1], file)
        if name == b"IDAT":
            break
    gamma = picture.info.get("gamma")
    if colour.silent and gamma and abs(gamma - 1 / 2.2) > 0.01:
        primaries = tuple(picture.info.get("chromaticity", ()))[2:] or SRGB_PRIMARIES
        colour = ColourTags(None, 1.0 / gamma, primaries, f"gamma {1.0 / gamma:.3g} (PNG)")
    return Examined(facts, exif, colour)


def _examine_gif(data: bytes, file: str) -> Examined:
    return Examined(formats.gif_facts(data, file))


def _examine_webp(data: bytes, file: str) -> Examined:
    facts = formats.webp_facts(data, file)
    if facts.width * facts.height > WEBP_LIMIT:
        return Examined(facts)
    return Examined(facts, *_from_pillow(WebPImageFile(io.BytesIO(data))))


WEBP_LIMIT = 178_000_000
"""Opening a WebP reserves its canvas, and Pillow refuses beyond this many pixels."""


def _examine_avif(data: bytes, file: str) -> Examined:
    width, height = formats.box_size(data)
    facts = Facts("AVIF", width, height, 8, "rgb")
    if width * height > HEIF_LIMIT:
        return Examined(facts)
    picture = AvifImageFile(io.BytesIO(data))
    kind: formats.Kind = "rgba" if picture.mode == "RGBA" else "rgb"
    facts = replace(facts, width=picture.width, height=picture.height, kind=kind)
    return Examined(replace(facts, frames=picture.n_frames), *_from_pillow(picture))


HEIF_LIMIT = 32768 * 8192
"""Beyond this the decoders' own limits raise an error that hides the reason."""


def _examine_heic(data: bytes, file: str) -> Examined:
    width, height = formats.box_size(data)
    if width * height > HEIF_LIMIT:
        return Examined(Facts("HEIC", width, height, 8, "rgb"))
    picture = open_heic(data)
    info = picture.info
    bits = 8 if info.get("bit_depth", 8) == 8 else 16
    kind: formats.Kind = "rgba" if picture.has_alpha else "rgb"
    if info.get("bit_depth") is not None and picture.mode.startswith(("L", "I")):
        kind = "grey"
    # The container's own turn has been applied; its EXIF value only repeats it.
    exif = replace(parse_exif(info.get("exif")), orientation=1)
    icc, nclx = info.get("icc_profile") or None, info.get("nclx_profile")
    colour = ColourTags(icc) if icc else UNTAGGED
    if nclx and not icc:
        colour = _coding_points(nclx["color_primaries"], nclx["transfer_characteristics"], file)
    colour = tags_of_exif(exif) if colour.silent else colour
    return Examined(Facts("HEIC", picture.size[0], picture.size[1], bits, kind), exif, colour)


def open_heic(data: bytes) -> Any:
    """The primary picture of a HEIC, not decoded yet; its container's turn is applied."""
    container = pi_heif.open_heif(io.BytesIO(data), convert_hdr_to_8bit=False)
    return container[container.primary_index]


def _coding_points(primaries: int, transfer: int, file: str) -> ColourTags:
    """Colour of a coding-independent code point (ITU-T H.273, tables 2 and 3)."""
    if transfer in (16, 18):
        raise UnsupportedPhoto(
            "the picture is in high-dynamic-range colour (HDR video)",
            remedy="Export it in standard colour: sRGB or Display P3.",
            file=file,
        )
    if primaries in _CODED_PRIMARIES:
        chromaticities, name = _CODED_PRIMARIES[primaries]
        return ColourTags(None, None, chromaticities, name)
    return UNTAGGED


def _examine_tiff(data: bytes, file: str) -> Examined:
    with tifffile.TiffFile(io.BytesIO(data)) as tiff:
        page = tiff.pages.first
        if not isinstance(page, tifffile.TiffPage):
            raise ValueError("no page")
        frames = sum(not _is_reduced(tiff.pages[n]) for n in range(min(len(tiff.pages), 8)))
        facts = _tiff_facts(page, max(1, frames))
        icc = page.tags.valueof(34675)
    exif = parse_exif(b"Exif\0\0" + data)
    return Examined(facts, exif, ColourTags(bytes(icc)) if icc else tags_of_exif(exif))


def _is_reduced(page: tifffile.TiffPage | tifffile.TiffFrame) -> bool:
    return isinstance(page, tifffile.TiffPage) and page.is_reduced


def _tiff_facts(page: tifffile.TiffPage, frames: int) -> Facts:
    kinds: dict[int, formats.Kind] = {
        0: "grey",
        1: "grey",
        2: "rgb",
        3: "palette",
        5: "cmyk",
        6: "rgb",
    }
    kind = kinds.get(int(page.photometric), "other")
    if kind == "rgb" and page.samplesperpixel == 4:
        kind = "rgba"
    if page.sampleformat != 1 or page.bitspersample not in (1, 8, 16):
        kind = "other"
    return Facts("TIFF", page.imagewidth, page.imagelength, int(page.bitspersample), kind, frames)


_EXAMINERS = {
    "JPEG": _examine_jpeg,
    "PNG": _examine_png,
    "GIF": _examine_gif,
    "WebP": _examine_webp,
    "AVIF": _examine_avif,
    "HEIC": _examine_heic,
    "TIFF": _examine_tiff,
    "RAW": examine_raw,
    "DICOM": examine_dicom,
}
