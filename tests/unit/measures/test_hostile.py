"""What no photograph should show: every measure still gives a value or says why it has none."""

import re
import warnings
from functools import cache

import numpy as np
import pytest

from dermadelta import measures
from dermadelta.config import Config
from dermadelta.domain import LesionThresholds, Measure, Need, NotMeasured, Read, Tiles, Untreated

SIDE = 160
SKIN = np.array([0.45, 0.27, 0.19])

each = pytest.mark.parametrize("item", measures.ALL, ids=[item.name for item in measures.ALL])


def noise(rows: int = SIDE, cols: int = SIDE, sd: float = 0.15) -> np.ndarray:
    field = np.random.default_rng(7).normal(0.0, sd, (rows, cols, 1))
    return np.clip(SKIN * np.exp(field), 0.0, 1.0)


def even(level: float, rows: int = SIDE, cols: int = SIDE) -> np.ndarray:
    return np.full((rows, cols, 3), level)


def marked(rows: int = SIDE, cols: int = SIDE) -> np.ndarray:
    """Dark dots, dark grooves, a red patch and red bands on grainy skin."""
    y, x = np.mgrid[:rows, :cols].astype(float)
    dots = np.exp(-(((x % 16) - 8) ** 2 + ((y % 16) - 8) ** 2) / 4.0)
    grooves = np.exp(-(((x + 0.3 * y) % 40 - 20) ** 2) / 12.0) * (y > rows / 2)
    patch = 0.5 * (np.hypot(x - cols / 2, y - rows / 3) < min(rows, cols) / 6)
    bands = 0.4 * (np.abs((x - y) % 80 - 40) < 10)
    light = np.stack([-0.4 * dots - 0.5 * grooves] * 3, axis=-1)
    light[..., 1:] -= (patch + bands)[..., None]
    return np.clip(noise(rows, cols, 0.03) * np.exp(light), 0.0, 1.0)


def checkered() -> np.ndarray:
    y, x = np.mgrid[:SIDE, :SIDE]
    return np.repeat((((x + y) % 2).astype(float))[..., None], 3, axis=2)


ABSENT = NotMeasured("no untreated skin")


def only(*where: slice) -> np.ndarray:
    mask = np.zeros((SIDE, SIDE), dtype=bool)
    mask[where] = True
    return mask


def sieve() -> np.ndarray:
    """Skin of which nothing is left once its edge is taken off."""
    mask = np.ones((SIDE, SIDE), dtype=bool)
    mask[::3] = mask[:, ::3] = False
    return mask


OF_MEAN_COLOUR = ("redness", "redness_lab")
"""Read of the mean colour, which is not the mean of what its tiles show."""


def turned_to_the_side() -> np.ndarray:
    """To the first before photo, seen at a slant."""
    return np.array([[0.8, 0.2, 5.0], [-0.1, 1.1, -40.0], [0.0, 1e-3, 1.0]])


HOSTILE = {
    "one pixel": (even(0.3, 1, 1), {}),
    "one row": (noise(1, SIDE), {}),
    "one column": (noise(SIDE, 1), {}),
    "tiny": (marked(50, 50), {}),
    "thin strip": (noise(), {"mask": only(slice(None), slice(80, 81))}),
    "thin strip of skin": (noise(), {"mask": only(slice(80, 81)), "skin": only()}),
    "single pixel": (noise(), {"mask": only(slice(80, 81), slice(80, 81)), "skin": only()}),
    "sieve": (marked(), {"mask": sieve()}),
    "in the corner": (marked(), {"mask": only(slice(0, 90), slice(70, SIDE))}),
    "mirrored": (marked()[:, ::-1], {"to_reference": np.diag([-1.0, 1.0, 1.0])}),
    "slanted": (marked(), {"to_reference": turned_to_the_side(), "magnification": 1.7}),
    "even": (even(0.3), {}),
    "black": (even(0.0), {}),
    "white": (even(1.0), {}),
    "checkered black and white": (checkered(), {}),
    "black halves": (np.where(np.arange(SIDE)[:, None, None] < 80, 0.0, marked()), {}),
    "noise": (noise(), {}),
    "noise that is known": (noise(), {"noise": 1.0}),
    "strong noise": (noise(sd=2.0), {}),
    "beyond all colours of a screen": (2.0 * marked() - 0.2, {}),
    "one colour only": (marked() * np.array([1.0, 0.0, 0.0]), {}),
    "no untreated skin": (
        marked(),
        {"untreated": ABSENT, "scar": only()},
    ),
    "untreated skin all alike": (marked(), {"untreated": Untreated(0.0, 0.0)}),
    "an empty scar": (marked(), {"scar": only(slice(0, 0))}),
    "very coarse": (marked(), {"mm_per_px": 0.3}),
    "coarser than the smallest thing": (marked(), {"mm_per_px": 3.0}),
    "very fine": (marked(), {"mm_per_px": 0.005}),
    "much blur to add": (marked(), {"blur_to_add_px2": 25.0}),
    "marked": (marked(), {}),
    "marked, wide": (marked(), {"mm_per_px": 0.2}),
}

