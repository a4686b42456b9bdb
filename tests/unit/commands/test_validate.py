from __future__ import annotations

import csv
import json
import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from dermadelta.commands import validation_pairs, work
from dermadelta.commands.validate import (
    ValidationRequest,
    ValidationSummary,
    command_line,
    count_words,
    goal_rows,
    validate,
)
from dermadelta.commands.validation_plan import validation_plan
from dermadelta.config import Config
from dermadelta.errors import ConfigError, InputError, ManifestError, UsageError
from dermadelta.phantom.cases import KINDS, TONES
from dermadelta.phantom.changes import WHOLE_KINDS
from dermadelta.phantom.seeds import Purpose, purpose_of

SMALL = ValidationRequest(pairs=2, width_px=800)


# -------------------------------------------------------------------------------- plan


def test_the_plan_draws_from_reporting_seeds_only():
    for seed in range(5):
        assert {purpose_of(r.seed) for r in validation_plan(20, seed)} == {Purpose.REPORTING}


@pytest.mark.parametrize("share", [0.0, 0.3, 0.5, 2 / 3, 1.0])
def test_the_share_of_pairs_without_change_is_kept_from_the_beginning(share):
    plan = validation_plan(60, 0, share)
    for n in range(1, 61):
        still = sum(request.kind == "no_change" for request in plan[:n])
        assert abs(still - share * n) <= 1.0
    assert plan[:25] == validation_plan(25, 0, share)
    assert [request.number for request in plan] == list(range(60))


def test_a_short_plan_has_every_kind_and_every_size_of_change():
    plan = validation_plan(60)
    assert {request.kind for request in plan} == set(KINDS)
    assert {r.change for r in plan if r.kind == "texture"} == {-10.0, -25.0, -50.0}


def test_kinds_setups_tones_and_what_lies_in_the_photo_take_turns():
    plan = validation_plan(700)
    tones = list(TONES)
    still = Counter(
        (tones[r.number % len(tones)], r.setup, r.in_photo, r.treated == "whole")
        for r in plan
        if r.kind == "no_change"
    )
    assert len({key[:2] for key in still}) == 14
    assert {key[2] for key in still} == {"nothing", "scale", "marker", "target", "chart", "ruler"}
    for kind in set(KINDS) - {"no_change"}:
        own = [r for r in plan if r.kind == kind]
        assert {r.setup for r in own} == {"rig", "handheld"}, kind
        assert len({tones[r.number % len(tones)] for r in own}) == len(tones), kind


def test_a_target_or_chart_lies_mostly_where_no_untreated_skin_is():
    plan = validation_plan(800)
    whole = [r for r in plan if r.treated == "whole" or r.kind in WHOLE_KINDS]
    carded = sum(r.in_photo in ("target", "chart") for r in whole)
    assert 0.5 < carded / len(whole) < 0.75
    diffuse = [r for r in plan if r.kind == "diffuse"]
    assert len(diffuse) > 20
    assert {r.in_photo for r in diffuse} == {"target", "chart", "nothing"}


def test_every_request_can_be_drawn():
    for request in validation_plan(120, 3):
        case = request.case()
        assert (case.kind, case.setup, case.in_photo) == (
            request.kind, request.setup, request.in_photo,
        )  # fmt: skip


@pytest.mark.parametrize(
    ("n", "seed", "share", "words"),
    [(0, 0, 0.5, "--pairs"), (-3, 0, 0.5, "--pairs"), (5, 0, 1.5, "0 to 1"), (5, -1, 0.5, "seed")],
)
def test_a_plan_that_cannot_be_is_refused(n, seed, share, words):
    with pytest.raises(UsageError, match=words) as fault:
        validation_plan(n, seed, share)
    assert fault.value.exit_code == 2


# ----------------------------------------------------------------------------- command


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> ValidationSummary:
    return validate(SMALL, tmp_path_factory.mktemp("validation"), Config())


def snapshot(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in out.iterdir() if path.is_file()}


def test_tables_page_and_facts_are_written(done):
    tables = ("accuracy", "coverage", "false_positives", "power", "refusals", "goals", "pairs",
              "scores", "reasons", "data_dictionary")  # fmt: skip
    names = {f"{name}.csv" for name in tables} | {"index.html", "validation.json"}
    assert names == set(snapshot(done.out))
    with (done.out / "data_dictionary.csv").open(encoding="utf-8") as stream:
        told = {(row["table"], row["column"]) for row in csv.DictReader(stream) if row["meaning"]}
    for name in tables[:-1]:
        with (done.out / f"{name}.csv").open(encoding="utf-8") as stream:
            assert {(name, column) for column in next(csv.reader(stream))} <= told
    info = json.loads((done.out / "validation.json").read_text(encoding="utf-8"))
    assert info["command"] == "dermadelta validate --pairs 2 --seed 0"
    assert info["variance_model"]
    assert set(info["seconds"]) == {"phantom", "report"}
    assert done.exit_code == 0
    assert "2 pairs" in count_words(done)
    assert {row[0] for row in goal_rows(done).rows} == {"phantom"}


