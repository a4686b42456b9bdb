import pytest

from dermadelta.errors import UsageError
from dermadelta.phantom.cases import KINDS, MEASURABLE_KINDS, TONES, random_case


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_drawn_repeatably(kind):
    assert random_case(kind, 5, 3, width_px=1200) == random_case(kind, 5, 3, width_px=1200)
    assert random_case(kind, 5, 3, width_px=1200) != random_case(kind, 6, 3, width_px=1200)


def test_what_must_be_refused_says_why():
    for kind in KINDS:
        reason = random_case(kind, 5, 0, width_px=1200).must_refuse
        assert bool(reason) == (kind not in MEASURABLE_KINDS)


def test_tones_take_turns():
    melanin = [random_case("no_change", 5, n, width_px=1200).skin.melanin for n in range(7)]
    assert melanin == sorted(melanin)
    assert melanin[0] < 0.5
    assert melanin[-1] > 4
    assert len(TONES) == 7


def test_shots_differ_as_by_hand_or_little_on_a_rig():
    cases = [random_case("texture", 9, n, width_px=1200) for n in range(60)]
    turn = {
        setup: max(
            abs(c.after.light.azimuth_deg - c.light.azimuth_deg) for c in cases if c.setup == setup
        )
        for setup in ("rig", "handheld")
    }
    assert 0 < turn["rig"] < 0.7
    assert 1.0 < turn["handheld"] <= 3.0
    assert all(c.before.seed != c.after.seed for c in cases)
    assert all(c.before.camera != c.after.camera for c in cases)


def test_bad_requests_are_refused_with_a_remedy():
    with pytest.raises(UsageError, match=r"unknown kind of pair 'tattoo'.*no_change"):
        random_case("tattoo", 1, 0, width_px=1200)
    with pytest.raises(UsageError, match="800 px or more"):
        random_case("texture", 1, 0, width_px=300)
