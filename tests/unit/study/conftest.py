"""Results of a simulated clinic: known spread within visits, known differences between them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
import pytest

from dermadelta.domain import (
    SCHEMA_VERSION,
    Measure,
    NotMeasured,
    PairRef,
    PairResult,
    PairStatus,
    Phase,
    Read,
    Role,
    Settings,
    SkinView,
    StoredReading,
)

FIRST, SECOND, THIRD = date(2026, 3, 3), date(2026, 4, 14), date(2026, 5, 19)

Values = Mapping[tuple[str, str], Sequence[float | None]]
"""By measure and region: one value per photograph, None where it was not measured."""


class Params(Settings):
    """A measure without settings."""


def unread(view: SkinView, params: Any) -> Read | NotMeasured:
    raise AssertionError("a study must not measure")


def make_measure(name: str, change: Any, *, reference: bool = True) -> Measure:
    return Measure(
        name=name, title=name.title(), unit="EI" if change == "difference" else "1",
        change=change, better="lower", family=name, needs=frozenset(), uses_reference=reference,
        fragile_to=frozenset(), params=Params, read=unread, version=3, references=(),
    )  # fmt: skip


ROUGHNESS = make_measure("roughness", "ratio")
REDNESS = make_measure("redness", "difference")
SCAR = make_measure("scar_area", "ratio", reference=False)
CATALOGUE = (ROUGHNESS, REDNESS, SCAR)


def make_readings(
    role: Role, subject: str, day: date, values: Values, *, version: int = 3
) -> tuple[StoredReading, ...]:
    return tuple(
        StoredReading(
            name, version, "", role, f"{subject}_{day.isoformat()}_{number}", day, region,
            NotMeasured("too dark") if value is None else value,
        )
        for (name, region), column in values.items()
        for number, value in enumerate(column, start=1)
    )  # fmt: skip


def make_pair(
    subject: str,
    before: Values,
    after: Values,
    *,
    days: tuple[date, date] = (FIRST, SECOND),
    status: PairStatus = PairStatus.MEASURED,
    version: int = 3,
) -> PairResult:
    """One pair with the readings of either visit."""
    gap = NotMeasured("not of interest here")
    pair = PairRef(
        pair_id=f"{subject}_cheek_{days[0].isoformat()}_{days[1].isoformat()}",
        subject_id=subject, site="cheek", view="", phase=Phase.PRE,
        before_date=days[0], after_date=days[1], before=(), after=(),
    )  # fmt: skip
    return PairResult(
        pair_key=pair.pair_id, schema_version=SCHEMA_VERSION, pair=pair, status=status,
        reasons=(), remarks=(), before_used=(), after_used=(), alignment=gap, scale=gap,
        colour_source="none", calibrations=(), bias=(), bias_index=gap, gates=(), regions=(),
        readings=(
            *make_readings(Role.BEFORE, subject, days[0], before, version=version),
            *make_readings(Role.AFTER, subject, days[1], after, version=version),
        ),
        matches=(), evidence=(), estimates=(), pictures=(),
    )  # fmt: skip


def make_clinic(
    n: int, *, own: float = 0.08, shared: float = 0.0, between: float = 0.3, seed: int = 1
) -> list[PairResult]:
    """``n`` subjects, 3 photographs a visit.

    Log roughness: SD ``own`` of region and of untreated skin each, and ``shared`` of both at
    once (the light); ``between`` visits. Redness: ten times as much, in EI.
    """
    random = np.random.default_rng(seed)

    def visit() -> Values:
        light = random.normal(0.0, shared, 3)
        levels = random.normal(0.0, between, 2)
        logs = [levels[k] + light + random.normal(0.0, own, 3) for k in (0, 1)]
        return {
            ("roughness", "roi"): list(0.05 * np.exp(logs[0])),
            ("roughness", "reference"): list(0.06 * np.exp(logs[1])),
            ("redness", "roi"): list(12.0 + 10.0 * logs[0]),
            ("redness", "reference"): list(9.0 + 10.0 * logs[1]),
        }

    return [make_pair(f"S{number:03d}", visit(), visit()) for number in range(n)]


@pytest.fixture
def build() -> Any:
    class Builders:
        catalogue: Sequence[Measure] = CATALOGUE
        roughness: Measure = ROUGHNESS
        redness: Measure = REDNESS
        scar: Measure = SCAR
        days: tuple[date, date, date] = (FIRST, SECOND, THIRD)
        pair: Callable[..., PairResult] = staticmethod(make_pair)
        clinic: Callable[..., list[PairResult]] = staticmethod(make_clinic)

    return Builders()
