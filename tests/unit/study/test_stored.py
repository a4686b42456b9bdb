"""The table of scores as it is kept: short, and nothing is lost."""

from __future__ import annotations

import pandas as pd
import pytest

from dermadelta.study.scores import SCORE_COLUMNS
from dermadelta.study.stored import STORED_COLUMNS, stored_scores


def scores(*rows: dict[str, object]) -> pd.DataFrame:
    """A table of scores of one measure; what is not given is empty."""
    blank = dict.fromkeys(SCORE_COLUMNS) | {"data_set": "d", "measure": "roughness", "unit": "%"}
    blank |= {"primary": True, "direction": "", "reason": "", "truth": 0.0}
    table = pd.DataFrame([blank | {"pair_id": f"p{n}"} | row for n, row in enumerate(rows)])
    numbers = {name: "float64" for name, kind in SCORE_COLUMNS.items() if kind == "float64"}
    return table.astype(numbers | {"covered": "boolean"})


def test_a_reason_is_written_once_and_found_again_by_its_number():
    light, scale = "light: retake", "no scale, lay a marker beside the skin"
    given = scores({"reason": light}, {"estimate": 1.0}, {"reason": scale}, {"reason": light})
    kept, reasons = stored_scores(given)
    assert kept["reason_id"].tolist() == [1, pd.NA, 2, 1]
    assert reasons.to_dict("list") == {"reason_id": [1, 2], "n": [2, 1], "reason": [light, scale]}
    joined = kept.merge(reasons, on="reason_id", how="left")["reason"].fillna("")
    assert joined.tolist() == given["reason"].tolist()


def test_numbers_keep_five_digits_and_errors_can_be_worked_out():
    given = scores({"truth": -19.123456, "estimate": -17.987654, "low": 1.234567e-4, "high": 8e-4})
    row = stored_scores(given)[0].iloc[0]
    assert (row["truth"], row["estimate"], row["low"]) == (-19.123, -17.988, 1.2346e-4)
    assert row["estimate"] - row["truth"] == pytest.approx(1.135802, abs=1e-3)
    assert given["truth"].tolist() == [-19.123456]


def test_the_columns_are_those_that_people_script_against():
    some = scores({"estimate": 1.0, "covered": True})
    for table in (some, some.iloc[:0]):
        kept, reasons = stored_scores(table)
        assert list(kept) == list(STORED_COLUMNS)
        assert list(reasons) == ["reason_id", "n", "reason"]
