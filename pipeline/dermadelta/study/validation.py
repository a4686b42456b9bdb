"""Validation: how far, how often and for whom the measures are right.

Every table has a row per data set and group, and pairs of two data sets or origins are never
pooled. Shares come with their exact interval (Clopper and Pearson 1934).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import numpy as np
import pandas as pd

from dermadelta.domain import PairStatus
from dermadelta.kernels.agreement import clopper_pearson
from dermadelta.study.scores import JOINT, STANDARDS, Scored
from dermadelta.study.truth import ITA_CLASSES, UNKNOWN

OVERALL: Final = "overall"

GROUPINGS: Final = (
    OVERALL,
    "ita_class",
    "tone",
    "setup",
    "in_photo",
    "difficulty",
    "kind",
    "has_reference",
)
"""By what every table is broken down; the name of a column of the pairs, but for the first."""

ANY_PRIMARY: Final = "any_primary"
"""Stands for a measure where a pair counts once, whichever of its primary measures moved."""

POWER_LEVELS_PCT: Final = (10.0, 25.0, 50.0)
POWER_TOLERANCE_PCT: Final = 2.5
"""A pair counts for a level when its relief truly changed by so much, plus or minus this."""

TABLES: Final = ("accuracy", "coverage", "false_positives", "power", "refusals")

_GROUP: Final = ("data_set", "origin", "group_by", "group")
_SHARE: Final = ("share", "share_low", "share_high")

COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "accuracy": (
        *_GROUP, "measure", "unit", "truth_column", "n", "bias", "mae", "p95",
    ),
    "coverage": (
        *_GROUP, "measure", "unit", "n", "n_not_measured", "n_covered", *_SHARE, "median_width",
    ),
    "false_positives": (
        *_GROUP, "measure", "n", "n_not_measured", "n_changed", *_SHARE,
        "n_improved", "n_worsened",
    ),
    "power": (
        *_GROUP, "measure", "level_pct", "n", "n_not_measured", "n_improved", *_SHARE,
        "share_of_measured", "mean_truth",
    ),
    "refusals": (
        *_GROUP, "what", "reason", "n", "n_hit", *_SHARE,
    ),
}  # fmt: skip
"""Columns of every table, in their order."""

Row = dict[str, Any]
Group = tuple[Row, pd.DataFrame]


def build_tables(scored: Scored) -> dict[str, pd.DataFrame]:
    """Make every table of a validation.

    Parameters
    ----------
    scored : Scored
        As from ``score``.

    Returns
    -------
    dict of str to DataFrame
        ``accuracy``, ``coverage``, ``false_positives``, ``power`` and ``refusals``, with the
        columns ``COLUMNS``. A cell is empty where there is nothing to say: no pair, no width.
    """
    makers: Mapping[str, Callable[[Scored], Iterator[Row]]] = {
        "accuracy": _accuracy,
        "coverage": _coverage,
        "false_positives": _false_positives,
        "power": _power,
        "refusals": _refusals,
    }
    return {
        name: pd.DataFrame(list(make(scored)), columns=list(COLUMNS[name]))
        for name, make in makers.items()
    }


def share(hits: int, n: int) -> Row:
    """Share of hits with its 95 % interval, 0..1; empty of none.

    References
    ----------
    Clopper and Pearson, Biometrika 26:404 (1934), doi:10.1093/biomet/26.4.404.
    """
    if n == 0:
        return dict.fromkeys(_SHARE)
    return dict(zip(_SHARE, (hits / n, *clopper_pearson(hits, n)), strict=True))


def groups(table: pd.DataFrame) -> Iterator[Group]:
    """Every group of a table of pairs or scores, with the columns that name it.

    Data sets come in their order; within a grouping, tone classes from light to dark, everything
    else by name. A grouping that tells nothing apart (all unknown) is left out.
    """
    for (data_set, origin), own in table.groupby(["data_set", "origin"], sort=False):
        for by in GROUPINGS:
            place = {"data_set": data_set, "origin": origin, "group_by": by}
            if by == OVERALL:
                yield place | {"group": "all"}, own
                continue
            names = _in_order(by, own[by].unique().tolist())
            for name in names if names != [UNKNOWN] else ():
                yield place | {"group": _group_name(by, name)}, own[own[by] == name]


def _in_order(by: str, names: list[Any]) -> list[Any]:
    if by == "has_reference":
        return sorted(names, reverse=True)
    order = {name: place for place, name in enumerate(ITA_CLASSES if by == "ita_class" else ())}
    return sorted(names, key=lambda name: (order.get(name, len(order)), str(name)))


def _group_name(by: str, name: Any) -> str:
    if by == "has_reference":
        return "with_reference" if name else "without_reference"
    return str(name)


def _by_measure(scores: pd.DataFrame) -> Iterator[Group]:
    """Groups of scores, each measure apart."""
    for place, own in groups(scores):
        for name in STANDARDS:
            part = own[own["measure"] == name]
            if len(part):
                yield place | {"measure": name}, part


# ------------------------------------------------------------------------------ tables


def _accuracy(scored: Scored) -> Iterator[Row]:
    """Errors against the truth, and against the second truth of measures that have one."""
    for place, part in _by_measure(scored.scores):
        second = STANDARDS[place["measure"]].second
        for column, errors in (
            (part["truth_column"].iloc[0], part["error"].dropna()),
            (second, part["error_second"].dropna()),
        ):
            if not column or errors.empty:
                continue
            size = errors.abs()
            yield place | {
                "unit": part["unit"].iloc[0],
                "truth_column": column,
                "n": len(errors),
                "bias": float(errors.mean()),
                "mae": float(size.mean()),
                "p95": float(np.quantile(size, 0.95)),
            }


def _coverage(scored: Scored) -> Iterator[Row]:
    for place, part in _by_measure(scored.scores):
        measured = part[part["covered"].notna()]
        hits, n = int(measured["covered"].sum()), len(measured)
        yield (
            place
            | {
                "unit": part["unit"].iloc[0],
                "n": n,
                "n_not_measured": len(part) - n,
                "n_covered": hits,
            }
            | share(hits, n)
            | {"median_width": float(measured["width"].median()) if n else None}
        )


def _false_positives(scored: Scored) -> Iterator[Row]:
    """Pairs without change that were called changed, once over the primary measures and by each."""
    for place, own in groups(scored.pairs[scored.pairs["no_change"]]):
        measured = own[own["n_primary"] > 0]
        better, worse = measured["primary_improved"] != "", measured["primary_worsened"] != ""
        yield _called(place | {"measure": ANY_PRIMARY}, len(own), better, worse)
    for place, part in _by_measure(scored.scores[scored.scores["no_change"]]):
        measured = part[part["changed"].notna()]
        direction = measured["direction"]
        better = direction.isin(["improved", "decreased"])
        worse = direction.isin(["worsened", "increased"])
        yield _called(place, len(part), better, worse)


def _called(place: Row, n_all: int, better: pd.Series[bool], worse: pd.Series[bool]) -> Row:
    n, changed = len(better), int((better | worse).sum())
    return (
        place
        | {"n": n, "n_not_measured": n_all - n, "n_changed": changed}
        | share(changed, n)
        | {"n_improved": int(better.sum()), "n_worsened": int(worse.sum())}
    )


def _power(scored: Scored) -> Iterator[Row]:
    """How often a smoother relief was called so; a pair that was not measured is a miss."""
    scores = scored.scores
    texture = scores[scores["measure"].isin(["roughness", "roughness_unscaled"])]
    for level in POWER_LEVELS_PCT:
        off = (texture["relief_change_pct"] + level).abs()
        for place, part in _by_measure(texture[off <= POWER_TOLERANCE_PCT]):
            hits = int((part["direction"] == "improved").sum())
            n_measured = int(part["changed"].notna().sum())
            yield (
                place
                | {
                    "level_pct": level,
                    "n": len(part),
                    "n_not_measured": len(part) - n_measured,
                    "n_improved": hits,
                }
                | share(hits, len(part))
                | {
                    "share_of_measured": hits / n_measured if n_measured else None,
                    "mean_truth": float(part["truth"].mean()),
                }
            )


def _refusals(scored: Scored) -> Iterator[Row]:
    """Recall by reason, precision by gate, and measurable pairs that were refused, by gate."""
    for place, own in groups(scored.pairs):
        must = own["difficulty"] == "must_refuse"
        refused = own["status"] == PairStatus.REFUSED.value
        yield from _counted(place, "recall", must, refused, own["refuse_reason"])
        if refused.any():
            yield from _counted(place, "precision", refused, must, own["causes"])
        yield from _wrongly(place, own[~must], own["causes"][~must & refused])


def _counted(
    place: Row, what: str, among: pd.Series[bool], hit: pd.Series[bool], names: pd.Series[str]
) -> Iterator[Row]:
    """A share over all, and over the pairs of each name."""
    for name in ("all", *_distinct(names[among])):
        part = among if name == "all" else among & names.map(lambda cell, n=name: _holds(cell, n))
        n, hits = int(part.sum()), int((part & hit).sum())
        if n:
            yield place | {"what": what, "reason": name, "n": n, "n_hit": hits} | share(hits, n)


def _wrongly(place: Row, measurable: pd.DataFrame, causes: pd.Series[str]) -> Iterator[Row]:
    n = len(measurable)
    for name in ("all", *_distinct(causes)):
        hits = len(causes) if name == "all" else sum(_holds(cell, name) for cell in causes)
        if n:
            yield (
                place
                | {"what": "wrongly_refused", "reason": name, "n": n, "n_hit": hits}
                | share(hits, n)
            )


def _distinct(cells: pd.Series[str]) -> list[str]:
    return sorted({name for cell in cells for name in cell.split(JOINT) if name})


def _holds(cell: str, name: str) -> bool:
    return name in cell.split(JOINT)
