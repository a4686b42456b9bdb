from dataclasses import replace

import numpy as np
import pytest

from dermadelta.config import Config
from dermadelta.domain import REFERENCE, Carried, NotMeasured, Region, Role, Scale, TreatedArea
from dermadelta.kernels.geometry import apply_homography, pixel_grid
from dermadelta.stages.carry import carry

CONFIG = Config().carry


def view_of(carried, role, region="roi"):
    return next(v for v in carried.views if v.role is role and v.region == region)


def own_points(view):
    """Where each pixel of the box lies in its own photo."""
    rows, cols = view.mask.shape
    return pixel_grid((*view.origin, cols, rows))


@pytest.fixture(scope="module")
def same(bench):
    return bench.carried("no_change")


def test_every_region_of_every_photo_is_carried(same):
    found = [(v.photo_id, v.role, v.region) for v in same.views]
    assert sorted(found) == sorted(
        (role.value, role, region) for region in ("roi", REFERENCE) for role in Role
    )
    for view in same.views:
        shape = view.mask.shape
        assert view.rgb.shape == (*shape, 3)
        assert view.rgb.dtype == np.float32
        assert view.skin.shape == view.tile_ids.shape == view.discolouration.shape == shape
        assert not (view.mask & ~view.skin).any()


def test_pixels_are_native(bench, same):
    """Nothing is resampled: each view is a window of its own photo."""
    for view in same.views:
        shot = bench.shot_photo("no_change", view.role, roi=view.role is Role.BEFORE)
        x0, y0 = view.origin
        rows, cols = view.mask.shape
        stored = shot.rgb[y0 : y0 + rows, x0 : x0 + cols]
        curve = shot.to_linear.curves[0]
        assert np.array_equal(view.rgb, curve[stored])


def test_both_views_see_the_same_skin(bench, same):
    """The after mask, brought to the before photo by the truth, covers the before mask."""
    pair = bench.rendered("no_change")
    before, after = view_of(same, Role.BEFORE), view_of(same, Role.AFTER)
    points = apply_homography(pair.after_to_before, own_points(after)[after.mask])
    whole = np.zeros(pair.before.roi.shape, bool)
    x0, y0 = before.origin
    rows, cols = before.mask.shape
    whole[y0 : y0 + rows, x0 : x0 + cols] = before.mask
    cols_at, rows_at = np.round(points).astype(int).T
    assert whole[rows_at, cols_at].mean() > 0.985
    area = np.count_nonzero(after.mask) / after.magnification**2
    assert area == pytest.approx(np.count_nonzero(before.mask), rel=0.01)


def test_magnification_is_that_of_the_camera(bench, same):
    pair = bench.rendered("no_change")
    expected = pair.before.mm_per_px / pair.after.mm_per_px
    assert expected > 1.01, "the second camera is nearer"
    assert view_of(same, Role.AFTER).magnification == pytest.approx(expected, rel=0.005)
    assert view_of(same, Role.BEFORE).magnification == 1.0


def test_tiles_are_the_same_pieces_of_skin(bench, same):
    pair = bench.rendered("no_change")
    after, grid = view_of(same, Role.AFTER), same.grid
    points = apply_homography(pair.after_to_before, own_points(after))[after.mask]
    true = np.floor((points + 0.5) / grid.size_px).astype(int)
    expected = true[:, 1] * grid.n_cols + true[:, 0]
    assert (after.tile_ids[after.mask] == expected).mean() > 0.97
    before = view_of(same, Role.BEFORE)
    sizes = np.bincount(before.tile_ids[before.mask])
    assert np.median(sizes[sizes > 0]) == pytest.approx(grid.size_px**2, rel=0.1)


def test_the_region_falls_into_about_as_many_tiles_as_asked(bench):
    skin = bench.FormulaSkin().aligned()
    few, many = (
        len(np.unique(v.tile_ids[v.mask]))
        for tiles in (20, 200)
        for v in [
            view_of(
                carry(
                    [skin],
                    Config.model_validate({"carry": {"tiles": tiles, "min_tile_px": 2.0}}).carry,
                ),
                Role.BEFORE,
            )
        ]
    )
    assert 20 <= few < 45
    assert 200 <= many < 290


def test_scales_of_both_photos_are_combined_by_certainty(bench, same):
    photos = list(bench.aligned("no_change"))
    after = view_of(same, Role.AFTER)
    first = Scale(0.050, 0.01, "marker")
    second = Scale(0.052 / after.magnification, 0.005, "given")
    for index, scale in enumerate((first, second)):
        photos[index] = replace(photos[index], photo=replace(photos[index].photo, scale=scale))
    found = carry(photos, CONFIG)
    base = view_of(found, Role.BEFORE).scale
    # Weights 1 and 4 on the logarithms.
    assert base.mm_per_px == pytest.approx(np.exp((np.log(0.05) + 4 * np.log(0.052)) / 5), rel=1e-4)
    assert base.rel_sd == pytest.approx((0.01**-2 + 0.005**-2) ** -0.5)
    assert base.source == "marker"
    own = view_of(found, Role.AFTER).scale
    assert own.mm_per_px == pytest.approx(base.mm_per_px / after.magnification)


