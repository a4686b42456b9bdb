"""Run: from a folder of visit photographs to measured tables and a report."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from dermadelta.batch.discover import HIDDEN, SYSTEM, discover
from dermadelta.batch.intake import Intake, Problem
from dermadelta.batch.pairing import pair_visits
from dermadelta.commands.conclusions import draw_conclusions
from dermadelta.commands.outputs import REPORT_NAME, RunFacts, write_outputs
from dermadelta.commands.progress import Listener, silent
from dermadelta.commands.work import inspect_photos, keep_inspected, measure_pairs
from dermadelta.config import Config
from dermadelta.domain import PairResult, PairStatus, PhotoRecord
from dermadelta.errors import InputError, UsageError

UNSAID = (HIDDEN, SYSTEM)
"""Causes of ignored files that nobody put there on purpose; ``run.json`` has them."""

SHOWN_IGNORED = 5
"""Ignored files named on screen; ``run.json`` lists all."""


@dataclass(frozen=True)
class RunSummary:
    """What a run came to.

    ``results`` are in the order of the pairs, those of earlier runs included (``reused`` of
    them). ``notes`` are remarks on the input that concern no single pair. After an interruption
    ``pending`` pairs are still to be done; everything else is written as if they did not exist.
    """

    out: Path
    report: Path
    results: tuple[PairResult, ...]
    photos: tuple[PhotoRecord, ...]
    notes: tuple[str, ...] = ()
    reused: int = 0
    pending: int = 0
    interrupted: bool = False
    seconds: float = 0.0

    def count(self, status: PairStatus) -> int:
        """Count the pairs of one status."""
        return sum(result.status is status for result in self.results)

    @property
    def exit_code(self) -> int:
        """130 after an interruption, 3 when a pair failed, else 0."""
        if self.interrupted:
            return 130
        return 3 if self.count(PairStatus.FAILED) else 0


@dataclass
class Clock:
    """Seconds per step of a run; the only thing that differs between two equal runs."""

    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    seconds: dict[str, float] = field(default_factory=dict)
    _last: float = field(default_factory=time.perf_counter)

    def lap(self, step: str) -> None:
        """Book the time since the last lap on a step."""
        now = time.perf_counter()
        self.seconds[step] = self.seconds.get(step, 0.0) + now - self._last
        self._last = now


def run(
    source: Path | str,
    out: Path | str,
    config: Config,
    *,
    workers: int = 1,
    limit: int | None = None,
    progress: Listener = silent,
) -> RunSummary:
    """Measure every pair of visits and write tables and pages.

    Parameters
    ----------
    source : path
        A folder ``<subject>/<visit date>/<site>.jpg``, or a manifest (``.csv``, ``.xlsx``).
    out : path
        Where results go. Pairs that are finished there under the same inputs and settings are
        not computed again.
    config : Config
        As from ``load_config``.
    workers : int
        Number of processes, at least 1. The result does not depend on it.
    limit : int, optional
        Measure at most this many pairs, the first ones.
    progress : callable
        Told about every finished photograph and pair.

    Returns
    -------
    RunSummary
        Everything is written when it returns. Ctrl-C while pairs are measured returns early,
        with what is finished written and ``interrupted`` set.

    Raises
    ------
    UsageError
        No input, no pair in it, a table with bad rows, or results among the photographs.
        Remedy: in the message.
    OutputError
        Results cannot be written. Remedy: in the message; what is finished is kept.
    """
    source, out = Path(source), Path(out)
    check_request(source, out, workers=workers, limit=limit)
    config.card_values()
    config.variance()  # one that cannot be used: better said now than after all pairs
    clock = Clock()
    intake = without_results(discover(source), source, out)
    clock.lap("discover")
    records = inspect_photos(intake.photos, out, config, workers=workers, progress=progress)
    clock.lap("photos")
    pairing = pair_visits(records, intake.sessions)
    left_over = tuple(f"{', '.join(u.photo_ids)}: {u.reason}" for u in pairing.unpaired)
    if not pairing.pairs and not pairing.finished:
        raise nothing_to_compare(source, records, left_over)
    keep_inspected(out, records, config)
    work = measure_pairs(
        pairing.pairs[:limit],
        out,
        config,
        finished=pairing.finished,
        workers=workers,
        progress=progress,
    )
    results = draw_conclusions(out, in_order(work.results.values()), config)
    clock.lap("pairs")
    facts = RunFacts(
        source=str(source),
        config=config,
        workers=workers,
        limit=limit,
        started=clock.started,
        seconds=clock.seconds,
        work=work,
        notes=(*map(str, intake.problems), *left_over, *ignored_note(intake.ignored)),
        ignored={item.file: item.cause for item in intake.ignored},
    )
    write_outputs(out, results, pairing.records, facts, progress=progress)
    return RunSummary(
        out=out,
        report=out / REPORT_NAME,
        results=results,
        photos=pairing.records,
        notes=facts.notes,
        reused=work.reused,
        pending=work.pending,
        interrupted=work.interrupted,
        seconds=sum(clock.seconds.values()),
    )


def in_order(results: Iterable[PairResult]) -> tuple[PairResult, ...]:
    """Sort results as people look for them: by subject, place and date."""
    return tuple(
        sorted(
            results,
            key=lambda r: (
                r.pair.subject_id, r.pair.site, r.pair.view, r.pair.before_date,
                r.pair.after_date, r.pair.pair_id,
            ),
        )
    )  # fmt: skip


def default_out(source: Path) -> Path:
    """Return where results go when the user does not say: ``reports/<name of the input>``.

    A manifest called ``manifest`` gives its folder's name, any other file its own.
    """
    resolved = source.resolve()
    plain = resolved.is_dir() or resolved.stem.lower() != "manifest"
    name = (resolved.stem if resolved.is_file() else resolved.name) if plain else ""
    return Path("reports") / (name or resolved.parent.name or "results")


def default_workers() -> int:
    """Return the number of CPUs that this process may use, at least 1."""
    # Python 3.13 knows how many of the CPUs are allowed; older ones only how many there are.
    count: int | None = getattr(os, "process_cpu_count", os.cpu_count)()
    return count or 1


def check_request(source: Path, out: Path, *, workers: int, limit: int | None) -> None:
    """Refuse a request that cannot be meant, before anything is read or written.

    Raises
    ------
    UsageError
        Fewer than 1 worker or pair, an ``out`` that is a file or that lies where photographs
        are looked for. Remedy: in the message.
    """
    if workers < 1:
        raise UsageError(f"{workers} workers cannot work", remedy="Ask for 1 or more (--workers).")
    if limit is not None and limit < 1:
        raise UsageError(f"a limit of {limit} leaves nothing to do", remedy="Ask for 1 or more.")
    if not source.exists():
        raise InputError(
            "there is no such file or folder",
            remedy="Give a folder of visits or a manifest (.csv or .xlsx).",
            file=str(source),
        )
    if out.exists() and not out.is_dir():
        raise UsageError(
            "results need a folder, this is a file", remedy="Choose another --out.", file=str(out)
        )
    # A manifest's folder holds tables of the user, whose names may be those of results.
    root = source.parent if source.is_file() else source
    if out.resolve() == root.resolve():
        raise UsageError(
            "results would lie among the photographs and could overwrite tables there",
            remedy=f"Choose another --out, such as {out / 'results'}.",
            file=str(out),
        )


def without_results(intake: Intake, source: Path, out: Path) -> Intake:
    """Leave out what lies in ``out``, when that is a folder below the input.

    Earlier results hold pictures too; they are no photographs of a visit.
    """
    results, root = out.resolve(), source.resolve()
    if not results.is_relative_to(root):
        return intake

    def is_result(path: Path) -> bool:
        found = path.resolve()
        return found.is_relative_to(results) or results.is_relative_to(found)

    return replace(
        intake,
        photos=tuple(
            r for r in intake.photos if not Path(r.path).resolve().is_relative_to(results)
        ),
        problems=tuple(p for p in intake.problems if not is_result(intake.root / p.file)),
        ignored=tuple(p for p in intake.ignored if not is_result(intake.root / p.file)),
    )


def ignored_note(ignored: Sequence[Problem]) -> tuple[str, ...]:
    """Say in one line what was passed over, pictures first; hidden and system files go unsaid."""
    said = sorted((p for p in ignored if p.cause not in UNSAID), key=lambda p: not p.remedy)
    if not said:
        return ()
    files = "1 file" if len(said) == 1 else f"{len(said)} files"
    shown = [f"{p.file} ({p.cause})" for p in said[:SHOWN_IGNORED]]
    more = len(said) - len(shown)
    rest = f" and {more} more, listed in run.json" if more else ""
    remedies = " ".join(dict.fromkeys(p.remedy for p in said if p.remedy))
    return (f"{files} ignored: {', '.join(shown)}{rest}. {remedies}".rstrip(),)


def nothing_to_compare(
    source: Path, records: Sequence[PhotoRecord], reasons: Sequence[str]
) -> InputError:
    """Say why an input without a single pair has none."""
    listing = "".join(f"\n  {reason}" for reason in reasons)
    return InputError(
        f"nothing to compare among {len(records)} photographs{':' if listing else ''}{listing}",
        remedy="A comparison needs two visits of the same subject, site and view, on two dates.",
        file=str(source),
    )
