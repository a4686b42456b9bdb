from dataclasses import replace

import numpy as np
import pytest

from dermadelta.config import Config
from dermadelta.domain import NotMeasured, Role, TreatedArea
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


def test_the_slope_of_the_light_is_that_of_the_formula_whatever_was_treated(bench):
    """ln light gains 0.008 per mm to the right and 0.005 upwards; the region turned red."""
    still = bench.homography_only(np.eye(3))
    before = bench.FormulaSkin().aligned()
    after = bench.FormulaSkin(redder=-0.1).aligned(role=Role.AFTER, alignment=still)
    carried = bench.views_of([before, after])
    slopes = [np.array(fact(carried, role).light_slope) for role in (Role.BEFORE, Role.AFTER)]
    for found in slopes:
        assert np.degrees(np.arctan2(found[1], found[0])) == pytest.approx(-32.0, abs=5.0)
        assert 0.15 < np.hypot(*found) < 0.3  # over some 24 mm
    assert np.hypot(*(slopes[1] - slopes[0])) < 0.05 * np.hypot(*slopes[0])


def test_a_moved_lamp_changes_the_slope_of_the_light(bench):
    carried = {name: bench.carried(name) for name in ("lamp", "no_change")}
    change = {
        name: np.hypot(*np.subtract(fact(item).light_slope, fact(item, Role.BEFORE).light_slope))
        for name, item in carried.items()
    }
    assert change["lamp"] > 4.0 * change["no_change"]


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


def test_without_reference_skin_part_of_a_large_blur_is_made_good(bench):
    """The other photo is left as it is; what is corrected has the sign of what was seen."""
    carried = bench.carried("soft", TreatedArea.WHOLE)
    found = fact(carried)
    assert found.anchor == "region"
    assert 0.03 * found.sigma2_px2 < added(carried, Role.BEFORE) < found.sigma2_px2
    assert added(carried, Role.AFTER) == 0.0


def test_without_reference_skin_a_change_of_relief_is_not_taken_for_blur(bench):
    """Relief weaker by 45 % reads as 0.9 px² here, which would take a third of it away."""
    carried = bench.carried("texture", TreatedArea.WHOLE)
    assert fact(carried).sigma2_px2 > 0.5
    assert 0.0 <= added(carried, Role.BEFORE) < 0.2


def test_every_view_knows_its_noise(bench):
    """Twice the noise of the sensor, in the after photo only."""
    skin = bench.FormulaSkin()
    rng = np.random.default_rng(4)
    photos = [
        skin.aligned(),
        skin.aligned(role=Role.AFTER, alignment=bench.homography_only(np.eye(3))),
    ]
    views = bench.views_of(photos).views
    noisy = tuple(
        replace(v, rgb=v.rgb * np.exp(rng.normal(0.0, 0.02, v.rgb.shape[:2])[..., None]))
        if v.role is Role.AFTER
        else v
        for v in views
    )
    carried = replace(bench.views_of(photos), views=noisy)
    for before, after in zip(
        (
            v.noise
            for v in observe(carried, photos, Config().observe).views
            if v.role is Role.BEFORE
        ),
        (v.noise for v in observe(carried, photos, Config().observe).views if v.role is Role.AFTER),
        strict=True,
    ):
        assert after - before == pytest.approx(0.02**2, rel=0.15)


def test_noise_is_known_on_both_photos_or_on_none(bench):
    skin = bench.FormulaSkin()
    photos = [
        skin.aligned(),
        skin.aligned(role=Role.AFTER, alignment=bench.homography_only(np.eye(3))),
    ]
    carried = bench.views_of(photos)
    views = []
    for view in carried.views:
        mask = np.zeros_like(view.mask)
        mask[::12] = view.mask[::12]
        shreds = view.region == "roi" and view.role is Role.AFTER
        views.append(replace(view, mask=mask) if shreds else view)
    found = observe(replace(carried, views=tuple(views)), photos, Config().observe).views
    known = {v.region: set() for v in found}
    for view in found:
        known[view.region].add(isinstance(view.noise, float))
    assert known["roi"] == {False}
    assert known.get("reference", {True}) == {True}
