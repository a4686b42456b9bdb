from __future__ import annotations

import io
import struct
from dataclasses import replace
from datetime import date
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms, ImageOps, PngImagePlugin

from dermadelta.domain import Phase, PhotoRef
from dermadelta.errors import LandmarkError, MaskError, UnreadablePhoto, UnsupportedPhoto
from dermadelta.files.icc import BrokenProfileError, parse_profile
from dermadelta.kernels.colour import linearise, srgb_decode
from dermadelta.stages.load import LoadConfig, load

DATA = Path(__file__).parents[2] / "data"
P3_COLORANTS = (
    (0.51512, 0.2412, -0.00105),
    (0.29198, 0.69225, 0.04189),
    (0.1571, 0.06657, 0.78407),
)
"""Display P3 adapted to D50, as every telephone embeds it."""
SRGB_PARAMETERS = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
P3_RED, P3_GREEN = (1.2249, -0.0420, -0.0196), (-0.2249, 1.0420, -0.0786)
"""Linear sRGB of the P3 primaries, from the CSS Color 4 conversion matrices."""


def fixed(*values: float) -> bytes:
    return struct.pack(f">{len(values)}i", *(round(v * 65536) for v in values))


def parametric(kind: int, *values: float) -> bytes:
    return b"para" + bytes(4) + struct.pack(">HH", kind, 0) + fixed(*values)


def table(*values: int) -> bytes:
    return b"curv" + bytes(4) + struct.pack(">I", len(values)) + np.array(values, ">u2").tobytes()


def profile(
    colorants=P3_COLORANTS, curve=None, space=b"RGB ", name="Display P3", extra=()
) -> bytes:
    text = name.encode("utf-16-be")
    tags = [
        (b"desc", b"mluc" + bytes(4) + struct.pack(">II4sII", 1, 12, b"enUS", len(text), 28) + text)
    ]
    curve = parametric(3, *SRGB_PARAMETERS) if curve is None else curve
    tags += [
        (key, b"XYZ " + bytes(4) + fixed(*c))
        for key, c in zip((b"rXYZ", b"gXYZ", b"bXYZ"), colorants, strict=True)
    ]
    tags += [(key, curve) for key in (b"rTRC", b"gTRC", b"bTRC")]
    tags += list(extra)
    at = 132 + 12 * len(tags)
    directory, body = struct.pack(">I", len(tags)), b""
    for key, content in tags:
        directory += struct.pack(">4sII", key, at + len(body), len(content))
        body += content + bytes(-len(content) % 4)
    head = bytearray(128)
    head[8:12], head[12:16], head[16:20], head[20:24] = b"\4\0\0\0", b"mntr", space, b"XYZ "
    head[36:40] = b"acsp"
    head[68:80] = fixed(0.9642, 1.0, 0.8249)
    head[0:4] = struct.pack(">I", at + len(body))
    return bytes(head) + directory + body


def ref(path, **changes) -> PhotoRef:
    base = PhotoRef(str(path), "photo", "", "p", "s", date(2026, 1, 2), Phase.PRE, "cheek", "")
    return replace(base, **changes)


@pytest.fixture
def photo(tmp_path):
    """Load pixels that were saved as a PNG (or another format) with options."""

    def _photo(pixels, name="a.png", config=None, **options):
        Image.fromarray(np.asarray(pixels, np.uint8)).save(tmp_path / name, **options)
        return load(ref(tmp_path / name), config or LoadConfig())

    return _photo


def linear(loaded):
    return linearise(loaded.rgb, loaded.to_linear.curves, loaded.to_linear.matrix)


SWATCHES = [[(255, 0, 0), (0, 255, 0), (255, 255, 255), (128, 128, 128)]]


# -------------------------------------------------------------------------------- colour


def test_an_untagged_picture_is_srgb_and_says_so(photo):
    loaded = photo(SWATCHES)
    assert loaded.to_linear.name == loaded.metadata.encoding == "sRGB (assumed)"
    np.testing.assert_array_equal(loaded.to_linear.matrix, np.eye(3))
    np.testing.assert_allclose(linear(loaded)[0, 3], srgb_decode(128 / 255), atol=1e-6)


