"""`dermadelta validate` from the command line: a clinic's own truth, and clear refusals."""

from __future__ import annotations

import csv
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.timeout(900)

TABLES = (
    "accuracy",
    "coverage",
    "false_positives",
    "power",
    "refusals",
    "goals",
    "pairs",
    "scores",
    "reasons",
)
GROUPED = TABLES[:5]
KINDS = ("no_change", "texture", "mirrored")


def table(out: Path, name: str) -> list[dict[str, str]]:
    with (out / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def header(out: Path, name: str) -> list[str]:
    with (out / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
        return next(csv.reader(stream))


def rewrite(folder: Path, change: Callable[[int, dict[str, str]], dict[str, str]]) -> None:
    """Change the rows of truth.csv."""
    rows = [change(number, row) for number, row in enumerate(table(folder, "truth"))]
    with (folder / "truth.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture(scope="module")
def clinic(tmp_path_factory, cli) -> Path:
    """A folder with a truth: nothing changed, texture changed, a mirrored photograph."""
    folder = tmp_path_factory.mktemp("data") / "clinic"
    kinds = [word for kind in KINDS for word in ("--kind", kind)]
    made = cli("phantom", folder, "--pairs", "3", "--width", "960", "--seed", "8", *kinds)
    assert made.returncode == 0, made.stderr
    return folder


@pytest.fixture(scope="module")
def done(tmp_path_factory, cli, clinic):
    """One synthetic pair and the folder, whose pairs are called real and semi-synthetic."""
    folder = tmp_path_factory.mktemp("mixed") / "clinic"
    shutil.copytree(clinic, folder)
    origins = ("real", "semi_synthetic", "semi_synthetic")
    rewrite(folder, lambda number, row: row | {"origin": origins[number]})
    out = folder.parent / "validation"
    finished = cli("validate", "--pairs", "1", "--data", folder, "--out", out, "--workers", "2")
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished, out


def test_every_table_is_there_with_the_columns_that_the_dictionary_tells(done):
    _, out = done
    told: dict[str, list[str]] = {}
    for row in table(out, "data_dictionary"):
        assert row["meaning"]
        told.setdefault(row["table"], []).append(row["column"])
    assert {name: header(out, name) for name in TABLES} == told
    for name in ("index.html", "validation.json"):
        assert (out / name).stat().st_size > 0


def test_origins_and_data_sets_are_never_pooled(done):
    _, out = done
    sets = {("phantom", "synthetic"), ("clinic", "real"), ("clinic", "semi_synthetic")}
    assert {(r["data_set"], r["origin"]) for r in table(out, "pairs")} == sets
    for name in GROUPED:
        assert {(r["data_set"], r["origin"]) for r in table(out, name)} <= sets, name
    n_pairs = {
        (r["data_set"], r["origin"], r["measure"]): int(r["n"]) + int(r["n_not_measured"])
        for r in table(out, "coverage")
        if r["group_by"] == "overall"
    }
    assert n_pairs
    assert set(n_pairs.values()) == {1}


def test_what_must_be_refused_is_scored_as_a_refusal(done):
    _, out = done
    rows = {row["pair_id"]: row for row in table(out, "pairs")}
    mirrored = next(row for row in rows.values() if row["kind"] == "mirrored")
    assert (mirrored["difficulty"], mirrored["status"]) == ("must_refuse", "refused")
    assert mirrored["pair_id"] not in {row["pair_id"] for row in table(out, "scores")}
    scored = [row for row in table(out, "scores") if rows[row["pair_id"]]["kind"] == "texture"]
    texture = next(row for row in scored if row["measure"].startswith("roughness"))
    assert float(texture["truth"]) < -3.0
    assert texture["covered"] in ("true", "false")


def test_the_screen_tells_the_goals_and_where_the_page_is(done):
    finished, out = done
    assert "4 pairs: " in finished.stdout
    assert finished.stdout.splitlines()[-1] == f"Page: {out / 'index.html'}"
    info = json.loads((out / "validation.json").read_text(encoding="utf-8"))
    assert info["command"] == "dermadelta validate --pairs 1 --seed 0 --data clinic"
    assert str(out.parent) not in json.dumps(info)


def test_a_second_run_keeps_what_is_measured_and_changes_no_byte(done, cli, tmp_path):
    _, first = done
    folder = first.parent / "clinic"
    copy = tmp_path / "validation"
    shutil.copytree(first, copy)
    before = {name: (copy / f"{name}.csv").read_bytes() for name in TABLES}
    again = cli("validate", "--pairs", "1", "--data", folder, "--out", copy, "--workers", "1")
    assert again.returncode == 0, again.stderr
    assert "(4 kept from an earlier run)" in again.stdout
    assert {name: (copy / f"{name}.csv").read_bytes() for name in TABLES} == before


# --------------------------------------------------------------------------- refusals


def refused(finished, *words: str) -> None:
    """Exit code 2 and one clear message, no traceback."""
    said = finished.stderr
    assert finished.returncode == 2, finished.stdout + said
    assert "Traceback" not in said + finished.stdout
    for word in words:
        assert word in said, said


@pytest.mark.parametrize("pairs", ["0", "-3"])
def test_no_pairs_prove_nothing(cli, tmp_path, pairs):
    refused(cli("validate", "--pairs", pairs, cwd=tmp_path), "--pairs")
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def spoilt(clinic, tmp_path) -> Path:
    """The folder again; its photographs are only linked, its truth is a file of its own."""
    folder = tmp_path / "clinic"
    folder.mkdir()
    for path in clinic.iterdir():
        if path.is_dir():
            shutil.copytree(path, folder / path.name, copy_function=os.link)
        else:
            shutil.copy(path, folder / path.name)
    return folder


def unlink(folder: Path) -> None:
    (folder / "truth.csv").unlink()


def empty(folder: Path) -> None:
    (folder / "truth.csv").write_bytes(b"")


def garbage(folder: Path) -> None:
    (folder / "truth.csv").write_bytes(bytes(range(256)) * 40)


def stranger(folder: Path) -> None:
    rewrite(
        folder,
        lambda number, row: row if number else row | {"pair_id": "nobody_cheek_2026-01-01"},
    )


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (unlink, ("no truth.csv", "clinic")),
        (empty, ("truth.csv", "empty")),
        (garbage, ("truth.csv",)),
        (stranger, ("nobody_cheek_2026-01-01", "which is no pair", "has no truth")),
    ],
    ids=["no truth", "empty", "garbage", "of other pairs"],
)
def test_a_truth_that_is_none(cli, spoilt, spoil, words):
    spoil(spoilt)
    out = spoilt.parent / "out"
    refused(cli("validate", "--data", spoilt, "--data-only", "--out", out), *words)
    assert not (out / "index.html").exists()


def test_a_variance_model_of_another_version(cli, spoilt, tmp_path):
    (tmp_path / "old.json").write_text('{"format": 0, "measures": {}}', encoding="utf-8")
    settings = tmp_path / "mine.yaml"
    settings.write_text("estimate: {variance_model: old.json}\n", encoding="utf-8")
    words = ("validate", "--data", spoilt, "--data-only", "--config", "mine.yaml", "--out", "out")
    refused(cli(*words, cwd=tmp_path), "form 0", "old.json", "fit-variance")
    assert not (tmp_path / "out").exists()
