"""Semi-synthetic pairs as files, with rows for the same tables as the synthetic ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dermadelta.errors import UsageError
from dermadelta.files.results import write_bytes_atomic
from dermadelta.phantom.encode import EDITED, Files, mask_bytes, photo_bytes
from dermadelta.phantom.semi import (
    SEMI_KINDS,
    SemiCase,
    SemiPair,
    SemiShot,
    render_semi,
    semi_case,
)
from dermadelta.phantom.truthtable import nuisances, table_row
from dermadelta.phantom.writer import PairRows, Row


@dataclass(frozen=True)
class SemiJob:
    """A semi-synthetic pair to be rendered and written: all that a worker needs."""

    out: Path
    case: SemiCase
    files: Files = field(default_factory=Files)


def plan_semi(
    out: Path,
    bases: Sequence[str],
    *,
    n_pairs: int,
    seed: int,
    kinds: Sequence[str] = (),
    width_px: int,
    mm_per_px: float | None = None,
    files: Files = Files(),  # noqa: B008 - frozen
) -> list[SemiJob]:
    """Plan pairs from real photographs; bases take turns, then kinds.

    Parameters
    ----------
    out : Path
        Folder of the set.
    bases : sequence of str
        Photographs.
    n_pairs : int
        How many, at least 1.
    seed : int
        Of the whole set.
    kinds : sequence of str
        From ``semi.SEMI_KINDS``; all of them when empty.
    width_px : int
        Width of the photos; a narrower base stays as it is.
    mm_per_px : float, optional
        Scale of the bases; without it the photos have none.
    files : Files
        Format and colour profile.

    Raises
    ------
    UsageError
        No pairs, no base, an unknown kind or an impossible scale. Remedy: in the message.
    """
    if n_pairs < 1:
        raise UsageError("no pairs asked for", remedy="Ask for at least 1 pair.")
    if not bases:
        raise UsageError("no base photograph", remedy="Name at least one.")
    if mm_per_px is not None and not 0.0 < mm_per_px < 10.0:
        raise UsageError(
            f"a scale of {mm_per_px:g} mm per pixel", remedy="Give millimetres per pixel."
        )
    kinds = tuple(kinds) or SEMI_KINDS
    return [
        SemiJob(
            out,
            semi_case(
                bases[number % len(bases)],
                kinds[number // len(bases) % len(kinds)],
                seed,
                number,
                width_px=width_px,
                mm_per_px=mm_per_px,
            ),
            files,
        )
        for number in range(n_pairs)
    ]


def write_semi(job: SemiJob) -> PairRows:
    """Render one pair, write its photographs and masks, and return its rows.

    Raises
    ------
    DermadeltaError
        The base cannot be read or used, or a file cannot be written.
    """
    pair = render_semi(job.case)
    shots = (pair.before, pair.after)
    photos = tuple(_write_photo(job, pair, shot) for shot in shots)
    session = {
        "subject_id": job.case.subject_id,
        "session_date": f"{pair.before.plan.taken_at:%Y-%m-%d}",
        "site": job.case.site,
        "treated_area": "local",
        "modality": "edit",
        "operator": "phantom",
        "note": "known edit of a photograph",
    }
    return PairRows(photos, session, _truth(pair))


def _write_photo(job: SemiJob, pair: SemiPair, shot: SemiShot) -> Row:
    """The photo, its masks, and its row of the manifest."""
    case, day = job.case, f"{shot.plan.taken_at:%Y-%m-%d}"
    ending = {"jpeg": "jpg", "avif": "avif"}[job.files.format]
    stem = f"{case.subject_id}_{case.site}_{day}"
    path = f"photos/{stem}.{ending}"
    data = photo_bytes(shot.rgb, shot.plan, job.files, description=EDITED)
    write_bytes_atomic(job.out / path, data)
    row = {
        "subject_id": case.subject_id,
        "visit_date": day,
        "site": case.site,
        "photo": path,
        "light": pair.setup,
        "mm_per_px": "" if shot.mm_per_px is None else f"{shot.mm_per_px:.4f}",
        "note": "known edit of a photograph",
    }
    masks = {"roi": shot.roi, "scar": shot.scar}
    for name, mask in masks.items():
        if mask is not None:
            target = job.out / "truth_masks" / f"{stem}_{name}.png"
            write_bytes_atomic(target, mask_bytes(mask))
    if shot is pair.before:
        row["roi"] = f"masks/{stem}_roi.png"
        write_bytes_atomic(job.out / row["roi"], mask_bytes(shot.roi))
    return row


def _truth(pair: SemiPair) -> Row:
    """The pair's row of ``truth.csv``."""
    case, before, after = pair.case, pair.before.plan, pair.after.plan
    dates = f"{before.taken_at:%Y-%m-%d}_{after.taken_at:%Y-%m-%d}"
    row: dict[str, object] = {
        "pair_id": f"{case.subject_id}_{case.site}_{dates}",
        "subject_id": case.subject_id,
        "site": case.site,
        "before_date": f"{before.taken_at:%Y-%m-%d}",
        "after_date": f"{after.taken_at:%Y-%m-%d}",
        "origin": "semi_synthetic",
        "kind": case.kind,
        "changed": case.kind,
        "setup": pair.setup,
        "must_refuse": False,
        "treated_area": "local",
        "marker": False,
        "in_photo": "nothing" if case.mm_per_px is None else "scale",
        "scale_given": case.mm_per_px is not None,
        "repeats": 1,
        "retouched": False,
        "base": Path(case.base).name,
        "before_mm_per_px": pair.before.mm_per_px,
        "after_mm_per_px": pair.after.mm_per_px,
        "after_to_before": " ".join(f"{value:.9g}" for value in pair.after_to_before.ravel()),
    }
    shot = nuisances(before, after)
    # The light is that of the base, the same in both photographs.
    for name in ("azimuth_difference_deg", "elevation_difference_deg", "fill_difference"):
        shot[name] = 0.0
    return table_row(row | shot | pair.changes)