def test_display_p3_reaches_the_published_numbers(photo):
    loaded = photo(SWATCHES, icc_profile=profile())
    assert loaded.to_linear.name == "Display P3 (matrix)"
    values = linear(loaded)
    np.testing.assert_allclose(values[0, 0], P3_RED, atol=6e-4)
    np.testing.assert_allclose(values[0, 1], P3_GREEN, atol=6e-4)
    np.testing.assert_allclose(values[0, 2], 1.0, atol=6e-4)
    np.testing.assert_allclose(values[0, 3], srgb_decode(128 / 255), atol=6e-4)


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.tif", "a.webp", "a.avif"])
def test_the_profile_is_found_in_every_format(photo, name):
    pixels = np.full((16, 16, 3), (200, 90, 60))
    assert photo(pixels, name, icc_profile=profile()).to_linear.name == "Display P3 (matrix)"


def test_an_srgb_profile_is_the_identity(photo):
    embedded = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    loaded = photo(SWATCHES, icc_profile=embedded)
    assert loaded.to_linear.name == "sRGB"
    np.testing.assert_allclose(loaded.to_linear.matrix, np.eye(3), atol=1e-3)
    np.testing.assert_allclose(
        loaded.to_linear.curves[1], srgb_decode(np.arange(256) / 255), atol=1e-3
    )


def test_our_way_agrees_with_littlecms_inside_the_gamut(photo):
    pixels = np.random.default_rng(3).integers(90, 170, (16, 16, 3)).astype(np.uint8)
    embedded = profile()
    transform = ImageCms.buildTransform(
        ImageCms.ImageCmsProfile(io.BytesIO(embedded)), ImageCms.createProfile("sRGB"), "RGB", "RGB"
    )
    theirs = np.asarray(ImageCms.applyTransform(Image.fromarray(pixels), transform)) / 255.0
    ours = linear(photo(pixels, icc_profile=embedded))
    np.testing.assert_allclose(ours, srgb_decode(theirs), atol=0.006)  # theirs is rounded to 8 bit


X = np.linspace(0.0, 1.0, 256)


@pytest.mark.parametrize(
    ("curve", "expected"),
    [
        (table(), X),
        (table(round(2.2 * 256)), X ** (round(2.2 * 256) / 256)),
        (table(0, 16384, 65535), np.interp(X, [0, 0.5, 1], [0, 16384 / 65535, 1])),
        (parametric(0, 1.8), X**1.8),
        (
            parametric(1, 2.0, 1.25, -0.25),
            np.where(X >= 0.2, np.maximum(1.25 * X - 0.25, 0) ** 2, 0),
        ),
        (parametric(2, 2.0, 0.8, 0.1, 0.05), (0.8 * X + 0.1) ** 2 + 0.05),
        (parametric(3, *SRGB_PARAMETERS), srgb_decode(X)),
        (
            parametric(4, 2.0, 0.9, 0.05, 0.3, 0.2, 0.01, 0.02),
            np.where(X >= 0.2, (0.9 * X + 0.05) ** 2 + 0.01, 0.3 * X + 0.02),
        ),
    ],
    ids=["linear", "gamma", "table", "para0", "para1", "para2", "para3", "para4"],
)
def test_every_kind_of_tone_curve(curve, expected):
    curves = parse_profile(profile(curve=curve), 256).curves
    np.testing.assert_allclose(curves[0], expected, atol=2e-4)


def test_a_look_up_table_is_followed_in_floating_point(photo):
    embedded = profile(extra=[(b"A2B0", lut())], name="Scanner")
    loaded = photo(SWATCHES, icc_profile=embedded)
    assert loaded.to_linear.name == loaded.metadata.encoding == "Scanner (table)"
    assert loaded.rgb.dtype == np.uint16
    # The table says linear light of the P3 primaries: red far out of sRGB, grey as its code.
    np.testing.assert_allclose(linear(loaded)[0, 0], P3_RED, atol=2e-3)  # it holds no Z below 0
    np.testing.assert_allclose(linear(loaded)[0, 2], 1.0, atol=1e-3)
    np.testing.assert_allclose(linear(loaded)[0, 3], 128 / 255, atol=1e-3)


