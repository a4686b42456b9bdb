from dataclasses import replace

import numpy as np
import pytest

from dermadelta import measures
from dermadelta.domain import CheckVerdict, NotMeasured, Role, Scale
from dermadelta.stages.compare import GATES, CompareConfig, compare

CONFIG = CompareConfig()
NAMES = [
    "same_skin",
    "overlap",
    "alignment",
    "sharpness",
    "exposure",
    "clipping",
    "light",
    "retouching",
    "zoom",
    "tilt",
    "scale",
    "timing",
]


@pytest.fixture(scope="module")
def pair(bench):
    """Two like photos; tests change one thing each."""
    skin = bench.FormulaSkin()
    still = bench.homography_only(np.eye(3))
    photos = (skin.aligned(), skin.aligned(role=Role.AFTER, alignment=still))
    return photos, bench.views_of(photos)


def gates_of(
    bench, pair, *, matrix=None, align=(), facts=(), days=49, scales=(0.04, 0.04), views=None
):
    photos, carried = pair
    alignment = bench.homography_only(np.eye(3) if matrix is None else matrix, **dict(align))
    changed = tuple(
        replace(fact, **dict(facts)) if fact.role is Role.AFTER else fact for fact in carried.facts
    )
    carried = replace(carried, facts=changed, views=views or carried.views)
    shots = [
        replace(
            item.photo,
            scale=NotMeasured("no scale") if mm is None else Scale(mm, 0.01, "given"),
        )
        for item, mm in zip(photos, scales, strict=True)
    ]
    ref = bench.pair_ref(
        (photos[0].photo.photo.ref,), (photos[1].photo.photo.ref,), days_since_session=days
    )
    found = compare(ref, *shots, alignment, carried, CONFIG)
    return {gate.name: gate for gate in found.gates}, found.bias_index


def names_that(predicate):
    return {item.name for item in measures.ALL if predicate(item)}


def fragile(*nuisances):
    return names_that(lambda item: item.fragile_to & set(nuisances))


def test_like_photos_pass_every_gate(bench, pair):
    gates, bias = gates_of(bench, pair)
    assert list(gates) == NAMES
    assert len(GATES) == len(NAMES)
    assert {gate.verdict for gate in gates.values()} == {CheckVerdict.PASS}
    assert all(gate.limit and gate.unit for gate in gates.values())
    assert bias == pytest.approx(0.0, abs=0.05)


ZOOM = np.diag([1.7, 1.7, 1.0])
TILT = np.diag([1.0, 0.8, 1.0])

FAILURES = {
    "same_skin": ({"align": {"correlation": 0.02}}, {"*"}),
    "overlap": ({"align": {"overlap": 0.2}}, {"*"}),
    "alignment": ({"align": {"p95_px": 40.0}}, fragile("alignment")),
    "sharpness": ({"facts": {"sigma2_px2": 3.0}}, fragile("blur")),
    "retouching": ({"facts": {"ln_detail": -0.9, "ln_grain": -0.8}}, {"*"}),
    "exposure": ({"facts": {"ln_exposure": -2.0}}, fragile("light", "colour")),
    "clipping": ({"facts": {"clipped_share": 0.4}}, fragile("light", "colour")),
    "zoom": ({"matrix": ZOOM, "scales": (0.04, 0.068)}, fragile("blur", "scale")),
    "tilt": ({"matrix": TILT}, fragile("light", "scale")),
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
    assert others <= ({"scale"} if name == "tilt" else set())


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
        ("tilt", {"matrix": np.diag([1.0, 0.995, 1.0])}),
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


def test_bias_index_tells_whom_the_photography_flatters(bench, pair):
    soft_and_bright = {"sigma2_px2": 0.6, "ln_exposure": 0.3}
    sharp_and_dark = {key: -value for key, value in soft_and_bright.items()}
    flatters, against = (
        gates_of(bench, pair, facts=facts)[1] for facts in (soft_and_bright, sharp_and_dark)
    )
    assert 0.5 < flatters <= 1.0
    assert against == pytest.approx(-flatters)


def test_a_soft_photo_of_a_real_pair_is_refused_for_texture(bench):
    found = bench.outcome("soft")
    gate = next(g for g in found.gates.gates if g.name == "sharpness")
    assert gate.verdict is CheckVerdict.FAIL
    row = found.rows["roughness"]
    assert isinstance(row.change, NotMeasured)
    assert "softer" in row.reason
    assert not isinstance(found.rows["redness"].change, NotMeasured)
