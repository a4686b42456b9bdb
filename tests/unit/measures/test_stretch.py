"""Stretch marks of painted skin."""

from dataclasses import replace

import numpy as np
import pytest

from dermadelta.domain import NotMeasured, Read, Untreated
from dermadelta.measures.stretch import (
    Params,
    read_stretch_area_share,
    read_stretch_length,
    read_stretch_width,
)

PARAMS = Params()
WIDE_MM, HIGH_MM = 54.0, 42.0
READS = (read_stretch_width, read_stretch_length, read_stretch_area_share)
SKIN = np.array([0.42, 0.28, 0.21])
REDDER = np.array([-0.02, -0.12, -0.08])
"""ln RGB of a red mark above its skin: 4.3 EI."""

UNTREATED = Untreated(float(100.0 * np.log10(SKIN[0] / SKIN[1])), 1.0)


def marked(
    *,
    width_mm: float = 3.0,
    places: tuple[float, ...] = (-8.0, 0.0, 8.0),
    length_mm: float = 30.0,
    strength: float = 1.0,
    angle_deg: float = 20.0,
    mm_per_px: float = 0.1,
    mottling: float = 0.01,
    colour: np.ndarray = REDDER,
) -> np.ndarray:
    """Linear RGB of skin with straight parallel marks around its middle."""
    cols, rows = round(WIDE_MM / mm_per_px), round(HIGH_MM / mm_per_px)
    x = (np.arange(cols) + 0.5) * mm_per_px - 0.5 * WIDE_MM
    y = (np.arange(rows)[:, None] + 0.5) * mm_per_px - 0.5 * HIGH_MM
    cos, sin = np.cos(np.radians(angle_deg)), np.sin(np.radians(angle_deg))
    along, across = cos * x + sin * y, cos * y - sin * x
    inside = np.zeros((rows, cols))
    for place in places:
        away = np.maximum(np.abs(across - place) - 0.5 * width_mm, np.abs(along) - 0.5 * length_mm)
        inside += 1.0 / (1.0 + np.exp(np.clip(away / 0.12, -60.0, 60.0)))
    noise = mottling * np.random.default_rng(3).standard_normal((rows, cols, 3))
    return SKIN * np.exp(strength * inside[..., None] * colour + noise)


def value(read, view) -> float:
    found = read(view, PARAMS)
    assert isinstance(found, Read), found
    return found.value


def values(view) -> list[float]:
    return [value(read, view) for read in READS]


@pytest.mark.parametrize("angle_deg", [0.0, 20.0, 90.0, 135.0])
@pytest.mark.parametrize("width_mm", [2.0, 3.5])
def test_width_length_and_area(paint, angle_deg, width_mm):
    view = paint(marked(width_mm=width_mm, angle_deg=angle_deg), untreated=UNTREATED)
    width, length, share = values(view)
    assert width == pytest.approx(width_mm, rel=0.06)
    assert length == pytest.approx(90.0, rel=0.06)
    assert share == pytest.approx(100.0 * 90.0 * width_mm / (WIDE_MM * HIGH_MM), rel=0.08)


def test_pale_marks_are_marks_too(paint):
    view = paint(marked(colour=-REDDER), untreated=UNTREATED)
    width, length, _ = values(view)
    assert width == pytest.approx(3.0, rel=0.06)
    assert length == pytest.approx(90.0, rel=0.06)


