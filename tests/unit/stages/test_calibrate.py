import numpy as np
import pytest

from dermadelta.domain import NotMeasured, Scale
from dermadelta.kernels.colour import lab_to_linear, srgb_encode
from dermadelta.kernels.geometry import area_scale
from dermadelta.phantom.marker import Marker, lay_marker
from dermadelta.phantom.prints import Printed, lay_print, under_print
from dermadelta.stages.calibrate import CalibrateConfig, calibrate

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


def test_two_markers_of_the_card_are_enough_and_one_is_not(bench):
    photo = with_card()
    photo[:250] = photo[0, 0]
    two = calibrate(bench.photo(photo), CONFIG).scale
    assert two.source == "target"
    assert two.mm_per_px == pytest.approx(1 / 15.0, rel=0.01)
    centre = 430 + 15 * 14
    photo[:, centre:] = photo[0, 0]
    one = calibrate(bench.photo(photo), CONFIG).scale
    assert isinstance(one, NotMeasured)
    assert "only one marker of the target card" in one.reason


def test_a_card_and_a_given_scale_that_disagree_are_refused(bench):
    found = calibrate(bench.photo(with_card(), mm_per_px=0.08), CONFIG).scale
    assert isinstance(found, NotMeasured)
    assert "target_height_mm" in found.reason
