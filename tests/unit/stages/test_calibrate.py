from dataclasses import replace

import numpy as np
import pytest

from dermadelta.domain import AlignedPhoto, NotMeasured, Role, Scale
from dermadelta.kernels.colour import lab_to_linear, linear_to_lab, linearise, srgb_encode
from dermadelta.kernels.geometry import apply_homography, area_scale, scale_ratio
from dermadelta.pair_result import calibration_of
from dermadelta.phantom.marker import Marker, lay_marker
from dermadelta.phantom.prints import Printed, lay_print, under_print
from dermadelta.stages.calibrate import CalibrateConfig, alike, calibrate

SHAPE = (640, 860)
SQUARE = np.array([[18.0, 0, 430.0], [0, 18.0, 320.0], [0, 0, 1.0]])
"""18 pixels a millimetre, straight from above, the origin in the middle of the frame."""

CONFIG = CalibrateConfig()


def tilted(degrees):
    """The same camera leaning back by an angle, focal length 1.3 widths."""
    focal, turn = 1.3 * SHAPE[1], np.radians(degrees)
    depth = focal / 18.0
    plane = np.array([[focal, 0, 430.0], [0, focal, 320.0], [0, 0, 1.0]]) @ np.array(
        [[1, 0, 0], [0, np.cos(turn), 0], [0, np.sin(turn), depth]]
    )
    return plane / plane[2, 2]


def picture(*markers, mm_to_photo=SQUARE, dtype=np.uint8):
    random = np.random.default_rng(0)
    scene = np.tile(lab_to_linear((60.0, 12.0, 17.0)), (*SHAPE, 1))
    scene = (scene * random.normal(1.0, 0.03, (*SHAPE, 1))).astype(np.float32)
    for marker in markers:
        scene = lay_marker(scene, marker, mm_to_photo)
    top = np.iinfo(dtype).max
    return np.round(srgb_encode(scene) * top).astype(dtype)


def true_scale(marker, mm_to_photo):
    centre = np.array([marker.x_mm, marker.y_mm])
    return float(1.0 / np.sqrt(area_scale(mm_to_photo, centre)))


MARKER = Marker(7, 10.0, -9.0, 4.0, turn_deg=20.0)


@pytest.mark.parametrize("degrees", [0, 8, 16])
def test_scale_at_the_marker_is_right_to_half_a_per_cent(bench, degrees):
    view = tilted(degrees)
    found = calibrate(bench.photo(picture(MARKER, mm_to_photo=view)), CONFIG).scale
    assert isinstance(found, Scale)
    assert found.source == "marker"
    assert found.mm_per_px == pytest.approx(true_scale(MARKER, view), rel=0.005)
    assert 0.001 < found.rel_sd < 0.03


def test_sixteen_bits_and_large_photos_are_read_alike(bench):
    small = calibrate(bench.photo(picture(MARKER)), CONFIG).scale
    deep = calibrate(bench.photo(picture(MARKER, dtype=np.uint16)), CONFIG).scale
    assert deep.mm_per_px == pytest.approx(small.mm_per_px, rel=1e-3)
    # Sought on a smaller copy, the corners are refined on the photo itself.
    shrunk = calibrate(bench.photo(picture(MARKER)), replace_config(search_megapixels=0.15)).scale
    assert shrunk.mm_per_px == pytest.approx(1 / 18.0, rel=0.005)


def replace_config(**changes):
    return CalibrateConfig(**changes)


def test_the_printed_size_counts(bench):
    shot = bench.photo(picture(MARKER))
    ten, twenty = (calibrate(shot, replace_config(marker_mm=mm)).scale for mm in (10.0, 20.0))
    assert twenty.mm_per_px == pytest.approx(2 * ten.mm_per_px)


