from dataclasses import replace

import cv2
import numpy as np
import pytest

from dermadelta.kernels.colour import linear_to_lab
from dermadelta.phantom.cases import random_case
from dermadelta.phantom.light import Light, half_side_mm, render
from dermadelta.phantom.pair import Case, RenderedPair, ShotPlan, render_pair, skin_grid
from dermadelta.phantom.skin import HAEMOGLOBIN_OD, MELANIN_OD, Grid, make_skin, part_of
from dermadelta.phantom.treatment import Distances, treat

WIDTH = 800


def unstretched(case: Case) -> Case:
    def still(plan: ShotPlan) -> ShotPlan:
        return replace(plan, camera=replace(plan.camera, stretch=0.0))

    return replace(case, before=still(case.before), after=still(case.after))


def rendered(kind: str, number: int = 1, seed: int = 3, **asked) -> RenderedPair:
    return render_pair(unstretched(random_case(kind, seed, number, width_px=WIDTH, **asked)))


def detail(rgb: np.ndarray) -> np.ndarray:
    grey = rgb[..., 1].astype(np.float32)
    return cv2.GaussianBlur(grey, (0, 0), 1.5) - cv2.GaussianBlur(grey, (0, 0), 12.0)


def fine(rgb: np.ndarray) -> np.ndarray:
    grey = rgb[..., 1].astype(np.float32)
    return cv2.GaussianBlur(grey, (0, 0), 1.2) - cv2.GaussianBlur(grey, (0, 0), 2.4)


def correlation(pair: RenderedPair, matrix: np.ndarray) -> float:
    size = pair.before.rgb.shape[1::-1]
    warped = cv2.warpPerspective(detail(pair.after.rgb), matrix, size)
    inside = pair.before.roi
    return float(np.corrcoef(detail(pair.before.rgb)[inside], warped[inside])[0, 1])


@pytest.fixture(scope="module")
def texture() -> RenderedPair:
    return rendered("texture", treated="local")


def test_the_true_homography_brings_the_photos_together(texture):
    assert correlation(texture, texture.after_to_before) > 0.85
    shifted = np.array([[1, 0, 6], [0, 1, 0], [0, 0, 1.0]]) @ texture.after_to_before
    assert correlation(texture, shifted) < 0.5


def test_the_region_is_carried_by_the_true_homography(texture):
    size = texture.before.rgb.shape[1::-1]
    carried = cv2.warpPerspective(
        texture.after.roi.astype(np.float32), texture.after_to_before, size
    )
    both = (carried >= 0.5) & texture.before.roi
    either = (carried >= 0.5) | texture.before.roi
    assert both.sum() / either.sum() > 0.99


def test_area_and_scale_agree(texture):
    for shot in (texture.before, texture.after):
        area = shot.roi.sum() * shot.mm_per_px**2
        assert area == pytest.approx(texture.case.roi.area_mm2, rel=0.02)


def test_relief_truth_is_the_factor_of_the_treatment(texture):
    factor = texture.case.treatment.relief_factor
    truth = texture.truth
    assert truth.relief_change_pct == pytest.approx(100 * (factor - 1), abs=0.3)
    assert 0.4 < truth.optical_roughness_change_pct / truth.relief_change_pct < 1.05
    assert truth.roughness_reference_change_pct == pytest.approx(0.0, abs=0.3)
    assert abs(truth.redness_change_a) < 0.2


@pytest.mark.parametrize("number", [0, 2, 6])
def test_no_change_is_exactly_none(number):
    pair = rendered("no_change", number, treated="local")
    truth = pair.truth
    assert truth.relief_change_pct == 0.0
    assert truth.optical_roughness_change_pct == 0.0
    assert truth.redness_change_a == 0.0
    assert truth.redness_contrast_change_ei == 0.0
    assert truth.scar_area_change_pct == (0.0 if pair.case.scars else None)


