import numpy as np
import pytest

from dermadelta.phantom.edits import Band, Edit, added_pigment, edited, redness, roughness
from dermadelta.phantom.fields import smooth_noise
from dermadelta.phantom.skin import HAEMOGLOBIN_OD, MELANIN_OD, Grid
from dermadelta.phantom.treatment import Outline

SHAPE = (480, 640)
GRID = Grid(SHAPE[1], SHAPE[0], 1.0)
ROI = Outline(20.0, -10.0, 150.0, 120.0, waviness=0.05, seed=1)
BAND = Band(5.0, 25.0)


def skin() -> np.ndarray:
    texture = np.exp(0.05 * smooth_noise(np.random.default_rng(2), SHAPE, 2.0))
    colour = np.array((0.42, 0.25, 0.17), dtype=np.float32)
    return (texture[..., None] * colour).astype(np.float32)


INSIDE = ROI.outside_mm(GRID) <= -12.0
OUTSIDE = ROI.outside_mm(GRID) > 25.0


def test_no_edit_changes_nothing():
    np.testing.assert_array_equal(edited(skin(), Edit(), ROI, BAND), skin())


@pytest.mark.parametrize("factor", [0.5, 0.8])
def test_detail_of_the_band_shrinks_and_nothing_else_does(factor):
    before, after = skin(), edited(skin(), Edit(detail=factor), ROI, BAND)
    change = roughness(after, INSIDE, BAND) / roughness(before, INSIDE, BAND)
    # The band's flanks keep a part: not all the way to the factor, but most of it.
    assert factor < change < 0.5 * (1.0 + factor)
    coarse = Band(120.0, 200.0)
    assert roughness(after, INSIDE, coarse) / roughness(before, INSIDE, coarse) == pytest.approx(
        1.0, abs=0.03
    )
    np.testing.assert_allclose(after[OUTSIDE], before[OUTSIDE], rtol=1e-5)
    np.testing.assert_allclose(redness(after, INSIDE), redness(before, INSIDE), atol=0.05)


def test_haemoglobin_is_its_density():
    after = edited(skin(), Edit(haemoglobin=0.2), ROI, BAND)
    ratio = (after / skin())[INSIDE].mean(axis=0)
    np.testing.assert_allclose(ratio, np.exp(-0.2 * HAEMOGLOBIN_OD), rtol=1e-3)
    gain = redness(after, INSIDE)[1] - redness(skin(), INSIDE)[1]
    expected = 100 * np.log10(np.exp(0.2 * (HAEMOGLOBIN_OD[1] - HAEMOGLOBIN_OD[0])))
    assert gain == pytest.approx(expected, abs=0.05)


def test_a_scar_lies_inside_its_outline():
    outline = Outline(20.0, -10.0, 50.0, 35.0, waviness=0.1, seed=4)
    edit = Edit(scar=outline, scar_melanin=0.45)
    ratio = edited(skin(), edit, ROI, BAND)[..., 1] / skin()[..., 1]
    darker = ratio < 0.5 * (1.0 + ratio.min())
    assert darker.sum() == pytest.approx(outline.area_mm2, rel=0.03)


def test_added_pigment_is_the_mean_density_of_an_area():
    edit = Edit(haemoglobin=0.2, scar=ROI, scar_melanin=0.45)
    haemoglobin, melanin = added_pigment(edit, ROI, GRID, INSIDE)
    lengths = [float(np.linalg.norm(od - od.mean())) for od in (HAEMOGLOBIN_OD, MELANIN_OD)]
    assert haemoglobin == pytest.approx(0.2 * lengths[0], rel=0.02)
    assert melanin == pytest.approx(0.45 * lengths[1], rel=0.05)
    assert added_pigment(edit, ROI, GRID, OUTSIDE) == pytest.approx((0.0, 0.0), abs=1e-3)
