"""How often another person's skin is taken for the same: impostor, mirrored and genuine pairs.

Usage: python tests/bench/impostors.py [--out reports/bench] [--every N] [--processes 1]

Writes ``impostors.md``, ``impostors.csv`` (a row per set and truth) and ``impostor_pairs.csv`` (a
row per pair, from which the others follow). Phantom people are of a reporting seed; real
photographs are read from ``DERMADELTA_DATA`` and left out where they are missing. A pair is
accepted where it is aligned and the gate ``same skin`` passes. Nothing is asserted.
"""

from __future__ import annotations

import argparse
import csv
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from multiprocessing import get_context
from pathlib import Path

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")  # read when numpy is loaded, below

import cv2  # noqa: E402
import numpy as np  # noqa: E402
from impostor_sets import PEOPLE, SEED, WIDTH_PX, Trial, trials  # noqa: E402
from warp_sources import data_folder  # noqa: E402

from dermadelta.config import Config  # noqa: E402
from dermadelta.domain import Alignment, NotAligned  # noqa: E402
from dermadelta.kernels.agreement import clopper_pearson  # noqa: E402
from dermadelta.stages.align import align  # noqa: E402

CONFIG = Config()
ANYTHING = CONFIG.align.model_copy(update={"min_correlation": -1.0})
"""Align whatever has a hypothesis: how well other skin can be laid over at all."""

PHANTOM_SAME, PHANTOM_OTHER = "phantom, same phototype", "phantom, other phototype"
LEVELS = (0.05, 0.5, 0.95)
BATCH = 64
TRUTHS = ("impostor", "mirrored", "genuine")


@dataclass(frozen=True)
class Outcome:
    """One pair; ``correlation`` of a pair that is not aligned is that of its best attempt.

    ``cause`` is why it was not aligned, empty where it was. ``correlation`` is NaN where there was
    no attempt, ``p95_px`` and ``usable_share`` where it is not aligned.
    """

    set: str
    truth: str
    before: str
    after: str
    aligned: bool
    accepted: bool
    cause: str
    correlation: float
    p95_px: float
    usable_share: float
    inliers: int


def outcome(trial: Trial) -> Outcome:
    """Align one pair as a run would, and once more without a limit where that is refused."""
    cv2.setNumThreads(1)
    one, two = trial.before, trial.after
    found = align(one.photo, two.photo, one.regions, two.regions, CONFIG.align)
    cause, best = "", found
    if isinstance(found, NotAligned):
        cause = found.cause.value
        best = align(one.photo, two.photo, one.regions, two.regions, ANYTHING)
    aligned = isinstance(found, Alignment)
    correlation = best.correlation if isinstance(best, Alignment) else float("nan")
    return Outcome(
        trial.set,
        trial.truth,
        one.name,
        two.name,
        aligned,
        aligned and correlation >= CONFIG.compare.min_correlation,
        cause,
        correlation,
        found.p95_px if isinstance(found, Alignment) else float("nan"),
        found.usable_share if isinstance(found, Alignment) else float("nan"),
        best.inliers if isinstance(best, Alignment) else 0,
    )


def run(every: int, processes: int) -> list[Outcome]:
    """All pairs, in their order."""
    todo = trials(data_folder(), CONFIG, every=every)
    if processes == 1:
        return [_said(outcome(trial)) for trial in todo]
    with get_context("spawn").Pool(processes) as pool:
        return [_said(item) for batch in _batches(todo) for item in pool.map(outcome, batch)]


def _batches(todo: Iterator[Trial]) -> Iterator[list[Trial]]:
    """A few pairs at a time: photographs are large."""
    while batch := list(islice(todo, BATCH)):
        yield batch


def _said(item: Outcome) -> Outcome:
    wrong = item.truth == "impostor" and item.aligned
    sys.stdout.write(
        f"{time.process_time():6.0f} s  {item.set}, {item.truth}: {item.before} - {item.after}: "
        f"{item.cause or 'aligned'} {item.correlation:.3f}{'  WRONG' if wrong else ''}\n"
    )
    sys.stdout.flush()
    return item


# -------------------------------------------------------------------------- tables

Row = dict[str, object]


def summary(found: Sequence[Outcome]) -> list[Row]:
    """A row per set and truth, and one of all impostors, phantom, real and both."""
    rows = []
    for truth in TRUTHS:
        kept = [item for item in found if item.truth == truth]
        for name in dict.fromkeys(item.set for item in kept):
            rows.append(_row(name, truth, [item for item in kept if item.set == name]))
        for name, chosen in _TOGETHER.items():
            part = [item for item in kept if chosen(item)]
            if part and truth != "genuine":
                rows.append(_row(name, truth, part))
    return rows


def _is_phantom(item: Outcome) -> bool:
    return item.set.startswith("phantom")


_TOGETHER: dict[str, Callable[[Outcome], bool]] = {
    "all phantom": _is_phantom,
    "all real": lambda item: not _is_phantom(item),
    "all": lambda item: True,
}


def _row(name: str, truth: str, items: Sequence[Outcome]) -> Row:
    n, accepted = len(items), sum(item.accepted for item in items)
    low, high = clopper_pearson(accepted, n)
    values = np.array([item.correlation for item in items if np.isfinite(item.correlation)])
    levels = np.quantile(values, LEVELS) if len(values) else [None] * len(LEVELS)
    causes = [item.cause for item in items]
    return {
        "set": name,
        "truth": truth,
        "n": n,
        "aligned": sum(item.aligned for item in items),
        "accepted": accepted,
        "rate": accepted / n,
        "rate_low": low,
        "rate_high": high,
        "called_other_skin": causes.count("other_skin"),
        "called_mirrored": causes.count("mirrored"),
        "called_other_side": causes.count("other_side"),
        "called_not_seen": causes.count("not_seen"),
        "called_no_region": causes.count("no_region"),
        "n_correlation": len(values),
        "correlation_q05": levels[0],
        "correlation_median": levels[1],
        "correlation_q95": levels[2],
        "correlation_least": values.min() if len(values) else None,
        "correlation_most": values.max() if len(values) else None,
    }