def test_redness_truth_is_found_by_direct_computation():
    pair = rendered("redness", 2)
    case = pair.case
    grid = skin_grid(case)
    # Without any relief: only the amounts of pigment fix the mean colour.
    distances = Distances(grid)
    skin = make_skin(case.skin, grid)
    level = replace(skin, height_mm=np.zeros_like(skin.height_mm), radius_mm=1e9)
    was = treat(level, case.baseline, distances)
    now = treat(was, case.treatment, distances)
    inside = distances.inside(case.roi)
    a = [
        linear_to_lab(render(s, replace(case.light, falloff=0.0))[inside].mean(axis=0))[1]
        for s in (was, now)
    ]
    assert pair.truth.redness_change_a == pytest.approx(a[1] - a[0], abs=0.15)
    assert pair.truth.redness_change_a < -0.5
    assert pair.truth.redness_contrast_change_a == pytest.approx(
        pair.truth.redness_change_a, abs=0.05
    )


def test_scar_truth_is_the_area_of_the_masks():
    pair = rendered("scar", 1, treated="local")
    assert pair.before.scar is not None
    assert pair.after.scar is not None
    for shot, area in (
        (pair.before, pair.truth.scar_area_before_mm2),
        (pair.after, pair.truth.scar_area_after_mm2),
    ):
        assert shot.scar.sum() * shot.mm_per_px**2 == pytest.approx(area, rel=0.03)
    expected = 100 * (pair.case.treatment.scar_area_factor - 1)
    assert pair.truth.scar_area_change_pct == pytest.approx(expected)


def test_whole_face_has_no_untreated_skin():
    pair = rendered("whole_face")
    assert pair.case.treated_area == "whole"
    assert pair.before.reference is None
    assert pair.truth.redness_contrast_change_a is None
    assert pair.truth.relief_change_pct < -5


def test_an_impostor_does_not_match_and_a_mirror_matches_only_flipped():
    impostor = rendered("impostor")
    assert abs(correlation(impostor, impostor.after_to_before)) < 0.2
    mirrored = rendered("mirrored")
    assert correlation(mirrored, mirrored.after_to_before) > 0.85
    assert np.linalg.det(mirrored.after_to_before[:2, :2]) < 0


def test_spoilt_photos_are_spoilt():
    defocus = rendered("defocus")
    inside = defocus.before.roi
    sharp, soft = (fine(shot.rgb)[inside].std() for shot in (defocus.before, defocus.after))
    assert soft < 0.6 * sharp
    for number in (0, 3, 6):
        bright = rendered("overexposed", number)
        assert (bright.after.rgb[bright.after.roi].max(axis=1) >= 250).mean() > 0.5


def test_marker_has_its_size():
    numbers = range(40)
    cases = (random_case("no_change", 3, n, width_px=1200) for n in numbers)
    case = next(c for c in cases if c.before.marker is not None)
    shot = render_pair(unstretched(case)).before
    dictionary = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_50)
    found, ids, _ = cv2.aruco.ArucoDetector(dictionary).detectMarkers(shot.rgb[..., 1].copy())
    assert ids is not None
    assert ids.ravel().tolist() == [case.before.marker.number]
    corners = cv2.perspectiveTransform(
        found[0].reshape(1, 4, 2).astype(np.float64), np.linalg.inv(shot.mm_to_photo)
    )[0]
    sides = np.hypot(*(np.roll(corners, -1, axis=0) - corners).T)
    assert sides.mean() == pytest.approx(case.before.marker.side_mm, rel=0.01)


def test_tone_truth_is_melanin():
    pair = rendered("tone", 4, treated="local")
    change = pair.case.treatment.melanin_change
    ita = pair.truth.after.ita_deg - pair.truth.before.ita_deg
    assert ita * change < 0
    assert abs(ita) > 1.0
    assert pair.truth.relief_change_pct == pytest.approx(0.0, abs=1e-6)


def test_pigments_change_by_what_was_added_in_optical_density():
    pair = rendered("tone", treated="local")
    length = np.linalg.norm(MELANIN_OD - MELANIN_OD.mean())
    added = pair.case.treatment.melanin_change * length
    assert pair.truth.melanin_change == pytest.approx(added, rel=0.02)
    assert pair.truth.melanin_contrast_change == pytest.approx(added, rel=0.02)
    assert pair.truth.haemoglobin_change == 0.0
    pair = rendered("redness", treated="local")
    length = np.linalg.norm(HAEMOGLOBIN_OD - HAEMOGLOBIN_OD.mean())
    # One unit of haemoglobin is 100 log10(e) (0.80 - 0.12) = 29.5 EI, less the surface.
    amount = pair.truth.redness_contrast_change_ei / 29.5
    assert pair.truth.haemoglobin_contrast_change == pytest.approx(amount * length, rel=0.12)
    assert pair.truth.melanin_change == 0.0


