"""Phantom pairs as files: photos, masks, manifest, sessions, and what is true about them."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import count
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dermadelta.errors import UsageError
from dermadelta.files.results import write_bytes_atomic, write_text_atomic
from dermadelta.phantom.cases import MEASURABLE_KINDS, TONES, random_case
from dermadelta.phantom.encode import Files, mask_bytes, photo_bytes
from dermadelta.phantom.pair import Shot, render_pair
from dermadelta.phantom.plan import Case, InPhoto, Setup, ShotPlan, TreatedWhere
from dermadelta.phantom.samples import sample_cases
from dermadelta.phantom.truthtable import TRUTH_COLUMNS, truth_row

MANIFEST_COLUMNS = (
    "subject_id",
    "visit_date",
    "site",
    "photo",
    "light",
    "roi",
    "scar_mask",
    "mm_per_px",
    "note",
)
SESSION_COLUMNS = (
    "subject_id",
    "session_date",
    "site",
    "treated_area",
    "modality",
    "device",
    "depth_mm",
    "operator",
    "co_treatments",
    "note",
)

Row = dict[str, str]


@dataclass(frozen=True)
class Written:
    """Where a set was written and how many pairs it has."""

    manifest: Path
    truth: Path
    n_pairs: int


@dataclass(frozen=True)
class PairJob:
    """A pair to be rendered and written: all that a worker needs.

    ``by_visit`` lays photos out as ``<subject>/<visit date>/<site>.jpg``, else all lie in one
    folder; ``truth_masks`` also writes region, untreated skin and scars of every photo.
    """

    out: Path
    case: Case
    files: Files = field(default_factory=Files)
    by_visit: bool = False
    truth_masks: bool = True


@dataclass(frozen=True)
class PairRows:
    """The rows of the tables that one pair gives."""

    photos: tuple[Row, ...]
    session: Row
    truth: Row


def plan_pairs(
    out: Path,
    *,
    n_pairs: int,
    seed: int,
    kinds: Sequence[str] = MEASURABLE_KINDS,
    width_px: int,
    repeats: int = 1,
    files: Files = Files(),  # noqa: B008 - frozen
    setup: Setup | None = None,
    treated: TreatedWhere | None = None,
    in_photo: InPhoto | None = None,
    change: float | None = None,
) -> list[PairJob]:
    """Draw all pairs of a set; nothing is rendered yet, so bad requests end here.

    Parameters as in ``write_pairs``; the last four as in ``cases.random_case``.

    Raises
    ------
    UsageError
        No pairs asked for, an unknown kind, photos too small. Remedy: in the message.
    """
    if n_pairs < 1:
        raise UsageError("no pairs asked for", remedy="Ask for at least 1 pair.")
    if not kinds:
        raise UsageError("no kind of pair asked for", remedy="Name at least one kind.")
    return [
        PairJob(
            out,
            random_case(
                kinds[_turn(number, len(kinds))],
                seed,
                number,
                width_px=width_px,
                setup=setup,
                treated=treated,
                in_photo=in_photo,
                change=change,
                repeats=repeats,
            ),
            files,
        )
        for number in range(n_pairs)
    ]


def _turn(number: int, n_kinds: int) -> int:
    """Which kind comes next; where the tones take turns in step, they are let slip by one."""
    slip = number // len(TONES) if n_kinds % len(TONES) == 0 else 0
    return (number + slip) % n_kinds


def write_pairs(
    out: Path,
    *,
    n_pairs: int,
    seed: int,
    kinds: Sequence[str] = MEASURABLE_KINDS,
    width_px: int,
    repeats: int = 1,
    files: Files = Files(),  # noqa: B008 - frozen
    on_pair: Callable[[int], None] | None = None,
) -> Written:
    """Write random pairs with known truth; the same arguments give the same bytes.

    Parameters
    ----------
    out : Path
        Folder; gets ``manifest.csv``, ``sessions.csv``, ``truth.csv``, ``truth_dictionary.csv``,
        ``photos/``, ``masks/`` (for the manifest) and ``truth_masks/`` (both photos of each pair).
    n_pairs : int
        How many, at least 1. Kinds take turns, skin tones too.
    seed : int
        Of the whole set.
    kinds : sequence of str
        From ``cases.KINDS``.
    width_px : int
        Width of the photos (4:3), at 0.05 mm a pixel.
    repeats : int
        Photographs of each visit; the further ones are named ``~2`` and so on.
    files : Files
        Format and colour profile.
    on_pair : callable, optional
        Called with the number of pairs written so far.

    Raises
    ------
    UsageError
        No pairs asked for, an unknown kind, photos too small.
    OutputError
        A file cannot be written.
    """
    jobs = plan_pairs(
        out,
        n_pairs=n_pairs,
        seed=seed,
        kinds=kinds,
        width_px=width_px,
        repeats=repeats,
        files=files,
    )
    return _write_all(out, jobs, on_pair)


def write_samples(out: Path) -> Written:
    """Write the sample visits that are delivered with the project.

    Four people, two or three visits each: a light cheek whose texture improves, a very dark
    forehead treated all over, a brown jaw with a red scar and a marker, a neck whose redness
    fades and whose last photo shows another person's skin. Photos lie as
    ``<subject>/<visit date>/<site>.jpg``.

    Raises
    ------
    OutputError
        A file cannot be written.
    """
    jobs = [PairJob(out, case, by_visit=True, truth_masks=False) for case in sample_cases()]
    return _write_all(out, jobs, None)


def _write_all(
    out: Path, jobs: Sequence[PairJob], on_pair: Callable[[int], None] | None
) -> Written:
    rows = []
    for number, job in enumerate(jobs, start=1):
        rows.append(write_pair(job))
        if on_pair is not None:
            on_pair(number)
    return write_tables(out, rows)


def write_pair(job: PairJob) -> PairRows:
    """Render one pair, write its photographs and masks, and return its rows.

    Raises
    ------
    OutputError
        A file cannot be written.
    """
    case, pair = job.case, render_pair(job.case)
    shots = [
        (case.before, pair.before, 1),
        *zip(case.before_repeats, pair.before_repeats, count(2)),
        (case.after, pair.after, 1),
        *zip(case.after_repeats, pair.after_repeats, count(2)),
    ]
    photos = []
    for plan, shot, number in shots:
        path = _path(job, plan, number)
        photos.append(_write_photo(job, path, plan, shot))
        if job.truth_masks:
            _write_truth_masks(job.out, path, shot)
    return PairRows(tuple(photos), _session(case), truth_row(pair))


def write_tables(out: Path, pairs: Sequence[PairRows]) -> Written:
    """Write the tables of a set from the rows of its pairs, in this order.

    Raises
    ------
    OutputError
        A file cannot be written.
    """
    manifest: dict[str, Row] = {}
    for rows in pairs:
        for row in rows.photos:
            # A visit that serves several pairs is listed once.
            manifest.setdefault(row["photo"], row)
    _write_csv(out / "manifest.csv", MANIFEST_COLUMNS, manifest.values())
    _write_csv(out / "sessions.csv", SESSION_COLUMNS, _dated(pairs))
    _write_csv(out / "truth.csv", tuple(TRUTH_COLUMNS), [rows.truth for rows in pairs])
    dictionary = [
        {"column": name, "unit": unit, "meaning": meaning}
        for name, (unit, meaning) in TRUTH_COLUMNS.items()
    ]
    _write_csv(out / "truth_dictionary.csv", ("column", "unit", "meaning"), dictionary)
    return Written(out / "manifest.csv", out / "truth.csv", len(pairs))


def _path(job: PairJob, plan: ShotPlan, number: int) -> str:
    """Where a photo goes, relative to the folder of the set; repeats are ``~2`` and so on."""
    case, day = job.case, f"{plan.taken_at:%Y-%m-%d}"
    repeat = "" if number == 1 else f"~{number}"
    ending = {"jpeg": "jpg", "avif": "avif"}[job.files.format]
    if job.by_visit:
        return f"{case.subject_id}/{day}/{case.site}{repeat}.{ending}"
    return f"photos/{case.subject_id}_{case.site}_{day}{repeat}.{ending}"


def _write_photo(job: PairJob, path: str, plan: ShotPlan, shot: Shot) -> Row:
    """The photo, its masks as far as a user would give them, and its row of the manifest."""
    out, case = job.out, job.case
    write_bytes_atomic(out / path, photo_bytes(shot.rgb, plan, job.files))
    stem = f"masks/{case.subject_id}_{case.site}_{plan.taken_at:%Y-%m-%d}"
    row = {
        "subject_id": case.subject_id,
        "visit_date": f"{plan.taken_at:%Y-%m-%d}",
        "site": case.site,
        "photo": path,
        "light": case.setup,
        "mm_per_px": f"{shot.mm_per_px:.4f}" if case.scale_given else "",
        "note": "synthetic skin",
    }
    if plan is case.before:
        row["roi"] = f"{stem}_roi.png"
        write_bytes_atomic(out / row["roi"], mask_bytes(shot.roi))
    if case.scar_mask_given and shot.scar is not None:
        _, tilde, repeat = Path(path).stem.partition("~")
        row["scar_mask"] = f"{stem}{tilde}{repeat}_scar.png"
        write_bytes_atomic(out / row["scar_mask"], mask_bytes(shot.scar))
    return row


def _write_truth_masks(out: Path, path: str, shot: Shot) -> None:
    """Region, untreated skin and scar of every photo, for whoever checks an estimator."""
    masks: dict[str, NDArray[np.bool_] | None] = {
        "roi": shot.roi,
        "reference": shot.reference,
        "scar": shot.scar,
        "striae": shot.striae,
    }
    for name, mask in masks.items():
        if mask is not None:
            target = out / "truth_masks" / f"{Path(path).stem}_{name}.png"
            write_bytes_atomic(target, mask_bytes(mask))


def _session(case: Case) -> Row:
    """The treatment of a pair; its day is that of the baseline until the visits are known."""
    return {
        "subject_id": case.subject_id,
        "session_date": f"{case.before.taken_at:%Y-%m-%d}",
        "site": case.site,
        "treated_area": case.treated_area,
        "modality": "microneedling",
        "device": "pen",
        "depth_mm": "1.0",
        "operator": "phantom",
        "note": "synthetic skin",
    }


def _dated(pairs: Sequence[PairRows]) -> list[Row]:
    """One treatment two days after the baseline of each subject and before each later visit."""
    rows: dict[tuple[str, str], Row] = {}
    previous: dict[str, str] = {}
    for pair in pairs:
        subject = pair.session["subject_id"]
        start = date.fromisoformat(previous.get(subject, pair.session["session_date"]))
        previous[subject] = pair.truth["after_date"]
        day = (start + timedelta(days=2)).isoformat()
        rows[(subject, day)] = pair.session | {"session_date": day}
    return list(rows.values())


def _write_csv(path: Path, columns: Sequence[str], rows: Iterable[Row]) -> None:
    stream = io.StringIO()
    writer = csv.DictWriter(stream, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_text_atomic(path, stream.getvalue())
