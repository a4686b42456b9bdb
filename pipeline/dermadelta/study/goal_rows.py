"""Rows of the table of goals, and what is worked out for them."""

from __future__ import annotations

import math
from typing import Any, Final, Literal

from scipy.special import stdtrit

from dermadelta.domain import Interval, Matrix
from dermadelta.study.validation import share

Met = Literal["yes", "no", "too_few_pairs"]
Row = dict[str, Any]

_UPPER: Final = 0.975
"""Of a two-sided 95 % interval."""


def goal_row(goal: str, target: str, met: Met, n: int, value: float | None, **more: Any) -> Row:
    """A row of a goal; ``more`` are the cells that are not empty, or of another unit."""
    row = {"goal": goal, "measure": "", "target": target, "value": value, "n": n, "met": met}
    return row | {"low": None, "high": None, "unit": "share", "remark": ""} | more


def share_row(goal: str, target: str, hits: int, n: int, met: Met, **more: Any) -> Row:
    """A row of a goal that is a share of ``n`` pairs, with its exact 95 % interval."""
    found = share(hits, n)
    ends = {"low": found["share_low"], "high": found["share_high"]}
    return goal_row(goal, target, met, n, found["share"], **ends, **more)


def is_met(holds: bool, *, enough: bool) -> Met:
    """Say whether a goal is met, where there are pairs enough to say it."""
    if not enough:
        return "too_few_pairs"
    return "yes" if holds else "no"


def slope(true: Matrix, measured: Matrix) -> Interval | None:
    """By how much one moves with the other: least squares with an intercept.

    Parameters
    ----------
    true, measured : ndarray, shape (n,), float64
        In one unit.

    Returns
    -------
    Interval or None
        The slope with its 95 % interval by Student's t; None of fewer than 3 pairs, or where all
        true values are the same.
    """
    n = len(true)
    x, y = true - true.mean() if n else true, measured - measured.mean() if n else measured
    spread = float((x**2).sum())
    if n < 3 or spread <= 0.0:
        return None
    value = float((x * y).sum()) / spread
    rest = float(((y - value * x) ** 2).sum())
    half = float(stdtrit(n - 2, _UPPER)) * math.sqrt(rest / (n - 2) / spread)
    return Interval(value, value - half, value + half)
