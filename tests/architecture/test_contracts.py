"""The import contracts hold for the package, and each of them really bites."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

# Modules of a tree like the package's; rooms that the contracts know beside these are plain files.
MODULES = [
    "batch.discover",
    "cli.measuring",
    "commands.run",
    "desk.page",
    "files.images",
    "kernels.colour",
    "measures.redness",
    "measures.roughness",
    "phantom.camera",
    "proof.sign",
    "reporting.tables",
    "stages.align",
    "stages.load",
    "study.series",
]

# (contract that must break, module, what it may not import)
VIOLATIONS = [
    ("Rooms import downwards only", "kernels.colour", "dermadelta.measures.redness"),
    ("Rooms import downwards only", "stages.align", "dermadelta.runner"),
    ("Rooms import downwards only", "errors", "dermadelta.domain"),
    ("Rooms import downwards only", "reporting.tables", "dermadelta.study.series"),
    ("Rooms import downwards only", "runner", "dermadelta.phantom.camera"),
    ("Rooms import downwards only", "batch.discover", "dermadelta.commands.run"),
    ("Rooms import downwards only", "config", "dermadelta"),
    ("Stages do not know each other", "stages.align", "dermadelta.stages.load"),
    ("Measures do not know each other", "measures.roughness", "dermadelta.measures.redness"),
    ("Kernels know neither", "kernels.colour", "dermadelta.domain"),
    ("Kernels know neither", "kernels.colour", "pydantic"),
    ("Only the rooms that own files", "stages.align", "dermadelta.files.images"),
    ("Only the rooms that own files", "runner", "dermadelta.files.images"),
    ("Only the rooms that own files", "measures.redness", "dermadelta.files.images"),
    ("The command line's libraries", "commands.run", "typer"),
    ("The command line's libraries", "cli.measuring", "rich.table"),
    ("The command line's libraries", "screen", "typer"),
    ("Rooms import downwards only", "commands.run", "dermadelta.screen"),
    ("The command line's libraries", "batch.discover", "rich.progress"),
    ("Page, picture and workbook makers", "commands.run", "jinja2"),
    ("Page, picture and workbook makers", "runner", "matplotlib"),
    ("Page, picture and workbook makers", "batch.discover", "xlsxwriter"),
    ("Picture formats are handled", "stages.load", "PIL.Image"),
    ("Picture formats are handled", "phantom.camera", "simplejpeg"),
    ("Picture formats are handled", "stages.load", "rawpy"),
    ("Picture formats are handled", "batch.discover", "pydicom"),
    ("Signing, scheduling, modelling", "commands.run", "cryptography"),
    ("Signing, scheduling, modelling", "runner", "dask"),
]

# Imports that the contracts must leave alone.
ALLOWED = [
    ("cli.measuring", "typer"),
    ("screen", "rich.progress"),
    ("cli.measuring", "dermadelta.commands.run"),
    ("cli.measuring", "dermadelta.screen"),
    ("commands.run", "dermadelta.files.images"),
    ("stages.load", "dermadelta.files.images"),
    ("phantom.camera", "dermadelta.files.images"),
    ("reporting.tables", "jinja2"),
    ("runner", "dermadelta.stages.load"),
    ("files.images", "PIL.Image"),
    ("files.images", "rawpy"),
    ("files.images", "pydicom.encaps"),
    ("proof.sign", "cryptography"),
]


def places() -> set[str]:
    """Every room and module that the layers name."""
    contracts = PROJECT["tool"]["importlinter"]["contracts"]
    (layers,) = (contract["layers"] for contract in contracts if contract["id"] == "layers")
    return {name for layer in layers for name in re.findall(r"\w+", layer)}


def make_tree(folder: Path) -> Path:
    """Empty modules under folder/dermadelta, one or more in every place that the layers name."""
    package = folder / "dermadelta"
    rooms = {name.partition(".")[0] for name in MODULES}
    for name in [*MODULES, *sorted(places() - rooms)]:
        file = package.joinpath(*name.split(".")).with_suffix(".py")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    for directory in [package, *(child for child in package.iterdir() if child.is_dir())]:
        (directory / "__init__.py").touch()
    # The API reaches upwards for type checkers, as the real one does.
    (package / "__init__.py").write_text(
        "from dermadelta.commands.run import __doc__ as run\n", encoding="utf-8"
    )
    return package


def lint(folder: Path) -> tuple[int, str]:
    """Run the project's own contracts on the tree that lies in `folder`."""
    finished = subprocess.run(
        [
            sys.executable,
            "-c",
            "from importlinter.cli import lint_imports_command; lint_imports_command()",
            "--config",
            str(ROOT / "pyproject.toml"),
            "--no-cache",
        ],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    return finished.returncode, finished.stdout + finished.stderr


def test_contracts_hold_for_the_package() -> None:
    code, text = lint(ROOT / "pipeline")
    assert code == 0, text


def test_allowed_imports_break_no_contract(tmp_path: Path) -> None:
    package = make_tree(tmp_path)
    for module, target in ALLOWED:
        file = package.joinpath(*module.split(".")).with_suffix(".py")
        file.write_text(file.read_text(encoding="utf-8") + f"import {target}\n", encoding="utf-8")
    code, text = lint(tmp_path)
    assert code == 0, text


@pytest.mark.parametrize(("contract", "module", "target"), VIOLATIONS)
def test_contract_bites(tmp_path: Path, contract: str, module: str, target: str) -> None:
    package = make_tree(tmp_path)
    file = package.joinpath(*module.split(".")).with_suffix(".py")
    file.write_text(f"import {target}\n", encoding="utf-8")
    code, text = lint(tmp_path)
    assert code == 1, text
    broken = [line for line in text.splitlines() if line.rstrip().endswith("BROKEN")]
    assert any(line.startswith(contract) for line in broken), text


def test_a_module_without_a_place_is_an_error(tmp_path: Path) -> None:
    package = make_tree(tmp_path)
    (package / "helpers.py").touch()
    code, text = lint(tmp_path)
    assert code == 1, text
    assert "helpers" in text
