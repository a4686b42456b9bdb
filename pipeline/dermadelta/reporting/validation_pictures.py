"""Pairs of a validation to look at: the best and the worst, small."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from dermadelta.domain import Measure
from dermadelta.reporting.numbers import fixed, with_unit
from dermadelta.reporting.pictures import thumbnail
from dermadelta.reporting.sentences import title
from dermadelta.reporting.strings import spoken


@dataclass(frozen=True)
class PictureView:
    """A pair to look at: both photographs small, what is true and what was measured."""

    label: str
    pair_id: str
    before: str
    after: str
    facts: str
    numbers: str


def telling_pairs(
    own: Mapping[str, pd.DataFrame], folder: Path, measures: Mapping[str, Measure]
) -> list[PictureView]:
    """Pick the best and the worst pairs, so that nobody has to take the figures on trust.

    Parameters
    ----------
    own : mapping of str to DataFrame
        ``scores`` and ``pairs`` of one synthetic data set.
    folder : Path
        Holds ``<pair_id>/before.jpg`` and ``after.jpg``; a pair without them is left out.
    measures : mapping of str to Measure
        Gives the titles.

    Returns
    -------
    list of PictureView
        At most two of each sort.
    """
    scores, pairs = own["scores"], own["pairs"]
    read = scores[(scores["measure"] == "roughness") & scores["estimate"].notna()]
    moved = read[read["truth"].abs() >= 5.0].assign(size=lambda t: t["error"].abs())
    ranked = moved.sort_values(["size", "pair_id"])
    still = read[read["no_change"] & (read["direction"] != "")]
    missed = moved[(moved["direction"] == "") & (moved["truth"] < 0)].sort_values(
        ["truth", "pair_id"]
    )
    picked = [
        ("Closest to the truth", ranked.head(2)),
        ("Farthest from the truth", ranked.iloc[2:].tail(2).iloc[::-1]),
        ("A change that was missed", missed.head(2)),
        ("Called changed, though nothing was", still.sort_values("pair_id").head(2)),
    ]
    views = [
        _picture(label, row, folder, _score_words(row, measures))
        for label, rows in picked
        for _, row in rows.iterrows()
    ]
    must = pairs["difficulty"] == "must_refuse"
    refused = pairs["status"] == "refused"
    for label, rows in (
        ("Should have been refused", pairs[must & ~refused]),
        ("Rightly refused", pairs[must & refused]),
        ("Refused, though it can be measured", pairs[~must & refused]),
    ):
        views += [
            _picture(label, row, folder, _refusal_words(row))
            for _, row in rows.sort_values("pair_id").head(2).iterrows()
        ]
    return [view for view in views if view.before and view.after]


def _picture(label: str, row: pd.Series[Any], folder: Path, numbers: str) -> PictureView:
    place = folder / row["pair_id"]
    tone = spoken(row["ita_class"])
    return PictureView(
        label=label,
        pair_id=row["pair_id"],
        before=thumbnail(place / "before.jpg"),
        after=thumbnail(place / "after.jpg"),
        facts=f"{spoken(row['kind'])}, {row['setup']}, {tone} skin, {row['in_photo']} in the photo"
        if row["in_photo"] != "nothing"
        else f"{spoken(row['kind'])}, {row['setup']}, {tone} skin, no scale",
        numbers=numbers,
    )


def _score_words(row: pd.Series[Any], measures: Mapping[str, Measure]) -> str:
    low, high = (fixed(row[end], 1, signed=True) for end in ("low", "high"))
    found = with_unit(fixed(row["estimate"], 1, signed=True), row["unit"])
    true = with_unit(fixed(row["truth"], 1, signed=True), row["unit"])
    return f"{title(row['measure'], measures)}: true {true}, measured {found} ({low} to {high})"


def _refusal_words(row: pd.Series[Any]) -> str:
    why = f"must be refused: {row['refuse_reason']}" if row["refuse_reason"] else "can be measured"
    causes = ", ".join(spoken(name) for name in row["causes"].split(" | ") if name)
    return f"{why}; refused by {causes}" if causes else f"{why}; was measured"
