"""EXIF of how a photograph was taken, on blocks written here."""

import pytest
from PIL import Image

from dermadelta.files.exif import Exif, parse_exif

CUSTOM_RENDERED, DIGITAL_ZOOM, FOCAL_35MM, LENS = 0xA401, 0xA404, 0xA405, 0xA434


def block(**inner):
    """A raw block whose inner tags are given by number as ``t41989=26``."""
    exif = Image.Exif()
    exif[0x010F], exif[0x0110] = "Apple", "iPhone 15 Pro"
    ifd = exif.get_ifd(0x8769)
    for name, value in inner.items():
        ifd[int(name[1:])] = value
    return exif.tobytes()


def read(tag, value):
    return parse_exif(block(**{f"t{tag}": value}))


def test_lens_focal_length_and_zoom_are_read():
    found = parse_exif(
        block(
            **{
                f"t{LENS}": "iPhone 15 Pro back camera 6.765mm f/1.78",
                f"t{FOCAL_35MM}": 26,
                f"t{DIGITAL_ZOOM}": 1.5,
            }
        )
    )
    assert found.camera == "Apple iPhone 15 Pro"
    assert found.lens == "iPhone 15 Pro back camera 6.765mm f/1.78"
    assert found.focal_35mm == 26.0
    assert found.digital_zoom == pytest.approx(1.5)
    assert not found.portrait_mode


def test_a_silent_file_says_nothing():
    assert parse_exif(None) == Exif()
    found = parse_exif(block())
    assert (found.lens, found.focal_35mm, found.digital_zoom) == ("", None, None)


@pytest.mark.parametrize(
    ("value", "portrait"), [(0, False), (1, False), (2, False), (7, True), (8, True)]
)
def test_portrait_mode_is_told_from_other_rendering(value, portrait):
    assert read(CUSTOM_RENDERED, value).portrait_mode is portrait


def test_zero_means_unknown_focal_length_and_no_digital_zoom():
    """CIPA DC-008: 0 is unknown for the one tag, and "not used" for the other."""
    assert read(FOCAL_35MM, 0).focal_35mm is None
    assert read(DIGITAL_ZOOM, 0.0).digital_zoom == 1.0


@pytest.mark.parametrize("value", ["wide", b"\x00\xff"])
def test_a_lens_length_in_words_is_none(value):
    assert read(FOCAL_35MM, value).focal_35mm is None
