"""What every measure is held to, its author writing nothing but its baseline."""

import importlib
import inspect
import json
import sys
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from pydantic import ValidationError

from dermadelta import measures
from dermadelta.config import Config
from dermadelta.domain import (
    REFERENCE,
    Carried,
    CheckVerdict,
    Comparability,
    Interval,
    Measure,
    Need,
    NotMeasured,
    Read,
    Role,
    Settings,
    Verdict,
)
from dermadelta.errors import ConfigError
from dermadelta.stages.measure import measure

ALL = measures.ALL
each = pytest.mark.parametrize("item", ALL, ids=[item.name for item in ALL])

SECTIONS = ("Definition", "Unit", "Range", "What confuses it", "Source")

DEFAULT_TOLERANCE = {"baseline": 1e-4, "turned": 1e-3, "rescaled": 0.01}


NEEDS_FINE = ("roughness_fine",)
"""Measures that are read on a photograph of more pixels per millimetre than all others."""

SHOTS = {True: {"mm_per_px": 0.04}, False: {"scale": False}, "fine": {"mm_per_px": 0.03}}
"""How the skin is taken, by what a measure needs."""


def shot_of(item: Measure) -> bool | str:
    return "fine" if item.name in NEEDS_FINE else Need.NO_SCALE not in item.needs


@cache
def read_all(views) -> dict[tuple[str, str, Role], Read | NotMeasured]:
    """Readings of every measure by name, region and role."""
    return {
        (r.measure, r.region, r.role): r.result
        for r in measure(views, ALL, Config().params(), Config().measure)
    }


def value_of(item: Measure, views, region: str = "roi", role: Role = Role.BEFORE) -> float:
    found = read_all(views)[item.name, region, role]
    assert isinstance(found, Read), found
    return found.value


def calibrated_views(bench, photos) -> Carried:
    """Views as if a target lay beside the skin: without one some measures are silent."""
    found = bench.views_of(photos)
    views = tuple(replace(view, calibrated=True) for view in found.views)
    return replace(found, views=views)


@pytest.fixture(scope="module")
def skin(bench):
    return bench.FormulaSkin(lines=0.3)


@pytest.fixture(scope="module")
def views(bench, skin):
    """One photo with a scale, and the same without."""
    return {kind: calibrated_views(bench, [skin.aligned(**shot)]) for kind, shot in SHOTS.items()}


# ------------------------------------------------------------------------------ records


def test_names_are_unique_and_are_columns_to_be():
    names = [item.name for item in ALL]
    assert len(set(names)) == len(names)
    assert all(name.isidentifier() and name == name.lower() for name in names)
    assert [measures.by_name(name) for name in names] == list(ALL)


def test_an_unknown_name_lists_what_there_is():
    with pytest.raises(ConfigError, match="redness") as caught:
        measures.by_name("rednes")
    assert all(item.name in str(caught.value) for item in ALL)


@each
def test_the_record_is_complete(item):
    assert item.title
    assert item.title[0].isupper()
    assert item.unit
    assert item.references
    assert all(reference.strip() for reference in item.references)
    assert item.version >= 1
    assert item.change in ("ratio", "difference")
    assert item.better in ("lower", "higher", "neither")
    assert not {Need.SCALE, Need.NO_SCALE} <= item.needs


@each
def test_the_module_explains_the_measure(item):
    text = inspect.getdoc(sys.modules[item.read.__module__])
    assert text is not None
    lines = text.splitlines()
    for section in SECTIONS:
        assert section in lines, f"{item.read.__module__} has no section {section}"
        at = lines.index(section)
        assert set(lines[at + 1]) == {"-"}
        assert lines[at + 2].strip()
    assert item.name in text, "the definition names the measure"
    unit = text[text.index("Unit\n") : text.index("Range\n")]
    assert item.unit in unit
    assert item.read.__doc__


@each
def test_params_belong_to_the_module_and_explain_themselves(item):
    module = importlib.import_module(item.read.__module__)
    assert item.params is module.Params
    assert item in module.MEASURES
    for name, field in item.params.model_fields.items():
        assert field.description, name


