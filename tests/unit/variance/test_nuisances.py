"""What is seen of a lamp that moved, on facts that say where it stood."""

from dataclasses import replace

import numpy as np
import pytest

from dermadelta import measures
from dermadelta.domain import Read, Role, Tiles
from dermadelta.variance.nuisances import NUISANCES, Observed, observed_nuisances

TEXTURE = next(item for item in measures.ALL if item.name == "roughness")


@pytest.fixture(name="seen")
def _seen(bench):
    """Nuisances of texture where the facts of either photo are replaced by those given."""
    carried = bench.carried("no_change")
    first, second = (
        next(fact for fact in carried.facts if fact.role is role)
        for role in (Role.BEFORE, Role.AFTER)
    )
    tiles = Tiles(np.arange(9, dtype=np.int32), np.ones(9), 1e-3 * np.ones(9), "rms")
    read = Read(float(np.sqrt(1e-3)), tiles)

    def nuisances(before, after):
        facts = (replace(first, **before), replace(second, **after))
        still = bench.homography_only(np.eye(3))
        item = Observed(
            facts, (read, read), still, carried.views[0].scale, 0.0, 0.0, 10_000, 0.0, False, 1
        )
        return observed_nuisances(TEXTURE, [item])

    return nuisances


def slope_of(degrees, size):
    return {"light_slope": (size * np.cos(np.radians(degrees)), size * np.sin(np.radians(degrees)))}


def test_a_lower_lamp_is_a_stronger_slope_and_no_turn(seen):
    found = seen(slope_of(30.0, 0.2), slope_of(30.0, 0.3))
    # 0.1 of a mean of 0.25, damped by what is faint.
    assert found["light_strength"] == pytest.approx(0.1**2 / (0.25**2 + 0.1**2))
    assert found["light_turn"] == pytest.approx(0.0, abs=1e-12)


def test_a_lamp_that_went_round_is_a_turn_and_no_stronger(seen):
    found = seen(slope_of(30.0, 0.2), slope_of(70.0, 0.2))
    assert found["light_strength"] == pytest.approx(0.0, abs=1e-12)
    assert found["light_turn"] > 0.1


def test_both_photos_count_alike(seen):
    first, second = slope_of(10.0, 0.12), slope_of(50.0, 0.3)
    there, back = seen(first, second), seen(second, first)
    for name in ("light_strength", "light_turn", "lean_strength", "lean"):
        assert there[name] == pytest.approx(back[name])
    assert there["light_strength"] > 0.1


def test_fine_relief_that_leans_less_is_told_from_one_that_leans_elsewhere(seen):
    weaker = seen({"lean": (0.3, 0.0)}, {"lean": (0.1, 0.0)})
    turned = seen({"lean": (0.3, 0.0)}, {"lean": (0.0, 0.3)})
    assert weaker["lean_strength"] == pytest.approx(0.04)
    assert turned["lean_strength"] == pytest.approx(0.0, abs=1e-12)
    assert turned["lean"] > weaker["lean"]


@pytest.mark.parametrize("name", ["light_strength", "light_turn", "lean_strength"])
def test_light_concerns_what_is_fragile_to_it_alone(seen, name):
    assert NUISANCES[name].concerns == {"light"}
    colours = next(item for item in measures.ALL if "light" not in item.fragile_to)
    assert name in seen({}, {})
    assert not NUISANCES[name].concerns & colours.fragile_to
