"""Which code makes older measurements out of date."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from importlib import resources
from pathlib import Path
from types import SimpleNamespace

import pytest

from dermadelta.batch.executor import Failure
from dermadelta.commands import fit_variance, validation_data, validation_pairs, work
from dermadelta.commands.progress import silent
from dermadelta.commands.validation_pairs import (
    Job,
    Measured,
    code_fingerprint,
    make_and_measure,
    measure_plan,
)
from dermadelta.commands.validation_plan import validation_plan
from dermadelta.commands.work import failed_result
from dermadelta.config import Config, measuring_fingerprint
from dermadelta.domain import PairRef, PairStatus, Phase, PhotoRef
from dermadelta.runner import PairRun
from dermadelta.variance.model import GUESS

DAYS = (date(2026, 1, 1), date(2026, 2, 1))
FILES = (
    "kernels/colour.py",
    "stages/estimate.py",
    "stages/compare/gate.py",
    "files/images.py",
    "variance/nuisances.py",
    "variance/model.py",
    "domain.py",
    "pair_result.py",
    "runner.py",
)


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A tree like the package's, with one stage that is a package of its own."""
    for room in ("phantom", "kernels", "measures", "stages/compare", "files", "variance"):
        (tmp_path / room).mkdir(parents=True)
    for file in FILES:
        (tmp_path / file).write_text("a = 1\n", encoding="utf-8")
    monkeypatch.setattr(validation_pairs.resources, "files", lambda _: tmp_path)
    code_fingerprint.cache_clear()
    yield tmp_path
    code_fingerprint.cache_clear()


@pytest.mark.parametrize(
    ("file", "counts"),
    [
        ("kernels/colour.py", True),
        ("stages/compare/gate.py", True),
        ("files/images.py", True),
        ("variance/nuisances.py", True),
        ("domain.py", True),
        ("pair_result.py", True),
        ("runner.py", True),
        ("stages/estimate.py", False),
        ("variance/model.py", False),
        ("variance/fit.py", False),
        ("stages/compare/notes.txt", False),
    ],
)
def test_code_that_reads_pixels_counts_wherever_it_stands(package, file, counts):
    before = code_fingerprint()
    assert code_fingerprint() == before
    (package / file).write_text("a = 2\n", encoding="utf-8")
    code_fingerprint.cache_clear()
    assert (code_fingerprint() != before) is counts


def test_every_place_that_counts_is_in_the_package():
    package = Path(str(resources.files("dermadelta")))
    assert [place for place in validation_pairs._CODE if not (package / place).exists()] == []


# ------------------------------------------------------------------ measured by older code


@pytest.fixture
def pair() -> PairRef:
    before, after = (
        PhotoRef(f"{day}.jpg", f"{day}.jpg", f"{day}", f"p{day}", "S1", day, Phase.PRE, "cheek", "")
        for day in DAYS
    )
    return PairRef("S1_cheek", "S1", "cheek", "", Phase.PRE, *DAYS, (before,), (after,))


@pytest.fixture
def measured(pair, monkeypatch) -> list[str]:
    """Take a pair for rendered, found and refused before it is read; ids of the measured ones."""
    seen = []

    def run_pair(pair: PairRef, config: Config, *, pair_key: str) -> PairRun:
        seen.append(pair.pair_id)
        failed = failed_result(pair, pair_key, "soft")
        return PairRun(replace(failed, status=PairStatus.REFUSED), (), {})

    def write_pair(job):
        job.out.mkdir(parents=True)
        return SimpleNamespace(truth={})

    monkeypatch.setattr(work, "run_pair", run_pair)
    monkeypatch.setattr(validation_pairs, "write_pair", write_pair)
    manifest = SimpleNamespace(manifest=Path("manifest.csv"))
    monkeypatch.setattr(validation_pairs, "write_tables", lambda *_: manifest)
    intake = SimpleNamespace(photos=(), sessions=())
    for module in (validation_pairs, validation_data):
        monkeypatch.setattr(module, "discover", lambda _: intake)
        found = SimpleNamespace(pairs=(pair,), finished=())
        monkeypatch.setattr(module, "pair_visits", lambda *_, found=found: found)
    monkeypatch.setattr(validation_data, "without_results", lambda intake, *_: intake)
    return seen


