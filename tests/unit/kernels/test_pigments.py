"""Two pigments from RGB: exact where painted, and how far they talk across."""

from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import nnls

from dermadelta.kernels.colour import SRGB_TO_XYZ
from dermadelta.kernels.pigments import (
    BASE_OD,
    BELOW,
    HAEMOGLOBIN,
    MELANIN,
    pigment_density,
    unmixing,
)
from dermadelta.phantom import skin as phantom

ROWS = np.genfromtxt(
    Path(__file__).parents[2] / "data" / "pigment_spectra.csv", delimiter=",", skip_header=1
)
NM, FOREARMS = ROWS[:, 0], ROWS[:, 7:].T
WEIGHTS = (ROWS[:, 1:4] * ROWS[:, 4:5]) @ np.linalg.inv(SRGB_TO_XYZ).T
WEIGHTS /= WEIGHTS.sum(axis=0)

CROSS_TALK = 0.15
"""What the other pigment may seem to change by, of what the one that changed does."""


def readings(density: np.ndarray) -> np.ndarray:
    return np.stack(pigment_density(-np.atleast_2d(density)), axis=-1).astype(np.float64)


def cross_talk(before: np.ndarray, after: np.ndarray, own: int) -> float:
    moved = (readings(after) - readings(before))[0]
    assert moved[own] > 0.0
    return abs(float(moved[1 - own] / moved[own]))


@pytest.mark.parametrize("vector", [MELANIN, HAEMOGLOBIN])
def test_the_vectors_have_length_one_and_no_shading(vector):
    assert np.linalg.norm(vector) == pytest.approx(1.0, abs=2e-4)
    assert vector.sum() == pytest.approx(0.0, abs=2e-4)


def test_the_basis_is_frozen():
    assert MELANIN.tolist() == [-0.6801, -0.0513, 0.7313]
    assert HAEMOGLOBIN.tolist() == [-0.7626, 0.634, 0.1286]
    assert BASE_OD.tolist() == [0.53, 0.618, 0.743]


def test_shading_is_projected_out():
    assert unmixing()[:, :3].sum(axis=1) == pytest.approx(np.zeros(2), abs=1e-12)


def test_amounts_of_any_mixture_come_back():
    rng = np.random.default_rng(1)
    amounts = rng.uniform(0.0, 0.8, (500, 2))
    density = BASE_OD + amounts @ np.stack([MELANIN, HAEMOGLOBIN]) + rng.uniform(-1, 1, (500, 1))
    assert readings(density) == pytest.approx(amounts, abs=2e-3)


def test_it_is_the_non_negative_least_squares():
    rng = np.random.default_rng(2)
    basis = np.stack([MELANIN, HAEMOGLOBIN], axis=1)
    # Orthogonal to shading exactly, as the kernel makes its own.
    basis -= basis.mean(axis=0)
    densities = BASE_OD + rng.normal(0.0, 0.6, (400, 3))
    free = densities - BASE_OD
    free -= free.mean(axis=1, keepdims=True)
    expected = np.array([nnls(basis, row + BELOW * basis.sum(axis=1))[0] - BELOW for row in free])
    assert (expected == -BELOW).any()
    assert readings(densities) == pytest.approx(expected, abs=2e-3)


def test_a_map_keeps_its_shape():
    logs = np.log(np.random.default_rng(3).uniform(0.1, 0.8, (5, 7, 3))).astype(np.float32)
    for amount in pigment_density(logs):
        assert amount.shape == (5, 7)
        assert amount.dtype == np.float32


# ------------------------------------------------------------------------- cross-talk


def absorbed_by_blood() -> np.ndarray:
    """Absorption of dermis per share of blood, /cm, in vessels of 20 µm radius."""
    whole = 2.303 * 150.0 / 64500.0 * (0.7 * ROWS[:, 5] + 0.3 * ROWS[:, 6])
    through = 2.0 * whole * 20e-4
    return whole * (1.0 - np.exp(-through)) / through


def dermis(share: float) -> np.ndarray:
    """Optical density of the dermis (Jacques 2013, doi:10.1088/0031-9155/58/11/R37)."""
    absorption = 7.84e8 * NM**-3.255 + share * absorbed_by_blood()
    scattering = 46.0 * (NM / 500.0) ** -1.42
    return 7.0 / np.sqrt(3.0 * (1.0 + scattering / absorption))


def seen(skin: np.ndarray, surface: float, melanin: float = 0.0, blood: float = 0.0) -> np.ndarray:
    """Density of skin in linear sRGB with more melanin (λ^-3.33) or blood below its surface."""
    added = melanin * (NM / 550.0) ** -3.33 + dermis(0.002 + blood) - dermis(0.002)
    return -np.log((surface + (skin - 0.04) * np.exp(-added)) @ WEIGHTS)


@pytest.mark.parametrize("surface", [0.01, 0.02, 0.04])
@pytest.mark.parametrize("number", range(10))
def test_haemoglobin_stays_still_in_a_tan(number, surface):
    skin = FOREARMS[number]
    for melanin in (0.05, 0.2):
        tan = seen(skin, surface, melanin=melanin)
        assert cross_talk(seen(skin, surface), tan, 0) <= CROSS_TALK


@pytest.mark.parametrize(
    ("number", "surface"), [(n, s) for n in range(10) for s in (0.01, 0.02) if (n, s) != (9, 0.02)]
)
def test_melanin_stays_still_in_an_erythema(number, surface):
    """On the darkest skin not where gloss doubles the blue light that comes back."""
    skin = FOREARMS[number]
    for blood in (0.001, 0.003):
        flush = seen(skin, surface, blood=blood)
        assert cross_talk(seen(skin, surface), flush, 1) <= CROSS_TALK


@pytest.mark.parametrize("melanin", [0.2, 0.4, 0.8, 1.0])
def test_the_phantom_talks_across_no_more(melanin):
    """Its vectors are not those of the kernel. On darker skin light from the surface adds to it."""

    def density(m: float, h: float) -> np.ndarray:
        below = phantom.BASE_OD + m * phantom.MELANIN_OD + h * phantom.HAEMOGLOBIN_OD
        return -np.log((1.0 - phantom.SURFACE_SHARE) * np.exp(-below) + phantom.SURFACE_SHARE)

    before = density(melanin, 0.25)
    assert cross_talk(before, density(1.15 * melanin, 0.25), 0) <= CROSS_TALK
    assert cross_talk(before, density(melanin, 0.35), 1) <= CROSS_TALK


def test_people_have_both_independently():
    """Ten means by tone: melanin goes with it, haemoglobin keeps to a narrow range."""
    found = readings(-np.log(FOREARMS @ WEIGHTS))
    melanin, haemoglobin = found.T
    assert melanin[-1] > 2.0 * melanin[0]
    assert np.corrcoef(np.arange(10), melanin)[0, 1] > 0.6
    assert np.ptp(haemoglobin) < 0.25 * np.ptp(melanin)
    assert 0.05 < haemoglobin.min() < haemoglobin.max() < 0.2
