"""Against the digital phantom of the IBSI reference manual, arXiv:1612.07003.

Values and matrices as in its chapters "Image features" and "Digital phantom texture matrices".
"""

from itertools import product

import numpy as np
import pytest

from dermadelta.kernels import glcm

OUT = 0
PHANTOM = np.array(
    [
        [[1, 4, 4, 1, 1], [1, 4, 6, 1, 1], [4, 1, 6, 4, 1], [4, 4, 6, 4, 1]],
        [[1, 4, 4, 1, 1], [1, 1, 6, 1, 1], [OUT, 1, 3, 1, 1], [4, 4, 6, 1, 1]],
        [[1, 4, 4, OUT, OUT], [1, 1, 1, 1, 1], [1, 1, OUT, 1, 1], [1, 1, 6, 1, 1]],
        [[1, 4, 4, OUT, OUT], [1, 1, 1, 1, 1], [1, 1, 1, 1, 1], [1, 1, 6, 1, 1]],
    ]
)
MASK = PHANTOM != OUT
LEVELS = np.maximum(PHANTOM - 1, 0)
IN_PLANE = ((0, 1), (1, 0), (1, 1), (1, -1))
IN_SPACE = tuple(step for step in product((-1, 0, 1), repeat=3) if step > (0, 0, 0))

FEATURES = {
    "ACUI contrast": (glcm.contrast, (5.28, 5.19, 5.39, 5.29, 5.32, 5.12)),
    "TU9B joint entropy": (glcm.joint_entropy, (2.05, 2.24, 2.48, 2.61, 2.40, 2.57)),
    "8ZQL angular second moment": (
        glcm.angular_second_moment,
        (0.368, 0.352, 0.286, 0.277, 0.303, 0.291),
    ),
    "WF0Z inverse difference moment": (
        glcm.inverse_difference_moment,
        (0.619, 0.625, 0.606, 0.613, 0.618, 0.631),
    ),
}
AGGREGATIONS = (
    "2D averaged",
    "2D slice-merged",
    "2.5D direction-merged",
    "2.5D merged",
    "3D averaged",
    "3D merged",
)


def matrices_to_average(way: str) -> list[np.ndarray]:
    """Counts of which a feature is computed before its mean is taken."""
    flat = np.array(
        [
            [glcm.cooccurrence(LEVELS[z], MASK[z], step, 6)[0] for step in IN_PLANE]
            for z in range(len(PHANTOM))
        ]
    )
    solid = np.array([glcm.cooccurrence(LEVELS, MASK, step, 6)[0] for step in IN_SPACE])
    return {
        "2D averaged": list(flat.reshape(-1, 6, 6)),
        "2D slice-merged": list(flat.sum(axis=1)),
        "2.5D direction-merged": list(flat.sum(axis=0)),
        "2.5D merged": [flat.sum(axis=(0, 1))],
        "3D averaged": list(solid),
        "3D merged": [solid.sum(axis=0)],
    }[way]


@pytest.mark.parametrize("way", AGGREGATIONS)
@pytest.mark.parametrize("name", FEATURES)
def test_the_digital_phantom_gives_the_published_value(name, way):
    feature, published = FEATURES[name]
    expected = published[AGGREGATIONS.index(way)]
    found = np.mean([feature(glcm.probabilities(m)) for m in matrices_to_average(way)])
    # Three significant digits are published.
    assert float(f"{found:.3g}") == pytest.approx(expected, abs=1e-9)


def test_the_digital_phantom_gives_the_published_matrix():
    first = sum(glcm.cooccurrence(LEVELS[0], MASK[0], step, 6)[0] for step in IN_PLANE)
    listed = {(1, 1): 22, (1, 4): 17, (1, 6): 6, (4, 4): 16, (4, 6): 11, (6, 6): 4}
    expected = np.zeros((6, 6))
    for (i, j), count in listed.items():
        expected[i - 1, j - 1] = expected[j - 1, i - 1] = count
    assert np.array_equal(first, expected)


def test_a_pair_counts_only_where_both_places_are_usable():
    levels = np.array([[0, 1, 1, 0]])
    mask = np.array([[True, True, False, True]])
    assert glcm.cooccurrence(levels, mask, (0, 1), 2)[0].tolist() == [[0, 1], [1, 0]]
    spoilt = np.array([[0, 1, 77, 0]])
    assert np.array_equal(
        glcm.cooccurrence(spoilt, mask, (0, 1), 2), glcm.cooccurrence(levels, mask, (0, 1), 2)
    )
    assert not glcm.cooccurrence(levels, mask, (0, 9), 2).any()


def test_groups_part_the_whole():
    random = np.random.default_rng(3)
    levels, mask = random.integers(0, 5, (40, 50)), random.random((40, 50)) < 0.8
    groups = np.where(mask, np.arange(50)[None, :] // 20, -1)
    whole = glcm.cooccurrence(levels, mask, (2, -3), 5)[0]
    parts = glcm.cooccurrence(levels, mask, (2, -3), 5, groups=groups, n_groups=3)
    assert np.array_equal(parts.sum(axis=0), whole)
    left = glcm.cooccurrence(levels[:, :20], mask[:, :20], (2, -3), 5)[0]
    assert np.array_equal(parts[0], left)


def test_levels_have_equal_width_between_the_bounds():
    values = np.array([-9.0, -0.4, -0.376, -0.374, 0.0, 0.3999, 0.4, 9.0], dtype=np.float32)
    assert glcm.quantised(values, -0.4, 0.4, 32).tolist() == [0, 0, 0, 1, 16, 31, 31, 31]


@pytest.mark.parametrize("distance", [2.0, 3.63, 5.0, 5.88, 6.06])
def test_offsets_stand_for_the_distance_in_every_direction(distance):
    steps = glcm.steps_of(distance)
    ways: dict[tuple[int, int], float] = {}
    weights: dict[tuple[int, int], float] = {}
    for (row, col), weight in steps:
        way = (int(np.sign(row)), int(np.sign(col)))
        ways[way] = ways.get(way, 0.0) + weight * float(np.hypot(row, col))
        weights[way] = weights.get(way, 0.0) + weight
    assert len(ways) == 4
    assert list(ways.values()) == pytest.approx([distance] * 4)
    assert list(weights.values()) == pytest.approx([1.0] * 4)
