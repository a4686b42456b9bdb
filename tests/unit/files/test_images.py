from __future__ import annotations

import contextlib
import io
import struct
from datetime import datetime
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image, ImageOps

from dermadelta.errors import (
    MaskError,
    OversizedPhoto,
    PhotoError,
    UnreadablePhoto,
    UnsupportedPhoto,
)
from dermadelta.files.images import hash_file, read_header, read_image, read_mask, upright

DATA = Path(__file__).parents[2] / "data"
LIMIT = 200_000_000


def read(path):
    return read_image(str(path), max_pixels=LIMIT)


def refusal(path) -> PhotoError:
    with pytest.raises(PhotoError) as caught:
        read(path)
    error = caught.value
    assert error.file == Path(path).name
    assert error.cause
    assert error.remedy.endswith(".")
    return error


# ------------------------------------------------------------------------- what is read


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.webp"])
def test_lossless_formats_keep_every_pixel(save, quarters, name):
    options = {"lossless": True} if name.endswith("webp") else {}
    image = read(save(name, **options))
    np.testing.assert_array_equal(image.pixels, quarters)
    assert (image.header.width, image.header.height, image.header.bits) == (64, 48, 8)


@pytest.mark.parametrize("name", ["a.jpg", "a.avif"])
def test_lossy_formats_come_close(save, quarters, name):
    pixels = read(save(name, quality=95)).pixels
    assert pixels.dtype == np.uint8
    assert np.abs(pixels[8:16, 8:24].astype(int) - quarters[8:16, 8:24]).max() <= 6


def test_the_format_is_told_by_content_not_by_name(save, tmp_path):
    path = Path(save("a.png")).rename(tmp_path / "a.jpg")
    assert read(path).header.format == "PNG"


@pytest.mark.parametrize("name", ["a.png", "a.tif", "lzw.tif"])
def test_sixteen_bits_are_kept(tmp_path, name):
    pixels = np.random.default_rng(5).integers(0, 65536, (20, 30, 3)).astype(np.uint16)
    path = tmp_path / name
    if name == "a.tif":
        tifffile.imwrite(path, pixels, photometric="rgb")
    else:
        cv2.imwrite(str(path), pixels[..., ::-1])
    image = read(path)
    assert image.pixels.dtype == np.uint16
    np.testing.assert_array_equal(image.pixels, pixels)
    assert image.header.bits == 16


def test_a_tiff_with_planes_apart_is_read(tmp_path, quarters):
    planes = np.moveaxis(quarters, -1, 0)
    tifffile.imwrite(tmp_path / "p.tif", planes, photometric="rgb", planarconfig="separate")
    np.testing.assert_array_equal(read(tmp_path / "p.tif").pixels, quarters)


@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_adobe_deflate", "packbits"])
@pytest.mark.parametrize("orientation", [1, 6])
def test_compressed_tiffs_are_read_as_stored(save, quarters, compression, orientation):
    tags = {274: orientation}
    image = read(save("c.tif", compression=compression, tiffinfo=tags))
    np.testing.assert_array_equal(image.pixels, quarters)
    assert image.header.orientation == orientation


def test_a_multi_picture_jpeg_is_a_jpeg(save, quarters):
    path = save("a.mpo", append_images=[Image.fromarray(quarters)], save_all=True, quality=95)
    assert read(path).header.format == "JPEG"
    assert read(path).pixels.shape == (48, 64, 3)


def test_heic_is_turned_by_its_container_alone():
    plain, turned = read(DATA / "plain.heic"), read(DATA / "turned.heic")
    assert plain.pixels.shape == (48, 64, 3)
    assert turned.pixels.shape == (64, 48, 3)
    assert plain.header.orientation == turned.header.orientation == 1
    assert np.abs(plain.pixels[4, 4].astype(int) - (200, 40, 40)).max() <= 4
    # A quarter turn clockwise: what was at the lower left is now at the upper left.
    difference = turned.pixels.astype(int) - np.rot90(plain.pixels, -1)
    assert (
        np.abs(difference).max() <= 60
    )  # at the borders: chroma is upsampled before or after the turn
    assert np.abs(difference).mean() < 1
    assert plain.header.camera == "Phantom P1"
    assert plain.header.captured_at == datetime(2026, 3, 4, 10, 11, 12)


