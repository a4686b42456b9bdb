"""Parts of align that are seen alone: skin that changed, and the other side of the body."""

import cv2
import numpy as np
import pytest

from dermadelta.kernels.flow import locally_normalised
from dermadelta.kernels.geometry import pixel_grid
from dermadelta.kernels.sides import Side
from dermadelta.stages.align.changed import changed_skin
from dermadelta.stages.align.other_side import shows_the_other_side

ROWS, COLS = 300, 400


def side_of(rgb, usable=None) -> Side:
    usable = np.ones((ROWS, COLS), bool) if usable is None else usable
    grey = locally_normalised(np.log(rgb).mean(axis=2).astype(np.float32), usable, 6.0)
    return Side(rgb, grey, usable, usable, np.eye(3), float(ROWS), 6.0)


def skin(radius: float, seed: int = 1) -> np.ndarray:
    """Mottled skin with a red disc of a radius in pixels."""
    rng = np.random.default_rng(seed)
    mottle = cv2.GaussianBlur(rng.normal(size=(ROWS, COLS)).astype(np.float32), (0, 0), 2.0)
    y, x = np.mgrid[:ROWS, :COLS]
    disc = np.hypot(x - 200, y - 150) < radius
    rgb = np.full((ROWS, COLS, 3), 0.4, np.float32) * np.exp(0.3 * mottle)[..., None]
    rgb[..., 1] *= np.where(disc, 0.8, 1.0)
    return rgb.astype(np.float32)


def same_place() -> np.ndarray:
    return pixel_grid((0, 0, COLS, ROWS)).astype(np.float32)


def test_the_rim_of_a_lesion_that_grew_has_changed_and_the_rest_has_not():
    changed = changed_skin(side_of(skin(50.0)), side_of(skin(60.0)), same_place())
    y, x = np.mgrid[:ROWS, :COLS]
    from_middle = np.hypot(x - 200, y - 150)
    assert changed[(from_middle > 53) & (from_middle < 57)].mean() > 0.95
    assert not changed[from_middle > 130].any()  # nearer by, the trend still feels the rim


@pytest.mark.parametrize("gain", [(1.0, 1.0, 1.0), (1.3, 1.0, 0.8)])
def test_a_lesion_that_stayed_has_not_changed_whatever_the_white_balance(gain):
    after = (skin(50.0) * np.array(gain, np.float32)).astype(np.float32)
    assert not changed_skin(side_of(skin(50.0)), side_of(after), same_place()).any()


def test_a_lesion_that_lies_half_a_pixel_off_has_not_changed():
    shifted = cv2.warpAffine(
        skin(50.0),
        np.float32([[1, 0, 0.4], [0, 1, 0]]),
        (COLS, ROWS),
        borderMode=cv2.BORDER_REFLECT,
    )
    assert changed_skin(side_of(skin(50.0)), side_of(shifted), same_place()).mean() < 0.02


def face(turn: int) -> np.ndarray:
    """Outline of a cheek that fills one half of the frame, the nose towards the other."""
    outline = np.zeros((ROWS, COLS), np.uint8)
    corners = [
        [0, 0],
        [170, 0],
        [200, 110],
        [250, 170],
        [190, 190],
        [180, 240],
        [120, 300],
        [0, 300],
    ]
    cv2.fillPoly(outline, [np.array(corners, np.int32)], 1)
    return outline[:, ::turn].astype(bool)


def test_the_opposite_cheek_is_told_by_its_outline():
    one, two = side_of(skin(1.0), face(1)), side_of(skin(1.0, seed=2), face(-1))
    assert shows_the_other_side(one, two)
    assert not shows_the_other_side(one, side_of(skin(1.0, seed=2), face(1)))


def test_skin_all_over_the_frame_has_no_side():
    assert not shows_the_other_side(side_of(skin(1.0)), side_of(skin(1.0, seed=2)))
