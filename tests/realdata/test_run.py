"""Real photographs through the command line: every pair is measured or refused, none fails.

Counts and findings stand in ``docs/realdata.md``; here only a part is run, for the time it takes.
"""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DATA = (ROOT / (os.environ.get("DERMADELTA_DATA") or "../shared/data")).resolve()

pytestmark = [
    pytest.mark.timeout(1200),
    pytest.mark.skipif(not DATA.is_dir(), reason=f"no photographs in {DATA}"),
]


def python(*words: str | Path) -> subprocess.CompletedProcess[str]:
    path = str(ROOT / "pipeline")
    return subprocess.run(
        [sys.executable, *map(str, words)],
        env={**os.environ, "PYTHONPATH": path, "PYTHONUTF8": "1", "DERMADELTA_DATA": str(DATA)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=1100,
        check=False,
    )


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    out = tmp_path_factory.mktemp("real")
    finished = python(ROOT / "tests" / "realdata" / "prepare.py", out)
    assert finished.returncode == 0, finished.stderr
    return out


@pytest.mark.parametrize(
    ("name", "limit"), [("wounds", 12), ("lesions", 2), ("faces", 4), ("same_visit", 12)]
)
def test_no_pair_fails(prepared, name, limit):
    out = prepared / name / "results"
    words = ["run", prepared / name / "manifest.csv", "--out", out, "--limit", str(limit)]
    finished = python("-m", "dermadelta", *words)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    rows = table(out / "pairs.csv")
    assert len(rows) >= limit
    assert {row["status"] for row in rows} <= {"measured", "refused"}
    assert all(row["reasons"] for row in rows if row["status"] == "refused")
    known = prepared / name / "truth.csv"
    if known.exists():
        assert {row["pair_id"] for row in rows} <= {row["pair_id"] for row in table(known)}
        # A file under two visits is refused as misplaced: none of these may be one.
        assert "another visit" not in " ".join(row["reasons"] for row in rows)


@pytest.mark.parametrize(("name", "count"), [("faces", 23), ("same_visit", 12)])
def test_every_pair_has_its_truth(prepared, name, count):
    truth = table(prepared / name / "truth.csv")
    shots = table(prepared / name / "manifest.csv")
    assert len({row["pair_id"] for row in truth}) == len(truth) == count
    assert sorted(row["subject_id"] for row in truth) == sorted({s["subject_id"] for s in shots})
    assert len(shots) == 2 * count
    assert {row["kind"] for row in truth} == {"no_change"}
    assert {row["origin"] for row in truth} == {"real"}
    assert all(row["tone"] for row in truth)
    assert {row["redness_contrast_change_ei"] for row in truth} == {"0"}


def test_only_the_neutral_portraits_have_regions(prepared):
    shots = table(prepared / "faces" / "manifest.csv")
    assert all(bool(s["roi"]) == bool(s["reference"]) == ("neutral" in s["photo"]) for s in shots)
    assert sum(bool(s["roi"]) for s in shots) == 23
