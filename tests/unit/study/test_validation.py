from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest
from scipy.stats import linregress, t

from dermadelta.domain import (
    SCHEMA_VERSION,
    Check,
    CheckVerdict,
    Estimate,
    Interval,
    NotMeasured,
    PairRef,
    PairResult,
    PairStatus,
    Phase,
    PhotoRef,
    Scale,
    Verdict,
)
from dermadelta.errors import InputError, ManifestError
from dermadelta.study.goal_rows import slope
from dermadelta.study.goals import GOAL_COLUMNS, build_goals
from dermadelta.study.scores import (
    PAIR_COLUMNS,
    SCORE_COLUMNS,
    STANDARDS,
    Scored,
    refusal_causes,
    score,
)
from dermadelta.study.truth import ITA_CLASSES, ita_class, read_truths
from dermadelta.study.validation import COLUMNS, build_tables

GAP = NotMeasured("no such thing")
DAY = date(2026, 1, 12)


def estimate(measure: str, value: float, half: float, **changes: Any) -> Estimate:
    """An estimate in the unit of its standard; called changed where its interval leaves out 0."""
    span = Interval(value, value - half, value + half)
    per_cent = STANDARDS[measure].unit == "%"
    verdict = Verdict.IMPROVED if value < 0 else Verdict.WORSENED
    made = Estimate(
        measure=measure,
        version=1,
        unit="1",
        region="roi",
        before=1.0,
        after=1.0,
        change=span,
        change_pct=span if per_cent else GAP,
        change_plain=value,
        change_reference=value,
        reference_weight=0.5,
        reference="automatic",
        improvement_pct=-value,
        sdc=half,
        primary=measure in ("roughness", "redness", "scar_area"),
        verdict=verdict if abs(value) > half else Verdict.NO_DETECTABLE_CHANGE,
        reason="",
        variance=(),
    )
    return replace(made, **changes)


def unread(measure: str, reason: str) -> Estimate:
    return estimate(
        measure, 0.0, 1.0, change=GAP, change_pct=GAP, verdict=Verdict.NOT_MEASURED, reason=reason
    )


def photo(name: str, mm_per_px: float | None = 0.05) -> PhotoRef:
    return PhotoRef(
        name, name, "", name, "s", DAY, Phase.PRE, "cheek", "", mm_per_px=mm_per_px
    )  # fmt: skip


def result(pair_id: str, *estimates: Estimate, **changes: Any) -> PairResult:
    sides = (photo("b"),), (photo("a"),)
    pair = PairRef(pair_id, "s", "cheek", "", Phase.PRE, DAY, date(2026, 3, 2), *sides)
    made = PairResult(
        pair_key="",
        schema_version=SCHEMA_VERSION,
        pair=pair,
        status=PairStatus.MEASURED,
        reasons=(),
        remarks=(),
        before_used=("b",),
        after_used=("a",),
        alignment=GAP,
        scale=Scale(0.05, 0.01, "given"),
        colour_source="none",
        calibrations=(),
        bias=(),
        bias_index=0.0,
        gates=(),
        regions=(),
        readings=(),
        matches=(),
        evidence=(),
        estimates=estimates,
        pictures=(),
    )
    return replace(made, **changes)


def refused(pair_id: str, reason: str = "same_skin: retake", **changes: Any) -> PairResult:
    return result(
        pair_id, status=PairStatus.REFUSED, reasons=(reason,), scale=GAP, **changes
    )  # fmt: skip


def truths(*rows: dict[str, object], hard: tuple[str, ...] = ()) -> Any:
    common = {"origin": "synthetic", "setup": "rig", "ita_before_deg": 45.0, "in_photo": "nothing"}
    cells = [{k: str(v) for k, v in (common | row).items()} for row in rows]
    return read_truths(
        enumerate(cells, start=2), data_set="phantom", file="truth.csv", hard_kinds=hard
    )


def still(pair_id: str, **more: object) -> dict[str, object]:
    return {"pair_id": pair_id, "kind": "no_change", **more}


