"""Ctrl-C keeps what is finished, and the same command goes on."""

from __future__ import annotations

import csv
import json
import os
import signal
import sys

import pytest

pytestmark = [
    pytest.mark.timeout(900),
    pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is sent as a POSIX signal"),
]


@pytest.mark.parametrize("workers", ["1", "2"])
def test_ctrl_c_keeps_what_is_finished(cli, started, samples, tmp_path, workers):
    out = tmp_path / "out dir"
    words = ["run", samples, "--out", out, "--workers", workers, "--limit", "4"]
    with started(*words) as process:
        told = []
        for line in process.stderr:
            told.append(line)
            if line.startswith("pairs 1/4"):
                # As a terminal does: the whole group gets the signal, workers included.
                os.killpg(process.pid, signal.SIGINT)
                break
        shown, rest = process.communicate(timeout=600)
    said = "".join(told) + rest
    assert process.returncode == 130, said
    assert "Traceback" not in said
    assert "Go on with:" in said
    assert f'--out "{out}"' in said
    assert "Report: " in shown

    info = json.loads((out / "run.json").read_text(encoding="utf-8"))
    kept = info["counts"]["pairs"]
    assert kept >= 1
    assert info["counts"]["pending"] == 4 - kept
    with (out / "changes.csv").open(encoding="utf-8", newline="") as stream:
        assert len({row["pair_id"] for row in csv.DictReader(stream)}) == kept
    assert not list(out.rglob("*.part"))

    # With two workers the second pair may be the first to be finished: ask for all of them again.
    again = cli("run", samples, "--out", out, "--workers", workers, "--limit", "4")
    assert again.returncode == 0, again.stderr
    assert f"({kept} kept from an earlier run)" in again.stdout