def test_clipping_is_told_from_what_was_stored_not_from_what_a_table_makes(photo):
    """A table that halves all light: stored 255 is still clipped, its light far below full."""
    embedded = profile(extra=[(b"A2B0", lut(0.5))])
    loaded = photo([[(255, 255, 255), (249, 249, 249)]], icc_profile=embedded)
    np.testing.assert_allclose(linear(loaded)[0, 0], 0.5, atol=1e-3)
    np.testing.assert_array_equal(loaded.clipped, [[True, False]])
    p3 = photo([[(250, 90, 90), (249, 249, 249)]], icc_profile=profile())
    np.testing.assert_array_equal(p3.clipped, [[True, False]])


@pytest.mark.parametrize("bits", [8, 16])
def test_a_sixteen_bit_tiff_goes_through_a_table_with_all_its_bits(tmp_path, bits):
    codes = np.linspace(0.3, 0.31, 200)[None, :, None] * np.ones(3)
    pixels = np.round(codes * (2**bits - 1)).astype(np.uint8 if bits == 8 else np.uint16)
    tags = [(34675, "B", None, profile(extra=[(b"A2B0", lut())]), True)]
    tifffile.imwrite(tmp_path / "a.tif", pixels, photometric="rgb", extratags=tags)
    loaded = load(ref(tmp_path / "a.tif"), LoadConfig())
    error = np.abs(linear(loaded)[0, :, 1] - codes[0, :, 1]).max()
    assert error < (3e-3 if bits == 8 else 1e-4)  # half a code of 8 bits is 2e-3


def lut(gain: float = 1.0) -> bytes:
    """A 2 × 2 × 2 table to XYZ: linear light of the P3 primaries."""
    corners = np.indices((2, 2, 2)).reshape(3, -1).T @ np.array(P3_COLORANTS) * gain
    grid = np.round(np.clip(corners, 0, 1.99) * 32768).astype(">u2").tobytes()
    ramp = np.array([0, 65535], ">u2").tobytes() * 3
    head = b"mft2" + bytes(4) + bytes([3, 3, 2, 0]) + fixed(1, 0, 0, 0, 1, 0, 0, 0, 1)
    return head + struct.pack(">HH", 2, 2) + ramp + grid + ramp


@pytest.mark.parametrize(
    "embedded",
    [
        b"nonsense",
        profile()[:200],
        profile(space=b"GRAY"),
        profile(colorants=((9, 9, 9), (0, 0, 0), (0, 0, 0))),
        profile(curve=b"what" + bytes(20)),
        profile(curve=table(0, 1, 2)[:-2]),
        profile(curve=table(0, 1, 2)[:-1]),
        profile(curve=parametric(9, 1.0)),
        profile(extra=[(b"A2B0", b"mft2" + bytes(30))]),
    ],
    ids=["nonsense", "cut", "grey", "white", "curve", "short", "odd", "para", "lut"],
)
def test_a_broken_profile_counts_as_none_and_says_so(photo, embedded):
    loaded = photo(SWATCHES, icc_profile=embedded)
    assert loaded.to_linear.name.startswith("sRGB (assumed; ICC profile not usable")
    np.testing.assert_array_equal(loaded.to_linear.matrix, np.eye(3))


def test_a_broken_profile_raises_only_its_own_error():
    whole = profile()
    for n in range(0, len(whole), 7):
        try:
            parse_profile(whole[:n], 256)
        except BrokenProfileError:
            continue


def test_a_png_with_its_own_gamma_is_believed(photo):
    info = PngImagePlugin.PngInfo()
    info.add(b"gAMA", struct.pack(">I", 100_000))
    loaded = photo(SWATCHES, pnginfo=info)
    assert loaded.to_linear.name == "gamma 1 (PNG)"
    np.testing.assert_allclose(linear(loaded)[0, 3], 128 / 255, atol=1e-4)


def test_the_usual_png_gamma_is_srgb(photo):
    info = PngImagePlugin.PngInfo()
    info.add(b"gAMA", struct.pack(">I", 45455))
    assert photo(SWATCHES, pnginfo=info).to_linear.name == "sRGB (assumed)"


