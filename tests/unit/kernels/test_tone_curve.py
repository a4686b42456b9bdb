import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dermadelta.kernels.tone_curve import STRAIGHT, TONE_FLOOR, apply_tone, limited_tone

LIGHT = np.linspace(0.0, 1.0, 5001)


def test_the_curve_is_what_it_says():
    x = np.array([0.02, 0.2, 0.9])
    bent = np.exp(0.9 * np.log(x) + 0.03 * np.log(x) ** 2)
    assert apply_tone(x, (0.9, 0.03)) == pytest.approx(bent, rel=1e-12)
    assert apply_tone(LIGHT, STRAIGHT) == pytest.approx(LIGHT, abs=1e-12)


def test_outside_the_range_it_goes_on_with_the_slope_at_the_end():
    tone = (1.1, 0.05)
    below = apply_tone(TONE_FLOOR * np.array([1.0, 0.1, 0.01]), tone)
    slope = 1.1 + 2.0 * 0.05 * np.log(TONE_FLOOR)
    assert np.diff(np.log(below)) == pytest.approx(slope * np.log([0.1, 0.1]), rel=1e-9)
    assert apply_tone(2.0, tone) == pytest.approx(2.0**1.1)
    assert apply_tone(-0.3, tone) == pytest.approx(-apply_tone(0.3, tone))


@given(st.floats(-5, 8), st.floats(-3, 3))
def test_it_rises_and_stays_finite_whatever_was_fitted(b, c):
    bent = apply_tone(LIGHT, limited_tone(b, c))
    assert np.isfinite(bent).all()
    assert (np.diff(bent) > 0.0).all()
    assert bent[0] == 0.0


def test_a_usual_curve_is_left_as_it_is():
    assert limited_tone(0.9, -0.04) == pytest.approx((0.9, -0.04))
