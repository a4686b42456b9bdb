"""Texture held against what is known, and against what is used elsewhere, on the same pairs.

Usage: python tests/bench/texture.py [--out DIR] [--docs FILE] [--quick] [--training]

Writes ``goals.csv``, ``methods.csv``, ``tones.csv``, ``confounders.csv``, ``pairs.csv`` (a row per
pair), ``texture.md`` and the plots. With ``--docs`` the tables of that page are filled, too.
Phantom pairs of odd seeds, the reporting half; ``--training`` takes even ones, to try things on.
Nothing is asserted.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")  # read when numpy is loaded, below

import cv2  # noqa: E402
from texture_figures import bent, goals, method_rows  # noqa: E402
from texture_pairs import Outcome, bench_config, measured  # noqa: E402
from texture_plan import (  # noqa: E402
    PURPOSES,
    QUICK,
    Amounts,
    Job,
    planned,
    usable_bases,
)
from texture_plots import plot_agreement, plot_confounders  # noqa: E402
from texture_report import fill, page, tables, write_tables  # noqa: E402

from dermadelta.config import Config  # noqa: E402

BASES = ("isic2017/images", "base/interfaces_cc0")


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def one_thread() -> None:
    """Workers do not get in each other's way."""
    cv2.setNumThreads(1)


def run(jobs: Sequence[Job], config: Config, workers: int) -> tuple[list[Outcome], list[str]]:
    """All pairs in the order of the plan, and why some could not be made."""
    found: list[Outcome] = []
    unmade: list[str] = []
    start = time.monotonic()
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=spawn, initializer=one_thread) as pool:
        for number, item in enumerate(pool.map(partial(measured, config=config), jobs), start=1):
            if isinstance(item, str):
                unmade.append(item)
            else:
                found.append(item)
            if number % 20 == 0 or number == len(jobs):
                say(f"{time.monotonic() - start:6.0f} s  {number} of {len(jobs)} pairs")
    return found, unmade


def main(words: list[str]) -> None:
    """Run and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("reports/validation/texture"))
    parser.add_argument("--docs", type=Path, help="a page whose tables are to be filled")
    parser.add_argument("--quick", action="store_true", help="a few pairs of each part")
    parser.add_argument("--training", action="store_true", help="pairs that nothing is reported of")
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args(words)
    cv2.setNumThreads(1)
    asked.out.mkdir(parents=True, exist_ok=True)
    data = Path(os.environ.get("DERMADELTA_DATA", "../shared/data"))
    bases = usable_bases([data / name for name in BASES])
    purpose = PURPOSES["training" if asked.training else "reporting"]
    jobs = planned(QUICK if asked.quick else Amounts(), purpose, bases, quick=asked.quick)
    found, unmade = run(jobs, bench_config(Config()), asked.workers)
    shown = tables(goals(found), method_rows(found), found)
    flags = [f" --{name}" for name in ("quick", "training") if getattr(asked, name)]
    command = "python tests/bench/texture.py" + "".join(flags)
    write_tables(asked.out, found)
    (asked.out / "texture.md").write_text(page(shown, found, unmade, command), encoding="utf-8")
    plot_confounders(asked.out / "confounders.png", bent(found), against=False)
    plot_confounders(asked.out / "confounders_untreated.png", bent(found), against=True)
    plot_agreement(asked.out / "agreement.png", found)
    if asked.docs is not None:
        text = asked.docs.read_text(encoding="utf-8")
        asked.docs.write_text(fill(text, shown), encoding="utf-8")
    say(f"written to {asked.out}")


if __name__ == "__main__":
    main(sys.argv[1:])
