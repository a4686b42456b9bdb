"""ICC profiles: three curves and a matrix, or a look-up table, evaluated in floating point.

Kept libraries transform 8 bits only. Profiles of sRGB, Display P3, Adobe RGB and nearly every
camera are curves and a matrix; scanners and some cameras bring a table.

References
----------
ICC.1:2022, sections 7.2 (header), 7.3 (tag table), 10.31 (XYZType), 10.15
(multiLocalizedUnicodeType), 9.2 (A2B tags), F.3 (matrix model).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np

from dermadelta.domain import Matrix
from dermadelta.files.icc_curves import D50_WHITE, BrokenProfileError, Floats, curve
from dermadelta.files.icc_tables import ROMM_TO_XYZ, Table, parse_table, romm_curve

_WHITE_TOLERANCE = 0.05
"""Colorants that do not add up to D50 within this describe no display; a healthy profile stays
below 0.001, unadapted old ones miss by more."""


@dataclass(frozen=True, eq=False)
class Profile:
    """An RGB profile.

    ``curves`` is (3, levels) float64, linear light per stored code; ``to_xyz_d50`` is (3, 3).
    Where there is a ``table``, pixels first go through it, and both lead on from ROMM RGB.
    """

    name: str
    curves: Floats
    to_xyz_d50: Matrix
    table: Table | None = None


def parse_profile(data: bytes, levels: int) -> Profile:
    """Read an RGB profile.

    Parameters
    ----------
    data : bytes
        The embedded profile.
    levels : int
        Number of stored codes, 256 or 65536.

    Returns
    -------
    Profile
        A look-up table counts before curves and matrix.

    Raises
    ------
    BrokenProfileError
        Damaged, of another colour space than RGB, or with impossible colorants.
    """
    try:
        return _parse(data, levels)
    except BrokenProfileError:
        raise
    except (struct.error, KeyError, IndexError, ValueError) as fault:
        raise BrokenProfileError(f"damaged ({fault})") from fault


def _parse(data: bytes, levels: int) -> Profile:
    if len(data) < 132 or data[36:40] != b"acsp":
        raise BrokenProfileError("no ICC header")
    if data[16:20] != b"RGB ":
        raise BrokenProfileError("not for RGB")
    tags = _tags(data)
    name = _description(tags.get(b"desc", b"")) or "unnamed profile"
    # The colorimetric table where there is one: the perceptual one may bend colours to please.
    table = tags.get(b"A2B1", tags.get(b"A2B0"))
    if table is not None:
        after = np.tile(romm_curve(65536), (3, 1))
        return Profile(name, after, ROMM_TO_XYZ, parse_table(table, data[20:24]))
    columns = [_xyz(tags[key]) for key in (b"rXYZ", b"gXYZ", b"bXYZ")]
    matrix = np.array(columns).T
    if data[20:24] != b"XYZ " or np.abs(matrix.sum(axis=1) - D50_WHITE).max() > _WHITE_TOLERANCE:
        raise BrokenProfileError("its primaries do not add up to white")
    codes = np.linspace(0.0, 1.0, levels)
    curves = [curve(tags[key], codes) for key in (b"rTRC", b"gTRC", b"bTRC")]
    return Profile(name, np.array(curves), matrix)


def _tags(data: bytes) -> dict[bytes, bytes]:
    (count,) = struct.unpack(">I", data[128:132])
    tags = {}
    for n in range(min(count, 200)):
        key, start, size = struct.unpack(">4sII", data[132 + 12 * n : 144 + 12 * n])
        if start + size > len(data):
            raise BrokenProfileError("truncated")
        tags[key] = data[start : start + size]
    return tags


def _xyz(tag: bytes) -> Floats:
    return np.array(struct.unpack(">3i", tag[8:20])) / 65536.0


def _description(tag: bytes) -> str:
    """Readable name, from a version 2 (ASCII) or version 4 (UTF-16) description."""
    if tag[:4] == b"desc":
        (size,) = struct.unpack(">I", tag[8:12])
        text = tag[12 : 12 + size].split(b"\0")[0].decode("ascii", errors="replace")
    elif tag[:4] == b"mluc":
        size, start = struct.unpack(">II", tag[20:28])
        text = tag[start : start + size].decode("utf-16-be", errors="replace")
    else:
        text = ""
    return "".join(c for c in text if c.isprintable()).strip()
