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


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    out = tmp_path_factory.mktemp("real")
    finished = python(ROOT / "tests" / "realdata" / "prepare.py", out)
    assert finished.returncode == 0, finished.stderr
    return out


@pytest.mark.parametrize(("name", "limit"), [("wounds", 12), ("lesions", 2)])
def test_no_pair_fails(prepared, name, limit):
    out = prepared / name / "results"
    words = ["run", prepared / name / "manifest.csv", "--out", out, "--limit", str(limit)]
    finished = python("-m", "dermadelta", *words)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    with (out / "pairs.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) >= limit
    assert {row["status"] for row in rows} <= {"measured", "refused"}
    assert all(row["reasons"] for row in rows if row["status"] == "refused")
