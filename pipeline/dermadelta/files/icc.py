"""ICC profiles: matrix profiles as exact curves and a matrix, look-up-table ones by Pillow.

Pillow's transform works on 8 bits only, so profiles made of three curves and a matrix (sRGB,
Display P3, Adobe RGB and nearly every camera) are evaluated here in floating point.

References
----------
ICC.1:2022, sections 7.2 (header), 7.3 (tag table), 10.6 (curveType), 10.18
(parametricCurveType), 10.31 (XYZType), 10.15 (multiLocalizedUnicodeType), F.3 (matrix model).
"""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from dermadelta.domain import Matrix, Pixels

D50_WHITE = np.array([0.9642, 1.0, 0.8249])
"""Profile connection space illuminant, ICC.1:2022 section 7.2.16."""

_WHITE_TOLERANCE = 0.05
"""Colorants that do not add up to D50 within this describe no display; a healthy profile stays
below 0.001, unadapted old ones miss by more."""

Floats = NDArray[np.float64]


class BrokenProfileError(ValueError):
    """A profile that cannot be evaluated; the caller treats the picture as untagged."""


@dataclass(frozen=True, eq=False)
class Profile:
    """An RGB profile.

    ``curves`` is (3, levels) float64, linear light per stored code; ``to_xyz_d50`` is (3, 3).
    Both are None for a look-up-table profile.
    """

    name: str
    curves: Floats | None
    to_xyz_d50: Matrix | None


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
        With curves and matrix where the profile has no look-up table, which goes first.

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
    if b"A2B0" in tags:
        return Profile(name, None, None)
    columns = [_xyz(tags[key]) for key in (b"rXYZ", b"gXYZ", b"bXYZ")]
    matrix = np.array(columns).T
    if data[20:24] != b"XYZ " or np.abs(matrix.sum(axis=1) - D50_WHITE).max() > _WHITE_TOLERANCE:
        raise BrokenProfileError("its primaries do not add up to white")
    codes = np.linspace(0.0, 1.0, levels)
    curves = [_curve(tags[key], codes) for key in (b"rTRC", b"gTRC", b"bTRC")]
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


def _curve(tag: bytes, x: Floats) -> Floats:
    """Evaluate a tone curve at x in 0..1; the result is clipped to 0..1."""
    if tag[:4] == b"para":
        return np.clip(_parametric(tag, x), 0.0, 1.0)
    if tag[:4] != b"curv":
        raise BrokenProfileError("unknown kind of tone curve")
    (count,) = struct.unpack(">I", tag[8:12])
    if count == 0:
        return x
    table = np.frombuffer(tag[12 : 12 + 2 * count], ">u2").astype(np.float64)
    if table.size != count:
        raise BrokenProfileError("truncated tone curve")
    if count == 1:
        return np.asarray(x ** (table[0] / 256.0))
    return np.interp(x, np.linspace(0.0, 1.0, count), table / 65535.0)


def _parametric(tag: bytes, x: Floats) -> Floats:
    """Parametric curve types 0 to 4 of ICC.1:2022, table 68, as one formula.

    y = (a·x + b)^g + e for x ≥ d, else c·x + f.
    """
    (kind,) = struct.unpack(">H", tag[8:10])
    numbers = {0: 1, 1: 3, 2: 4, 3: 5, 4: 7}
    if kind not in numbers:
        raise BrokenProfileError("unknown parametric curve")
    n = numbers[kind]
    p = [value / 65536.0 for value in struct.unpack(f">{n}i", tag[12 : 12 + 4 * n])]
    g, a, b, c, d, e, f = (p[0], 1.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    if kind in (1, 2):
        a, b = p[1], p[2]
        if a == 0:
            raise BrokenProfileError("impossible parametric curve")
        e = f = p[3] if kind == 2 else 0.0
        d = -b / a
    elif kind >= 3:
        a, b, c, d = p[1:5]
        e, f = (p[5], p[6]) if kind == 4 else (0.0, 0.0)
    upper = np.maximum(a * x + b, 0.0) ** g + e
    return np.where(x >= d, upper, c * x + f)


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


def table_to_srgb(pixels: Pixels, data: bytes) -> NDArray[np.uint8]:
    """Convert pixels of a look-up-table profile to sRGB, in 8 bits.

    Parameters
    ----------
    pixels : (H, W, 3) uint8 or uint16
        Stored values.
    data : bytes
        The profile.

    Returns
    -------
    (H, W, 3) uint8
        sRGB, relative colorimetric.

    Raises
    ------
    BrokenProfileError
        The profile cannot be applied.
    """
    eight = pixels if pixels.dtype == np.uint8 else (pixels >> 8).astype(np.uint8)
    try:
        transform = ImageCms.buildTransform(
            ImageCms.ImageCmsProfile(io.BytesIO(data)),
            ImageCms.createProfile("sRGB"),
            "RGB",
            "RGB",
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        )
        converted = ImageCms.applyTransform(Image.fromarray(eight), transform)
    except (ImageCms.PyCMSError, OSError, ValueError) as fault:
        raise BrokenProfileError(str(fault)) from fault
    return np.asarray(converted, dtype=np.uint8)
