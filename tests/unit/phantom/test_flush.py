import numpy as np
import pytest

from dermadelta.phantom.cases import random_case
from dermadelta.phantom.flush import BLOOD_SD, RELIEF_SD, Flush, flushed
from dermadelta.phantom.skin import Grid, SkinSpec, make_skin

SKIN = make_skin(SkinSpec(3, 1.0, 0.25), Grid(500, 400, 0.1))


def test_no_flush_is_the_very_same_skin():
    assert flushed(SKIN, Flush(7, 0.0)) is SKIN


@pytest.mark.parametrize(("field", "spread"), [("haemoglobin", BLOOD_SD), ("height_mm", RELIEF_SD)])
def test_skin_differs_from_day_to_day_by_what_repeat_readings_differ(field, spread):
    was = getattr(SKIN, field).std()
    found = [getattr(flushed(SKIN, Flush(seed, 1.0)), field).std() for seed in range(60)]
    relative = np.array(found) / was - 1.0
    if field == "haemoglobin":  # patches add to what varies over the skin: its mean tells more
        means = [flushed(SKIN, Flush(seed, 1.0)).haemoglobin.mean() for seed in range(60)]
        relative = np.array(means) / SKIN.haemoglobin.mean() - 1.0
    assert abs(relative.mean()) < 0.5 * np.hypot(*spread)
    assert 0.8 * spread[0] < relative.std() < 1.2 * np.hypot(*spread)


def test_the_same_day_has_the_same_skin_and_pigment_stays():
    one, same, other = (flushed(SKIN, Flush(seed, 1.0)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.haemoglobin, same.haemoglobin)
    np.testing.assert_array_equal(one.height_mm, same.height_mm)
    assert np.abs(one.haemoglobin / other.haemoglobin - 1.0).mean() > 0.01
    assert one.melanin is SKIN.melanin


def test_every_visit_has_its_own():
    before, after = random_case("no_change", 3, 2, width_px=1200).flushes
    assert before != after
    assert before.size == after.size == 1.0
