from dataclasses import replace

import numpy as np
import pytest

from dermadelta import measures
from dermadelta.domain import Cause, CheckVerdict, NotAligned, NotMeasured, Role, Scale
from dermadelta.kernels.geometry import ASSUMED_FOCAL_35MM, focal_px
from dermadelta.stages.compare import GATES, CompareConfig, compare, unaligned

CONFIG = CompareConfig()
NAMES = [
    "same_skin",
    "mirrored",
    "other_side",
    "overlap",
    "alignment",
    "sharpness",
    "exposure",
    "clipping",
    "white_balance",
    "light",
    "retouching",
    "zoom",
    "tilt",
    "scale",
    "camera",
    "preparation",
    "timing",
]


@pytest.fixture(scope="module")
def pair(bench):
    """Two like photos; tests change one thing each."""
    skin = bench.FormulaSkin()
    still = bench.homography_only(np.eye(3))
    photos = (skin.aligned(), skin.aligned(role=Role.AFTER, alignment=still))
    return photos, bench.views_of(photos)


def compared(
    bench, pair, *, matrix=None, align=(), facts=(), days=49, scales=(0.04, 0.04), views=None,
    first=(), files=({}, {}), preps=("", ""), colours=("none", "none"),
):  # fmt: skip
    """Outcome for a pair in which what is named differs; ``files`` are changes of metadata."""
    photos, carried = pair
    alignment = bench.homography_only(np.eye(3) if matrix is None else matrix, **dict(align))
    changed = tuple(
        replace(fact, **dict(facts if fact.role is Role.AFTER else first)) for fact in carried.facts
    )
    carried = replace(carried, facts=changed, views=views or carried.views)
    shots = []
    for item, mm, file, prep, kind in zip(photos, scales, files, preps, colours, strict=True):
        photo = item.photo.photo
        photo = replace(
            photo,
            metadata=replace(photo.metadata, **({"camera": "Phone 9"} | file)),
            ref=replace(photo.ref, details=(("prep", prep),) if prep else ()),
        )
        scale = NotMeasured("no scale") if mm is None else Scale(mm, 0.01, "given")
        colour = replace(item.photo.colour, kind=kind)
        shots.append(replace(item.photo, photo=photo, scale=scale, colour=colour))
    ref = bench.pair_ref(
        (photos[0].photo.photo.ref,), (photos[1].photo.photo.ref,), days_since_session=days
    )
    return compare(ref, *shots, alignment, carried, CONFIG)


def gates_of(bench, pair, **changes):
    found = compared(bench, pair, **changes)
    return {gate.name: gate for gate in found.gates}, found.bias_index


def names_that(predicate):
    return {item.name for item in measures.ALL if predicate(item)}


def fragile(*nuisances):
    return names_that(lambda item: item.fragile_to & set(nuisances))


def test_like_photos_pass_every_gate(bench, pair):
    gates, bias = gates_of(bench, pair, preps=("none", "washed"))
    assert list(gates) == NAMES
    assert len(GATES) == len(NAMES)
    assert {gate.verdict for gate in gates.values()} == {CheckVerdict.PASS}
    assert all(gate.limit for gate in gates.values())
    assert bias == pytest.approx(0.0, abs=0.05)


ZOOM = np.diag([1.7, 1.7, 1.0])
FOCAL_PX = focal_px(ASSUMED_FOCAL_35MM, (525, 700))


def leant(degrees, size=(700, 525)):
    """After → before where the after camera leans about its x axis; the scale stays at 1."""
    angle, focal = np.radians(degrees), FOCAL_PX
    centre = np.array([[1, 0, -0.5 * size[0]], [0, 1, -0.5 * size[1]], [0, 0, 1.0]])
    lens = np.diag([focal, focal, 1.0])
    turn = np.array(
        [[1, 0, 0], [0, np.cos(angle), -np.sin(angle)], [0, np.sin(angle), np.cos(angle)]]
    )
    plane = np.column_stack([turn[:, 0], turn[:, 1], [0.0, 0.0, 1.0]])
    seen = lens @ plane @ np.linalg.inv(lens)  # from the plane, at unit distance, to the photo
    return np.linalg.inv(centre) @ np.linalg.inv(seen) @ centre


