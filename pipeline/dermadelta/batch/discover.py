"""What is in the input: a manifest where there is one, else the folder layout.

The layout is ``<subject>/<visit date>[_label]/<site or view>[~2].jpg``. A label that is a phase
(``numbed``, ``post``) sets it; ``~2`` marks a repeat. Regions lie beside a photo under its name:
``<stem>.roi.png``, ``.reference``, ``.exclude`` or ``.scar``, each ``.png`` or ``.json``; so do
landmarks that a later photo shares with the first one: ``<stem>.landmarks.csv``.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

from dermadelta.batch.dates import DateError, parse_date
from dermadelta.batch.intake import Intake, Problem, Session, with_ids
from dermadelta.batch.manifest import read_tables
from dermadelta.batch.naming import normal
from dermadelta.batch.tables import TABLE_SUFFIXES
from dermadelta.domain import Phase, PhotoRef
from dermadelta.errors import InputError
from dermadelta.files.paths import openable

RAW_SUFFIXES = (
    ".arw", ".cr2", ".cr3", ".dng", ".nef", ".nrw", ".orf", ".pef", ".raf", ".rw2", ".rwl", ".srw",
)  # fmt: skip
"""Camera RAW that is read with the extra ``raw``."""

PHOTO_SUFFIXES = (
    ".jpg",
    ".jpeg",
    ".jpe",
    ".jfif",
    ".png",
    ".tif",
    ".tiff",
    ".webp",
    ".heic",
    ".heif",
    ".avif",
    ".gif",
    ".bmp",
    ".mpo",
    *RAW_SUFFIXES,
    ".dcm",
    ".dicom",
)
"""Files taken for photographs; those of an unmeasurable kind get their reason when loaded."""

_OTHER_RAW_SUFFIXES = (
    ".3fr", ".crw", ".erf", ".fff", ".iiq", ".mef", ".mos", ".mrw", ".raw", ".sr2", ".srf", ".x3f",
)  # fmt: skip
_PICTURE_SUFFIXES = (
    ".exr", ".hdr", ".ico", ".jp2", ".jpf", ".jpx", ".jxl", ".psb", ".psd",
    ".svg", ".tga",
)  # fmt: skip

HIDDEN = "hidden"
SYSTEM = "made by the operating system"
"""Causes for which files are ignored that nobody puts there on purpose."""

_SIDECARS = {
    ".roi": "roi",
    ".reference": "reference",
    ".exclude": "exclude",
    ".scar": "scar_mask",
    ".grey": "grey_card",
}
_SIDECAR_SUFFIXES = (".png", ".json")
_LANDMARKS = ".landmarks"
_WHAT = {"landmarks": "landmarks without their photo"}
_REPEAT = re.compile(r"~\d+$")
_LAYOUT = "<subject>/<visit date>/<site>.jpg"
_ISO_REMEDY = "Name it year-month-day, such as 2026-04-03, with a label behind “_” if you like."


def discover(source: Path) -> Intake:
    """List the photographs and treatments of an input.

    Parameters
    ----------
    source : Path
        A folder, or a manifest (``.csv``, ``.xlsx``). A folder with a ``manifest.csv`` or
        ``manifest.xlsx`` in it is read by that manifest alone. ``sessions.csv`` or
        ``sessions.xlsx`` beside it is read too.

    Returns
    -------
    Intake
        Photos in a fixed order; nothing has been opened but the tables.

    Raises
    ------
    InputError
        Missing, empty or without a single photo; the message says what was expected.
    ManifestError
        All bad rows of the tables.
    """
    if not openable(source).exists():
        raise InputError(
            "there is no such file or folder", remedy="Check the path.", file=str(source)
        )
    if openable(source).is_file():
        if source.suffix.lower() not in TABLE_SUFFIXES:
            raise InputError(
                "a single file must be a manifest (.csv or .xlsx)",
                remedy="Give the folder of the photographs; two photos go to `compare`.",
                file=str(source),
            )
        return _from_manifest(source)
    manifest = _table_beside(source, "manifest")
    return _from_manifest(manifest) if manifest else _from_folder(source)


def _table_beside(folder: Path, stem: str) -> Path | None:
    """The CSV or XLSX of a name in a folder; both at once cannot be right."""
    there = [folder / f"{stem}{suffix}" for suffix in TABLE_SUFFIXES]
    there = [path for path in there if openable(path).is_file()]
    if len(there) > 1:
        raise InputError(
            f"there are both {stem}.csv and {stem}.xlsx, and only one can count",
            remedy="Move the one that is out of date elsewhere.",
            file=str(folder),
        )
    return there[0] if there else None


def _from_manifest(manifest: Path) -> Intake:
    photos, sessions = read_tables(manifest, _table_beside(manifest.parent, "sessions"))
    return Intake(manifest.parent, with_ids(photos), sessions, _unmatched(photos, sessions))


def _unmatched(photos: Sequence[PhotoRef], sessions: Sequence[Session]) -> tuple[Problem, ...]:
    """Sessions that no photo belongs to: most often another spelling, which would go unseen."""
    subjects = {photo.subject_id for photo in photos}
    places = {(photo.subject_id, photo.site) for photo in photos}
    found: dict[str, None] = {}
    for session in sessions:
        if session.subject_id not in subjects:
            found[f"no photo of subject “{session.subject_id}”"] = None
        elif session.site and (session.subject_id, session.site) not in places:
            found[f"no photo of site “{session.site}” of subject “{session.subject_id}”"] = None
    remedy = "Its sessions are not counted; spell subject and site as for the photos."
    return tuple(Problem("sessions", cause, remedy) for cause in found)


# -------------------------------------------------------------------------------- folder


def _from_folder(root: Path) -> Intake:
    photos: list[PhotoRef] = []
    problems: list[Problem] = []
    ignored: list[Problem] = []
    for subject in _entries(root, problems):
        shown = subject.name
        if reason := _not_meant(subject):
            ignored.append(Problem(shown, reason, ""))
        elif subject.is_dir():
            _read_subject(subject, photos, problems, ignored)
        elif subject.stem.lower() != "sessions":
            _stray(subject, shown, problems, ignored)
    if not photos:
        raise _nothing_found(root, [*problems, *(file for file in ignored if file.remedy)])
    _, sessions = read_tables(None, _table_beside(root, "sessions"))
    problems += _unmatched(photos, sessions)
    return Intake(root, with_ids(photos), sessions, tuple(problems), tuple(ignored))


def _entries(folder: Path, problems: list[Problem]) -> list[Path]:
    """Content of a folder in an order that no file system changes."""
    try:
        return sorted(openable(folder).iterdir(), key=lambda path: (normal(path.name), path.name))
    except OSError as fault:
        remedy = "Give your user the right to read it."
        problems.append(Problem(str(folder), f"the folder cannot be read ({fault})", remedy))
        return []


def _not_meant(path: Path) -> str:
    """Why a file or folder is surely not part of the input; empty text if it may be."""
    if path.name.startswith("."):
        return HIDDEN
    if path.name.lower() in ("thumbs.db", "desktop.ini", "__macosx", "@eadir"):
        return SYSTEM
    return ""


def _stray(path: Path, shown: str, problems: list[Problem], ignored: list[Problem]) -> None:
    """A file where a folder was expected."""
    if path.suffix.lower() in PHOTO_SUFFIXES:
        cause = f"the photo does not lie in {_LAYOUT}"
        problems.append(Problem(shown, cause, "Move it into a folder named by its visit date."))
    else:
        ignored.append(_other(path, shown))


def _other(path: Path, shown: str) -> Problem:
    """Why a file that is no photograph to us is left out, and what to do if it was meant."""
    suffix = path.suffix.lower()
    if suffix in _OTHER_RAW_SUFFIXES:
        cause = "this kind of camera raw is not read"
        return Problem(shown, cause, "Export it as DNG, as 16-bit TIFF or as JPEG.")
    if suffix in _PICTURE_SUFFIXES:
        return Problem(shown, "this kind of picture is not read", "Export it as TIFF or JPEG.")
    return Problem(shown, "no photo", "")


def _read_subject(
    subject: Path, photos: list[PhotoRef], problems: list[Problem], ignored: list[Problem]
) -> None:
    for visit in _entries(subject, problems):
        shown = f"{subject.name}/{visit.name}"
        if reason := _not_meant(visit):
            ignored.append(Problem(shown, reason, ""))
            continue
        if not visit.is_dir():
            _stray(visit, shown, problems, ignored)
            continue
        try:
            day, label = _visit(visit.name)
        except DateError as fault:
            problems.append(Problem(shown, f"the folder's date: {fault}", _ISO_REMEDY))
            continue
        photos.extend(_read_visit(visit, subject.name, day, label, problems, ignored))


def _visit(name: str) -> tuple[date, str]:
    """Date and label of a visit folder."""
    head, _, label = name.strip().partition("_")
    try:
        return parse_date(head), label
    except DateError:
        first, _, rest = head.partition(" ")
        if not rest:
            raise
        return parse_date(first), " ".join(filter(None, (rest, label)))


def _read_visit(
    folder: Path,
    subject: str,
    day: date,
    label: str,
    problems: list[Problem],
    ignored: list[Problem],
) -> Iterator[PhotoRef]:
    entries = _entries(folder, problems)
    sidecars = _sidecars(entries)
    phase = Phase(label.lower()) if label.lower() in tuple(Phase) else Phase.PRE
    for path in entries:
        shown = f"{subject}/{folder.name}/{path.name}"
        if reason := _not_meant(path):
            ignored.append(Problem(shown, reason, ""))
        elif path.is_dir():
            ignored.append(Problem(shown, f"a folder deeper than {_LAYOUT}", ""))
        elif path in sidecars:
            if not any(_photo_stem(other) == sidecars[path][0] for other in entries):
                what = _WHAT.get(sidecars[path][1], "a region without its photo")
                problems.append(Problem(shown, what, "Check its name."))
        elif path.suffix.lower() not in PHOTO_SUFFIXES:
            _no_photo(path, shown, entries, problems, ignored)
        else:
            yield _photo(path, shown, subject, day, phase, label, sidecars)


def _no_photo(
    path: Path, shown: str, entries: list[Path], problems: list[Problem], ignored: list[Problem]
) -> None:
    """A file beside the photos: polygons saved under a photo's own name were surely meant."""
    if path.suffix.lower() == ".json" and normal(path.stem) in map(_photo_stem, entries):
        cause = "a polygon file that does not say what it is"
        remedy = f"Name it {path.stem}.roi.json (or .reference, .exclude, .scar)."
        problems.append(Problem(shown, cause, remedy))
    else:
        ignored.append(_other(path, shown))