def smoother(pair_id: str, pct: float = -25.0, **more: object) -> dict[str, object]:
    columns = {"optical_roughness_change_pct": 0.8 * pct, "relief_change_pct": pct}
    return {"pair_id": pair_id, "kind": "texture", **columns, **more}


def pick(table: Any, **where: object) -> Any:
    """The one row of a table that holds these cells."""
    for name, value in where.items():
        table = table[table[name] == value]
    assert len(table) == 1, table
    return table.iloc[0]


# ------------------------------------------------------------------------------- truth


@pytest.mark.parametrize(
    ("angle", "name"),
    [
        (56.0, "very_light"), (55.0, "light"), (41.0, "intermediate"), (28.0, "tan"),
        (10.0, "brown"), (-29.9, "brown"), (-30.0, "dark"), (-60.0, "dark"),
    ],
)  # fmt: skip
def test_tone_classes_have_the_published_limits(angle, name):
    assert ita_class(angle) == name
    assert name in ITA_CLASSES


def test_a_pair_without_change_is_true_at_zero_and_real_unless_it_says_otherwise():
    (row,) = read_truths([(2, {"pair_id": "x", "kind": "no_change"})], data_set="d", file="t")
    assert row.origin == "real"
    assert set(row.changes.values()) == {0.0}
    assert row.ita_class == row.tone == "unknown"


def test_every_bad_row_is_told_at_once():
    rows = [
        (2, {"kind": "texture"}),
        (3, {"pair_id": "a", "kind": "texture", "relief_change_pct": "much"}),
        (4, {"pair_id": "b", "kind": "texture", "origin": "drawn"}),
        (5, {"pair_id": "c", "kind": "no_change", "must_refuse": "perhaps"}),
        (6, {"pair_id": "d", "kind": "no_change"}),
        (7, {"pair_id": "d", "kind": "no_change"}),
        (8, {"pair_id": "e", "kind": "No change", "scar_area_change_pct": "-3"}),
    ]
    with pytest.raises(ManifestError) as fault:
        read_truths(rows, data_set="d", file="truth.csv", problems=["line 9: surplus"])
    told = str(fault.value)
    assert "line 8: the kind is no_change, but scar_area_change_pct is not 0" in told
    assert "line 9: surplus" in told
    for words in ("line 2: no pair_id", "line 3", "much", "line 4", "drawn", "line 5", "pair_id d"):
        assert words in told
    assert fault.value.exit_code == 2


@pytest.mark.parametrize("kind", ["No change", "no-change", " NO_CHANGE "])
def test_a_kind_may_be_spelled_as_people_do(kind):
    (row,) = read_truths([(2, {"pair_id": "x", "kind": kind})], data_set="d", file="t")
    assert row.kind == "no_change"
    assert set(row.changes.values()) == {0.0}


@pytest.mark.parametrize(("area", "has"), [("local", True), ("whole", False), ("", False)])
def test_a_pair_refused_before_it_was_read_has_the_untreated_skin_of_its_truth(area, has):
    found = score([refused("x")], truths(still("x", **({"treated_area": area} if area else {}))))
    assert list(found.pairs["has_reference"]) == [has]


def test_a_truth_without_rows_is_refused():
    with pytest.raises(InputError, match="no pair is listed"):
        read_truths([], data_set="d", file="truth.csv")


# ------------------------------------------------------------------------------ scores


def test_errors_are_held_against_the_truth_and_against_the_second_truth():
    scored = score([result("p", estimate("roughness", -17.0, 5.0))], truths(smoother("p")))
    row = pick(scored.scores, measure="roughness")
    assert row["truth"] == -20.0
    assert row["error"] == 3.0
    assert row["error_second"] == 8.0
    assert row["width"] == 10.0
    assert row["covered"]
    assert row["direction"] == "improved"
    assert row["called_correctly"]
    assert list(scored.scores) == list(SCORE_COLUMNS)
    assert list(scored.pairs) == list(PAIR_COLUMNS)


