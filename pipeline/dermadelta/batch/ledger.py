"""What is done already: the same key means the same photographs, settings and versions.

Versions are those of the program, of every measure and of the schema of results. Code that was
changed without a new version is not noticed here; a validation, which must notice it, sees to it.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from dermadelta.domain import SCHEMA_VERSION, PairRef, PairResult, PairStatus, PhotoRef
from dermadelta.files.images import hash_file
from dermadelta.files.paths import openable
from dermadelta.files.regions import is_inline, split_label
from dermadelta.files.results import read_pair
from dermadelta.measures import ALL


def pair_key(pair: PairRef, fingerprint: str) -> str:
    """Key of everything that a pair's result depends on.

    Parameters
    ----------
    pair : PairRef
        Its photos carry the hashes of their bytes.
    fingerprint : str
        Of the configuration, with the program's version, which the caller adds to it.

    Returns
    -------
    str
        SHA-256 in hexadecimal over photo bytes, region files and landmarks, the table's values,
        the fingerprint, the versions of all measures and of the schema. Where the files lie does
        not matter.
    """
    content = {
        "schema": SCHEMA_VERSION,
        "measures": sorted((measure.name, measure.version) for measure in ALL),
        "config": fingerprint,
        "pair_id": pair.pair_id,
        "place": [pair.subject_id, pair.site, pair.view, str(pair.phase)],
        "dates": [pair.before_date.isoformat(), pair.after_date.isoformat()],
        "sessions": [pair.sessions, pair.days_since_session, str(pair.treated_area)],
        "treated_mask": _region(pair.treated_mask),
        "before": [photo_content(ref) for ref in pair.before],
        "after": [photo_content(ref) for ref in pair.after],
    }
    text = json.dumps(content, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def is_done(out: Path, pair: PairRef, key: str) -> PairResult | None:
    """The stored result of a pair, if it is complete and still holds.

    Parameters
    ----------
    out : Path
        Folder of the run.
    pair : PairRef
        The pair.
    key : str
        What ``pair_key`` says now.

    Returns
    -------
    PairResult or None
        None where the result is absent, damaged, of another key, lacks a picture, or failed:
        a fault may be gone.
    """
    folder = pair_folder(out, pair.pair_id)
    result = read_pair(folder)
    if result is None or result.pair_key != key or result.status is PairStatus.FAILED:
        return None
    if not all(openable(folder / name).is_file() for name, _, _ in result.pictures):
        return None
    return result


def pair_folder(out: Path, pair_id: str) -> Path:
    """Folder of a pair in a run."""
    return out / "pairs" / pair_id


def photo_content(ref: PhotoRef) -> list[object]:
    """Return what a result depends on of one photograph: bytes, table values, files beside it."""
    given = (ref.roi, ref.reference, ref.exclude, ref.scar_mask, ref.grey_card)
    regions = [_region(source) for source in given]
    values = [ref.photo_id, ref.visit_date.isoformat(), str(ref.phase), ref.mm_per_px]
    landmarks = None if ref.landmarks is None else hash_file(ref.landmarks) or "missing"
    return [ref.sha256, *values, regions, landmarks, ref.details, ref.extra]


def _region(source: str | None) -> str | None:
    """An inline polygon as it is, a file by its content."""
    if source is None or is_inline(source):
        return source
    path, label = split_label(source)
    return f"{hash_file(path) or 'missing'}#{label}"
