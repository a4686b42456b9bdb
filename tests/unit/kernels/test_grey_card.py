import numpy as np
import pytest

from dermadelta.kernels.colour import srgb_decode, srgb_encode
from dermadelta.kernels.grey_card import read_grey_card

CURVES = np.tile(srgb_decode(np.arange(256) / 255.0).astype(np.float32), (3, 1))
CARD = np.zeros((60, 60), np.bool_)
CARD[10:50, 10:50] = True
NONE = np.zeros_like(CARD)


def photo(light):
    picture = np.full((60, 60, 3), 90, np.uint8)
    picture[CARD] = np.round(255.0 * srgb_encode(light))
    return picture


def test_gains_make_the_card_neutral_and_leave_exposure():
    light = np.array([0.26, 0.18, 0.12])
    found = read_grey_card(photo(light), CURVES, np.eye(3), NONE, CARD)
    balanced = found.matrix @ np.array(found.mean)
    assert balanced == pytest.approx(np.full(3, 0.18), rel=0.01)
    assert found.gains == pytest.approx((18 / 26, 1.0, 1.5), rel=0.015)
    assert found.spread == pytest.approx(0.0, abs=1e-6)


def test_scratches_and_saturated_pixels_do_not_count():
    picture = photo([0.2, 0.2, 0.2])
    picture[10:12, 10:50] = 10, 0, 0
    picture[30:34, 10:50] = 255, 255, 240
    clipped = (picture >= 250).any(axis=2)
    found = read_grey_card(picture, CURVES, np.eye(3), clipped, CARD)
    assert found.gains == pytest.approx((1.0, 1.0, 1.0), abs=1e-6)
    assert found.clipped == pytest.approx(0.1)


def test_what_cannot_be_used_says_why():
    with pytest.raises(ValueError, match="saturated throughout"):
        read_grey_card(photo([0.2, 0.2, 0.2]), CURVES, np.eye(3), CARD, CARD)
    with pytest.raises(ValueError, match="too dark"):
        read_grey_card(photo([0.002, 0.2, 0.2]), CURVES, np.eye(3), NONE, CARD)
