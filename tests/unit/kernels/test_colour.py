import numpy as np
import pytest

from dermadelta.kernels.colour import (
    D65_WHITE,
    SRGB_TO_XYZ,
    TINY,
    erythema_index,
    individual_typology_angle,
    lab_to_linear,
    linear_to_lab,
    linearise,
    log_luminance,
    luminance,
    srgb_decode,
    srgb_encode,
)


def test_matrix_is_that_of_the_srgb_primaries():
    # From the chromaticities of IEC 61966-2-1 and the white (0.3127, 0.3290), in its own steps.
    x, y = np.array([0.64, 0.30, 0.15]), np.array([0.33, 0.60, 0.06])
    primaries = np.stack([x / y, np.ones(3), (1 - x - y) / y])
    white = np.array([0.3127 / 0.3290, 1.0, (1 - 0.3127 - 0.3290) / 0.3290])
    expected = primaries * np.linalg.solve(primaries, white)
    assert pytest.approx(expected, abs=1e-12) == SRGB_TO_XYZ
    assert pytest.approx([0.95046, 1.0, 1.08906], abs=1e-4) == D65_WHITE


@pytest.mark.parametrize(
    ("encoded", "linear"),
    [
        (0.0, 0.0),
        (10 / 255, 0.0030352698),  # straight part
        (11 / 255, 0.0033465358),  # first code of the power law
        (0.5, 0.2140411405),
        (188 / 255, 0.5028864580),
        (1.0, 1.0),
    ],
)
def test_srgb_curve(encoded, linear):
    # IEC 61966-2-1: code 188 is the usual example of half the light.
    assert float(srgb_decode(encoded)) == pytest.approx(linear, abs=1e-9)
    assert float(srgb_encode(linear)) == pytest.approx(encoded, abs=1e-9)


def test_srgb_curve_has_no_step_and_rises():
    around = np.array([0.04045 - 1e-7, 0.04045 + 1e-7])
    assert np.diff(srgb_decode(around))[0] == pytest.approx(0.0, abs=1e-6)
    assert (np.diff(srgb_decode(np.linspace(0, 1, 4096))) > 0).all()


def test_encoding_clips_what_no_screen_shows():
    assert srgb_encode([-0.2, 1.7]) == pytest.approx([0.0, 1.0], abs=1e-12)


@pytest.mark.parametrize(
    ("rgb", "lab"),
    [
        # B. Lindbloom's CIE colour calculator, sRGB, D65, to the digits given there.
        ((1.0, 0.0, 0.0), (53.2408, 80.0925, 67.2032)),
        ((0.0, 1.0, 0.0), (87.7347, -86.1827, 83.1793)),
        ((0.0, 0.0, 1.0), (32.2970, 79.1875, -107.8602)),
        ((1.0, 1.0, 1.0), (100.0, 0.0, 0.0)),
        ((0.0, 0.0, 0.0), (0.0, 0.0, 0.0)),
        ((0.18, 0.18, 0.18), (49.4961, 0.0, 0.0)),  # 116 * 0.18**(1/3) - 16
    ],
)
def test_lab_of_known_colours(rgb, lab):
    assert linear_to_lab(rgb) == pytest.approx(lab, abs=0.02)
    assert lab_to_linear(lab) == pytest.approx(rgb, abs=5e-4)


@pytest.mark.parametrize(
    ("code", "lab"),
    [
        # colour-science 0.4.7, sRGB with derived matrices, white (0.3127, 0.3290).
        ((115, 82, 68), (38.01621, 11.79475, 13.66386)),
        ((194, 150, 130), (65.66661, 13.67189, 16.89791)),
        ((228, 196, 174), (81.30852, 7.98616, 15.23962)),
        ((196, 118, 100), (57.66904, 28.63294, 22.95494)),
        ((66, 42, 36), (19.80881, 10.28689, 8.46598)),
        ((1, 2, 3), (0.50984, -0.12238, -0.47059)),
        ((250, 128, 114), (67.26215, 45.22245, 29.09216)),
        ((0, 255, 255), (91.11475, -48.07889, -14.12899)),
        ((12, 34, 200), (27.82323, 55.85684, -83.80785)),
    ],
)
def test_lab_as_colour_science_has_it(code, lab):
    linear = srgb_decode(np.array(code) / 255.0)
    assert linear_to_lab(linear) == pytest.approx(lab, abs=1e-3)
    assert linear_to_lab(linear.astype(np.float32)) == pytest.approx(lab, abs=1e-3)


def test_lab_is_straight_near_black():
    # Below (6/29)^3 lightness is (29/3)^3 * Y, ISO/CIE 11664-4.
    assert linear_to_lab(np.full(3, 0.001))[0] == pytest.approx((29 / 3) ** 3 * 0.001)


def test_luminance_is_the_y_row_and_keeps_float32():
    rgb = np.array([[[0.2, 0.5, 0.1]]], dtype=np.float32)
    assert luminance(rgb).dtype == np.float32
    # The usual rounded weights 0.2126, 0.7152, 0.0722.
    assert float(luminance(rgb)[0, 0]) == pytest.approx(0.40734, abs=3e-5)
    assert luminance([0.2, 0.5, 0.1]).dtype == np.float64


def test_log_luminance_turns_a_gain_into_an_offset():
    rgb = np.random.default_rng(1).uniform(0.05, 0.4, (6, 7, 3)).astype(np.float32)
    shift = log_luminance(np.float32(1.7) * rgb) - log_luminance(rgb)
    assert shift == pytest.approx(np.log(1.7), abs=1e-5)
    assert log_luminance(np.zeros((1, 1, 3), np.float32))[0, 0] == pytest.approx(np.log(TINY))


def test_erythema_index():
    # Twice as much red as green: 100 log10 2.
    assert float(erythema_index([0.4, 0.2, 0.9])) == pytest.approx(30.1030, abs=1e-4)
    assert float(erythema_index([0.3, 0.3, 0.1])) == 0.0
    assert float(erythema_index([0.04, 0.02, 0.0])) == pytest.approx(30.1030, abs=1e-4)
    assert np.isfinite(erythema_index([0.0, 0.0, 0.0]))


def test_typology_angle():
    assert individual_typology_angle([[60.0, 0.0, 10.0], [50.0, 3.0, 12.0], [40.0, 0, 10.0]]) == (
        pytest.approx([45.0, 0.0, -45.0])
    )


@pytest.mark.parametrize(("dtype", "codes"), [(np.uint8, 256), (np.uint16, 65536)])
def test_linearise_is_curve_then_matrix(dtype, codes):
    random = np.random.default_rng(2)
    encoded = random.integers(0, codes, (5, 4, 3)).astype(dtype)
    exponents = (1.8, 2.2, 2.4)
    curves = np.stack([np.linspace(0, 1, codes) ** e for e in exponents]).astype(np.float32)
    matrix = np.array([[0.9, 0.1, 0.0], [0.05, 0.9, 0.05], [0.0, 0.2, 0.8]])
    linear = np.stack([(encoded[..., k] / (codes - 1)) ** e for k, e in enumerate(exponents)], -1)
    found = linearise(encoded, curves, matrix)
    assert found.dtype == np.float32
    assert found == pytest.approx(np.einsum("ij,hwj->hwi", matrix, linear), abs=1e-5)
    assert linearise(encoded, curves, np.eye(3)) == pytest.approx(linear, abs=1e-5)
