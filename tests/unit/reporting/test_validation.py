from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from dermadelta.domain import PairResult
from dermadelta.reporting.catalogue import measures_by_name
from dermadelta.reporting.validation import _goal_view, goal_words, validation_page
from dermadelta.reporting.validation_dictionary import validation_dictionary
from dermadelta.study.goals import build_goals
from dermadelta.study.scores import joined, score
from dermadelta.study.stored import stored_scores
from dermadelta.study.truth import read_truths
from dermadelta.study.validation import build_tables

INFO = {
    "command": "dermadelta validate --pairs 40 --seed 0",
    "seed": 0,
    "n_pairs": 40,
    "variance_model": "default, form 1",
    "libraries": {"numpy": "2.0.0"},
    "seconds": {"phantom": 123.4567},
    "notes": ["p0007 could not be made: <b>no room</b>"],
}


def cells(pair_id: str, kind: str, **more: object) -> dict[str, str]:
    row = {
        "pair_id": pair_id,
        "kind": kind,
        "setup": "rig",
        "in_photo": "marker",
        "ita_before_deg": 45.0,
        **more,
    }
    return {name: str(value) for name, value in row.items()}


def scored(build: Any, origin: str, data_set: str) -> Any:
    """45 pairs without change, five of them called worse; 10 smoother ones; one must be refused."""
    results: list[PairResult] = []
    rows = []
    for number in range(45):
        pair = build.pair(f"N{number:02d}")
        found = build.estimate("roughness", 14.0 if number < 5 else 1.0, 6.0)
        results.append(build.result(pair, estimates=(found,)))
        rows.append(cells(pair.pair_id, "no_change", origin=origin))
    for number in range(10):
        pair = build.pair(f"T{number:02d}")
        results.append(build.result(pair, estimates=(build.estimate("roughness", -21.0, 6.0),)))
        true = {"optical_roughness_change_pct": -20.0 - number, "relief_change_pct": -25.0}
        rows.append(cells(pair.pair_id, "texture", origin=origin, **true))
    refused = build.refused(build.pair("R"))
    results.append(refused)
    rows.append(
        cells(refused.pair.pair_id, "impostor", origin=origin, must_refuse=True,
              refuse_reason="other skin")
    )  # fmt: skip
    truths = read_truths(enumerate(rows, start=2), data_set=data_set, file="truth.csv")
    return score(results, truths), results


@pytest.fixture
def tables(build: Any) -> dict[str, pd.DataFrame]:
    parts = [scored(build, "synthetic", "phantom")[0], scored(build, "real", "clinic")[0]]
    whole = joined(parts)
    return build_tables(whole) | {
        "goals": build_goals(whole), "pairs": whole.pairs, "scores": whole.scores,
    }  # fmt: skip


MADE: dict[str, str] = {}
"""The page, made once: drawing its figures takes seconds."""


@pytest.fixture
def page(tables, build, tmp_path) -> str:
    if "page" not in MADE:
        MADE["page"] = made(tables, build, tmp_path, INFO)
    return MADE["page"]


def made(tables: Any, build: Any, tmp_path: Path, info: dict[str, Any]) -> str:
    for result in scored(build, "synthetic", "phantom")[1]:
        build.pictures(tmp_path / result.pair.pair_id, result, width=240)
    return validation_page(tables, info, tmp_path, catalogue=build.catalogue)


def test_only_the_drawn_set_is_said_to_be_one_that_nothing_was_fitted_on(page):
    top, drawn, real = re.split(r'<section class="set"', page)
    assert "ever fitted on" in drawn
    assert "ever fitted on" not in top + real
    assert "known truth" not in top + real


@pytest.mark.parametrize("still", [True, False])
def test_real_pairs_are_said_to_be_unchanged_only_where_all_are(tables, build, tmp_path, still):
    own = {name: table[table["origin"] == "real"] for name, table in tables.items()}
    if still:
        own["pairs"] = own["pairs"][own["pairs"]["no_change"]]
    text = validation_page(own, INFO, tmp_path, catalogue=build.catalogue)
    assert ("Pairs in which nothing was changed" in text) is still


def test_goals_come_first_with_what_was_measured_beside_each(page):
    text = re.sub(r"<[^>]+>", " ", page)
    assert (
        text.index("figures reached") < text.index("Figures to reach") < text.index("All figures")
    )
    assert "Where it falls short" in text
    assert "100.0\N{NO-BREAK SPACE}%" in text
    assert "Too few pairs" in text


def as_detail(build: Any, name: str) -> tuple[Any, ...]:
    """The catalogue with one of its measures as a figure for researchers."""
    return tuple(replace(m, detail=m.name == name) for m in build.catalogue)


