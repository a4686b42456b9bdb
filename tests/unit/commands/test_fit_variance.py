"""The variance model is fitted on known changes, on seeds that no validation ever reports."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dermadelta.commands import fit_variance as module
from dermadelta.commands.fit_variance import entry_rows, fit_entries, fit_variance, known_changes
from dermadelta.commands.validation_pairs import PHANTOM, Measured
from dermadelta.commands.validation_plan import Request, training_plan, validation_plan
from dermadelta.commands.work import failed_result
from dermadelta.config import Config
from dermadelta.domain import Evidence, NotMeasured, PairRef, PairResult, PairStatus, Phase
from dermadelta.errors import UsageError
from dermadelta.measures import ALL, by_name
from dermadelta.phantom.cases import KINDS, REFUSALS
from dermadelta.phantom.seeds import Purpose, purpose_of
from dermadelta.study.scores import STANDARDS
from dermadelta.study.truth import CHANGE_COLUMNS, Truth, read_truths
from dermadelta.variance.fit import LEAST_ALONE, LEAST_PAIRS
from dermadelta.variance.model import predict
from dermadelta.variance.store import load_model

DAYS = (date(2026, 1, 12), date(2026, 3, 2))
NONE = NotMeasured("no reference skin")
PAIRS = 45
"""A few more than the least that fit anything."""


def truth_of(pair_id: str, kind: str = "no_change", **cells: str) -> Truth:
    (truth,) = read_truths(
        [(2, {"pair_id": pair_id, "kind": kind, "origin": "synthetic", **cells})],
        data_set=PHANTOM,
        file="truth.csv",
    )
    return truth


def evidence_of(measure: str, plain: float | None = 0.02, reference: float | None = 0.01):
    item = by_name(measure)
    return Evidence(
        measure=measure,
        version=item.version,
        unit=item.unit,
        region="roi",
        main=True,
        before=1.0,
        after=1.0,
        plain=NotMeasured("too soft") if plain is None else plain,
        reference=NONE if reference is None else reference,
        source="none" if reference is None else "automatic",
        sampling=1e-4,
        reference_sampling=0.0 if reference is None else 1e-4,
        nuisances=(("shading", 1e-3),),
        identical=False,
        n_before=1,
        n_after=1,
        reason="" if plain is not None else "too soft",
    )


def result_of(pair_id: str, *evidence: Evidence) -> PairResult:
    pair = PairRef(pair_id, "s", "cheek", "", Phase.PRE, *DAYS, (), ())
    empty = failed_result(pair, "k", "")
    return replace(empty, status=PairStatus.MEASURED, reasons=(), evidence=evidence)


# ------------------------------------------------------------------------------ changes


def test_pairs_that_must_be_refused_teach_nothing():
    """Whatever was read of other skin, there is no true change of it."""
    truths = [
        truth_of("a"),
        truth_of("b", "impostor", must_refuse="true", relief_change_pct="0",
                 optical_roughness_change_pct="0"),
    ]  # fmt: skip
    results = [result_of(name, evidence_of("roughness")) for name in ("a", "b")]
    (known,) = known_changes(truths, results)["roughness"]
    assert known.evidence is results[0].evidence[0]
    assert known_changes(truths[1:], results) == {}


def test_ratios_are_known_as_logarithms_and_differences_in_their_unit():
    truth = truth_of(
        "a", "mixed", optical_roughness_change_pct="-25", redness_contrast_change_ei="-2.5"
    )
    known = known_changes([truth], [result_of("a", *map(evidence_of, ("roughness", "redness")))])
    assert known["roughness"][0].truth == pytest.approx(np.log(0.75))
    assert known["redness"][0].truth == -2.5


def test_untreated_skin_does_not_change():
    """Its true change is 0 whatever was done to the region."""
    truth = truth_of("a", "texture", optical_roughness_change_pct="-50")
    known = known_changes([truth], [result_of("a", evidence_of("roughness"))])["roughness"][0]
    assert (known.reference_truth, known.changed) == (0.0, True)


@pytest.mark.parametrize(
    ("reference", "column"), [(0.1, "redness_contrast_change_ei"), (None, "redness_change_ei")]
)
def test_redness_is_true_against_untreated_skin_where_there_is_some(reference, column):
    truth = truth_of("a", "redness", redness_contrast_change_ei="-3", redness_change_ei="-1")
    known = known_changes([truth], [result_of("a", evidence_of("redness", 0.2, reference))])
    assert known["redness"][0].truth == truth.changes[column]


@pytest.mark.parametrize(
    ("cells", "changed"), [({}, False), ({"optical_roughness_change_pct": "-0.3"}, False),
                           ({"optical_roughness_change_pct": "-6"}, True)]
)  # fmt: skip
def test_changed_is_what_is_not_negligible(cells, changed):
    kind = "texture" if cells else "no_change"
    known = known_changes(
        [truth_of("a", kind, **cells)], [result_of("a", evidence_of("roughness"))]
    )
    assert known["roughness"][0].changed is changed


def test_what_was_not_read_or_has_no_truth_is_left_out():
    truths = [truth_of("a"), truth_of("b", "redness", redness_contrast_change_ei="-3")]
    results = [
        result_of("a", evidence_of("roughness", None), evidence_of("redness")),
        result_of("b", evidence_of("roughness"), evidence_of("redness")),
        result_of("c", evidence_of("roughness")),
    ]
    known = known_changes(truths, results)
    assert set(known) == {"redness"}
    assert len(known["redness"]) == 2


def test_measures_without_a_standard_are_not_fitted(monkeypatch):
    monkeypatch.delitem(STANDARDS, "redness")
    known = known_changes(
        [truth_of("a")], [result_of("a", evidence_of("redness"), evidence_of("roughness"))]
    )
    assert set(known) == {"roughness"}


def test_the_order_of_the_work_does_not_matter():
    truths = [truth_of(name) for name in "abc"]
    results = [result_of(name, evidence_of("roughness", 0.01 * n)) for n, name in enumerate("abc")]
    one = known_changes(truths, results)
    assert one == known_changes(truths[::-1], [results[2], results[0], results[1]])
    assert [item.evidence.plain for item in one["roughness"]] == [0.0, 0.01, 0.02]


# -------------------------------------------------------------------------------- plans


def drawn(plan: Sequence[Request]) -> set[tuple[int, int]]:
    """What fixes a pair: the seed of its set and its number in it."""
    return {(request.seed, request.number) for request in plan}


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_no_pair_is_ever_fitted_and_reported(training, reporting):
    fitted, reported = training_plan(60, training), validation_plan(60, reporting)
    assert {purpose_of(request.seed) for request in fitted} == {Purpose.TRAINING}
    assert {purpose_of(request.seed) for request in reported} == {Purpose.REPORTING}
    assert not drawn(fitted) & drawn(reported)


def test_not_even_the_same_skin_is_drawn_for_both():
    skins = [{request.case().skin for request in plan}
             for plan in (training_plan(25, 0), validation_plan(25, 0))]  # fmt: skip
    assert len(skins[0]) == len(skins[1]) == 25
    assert not skins[0] & skins[1]


def test_nothing_is_fitted_on_pairs_that_must_be_refused():
    plan = training_plan(400)
    assert len(plan) == len(drawn(plan)) == 400
    kinds = {request.kind for request in plan}
    assert kinds == set(KINDS) - set(REFUSALS)
    assert all(not request.case().must_refuse for request in plan[:60])


def test_the_training_set_shows_what_the_model_must_know():
    """Both setups, with and without a scale, with and without untreated skin."""
    still = [request for request in training_plan(300) if request.kind == "no_change"]
    assert len(still) >= 0.6 * 300
    shown = {(r.setup, r.in_photo == "nothing", r.treated) for r in still}
    assert len(shown) == 8
    alone = sum(request.treated == "whole" for request in still)
    assert alone >= LEAST_PAIRS
    assert training_plan(40) == training_plan(300)[:40]


def test_the_training_set_teaches_colour_without_untreated_skin():
    """Enough pairs without change that have only a target or chart to hold colours against."""
    still = [request for request in training_plan(600) if request.kind == "no_change"]
    alone = [request for request in still if request.treated == "whole"]
    assert sum(r.in_photo in ("target", "chart") for r in alone) >= 2 * LEAST_ALONE
    assert sum(r.in_photo == "nothing" for r in alone) >= LEAST_ALONE


@pytest.mark.parametrize(("pairs", "seed"), [(0, 0), (-3, 0), (5, -1)])
def test_a_set_that_cannot_be_is_refused(pairs, seed, tmp_path):
    with pytest.raises(UsageError) as fault:
        fit_variance(tmp_path / "model.json", Config(), pairs=pairs, seed=seed, work=tmp_path / "w")
    assert fault.value.remedy
    assert list(tmp_path.iterdir()) == []


# ------------------------------------------------------------------------------ command

Clinic = Callable[..., Measured]


@pytest.fixture
def measured(monkeypatch) -> Clinic:
    """Take pairs for made and measured: their changes are noise of SD 3 %, or 0.5 units."""

    def make(n: int, *, pending: int = 0, reference: bool = True) -> Measured:
        random = np.random.default_rng(3)
        truths, results = [], {}
        for number in range(n):
            name = f"p{number:04d}"
            changes = random.normal(0.0, 0.03, 4)
            skin = float(changes[1]) if reference else None
            truths.append(truth_of(name))
            results[name] = result_of(
                name,
                evidence_of("roughness", float(changes[0]), skin),
                evidence_of("redness", 15.0 * float(changes[2]), 15.0 * float(changes[3])),
            )
        found = Measured(tuple(truths), results, 0, pending)
        monkeypatch.setattr(module, "measure_plan", lambda *args, **settings: found)
        return found

    return make


def test_too_few_pairs_say_how_many_to_ask_for(measured, tmp_path):
    measured(LEAST_PAIRS - 1)
    with pytest.raises(UsageError, match=str(LEAST_PAIRS)) as fault:
        fit_variance(tmp_path / "model.json", Config(), pairs=39, work=tmp_path / "work")
    assert "--pairs" in fault.value.remedy
    assert not (tmp_path / "model.json").exists()


def test_the_model_is_written_and_says_how_to_make_it_again(measured, tmp_path):
    measured(PAIRS)
    path = tmp_path / "model.json"
    summary = fit_variance(path, Config(), pairs=PAIRS, seed=4, work=tmp_path / "work")
    model = load_model(str(path))
    assert summary.model == model
    assert set(model.measures) == {"roughness", "redness"}
    assert model.made["command"] == "dermadelta fit-variance --pairs 45 --seed 4"
    assert {"dermadelta", "numpy"} <= set(model.made)
    assert str(tmp_path) not in path.read_text(encoding="utf-8")
    assert (tmp_path / "work" / ".gitignore").read_text(encoding="utf-8") == "*\n"
    assert [row[0] for row in entry_rows(model).rows] == list(model.measures)
    assert summary.exit_code == 0


def test_the_same_pairs_give_the_same_bytes_whatever_model_is_in_use(measured, tmp_path):
    """Evidence is fitted, not conclusions: even a broken model can be made anew."""
    measured(PAIRS)
    broken = tmp_path / "broken.json"
    broken.write_text("{}", encoding="utf-8")
    texts = []
    for name, used in (("one.json", ""), ("two.json", str(broken))):
        config = Config.model_validate({"estimate": {"variance_model": used}})
        fit_variance(tmp_path / name, config, pairs=PAIRS, work=tmp_path / "work")
        texts.append((tmp_path / name).read_bytes())
    assert texts[0] == texts[1]


def test_an_interrupted_fit_writes_no_model(measured, tmp_path):
    measured(PAIRS, pending=5)
    summary = fit_variance(
        tmp_path / "model.json", Config(), pairs=PAIRS + 5, work=tmp_path / "work"
    )
    assert (summary.pending, summary.exit_code) == (5, 130)
    assert not (tmp_path / "model.json").exists()


@pytest.mark.parametrize("shown", [True, False], ids=["with untreated skin", "without"])
def test_what_was_only_fitted_one_way_is_not_certain_the_other_way(measured, shown):
    """A change of texture has an interval with and without untreated skin, whatever was fitted."""
    found = measured(PAIRS, reference=shown)
    roughness = by_name("roughness")
    known = known_changes(found.truths, list(found.results.values()))
    entry = fit_entries(ALL, known)["roughness"]
    other = evidence_of("roughness", 0.1, None if shown else 0.02)
    assert predict(roughness, known["roughness"][0].evidence, entry).sd > 0.01
    assert predict(roughness, other, entry).sd > 0.01


def test_every_column_of_truth_that_is_fitted_on_is_read():
    for standard in STANDARDS.values():
        columns = {standard.truth, standard.alone, standard.second} - {""}
        assert columns <= set(CHANGE_COLUMNS)


def test_only_the_training_plan_is_made_and_its_photographs_are_not_kept(
    measured, tmp_path, monkeypatch
):
    asked = []
    nothing_yet = measured(PAIRS, pending=1)

    def measure_plan(plan: Sequence[Request], *args: object, **rest: object) -> Measured:
        asked.append((plan, rest["keep_photos"]))
        return nothing_yet

    monkeypatch.setattr(module, "measure_plan", measure_plan)
    fit_variance(tmp_path / "model.json", Config(), pairs=PAIRS, seed=2, work=tmp_path / "work")
    assert asked == [(training_plan(PAIRS, 2), False)]