def test_two_markers_are_averaged_and_surer(bench):
    markers = (Marker(3, 10.0, -15.0, -6.0), Marker(4, 10.0, 15.0, 6.0, turn_deg=-15.0))
    two = calibrate(bench.photo(picture(*markers)), CONFIG).scale
    assert two.mm_per_px == pytest.approx(1 / 18.0, rel=0.005)
    # On a tilted photo one lies nearer than the other: the mean in logs, and the doubt shows.
    view = tilted(25)
    apart = calibrate(bench.photo(picture(*markers, mm_to_photo=view)), CONFIG).scale
    expected = np.exp(np.mean([np.log(true_scale(m, view)) for m in markers]))
    assert apart.mm_per_px == pytest.approx(expected, rel=0.005)
    assert apart.rel_sd > 2 * two.rel_sd


def test_marker_and_white_border_are_no_skin(bench):
    found = calibrate(bench.photo(picture(MARKER)), CONFIG).fixtures
    y, x = np.mgrid[0 : SHAPE[0], 0 : SHAPE[1]]
    mm = np.stack([(x - 430.0) / 18.0, (y - 320.0) / 18.0], axis=-1)
    away = np.hypot(mm[..., 0] - MARKER.x_mm, mm[..., 1] - MARKER.y_mm)
    assert found[away < 5.0].all()
    assert not found[away > 13.0].any()


def test_a_given_scale_stands_alone(bench):
    shot = bench.photo(picture(), mm_per_px=0.061)
    found = calibrate(shot, CONFIG)
    assert found.scale == Scale(0.061, CONFIG.given_rel_sd, "given")
    assert not found.fixtures.any()


def test_marker_and_given_scale_that_agree_give_the_marker(bench):
    shot = bench.photo(picture(MARKER), mm_per_px=1 / 18.0 * 1.02)
    assert calibrate(shot, CONFIG).scale.source == "marker"


def test_marker_and_given_scale_that_contradict_give_none(bench):
    shot = bench.photo(picture(MARKER), mm_per_px=0.08)
    found = calibrate(shot, CONFIG).scale
    assert isinstance(found, NotMeasured)
    assert "0.0800" in found.reason
    assert "0.055" in found.reason
    assert "marker_mm" in found.reason


def test_nothing_known_says_what_to_do(bench):
    found = calibrate(bench.photo(picture()), CONFIG).scale
    assert isinstance(found, NotMeasured)
    assert "marker" in found.reason
    assert "mm_per_px" in found.reason


def test_a_marker_of_another_dictionary_is_not_ours(bench):
    shot = bench.photo(picture(MARKER))
    found = calibrate(shot, replace_config(marker_dictionary="DICT_7X7_50")).scale
    assert isinstance(found, NotMeasured)


def test_without_a_chart_colour_is_left_alone(bench):
    found = calibrate(bench.photo(picture()), CONFIG).colour
    assert found.kind == "none"
    assert np.array_equal(found.matrix, np.eye(3))
    assert isinstance(found.residual_de00, NotMeasured)


# ---------------------------------------------------------------------------- target card

CARD = Printed("target", 14.0, 0.0, turn_deg=4.0)
CARD_VIEW = np.array([[15.0, 0, 430.0], [0, 15.0, 320.0], [0, 0, 1.0]])


def with_card(*markers, printed=CARD, view=CARD_VIEW):
    scene = np.tile(lab_to_linear((60.0, 12.0, 17.0)), (*SHAPE, 1)).astype(np.float32)
    for marker in markers:
        scene = lay_marker(scene, marker, view)
    scene = lay_print(scene, printed, view, 1.0)
    return np.round(srgb_encode(scene) * 255).astype(np.uint8)


def test_the_card_gives_the_scale_and_is_no_skin(bench):
    found = calibrate(bench.photo(with_card()), CONFIG)
    assert found.scale.source == "target"
    assert found.scale.mm_per_px == pytest.approx(1 / 15.0, rel=0.003)
    assert 0.001 < found.scale.rel_sd < 0.02
    card = under_print(CARD, CARD_VIEW, SHAPE)
    assert not (card & ~found.fixtures).any()
    assert found.fixtures.sum() < 1.3 * card.sum()


def test_the_card_wins_over_a_lone_marker_and_both_are_no_skin(bench):
    lone = Marker(7, 12.0, -10.0, 2.0)
    found = calibrate(bench.photo(with_card(lone)), CONFIG)
    assert found.scale.source == "target"
    assert found.scale.mm_per_px == pytest.approx(1 / 15.0, rel=0.003)
    assert found.fixtures[320, 430 - 150]