def test_figures_for_researchers_are_counted_but_folded(tables, build, tmp_path, page):
    folded = validation_page(tables, INFO, tmp_path, catalogue=as_detail(build, "roughness"))
    headlines = [re.findall(r"<h1>(.*?)</h1>", text) for text in (page, folded)]
    assert headlines[0] == headlines[1]
    for text, kept in ((page, True), (folded, False)):
        shown = re.sub(r"<details>.*?</details>", "", text, flags=re.DOTALL)
        goals = re.findall(r'<table class="stack goals">.*?</table>', shown, flags=re.DOTALL)
        assert any("The interval holds the truth" in table for table in goals) is kept
        assert ("Intervals of all other measures" in text) is not kept
    assert "The interval holds the truth" in folded


@pytest.mark.parametrize(
    ("goal", "name", "folded"),
    [("coverage", "roughness", False), ("coverage", "firmness", True),
     ("coverage_by_tone", "ita", True), ("error_by_tone", "firmness", False),
     ("false_positives", "any_primary", False)],
)  # fmt: skip
def test_goals_of_every_measure_do_not_hide_the_others(build, goal, name, folded):
    row = pd.Series({"goal": goal, "measure": name, "target": "", "value": 1.0, "low": None,
                     "unit": "share", "n": 3, "met": "yes", "remark": ""})  # fmt: skip
    view = _goal_view(row, measures_by_name(build.catalogue))
    assert (view.folded, view.detail) == (folded, False)


def test_long_tables_are_divided_by_family(page, tables):
    start = page.index("Pairs without change that were called changed (")
    table = page[start : page.index("Changes that were found", start)]
    own = tables["false_positives"]
    own = own[own["data_set"] == "phantom"]
    n_texture = int((own["measure"] == "roughness").sum())
    assert 0 < n_texture < len(own)
    assert f"called changed ({len(own)} rows)" in table
    assert f'class="family"><summary>Roughness ({n_texture} rows)</summary>' in table
    assert table.count('class="family"') == 1
    assert table.index("Any primary measure") < table.index('class="family"')


def test_the_page_needs_nothing_but_itself(page):
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', page)
    addresses = re.findall(r'\b(?:src|href)="([^"#][^"]*)"', page)
    assert all(a.startswith("data:") or a.endswith(".csv") for a in addresses)
    assert page.count("<svg") > 4


def test_the_same_input_gives_the_same_bytes_without_times(page, tables, build, tmp_path):
    later = INFO | {"seconds": {"phantom": 99.0}}
    assert made(tables, build, tmp_path, later) == page
    assert "123.4" not in page


def test_only_skin_that_nobody_has_is_shown(page):
    synthetic, real = page.split("Real photographs: clinic")
    assert "data:image/jpeg" in synthetic
    assert "data:image" not in real
    assert "Texture roughness called worsened" in real
    assert "N03" in real


def test_sets_are_never_pooled(page):
    assert "Synthetic skin: phantom" in page
    assert page.count("5 of 45 were called") == 2


def test_how_it_was_made_stands_on_the_page_and_notes_are_escaped(page):
    assert INFO["command"] in page
    assert "default, form 1" in page
    assert "&lt;b&gt;no room" in page


def test_nothing_measured_at_all_still_gives_a_page(build, tmp_path):
    empty = score((), ())
    tables = build_tables(empty) | {
        "goals": build_goals(empty), "pairs": empty.pairs, "scores": empty.scores,
    }  # fmt: skip
    assert "0 of 0 figures reached" in validation_page(tables, INFO, tmp_path)


def test_every_column_of_every_table_has_a_meaning(tables):
    scores, reasons = stored_scores(tables["scores"])
    tables |= {"scores": scores, "reasons": reasons}
    told = validation_dictionary(tables)
    assert (told["meaning"] != "").all()
    assert set(told["table"]) == set(tables)
    assert len(told) == sum(table.shape[1] for table in tables.values())
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", name) for name in told["column"])


def test_a_column_without_a_meaning_is_a_fault(tables):
    with pytest.raises(KeyError, match="surprise"):
        validation_dictionary({"pairs": tables["pairs"].assign(surprise=1)})


def test_a_goal_in_words():
    row = pd.Series({"value": 0.951, "low": 0.9, "high": 0.98, "unit": "share", "n": 120})
    assert goal_words(row) == ("95.1\N{NO-BREAK SPACE}%", "90.0 to 98.0", "120")
    unsaid = pd.Series({"value": None, "low": None, "high": None, "unit": "share", "n": 3})
    assert goal_words(unsaid) == ("", "", "3")