STRETCHED = np.diag([1.0, 0.94, 1.0])

FAILURES = {
    "same_skin": ({"align": {"correlation": 0.02}}, {"*"}),
    "overlap": ({"align": {"overlap": 0.2}}, {"*"}),
    "alignment": ({"align": {"p95_px": 40.0}}, fragile("alignment")),
    "sharpness": ({"facts": {"sigma2_px2": 3.0}}, fragile("blur")),
    "retouching": ({"facts": {"ln_detail": -0.9, "ln_grain": -0.8}}, {"*"}),
    "exposure": ({"facts": {"ln_exposure": -2.0}}, fragile("light", "colour")),
    "clipping": ({"facts": {"clipped_share": 0.4}}, fragile("light", "colour")),
    "zoom": ({"matrix": ZOOM, "scales": (0.04, 0.068)}, fragile("blur", "scale")),
    "tilt": ({"matrix": leant(25.0)}, fragile("light", "scale")),
    "white_balance": ({"facts": {"ln_white_balance": (0.4, 0.0)}}, fragile("colour")),
    "camera": ({"files": ({}, {"portrait_mode": True})}, fragile("blur")),
    "preparation": ({"preps": ("none", "make-up")}, fragile("light", "blur", "colour")),
    "scale": ({"scales": (0.04, 0.05)}, fragile("scale")),
}


@pytest.mark.parametrize("name", FAILURES)
def test_each_gate_fails_alone_and_names_what_it_refuses(bench, pair, name):
    change, refused = FAILURES[name]
    gates, _ = gates_of(bench, pair, **change)
    gate = gates[name]
    assert gate.verdict is CheckVerdict.FAIL
    assert set(gate.refuses) == refused
    assert gate.remedy.endswith(".")
    others = {g.name for g in gates.values() if g.verdict is CheckVerdict.FAIL} - {name}
    assert others == set()


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("same_skin", {"align": {"correlation": 0.8}}),
        ("overlap", {"align": {"overlap": 0.9}}),
        ("alignment", {"align": {"p95_px": 1.0}}),
        ("sharpness", {"facts": {"sigma2_px2": -0.02}}),
        ("sharpness", {"facts": {"ln_detail": -0.25, "ln_grain": 0.0}}),
        ("retouching", {"facts": {"ln_detail": -0.25, "ln_grain": -0.6}}),
        ("retouching", {"facts": {"ln_detail": -0.9, "ln_grain": -0.1}}),
        ("exposure", {"facts": {"ln_exposure": 0.1}}),
        ("clipping", {"facts": {"clipped_share": 0.001}}),
        ("light", {"facts": {"shading_shift": 0.01}}),
        ("zoom", {"matrix": np.diag([1.04, 1.04, 1.0]), "scales": (0.04, 0.0416)}),
        ("tilt", {"matrix": leant(6.0)}),
        ("tilt", {"matrix": STRETCHED}),
        ("white_balance", {"facts": {"ln_white_balance": (0.02, -0.01)}}),
        ("camera", {"files": ({"focal_35mm": 26.0}, {"focal_35mm": 27.0})}),
        ("preparation", {"preps": ("Make up, SPF", "sunscreen + foundation")}),
        ("scale", {"scales": (0.04, 0.0404)}),
        ("timing", {"days": 60}),
    ],
)
def test_each_gate_lets_small_differences_pass(bench, pair, name, change):
    gates, _ = gates_of(bench, pair, **change)
    assert gates[name].verdict is CheckVerdict.PASS


def test_softness_is_judged_on_the_skin_and_the_softer_photo_is_named(bench, pair):
    after, _ = gates_of(bench, pair, facts={"sigma2_px2": 3.0})
    before, _ = gates_of(bench, pair, facts={"sigma2_px2": -3.0})
    assert "after" in after["sharpness"].remedy
    assert "before" in before["sharpness"].remedy
    # In px² at 0.05 mm per px, so that a finer photo is not judged harder.
    assert after["sharpness"].value == pytest.approx(3.0 * (0.04 / 0.05) ** 2, rel=0.02)


