"""The command line as a person runs it: another process, no terminal."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "sample_images"

Finished = subprocess.CompletedProcess[str]
Cli = Callable[..., Finished]


def environment(**more: str) -> dict[str, str]:
    """This environment with the checkout's package in front."""
    return {**os.environ, "PYTHONPATH": str(ROOT / "pipeline"), "PYTHONUTF8": "1", **more}


def run_cli(*words: str | Path, cwd: Path | None = None, **more: str) -> Finished:
    """Run the command line to its end."""
    return subprocess.run(
        [sys.executable, "-m", "dermadelta", *map(str, words)],
        cwd=cwd,
        env=environment(**more),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=800,
        check=False,
    )


@pytest.fixture(scope="session")
def cli() -> Cli:
    return run_cli


@pytest.fixture(scope="session")
def started() -> Callable[..., subprocess.Popen[str]]:
    """Start the command line and give the process, with its standard error as a pipe."""

    def start(*words: str | Path) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "dermadelta", *map(str, words)],
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            start_new_session=True,
        )

    return start


@pytest.fixture(scope="session")
def samples() -> Path:
    return SAMPLES


@pytest.fixture(scope="session")
def checkout() -> Path:
    return ROOT