@pytest.mark.parametrize(
    ("true", "measured", "right"),
    [(-20.0, -17.0, True), (-20.0, -2.0, False), (-20.0, 17.0, False), (0.0, -17.0, False),
     (0.0, 1.0, True), (0.3, 1.0, True), (0.3, 9.0, False)],
)  # fmt: skip
def test_a_call_is_right_when_it_has_the_true_direction(true, measured, right):
    truth = smoother("p", optical_roughness_change_pct=true)
    scored = score([result("p", estimate("roughness", measured, 5.0))], truths(truth))
    assert bool(pick(scored.scores, measure="roughness")["called_correctly"]) is right


def test_redness_counts_against_untreated_skin_only_where_there_was_some():
    true = {"redness_change_ei": -4.0, "redness_contrast_change_ei": -6.0}
    row = {"pair_id": "p", "kind": "redness", **true}
    for reference, expected in (("automatic", -6.0), ("none", -4.0)):
        own = estimate("redness", -5.0, 0.5, reference=reference)
        scored = score([result("p", own)], truths(row))
        assert pick(scored.scores, measure="redness")["truth"] == expected


def test_a_measure_that_was_not_read_has_a_row_with_its_reason():
    scored = score([result("p", unread("roughness", "light: retake"))], truths(smoother("p")))
    row = pick(scored.scores, measure="roughness")
    assert row["reason"] == "light: retake"
    assert row[["estimate", "covered", "changed", "called_correctly"]].isna().all()


def test_measures_that_need_no_scale_are_not_missed_where_there_is_one():
    with_scale = score([result("p", estimate("roughness", 0.0, 1.0))], truths(smoother("p")))
    assert list(with_scale.scores["measure"]) == ["roughness"]
    bare = result("p", estimate("roughness_unscaled", 0.0, 1.0), scale=GAP)
    bare = replace(bare, pair=replace(bare.pair, before=(photo("b", None),), after=()))
    scored = score([bare], truths(smoother("p")))
    assert list(scored.scores["measure"]) == ["roughness_unscaled"]
    assert not scored.pairs["has_scale"].any()


def test_other_regions_than_the_main_one_do_not_count():
    other = estimate("roughness", -50.0, 1.0, region="cheek")
    scored = score([result("p", estimate("roughness", 0.0, 1.0), other)], truths(smoother("p")))
    assert pick(scored.scores, measure="roughness")["estimate"] == 0.0


def test_a_pair_of_another_kind_whose_truth_is_zero_is_one_without_change():
    rows = (smoother("a", 0.0, kind="lamp"), smoother("b", -25.0, kind="lamp"))
    scored = score([result("a"), result("b")], truths(*rows, hard=("lamp",)))
    assert list(scored.pairs["no_change"]) == [True, False]
    assert list(scored.pairs["difficulty"]) == ["hard", "hard"]


@pytest.mark.parametrize(
    ("reason", "cause"),
    [
        (
            "no usable photograph of 2026-01-12: a.jpg: focus 0.1, limit ≥ 0.3. x",
            "photo_focus",
        ),
        ("no usable photograph of 2026-01-12: a.jpg: cut off", "photo"),
        ("sharpness: the after photo is much softer", "sharpness"),
        ("the after photo is mirrored: use the original", "mirrored"),
        ("the same skin was not found in both photos: check", "not_found"),
        ("something else", "other"),
    ],
)
def test_why_a_pair_was_refused(reason, cause):
    assert refusal_causes(refused("p", reason)) == (cause,)


def test_gates_that_refuse_everything_come_before_words():
    def gate(name: str, refuses: tuple[str, ...]) -> Check:
        return Check(name, 0.1, "", "≥ 0.3", CheckVerdict.FAIL, "Retake.", refuses)

    gates = (gate("same_skin", ("*",)), gate("blur", ("roughness",)))
    assert refusal_causes(refused("p", "blur: x", gates=gates)) == ("same_skin",)


# ------------------------------------------------------------------------------ tables