def test_a_scale_on_one_photo_serves_both(bench):
    photos = list(bench.aligned("no_change"))
    no = NotMeasured("no scale: lay a marker")
    photos[0] = replace(photos[0], photo=replace(photos[0].photo, scale=no))
    found = carry(photos, CONFIG)
    scales = [view_of(found, role).scale for role in Role]
    assert all(isinstance(scale, Scale) for scale in scales)
    assert scales[0].source == "carried"
    photos[1] = replace(photos[1], photo=replace(photos[1].photo, scale=no))
    assert view_of(carry(photos, CONFIG), Role.AFTER).scale == no


def test_pixels_that_one_photo_does_not_show_usably_are_left_out_of_both(bench, same):
    photos = list(bench.aligned("no_change"))
    blind = photos[1].regions.usable.copy()
    blind[:, 250:] = False
    regions = replace(photos[1].regions, usable=blind, readable=blind)
    photos[1] = replace(photos[1], regions=regions)
    found = carry(photos, CONFIG)
    for role in Role:
        share = view_of(found, role).mask.sum() / view_of(same, role).mask.sum()
        assert 0.1 < share < 0.6
    areas = [
        np.count_nonzero(view_of(found, role).mask) / view_of(found, role).magnification ** 2
        for role in Role
    ]
    assert areas[1] == pytest.approx(areas[0], rel=0.02)


def test_too_little_skin_is_not_measured(bench):
    photos = list(bench.aligned("no_change"))
    blind = np.zeros_like(photos[1].regions.usable)
    regions = replace(photos[1].regions, usable=blind, readable=blind)
    photos[1] = replace(photos[1], regions=regions)
    found = carry(photos, CONFIG)
    assert isinstance(found, NotMeasured)
    assert "roi" in found.reason
    empty = replace(photos[0], regions=replace(photos[0].regions, regions=()))
    found = carry([empty, photos[1]], CONFIG)
    assert isinstance(found, NotMeasured)
    assert "mask" in found.reason


def test_reference_skin_that_is_missing_is_remarked(bench, same):
    assert same.remarks == ()
    photos = list(bench.aligned("no_change"))
    none = replace(photos[0].regions, reference=NotMeasured("the whole area was treated"))
    found = carry([replace(photos[0], regions=none), photos[1]], CONFIG)
    assert isinstance(found, Carried)
    assert found.remarks == ("the whole area was treated",)
    assert {v.region for v in found.views} == {"roi"}


def test_a_region_drawn_on_the_after_photo_itself_is_kept(bench):
    photos = list(bench.aligned("no_change"))
    own = np.zeros_like(photos[1].regions.usable)
    own[150:260, 200:330] = True
    regions = replace(photos[1].regions, regions=(Region("roi", own, "given"),))
    photos[1] = replace(photos[1], regions=regions)
    after = view_of(carry(photos, CONFIG), Role.AFTER)
    expected = own & regions.readable
    assert np.count_nonzero(after.mask) == np.count_nonzero(expected)


def scar_on(photo, mask):
    return replace(photo, regions=replace(photo.regions, scar=Region("scar", mask, "given")))


def test_a_scar_mask_on_one_photo_only_is_not_enough(bench):
    photos = list(bench.aligned("no_change"))
    mask = np.zeros_like(photos[0].regions.usable)
    mask[180:230, 250:310] = True
    one = carry([scar_on(photos[0], mask), photos[1]], CONFIG)
    assert isinstance(view_of(one, Role.BEFORE).lesion, NotMeasured)
    assert "each" in view_of(one, Role.BEFORE).lesion.reason
    both = carry([scar_on(photos[0], mask), scar_on(photos[1], mask)], CONFIG)
    view = view_of(both, Role.BEFORE)
    assert np.count_nonzero(view.scar) == mask.sum()


def test_one_threshold_for_both_photos(bench):
    skin = bench.FormulaSkin()
    photos = [
        skin.aligned(),
        skin.aligned(role=Role.AFTER, alignment=bench.homography_only(np.eye(3))),
    ]
    found = carry(photos, CONFIG)
    lesions = {view_of(found, role).lesion for role in Role}
    assert len(lesions) == 1
    view = view_of(found, Role.BEFORE)
    lesion = lesions.pop()
    x0, y0 = view.origin
    rows, cols = view.mask.shape
    scar = skin.masks(0.04)["scar"][y0 : y0 + rows, x0 : x0 + cols] & view.mask
    assert np.median(view.discolouration[scar]) > lesion.boundary_de00
    assert np.quantile(view.discolouration[view.mask & ~scar], 0.9) < lesion.boundary_de00


def test_treated_all_over_has_no_reference_view(bench):
    found = bench.carried("texture", TreatedArea.WHOLE)
    assert {v.region for v in found.views} == {"roi"}
    assert "whole" in found.remarks[0]