def test_a_synthetic_pair_that_older_code_has_refused_is_measured_anew(pair, measured, tmp_path):
    for key in ("older", "newer"):
        job = Job(SimpleNamespace(pair_id=pair.pair_id), key, tmp_path, keep_photos=False)
        make_and_measure(job, Config())
    assert measured == [pair.pair_id] * 2
    told = json.loads((tmp_path / "pairs" / pair.pair_id / "truth.json").read_text("utf-8"))
    assert told["key"] == "newer"


def measure_real(pair: PairRef, out: Path) -> Measured:
    truths = (SimpleNamespace(pair_id=pair.pair_id),)
    return validation_data.measure_data(
        Path("clinic"), truths, out, Config(), workers=1, progress=silent
    )


def test_real_pairs_are_kept_by_the_same_code_only(pair, measured, tmp_path, monkeypatch):
    measure_real(pair, tmp_path)
    assert measure_real(pair, tmp_path).reused == 1
    assert len(measured) == 1
    gone = tmp_path / "pairs" / "no longer asked for" / "result.json"
    gone.parent.mkdir()
    gone.write_text("{}", encoding="utf-8")
    monkeypatch.setattr(validation_pairs, "code_fingerprint", lambda: "newer")
    assert measure_real(pair, tmp_path).reused == 0
    assert len(measured) == 2
    assert not gone.exists()
    assert measure_real(pair, tmp_path).reused == 1


def test_what_older_code_found_of_photographs_is_forgotten_with_the_pairs(tmp_path):
    (tmp_path / "inspected.json").write_text("{}", encoding="utf-8")
    validation_pairs.forget_older_code(tmp_path)
    assert not (tmp_path / "inspected.json").exists()
    (tmp_path / "inspected.json").write_text("{}", encoding="utf-8")
    validation_pairs.forget_older_code(tmp_path)
    assert (tmp_path / "inspected.json").exists()


# ------------------------------------------------------------------- what is told of a fit


def test_where_a_pair_that_could_not_be_made_was_stopped_is_kept(tmp_path, monkeypatch):
    outcomes = [Failure("bug", "stopped", "Traceback: line 3"), failed_result]

    def execute(function, jobs, *, workers, on_done):
        on_done(0, jobs[0], outcomes[0])
        pair = PairRef(jobs[1].pair_id, "S", "cheek", "", Phase.PRE, *DAYS, (), ())
        on_done(1, jobs[1], failed_result(pair, "k", "soft"))

    told = {"fault": "", "truth": {"pair_id": "x", "kind": "no_change"}}
    monkeypatch.setattr(validation_pairs, "execute", execute)
    monkeypatch.setattr(validation_pairs, "_told", lambda _: told)
    plan = validation_plan(2)
    done = measure_plan(plan, tmp_path, Config(), workers=1, keep_photos=False, progress=silent)
    name = plan[0].case().pair_id
    assert done.faults == {name: "stopped"}
    assert done.tracebacks == {name: "Traceback: line 3"}


def test_a_model_tells_its_settings_and_how_many_pairs_could_be_made(pair, tmp_path, monkeypatch):
    done = Measured((), {"S1_cheek": failed_result(pair, "k", "")}, faults={"other": "stopped"})
    monkeypatch.setattr(fit_variance, "measure_plan", lambda *_, **__: done)
    monkeypatch.setattr(fit_variance, "fit_entries", lambda *_: {"roughness": GUESS["ratio"]})
    made = []
    for config in (Config(), Config.model_validate({"align": {"seed": 5}})):
        summary = fit_variance.fit_variance(
            tmp_path / "model.json", config, pairs=2, work=tmp_path / "work"
        )
        made.append(summary.model.made)
        assert made[-1]["settings"] == measuring_fingerprint(config)[:12]
    assert made[0]["settings"] != made[1]["settings"]
    assert (made[0]["pairs"], made[0]["pairs_made"]) == (2, 1)
