"""Photographs and pairs through the executor: what run and compare have in common."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from dermadelta.batch.executor import Failure, execute
from dermadelta.batch.inspect import inspect_photo
from dermadelta.batch.ledger import is_done, pair_folder, pair_key
from dermadelta.commands.progress import Listener, Progress
from dermadelta.config import Config, config_fingerprint
from dermadelta.domain import (
    SCHEMA_VERSION,
    NotMeasured,
    PairRef,
    PairResult,
    PairStatus,
    PhotoRecord,
    PhotoRef,
    QualityReport,
)
from dermadelta.files.results import write_pair
from dermadelta.runner import run_pair

Seconds = Mapping[str, float]


@dataclass(frozen=True)
class PairTask:
    """One pair to measure, with the key under which its result is kept in ``out``."""

    pair: PairRef
    key: str
    out: Path


@dataclass(frozen=True)
class PairsDone:
    """Results by pair_id, how many were kept from an earlier run, seconds per stage."""

    results: Mapping[str, PairResult]
    reused: int
    interrupted: bool
    seconds: Seconds


# ----------------------------------------------------------------------------- photographs


def inspect_photos(
    refs: Sequence[PhotoRef], config: Config, *, workers: int, progress: Listener
) -> tuple[PhotoRecord, ...]:
    """Open and check every photograph once, in the order given.

    A photograph that cannot be read is a record that says so; nothing is raised for it.
    """
    records: dict[int, PhotoRecord] = {}
    progress(Progress("photos", 0, len(refs)))

    def on_done(index: int, ref: PhotoRef, outcome: PhotoRecord | Failure) -> None:
        records[index] = _unreadable(ref, outcome) if isinstance(outcome, Failure) else outcome
        accepted = records[index].quality.accepted
        word = "accepted" if accepted else f"not used: {'; '.join(records[index].quality.reasons)}"
        progress(Progress("photos", len(records), len(refs), ref.shown_path, word))

    execute(partial(inspect_photo, config=config), refs, workers=workers, on_done=on_done)
    return tuple(records[index] for index in range(len(refs)))


def _unreadable(ref: PhotoRef, failure: Failure) -> PhotoRecord:
    return PhotoRecord(
        ref=ref,
        metadata=NotMeasured(failure.message),
        quality=QualityReport((), False, (failure.message,)),
        readable=False,
    )


# ----------------------------------------------------------------------------------- pairs


def measure_pairs(
    pairs: Sequence[PairRef], out: Path, config: Config, *, workers: int, progress: Listener
) -> PairsDone:
    """Measure what is not done yet; every pair is on disk before it counts as done.

    A fault of one pair becomes a failed result with its reason. Ctrl-C ends the work and returns
    what is finished.

    Raises
    ------
    OutputError
        A failed pair cannot even be written down. Remedy: in the message.
    """
    fingerprint = config_fingerprint(config)
    tasks = [PairTask(pair, pair_key(pair, fingerprint), out) for pair in pairs]
    tally = _Tally(len(pairs), progress)
    todo = []
    for task in tasks:
        earlier = is_done(out, task.pair, task.key)
        if earlier is None:
            todo.append(task)
        else:
            tally.add(earlier, kept=True)
    interrupted = False
    try:
        execute(partial(measure_pair, config=config), todo, workers=workers, on_done=tally.on_done)
    except KeyboardInterrupt:
        interrupted = True
    return PairsDone(tally.results, len(tasks) - len(todo), interrupted, tally.seconds)


def measure_pair(task: PairTask, config: Config) -> tuple[PairResult, Seconds]:
    """Measure one pair and write its folder; runs in a worker."""
    done = run_pair(task.pair, config, pair_key=task.key)
    write_pair(pair_folder(task.out, task.pair.pair_id), done.result, done.pictures)
    return done.result, done.seconds


def write_without_pictures(out: Path, result: PairResult) -> None:
    """Write a pair that never came to pictures: nothing usable, or a fault."""
    write_pair(pair_folder(out, result.pair.pair_id), result, ())


@dataclass
class _Tally:
    """Counts and keeps results as they come."""

    total: int
    progress: Listener
    results: dict[str, PairResult] = field(default_factory=dict)
    seconds: Counter[str] = field(default_factory=Counter)
    counts: Counter[PairStatus] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.progress(Progress("pairs", 0, self.total))

    def on_done(
        self, index: int, task: PairTask, outcome: tuple[PairResult, Seconds] | Failure
    ) -> None:
        if isinstance(outcome, Failure):
            failed = failed_result(task.pair, task.key, outcome.message)
            write_without_pictures(task.out, failed)
            self.add(failed)
            return
        result, seconds = outcome
        self.seconds.update(seconds)
        self.add(result)

    def add(self, result: PairResult, *, kept: bool = False) -> None:
        self.results[result.pair.pair_id] = result
        self.counts[result.status] += 1
        reasons = "; ".join(result.reasons)
        said = f"{result.status.value}: {reasons}" if reasons else result.status.value
        self.progress(
            Progress(
                step="pairs",
                done=len(self.results),
                total=self.total,
                name=result.pair.pair_id,
                outcome=f"kept from an earlier run ({said})" if kept else said,
                **{status.value: self.counts[status] for status in PairStatus},
            )
        )


def failed_result(pair: PairRef, key: str, reason: str) -> PairResult:
    """Return the result of a pair that a fault has stopped."""
    nothing = NotMeasured(reason)
    return PairResult(
        pair_key=key,
        schema_version=SCHEMA_VERSION,
        pair=pair,
        status=PairStatus.FAILED,
        reasons=(reason,),
        remarks=(),
        before_used=(),
        after_used=(),
        alignment=nothing,
        scale=nothing,
        colour_source="none",
        bias_index=nothing,
        gates=(),
        regions=(),
        readings=(),
        estimates=(),
        pictures=(),
    )
