"""Redness of ordinary pairs by skin tone, and of pairs that show nothing to hold it against."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from colour_shots import SEED, WIDTH_PX, bench_config, pair_ref

from dermadelta.config import Config
from dermadelta.domain import Estimate, Interval, Need, Verdict
from dermadelta.measures import ALL
from dermadelta.phantom.cases import random_case
from dermadelta.phantom.pair import RenderedPair, render_pair
from dermadelta.phantom.plan import Case, InPhoto
from dermadelta.runner import run_pair
from dermadelta.study.truth import ita_class

NEEDS_COLOUR = tuple(
    item.name for item in ALL if item.needs & {Need.COLOUR_ANCHOR, Need.COLOUR_TARGET}
)

WITHOUT_CARD = tuple(name for name in get_args(InPhoto) if name not in ("target", "chart"))


@dataclass(frozen=True)
class ToneError:
    """Error of one reported change of redness, EI; ``source`` is own, or a validation."""

    source: str
    ita_class: str
    error: float


@dataclass(frozen=True)
class Diffuse:
    """One pair whose redness changed everywhere, and which measures were read all the same."""

    person: int
    in_photo: str
    truth_ei: float
    measured: tuple[str, ...]
    status: str


def own_errors(count: int, config: Config) -> Iterator[ToneError]:
    """Ordinary pairs with a fading erythema and untreated skin, tones in turn."""
    config = bench_config(config)
    for number in range(count):
        case = random_case("redness", SEED, number, width_px=WIDTH_PX)
        pair, found = _run(case, config)
        change = found["redness"].change if "redness" in found else None
        true = pair.truth.redness_contrast_change_ei
        if isinstance(change, Interval) and true is not None:
            yield ToneError("own", ita_class(pair.truth.before.ita_deg), change.value - true)


def validation_errors(scores: Path) -> list[ToneError]:
    """Errors of a finished validation; none without its table."""
    if not scores.is_file():
        return []
    pairs = {(row["data_set"], row["pair_id"]): row for row in _rows(scores.with_name("pairs.csv"))}
    return [
        ToneError("validation", pair["ita_class"], float(row["estimate"]) - float(row["truth"]))
        for row in _rows(scores)
        if row["measure"] == "redness" and row["estimate"]
        if (pair := pairs[row["data_set"], row["pair_id"]])["origin"] == "synthetic"
    ]


def _rows(table: Path) -> list[dict[str, str]]:
    with table.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def diffuse(count: int, config: Config) -> Iterator[Diffuse]:
    """Pairs of diffuse erythema without target, chart or untreated skin, tones in turn."""
    config = bench_config(config)
    only = config.measure.model_copy(update={"only": NEEDS_COLOUR})
    config = config.model_copy(update={"measure": only})
    for number in range(count):
        shown = WITHOUT_CARD[number % len(WITHOUT_CARD)]
        case = random_case("diffuse", SEED, number, width_px=WIDTH_PX, in_photo=shown)
        pair, found = _run(case, config)
        measured = tuple(
            name for name, item in found.items() if item.verdict is not Verdict.NOT_MEASURED
        )
        status = "read" if found else "no estimate"
        yield Diffuse(number, shown, pair.truth.redness_change_ei, measured, status)


def _run(case: Case, config: Config) -> tuple[RenderedPair, dict[str, Estimate]]:
    pair = render_pair(case)
    with tempfile.TemporaryDirectory() as folder:
        result = run_pair(pair_ref(pair, Path(folder)), config, pair_key="").result
    found: dict[str, Estimate] = {item.measure: item for item in result.estimates}
    return pair, found
