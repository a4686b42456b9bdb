from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

import cv2
import numpy as np
import pytest

from dermadelta.domain import (
    CaptureMetadata,
    CheckVerdict,
    NotMeasured,
    Phase,
    Photo,
    PhotoRef,
    ToLinear,
)
from dermadelta.kernels.colour import srgb_decode
from dermadelta.stages.check import CheckConfig, check

CONFIG = CheckConfig()
SIDE = 512


def photo(rgb, *, taken=None, clip=250, visit=date(2026, 3, 4)) -> Photo:
    rgb = np.clip(np.round(rgb), 0, 255).astype(np.uint8)
    curve = np.tile(srgb_decode(np.arange(256) / 255).astype(np.float32), (3, 1))
    height, width = rgb.shape[:2]
    metadata = CaptureMetadata(width, height, 8, "JPEG", 1, "sRGB", "", "", taken)
    ref = PhotoRef("a", "a", "", "p", "s", visit, Phase.PRE, "cheek", "")
    return Photo(ref, rgb, ToLinear(curve, np.eye(3), "sRGB"), (rgb >= clip).any(axis=2), metadata)


def skin(*, level=150.0, contrast=12.0, blur=1.0, noise=1.0, seed=0, side=SIDE):
    """Skin-coloured texture with pores and hairs, of a known blur in pixels."""
    rng = np.random.default_rng(seed)
    fine = rng.normal(0, 1, (side, side)).astype(np.float32)
    texture = cv2.GaussianBlur(fine, (0, 0), 1.0) * 3.5 + cv2.GaussianBlur(fine, (0, 0), 6) * 8
    for _ in range(150):
        x, y, angle = rng.uniform(0, side), rng.uniform(0, side), rng.uniform(0, np.pi)
        end = (int(x + 40 * np.cos(angle)), int(y + 40 * np.sin(angle)))
        cv2.line(texture, (int(x), int(y)), end, -6.0, 1, cv2.LINE_AA)
    texture = cv2.GaussianBlur(texture, (0, 0), blur) * contrast
    colour = np.array([1.0, 0.78, 0.68], np.float32) * level
    rgb = colour + texture[..., None]
    return rgb + rng.normal(0, noise, rgb.shape)


def found(report, name):
    return next(item for item in report.checks if item.name == name)


def test_a_good_photograph_is_accepted_with_all_checks():
    report = check(photo(skin()), None, CONFIG)
    assert report.accepted
    assert report.reasons == ()
    assert [c.name for c in report.checks] == [
        "focus", "exposure", "clipping", "colour", "resolution", "date",
    ]  # fmt: skip
    assert all(c.remedy for c in report.checks)


# --------------------------------------------------------------------------------- focus


@pytest.mark.parametrize("noise", [0.5, 2.0, 4.0])
def test_focus_follows_the_known_blur_whatever_the_noise(noise):
    values = [
        found(check(photo(skin(blur=blur, noise=noise, contrast=20)), None, CONFIG), "focus").value
        for blur in (1.0, 2.0, 3.0, 4.0)
    ]
    assert values == sorted(values)
    for blur, value in zip((2.0, 3.0, 4.0), values[1:], strict=True):
        # The texture itself is already soft, so the reading lies a little above the blur.
        assert blur - 0.6 <= value <= blur + 1.2


def test_a_three_fold_defocus_is_rejected_with_a_remedy():
    sharp = skin(blur=1.2, noise=0.0)
    soft = cv2.GaussianBlur(sharp, (0, 0), 1.2 * np.sqrt(8.0))
    noise = np.random.default_rng(1).normal(0, 1.5, soft.shape)
    assert check(photo(sharp + noise), None, CONFIG).accepted
    report = check(photo(soft + noise), None, CONFIG)
    assert not report.accepted
    assert found(report, "focus").verdict is CheckVerdict.FAIL
    assert report.reasons[0].startswith("focus ")
    assert "≤ 2.7" in report.reasons[0]
    assert "tripod" in report.reasons[0]


@pytest.mark.parametrize("contrast", [0.0, 0.3])
def test_smooth_skin_says_nothing_about_focus_and_is_accepted(contrast):
    report = check(photo(skin(contrast=contrast, noise=1.5)), None, CONFIG)
    focus = found(report, "focus")
    assert isinstance(focus.value, NotMeasured)
    assert focus.verdict is CheckVerdict.NOT_APPLICABLE
    assert report.accepted


def test_contrast_and_exposure_do_not_move_focus():
    strong = found(check(photo(skin(contrast=14)), None, CONFIG), "focus").value
    weak = found(check(photo(skin(contrast=14) * 0.5), None, CONFIG), "focus").value
    assert weak == pytest.approx(strong, rel=0.1)


def test_focus_is_judged_around_the_region():
    sharp, soft = skin(blur=1.0, side=1024), skin(blur=5.0, side=1024)
    picture = np.where((np.arange(1024) < 512)[None, :, None], sharp, soft)
    left, right = np.zeros((2, 1024, 1024), bool)
    left[400:500, 100:200] = True
    right[400:500, 824:924] = True
    assert check(photo(picture), left, CONFIG).accepted
    assert not check(photo(picture), right, CONFIG).accepted
    # Without a region a soft background does no harm.
    assert check(photo(picture), None, CONFIG).accepted


