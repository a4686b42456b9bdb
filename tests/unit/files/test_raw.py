"""Camera RAW: DNG files written here, with a known camera, known colours and known light."""

from __future__ import annotations

import contextlib
import io
import struct
import sys
from datetime import date, datetime

import numpy as np
import pytest
import tifffile

from dermadelta.domain import Phase, PhotoRef
from dermadelta.errors import OversizedPhoto, UnreadablePhoto, UnsupportedPhoto
from dermadelta.files.formats import sniff
from dermadelta.files.images import read_header, read_image, upright
from dermadelta.files.raw import camera_matrix
from dermadelta.files.raw_headers import directories, ends_early, exif_block, is_raw
from dermadelta.kernels.colour import SRGB_TO_XYZ, linearise
from dermadelta.stages.load import LoadConfig, load

XYZ_TO_CAMERA = np.array([[0.90, -0.25, -0.08], [-0.45, 1.25, 0.22], [-0.08, 0.18, 0.62]])
"""An invented sensor under D65, of the size of real ones."""
CAMERA = XYZ_TO_CAMERA @ SRGB_TO_XYZ
BLACK, WHITE = 512, 15871
PATCHES = np.array([[0.40, 0.25, 0.20], [0.12, 0.07, 0.05], [0.70, 0.58, 0.50], [0.3, 0.3, 0.3]])
"""Linear sRGB: three skins and a grey, one a quarter of the picture."""


@pytest.fixture(scope="module", autouse=True)
def _developer():
    pytest.importorskip("rawpy")


def rationals(values, below: int = 1_000_000) -> tuple[int, ...]:
    return tuple(n for v in np.ravel(values) for n in (round(float(v) * below), below))


