"""Conclusions are drawn from stored evidence, for all pairs at once, and written if they differ."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from dermadelta.batch.ledger import pair_folder
from dermadelta.commands import conclusions
from dermadelta.commands.conclusions import draw_conclusions
from dermadelta.commands.work import failed_result
from dermadelta.config import Config
from dermadelta.domain import (
    Estimate,
    Evidence,
    NotMeasured,
    PairRef,
    PairResult,
    PairStatus,
    Phase,
    Role,
    StoredReading,
)
from dermadelta.errors import ConfigError
from dermadelta.files.results import read_pair, write_result
from dermadelta.measures import by_name
from dermadelta.variance.model import GUESS, VarianceModel
from dermadelta.variance.store import model_text

DAYS = (date(2026, 1, 12), date(2026, 3, 2))
ROUGHNESS = by_name("roughness")
CONFIG = Config()


def measured(subject: str, repeats: tuple[float, ...] = (0.05,)) -> PairResult:
    """A pair without untreated skin that fell by a tenth; its first visit has these readings."""
    pair = PairRef(f"{subject}_cheek", subject, "cheek", "", Phase.PRE, *DAYS, (), ())
    evidence = Evidence(
        measure=ROUGHNESS.name,
        version=ROUGHNESS.version,
        unit=ROUGHNESS.unit,
        region="roi",
        main=True,
        before=0.05,
        after=0.045,
        plain=-0.105,
        reference=NotMeasured("no reference skin"),
        source="none",
        sampling=1e-4,
        reference_sampling=0.0,
        nuisances=(("shading", 4e-4), ("zoom", 1e-4)),
        identical=False,
        n_before=1,
        n_after=1,
        reason="",
    )
    readings = [
        StoredReading(
            ROUGHNESS.name, ROUGHNESS.version, ROUGHNESS.unit, role, f"{role}{number}", day, "roi",
            value,
        )
        for role, day, values in zip(Role, DAYS, (repeats, (0.045,)), strict=True)
        for number, value in enumerate(values)
    ]  # fmt: skip
    empty = failed_result(pair, f"key of {subject}", "")
    return replace(
        empty,
        status=PairStatus.MEASURED,
        reasons=(),
        evidence=(evidence,),
        readings=tuple(readings),
    )


def stored(out: Path, *results: PairResult) -> tuple[PairResult, ...]:
    """Results as measuring leaves them: concluded one by one, and on disk."""
    found = []
    for result in results:
        (concluded,) = draw_conclusions(out / "alone", [result], CONFIG)
        write_result(pair_folder(out, result.pair.pair_id), concluded)
        found.append(concluded)
    return tuple(found)


@pytest.fixture
def written(monkeypatch) -> list[str]:
    """The pairs that are written again."""
    names = []

    def write(folder: Path, result: PairResult) -> None:
        names.append(result.pair.pair_id)
        write_result(folder, result)

    monkeypatch.setattr(conclusions, "write_result", write)
    return names


def width(result: PairResult) -> float:
    (row,) = result.estimates
    return row.change.high - row.change.low


def with_model(path: Path, factor: float) -> Config:
    """Settings with a model of one's own, whose intervals are so much wider than the guess."""
    entry = GUESS["ratio"].model_copy(update={"version": ROUGHNESS.version, "alone_factor": factor})
    model = VarianceModel(name="own", made={}, measures={ROUGHNESS.name: entry})
    path.write_text(model_text(model), encoding="utf-8")
    return Config.model_validate({"estimate": {"variance_model": str(path)}})


def test_evidence_becomes_an_estimate_in_the_order_given(tmp_path):
    results = [measured("B"), measured("A")]
    found = draw_conclusions(tmp_path, results, CONFIG)
    assert [result.pair.subject_id for result in found] == ["B", "A"]
    for result in found:
        (row,) = result.estimates
        assert isinstance(row, Estimate)
        assert row.change_pct.low < row.change_pct.value < row.change_pct.high
        assert read_pair(pair_folder(tmp_path, result.pair.pair_id)) == result


def test_what_does_not_change_is_not_written_again(tmp_path, written):
    results = stored(tmp_path, measured("A"), measured("B"))
    written.clear()
    assert draw_conclusions(tmp_path, results, CONFIG) == results
    assert written == []


def test_only_what_changes_is_written_again(tmp_path, written):
    first, second = stored(tmp_path, measured("A"), measured("B"))
    written.clear()
    found = draw_conclusions(tmp_path, [first, replace(second, estimates=())], CONFIG)
    assert written == ["B_cheek"]
    assert found == (first, second)


def test_another_model_gives_another_interval_of_the_same_change(tmp_path, written):
    results = stored(tmp_path, measured("A"))
    written.clear()
    (known,) = draw_conclusions(tmp_path, results, with_model(tmp_path / "one.json", 1.0))
    (wide,) = draw_conclusions(tmp_path, results, with_model(tmp_path / "two.json", 2.0))
    assert written == ["A_cheek", "A_cheek"]
    assert read_pair(pair_folder(tmp_path, "A_cheek")) == wide
    assert width(wide) == pytest.approx(2.0 * width(known), rel=0.05)
    assert wide.estimates[0].change.value == known.estimates[0].change.value
    assert replace(wide, estimates=()) == replace(known, estimates=())


def test_going_back_to_the_first_model_gives_the_first_bytes(tmp_path):
    results = stored(tmp_path, measured("A"))
    path = pair_folder(tmp_path, "A_cheek") / "result.json"
    before = path.read_bytes()
    changed = draw_conclusions(tmp_path, results, with_model(tmp_path / "two.json", 2.0))
    assert path.read_bytes() != before
    draw_conclusions(tmp_path, changed, CONFIG)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("repeats", "wider"), [((0.03, 0.05, 0.08, 0.04, 0.07), True), ((0.05, 0.0501, 0.0499), False)]
)
def test_repeats_of_one_visit_speak_for_every_pair_of_the_input(tmp_path, repeats, wider):
    plain, other = measured("A"), measured("B", repeats)
    alone = draw_conclusions(tmp_path, [plain], CONFIG)[0]
    together = draw_conclusions(tmp_path, [plain, other], CONFIG)[0]
    assert (width(together) > width(alone)) is wider
    assert width(together) != width(alone)
    assert together == draw_conclusions(tmp_path, [other, plain], CONFIG)[1]


def test_repeats_of_a_refused_pair_say_nothing(tmp_path):
    """They may be of other skin."""
    plain, other = measured("A"), measured("B", (0.03, 0.05, 0.08))
    refused = replace(other, status=PairStatus.REFUSED, evidence=())
    alone = draw_conclusions(tmp_path, [plain], CONFIG)[0]
    assert draw_conclusions(tmp_path, [plain, refused], CONFIG)[0] == alone


def test_a_pair_without_evidence_stays_as_it_is(tmp_path, written):
    failed = failed_result(measured("A").pair, "k", "out of focus")
    assert draw_conclusions(tmp_path, [failed], CONFIG) == (failed,)
    assert written == []


def test_a_model_that_cannot_be_used_changes_nothing(tmp_path, written):
    results = stored(tmp_path, measured("A"))
    written.clear()
    bad = tmp_path / "bad.json"
    bad.write_text('{"format": 99}', encoding="utf-8")
    config = Config.model_validate({"estimate": {"variance_model": str(bad)}})
    with pytest.raises(ConfigError, match="fit-variance"):
        draw_conclusions(tmp_path, results, config)
    assert written == []
