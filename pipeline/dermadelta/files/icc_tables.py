"""Look-up tables of ICC profiles, in floating point and for any bit depth.

A table goes from device values through curves, a grid of colours and more curves to the profile
connection space. Pixels that went through it are kept as 16-bit ROMM RGB, whose primaries hold
every colour of a surface, so that nothing is cut off at the edge of sRGB.

References
----------
ICC.1:2022, sections 10.10 (lut16Type), 10.11 (lut8Type), 10.12 (lutAToBType), 6.3.4 (encodings
of the connection space). Kasson, Nin, Plouffe and Hafner 1995, doi:10.1117/12.208656
(tetrahedral interpolation). ISO 22028-2:2013 (ROMM RGB).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from dermadelta.domain import Matrix, Pixels
from dermadelta.files.icc_curves import D50_WHITE, BrokenProfileError, Floats, curve, curve_size

ROMM_TO_XYZ: Matrix = np.array(
    [[0.7976749, 0.1351917, 0.0313534], [0.2880402, 0.7118741, 0.0000857], [0.0, 0.0, 0.8252100]]
)
"""Linear ROMM RGB to XYZ (D50), ISO 22028-2 at the precision of Lindbloom's tables."""

_ROMM_GAMMA = 1.8
_ROMM_TOE = 16.0 ** (_ROMM_GAMMA / (1.0 - _ROMM_GAMMA))
"""ISO 22028-2: below this light (1/512) the encoding is a line of slope 16."""

_XYZ_FULL = 1.0 + 32767.0 / 32768.0
"""XYZ that full scale stands for, ICC.1:2022 table 11."""
_OLD_LAB_FULL = 65535.0 / 65280.0
"""L* of 100 is FF00h in lut16Type whatever the version, FFFFh elsewhere, ICC.1:2022 10.10."""

_BLOCK = 1 << 18
"""Pixels that are converted at a time: some tens of megabytes."""


@dataclass(frozen=True, eq=False)
class _Stage:
    """Curves of (3, n) samples over 0..1, then a grid or a matrix (3, 4) where there is one."""

    curves: Floats | None = None
    grid: NDArray[np.float32] | None = None
    matrix: Floats | None = None


@dataclass(frozen=True, eq=False)
class Table:
    """A way from device RGB to the profile connection space.

    ``space`` is ``"XYZ "`` or ``"Lab "``; ``lab_full`` is 1 or the scale of the older encoding.
    """

    stages: tuple[_Stage, ...]
    space: str
    lab_full: float = field(default=1.0)


def parse_table(tag: bytes, space: bytes) -> Table:
    """Read the content of an ``A2B`` tag.

    Parameters
    ----------
    tag : bytes
        ``mft1``, ``mft2`` or ``mAB`` with three channels on both sides.
    space : bytes
        Profile connection space of the header, ``b"XYZ "`` or ``b"Lab "``.

    Returns
    -------
    Table
        For ``apply_table``.

    Raises
    ------
    BrokenProfileError
        Damaged, another kind of table or another number of channels.
    """
    kind = tag[:4]
    if kind not in (b"mft1", b"mft2", b"mAB ") or space not in (b"XYZ ", b"Lab "):
        raise BrokenProfileError("unknown kind of table")
    if len(tag) < 32 or tag[8:10] != b"\3\3":
        raise BrokenProfileError("its table has not three channels")
    if kind == b"mAB ":
        return Table(tuple(_newer(tag)), space.decode())
    old_lab = _OLD_LAB_FULL if kind == b"mft2" else 1.0
    return Table(tuple(_older(tag)), space.decode(), old_lab)


def _older(tag: bytes) -> list[_Stage]:
    """Stages of lut8Type and lut16Type; their matrix counts for XYZ input only, never for RGB."""
    side, wide = tag[10], tag[:4] == b"mft2"
    if side < 2:
        raise BrokenProfileError("its grid is too small")
    entries_in, entries_out = struct.unpack(">HH", tag[48:52]) if wide else (256, 256)
    if min(entries_in, entries_out) < 2:
        raise BrokenProfileError("its curves are too short")
    counts = (3 * entries_in, 3 * side**3, 3 * entries_out)
    values = _numbers(tag, 52 if wide else 48, sum(counts), 2 if wide else 1)
    first, grid, last = np.split(values, np.cumsum(counts)[:2])
    return [
        _Stage(first.reshape(3, -1), grid.reshape(side, side, side, 3).astype(np.float32)),
        _Stage(last.reshape(3, -1)),
    ]


