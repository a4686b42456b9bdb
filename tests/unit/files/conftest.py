"""Small pictures made on the fly: four colours, no photograph of anyone."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def quarters():
    """(48, 64, 3) uint8 with a different colour in every quarter."""
    pixels = np.zeros((48, 64, 3), np.uint8)
    pixels[:24, :32], pixels[:24, 32:] = (200, 40, 40), (40, 180, 40)
    pixels[24:, :32], pixels[24:, 32:] = (40, 40, 200), (180, 180, 40)
    return pixels


@pytest.fixture
def save(tmp_path: Path, quarters) -> Callable[..., str]:
    """Save pixels (the quarters by default) under a name and return the path."""

    def _save(name: str, pixels=None, mode: str | None = None, **options) -> str:
        picture = Image.fromarray(quarters if pixels is None else pixels)
        if mode:
            picture = picture.convert(mode)
        picture.save(tmp_path / name, **options)
        return str(tmp_path / name)

    return _save


@pytest.fixture
def encoded(quarters) -> Callable[..., bytes]:
    """The quarters as bytes of a format."""

    def _encoded(kind: str, **options) -> bytes:
        stream = io.BytesIO()
        Image.fromarray(quarters).save(stream, kind, **options)
        return stream.getvalue()

    return _encoded


def png_chunk(name: bytes, content: bytes) -> bytes:
    check = struct.pack(">I", zlib.crc32(name + content))
    return struct.pack(">I", len(content)) + name + content + check


@pytest.fixture
def huge_headers() -> dict[str, bytes]:
    """Tiny files whose headers declare 30,000 × 30,000 pixels."""
    side = 30_000
    png = b"\x89PNG\r\n\x1a\n" + png_chunk(
        b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    )
    png += png_chunk(b"IDAT", zlib.compress(b"\0" * 100)) + png_chunk(b"IEND", b"")
    frame = struct.pack(">BHHB", 8, side, side, 3) + bytes([1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1])
    jpeg = b"\xff\xd8\xff\xc0" + struct.pack(">H", len(frame) + 2) + frame + b"\xff\xd9"
    tags = [
        (256, 4, side), (257, 4, side), (258, 3, 8), (259, 3, 1), (262, 3, 2),
        (273, 4, 8), (277, 3, 3), (278, 4, side), (279, 4, 100),
    ]  # fmt: skip
    entries = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags)
    tiff = b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + struct.pack("<I", 0)
    webp = b"VP8X" + struct.pack("<I", 10) + bytes(4) + 2 * (16_382).to_bytes(3, "little")
    webp = b"RIFF" + struct.pack("<I", len(webp) + 4) + b"WEBP" + webp
    size = struct.pack(">I4sIII", 20, b"ispe", 0, side, side)
    meta = struct.pack(">I4sI", 12 + len(size), b"meta", 0) + size
    heic = struct.pack(">I4s4sI", 16, b"ftyp", b"heic", 0) + meta
    avif = struct.pack(">I4s4sI", 16, b"ftyp", b"avif", 0) + meta
    return {"png": png, "jpg": jpeg, "tif": tiff, "webp": webp, "heic": heic, "avif": avif}
