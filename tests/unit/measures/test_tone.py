"""Tone and its evenness on painted skin."""

import numpy as np
import pytest

from dermadelta import measures
from dermadelta.domain import Need, NotMeasured, Read
from dermadelta.kernels.colour import lab_to_linear, linear_to_lab
from dermadelta.kernels.colour_difference import ciede2000
from dermadelta.kernels.pigments import BASE_OD, HAEMOGLOBIN, MELANIN
from dermadelta.measures.tone import (
    Params,
    read_evenness_melanin,
    read_evenness_redness,
    read_ita,
    read_tone_evenness,
)

PARAMS = Params()
SKIN = np.array([0.42, 0.26, 0.20])
EVENNESS = (read_tone_evenness, read_evenness_redness, read_evenness_melanin)


def value(read, view, params=PARAMS) -> float:
    found = read(view, params)
    assert isinstance(found, Read), found
    return found.value


def axes(mm: float, mm_per_px: float) -> tuple[np.ndarray, np.ndarray]:
    at = (np.arange(round(mm / mm_per_px)) + 0.5) * mm_per_px
    return at[None, :], at[:, None]


def wave(length_mm: float, mm_per_px: float, mm: float = 30.0) -> np.ndarray:
    """A chequered wave of amplitude 1, SD 1/2."""
    x, y = axes(mm, mm_per_px)
    return np.sin(2 * np.pi * x / length_mm) * np.sin(2 * np.pi * y / length_mm)


def transmission(length_mm: float) -> float:
    """Of the band between 1 and 10 mm for a chequered wave (Gaussians of σ = 0.1874 λ)."""

    def passed(cut: float) -> float:
        along = np.exp(-2.0 * (np.pi * 0.1874 * cut / length_mm) ** 2)
        return float(along**2)

    return passed(1.0) - passed(10.0)


@pytest.mark.parametrize("lab", [(70.0, 8.0, 15.0), (45.0, 12.0, 18.0), (30.0, 8.0, 10.0)])
def test_the_angle_is_that_of_the_colour(paint, lab):
    view = paint(np.tile(lab_to_linear(lab), (100, 100, 1)))
    expected = np.degrees(np.arctan2(lab[0] - 50.0, lab[2]))
    assert value(read_ita, view) == pytest.approx(expected, abs=0.01)


def test_the_angle_is_of_medians(paint):
    rgb = np.tile(lab_to_linear((65.0, 9.0, 16.0)), (100, 100, 1))
    rgb[:40] = lab_to_linear((30.0, 20.0, 25.0))
    expected = np.degrees(np.arctan2(15.0, 16.0))
    found = read_ita(paint(rgb), PARAMS)
    assert found.value == pytest.approx(expected, abs=0.01)
    mean = found.tiles.weight @ found.tiles.value / found.tiles.weight.sum()
    assert mean == pytest.approx(found.value, abs=1e-9)


def test_the_angle_needs_a_target():
    assert measures.by_name("ita").needs == {Need.COLOUR_TARGET}
    assert measures.by_name("ita").better == "neither"


@pytest.mark.parametrize("mm_per_px", [0.1, 0.06])
@pytest.mark.parametrize("length_mm", [2.5, 4.0, 7.0])
def test_redness_that_waves_is_as_uneven_as_it_is(paint, length_mm, mm_per_px):
    ei = 2.0 * wave(length_mm, mm_per_px)
    rgb = SKIN * np.ones((*ei.shape, 1))
    rgb[..., 1] *= 10.0 ** (-ei / 100.0)
    expected = 2.0 * 0.5 * transmission(length_mm)
    found = value(read_evenness_redness, paint(rgb, mm_per_px))
    assert found == pytest.approx(expected, rel=0.05)


@pytest.mark.parametrize("length_mm", [2.5, 4.0])
def test_melanin_that_waves(paint, length_mm):
    amount = 0.3 + 0.03 * wave(length_mm, 0.1)
    rgb = np.exp(-(BASE_OD + amount[..., None] * MELANIN + 0.1 * HAEMOGLOBIN + 0.2))
    view = paint(rgb)
    expected = 0.03 * 0.5 * transmission(length_mm)
    assert value(read_evenness_melanin, view) == pytest.approx(expected, rel=0.05)


