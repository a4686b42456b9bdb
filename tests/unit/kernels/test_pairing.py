import numpy as np
import pytest

from dermadelta.kernels.pairing import chance_matches, common_tiles, mutual_nearest


def test_shifted_points_find_themselves():
    rng = np.random.default_rng(3)
    first = rng.uniform(0.0, 500.0, (200, 2))
    order = rng.permutation(200)
    second = (first + np.array([0.3, -0.2]))[order]
    left, right, distance = mutual_nearest(first, second, 1.0)
    assert len(left) > 190  # a neighbour may be nearer than the point itself, but rarely
    assert np.mean(order[right] == left) > 0.99
    assert np.median(distance) == pytest.approx(np.hypot(0.3, 0.2))


def test_no_point_is_taken_twice_and_none_from_afar():
    first = np.array([[0.0, 0.0], [1.0, 0.0], [50.0, 50.0]])
    second = np.array([[0.9, 0.0], [60.0, 50.0]])
    left, right, distance = mutual_nearest(first, second, 2.0)
    assert left.tolist() == [1]
    assert right.tolist() == [0]
    assert distance == pytest.approx([0.1])


@pytest.mark.parametrize("empty", ["first", "second", "both"])
def test_nothing_matches_nothing(empty):
    some, none = np.zeros((4, 2)), np.empty((0, 2))
    first = none if empty in ("first", "both") else some
    second = none if empty in ("second", "both") else some
    assert all(len(part) == 0 for part in mutual_nearest(first, second, 1.0))


def test_the_overlap_is_what_both_masks_reach():
    ids = np.repeat(np.arange(4, dtype=np.int32), 10)[None, :].repeat(5, axis=0)
    ids[:, -1] = -1
    first, second = np.ones(ids.shape, dtype=bool), np.zeros(ids.shape, dtype=bool)
    first[:, :5] = False
    second[:, 8:25] = True
    assert common_tiles((ids, first), (ids, second)).tolist() == [0, 1, 2]


def test_chance_is_what_unrelated_points_do():
    rng = np.random.default_rng(5)
    first, second = rng.uniform(0.0, 300.0, (2, 500, 2))
    by_chance = chance_matches(first, second, 6.0)
    assert by_chance == pytest.approx(len(mutual_nearest(first, second, 6.0)[0]), rel=0.2)
    assert chance_matches(first, first, 6.0) == pytest.approx(by_chance, rel=0.2)
