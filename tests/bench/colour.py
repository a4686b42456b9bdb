"""Colour held against what is known: goals with what was measured beside each.

Usage: python tests/bench/colour.py [--out DIR] [--quick] [--validation DIR]

Writes ``colour.md`` and ``colour.csv`` (a row per figure), and ``colour_lesions.csv`` (a row per
lesion and draw). Phantom pairs of odd seeds, the reporting half; nothing is asserted.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")  # read when numpy is loaded, below

import cv2  # noqa: E402
from colour_cards import CardRead, cards  # noqa: E402
from colour_figures import Figure, figures  # noqa: E402
from colour_people import (  # noqa: E402
    Diffuse,
    ToneError,
    diffuse,
    own_errors,
    validation_errors,
)
from colour_report import lesion_rows, page, rows, write_csv  # noqa: E402
from colour_shots import (  # noqa: E402
    LIGHT,
    TONES_REFERENCE,
    TONES_TARGET,
    Change,
    bench_config,
    lesions,
)

from dermadelta.config import Config  # noqa: E402

PRINTED = ("as designed", "printed, measured", "printed, not measured")


@dataclass
class Findings:
    """Everything that was read; ``unread`` says why a pair could not be."""

    changes: list[Change] = field(default_factory=list)
    cards: list[CardRead] = field(default_factory=list)
    errors: list[ToneError] = field(default_factory=list)
    diffuse: list[Diffuse] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)


def say(text: str) -> None:
    sys.stdout.write(f"{time.process_time():6.0f} s  {text}\n")
    sys.stdout.flush()


def run(*, quick: bool, validation: Path, told: Callable[[str], None] = say) -> Findings:
    """All parts, in the order of the report."""
    found, config = Findings(), Config()
    people, draws = (2, 2) if quick else (7, 6)
    for setting in (LIGHT, TONES_REFERENCE, TONES_TARGET):
        for item in lesions(setting, people, draws, bench_config(config)):
            if isinstance(item, str):
                found.unread.append(item)
            else:
                found.changes.append(item)
        told(f"lesions: {setting.name}")
    found.errors += validation_errors(validation / "scores.csv")
    found.errors += own_errors(7 if quick else 70, config)
    told("redness by skin tone")
    found.diffuse += diffuse(4 if quick else 21, config)
    told("diffuse redness")
    for printed in PRINTED:
        found.cards += cards(2 if quick else 7, 1 if quick else 3, printed, config)
        told(f"cards: {printed}")
    return found


def build(found: Findings) -> list[Figure]:
    """All figures, in the order of the report."""
    return figures(found.changes, found.cards, found.errors, found.diffuse)


def main(words: list[str]) -> None:
    """Run and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("reports/bench"))
    parser.add_argument("--quick", action="store_true", help="a few pairs of each part")
    parser.add_argument("--validation", type=Path, default=Path("reports/validation"))
    asked = parser.parse_args(words)
    cv2.setNumThreads(1)
    asked.out.mkdir(parents=True, exist_ok=True)
    found = run(quick=asked.quick, validation=asked.validation)
    command = "python tests/bench/colour.py" + (" --quick" if asked.quick else "")
    shown = build(found)
    write_csv(asked.out / "colour.csv", rows(shown))
    write_csv(asked.out / "colour_lesions.csv", lesion_rows(found.changes))
    (asked.out / "colour.md").write_text(
        page(shown, found.changes, found.unread, command), encoding="utf-8"
    )
    say(f"written to {asked.out}")


if __name__ == "__main__":
    main(sys.argv[1:])
