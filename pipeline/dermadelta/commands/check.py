"""Check: whether a photograph is usable, alone or against one of an earlier visit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

from dermadelta.batch.discover import PHOTO_SUFFIXES
from dermadelta.batch.inspect import inspect_photo
from dermadelta.batch.naming import normal
from dermadelta.commands.capture import Fitness, Judged, judge_pair, judge_photo, see
from dermadelta.commands.given import check_scale, treated_area_named
from dermadelta.config import Config
from dermadelta.domain import NotMeasured, PairRef, Phase, PhotoRef, TreatedArea
from dermadelta.errors import InputError, UsageError
from dermadelta.files.images import read_header
from dermadelta.runner import Seen, hold_against

RETAKE_EXIT = 3
"""Exit code where not everything is usable, as of a run in which not every pair was measured."""

_REGION_ENDINGS = (".roi", ".reference", ".exclude", ".scar", ".grey")


@dataclass(frozen=True)
class PhotoChecked:
    """What ``check`` found: ``like`` and ``ghost`` are None where they were not asked for."""

    photo: str
    like: str | None
    judged: Judged
    ghost: Path | None = None

    @property
    def exit_code(self) -> int:
        """0 when the photograph is usable for everything, else 3."""
        return 0 if self.judged.fitness is Fitness.USABLE else RETAKE_EXIT


def check(
    photo: Path | str,
    config: Config,
    *,
    like: Path | str | None = None,
    roi: str | None = None,
    reference: str | None = None,
    exclude: str | None = None,
    mm_per_px: float | None = None,
    treated_area: str = "unknown",
    ghost: Path | str | None = None,
) -> PhotoChecked:
    """Check one photograph while it can still be retaken; nothing is measured.

    Parameters
    ----------
    photo : path
        The photograph.
    config : Config
        As from ``load_config``.
    like : path, optional
        The photograph of the earlier visit to hold it against, or the folder of that visit: there
        the first accepted photograph of the same name, else of the only site.
    roi, reference, exclude : str, optional
        Regions as for ``compare``: on ``like`` where it is given, else on ``photo``.
    mm_per_px : float, optional
        Scale of the photographs, above 0 and below 10.
    treated_area : {"unknown", "local", "whole"}
        ``local`` declares that skin around the region was not treated.
    ghost : path, optional
        Where to write the outline of ``like`` (else of ``photo``), a transparent PNG for cameras.

    Returns
    -------
    PhotoChecked

    Raises
    ------
    UsageError
        A file that is not there, a value out of range, or a ``like`` that cannot serve. Remedy:
        in the message.
    PhotoError
        A photograph that cannot be read at all. Remedy: in the message.
    OutputError
        The ghost cannot be written. Remedy: in the message.
    """
    photo, area = Path(photo), treated_area_named(treated_area)
    check_scale(mm_per_px)
    target = None if ghost is None else Path(ghost)
    if target is not None and target.suffix.lower() != ".png":
        raise UsageError(
            "a ghost is a transparent picture", remedy="Name it .png.", file=str(target)
        )
    after = photo_ref(photo, "photo", mm_per_px)
    if like is None:
        given = replace(after, roi=roi, reference=reference, exclude=exclude)
        seen = see(given, config)
        return PhotoChecked(str(photo), None, judge_photo(seen, config), _written(target, seen))
    before = reference_photo(Path(like), photo, mm_per_px, config)
    before = replace(before, roi=roi, reference=reference, exclude=exclude)
    held = hold_against(_pair(before, after, area), config)
    quality = held.seen[0].quality
    if not quality.accepted:
        raise InputError(
            f"it cannot serve as reference: {'; '.join(quality.reasons).rstrip('.')}",
            remedy="Choose another photograph of that visit for --like.",
            file=before.shown_path,
        )
    drawn = _written(target, held.seen[0])
    return PhotoChecked(str(photo), before.shown_path, judge_pair(held, config), drawn)


def _written(target: Path | None, seen: Seen) -> Path | None:
    """Write the ghost where one is asked for and the photograph is good for it."""
    photo, regions = seen.photo, seen.regions
    if target is None or isinstance(photo, NotMeasured) or isinstance(regions, NotMeasured):
        return None
    # Here and not above: the room that writes results takes a quarter of a second to load.
    from dermadelta.commands.ghost import write_ghost

    write_ghost(photo, regions, target)
    return target


def reference_photo(like: Path, photo: Path, mm_per_px: float | None, config: Config) -> PhotoRef:
    """Choose the photograph to hold another one against.

    Raises
    ------
    InputError
        No such file, or a folder without a photograph that can serve. Remedy: in the message.
    """
    if not like.is_dir():
        return photo_ref(like, "like", mm_per_px)
    files = [p for p in sorted(like.iterdir()) if _may_serve(p) and p.resolve() != photo.resolve()]
    files = _of_one_site(files, photo, like)
    for path in files:
        ref = photo_ref(path, "like", mm_per_px)
        if inspect_photo(ref, config).quality.accepted:
            return ref
    raise InputError(
        f"none of its {len(files)} photographs is usable" if files else "no photograph lies in it",
        remedy="Give a photograph of the earlier visit, or the folder that holds its photographs.",
        file=str(like),
    )


def _may_serve(path: Path) -> bool:
    """Whether a file is a photograph and not a region that lies beside one."""
    is_photo = path.suffix.lower() in PHOTO_SUFFIXES and path.is_file()
    return is_photo and not path.stem.lower().endswith(_REGION_ENDINGS)


def _of_one_site(files: Sequence[Path], photo: Path, folder: Path) -> list[Path]:
    """Files of the same name as a photo but for the number of a repeat, else of the only site."""
    sites = {path: normal(path.stem).split("~")[0].casefold() for path in files}
    same = [path for path in files if sites[path] == normal(photo.stem).split("~")[0].casefold()]
    if same:
        return same
    if len(set(sites.values())) > 1:
        names = ", ".join(path.name for path in files[:5])
        raise InputError(
            f"it holds photographs of several sites ({names}), none called {photo.stem}",
            remedy="Name the one to compare with, such as --like "
            f"{Path(folder, files[0].name).as_posix()}.",
            file=str(folder),
        )
    return list(files)


def photo_ref(path: Path, photo_id: str, mm_per_px: float | None) -> PhotoRef:
    """Reference to a lone photograph, dated by its camera, else by its file.

    Raises
    ------
    InputError
        There is no such file. Remedy: in the message.
    PhotoError
        It is no photograph. Remedy: in the message.
    """
    if not path.is_file():
        raise InputError(
            "this is not a file" if path.exists() else "there is no such file",
            remedy="Give a photograph; a folder of visits or a manifest is checked as a whole.",
            file=str(path),
        )
    header = read_header(str(path))
    return PhotoRef(
        path=str(path),
        shown_path=str(path),
        sha256=header.sha256,
        photo_id=photo_id,
        subject_id="",
        visit_date=_day(path, header.captured_at),
        phase=Phase.PRE,
        site="",
        view="",
        mm_per_px=mm_per_px,
    )


def _day(path: Path, captured_at: datetime | None) -> date:
    if captured_at is not None:
        return captured_at.date()
    return datetime.fromtimestamp(path.stat().st_mtime, UTC).date()


def _pair(before: PhotoRef, after: PhotoRef, area: TreatedArea) -> PairRef:
    return PairRef(
        pair_id="check",
        subject_id="",
        site="",
        view="",
        phase=Phase.PRE,
        before_date=before.visit_date,
        after_date=after.visit_date,
        before=(before,),
        after=(after,),
        treated_area=area,
    )
