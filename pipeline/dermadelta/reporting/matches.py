"""Single things that both photographs of a pair show: rows of ``matches.csv`` and a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from dermadelta.domain import Matched, Measure, NotMeasured, PairResult
from dermadelta.reporting.strings import MARKS, TEXT

Row = dict[str, Any]

UNNAMED: Final = "marks"
"""How things are called that a measure counts and no entry of ``MARKS`` names."""


def match_rows(result: PairResult, keys: Mapping[str, Any]) -> list[Row]:
    """Return one row per region and measure that counted something on both photographs.

    Parameters
    ----------
    result : PairResult
    keys : mapping
        Columns by which the pair is named.

    Returns
    -------
    list of dict
        With the columns ``MATCHES_COLUMNS``; ``match_rate`` is ``matched / n_before``, 0..1.
    """
    return [dict(keys) | _row(item) for item in result.matches]


def _row(item: Matched) -> Row:
    gaps = [
        gap.reason
        for gap in (item.distance_px, item.size_change_pct)
        if isinstance(gap, NotMeasured)
    ]
    return {
        "region": item.region,
        "measure": item.measure,
        "before_photo_id": item.before_photo_id,
        "after_photo_id": item.after_photo_id,
        "n_before": item.n_before,
        "n_after": item.n_after,
        "matched": item.matched,
        "match_rate": item.matched / item.n_before if item.n_before else None,
        "by_chance": item.by_chance,
        "tolerance_px": item.tolerance_px,
        "distance_px": item.distance_px,
        "size_change_pct": item.size_change_pct,
        "reason": " | ".join(dict.fromkeys(gaps)),
    }


def match_sentences(
    result: PairResult, measures: Mapping[str, Measure]
) -> dict[tuple[str, str], str]:
    """Say how many single things were found again, by region and measure.

    Parameters
    ----------
    result : PairResult
    measures : mapping of str to Measure
        Gives the family, by which the things are named.

    Returns
    -------
    dict of (str, str) to str
        By the names of region and measure: "412 of 455 pores were found again (of which 31 by
        chance alone)". Nothing where a region shows none in the before photograph.
    """
    return {
        (item.region, item.measure): TEXT.found_again.format(
            item.matched,
            item.n_before,
            _named(item.measure, measures),
            f"{min(item.by_chance, item.matched):.0f}",
        )
        for item in result.matches
        if item.n_before
    }


def _named(name: str, measures: Mapping[str, Measure]) -> str:
    family = measures[name].family if name in measures else name.split("_", 1)[0]
    return MARKS.get(family, UNNAMED)
