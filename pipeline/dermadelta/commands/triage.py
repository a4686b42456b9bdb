"""Triage: which visits of an archive can be compared, and what the others lack."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path

from dermadelta.batch.discover import discover
from dermadelta.batch.executor import Failure, execute
from dermadelta.batch.pairing import pair_visits
from dermadelta.commands.capture import Fitness, Judged, Reason, judge_pair, rejections
from dermadelta.commands.check import RETAKE_EXIT
from dermadelta.commands.progress import Listener, Progress, silent
from dermadelta.commands.run import ignored_note
from dermadelta.commands.work import inspect_photos
from dermadelta.config import Config
from dermadelta.domain import PairRef, Phase, PhotoRecord
from dermadelta.errors import InputError, UsageError
from dermadelta.runner import hold_against

Key = tuple[str, str, str, date]
"""Subject, site, view and day of a visit."""


@dataclass(frozen=True)
class VisitChecked:
    """One visit of one site: what it is good for, and why not for more.

    ``against`` is the day of the baseline it was held against; None for the baseline itself, and
    where there is nothing to hold it against.
    """

    subject_id: str
    site: str
    view: str
    visit_date: date
    against: date | None
    photo_ids: tuple[str, ...]
    fitness: Fitness
    reasons: tuple[Reason, ...] = ()
    refused: tuple[str, ...] = ()


@dataclass(frozen=True)
class CauseCount:
    """How many visits a cause spoils, and what to do about it."""

    name: str
    n_visits: int
    remedy: str


@dataclass(frozen=True)
class Triage:
    """What an archive is worth; after an interruption as far as it was looked at."""

    source: str
    visits: tuple[VisitChecked, ...]
    notes: tuple[str, ...] = ()
    interrupted: bool = False
    pending: int = 0

    def count(self, fitness: Fitness) -> int:
        """Count the visits of one kind."""
        return sum(visit.fitness is fitness for visit in self.visits)

    @property
    def causes(self) -> tuple[CauseCount, ...]:
        """What spoils visits, the commonest first; a visit may suffer from several."""
        counts: Counter[str] = Counter()
        remedies: dict[str, Counter[str]] = defaultdict(Counter)
        for visit in self.visits:
            counts.update({reason.name for reason in visit.reasons})
            for reason in visit.reasons:
                remedies[reason.name][reason.remedy] += 1
        ordered = sorted(counts, key=lambda name: (-counts[name], name))
        return tuple(CauseCount(name, counts[name], _commonest(remedies[name])) for name in ordered)

    @property
    def exit_code(self) -> int:
        """130 after an interruption, 3 when a visit is not usable for everything, else 0."""
        if self.interrupted:
            return 130
        return 0 if self.count(Fitness.USABLE) == len(self.visits) else RETAKE_EXIT


def triage(
    source: Path | str, config: Config, *, workers: int = 1, progress: Listener = silent
) -> Triage:
    """Check every photograph of an archive, and every visit against its baseline.

    Parameters
    ----------
    source : path
        A folder of visits or a manifest, as for ``run``.
    config : Config
        As from ``load_config``.
    workers : int, optional
        Number of processes, at least 1.
    progress : callable, optional
        Told about every finished photograph and visit.

    Returns
    -------
    Triage
        A photograph that cannot be read spoils its own visit only. Ctrl-C while visits are held
        against each other returns early with ``interrupted`` set.

    Raises
    ------
    UsageError
        No input, no photograph in it, or a table with bad rows. Remedy: in the message.
    """
    source = Path(source)
    if workers < 1:
        raise UsageError(f"{workers} workers cannot work", remedy="Ask for 1 or more (--workers).")
    if not source.exists():
        raise InputError(
            "there is no such file or folder",
            remedy="Give a photograph, a folder of visits or a manifest (.csv or .xlsx).",
            file=str(source),
        )
    intake = discover(source)
    notes = (*map(str, intake.problems), *ignored_note(intake.ignored))
    if not intake.photos:
        problems = "".join(f"\n  {note}" for note in notes)
        raise InputError(
            f"no visit with a photograph was found{':' if problems else ''}{problems}",
            remedy="Sort the photographs into <subject>/<visit date>/<site>.jpg, or give a "
            "manifest; a lone photograph is checked by its own name.",
            file=str(source),
        )
    records = inspect_photos(intake.photos, None, config, workers=workers, progress=progress)
    pairing = pair_visits(records, intake.sessions)
    held, interrupted = _hold_all(pairing.pairs, config, workers, progress)
    found = {_key(pair): (pair, held[n]) for n, pair in enumerate(pairing.pairs) if n in held}
    pending = {_key(pair) for n, pair in enumerate(pairing.pairs) if n not in held}
    visits = _grouped(pairing.records)
    return Triage(
        str(source),
        tuple(
            _visit(key, visits[key], found.get(key), config)
            for key in sorted(visits)
            if key not in pending
        ),
        (*notes, *_not_compared(pairing.records)),
        interrupted,
        len(pending),
    )


def hold_visit(pair: PairRef, config: Config) -> Judged:
    """Judge a visit against its baseline; runs in a worker."""
    return judge_pair(hold_against(pair, config), config, n_before=len(pair.before))


def _hold_all(
    pairs: Sequence[PairRef], config: Config, workers: int, progress: Listener
) -> tuple[dict[int, Judged], bool]:
    held: dict[int, Judged] = {}
    progress(Progress("visits", 0, len(pairs)))

    def on_done(index: int, pair: PairRef, outcome: Judged | Failure) -> None:
        if isinstance(outcome, Failure):
            outcome = Judged(Fitness.FAILED, (Reason("failed", outcome.message),))
        held[index] = outcome
        why = "; ".join(reason.name for reason in outcome.reasons)
        said = outcome.fitness.value.replace("_", " ") + (f": {why}" if why else "")
        progress(Progress("visits", len(held), len(pairs), pair.pair_id, said))

    try:
        execute(partial(hold_visit, config=config), pairs, workers=workers, on_done=on_done)
    except KeyboardInterrupt:
        return held, True
    return held, False


def _key(pair: PairRef) -> Key:
    return (pair.subject_id, pair.site, pair.view, pair.after_date)


def _grouped(records: Sequence[PhotoRecord]) -> Mapping[Key, list[PhotoRecord]]:
    """Photographs by visit; those under cream or right after a treatment are never compared."""
    visits: dict[Key, list[PhotoRecord]] = defaultdict(list)
    for record in records:
        ref = record.ref
        if ref.phase is Phase.PRE:
            visits[ref.subject_id, ref.site, ref.view, ref.visit_date].append(record)
    return visits


def _visit(
    key: Key,
    records: Sequence[PhotoRecord],
    held: tuple[PairRef, Judged] | None,
    config: Config,
) -> VisitChecked:
    ids = tuple(record.ref.photo_id for record in records)
    if held is not None:
        pair, judged = held
        return VisitChecked(
            *key, pair.before_date, ids, judged.fitness, judged.reasons, judged.refused
        )
    counted = [record for record in records if not record.counted_as]
    if any(record.quality.accepted for record in counted):
        return VisitChecked(*key, None, ids, Fitness.USABLE)
    reasons = tuple(r for record in counted for r in rejections(record.quality, config))
    readable = any(record.readable for record in counted)
    fitness = Fitness.RETAKE if readable or not counted else Fitness.FAILED
    copy = Reason("copy", "The same photograph is listed for another visit: give the original.")
    return VisitChecked(*key, None, ids, fitness, reasons or (copy,))


def _not_compared(records: Sequence[PhotoRecord]) -> tuple[str, ...]:
    others = [record for record in records if record.ref.phase is not Phase.PRE]
    if not others:
        return ()
    noun = "1 photograph" if len(others) == 1 else f"{len(others)} photographs"
    return (f"{noun} under numbing cream or right after a treatment: never compared.",)


def _commonest(remedies: Counter[str]) -> str:
    return min(remedies, key=lambda text: (-remedies[text], text))
