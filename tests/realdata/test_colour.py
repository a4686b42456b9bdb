"""Colour on real pictures: charts, a wrong white balance beside its corrected twin, NIST skin."""

from __future__ import annotations

import csv
import os
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest

from dermadelta.kernels.chart24 import (
    EDITIONS,
    patch_quads,
    patch_squares,
    reference_colours,
)
from dermadelta.kernels.chart_search import find_chart
from dermadelta.kernels.colour import (
    individual_typology_angle,
    linear_to_lab,
    luminance,
    srgb_decode,
)
from dermadelta.kernels.colour_difference import ciede2000
from dermadelta.kernels.colour_fit import corrected, fit_colour
from dermadelta.kernels.patches import read_patches

ROOT = Path(__file__).parents[2]
DATA = (ROOT / (os.environ.get("DERMADELTA_DATA") or "../shared/data")).resolve()
SCENES, LAB = DATA / "colorchecker_scenes", DATA / "chromatic_aberration_bsl"
NIST = DATA / "nist_skin_reflectance" / "derived_lab_ita_D65_10deg.csv"

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.skipif(not DATA.is_dir(), reason=f"no photographs in {DATA}"),
]

CURVES = np.tile(srgb_decode(np.arange(256) / 255.0).astype(np.float32), (3, 1))
MARGIN = 10
"""White border that the plotting programme left around the scenes, pixels."""

SATURATED = 250
"""Codes; the resampling of the scenes smeared what was saturated at 255."""

TWINS = [("seg_01", "seg_13"), ("inference_01", "inference_09")]
CORNERS = {
    # By eye, the patch field's outer corners beginning at dark skin, tolerance four pixels.
    "seg_01.png": [(563, 475), (565, 224), (731, 224), (730, 476)],
    "inference_01.png": [(309, 293), (642, 292), (661, 493), (294, 498)],
    "d2_colorChecker30cm_d3_wb.tif": [(33, 32), (379, 31), (357, 244), (54, 237)],
}


@cache
def rgb(path):
    # The reader of photographs refuses the transparent rim of these scenes.
    pixels = cv2.imread(str(path), cv2.IMREAD_COLOR_RGB)
    assert pixels is not None
    return pixels


def read(picture, corners):
    clipped = (picture >= SATURATED).any(axis=2)
    return read_patches(picture, CURVES, np.eye(3), clipped, patch_quads(corners))


def fitted(name):
    """The corrected patches and picture, their twins', and which patches can be compared."""
    wrong, twin = (rgb(SCENES / f"{part}.png") for part in name)
    corners = find_chart(wrong)
    assert corners is not None
    patches, others = read(wrong, corners), read(twin, corners)
    usable = patches.in_frame & (patches.clipped < 0.05)
    places = patch_squares().mean(axis=1)[usable]
    fits = []
    for edition in EDITIONS:
        known = reference_colours(edition)
        fit = fit_colour(patches.means[usable], known[usable], places, tone=True)
        fits.append((fit.residual_de00, fit, known))
    _, fit, known = min(fits, key=lambda entry: entry[0])
    return fit, patches, others, known, usable & (others.clipped < 0.05)


def apart(one, two):
    return ciede2000(linear_to_lab(one), linear_to_lab(two))


@pytest.mark.parametrize("name", CORNERS)
def test_charts_are_found_where_they_lie(name):
    picture = rgb((SCENES if name.endswith(".png") else LAB) / name)
    found = find_chart(picture)
    assert found is not None
    assert np.abs(found - np.array(CORNERS[name])).max() < 4.0


def test_charts_are_found_in_every_scene():
    for path in [*sorted(SCENES.glob("*.png")), *sorted(LAB.glob("*.tif"))]:
        assert find_chart(rgb(path)) is not None, path.name


@pytest.mark.parametrize("name", TWINS, ids=lambda name: name[0])
def test_a_wrong_white_balance_is_brought_to_its_corrected_twin(name):
    fit, patches, others, known, compared = fitted(name)
    ours = corrected(patches.means, fit.tone, fit.matrix)
    before = apart(patches.means, others.means)[compared].mean()
    assert before > 8.0
    assert apart(ours, others.means)[compared].mean() <= 2.5
    # The twin itself is no truth: it was fitted to saturated patches, too.
    assert apart(ours, known)[compared].mean() < apart(others.means, known)[compared].mean()
    assert fit.residual_de00 <= 3.0


@pytest.mark.parametrize(("name", "limit"), [(TWINS[0], 2.5), (TWINS[1], 4.0)])
def test_whole_pictures_against_their_twins(name, limit):
    """The second twin is pink by a* 2 to 3 on its greys, and cannot be met on the whole picture."""
    fit, _, others, known, _ = fitted(name)
    wrong, twin = (rgb(SCENES / f"{part}.png")[MARGIN:-MARGIN, MARGIN:-MARGIN] for part in name)
    seen = (wrong < SATURATED).all(axis=2) & (twin < SATURATED).all(axis=2)
    target = srgb_decode(twin[seen] / 255.0)
    bright = luminance(target) > 0.02
    ours = corrected(srgb_decode(wrong[seen] / 255.0), fit.tone, fit.matrix)
    assert apart(ours, target)[bright].mean() <= limit
    if limit > 2.5:
        greys = linear_to_lab(others.means)[19:23] - linear_to_lab(known)[19:23]
        assert greys[:, 1].min() > 1.4


def test_typology_angles_of_the_nist_table():
    with NIST.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    lab = np.array([[float(row[key]) for key in ("L", "a", "b")] for row in rows])
    angles = np.array([float(row["ITA"]) for row in rows])
    assert len(rows) >= 300
    # L*, b* and the angles are rounded there.
    assert individual_typology_angle(lab) == pytest.approx(angles, abs=0.1)
