import numpy as np
import pytest

from dermadelta.kernels.anisotropy import ANGLES, directions
from dermadelta.kernels.texture import gaussian

SHAPE = (330, 420)
WAVES = (5.0, 25.0)


def even(seed, shape=SHAPE):
    noise = np.random.default_rng(seed).standard_normal(shape).astype(np.float32)
    return gaussian(noise, 0.94) - gaussian(noise, 4.7)


def waves(angle_deg, length=12.0, shape=SHAPE):
    row, col = np.mgrid[: shape[0], : shape[1]]
    turn = np.radians(angle_deg)
    along = np.cos(turn) * col + np.sin(turn) * row
    return np.cos(2.0 * np.pi * along / length).astype(np.float32)


def everywhere(shape=SHAPE):
    return np.ones(shape, dtype=bool)


def anisotropy(image, mask=None, side=64):
    found = directions(image, everywhere(image.shape) if mask is None else mask, side, WAVES)
    assert found is not None
    total = found.total()
    return 1.0 - total.min() / total.max()


@pytest.mark.parametrize("k", range(0, ANGLES, 2))
def test_the_energy_is_where_the_waves_run(k):
    found = directions(waves(15.0 * k), everywhere(), 64, WAVES)
    assert found is not None
    assert int(np.argmax(found.total())) == k
    assert anisotropy(waves(15.0 * k)) > 0.95


def test_a_pattern_without_direction_has_none():
    assert np.mean([anisotropy(even(seed)) for seed in range(4)]) < 0.12


def test_half_of_the_power_in_one_direction_reads_alike_at_every_angle():
    noise = even(1) / np.std(even(1))
    read = [anisotropy(noise + waves(angle, 9.3)) for angle in (0.0, 22.0, 45.0, 70.0, 90.0)]
    assert max(read) - min(read) < 0.06
    assert 0.5 < np.mean(read) < 0.9


def test_turns_and_mirrors_change_nothing():
    image = even(2) + 0.3 * waves(20.0)
    mask = gaussian(np.random.default_rng(5).random(SHAPE).astype(np.float32), 6.0) > 0.49
    expected = anisotropy(image, mask)
    for turn in (np.rot90, np.fliplr, np.flipud, lambda a: np.rot90(a, 2)):
        found = anisotropy(np.ascontiguousarray(turn(image)), np.ascontiguousarray(turn(mask)))
        assert found == pytest.approx(expected, rel=1e-5)


def test_what_is_masked_does_not_matter():
    mask = everywhere()
    mask[100:200, 150:260] = False
    spoilt = even(3)
    spoilt[~mask] = 1e6
    assert anisotropy(spoilt, mask) == anisotropy(even(3), mask)
    assert directions(even(3), ~everywhere(), 64, WAVES) is None


def test_patches_make_up_the_whole():
    found = directions(even(4) + 0.3 * waves(20.0), everywhere(), 64, WAVES)
    assert found is not None
    assert found.energy.shape == (len(found.weight), ANGLES)
    assert found.weight.max() <= 1.0 + 1e-6
    assert np.mean(found.total()) == pytest.approx(1.0, abs=0.02)
    assert found.softer == pytest.approx(found.total(), rel=0.1)
