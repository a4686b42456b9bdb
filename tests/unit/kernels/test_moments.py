import numpy as np
import pytest

from dermadelta.kernels.moments import PROBE_PX2, tile_moments
from dermadelta.kernels.texture import gaussian


def scene(shape, tile=40):
    random = np.random.default_rng(7)
    residual = gaussian(random.gamma(2.0, 1.0, shape).astype(np.float32) - np.float32(2.0), 1.0)
    mask = random.random(shape) < 0.7
    row, col = np.mgrid[: shape[0], : shape[1]] // tile
    return residual, mask, (row * (shape[1] // tile + 1) + col).astype(np.int32)


@pytest.mark.parametrize("shape", [(203, 318), (1210, 1107)])
def test_moments_are_those_of_the_usable_pixels(shape):
    residual, mask, tiles = scene(shape)
    found = tile_moments(residual, mask, tiles, 50.0)
    e = residual[mask].astype(np.float64)
    expected = [np.mean(e**2), np.mean(e), np.mean(e**3), np.mean(np.abs(e))]
    assert found.means() == pytest.approx(expected, rel=1e-5)
    assert found.counts.sum() == pytest.approx(mask.sum(), rel=1e-6)
    assert np.all(np.diff(found.ids) > 0)


def test_a_tile_holds_its_own_pixels():
    residual, mask, tiles = scene((200, 320))  # tiles of whole squares
    found = tile_moments(residual, mask, tiles, 50.0)
    own = mask & (tiles == 11)
    at = list(found.ids).index(11)
    assert found.counts[at] == pytest.approx(own.sum(), abs=1e-3)
    assert found.sums[at, 0] == pytest.approx(np.sum(residual[own] ** 2), rel=1e-5)


def test_outliers_are_left_out():
    residual, mask, tiles = scene((200, 320))
    spoilt = residual.copy()
    spoilt[50:52, 60:64] = 1e4
    mask[50:52, 60:64] = True
    without = mask.copy()
    without[50:52, 60:64] = False
    found = tile_moments(spoilt, mask, tiles, 12.0)
    assert found.means() == pytest.approx(
        tile_moments(residual, without, tiles, 12.0).means(), rel=1e-6
    )
    assert tile_moments(spoilt, mask, tiles, None).means()[0] > 1e3


def test_the_square_alone_is_the_same_square():
    residual, mask, tiles = scene((200, 320))
    both = (tile_moments(residual, mask, tiles, 6.0, only_square=short) for short in (False, True))
    full, short = both
    assert short.sums.shape[1] == 1
    assert np.array_equal(short.sums[:, 0], full.sums[:, 0])
    assert short.blurred[0] == full.blurred[0]


def test_the_probing_blur_has_its_variance():
    # A wave λ keeps exp(-2π²v/λ²) of its amplitude under a blur of variance v.
    col = np.arange(600)
    wave = np.tile(np.cos(2.0 * np.pi * col / 20.0), (300, 1)).astype(np.float32)
    mask = np.ones(wave.shape, dtype=bool)
    found = tile_moments(wave, mask, np.zeros(wave.shape, np.int32), 50.0)
    kept = np.sqrt(found.blurred[0] / found.means()[0])
    assert np.log(kept) == pytest.approx(-2.0 * np.pi**2 * PROBE_PX2 / 400.0, rel=0.02)
