import numpy as np
import pytest
from scipy import ndimage

from dermadelta.kernels.colour import lab_to_linear
from dermadelta.kernels.masks import (
    dark_strands,
    disc,
    distance_to,
    drop_small_parts,
    fill_holes,
    grow,
    log_chromaticity,
    picked,
    shrink,
    skin_colour,
    specular,
)

SHAPE = (120, 160)
SKIN = lab_to_linear((62.0, 13.0, 17.0)).astype(np.float32)


def disc_mask(radius, centre=(60, 80)):
    rows, cols = np.mgrid[0 : SHAPE[0], 0 : SHAPE[1]]
    return np.hypot(rows - centre[0], cols - centre[1]) <= radius


def skin_picture(colour=SKIN, seed=0):
    random = np.random.default_rng(seed)
    noise = random.normal(1.0, 0.02, (*SHAPE, 3))
    return (colour * noise).astype(np.float32)


def test_disc_is_round_and_odd():
    assert disc(0).shape == (3, 3)
    found = disc(6.4)
    assert found.shape == (13, 13)
    assert found[0, 0] == 0
    assert found[6, 0] == 1


def test_distance():
    mask = disc_mask(10)
    exact = ndimage.distance_transform_edt(~mask)
    assert distance_to(mask) == pytest.approx(exact, rel=0.03, abs=0.1)
    assert np.isinf(distance_to(np.zeros(SHAPE, bool))).all()


def test_grow_and_shrink_by_a_radius():
    mask = disc_mask(20)
    assert (grow(mask, 8.0) ^ disc_mask(28)).sum() < 0.05 * disc_mask(28).sum()
    assert (shrink(mask, 8.0) ^ disc_mask(12)).sum() < 0.1 * disc_mask(12).sum()
    assert np.array_equal(grow(mask, 0), mask)
    assert np.array_equal(shrink(mask, 0), mask)
    everything = np.ones(SHAPE, bool)
    assert shrink(everything, 9).all()  # the border of the picture is not the end of the skin
    assert not grow(~everything, 9).any()


def test_small_parts_and_holes():
    mask = disc_mask(30)
    mask[58:61, 78:81] = False
    mask[3:5, 3:6] = True
    assert np.array_equal(drop_small_parts(mask, 7), mask & disc_mask(40))
    assert np.array_equal(fill_holes(mask, 10) & disc_mask(40), disc_mask(30))
    assert np.array_equal(fill_holes(mask, 9), mask)  # a gap of exactly the area stays


def test_parts_hang_together_over_corners():
    mask = np.eye(12, dtype=bool)
    assert drop_small_parts(mask, 12).all() == mask.all()
    assert drop_small_parts(mask, 12).sum() == 12
    assert not drop_small_parts(mask, 13).any()


def test_glare_is_bright_and_grey():
    rgb = skin_picture()
    glare, reddish = disc_mask(3, (40, 40)), disc_mask(3, (80, 120))
    rgb[glare] += np.float32(0.35)  # the lamp's own colour on top
    rgb[reddish] *= np.float32(1.9)  # brighter skin of the same colour
    found = specular(rgb, 1.35, 8.0)
    assert found[glare].mean() > 0.9
    assert not found[reddish].any()
    assert found[~disc_mask(5, (40, 40))].mean() < 1e-3


def test_hair_is_found_and_pores_are_kept():
    rgb = skin_picture()
    hair = np.zeros(SHAPE, bool)
    for x in range(20, 140):
        y = 30 + x // 4
        hair[y : y + 2, x] = True
    pore = disc_mask(2, (90, 40))
    rgb[hair | pore] *= np.float32(0.4)
    found = dark_strands(rgb, 3.0, 0.35)
    assert found[hair].mean() > 0.9
    assert not found[pore].any()
    assert not found[~grow(hair, 3)].any()


def test_even_skin_has_no_hair():
    assert not dark_strands(np.tile(SKIN, (*SHAPE, 1)), 3.0, 0.35).any()


def test_chromaticity_is_free_of_light():
    rgb = skin_picture()
    shaded = rgb * np.linspace(0.3, 1.4, SHAPE[1], dtype=np.float32)[None, :, None]
    assert log_chromaticity(shaded) == pytest.approx(log_chromaticity(rgb), abs=1e-5)


@pytest.mark.parametrize(
    "lab", [(72.0, 9.0, 15.0), (58.0, 12.0, 19.0), (42.0, 13.0, 20.0), (28.0, 9.0, 13.0)]
)
def test_skin_of_every_tone_is_told_from_cloth(lab):
    rgb = skin_picture(lab_to_linear(lab).astype(np.float32))
    rgb[:, :50] = lab_to_linear((50.0, -10.0, -30.0))  # blue cloth
    rgb[100:, :] = (0.5, 0.5, 0.5)  # grey wall
    found = skin_colour(rgb, np.ones(SHAPE, bool), distance=3.5, floor_sd=0.06)
    inside = np.zeros(SHAPE, bool)
    inside[:100, 50:] = True
    assert found[inside].mean() > 0.97
    assert not found[~inside].any()


def test_skin_is_sought_where_allowed_only():
    rgb = skin_picture()
    allowed = disc_mask(40)
    found = skin_colour(rgb, allowed, distance=3.5, floor_sd=0.06)
    assert found[allowed].mean() > 0.97
    assert not found[~allowed].any()
    assert not skin_colour(rgb, disc_mask(4), distance=3.5, floor_sd=0.06).any()
    wall = np.full((*SHAPE, 3), 0.4, np.float32)
    assert not skin_colour(wall, np.ones(SHAPE, bool), distance=3.5, floor_sd=0.06).any()


@pytest.mark.parametrize("shape", [(7, 9), (7, 9, 3)])
@pytest.mark.parametrize("share", [0.0, 0.4, 1.1])
def test_picked_pixels_are_those_of_a_boolean_index(shape, share):
    rng = np.random.default_rng(0)
    values, mask = rng.random(shape, dtype=np.float32), rng.random(shape[:2]) < share
    found, whole = picked(mask, values[:, ::-1], values)
    assert np.array_equal(found, values[:, ::-1][mask])
    assert np.array_equal(whole, values[mask])
    assert found.dtype == np.float32