def write_csv(path: Path, rows: Sequence[Row]) -> None:
    """Rows as a table; missing numbers are empty cells."""
    with path.open("w", encoding="utf-8", newline="") as handle:
        table = csv.writer(handle, lineterminator="\n")
        table.writerow(rows[0])
        table.writerows([_cell(value) for value in row.values()] for row in rows)


def _cell(value: object) -> object:
    if not isinstance(value, float):
        return value
    return "" if np.isnan(value) else f"{value:.4g}"


# ---------------------------------------------------------------------------- page


def page(rows: Sequence[Row], found: Sequence[Outcome], command: str) -> str:
    """The tables in words."""
    limit, start = CONFIG.compare.min_correlation, CONFIG.align.min_correlation
    lines = [
        "# Other skin taken for the same",
        "",
        f"Written by `{command}`; a row per pair is in `impostor_pairs.csv`. Phantom: {PEOPLE}"
        f" people, five of each phototype, photographs {WIDTH_PX} px wide, reporting seed {SEED},"
        " half by hand and half in a rig. Portraits: `frl_london_null`, the region on the neutral"
        " one and the smiling one as after photo; automatic region: `interfaces_cc0`. Wounds:"
        " `fuseg_series`, series against series. Each ordered pair once.",
        "",
        f"A pair is *accepted* where it is aligned (start of at least {start:g}) and its local"
        f" correlation in the region reaches {limit:g}, the limit of the gate `same skin`. The"
        " correlation of a pair that is not aligned is that of its best attempt, refined like a"
        " true one; a pair without any plausible attempt has none.",
        "",
        "## Impostors",
        "",
        *_table([row for row in rows if row["truth"] == "impostor"], "false accepts"),
        "",
        "## Mirrored pairs of the same person",
        "",
        *_mirrored([row for row in rows if row["truth"] == "mirrored"]),
        "",
        "## Genuine pairs",
        "",
        *_table([row for row in rows if row["truth"] == "genuine"], "true accepts"),
        "",
        "Series of wounds are weeks of healing apart, from different sides: many of their pairs"
        " show little skin in common, so that theirs is no rate of error.",
        *_listed(found),
    ]
    return "\n".join(lines) + "\n"


def _table(rows: Sequence[Row], what: str) -> list[str]:
    return [
        f"| set | pairs | aligned | accepted | {what}, % (95 %) | correlation: with one, median,"
        " 5 to 95 %, least to most |",
        "|---|---|---|---|---|---|",
        *(f"| {_bold(row)} | {row['n']} | {row['aligned']} | {row['accepted']} | {_rate(row)} |"
          f" {_spread(row)} |" for row in rows),
    ]  # fmt: skip


def _mirrored(rows: Sequence[Row]) -> list[str]:
    return [
        "| set | pairs | called mirrored | accepted, % (95 %) | called other skin | other side |"
        " not seen or no region |",
        "|---|---|---|---|---|---|---|",
        *(f"| {_bold(row)} | {row['n']} | {row['called_mirrored']} | {row['accepted']}:"
          f" {_rate(row)} | {row['called_other_skin']} | {row['called_other_side']} |"
          f" {_sum(row, 'called_not_seen', 'called_no_region')} |" for row in rows),
    ]  # fmt: skip


def _sum(row: Row, *names: str) -> int:
    return sum(int(str(row[name])) for name in names)


def _bold(row: Row) -> str:
    return f"**{row['set']}**" if row["set"] in _TOGETHER else str(row["set"])


def _rate(row: Row) -> str:
    rate, low, high = (100.0 * float(str(row[key])) for key in ("rate", "rate_low", "rate_high"))
    return f"{rate:.1f} ({low:.2f} to {high:.2f})"


def _spread(row: Row) -> str:
    if not row["n_correlation"]:
        return "none"
    names = ("median", "q05", "q95", "least", "most")
    middle, low, high, least, most = (float(str(row[f"correlation_{name}"])) for name in names)
    return (
        f"{row['n_correlation']}: {middle:.2f}, {low:.2f} to {high:.2f}, {least:.2f} to {most:.2f}"
    )


def _listed(found: Sequence[Outcome]) -> list[str]:
    """Pairs to look at: impostors that were aligned, mirrored that were called something else."""
    lines: list[str] = []
    for item in found:
        if item.truth == "impostor" and item.aligned:
            verdict = "accepted" if item.accepted else "aligned, refused by the gate"
        elif item.truth == "mirrored" and item.cause != "mirrored":
            verdict = f"mirrored, called {item.cause or 'the same skin'}"
        elif item.truth == "genuine" and not item.accepted and "series" not in item.set:
            verdict = f"genuine, {item.cause or 'refused by the gate'}"
        else:
            continue
        lines.append(f"| {item.set} | {item.before} | {item.after} | {verdict} |"
                     f" {_cell(item.correlation)} |")  # fmt: skip
    if not lines:
        return []
    head = ["", "## Pairs that went wrong", "", "| set | before | after | what | correlation |"]
    return [*head, "|---|---|---|---|---|", *lines]


def main(words: list[str]) -> None:
    """Run and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("reports/bench"))
    parser.add_argument("--every", type=int, default=1, help="only every N-th impostor")
    parser.add_argument("--processes", type=int, default=1)
    asked = parser.parse_args(words)
    cv2.setNumThreads(1)
    found = run(asked.every, asked.processes)
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