def _newer(tag: bytes) -> list[_Stage]:
    """Stages of lutAToBType: A curves and grid, M curves and matrix, B curves."""
    at_b, at_matrix, at_m, at_grid, at_a = struct.unpack(">5I", tag[12:32])
    stages = []
    if at_grid:
        stages.append(_Stage(_three_curves(tag, at_a) if at_a else None, _grid(tag, at_grid)))
    if at_matrix:
        numbers = np.array(struct.unpack(">12i", tag[at_matrix : at_matrix + 48])) / 65536.0
        matrix = np.column_stack([numbers[:9].reshape(3, 3), numbers[9:]])
        stages.append(_Stage(_three_curves(tag, at_m) if at_m else None, None, matrix))
    stages.append(_Stage(_three_curves(tag, at_b) if at_b else None))
    return stages


def _grid(tag: bytes, at: int) -> NDArray[np.float32]:
    sides = tuple(tag[at : at + 3])
    if len(tag) < at + 20 or min(sides) < 2 or tag[at + 16] not in (1, 2):
        raise BrokenProfileError("its grid is damaged")
    values = _numbers(tag, at + 20, 3 * int(np.prod(sides)), tag[at + 16])
    return values.reshape(*sides, 3).astype(np.float32)


def _three_curves(tag: bytes, at: int) -> Floats:
    """Curves that lie one behind the other, each on a multiple of four bytes."""
    codes = np.linspace(0.0, 1.0, 65536)
    found = []
    for _ in range(3):
        found.append(curve(tag[at:], codes))
        at += -(-curve_size(tag[at:]) // 4) * 4
    return np.array(found)


def _numbers(tag: bytes, at: int, count: int, width: int) -> Floats:
    """Unsigned whole numbers of one or two bytes as 0..1."""
    if at + count * width > len(tag):
        raise BrokenProfileError("truncated table")
    values = np.frombuffer(tag, ">u2" if width == 2 else "u1", count, at)
    return values / (65535.0 if width == 2 else 255.0)


# ------------------------------------------------------------------------------ applying


def apply_table(pixels: Pixels, table: Table) -> NDArray[np.uint16]:
    """Take pixels through a table.

    Parameters
    ----------
    pixels : (H, W, 3) uint8 or uint16
        Stored values.
    table : Table
        What ``parse_table`` returned.

    Returns
    -------
    (H, W, 3) uint16
        ROMM RGB; ``romm_curve`` and ``ROMM_TO_XYZ`` lead back to light.
    """
    flat = pixels.reshape(-1, 3)
    if pixels.dtype == np.uint8 and len(flat) > _BLOCK:
        return _each_colour_once(flat, table).reshape(pixels.shape)
    return _converted(flat, table).reshape(pixels.shape)


def _each_colour_once(flat: Pixels, table: Table) -> NDArray[np.uint16]:
    """Convert the colours that occur: a photograph has some hundred thousand, of its millions."""
    codes = flat @ np.array([1 << 16, 1 << 8, 1], np.int32)
    occurs = np.zeros(1 << 24, np.bool_)
    occurs[codes] = True
    present = np.flatnonzero(occurs)
    colours = np.stack([present >> 16, present >> 8 & 255, present & 255], axis=-1)
    converted = np.empty((1 << 24, 3), np.uint16)
    converted[present] = _converted(colours.astype(np.uint8), table)
    return converted[codes]


def _converted(flat: Pixels, table: Table) -> NDArray[np.uint16]:
    out = np.empty(flat.shape, np.uint16)
    full = np.float32(np.iinfo(flat.dtype).max)
    from_xyz = np.linalg.inv(ROMM_TO_XYZ).astype(np.float32)
    for begin in range(0, len(flat), _BLOCK):
        block = to_connection_space(flat[begin : begin + _BLOCK].astype(np.float32) / full, table)
        out[begin : begin + _BLOCK] = _romm_encoded(block @ from_xyz.T)
    return out


def to_connection_space(device: NDArray[np.float32], table: Table) -> NDArray[np.float32]:
    """Device RGB (n, 3) in 0..1 to XYZ (n, 3) under D50, Y of white = 1."""
    x = device
    for stage in table.stages:
        if stage.curves is not None:
            x = _through_curves(x, stage.curves)
        if stage.grid is not None:
            x = tetrahedral(x, stage.grid)
        if stage.matrix is not None:
            x = x @ stage.matrix[:, :3].T.astype(np.float32) + stage.matrix[:, 3].astype("f4")
    if table.space == "XYZ ":
        return x * np.float32(_XYZ_FULL)
    lab = x * np.float32(table.lab_full)
    f_y = (lab[:, 0] * 100.0 + 16.0) / 116.0
    a, b = (lab[:, n] * 255.0 - 128.0 for n in (1, 2))
    f = np.stack([f_y + a / 500.0, f_y, f_y - b / 200.0], axis=-1)
    light = np.where(f > 6.0 / 29.0, f**3, (f - 4.0 / 29.0) * (108.0 / 841.0))
    return np.asarray(light * D50_WHITE.astype(np.float32), dtype=np.float32)


def _through_curves(x: NDArray[np.float32], curves: Floats) -> NDArray[np.float32]:
    at = np.linspace(0.0, 1.0, curves.shape[1])
    columns = [np.interp(x[:, n], at, curves[n]) for n in range(3)]
    return np.stack(columns, axis=-1).astype(np.float32)


def tetrahedral(x: NDArray[np.float32], grid: NDArray[np.float32]) -> NDArray[np.float32]:
    """Interpolate a grid of colours between the four corners of a tetrahedron.

    Parameters
    ----------
    x : (n, 3) float32
        Places in 0..1, cut off there.
    grid : (i, j, k, 3) float32
        Colours; at least 2 a side.

    Returns
    -------
    (n, 3) float32
        The diagonal of equal values, where greys lie, is always an edge of the tetrahedra.
    """
    sides = grid.shape[:3]
    steps = (sides[1] * sides[2], sides[2], 1)
    base = np.zeros(len(x), np.int32)
    rests = []
    for axis, (side, step) in enumerate(zip(sides, steps, strict=True)):
        place = np.clip(x[:, axis], 0.0, 1.0) * np.float32(side - 1)
        whole = np.minimum(place.astype(np.int32), side - 2)
        base += whole * step
        rests.append(place - whole)
    a, b, c = rests
    high, low = np.maximum(np.maximum(a, b), c), np.minimum(np.minimum(a, b), c)
    middle = np.maximum(np.minimum(a, b), np.minimum(np.maximum(a, b), c))
    # From the near corner along the longest part, then the middle one, to the far corner.
    first = np.where(a == high, steps[0], np.where(b == high, steps[1], steps[2]))
    last = np.where(a == low, steps[0], np.where(b == low, steps[1], steps[2]))
    far = sum(steps)
    colours = grid.reshape(-1, 3)
    out: NDArray[np.float32] = colours[base] * (1.0 - high)[:, None]
    out += colours[base + first] * (high - middle)[:, None]
    out += colours[base + far - last] * (middle - low)[:, None]
    out += colours[base + far] * low[:, None]
    return out


def romm_curve(levels: int) -> Floats:
    """Light of every code of ROMM RGB, (levels,) float64 in 0..1."""
    codes = np.linspace(0.0, 1.0, levels)
    return np.where(codes < 16.0 * _ROMM_TOE, codes / 16.0, codes**_ROMM_GAMMA)


def _romm_encoded(light: NDArray[np.float32]) -> NDArray[np.uint16]:
    inside = np.clip(light, 0.0, 1.0)
    codes = np.where(inside < _ROMM_TOE, 16.0 * inside, inside ** np.float32(1.0 / _ROMM_GAMMA))
    return np.round(codes * 65535.0).astype(np.uint16)
