"""Redness of painted skin."""

import numpy as np
import pytest

from dermadelta.domain import NotMeasured, Read, Untreated
from dermadelta.kernels.colour import erythema_index, lab_to_linear, linear_to_lab
from dermadelta.measures.redness import (
    Params,
    read_red_area,
    read_red_share,
    read_redness,
    read_redness_lab,
)

PARAMS = Params()
SKIN = np.array([0.42, 0.26, 0.20])
SKIN_EI = float(erythema_index(SKIN))


def flat(rows=200, cols=240, colour=SKIN) -> np.ndarray:
    return np.tile(np.asarray(colour, dtype=np.float64), (rows, cols, 1))


def redder(rgb: np.ndarray, ei: np.ndarray | float) -> np.ndarray:
    """More red by so many EI: green light is taken away."""
    out = rgb.copy()
    out[..., 1] *= 10.0 ** (-np.asarray(ei) / 100.0)
    return out


def noisy(rgb: np.ndarray, sd: float, seed: int = 1) -> np.ndarray:
    return rgb * (1.0 + sd * np.random.default_rng(seed).standard_normal(rgb.shape))


def disc(rows: int, cols: int, mm_per_px: float, radius_mm: float, at=(0.0, 0.0)) -> np.ndarray:
    y, x = np.mgrid[:rows, :cols]
    x = (x - 0.5 * (cols - 1)) * mm_per_px - at[0]
    y = (y - 0.5 * (rows - 1)) * mm_per_px - at[1]
    return np.hypot(x, y) < radius_mm


def value(read, view, params=PARAMS) -> float:
    found = read(view, params)
    assert isinstance(found, Read), found
    return found.value


@pytest.mark.parametrize("colour", [(0.42, 0.26, 0.2), (0.08, 0.045, 0.03), (0.7, 0.5, 0.4)])
def test_one_colour_reads_as_it_is(paint, colour):
    view = paint(flat(colour=colour))
    assert value(read_redness, view) == pytest.approx(float(erythema_index(colour)), abs=1e-3)
    assert value(read_redness_lab, view) == pytest.approx(float(linear_to_lab(colour)[1]), abs=1e-3)


def test_a_red_gain_of_three_per_cent_is_1_28_ei(paint):
    after = flat() * [1.03, 1.0, 1.0]
    change = value(read_redness, paint(after)) - value(read_redness, paint(flat()))
    assert change == pytest.approx(1.284, abs=2e-3)


def test_light_is_averaged_before_it_is_converted(paint):
    stripes = flat()
    stripes[::2] = (0.8, 0.2, 0.2)
    view = paint(stripes, 0.1)
    mean = 0.5 * (SKIN + np.array([0.8, 0.2, 0.2]))
    everything = Params(trim=0.0)
    expected = float(erythema_index(mean))
    assert value(read_redness, view, everything) == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("mm_per_px", [None, 0.1, 0.05, 0.033])
def test_noise_does_not_redden(paint, mm_per_px):
    view = paint(noisy(flat(), 0.06), mm_per_px)
    assert value(read_redness, view) == pytest.approx(SKIN_EI, abs=0.06)


def test_shade_and_a_gradient_of_light_drop_out(paint):
    light = np.linspace(0.5, 1.5, 240)[None, :, None]
    assert value(read_redness, paint(flat() * light)) == pytest.approx(SKIN_EI, abs=1e-3)


def test_tiles_stand_for_the_value(paint):
    rgb = redder(flat(), np.linspace(0.0, 4.0, 240)[None, :])
    for read, tolerance in ((read_redness, 0.02), (read_redness_lab, 0.02)):
        found = read(paint(rgb), PARAMS)
        tiles = found.tiles
        mean = tiles.weight @ tiles.value / tiles.weight.sum()
        assert mean == pytest.approx(found.value, abs=tolerance)


def grey_world(rgb: np.ndarray) -> np.ndarray:
    """Every channel to the same mean: what must never be done."""
    return rgb * (rgb.mean() / rgb.mean(axis=(0, 1)))


@pytest.mark.parametrize("true_ei", [-6.0, 3.0, 8.0])
def test_a_change_of_the_whole_region_comes_back_in_full(paint, true_ei):
    """With grey-world or whole-skin means, the share that the region has of the frame is lost."""
    frame = flat(200, 200)
    region = np.zeros((200, 200), dtype=bool)
    region[30:126, 30:126] = True  # 23 % of the frame
    after = np.where(region[..., None], redder(frame, true_ei), frame)

    def contrast(rgb):
        inside = value(read_redness, paint(rgb, mask=region))
        return inside - value(read_redness, paint(rgb, mask=~region))

    def plain(rgb):
        return value(read_redness, paint(rgb, mask=region))

    assert plain(after) - plain(frame) == pytest.approx(true_ei, rel=1e-3)
    assert contrast(after) - contrast(frame) == pytest.approx(true_ei, rel=1e-3)
    kept = (plain(grey_world(after)) - plain(grey_world(frame))) / true_ei
    assert kept == pytest.approx(0.77, abs=0.03)


