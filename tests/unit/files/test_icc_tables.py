"""Look-up tables: against LittleCMS in 8 bits, and against the light they were made from."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from PIL import Image, ImageCms

from dermadelta.files.icc import parse_profile
from dermadelta.files.icc_curves import D50_WHITE, BrokenProfileError
from dermadelta.files.icc_tables import (
    ROMM_TO_XYZ,
    apply_table,
    parse_table,
    romm_curve,
    tetrahedral,
    to_connection_space,
)
from dermadelta.kernels.colour import linearise, srgb_encode

SRGB_TO_D50 = np.array(
    [[0.4360747, 0.3850649, 0.1430804], [0.2225045, 0.7168786, 0.0606169],
     [0.0139322, 0.0971045, 0.7141733]]
)  # fmt: skip
"""Linear sRGB to XYZ adapted to D50 by Bradford, as in Lindbloom's tables."""
KINDS = ["lut8 Lab", "lut16 Lab", "lut16 XYZ", "lutAToB Lab", "lutAToB XYZ", "lutAToB matrix"]


def fixed(*values: float) -> bytes:
    return struct.pack(f">{len(values)}i", *(round(float(v) * 65536) for v in values))


def light(device):
    """What the scanner of these tests sees: a curve, crosstalk and a bend that no matrix makes."""
    x = np.asarray(device, np.float64) ** 1.8
    mixed = x @ np.array([[0.86, 0.06, 0.03], [0.09, 0.88, 0.05], [0.05, 0.06, 0.92]])
    return (mixed + 0.04 * mixed * (1 - mixed)) @ SRGB_TO_D50.T


def lab_of(xyz):
    ratio = xyz / D50_WHITE
    f = np.where(ratio > 216 / 24389, np.cbrt(ratio), (24389 / 27 * ratio + 16) / 116)
    return np.stack(
        [116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], -1
    )


def connection(device, lab: bool, old16: bool):
    """0..1 values of the connection space."""
    if not lab:
        return light(device) / (1 + 32767 / 32768)
    values = lab_of(light(device))
    encoded = np.stack([values[..., 0] / 100, *((values[..., n] + 128) / 255 for n in (1, 2))], -1)
    return encoded * (65280 / 65535) if old16 else encoded


def grid(side: int):
    return np.stack(np.meshgrid(*3 * [np.linspace(0, 1, side)], indexing="ij"), -1)


def words(values, top=65535) -> bytes:
    return np.round(np.clip(values, 0, 1) * top).astype(">u2" if top > 255 else "u1").tobytes()


def older(wide: bool, lab: bool, side: int = 17) -> bytes:
    """lut8Type or lut16Type with a curve in front and a straight line behind."""
    n, top = (1024, 65535) if wide else (256, 255)
    bend = np.linspace(0, 1, n) ** 0.5
    values = connection(grid(side) ** 2.0, lab, old16=wide and lab)
    head = (b"mft2" if wide else b"mft1") + bytes(4) + bytes([3, 3, side, 0])
    head += fixed(1, 0, 0, 0, 1, 0, 0, 0, 1)
    if wide:
        head += struct.pack(">HH", n, 2)
    last = np.array([0.0, 1.0]) if wide else np.linspace(0, 1, 256)
    return head + 3 * words(bend, top) + words(values, top) + 3 * words(last, top)


def newer(lab: bool, matrix: bool = False, sides=(17, 19, 21), precision: int = 2) -> bytes:
    """lutAToBType: A curves, a grid with sides of its own and, where asked for, M and matrix."""
    line = b"curv" + bytes(8)
    square = b"para" + bytes(4) + struct.pack(">HH", 0, 0) + fixed(0.5)
    axes = [np.linspace(0, 1, side) ** 2.0 for side in sides]
    values = connection(np.stack(np.meshgrid(*axes, indexing="ij"), -1), lab, old16=False)
    mix = np.eye(3) * 0.8
    offset = np.array([0.002, 0.001, 0.003])
    if matrix:
        values = (values - offset) / 0.8
        values = np.sqrt(np.clip(values, 0, 1))
    top = 65535 if precision == 2 else 255
    clut = bytes(sides) + bytes(13) + bytes([precision, 0, 0, 0]) + words(values, top)
    clut += bytes(-len(clut) % 4)
    m_curve = b"para" + bytes(4) + struct.pack(">HH", 0, 0) + fixed(2.0)
    parts = {"b": 3 * line, "clut": clut, "a": 3 * square}
    if matrix:
        parts |= {"m": 3 * m_curve, "matrix": fixed(*mix.ravel(), *offset)}
    at, body, places = 32, b"", {}
    for name, content in parts.items():
        places[name] = at + len(body)
        body += content
    order = [places.get(name, 0) for name in ("b", "matrix", "m", "clut", "a")]
    return b"mAB " + bytes(4) + bytes([3, 3, 0, 0]) + struct.pack(">5I", *order) + body


