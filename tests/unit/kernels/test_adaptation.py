from __future__ import annotations

import numpy as np
import pytest

from dermadelta.files.icc import D50_WHITE
from dermadelta.kernels.adaptation import adaptation, lab_under_to_linear, linear_to_lab_under
from dermadelta.kernels.colour import D65_WHITE, lab_to_linear, linear_to_lab


def test_white_becomes_white():
    np.testing.assert_allclose(adaptation(D50_WHITE, D65_WHITE) @ D50_WHITE, D65_WHITE, atol=1e-12)


def test_the_published_matrix():
    """D65 to D50 by Bradford, Lindbloom, "Chromatic Adaptation" (brucelindbloom.com)."""
    published = [
        [1.0478112, 0.0228866, -0.0501270],
        [0.0295424, 0.9904844, -0.0170491],
        [-0.0092345, 0.0150436, 0.7521316],
    ]
    found = adaptation(np.array([0.95047, 1.0, 1.08883]), np.array([0.96422, 1.0, 0.82521]))
    np.testing.assert_allclose(found, published, atol=2e-6)


def test_there_and_back():
    rgb = np.random.default_rng(3).uniform(0.0, 1.0, (50, 3))
    for white in (D50_WHITE, D65_WHITE):
        back = lab_under_to_linear(linear_to_lab_under(rgb, white), white)
        np.testing.assert_allclose(back, rgb, atol=1e-12)


def test_under_d65_it_is_the_plain_conversion():
    rgb = np.random.default_rng(4).uniform(0.0, 1.0, (50, 3))
    np.testing.assert_allclose(linear_to_lab_under(rgb, D65_WHITE), linear_to_lab(rgb), atol=1e-9)
    lab = np.array([52.0, 21.0, -7.0])
    np.testing.assert_allclose(lab_under_to_linear(lab, D65_WHITE), lab_to_linear(lab), atol=1e-12)


@pytest.mark.parametrize(
    ("rgb", "lab"),
    [
        ([1.0, 0.0, 0.0], [54.29, 80.80, 69.89]),
        ([0.0, 1.0, 0.0], [87.82, -79.27, 80.99]),
        ([0.0, 0.0, 1.0], [29.57, 68.29, -112.03]),
    ],
)
def test_the_primaries_of_srgb_under_d50(rgb, lab):
    """L*a*b* (D50) of red, lime and blue as in the W3C's CSS Color Module Level 4."""
    assert linear_to_lab_under(rgb, D50_WHITE) == pytest.approx(lab, abs=0.05)


def test_greys_stay_grey():
    for white in (D50_WHITE, D65_WHITE):
        lab = linear_to_lab_under(np.full((5, 3), 0.18), white)
        np.testing.assert_allclose(lab[:, 1:], 0.0, atol=1e-9)