hostile = pytest.mark.parametrize("name", HOSTILE)


FINE = {"texture": 0.05, "glcm": 0.05, "pores": 0.05}
"""Scale at which families are read that need more pixels than others, mm per pixel."""


def scale_of(item: Measure) -> float | None:
    if Need.NO_SCALE in item.needs:
        return None
    return 0.033 if item.name == "roughness_fine" else FINE.get(item.family, 0.1)


@pytest.fixture(scope="module")
def painting(paint):
    """Views by name and usual scale (None: without one), each made once, or once again."""

    @cache
    def made(name: str, usual: float | None, again: bool = False):
        rgb, changes = HOSTILE[name]
        redder = np.clip(40.0 * (rgb[..., 0] - rgb[..., 1]), 0.0, 60.0).astype(np.float32)
        settings = {
            "mm_per_px": usual,
            "lesion": LesionThresholds(4.0, 2.0),
            "discolouration": redder,
            **changes,
        }
        if usual is None:
            settings |= {"mm_per_px": None, "frame_short_side_px": 2000.0}
        return paint(rgb.copy(), **settings)

    return made


def read(item, view) -> Read | NotMeasured:
    """What the measure gives; a warning of numpy on the way is an error."""
    with warnings.catch_warnings(), np.errstate(all="raise", under="ignore"):
        warnings.simplefilter("error")
        return item.read(view, Config().params()[item.family])


def combined(tiles: Tiles) -> float:
    if tiles.combine == "sum":
        return float(tiles.value.sum())
    mean = float(tiles.weight @ tiles.value / tiles.weight.sum())
    return mean if tiles.combine == "mean" else float(np.sqrt(mean))


def assert_sound(item, view, found: Read | NotMeasured) -> None:
    if isinstance(found, NotMeasured):
        assert len(found.reason.split()) >= 3, found.reason
        assert not re.search(r"\b(nan|inf)\b|-\d", found.reason), found.reason
        return
    assert np.isfinite([found.value, found.blur_sensitivity, found.own_rel_sd]).all()
    assert found.own_rel_sd >= 0.0
    if item.change == "ratio":
        assert found.value > 0.0
    assert_sound_tiles(item, view, found)
    rows, cols = view.mask.shape
    assert found.marks.shape[1:] == (3,)
    assert np.isfinite(found.marks).all()
    x, y, size = found.marks.T
    assert np.all((x >= -0.5) & (x <= cols - 0.5) & (y >= -0.5) & (y <= rows - 0.5))
    assert np.all(size > 0.0)
    if found.outline is not None:
        assert found.outline.shape == view.mask.shape
        assert found.outline.dtype == np.bool_
        assert not found.outline[~view.mask].any()


def assert_sound_tiles(item, view, found: Read) -> None:
    tiles = found.tiles
    assert len(tiles.ids) == len(tiles.weight) == len(tiles.value) > 0
    assert np.all(np.diff(tiles.ids) > 0)
    assert np.isin(tiles.ids, view.tile_ids[view.tile_ids >= 0]).all()
    assert np.isfinite(tiles.value).all()
    assert np.isfinite(tiles.weight).all()
    assert np.all(tiles.weight > 0.0)
    if item.name in OF_MEAN_COLOUR:
        assert tiles.value.min() - 1e-3 <= found.value <= tiles.value.max() + 1e-3
    else:
        assert combined(tiles) == pytest.approx(found.value, rel=1e-3, abs=1e-9)


@each
@hostile
def test_it_reads_or_says_why_not(item, name, painting):
    view = painting(name, scale_of(item))
    found = read(item, view)
    assert_sound(item, view, found)
    again = read(item, painting(name, scale_of(item), again=True))
    assert type(found) is type(again)
    if isinstance(found, NotMeasured) or isinstance(again, NotMeasured):
        assert found == again
        return
    assert found.value == again.value
    for of in ("ids", "weight", "value"):
        assert np.array_equal(getattr(found.tiles, of), getattr(again.tiles, of))
    assert np.array_equal(found.marks, again.marks)


@each
def test_some_of_it_can_be_read(item, painting):
    """Else nothing of the above would be held against a value."""
    found = [read(item, painting(name, scale_of(item))) for name in HOSTILE]
    assert any(isinstance(one, Read) for one in found)