def test_nothing_but_results_and_two_small_pictures_stays(done):
    left = done.out / "work"
    assert (left / ".gitignore").read_text(encoding="utf-8") == "*\n"
    assert not list((left / "phantom" / "photos").iterdir())
    for folder in (left / "phantom" / "pairs").iterdir():
        names = {path.name for path in folder.iterdir()}
        assert names == {"after.jpg", "alignment.npz", "before.jpg", "result.json", "truth.json"}
        assert sum(path.stat().st_size for path in folder.iterdir()) < 200_000


def stop(job: object, config: object) -> None:
    raise KeyboardInterrupt


def test_a_second_run_makes_nothing_again_and_gives_the_same_bytes(done, monkeypatch):
    before = snapshot(done.out)
    monkeypatch.setattr(validation_pairs, "make_and_measure", stop)
    again = validate(SMALL, done.out, Config())
    after = snapshot(done.out)
    assert again.reused == 2
    del before["validation.json"], after["validation.json"]
    assert after == before


def test_a_longer_run_goes_on_where_the_shorter_one_stopped(done, tmp_path, monkeypatch):
    shutil.copytree(done.out, tmp_path / "v")
    (pair,) = (tmp_path / "v" / "work" / "phantom" / "pairs").glob("p0000*")
    (pair / "result.json").unlink()
    made = []
    real = validation_pairs.make_and_measure

    def counted(job, config):
        made.append(job.case.subject_id)
        return real(job, config)

    monkeypatch.setattr(validation_pairs, "make_and_measure", counted)
    again = validate(SMALL, tmp_path / "v", Config())
    assert made == ["p0000"]
    assert snapshot(tmp_path / "v")["scores.csv"] == snapshot(done.out)["scores.csv"]
    assert again.reused == 1


def test_after_an_interruption_there_is_no_page_and_what_is_done_is_kept(
    done, tmp_path, monkeypatch
):
    shutil.copytree(done.out / "work", tmp_path / "work")

    monkeypatch.setattr(validation_pairs, "make_and_measure", stop)
    summary = validate(replace(SMALL, pairs=4), tmp_path, Config())
    assert (summary.pending, summary.exit_code) == (2, 130)
    assert not (tmp_path / "index.html").exists()
    assert len(list((tmp_path / "work" / "phantom" / "pairs").glob("*/truth.json"))) == 2


def test_a_pair_that_cannot_be_made_is_told_and_not_scored(done, tmp_path, monkeypatch):
    shutil.copytree(done.out / "work", tmp_path / "work")

    def broken(job, config):
        raise InputError("broken on purpose", remedy="None.")

    monkeypatch.setattr(validation_pairs, "make_and_measure", broken)
    summary = validate(replace(SMALL, pairs=3), tmp_path, Config())
    assert (len(summary.faults), summary.exit_code) == (1, 3)
    assert "broken on purpose" in (tmp_path / "index.html").read_text(encoding="utf-8")


def test_where_a_fault_stopped_a_pair_stands_in_the_facts(tmp_path, monkeypatch):
    def broken(*_, **__):
        raise ZeroDivisionError("on purpose")

    monkeypatch.setattr(work, "run_pair", broken)
    summary = validate(replace(SMALL, pairs=1), tmp_path, Config())
    info = json.loads((tmp_path / "validation.json").read_text(encoding="utf-8"))
    (trace,) = info["faults"].values()
    assert "ZeroDivisionError: on purpose" in trace
    assert (summary.counts, summary.exit_code) == ({"failed": 1}, 3)


# -------------------------------------------------------------------------------- data


@pytest.fixture
def folder(done: ValidationSummary, tmp_path: Path) -> Path:
    """The second pair of the plan as a folder of a user, with its truth."""
    made = tmp_path / "clinic"
    request = validation_plan(2, width_px=800)[1]
    rows = validation_pairs.write_pair(
        validation_pairs.PairJob(made, request.case(), truth_masks=False)
    )
    validation_pairs.write_tables(made, [rows])
    return made


def rewrite(folder: Path, **cells: str) -> None:
    """Put cells into every row of truth.csv; an empty column name is removed."""
    with (folder / "truth.csv").open(encoding="utf-8") as stream:
        rows = [dict(row) | cells for row in csv.DictReader(stream)]
    with (folder / "truth.csv").open("w", encoding="utf-8", newline="") as stream:
        table = csv.DictWriter(stream, list(rows[0]))
        table.writeheader()
        table.writerows(rows)


