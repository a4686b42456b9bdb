from collections import Counter
from itertools import combinations, pairwise

import numpy as np
import pytest

from dermadelta.errors import UsageError
from dermadelta.phantom.cases import (
    HARD_KINDS,
    KINDS,
    MEASURABLE_KINDS,
    REFUSALS,
    TONES,
    random_case,
)
from dermadelta.phantom.plan import IN_PHOTO


def many(kind: str, n: int = 200, **asked):
    return [random_case(kind, 9, number, width_px=1600, **asked) for number in range(n)]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_drawn_repeatably(kind):
    assert random_case(kind, 5, 3, width_px=1200) == random_case(kind, 5, 3, width_px=1200)
    assert random_case(kind, 5, 3, width_px=1200) != random_case(kind, 6, 3, width_px=1200)


def test_every_kind_is_measurable_hard_or_refused():
    assert (*MEASURABLE_KINDS, *REFUSALS, *HARD_KINDS) == KINDS
    assert len(set(KINDS)) == len(KINDS)
    for kind in KINDS:
        reason = random_case(kind, 5, 0, width_px=1200).must_refuse
        assert bool(reason) == (kind in REFUSALS)


def test_tones_take_turns():
    melanin = [random_case("no_change", 5, n, width_px=1200).skin.melanin for n in range(7)]
    assert melanin == sorted(melanin)
    assert melanin[0] < 0.5
    assert melanin[-1] > 4
    assert [random_case("texture", 5, n, width_px=1200).tone for n in range(7)] == list(TONES)


def test_shots_differ_as_by_hand_or_little_on_a_rig():
    cases = many("texture", 60)
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


@pytest.mark.parametrize(
    ("setup", "least", "most"), [("rig", 0.0025, 0.005), ("handheld", 0.005, 0.03)]
)
def test_every_shot_has_a_file_and_a_stretch_of_its_own(setup, least, most):
    cases = many("texture", 60, setup=setup)
    cameras = [shot.camera for c in cases for shot in (c.before, c.after)]
    strains = [camera.stretch for camera in cameras]
    assert least <= min(strains) < max(strains) <= most
    assert {camera.jpeg_quality for camera in cameras} == set(range(85, 97))
    assert {camera.chroma_subsampling for camera in cameras} == {0, 2}
    pairs = [(c.before.camera, c.after.camera) for c in cases]
    for value in ("sharpen", "shot_noise", "vignetting", "contrast"):
        assert any(getattr(was, value) != getattr(now, value) for was, now in pairs)


def test_a_camera_on_a_rig_repeats_its_tone_curve():
    def spread(setup: str) -> float:
        cases = many("texture", 100, setup=setup)
        return float(np.std([np.log(c.after.camera.gamma / c.before.camera.gamma) for c in cases]))

    assert spread("rig") == pytest.approx(0.1 * spread("handheld"), rel=0.1)


def test_what_tells_the_scale_and_what_lies_in_the_photo_agree():
    found = Counter(c.in_photo for c in many("no_change", 400))
    assert set(found) == set(IN_PHOTO)
    assert found["marker"] > found["nothing"] > found["ruler"]
    for case in many("no_change", 60):
        assert case.scale_given == (case.in_photo in ("scale", "chart", "ruler"))
        assert (case.before.marker is not None) == (case.in_photo == "marker")
        printed = case.after.printed
        assert (printed.kind if printed else "") == (
            case.in_photo if case.in_photo in ("target", "chart", "ruler") else ""
        )


def test_skin_without_change_is_bare_or_has_something_that_stays():
    cases = many("no_change", 300)
    found = Counter(c.content for c in cases)
    assert set(found) == {"bare", "erythema", "scar", "striae"}
    assert all(60 < found[name] < 130 for name in ("bare", "erythema", "scar"))
    assert 5 < found["striae"] < 45
    assert 40 < sum(c.treated_area == "whole" for c in cases) < 110
    assert all(c.stays for c in cases)


def test_whole_treatment_spares_kinds_whose_redness_needs_a_reference():
    assert {c.treated_area for c in many("redness", 40)} == {"local"}
    assert {c.treated_area for c in many("texture", 40)} == {"local", "whole"}
    assert {c.treated_area for c in many("whole_face", 5)} == {"whole"}


def test_diffuse_redness_goes_over_everything_and_either_way():
    cases = many("diffuse", 60)
    assert {c.treated_area for c in cases} == {"whole"}
    changes = [c.treatment.haemoglobin_change for c in cases]
    assert 15 < sum(change > 0 for change in changes) < 45
    for case in cases:
        left = case.baseline.haemoglobin_change + case.treatment.haemoglobin_change
        assert left >= -1e-9
        assert case.baseline.area is None
    assert all(c.treatment.relief_factor == 1.0 for c in cases)


@pytest.mark.parametrize("kind", ["diffuse", "whole_face"])
def test_a_target_or_chart_lies_mostly_where_all_skin_is_treated(kind):
    found = Counter(c.in_photo for c in many(kind, 200))
    assert 95 < found["target"] + found["chart"] < 145
    assert found["target"] > found["chart"] > 10
    small = {random_case(kind, 9, n, width_px=900).in_photo for n in range(40)}
    assert not small & {"target", "chart"}
    assert random_case(kind, 9, 1, width_px=1600, in_photo="nothing").in_photo == "nothing"


def test_hard_pairs_change_in_nothing_texture_or_redness():
    for kind in HARD_KINDS:
        cases = many(kind, 40)
        assert {c.changed for c in cases} == {"no_change", "texture", "redness"}
        assert {c.treated_area for c in cases} == {"local"}
        assert not any(c.must_refuse for c in cases)