def test_a_card_with_one_hidden_marker_is_still_read(bench):
    photo = with_card()
    photo[:110, 650:] = photo[0, 0]
    found = calibrate(bench.photo(photo), CONFIG).scale
    assert found.source == "target"
    assert found.mm_per_px == pytest.approx(1 / 15.0, rel=0.005)


def test_half_a_card_gives_no_scale(bench):
    photo = with_card()
    photo[:, 430 + 15 * 14 :] = photo[0, 0]
    assert isinstance(calibrate(bench.photo(photo), CONFIG).scale, NotMeasured)


def test_a_card_and_a_given_scale_that_disagree_are_refused(bench):
    found = calibrate(bench.photo(with_card(), mm_per_px=0.08), CONFIG).scale
    assert isinstance(found, NotMeasured)
    assert "print the card at 100 %" in found.reason


# --------------------------------------------------------------------------------- colour

SKIN = np.array((60.0, 12.0, 17.0))
REDDER = np.array((57.0, 19.0, 17.0))


def through(scene, gains=(1.0, 1.0, 1.0), gamma=1.0):
    """A camera of its own white balance, exposure and tone curve; noise spreads the codes."""
    noise = np.random.default_rng(5).normal(1.0, 0.02, scene.shape)
    return np.round(srgb_encode(scene * noise * np.array(gains)) ** gamma * 255).astype(np.uint8)


def card_scene(printed=CARD):
    scene = np.tile(lab_to_linear(SKIN), (*SHAPE, 1)).astype(np.float32)
    scene[200:400, 150:350] = lab_to_linear(REDDER)
    return lay_print(scene, printed, CARD_VIEW, 1.0)


def lab_at(photo, rows, cols):
    stored = photo.photo.rgb[rows, cols]
    linear = linearise(stored, photo.to_linear.curves, photo.to_linear.matrix)
    return linear_to_lab(linear.reshape(-1, 3).mean(axis=0))


@pytest.mark.parametrize(
    ("gains", "gamma"),
    [((1, 1, 1), 1.0), ((0.8, 0.7, 0.62), 1.0), ((0.6, 0.7, 0.78), 0.9), ((0.9, 0.9, 0.8), 1.1)],
)
def test_the_card_brings_back_what_the_camera_did_to_the_colours(bench, gains, gamma):
    found = calibrate(bench.photo(through(card_scene(), gains, gamma)), CONFIG)
    assert (found.colour.kind, found.card.fault) == ("target", "")
    assert found.colour.residual_de00 < 1.5
    skin = lab_at(found, slice(20, 100), slice(20, 100))
    red = lab_at(found, slice(220, 380), slice(170, 330))
    assert skin == pytest.approx(SKIN, abs=0.8)
    assert red - skin == pytest.approx(REDDER - SKIN, abs=0.4)


def test_patches_that_contradict_each_other_fail_aloud(bench):
    scene = card_scene()
    rng = np.random.default_rng(3)
    for patch in calibrate(bench.photo(through(scene)), CONFIG).card.patches:
        low = np.ceil(patch.corners.min(axis=0)).astype(int)
        high = np.floor(patch.corners.max(axis=0)).astype(int)
        scene[low[1] : high[1], low[0] : high[0]] *= rng.uniform(0.4, 1.6, 3).astype(np.float32)
    found = calibrate(bench.photo(through(scene)), CONFIG)
    assert found.colour.kind == "none"
    assert "do not fit together" in found.card.fault
    assert found.to_linear is found.photo.to_linear
    assert found.scale.source == "target"
    patches = [
        patch.de00 for patch in found.card.patches if not isinstance(patch.de00, NotMeasured)
    ]
    assert max(patches) > CONFIG.max_residual_de00


def test_a_card_in_glare_says_how_many_patches_are_lost(bench):
    scene = card_scene()
    scene[:, 560:] = np.maximum(scene[:, 560:], 0.0) * 4.0 + 0.35
    found = calibrate(bench.photo(through(scene)), CONFIG)
    if not isinstance(found.card, NotMeasured):
        assert found.colour.kind == "none"
        assert "saturated" in found.card.fault


