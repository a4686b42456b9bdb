"""The figures of a validation, each with a sentence on how to read it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from dermadelta.domain import Measure
from dermadelta.reporting.numbers import fixed
from dermadelta.reporting.plots import forest_figure, power_figure, truth_figure
from dermadelta.reporting.sentences import title
from dermadelta.reporting.strings import spoken

Tables = Mapping[str, pd.DataFrame]

COVERAGE_GOAL_PCT: Final = (93.0, 97.0)
FALSE_POSITIVE_GOAL_PCT: Final = (0.0, 5.0)
RECALL_GOAL_PCT: Final = (95.0, 100.0)
POWER_GOAL: Final = (25.0, 0.80)

SHOWN: Final = (
    *("roughness", "redness", "scar_area", "roughness_unscaled"),
    *("pores_density", "lines_length"),
)
"""Measures with a figure of their own; the tables have all."""

_BROKEN_DOWN: Final = ("setup", "in_photo", "has_reference", "difficulty")


_IN_PHOTO: Final[Mapping[str, str]] = {
    "nothing": "no scale",
    "scale": "scale from the list",
    "unknown": "unknown scale",
}

MOST_PCT: Final = 200.0
"""Where intervals in per cent are cut in a figure: one without an end would flatten the rest."""


@dataclass(frozen=True)
class Figure:
    """A figure under a heading; ``section`` groups those of one question."""

    section: str
    caption: str
    svg: str


def set_figures(own: Tables, measures: Mapping[str, Measure]) -> Iterator[Figure]:
    """Draw the figures of one data set.

    Parameters
    ----------
    own : mapping of str to DataFrame
        The tables, of this data set alone.
    measures : mapping of str to Measure
        Gives the titles.

    Yields
    ------
    Figure
        None for a question of which the set holds no pair.
    """
    yield from _coverage(own["coverage"], measures)
    yield from _false_positives(own["false_positives"])
    yield from _power(own["power"], measures)
    yield from _truth(own["scores"], measures)
    yield from _refusals(own["refusals"])


def _rows(table: pd.DataFrame) -> list[tuple[str, float, float, float, int]]:
    """Shares of a table in per cent, with what they are of."""
    return [
        (
            _label(row["group_by"], row["group"]),
            _per_cent(row["share"]),
            _per_cent(row["share_low"]),
            _per_cent(row["share_high"]),
            int(row["n"]),
        )
        for _, row in table.iterrows()
    ]


def _per_cent(value: Any) -> float:
    return math.nan if pd.isna(value) else 100.0 * float(value)


def _label(group_by: str, group: str) -> str:
    if group_by == "overall":
        return "all pairs"
    if group_by == "in_photo":
        return _IN_PHOTO.get(group, f"{group} in the photo")
    return f"{spoken(group)} skin" if group_by in ("ita_class", "tone") else spoken(group)


def _tone(table: pd.DataFrame) -> str:
    """By what skin tones are told apart: the true angle, else the tone that was declared."""
    return "ita_class" if (table["group_by"] == "ita_class").any() else "tone"


def _coverage(table: pd.DataFrame, measures: Mapping[str, Measure]) -> Iterator[Figure]:
    shown = table[table["group_by"].isin(["overall", _tone(table)]) & (table["n"] > 0)]
    for name in SHOWN:
        own = shown[shown["measure"] == name]
        if len(own):
            yield Figure(
                "Do the intervals hold what they promise, on every skin tone?",
                "Share of 95 % intervals that hold the truth, with its own exact interval. The band"
                " is the goal: less means intervals that are too narrow, more too wide. Difficult"
                " pairs are included.",
                forest_figure(
                    _rows(own),
                    goal=COVERAGE_GOAL_PCT,
                    xlabel="Intervals that hold the truth [%]",
                    title=title(name, measures),
                ),
            )


def _false_positives(table: pd.DataFrame) -> Iterator[Figure]:
    own = table[
        (table["measure"] == "any_primary")
        & table["group_by"].isin(["overall", _tone(table), *_BROKEN_DOWN])
        & (table["n"] > 0)
    ]
    if own.empty:
        return
    total = own[own["group_by"] == "overall"].iloc[0]
    yield Figure(
        "Is nothing called something?",
        f"Pairs on whose skin nothing had changed: {total['n_changed']} of {total['n']} were called"
        f" changed in a primary measure after Holm's correction, {total['n_improved']} as improved"
        f" and {total['n_worsened']} as worsened.",
        forest_figure(
            _rows(own),
            goal=FALSE_POSITIVE_GOAL_PCT,
            xlabel="Pairs without change called changed [%]",
            title="Any primary measure",
        ),
    )


def _power(table: pd.DataFrame, measures: Mapping[str, Measure]) -> Iterator[Figure]:
    for name, setup in (
        ("roughness", "rig"), ("roughness", "handheld"), ("roughness_unscaled", "handheld"),
    ):  # fmt: skip
        own = table[
            (table["measure"] == name) & (table["group_by"] == "setup") & (table["group"] == setup)
        ]
        if own.empty:
            continue
        counts = ", ".join(
            f"{row['n_improved']} of {row['n']} at {row['level_pct']:.0f} % (as light shows it,"
            f" {fixed(row['mean_truth'], 0)} %)"
            for _, row in own.iterrows()
        )
        yield Figure(
            "Is a real change found?",
            f"Pairs whose relief became lower by so much and that were called improved: {counts}."
            " A pair that was not measured counts as missed.",
            power_figure(
                own["level_pct"].to_numpy(),
                own["share"].to_numpy(),
                own["share_low"].to_numpy(),
                own["share_high"].to_numpy(),
                title=f"{title(name, measures)}, {setup}",
                goal=POWER_GOAL if (name, setup) == ("roughness", "rig") else None,
            ),
        )


def _truth(scores: pd.DataFrame, measures: Mapping[str, Measure]) -> Iterator[Figure]:
    for name in SHOWN:
        own = scores[(scores["measure"] == name) & scores["estimate"].notna()]
        # With real pairs the truth is 0 for all of them: there is nothing to draw.
        if own.empty or own["truth"].nunique() < 2:
            continue
        own = own.sort_values(["difficulty", "setup", "pair_id"])
        groups = [
            "hard" if hard == "hard" else setup
            for hard, setup in zip(own["difficulty"], own["setup"], strict=True)
        ]
        most = MOST_PCT if own["unit"].iloc[0] == "%" else math.inf
        cut = f" Intervals end at {MOST_PCT:.0f} %." if (own["high"] > most).any() else ""
        yield Figure(
            "Measured against true",
            f"Each dot is a pair, with its 95 % interval; dark intervals miss the truth.{cut}",
            truth_figure(
                own["truth"].to_numpy(),
                own["estimate"].clip(upper=most).to_numpy(),
                own["low"].to_numpy(),
                own["high"].clip(upper=most).to_numpy(),
                unit=own["unit"].iloc[0],
                title=title(name, measures),
                groups=groups,
            ),
        )


def _refusals(table: pd.DataFrame) -> Iterator[Figure]:
    overall = table[table["group_by"] == "overall"]
    for what, goal, caption, xlabel in (
        (
            "recall",
            RECALL_GOAL_PCT,
            "Pairs that must be refused, by what is wrong with them.",
            "Refused, of those that must be [%]",
        ),
        (
            "wrongly_refused",
            None,
            "Pairs that can be measured but were refused, by the gate that did it. A pair may fail"
            " several gates.",
            "Refused, of those that can be measured [%]",
        ),
    ):
        own = overall[overall["what"] == what]
        if own.empty:
            continue
        rows = _rows(own.assign(group_by="reason", group=own["reason"].replace("all", "all pairs")))
        yield Figure(
            "Is refused what must be, and nothing else?",
            caption,
            forest_figure(rows, goal=goal, xlabel=xlabel, title=spoken(what).capitalize()),
        )