def test_a_correction_is_marked(bench, pair):
    middle = 0.5 * (CONFIG.max_delta_sigma2 + CONFIG.corrected_delta_sigma2) / 0.8**2
    gate = gates_of(bench, pair, facts={"sigma2_px2": middle})[0]["sharpness"]
    assert gate.verdict is CheckVerdict.PASS
    assert "softened" in gate.remedy


def test_unknown_sharpness_is_said_and_refuses_nothing(bench, pair):
    unknown = NotMeasured("too little skin in one piece")
    gate = gates_of(bench, pair, facts={"sigma2_px2": unknown})[0]["sharpness"]
    assert gate.verdict is CheckVerdict.NOT_APPLICABLE
    assert gate.value == unknown
    assert gate.remedy
    assert gate.refuses == ()


@pytest.mark.parametrize(("sign", "softer"), [(-1.0, "after"), (1.0, "before")])
def test_a_photo_without_fine_detail_is_out_of_focus(bench, pair, sign, softer):
    """Noise hides the difference of blur; what untreated skin lost of its detail does not."""
    unknown = {"sigma2_px2": NotMeasured("noise"), "ln_grain": 0.0}
    gone = gates_of(bench, pair, facts={**unknown, "ln_detail": 0.8 * sign})[0]["sharpness"]
    assert gone.verdict is CheckVerdict.FAIL
    assert gone.refuses == ("*",)
    assert f"The {softer} photo is out of focus" in gone.remedy
    less = gates_of(bench, pair, facts={**unknown, "ln_detail": 0.45 * sign})[0]["sharpness"]
    assert less.verdict is CheckVerdict.FAIL
    assert set(less.refuses) == fragile("blur")


def test_an_editor_that_smooths_skin_is_refused_by_its_name(bench, pair):
    photos, carried = pair
    after = photos[1].photo
    named = replace(
        after,
        photo=replace(
            after.photo, metadata=replace(after.photo.metadata, software="Facetune 2.1 (iOS)")
        ),
    )
    edited = (photos[0], replace(photos[1], photo=named))
    gate = gates_of(bench, (edited, carried))[0]["retouching"]
    assert gate.verdict is CheckVerdict.FAIL
    assert "Facetune" in gate.remedy


def test_a_moved_lamp_refuses_texture_only_without_reference_skin(bench, pair):
    facts = {"shading_shift": 0.6}
    gate = gates_of(bench, pair, facts=facts)[0]["light"]
    assert gate.verdict is CheckVerdict.FAIL
    assert gate.refuses == ()
    alone = tuple(v for v in pair[1].views if v.region == "roi")
    gate = gates_of(bench, pair, facts=facts, views=alone)[0]["light"]
    assert set(gate.refuses) == fragile("light")
    assert "reference" in gate.remedy


@pytest.mark.parametrize(
    ("after", "words"),
    [((0.235, 0.09), "retake with the softer"), ((0.135, 0.05), "retake with the harder")],
)
def test_light_that_falls_steeper_is_a_lamp_that_moved(bench, pair, after, words):
    """The shading from place to place may hide it: the slope over all skin tells."""
    changes = {"first": {"light_slope": (0.18, 0.07)}, "facts": {"light_slope": after}}
    alone = tuple(v for v in pair[1].views if v.region == "roi")
    gate = gates_of(bench, pair, views=alone, **changes)[0]["light"]
    assert gate.verdict is CheckVerdict.FAIL
    assert "slope" in gate.unit
    assert set(gate.refuses) == fragile("light")
    assert words in gate.remedy
    corrected = gates_of(bench, pair, **changes)[0]["light"]
    assert (corrected.verdict, corrected.refuses) == (CheckVerdict.FAIL, ())


def test_a_lamp_that_moved_too_far_cannot_be_corrected(bench, pair):
    changes = {"first": {"light_slope": (0.18, 0.07)}, "facts": {"light_slope": (0.04, 0.01)}}
    gate = gates_of(bench, pair, **changes)[0]["light"]
    assert (gate.verdict, set(gate.refuses)) == (CheckVerdict.FAIL, fragile("light"))
    assert "too far" in gate.remedy