def test_measured_colours_take_the_place_of_the_nominal_ones(bench):
    photo = bench.photo(through(card_scene()))
    nominal = calibrate(photo, CONFIG)
    values = {p.name: tuple(0.8 * v for v in p.reference) for p in nominal.card.patches}
    measured = calibrate(photo, CONFIG, values)
    assert (nominal.card.nominal, measured.card.nominal) == (True, False)
    was, now = (lab_at(p, slice(20, 100), slice(20, 100)) for p in (nominal, measured))
    assert now[0] < was[0] - 4.0


@pytest.mark.parametrize("degrees", [0, 10, 20])
def test_a_tilted_card_tells_the_scale_of_its_plane_in_every_place(bench, degrees):
    view = tilted(degrees)
    beside = Printed("target", 15.0, 0.0, turn_deg=90.0)
    scene = np.tile(lab_to_linear(SKIN), (*SHAPE, 1)).astype(np.float32)
    photo = through(lay_print(scene, replace(beside, x_mm=0.0, y_mm=12.0), view, 1.0))
    found = calibrate(bench.photo(photo), CONFIG).scale
    for place in ([430.0, 520.0], [430.0, 150.0]):
        mm = apply_homography(np.linalg.inv(view), np.array([place]))[0]
        true = float(1.0 / np.sqrt(area_scale(view, mm)))
        ratio = scale_ratio(found.to_mm, np.array([place]), found.mm_per_px)
        assert found.mm_per_px * ratio == pytest.approx(true, rel=0.006)


CHART = Printed("chart", 14.0, 0.0)


def chart_corners():
    """Of the patch field in the photo, from the dark skin patch along the first row."""
    half_x, half_y = 0.5 * 4 * 2.4 - 0.175, 0.5 * 6 * 2.4 - 0.175
    mm = [(-half_x, half_y), (-half_x, -half_y), (half_x, -half_y), (half_x, half_y)]
    return " ".join(f"{430 + 15 * (14 + x):.1f},{320 + 15 * y:.1f}" for x, y in mm)


def test_a_chart_is_read_by_corners_that_a_person_marked(bench):
    photo = through(card_scene(CHART), (0.8, 0.7, 0.62))
    config = replace_config(find_chart=False)
    assert calibrate(bench.photo(photo), config).colour.kind == "none"
    shot = bench.photo(photo, details=(("chart_corners", chart_corners()),))
    found = calibrate(shot, config)
    assert (found.colour.kind, found.card.fault) == ("chart", "")
    assert lab_at(found, slice(20, 100), slice(20, 100)) == pytest.approx(SKIN, abs=1.5)
    assert found.fixtures[320, 430 + 15 * 14]


def test_corners_in_the_wrong_order_fail_aloud(bench):
    points = chart_corners().split()
    wrong = " ".join(points[2:] + points[:2])
    shot = bench.photo(through(card_scene(CHART)), details=(("chart_corners", wrong),))
    found = calibrate(shot, CONFIG)
    assert found.colour.kind == "none"
    assert "do not fit together" in found.card.fault


def test_a_grey_card_gives_the_white_balance_alone(bench):
    scene = np.tile(lab_to_linear(SKIN), (*SHAPE, 1)).astype(np.float32)
    scene[100:300, 600:800] = 0.18
    mask = np.zeros(SHAPE, dtype=bool)
    mask[120:280, 620:780] = True
    shot = bench.photo(through(scene, (0.9, 0.7, 0.6)), given={"grey_card": mask})
    found = calibrate(shot, CONFIG)
    assert (found.colour.kind, found.colour.absolute) == ("grey", False)
    dimmed = linear_to_lab(0.7 * lab_to_linear(SKIN))
    assert lab_at(found, slice(20, 90), slice(20, 90)) == pytest.approx(dimmed, abs=0.5)
    assert found.fixtures[200, 700]


def sides(before, after, *more):
    return [(Role.BEFORE, before), (Role.AFTER, after), *((Role.AFTER, photo) for photo in more)]


