"""Agreement of repeated measurements, and intervals of proportions.

A figure that does not exist for the data given (fewer than two targets, no spread at all) is
None; callers say why. Intervals are two-sided and of 95 % unless another confidence is asked for.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv, fdtri, gammaincinv, ndtri, stdtrit

from dermadelta.kernels.statistics import Z95

Floats = NDArray[np.float64]
Kind = Literal["oneway", "random", "fixed"]

CONFIDENCE: Final = 0.95

MOST_LOG: Final = 700.0
"""exp of more than about 709 is beyond a float64."""


class Bounds(NamedTuple):
    """A figure with its interval."""

    value: float
    low: float
    high: float


class Spread(NamedTuple):
    """SD within groups with its interval and degrees of freedom."""

    sd: float
    low: float
    high: float
    df: int


class Agreement(NamedTuple):
    """Bias and limits of agreement, each with its interval, from ``n`` pairs."""

    bias: Bounds
    lower: Bounds
    upper: Bounds
    n: int


class _Squares(NamedTuple):
    """Mean squares of a complete table of targets by raters."""

    rows: float
    within: float
    columns: float
    error: float


# ------------------------------------------------------------- intraclass correlation


def intraclass_correlation(
    table: Floats, kind: Kind, *, of_mean: bool = False, confidence: float = CONFIDENCE
) -> Bounds | None:
    """Intraclass correlation of a complete table with its F-based interval.

    Parameters
    ----------
    table : (n, k) float64
        Finite values; one row per target, one column per rater or repeat.
    kind : {"oneway", "random", "fixed"}
        ICC(1), raters differ from target to target; ICC(2), the same raters, drawn from many,
        absolute agreement; ICC(3), these very raters, consistency.
    of_mean : bool
        Of the mean of the k columns, ICC(·,k), instead of a single one, ICC(·,1).
    confidence : float
        0..1.

    Returns
    -------
    Bounds or None
        At most 1; may be negative. None below two rows or columns and without any spread.

    References
    ----------
    Shrout and Fleiss, Psychol. Bull. 86:420 (1979), doi:10.1037/0033-2909.86.2.420.
    McGraw and Wong, Psychol. Methods 1:30 (1996), doi:10.1037/1082-989X.1.1.30.
    """
    n, k = table.shape
    if n < 2 or k < 2:
        return None
    squares = _mean_squares(table)
    if kind == "random":
        single = _icc_random(squares, n, k, confidence)
    elif kind == "oneway":
        single = _icc_from_f(squares.rows, squares.within, n - 1, n * (k - 1), k, confidence)
    else:
        df = (n - 1) * (k - 1)
        single = _icc_from_f(squares.rows, squares.error, n - 1, df, k, confidence)
    if single is None or not of_mean:
        return single
    return Bounds(*(_stepped_up(value, k) for value in single))


def oneway_intraclass_correlation(
    groups: Sequence[Floats], *, confidence: float = CONFIDENCE
) -> Bounds | None:
    """ICC(1,1) of groups of any size: the share of the variance that lies between them.

    The mean number per group is replaced by n₀ = (N − Σnᵢ²/N) / (a − 1), in the estimate and in
    its F-based interval; the latter is exact for equal sizes and an approximation otherwise.

    Parameters
    ----------
    groups : sequence of (nᵢ,) float64
        Finite values of each target.
    confidence : float
        0..1.

    Returns
    -------
    Bounds or None
        None below two groups, without a repeat, and without any spread.

    References
    ----------
    Donner, Int. Stat. Rev. 54:67 (1986), doi:10.2307/1403259.
    """
    sizes = np.array([len(group) for group in groups if len(group)], dtype=np.float64)
    total, n_groups = float(sizes.sum()), len(sizes)
    df = round(total) - n_groups
    if n_groups < 2 or df < 1:
        return None
    means = np.array([group.mean() for group in groups if len(group)])
    grand = float(np.dot(sizes, means)) / total
    between = float(np.dot(sizes, (means - grand) ** 2)) / (n_groups - 1)
    within = _within_sum(groups) / df
    n0 = (total - float(np.dot(sizes, sizes)) / total) / (n_groups - 1)
    return _icc_from_f(between, within, n_groups - 1, df, n0, confidence)


def _mean_squares(table: Floats) -> _Squares:
    n, k = table.shape
    rows, columns = table.mean(axis=1), table.mean(axis=0)
    grand = float(table.mean())
    of_rows = k * float(np.sum((rows - grand) ** 2))
    of_columns = n * float(np.sum((columns - grand) ** 2))
    within = float(np.sum((table - rows[:, None]) ** 2))
    error = float(np.sum((table - rows[:, None] - columns + grand) ** 2))
    return _Squares(
        rows=of_rows / (n - 1),
        within=within / (n * (k - 1)),
        columns=of_columns / (k - 1),
        error=error / ((n - 1) * (k - 1)),
    )


def _icc_from_f(
    between: float, within: float, df1: float, df2: float, k: float, confidence: float
) -> Bounds | None:
    """ICC of a one-way or consistency layout, monotone in F = between / within."""
    if between + (k - 1.0) * within <= 0.0:
        return None
    if within <= 0.0:
        return Bounds(1.0, 1.0, 1.0)
    ratio = between / within
    tail = 0.5 * (1.0 + confidence)
    ratios = (ratio, ratio / fdtri(df1, df2, tail), ratio * fdtri(df2, df1, tail))
    return Bounds(*(float((f - 1.0) / (f + k - 1.0)) for f in ratios))


def _icc_random(squares: _Squares, n: int, k: int, confidence: float) -> Bounds | None:
    """ICC(2,1) with the Satterthwaite interval of McGraw and Wong, table 7."""
    rows, columns, error = squares.rows, squares.columns, squares.error
    whole = rows + (k - 1) * error + k * (columns - error) / n
    if whole <= 0.0:
        return None
    value = (rows - error) / whole
    if value >= 1.0:
        return Bounds(1.0, 1.0, 1.0)
    a = k * value / (n * (1.0 - value))
    b = 1.0 + k * value * (n - 1) / (n * (1.0 - value))
    spread = (a * columns) ** 2 / (k - 1) + (b * error) ** 2 / ((n - 1) * (k - 1))
    if spread <= 0.0:
        return None
    df = (a * columns + b * error) ** 2 / spread
    tail = 0.5 * (1.0 + confidence)
    below, above = float(fdtri(n - 1, df, tail)), float(fdtri(df, n - 1, tail))
    noise = k * columns + (k * n - k - n) * error
    low = n * (rows - below * error) / (below * noise + n * rows)
    high = n * (above * rows - error) / (noise + n * above * rows)
    return Bounds(value, low, high)


def _stepped_up(single: float, k: int) -> float:
    """Spearman-Brown: from one rater to the mean of k; −∞ at and below −1 / (k − 1)."""
    share = 1.0 + (k - 1) * single
    return k * single / share if share > 0.0 else -math.inf


# ---------------------------------------------------------------- spread within groups


def within_spread(groups: Sequence[Floats], *, confidence: float = CONFIDENCE) -> Spread | None:
    """SD of repeats about their own mean, pooled over groups: s_w = √(Σ(x − x̄ᵢ)² / (N − a)).

    With two repeats each this is √(Σd²/2n).

    Parameters
    ----------
    groups : sequence of (nᵢ,) float64
        Repeats of each target, finite; any number of them.
    confidence : float
        0..1, of the χ² interval, which takes the repeats as normal.

    Returns
    -------
    Spread or None
        None when no group has two values.

    References
    ----------
    Bland and Altman, BMJ 313:744 (1996), doi:10.1136/bmj.313.7059.744.
    """
    df = sum(len(group) - 1 for group in groups if len(group))
    if df < 1:
        return None
    total = _within_sum(groups)
    tail = 0.5 * (1.0 - confidence)
    low, high = (
        math.sqrt(total / (2.0 * float(gammaincinv(0.5 * df, p)))) for p in (1.0 - tail, tail)
    )
    return Spread(math.sqrt(total / df), low, high, df)


def _within_sum(groups: Sequence[Floats]) -> float:
    return float(sum(np.sum((group - group.mean()) ** 2) for group in groups if len(group)))


def variation_pct(log_sd: float) -> float:
    """Coefficient of variation, %, of values whose natural logarithm has this SD: √(e^s² − 1)."""
    return 100.0 * math.sqrt(math.expm1(min(log_sd**2, MOST_LOG)))


def smallest_detectable_change(within_sd: float) -> float:
    """1.96·√2·s_w: what two single readings of unchanged skin stay below 95 times in 100.

    References
    ----------
    Bland and Altman, Stat. Methods Med. Res. 8:135 (1999), doi:10.1177/096228029900800204.
    """
    return Z95 * math.sqrt(2.0) * within_sd


def log_change_pct(log_change: float) -> float:
    """Per cent of a change of the natural logarithm: 100·(e^x − 1)."""
    return 100.0 * math.expm1(min(log_change, MOST_LOG))


# --------------------------------------------------------------- limits of agreement


def limits_of_agreement(
    differences: Floats, *, multiple: float = Z95, confidence: float = CONFIDENCE
) -> Agreement | None:
    """Bias and 95 % limits of agreement of paired readings, with their intervals.

    Parameters
    ----------
    differences : (n,) float64
        Second minus first, finite.
    multiple : float
        SDs from the bias to either limit (the paper of 1986 used 2).
    confidence : float
        0..1, of the t-intervals. The variance of a limit is s²·(1/n + z²/(2(n − 1))).

    Returns
    -------
    Agreement or None
        None below two pairs.

    References
    ----------
    Bland and Altman, Lancet i:307 (1986), doi:10.1016/S0140-6736(86)90837-8; Stat. Methods Med.
    Res. 8:135 (1999), doi:10.1177/096228029900800204.
    """
    n = len(differences)
    if n < 2:
        return None
    mean, sd = float(differences.mean()), float(differences.std(ddof=1))
    t = float(stdtrit(n - 1, 0.5 * (1.0 + confidence)))
    of_bias = t * sd / math.sqrt(n)
    of_limit = t * sd * math.sqrt(1.0 / n + multiple**2 / (2.0 * (n - 1)))
    lower, upper = mean - multiple * sd, mean + multiple * sd
    return Agreement(
        bias=Bounds(mean, mean - of_bias, mean + of_bias),
        lower=Bounds(lower, lower - of_limit, lower + of_limit),
        upper=Bounds(upper, upper - of_limit, upper + of_limit),
        n=n,
    )


# ------------------------------------------------------------------------ proportions


def clopper_pearson(
    successes: int, n: int, *, confidence: float = CONFIDENCE
) -> tuple[float, float]:
    """Exact interval of a proportion; it covers at least as often as it says.

    Parameters
    ----------
    successes, n : int
        0 ≤ successes ≤ n, n ≥ 1.
    confidence : float
        0..1, two-sided.

    Returns
    -------
    low, high : float
        0..1.

    Raises
    ------
    ValueError
        No trials, or fewer than none or more successes than trials. Remedy: where there are no
        trials there is no proportion; do not ask.

    References
    ----------
    Clopper and Pearson, Biometrika 26:404 (1934), doi:10.1093/biomet/26.4.404.
    """
    _check_counts(successes, n)
    tail = 0.5 * (1.0 - confidence)
    failures = n - successes
    low = float(betaincinv(successes, failures + 1, tail)) if successes else 0.0
    high = float(betaincinv(successes + 1, failures, 1.0 - tail)) if failures else 1.0
    return low, high


def wilson(successes: int, n: int, *, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Score interval of a proportion, which covers about as often as it says.

    Parameters, returns and errors as those of ``clopper_pearson``.

    References
    ----------
    Wilson, J. Am. Stat. Assoc. 22:209 (1927), doi:10.1080/01621459.1927.10502953.
    """
    _check_counts(successes, n)
    z2 = float(ndtri(0.5 * (1.0 + confidence))) ** 2
    share = successes / n
    centre = (share + 0.5 * z2 / n) / (1.0 + z2 / n)
    half = math.sqrt(z2 * share * (1.0 - share) / n + 0.25 * (z2 / n) ** 2) / (1.0 + z2 / n)
    # Rounding must not leave the ends a hair outside what is possible.
    return (
        0.0 if successes == 0 else centre - half,
        1.0 if successes == n else centre + half,
    )


def _check_counts(successes: int, n: int) -> None:
    if n < 1 or not 0 <= successes <= n:
        raise ValueError(f"{successes} of {n} is no proportion")
