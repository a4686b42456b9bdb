"""The page on repeatability: plain sentences whose numbers are those of the table."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser

import numpy as np
import pytest

from dermadelta.domain import Role, StoredReading
from dermadelta.reporting.repeatability import repeatability_page
from dermadelta.study.repeatability import repeat_points, repeatability_table

INFO = {
    "dermadelta": "0.0",
    "source": "visits",
    "started": "2026-01-01T10:00:00",
    "config": {"estimate": {"primary": ["roughness", "redness"]}},
}
VISITS = (date(2026, 3, 3), date(2026, 4, 14))


def clinic(build, n, *, photos=3, reference=True, regions=("roi",), seed=4):
    """``n`` measured pairs; log roughness repeats to 0.06 with skin, light adds 0.12 to both."""
    random = np.random.default_rng(seed)
    results = []
    for number in range(n):
        pair = build.pair(f"S{number:03d}")
        readings = []
        for role, day in zip((Role.BEFORE, Role.AFTER), VISITS, strict=True):
            light = random.normal(0.0, 0.12, photos)
            names = (*regions, "reference") if reference else regions
            for region in names:
                logs = random.normal(0.0, 0.3) + light + random.normal(0.0, 0.06, photos)
                for k, value in enumerate(logs):
                    ids = (role, f"{pair.subject_id}_{day}_{k}", day, region)
                    rough = float(0.05 * np.exp(value))
                    readings.append(StoredReading("roughness", 2, "1", *ids, rough))
                    readings.append(StoredReading("redness", 2, "EI", *ids, 12.0 + 8.0 * value))
                    readings.append(StoredReading("scar_area", 2, "mm²", *ids, 900.0 * rough))
        results.append(build.result(pair, readings=tuple(readings)))
    return results


def page_of(build, results, info=INFO, catalogue=None):
    measures = catalogue or build.catalogue
    table = repeatability_table(results, measures)
    points = repeat_points(results, measures)
    return table, repeatability_page(table, points, info, catalogue=measures)


class Strict(HTMLParser):
    """Collects ids and open elements, and fails on a wrong end tag."""

    VOID = frozenset({"meta", "link", "input", "img", "br"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag, attrs) -> None:
        self.ids += [value for name, value in attrs if name == "id"]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs) -> None:
        self.ids += [value for name, value in attrs if name == "id"]

    def handle_endtag(self, tag) -> None:
        assert self.open.pop() == tag


def said(text: str) -> str:
    """Visible words of a page, spaces made plain."""
    bare = re.sub(r"<(style|script|svg).*?</\1>", " ", text, flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", bare).replace("\N{NO-BREAK SPACE}", " ").split())


def test_the_sentence_says_the_numbers_of_the_table(build):
    table, page = page_of(build, clinic(build, 20))
    row = table[(table.measure == "roughness") & (table.basis == "plain")].iloc[0]
    up, down = f"{row.sdc_pct_up:.0f} %", f"{row.sdc_pct_down:.0f} %"
    assert (
        f"Two photographs of the same skin on the same day differ by up to {up} in 95 of 100 "
        f"cases; a single change must exceed {up} upwards or {down} downwards to be detectable "
        "here." in said(page)
    )
    red = table[(table.measure == "redness") & (table.basis == "corrected")].iloc[0]
    assert f"a single change must exceed {red.sdc:.1f} EI to be detectable here." in said(page)
    assert "From 120 photographs, 40 visits, 20 people." in said(page)
    assert "40 visits of 20 people with repeat photographs" in said(page)


def test_primary_measures_get_a_figure_for_either_basis_and_all_stand_in_the_table(build):
    _, page = page_of(build, clinic(build, 6))
    figures = re.findall(r'aria-label="([^"]*repeat photographs[^"]*)"', page)
    assert len(figures) == 4
    assert figures[0].startswith("Texture: the region alone: 12 pairs of repeat photographs, bias")
    assert "Scar area" in said(page)
    assert len(re.findall('aria-label="[^"]*repeat', page_of(build, clinic(build, 6), {})[1])) == 6


def test_few_repeats_are_called_few(build):
    assert "first impression" in said(page_of(build, clinic(build, 2, photos=2))[1])
    assert "first impression" not in said(page_of(build, clinic(build, 20))[1])


def test_the_page_needs_nothing_but_itself(build):
    _, page = page_of(build, clinic(build, 4, regions=("cheek_left", "forehead")))
    parser = Strict()
    parser.feed(page)
    parser.close()
    assert parser.open == []
    assert len(parser.ids) == len(set(parser.ids))
    links = re.findall(r'(?:src|href)="([^"#]+)"', page)
    assert set(links) == {"data:,", "report.html"}
    targets = re.findall(r'href="#([^"]+)"|url\(#([^)]+)\)', page)
    assert {a or b for a, b in targets} <= set(parser.ids)
    # One style sheet: that of the page. Figures must not bring their own.
    assert page.count("<style") == 1
    assert "<metadata" not in page
    assert "<?xml" not in page


def test_regions_are_told_apart(build):
    _, page = page_of(build, clinic(build, 4, regions=("cheek_left", "forehead")))
    assert "Texture · cheek left" in said(page)
    assert "Texture · forehead" in said(page)


def test_the_same_input_gives_the_same_page(build):
    first = page_of(build, clinic(build, 5))[1]
    later = page_of(build, clinic(build, 5), {**INFO, "started": "2027-06-06T01:00:00"})[1]
    assert first == later


def test_without_repeats_the_page_says_what_to_do(build):
    _, page = page_of(build, clinic(build, 3, photos=1))
    assert "No visit with repeat photographs" in said(page)
    assert "take two or more a visit" in said(page)
    assert "nan" not in said(page).lower().replace("finance", "")


@pytest.mark.parametrize("results", [0, 1])
def test_a_table_without_rows_still_makes_a_page(build, results):
    _, page = page_of(build, [build.refused()] * results)
    assert "No visit with repeat photographs" in said(page)


def test_hostile_names_stay_text(build):
    hostile = replace(build.catalogue[0], title=build.hostile)
    region = "<b>roi</b>"
    _, page = page_of(build, clinic(build, 3, regions=(region,)), catalogue=(hostile,))
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert region not in page
