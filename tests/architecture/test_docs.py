"""The documentation tells the truth: what it names exists, and nothing is left out."""

from __future__ import annotations

import re
import sys
import types
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import typer.main

from dermadelta import __version__
from dermadelta.cli import app
from dermadelta.config import preset_names
from dermadelta.domain import Measure, Read
from dermadelta.kernels.card import patches
from dermadelta.kernels.colour import linear_to_lab
from dermadelta.phantom.cases import KINDS
from dermadelta.study.scores import STANDARDS
from dermadelta.study.truth import CHANGE_COLUMNS, REQUIRED
from dermadelta.study.validation import COLUMNS
from dermadelta.variance.nuisances import NUISANCES

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
VALIDATION = (ROOT / "docs" / "validation.md").read_text(encoding="utf-8")
VARIANCE = (ROOT / "docs" / "variance.md").read_text(encoding="utf-8")
TARGET = (ROOT / "docs" / "target.md").read_text(encoding="utf-8")
TEXTS = {
    "README": README,
    "CONTRIBUTING": CONTRIBUTING,
    "docs/validation": VALIDATION,
    "docs/variance": VARIANCE,
}
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


def walk(command: object, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], object]]:
    """Every command with its path, groups included."""
    yield path, command
    for name, inner in getattr(command, "commands", {}).items():
        yield from walk(inner, (*path, name))


COMMANDS = {" ".join(path): command for path, command in walk(typer.main.get_command(app)) if path}
LEAVES = {name: c for name, c in COMMANDS.items() if not getattr(c, "commands", None)}


def options(command: object) -> set[str]:
    return {
        name
        for parameter in getattr(command, "params", ())
        for name in parameter.opts
        if name.startswith("--")
    } - {"--help"}


ALL_OPTIONS = set().union({"--help"}, *(options(c) for _, c in walk(typer.main.get_command(app))))


def code(text: str) -> list[str]:
    """Everything between backticks, and every line of a fenced block."""
    blocks = re.findall(r"```\w*\n(.*?)```", text, flags=re.DOTALL)
    spans = re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    return [*spans, *(line for block in blocks for line in block.splitlines())]


def calls(text: str) -> list[list[str]]:
    """Words behind ``dermadelta`` in every command that a text shows."""
    shown = [re.search(r"(?:^|[\s\\/])dermadelta\s+([a-z-].*)$", piece) for piece in code(text)]
    return [match.group(1).split() for match in shown if match]


def test_the_walk_finds_the_commands() -> None:
    verbs = {
        "run", "compare", "check", "target", "measures", "phantom", "validate", "fit-variance",
    }  # fmt: skip
    assert verbs | {"config show", "config check"} == set(LEAVES)


@pytest.mark.parametrize("name", sorted(LEAVES))
def test_every_command_is_documented(name: str) -> None:
    assert any(" ".join(words).startswith(name) for words in calls(README)), name


@pytest.mark.parametrize("option", sorted(ALL_OPTIONS))
def test_every_option_is_documented(option: str) -> None:
    assert any(re.search(rf"(?<![\w-]){option}(?![\w-])", piece) for piece in code(README)), option


@pytest.mark.parametrize("text", [*TEXTS.values(), TARGET], ids=[*TEXTS, "docs/target"])
def test_documented_commands_and_options_exist(text: str) -> None:
    shown = calls(text)
    assert shown
    for words in shown:
        if words[0].startswith("--"):
            assert words[0] in ALL_OPTIONS, words
            continue
        name = " ".join(words[:2]) if words[0] == "config" else words[0]
        assert name in LEAVES, words
        known = options(LEAVES[name]) | {"--help"}
        assert {w for w in words if w.startswith("--")} <= known, words


def test_options_in_prose_exist() -> None:
    for piece in code(README):
        if piece.startswith("--"):
            assert piece.split()[0] in ALL_OPTIONS, piece


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_documented_make_targets_exist(text: str) -> None:
    targets = set(re.findall(r"^([a-z]+):", MAKEFILE, flags=re.MULTILINE))
    named = {m.group(1) for piece in code(text) if (m := re.match(r"make ([a-z]+)", piece))}
    assert named
    assert named <= targets


@pytest.mark.parametrize("name", sorted(LEAVES))
def test_every_help_text_has_an_example_that_parses(name: str) -> None:
    text = LEAVES[name].help
    examples = [line.split() for line in text.splitlines() if line.startswith("Example: ")]
    assert len(examples) == 1, text
    words = examples[0]
    assert words[1:3] == ["dermadelta", name.split()[0]]
    assert {w for w in words if w.startswith("--")} <= options(LEAVES[name])


def test_every_nuisance_is_documented_as_it_is() -> None:
    lines = VARIANCE.splitlines()
    for name, nuisance in NUISANCES.items():
        (row,) = (line for line in lines if line.startswith(f"| `{name}` |"))
        _, concerns, meaning, unit = (cell.strip() for cell in row.strip("|").split("|"))
        assert set(concerns.split(", ")) == nuisance.concerns
        assert (meaning, unit) == (nuisance.meaning, nuisance.unit)


def test_every_kind_and_truth_of_a_validation_is_documented() -> None:
    for name in (*KINDS, *STANDARDS, *REQUIRED, *CHANGE_COLUMNS, *COLUMNS):
        assert any(name in piece for piece in code(VALIDATION)), name


def test_every_patch_of_the_target_card_is_documented() -> None:
    for patch in patches():
        assert re.search(rf"\| {patch.name} \|", TARGET), patch.name


def test_presets_are_documented() -> None:
    assert preset_names()
    for name in preset_names():
        assert f"`{name}`" in README


def test_local_links_lead_somewhere() -> None:
    for text in (README, CONTRIBUTING):
        for target in re.findall(r"\]\(([^)#][^)]*)\)", text):
            # The picture of the report is placed by whoever looks at it.
            assert target == "docs/report.png" or (ROOT / target).exists(), target


def test_the_changelog_knows_this_version() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"## [{__version__}]" in changelog


def example_module() -> types.ModuleType:
    """The measure that CONTRIBUTING shows, made into a module."""
    blocks = re.findall(r"```python\n(.*?)```", CONTRIBUTING, flags=re.DOTALL)
    source = next(block for block in blocks if "MEASURES = (" in block)
    module = types.ModuleType("example_measure")
    sys.modules[module.__name__] = module
    exec(compile(source, "CONTRIBUTING.md", "exec"), module.__dict__)  # noqa: S102
    return module


def test_the_example_measure_works() -> None:
    module = example_module()
    (record,) = module.MEASURES
    assert isinstance(record, Measure)
    colour = np.array([0.4, 0.25, 0.2], dtype=np.float32)
    view = types.SimpleNamespace(
        rgb=np.broadcast_to(colour, (40, 40, 3)),
        mask=np.ones((40, 40), dtype=bool),
        tile_ids=(np.arange(1600, dtype=np.int32) // 400).reshape(40, 40),
    )
    read = record.read(view, record.params())
    assert isinstance(read, Read)
    expected = float(linear_to_lab(colour)[0])
    assert read.value == pytest.approx(expected, abs=1e-4)
    assert read.tiles.value == pytest.approx(np.full(4, expected), abs=1e-4)