def table_tag(kind: str) -> bytes:
    family, _, rest = kind.partition(" ")
    if family == "lutAToB":
        return newer(lab=rest == "Lab", matrix=rest == "matrix")
    return older(family == "lut16", rest == "Lab")


def profile(tag: bytes, lab: bool, version: int = 4, key: bytes = b"A2B0", extra=()) -> bytes:
    if version == 4:
        text = "Scanner".encode("utf-16-be")
        name = b"mluc" + bytes(4) + struct.pack(">II4sII", 1, 12, b"enUS", len(text), 28) + text
    else:
        name = b"desc" + bytes(4) + struct.pack(">I", 8) + b"Scanner\0" + bytes(78)
    white = b"XYZ " + bytes(4) + fixed(*D50_WHITE)
    tags = [(b"desc", name), (b"cprt", name), (b"wtpt", white), (key, tag), *extra]
    at, directory, body = 132 + 12 * len(tags), struct.pack(">I", len(tags)), b""
    for name_, content in tags:
        directory += struct.pack(">4sII", name_, at + len(body), len(content))
        body += content + bytes(-len(content) % 4)
    head = bytearray(128)
    head[0:4] = struct.pack(">I", at + len(body))
    head[8], head[12:16], head[16:20] = version, b"scnr", b"RGB "
    head[20:24] = b"Lab " if lab else b"XYZ "
    head[36:40], head[68:80] = b"acsp", fixed(*D50_WHITE)
    return bytes(head) + directory + body


def linear_srgb(pixels, found):
    """The way of the load stage, from stored pixels to linear sRGB."""
    through = apply_table(pixels, found.table)
    to_srgb = np.linalg.inv(SRGB_TO_D50) @ found.to_xyz_d50
    return linearise(through, found.curves.astype(np.float32), to_srgb)


def inside(n: int, dtype=np.uint8):
    """Device values whose colours lie inside sRGB, skin among them."""
    pixels = np.random.default_rng(4).integers(40, 215, (n, 1, 3))
    grey = pixels.mean(axis=2, keepdims=True)
    pixels = np.round(grey + 0.5 * (pixels - grey))
    return (pixels * (257 if dtype == np.uint16 else 1)).astype(dtype)


@pytest.mark.parametrize(
    ("kind", "version"),
    [(kind, 4) for kind in KINDS]
    + [(kind, 2) for kind in KINDS if kind.startswith(("lut8", "lut16"))],
)
def test_eight_bits_agree_with_littlecms(kind, version):
    """A version 2 profile has no lutAToB."""
    embedded = profile(table_tag(kind), lab="Lab" in kind, version=version)
    pixels = inside(2000)
    transform = ImageCms.buildTransform(
        ImageCms.ImageCmsProfile(io.BytesIO(embedded)),
        ImageCms.createProfile("sRGB"),
        "RGB",
        "RGB",
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        flags=ImageCms.Flags.HIGHRESPRECALC,
    )
    theirs = np.asarray(ImageCms.applyTransform(Image.fromarray(pixels), transform))
    ours = 255 * srgb_encode(linear_srgb(pixels, parse_profile(embedded, 256)))
    difference = np.abs(ours - theirs)
    assert difference.max() <= 1.0
    assert difference.mean() < 0.3


@pytest.mark.parametrize("kind", KINDS)
def test_sixteen_bits_reach_the_light_behind_the_table(kind):
    found = parse_profile(profile(table_tag(kind), lab="Lab" in kind), 65536)
    pixels = inside(500, np.uint16)
    expected = light(pixels / 65535.0) @ np.linalg.inv(SRGB_TO_D50).T
    error = np.abs(srgb_encode(linear_srgb(pixels, found)) - srgb_encode(expected))
    # What is left is the grid of 17 to 21 a side, and in lut8 its own 8 bits.
    assert error.max() < (0.012 if kind.startswith("lut8") else 0.003)


def test_sixteen_bits_are_finer_than_eight():
    found = parse_profile(profile(table_tag("lut16 Lab"), lab=True), 65536)
    pixels = (30000 + np.arange(256)[:, None, None] * np.ones(3)).astype(np.uint16)
    steps = np.diff(linear_srgb(pixels, found)[:, 0, 1].astype(np.float64))
    assert (steps >= 0).all()
    assert np.unique(apply_table(pixels, found.table)[:, 0, 1]).size > 200


def test_white_stays_white_and_black_black():
    for kind in KINDS[:3]:
        found = parse_profile(profile(table_tag(kind), lab="Lab" in kind), 256)
        ends = np.array([[[0, 0, 0], [255, 255, 255]]], np.uint8)
        black, white = linear_srgb(ends, found)[0]
        np.testing.assert_allclose(black, 0.0, atol=1e-3)
        np.testing.assert_allclose(white, 1.0, atol=0.02 if kind == "lut8 Lab" else 3e-3)


