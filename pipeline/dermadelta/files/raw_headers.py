"""Camera RAW files by their first bytes: which they are, whether their end is there, their EXIF.

Most RAW files are TIFF files inside, so only their directories tell them from a picture.

References
----------
TIFF 6.0; Adobe DNG Specification 1.7.1; TIFF/EP (ISO 12234-2) for the photometric interpretation
of a colour filter array; ExifTool's tables for Olympus (ORF), Panasonic (RW2), Fujifilm (RAF),
Canon CR2 and CR3.
"""

from __future__ import annotations

import struct

Directory = dict[int, tuple[int, ...]]
"""Whole numbers of a TIFF directory by tag."""

_FUJIFILM = b"FUJIFILMCCD-RAW"
_ALMOST_TIFF = {b"IIRO": b"II*\0", b"IIRS": b"II*\0", b"MMOR": b"MM\0*", b"IIU\0": b"II*\0"}
"""Olympus and Panasonic: TIFF but for the mark, and the TIFF mark to read them with."""
_TIFF = (b"II*\0", b"MM\0*")

_PHOTOMETRIC, _SUB_DIRECTORIES, _DNG_VERSION = 262, 330, 50706
_SENSOR = (32803, 34892)
"""Photometric interpretations: colour filter array, linear raw."""
_PLACES = ((273, 279), (324, 325))
"""Tags of offsets and byte counts, of strips and of tiles."""

_KINDS = {1: "B", 3: "H", 4: "I", 13: "I"}
"""TIFF types of whole numbers, and how to unpack them."""
_MAX_DIRECTORIES = 64
_MAX_VALUES = 200_000
"""More than any camera writes; what a damaged file claims beyond is not followed."""


def is_raw(data: bytes) -> bool:
    """Whether a file is camera RAW: DNG, CR2, CR3, NEF, ARW, RAF, ORF, RW2 and their like."""
    if data.startswith(_FUJIFILM) or data[:4] in _ALMOST_TIFF:
        return True
    if data[4:12] == b"ftypcrx ":
        return True
    if data[:4] not in _TIFF:
        return False
    return _is_cr2(data) or any(
        _DNG_VERSION in found or found.get(_PHOTOMETRIC, (0,))[0] in _SENSOR
        for found in directories(data)
    )


def _is_cr2(data: bytes) -> bool:
    return data[8:10] == b"CR"


def ends_early(data: bytes) -> bool:
    """Whether a RAW file is shorter than its own header says.

    Olympus and Panasonic write no counts that could be relied on; their decoders notice.
    """
    if data.startswith(_FUJIFILM):
        if len(data) < 108:
            return True
        places = struct.unpack(">6I", data[84:108])
        return any(places[n] + places[n + 1] > len(data) for n in (0, 2, 4))
    if data[4:8] == b"ftyp":
        return _boxes_end(data) > len(data)
    if data[:4] not in _TIFF:
        return False
    for found in directories(data):
        if not _is_cr2(data) and found.get(_PHOTOMETRIC, (0,))[0] not in _SENSOR:
            continue
        for offsets, counts in _PLACES:
            pairs = zip(found.get(offsets, ()), found.get(counts, ()), strict=False)
            if any(start + size > len(data) for start, size in pairs):
                return True
    return False


def _boxes_end(data: bytes) -> int:
    """Where the last box of an ISO base media file ends."""
    at = 0
    while at + 16 <= len(data):
        size, long_size = struct.unpack(">I4xQ", data[at : at + 16])
        size = long_size if size == 1 else size
        if size == 0:  # up to the end, wherever that is
            return len(data)
        if size < 8:
            break
        at += size
    return at


def directories(data: bytes) -> list[Directory]:
    """Directories of a TIFF-like file, the linked and the sub-directories, damaged ones left out.

    Parameters
    ----------
    data : bytes
        The whole file, with any mark behind its byte order.

    Returns
    -------
    list of dict
        Values of the whole-number tags by tag number.
    """
    order = "<" if data[:2] == b"II" else ">"
    waiting = list(struct.unpack(f"{order}I", data[4:8])) if len(data) >= 8 else []
    seen: set[int] = set()
    found = []
    while waiting and len(seen) < _MAX_DIRECTORIES:
        at = waiting.pop(0)
        if at in seen or at < 8 or at + 2 > len(data):
            continue
        seen.add(at)
        directory, following = _directory(data, at, order)
        found.append(directory)
        waiting += [*following, *directory.get(_SUB_DIRECTORIES, ())]
    return found


def _directory(data: bytes, at: int, order: str) -> tuple[Directory, tuple[int, ...]]:
    """One directory and the place of the next."""
    (count,) = struct.unpack_from(f"{order}H", data, at)
    directory: Directory = {}
    for place in range(at + 2, at + 2 + 12 * count, 12):
        if place + 12 > len(data):
            return directory, ()
        tag, kind, n = struct.unpack_from(f"{order}HHI", data, place)
        if kind not in _KINDS or not 0 < n <= _MAX_VALUES:
            continue
        form = f"{order}{n}{_KINDS[kind]}"
        size, start = struct.calcsize(form), place + 8
        if size > 4:
            (start,) = struct.unpack_from(f"{order}I", data, start)
        if start + size <= len(data):
            directory[tag] = struct.unpack_from(form, data, start)
    end = at + 2 + 12 * count
    return directory, struct.unpack_from(f"{order}I", data, end) if end + 4 <= len(data) else ()


def exif_block(data: bytes) -> bytes:
    """The EXIF block of a RAW file as a TIFF; empty where there is none."""
    if data.startswith(_FUJIFILM) and len(data) >= 92:
        start, size = struct.unpack(">II", data[84:92])
        at = data.find(b"Exif\0\0", start, start + min(size, 4096))
        return data[at + 6 : start + size] if at >= 0 else b""
    if data[:4] in _ALMOST_TIFF:
        return _ALMOST_TIFF[data[:4]] + data[4:]
    if data[4:8] == b"ftyp":
        at = data.find(b"CMT1", 0, 65536)
        if at < 4:
            return b""
        (size,) = struct.unpack(">I", data[at - 4 : at])
        return data[at + 4 : at - 4 + size]
    return data
