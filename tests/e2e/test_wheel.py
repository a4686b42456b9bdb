"""The wheel holds everything that a run needs, and works away from the checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytest.importorskip("build")
pytestmark = pytest.mark.timeout(900)


def run(*words: str | Path, cwd: Path, path: Path | None = None) -> str:
    """Standard output of a Python command that must succeed."""
    environment = {**os.environ, "PYTHONUTF8": "1"}
    environment.pop("PYTHONPATH", None)
    if path is not None:
        environment["PYTHONPATH"] = str(path)
    finished = subprocess.run(
        [sys.executable, *map(str, words)],
        cwd=cwd, env=environment, stdin=subprocess.DEVNULL, capture_output=True,
        text=True, encoding="utf-8", timeout=600, check=False,
    )  # fmt: skip
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory, checkout):
    folder = tmp_path_factory.mktemp("wheel")
    run("-m", "build", "--wheel", "--no-isolation", "--outdir", folder, checkout, cwd=folder)
    (found,) = folder.glob("*.whl")
    return found


def test_it_is_pure_and_whole(wheel, checkout):
    assert wheel.name.endswith("-py3-none-any.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    package = checkout / "pipeline" / "dermadelta"
    sources = {
        path.relative_to(package.parent).as_posix()
        for path in package.rglob("*")
        if path.is_file() and path.suffix != ".pyc" and not any(
            part.startswith((".", "__pycache__")) for part in path.relative_to(package).parts
        )
    }  # fmt: skip
    assert sources <= names
    assert "dermadelta/py.typed" in names
    assert any(name.startswith("dermadelta/reporting/templates/") for name in names)
    for preset in (checkout / "configs").glob("*.yaml"):
        assert f"dermadelta/presets/{preset.name}" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    tops = {name.partition("/")[0] for name in names}
    assert tops == {"dermadelta", wheel.name.split("-py3")[0] + ".dist-info"}


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    target = tmp_path_factory.mktemp("installed")
    pip = ["-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", target, wheel]
    run(*pip, cwd=target)
    return target


def test_it_runs_away_from_the_checkout(installed, tmp_path):
    where = run("-c", "import dermadelta; print(dermadelta.__file__)", cwd=tmp_path, path=installed)
    assert Path(where.strip()).is_relative_to(installed)
    assert "compare" in run("-m", "dermadelta", "--help", cwd=tmp_path, path=installed)


@pytest.mark.parametrize("preset", ["microneedling", "research", "marketing"])
def test_presets_are_found_by_name(installed, tmp_path, preset):
    words = ["-m", "dermadelta", "config", "check", preset]
    assert "in order" in run(*words, cwd=tmp_path, path=installed)


def test_templates_are_found(installed, tmp_path):
    script = (
        "from dermadelta.reporting.html import run_page; from pathlib import Path\n"
        "print(run_page([], [], {}, Path('.'))[:15])"
    )
    assert "<!doctype html>" in run("-c", script, cwd=tmp_path, path=installed).lower()