def only(folder: Path) -> ValidationRequest:
    return ValidationRequest(data=(folder,), data_only=True)


def test_real_pairs_stand_apart_and_show_no_picture(done, folder, tmp_path):
    rewrite(folder, origin="real")
    shutil.copytree(done.out / "work", tmp_path / "v" / "work")
    both = replace(SMALL, data=(folder,))
    summary = validate(both, tmp_path / "v", Config())
    assert {row[0] for row in goal_rows(summary).rows} == {"phantom", "clinic"}
    page = (tmp_path / "v" / "index.html").read_text(encoding="utf-8")
    assert "Real photographs: clinic" in page
    assert "data:image" not in page.split("Real photographs: clinic")[1]
    with (tmp_path / "v" / "pairs.csv").open(encoding="utf-8") as stream:
        assert Counter(row["origin"] for row in csv.DictReader(stream)) == {
            "synthetic": 2, "real": 1,
        }  # fmt: skip


@pytest.mark.parametrize(
    ("spoil", "kind", "words"),
    [
        (lambda f: (f / "truth.csv").unlink(), InputError, "no truth.csv"),
        (lambda f: shutil.rmtree(f), InputError, "no such folder"),
        (
            lambda f: (f / "truth.csv").write_text("pair_id\nx\n", encoding="utf-8"),
            InputError,
            "no column kind",
        ),
        (
            lambda f: (f / "truth.csv").write_text("pair_id,kind\n", encoding="utf-8"),
            InputError,
            "no pair is listed",
        ),
        (lambda f: rewrite(f, kind=""), ManifestError, "line 2: no kind"),
        (
            lambda f: rewrite(f, pair_id="another"),
            InputError,
            r"names another, which is no pair\n  pair p0001.* has no truth",
        ),
        (lambda f: rewrite(f, set="phantom"), InputError, "that of the synthetic pairs"),
        (
            lambda f: (f / "truth.csv").write_text(
                "pair_id,kind,tone,tone\nx,tan,I,I\n", encoding="utf-8"
            ),
            ManifestError,
            "line 1: the columns tone stand there twice",
        ),
        (
            lambda f: (f / "truth.csv").write_text(
                "pair_id,kind\nx,tan,very\ny\n", encoding="utf-8"
            ),
            ManifestError,
            r"(?s)line 2: 1 more cells.*line 3: no kind",
        ),
    ],
)
def test_a_folder_whose_truth_is_no_truth_is_refused(folder, tmp_path, spoil, kind, words):
    spoil(folder)
    with pytest.raises(kind, match=words) as fault:
        validate(only(folder), tmp_path / "v", Config())
    assert fault.value.exit_code == 2
    assert fault.value.remedy


def test_a_folder_counts_once(folder, tmp_path):
    twice = ValidationRequest(data=(folder, folder / ".." / folder.name), data_only=True)
    with pytest.raises(UsageError, match="given twice"):
        validate(twice, tmp_path / "v", Config())


def test_two_folders_never_share_a_name(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "other")
    rewrite(folder, set="arms")
    rewrite(tmp_path / "other", set="Arms")
    both = ValidationRequest(data=(folder, tmp_path / "other"), data_only=True)
    with pytest.raises(InputError, match=r"'Arms' comes from .*clinic too"):
        validate(both, tmp_path / "v", Config())
    assert not (tmp_path / "v").exists()


def test_nothing_at_all_is_no_request(tmp_path):
    with pytest.raises(UsageError, match="--data"):
        validate(ValidationRequest(data_only=True), tmp_path, Config())


def test_results_never_lie_among_the_photographs(folder):
    with pytest.raises(UsageError, match="among the photographs"):
        validate(only(folder), folder, Config())


def test_a_variance_model_of_another_version_ends_it_before_anything_is_made(tmp_path):
    model = tmp_path / "model.json"
    model.write_text('{"format": 99}', encoding="utf-8")
    config = Config.model_validate({"estimate": {"variance_model": str(model)}})
    with pytest.raises(ConfigError, match="form 99"):
        validate(SMALL, tmp_path / "v", config)
    assert not (tmp_path / "v").exists()


def test_the_command_names_folders_without_their_place():
    request = ValidationRequest(
        pairs=9, seed=4, no_change_share=0.75, data=(Path("/somewhere/clinic"),), config_name="a/b"
    )
    assert command_line(request) == (
        "dermadelta validate --pairs 9 --seed 4 --no-change-share 0.75 --data clinic --config b"
    )
