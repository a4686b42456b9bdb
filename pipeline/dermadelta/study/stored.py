"""The table of scores as it is kept: by far the longest, so nothing stands in it twice."""

from __future__ import annotations

from typing import Final

import pandas as pd

STORED_COLUMNS: Final = (
    *("data_set", "pair_id", "measure", "primary", "unit", "truth", "estimate", "low", "high"),
    *("covered", "direction", "reason_id"),
)
"""Columns of ``scores.csv``; what all measures of a pair share stands in ``pairs.csv``."""

DIGITS: Final = 5
"""Significant digits that are kept; none of the numbers is worth as many."""


def stored_scores(scores: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Take a table of scores apart into what is kept.

    Parameters
    ----------
    scores : DataFrame
        With the columns ``SCORE_COLUMNS``.

    Returns
    -------
    tuple of DataFrame, DataFrame
        The scores with the columns ``STORED_COLUMNS``, a row per pair and measure, to be joined to
        the pairs by ``data_set`` and ``pair_id``; and the reasons why there is no number with the
        columns reason_id, n and reason, a row for each, numbered from 1 by their first
        appearance.
    """
    given = scores["reason"].mask(scores["reason"] == "")
    codes, texts = pd.factorize(given)
    table = scores.assign(reason_id=pd.array(codes + 1, dtype="Int64"))
    table.loc[table["reason_id"] == 0, "reason_id"] = pd.NA
    numbers = ["truth", "estimate", "low", "high"]
    table = table.assign(**{name: table[name].map(_shortened) for name in numbers})
    counts = table["reason_id"].value_counts()
    reasons = [(number, int(counts[number]), text) for number, text in enumerate(texts, start=1)]
    columns = ["reason_id", "n", "reason"]
    return table[list(STORED_COLUMNS)], pd.DataFrame(reasons, columns=columns)


def _shortened(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")
