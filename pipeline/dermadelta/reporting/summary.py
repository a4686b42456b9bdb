"""One row per measure, region and number of sessions: how the group changed.

The mean uses Student's t; the median the interval between two order statistics, which needs no
distribution (Conover, Practical Nonparametric Statistics, 3rd ed., 1999, section 3.2). Ratio
measures are averaged as logarithms and given back as per cent.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from scipy.special import bdtr, stdtrit

from dermadelta.domain import Interval, Matrix, Measure

CONFIDENCE: Final = 0.95
_TAIL: Final = (1.0 - CONFIDENCE) / 2.0

Row = Mapping[str, Any]


def mean_interval(values: Matrix) -> Interval | None:
    """Return the mean with its 95 % t-interval, or None for fewer than 2 finite values.

    ``values`` has shape (n,), float64, in the domain in which they are averaged.
    """
    if values.size < 2 or not np.isfinite(values).all():
        return None
    mean = float(values.mean())
    quantile = float(stdtrit(values.size - 1, 1.0 - _TAIL))
    half = quantile * float(values.std(ddof=1)) / math.sqrt(values.size)
    return Interval(mean, mean - half, mean + half)


def median_interval(values: Matrix) -> Interval | None:
    """Return the median with an interval of at least 95 %, or None for fewer than 6 values.

    ``values`` has shape (n,), float64; infinities are allowed, only their order matters.
    """
    # Signs of the differences from the median are fair coins: so many lie below it in the tail.
    shares = bdtr(np.arange(values.size + 1, dtype=np.float64), values.size, 0.5)
    rank = int(np.searchsorted(shares, _TAIL))
    if rank < 1:
        return None
    ordered = np.sort(values)
    return Interval(float(np.median(ordered)), float(ordered[rank - 1]), float(ordered[-rank]))


def summary_rows(rows: Sequence[Row], measures: Mapping[str, Measure]) -> list[dict[str, Any]]:
    """Summarise the rows of ``changes``.

    A pair that was refused before its region was known counts as refused in every region that
    other pairs of the same measure have.
    """
    regions: dict[str, set[str]] = {}
    for row in rows:
        if row["_located"]:
            regions.setdefault(row["measure"], set()).add(row["region"])
    groups: dict[tuple[str, str, int | None], list[Row]] = {}
    for row in rows:
        lost = () if row["_located"] else sorted(regions.get(row["measure"], ()))
        for region in lost or (row["region"],):
            groups.setdefault((row["measure"], region, row["sessions"]), []).append(row)
    order = {name: number for number, name in enumerate(measures)}

    def position(key: tuple[str, str, int | None]) -> tuple[int, str, str, bool, int]:
        name, region, sessions = key
        return (order.get(name, len(order)), name, region, sessions is None, sessions or 0)

    return [_summary_row(key, groups[key], measures) for key in sorted(groups, key=position)]


def _summary_row(
    key: tuple[str, str, int | None], rows: Sequence[Row], measures: Mapping[str, Measure]
) -> dict[str, Any]:
    measure = measures.get(key[0])
    ratio = measure.change == "ratio" if measure else _has_per_cent(rows)
    column = "change_pct" if ratio else "change"
    found = [row for row in rows if isinstance(row[column], float | int)]
    changes = np.array([row[column] for row in found], dtype=np.float64)
    working = _log(changes) if ratio else changes
    reasons: list[str] = []
    row: dict[str, Any] = {
        "measure": key[0],
        "region": key[1],
        "sessions": key[2],
        "change_unit": "%" if ratio else rows[0]["unit"],
        "n": len(found),
        "n_refused": len(rows) - len(found),
    }
    row |= _location("mean_change", *_mean(working, reasons), ratio=ratio)
    row |= _location("median_change", *_median(working, reasons), ratio=ratio)
    row["responders"] = _responders(found, working, measure, ratio, reasons)
    return row | {"reason": " | ".join(dict.fromkeys(reasons))}


def _has_per_cent(rows: Sequence[Row]) -> bool:
    return any(isinstance(row["change_pct"], float | int) for row in rows)


def _log(per_cent: Matrix) -> Matrix:
    with np.errstate(divide="ignore"):
        return np.log(np.maximum(1.0 + per_cent / 100.0, 0.0))


def _back(value: float, ratio: bool) -> float:
    return 100.0 * math.expm1(value) if ratio else value


def _mean(values: Matrix, reasons: list[str]) -> tuple[float | None, Interval | None]:
    if values.size == 0:
        reasons.append("No pair was measured.")
        return None, None
    if not np.isfinite(values).all():
        reasons.append("A change of -100 % has no logarithm, so there is no mean; see the median.")
        return None, None
    if values.size < 2:
        reasons.append("An interval of the mean needs at least 2 pairs.")
    return float(values.mean()), mean_interval(values)


def _median(values: Matrix, reasons: list[str]) -> tuple[float | None, Interval | None]:
    if values.size == 0:
        return None, None
    interval = median_interval(values)
    if interval is None:
        reasons.append("A 95 % interval of the median needs at least 6 pairs.")
    return float(np.median(values)), interval


def _location(
    name: str, value: float | None, interval: Interval | None, *, ratio: bool
) -> dict[str, float | None]:
    return {
        name: None if value is None else _back(value, ratio),
        f"{name}_low": None if interval is None else _back(interval.low, ratio),
        f"{name}_high": None if interval is None else _back(interval.high, ratio),
    }


def _responders(
    rows: Sequence[Row], working: Matrix, measure: Measure | None, ratio: bool, reasons: list[str]
) -> int | None:
    """Count improvements larger than the smallest detectable change, in the working domain."""
    if measure is None or measure.better == "neither":
        reasons.append("Neither direction is better, so there are no responders.")
        return None
    sign = -1.0 if measure.better == "lower" else 1.0
    limits = [_working_sdc(row["sdc"], ratio) for row in rows]
    if any(limit is None for limit in limits):
        reasons.append("Pairs without a smallest detectable change are not counted as responders.")
    pairs = zip(working.tolist(), limits, strict=True)
    return sum(1 for value, limit in pairs if limit is not None and sign * value > limit)


def _working_sdc(sdc: Any, ratio: bool) -> float | None:
    """Bring a stored sdc (per cent of the downward side for ratios) to the working domain."""
    if not isinstance(sdc, float | int):
        return None
    if not ratio:
        return float(sdc)
    return math.inf if sdc >= 100.0 else -math.log1p(-sdc / 100.0)
