"""What a file is and how large a picture it declares, read from its first bytes only.

Nothing is decoded here, so a tiny file that declares a huge picture costs nothing.

References
----------
JPEG: ITU-T T.81, annex B. PNG: W3C Portable Network Graphics, third edition. WebP: RFC 9649.
HEIF and AVIF: ISO/IEC 23008-12 and 14496-12 (boxes).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from dermadelta.errors import UnreadablePhoto, UnsupportedPhoto
from dermadelta.files.raw_headers import is_raw

Kind = Literal["rgb", "rgba", "grey", "palette", "cmyk", "other"]


@dataclass(frozen=True)
class Facts:
    """What the header of a picture declares: size in stored pixels, bits, and its kind."""

    format: str
    width: int
    height: int
    bits: int
    kind: Kind
    frames: int = 1


DAMAGED = "Copy the original from the camera or the archive again."
CONVERT = "Export it as an 8-bit JPEG or a 16-bit TIFF in colour."

_OTHER_FORMATS: tuple[tuple[bytes, str], ...] = (
    (b"BM", "BMP"),
    (b"8BPS", "Photoshop"),
    (b"\xff\x0a", "JPEG XL"),
    (b"\x00\x00\x00\x0cJXL ", "JPEG XL"),
    (b"\x00\x00\x00\x0cjP  ", "JPEG 2000"),
    (b"%PDF", "PDF"),
)


def sniff(data: bytes, file: str) -> str:
    """Name the format of a file by its content; its extension does not count.

    Parameters
    ----------
    data : bytes
        The whole file.
    file : str
        Its name, for messages.

    Returns
    -------
    str
        ``JPEG``, ``PNG``, ``GIF``, ``WebP``, ``TIFF``, ``HEIC``, ``AVIF``, ``RAW`` or ``DICOM``.

    Raises
    ------
    UnreadablePhoto
        The file is empty or no picture. Remedy: copy the original again.
    UnsupportedPhoto
        A known format that is not read. Remedy: export as JPEG or TIFF.
    """
    if not data:
        raise UnreadablePhoto("the file is empty (0 bytes)", remedy=DAMAGED, file=file)
    if data[:3] == b"\xff\xd8\xff":
        return "JPEG"
    if data[:8] == b"\x89PNG\r\n\x1a\n":
        return "PNG"
    if data[:4] == b"GIF8":
        return "GIF"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WebP"
    if is_raw(data):
        return "RAW"
    if data[128:132] == b"DICM":
        return "DICOM"
    if data[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return "TIFF"
    if data[4:8] == b"ftyp":
        return _brand(data, file)
    for signature, name in _OTHER_FORMATS:
        if data.startswith(signature):
            raise UnsupportedPhoto(f"{name} files are not read", remedy=CONVERT, file=file)
    what = "text" if _is_text(data[:512]) else "no picture in a format that is known"
    raise UnreadablePhoto(f"the file holds {what}", remedy=DAMAGED, file=file)


def _is_text(head: bytes) -> bool:
    """Whether bytes look like text: printable, apart from line ends and tabs."""
    return all(byte >= 32 or byte in b"\t\r\n\f" for byte in head)


def _brand(data: bytes, file: str) -> str:
    size = min(struct.unpack(">I", data[:4])[0], 256)
    brands = {data[8:12], *(data[at : at + 4] for at in range(16, size, 4))}
    if brands & {b"avif", b"avis"}:
        return "AVIF"
    if brands & {b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"}:
        return "HEIC"
    raise UnsupportedPhoto("the file is a video", remedy="Export a single frame.", file=file)


# ---------------------------------------------------------------------------------- JPEG


def jpeg_facts(data: bytes, file: str) -> Facts:
    """Read size and components from the frame header of a JPEG.

    Parameters
    ----------
    data : bytes
        The whole file.
    file : str
        Its name, for messages.

    Raises
    ------
    UnreadablePhoto
        No frame header in the file. Remedy: copy the original again.
    """
    at = 2
    while at + 4 <= len(data):
        if data[at] != 0xFF:
            at += 1
            continue
        marker = data[at + 1]
        if marker in (0x00, 0x01, 0xFF) or 0xD0 <= marker <= 0xD8:
            at += 1 if marker == 0xFF else 2
            continue
        if marker in (0xD9, 0xDA):
            break
        (length,) = struct.unpack(">H", data[at + 2 : at + 4])
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC) and at + 10 <= len(data):
            bits, height, width, n = struct.unpack(">BHHB", data[at + 4 : at + 10])
            kinds: dict[int, Kind] = {1: "grey", 3: "rgb", 4: "cmyk"}
            return Facts("JPEG", width, height, bits, kinds.get(n, "other"))
        at += 2 + length
    raise UnreadablePhoto("the JPEG has no picture in it (truncated)", remedy=DAMAGED, file=file)


def jpeg_step(data: bytes) -> float:
    """Quantisation step of the coarse half of a JPEG's luminance, in its code values.

    Parameters
    ----------
    data : bytes
        The whole file.

    Returns
    -------
    float
        Mean of the first 15 steps after that of the mean level, in zigzag order, of the first
        table in the file (about 1 at quality 97, 4 at 90, 16 at 50); 0 where there is none.

    References
    ----------
    ITU-T T.81, B.2.4.1.
    """
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF and data[at + 1] not in (0xD9, 0xDA):
        if data[at + 1] == 0xFF:  # a marker may be led by any number of fill bytes
            at += 1
            continue
        (length,) = struct.unpack(">H", data[at + 2 : at + 4])
        if data[at + 1] == 0xDB and at + 69 <= len(data):
            wide = data[at + 4] >> 4
            steps = struct.unpack_from(">64H" if wide else "64B", data.ljust(at + 133), at + 5)
            return float(sum(steps[1:16]) / 15.0)
        at += 2 + length
    return 0.0


# ----------------------------------------------------------------------------------- PNG


def png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield (name, content) of every complete chunk of a PNG, in order."""
    at = 8
    while at + 8 <= len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        end = at + 12 + length
        if end > len(data):
            return
        yield data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        at = end