def test_ten_bits_of_heic_fill_sixteen():
    image = read(DATA / "ten_bit.heic")
    assert image.pixels.dtype == np.uint16
    assert np.abs(image.pixels[4, 4] / 257.0 - (200, 40, 40)).max() <= 4


def test_opaque_alpha_is_dropped_and_any_other_refused(save, quarters):
    alpha = np.full((48, 64, 1), 255, np.uint8)
    path = save("a.png", np.dstack([quarters, alpha]))
    np.testing.assert_array_equal(read(path).pixels, quarters)
    alpha[10, 10] = 254
    error = refusal(save("b.png", np.dstack([quarters, alpha])))
    assert isinstance(error, UnsupportedPhoto)
    assert "transparent" in error.cause


# ------------------------------------------------------------------------------- EXIF


def test_the_header_tells_camera_time_and_hash(save):
    exif = Image.Exif()
    exif[0x010F], exif[0x0110], exif[0x0131] = "Canon", "Canon EOS R5", "Editor 3"
    exif[0x0132] = "2026:05:01 00:00:00"
    inner = exif.get_ifd(0x8769)
    inner[0x9003], inner[0x9291] = "2026:04:03 09:08:07", "25"
    path = save("a.jpg", exif=exif)
    header = read_header(path)
    assert header.camera == "Canon EOS R5"
    assert header.software == "Editor 3"
    assert header.captured_at == datetime(2026, 4, 3, 9, 8, 7, 250_000)
    assert header.sha256 == hash_file(path)
    assert (header.width, header.height, header.format) == (64, 48, "JPEG")


def test_the_date_of_the_file_stands_in_for_a_missing_capture_date(save):
    exif = Image.Exif()
    exif[0x0132] = "2026:05:01 01:02:03"
    assert read_header(save("a.jpg", exif=exif)).captured_at == datetime(2026, 5, 1, 1, 2, 3)


@pytest.mark.parametrize("text", ["0000:00:00 00:00:00", "    :  :     :  :  ", "nonsense"])
def test_an_impossible_capture_date_counts_as_none(save, text):
    exif = Image.Exif()
    exif[0x0132] = text
    assert read_header(save("a.jpg", exif=exif)).captured_at is None


def test_a_damaged_exif_block_is_no_fault_of_the_photograph(save):
    assert read(save("a.jpg", exif=b"Exif\0\0II*\0\xff\xff\xff\xff")).header.orientation == 1


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.tif", "a.webp"])
def test_all_eight_orientations_agree_with_pillow(save, orientation, name):
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"lossless": True} if name.endswith("webp") else {}
    path = save(name, exif=exif, **options)
    image = read(path)
    assert image.header.orientation == orientation
    # A TIFF is turned by Pillow itself while it loads, so ask for the pixels only.
    with Image.open(path) as picture:
        expected = np.asarray(ImageOps.exif_transpose(picture).convert("RGB"))
    turned = upright(image.pixels, orientation)
    assert turned.shape == expected.shape
    assert np.abs(turned.astype(int) - expected).max() <= 3


# -------------------------------------------------------------------------- bad files


def test_a_missing_file_is_named_with_a_remedy(tmp_path):
    error = refusal(tmp_path / "gone.jpg")
    assert isinstance(error, UnreadablePhoto)
    assert "does not exist" in error.cause


def test_an_empty_file(tmp_path):
    (tmp_path / "a.jpg").write_bytes(b"")
    assert "empty" in refusal(tmp_path / "a.jpg").cause


def test_a_text_file_named_jpg(tmp_path):
    (tmp_path / "a.jpg").write_text("no picture at all, honestly", encoding="utf-8")
    error = refusal(tmp_path / "a.jpg")
    assert isinstance(error, UnreadablePhoto)
    assert "text" in error.cause


def test_a_folder_named_jpg(tmp_path):
    (tmp_path / "a.jpg").mkdir()
    assert isinstance(refusal(tmp_path / "a.jpg"), UnreadablePhoto)


def test_a_file_that_may_not_be_read(save, monkeypatch):
    path = save("a.jpg")

    def refuse(self):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    error = refusal(path)
    assert isinstance(error, UnreadablePhoto)
    assert "permission" in error.cause
    assert hash_file(path + "-not-there") == ""


@pytest.mark.parametrize("share", [0.02, 0.5, 0.9])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP", "AVIF"])
def test_a_truncated_file_is_refused(encoded, tmp_path, kind, share):
    data = encoded(kind)
    path = tmp_path / "a.jpg"
    path.write_bytes(data[: max(12, int(len(data) * share))])
    assert isinstance(refusal(path), UnreadablePhoto)


