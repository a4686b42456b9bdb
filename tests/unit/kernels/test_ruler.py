"""A millimetre ruler is read to half a per cent; whatever is not surely one is not read at all."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import pytest

from dermadelta.kernels.combs import Band, combs_of, strip_of
from dermadelta.kernels.geometry import apply_homography, inverse
from dermadelta.kernels.ruler import find_ruler
from dermadelta.phantom.prints import sheet_of
from dermadelta.phantom.sheet import PX_PER_MM

SIZE = (700, 900)
FINE = 4
"""Oversampling of the drawn photo."""


def by_tens(tick):
    return 2 if tick % 10 == 0 else 1 if tick % 5 == 0 else 0


def by_halves(tick):
    return sum(tick % part == 0 for part in (2, 4, 8, 16))


@dataclass(frozen=True)
class Ruler:
    """A ruler 12 mm wide whose ticks stand on its upper edge, the first 3 mm from its end."""

    pitch_mm: float = 1.0
    rank: object = by_tens
    ticks: int = 45
    body: float = 225.0
    between: bool = False

    def drawn(self, px_per_mm):
        """(h, w) grey at ``px_per_mm``."""
        length = 6.0 + (self.ticks - 1) * self.pitch_mm
        sheet = np.full((round(12 * px_per_mm), round(length * px_per_mm)), self.body, np.float32)
        for tick in range(self.ticks):
            x = 3.0 + tick * self.pitch_mm
            self._tick(sheet, px_per_mm, x, 1.8 + 1.0 * self.rank(tick))
            if self.between and tick + 1 < self.ticks:
                self._tick(sheet, px_per_mm, x + 0.5 * self.pitch_mm, 1.2)
        return sheet

    def _tick(self, sheet, px_per_mm, x, size):
        thick = 0.15 * self.pitch_mm
        left, right = (round((x + half * thick) * px_per_mm) for half in (-0.5, 0.5))
        sheet[: round(size * px_per_mm), left:right] = 60.0


def to_photo_of(px_per_mm, turn_deg=20.0, tilt_deg=0.0, shift=(0.0, 0.0)):
    """Homography from millimetres (about the middle) to pixels, tilted about the photo's y axis."""
    turn, tilt = np.radians([turn_deg, tilt_deg])
    flat = cv2.Rodrigues(np.array([0.0, 0.0, turn]))[0]
    rotation = cv2.Rodrigues(np.array([0.0, tilt, 0.0]))[0] @ flat
    plane = np.column_stack([rotation[:, 0], rotation[:, 1], [shift[0], shift[1], 300.0]])
    focal = 300.0 * px_per_mm
    lens = np.array([[focal, 0, SIZE[1] / 2], [0, focal, SIZE[0] / 2], [0, 0, 1.0]])
    return lens @ plane


def photo(*laid, blur=0.7, noise=2.0, skin=165.0):
    """(H, W) uint8 of rulers (each with its homography) on skin, with noise."""
    rng = np.random.default_rng(5)
    size = (SIZE[1] * FINE, SIZE[0] * FINE)
    scene = np.full(size[::-1], skin, dtype=np.float32)
    finer = np.array([[FINE, 0, 0.5 * (FINE - 1)], [0, FINE, 0.5 * (FINE - 1)], [0, 0, 1.0]])
    for ruler, to_photo in laid:
        px = FINE * np.hypot(*np.diff(apply_homography(to_photo, [[0, 0], [1, 0]]), axis=0)[0])
        sheet = ruler if isinstance(ruler, np.ndarray) else ruler.drawn(px)
        px = PX_PER_MM if isinstance(ruler, np.ndarray) else px
        to_mm = np.diag([1 / px, 1 / px, 1.0])
        to_mm[0, 2] = -0.5 * sheet.shape[1] / px
        warp = finer @ to_photo @ to_mm
        cover = cv2.warpPerspective(np.ones_like(sheet), warp, size, flags=cv2.INTER_NEAREST)
        shown = cv2.warpPerspective(sheet, warp, size, flags=cv2.INTER_LINEAR)
        scene = np.where(cover > 0, shown, scene)
    small = cv2.resize(scene, SIZE[::-1], interpolation=cv2.INTER_AREA)
    shot = cv2.GaussianBlur(small, (0, 0), blur) + rng.normal(0.0, noise, SIZE)
    return np.clip(np.round(shot), 0, 255).astype(np.uint8)


def true_px_per_mm(found, to_photo):
    start, end = apply_homography(inverse(to_photo), found.line)
    return np.hypot(*(found.line[1] - found.line[0])) / np.hypot(*(end - start))


