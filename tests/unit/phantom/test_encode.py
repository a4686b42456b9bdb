import io
from datetime import datetime

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageOps

from dermadelta.phantom.camera import Camera
from dermadelta.phantom.encode import jpeg_bytes, mask_bytes
from dermadelta.phantom.icc import display_p3_profile

CAMERA = Camera(jpeg_quality=98, chroma_subsampling=0)
TAKEN = datetime(2026, 3, 9, 10, 30, 5)


def picture() -> np.ndarray:
    rgb = np.full((40, 60, 3), (180, 130, 110), dtype=np.uint8)
    rgb[:20, :30] = (90, 60, 50)
    return rgb


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_readers_turn_the_picture_upright(orientation):
    with Image.open(io.BytesIO(jpeg_bytes(picture(), CAMERA, orientation=orientation))) as image:
        stored = image.size
        upright = np.asarray(ImageOps.exif_transpose(image), dtype=int)
    assert stored == ((60, 40) if orientation in (1, 3) else (40, 60))
    assert np.abs(upright - picture()).mean() < 3


def test_exif_tells_when_and_by_what():
    with Image.open(io.BytesIO(jpeg_bytes(picture(), CAMERA, taken_at=TAKEN))) as image:
        exif = image.getexif()
    assert exif.get_ifd(0x8769)[0x9003] == "2026:03:09 10:30:05"
    assert exif[0x0110] == "phantom camera"
    with Image.open(io.BytesIO(jpeg_bytes(picture(), CAMERA))) as image:
        assert 0x9003 not in image.getexif().get_ifd(0x8769)


def test_display_p3_shows_the_same_colours_in_other_numbers():
    with Image.open(io.BytesIO(jpeg_bytes(picture(), CAMERA, display_p3=True))) as image:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(image.info["icc_profile"]))
        stored = np.asarray(image, dtype=int)
        shown = ImageCms.profileToProfile(image, profile, ImageCms.createProfile("sRGB"))
    assert ImageCms.getProfileDescription(profile).strip() == "Display P3"
    assert np.abs(stored - picture()).max() > 4
    assert np.abs(np.asarray(shown, dtype=int) - picture()).mean() < 2


def test_profile_announces_its_own_length():
    profile = display_p3_profile()
    assert int.from_bytes(profile[:4], "big") == len(profile)
    assert profile[36:40] == b"acsp"


def test_masks_survive():
    mask = picture()[..., 0] > 100
    with Image.open(io.BytesIO(mask_bytes(mask))) as image:
        assert image.mode == "L"
        assert np.array_equal(np.asarray(image) > 127, mask)
