"""The quantisation step of a JPEG, against the tables that its encoder says it used."""

import io
import struct

import numpy as np
import pytest
from PIL import Image

from dermadelta.files.formats import jpeg_step

ZIGZAG = sorted(
    ((row, col) for row in range(8) for col in range(8)),
    key=lambda at: (sum(at), at[1] if sum(at) % 2 == 0 else at[0]),
)
"""(row, col) in the order of a file (ITU-T T.81, figure A.6)."""

ANNEX_K = [11, 12, 14, 12, 10, 16, 14, 13, 14, 18, 17, 16, 19, 24, 40]
"""Steps 1 to 15 of the luminance table K.1 of ITU-T T.81 in zigzag order."""


def picture() -> Image.Image:
    pixels = np.random.default_rng(1).integers(0, 256, (24, 32, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def jpeg(quality: int = 80, **settings: object) -> bytes:
    buffer = io.BytesIO()
    picture().save(buffer, "JPEG", quality=quality, **settings)
    return buffer.getvalue()


def told(data: bytes) -> float:
    """The same from the luminance table that Pillow reads, (8, 8) row by row."""
    with Image.open(io.BytesIO(data)) as image:
        table = np.reshape(image.quantization[0], (8, 8))
    return float(np.mean([table[at] for at in ZIGZAG[1:16]]))


def segment(marker: int, content: bytes) -> bytes:
    return b"\xff" + bytes([marker]) + struct.pack(">H", len(content) + 2) + content


@pytest.mark.parametrize("quality", [10, 30, 50, 75, 90, 95, 100])
def test_it_is_that_of_the_table_in_the_file(quality):
    data = jpeg(quality)
    assert jpeg_step(data) == pytest.approx(told(data))


def test_quality_50_is_the_table_of_the_standard():
    assert jpeg_step(jpeg(50)) == pytest.approx(np.mean(ANNEX_K))


def test_coarser_files_have_larger_steps():
    steps = [jpeg_step(jpeg(quality)) for quality in (98, 92, 85, 70, 40)]
    assert steps == sorted(steps)
    assert len(set(steps)) == len(steps)


@pytest.mark.parametrize(
    "settings", [{"progressive": True}, {"subsampling": 0}, {"optimize": True}]
)
def test_the_way_of_coding_does_not_matter(settings):
    assert jpeg_step(jpeg(85, **settings)) == jpeg_step(jpeg(85))


def test_a_table_of_ones_has_a_step_of_one():
    assert jpeg_step(jpeg(qtables=[[1] * 64, [9] * 64])) == 1.0


def test_the_thumbnail_in_the_metadata_does_not_count():
    exif = segment(0xE1, b"Exif\0\0" + jpeg(10))
    data = jpeg(90)
    assert jpeg_step(data[:2] + exif + data[2:]) == jpeg_step(data) != jpeg_step(jpeg(10))


def test_steps_of_two_bytes_are_read_as_such():
    steps = [300 + number for number in range(64)]
    wide = segment(0xDB, b"\x10" + struct.pack(">64H", *steps))
    assert jpeg_step(b"\xff\xd8" + wide) == np.mean(steps[1:16])


def test_fill_bytes_before_a_marker_are_allowed():
    """ITU-T T.81, B.1.1.2: any marker may be preceded by any number of 0xFF."""
    data = jpeg(90)
    at = data.index(b"\xff\xdb")
    assert jpeg_step(data[:at] + b"\xff\xff" + data[at:]) == jpeg_step(data)


@pytest.mark.parametrize("format_", ["PNG", "WebP", "TIFF", "GIF"])
def test_other_formats_have_none(format_):
    buffer = io.BytesIO()
    picture().save(buffer, format_)
    assert jpeg_step(buffer.getvalue()) == 0.0


@pytest.mark.parametrize(
    "data", [b"", b"\xff", b"\xff\xd8", b"\xff\xd8\xff\xd9", b"no picture at all", b"\xff" * 50]
)
def test_no_picture_has_none(data):
    assert jpeg_step(data) == 0.0


def test_a_truncated_file_raises_nothing():
    data = jpeg(75)
    whole = jpeg_step(data)
    found = [jpeg_step(data[:size]) for size in range(len(data))]
    assert set(found) == {0.0, whole}
    assert found[-1] == whole


def test_random_bytes_raise_nothing():
    random = np.random.default_rng(7)
    for _ in range(300):
        assert jpeg_step(b"\xff\xd8\xff" + random.bytes(200)) >= 0.0
