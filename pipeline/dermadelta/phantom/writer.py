"""Phantom pairs as files: photos, masks, manifest, sessions, and what is true about them."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dermadelta.errors import UsageError
from dermadelta.files.results import write_bytes_atomic, write_text_atomic
from dermadelta.phantom.cases import MEASURABLE_KINDS, random_case
from dermadelta.phantom.encode import jpeg_bytes, mask_bytes
from dermadelta.phantom.pair import Case, Shot, ShotPlan, render_pair
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


def write_pairs(
    out: Path,
    *,
    n_pairs: int,
    seed: int,
    kinds: Sequence[str] = MEASURABLE_KINDS,
    width_px: int,
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
    on_pair : callable, optional
        Called with the number of pairs written so far.

    Raises
    ------
    UsageError
        No pairs asked for, an unknown kind, photos too small.
    OutputError
        A file cannot be written.
    """
    if n_pairs < 1:
        raise UsageError("no pairs asked for", remedy="Ask for at least 1 pair.")
    if not kinds:
        raise UsageError("no kind of pair asked for", remedy="Name at least one kind.")
    # Drawn first, so that a bad request is refused before anything is rendered.
    cases = [
        random_case(kinds[number % len(kinds)], seed, number, width_px=width_px)
        for number in range(n_pairs)
    ]
    return _write_cases(out, cases, _flat_layout, truth_masks=True, on_pair=on_pair)


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
    return _write_cases(out, sample_cases(), _visit_layout, truth_masks=False, on_pair=None)


def _write_cases(
    out: Path,
    cases: Sequence[Case],
    layout: Callable[[Case, ShotPlan], str],
    *,
    truth_masks: bool,
    on_pair: Callable[[int], None] | None,
) -> Written:
    """Render and write all cases, then the tables."""
    manifest: dict[str, Row] = {}
    truth: list[Row] = []
    for number, case in enumerate(cases, start=1):
        pair = render_pair(case)
        for plan, shot in ((case.before, pair.before), (case.after, pair.after)):
            path = layout(case, plan)
            if path not in manifest:
                manifest[path] = _write_photo(out, path, case, plan, shot)
            if truth_masks:
                _write_truth_masks(out, path, shot)
        truth.append(truth_row(pair))
        if on_pair is not None:
            on_pair(number)
    _write_csv(out / "manifest.csv", MANIFEST_COLUMNS, manifest.values())
    _write_csv(out / "sessions.csv", SESSION_COLUMNS, _sessions(cases))
    _write_csv(out / "truth.csv", tuple(TRUTH_COLUMNS), truth)
    dictionary = [
        {"column": name, "unit": unit, "meaning": meaning}
        for name, (unit, meaning) in TRUTH_COLUMNS.items()
    ]
    _write_csv(out / "truth_dictionary.csv", ("column", "unit", "meaning"), dictionary)
    return Written(out / "manifest.csv", out / "truth.csv", len(cases))


def _flat_layout(case: Case, plan: ShotPlan) -> str:
    return f"photos/{case.subject_id}_{case.site}_{plan.taken_at:%Y-%m-%d}.jpg"


def _visit_layout(case: Case, plan: ShotPlan) -> str:
    return f"{case.subject_id}/{plan.taken_at:%Y-%m-%d}/{case.site}.jpg"


def _write_photo(out: Path, path: str, case: Case, plan: ShotPlan, shot: Shot) -> Row:
    """The photo, its masks as far as a user would give them, and its row of the manifest."""
    write_bytes_atomic(out / path, jpeg_bytes(shot.rgb, plan.camera, taken_at=plan.taken_at))
    stem = f"masks/{case.subject_id}_{case.site}_{plan.taken_at:%Y-%m-%d}"
    row = {
        "subject_id": case.subject_id,
        "visit_date": f"{plan.taken_at:%Y-%m-%d}",
        "site": case.site,
        "photo": path,
        "light": case.setup,
        "mm_per_px": "" if plan.marker is not None else f"{shot.mm_per_px:.4f}",
        "note": "synthetic skin",
    }
    if plan is case.before:
        row["roi"] = f"{stem}_roi.png"
        write_bytes_atomic(out / row["roi"], mask_bytes(shot.roi))
    if case.scar_mask_given and shot.scar is not None:
        row["scar_mask"] = f"{stem}_scar.png"
        write_bytes_atomic(out / row["scar_mask"], mask_bytes(shot.scar))
    return row


def _write_truth_masks(out: Path, path: str, shot: Shot) -> None:
    """Region, untreated skin and scar of every photo, for whoever checks an estimator."""
    masks: dict[str, NDArray[np.bool_] | None] = {
        "roi": shot.roi,
        "reference": shot.reference,
        "scar": shot.scar,
    }
    for name, mask in masks.items():
        if mask is not None:
            target = out / "truth_masks" / f"{Path(path).stem}_{name}.png"
            write_bytes_atomic(target, mask_bytes(mask))


def _sessions(cases: Iterable[Case]) -> list[Row]:
    """One treatment two days after the baseline of each subject and before each later visit."""
    rows: dict[tuple[str, str], Row] = {}
    previous: dict[str, ShotPlan] = {}
    for case in cases:
        start = previous.get(case.subject_id, case.before)
        previous[case.subject_id] = case.after
        day = f"{start.taken_at + timedelta(days=2):%Y-%m-%d}"
        rows[(case.subject_id, day)] = {
            "subject_id": case.subject_id,
            "session_date": day,
            "site": case.site,
            "treated_area": case.treated_area,
            "modality": "microneedling",
            "device": "pen",
            "depth_mm": "1.0",
            "operator": "phantom",
            "note": "synthetic skin",
        }
    return list(rows.values())


def _write_csv(path: Path, columns: Sequence[str], rows: Iterable[Row]) -> None:
    stream = io.StringIO()
    writer = csv.DictWriter(stream, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_text_atomic(path, stream.getvalue())
