"""One exposure counts once, whatever was done to the copy."""

from dataclasses import replace

import numpy as np
import pytest

from dermadelta.domain import Role
from dermadelta.stages.distinct import DistinctConfig, distinct

CONFIG = DistinctConfig()
EYE = np.eye(3)


def crop_and_resize(size, x, y):
    return np.array([[size, 0.0, x], [0.0, size, y], [0.0, 0.0, 1.0]])


def wavy(amplitude_px, cells=12):
    """A displacement of skin that stretches: ``amplitude_px`` RMS per axis."""
    x = np.sin(np.linspace(0.0, 6.0, cells))
    field = np.stack(np.meshgrid(x, x), axis=-1)
    return (amplitude_px * field / np.sqrt(np.mean(field**2))).astype(np.float32)


@pytest.fixture
def photos(bench):
    """A baseline and one further photograph, whose way to the baseline is given."""

    def make(matrix, *, displacement=None, role=Role.BEFORE):
        skin = bench.FormulaSkin()
        found = bench.homography_only(matrix)
        if displacement is not None:
            found = replace(found, displacement=displacement, grid_step_px=32.0)
        return [skin.aligned(), skin.aligned(role=role, alignment=found)]

    return make


@pytest.mark.parametrize(
    "matrix", [EYE, crop_and_resize(1.0, 14.0, -9.0), crop_and_resize(0.5, 3.2, 8.1)]
)
def test_an_edited_copy_counts_once(photos, matrix):
    kept, remarks = distinct(photos(matrix), CONFIG)
    assert len(kept) == 1
    assert kept[0].alignment is None
    assert "same exposure" in remarks[0]
    assert "counts once" in remarks[0]


def turn(degrees):
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])


@pytest.mark.parametrize(
    "changes",
    [
        {"matrix": turn(0.5)},
        {"matrix": np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [3e-5, 0.0, 1.0]])},
        {"matrix": EYE, "displacement": wavy(1.0)},
    ],
)
def test_skin_that_was_photographed_again_counts(photos, changes):
    kept, remarks = distinct(photos(**changes), CONFIG)
    assert len(kept) == 2
    assert remarks == []


def test_the_errors_of_an_alignment_do_not_make_a_copy_a_second_exposure(photos):
    kept, _ = distinct(photos(EYE, displacement=wavy(0.12)), CONFIG)
    assert len(kept) == 1


def test_before_and_after_are_never_one_exposure(photos):
    kept, _ = distinct(photos(EYE, role=Role.AFTER), CONFIG)
    assert len(kept) == 2
