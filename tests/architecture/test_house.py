"""The rules of the house that no linter knows."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

import dermadelta
from dermadelta.config import Config, config_fingerprint, load_config, preset_names

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "pipeline" / "dermadelta"
MODULES = sorted(PACKAGE.rglob("*.py"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")

MAX_LINES = 400


def name_of(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def tracked() -> list[Path]:
    """Files under version control; all files where this is no checkout."""
    found = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, encoding="utf-8",
        check=False,
    )  # fmt: skip
    if found.returncode != 0:
        pytest.skip("no git checkout")
    return [path for name in found.stdout.split("\0") if name and (path := ROOT / name).is_file()]


# ------------------------------------------------------------------------------ modules


def public(body: list[ast.stmt], prefix: str = "") -> Iterator[tuple[str, ast.AST]]:
    """Public functions and classes, and the public methods of the latter."""
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield prefix + node.name, node
            if isinstance(node, ast.ClassDef):
                yield from public(node.body, f"{prefix}{node.name}.")


def calls(path: Path) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree(path)) if isinstance(node, ast.Call))


def test_everything_public_has_a_docstring() -> None:
    bare = [f"{name_of(path)}: module" for path in MODULES if not ast.get_docstring(tree(path))]
    bare += [
        f"{name_of(path)}: {name}"
        for path in MODULES
        for name, node in public(tree(path).body)
        if not ast.get_docstring(node)
    ]
    assert bare == []


def test_only_screen_prints() -> None:
    printing = {
        name_of(path)
        for path in MODULES
        if any(getattr(call.func, "id", "") == "print" for call in calls(path))
    }
    assert printing == {"screen.py"}


def test_only_the_executor_catches_everything() -> None:
    broad = {
        name_of(path)
        for path in MODULES
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or getattr(node.type, "id", "") == "Exception")
    }
    assert broad == {"batch/executor.py"}


def test_no_file_holds_a_room_too_many() -> None:
    long = {
        name_of(path)
        for path in MODULES
        if len(path.read_text(encoding="utf-8").splitlines()) > MAX_LINES
    }
    # Every value that passes between rooms stands in one place; there is no logic in it.
    assert long - {"domain.py"} == set()


def test_files_are_opened_with_an_encoding() -> None:
    """Without one, Windows reads and writes in its own code page."""
    careless = [
        f"{name_of(path)}:{call.lineno}"
        for path in MODULES
        for call in calls(path)
        if getattr(call.func, "attr", "") in ("read_text", "write_text")
        and not any(keyword.arg == "encoding" for keyword in call.keywords)
    ]
    assert careless == []


def test_the_source_root_is_no_package() -> None:
    assert not (ROOT / "pipeline" / "__init__.py").exists()


# ---------------------------------------------------------------------------- interface


def test_the_exported_names() -> None:
    assert sorted(dermadelta.__all__) == [
        "CompareOutcome",
        "Config",
        "DermadeltaError",
        "Measure",
        "NotMeasured",
        "PairResult",
        "PhotoChecked",
        "RunSummary",
        "Triage",
        "ValidationRequest",
        "Verdict",
        "__version__",
        "catalogue",
        "check",
        "compare",
        "load_config",
        "make_pairs",
        "make_target",
        "read_alignment",
        "run",
        "triage",
        "validate",
    ]
    for name in dermadelta.__all__:
        assert getattr(dermadelta, name) is not None
        assert name in dir(dermadelta)


def test_an_unknown_name_is_no_export() -> None:
    with pytest.raises(AttributeError, match="nonsense"):
        _ = dermadelta.nonsense


def loaded_by(statement: str) -> set[str]:
    """Top-level names of the modules that a statement imports in a fresh process."""
    finished = subprocess.run(
        [sys.executable, "-c", f"{statement}\nimport sys\nprint(*sys.modules)"],
        env={**os.environ, "PYTHONPATH": str(ROOT / "pipeline")},
        capture_output=True, text=True, encoding="utf-8", timeout=60, check=True,
    )  # fmt: skip
    return {name.partition(".")[0] for name in finished.stdout.split()}


HEAVY = {"cv2", "numpy", "pandas", "pyarrow", "scipy", "skimage", "pydantic", "jinja2"}


def test_importing_the_package_or_its_command_line_is_cheap() -> None:
    assert loaded_by("import dermadelta") & (HEAVY | {"typer", "rich"}) == set()
    assert loaded_by("import dermadelta.cli") & HEAVY == set()


def test_importing_everything_does_nothing_to_the_process() -> None:
    script = (
        "import logging, os, signal\n"
        "import cv2  # sets variables of its own\n"
        "before = dict(os.environ), signal.getsignal(signal.SIGINT), list(logging.root.handlers)\n"
        "import dermadelta.commands.run, dermadelta.commands.compare, dermadelta.cli\n"
        "after = dict(os.environ), signal.getsignal(signal.SIGINT), list(logging.root.handlers)\n"
        "assert before == after"
    )
    assert "dermadelta" in loaded_by(script)


# ------------------------------------------------------------------------------ presets


def leaves(values: dict[str, object], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for key, value in values.items():
        if isinstance(value, dict):
            yield from leaves(value, (*path, key))
        else:
            yield (*path, key)


def test_the_presets_are_those_in_configs() -> None:
    assert set(preset_names()) == {"microneedling", "research", "marketing"}
    assert {path.stem for path in (ROOT / "configs").glob("*.yaml")} == set(preset_names())


@pytest.mark.parametrize("name", preset_names())
def test_a_preset_loads_and_says_only_what_differs(name: str) -> None:
    default, preset = Config().model_dump(), load_config(name).model_dump()
    said = yaml.safe_load((ROOT / "configs" / f"{name}.yaml").read_text(encoding="utf-8"))
    for path in leaves(said):
        old, new = default, preset
        for key in path:
            old, new = old[key], new[key]
        assert old != new, path
    assert config_fingerprint(load_config(name)) != config_fingerprint(Config())


# ----------------------------------------------------------------------- what is tracked


def test_no_path_of_a_machine_is_tracked() -> None:
    places = ("home", "root", "work", "Users")
    pattern = re.compile(rf"(?<![\w.~}}*>-])/({'|'.join(places)})/|[A-Z]:\\Users\\")
    found = []
    for path in tracked():
        if path.suffix in (".jpg", ".png", ".xlsx", ".parquet") or path == Path(__file__):
            continue
        for number, line in enumerate(path.read_text("utf-8", errors="replace").splitlines(), 1):
            if pattern.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line[:80]}")
    assert found == []


def test_no_large_file_and_no_lock_with_addresses_is_tracked() -> None:
    files = tracked()
    # The largest is a table of the long validation: a row for every measure of 835 pairs.
    assert [p.name for p in files if p.stat().st_size > 3_000_000] == []
    assert [p.name for p in files if p.name == "uv.lock" or p.name.startswith("pylock")] == []


def test_the_lock_is_whole() -> None:
    """Hashes for everything that pyproject.toml names, and no address of a server."""
    assert "://" not in LOCK
    entries = re.findall(r"^([a-z0-9._-]+)==\S+.*?\\$", LOCK, flags=re.MULTILINE | re.IGNORECASE)
    pinned = re.findall(r"^([a-z0-9._-]+)==", LOCK, flags=re.MULTILINE | re.IGNORECASE)
    assert len(entries) == len(pinned) > 40
    project = PROJECT["project"]
    extras = project["optional-dependencies"].values()
    wanted = [*project["dependencies"], *(line for extra in extras for line in extra)]
    names = {re.split(r"[^A-Za-z0-9._-]", line)[0].lower().replace("_", "-") for line in wanted}
    assert names <= {name.lower().replace("_", "-") for name in pinned}
