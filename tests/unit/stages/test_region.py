from dataclasses import replace

import numpy as np
import pytest

from dermadelta.domain import NotMeasured, Region, Role, TreatedArea
from dermadelta.kernels.masks import distance_to, grow
from dermadelta.stages.calibrate import CalibrateConfig, calibrate
from dermadelta.stages.region import RegionConfig, region

CONFIG = RegionConfig()


def photo_with(bench, name="no_change", *, keep_roi=False, **given):
    shot = bench.shot_photo(name, Role.BEFORE)
    kept = dict(shot.given) if keep_roi else {}
    return bench.calibrated(replace(shot, given=kept | given), bench.mm_per_px)


def roi_of(bench):
    return bench.rendered("no_change").before.roi


def test_a_given_region_is_taken_as_given(bench):
    found = region(photo_with(bench, keep_roi=True), TreatedArea.LOCAL, None, CONFIG)
    assert [(r.name, r.source) for r in found.regions] == [("roi", "given")]
    assert np.array_equal(found.regions[0].mask, roi_of(bench))


@pytest.mark.parametrize("tone", ["light", "brown", "very dark"])
def test_skin_of_every_tone_is_found_and_the_marker_is_not_skin(bench, tone):
    shot = calibrate(replace(bench.shot_photo(tone, Role.BEFORE), given={}), replace_marker(3.0))
    assert shot.fixtures.any(), "the marker is seen"
    found = region(shot, TreatedArea.UNKNOWN, None, CONFIG)
    assert [(r.name, r.source) for r in found.regions] == [("skin", "automatic")]
    elsewhere = ~grow(shot.fixtures, 12)
    assert found.usable[elsewhere].mean() > 0.9
    assert found.regions[0].mask[elsewhere].mean() > 0.9
    assert not found.usable[shot.fixtures].any()
    assert not found.regions[0].mask[shot.fixtures].any()


def replace_marker(side_mm):
    return CalibrateConfig(marker_mm=side_mm)


def test_a_wall_has_no_skin(bench):
    random = np.random.default_rng(0)
    wall = random.normal(140, 3, (300, 400, 1)).repeat(3, axis=2).astype(np.uint8)
    found = region(bench.calibrated(bench.photo(wall)), TreatedArea.LOCAL, None, CONFIG)
    assert found.regions == ()
    assert not found.usable.any()


def test_an_automatic_region_needs_no_reference_ring(bench):
    found = region(photo_with(bench), TreatedArea.LOCAL, None, CONFIG)
    assert isinstance(found.reference, NotMeasured)
    assert "roi" in found.reference.reason


@pytest.mark.parametrize("treated", [TreatedArea.WHOLE, TreatedArea.UNKNOWN])
def test_no_ring_where_the_pen_may_have_been(bench, treated):
    found = region(photo_with(bench, keep_roi=True), treated, None, CONFIG)
    assert isinstance(found.reference, NotMeasured)
    assert "treated_area" in found.reference.reason
    assert "reference mask" in found.reference.reason


def test_a_local_treatment_leaves_a_ring_of_untreated_skin(bench):
    found = region(photo_with(bench, keep_roi=True), TreatedArea.LOCAL, None, CONFIG)
    ring = found.reference
    assert isinstance(ring, Region)
    assert ring.source == "automatic"
    distance = distance_to(roi_of(bench)) * bench.mm_per_px
    assert distance[ring.mask].min() > CONFIG.ring_inner_mm - 0.1
    assert distance[ring.mask].max() < CONFIG.ring_outer_mm + 0.1
    assert found.usable[ring.mask].mean() > 0.99


def test_the_ring_keeps_off_the_treated_area(bench):
    treated = np.zeros(roi_of(bench).shape, bool)
    treated[:, : treated.shape[1] // 2] = True
    found = region(photo_with(bench, keep_roi=True), TreatedArea.LOCAL, treated, CONFIG)
    assert isinstance(found.reference, Region)
    near = distance_to(treated) * bench.mm_per_px < CONFIG.ring_inner_mm - 0.1
    assert not found.reference.mask[near].any()
    everything = np.ones_like(treated)
    none = region(photo_with(bench, keep_roi=True), TreatedArea.LOCAL, everything, CONFIG)
    assert isinstance(none.reference, NotMeasured)
    assert "too little" in none.reference.reason


def test_the_ring_keeps_to_skin_lit_alike(bench):
    shot = bench.shot_photo("no_change", Role.BEFORE)
    shaded = shot.rgb.copy()
    shaded[:, :120] = (shaded[:, :120] * 0.55).astype(np.uint8)
    dark = bench.calibrated(replace(shot, rgb=shaded), bench.mm_per_px)
    found = region(dark, TreatedArea.LOCAL, None, CONFIG)
    assert isinstance(found.reference, Region)
    assert not found.reference.mask[:, :100].any()


def test_a_given_reference_is_taken_whatever_was_treated(bench):
    mask = np.zeros(roi_of(bench).shape, bool)
    mask[:40] = True
    shot = photo_with(bench, keep_roi=True, reference=mask)
    for treated in TreatedArea:
        found = region(shot, treated, None, CONFIG).reference
        assert isinstance(found, Region)
        assert found.source == "given"
        assert np.array_equal(found.mask, mask)


def test_what_is_excluded_is_not_read(bench):
    mask = np.zeros(roi_of(bench).shape, bool)
    mask[150:300, 200:330] = True
    found = region(photo_with(bench, keep_roi=True, exclude=mask), TreatedArea.LOCAL, None, CONFIG)
    assert not found.usable[mask].any()
    assert not found.readable[mask].any()
    assert dict(found.left_out)["excluded"] == pytest.approx(mask.mean(), abs=0.002)


def test_saturated_and_dark_pixels_are_not_read(bench):
    shot = bench.shot_photo("no_change", Role.BEFORE)
    rgb = shot.rgb.copy()
    rgb[200:230, 250:290] = 255
    rgb[250:280, 250:290] = 4
    spoilt = bench.photo(rgb, given=shot.given)
    found = region(bench.calibrated(spoilt, bench.mm_per_px), TreatedArea.LOCAL, None, CONFIG)
    assert not found.usable[200:230, 250:290].any()
    assert not found.usable[252:278, 252:288].any()
    shares = dict(found.left_out)
    for reason in ("overexposed", "too dark"):
        assert shares[reason] >= 0.9 * 30 * 40 / found.usable.size


def test_a_given_scar_is_kept_and_its_lack_is_said(bench):
    mask = np.zeros(roi_of(bench).shape, bool)
    mask[180:220, 250:300] = True
    found = region(
        photo_with(bench, keep_roi=True, scar_mask=mask), TreatedArea.LOCAL, None, CONFIG
    )
    assert isinstance(found.scar, Region)
    assert np.array_equal(found.scar.mask, mask)
    without = region(photo_with(bench, keep_roi=True), TreatedArea.LOCAL, None, CONFIG)
    assert isinstance(without.scar, NotMeasured)


def test_shares_add_up_to_the_frame(bench):
    found = region(photo_with(bench), TreatedArea.LOCAL, None, CONFIG)
    shares = dict(found.left_out)
    assert all(0.0 <= share <= 1.0 for share in shares.values())
    assert shares["not skin colour"] + found.readable.mean() >= found.usable.mean()
    assert not (found.usable & ~found.readable).any()