def test_diffuse_redness_changes_with_nothing_to_hold_it_against():
    pair = rendered("diffuse")
    assert pair.truth.before_reference is None
    assert pair.truth.redness_contrast_change_ei is None
    assert pair.truth.haemoglobin_contrast_change is None
    change = pair.case.treatment.haemoglobin_change
    assert pair.truth.redness_change_ei * change > 0
    assert abs(pair.truth.redness_change_ei) > 0.5
    assert pair.truth.haemoglobin_change == pytest.approx(
        change * np.linalg.norm(HAEMOGLOBIN_OD - HAEMOGLOBIN_OD.mean()), rel=0.1
    )


def test_a_tan_is_in_the_reference_skin_too():
    number = next(
        n for n in range(20) if random_case("tan", 3, n, width_px=WIDTH).changed == "no_change"
    )
    truth = rendered("tan", number).truth
    assert truth.after.ita_deg < truth.before.ita_deg - 2
    assert abs(truth.redness_contrast_change_ei) < 0.25 * abs(truth.redness_change_ei)


def test_striae_truth_is_the_area_of_the_masks():
    pair = rendered("striae", 2)
    for shot, area in (
        (pair.before, pair.truth.striae_area_before_mm2),
        (pair.after, pair.truth.striae_area_after_mm2),
    ):
        inside = (shot.striae & shot.roi).sum() * shot.mm_per_px**2
        assert inside == pytest.approx(area, rel=0.04)
    assert pair.truth.striae_area_after_mm2 < pair.truth.striae_area_before_mm2


def test_a_retouched_photo_has_lost_its_fine_detail_not_its_place():
    pair = rendered("retouched", 3, treated="local", in_photo="scale")
    inside = pair.before.roi
    sharp, soft = (fine(shot.rgb)[inside].std() for shot in (pair.before, pair.after))
    assert soft < 0.6 * sharp


def test_a_second_lamp_lights_what_the_first_leaves_dark():
    grid = Grid(500, 400, 0.05)
    skin = make_skin(random_case("texture", 3, 1, width_px=WIDTH).skin, grid)
    flat = np.zeros_like(skin.melanin)
    skin = replace(skin, melanin=flat + 1.0, haemoglobin=flat + 0.25, radius_mm=1e9)
    one = Light(azimuth_deg=0.0, fill=0.1, falloff=0.0, gloss=0.0)
    two = replace(one, second_share=0.5, second_azimuth_deg=180.0, second_elevation_deg=45.0)
    spread = [np.log(render(skin, light)[100:-100, 100:-100, 1]).std() for light in (one, two)]
    assert spread[1] < 0.8 * spread[0]


def test_repeats_are_photographs_of_the_same_state():
    case = random_case("texture", 3, 1, width_px=WIDTH, repeats=2, treated="local")
    pair = render_pair(unstretched(case))
    (second,) = pair.before_repeats
    assert second.rgb.shape == pair.before.rgb.shape
    matrix = pair.before.mm_to_photo @ np.linalg.inv(second.mm_to_photo)
    size = second.rgb.shape[1::-1]
    warped = cv2.warpPerspective(detail(second.rgb), matrix, size)
    inside = pair.before.roi
    assert np.corrcoef(detail(pair.before.rgb)[inside], warped[inside])[0, 1] > 0.85
    assert len(pair.after_repeats) == 1


def test_a_part_of_the_skin_is_lit_as_the_whole():
    case = random_case("texture", 3, 1, width_px=WIDTH)
    skin = make_skin(case.skin, skin_grid(case))
    whole = render(skin, case.light)
    rows, cols = slice(100, 400), slice(200, 700)
    part = render(part_of(skin, rows, cols), case.light, half_side_mm(skin.grid))
    margin = 40
    np.testing.assert_allclose(
        part[margin:-margin, margin:-margin],
        whole[rows, cols][margin:-margin, margin:-margin],
        atol=1e-6,
    )
