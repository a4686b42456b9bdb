"""A minimal ICC profile for Display P3, as phones attach it: three columns and a curve."""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray

from dermadelta.files.icc_curves import D50_WHITE
from dermadelta.kernels.adaptation import adaptation

P3_TO_XYZ: NDArray[np.float64] = np.array(
    [
        [0.4865709486482162, 0.2656676931690931, 0.1982172852343625],
        [0.2289745640697488, 0.6917385218365064, 0.0792869140937450],
        [0.0000000000000000, 0.0451133818589026, 1.0439443689009760],
    ]
)
"""Linear Display P3 to XYZ (D65), from the primaries of SMPTE EG 432-1 and D65 white."""


def display_p3_profile() -> bytes:
    """Bytes of a version 4 matrix/TRC display profile for Display P3."""
    to_d50 = adaptation(P3_TO_XYZ.sum(axis=1), D50_WHITE)
    columns = to_d50 @ P3_TO_XYZ
    curve = struct.pack(">4sIHH", b"para", 0, 3, 0) + b"".join(
        _s15_fixed16(v) for v in (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
    )
    tags = {
        b"desc": _text("Display P3"),
        b"cprt": _text("No copyright, use freely"),
        b"wtpt": _xyz(D50_WHITE),
        b"chad": struct.pack(">4sI", b"sf32", 0) + b"".join(map(_s15_fixed16, to_d50.ravel())),
        b"rXYZ": _xyz(columns[:, 0]),
        b"gXYZ": _xyz(columns[:, 1]),
        b"bXYZ": _xyz(columns[:, 2]),
        b"rTRC": curve,
        b"gTRC": curve,
        b"bTRC": curve,
    }
    return _assemble(tags)


def _assemble(tags: dict[bytes, bytes]) -> bytes:
    """Header, tag table and tag data, each on a multiple of four bytes."""
    offset = 128 + 4 + 12 * len(tags)
    table, data = struct.pack(">I", len(tags)), b""
    for name, body in tags.items():
        table += struct.pack(">4sII", name, offset + len(data), len(body))
        data += body + b"\0" * (-len(body) % 4)
    size = offset + len(data)
    header = struct.pack(
        ">I4sI4s4s4s6H4s4sIIIQI", size, b"\0\0\0\0", 0x04000000, b"mntr", b"RGB ", b"XYZ ",
        2026, 1, 1, 0, 0, 0, b"acsp", b"\0\0\0\0", 0, 0, 0, 0, 0,
    )  # fmt: skip
    header += b"".join(_s15_fixed16(v) for v in D50_WHITE)
    return header + b"\0" * (128 - len(header)) + table + data


def _s15_fixed16(value: float) -> bytes:
    return struct.pack(">i", round(float(value) * 65536))


def _xyz(values: NDArray[np.float64]) -> bytes:
    return struct.pack(">4sI", b"XYZ ", 0) + b"".join(_s15_fixed16(v) for v in values)


def _text(text: str) -> bytes:
    encoded = text.encode("utf-16-be")
    return struct.pack(">4sIII2s2sII", b"mluc", 0, 1, 12, b"en", b"US", len(encoded), 28) + encoded
