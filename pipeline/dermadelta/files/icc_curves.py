"""Tone curves of ICC profiles, and what all parts of a profile share.

References
----------
ICC.1:2022, sections 10.6 (curveType), 10.18 (parametricCurveType), 7.2.16 (illuminant).
"""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray

D50_WHITE = np.array([0.9642, 1.0, 0.8249])
"""Profile connection space illuminant, ICC.1:2022 section 7.2.16."""

Floats = NDArray[np.float64]


class BrokenProfileError(ValueError):
    """A profile that cannot be evaluated; the caller treats the picture as untagged."""


_PARAMETERS = {0: 1, 1: 3, 2: 4, 3: 5, 4: 7}
"""Number of parameters of each kind of parametric curve."""


def curve_size(tag: bytes) -> int:
    """Bytes that the curve at the start of ``tag`` takes, without padding."""
    if tag[:4] == b"para":
        return 12 + 4 * _PARAMETERS.get(int(struct.unpack(">H", tag[8:10])[0]), 0)
    return 12 + 2 * int(struct.unpack(">I", tag[8:12])[0])


def curve(tag: bytes, x: Floats) -> Floats:
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
    if kind not in _PARAMETERS:
        raise BrokenProfileError("unknown parametric curve")
    n = _PARAMETERS[kind]
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
