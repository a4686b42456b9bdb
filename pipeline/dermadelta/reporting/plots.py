"""Figures of reports as inline SVG, readable in black and white print.

Every function returns the text of one ``<svg>`` element without a prolog (see ``svg``). Colours
are those of Okabe and Ito (Color Universal Design, 2008), and every group has a mark of its own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dermadelta.domain import Interval
from dermadelta.reporting.numbers import decimals_for, fixed, significant, trimmed
from dermadelta.reporting.svg import INK, SOFT, figure_svg, safe_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Floats = NDArray[np.float64]
ForestRow = tuple[str, float, float, float, int]
"""Label, value, low, high and how many observations it rests on."""

BAND: Final = "#e1e7eb"
FAINT: Final = "#b3bfc7"
COLOURS: Final = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#8a6d00", "#56b4e9", "#000000")
MARKS: Final = ("o", "s", "^", "D", "v", "P", "X")

WIDTH_IN: Final = 7.2
HEIGHT_IN: Final = 4.2
ROW_IN: Final = 0.34
"""Height of one row of a forest figure, inches of 72 units."""


def bland_altman_figure(
    mean: ArrayLike,
    difference: ArrayLike,
    bias: Interval | None,
    limits: tuple[Interval, Interval] | None,
    *,
    unit: str,
    title: str,
    difference_unit: str | None = None,
) -> str:
    """Difference of two repeats against their mean, with bias and limits of agreement.

    Parameters
    ----------
    mean, difference : (n,) array_like of float
        Mean of the two readings, and second minus first.
    bias : Interval or None
        Mean difference with its 95 % interval; None draws none.
    limits : (lower, upper) of Interval, or None
        95 % limits of agreement, each with its interval.
    unit, difference_unit : str
        Unit of the mean, and of the difference where it is another (``"%"``).
    title : str
        Heading, and name for screen readers.

    Returns
    -------
    str
        One ``<svg>`` element.

    References
    ----------
    Bland and Altman, Lancet i:307 (1986), doi:10.1016/S0140-6736(86)90837-8.
    """
    x, y = _points(mean, difference)
    of_difference = unit if difference_unit is None else difference_unit

    def draw(axes: Axes) -> None:
        axes.axhline(0.0, color=SOFT, linewidth=0.8)
        lower, upper = limits if limits else (None, None)
        for line, dash, name in (
            (upper, (0, (5, 3)), "upper limit"),
            (bias, "solid", "bias"),
            (lower, (0, (5, 3)), "lower limit"),
        ):
            if line is not None:
                _level(axes, line, dash, name, of_difference)
        axes.scatter(x, y, s=26, color=COLOURS[0], edgecolors="white", linewidths=0.6, zorder=3)
        axes.set_xlabel(_labelled("Mean of both photographs", unit))
        axes.set_ylabel(_labelled("Second − first", of_difference))

    spoken = f"{len(x)} pairs of repeat photographs"
    if bias is not None:
        spoken += f", bias {trimmed(bias.value)} {of_difference}".rstrip()
    if limits is not None:
        low, high = (trimmed(limit.value) for limit in limits)
        spoken += f", limits of agreement {low} to {high} {of_difference}".rstrip()
    return figure_svg(draw, (WIDTH_IN, HEIGHT_IN), title, spoken, empty=not len(x))


def forest_figure(
    rows: Sequence[ForestRow], *, goal: tuple[float, float] | None, xlabel: str, title: str
) -> str:
    """Values with horizontal 95 % intervals, one row each, in the order given from the top.

    Parameters
    ----------
    rows : sequence of (label, value, low, high, n)
        A value that is not finite leaves its row empty, marked "not measured".
    goal : (low, high) or None
        Drawn as a band; an infinite end reaches to the edge.
    xlabel : str
        With its unit.
    title : str
        Heading, and name for screen readers.

    Returns
    -------
    str
        One ``<svg>`` element.
    """
    digits = _shared_decimals(rows)

    def draw(axes: Axes) -> None:
        shown = [row[1:4] for row in rows if math.isfinite(row[1])]
        known = [value for values in shown for value in values if math.isfinite(value)]
        known += [value for value in goal or () if math.isfinite(value)]
        _limits(axes, known)
        if goal is not None:
            edge = axes.get_xlim()
            ends = [min(max(value, edge[0]), edge[1]) for value in goal]
            axes.axvspan(ends[0], ends[1], color=BAND, linewidth=0, zorder=0)
        for place, row in enumerate(rows):
            _forest_row(axes, place, row, digits)
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.set_yticks(range(len(rows)), [safe_text(row[0]) for row in rows])
        axes.tick_params(axis="y", length=0)
        axes.grid(visible=False, axis="y")
        axes.spines["left"].set_visible(False)
        axes.set_xlabel(xlabel)

    spoken = "; ".join(f"{row[0]}: {_forest_text(row, digits)}" for row in rows)
    if goal is not None:
        spoken = f"goal {trimmed(goal[0])} to {trimmed(goal[1])}; {spoken}"
    return figure_svg(
        draw, (WIDTH_IN, 1.15 + ROW_IN * max(1, len(rows))), title, spoken, empty=not rows
    )


def truth_figure(
    true: ArrayLike,
    measured: ArrayLike,
    low: ArrayLike,
    high: ArrayLike,
    *,
    unit: str,
    title: str,
    groups: Sequence[str],
) -> str:
    """Measured against true change, with the interval of each; the diagonal is a perfect answer.

    Parameters
    ----------
    true, measured, low, high : (n,) array_like of float
        True and measured change, and the ends of its 95 % interval, all in ``unit``.
    unit : str
        For both axes.
    title : str
        Heading, and name for screen readers.
    groups : sequence of str
        The group of each point, n of them, or empty for one group. Intervals that miss the truth
        are drawn dark.

    Returns
    -------
    str
        One ``<svg>`` element.
    """
    columns = [np.asarray(values, dtype=np.float64) for values in (true, measured, low, high)]
    names = np.asarray([str(name) for name in groups] or [""] * len(columns[0]))
    kept = np.isfinite(np.stack(columns)).all(axis=0)
    x, y, below, above = (column[kept] for column in columns)
    names = names[kept]
    hit = (below <= x) & (x <= above)

    def draw(axes: Axes) -> None:
        if len(x):
            ends = [min(x.min(), y.min()), max(x.max(), y.max())]
            axes.plot(ends, ends, color=SOFT, linewidth=1.0, label="measured = true")
        axes.vlines(x[hit], below[hit], above[hit], color=FAINT, linewidth=0.9, zorder=1)
        axes.vlines(x[~hit], below[~hit], above[~hit], color=INK, linewidth=1.1, zorder=2)
        for place, name in enumerate(dict.fromkeys(names.tolist())):
            own = names == name
            axes.scatter(x[own], y[own], label=safe_text(name), zorder=3, **_mark(place))
        axes.set_xlabel(_labelled("True change", unit))
        axes.set_ylabel(_labelled("Measured change", unit))
        if groups and len(x):
            axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))

    spoken = f"{len(x)} pairs, the interval holds the truth in {int(hit.sum())}"
    return figure_svg(draw, (WIDTH_IN, HEIGHT_IN), title, spoken, empty=not len(x))


def power_figure(
    change_pct: ArrayLike,
    share: ArrayLike,
    low: ArrayLike,
    high: ArrayLike,
    *,
    title: str,
    goal: tuple[float, float] | None = None,
) -> str:
    """How often a change of each size is found, with the interval of each share.

    Parameters
    ----------
    change_pct, share, low, high : (n,) array_like of float
        Size of the true change, %; share of pairs called changed and its 95 % interval, 0..1.
    title : str
        Heading, and name for screen readers.
    goal : (change_pct, share) or None
        Drawn as a cross to lie above of.

    Returns
    -------
    str
        One ``<svg>`` element.
    """
    columns = np.stack([np.asarray(c, dtype=np.float64) for c in (change_pct, share, low, high)])
    x, y, below, above = columns[:, np.argsort(columns[0], kind="stable")]

    def draw(axes: Axes) -> None:
        bars = 100.0 * np.maximum(0.0, np.stack([y - below, above - y]))
        axes.errorbar(
            x, 100.0 * y, yerr=bars, color=COLOURS[0], marker="o", capsize=3.0, linewidth=1.6
        )
        if goal is not None:
            axes.plot(
                [goal[0]], [100.0 * goal[1]], color=COLOURS[1], marker="+", markersize=14,
                markeredgewidth=2.0, linestyle="none", label="goal",
            )  # fmt: skip
            axes.legend(loc="lower right")
        axes.set_ylim(-3.0, 103.0)
        axes.set_xlabel("True change [%]")
        axes.set_ylabel("Called changed [% of pairs]")

    spoken = "; ".join(
        f"{trimmed(a)} %: {fixed(100.0 * b, 0)} %" for a, b in zip(x, y, strict=True)
    )
    return figure_svg(draw, (WIDTH_IN, HEIGHT_IN), title, spoken, empty=not len(x))


def histogram_figure(
    values: ArrayLike,
    *,
    unit: str,
    title: str,
    xlabel: str = "Value",
    limits: Sequence[float] = (),
) -> str:
    """Distribution of values, with upright lines at ``limits``.

    Parameters
    ----------
    values : (n,) array_like of float
        Those that are not finite are left out.
    unit, xlabel : str
        What the values are.
    title : str
        Heading, and name for screen readers.
    limits : sequence of float
        Where to draw lines, in ``unit``.

    Returns
    -------
    str
        One ``<svg>`` element.
    """
    shown = np.asarray(values, dtype=np.float64)
    shown = shown[np.isfinite(shown)]

    def draw(axes: Axes) -> None:
        # About √n bins of equal width, as many as can be told apart.
        bins = int(np.clip(math.ceil(math.sqrt(len(shown))), 5, 40))
        if len(shown):
            axes.hist(shown, bins=bins, color=COLOURS[5], edgecolor="white", linewidth=0.8)
        for limit in limits:
            axes.axvline(limit, color=COLOURS[1], linewidth=1.4, linestyle=(0, (5, 3)))
        axes.set_xlabel(_labelled(xlabel, unit))
        axes.set_ylabel("Count")

    spoken = f"{len(shown)} values"
    if len(shown):
        spoken += f", median {trimmed(float(np.median(shown)))} {unit}".rstrip()
    return figure_svg(draw, (WIDTH_IN, HEIGHT_IN), title, spoken, empty=not len(shown))


# ------------------------------------------------------------------------------ pieces


def _points(mean: ArrayLike, difference: ArrayLike) -> tuple[Floats, Floats]:
    x, y = np.asarray(mean, dtype=np.float64), np.asarray(difference, dtype=np.float64)
    kept = np.isfinite(x) & np.isfinite(y)
    return x[kept], y[kept]


def _labelled(text: str, unit: str) -> str:
    return safe_text(text if unit in ("", "1") else f"{text} [{unit}]")


def _mark(place: int) -> dict[str, Any]:
    return {
        "s": 26,
        "color": COLOURS[place % len(COLOURS)],
        "marker": MARKS[place % len(MARKS)],
        "edgecolors": "white",
        "linewidths": 0.6,
    }


def _level(axes: Axes, line: Interval, dash: Any, name: str, unit: str) -> None:
    """Draw a horizontal line with the band of its interval, named at the right."""
    if math.isfinite(line.low) and math.isfinite(line.high):
        axes.axhspan(line.low, line.high, color=BAND, linewidth=0, zorder=0)
    axes.axhline(line.value, color=INK, linewidth=1.2, linestyle=dash, zorder=2)
    text = f"{name} {fixed(line.value, min(4, decimals_for(line) + 1))}"
    axes.annotate(
        safe_text(text if unit in ("", "1") else f"{text} {unit}"),
        (1.0, line.value),
        xycoords=("axes fraction", "data"),
        xytext=(4, 0),
        textcoords="offset points",
        va="center",
        fontsize=9.5,
    )


def _limits(axes: Axes, known: Sequence[float]) -> None:
    low, high = (min(known), max(known)) if known else (0.0, 1.0)
    margin = 0.05 * (high - low) or 0.05 * abs(high) or 1.0
    axes.set_xlim(low - margin, high + margin)


def _forest_row(axes: Axes, place: int, row: ForestRow, digits: int) -> None:
    _, value, low, high, _ = row
    if math.isfinite(value):
        edge = axes.get_xlim()
        ends = [min(max(end, edge[0]), edge[1]) for end in (low, high) if not math.isnan(end)]
        axes.plot(ends, [place] * len(ends), color=COLOURS[0], linewidth=2.0, zorder=2)
        axes.plot([value], [place], color=COLOURS[0], marker="o", markersize=6.5, zorder=3)
    axes.annotate(
        _forest_text(row, digits),
        (1.0, place),
        xycoords=("axes fraction", "data"),
        xytext=(8, 0),
        textcoords="offset points",
        va="center",
        fontsize=9.5,
    )


def _shared_decimals(rows: Sequence[ForestRow]) -> int:
    """Decimals that the narrowest interval justifies, for all rows alike."""
    known = [Interval(*row[1:4]) for row in rows if all(map(math.isfinite, row[1:4]))]
    return max((decimals_for(interval) for interval in known), default=1)


def _forest_text(row: ForestRow, digits: int) -> str:
    _, value, low, high, n = row
    if not math.isfinite(value):
        return "not measured"
    ends = [fixed(end, digits) if math.isfinite(end) else significant(end) for end in (low, high)]
    return f"{fixed(value, digits)} ({ends[0]} to {ends[1]}), n = {n}"
