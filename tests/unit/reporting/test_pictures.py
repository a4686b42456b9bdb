"""Pictures: light thumbnails, outlines in the right place, no fault on a broken file."""

from __future__ import annotations

import base64

import cv2
import numpy as np
import pytest

from dermadelta.reporting.pictures import (
    INLINE_PNG_BYTES,
    THUMBNAIL_BYTES,
    THUMBNAIL_SIDE,
    inline,
    outline,
    thumbnail,
)


def write(path, picture):
    _, data = cv2.imencode(path.suffix, picture)
    path.write_bytes(data.tobytes())
    return path


def decode(src):
    data = base64.b64decode(src.partition(",")[2])
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED), len(data)


def test_the_thumbnail_of_pure_noise_stays_light(tmp_path):
    noise = np.random.default_rng(1).integers(0, 256, (700, 500, 3), dtype=np.uint8)
    picture, size = decode(thumbnail(write(tmp_path / "a.jpg", noise)))
    assert picture.shape == (THUMBNAIL_SIDE, THUMBNAIL_SIDE, 3)
    assert size <= THUMBNAIL_BYTES


def test_a_picture_smaller_than_a_thumbnail_is_not_enlarged(tmp_path):
    picture, _ = decode(thumbnail(write(tmp_path / "a.png", np.zeros((40, 60, 3), np.uint8))))
    assert max(picture.shape[:2]) <= 40


def test_small_pictures_are_inlined_byte_by_byte(tmp_path):
    path = write(tmp_path / "ä b.png", np.full((30, 40, 3), 7, np.uint8))
    found = inline(path)
    assert (found.width, found.height) == (40, 30)
    assert base64.b64decode(found.src.partition(",")[2]) == path.read_bytes()
    assert found.src.startswith("data:image/png;base64,")


def test_a_heavy_map_is_made_lighter_for_the_page(tmp_path):
    noise = np.random.default_rng(1).integers(90, 166, (900, 1200, 3), dtype=np.uint8)
    path = write(tmp_path / "heat.png", noise)
    assert path.stat().st_size > INLINE_PNG_BYTES
    found = inline(path)
    assert found.src.startswith("data:image/jpeg;base64,")
    assert (found.width, found.height) == (900, 675)


@pytest.mark.parametrize("content", [None, b"", b"no picture"])
def test_a_missing_or_broken_file_is_no_fault(tmp_path, content):
    path = tmp_path / "x.png"
    if content is not None:
        path.write_bytes(content)
    assert inline(path) is None
    assert thumbnail(path) == ""
    assert outline(path, 10, 10) == ""


def test_the_outline_follows_the_mask_at_the_size_of_the_picture(tmp_path):
    mask = np.zeros((50, 80), np.uint8)
    mask[10:30, 20:60] = 255
    path = outline(write(tmp_path / "m.png", mask), 160, 100)
    points = [tuple(map(float, p.split())) for p in path.strip("MZ").split("L")]
    xs, ys = zip(*points, strict=True)
    # First and last pixel centres of the mask (20..59 and 10..29), at twice the size.
    assert (min(xs), max(xs)) == (41.0, 119.0)
    assert (min(ys), max(ys)) == (21.0, 59.0)


def test_specks_have_no_outline(tmp_path):
    mask = np.zeros((500, 800), np.uint8)
    mask[5:12, 5:12] = 255
    assert outline(write(tmp_path / "m.png", mask), 800, 500) == ""