def test_hard_pairs_are_as_hard_as_they_say():
    def turned(c):
        return abs((c.after.light.azimuth_deg - c.before.light.azimuth_deg + 180) % 360 - 180)

    assert all(turned(c) > 53 for c in many("lamp_flipped", 30))
    assert all(4.2 <= c.skin.melanin <= 5.5 for c in many("very_dark", 30))
    for c in many("tilted", 30):
        tilt = np.hypot(c.after.camera.tilt_x_deg, c.after.camera.tilt_y_deg)
        assert 12 <= tilt <= 18
    variance = [
        c.after.camera.blur_px**2 - c.before.camera.blur_px**2 for c in many("blur_mismatch", 30)
    ]
    assert all(0.3 <= abs(v) <= 0.6 for v in variance)
    assert min(variance) < 0 < max(variance)
    assert all(0.25 <= c.drift.melanin_change <= 0.6 for c in many("tan", 30))


def test_a_lamp_that_moved_did_so_between_the_photos_and_within_bounds():
    # A pair of the same seeds with another difficulty has the lamps that were not moved.
    raised, turned, fills = [], [], []
    for moved, still in zip(many("lamp_moved", 60), many("tilted", 60), strict=True):
        assert moved.before.light == still.before.light
        was, now = still.after.light, moved.after.light
        assert 15.0 <= now.elevation_deg <= 75.0
        raised.append(now.elevation_deg - was.elevation_deg)
        turned.append(now.azimuth_deg - was.azimuth_deg)
        assert now.second_azimuth_deg - was.second_azimuth_deg == pytest.approx(turned[-1])
        fills.append(now.fill / was.fill)
        kept = {"elevation_deg", "azimuth_deg", "second_azimuth_deg", "fill"}
        assert {k: v for k, v in vars(now).items() if k not in kept} == {
            k: v for k, v in vars(was).items() if k not in kept
        }
        assert moved.after.camera.tilt_x_deg != still.after.camera.tilt_x_deg
    assert max(map(abs, raised)) <= 20.0
    assert min(raised) < -10.0
    assert max(raised) > 10.0
    assert -40.0 <= min(turned) < -20.0
    assert 20.0 < max(turned) <= 40.0
    assert 0.75 <= min(fills) < 0.85
    assert 1.15 < max(fills) <= 1.25


def test_what_is_asked_for_replaces_what_is_drawn_and_nothing_else():
    drawn = random_case("texture", 7, 4, width_px=1600)
    asked = random_case("texture", 7, 4, width_px=1600, in_photo="nothing", change=-25.0)
    assert asked.treatment.relief_factor == pytest.approx(0.75)
    assert asked.in_photo == "nothing"
    assert not asked.scale_given
    assert asked.skin == drawn.skin
    assert asked.before.camera == drawn.before.camera
    assert asked.after.light == drawn.after.light
    for setup in ("rig", "handheld"):
        assert random_case("texture", 7, 4, width_px=1600, setup=setup).setup == setup
    whole = random_case("texture", 7, 4, width_px=1600, treated="whole")
    assert whole.treatment.area is None
    hard = random_case("tilted", 7, 4, width_px=1600, change=-50.0)
    assert (hard.changed, hard.treatment.relief_factor) == ("texture", 0.5)


def test_repeats_leave_the_pair_as_it_is():
    once = random_case("defocus", 7, 4, width_px=1600)
    case = random_case("defocus", 7, 4, width_px=1600, repeats=3)
    assert (case.before, case.after) == (once.before, once.after)
    assert len(case.before_repeats) == len(case.after_repeats) == 2
    times = [plan.taken_at for plan in (case.before, *case.before_repeats)]
    gaps = [(b - a).total_seconds() for a, b in pairwise(times)]
    assert all(120 <= gap <= 400 for gap in gaps)
    assert len({plan.seed for plan in (case.after, *case.after_repeats)}) == 3
    assert all(plan.camera.blur_px > 2.0 for plan in case.after_repeats)
    assert all(plan.camera.blur_px < 1.0 for plan in case.before_repeats)


def test_scars_lie_apart_inside_the_region():
    looks = set()
    for width in (800, 1600):
        for number in range(60):
            scars = random_case("scar", 3, number, width_px=width).scars
            looks.add(scars[0].kind)
            for one, other in combinations([scar.outline for scar in scars], 2):
                apart = np.hypot(one.x_mm - other.x_mm, one.y_mm - other.y_mm)
                reach = [max(o.half_width_mm, o.half_height_mm) for o in (one, other)]
                assert apart > 0.9 * sum(reach)
    assert looks == {"red", "brown", "atrophic"}


@pytest.mark.parametrize(
    ("kind", "asked", "words"),
    [
        ("tattoo", {}, r"unknown kind of pair 'tattoo'.*no_change"),
        ("texture", {"in_photo": "coin"}, r"'coin'.*ruler"),
        ("redness", {"change": -25.0}, "does not change"),
        ("texture", {"change": -100.0}, "-90"),
        ("whole_face", {"treated": "local"}, "all over"),
        ("texture", {"repeats": 0}, "1 or more"),
    ],
)
def test_bad_requests_are_refused_with_a_remedy(kind, asked, words):
    with pytest.raises(UsageError, match=words):
        random_case(kind, 1, 0, width_px=1200, **asked)


def test_small_photos_are_refused_with_a_remedy():
    with pytest.raises(UsageError, match="800 px or more"):
        random_case("texture", 1, 0, width_px=300)
    with pytest.raises(UsageError, match="no room for a target"):
        random_case("texture", 1, 0, width_px=900, in_photo="target")
    assert {random_case("texture", 1, n, width_px=900).in_photo for n in range(60)} == {
        "nothing", "scale", "marker", "ruler",
    }  # fmt: skip