@each
def test_a_typo_in_its_settings_is_refused(item):
    assert issubclass(item.params, Settings)
    with pytest.raises(ValidationError, match="typo_here"):
        item.params(typo_here=1)
    with pytest.raises(ValidationError, match="typo_here"):
        Config.model_validate({"measures": {item.family: {"typo_here": 1}}})


@each
def test_a_unit_in_millimetres_needs_a_scale(item):
    if "mm" in item.unit or "/cm" in item.unit:
        assert Need.SCALE in item.needs


# ----------------------------------------------------------------------------- baseline


@pytest.fixture(scope="module")
def golden(bench):
    return json.loads(bench.golden.read_text(encoding="utf-8"))


def test_baseline_is_written_on_request(request, bench, views):
    """``pytest tests/unit/measures --update-baseline``: new values, own tolerances kept."""
    if not request.config.getoption("--update-baseline"):
        pytest.skip("only with --update-baseline")
    known = json.loads(bench.golden.read_text(encoding="utf-8")) if bench.golden.exists() else {}
    rows = {}
    for item in ALL:
        tolerance = known.get(item.name, {}).get("tolerance", DEFAULT_TOLERANCE)
        value = value_of(item, views[shot_of(item)])
        rows[item.name] = {
            "value": float(f"{value:.7g}"),
            "unit": item.unit,
            "version": item.version,
            "tolerance": tolerance,
        }
    bench.golden.write_text(json.dumps(rows, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def test_every_measure_has_a_baseline_and_every_baseline_a_measure(golden):
    assert list(golden) == [item.name for item in ALL]


@each
def test_it_reads_its_baseline(item, golden, views):
    row = golden[item.name]
    assert (row["unit"], row["version"]) == (item.unit, item.version)
    found = value_of(item, views[shot_of(item)])
    assert found == pytest.approx(row["value"], rel=row["tolerance"]["baseline"])


# --------------------------------------------------------------------------- invariance


def assert_same_bits(first: Read | NotMeasured, second: Read | NotMeasured) -> None:
    assert isinstance(first, Read), first
    assert isinstance(second, Read), second
    assert first.value == second.value
    assert first.blur_sensitivity == second.blur_sensitivity
    assert first.own_rel_sd == second.own_rel_sd
    for name in ("ids", "weight", "value"):
        assert np.array_equal(getattr(first.tiles, name), getattr(second.tiles, name))
    assert (first.outline is None) == (second.outline is None)
    if first.outline is not None and second.outline is not None:
        assert np.array_equal(first.outline, second.outline)


@each
def test_the_same_input_gives_the_same_bits(item, bench, skin, views):
    again = calibrated_views(bench, [skin.aligned(**SHOTS[shot_of(item)])])
    key = (item.name, "roi", Role.BEFORE)
    assert_same_bits(read_all(views[shot_of(item)])[key], read_all(again)[key])


@pytest.fixture(scope="module")
def spoilt(bench, skin):
    """The same photos with other things where there is no skin."""
    return {
        (kind, level): calibrated_views(bench, [skin.aligned(**shot, spoil=level)])
        for kind, shot in SHOTS.items()
        for level in (0.0, 0.9)
    }


@each
@pytest.mark.parametrize("level", [0.0, 0.9])
def test_what_is_no_skin_does_not_matter(item, level, views, spoilt):
    scaled = shot_of(item)
    key = (item.name, "roi", Role.BEFORE)
    assert_same_bits(read_all(views[scaled])[key], read_all(spoilt[scaled, level])[key])


TURNS = {
    "left to right": lambda a: a[:, ::-1],
    "upside down": lambda a: a[::-1],
    "quarter": lambda a: np.rot90(a),
    "half": lambda a: np.rot90(a, 2),
}


@pytest.fixture(scope="module", params=TURNS)
def turned(request, bench, skin):
    way = TURNS[request.param]
    return {
        kind: calibrated_views(bench, [skin.aligned(**shot, turn=way)])
        for kind, shot in SHOTS.items()
    }


@each
def test_flips_and_quarter_turns_do_not_matter(item, turned, views, golden):
    scaled = shot_of(item)
    expected = value_of(item, views[scaled])
    tolerance = golden[item.name]["tolerance"]["turned"]
    assert value_of(item, turned[scaled]) == pytest.approx(expected, rel=tolerance)


@pytest.fixture(scope="module", params=[0.85, 1.375])
def rescaled(request, bench, skin):
    """The same skin in fewer or more pixels; the fine band has no room for fewer."""
    return {
        kind: calibrated_views(bench, [skin.aligned(factor * shot["mm_per_px"])])
        for kind, shot in SHOTS.items()
        if kind
        for factor in [min(request.param, 1.1) if kind == "fine" else request.param]
    }


@each
def test_a_rescaled_photo_keeps_its_values_in_millimetres(item, rescaled, views, golden):
    if not shot_of(item):
        pytest.skip("counts in parts of the frame")
    kind = shot_of(item)
    tolerance = golden[item.name]["tolerance"]["rescaled"]
    expected = value_of(item, views[kind])
    assert value_of(item, rescaled[kind]) == pytest.approx(expected, rel=tolerance)


# -------------------------------------------------------------------------- no scale


@each
def test_without_a_scale_nothing_is_in_millimetres(item, views):
    found = read_all(views[False])[item.name, "roi", Role.BEFORE]
    if Need.SCALE in item.needs:
        assert isinstance(found, NotMeasured)
        assert "scale" in found.reason
    else:
        assert isinstance(found, Read)


@each
def test_with_a_scale_the_makeshift_is_silent(item, views):
    found = read_all(views[shot_of(item) or True])[item.name, "roi", Role.BEFORE]
    if Need.NO_SCALE in item.needs:
        assert isinstance(found, NotMeasured)
        assert "millimetres" in found.reason
    else:
        assert isinstance(found, Read)


# ------------------------------------------------------------------- identical photos


@pytest.fixture(scope="module")
def identical(bench, skin):
    """Estimates of a photo held against itself, with and without a scale."""
    found = {}
    for kind, shot in SHOTS.items():
        still = bench.homography_only(np.eye(3))
        photos = [
            skin.aligned(**shot),
            skin.aligned(**shot, role=Role.AFTER, alignment=still),
        ]
        views = calibrated_views(bench, photos)
        readings = measure(views, ALL, Config().params(), Config().measure)
        rows = bench.estimates_of(readings, views, Comparability((), (), 0.0), still, Config(), ALL)
        found[kind] = {row.measure: row for row in rows}
    return found


@each
def test_a_photo_has_not_changed_against_itself(item, identical):
    row = identical[shot_of(item)][item.name]
    assert isinstance(row.change, Interval), row.reason
    assert row.change.value == 0.0
    assert row.change.low <= 0.0 <= row.change.high
    assert row.before == row.after
    assert row.verdict is Verdict.NO_DETECTABLE_CHANGE


@each
def test_a_gate_that_names_it_refuses_it(item, bench, identical, views):
    from dermadelta.domain import Check

    gate = Check("gate", 2.0, "px", "≤ 1", CheckVerdict.FAIL, "Retake.", (item.name,))
    pair = views[shot_of(item)]
    still = bench.homography_only(np.eye(3))
    readings = list(measure(pair, ALL, Config().params(), Config().measure))
    readings += [replace(r, role=Role.AFTER) for r in readings]
    refused = Comparability((gate,), (), 0.0)
    rows = bench.estimates_of(readings, pair, refused, still, Config(), (item,))
    assert [row.verdict for row in rows] == [Verdict.NOT_MEASURED]
    assert "Retake." in rows[0].reason
    assert isinstance(rows[0].change, NotMeasured)


@each
def test_reference_skin_is_read_by_those_that_use_it(item, views):
    read = (item.name, REFERENCE, Role.BEFORE) in read_all(views[shot_of(item)])
    assert read == item.uses_reference