def png_facts(data: bytes, file: str) -> Facts:
    """Read size, bits and kind of a PNG from its header; count an animation's frames.

    Parameters
    ----------
    data : bytes
        The whole file.
    file : str
        Its name, for messages.

    Raises
    ------
    UnreadablePhoto
        The header is missing. Remedy: copy the original again.
    """
    if len(data) < 33 or data[12:16] != b"IHDR":
        raise UnreadablePhoto("the PNG has no header (truncated)", remedy=DAMAGED, file=file)
    width, height, bits, colour = struct.unpack(">IIBB", data[16:26])
    kinds: dict[int, Kind] = {0: "grey", 2: "rgb", 3: "palette", 4: "grey", 6: "rgba"}
    frames = 1
    for name, content in png_chunks(data):
        if name == b"acTL" and len(content) >= 4:
            frames = max(1, int(struct.unpack(">I", content[:4])[0]))
        if name == b"IDAT":
            break
    return Facts("PNG", width, height, bits, kinds.get(colour, "other"), frames)


def png_is_complete(data: bytes) -> bool:
    """Whether a PNG has its end mark, which a truncated one lacks."""
    return any(name == b"IEND" for name, _ in png_chunks(data))


# ------------------------------------------------------------------------------ the others


def gif_facts(data: bytes, file: str) -> Facts:
    """Read the size of a GIF; it is refused for its palette whatever it holds."""
    if len(data) < 10:
        raise UnreadablePhoto("the GIF has no header (truncated)", remedy=DAMAGED, file=file)
    width, height = struct.unpack("<HH", data[6:10])
    return Facts("GIF", width, height, 8, "palette")


def webp_facts(data: bytes, file: str) -> Facts:
    """Read size, alpha and animation of a WebP from its first chunk.

    Parameters
    ----------
    data : bytes
        The whole file.
    file : str
        Its name, for messages.

    Raises
    ------
    UnreadablePhoto
        The header is missing. Remedy: copy the original again.
    """
    if len(data) < 30:
        raise UnreadablePhoto("the WebP has no header (truncated)", remedy=DAMAGED, file=file)
    first = data[12:16]
    if first == b"VP8X":
        width = int.from_bytes(data[24:27], "little") + 1
        height = int.from_bytes(data[27:30], "little") + 1
        flags = data[20]
        kind: Kind = "rgba" if flags & 0x10 else "rgb"
        return Facts("WebP", width, height, 8, kind, 2 if flags & 0x02 else 1)
    if first == b"VP8L":
        packed = int.from_bytes(data[21:25], "little")
        width, height = (packed & 0x3FFF) + 1, (packed >> 14 & 0x3FFF) + 1
        return Facts("WebP", width, height, 8, "rgba" if packed >> 28 & 1 else "rgb")
    width, height = struct.unpack("<HH", data[26:30])
    return Facts("WebP", width & 0x3FFF, height & 0x3FFF, 8, "rgb")


def box_size(data: bytes) -> tuple[int, int]:
    """Largest (width, height) that the boxes of a HEIC or AVIF declare; (0, 0) if none."""
    at, best = 0, (0, 0)
    while at + 8 <= len(data):
        (size,) = struct.unpack(">I", data[at : at + 4])
        if data[at + 4 : at + 8] == b"meta":
            meta = data[at : at + size] if size else data[at:]
            found = meta.find(b"ispe")
            while found >= 0 and found + 16 <= len(meta):
                width, height = struct.unpack(">II", meta[found + 8 : found + 16])
                best = max(best, (width, height), key=lambda wh: wh[0] * wh[1])
                found = meta.find(b"ispe", found + 4)
            return best
        if size < 8:
            return best
        at += size
    return best