def scene(height: int = 64, width: int = 96):
    light = np.empty((height, width, 3))
    for n, colour in enumerate(PATCHES):
        rows = slice(None, height // 2) if n < 2 else slice(height // 2, None)
        light[rows, slice(None, width // 2) if n % 2 == 0 else slice(width // 2, None)] = colour
    return light


def dng(light, exposure: float = 1.0, cast=(1.0, 1.0, 1.0), orientation: int = 1, tags=()) -> bytes:
    """A DNG of an RGGB sensor: ``cast`` is the colour of the lamp, as its white balance says."""
    white = CAMERA @ np.ones(3) * cast
    seen = light @ CAMERA.T * cast * exposure / white.max()
    mosaic = np.empty(light.shape[:2])
    for (row, column), channel in {(0, 0): 0, (0, 1): 1, (1, 0): 1, (1, 1): 2}.items():
        mosaic[row::2, column::2] = seen[row::2, column::2, channel]
    stored = np.clip(np.round(BLACK + mosaic * (WHITE - BLACK)), 0, WHITE).astype(np.uint16)
    about = [
        (271, "s", 0, "Phantom", True),
        (272, "s", 0, "Phantom R1", True),
        (274, "H", 1, orientation, True),
        (306, "s", 0, "2026:03:04 10:11:12", True),
        (33421, "H", 2, (2, 2), True),
        (33422, "B", 4, (0, 1, 1, 2), True),
        (50706, "B", 4, (1, 4, 0, 0), True),
        (50708, "s", 0, "Phantom R1", True),
        (50714, "H", 1, BLACK, True),
        (50717, "H", 1, WHITE, True),
        (50721, "2i", 9, rationals(XYZ_TO_CAMERA), True),
        (50728, "2I", 3, rationals(white / white.max()), True),
        (50778, "H", 1, 21, True),
        *tags,
    ]
    stream = io.BytesIO()
    tifffile.imwrite(
        stream, stored, photometric="CFA", extratags=about, metadata=None, software=False
    )
    return stream.getvalue()


@pytest.fixture
def photo(tmp_path):
    """Load a DNG through the ordinary stage."""

    def _photo(data: bytes, name: str = "a.dng"):
        (tmp_path / name).write_bytes(data)
        when = date(2026, 1, 2)
        return load(
            PhotoRef(str(tmp_path / name), name, "", "p", "s", when, Phase.PRE, "cheek", ""),
            LoadConfig(),
        )

    return _photo


def patch_means(loaded):
    """Mean linear sRGB of the four quarters, away from their edges."""
    linear = linearise(loaded.rgb, loaded.to_linear.curves, loaded.to_linear.matrix)
    height, width = linear.shape[:2]
    means = []
    for n in range(4):
        top, left = (n // 2) * height // 2, (n % 2) * width // 2
        part = linear[top + 10 : top + height // 2 - 10, left + 10 : left + width // 2 - 10]
        means.append(part.mean(axis=(0, 1)))
    return np.array(means)


# ------------------------------------------------------------------------- development


@pytest.mark.parametrize("cast", [(1, 1, 1), (1.0, 0.8, 0.45), (0.6, 0.9, 1.0)])
def test_known_colours_come_back_whatever_the_lamp(photo, cast):
    loaded = photo(dng(scene(), cast=cast))
    assert loaded.rgb.dtype == np.uint16
    assert loaded.to_linear.name == "camera RAW (linear, white as shot)"
    # 1/1000 of full scale: the rounding of the stored tags and 14 bits.
    np.testing.assert_allclose(patch_means(loaded), PATCHES, atol=1e-3)


def test_twice_the_light_is_twice_the_number(photo):
    means = [patch_means(photo(dng(scene(), exposure=e))) for e in (0.25, 0.5, 1.0)]
    np.testing.assert_allclose(means[1] / means[0], 2.0, rtol=0.01)
    np.testing.assert_allclose(means[2] / means[1], 2.0, rtol=0.01)


def test_the_brightest_pixel_does_not_set_the_exposure(photo):
    """LibRaw would stretch a picture whose maximum is between 75 % and 100 % of full scale."""
    light = scene()
    light[:8, :8] = 0.9
    np.testing.assert_allclose(patch_means(photo(dng(light)))[3], PATCHES[3], atol=1e-3)


@pytest.mark.parametrize("channel", range(3))
@pytest.mark.parametrize("cast", [(1, 1, 1), (1.0, 0.8, 0.45)])
def test_a_saturated_sensor_is_clipped_in_whichever_channel(photo, channel, cast):
    light = scene()
    excess = np.linalg.solve(CAMERA, np.eye(3)[channel])
    light[16:32, 16:32] = 0.3 + 4.0 * excess
    loaded = photo(dng(light, cast=cast))
    assert (loaded.rgb[18:30, 18:30, channel] == 65535).all()
    assert loaded.clipped[18:30, 18:30].all()
    assert not loaded.clipped[36:].any()


def test_colours_outside_srgb_are_kept(photo):
    light = scene()
    light[:32, :48] = (0.5, -0.04, 0.02)  # deep red, still inside what the sensor can see
    loaded = photo(dng(light))
    np.testing.assert_allclose(patch_means(loaded)[0], (0.5, -0.04, 0.02), atol=2e-3)


def test_developing_twice_gives_the_same_bits(photo):
    data = dng(np.random.default_rng(1).uniform(0.05, 0.7, (64, 96, 3)))
    np.testing.assert_array_equal(photo(data).rgb, photo(data, "b.dng").rgb)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_turn_is_applied_exactly_once(photo, orientation):
    loaded = photo(dng(scene(), orientation=orientation))
    plain = photo(dng(scene()), "b.dng")
    assert loaded.metadata.orientation == orientation
    np.testing.assert_array_equal(loaded.rgb, upright(plain.rgb, orientation))


def test_the_header_tells_what_the_camera_wrote(photo, tmp_path):
    photo(dng(scene()))
    header = read_header(str(tmp_path / "a.dng"))
    assert (header.format, header.bits, header.width, header.height) == ("RAW", 16, 96, 64)
    assert header.camera == "Phantom R1"
    assert header.captured_at == datetime(2026, 3, 4, 10, 11, 12)
    assert header.jpeg_step == 0.0


def test_a_camera_known_by_its_model_gets_the_same_matrix():
    """The table of LibRaw holds XYZ to camera; its inverse with rows that add up to one."""
    table = np.vstack([XYZ_TO_CAMERA, np.zeros(3)])
    matrix = camera_matrix(np.zeros((3, 4)), table)
    white_balanced = np.diag(1 / (CAMERA @ np.ones(3))) @ CAMERA
    np.testing.assert_allclose(matrix, np.linalg.inv(white_balanced), rtol=2e-3, atol=2e-4)
    np.testing.assert_allclose(matrix.sum(axis=1), 1.0, atol=1e-9)
    assert camera_matrix(np.zeros((3, 4)), np.zeros((4, 3))) is None
    stored = np.column_stack([np.eye(3), np.zeros(3)])
    np.testing.assert_array_equal(camera_matrix(stored, table), np.eye(3))


# ------------------------------------------------------------------------ telling them


def test_a_dng_is_told_by_content_under_any_name(photo):
    assert photo(dng(scene()), "a.tif").metadata.format == "RAW"
    assert photo(dng(scene()), "a.jpg").metadata.format == "RAW"


def test_a_picture_named_raw_is_the_picture_it_is(tmp_path):
    pixels = np.full((9, 9, 3), 90, np.uint8)
    tifffile.imwrite(tmp_path / "a.dng", pixels, photometric="rgb")
    assert read_image(str(tmp_path / "a.dng"), max_pixels=100).header.format == "TIFF"


def test_raw_without_a_dng_mark_is_told_by_its_filter_array():
    stream = io.BytesIO()
    tifffile.imwrite(stream, np.zeros((8, 8), np.uint16), photometric="CFA", metadata=None)
    assert sniff(stream.getvalue(), "a") == "RAW"


@pytest.mark.parametrize(
    "head",
    [
        b"FUJIFILMCCD-RAW 0201",
        b"IIRO\x08\0\0\0",
        b"IIRS\x08\0\0\0",
        b"MMOR\0\0\0\x08",
        b"IIU\0\x18\0\0\0",
        b"\0\0\0\x18ftypcrx \0\0\0\x01crx isom",
        b"II*\0\x10\0\0\0CR\2\0",
    ],
)
def test_every_makers_mark_is_raw_and_its_stump_refused(tmp_path, head):
    assert is_raw(head + bytes(200))
    for size in (0, 40, 400):
        (tmp_path / "a.raw").write_bytes(head + bytes(size))
        with pytest.raises((UnreadablePhoto, UnsupportedPhoto)) as caught:
            read_image(str(tmp_path / "a.raw"), max_pixels=10**8)
        assert caught.value.file == "a.raw"
        assert caught.value.remedy.endswith(".")


def test_exif_is_found_where_each_maker_puts_it():
    inner = b"II*\0" + struct.pack("<IHHHI4sI", 8, 1, 0x110, 2, 4, b"X1\0\0", 0)
    almost = b"IIRO" + inner[4:]
    assert exif_block(almost) == inner
    crx = b"\0\0\0\x18ftypcrx " + bytes(12) + struct.pack(">I4s", 8 + len(inner), b"CMT1") + inner
    assert exif_block(crx + b"rest") == inner
    jpeg = b"\xff\xd8\xff\xe1\0\x40Exif\0\0" + inner
    fuji = b"FUJIFILMCCD-RAW ".ljust(84, b"0") + struct.pack(">II", 120, len(jpeg))
    assert exif_block(fuji.ljust(120, b"\0") + jpeg + b"rest") == inner


# ------------------------------------------------------------------------------ attacks


def test_without_the_extra_the_remedy_is_named(photo, monkeypatch):
    monkeypatch.setitem(sys.modules, "rawpy", None)
    with pytest.raises(UnsupportedPhoto, match=r'pip install "dermadelta\[raw\]"'):
        photo(dng(scene()))


@pytest.mark.parametrize("share", [0.02, 0.2, 0.6, 0.999])
def test_a_truncated_dng_is_refused(photo, share, capfd):
    data = dng(scene())
    with pytest.raises((UnreadablePhoto, UnsupportedPhoto)) as caught:
        photo(data[: int(len(data) * share)])
    assert caught.value.remedy.endswith(".")
    assert capfd.readouterr() == ("", "")


def test_a_huge_dng_is_refused_before_it_is_unpacked(photo):
    data = dng(scene())
    for tag in (256, 257):
        at = data.index(struct.pack("<HHI", tag, 4, 1)) + 8
        data = data[:at] + struct.pack("<I", 40_000) + data[at + 4 :]
    with pytest.raises(OversizedPhoto, match="40000 × 40000"):
        photo(data)


def test_no_colour_matrix_and_no_known_camera_is_refused(photo):
    data = dng(scene()).replace(struct.pack("<H", 50721), struct.pack("<H", 50735), 1)
    with pytest.raises(UnsupportedPhoto, match="colours of this camera are not known"):
        photo(data)


def test_directories_that_bite_their_own_tail_end():
    loop = b"II*\0" + struct.pack("<IHHHII", 8, 1, 330, 4, 1, 8) + struct.pack("<I", 8)
    assert len(directories(loop)) == 1
    endless = b"II*\0" + struct.pack("<IHHHII", 8, 0xFFFF, 330, 4, 0xFFFFFFFF, 8)
    assert not ends_early(endless)


def test_flipped_bytes_give_pixels_or_a_photo_error(photo):
    data = dng(scene())
    rng = np.random.default_rng(12)
    developed = 0
    for _ in range(60):
        broken = bytearray(data)
        for at in rng.integers(0, 700, 2):
            broken[at] = int(rng.integers(0, 256))
        with contextlib.suppress(OversizedPhoto, UnreadablePhoto, UnsupportedPhoto):
            photo(bytes(broken))
            developed += 1
    assert 5 < developed < 60
