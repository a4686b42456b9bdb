"""Plots of the texture bench: error against each confounder, reported against true change."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import matplotlib as mpl

mpl.use("Agg")

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from texture_figures import AGAINST, ALONE, REPORTED, Bent, of, points, slope
from texture_pairs import Outcome
from texture_plan import UNITS
from texture_rivals import RIVALS

_OURS: Final = "#000000"
_COLOURS: Final = ("#E69F00", "#56B4E9", "#009E73", "#D55E00", "#CC79A7", "#0072B2", "#B8A900")
"""Hues that are told apart without red or green (Okabe and Ito 2008); marks differ as well."""

_MARKS: Final = ("s", "^", "v", "D", "P", "X", "o")
_LIMIT: Final = 32.0
"""Ends of the axis of errors, points; what lies beyond is drawn at its end."""

_DPI: Final = 100
_KEPT: Final = {"Software": None}
"""No version of the plotting library in the file: the same numbers give the same bytes."""


def plot_confounders(path: Path, rows: Sequence[Bent], *, against: bool) -> None:
    """Small multiples: what each method reports of unchanged skin.

    Parameters
    ----------
    path : Path
        PNG to write, 1200 pixels wide.
    rows : sequence of Bent
    against : bool
        Rivals held against untreated skin; else of the region alone.
    """
    ending = AGAINST if against else ""
    styles = [(name + ending, name) for name in RIVALS]
    figure, grid = plt.subplots(4, 3, figsize=(12.0, 13.5), dpi=_DPI, sharey=True)
    for axes, confounder in zip(grid.flat, UNITS, strict=True):
        here = [row for row in rows if row.confounder == confounder]
        for number, (method, label) in enumerate(styles):
            _line(axes, [row for row in here if row.method == method], number, label)
        if not against:
            _alone(axes, [row for row in here if row.method == ALONE])
        _own_line(axes, [row for row in here if row.method == REPORTED])
        _frame(axes, confounder)
    for axes in grid[:, 0]:
        axes.set_ylabel("reported change, %", fontsize=11)
    handles, labels = grid.flat[0].get_legend_handles_labels()
    figure.legend(
        handles, labels, loc="lower center", ncols=3, fontsize=11.5, frameon=False,
    )  # fmt: skip
    words = "held against untreated skin" if against else "of the region alone"
    figure.suptitle(
        f"No texture has changed: what is reported when one thing differs\n(others {words})",
        fontsize=15,
    )
    figure.tight_layout(rect=(0.0, 0.085, 1.0, 0.985))
    figure.savefig(path, metadata=_KEPT)
    plt.close(figure)


def _line(axes: Axes, rows: Sequence[Bent], number: int, label: str) -> None:
    known = [(row.level, row.error) for row in rows if row.error is not None]
    if not known:
        return
    x, y = np.array(known, dtype=np.float64).T
    axes.plot(
        x, np.clip(y, -_LIMIT, _LIMIT), color=_COLOURS[number], marker=_MARKS[number],
        markersize=4.5, linewidth=1.3, label=label,
    )  # fmt: skip


def _alone(axes: Axes, rows: Sequence[Bent]) -> None:
    """Our own without untreated skin."""
    known = [(row.level, row.error) for row in rows if row.error is not None]
    if known:
        x, y = np.array(known, dtype=np.float64).T
        axes.plot(
            x, np.clip(y, -_LIMIT, _LIMIT), color=_OURS, linestyle="--", linewidth=1.8,
            label="dermadelta, region alone",
        )  # fmt: skip


def _own_line(axes: Axes, rows: Sequence[Bent]) -> None:
    """Our own, broken where pairs are refused; a cross on the axis says so."""
    x = np.array([row.level for row in rows])
    y = np.array([np.nan if row.error is None else row.error for row in rows])
    axes.plot(
        x, y, color=_OURS, marker="o", markersize=6.5, linewidth=3.0, label="dermadelta",
        zorder=5,
    )  # fmt: skip
    none_left = np.array([row.error is None for row in rows], dtype=np.bool_)
    some = np.array([row.refused > 0 for row in rows], dtype=np.bool_) & ~none_left
    for where, face in ((none_left, _OURS), (some, "none")):
        axes.scatter(
            x[where], np.full(np.count_nonzero(where), -_LIMIT + 2.5), marker="H", s=75,
            facecolor=face, edgecolor=_OURS, zorder=6,
            label="refused by dermadelta" if face == _OURS else "refused in part",
        )  # fmt: skip


def _frame(axes: Axes, confounder: str) -> None:
    unit = UNITS[confounder][0]
    axes.axhline(0.0, color="#888888", linewidth=0.8)
    axes.axhspan(-4.0, 4.0, color="#000000", alpha=0.07, linewidth=0.0)
    axes.set_title(f"{confounder} ({unit})" if unit else confounder, fontsize=12)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.set_ylim(-_LIMIT - 1.0, _LIMIT + 1.0)
    axes.tick_params(labelsize=10)
    axes.grid(visible=True, alpha=0.25)


def plot_agreement(path: Path, found: Sequence[Outcome]) -> None:
    """Reported against true change of every method, on rendered pairs where everything differs."""
    shown = [*of(found, "scene", "rig"), *of(found, "scene", "handheld")]
    names = (REPORTED, *RIVALS)
    figure, grid = plt.subplots(2, 4, figsize=(12.0, 6.8), dpi=_DPI, sharex=True, sharey=True)
    for axes, method in zip(grid.flat, names, strict=True):
        for setup, mark, face in (("rig", "o", "#0072B2"), ("handheld", "^", "#E69F00")):
            at = points([item for item in shown if item.job.setup == setup], method)
            if at:
                x, y = np.clip(np.array(at, dtype=np.float64).T, -70.0, 70.0)
                axes.scatter(x, y, s=18, marker=mark, color=face, label=setup, alpha=0.8)
        axes.plot((-70.0, 70.0), (-70.0, 70.0), color="#888888", linewidth=0.9)
        every = points(shown, method)
        told = f", slope {slope(every):.2f}" if len(every) > 2 else ""
        axes.set_title(f"{method.removesuffix(', reported')}{told}", fontsize=11)
        axes.grid(visible=True, alpha=0.25)
    for axes in grid[-1]:
        axes.set_xlabel("true change, %", fontsize=11)
    for axes in grid[:, 0]:
        axes.set_ylabel("reported change, %", fontsize=11)
    grid.flat[0].legend(fontsize=10, frameon=False)
    figure.suptitle(
        "Lamp, gloss, lens and camera differ: reported against true change", fontsize=14
    )
    figure.tight_layout()
    figure.savefig(path, metadata=_KEPT)
    plt.close(figure)
