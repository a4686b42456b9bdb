"""The colour bench: its figures from numbers that are known, its draws, its printers."""

import sys
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest


@pytest.fixture(scope="module")
def bench():
    before = list(sys.path)
    sys.path.insert(0, str(Path(__file__).parents[2] / "bench"))
    names = ("shots", "cards", "figures", "people", "report")
    yield SimpleNamespace(**{name: import_module(f"colour_{name}") for name in names})
    sys.path[:] = before


def change(bench, person: int, draw: int, error: float, kept: float = 1.0, **more):
    truth = (-6.0, -4.0)
    read = tuple(t * kept + error for t in truth)
    known = {"setting": bench.shots.LIGHT.name, "tone": "I", "used": "none/none", "refused": ""}
    reads = dict.fromkeys(("contrast", "plain", "grey", "skin", "anchored"), read)
    return bench.shots.Change(
        person=person, draw=draw, truth=truth, truth_plain=truth, **(known | reads | more)
    )


def pick(figures, words: str, unit: str = ""):
    (found,) = (f for f in figures if words in f.figure and unit in (f.unit, ""))
    return found


def test_the_spread_is_that_over_the_draws_of_one_skin(bench):
    errors = {0: (1.0, 1.2, 0.8), 1: (-2.0, -2.2, -1.8)}
    found = [change(bench, p, d, e) for p, own in errors.items() for d, e in enumerate(own)]
    figure = pick(bench.figures.figures(found, [], [], []), "against reference skin", "EI")
    assert figure.value == pytest.approx(0.2)
    assert (figure.n, figure.limit, figure.met) == (6, 0.2, "yes")
    assert "mean error -0.50" in figure.remark


def test_what_a_normalisation_takes_away_is_told(bench):
    found = [change(bench, 0, draw, 0.0, grey=(-6.0 * 0.77, -4.0 * 0.77)) for draw in range(3)]
    figures = bench.figures.figures(found, [], [], [])
    assert pick(figures, "gray-world normalisation (not ours), EI").value == pytest.approx(23.0)
    assert pick(figures, "against reference skin, a*").value == pytest.approx(0.0, abs=1e-9)


def test_tones_are_compared_where_there_are_enough_pairs(bench):
    error = bench.people.ToneError
    found = [error("own", "light", 0.5)] * 8 + [error("own", "dark", -0.8)] * 8
    found += [error("own", "tan", 9.0)] * 7
    (figure,) = bench.figures.figures([], [], found, [])
    assert (figure.value, figure.met) == (pytest.approx(1.6), "no")


def test_one_diffuse_pair_that_is_measured_is_one_too_many(bench):
    pair = bench.people.Diffuse
    found = [pair(n, "nothing", 4.0, (), "read") for n in range(19)]
    found.append(pair(19, "scale", 4.0, ("redness",), "read"))
    (figure,) = bench.figures.figures([], [], [], found)
    assert (figure.value, figure.met, figure.remark) == (
        95.0,
        "no",
        "measured all the same: redness",
    )


def test_draws_stay_within_what_the_page_says_and_are_repeatable(bench):
    shots = bench.shots
    cases = [shots.lesion_case(shots.TONES_TARGET, 1, draw) for draw in range(30)]
    assert cases[3] == shots.lesion_case(shots.TONES_TARGET, 1, 3)
    assert len({case.skin for case in cases}) == 1
    cameras = [plan.camera for case in cases for plan in (case.before, case.after)]
    for name, (low, high) in (
        ("gamma", shots.GAMMA), ("contrast", shots.CONTRAST), ("saturation", shots.SATURATION),
        ("wb_red", (0.88, 1.12)),
    ):  # fmt: skip
        values = [getattr(camera, name) for camera in cameras]
        assert low <= min(values) < max(values) <= high
        assert np.ptp(values) > 0.7 * (high - low)
    assert shots.SEED % 2 == 1


def test_a_printer_keeps_the_order_of_greys_and_is_never_what_was_designed(bench):
    press = bench.cards.printer(np.random.default_rng(1))
    greys = press(np.repeat(np.linspace(0.0, 1.0, 9)[:, None], 3, axis=1))
    assert (np.diff(greys, axis=0) > 0).all()
    assert greys.min() > 0.02
    assert greys.max() < 0.95
    values = bench.cards.measured_values(press, np.random.default_rng(2))
    assert len(values) == 25


def test_the_page_has_every_figure_beside_its_goal(bench):
    found = [change(bench, 0, draw, 0.1 * draw) for draw in range(3)]
    figures = bench.figures.figures(found, [], [], [])
    page = bench.report.page(figures, found, ["person 3: not found"], "python x.py")
    assert "≤ 0.2 EI" in page
    assert "person 3: not found" in page
    assert all(figure.figure in page for figure in figures)
    rows = bench.report.lesion_rows(found)
    assert rows[2]["contrast_ei"] == pytest.approx(-5.8)