def test_a_smooth_dark_lesion_is_judged_by_the_skin_around_it():
    picture = skin(side=1024)
    smooth = skin(level=20, contrast=0.2, side=1024)
    roi = np.zeros((1024, 1024), bool)
    roi[400:600, 400:600] = True
    report = check(photo(np.where(roi[..., None], smooth, picture)), roi, CONFIG)
    assert report.accepted, report.reasons
    assert isinstance(found(report, "focus").value, float)


@pytest.mark.parametrize("size", [1, 10])
def test_a_tiny_region_is_judged_by_its_surroundings(size):
    roi = np.zeros((SIDE, SIDE), bool)
    roi[:size, 100 : 100 + size] = True
    assert check(photo(skin()), roi, CONFIG).accepted


# ---------------------------------------------------------------------- exposure, clipping


def test_very_dark_skin_is_not_refused_for_being_dark():
    # L* 25 is the dark end of published skin; here with white exposed to 0.8.
    encoded = 255.0 * 0.199
    report = check(photo(skin(level=encoded, contrast=3)), np.ones((SIDE, SIDE), bool), CONFIG)
    assert 0.02 < found(report, "exposure").value < 0.04
    assert report.accepted


def test_a_black_picture_and_a_burnt_one_are_rejected():
    dark = check(photo(skin(level=12, contrast=1)), None, CONFIG)
    assert not dark.accepted
    assert "more light" in found(dark, "exposure").remedy
    bright = check(photo(np.full((SIDE, SIDE, 3), 252.0)), None, CONFIG)
    assert not bright.accepted
    assert "less light" in found(bright, "exposure").remedy


@pytest.mark.parametrize("background", [0, 255])
def test_a_black_or_white_background_is_no_fault(background):
    picture = skin()
    picture[:, :200] = background
    report = check(photo(picture), None, CONFIG)
    assert report.accepted, report.reasons


def test_clipping_counts_in_the_region_and_stricter_there():
    picture = skin()
    picture[:, :200] = 255
    roi = np.ones((SIDE, SIDE), bool)
    whole = found(check(photo(picture), None, CONFIG), "clipping")
    inside = found(check(photo(picture), roi, CONFIG), "clipping")
    assert whole.value == inside.value == pytest.approx(100 * 200 / 512, rel=0.02)
    assert whole.verdict is CheckVerdict.PASS
    assert inside.verdict is CheckVerdict.FAIL
    roi[:, :220] = False
    assert found(check(photo(picture), roi, CONFIG), "clipping").value == pytest.approx(0, abs=0.5)


def test_a_grey_photograph_saved_in_colour_is_rejected():
    grey = np.repeat(skin().mean(axis=2, keepdims=True), 3, axis=2)
    report = check(photo(grey), None, CONFIG)
    assert found(report, "colour").value == 0.0
    assert not report.accepted
    assert "colour" in report.reasons[0]
    assert found(check(photo(skin()), None, CONFIG), "colour").value > 10


# ------------------------------------------------------------------------ resolution, date


def test_a_thumbnail_is_rejected():
    report = check(photo(skin(side=300)), None, CONFIG)
    assert found(report, "resolution").value == 300.0
    assert not report.accepted
    assert "original" in report.reasons[-1]


@pytest.mark.parametrize(
    ("taken", "verdict", "value"),
    [
        (datetime(2026, 3, 4, 23, 59), CheckVerdict.PASS, 0.0),
        (datetime(2026, 3, 5, 0, 1), CheckVerdict.PASS, 1.0),
        (datetime(2026, 3, 2, 23, 59), CheckVerdict.FAIL, 2.0),
        (datetime(2025, 3, 4), CheckVerdict.FAIL, 365.0),
    ],
)
def test_a_date_that_disagrees_only_marks(taken, verdict, value):
    report = check(photo(skin(), taken=taken), None, CONFIG)
    dates = found(report, "date")
    assert (dates.verdict, dates.value) == (verdict, value)
    assert "2026-03-04" in dates.remedy
    assert report.accepted


def test_without_a_camera_date_the_check_does_not_apply():
    dates = found(check(photo(skin()), None, CONFIG), "date")
    assert isinstance(dates.value, NotMeasured)
    assert dates.verdict is CheckVerdict.NOT_APPLICABLE


def test_the_configuration_says_what_rejects():
    strict = CheckConfig(rejecting=("date",))
    wrong = photo(skin(side=300), taken=datetime(2020, 1, 1))
    report = check(wrong, None, strict)
    assert not report.accepted
    assert len(report.reasons) == 1
    assert report.reasons[0].startswith("date ")
    assert check(wrong, None, CheckConfig(rejecting=())).accepted


def test_sixteen_bits_are_judged_as_eight_are():
    eight = photo(skin())
    rgb = eight.rgb.astype(np.uint16) * 257
    codes = srgb_decode(np.arange(65536) / 65535).astype(np.float32)
    wide = replace(eight, rgb=rgb, to_linear=ToLinear(np.tile(codes, (3, 1)), np.eye(3), "sRGB"))
    for a, b in zip(
        check(eight, None, CONFIG).checks, check(wide, None, CONFIG).checks, strict=True
    ):
        assert a.verdict is b.verdict
        if isinstance(a.value, float):
            assert b.value == pytest.approx(a.value, rel=1e-3)
