"""Which code makes older measurements out of date."""

from __future__ import annotations

import pytest

from dermadelta.commands import validation_pairs
from dermadelta.commands.validation_pairs import code_fingerprint


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A tree like the package's, with one stage that is a package of its own."""
    for room in ("phantom", "kernels", "measures", "stages/compare"):
        (tmp_path / room).mkdir(parents=True)
    for file in ("kernels/colour.py", "stages/estimate.py", "stages/compare/gate.py"):
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
        ("stages/estimate.py", False),
        ("stages/compare/notes.txt", False),
    ],
)
def test_code_that_reads_pixels_counts_wherever_it_stands(package, file, counts):
    before = code_fingerprint()
    assert code_fingerprint() == before
    (package / file).write_text("a = 2\n", encoding="utf-8")
    code_fingerprint.cache_clear()
    assert (code_fingerprint() != before) is counts
