"""DICOM visible-light photographs: the picture inside, and nothing about the patient.

Only the elements listed in ``_WANTED`` are read at all, so that no name, number or date of birth
can reach a message or a result; those in ``_WITHHELD`` only to be cut out of what the device says
of itself, where some write them. The wrapped JPEG goes to the same decoder as any other.

References
----------
DICOM PS3.3 (A.32.4 VL Photographic, C.7.6.3 image pixel, C.11.15 ICC profile), PS3.5 (annex A,
transfer syntaxes), PS3.6 (dictionary, unique identifiers).
"""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from types import ModuleType
from typing import Any, TypeVar

from dermadelta.domain import Pixels
from dermadelta.errors import PhotoError, UnreadablePhoto, UnsupportedPhoto
from dermadelta.files.dicom_pixels import (
    RLE,
    jpeg2000_facts,
    plain_pixels,
    with_colour_model,
    wrapped_frame,
)
from dermadelta.files.examined import DECLARED_SRGB, UNTAGGED, ColourTags, Examined, adobe_rgb
from dermadelta.files.exif import Exif
from dermadelta.files.formats import CONVERT, DAMAGED, Facts, Kind, jpeg_facts

Result = TypeVar("Result")

_PHOTOGRAPHS = (
    "1.2.840.10008.5.1.4.1.1.77.1.4",  # VL Photographic
    "1.2.840.10008.5.1.4.1.1.77.1.7",  # Dermoscopic Photography
    "1.2.840.10008.5.1.4.1.1.77.1.1",  # VL Endoscopic
    "1.2.840.10008.5.1.4.1.1.77.1.2",  # VL Microscopic
    "1.2.840.10008.5.1.4.1.1.7",  # Secondary Capture
    "1.2.840.10008.5.1.4.1.1.7.4",  # Multi-frame True Colour Secondary Capture
)
"""Classes that hold one colour picture by visible light."""

_PLAIN = ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1")
"""Transfer syntaxes without compression, low byte first."""
_JPEG = ("1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51")
"""JPEG baseline and extended."""
_JPEG2000 = ("1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.91")
"""JPEG 2000 without loss, and with or without."""

_WANTED = [
    "SOPClassUID", "NumberOfFrames", "SamplesPerPixel", "PhotometricInterpretation",
    "PlanarConfiguration", "Rows", "Columns", "BitsAllocated", "BitsStored", "PixelRepresentation",
    "ICCProfile", "ColorSpace", "Manufacturer", "ManufacturerModelName", "SoftwareVersions",
    "AcquisitionDateTime", "AcquisitionDate", "AcquisitionTime", "ContentDate", "ContentTime",
    "PixelData",
]  # fmt: skip

_WITHHELD = ["PatientName", "PatientID"]

_LONG_STRING = 64
"""Most characters of the value of a text element here (PS3.5, table 6.2-1, LO)."""

_KINDS: dict[str, Kind] = {
    "RGB": "rgb",
    "YBR_FULL": "rgb",
    "YBR_FULL_422": "rgb",
    "YBR_RCT": "rgb",
    "YBR_ICT": "rgb",
    "MONOCHROME1": "grey",
    "MONOCHROME2": "grey",
    "PALETTE COLOR": "palette",
}

_BROKEN = (
    ValueError, OSError, EOFError, KeyError, IndexError, TypeError, AttributeError,
    NotImplementedError, OverflowError, RecursionError, struct.error,
)  # fmt: skip
"""What a damaged file makes the parser raise. Its texts quote values, so none is passed on."""


def examine_dicom(data: bytes, file: str) -> Examined:
    """Read everything but the pixels of a DICOM photograph.

    Parameters
    ----------
    data : bytes
        The whole file.
    file : str
        Its name, for messages.

    Returns
    -------
    Examined
        Size, kind, device, time of acquisition and colour; with the JPEG where one is wrapped.

    Raises
    ------
    UnreadablePhoto
        Damaged, truncated or without a picture. Remedy: export it again.
    UnsupportedPhoto
        The extra ``dicom`` is missing, no photograph, or a compression that is not read.
    """
    pydicom = _parser(file)
    return _discreetly(pydicom, lambda: _examined(_read(pydicom, data, file), file), file)


