import numpy as np
import pytest
from pydantic import ValidationError

from dermadelta import measures
from dermadelta.config import Config
from dermadelta.domain import NotMeasured, Role
from dermadelta.stages.depict import DepictConfig, depict
from dermadelta.stages.measure import measure

CONFIG = DepictConfig()


def pictures_of(bench, first, second, config=CONFIG):
    photos = (
        first.aligned(),
        second.aligned(role=Role.AFTER, alignment=bench.homography_only(np.eye(3))),
    )
    views = bench.views_of(photos)
    readings = measure(views, measures.ALL, Config().params(), Config().measure)
    found = depict(*photos, views, readings, measures.ALL, config)
    return {picture.name: picture for picture in found}, found


@pytest.fixture(scope="module")
def still(bench):
    return pictures_of(bench, bench.FormulaSkin(), bench.FormulaSkin())


@pytest.fixture(scope="module")
def changed(bench):
    return pictures_of(
        bench, bench.FormulaSkin(contrast=0.03), bench.FormulaSkin(contrast=0.06, redder=0.12)
    )[0]


def colourfulness(picture):
    return np.ptp(picture.pixels.astype(int), axis=2)


def inside(pictures):
    return pictures["mask_before_roi.png"].pixels > 0


def test_all_pictures_share_one_crop_and_have_their_own_names(still):
    by_name, found = still
    assert len(by_name) == len(found)
    assert len({picture.pixels.shape[:2] for picture in found}) == 1
    assert all(picture.pixels.dtype == np.uint8 for picture in found)
    assert all(picture.caption for picture in found)
    assert {p.kind for p in found} == {"before", "after", "heat", "mask"}
    for picture in found:
        assert picture.pixels.ndim == (2 if picture.kind == "mask" else 3)
        assert picture.name.endswith(".jpg" if picture.kind in ("before", "after") else ".png")


def test_there_is_a_heat_map_for_every_measure_that_has_a_level_in_every_place(still):
    by_name, _ = still
    # Not read without a card; a sum of areas; a number of things.
    without = {"roughness_unscaled", "ita", "red_area", "spots_density"}
    without |= {"lines_length", "lines_area_share", "lines_depth"}  # no lines on this skin
    without |= {"stretch_length", "pores_density"}  # single things have no level in a place
    read = {m.name for m in measures.ALL if not m.detail} - without
    assert {n for n in by_name if n.startswith("heat_")} == {f"heat_roi_{n}.png" for n in read}
    assert {n for n in by_name if n.startswith("mask_")} == {
        f"mask_{role}_{region}.png"
        for role in ("before", "after")
        for region in ("roi", "reference")
    }


def test_pictures_are_no_larger_than_asked(bench):
    skin = bench.FormulaSkin()
    _, found = pictures_of(bench, skin, skin, DepictConfig(longer_side_px=240))
    assert max(found[0].pixels.shape[:2]) == 240
    assert len({picture.pixels.shape[:2] for picture in found}) == 1


def test_the_photos_lie_on_one_another(still):
    by_name, _ = still
    assert np.array_equal(by_name["before.jpg"].pixels, by_name["after.jpg"].pixels)
    assert np.array_equal(
        by_name["mask_before_roi.png"].pixels, by_name["mask_after_roi.png"].pixels
    )


def test_photos_that_moved_are_laid_on_one_another(bench):
    found = bench.outcome("no_change")
    pictures = {
        p.name: p.pixels.astype(float)
        for p in depict(*found.photos, found.views, found.readings, measures.ALL, CONFIG)
    }
    roi = pictures["mask_before_roi.png"] > 0
    before, after = (pictures[f"{role}.jpg"][..., 1] for role in ("before", "after"))
    assert np.corrcoef(before[roi], after[roi])[0, 1] > 0.8
    shifted = np.roll(after, 9, axis=1)
    assert np.corrcoef(before[roi], shifted[roi])[0, 1] < 0.65


@pytest.mark.parametrize("name", ["roughness", "redness", "redness_lab"])
def test_heat_is_neutral_where_nothing_changed(still, name):
    by_name, _ = still
    assert colourfulness(by_name[f"heat_roi_{name}.png"]).max() <= 1


@pytest.mark.parametrize("name", ["roughness", "redness", "redness_lab"])
def test_heat_turns_orange_where_there_is_more(changed, name):
    heat = changed[f"heat_roi_{name}.png"].pixels[inside(changed)].astype(int)
    assert (heat[:, 0] - heat[:, 2]).mean() > 20
    outside = colourfulness(changed[f"heat_roi_{name}.png"])[~inside(changed)]
    assert outside.max() <= 1


def test_heat_turns_blue_where_there_is_less(bench):
    more = bench.FormulaSkin(contrast=0.06, redder=0.12)
    found, _ = pictures_of(bench, more, bench.FormulaSkin(contrast=0.03))
    for name in ("roughness", "redness"):
        heat = found[f"heat_roi_{name}.png"].pixels[inside(found)].astype(int)
        assert (heat[:, 2] - heat[:, 0]).mean() > 20


def test_scars_are_outlined_not_coloured(changed):
    picture = changed["heat_roi_scar_area.png"]
    assert "outline" in picture.caption
    lines = colourfulness(picture) > 60
    assert 0 < lines.mean() < 0.1


def test_captions_tell_the_ends_of_the_scale(still):
    by_name, _ = still
    ratio = DepictConfig().heat_log
    assert f"{100 * np.expm1(ratio):.0f} %" in by_name["heat_roi_roughness.png"].caption
    assert "EI" in by_name["heat_roi_redness.png"].caption


def test_a_refused_pair_shows_both_photos_as_taken(bench):
    skin = bench.FormulaSkin()
    photos = (skin.aligned(), skin.aligned(role=Role.AFTER))
    found = depict(*photos, NotMeasured("other skin"), (), (), DepictConfig(longer_side_px=300))
    assert [picture.kind for picture in found] == ["before", "after"]
    rows, cols = photos[0].photo.photo.rgb.shape[:2]
    assert found[0].pixels.shape[:2] == (round(300 * rows / cols), 300)


@pytest.mark.parametrize("end", [0.0, -1.0])
def test_a_heat_scale_without_width_is_no_setting(end):
    with pytest.raises(ValidationError):
        DepictConfig(heat_difference={"EI": end})
