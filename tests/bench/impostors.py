"""How often another person's skin is taken for the same: impostor, mirrored and genuine pairs.

Usage: python tests/bench/impostors.py [--out reports/bench] [--every N] [--work FOLDER]

Writes ``impostors.md``, ``impostors.csv`` (a row per set and truth) and ``impostor_pairs.csv`` (a
row per pair, from which the others follow). Phantom people are of a reporting seed; real
photographs are read from ``DERMADELTA_DATA`` and left out where they are missing. A pair is
accepted where it is aligned and the gate ``same skin`` passes. Nothing is asserted.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from dataclasses import asdict
from pathlib import Path

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")  # read when numpy is loaded, below

import cv2  # noqa: E402
from impostor_report import page, summary, write_csv  # noqa: E402
from impostor_search import CONFIG, Outcome, Watched  # noqa: E402
from impostor_sets import trials  # noqa: E402
from warp_sources import data_folder  # noqa: E402


def run(every: int, work: Path | None) -> list[Outcome]:
    """All pairs, in their order."""
    with Watched() as watched:
        todo = trials(data_folder(), CONFIG, every=every, work=work)
        return [_said(watched.outcome(trial)) for trial in todo]


def _said(item: Outcome) -> Outcome:
    wrong = item.truth == "impostor" and item.aligned
    sys.stdout.write(
        f"{time.process_time():6.0f} s  {item.set}, {item.truth}: {item.before} - {item.after}: "
        f"{item.cause or 'aligned'} {item.start:.3f} {item.correlation:.3f}"
        f"{'  WRONG' if wrong else ''}\n"
    )
    sys.stdout.flush()
    return item


def main(words: list[str]) -> None:
    """Run and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("reports/bench"))
    parser.add_argument("--every", type=int, default=1, help="only every N-th impostor")
    parser.add_argument("--work", type=Path, help="folder that keeps the phantom's photographs")
    asked = parser.parse_args(words)
    cv2.setNumThreads(1)
    if asked.work:
        asked.work.mkdir(parents=True, exist_ok=True)
    found = run(asked.every, asked.work)
    rows = summary(found)
    asked.out.mkdir(parents=True, exist_ok=True)
    command = "python tests/bench/impostors.py" + (
        f" --every {asked.every}" if asked.every > 1 else ""
    )
    write_csv(asked.out / "impostors.csv", rows)
    write_csv(asked.out / "impostor_pairs.csv", [asdict(item) for item in found])
    (asked.out / "impostors.md").write_text(page(rows, found, command), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
