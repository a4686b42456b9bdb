from dataclasses import replace

import numpy as np
import pytest

from dermadelta.config import Config
from dermadelta.domain import NotMeasured, Role
from dermadelta.stages.observe import observe


def fact(carried, role=Role.AFTER):
    return next(f for f in carried.facts if f.role is role)


def added(carried, role):
    return next(v.blur_to_add_px2 for v in carried.views if v.role is role and v.region == "roi")


def test_the_first_photo_is_the_measure_of_the_others(bench):
    first = fact(bench.carried("no_change"), Role.BEFORE)
    assert (first.sigma2_px2, first.ln_exposure, first.shading_shift) == (0.0, 0.0, 0.0)
    assert first.ln_white_balance == (0.0, 0.0)


def test_nothing_differs_between_like_photos(bench):
    found = fact(bench.carried("no_change"))
    assert found.sigma2_px2 == pytest.approx(0.0, abs=0.15)
    assert found.ln_exposure == pytest.approx(0.0, abs=0.01)
    assert found.ln_white_balance == pytest.approx((0.0, 0.0), abs=0.01)
    assert found.shading_shift < 0.01
    assert found.clipped_share == 0.0


def test_blur_of_the_lens_is_found_and_made_good(bench):
    carried = bench.carried("soft")
    true = 1.6**2 - 0.8**2
    found = fact(carried)
    assert found.sigma2_px2 == pytest.approx(true, rel=0.2)
    assert found.sigma2_se_px2 < 0.5
    assert added(carried, Role.BEFORE) == pytest.approx(found.sigma2_px2)
    assert added(carried, Role.AFTER) == 0.0


def test_exposure_and_white_balance_are_found(bench):
    found = fact(bench.carried("warm"))
    green = 0.2 * np.log(2.0)
    # Green bears the exposure alone, red the gain on top; the mean of three channels' logs.
    assert found.ln_exposure == pytest.approx(green + np.log(1.08) / 3.0, abs=0.01)
    assert found.ln_white_balance[0] == pytest.approx(np.log(1.08), abs=0.01)
    assert found.ln_white_balance[1] == pytest.approx(0.0, abs=0.01)


def test_a_moved_lamp_shows_in_the_shading(bench):
    moved, still = (fact(bench.carried(name)).shading_shift for name in ("lamp", "no_change"))
    assert moved > 4 * still


def test_the_light_comes_from_where_the_skin_is_brighter(bench):
    """Written into the formula: ln light gains 0.008 per mm to the right, 0.005 upwards."""
    skin = bench.FormulaSkin()
    still = bench.homography_only(np.eye(3))
    carried = bench.views_of([skin.aligned(), skin.aligned(role=Role.AFTER, alignment=still)])
    for role in (Role.BEFORE, Role.AFTER):
        x, y = fact(carried, role).light_from
        assert np.degrees(np.arctan2(y, x)) == pytest.approx(-32.0, abs=10.0)
        # Over the ring of untreated skin, 7.8 to 12 mm from the middle.
        assert 0.1 < np.hypot(x, y) < 0.3


def test_clipped_skin_is_counted(bench):
    photos = list(bench.aligned("no_change"))
    carried = bench.carried("no_change")
    shot = photos[1].photo.photo
    clipped = shot.clipped.copy()
    clipped[200:240, 260:320] = True
    photos[1] = replace(
        photos[1], photo=replace(photos[1].photo, photo=replace(shot, clipped=clipped))
    )
    found = fact(observe(carried, photos, Config().observe))
    region = next(v for v in carried.views if v.role is Role.AFTER)
    assert found.clipped_share == pytest.approx(40 * 60 / region.mask.sum(), rel=0.35)


def test_skin_in_shreds_has_no_known_sharpness(bench):
    skin = bench.FormulaSkin()
    photos = [
        skin.aligned(),
        skin.aligned(role=Role.AFTER, alignment=bench.homography_only(np.eye(3))),
    ]
    shreds = np.zeros_like(photos[0].regions.usable)
    shreds[::12] = True
    regions = replace(photos[0].regions, reference=NotMeasured("none"))
    regions = replace(regions, usable=regions.usable & shreds, readable=regions.readable & shreds)
    photos[0] = replace(photos[0], regions=regions)
    carried = bench.views_of(photos)
    assert isinstance(fact(carried).sigma2_px2, NotMeasured)
    assert added(carried, Role.BEFORE) == added(carried, Role.AFTER) == 0.0