@pytest.mark.parametrize("px_per_mm", [7.0, 11.3, 18.0])
@pytest.mark.parametrize("turn_deg", [0.0, 37.0, 118.0, 270.0])
def test_the_scale_is_read_at_any_turn(px_per_mm, turn_deg):
    to_photo = to_photo_of(px_per_mm, turn_deg)
    found = find_ruler(photo((Ruler(), to_photo)))
    assert found is not None
    assert found.px_per_mm == pytest.approx(px_per_mm, rel=0.005)
    assert found.rel_sd < 0.005


@pytest.mark.parametrize("turn_deg", [0.0, 45.0, 90.0])
def test_a_tilted_ruler_gives_its_mean_scale_and_says_that_it_varies(turn_deg):
    to_photo = to_photo_of(13.0, turn_deg, tilt_deg=30.0)
    found = find_ruler(photo((Ruler(), to_photo)))
    assert found is not None
    assert found.px_per_mm == pytest.approx(true_px_per_mm(found, to_photo), rel=0.005)
    start, end = (np.array([[x, 0.0], [x + 1.0, 0.0]]) for x in (-22.0, 21.0))
    scales = [np.hypot(*np.diff(apply_homography(to_photo, p), axis=0)[0]) for p in (start, end)]
    assert found.rel_sd == pytest.approx(abs(np.log(scales[1] / scales[0])) / 12**0.5, abs=0.003)


def test_the_line_runs_from_tick_to_tick_along_the_edge():
    to_photo = to_photo_of(14.0, 33.0)
    found = find_ruler(photo((Ruler(), to_photo)))
    assert found is not None
    ends = apply_homography(inverse(to_photo), found.line)
    assert ends[:, 1] == pytest.approx([0.0, 0.0], abs=0.15)
    # 45 ticks from -22 mm on: a tick stands on every whole millimetre.
    assert ends[:, 0] == pytest.approx(np.round(ends[:, 0]), abs=0.05)
    assert found.ticks == round(abs(ends[1, 0] - ends[0, 0])) + 1


def test_the_outline_holds_the_body_and_little_else():
    to_photo = to_photo_of(14.0, 33.0)
    found = find_ruler(photo((Ruler(), to_photo)))
    assert found is not None
    corners = np.array([[-25, 0], [25, 0], [25, 12], [-25, 12]], dtype=np.float64)
    body, outline = np.zeros(SIZE, np.uint8), np.zeros(SIZE, np.uint8)
    cv2.fillConvexPoly(body, np.round(apply_homography(to_photo, corners)).astype(np.int32), 1)
    cv2.fillConvexPoly(outline, np.round(found.outline).astype(np.int32), 1)
    assert (outline[body > 0]).mean() > 0.98
    assert outline.sum() < 1.35 * body.sum()


RANKS = {
    "inch of sixteenths": by_halves,
    "half millimetres": lambda k: 3 * (k % 20 == 0) or 2 * (k % 10 == 0) or 1 * (k % 2 == 0),
    "fives only": lambda k: int(k % 5 == 0),
    "tens only": lambda k: 2 * (k % 10 == 0),
    "eights and fours": lambda k: 2 * (k % 8 == 0) or 1 * (k % 4 == 0),
    "twelves and sixes": lambda k: 2 * (k % 12 == 0) or 1 * (k % 6 == 0),
    "twenties and tens": lambda k: 2 * (k % 20 == 0) or 1 * (k % 10 == 0),
    "elevens": lambda k: 2 * (k % 11 == 0) or 1 * (k % 11 == 5),
    "a plain comb": lambda k: 0,
}


@pytest.mark.parametrize("name", RANKS)
def test_another_order_of_long_ticks_is_no_millimetre_ruler(name):
    ruler = Ruler(rank=RANKS[name])
    assert find_ruler(photo((ruler, to_photo_of(12.0, 25.0)))) is None


def test_ticks_between_the_ticks_make_it_a_finer_scale():
    to_photo = to_photo_of(16.0, 25.0)
    assert find_ruler(photo((Ruler(), to_photo))) is not None
    assert find_ruler(photo((Ruler(between=True), to_photo))) is None


@pytest.mark.parametrize("body", [165.0, 140.0, 170.0])
def test_a_scale_without_a_bright_body_may_be_a_contact_plate_and_is_not_read(body):
    to_photo = to_photo_of(14.0, 25.0)
    assert find_ruler(photo((Ruler(body=body), to_photo), skin=165.0)) is None


