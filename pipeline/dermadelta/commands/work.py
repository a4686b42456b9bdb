"""Photographs and pairs through the executor: what run and compare have in common."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from dermadelta import __version__
from dermadelta.batch.executor import Failure, execute
from dermadelta.batch.inspect import inspect_photo
from dermadelta.batch.inspected import photo_key, read_inspected, write_inspected
from dermadelta.batch.ledger import is_done, pair_folder, pair_key
from dermadelta.commands.progress import Listener, Progress
from dermadelta.config import Config, measuring_fingerprint
from dermadelta.domain import (
    NotMeasured,
    PairRef,
    PairResult,
    PairStatus,
    PhotoRecord,
    PhotoRef,
    QualityReport,
)
from dermadelta.files.results import write_pair
from dermadelta.pair_result import unmeasured_result
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
    """Results by pair_id, and how they came about.

    ``reused`` were kept from an earlier run, ``pending`` are still to be done after an
    interruption; ``seconds`` per stage, ``faults`` the tracebacks of failed pairs.
    """

    results: Mapping[str, PairResult]
    reused: int
    pending: int
    interrupted: bool
    seconds: Seconds
    faults: Mapping[str, str]


# ----------------------------------------------------------------------------- photographs


def inspect_photos(
    refs: Sequence[PhotoRef], out: Path | None, config: Config, *, workers: int, progress: Listener
) -> tuple[PhotoRecord, ...]:
    """Open and check every photograph once, in the order given.

    A photograph that cannot be read is a record that says so; nothing is raised for it. What
    ``keep_inspected`` left in ``out``, if there is such a folder, is not decoded again.
    """
    progress(Progress("photos", 0, len(refs)))
    earlier = {} if out is None else read_inspected(out)
    records: dict[int, PhotoRecord] = {}

    def add(index: int, record: PhotoRecord, kept: str = "") -> None:
        records[index] = record
        reasons = "; ".join(record.quality.reasons)
        word = "accepted" if record.quality.accepted else f"not used: {reasons}"
        name = refs[index].shown_path
        progress(Progress("photos", len(records), len(refs), name, word + kept))

    def on_done(index: int, task: tuple[int, PhotoRef], outcome: PhotoRecord | Failure) -> None:
        number, ref = task
        add(number, _unreadable(ref, outcome) if isinstance(outcome, Failure) else outcome)

    todo = []
    for number, ref in enumerate(refs):
        known = earlier.get(photo_key(ref, config)) if earlier else None
        if known is None:
            todo.append((number, ref))
        else:
            add(number, replace(known, ref=replace(ref, sha256=known.ref.sha256)), " (known)")
    execute(partial(inspect_task, config=config), todo, workers=workers, on_done=on_done)
    return tuple(records[index] for index in range(len(refs)))


def inspect_task(task: tuple[int, PhotoRef], config: Config) -> PhotoRecord:
    """Inspect one photograph; runs in a worker."""
    return inspect_photo(task[1], config)


def keep_inspected(out: Path, records: Sequence[PhotoRecord], config: Config) -> None:
    """Keep what was found of readable photographs for the next run into ``out``.

    Raises
    ------
    OutputError
        Disk full or no permission. Remedy: in the message.
    """
    readable = [record for record in records if record.readable]
    keyed = {photo_key(record.ref, config): record for record in readable}
    write_inspected(out, {key: record for key, record in sorted(keyed.items()) if key})


def _unreadable(ref: PhotoRef, failure: Failure) -> PhotoRecord:
    return PhotoRecord(
        ref=ref,
        metadata=NotMeasured(failure.message),
        quality=QualityReport((), False, (failure.message,)),
        readable=False,
    )


# ----------------------------------------------------------------------------------- pairs


def measure_pairs(
    pairs: Sequence[PairRef],
    out: Path,
    config: Config,
    *,
    finished: Sequence[PairResult] = (),
    workers: int,
    progress: Listener,
) -> PairsDone:
    """Measure what is not done yet; every pair is on disk before it counts as done.

    ``finished`` are results that need no measuring (no usable photograph); they are written and
    counted with the others. A fault of one pair becomes a failed result with its reason. Ctrl-C
    ends the work and returns what is finished.

    Raises
    ------
    OutputError
        A result cannot even be written down. Remedy: in the message.
    """
    # Nothing that another release has measured is kept.
    fingerprint = "\n".join((measuring_fingerprint(config), __version__))
    tally = _Tally(len(pairs) + len(finished), progress)
    for result in finished:
        # Why it needs no measuring is part of its key: what other photographs of the input take
        # from a pair, or give back to it, stands nowhere else in it.
        key = pair_key(result.pair, "\n".join((fingerprint, *result.reasons)))
        keyed = replace(result, pair_key=key)
        if is_done(out, keyed.pair, key) != keyed:
            write_pair(pair_folder(out, keyed.pair.pair_id), keyed, ())
        tally.add(keyed)
    todo = []
    for pair in pairs:
        task = PairTask(pair, pair_key(pair, fingerprint), out)
        earlier = is_done(out, pair, task.key)
        if earlier is None:
            todo.append(task)
        else:
            tally.add(earlier, kept=True)
    interrupted = False
    try:
        execute(partial(measure_pair, config=config), todo, workers=workers, on_done=tally.on_done)
    except KeyboardInterrupt:
        interrupted = True
    return PairsDone(
        results=tally.results,
        reused=len(pairs) - len(todo),
        pending=tally.total - len(tally.results),
        interrupted=interrupted,
        seconds=tally.seconds,
        faults=tally.faults,
    )


def measure_pair(task: PairTask, config: Config) -> tuple[PairResult, Seconds]:
    """Measure one pair and write its folder; runs in a worker."""
    done = run_pair(task.pair, config, pair_key=task.key)
    write_pair(pair_folder(task.out, task.pair.pair_id), done.result, done.pictures, done.alignment)
    return done.result, done.seconds


@dataclass
class _Tally:
    """Counts and keeps results as they come."""

    total: int
    progress: Listener
    results: dict[str, PairResult] = field(default_factory=dict)
    seconds: Counter[str] = field(default_factory=Counter)
    counts: Counter[PairStatus] = field(default_factory=Counter)
    faults: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.progress(Progress("pairs", 0, self.total))

    def on_done(
        self, index: int, task: PairTask, outcome: tuple[PairResult, Seconds] | Failure
    ) -> None:
        if isinstance(outcome, Failure):
            failed = failed_result(task.pair, task.key, outcome.message)
            write_pair(pair_folder(task.out, task.pair.pair_id), failed, ())
            self.faults[task.pair.pair_id] = outcome.detail or outcome.message
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
    return unmeasured_result(pair, PairStatus.FAILED, (reason,), nothing, pair_key=key)
