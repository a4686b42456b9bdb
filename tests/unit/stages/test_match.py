from dataclasses import replace

import numpy as np
import pytest

from dermadelta import measures
from dermadelta.config import Config
from dermadelta.domain import NotMeasured, Read, Reading, Role, Tiles
from dermadelta.stages.match import MatchConfig, match

TILES = Tiles(np.zeros(1, np.int32), np.ones(1), np.ones(1), "mean")


@pytest.fixture(scope="module")
def item():
    return measures.by_name("roughness")  # any record: the stage looks at marks only


@pytest.fixture(scope="module")
def nearer(bench):
    """The same skin with 1.25 times the pixels."""
    skin = bench.FormulaSkin()
    to_before = np.array([[0.8, 0, -0.1], [0, 0.8, -0.1], [0, 0, 1.0]])
    return [
        skin.aligned(0.04),
        skin.aligned(0.032, role=Role.AFTER, alignment=bench.homography_only(to_before)),
    ]


def marked(view, item, places_mm, size_mm, mm_per_px):
    """A reading with marks at places counted from the middle of the skin, in mm."""
    middle = np.array([14.0, 10.5])
    px = (places_mm + middle) / mm_per_px - 0.5 - np.array(view.origin)
    marks = np.column_stack([px, np.full(len(px), size_mm / mm_per_px)])
    return Reading(item.name, view.role, view.photo_id, view.region, Read(1.0, TILES, marks=marks))


def grid_of(n):
    side = np.linspace(-4.0, 4.0, n)
    return np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)


def matched_of(bench, nearer, item, before, after, sizes=(0.2, 0.2), config=None):
    views = bench.views_of(nearer)
    own = {v.role: v for v in views.views if v.region == "roi"}
    readings = [
        marked(own[Role.BEFORE], item, before, sizes[0], 0.04),
        marked(own[Role.AFTER], item, after, sizes[1], 0.032),
    ]
    return match(readings, nearer, views, [item], config or MatchConfig())[0]


def test_the_same_marks_are_found_again_whatever_the_magnification(bench, nearer, item):
    places = grid_of(9)
    found = matched_of(bench, nearer, item, places, places)
    assert (found.n_before, found.n_after, found.matched) == (81, 81, 81)
    assert found.distance_px == pytest.approx(0.0, abs=1e-6)
    assert found.size_change_pct == pytest.approx(0.0, abs=1e-6)
    assert (found.before_photo_id, found.after_photo_id) == ("before", "after")


def test_a_change_of_size_is_told_of_those_that_match(bench, nearer, item):
    places = grid_of(9)
    found = matched_of(bench, nearer, item, places, places[::2], sizes=(0.2, 0.15))
    assert (found.matched, found.n_after) == (41, 41)
    assert found.size_change_pct == pytest.approx(-25.0)


def test_marks_elsewhere_match_as_often_as_chance_says(bench, nearer, item):
    rng = np.random.default_rng(8)
    before, after = rng.uniform(-4.0, 4.0, (2, 400, 2))
    wide = MatchConfig(tolerance_sizes=1.0)
    found = matched_of(bench, nearer, item, before, after, sizes=(0.25, 0.25), config=wide)
    assert found.matched == pytest.approx(found.by_chance, rel=0.2)


def test_what_is_not_there_on_both_photos_is_not_counted(bench, nearer, item):
    views = bench.views_of(nearer)
    own = next(v for v in views.views if v.region == "roi" and v.role is Role.BEFORE)
    reading = marked(own, item, grid_of(5), 0.2, 0.04)
    assert match([reading], nearer, views, [item], MatchConfig()) == ()
    empty = Reading(item.name, Role.AFTER, "after", "roi", NotMeasured("nothing there"))
    assert match([reading, empty], nearer, views, [item], MatchConfig()) == ()


def test_none_matched_says_so(bench, nearer, item):
    places = grid_of(5)
    found = matched_of(bench, nearer, item, places, places + 1.0)
    assert found.matched == 0
    assert isinstance(found.distance_px, NotMeasured)
    assert isinstance(found.size_change_pct, NotMeasured)


def test_settings_are_part_of_the_configuration(item):
    config = Config.model_validate({"match": {"tolerance_sizes": 2.0}})
    assert config.match == replace_config(tolerance_sizes=2.0)


def replace_config(**changes):
    return MatchConfig().model_copy(update=changes)


def test_the_error_of_the_alignment_adds_to_the_tolerance(bench, nearer, item):
    places = grid_of(5)
    sharp = matched_of(bench, nearer, item, places, places)
    alignment = replace(nearer[1].alignment, rms_px=10.0)
    loose = [nearer[0], replace(nearer[1], alignment=alignment)]
    wide = matched_of(bench, loose, item, places, places)
    assert wide.tolerance_px == pytest.approx(np.sqrt(sharp.tolerance_px**2 - 0.2**2 + 100.0))
