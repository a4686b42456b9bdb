"""What was found in the input, before any photograph is opened."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from dermadelta.batch.naming import distinct, unique_slugs
from dermadelta.domain import Phase, PhotoRef, TreatedArea


@dataclass(frozen=True)
class Session:
    """One treatment: a row of ``sessions.csv``.

    An empty ``site`` counts for every site of the subject. ``treated_mask`` is a mask file, where
    one was given instead of a word. ``details`` keeps the other columns in their order.
    """

    subject_id: str = field(repr=False)
    session_date: date
    site: str
    treated_area: TreatedArea
    treated_mask: str | None = None
    details: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Problem:
    """Something in the input that was left out: which file, why, and what to do."""

    file: str
    cause: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.file}: {self.cause}. {self.remedy}"


@dataclass(frozen=True)
class Intake:
    """Everything found in the input.

    ``photos`` in a fixed order, without hashes yet. ``problems`` are photographs or folders that
    the user surely meant but that cannot be placed; ``ignored`` are other files, with a remedy
    where they are pictures of a kind that is not read.
    """

    root: Path
    photos: tuple[PhotoRef, ...]
    sessions: tuple[Session, ...] = ()
    problems: tuple[Problem, ...] = ()
    ignored: tuple[Problem, ...] = ()


def with_ids(photos: Sequence[PhotoRef]) -> tuple[PhotoRef, ...]:
    """Give every photo its ``photo_id``: readable, safe as a file name, unique in the input.

    Parameters
    ----------
    photos : sequence of PhotoRef
        In their final order; repeats are numbered by it.

    Returns
    -------
    tuple of PhotoRef
        ``<subject>_<date>[_<phase>]_<site>[_<view>][_<n>]``, n from the second repeat on.
    """
    subjects = distinct(photo.subject_id for photo in photos)
    places = distinct(name for photo in photos for name in (photo.site, photo.view) if name)
    counts: Counter[tuple[object, ...]] = Counter()
    wanted = {}
    for index, photo in enumerate(photos):
        parts = [subjects[photo.subject_id], photo.visit_date.isoformat()]
        parts += [photo.phase.value] if photo.phase is not Phase.PRE else []
        parts += [places[name] for name in (photo.site, photo.view) if name]
        key = (photo.subject_id, photo.visit_date, photo.phase, photo.site, photo.view)
        counts[key] += 1
        parts += [str(counts[key])] if counts[key] > 1 else []
        wanted[index, photo.shown_path] = "_".join(parts)
    names = unique_slugs(wanted)
    return tuple(
        replace(photo, photo_id=names[index, photo.shown_path])
        for index, photo in enumerate(photos)
    )
