"""What rendering and measuring a pair cost, as multiples of decoding its two files.

Usage: python tests/bench/bench_phantom.py [WIDTH [PAIRS]]

Prints CPU seconds of this process on one thread and their ratios; each is the least of all pairs,
so that whatever else the machine does counts little. Ratios can be held against those of another
machine, seconds cannot. Nothing is asserted: a number that depends on the machine fails no test.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")  # read when numpy is loaded, below

import cv2  # noqa: E402

from dermadelta.batch.discover import discover  # noqa: E402
from dermadelta.batch.pairing import pair_visits  # noqa: E402
from dermadelta.commands.progress import silent  # noqa: E402
from dermadelta.commands.work import inspect_photos  # noqa: E402
from dermadelta.config import Config  # noqa: E402
from dermadelta.domain import PairRef  # noqa: E402
from dermadelta.phantom.cases import random_case  # noqa: E402
from dermadelta.phantom.encode import Files, photo_bytes  # noqa: E402
from dermadelta.phantom.pair import render_pair  # noqa: E402
from dermadelta.phantom.writer import PairJob, write_pair, write_tables  # noqa: E402
from dermadelta.runner import run_pair  # noqa: E402
from dermadelta.stages.load import load  # noqa: E402

Value = TypeVar("Value")

WIDTH_PX, PAIRS, SEED = 1600, 3, 0
CONFIG = Config()


@dataclass(frozen=True)
class Cost:
    """CPU seconds of one pair, and of the stages of its measuring in wall time."""

    decode: float
    render: float
    encode: float
    measure: float
    stages: dict[str, float]


def timed(work: Callable[[], Value]) -> tuple[Value, float]:
    """Result and CPU seconds of some work."""
    start = time.process_time()
    found = work()
    return found, time.process_time() - start


def cost_of(number: int, width_px: int, folder: Path) -> Cost:
    """Render, encode, decode and measure one pair."""
    case = random_case("texture", SEED, number, width_px=width_px, in_photo="scale")
    shots, render = timed(lambda: render_pair(case))
    pictures = ((shots.before.rgb, case.before), (shots.after.rgb, case.after))
    _, encode = timed(lambda: [photo_bytes(rgb, plan, Files()) for rgb, plan in pictures])
    rows = write_pair(PairJob(folder, case, truth_masks=False))
    pair = listed(write_tables(folder, [rows]).manifest, folder)
    photos = (*pair.before, *pair.after)
    _, decode = timed(lambda: [load(photo, CONFIG.load) for photo in photos])
    run, measure = timed(lambda: run_pair(pair, CONFIG, pair_key="bench"))
    return Cost(decode, render, encode, measure, run.seconds)


def listed(manifest: Path, out: Path) -> PairRef:
    """The one pair of a manifest, as a run finds it."""
    intake = discover(manifest)
    records = inspect_photos(intake.photos, out, CONFIG, workers=1, progress=silent)
    (pair,) = pair_visits(records, intake.sessions).pairs
    return pair


def least(costs: list[Cost], name: str) -> float:
    return min(getattr(cost, name) for cost in costs)


def report(costs: list[Cost], width_px: int) -> str:
    """Lines of seconds and ratios."""
    decode = least(costs, "decode")
    lines = [f"{len(costs)} pairs at {width_px} x {round(0.75 * width_px)}, CPU on one thread"]
    for name, what in (
        ("decode", "decode both files"),
        ("render", "render the pair"),
        ("encode", "encode both files"),
        ("measure", "measure the pair"),
    ):
        seconds = least(costs, name)
        lines.append(f"{what:<22} {seconds:7.3f} s   {seconds / decode:6.1f} x decoding")
    lines.append("of measuring, by stage:")
    for stage in sorted(costs[0].stages, key=lambda key: -costs[0].stages[key]):
        share = min(cost.stages.get(stage, 0.0) / sum(cost.stages.values()) for cost in costs)
        lines.append(f"  {stage:<20} {100.0 * share:5.1f} %")
    return "\n".join(lines) + "\n"


def main(words: list[str]) -> None:
    """Measure as many pairs as asked for."""
    width_px = int(words[0]) if words else WIDTH_PX
    n_pairs = int(words[1]) if len(words) > 1 else PAIRS
    cv2.setNumThreads(1)
    costs = []
    for number in range(n_pairs):
        with tempfile.TemporaryDirectory() as folder:
            costs.append(cost_of(number, width_px, Path(folder)))
    sys.stdout.write(report(costs, width_px))


if __name__ == "__main__":
    main(sys.argv[1:])