def test_colours_outside_srgb_are_kept():
    """A table whose red is that of ROMM RGB, far outside sRGB."""
    corners = grid(2) @ ROMM_TO_XYZ.T / (1 + 32767 / 32768)
    head = b"mft2" + bytes(4) + bytes([3, 3, 2, 0]) + fixed(1, 0, 0, 0, 1, 0, 0, 0, 1)
    ramp = words(np.array([0.0, 1.0]))
    tag = head + struct.pack(">HH", 2, 2) + 3 * ramp + words(corners) + 3 * ramp
    found = parse_profile(profile(tag, lab=False), 256)
    red = linear_srgb(np.array([[[255, 0, 0]]], np.uint8), found)[0, 0]
    # ROMM red in linear sRGB (Lindbloom's matrices): far above 1, green far below 0.
    np.testing.assert_allclose(red, np.linalg.inv(SRGB_TO_D50) @ ROMM_TO_XYZ[:, 0], atol=3e-3)
    assert red[0] > 1.9
    assert red[1] < -0.2


def test_the_colorimetric_table_goes_before_the_perceptual_one():
    other = older(True, True, side=3)
    embedded = profile(table_tag("lut16 Lab"), True, key=b"A2B1", extra=[(b"A2B0", other)])
    found = parse_profile(embedded, 256)
    assert found.table.stages[0].grid.shape == (17, 17, 17, 3)


def test_tetrahedra_reproduce_what_is_linear_and_keep_greys_on_the_diagonal():
    rng = np.random.default_rng(1)
    slope, sides = rng.normal(size=(3, 3)), (4, 5, 6)
    axes = np.stack(np.meshgrid(*(np.linspace(0, 1, n) for n in sides), indexing="ij"), -1)
    x = rng.random((400, 3)).astype(np.float32)
    np.testing.assert_allclose(tetrahedral(x, (axes @ slope).astype("f4")), x @ slope, atol=1e-5)
    noise = rng.random((5, 5, 5, 3)).astype(np.float32)
    grey = np.repeat(np.linspace(0, 1, 41, dtype=np.float32)[:, None], 3, axis=1)
    nodes = noise[range(5), range(5), range(5)]
    expected = np.stack([np.interp(grey[:, 0] * 4, range(5), nodes[:, n]) for n in range(3)], -1)
    np.testing.assert_allclose(tetrahedral(grey, noise), expected, atol=1e-5)
    edges = np.array([[-1, 0.5, 2], [1, 1, 1], [0, 0, 0]], np.float32)
    np.testing.assert_array_equal(tetrahedral(edges, noise)[1:], noise[[4, 0], [4, 0], [4, 0]])


def test_romm_is_a_round_trip():
    codes = np.arange(65536, dtype=np.uint16)
    table = parse_table(older(True, False, side=2), b"XYZ ")
    assert to_connection_space(np.zeros((1, 3), np.float32), table).shape == (1, 3)
    curve = romm_curve(65536)
    assert (np.diff(curve) > 0).all()
    assert curve[0] == 0.0
    assert curve[-1] == 1.0
    # The line and the power meet at 1/512 (ISO 22028-2).
    at = np.searchsorted(curve, 1 / 512)
    assert abs(curve[at] - curve[at - 1]) < 3e-6
    assert codes.size == curve.size


@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_table_raises_only_its_own_error(kind):
    whole = profile(table_tag(kind), lab="Lab" in kind)
    begin = whole.index(table_tag(kind)[:8])
    for cut in [*range(begin, begin + 120, 3), *range(begin, len(whole), 997)]:
        try:
            parse_profile(whole[:cut], 256)
        except BrokenProfileError:
            continue
    rng = np.random.default_rng(8)
    for _ in range(60):
        broken = bytearray(whole)
        for at in rng.integers(begin, begin + 90, 3):
            broken[at] = int(rng.integers(256))
        try:
            found = parse_profile(bytes(broken), 256)
            apply_table(inside(4), found.table)
        except BrokenProfileError:
            continue


@pytest.mark.parametrize(
    "tag",
    [b"mft2" + bytes(40), b"mBA " + bytes(60), b"mft1" + bytes(4) + b"\4\3\2" + bytes(90), b""],
    ids=["short", "other", "four channels", "empty"],
)
def test_what_is_no_table_of_three_channels_is_refused(tag):
    with pytest.raises(BrokenProfileError):
        parse_table(tag, b"Lab ")
    with pytest.raises(BrokenProfileError, match="unknown kind"):
        parse_table(table_tag("lut16 Lab"), b"RGB ")


def test_a_large_picture_gives_what_its_pixels_give_alone():
    table = parse_profile(profile(table_tag("lut16 Lab"), lab=True), 256).table
    few = np.random.default_rng(6).integers(0, 256, (50, 3)).astype(np.uint8)
    large = np.tile(few, (1 << 13, 1)).reshape(1 << 13, 50, 3)
    expected = apply_table(few.reshape(1, 50, 3), table)
    np.testing.assert_array_equal(apply_table(large, table), np.broadcast_to(expected, large.shape))
