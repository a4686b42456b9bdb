import json

import numpy as np
import pytest

from dermadelta import measures
from dermadelta.config import Config
from dermadelta.domain import REFERENCE, NotMeasured, Read, Role
from dermadelta.stages.carry import carry
from dermadelta.stages.measure import measure


@pytest.fixture(scope="module")
def skin(bench):
    return bench.FormulaSkin()


def test_one_reading_per_view_and_measure(bench, skin):
    views = bench.views_of([skin.aligned()])
    found = measure(views, measures.ALL, Config().params(), Config().measure)
    keys = [(r.measure, r.region) for r in found]
    assert len(set(keys)) == len(keys)
    assert {name for name, region in keys if region == "roi"} == {m.name for m in measures.ALL}
    assert {name for name, region in keys if region == REFERENCE} == {
        m.name for m in measures.ALL if m.uses_reference
    }
    assert all(r.role is Role.BEFORE and r.photo_id == "before" for r in found)


def test_only_what_is_asked_for_is_read(bench, skin):
    views = bench.views_of([skin.aligned()])
    one = measures.by_name("redness")
    found = measure(views, [one], Config().params(), Config().measure)
    assert {r.measure for r in found} == {"redness"}


def test_params_reach_the_measure(bench, skin):
    views = bench.views_of([skin.aligned()])
    texture = measures.by_name("roughness")
    wide = Config.model_validate({"measures": {"texture": {"longest_mm": 3.0}}})
    values = [
        measure(views, [texture], config.params(), config.measure)[0].result.value
        for config in (Config(), wide)
    ]
    assert values[1] > 1.02 * values[0]


def test_a_resolution_too_coarse_is_not_measured(bench, skin):
    views = bench.views_of([skin.aligned(0.1)])
    found = measure(views, [measures.by_name("roughness")], Config().params(), Config().measure)[
        0
    ].result
    assert isinstance(found, NotMeasured)
    assert "resolution" in found.reason
    assert "0.067" in found.reason


def plain_skin(bench, **changes):
    """Skin without its scar."""
    made = bench.FormulaSkin(**changes)
    made.scar_mm = -3.0
    return made


def test_skin_without_a_scar_says_so(bench):
    views = bench.views_of([plain_skin(bench).aligned()])
    found = measure(views, [measures.by_name("scar_area")], Config().params(), Config().measure)[
        0
    ].result
    assert isinstance(found, NotMeasured)
    assert "no scar" in found.reason


def test_a_scar_given_and_a_scar_found_have_the_true_area(bench, skin):
    true = 3.14159265 * skin.scar_mm**2
    area = measures.by_name("scar_area")
    for given, tolerance in ((True, 0.01), (False, 0.08)):
        views = bench.views_of([skin.aligned(scar_given=given)])
        found = measure(views, [area], Config().params(), Config().measure)[0].result
        assert isinstance(found, Read)
        assert found.value == pytest.approx(true, rel=tolerance)
        assert found.outline is not None
        assert found.own_rel_sd > 0.0


def test_roughness_is_the_contrast_of_the_relief(bench):
    rough = measures.by_name("roughness")
    views = [bench.views_of([plain_skin(bench, contrast=c).aligned()]) for c in (0.02, 0.04)]
    values = [
        measure(v, [rough], Config().params(), Config().measure)[0].result.value for v in views
    ]
    assert values[1] == pytest.approx(2 * values[0], rel=0.02)


def test_redness_follows_a_gain_of_red(bench):
    item = measures.by_name("redness")
    values = [
        measure(
            bench.views_of([bench.FormulaSkin(redder=r).aligned()]),
            [item],
            Config().params(),
            Config().measure,
        )[0].result.value
        for r in (0.0, 0.1)
    ]
    # 100 log10(1.1)
    assert values[1] - values[0] == pytest.approx(4.139, abs=0.05)


def test_a_photo_from_nearer_reads_the_same(bench):
    """The same skin with 1.25 times the pixels: every measure keeps its value."""
    skin = bench.FormulaSkin(lines=0.3)
    # Pixel corners of both frames coincide: (p + 0.5) · 0.8 - 0.5.
    to_before = np.array([[0.8, 0, -0.1], [0, 0.8, -0.1], [0, 0, 1.0]])
    nearer = bench.homography_only(to_before)
    for given in (True, False):
        photos = [
            skin.aligned(0.04, scar_given=given),
            skin.aligned(0.032, scar_given=given, role=Role.AFTER, alignment=nearer),
        ]
        # Carried only: a formula without lens and noise has no sharpness to compare.
        found = measure(
            carry(photos, Config().carry), measures.ALL, Config().params(), Config().measure
        )
        values = {
            (r.measure, r.role): r.result.value
            for r in found
            if r.region == "roi" and isinstance(r.result, Read)
        }
        names = {name for name, _ in values}
        assert names == {m.name for m in measures.ALL} - {"roughness_unscaled", "ita"}
        own = json.loads(bench.golden.read_text(encoding="utf-8"))
        for name in names - {"roughness_fine"}:  # too fine for the photo from farther away
            before, after = (values[name, role] for role in (Role.BEFORE, Role.AFTER))
            tolerance = max(0.005, own[name]["tolerance"]["rescaled"])
            assert after == pytest.approx(before, rel=tolerance), name