def test_a_progressive_jpeg_cut_off_near_its_end_is_refused(tmp_path):
    noise = np.random.default_rng(2).integers(0, 255, (64, 64, 3)).astype(np.uint8)
    stream = io.BytesIO()
    Image.fromarray(noise).save(stream, "JPEG", progressive=True, quality=95)
    (tmp_path / "a.jpg").write_bytes(stream.getvalue()[:-200])
    assert isinstance(refusal(tmp_path / "a.jpg"), UnreadablePhoto)


def test_a_truncated_sixteen_bit_png_is_refused(tmp_path):
    pixels = np.random.default_rng(5).integers(0, 65536, (20, 30, 3)).astype(np.uint16)
    cv2.imwrite(str(tmp_path / "a.png"), pixels)
    data = (tmp_path / "a.png").read_bytes()
    (tmp_path / "b.png").write_bytes(data[: len(data) // 2])
    assert isinstance(refusal(tmp_path / "b.png"), UnreadablePhoto)


@pytest.mark.parametrize("share", [0.05, 0.5, 0.95])
def test_a_truncated_heic_is_refused(tmp_path, share):
    data = (DATA / "plain.heic").read_bytes()
    (tmp_path / "a.heic").write_bytes(data[: int(len(data) * share)])
    assert isinstance(refusal(tmp_path / "a.heic"), UnreadablePhoto)


@pytest.mark.parametrize("kind", ["png", "jpg", "tif", "webp", "heic", "avif"])
def test_a_huge_header_is_refused_before_anything_is_decoded(tmp_path, huge_headers, kind):
    path = tmp_path / f"a.{kind}"
    path.write_bytes(huge_headers[kind])
    assert path.stat().st_size < 1000
    error = refusal(path)
    assert isinstance(error, OversizedPhoto)
    assert "16383 × 16383" in error.cause if kind == "webp" else "30000 × 30000" in error.cause


def test_the_limit_is_the_callers_and_pillows_own_stays_as_it_was(save):
    before = Image.MAX_IMAGE_PIXELS
    path = save("a.png")
    with pytest.raises(OversizedPhoto):
        read_image(path, max_pixels=48 * 64 - 1)
    assert read_image(path, max_pixels=48 * 64).pixels.shape == (48, 64, 3)
    assert before == Image.MAX_IMAGE_PIXELS


@pytest.mark.parametrize("kind", ["webp", "heic", "avif"])
def test_beyond_a_decoders_own_limit_the_reason_is_said(tmp_path, huge_headers, kind):
    path = tmp_path / f"a.{kind}"
    path.write_bytes(huge_headers[kind])
    with pytest.raises(UnsupportedPhoto, match="million pixels"):
        read_image(str(path), max_pixels=10**10)


def test_a_header_without_pixels_is_refused(tmp_path, huge_headers):
    data = huge_headers["png"].replace(struct.pack(">II", 30_000, 30_000), struct.pack(">II", 0, 9))
    (tmp_path / "a.png").write_bytes(data)
    assert isinstance(refusal(tmp_path / "a.png"), UnreadablePhoto)


@pytest.mark.parametrize(
    ("name", "mode", "word"),
    [
        ("a.jpg", "L", "grey"),
        ("a.jpg", "CMYK", "CMYK"),
        ("a.png", "L", "grey"),
        ("a.png", "P", "palette"),
        ("a.gif", "P", "palette"),
        ("a.tif", "CMYK", "CMYK"),
        ("a.tif", "L", "grey"),
        ("a.tif", "P", "palette"),
        ("a.tif", "LAB", "colour space"),
        ("a.bmp", None, "BMP"),
        ("a.jp2", None, "JPEG 2000"),
    ],
)
def test_what_holds_no_measurable_colour_is_refused(save, name, mode, word):
    error = refusal(save(name, mode=mode))
    assert isinstance(error, UnsupportedPhoto)
    assert word in error.cause


@pytest.mark.parametrize(("name", "word"), [("grey.heic", "grey"), ("alpha.heic", "transparent")])
def test_heic_without_measurable_colour_is_refused(name, word):
    assert word in refusal(DATA / name).cause


@pytest.mark.parametrize("name", ["a.gif", "a.webp", "a.png", "a.tif", "a.avif"])
def test_several_pictures_in_one_file_are_refused(save, quarters, name):
    others = [Image.fromarray(255 - quarters)]
    assert isinstance(refusal(save(name, save_all=True, append_images=others)), UnsupportedPhoto)


def test_float_tiffs_are_refused(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((9, 9, 3), np.float32), photometric="rgb")
    assert isinstance(refusal(tmp_path / "a.tif"), UnsupportedPhoto)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP", "AVIF", "GIF"])
def test_flipped_bytes_give_pixels_or_a_photo_error(encoded, tmp_path, kind):
    data = encoded(kind)
    rng = np.random.default_rng(11)
    for n in range(60):
        broken = bytearray(data)
        for at in rng.integers(0, len(data), 4):
            broken[at] = int(rng.integers(0, 256))
        path = tmp_path / f"{n}.jpg"
        path.write_bytes(bytes(broken))
        with contextlib.suppress(PhotoError):
            read_image(str(path), max_pixels=10_000_000)


# ------------------------------------------------------------------------------- masks


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA"])
@pytest.mark.parametrize("name", ["m.png", "m.tif"])
def test_masks_of_every_kind_are_true_where_not_zero(tmp_path, mode, name):
    expected = np.zeros((40, 30), bool)
    expected[5:20, 3:9] = True
    picture = Image.fromarray(np.where(expected, 255, 0).astype(np.uint8)).convert(mode)
    picture.save(tmp_path / name)
    mask = read_mask(str(tmp_path / name), allowed=[(40, 30)])
    assert mask.dtype == np.bool_
    np.testing.assert_array_equal(mask, expected)


@pytest.mark.parametrize("name", ["m.png", "m.tif"])
def test_sixteen_bit_masks(tmp_path, name):
    values = np.zeros((40, 30), np.uint16)
    values[5:20, 3:9] = 1
    cv2.imwrite(str(tmp_path / name), values)
    np.testing.assert_array_equal(read_mask(str(tmp_path / name), allowed=[(40, 30)]), values > 0)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP", "GIF"])
def test_a_truncated_mask_is_a_mask_error(encoded, tmp_path, kind):
    data = encoded(kind)
    (tmp_path / "m").write_bytes(data[: len(data) // 2])
    with pytest.raises(MaskError):
        read_mask(str(tmp_path / "m"), allowed=[(48, 64)])


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["m.png", "m.tif"])
def test_a_mask_is_turned_by_its_own_tag_once(tmp_path, name, orientation):
    stored = np.zeros((40, 30), np.uint8)
    stored[5:20, 3:9] = 255
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(stored).save(tmp_path / name, exif=exif)
    expected = upright(stored, orientation) > 0
    mask = read_mask(str(tmp_path / name), allowed=[expected.shape])
    np.testing.assert_array_equal(mask, expected)


def test_transparent_pixels_are_outside(tmp_path):
    pixels = np.full((40, 30, 4), 255, np.uint8)
    pixels[:10, :, 3] = 0
    Image.fromarray(pixels).save(tmp_path / "m.png")
    mask = read_mask(str(tmp_path / "m.png"), allowed=[(40, 30)])
    np.testing.assert_array_equal(mask, pixels[..., 3] > 0)


def test_a_faint_mask_counts_and_a_jpeg_masks_ringing_does_not(tmp_path):
    values = np.zeros((40, 30), np.uint8)
    values[10:20, 10:20] = 1
    Image.fromarray(values).save(tmp_path / "m.png")
    assert read_mask(str(tmp_path / "m.png"), allowed=[(40, 30)]).sum() == 100
    Image.fromarray(values * 255).save(tmp_path / "m.jpg", quality=60)
    np.testing.assert_array_equal(
        read_mask(str(tmp_path / "m.jpg"), allowed=[(40, 30)]), values > 0
    )


def test_a_mask_of_another_size_names_both_sizes(save):
    with pytest.raises(MaskError) as caught:
        read_mask(save("m.png"), allowed=[(10, 20)])
    assert "64 × 48" in str(caught.value)
    assert "20 × 10" in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"text", b"\x89PNG\r\n\x1a\n"])
def test_a_damaged_mask_is_a_mask_error(tmp_path, content):
    (tmp_path / "m.png").write_bytes(content)
    with pytest.raises(MaskError):
        read_mask(str(tmp_path / "m.png"), allowed=[(10, 20)])
