"""What every column of the tables of a validation means, and its unit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import pandas as pd

_MEASURE_UNIT: Final = "% for ratio measures, else the unit of the measure"
_SHARE: Final = "0 to 1"

_COMMON: Final[Mapping[str, tuple[str, str]]] = {
    "data_set": ("", "Where the pairs come from; different ones are never pooled."),
    "origin": ("", "synthetic, semi_synthetic (a known edit of a real photograph) or real."),
    "group_by": ("", "Column of pairs.csv by which the pairs are told apart; overall for all."),
    "group": ("", "Value of that column, or all."),
    "measure": (
        "",
        "Measure; any_primary, redness_or_area and texture_or_redness count a pair once,"
        " whichever moved.",
    ),
    "unit": ("", "Unit of the numbers in this row."),
    "n": ("pairs", "Pairs that this row rests on."),
    "n_not_measured": ("pairs", "Pairs of this group for which the measure was refused."),
    "share": (_SHARE, "Share of the n pairs."),
    "share_low": (_SHARE, "Lower end of its exact 95 % interval (Clopper and Pearson 1934)."),
    "share_high": (_SHARE, "Upper end of its exact 95 % interval."),
    "pair_id": ("", "Name of the pair; with data_set it joins scores.csv to pairs.csv."),
    "kind": ("", "What was made to change, or what makes the pair difficult."),
    "difficulty": ("", "ordinary; hard (should still be measured); must_refuse."),
    "setup": ("", "rig (steady) or handheld."),
    "in_photo": ("", "What tells the scale: nothing, scale (given in the list), marker, ..."),
    "tone": ("", "Phototype of the phantom, or the tone declared for a real photograph."),
    "ita_class": ("", "Skin tone by the true individual typology angle (Del Bino 2013)."),
    "ita_deg": ("°", "True individual typology angle before."),
    "has_reference": ("", "Whether untreated skin entered the estimates."),
    "has_scale": ("", "Whether the scale was to be had."),
    "no_change": ("", "Whether nothing at all has changed that a measure looks at."),
    "relief_change_pct": ("%", "True change of the RMS height in the band 0.2-1.0 mm."),
    "refuse_reason": ("", "Why the pair must be refused; empty where it can be measured."),
    "status": ("", "measured, refused or failed."),
    "reason": ("", "Why there is no number; in refusals.csv the reason or gate that is counted."),
}

_OWN: Final[Mapping[str, Mapping[str, tuple[str, str]]]] = {
    "accuracy": {
        "truth_column": ("", "True change against which errors are told; see truth.csv."),
        "bias": (_MEASURE_UNIT, "Mean of estimate minus truth."),
        "mae": (_MEASURE_UNIT, "Mean absolute error."),
        "p95": (_MEASURE_UNIT, "95 % of absolute errors are no larger."),
    },
    "coverage": {
        "n_covered": ("pairs", "Pairs whose 95 % interval holds the truth."),
        "median_width": (_MEASURE_UNIT, "Median of upper minus lower end of the interval."),
    },
    "false_positives": {
        "n": ("pairs", "Pairs without change in which the measure (a primary one) was read."),
        "n_changed": ("pairs", "Of these, called changed; primary measures after Holm."),
        "n_improved": ("pairs", "Of these, called improved or decreased."),
        "n_worsened": ("pairs", "Of these, called worsened or increased."),
    },
    "power": {
        "level_pct": ("%", "True decrease of the relief, plus or minus 2.5 points."),
        "n": ("pairs", "Pairs of this size of change, those not measured included."),
        "n_improved": ("pairs", "Pairs called improved; primary measures after Holm."),
        "share_of_measured": (_SHARE, "Share of the measured pairs alone."),
        "mean_truth": ("%", "Mean true change of the optical roughness of these pairs."),
    },
    "refusals": {
        "what": (
            "",
            "recall: of pairs that must be refused; precision: of refused pairs; wrongly_refused:"
            " of pairs that can be measured.",
        ),
        "n_hit": ("pairs", "Of n, refused (recall, wrongly_refused) or rightly so (precision)."),
    },
    "goals": {
        "goal": ("", "Name of the goal."),
        "target": ("", "What is to be reached."),
        "value": ("unit of the row", "What was measured; a share is 0 to 1."),
        "low": ("unit of the row", "Lower end of its 95 % interval; of a width, lower quartile."),
        "high": ("unit of the row", "Upper end of its 95 % interval; of a width, upper quartile."),
        "met": ("", "yes, no, or too_few_pairs."),
        "remark": ("", "What stands behind the figure."),
    },
    "pairs": {
        "causes": ("", "Gates or checks that refused the pair, joined by |."),
        "reasons": ("", "Why the pair was not measured, joined by |."),
        "n_primary": ("", "Primary measures that were read."),
        "primary_improved": ("", "Primary measures called improved after Holm, joined by |."),
        "primary_worsened": ("", "Primary measures called worsened after Holm, joined by |."),
    },
    "scores": {
        "primary": ("", "Whether Holm's correction runs over this measure."),
        "unit": ("", "Unit of truth, estimate, low and high."),
        "truth": (_MEASURE_UNIT, "True change."),
        "estimate": (_MEASURE_UNIT, "Reported change; empty where the measure was not read."),
        "low": (_MEASURE_UNIT, "Lower end of its 95 % interval."),
        "high": (_MEASURE_UNIT, "Upper end of its 95 % interval."),
        "covered": ("", "Whether the interval holds the truth."),
        "direction": (
            "",
            "What was called, primary measures after Holm; empty for no detectable change.",
        ),
        "reason_id": ("", "Row of reasons.csv that says why there is no number; else empty."),
    },
    "reasons": {
        "reason_id": ("", "Number of the reason, by first appearance in scores.csv."),
        "n": ("rows", "Rows of scores.csv with this reason."),
        "reason": ("", "Why there is no number."),
    },
}


def validation_dictionary(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Describe every column of every table.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        By the name of the file.

    Returns
    -------
    DataFrame
        Columns table, column, unit, meaning; a row per column, in order.

    Raises
    ------
    KeyError
        A column without a meaning: write one above.
    """
    rows = [
        (name, column, *(_OWN.get(name, {}).get(column) or _COMMON[column]))
        for name, table in tables.items()
        for column in table.columns
    ]
    return pd.DataFrame(rows, columns=["table", "column", "unit", "meaning"])