def many() -> Scored:
    """40 pairs without change (2 called improved, 1 worsened), 20 smoother ones (16 found)."""
    results, rows = [], []
    for number in range(40):
        tone = 60.0 if number % 2 else -40.0
        value = {0: -9.0, 1: -9.0, 2: 9.0}.get(number, 1.0)
        results.append(
            result(f"n{number}", estimate("roughness", value, 5.0), estimate("redness", 0.1, 1.0))
        )
        rows.append(still(f"n{number}", ita_before_deg=tone))
    for number in range(20):
        found = estimate("roughness", -19.0, 5.0) if number < 16 else estimate("roughness", -4.0, 5)
        results.append(result(f"t{number}", found))
        rows.append(smoother(f"t{number}"))
    for number in range(4):
        results.append(refused(f"r{number}") if number else result("r0"))
        reason = "other skin" if number < 2 else "mirrored"
        rows.append(
            {"pair_id": f"r{number}", "kind": "bad", "must_refuse": True, "refuse_reason": reason}
        )
    results.append(refused("w", "sharpness: softer"))
    rows.append(still("w"))
    return score(results, truths(*rows))


def test_accuracy_is_bias_mean_error_and_95th_percentile():
    table = build_tables(many())["accuracy"]
    row = pick(table, group_by="kind", group="texture", measure="roughness",
               truth_column="optical_roughness_change_pct")  # fmt: skip
    assert row["n"] == 20
    assert row["bias"] == pytest.approx((16 * 1.0 + 4 * 16.0) / 20)
    assert row["mae"] == pytest.approx(4.0)
    assert row["p95"] == pytest.approx(16.0)
    relief = pick(table, group_by="kind", group="texture", truth_column="relief_change_pct")
    assert relief["bias"] == pytest.approx((16 * 6.0 + 4 * 21.0) / 20)


def test_coverage_by_tone_has_an_exact_interval():
    table = build_tables(many())["coverage"]
    row = pick(table, group_by="ita_class", group="very_light", measure="roughness")
    # 19 of 20: exact limits from the published table (Clopper & Pearson 1934; R binom.test).
    assert (row["n"], row["n_covered"]) == (20, 19)
    assert row["share_low"] == pytest.approx(0.7513, abs=1e-4)
    assert row["share_high"] == pytest.approx(0.9987, abs=1e-4)
    assert row["median_width"] == 10.0
    names = table[(table["group_by"] == "ita_class") & (table["measure"] == "roughness")]["group"]
    assert list(names) == ["very_light", "light", "dark"]


def test_false_positives_count_a_pair_once_and_split_by_direction():
    table = build_tables(many())["false_positives"]
    row = pick(table, group_by="overall", measure="any_primary")
    assert list(row[["n", "n_not_measured", "n_changed", "n_improved", "n_worsened"]]) == [
        40, 1, 3, 2, 1,
    ]  # fmt: skip
    assert row["share"] == pytest.approx(3 / 40)
    assert pick(table, group_by="overall", measure="redness")["n_changed"] == 0


def test_power_counts_what_was_not_measured_as_missed():
    results = [
        result("a", estimate("roughness", -19.0, 5.0)),
        result("b", unread("roughness", "light")),
    ]
    scored = score(results, truths(smoother("a"), smoother("b")))
    row = pick(build_tables(scored)["power"], group_by="overall", level_pct=25.0)
    assert (row["n"], row["n_not_measured"], row["n_improved"]) == (2, 1, 1)
    assert row["share"] == 0.5
    assert row["share_of_measured"] == 1.0
    assert row["mean_truth"] == pytest.approx(-20.0)
    assert build_tables(scored)["power"]["level_pct"].unique().tolist() == [25.0]


def test_refusals_tell_recall_by_reason_and_precision_by_gate():
    table = build_tables(many())["refusals"]
    overall = table[table["group_by"] == "overall"]
    assert pick(overall, what="recall", reason="all")["share"] == 0.75
    assert pick(overall, what="recall", reason="other skin")["n_hit"] == 1
    assert pick(overall, what="precision", reason="all")["share"] == 0.75
    assert pick(overall, what="precision", reason="same_skin")["share"] == 1.0
    assert pick(overall, what="precision", reason="sharpness")["share"] == 0.0
    wrongly = pick(overall, what="wrongly_refused", reason="sharpness")
    assert (wrongly["n"], wrongly["n_hit"]) == (61, 1)


