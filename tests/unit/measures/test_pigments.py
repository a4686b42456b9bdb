"""Pigments of painted skin."""

import numpy as np
import pytest

from dermadelta.domain import Read
from dermadelta.kernels.pigments import BASE_OD, HAEMOGLOBIN, MELANIN
from dermadelta.measures.pigments import Params, read_haemoglobin, read_melanin

PARAMS = Params()


def coloured(melanin, haemoglobin, shade=0.2) -> np.ndarray:
    amounts = np.broadcast_arrays(melanin, haemoglobin, shade)
    first, second, grey = (np.asarray(a, dtype=np.float64)[..., None] for a in amounts)
    return np.exp(-(BASE_OD + first * MELANIN + second * HAEMOGLOBIN + grey))


def values(view) -> tuple[float, float]:
    reads = [read(view, PARAMS) for read in (read_melanin, read_haemoglobin)]
    assert all(isinstance(found, Read) for found in reads)
    return reads[0].value, reads[1].value


@pytest.mark.parametrize("melanin", [0.15, 0.3, 0.65])
@pytest.mark.parametrize("haemoglobin", [0.05, 0.2])
@pytest.mark.parametrize("mm_per_px", [None, 0.1, 0.04])
def test_what_was_painted_is_read(paint, melanin, haemoglobin, mm_per_px):
    view = paint(np.tile(coloured(melanin, haemoglobin), (100, 120, 1)), mm_per_px)
    assert values(view) == pytest.approx((melanin, haemoglobin), abs=2e-4)


def test_shading_has_no_pigment(paint):
    shade = 0.8 * np.random.default_rng(2).random((120, 120))
    view = paint(coloured(0.3, 0.12, shade))
    assert values(view) == pytest.approx((0.3, 0.12), abs=2e-4)


def test_each_stays_still_when_the_other_changes(paint):
    rows, cols = 90, 120
    before = values(paint(np.tile(coloured(0.3, 0.12), (rows, cols, 1))))
    tan = values(paint(np.tile(coloured(0.4, 0.12), (rows, cols, 1))))
    flush = values(paint(np.tile(coloured(0.3, 0.22), (rows, cols, 1))))
    assert np.subtract(tan, before) == pytest.approx((0.1, 0.0), abs=1e-4)
    assert np.subtract(flush, before) == pytest.approx((0.0, 0.1), abs=1e-4)


def test_white_balance_drops_out_against_reference_skin(paint):
    """The same gain on both moves both readings alike, also where less is left than none."""
    region, around = (np.tile(coloured(m, h), (90, 90, 1)) for m, h in ((0.3, 0.2), (0.25, 0.03)))
    gain = np.array([0.85, 1.0, 1.1])
    contrasts = [
        np.subtract(values(paint(region * g)), values(paint(around * g))) for g in (1.0, gain)
    ]
    assert contrasts[1] == pytest.approx(contrasts[0], abs=1e-4)


def test_tiles_make_the_value_again(paint):
    melanin = 0.3 + 0.05 * np.random.default_rng(4).random((130, 170))
    view = paint(coloured(melanin, 0.12))
    for read in (read_melanin, read_haemoglobin):
        found = read(view, PARAMS)
        mean = found.tiles.weight @ found.tiles.value / found.tiles.weight.sum()
        assert mean == pytest.approx(found.value, rel=1e-9)


def test_a_mole_or_a_hair_does_not_speak_for_the_region(paint):
    melanin = np.full((150, 150), 0.3)
    melanin[40:60, 50:70] = 1.2  # under 2 %
    assert values(paint(coloured(melanin, 0.12)))[0] == pytest.approx(0.3, abs=1e-3)
