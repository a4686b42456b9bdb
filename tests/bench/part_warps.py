"""Known warps: every method on the reporting seeds, with its time against decoding."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from known_warps import KnownWarp, PointMap, cases, family_of, make, source
from ours import prepare
from rivals import Rival, run_all
from warp_score import Score, alignment_flags, alignment_map, score

from dermadelta.config import Config
from dermadelta.domain import NotAligned
from dermadelta.files.images import read_image

Value = TypeVar("Value")

OURS = "dermadelta"
ALIGNED_PX = 20.0
"""A map with a smaller median error counts as aligned."""


@dataclass(frozen=True, eq=False)
class Outcome:
    """One method on one pair; ``found`` is None where it gave no map, ``said`` then says why.

    ``ratio`` is its CPU time over that of decoding both files.
    """

    method: str
    source: str
    family: str
    strain_share: float
    length: float
    seed: int
    ratio: float
    found: Score | None
    said: str = ""

    @property
    def aligned(self) -> bool:
        return self.found is not None and self.found.median_px < ALIGNED_PX


def timed(work: Callable[[], Value]) -> tuple[Value, float]:
    """Result and CPU seconds of some work."""
    start = time.process_time()
    found = work()
    return found, time.process_time() - start


def run_warps(
    names: Sequence[str],
    rivals: Sequence[Rival],
    config: Config,
    *,
    keep: Callable[[int], bool],
    say: Callable[[str], None],
) -> list[Outcome]:
    """All cases of the reporting seeds whose number is kept."""
    outcomes: list[Outcome] = []
    all_cases = enumerate(cases(list(names), reporting=True))
    kept = [case for number, case in all_cases if keep(number)]
    for number, (name, strain, seed) in enumerate(kept):
        warp = make(source(name, reporting=True), strain, seed)
        due = [rival for rival in rivals if number % rival.every == 0]
        found = one_warp(warp, due, config)
        say(_line(found[0]))
        outcomes.extend(found)
    return outcomes


def one_warp(warp: KnownWarp, rivals: Sequence[Rival], config: Config) -> list[Outcome]:
    """Ours first, then the rivals, on one pair."""

    def outcome(method: str, seconds: float, found: Score | None, said: str) -> Outcome:
        name = warp.source.name
        shape = (name, family_of(name), warp.strain_share, warp.length, warp.seed)
        return Outcome(method, *shape, seconds / decode, found, said)

    with tempfile.TemporaryDirectory() as folder:
        pair = prepare(warp.files, warp.skin, Path(folder), config)
        decode = _decoding(pair.paths)
        found, seconds = timed(lambda: pair.aligned(config))
    if isinstance(found, NotAligned):
        outcomes = [outcome(OURS, seconds, None, found.reason)]
    else:
        value = score(alignment_map(found), warp, alignment_flags(found))
        outcomes = [outcome(OURS, seconds, value, "")]
    for name, where, seconds in run_all(rivals, warp.before_rgb, warp.after_rgb):
        if isinstance(where, str):
            outcomes.append(outcome(name, seconds, None, where))
        else:
            outcomes.append(outcome(name, seconds, score(where, warp), ""))
    return outcomes


def error_map(where: PointMap, warp: KnownWarp, stride: int) -> np.ndarray:
    """Error at every ``stride``-th pixel of the after photo, NaN off the skin; for pictures."""
    rows, cols = warp.after_skin.shape
    points = np.stack(
        np.meshgrid(
            np.arange(0, cols, stride, dtype=np.float64),
            np.arange(0, rows, stride, dtype=np.float64),
        ),
        axis=-1,
    )
    error = np.hypot(*np.moveaxis(where(points) - warp.truth[::stride, ::stride], -1, 0))
    return np.where(warp.after_skin[::stride, ::stride], error, np.nan)


def _decoding(paths: Sequence[Path]) -> float:
    """CPU seconds of decoding files, the least of three."""
    return min(
        timed(lambda: [read_image(str(path), max_pixels=50_000_000) for path in paths])[1]
        for _ in range(3)
    )


def _line(item: Outcome) -> str:
    what = item.said or (
        "" if item.found is None else f"{item.found.median_px:.2f} / {item.found.p95_px:.2f} px"
    )
    return f"{item.source:<16} {100 * item.strain_share:.0f} %  {what}  {item.ratio:.1f} x"