def test_fewer_than_twenty_ticks_prove_nothing():
    to_photo = to_photo_of(14.0, 25.0)
    assert find_ruler(photo((Ruler(ticks=19), to_photo))) is None
    assert find_ruler(photo((Ruler(ticks=26), to_photo))) is not None


def test_two_rulers_that_contradict_each_other_are_not_believed():
    first = Ruler(ticks=40), to_photo_of(10.0, 0.0, shift=(0.0, -25.0))
    second = Ruler(ticks=40), to_photo_of(14.0, 0.0, shift=(0.0, 2.0))
    assert find_ruler(photo(first)) is not None
    assert find_ruler(photo(second)) is not None
    assert find_ruler(photo(first, second)) is None


def test_turned_and_mirrored_photos_read_the_same():
    grey = photo((Ruler(), to_photo_of(14.0, 25.0)))
    first = find_ruler(grey)
    assert first is not None
    for other in (np.rot90(grey), np.fliplr(grey), grey.T):
        again = find_ruler(np.ascontiguousarray(other))
        assert again is not None
        assert again.px_per_mm == pytest.approx(first.px_per_mm, rel=0.001)


def test_the_same_photo_gives_the_same_bits():
    grey = photo((Ruler(), to_photo_of(14.0, 25.0)))
    first, second = find_ruler(grey), find_ruler(grey.copy())
    assert first is not None
    assert second is not None
    assert first.px_per_mm == second.px_per_mm
    assert first.outline.tobytes() == second.outline.tobytes()


def test_a_hair_across_the_ticks_does_not_hide_the_ruler():
    grey = photo((Ruler(), to_photo_of(14.0, 0.0)))
    cv2.line(grey, (420, 340), (470, 420), (50,), 3, cv2.LINE_AA)
    found = find_ruler(grey)
    assert found is not None
    assert found.px_per_mm == pytest.approx(14.0, rel=0.005)


def test_the_phantoms_ruler_is_read():
    sheet = 255.0 * np.sqrt(sheet_of("ruler").mean(axis=-1))
    to_photo = to_photo_of(12.0, 290.0, shift=(0.0, 0.0))
    found = find_ruler(photo((np.ascontiguousarray(sheet), to_photo)))
    assert found is not None
    assert found.px_per_mm == pytest.approx(12.0, rel=0.005)


@pytest.mark.parametrize("kind", ["target", "chart"])
def test_other_printed_things_are_no_ruler(kind):
    sheet = 255.0 * np.sqrt(sheet_of(kind).mean(axis=-1))
    assert find_ruler(photo((np.ascontiguousarray(sheet), to_photo_of(16.0, 25.0)))) is None


@pytest.mark.parametrize("shape", [(1, 1), (5, 40), (30, 30), (300, 400)])
def test_empty_and_tiny_photos_hold_no_ruler(shape):
    assert find_ruler(np.full(shape, 128, dtype=np.uint8)) is None


def test_a_check_pattern_is_no_ruler():
    row, col = np.mgrid[:700, :900]
    for side in (6, 11, 25):
        board = np.where((row // side + col // side) % 2 == 0, 230, 40).astype(np.uint8)
        assert find_ruler(board) is None


@pytest.mark.parametrize("pitch", [6.3, 17.77, 41.5])
def test_the_pitch_of_a_comb_is_found_to_a_thousandth(pitch):
    column = np.arange(900)
    phase = np.abs((column - 13.37 + 0.5 * pitch) % pitch - 0.5 * pitch)
    line = 200.0 - 150.0 * np.exp(-0.5 * (phase / (0.1 * pitch)) ** 2)
    grey = np.full((200, 900), 200, dtype=np.uint8)
    grey[80:120] = np.round(line)
    band = Band(np.array([450.0, 100.0]), np.array([1.0, 0.0]), np.array([0.0, 1.0]), 440, 40)
    combs = combs_of(grey, band)
    assert any(comb.pitch == pytest.approx(pitch, rel=0.001) for comb in combs)


def test_a_strip_is_the_photo_read_along_the_band():
    grey = np.random.default_rng(1).integers(0, 256, (60, 80), dtype=np.uint8)
    upright = Band(np.array([40.0, 30.0]), np.array([1.0, 0.0]), np.array([0.0, 1.0]), 10, 5)
    assert np.array_equal(strip_of(grey, upright), grey[25:36, 30:51])
    turned = Band(np.array([40.0, 30.0]), np.array([0.0, 1.0]), np.array([-1.0, 0.0]), 10, 5)
    assert np.array_equal(strip_of(grey, turned), grey[20:41, 35:46].T[::-1])
    assert turned.point(10.0, 5.0) == pytest.approx([40.0, 30.0])
