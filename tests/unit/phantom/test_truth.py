import numpy as np
import pytest

from dermadelta.phantom.light import Light
from dermadelta.phantom.skin import Grid, SkinSpec, make_skin
from dermadelta.phantom.truth import OTHER_BANDS_MM, band, pair_truth
from dermadelta.phantom.truthtable import truth_row

STEP_MM = 0.05
OPTICAL = (
    "optical_fine_change_pct",
    "optical_lines_change_pct",
    "optical_scar_change_pct",
    "optical_mean_change_pct",
)


def ridged(length_mm, height_mm):
    """Skin of one colour whose only relief is a wave."""
    skin = make_skin(SkinSpec(seed=3, melanin=0.8, haemoglobin=0.25), Grid(700, 600, STEP_MM))
    x = STEP_MM * np.arange(700)
    wave = np.tile(height_mm * np.cos(2.0 * np.pi * x / length_mm), (600, 1))
    skin.height_mm[:] = wave.astype(np.float32)
    skin.melanin[:], skin.haemoglobin[:] = 0.8, 0.25
    return skin


def truth_of(length_mm, low=0.6):
    roi = np.zeros((600, 700), dtype=bool)
    roi[120:480, 120:580] = True
    height = 0.004 * length_mm
    return pair_truth(
        ridged(length_mm, height),
        ridged(length_mm, low * height),
        light=Light(azimuth_deg=10.0, elevation_deg=45.0),
        roi=roi,
        reference=None,
        scar_areas_mm2=(0.0, 0.0),
    )


@pytest.mark.parametrize(("name", "length"), [("fine", 0.25), ("lines", 1.4), ("scar", 4.0)])
def test_a_wave_of_the_band_that_is_lower_reads_as_much_less(name, length):
    # Gentle slopes: light goes with the slope, and that with the height.
    assert truth_of(length).optical_change_pct(name) == pytest.approx(-40.0, abs=1.5)


def test_a_wave_stands_out_in_its_own_band():
    for name, length in (("lines", 1.4), ("scar", 4.0)):
        found = truth_of(length).before.other_bands
        assert max(found, key=found.__getitem__) == name


def test_the_mean_size_is_that_of_a_wave():
    before = truth_of(0.5).before
    # The mean of |cos| is 2/π, its root mean square 1/√2; ten points a wave tell it to 3 %.
    assert before.mean_size / before.roughness == pytest.approx(
        2.0 * np.sqrt(2.0) / np.pi, rel=0.03
    )


@pytest.mark.parametrize(("name", "length"), [("lines", 1.4), ("scar", 4.0)])
def test_a_band_passes_what_its_filter_passes(name, length):
    x = 0.2 * np.arange(400)
    wave = np.tile(np.cos(2.0 * np.pi * x / length), (300, 1)).astype(np.float32)
    sigmas = [0.1874 * cut for cut in OTHER_BANDS_MM[name]]
    passed = [np.exp(-2.0 * (np.pi * sigma / length) ** 2) for sigma in sigmas]
    inner = band(wave, 0.2, OTHER_BANDS_MM[name])[50:-50, 50:-50]
    assert np.max(inner) == pytest.approx(passed[0] - passed[1], rel=0.06)


def test_the_table_tells_every_band(bench):
    changed, same = (truth_row(bench.rendered(kind)) for kind in ("texture", "no_change"))
    assert all(float(changed[name]) < 0.0 for name in OPTICAL if name != OPTICAL[2])
    assert [float(same[name]) for name in OPTICAL] == [0.0] * 4