def test_data_sets_and_origins_are_never_pooled():
    first = truths(still("a"), still("b"))
    second = read_truths([(2, {"pair_id": "a", "kind": "no_change", "tone": "V"})],
                         data_set="clinic", file="t")  # fmt: skip
    scored = score([result("a", estimate("roughness", 9.0, 1.0)), result("b")], (*first, *second))
    for name, table in build_tables(scored).items():
        assert list(table) == list(COLUMNS[name])
        overall = table[(table["group_by"] == "overall")]
        if name == "false_positives":
            rows = overall[overall["measure"] == "any_primary"]
            assert list(rows["data_set"]) == ["phantom", "clinic"]
    assert set(build_goals(scored)["origin"]) == {"synthetic", "real"}


def test_no_pair_at_all_gives_empty_tables():
    scored = score([], [])
    assert all(table.empty for table in build_tables(scored).values())
    assert list(build_goals(scored)) == list(GOAL_COLUMNS)


# ------------------------------------------------------------------------------- goals


def no_change_set(n: int, n_called: int, n_missed: int) -> Scored:
    """So many pairs without change; some called changed, some with an interval off the truth."""
    results = []
    for number in range(n):
        value = 9.0 if number < n_missed else 1.0
        found = estimate("roughness", value, 5.0)
        if number >= n_called:
            found = replace(found, verdict=Verdict.NO_DETECTABLE_CHANGE)
        results.append(result(f"n{number}", found))
    return score(results, truths(*(still(f"n{number}") for number in range(n))))


@pytest.mark.parametrize(
    ("n", "missed", "met", "remark"),
    [(100, 5, "yes", ""), (100, 0, "no", "too wide"), (100, 9, "no", "too narrow"),
     (49, 2, "too_few_pairs", "")],
)  # fmt: skip
def test_coverage_has_to_lie_on_both_sides_of_its_goal(n, missed, met, remark):
    goals = build_goals(no_change_set(n, 0, missed))
    row = pick(goals, goal="coverage", measure="roughness")
    assert row["met"] == met
    assert remark in row["remark"]


@pytest.mark.parametrize(
    ("n", "called", "met"),
    [(400, 12, "yes"), (400, 20, "no"), (50, 0, "too_few_pairs"), (51, 0, "yes"), (51, 1, "no")],
)
def test_the_upper_limit_of_false_positives_decides_too(n, called, met):
    # 12/400 = 3 %, upper limit 5.2 %; 20/400 = 5 %, upper limit 7.6 %; 0/51: 7.0 %.
    goals = build_goals(no_change_set(n, called, called))
    assert pick(goals, goal="false_positives")["met"] == met


def test_coverage_by_tone_looks_at_the_lowest_class_that_is_large_enough():
    results, rows = [], []
    for angle, n, missed in ((60.0, 50, 2), (-40.0, 60, 9), (20.0, 10, 9)):
        for number in range(n):
            name = f"{angle:.0f}_{number}"
            results.append(
                result(name, estimate("roughness", 9.0 if number < missed else 1.0, 5.0))
            )
            rows.append(still(name, ita_before_deg=angle))
    row = pick(build_goals(score(results, truths(*rows))), goal="coverage_by_tone")
    assert row["value"] == pytest.approx(51 / 60)
    assert row["met"] == "no"
    assert "dark" in row["remark"]
    assert "tan" in row["remark"]


@pytest.mark.parametrize(("worse", "met"), [(1.4, "yes"), (1.6, "no")])
@pytest.mark.parametrize("name", ["redness", "roughness"])
def test_errors_are_alike_on_every_tone(name, worse, met):
    found, rows = [], []
    for angle, n, error in ((60.0, 25, 0.5), (-40.0, 30, -0.5 * worse), (20.0, 5, 9.0)):
        for number in range(n):
            pair = f"{angle:.0f}_{number}"
            found.append(result(pair, estimate(name, error, 2.0)))
            rows.append(still(pair, ita_before_deg=angle))
    row = pick(build_goals(score(found, truths(*rows))), goal="error_by_tone", measure=name)
    assert (row["value"], row["n"], row["met"]) == (pytest.approx(worse), 60, met)
    assert "worst: dark" in row["remark"]
    assert "fewer than 20 pairs: tan" in row["remark"]