def test_a_lamp_on_the_other_side_is_left_to_untreated_skin(bench, pair):
    """What does not turn with the lamp adds to its slope: it seems flatter than it is."""
    changes = {"first": {"light_slope": (0.2, 0.0)}, "facts": {"light_slope": (-0.1, 0.0)}}
    gate = gates_of(bench, pair, **changes)[0]["light"]
    assert (gate.verdict, gate.refuses) == (CheckVerdict.FAIL, ())
    alone = tuple(v for v in pair[1].views if v.region == "roi")
    assert gates_of(bench, pair, views=alone, **changes)[0]["light"].refuses


@pytest.mark.parametrize("after", [(0.2, 0.08), (0.17, 0.09), (-0.18, -0.07)])
def test_light_that_falls_as_steeply_as_before_passes(bench, pair, after):
    changes = {"first": {"light_slope": (0.18, 0.07)}, "facts": {"light_slope": after}}
    gate = gates_of(bench, pair, **changes)[0]["light"]
    assert (gate.verdict, gate.unit) == (CheckVerdict.PASS, "ln Y")


def test_a_scale_on_one_side_only_is_no_contradiction(bench, pair):
    for scales in ((None, 0.04), (0.04, None), (None, None)):
        gate = gates_of(bench, pair, scales=scales)[0]["scale"]
        assert gate.verdict is CheckVerdict.NOT_APPLICABLE
        assert gate.refuses == ()


def test_healing_skin_is_marked_and_early_texture_noted(bench, pair):
    healing = gates_of(bench, pair, days=3)[0]["timing"]
    assert healing.verdict is CheckVerdict.FAIL
    assert healing.refuses == ()
    assert "Healing" in healing.remedy
    early = gates_of(bench, pair, days=14)[0]["timing"]
    assert early.verdict is CheckVerdict.PASS
    assert "Early" in early.remedy
    assert gates_of(bench, pair, days=90)[0]["timing"].remedy == ""
    unknown = gates_of(bench, pair, days=None)[0]["timing"]
    assert unknown.verdict is CheckVerdict.NOT_APPLICABLE


@pytest.mark.parametrize("degrees", [10.0, 20.0, 30.0])
def test_a_lean_is_told_from_the_perspective(bench, pair, degrees):
    assert gates_of(bench, pair, matrix=leant(degrees))[0]["tilt"].value == pytest.approx(
        degrees, abs=1.0
    )


def test_the_focal_length_of_the_file_counts(bench, pair):
    """The same picture from twice as long a lens is a camera that leant about twice as far."""
    gates = gates_of(bench, pair, matrix=leant(10.0), files=({}, {"focal_35mm": 70.0}))[0]
    assert np.tan(np.radians(gates["tilt"].value)) == pytest.approx(
        2.0 * np.tan(np.radians(10.0)), rel=0.05
    )


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ((-0.2, 0.0), (0.0, -0.2), ("from the left before", "above now", "lamp on the left")),
        ((0.0, 0.2), (0.2, 0.0), ("from below before", "the right now", "lamp below")),
        (
            (0.14, -0.14),
            (-0.2, 0.02),
            ("the upper right before", "the left now", "lamp at the upper right"),
        ),
        ((0.3, 0.0), (0.1, 0.0), ("softer", "harder light of the before photo")),
        ((0.05, 0.0), (0.2, 0.0), ("harder", "softer light of the before photo")),
        ((0.01, 0.0), (0.0, 0.01), ("stood elsewhere or was softer",)),
    ],
)
def test_the_side_of_the_lamp_is_named_where_it_is_clear(bench, pair, before, after, words):
    facts = {"shading_shift": 0.6, "light_from": after}
    gate = gates_of(bench, pair, facts=facts, first={"light_from": before})[0]["light"]
    assert gate.verdict is CheckVerdict.FAIL
    for word in words:
        assert word in gate.remedy


def test_without_untreated_skin_a_change_of_redness_is_no_white_balance(bench, pair):
    facts = {"anchor": "region", "ln_white_balance": (-0.5, 0.0)}
    gate = gates_of(bench, pair, facts=facts)[0]["white_balance"]
    assert gate.verdict is CheckVerdict.NOT_APPLICABLE
    assert gate.refuses == ()


