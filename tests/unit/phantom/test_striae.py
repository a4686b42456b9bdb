from dataclasses import replace

import numpy as np
import pytest

from dermadelta.phantom.skin import Grid, SkinSpec, make_skin
from dermadelta.phantom.striae import Fading, StretchMarks, with_striae
from dermadelta.phantom.truth import band

GRID = Grid(800, 700, 0.05)
SKIN = make_skin(SkinSpec(3, 1.0, 0.25, lines=0, freckles_per_cm2=0.0), GRID)
ONE = StretchMarks("rubra", 0.0, 0.0, 20.0, 1, 8.0, 4.0, 30.0, 0.0, 1.0, seed=5)
NO_FADING = Fading()


def painted(marks, fading=NO_FADING, weight=None):
    return with_striae(SKIN, marks, fading, weight)


def test_a_band_has_the_area_of_its_shape():
    rng = np.random.default_rng(5)
    length = 30.0 * rng.uniform(0.7, 1.0)
    width = np.clip(4.0 * rng.uniform(0.75, 1.25), 2.0, 6.0)
    _, mask = painted(ONE)
    # Half an ellipse on each side of the centre line.
    assert mask.sum() * GRID.step_mm**2 == pytest.approx(np.pi / 4 * length * width, rel=0.04)


def test_bands_are_parallel_and_apart():
    _, mask = painted(replace(ONE, bands=4, angle_deg=90.0, spacing_mm=7.0))
    row = mask[350].astype(int)
    starts = np.flatnonzero(np.diff(row) == 1)
    ends = np.flatnonzero(np.diff(row) == -1)
    widths = (ends - starts) * GRID.step_mm
    assert len(starts) == 4
    assert widths.min() > 1.5
    assert widths.max() < 6.5
    assert np.diff(starts).min() * GRID.step_mm > 3.0


def test_narrowing_is_the_change_of_the_area():
    _, before = painted(ONE)
    _, after = painted(ONE, Fading(width_factor=0.7))
    assert after.sum() / before.sum() == pytest.approx(0.7, abs=0.02)
    assert not (after & ~before).any()


def test_only_the_treated_part_fades():
    weight = np.zeros(GRID.shape, dtype=np.float32)
    weight[:, :400] = 1.0
    skin, mask = painted(ONE)
    faded, narrower = painted(ONE, Fading(0.6, 0.4), weight)
    far = np.s_[:, 440:]
    np.testing.assert_allclose(faded.haemoglobin[far], skin.haemoglobin[far], atol=1e-6)
    inside = mask.copy()
    inside[:, 380:] = False
    assert narrower[:, :380].sum() < 0.75 * mask[:, :380].sum()
    gain = [(s.haemoglobin - SKIN.haemoglobin)[inside].mean() for s in (skin, faded)]
    assert gain[1] < 0.4 * gain[0]


def test_rubra_is_redder_and_alba_paler_both_with_less_relief():
    red, mask = painted(ONE)
    pale, _ = painted(replace(ONE, kind="alba"))
    core = mask & (ONE.outside_mm(GRID) < -0.8)
    assert red.haemoglobin[core].mean() > SKIN.haemoglobin[core].mean() + 0.1
    assert pale.haemoglobin[core].mean() < 0.7 * SKIN.haemoglobin[core].mean()
    assert pale.melanin[core].mean() < SKIN.melanin[core].mean()
    relief = [band(s.height_mm, GRID.step_mm)[core].std() for s in (SKIN, red)]
    assert relief[1] == pytest.approx(0.55 * relief[0], rel=0.05)


def test_without_marks_the_skin_is_the_same():
    assert painted(None) == (SKIN, None)


@pytest.mark.parametrize("angle", [0.0, 35.0, 90.0])
def test_length_of_middle_lines_whatever_their_direction(angle):
    everywhere = np.ones(GRID.shape, dtype=bool)
    marks = replace(ONE, bands=3, spacing_mm=7.0, length_mm=25.0, angle_deg=angle, y_mm=1.5)
    rng, chords = np.random.default_rng(ONE.seed), []
    for _ in range(3):  # the draws of a band: length, width, start, place and phase
        chords.append(25.0 * rng.uniform(0.7, 1.0))
        rng.uniform(size=4)
    # A band sways by less than a millimetre and so is hardly longer than its chord.
    length = marks.length_within_mm(everywhere, GRID)
    assert sum(chords) < length < 1.04 * sum(chords)


def test_only_middle_lines_inside_the_region_count():
    flat = replace(ONE, angle_deg=0.0, x_mm=0.0)
    everywhere = np.ones(GRID.shape, dtype=bool)
    left = everywhere.copy()
    left[:, 400:] = False
    parts = [flat.length_within_mm(region, GRID) for region in (left, ~left)]
    assert min(parts) > 5.0
    assert sum(parts) == pytest.approx(flat.length_within_mm(everywhere, GRID))
    _, mask = painted(flat)
    assert flat.length_within_mm(mask, GRID) == pytest.approx(sum(parts), rel=0.02)
    assert flat.length_within_mm(~mask, GRID) < 0.02 * sum(parts)
    assert replace(flat, y_mm=200.0).length_within_mm(everywhere, GRID) == 0.0