def test_the_skin_between_red_marks_is_no_pale_mark(paint):
    """Marks and gaps of one width, with nothing to go by but the skin around."""
    places = (-8.0, -4.0, 0.0, 4.0, 8.0)
    nothing = NotMeasured("no reference skin")
    view = paint(marked(width_mm=2.0, places=places), untreated=nothing)
    found = read_stretch_area_share(view, PARAMS)
    assert isinstance(found, Read)
    rows, cols = found.outline.shape
    assert found.outline[rows // 2, cols // 2]
    up = 2.0 / 0.1
    turn = np.radians(20.0)
    assert not found.outline[
        round(rows / 2 + up * np.cos(turn)), round(cols / 2 - up * np.sin(turn))
    ]


def test_the_width_does_not_depend_on_the_contrast(paint):
    strong, faint = (
        paint(marked(strength=strength), untreated=UNTREATED) for strength in (1.3, 0.5)
    )
    for read in (read_stretch_width, read_stretch_length):
        assert value(read, faint) == pytest.approx(value(read, strong), rel=0.04)


def test_a_narrowing_is_seen(paint):
    before, after = (paint(marked(width_mm=width), untreated=UNTREATED) for width in (3.0, 2.4))
    ratios = [value(read, after) / value(read, before) for read in READS]
    assert ratios == pytest.approx([0.8, 1.0, 0.8], abs=0.05)


def test_a_gain_of_the_light_changes_nothing(paint):
    rgb = marked()
    first, second = (paint(gain * rgb, untreated=UNTREATED) for gain in (1.0, 0.7))
    assert values(second) == pytest.approx(values(first), rel=1e-3)


@pytest.mark.parametrize(
    "rgb",
    [
        marked(strength=0.0),
        marked(strength=0.0, mottling=0.03),
        marked(length_mm=6.0, width_mm=3.0),
        marked(width_mm=6.0, length_mm=6.0, places=(0.0,), strength=3.0),
        marked(width_mm=0.3),
        marked(width_mm=40.0, places=(22.0,)),
        marked(colour=np.array([-0.12, -0.10, -0.08])),
    ],
    ids=["bare", "noisy", "short", "a round scar", "hairs", "an edge", "shadows"],
)
def test_what_is_no_stretch_mark(paint, rgb):
    view = paint(rgb, untreated=UNTREATED)
    for read in READS:
        found = read(view, PARAMS)
        assert isinstance(found, NotMeasured), found.value
        assert "no stretch marks were found in the region" in found.reason


@pytest.mark.parametrize("radius_mm", [9.0, 14.0, 18.0])
def test_the_rim_of_a_round_red_area_is_no_mark(paint, radius_mm):
    """Darkest at its rim, so that pieces of that stand out of what is inside a little."""
    y, x = np.mgrid[: round(HIGH_MM / 0.1), : round(WIDE_MM / 0.1)]
    away = np.hypot((x + 0.5) * 0.1 - 0.5 * WIDE_MM, (y + 0.5) * 0.1 - 0.5 * HIGH_MM)
    inside = 1.0 / (1.0 + np.exp(np.clip((away - radius_mm) / 0.12, -60.0, 60.0)))
    rim = inside * (1.0 + 0.4 * np.exp(-0.5 * ((away - radius_mm + 1.5) / 0.8) ** 2))
    view = paint(marked(strength=0.0) * np.exp(rim[..., None] * REDDER), untreated=UNTREATED)
    loose = Params(even=0.0, straight=0.01)
    assert isinstance(read_stretch_length(view, loose), Read)
    for read in READS:
        found = read(view, PARAMS)
        assert isinstance(found, NotMeasured), found.value


def test_only_what_lies_in_the_region_counts(paint):
    rgb = marked(angle_deg=0.0)
    mask = np.zeros(rgb.shape[:2], dtype=bool)
    mask[60:360, 120:270] = True  # from the left of the middle to the middle
    view = paint(rgb, mask=mask, skin=np.ones_like(mask), untreated=UNTREATED)
    width, length, share = values(view)
    assert width == pytest.approx(3.0, rel=0.06)
    assert length == pytest.approx(3.0 * 15.0, rel=0.03)
    assert share == pytest.approx(100.0 * 9.0 / 30.0, rel=0.08)
    assert not read_stretch_area_share(view, PARAMS).outline[~mask].any()


def test_tiles_make_the_value_again(paint):
    view = paint(marked(), untreated=UNTREATED)
    for read in READS:
        found = read(view, PARAMS)
        tiles = found.tiles
        made = float(tiles.weight @ tiles.value / tiles.weight.sum())
        if tiles.combine == "sum":
            made = float(tiles.value.sum())
        assert made == pytest.approx(found.value, rel=1e-9)
        assert found.own_rel_sd > 0.0


def test_the_marks_of_the_length_lie_on_the_middle_lines(paint):
    view = paint(marked(angle_deg=0.0), untreated=UNTREATED)
    points = read_stretch_length(view, PARAMS).marks
    y_mm = (points[:, 1] + 0.5) * 0.1 - 0.5 * HIGH_MM
    assert np.abs(y_mm[:, None] - np.array([-8.0, 0.0, 8.0])).min(axis=1).max() < 0.4
    assert np.median(points[:, 2]) == pytest.approx(30.0, rel=0.06)


def test_a_photo_from_far_away_is_too_coarse(paint):
    rgb = marked(mm_per_px=0.1)[::15, ::15]
    found = read_stretch_width(paint(rgb, 1.5), PARAMS)
    assert isinstance(found, NotMeasured)
    assert "coarse" in found.reason


def test_marks_like_the_skin_between_are_not_guessed(paint):
    """Half of the skin red, half pale, and the middle of both as what bare skin looks like."""
    places = tuple(np.arange(-20.0, 21.0, 4.0))
    rgb = marked(width_mm=2.0, places=places, length_mm=200.0, angle_deg=0.0, mottling=0.0)
    index = 100.0 * np.log10(rgb[..., 0] / rgb[..., 1])
    middle = 0.5 * float(index.max() + index.min())
    view = paint(rgb, untreated=Untreated(middle, 1.0))
    found = read_stretch_width(view, Params(undecided=0.2))
    assert isinstance(found, NotMeasured)
    assert "cannot be told" in found.reason
    assert isinstance(read_stretch_width(replace(view, untreated=UNTREATED), PARAMS), Read)