def test_a_picture_that_says_srgb_itself_is_not_assumed(photo):
    info = PngImagePlugin.PngInfo()
    info.add(b"sRGB", b"\0")
    assert photo(SWATCHES, pnginfo=info).to_linear.name == "sRGB"
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0xA001] = 1
    assert photo(SWATCHES, "a.jpg", exif=exif).to_linear.name == "sRGB"


def test_code_points_in_a_png(photo):
    info = PngImagePlugin.PngInfo()
    info.add(b"cICP", bytes([12, 13, 0, 1]))
    loaded = photo(SWATCHES, pnginfo=info)
    assert loaded.to_linear.name == "Display P3 (matrix)"
    np.testing.assert_allclose(linear(loaded)[0, 0], P3_RED, atol=6e-4)
    hdr = PngImagePlugin.PngInfo()
    hdr.add(b"cICP", bytes([9, 16, 0, 1]))
    with pytest.raises(UnsupportedPhoto, match="high-dynamic-range"):
        photo(SWATCHES, pnginfo=hdr)


@pytest.mark.parametrize("name", ["p3_profile.heic", "p3_code_points.heic"])
def test_a_telephones_display_p3(name):
    loaded = load(ref(DATA / name), LoadConfig())
    assert loaded.to_linear.name == "Display P3 (matrix)"
    np.testing.assert_allclose(loaded.to_linear.matrix[:, 0], P3_RED, atol=6e-4)
    np.testing.assert_allclose(loaded.to_linear.matrix[:, 1], P3_GREEN, atol=6e-4)
    np.testing.assert_allclose(
        loaded.to_linear.curves[0], srgb_decode(np.arange(256) / 255), atol=6e-4
    )


def test_high_dynamic_range_is_refused():
    with pytest.raises(UnsupportedPhoto, match="high-dynamic-range"):
        load(ref(DATA / "hdr.heic"), LoadConfig())


def test_wide_primaries_by_code_points(photo):
    info = PngImagePlugin.PngInfo()
    info.add(b"cICP", bytes([9, 13, 0, 1]))
    loaded = photo(SWATCHES, pnginfo=info)
    assert loaded.to_linear.name == "BT.2020 (matrix)"
    # Linear sRGB of the BT.2020 red, ITU-R BT.2087-0.
    np.testing.assert_allclose(linear(loaded)[0, 0], (1.6605, -0.1246, -0.0182), atol=6e-4)


def test_adobe_rgb_that_only_exif_tells(photo):
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0xA001] = 65535
    exif.get_ifd(0x8769)[0xA005] = {1: "R03"}
    pixels = np.full((16, 16, 3), (0, 255, 0))
    loaded = photo(pixels, "a.jpg", exif=exif, quality=100, subsampling=0)
    assert loaded.to_linear.name == "Adobe RGB (EXIF)"
    # Adobe green is out of gamut: red of about -0.4 (Adobe RGB (1998) to sRGB).
    np.testing.assert_allclose(linear(loaded)[4, 4], (-0.398, 1.0, -0.043), atol=0.02)


@pytest.mark.parametrize(
    ("space", "index", "name"),
    [
        (65535, "R03", "Adobe RGB (EXIF)"),
        (2, "", "Adobe RGB (EXIF)"),
        (None, "R03", "Adobe RGB (EXIF)"),
        (65535, "R98", "sRGB (assumed)"),
        (65535, "", "sRGB (assumed)"),
        (1, "R98", "sRGB"),
        (1, "R03", "sRGB"),
        (None, "", "sRGB (assumed)"),
    ],
)
@pytest.mark.parametrize("file", ["a.jpg", "a.tif", "a.png", "a.webp"])
def test_what_exif_says_of_the_colour_space(tmp_path, photo, file, space, index, name):
    """DCF 2.0: uncalibrated with R03 is Adobe RGB; uncalibrated alone says nothing."""
    pixels = np.full((16, 16, 3), 99, np.uint8)
    if file == "a.tif":
        (tmp_path / file).write_bytes(tiff_with_exif(pixels, space, index))
        loaded = load(ref(tmp_path / file), LoadConfig())
    else:
        exif = Image.Exif()
        exif[0x0112] = 1  # without a tag of its own, Pillow writes no block into a PNG
        if space:
            exif.get_ifd(0x8769)[0xA001] = space
        if index:
            exif.get_ifd(0x8769)[0xA005] = {1: index}
        loaded = photo(pixels, file, exif=exif)
    assert loaded.to_linear.name == name