def test_redness_all_over_the_frame_comes_back_in_full(paint):
    """Where all skin reddens, a whole-skin mean would leave nothing at all."""
    change = value(read_redness, paint(redder(flat(), 5.0))) - value(read_redness, paint(flat()))
    assert change == pytest.approx(5.0, rel=1e-3)
    lost = value(read_redness, paint(grey_world(redder(flat(), 5.0))))
    assert lost == pytest.approx(value(read_redness, paint(grey_world(flat()))), abs=1e-3)


# ------------------------------------------------------------------ red share and area


REFERENCE = Untreated(SKIN_EI, 0.8)


@pytest.mark.parametrize("mm_per_px", [0.11, 0.08, 0.05, 0.03])
@pytest.mark.parametrize("radius_mm", [1.5, 4.0])
def test_the_area_of_a_red_patch(paint, mm_per_px, radius_mm):
    side = round(14.0 / mm_per_px)
    red = disc(side, side, mm_per_px, radius_mm, at=(0.37, -0.21))
    rgb = redder(flat(side, side), 8.0 * red)
    view = paint(rgb, mm_per_px, untreated=REFERENCE)
    area = np.pi * radius_mm**2
    # At 3 of 8 EI the edge, softened by 0.15 mm, lies less than 0.1 mm further out.
    assert area * 0.98 < value(read_red_area, view) < np.pi * (radius_mm + 0.1) ** 2 * 1.02
    share = 100.0 * value(read_red_area, view) / (side * mm_per_px) ** 2
    assert value(read_red_share, view) == pytest.approx(share, rel=1e-4)


@pytest.mark.parametrize(
    ("ei", "sd", "share"),
    [(2.9, 0.5, 0.0), (3.1, 0.5, 100.0), (5.9, 3.0, 0.0), (6.1, 3.0, 100.0), (12.0, 3.0, 100.0)],
)
def test_red_is_both_thresholds_above_untreated_skin(paint, ei, sd, share):
    view = paint(redder(flat(), ei), untreated=Untreated(SKIN_EI, sd))
    assert value(read_red_share, view) == pytest.approx(share, abs=1e-6)


def test_noise_makes_no_red_skin_and_takes_none_away(paint):
    """8 % per pixel is a SD of 5 EI, beyond the threshold of 3."""
    half = np.zeros((300, 300))
    half[:, 150:] = 7.0
    rgb = redder(flat(300, 300), half)
    shares = [
        value(read_red_share, paint(each, 0.05, untreated=REFERENCE))
        for each in (rgb, noisy(rgb, 0.08))
    ]
    assert shares[0] == pytest.approx(50.0, abs=1.0)
    assert shares[1] == pytest.approx(shares[0], abs=1.0)


def test_a_gain_of_the_light_moves_no_edge(paint):
    red = disc(140, 140, 0.1, 3.0)
    rgb = redder(flat(140, 140), 8.0 * red)
    gain = 10.0 ** (1.7 / 100.0)
    warm = paint(rgb * [gain, 1.0, 1.0], untreated=Untreated(SKIN_EI + 1.7, 0.8))
    first = value(read_red_area, paint(rgb, untreated=REFERENCE))
    assert value(read_red_area, warm) == pytest.approx(first, rel=1e-3)


def test_red_tiles_make_the_value_again(paint):
    red = disc(160, 200, 0.1, 4.0, at=(2.0, 1.0))
    view = paint(redder(flat(160, 200), 9.0 * red), untreated=REFERENCE)
    area, share = (read(view, PARAMS) for read in (read_red_area, read_red_share))
    assert area.tiles.value.sum() == pytest.approx(area.value, rel=1e-9)
    mean = share.tiles.weight @ share.tiles.value / share.tiles.weight.sum()
    assert mean == pytest.approx(share.value, rel=1e-9)
    assert share.outline.shape == view.mask.shape
    assert 100.0 * share.outline.mean() == pytest.approx(share.value, rel=0.03)


def test_area_counts_as_it_lies_in_the_first_photo(paint):
    """A photo taken from half the distance shows four times the pixels of the same skin."""
    red = disc(280, 280, 0.05, 3.0)
    near = paint(
        redder(flat(280, 280), 8.0 * red),
        0.05,
        untreated=REFERENCE,
        magnification=2.0,
        to_reference=np.diag([0.5, 0.5, 1.0]),
    )
    assert value(read_red_area, near) == pytest.approx(np.pi * 9.0, rel=0.05)


def test_without_untreated_skin_there_is_no_red_share(paint):
    reason = NotMeasured("no untreated reference skin: give a reference mask")
    view = paint(flat(), untreated=reason)
    assert read_red_share(view, PARAMS) == reason
    assert read_red_area(view, PARAMS) == reason


def test_lab_colours_round_trip(paint):
    view = paint(flat(colour=lab_to_linear((60.0, 14.0, 16.0))))
    assert value(read_redness_lab, view) == pytest.approx(14.0, abs=1e-3)
