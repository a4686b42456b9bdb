"""Compare: two photographs of the same skin, one result."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

from dermadelta.batch.naming import slug
from dermadelta.batch.pairing import without_measuring
from dermadelta.commands.conclusions import draw_conclusions
from dermadelta.commands.given import check_scale, treated_area_named
from dermadelta.commands.outputs import REPORT_NAME, RunFacts, write_outputs
from dermadelta.commands.progress import Listener, silent
from dermadelta.commands.work import inspect_photos, measure_pairs
from dermadelta.config import Config
from dermadelta.domain import (
    PairRef,
    PairResult,
    PairStatus,
    Phase,
    PhotoRef,
    Role,
    TreatedArea,
)
from dermadelta.errors import InputError, UsageError
from dermadelta.files.images import read_header


@dataclass(frozen=True)
class CompareOutcome:
    """The result of one comparison, where its report lies, and remarks on the input."""

    result: PairResult
    report: Path
    notes: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """3 when the comparison failed, else 0: a refusal is a result."""
        return 3 if self.result.status is PairStatus.FAILED else 0


def compare(
    before: Path | str,
    after: Path | str,
    out: Path | str,
    config: Config,
    *,
    roi: str | None = None,
    reference: str | None = None,
    exclude: str | None = None,
    scar_mask: str | None = None,
    scar_mask_after: str | None = None,
    landmarks: str | None = None,
    mm_per_px: float | None = None,
    treated_area: str = "unknown",
    progress: Listener = silent,
) -> CompareOutcome:
    """Compare two photographs; write the same tables and pages as a run.

    Parameters
    ----------
    before, after : path
        The photographs. Their dates are those of capture (EXIF), else of the files.
    out : path
        Where results go.
    config : Config
        As from ``load_config``.
    roi, reference, exclude : str, optional
        Regions on the before photograph: a mask image, a polygon file, or ``"x,y x,y x,y"`` in
        upright pixels.
    scar_mask, scar_mask_after : str, optional
        Scars on the before and on the after photograph, likewise: both or neither.
    landmarks : str, optional
        Points seen on both, by which they are aligned: a CSV with the columns before_x, before_y,
        after_x, after_y in upright pixels, at least 4 rows.
    mm_per_px : float, optional
        Scale of both photographs, above 0 and below 10.
    treated_area : {"unknown", "local", "whole"}
        ``local`` declares that skin around the region was not treated.
    progress : callable
        Told about every finished photograph and pair.

    Returns
    -------
    CompareOutcome
        A refused or failed comparison is an outcome, not an error.

    Raises
    ------
    UsageError
        A file that is not there, or a value out of range. Remedy: in the message.
    PhotoError
        A photograph that cannot be read at all. Remedy: in the message.
    OutputError
        Results cannot be written. Remedy: in the message.
    """
    paths, out = (Path(before), Path(after)), Path(out)
    started, begun = datetime.now(UTC), time.perf_counter()
    area = treated_area_named(treated_area)
    check_scale(mm_per_px)
    if (scar_mask is None) != (scar_mask_after is None):
        raise UsageError(
            "scars are outlined on one photograph only, and only outlines on both can be compared",
            remedy="Give --scar-mask (on BEFORE) and --scar-mask-after (on AFTER), or neither.",
        )
    config.card_values()
    config.variance()  # one that cannot be used: better said before anything is measured
    shots = [_open(path) for path in paths]
    twins = paths[0].stem == paths[1].stem
    # Nobody said who this is; the pages need a name for it all the same.
    name = " / ".join(dict.fromkeys(path.stem for path in paths))
    refs = [
        PhotoRef(
            path=str(path),
            shown_path=str(path),
            sha256=shot.sha256,
            photo_id=f"{role}_{path.stem}" if twins else path.stem,
            subject_id=name,
            visit_date=shot.day,
            phase=Phase.PRE,
            site="",
            view="",
            mm_per_px=mm_per_px,
        )
        for role, path, shot in zip(Role, paths, shots, strict=True)
    ]
    refs[0] = replace(refs[0], roi=roi, reference=reference, exclude=exclude, scar_mask=scar_mask)
    refs[1] = replace(refs[1], scar_mask=scar_mask_after, landmarks=landmarks)
    notes = tuple(shot.note for shot in shots if shot.note) + _order_note(shots)
    pair = _pair_ref(refs, shots, area)
    records = inspect_photos(refs, out, config, workers=1, progress=progress)
    finished = without_measuring(pair, records[:1], records[1:])
    work = measure_pairs(
        [] if finished else [pair],
        out,
        config,
        finished=[finished] if finished else [],
        workers=1,
        progress=progress,
    )
    if work.interrupted:
        raise KeyboardInterrupt
    facts = RunFacts(
        source=f"{before} {after}",
        config=config,
        workers=1,
        limit=None,
        started=started,
        seconds={"compare": time.perf_counter() - begun},
        work=work,
        notes=notes,
    )
    (result,) = draw_conclusions(out, [work.results[pair.pair_id]], config)
    write_outputs(out, [result], records, facts, progress=progress)
    return CompareOutcome(result, out / REPORT_NAME, notes)


def default_out(before: Path, after: Path) -> Path:
    """Return where results go when the user does not say: ``reports/<before>_<after>``."""
    return Path("reports") / _pair_id((before, after))


@dataclass(frozen=True)
class _Shot:
    day: date
    sha256: str
    note: str = ""


def _open(path: Path) -> _Shot:
    """Hash and date of one photograph."""
    if not path.is_file():
        raise InputError(
            "there is no such file" if not path.exists() else "this is not a file",
            remedy="Give two photographs; for folders use `dermadelta run`.",
            file=str(path),
        )
    header = read_header(str(path))
    if header.captured_at is not None:
        return _Shot(header.captured_at.date(), header.sha256)
    day = datetime.fromtimestamp(path.stat().st_mtime, UTC).date()
    note = f"{path}: no date of capture inside; the date of the file ({day}) stands for it."
    return _Shot(day, header.sha256, note)


def _order_note(shots: list[_Shot]) -> tuple[str, ...]:
    if shots[0].day <= shots[1].day:
        return ()
    return (f"BEFORE is dated {shots[0].day}, AFTER {shots[1].day}: are they the wrong way round?",)


def _pair_ref(refs: list[PhotoRef], shots: list[_Shot], area: TreatedArea) -> PairRef:
    return PairRef(
        pair_id=_pair_id((Path(refs[0].path), Path(refs[1].path))),
        subject_id=refs[0].subject_id,
        site="",
        view="",
        phase=Phase.PRE,
        before_date=shots[0].day,
        after_date=shots[1].day,
        before=(refs[0],),
        after=(refs[1],),
        treated_area=area,
    )


def _pair_id(paths: tuple[Path, Path]) -> str:
    return "_".join(slug(path.stem) for path in paths)
