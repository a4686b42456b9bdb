"""Figures: parsable, the same each time, and harmless to the page around them."""

from __future__ import annotations

import math
import re
import subprocess
import sys
import xml.etree.ElementTree as ET

import matplotlib as mpl
import numpy as np
import pytest

from dermadelta.domain import Interval
from dermadelta.reporting import plots

HOSTILE = "<script>alert(1)</script> & $x^2$ \"'"
X = np.linspace(-40.0, 20.0, 13)
ROWS = [("light", 95.0, 91.2, 98.0, 99), ("dark", 88.2, 80.0, 93.0, 60)]


def bland_altman(title="Repeats"):
    limits = (Interval(-2.0, -2.6, -1.4), Interval(2.2, 1.6, 2.8))
    return plots.bland_altman_figure(
        X, 0.05 * X, Interval(0.1, -0.2, 0.4), limits, unit="EI", title=title
    )


def forest(title="Coverage"):
    return plots.forest_figure(ROWS, goal=(93.0, 97.0), xlabel="%", title=title)


def truth(title="Truth"):
    return plots.truth_figure(
        X, X + 3.0, X - 1.0, X + 7.0, unit="%", title=title, groups=["rig", "hand"] * 6 + ["rig"]
    )


def power(title="Power"):
    return plots.power_figure(
        [50, 10, 25], [1, 0.3, 0.8], [0.9, 0.2, 0.7], [1, 0.4, 0.9], title=title, goal=(25, 0.8)
    )


def histogram(title="Null"):
    return plots.histogram_figure(X, unit="%", title=title, limits=(-10.0, 10.0))


FIGURES = (bland_altman, forest, truth, power, histogram)


@pytest.mark.parametrize("figure", FIGURES)
def test_a_figure_is_one_element_that_names_itself(figure):
    root = ET.fromstring(figure(HOSTILE))  # noqa: S314
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert root.get("role") == "img"
    assert root.get("aria-label").startswith(HOSTILE)
    assert "width" not in root.attrib
    # Nothing that a title holds becomes an element, a formula or a style.
    assert HOSTILE in [element.text for element in root.iter()]
    assert not {"script", "style", "metadata"} & {e.tag.split("}")[1] for e in root.iter()}


@pytest.mark.parametrize("figure", FIGURES)
def test_the_same_figure_is_the_same_text(figure):
    first = figure()
    with mpl.rc_context({"font.size": 30.0, "axes.grid": False}):
        assert figure() == first
        assert mpl.rcParams["font.size"] == 30.0


def test_figures_of_one_page_share_no_id():
    ids = [name for figure in FIGURES for name in re.findall(r'\bid="([^"]+)"', figure())]
    assert len(ids) == len(set(ids))
    for figure in FIGURES:
        text = figure()
        own = set(re.findall(r'\bid="([^"]+)"', text))
        assert set(re.findall(r'(?:href="#|url\(#)([^")]+)', text)) <= own


def test_what_a_figure_says():
    label = ET.fromstring(bland_altman()).get("aria-label")  # noqa: S314
    assert label == (
        "Repeats: 13 pairs of repeat photographs, bias 0.1 EI, limits of agreement −2 to 2.2 EI"
    )
    assert "light: 95 (91 to 98), n = 99" in forest()
    assert "the interval holds the truth in 13" in truth()
    assert "10 %: 30 %; 25 %: 80 %; 50 %: 100 %" in power()


def test_nothing_to_show_is_said():
    empty = (
        plots.bland_altman_figure([], [], None, None, unit="EI", title="a"),
        plots.forest_figure([], goal=None, xlabel="%", title="b"),
        plots.truth_figure([], [], [], [], unit="%", title="c", groups=[]),
        plots.power_figure([], [], [], [], title="d"),
        plots.histogram_figure([math.nan], unit="%", title="e"),
    )
    assert all("nothing to show" in text for text in empty)


def test_rows_without_a_number_or_an_end():
    rows = [("none", math.nan, 0.0, 0.0, 0), ("open", 5.0, -math.inf, math.inf, 3), *ROWS]
    text = plots.forest_figure(rows, goal=(90.0, math.inf), xlabel="%", title="x")
    assert "not measured" in text
    assert "5 (−∞ to ∞), n = 3" in text


def test_points_that_are_no_numbers_are_left_out():
    text = plots.truth_figure(
        [1.0, math.nan], [1.0, 2.0], [0.0, 0.0], [2.0, 3.0], unit="%", title="x", groups=[]
    )
    assert "1 pairs" in text


def test_letters_that_the_font_lacks_do_not_warn():
    assert "皮膚" in histogram("皮膚 \udcff")


def test_drawing_is_loaded_when_it_is_needed():
    code = "import sys, dermadelta.reporting.plots; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
