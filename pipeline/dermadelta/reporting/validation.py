"""The page of a validation: goals first with what was measured beside each, then the evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd

from dermadelta.domain import Measure
from dermadelta.reporting.catalogue import INSTALLED, measures_by_name
from dermadelta.reporting.html import render_page
from dermadelta.reporting.numbers import fixed, with_unit
from dermadelta.reporting.sentences import title
from dermadelta.reporting.strings import NBSP, spoken
from dermadelta.reporting.validation_figures import SHOWN, Figure, set_figures
from dermadelta.reporting.validation_pictures import PictureView, telling_pairs

PAGE: Final = "index.html"
TABLES: Final = ("accuracy", "coverage", "false_positives", "power", "refusals")
FILES: Final = ("goals", "pairs", "scores", "reasons", "data_dictionary")
"""Tables that the page only links to."""

MET: Final[Mapping[str, tuple[str, str]]] = {
    "yes": ("pass", "Met"),
    "no": ("fail", "Not met"),
    "too_few_pairs": ("not_applicable", "Too few pairs"),
}
"""Look and word of each outcome."""

GOALS: Final[Mapping[str, str]] = {
    "coverage": "The interval holds the truth",
    "coverage_by_tone": "… on every skin tone",
    "interval_width": "The interval is narrow enough to be of use",
    "false_positives": "No change is called no change",
    "power": "A texture change is found",
    "slope": "Texture is measured as large as it is",
    "whole_face": "A treated face is not held against itself",
    "error_by_tone": "Errors are alike on every skin tone",
    "diffuse_redness": "What cannot be known is not measured",
    "refusal_recall": "What must not be compared is refused",
    "refusal_precision": "What is refused had to be",
    "real_no_change": "Real photographs without change stay unchanged",
}

OF_EVERY_MEASURE: Final = ("coverage", "coverage_by_tone")
"""Goals that every measure has; with forty measures they would hide the others."""

ORIGINS: Final[Mapping[str, str]] = {
    "synthetic": "Synthetic skin",
    "semi_synthetic": "Real photographs with a known edit",
    "real": "Real photographs",
}

JOINT_TITLES: Final[Mapping[str, str]] = {
    "": "",
    "any_primary": "Any primary measure",
    "redness_or_area": "Redness or area",
    "texture": "Texture roughness, with or without a scale",
    "texture_or_redness": "Texture or redness",
}
"""What stands in place of a measure where a pair counts once for several."""

HEADS: Final[Mapping[str, str]] = {
    "accuracy": "Errors against the truth",
    "coverage": "Coverage and width of the intervals",
    "false_positives": "Pairs without change that were called changed",
    "power": "Changes that were found",
    "refusals": "Refusals",
}

FACTS: Final[Mapping[str, str]] = {
    "command": "Command",
    "seed": "Seed",
    "n_pairs": "Synthetic pairs",
    "width_px": "Width of the photographs, px",
    "variance_model": "Variance model",
    "dermadelta": "dermadelta",
    "python": "Python",
    "fingerprint": "Fingerprint of the settings",
}
"""What the page says about how it was made: nothing that differs between two equal runs."""

DRAWN: Final = "phantom"
"""Name of the set that is drawn on reporting seeds; no folder of pairs may bear it."""

_SHARES: Final = ("share", "share_low", "share_high", "share_of_measured")


@dataclass(frozen=True)
class GoalView:
    """One goal as it stands on the page.

    ``detail``: of a figure for researchers. ``folded``: that, or one of the two goals that every
    measure has, of a measure without a figure on the page.
    """

    name: str
    measure: str
    target: str
    measured: str
    interval: str
    n: str
    look: str
    word: str
    remark: str
    detail: bool
    folded: bool


@dataclass(frozen=True)
class RealPair:
    """A real pair that was called changed or not compared, by its name alone."""

    pair_id: str
    what: str


Rows = tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class TableView:
    """A table as text, its rows by family of measures; one nameless part where it has none."""

    head: str
    columns: tuple[str, ...]
    parts: tuple[tuple[str, Rows], ...]

    @property
    def n_rows(self) -> int:
        """Of all parts."""
        return sum(len(rows) for _, rows in self.parts)


@dataclass(frozen=True)
class SetView:
    """Everything about one data set and origin.

    ``is_drawn`` is true of the synthetic set that a validation draws itself, ``is_still`` where
    nothing was changed in any pair.
    """

    key: str
    name: str
    is_real: bool
    is_drawn: bool
    is_still: bool
    n: int
    goals: tuple[GoalView, ...]
    goals_folded: tuple[GoalView, ...]
    figures: tuple[Figure, ...]
    pictures: tuple[PictureView, ...]
    pairs: tuple[RealPair, ...]
    tables: tuple[TableView, ...]


def validation_page(
    tables: Mapping[str, pd.DataFrame],
    info: Mapping[str, Any],
    pictures: Path,
    *,
    catalogue: Sequence[Measure] = INSTALLED,
) -> str:
    """Make ``index.html`` of a validation.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        ``goals``, ``pairs``, ``scores`` and the ``TABLES``, as they are written beside the page.
    info : mapping
        As in ``validation.json``; only what is the same for two equal runs is shown.
    pictures : Path
        Holds a folder ``<pair_id>`` for every synthetic pair, with ``before.jpg`` and
        ``after.jpg``. Pictures of any other origin are never shown.
    catalogue : sequence of Measure, optional
        Gives the titles; the installed measures by default.

    Returns
    -------
    str
        A whole HTML document with everything inlined; it links to the tables beside it.
    """
    measures = measures_by_name(catalogue)
    pairs = tables["pairs"]
    sets = [
        _set_view(str(data_set), str(origin), tables, pictures, measures)
        for data_set, origin in pairs[["data_set", "origin"]]
        .drop_duplicates()
        .itertuples(index=False)
    ]
    goals = [goal for one in sets for goal in (*one.goals, *one.goals_folded)]
    short = [goal for goal in goals if goal.look == "fail"]
    return render_page(
        "validation",
        headline=_headline(goals),
        short=[goal for goal in short if not goal.detail],
        short_detail=[goal for goal in short if goal.detail],
        undecided=[goal for goal in goals if goal.look == "not_applicable"],
        n_pairs=len(pairs),
        sets=sets,
        notes=list(info.get("notes", ())),
        facts=_facts(info),
        files=[f"{name}.csv" for name in (*TABLES, *FILES)],
    )


def _headline(goals: Sequence[GoalView]) -> str:
    met, fails = (sum(goal.look == look for goal in goals) for look in ("pass", "fail"))
    rest = len(goals) - met - fails
    said = f"{met} of {len(goals)} figures reached, {fails} not"
    return f"{said}; {rest} rest on too few pairs to say" if rest else said


def _facts(info: Mapping[str, Any]) -> list[tuple[str, str]]:
    lines = [(word, str(info[name])) for name, word in FACTS.items() if info.get(name) is not None]
    libraries = info.get("libraries", {})
    return lines + [(str(name), str(version)) for name, version in sorted(libraries.items())]


def _set_view(
    data_set: str,
    origin: str,
    tables: Mapping[str, pd.DataFrame],
    pictures: Path,
    measures: Mapping[str, Measure],
) -> SetView:
    own = {
        name: table[(table["data_set"] == data_set) & (table["origin"] == origin)]
        for name, table in tables.items()
        if "data_set" in table
    }
    real = origin == "real"
    goals = [_goal_view(row, measures) for _, row in own["goals"].iterrows()]
    return SetView(
        key=f"{data_set}-{origin}",
        name=f"{ORIGINS[origin]}: {data_set}",
        is_real=real,
        is_drawn=data_set == DRAWN and origin == "synthetic",
        is_still=bool(own["pairs"]["no_change"].all()),
        n=len(own["pairs"]),
        goals=tuple(goal for goal in goals if not goal.folded),
        goals_folded=tuple(goal for goal in goals if goal.folded),
        figures=tuple(set_figures(own, measures)),
        # A face must never stand on a page; only skin that nobody has is shown.
        pictures=tuple(telling_pairs(own, pictures, measures)) if origin == "synthetic" else (),
        pairs=tuple(_noteworthy(own["pairs"], measures)) if real else (),
        tables=tuple(_table_view(HEADS[name], own[name], measures) for name in TABLES),
    )


# ------------------------------------------------------------------------------- goals


def _goal_view(row: pd.Series[Any], measures: Mapping[str, Measure]) -> GoalView:
    look, word = MET[row["met"]]
    measured, interval, n = goal_words(row)
    name = row["measure"]
    detail = name in measures and measures[name].detail
    return GoalView(
        name=GOALS.get(row["goal"], spoken(row["goal"])),
        measure=_title(name, measures),
        target=row["target"],
        measured=measured,
        interval=interval,
        n=n,
        look=look,
        word=word,
        remark=row["remark"],
        detail=detail,
        folded=detail or (row["goal"] in OF_EVERY_MEASURE and name not in SHOWN),
    )


def goal_words(row: pd.Series[Any]) -> tuple[str, str, str]:
    """Say what was measured for a goal, its interval, and in how many pairs."""
    if pd.isna(row["value"]):
        return "", "", str(row["n"])
    interval = ""
    if pd.notna(row["low"]):
        low, high = (_amount(row[end], row["unit"], bare=True) for end in ("low", "high"))
        interval = f"quartiles {low} to {high}" if row["unit"] == "points" else f"{low} to {high}"
    return _amount(row["value"], row["unit"]), interval, str(row["n"])


def _title(name: str, measures: Mapping[str, Measure]) -> str:
    return JOINT_TITLES[name] if name in JOINT_TITLES else title(name, measures)


def _amount(value: float, unit: str, *, bare: bool = False) -> str:
    decimals = 2 if unit == "times" else 1
    text = fixed(100.0 * value if unit == "share" else value, decimals)
    unit = "%" if unit == "share" else unit
    return text if bare else with_unit(text, unit)


# --------------------------------------------------------------------------- real pairs


def _noteworthy(pairs: pd.DataFrame, measures: Mapping[str, Measure]) -> list[RealPair]:
    """Real pairs that were called changed, or that could not be compared."""
    found = []
    for _, row in pairs.sort_values("pair_id").iterrows():
        called = [
            f"{title(name, measures)} called {word}"
            for column, word in (("primary_improved", "improved"), ("primary_worsened", "worsened"))
            for name in row[column].split(" | ")
            if name
        ]
        if called:
            found.append(RealPair(row["pair_id"], "; ".join(called)))
        elif row["status"] != "measured":
            found.append(RealPair(row["pair_id"], row["reasons"]))
    return found


# ------------------------------------------------------------------------------ tables


def _table_view(head: str, table: pd.DataFrame, measures: Mapping[str, Measure]) -> TableView:
    """A table as text: what every row of the set has in common is left out."""
    columns = [name for name in table.columns if name not in ("data_set", "origin")]
    parts: dict[str, list[tuple[str, ...]]] = {}
    for _, row in table.iterrows():
        measure = measures.get(row["measure"]) if "measure" in table else None
        family = spoken(measure.family).capitalize() if measure else ""
        parts.setdefault(family, []).append(
            tuple(_cell(name, row[name], measures) for name in columns)
        )
    grouped = tuple((family, tuple(rows)) for family, rows in parts.items())
    return TableView(head, tuple(spoken(name) for name in columns), grouped)


def _cell(column: str, value: Any, measures: Mapping[str, Measure]) -> str:
    if pd.isna(value):
        return ""
    if column == "measure":
        return _title(value, measures)
    if column in _SHARES:
        return f"{fixed(100.0 * value, 1)}{NBSP}%"
    if isinstance(value, float):
        return fixed(value, 0 if column == "level_pct" else 2)
    return spoken(value) if column in ("group_by", "group") else str(value)
