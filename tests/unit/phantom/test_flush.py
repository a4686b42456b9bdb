import numpy as np

from dermadelta.phantom.cases import random_case
from dermadelta.phantom.flush import EVERYWHERE_SD, LOCAL_SD, Flush, flushed
from dermadelta.phantom.skin import Grid, SkinSpec, make_skin

SKIN = make_skin(SkinSpec(3, 1.0, 0.25), Grid(500, 400, 0.1))


def test_no_flush_is_the_very_same_skin():
    assert flushed(SKIN, Flush(7, 0.0)) is SKIN


def test_blood_flow_differs_by_what_repeat_readings_differ():
    means = [flushed(SKIN, Flush(seed, 1.0)).haemoglobin.mean() for seed in range(60)]
    relative = np.array(means) / SKIN.haemoglobin.mean() - 1.0
    assert abs(relative.mean()) < 0.03
    assert 0.8 * EVERYWHERE_SD < relative.std() < 1.2 * np.hypot(EVERYWHERE_SD, LOCAL_SD)


def test_only_blood_flow_differs_and_repeatably():
    one, same, other = (flushed(SKIN, Flush(seed, 1.0)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.haemoglobin, same.haemoglobin)
    assert np.abs(one.haemoglobin / other.haemoglobin - 1.0).mean() > 0.01
    assert one.melanin is SKIN.melanin
    assert one.height_mm is SKIN.height_mm


def test_every_visit_has_its_own():
    before, after = random_case("no_change", 3, 2, width_px=1200).flushes
    assert before != after
    assert before.size == after.size == 1.0