@pytest.mark.parametrize(
    ("times", "n", "met"),
    [(1.0, 20, "yes"), (0.94, 20, "no"), (1.06, 20, "no"), (1.0, 19, "too_few_pairs")],
)
def test_texture_moves_as_much_as_it_is_true(times, n, met):
    """True changes from -4 to -44 %; every other estimate lies 1 point higher than the line."""
    found, rows = [], []
    for number in range(n):
        true = -4.0 - 2.0 * number
        measured = times * true + 3.0 + number // 2 % 2
        found.append(result(f"p{number}", estimate("roughness", measured, 9.0)))
        rows.append(smoother(f"p{number}", true / 0.8, optical_roughness_change_pct=true))
    # Pairs without change would pin the line to the origin: they do not count.
    found.append(result("still", estimate("roughness", -30.0, 9.0)))
    rows.append(smoother("still", 0.0))
    row = pick(build_goals(score(found, truths(*rows))), goal="slope")
    assert (row["n"], row["met"]) == (n, met)
    assert row["value"] == pytest.approx(times, abs=0.01)
    assert row["low"] < row["value"] < row["high"] < row["low"] + 0.1


def test_the_slope_is_that_of_an_independent_fit():
    rng = np.random.default_rng(4)
    true = rng.uniform(-40.0, 0.0, 30)
    measured = 0.9 * true - 1.0 + rng.normal(0.0, 3.0, 30)
    fit = linregress(true, measured)
    found = slope(true, measured)
    assert found is not None
    assert found.value == pytest.approx(fit.slope)
    half = t.ppf(0.975, 28) * fit.stderr
    assert (found.low, found.high) == (
        pytest.approx(fit.slope - half),
        pytest.approx(fit.slope + half),
    )
    assert slope(true[:2], measured[:2]) is None
    assert slope(np.zeros(5), measured[:5]) is None


@pytest.mark.parametrize(
    ("n", "missed", "met"), [(20, 2, "yes"), (20, 3, "no"), (19, 0, "too_few_pairs")]
)
def test_a_treated_face_is_not_held_against_itself(n, missed, met):
    found, rows = [], []
    for number in range(n):
        value = 0.0 if number < missed else -18.0
        found.append(result(f"p{number}", estimate("roughness", value, 5.0)))
        rows.append(smoother(f"p{number}", -27.0, kind="whole_face", setup="rig"))
    for name, more in (("far", {"setup": "handheld"}), ("small", {"setup": "rig"})):
        found.append(result(name, estimate("roughness", 0.0, 1.0)))
        pct = -5.0 if name == "small" else -25.0
        rows.append(smoother(name, pct, kind="whole_face", **more))
    row = pick(build_goals(score(found, truths(*rows))), goal="whole_face")
    assert (row["value"], row["n"], row["met"]) == (pytest.approx(1.0 - missed / n), n, met)
    assert "true -21.6 %" in row["remark"]


@pytest.mark.parametrize(
    ("n", "measured", "met"), [(20, 0, "yes"), (20, 1, "no"), (19, 0, "too_few_pairs")]
)
def test_diffuse_redness_with_nothing_to_hold_it_against_is_never_measured(n, measured, met):
    known = {"kind": "diffuse", "treated_area": "whole", "redness_change_ei": "-4"}
    rows = [still(f"d{k}", **known, in_photo=("nothing", "marker")[k % 2]) for k in range(n)]
    rows.append(still("card", **known, in_photo="target"))
    read, none = estimate("redness", -4.0, 1.0), unread("redness", "nothing to hold it against")
    found = [result(f"d{k}", read if k < measured else none) for k in range(n)]
    found.append(result("card", read))
    row = pick(build_goals(score(found, truths(*rows))), goal="diffuse_redness")
    assert (row["n"], row["value"], row["met"]) == (n, 1 - measured / n, met)