def dicom_pixels(data: bytes, file: str) -> Pixels:
    """Pixels of an uncompressed DICOM photograph.

    Parameters
    ----------
    data : bytes
        A file that ``examine_dicom`` accepted.
    file : str
        Its name, for messages.

    Returns
    -------
    (H, W, 3) uint8 or uint16
        RGB over the full range of the type.

    Raises
    ------
    UnreadablePhoto, UnsupportedPhoto
        As ``examine_dicom``.
    """
    pydicom = _parser(file)
    return _discreetly(pydicom, lambda: plain_pixels(_read(pydicom, data, file), file), file)


def _parser(file: str) -> ModuleType:
    try:
        import pydicom
    except ImportError as fault:
        raise UnsupportedPhoto(
            "DICOM needs the extra “dicom”, which is not installed",
            remedy='Install it with pip install "dermadelta[dicom]", or export a JPEG or TIFF.',
            file=file,
        ) from fault
    return pydicom


def _discreetly(pydicom: ModuleType, work: Callable[[], Result], file: str) -> Result:
    """Turn the parser's faults into ours without a word of theirs, and keep its log empty.

    A damaged length makes any value run on into the patient's name, which a text may then quote.
    """
    own = pydicom.errors
    faults: tuple[type[Exception], ...] = (
        *_BROKEN,
        own.InvalidDicomError,
        own.BytesLengthException,
    )
    try:
        with pydicom.config.disable_value_validation():
            return work()
    except PhotoError:
        raise
    except faults:
        pass
    # Raised outside, so that it does not carry the parser's fault along.
    raise _damaged(file)


def _damaged(file: str) -> UnreadablePhoto:
    cause = "the DICOM file is damaged or truncated"
    return UnreadablePhoto(cause, remedy="Export it from the archive again.", file=file)


def _read(pydicom: ModuleType, data: bytes, file: str) -> Any:
    """The wanted elements; refuses what holds no single photograph that can be decoded."""
    syntax = _transfer_syntax(data)
    if not syntax:
        raise _damaged(file)
    if syntax not in (*_PLAIN, RLE, *_JPEG, *_JPEG2000):
        # Known before parsing, as a deflated file would be inflated without limit.
        raise UnsupportedPhoto(
            f"its compression is not read (transfer syntax {syntax})",
            remedy="Export it uncompressed, as JPEG baseline or JPEG 2000, or as a TIFF.",
            file=file,
        )
    stored = pydicom.dcmread(io.BytesIO(data), specific_tags=_WANTED + _WITHHELD)
    if str(stored.get("SOPClassUID", "")) not in _PHOTOGRAPHS:
        raise UnsupportedPhoto(
            "the DICOM file is no photograph by visible light",
            remedy="Give the photograph itself (class VL Photographic Image).",
            file=file,
        )
    if "PixelData" not in stored or not stored.PixelData:
        raise UnreadablePhoto("the DICOM file holds no picture", remedy=DAMAGED, file=file)
    return stored


def _transfer_syntax(data: bytes) -> str:
    """Unique identifier of how the file is encoded, from its file meta information."""
    at = data.find(b"\x02\x00\x10\x00UI", 132, 4096)
    if at < 0:
        return ""
    (size,) = struct.unpack("<H", data[at + 6 : at + 8])
    text = data[at + 8 : at + 8 + size].rstrip(b"\0 ")
    return text.decode("ascii") if re.fullmatch(rb"[0-9.]{1,64}", text) else ""