def tiff_with_exif(pixels, space: int | None, index: str) -> bytes:
    """A TIFF with an EXIF directory behind its pixels, and one for interoperability behind that."""
    stream = io.BytesIO()
    # A private tag is written and renamed, as the writer keeps that of EXIF to itself.
    private = (65000, "I", 1, 0, True)
    tifffile.imwrite(stream, pixels, photometric="rgb", extratags=[private])
    data = stream.getvalue()
    entries = [(0xA001, 3, space)] if space else []
    behind = len(data) + 2 + 12 * (len(entries) + 1) + 4
    entries.append((0xA005, 4, behind))
    inner = struct.pack("<H", len(entries))
    inner += b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in entries)
    inner += bytes(4) + struct.pack("<HHHI4s", 1, 1, 2, 4, index.encode()) + bytes(4)
    written = struct.pack("<HHII", 65000, 4, 1, 0)
    return data.replace(written, struct.pack("<HHII", 34665, 4, 1, len(data))) + inner


def test_adobe_rgb_by_its_profile_decodes_by_its_own_gamma(photo):
    """Adobe RGB (1998), section 4.3.4.2: gamma 2 + 51/256; its colorants under D50."""
    colorants = (
        (0.60974, 0.31111, 0.01947),
        (0.20528, 0.62567, 0.06087),
        (0.14919, 0.06322, 0.74457),
    )
    embedded = profile(colorants, table(563), name="Adobe RGB (1998)")
    loaded = photo([[(0, 255, 0), (128, 128, 128)]], icc_profile=embedded)
    assert loaded.to_linear.name == "Adobe RGB (1998) (matrix)"
    np.testing.assert_allclose(linear(loaded)[0, 0], (-0.3982, 1.0, -0.0429), atol=2e-3)
    np.testing.assert_allclose(linear(loaded)[0, 1], (128 / 255) ** 2.19921875, atol=1e-4)


def test_a_prophoto_tiff_keeps_its_bits_and_its_colours_outside_srgb(tmp_path):
    """ROMM RGB with gamma 1.8, as editors export it; green and red from its D50 colorants."""
    colorants = ((0.79767, 0.28804, 0.0), (0.13519, 0.71187, 0.0), (0.03135, 0.00009, 0.82491))
    tags = [(34675, "B", None, profile(colorants, table(461), name="ProPhoto RGB"), True)]
    pixels = np.array([[(65535, 0, 0), (0, 65535, 0), (30001, 30001, 30001)]], np.uint16)
    tifffile.imwrite(tmp_path / "a.tif", pixels, photometric="rgb", extratags=tags)
    loaded = load(ref(tmp_path / "a.tif"), LoadConfig())
    assert loaded.to_linear.name == "ProPhoto RGB (matrix)"
    np.testing.assert_array_equal(loaded.rgb, pixels)
    values = linear(loaded)[0]
    # ProPhoto to linear sRGB, from the CSS Color 4 matrices.
    np.testing.assert_allclose(values[0], (2.0344, -0.2288, -0.0086), atol=3e-3)
    np.testing.assert_allclose(values[1], (-0.7274, 1.2317, -0.1533), atol=3e-3)
    np.testing.assert_allclose(values[2], (30001 / 65535) ** (461 / 256), atol=2e-4)


# --------------------------------------------------------------------- pixels, metadata


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_orientation_is_applied_exactly_once(photo, orientation):
    pixels = np.zeros((24, 40, 3), np.uint8)
    pixels[:8, :8], pixels[:8, 32:], pixels[16:, :8] = (250, 0, 0), (0, 250, 0), (0, 0, 250)
    exif = Image.Exif()
    exif[0x0112] = orientation
    loaded = photo(pixels, exif=exif)
    unturned = Image.fromarray(pixels)
    unturned.getexif()[0x0112] = orientation
    expected = np.asarray(ImageOps.exif_transpose(unturned))
    np.testing.assert_array_equal(loaded.rgb, expected)
    assert loaded.rgb.flags.c_contiguous
    assert loaded.clipped.shape == loaded.rgb.shape[:2]
    np.testing.assert_array_equal(loaded.clipped, expected.max(axis=2) == 250)
    assert (loaded.metadata.height, loaded.metadata.width) == loaded.rgb.shape[:2]
    assert loaded.metadata.orientation == orientation