def test_a_repeat_without_a_card_does_not_take_it_from_the_others(bench):
    carded = calibrate(bench.photo(through(card_scene()), "one"), CONFIG)
    bare = calibrate(bench.photo(through(np.full((*SHAPE, 3), 0.3)), "two"), CONFIG)
    kept, remarks = alike(sides(carded, carded, bare))
    assert kept == [carded, carded, None]
    assert any("two is left out" in text for text in remarks)
    kept, _ = alike([(Role.BEFORE, bare), (Role.BEFORE, carded), (Role.AFTER, carded)])
    assert [photo.colour.kind for photo in kept] == ["none"] * 3


def test_colours_are_corrected_in_all_photos_of_a_pair_or_in_none(bench):
    carded = calibrate(bench.photo(through(card_scene(), (0.8, 0.7, 0.62)), "one"), CONFIG)
    bare = calibrate(bench.photo(through(np.full((*SHAPE, 3), 0.3)), "two"), CONFIG)
    both, remarks = alike(sides(carded, carded))
    assert both[0] is carded
    assert len(remarks) == 1
    assert "designed with" in remarks[0]
    mixed, remarks = alike(sides(carded, bare))
    assert [photo.colour.kind for photo in mixed] == ["none", "none"]
    assert mixed[0].to_linear is carded.photo.to_linear
    assert mixed[0].scale == carded.scale
    assert "two has no usable target card" in remarks[0]


def test_the_photo_that_lacks_a_card_is_named_and_not_one_with_a_chart(bench):
    bare = calibrate(bench.photo(through(np.full((*SHAPE, 3), 0.3)), "bare"), CONFIG)

    def like(photo_id, kind):
        photo = replace(bare.photo, ref=replace(bare.photo.ref, photo_id=photo_id))
        return replace(bare, photo=photo, colour=replace(bare.colour, kind=kind))

    _, remarks = alike(sides(like("a", "grey"), like("b", "chart"), bare))
    assert "a has no usable colour chart" in remarks[-1]
    _, remarks = alike(sides(like("a", "target"), like("b", "grey")))
    assert "b has no usable target card" in remarks[-1]


def test_what_is_kept_of_a_card_that_is_not_used_says_so(bench):
    carded = calibrate(bench.photo(through(card_scene()), "one"), CONFIG)
    bare = calibrate(bench.photo(through(np.full((*SHAPE, 3), 0.3)), "two"), CONFIG)
    (as_taken, _), _ = alike(sides(carded, bare))
    used, unused = (
        calibration_of(AlignedPhoto(photo, None, Role.BEFORE, None)) for photo in (carded, as_taken)
    )
    assert used.residual_de00 == carded.colour.residual_de00
    assert (unused.kind, unused.used) == ("target", "none")
    for left in (unused.residual_de00, unused.residual_p95_de00):
        assert left.reason == unused.reason
    assert "not used" in unused.reason


# ---------------------------------------------------------------------------------- ruler

RULER_VIEW = np.array([[12.0, 0, 430.0], [0, 12.0, 320.0], [0, 0, 1.0]])
RULER = Printed("ruler", 20.0, 0.0)


def with_ruler():
    scene = np.tile(lab_to_linear(SKIN), (*SHAPE, 1)).astype(np.float32)
    return through(lay_print(scene, RULER, RULER_VIEW, 1.0))


def test_a_ruler_tells_the_scale_where_nothing_else_does(bench):
    photo = with_ruler()
    found = calibrate(bench.photo(photo), CONFIG)
    assert found.scale.source == "ruler"
    assert found.scale.mm_per_px == pytest.approx(1 / 12.0, rel=0.005)
    assert found.fixtures[320, 430 + 12 * 20]
    assert not found.fixtures[320, 200]
    given = calibrate(bench.photo(photo, mm_per_px=0.08), CONFIG)
    assert given.scale == Scale(0.08, CONFIG.given_rel_sd, "given")
    off = calibrate(bench.photo(photo), replace_config(find_ruler=False)).scale
    assert isinstance(off, NotMeasured)
