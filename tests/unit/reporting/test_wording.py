"""What one photograph cannot give is never promised: no height, no depth, no profile parameter."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dermadelta.measures import ALL

ROOT = Path(__file__).resolve().parents[3]
REPORTING = ROOT / "pipeline" / "dermadelta" / "reporting"

PROFILE = re.compile(r"\b(?:[SR][aqz])\b|[µμ]m\b|\bmicromet(?:er|re)s?\b")
"""Parameters of a measured profile (ISO 25178, ISO 21920) and the unit of its heights."""
DEPTH = re.compile(r"\bdepths?\b|\bdeep(?:er)?\b", re.IGNORECASE)
TEXTURE = re.compile(r"\b(?:roughness|texture|smooth)\w*", re.IGNORECASE)
DENIED = re.compile(r"\b(?:no|not|never|neither|nor|cannot)\b", re.IGNORECASE)


def promises(text: str) -> list[str]:
    """Sentences and table cells that call optical roughness what it is not."""
    found = []
    for part in re.split(r"(?<=[.!?;])\s+|\n\s*\n|\|", re.sub(r"[ \t]+", " ", text)):
        said = " ".join(part.split())
        named = PROFILE.search(said) or (DEPTH.search(said) and TEXTURE.search(said))
        if named and not DENIED.search(said):
            found.append(said)
    return found


def readable() -> Iterator[tuple[str, str]]:
    """Everything that a reader of results, pages or documentation sees."""
    for path in (*REPORTING.glob("*.py"), *REPORTING.glob("templates/*.html")):
        yield path.name, path.read_text(encoding="utf-8")
    for path in (ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").glob("*.md")):
        yield path.name, path.read_text(encoding="utf-8")
    for item in ALL:
        yield item.name, f"{item.title}. Roughness in {item.unit}"
        yield item.name, sys.modules[item.read.__module__].__doc__ or ""


@pytest.mark.parametrize(("name", "text"), list(readable()))
def test_optical_roughness_is_called_nothing_else(name, text):
    assert promises(text) == [], name


@pytest.mark.parametrize(
    ("text", "caught"),
    [
        ("Roughness Ra of the skin fell.", True),
        ("Texture fell by 4 µm.", True),
        ("Sq | RMS of the relief", True),
        ("The depth of the texture. It is not new.", True),
        ("Optical roughness is no Sa, Ra or µm.", False),
        ("A single photograph cannot give the depth of a texture.", False),
        ("Oedema lies deep in the dermis.", False),
        ("Rate, Rare, Safe, 12 mm.", False),
    ],
)
def test_the_words_are_caught_where_they_promise_and_not_where_they_deny(text, caught):
    assert bool(promises(text)) is caught