@pytest.mark.parametrize(("value", "clipped"), [(249, False), (250, True), (255, True)])
def test_clipping_begins_at_98_per_cent_of_full_scale_in_any_channel(photo, value, clipped):
    for channel in range(3):
        pixels = np.full((4, 4, 3), 100)
        pixels[1, 2, channel] = value
        found = photo(pixels).clipped
        assert found[1, 2] == clipped
        assert found.sum() == int(clipped)


def test_sixteen_bits_stay_sixteen(tmp_path):
    pixels = np.random.default_rng(1).integers(0, 65536, (12, 10, 3)).astype(np.uint16)
    cv2.imwrite(str(tmp_path / "a.png"), pixels[..., ::-1])
    loaded = load(ref(tmp_path / "a.png"), LoadConfig())
    np.testing.assert_array_equal(loaded.rgb, pixels)
    assert loaded.to_linear.curves.shape == (3, 65536)
    np.testing.assert_array_equal(loaded.clipped, (pixels >= 0.98 * 65535).any(axis=2))
    assert loaded.metadata.bits == 16


def test_the_hash_is_filled_in_and_a_change_is_noticed(photo, tmp_path):
    loaded = photo(SWATCHES)
    assert len(loaded.ref.sha256) == 64
    assert load(loaded.ref, LoadConfig()).ref == loaded.ref
    photo(np.zeros((9, 9, 3)))
    with pytest.raises(UnreadablePhoto, match="changed"):
        load(loaded.ref, LoadConfig())


def test_loading_twice_gives_the_same(photo):
    first, second = photo(SWATCHES), photo(SWATCHES)
    np.testing.assert_array_equal(first.rgb, second.rgb)
    np.testing.assert_array_equal(first.to_linear.curves, second.to_linear.curves)
    assert first.metadata == second.metadata


def test_given_regions_come_with_the_photo_and_turn_with_it(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    stored = np.zeros((24, 40), np.uint8)
    stored[2:6, 30:38] = 255
    Image.fromarray(np.zeros((24, 40, 3), np.uint8)).save(tmp_path / "a.png", exif=exif)
    Image.fromarray(stored).save(tmp_path / "m.png")
    regions = {"roi": str(tmp_path / "m.png"), "exclude": "0,0 4,0 4,4"}
    given = load(ref(tmp_path / "a.png", **regions), LoadConfig()).given
    assert sorted(given) == ["exclude", "roi"]
    np.testing.assert_array_equal(given["roi"], np.rot90(stored, -1) > 0)
    assert given["exclude"].shape == (40, 24)
    Image.fromarray(stored[:-1]).save(tmp_path / "m.png")
    with pytest.raises(MaskError, match="40 × 24"):
        load(ref(tmp_path / "a.png", **regions), LoadConfig())


def test_landmarks_arrive_and_are_held_against_the_upright_size(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(np.zeros((24, 40, 3), np.uint8)).save(tmp_path / "a.png", exif=exif)
    points = tmp_path / "a.landmarks.csv"
    rows = ["before_x;before_y;after_x;after_y", "1;2;3,5;4", "90;5;23;6", "4;80;7;39", "9;9;20;30"]
    points.write_text("\n".join(rows), encoding="utf-8")
    assert load(ref(tmp_path / "a.png"), LoadConfig()).landmarks.shape == (0, 4)
    loaded = load(ref(tmp_path / "a.png", landmarks=str(points)), LoadConfig())
    assert loaded.clipped.shape == (40, 24)
    np.testing.assert_array_equal(loaded.landmarks[0], [1.0, 2.0, 3.5, 4.0])
    points.write_text("\n".join(rows).replace("23;6", "39;6"), encoding="utf-8")
    with pytest.raises(LandmarkError, match=r"line 3.*outside the after photo of 24 × 40"):
        load(ref(tmp_path / "a.png", landmarks=str(points)), LoadConfig())