def test_power_and_width_are_those_of_rig_pairs_of_good_practice():
    results = [result(f"t{n}", estimate("roughness", -19.0, 5.0)) for n in range(30)]
    rows = [smoother(f"t{n}") for n in range(20)]
    rows += [smoother(f"t{n}", setup="handheld") for n in range(20, 25)]
    rows += [smoother(f"t{n}", kind="lamp") for n in range(25, 30)]
    goals = build_goals(score(results, truths(*rows, hard=("lamp",))))
    power = pick(goals, goal="power")
    assert (power["n"], power["value"], power["met"]) == (20, 1.0, "yes")
    assert pick(goals, goal="interval_width")["value"] == 10.0


def test_real_pairs_have_a_goal_of_their_own_by_measure():
    found = [result(f"n{n}", estimate("redness", 9.0 if n < 3 else 0.1, 1.0)) for n in range(12)]
    rows = [(n + 2, {"pair_id": f"n{n}", "kind": "no_change"}) for n in range(12)]
    goals = build_goals(score(found, read_truths(rows, data_set="clinic", file="t")))
    assert set(goals["goal"]) == {"real_no_change"}
    row = pick(goals, measure="redness")
    # Clopper-Pearson lower limit of 3 of 12 is 5.5 %.
    assert row["low"] == pytest.approx(0.0549, abs=1e-4)
    assert row["met"] == "no"


def test_texture_or_redness_counts_a_real_pair_once_with_or_without_a_scale():
    found = [
        result("a", estimate("roughness_unscaled", 9.0, 1.0), estimate("redness", 9.0, 1.0)),
        result("b", estimate("roughness_unscaled", 0.0, 1.0), estimate("redness", 9.0, 1.0)),
        result("c", estimate("roughness_unscaled", 0.0, 1.0), unread("redness", "light")),
        refused("d"),
    ]
    bare = [replace(r, scale=GAP, pair=replace(r.pair, before=(), after=())) for r in found]
    rows = [(n, {"pair_id": name, "kind": "no_change"}) for n, name in enumerate("abcd")]
    goals = build_goals(score(bare, read_truths(rows, data_set="clinic", file="t")))
    row = pick(goals, measure="texture_or_redness")
    assert (row["n"], row["value"]) == (3, pytest.approx(2 / 3))
    assert "1 of 4 pairs not measured" in row["remark"]


@pytest.mark.parametrize(("called", "met"), [(0, "yes"), (1, "yes"), (2, "no")])
def test_a_small_real_set_has_a_count_for_a_goal(called, met):
    found = [
        result(f"n{n}", estimate("redness", 9.0 if n < called else 0.1, 1.0)) for n in range(9)
    ]
    found += [refused(f"n{n}") for n in range(9, 12)]
    rows = [
        (n, {"pair_id": f"n{n}", "kind": "no_change", "set": "fuseg_series"}) for n in range(12)
    ]
    goals = build_goals(score(found, read_truths(rows, data_set="folder", file="t")))
    row = pick(goals, measure="redness_or_area")
    assert (row["data_set"], row["n"], row["met"]) == ("fuseg_series", 12, met)
    assert (row["value"], row["remark"]) == (
        pytest.approx(called / 12),
        "9 measured, 3 refused, 0 failed of 12",
    )


def test_the_count_is_that_of_redness_and_area_and_no_pair_may_fail():
    def goal(*found: PairResult) -> Any:
        rows = [
            (n, {"pair_id": item.pair.pair_id, "kind": "no_change", "set": "fuseg_series"})
            for n, item in enumerate(found)
        ]
        truth = read_truths(rows, data_set="folder", file="t")
        return pick(build_goals(score(found, truth)), measure="redness_or_area")

    rough = result("a", estimate("roughness", 30.0, 1.0))
    assert (goal(rough)["value"], goal(rough)["met"]) == (0.0, "yes")
    both = result("b", *(replace(estimate(name, 30.0, 1.0), primary=False)
                         for name in ("redness", "scar_area")))  # fmt: skip
    assert goal(rough, both)["value"] == 0.5
    lost = result("c", status=PairStatus.FAILED, reasons=("unreadable",))
    row = goal(rough, both, lost)
    assert (row["met"], row["remark"]) == ("no", "2 measured, 0 refused, 1 failed of 3")