def test_grey_patches_stand_for_untreated_skin(bench, pair):
    facts = {"anchor": "region", "ln_white_balance": (-0.5, 0.0)}
    card = {"facts": facts | {"grey_cast": (0.01, -0.01)}, "colours": ("target", "chart")}
    gate = gates_of(bench, pair, **card)[0]["white_balance"]
    assert (gate.verdict, gate.value) == (CheckVerdict.PASS, 0.01)
    tinted = {"facts": facts | {"grey_cast": (0.0, 0.08)}, "colours": ("target", "target")}
    gate = gates_of(bench, pair, **tinted)[0]["white_balance"]
    assert gate.verdict is CheckVerdict.FAIL
    assert set(gate.refuses) == fragile("colour")
    one = {"facts": facts, "colours": ("target", "none")}
    assert gates_of(bench, pair, **one)[0]["white_balance"].verdict is CheckVerdict.NOT_APPLICABLE


def test_raw_beside_a_developed_photo_refuses_texture_and_colour(bench, pair):
    files = ({"format": "RAW"}, {"format": "JPEG"})
    gate = gates_of(bench, pair, files=files)[0]["camera"]
    assert gate.verdict is CheckVerdict.FAIL
    assert set(gate.refuses) == fragile("light", "blur", "colour")
    gate = gates_of(bench, pair, files=files, colours=("target", "target"))[0]["camera"]
    assert set(gate.refuses) == fragile("blur")
    both = gates_of(bench, pair, files=({"format": "RAW"}, {"format": "RAW"}))[0]["camera"]
    assert both.verdict is CheckVerdict.PASS


def test_a_white_balance_that_reference_skin_corrects_is_marked(bench, pair):
    gate = gates_of(bench, pair, facts={"ln_white_balance": (0.1, 0.0)})[0]["white_balance"]
    assert gate.verdict is CheckVerdict.PASS
    assert "untreated skin" in gate.remedy


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ({"camera": "Phone 9"}, {"camera": "Phone 10"}, "another camera"),
        ({"lens": "wide"}, {"lens": "tele"}, "another lens"),
        ({"focal_35mm": 26.0}, {"focal_35mm": 52.0}, "another focal length"),
        ({"digital_zoom": 1.0}, {"digital_zoom": 2.0}, "another digital zoom"),
    ],
)
def test_another_camera_is_marked_and_refuses_nothing(bench, pair, before, after, said):
    gate = gates_of(bench, pair, files=(before, after))[0]["camera"]
    assert gate.verdict is CheckVerdict.FAIL
    assert said in gate.value
    assert gate.refuses == ()


def test_a_file_that_names_no_camera_is_only_said(bench, pair):
    gate = gates_of(bench, pair, files=({}, {"camera": ""}))[0]["camera"]
    assert gate.verdict is CheckVerdict.NOT_APPLICABLE
    assert "after photo" in gate.remedy


@pytest.mark.parametrize("preps", [("", ""), ("make-up", ""), ("", "none")])
def test_a_preparation_that_is_not_recorded_does_not_apply(bench, pair, preps):
    gate = gates_of(bench, pair, preps=preps)[0]["preparation"]
    assert gate.verdict is CheckVerdict.NOT_APPLICABLE
    assert gate.refuses == ()


def test_a_region_that_is_hardly_matched_is_no_alignment(bench, pair):
    gate = gates_of(bench, pair, align={"usable_share": 0.03})[0]["alignment"]
    assert gate.verdict is CheckVerdict.FAIL
    assert "3 %" in gate.remedy
    gate = gates_of(bench, pair, align={"usable_share": 0.3})[0]["alignment"]
    assert gate.verdict is CheckVerdict.PASS
    assert "30 %" in gate.remedy


NAMED = {
    Cause.MIRRORED: "mirrored",
    Cause.OTHER_SIDE: "other_side",
    Cause.OTHER_SKIN: "same_skin",
    Cause.NOT_SEEN: "overlap",
    Cause.NO_REGION: "overlap",
    Cause.LANDMARKS: "alignment",
}