@pytest.mark.parametrize("amplitude", [0.02, 0.05])
def test_the_colour_difference_is_that_of_the_wave(paint, amplitude):
    tint = amplitude * np.array([0.3, 1.0, 0.8])
    # Two waves, so that squares do not meet the same phases again and again.
    waves = {length: wave(length, 0.1, mm=41.0)[..., None] for length in (3.7, 5.3)}
    view = paint(SKIN * np.exp(tint * sum(waves.values())))
    passed = SKIN * np.exp(tint * sum(transmission(k) * w for k, w in waves.items()))
    lab = linear_to_lab(passed)
    expected = np.median(ciede2000(lab, np.median(lab, axis=(0, 1))))
    assert value(read_tone_evenness, view) == pytest.approx(expected, rel=0.06)


@pytest.mark.parametrize("read", EVENNESS)
@pytest.mark.parametrize("length_mm", [0.45, 40.0])
def test_what_is_finer_or_longer_than_the_band_drops_out(paint, read, length_mm):
    """Against a wave in the middle of the band; the finest is relief, the longest shading."""

    def view(length):
        field = 0.05 * wave(length, 0.05, mm=40.0)[..., None] * [0.2, 1.0, 0.9]
        return paint(SKIN * np.exp(field), 0.05)

    assert value(read, view(length_mm)) < 0.2 * value(read, view(3.0))


@pytest.mark.parametrize("read", EVENNESS)
def test_a_gradient_of_the_light_is_no_unevenness(paint, read):
    x, y = axes(30.0, 0.1)
    field = 0.04 * wave(4.0, 0.1)[..., None] * [0.3, 1.0, 0.8]
    lamp = np.exp(0.5 * (x - 15.0) / 30.0 + 0.3 * (y / 30.0) ** 2)[..., None]
    rgb = SKIN * np.exp(field)
    expected = value(read, paint(rgb))
    assert value(read, paint(rgb * lamp)) == pytest.approx(expected, rel=0.02)


@pytest.mark.parametrize("read", [read_evenness_redness, read_evenness_melanin])
def test_white_balance_and_exposure_drop_out(paint, read):
    rgb = SKIN * np.exp(0.04 * wave(4.0, 0.1)[..., None] * [0.3, 1.0, 0.8])
    expected = value(read, paint(rgb))
    assert value(read, paint(0.7 * rgb * [1.12, 1.0, 0.9])) == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("read", EVENNESS)
def test_pixels_that_are_no_skin_leave_no_trace(paint, read):
    field = 0.04 * wave(4.0, 0.1)[..., None] * [0.3, 1.0, 0.8]
    rgb = SKIN * np.exp(field)
    mask = np.ones(rgb.shape[:2], dtype=bool)
    mask[100:112] = False
    spoilt = rgb.copy()
    spoilt[~mask] = 0.9
    expected = value(read, paint(rgb))
    assert value(read, paint(spoilt, mask=mask)) == pytest.approx(expected, rel=0.05)


@pytest.mark.parametrize("read", EVENNESS)
def test_tiles_make_the_value_again(paint, read):
    field = 0.04 * (wave(4.0, 0.1) + wave(7.0, 0.1))[..., None] * [0.3, 1.0, 0.8]
    found = read(paint(SKIN * np.exp(field)), PARAMS)
    tiles = found.tiles
    mean = tiles.weight @ tiles.value / tiles.weight.sum()
    again = np.sqrt(mean) if tiles.combine == "rms" else mean
    assert again == pytest.approx(found.value, rel=1e-9)


@pytest.mark.parametrize("read", EVENNESS)
def test_paper_is_no_skin(paint, read):
    assert isinstance(read(paint(np.full((200, 200, 3), 0.4)), PARAMS), NotMeasured)


@pytest.mark.parametrize("read", EVENNESS)
def test_a_photo_from_far_away_is_too_coarse(paint, read):
    rgb = SKIN * np.exp(0.04 * wave(8.0, 0.7, mm=60.0))[..., None]
    found = read(paint(rgb, 0.7), PARAMS)
    assert isinstance(found, NotMeasured)
    assert "coarse" in found.reason


def test_a_band_without_width_is_refused():
    with pytest.raises(ValueError, match="below"):
        Params(shortest_mm=5.0, longest_mm=5.0)
