"""Validate: pairs of known truth through the ordinary pipeline, and what the figures are worth."""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pandas as pd

from dermadelta import __version__
from dermadelta.commands.conclusions import draw_conclusions
from dermadelta.commands.outputs import library_versions
from dermadelta.commands.overview import Rows
from dermadelta.commands.progress import Listener, silent
from dermadelta.commands.run import Clock, check_request
from dermadelta.commands.validation_data import (
    check_names,
    measure_data,
    read_data_truth,
    refuse_repeated,
)
from dermadelta.commands.validation_pairs import (
    PHANTOM,
    Measured,
    mark_as_work,
    measure_plan,
)
from dermadelta.commands.validation_plan import NO_CHANGE_SHARE, WIDTH_PX, validation_plan
from dermadelta.config import Config, config_fingerprint
from dermadelta.domain import SCHEMA_VERSION, PairStatus
from dermadelta.errors import UsageError
from dermadelta.files.results import csv_text, remove_file, run_info_text, write_text_atomic
from dermadelta.reporting.validation import MET, PAGE, goal_words, validation_page
from dermadelta.reporting.validation_dictionary import validation_dictionary
from dermadelta.study.goals import build_goals
from dermadelta.study.scores import Scored, joined, score
from dermadelta.study.stored import stored_scores
from dermadelta.study.truth import Truth
from dermadelta.study.validation import build_tables

OUT: Final = Path("reports/check")
N_PAIRS: Final = 60
INFO_NAME: Final = "validation.json"
WORK: Final = "work"


@dataclass(frozen=True)
class ValidationRequest:
    """What is to be validated.

    ``pairs`` synthetic pairs with a share of ``no_change_share`` without change are drawn for the
    user's ``seed``, none where ``data_only``. ``data`` are folders with a truth.csv.
    ``config_name`` is how the user named the settings, for the page.
    """

    pairs: int = N_PAIRS
    no_change_share: float = NO_CHANGE_SHARE
    seed: int = 0
    data: tuple[Path, ...] = ()
    data_only: bool = False
    config_name: str = ""
    keep_photos: bool = False
    width_px: int = WIDTH_PX


@dataclass(frozen=True)
class ValidationSummary:
    """What a validation came to.

    ``goals`` is the table of the goals. After an interruption ``pending`` pairs are still to be
    done, nothing but them is lost, and there is no page yet. ``faults`` are synthetic pairs that
    could not be made.
    """

    out: Path
    page: Path
    goals: pd.DataFrame
    counts: Mapping[str, int]
    reused: int = 0
    pending: int = 0
    faults: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def exit_code(self) -> int:
        """130 after an interruption, 3 when a pair failed, else 0, whatever the goals say."""
        if self.pending:
            return 130
        return 3 if self.faults or self.counts.get(PairStatus.FAILED.value) else 0


def validate(
    request: ValidationRequest,
    out: Path,
    config: Config,
    *,
    workers: int = 1,
    progress: Listener = silent,
) -> ValidationSummary:
    """Measure pairs of known truth, hold them against it and write tables and a page.

    Parameters
    ----------
    request : ValidationRequest
    out : Path
        Gets the tables, ``index.html`` and ``validation.json``; below ``work/`` lies what the next
        run takes up again. What is finished there under the same settings is not done again.
    config : Config
        As from ``load_config``.
    workers : int
        Number of processes, at least 1. The result does not depend on it.
    progress : callable
        Told about every finished pair.

    Returns
    -------
    ValidationSummary
        Everything is written when it returns, unless it was interrupted.

    Raises
    ------
    UsageError
        No pairs asked for, a folder without a truth or given twice, a truth that does not fit its
        pairs.
        Remedy: in the message.
    ConfigError
        The variance model is of another version. Remedy: in the message.
    OutputError
        Results cannot be written. Remedy: in the message; what is finished is kept.
    """
    clock = Clock()
    plan = () if request.data_only else validation_plan(
        request.pairs, request.seed, request.no_change_share, width_px=request.width_px
    )  # fmt: skip
    truths = _truths(request, out, workers)
    config.variance()  # of another version: better said now than after an hour
    work = out / WORK
    mark_as_work(work)
    sets: dict[str, Measured] = {}
    if plan:
        sets[PHANTOM] = measure_plan(
            plan, work / PHANTOM, config, workers=workers,
            keep_photos=request.keep_photos, progress=progress,
        )  # fmt: skip
        clock.lap(PHANTOM)
    for name, (source, rows) in truths.items():
        if any(done.pending for done in sets.values()):
            break
        sets[name] = measure_data(
            source, rows, work / name, config, workers=workers, progress=progress
        )
        clock.lap(name)
    pending = sum(done.pending for done in sets.values())
    if pending:
        return _summary(out, sets, pd.DataFrame(), pending=pending, clock=clock)
    scored = _scored(work, sets, config)
    tables = build_tables(scored)
    tables |= {"goals": build_goals(scored), "pairs": scored.pairs}
    tables |= {"scores": scored.scores}
    _write(out, tables, _info(request, config, sets), clock)
    return _summary(out, sets, tables["goals"], pending=0, clock=clock)