def _photo_stem(path: Path) -> str | None:
    return normal(path.stem) if path.suffix.lower() in PHOTO_SUFFIXES else None


def _sidecars(entries: list[Path]) -> dict[Path, tuple[str, str]]:
    """Regions and landmarks of a visit folder: stem of their photo, and their role."""
    found = {}
    for path in entries:
        inner = Path(path.stem)
        if path.suffix.lower() in _SIDECAR_SUFFIXES and inner.suffix.lower() in _SIDECARS:
            found[path] = (normal(inner.stem), _SIDECARS[inner.suffix.lower()])
        elif path.suffix.lower() == ".csv" and inner.suffix.lower() == _LANDMARKS:
            found[path] = (normal(inner.stem), "landmarks")
    return found


def _photo(
    path: Path,
    shown: str,
    subject: str,
    day: date,
    phase: Phase,
    label: str,
    sidecars: dict[Path, tuple[str, str]],
) -> PhotoRef:
    stem = normal(path.stem)
    roles: dict[str, str] = defaultdict(str)
    for file, (owner, role) in sidecars.items():
        if owner == stem:
            roles[role] = str(file)
    other_label = label and label.lower() not in tuple(Phase)
    return PhotoRef(
        path=str(path),
        shown_path=normal(shown),
        sha256="",
        photo_id="",
        subject_id=normal(subject),
        visit_date=day,
        phase=phase,
        site=_REPEAT.sub("", stem) or stem,
        view="",
        roi=roles["roi"] or None,
        reference=roles["reference"] or None,
        exclude=roles["exclude"] or None,
        scar_mask=roles["scar_mask"] or None,
        grey_card=roles["grey_card"] or None,
        landmarks=roles["landmarks"] or None,
        details=(("visit_label", normal(label)),) if other_label else (),
    )


def _nothing_found(root: Path, problems: list[Problem]) -> InputError:
    expected = f"Expected {_LAYOUT}, or a manifest.csv; see the README."
    if not any(openable(root).iterdir()):
        return InputError("the folder is empty", remedy=expected, file=str(root))
    if problems:
        listing = "".join(f"\n  {problem}" for problem in problems[:20])
        more = f"\n  … and {len(problems) - 20} more" if len(problems) > 20 else ""
        cause = f"no photograph could be placed:{listing}{more}\n"
        return InputError(cause, remedy=expected, file=str(root))
    return InputError("there is no photograph in the folder", remedy=expected, file=str(root))
