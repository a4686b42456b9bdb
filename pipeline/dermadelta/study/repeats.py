"""Repeat photographs: which readings of which photographs were taken of the same skin on one day.

A visit stands in every pair of its subject, and a reading differs a little from pair to pair (the
photographs of a pair are brought to one sharpness). So each visit is taken from one pair.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

import numpy as np

from dermadelta.domain import (
    REFERENCE,
    Matrix,
    Measure,
    NotMeasured,
    PairResult,
    PairStatus,
    Phase,
    Role,
    StoredReading,
)

Basis = Literal["plain", "corrected"]

BASES: Final[tuple[Basis, ...]] = ("plain", "corrected")
UNLISTED: Final = frozenset({REFERENCE, "exclude"})
VisitKey = tuple[str, str, str, Phase, date]


@dataclass(frozen=True)
class Visit:
    """The distinct photographs of one visit, in the order of the pair they were read in.

    ``values`` hold the readings by (measure, region) and photo, in the measure's unit; what was
    not measured is left out. Measures of another version than the catalogue's are left out too:
    their numbers must not be mixed.
    """

    key: VisitKey
    photos: tuple[str, ...]
    values: Mapping[tuple[str, str], Mapping[str, float]]


@dataclass(frozen=True, eq=False)
class Repeats:
    """All visits with two or more readings of one measure in one region, in the working domain.

    ``subjects`` names the subject of each visit; ``plain`` and ``reference`` hold one (n,)
    float64 array per visit, the region and untreated skin on the same photographs. ``reference``
    is None for the basis ``plain``.
    """

    subjects: tuple[str, ...]
    plain: tuple[Matrix, ...]
    reference: tuple[Matrix, ...] | None

    @property
    def groups(self) -> tuple[Matrix, ...]:
        """The readings of each visit, region minus untreated skin where that is asked for."""
        if self.reference is None:
            return self.plain
        return tuple(own - skin for own, skin in zip(self.plain, self.reference, strict=True))

    @property
    def df(self) -> int:
        """Photographs less visits."""
        return sum(len(group) - 1 for group in self.plain)


def visits(results: Sequence[PairResult], catalogue: Sequence[Measure]) -> tuple[Visit, ...]:
    """Each visit once, from the pair that measured most of its photographs.

    Parameters
    ----------
    results : sequence of PairResult
        In any order; only measured pairs count, since in a refused one the readings may be of
        other skin. Among pairs that measured as many photographs the first by ``pair_id`` counts.
    catalogue : sequence of Measure

    Returns
    -------
    tuple of Visit
        By subject, site, view, phase and date. Photographs that agree to the last bit in every
        reading are one file under two names and count once.
    """
    versions = {measure.name: measure.version for measure in catalogue}
    found: dict[VisitKey, Visit] = {}
    for result in sorted(results, key=lambda item: item.pair.pair_id):
        if result.status is not PairStatus.MEASURED:
            continue
        for role in (Role.BEFORE, Role.AFTER):
            visit = _visit(result, role, versions)
            known = found.get(visit.key)
            if known is None or len(visit.photos) > len(known.photos):
                found[visit.key] = visit
    return tuple(found[key] for key in sorted(found))


def _visit(result: PairResult, role: Role, versions: Mapping[str, int]) -> Visit:
    pair = result.pair
    readings: dict[str, list[StoredReading]] = defaultdict(list)
    for reading in result.readings:
        if reading.role is role:
            readings[reading.photo_id].append(reading)
    seen: set[frozenset[tuple[str, str, float]]] = set()
    values: dict[tuple[str, str], dict[str, float]] = defaultdict(dict)
    photos = []
    for photo, rows in readings.items():
        numbers = [row for row in rows if not isinstance(row.value, NotMeasured)]
        content = frozenset((row.measure, row.region, float(row.value)) for row in numbers)  # type: ignore[arg-type]
        if not content or content in seen:
            continue
        seen.add(content)
        photos.append(photo)
        for row in numbers:
            if versions.get(row.measure) == row.version and not isinstance(row.value, NotMeasured):
                values[row.measure, row.region][photo] = row.value
    day = pair.before_date if role is Role.BEFORE else pair.after_date
    key = (pair.subject_id, pair.site, pair.view, pair.phase, day)
    return Visit(key, tuple(photos), values)


def regions_read(found: Sequence[Visit], measure: str) -> tuple[str, ...]:
    """Regions in which a measure was read at all, sorted; never untreated or excluded skin."""
    names = {region for visit in found for name, region in visit.values if name == measure}
    return tuple(sorted(names - UNLISTED))


def has_reference(found: Sequence[Visit], measure: Measure) -> bool:
    """Whether the measure is corrected by untreated skin, and some was read."""
    return measure.uses_reference and any(
        visit.values.get((measure.name, REFERENCE)) for visit in found
    )


def repeats(found: Sequence[Visit], measure: Measure, region: str, basis: Basis) -> Repeats:
    """Readings of the visits that have two or more of them.

    Parameters
    ----------
    found : sequence of Visit
    measure : Measure
        Ratio measures are worked on as natural logarithms; readings of 0 have none and are left
        out.
    region : str
    basis : {"plain", "corrected"}
        ``corrected`` leaves photographs without a reading of untreated skin out.

    Returns
    -------
    Repeats
        Without visits where there are none.
    """
    subjects, plain, reference = [], [], []
    for visit in found:
        own = _working(visit, measure, region)
        skin = _working(visit, measure, REFERENCE) if basis == "corrected" else own
        photos = [photo for photo in visit.photos if photo in own and photo in skin]
        if len(photos) < 2:
            continue
        subjects.append(visit.key[0])
        plain.append(np.array([own[photo] for photo in photos], dtype=np.float64))
        reference.append(np.array([skin[photo] for photo in photos], dtype=np.float64))
    corrected = tuple(reference) if basis == "corrected" else None
    return Repeats(tuple(subjects), tuple(plain), corrected)


def _working(visit: Visit, measure: Measure, region: str) -> dict[str, float]:
    values = visit.values.get((measure.name, region), {})
    if measure.change == "difference":
        return dict(values)
    return {photo: float(np.log(value)) for photo, value in values.items() if value > 0.0}