def _examined(stored: Any, file: str) -> Examined:
    kind = _KINDS.get(str(stored.get("PhotometricInterpretation", "")), "other")
    width, height = int(stored.Columns), int(stored.Rows)
    frames = int(stored.get("NumberOfFrames") or 1)
    bits = 8 if int(stored.BitsAllocated) <= 8 else 16
    facts, wrapped = Facts("DICOM", width, height, bits, kind, frames), b""
    if frames == 1 and stored.file_meta.TransferSyntaxUID in (*_JPEG, *_JPEG2000):
        wrapped = with_colour_model(wrapped_frame(stored), str(stored.PhotometricInterpretation))
        found = _wrapped_facts(wrapped, file)
        if (found.width, found.height) != (width, height):
            raise ValueError("another size than it says")
        if found.bits != 8:
            cause = f"its JPEG has {found.bits} bits, which are not read"
            raise UnsupportedPhoto(cause, remedy=CONVERT, file=file)
        facts = found
    exif = Exif(
        camera=_device(_said(stored, "Manufacturer"), _said(stored, "ManufacturerModelName")),
        software=_said(stored, "SoftwareVersions"),
        captured_at=_moment(stored),
    )
    return Examined(facts, exif, _colour(stored), wrapped)


def _wrapped_facts(wrapped: bytes, file: str) -> Facts:
    """What the wrapped picture says of itself."""
    if wrapped[:2] == b"\xff\xd8":
        found = jpeg_facts(wrapped, file)
        return replace(found, format="DICOM")
    width, height, components, bits = jpeg2000_facts(wrapped)
    kinds: dict[int, Kind] = {1: "grey", 3: "rgb", 4: "rgba"}
    return Facts("DICOM", width, height, bits, kinds.get(components, "other"))


def _colour(stored: Any) -> ColourTags:
    profile = stored.get("ICCProfile")
    if profile:
        return ColourTags(bytes(profile))
    space = _text(stored, "ColorSpace").upper()
    if space == "ADOBERGB":
        return adobe_rgb("DICOM")
    return DECLARED_SRGB if space == "SRGB" else UNTAGGED


def _text(stored: Any, name: str) -> str:
    value = stored.get(name)
    if value is None or isinstance(value, bytes):
        return ""
    text = " ".join([value] if isinstance(value, str) else map(str, value)).strip()
    # A damaged length makes a value run on into its neighbours, the patient's among them.
    return text if text.isprintable() and len(text) <= _LONG_STRING else ""


def _said(stored: Any, name: str) -> str:
    """What the device says of itself, without any word of the patient's name and number."""
    text = _text(stored, name)
    if "^" in text:  # parts of a person's name (PS3.5, table 6.2-1, PN)
        return ""
    raw = [bytes(stored.get_item(tag).value or b"") for tag in _WITHHELD if tag in stored]
    about = " ".join(value.decode(kind, "replace") for value in raw for kind in ("utf-8", "cp1252"))
    secret = {word for word in _words(about) if len(word) > 2}
    return " ".join(part for part in text.split() if secret.isdisjoint(_words(part)))


def _words(text: str) -> set[str]:
    return set(re.findall(r"[^\W_]+", text.casefold()))


def _device(maker: str, model: str) -> str:
    """Join maker and model; many models already start with their maker."""
    return model if model.casefold().startswith(maker.casefold()) else f"{maker} {model}".strip()


def _moment(stored: Any) -> datetime | None:
    """When it was acquired by the clock of the device, else when its content was made."""
    acquired = [_text(stored, f"Acquisition{part}") for part in ("Date", "Time")]
    content = [_text(stored, f"Content{part}") for part in ("Date", "Time")]
    for text in (_text(stored, "AcquisitionDateTime"), "".join(acquired), "".join(content)):
        digits, _, fraction = text.partition(".")
        try:
            moment = datetime.strptime(digits[:14], "%Y%m%d%H%M%S")
        except ValueError:
            continue
        micro = "".join(c for c in fraction[:6] if c.isdigit()).ljust(6, "0")
        return moment.replace(microsecond=int(micro))
    return None