def _truths(
    request: ValidationRequest, out: Path, workers: int
) -> dict[str, tuple[Path, tuple[Truth, ...]]]:
    """Every folder and its truth by the name of its data set, before anything is measured."""
    if request.data_only and not request.data:
        raise UsageError(
            "there is nothing to validate on",
            remedy="Name a folder with --data, or leave out --data-only.",
        )
    if workers < 1:
        raise UsageError(f"{workers} workers cannot work", remedy="Ask for 1 or more (--workers).")
    if out.exists() and not out.is_dir():
        raise UsageError(
            "results need a folder, this is a file", remedy="Choose another --out.", file=str(out)
        )
    found: dict[str, tuple[Path, tuple[Truth, ...]]] = {}
    refuse_repeated(request.data)
    # Folders under work/ bear these names, and some file systems know no capitals.
    taken = {PHANTOM}
    for source in request.data:
        name = stem = source.resolve().name
        number = 1
        while name.casefold() in taken:
            number += 1
            name = f"{stem}-{number}"
        taken.add(name.casefold())
        rows = read_data_truth(source, name)
        check_request(source, out, workers=workers, limit=None)
        found[name] = (source, rows)
    check_names(found.values())
    return found


def _scored(work: Path, sets: Mapping[str, Measured], config: Config) -> Scored:
    """Every data set against its truth; conclusions are drawn for each set by itself."""
    parts = []
    for name, done in sets.items():
        results = [done.results[truth.pair_id] for truth in done.truths]
        parts.append(score(draw_conclusions(work / name, results, config), done.truths))
    return joined(parts)


# ----------------------------------------------------------------------------- outputs


def _write(
    out: Path, tables: Mapping[str, pd.DataFrame], info: dict[str, Any], clock: Clock
) -> None:
    """Write tables and page; ``validation.json`` last, as the mark of a whole validation."""
    remove_file(out / INFO_NAME)
    scores, reasons = stored_scores(tables["scores"])
    kept = {**tables, "scores": scores, "reasons": reasons}
    for name, table in kept.items():
        write_text_atomic(out / f"{name}.csv", csv_text(table))
    write_text_atomic(out / "data_dictionary.csv", csv_text(validation_dictionary(kept)))
    pictures = out / WORK / PHANTOM / "pairs"
    write_text_atomic(out / PAGE, validation_page(tables, info, pictures))
    clock.lap("report")
    seconds = {step: round(value, 3) for step, value in clock.seconds.items()}
    write_text_atomic(out / INFO_NAME, run_info_text(info | {"seconds": seconds}))


def _info(
    request: ValidationRequest, config: Config, sets: Mapping[str, Measured]
) -> dict[str, Any]:
    """What ``validation.json`` says, but for the seconds; the page shows nothing else."""
    model = config.variance()
    made = ", ".join(f"{key} {value}" for key, value in sorted(model.made.items()))
    faults = {name: reason for done in sets.values() for name, reason in done.faults.items()}
    drawn = {"seed": request.seed, "n_pairs": request.pairs, "width_px": request.width_px}
    return {
        "command": command_line(request),
        **({} if request.data_only else drawn),
        "variance_model": f"{model.name}, form {model.format}" + (f" ({made})" if made else ""),
        "dermadelta": __version__,
        "schema_version": SCHEMA_VERSION,
        "python": platform.python_version(),
        "libraries": library_versions(),
        "fingerprint": config_fingerprint(config),
        "data_sets": {name: len(done.truths) for name, done in sets.items()},
        "faults": {n: text for done in sets.values() for n, text in done.tracebacks.items()},
        "notes": [f"{name} could not be made: {reason}" for name, reason in faults.items()],
    }


def command_line(request: ValidationRequest) -> str:
    """Return the command that makes the same tables; folders by their name alone."""
    words = ["dermadelta validate"]
    if request.data_only:
        words.append("--data-only")
    else:
        words += [f"--pairs {request.pairs}", f"--seed {request.seed}"]
        if request.no_change_share != NO_CHANGE_SHARE:
            words.append(f"--no-change-share {request.no_change_share:.4g}")
    words += [f"--data {source.resolve().name}" for source in request.data]
    if request.config_name:
        words.append(f"--config {Path(request.config_name).name}")
    return " ".join(words)


def _summary(
    out: Path, sets: Mapping[str, Measured], goals: pd.DataFrame, *, pending: int, clock: Clock
) -> ValidationSummary:
    counts = Counter(
        result.status.value for done in sets.values() for result in done.results.values()
    )
    return ValidationSummary(
        out=out,
        page=out / PAGE,
        goals=goals,
        counts=dict(counts),
        reused=sum(done.reused for done in sets.values()),
        pending=pending,
        faults={name: why for done in sets.values() for name, why in done.faults.items()},
        seconds=sum(clock.seconds.values()),
    )


def goal_rows(summary: ValidationSummary) -> Rows:
    """One row per goal, for a screen."""
    return Rows(
        ("Set", "Goal", "Measure", "Measured", "95 % interval", "Pairs", "Met"),
        tuple(
            (row["data_set"], row["goal"], row["measure"], *goal_words(row), MET[row["met"]][1])
            for _, row in summary.goals.iterrows()
        ),
    )


def count_words(summary: ValidationSummary) -> str:
    """Say how many pairs came to what: "60 pairs: 50 measured, 10 refused, 0 failed"."""
    counts = [f"{summary.counts.get(s.value, 0)} {s.value}" for s in PairStatus]
    kept = f" ({summary.reused} kept from an earlier run)" if summary.reused else ""
    return f"{sum(summary.counts.values())} pairs: {', '.join(counts)}{kept}"
