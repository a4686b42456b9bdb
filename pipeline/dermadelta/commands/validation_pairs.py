"""Synthetic pairs of a validation through the ordinary pipeline, one by one.

A pair is rendered, measured as any pair of files is, and its photographs are removed
again, all in one worker: however many pairs there are, few lie on the disk at once. What stays is
its result, two small pictures and its truth, written last as the mark that the pair is done.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache, partial
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Final

from dermadelta import __version__
from dermadelta.batch.discover import discover
from dermadelta.batch.executor import Failure, execute
from dermadelta.batch.inspected import FILE_NAME as INSPECTED_NAME
from dermadelta.batch.ledger import pair_folder
from dermadelta.batch.pairing import pair_visits
from dermadelta.commands.progress import Listener, Progress, silent
from dermadelta.commands.validation_plan import Request
from dermadelta.commands.work import inspect_photos, measure_pairs
from dermadelta.config import Config, measuring_fingerprint
from dermadelta.domain import PairResult, PairStatus
from dermadelta.errors import DermadeltaError
from dermadelta.files.paths import openable
from dermadelta.files.results import (
    RESULT_NAME,
    read_pair,
    remove_file,
    write_json_atomic,
    write_text_atomic,
)
from dermadelta.phantom.cases import HARD_KINDS
from dermadelta.phantom.plan import Case
from dermadelta.phantom.writer import PairJob, write_pair, write_tables
from dermadelta.study.truth import Truth, read_truths

PHANTOM: Final = "phantom"
"""Data set of the pairs made here."""

TRUTH_NAME: Final = "truth.json"
KEPT: Final = ("before.jpg", "after.jpg")

PICTURE_PX: Final = 320
"""Longer side of the pictures that are kept, twice what the page shows."""

STAMP_NAME: Final = "code.txt"
"""Says which code has measured the pairs of a folder."""

_CODE: Final = (
    "phantom",
    "kernels",
    "measures",
    "stages",
    "files",
    "variance/nuisances.py",
    "domain.py",
    "pair_result.py",
    "runner.py",
)
"""Rooms and modules that evidence depends on; the model of its variance is applied later."""

_NOT_PIXELS: Final = ("estimate.py",)
"""Draws conclusions, which is done anew each time."""


@dataclass(frozen=True)
class Job:
    """One synthetic pair to make and measure below ``out``."""

    case: Case
    key: str
    out: Path
    keep_photos: bool

    @property
    def pair_id(self) -> str:
        """Name of the pair, as in the tables of a run."""
        return self.case.pair_id


@dataclass(frozen=True)
class Measured:
    """Pairs of one data set with their truth.

    ``pending`` are still to be done. ``faults`` are pairs that could not even be made, which are
    in no table, with the reason.
    """

    truths: tuple[Truth, ...]
    results: Mapping[str, PairResult]
    reused: int = 0
    pending: int = 0
    faults: Mapping[str, str] = field(default_factory=dict)
    tracebacks: Mapping[str, str] = field(default_factory=dict)


def measure_plan(
    plan: Sequence[Request],
    out: Path,
    config: Config,
    *,
    workers: int,
    keep_photos: bool,
    progress: Listener,
) -> Measured:
    """Make and measure every pair of a plan that is not done yet.

    Parameters
    ----------
    plan : sequence of Request
    out : Path
        Gets ``pairs/<pair_id>/`` and, while a pair is in work, ``photos/<pair_id>/``.
    config : Config
    workers : int
        Processes, at least 1.
    keep_photos : bool
        Leave the photographs where they are.
    progress : callable
        Told about every finished pair.

    Returns
    -------
    Measured
        ``pending`` is not 0 after Ctrl-C; what is finished is kept for the next run.

    Raises
    ------
    DermadeltaError
        Not one pair could be made. Remedy: in the message.
    """
    config = config if keep_photos else _with_small_pictures(config)
    jobs = _jobs(plan, out, config, keep_photos=keep_photos)
    tally = _Tally(len(jobs), progress)
    todo = []
    for job in jobs:
        done = _done(job)
        if done is None:
            todo.append(job)
        else:
            tally.add(job, done, kept=True)
    pending = 0
    try:
        execute(partial(make_and_measure, config=config), todo, workers=workers, on_done=tally.put)
    except KeyboardInterrupt:
        pending = len(jobs) - len(tally.results) - len(tally.faults)
    if tally.faults and not tally.results:
        name, reason = next(iter(tally.faults.items()))
        raise DermadeltaError(
            f"no pair could be made ({name}: {reason})",
            remedy="Check that --out can be written and has room, and run the same command again.",
        )
    told = {job.pair_id: _told(job) for job in jobs if job.pair_id in tally.results}
    rows = enumerate((stored["truth"] for stored in told.values()), start=1)
    truths = (
        read_truths(rows, data_set=PHANTOM, file=str(out), hard_kinds=HARD_KINDS) if told else ()
    )
    return Measured(
        truths,
        tally.results,
        len(jobs) - len(todo),
        pending,
        tally.faults,
        tally.tracebacks
        | {name: stored["fault"] for name, stored in told.items() if stored["fault"]},
    )


def make_and_measure(job: Job, config: Config) -> PairResult:
    """Render one pair, measure it and remove its photographs; runs in a worker."""
    photos = job.out / "photos" / job.pair_id
    rows = write_pair(PairJob(photos, job.case, truth_masks=False))
    written = write_tables(photos, [rows])
    folder = pair_folder(job.out, job.pair_id)
    # measure_pairs knows nothing of the code, and would take what older code found for done.
    remove_file(folder / RESULT_NAME)
    shutil.rmtree(openable(folder), ignore_errors=True)
    intake = discover(written.manifest)
    records = inspect_photos(intake.photos, photos, config, workers=1, progress=silent)
    pairing = pair_visits(records, intake.sessions)
    work = measure_pairs(
        pairing.pairs, job.out, config, finished=pairing.finished, workers=1, progress=silent
    )
    if work.interrupted:
        raise KeyboardInterrupt
    result = work.results[job.pair_id]
    if not job.keep_photos:
        for name in {name for name, _, _ in result.pictures} - set(KEPT):
            (folder / name).unlink(missing_ok=True)
        shutil.rmtree(photos)
    told = {"key": job.key, "truth": rows.truth, "fault": work.faults.get(job.pair_id, "")}
    write_json_atomic(folder / TRUTH_NAME, told)
    return result


def _with_small_pictures(config: Config) -> Config:
    """The same settings, but for pictures that nobody looks at: drawing them is a third of it."""
    small = config.depict.model_copy(update={"longer_side_px": PICTURE_PX})
    return config.model_copy(update={"depict": small})


def _jobs(
    plan: Sequence[Request], out: Path, config: Config, *, keep_photos: bool
) -> tuple[Job, ...]:
    common = [__version__, measuring_fingerprint(config), code_fingerprint()]
    jobs = []
    for request in plan:
        text = json.dumps([*common, asdict(request)])
        key = hashlib.sha256(text.encode("utf-8")).hexdigest()
        jobs.append(Job(request.case(), key, out, keep_photos))
    return tuple(jobs)


@cache
def code_fingerprint() -> str:
    """SHA-256 of the code that makes and reads pixels: no figure may come from older code."""
    package = resources.files("dermadelta")
    found = hashlib.sha256()
    for place in _CODE:
        for file in _modules(package.joinpath(place)):
            found.update(file.read_bytes())
    return found.hexdigest()


def _modules(place: Traversable) -> Iterator[Traversable]:
    """Every module that decides what is read from pixels, those of packages within included."""
    if place.is_dir():
        for item in sorted(place.iterdir(), key=lambda item: item.name):
            yield from _modules(item)
    elif place.name.endswith(".py") and place.name not in _NOT_PIXELS:
        yield place


def forget_older_code(out: Path) -> None:
    """Remove what other code than today's has measured in a work folder, and stamp the folder.

    Parameters
    ----------
    out : Path
        Folder of one data set; what was found of its photographs goes with its pairs.

    Raises
    ------
    OutputError
        No permission, or the disk is full. Remedy: in the message.
    """
    stamp = out / STAMP_NAME
    try:
        stamped = openable(stamp).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        stamped = ""
    if stamped == code_fingerprint():
        return
    remove_file(out / INSPECTED_NAME)
    for stored in sorted(openable(out / "pairs").glob(f"*/{RESULT_NAME}")):
        remove_file(stored)  # says so where it cannot; what else lies there is no result
    shutil.rmtree(openable(out / "pairs"), ignore_errors=True)
    write_text_atomic(stamp, code_fingerprint() + "\n")


def _done(job: Job) -> PairResult | None:
    """The result of a pair that is finished under the same key; a failed one is tried again."""
    folder = pair_folder(job.out, job.pair_id)
    try:
        stored = json.loads((folder / TRUTH_NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(stored, dict) or stored.get("key") != job.key:
        return None
    result = read_pair(folder)
    return None if result is None or result.status is PairStatus.FAILED else result


def _told(job: Job) -> dict[str, Any]:
    """What was written down of a finished pair: key, truth, and the fault that stopped it."""
    path = pair_folder(job.out, job.pair_id) / TRUTH_NAME
    stored: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return stored


@dataclass
class _Tally:
    """Counts and keeps results as they come."""

    total: int
    progress: Listener
    results: dict[str, PairResult] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)
    tracebacks: dict[str, str] = field(default_factory=dict)
    counts: Counter[PairStatus] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.progress(Progress("pairs", 0, self.total))

    def put(self, index: int, job: Job, outcome: PairResult | Failure) -> None:
        if isinstance(outcome, Failure):
            self.faults[job.pair_id] = outcome.message
            self.tracebacks[job.pair_id] = outcome.detail or outcome.message
        else:
            self.add(job, outcome)

    def add(self, job: Job, result: PairResult, *, kept: bool = False) -> None:
        self.results[job.pair_id] = result
        self.counts[result.status] += 1
        said = f"{job.case.kind}, {result.status.value}"
        self.progress(
            Progress(
                step="pairs",
                done=len(self.results),
                total=self.total,
                name=job.pair_id,
                outcome=f"kept from an earlier run ({said})" if kept else said,
                **{status.value: self.counts[status] for status in PairStatus},
            )
        )


def mark_as_work(folder: Path) -> None:
    """Keep a work folder out of version control, whatever surrounds it."""
    write_text_atomic(folder / ".gitignore", "*\n")