@pytest.mark.parametrize("cause", Cause)
def test_what_could_not_be_aligned_has_a_gate_of_its_name(cause):
    (gate,) = unaligned(NotAligned("why: what to do", cause))
    assert gate.name == NAMED[cause]
    assert gate.name in NAMES
    assert gate.verdict is CheckVerdict.FAIL
    assert gate.refuses == ("*",)
    assert gate.remedy == "why: what to do"


def test_a_burnt_out_photo_is_called_so(pair):
    photo = pair[0][1].photo.photo
    burnt = replace(photo, clipped=np.ones_like(photo.clipped))
    other = NotAligned("the same skin was not found", Cause.OTHER_SKIN)
    assert [gate.name for gate in unaligned(other, [burnt])] == ["clipping", "same_skin"]
    assert [gate.name for gate in unaligned(other, [photo])] == ["same_skin"]
    flipped = NotAligned("flipped", Cause.MIRRORED)
    assert [gate.name for gate in unaligned(flipped, [burnt])] == ["mirrored"]


FLATTERING = {
    "light": ({"first": {"light_from": (0.3, 0.0)}, "facts": {"light_from": (0.1, 0.0)}}),
    "sharpness": {"facts": {"sigma2_px2": 0.5}},
    "zoom": {"matrix": np.diag([1.1, 1.1, 1.0]), "scales": (0.04, 0.044)},
    "exposure": {"facts": {"ln_exposure": 0.2}},
    "white_balance": {"facts": {"ln_white_balance": (-0.08, 0.0)}},
    "pose": {"matrix": leant(20.0)},
    "timing": {"days": 5},
}
AGAINST = {
    "light": ({"first": {"light_from": (0.1, 0.0)}, "facts": {"light_from": (0.3, 0.0)}}),
    "sharpness": {"facts": {"sigma2_px2": -0.5}},
    "zoom": {"matrix": np.diag([0.9, 0.9, 1.0]), "scales": (0.04, 0.036)},
    "exposure": {"facts": {"ln_exposure": -0.2}},
    "white_balance": {"facts": {"ln_white_balance": (0.08, 0.0)}},
    "pose": {"matrix": np.linalg.inv(leant(20.0))},
}


def test_every_part_of_the_bias_is_neutral_between_like_photos(bench, pair):
    found = compared(bench, pair)
    assert [name for name, _ in found.bias] == list(FLATTERING)
    assert dict(found.bias) == pytest.approx(dict.fromkeys(FLATTERING, 0.0), abs=0.05)
    assert found.bias_index == pytest.approx(0.0, abs=0.02)


@pytest.mark.parametrize("name", FLATTERING)
def test_what_flatters_the_after_photo_counts_for_it(bench, pair, name):
    found = compared(bench, pair, **FLATTERING[name])
    assert 0.5 < dict(found.bias)[name] <= 1.0
    assert found.bias_index > 0.05


@pytest.mark.parametrize("name", AGAINST)
def test_the_opposite_counts_against_it(bench, pair, name):
    found = compared(bench, pair, **AGAINST[name])
    assert -1.0 <= dict(found.bias)[name] < -0.5
    assert found.bias_index < -0.05


def test_parts_that_cannot_be_seen_say_why_and_are_left_out_of_the_mean(bench, pair):
    facts = {
        "anchor": "region", "sigma2_px2": NotMeasured("noise"), "ln_white_balance": (-0.5, 0.0),
        "ln_exposure": 0.2,
    }  # fmt: skip
    found = compared(bench, pair, facts=facts, days=None)
    parts = dict(found.bias)
    unseen = {name for name, part in parts.items() if isinstance(part, NotMeasured)}
    assert unseen == {"sharpness", "white_balance", "timing"}
    assert found.bias_index == pytest.approx(parts["exposure"] / 4.0, abs=0.02)


def test_a_soft_photo_of_a_real_pair_is_refused_for_texture(bench):
    found = bench.outcome("soft")
    gate = next(g for g in found.gates.gates if g.name == "sharpness")
    assert gate.verdict is CheckVerdict.FAIL
    row = found.rows["roughness"]
    assert isinstance(row.change, NotMeasured)
    assert "softer" in row.reason
    assert not isinstance(found.rows["redness"].change, NotMeasured)
