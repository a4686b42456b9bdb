"""Which readings are repeats: every visit and every photograph once."""

from __future__ import annotations

import numpy as np
import pytest

from dermadelta.domain import PairStatus
from dermadelta.study.repeats import repeats, visits

ROI = ("roughness", "roi")


def test_a_visit_that_stands_in_several_pairs_counts_once(build):
    first, second, third = build.days
    results = [
        build.pair("A", {ROI: [1.0, 2.0]}, {ROI: [4.0]}, days=(first, second)),
        build.pair("A", {ROI: [1.1, 2.1]}, {ROI: [5.0, 6.0]}, days=(first, third)),
    ]
    found = visits(results, build.catalogue)
    assert [visit.key[-1] for visit in found] == [first, second, third]
    # Both pairs measured two photographs of the first visit: the first pair stands.
    assert list(found[0].values[ROI].values()) == [1.0, 2.0]
    assert visits(results[::-1], build.catalogue) == found


def test_the_pair_that_measured_most_photographs_stands(build):
    first, second, third = build.days
    results = [
        build.pair("A", {ROI: [1.0, None]}, {ROI: [4.0]}, days=(first, second)),
        build.pair("A", {ROI: [1.1, 2.1]}, {ROI: [5.0]}, days=(first, third)),
    ]
    assert list(visits(results, build.catalogue)[0].values[ROI].values()) == [1.1, 2.1]


def test_a_copy_under_another_name_counts_once(build):
    red = ("redness", "roi")
    same = {ROI: [1.0, 2.0, 1.0], red: [7.0, 8.0, 7.0]}
    alike = {ROI: [1.0, 2.0, 1.0], red: [7.0, 8.0, 7.5]}
    found = visits([build.pair("A", same, alike)], build.catalogue)
    assert [len(visit.photos) for visit in found] == [2, 3]


@pytest.mark.parametrize("status", [PairStatus.REFUSED, PairStatus.FAILED])
def test_pairs_that_were_not_measured_do_not_count(build, status):
    assert visits([build.pair("A", {ROI: [1.0, 2.0]}, {}, status=status)], build.catalogue) == ()


def test_numbers_of_another_version_are_not_mixed_in(build):
    found = visits([build.pair("A", {ROI: [1.0, 2.0]}, {}, version=2)], build.catalogue)
    assert repeats(found, build.roughness, "roi", "plain").plain == ()


def test_a_photograph_without_a_value_or_a_logarithm_is_left_out(build):
    area = ("scar_area", "roi")
    result = build.pair("A", {area: [0.0, 2.0, 3.0], ROI: [1.0, 2.0, None]}, {area: [0.0, 5.0]})
    found = visits([result], build.catalogue)
    assert [len(group) for group in repeats(found, build.scar, "roi", "plain").plain] == [2]
    assert [len(group) for group in repeats(found, build.roughness, "roi", "plain").plain] == [2]


def test_the_corrected_reading_is_the_region_less_untreated_skin(build):
    values = {
        ROI: [2.0, 3.0, 5.0],
        ("roughness", "reference"): [4.0, None, 5.0],
        ("redness", "roi"): [12.0, 13.0],
        ("redness", "reference"): [9.0, 9.5],
    }
    found = visits([build.pair("A", values, {})], build.catalogue)
    ratio = repeats(found, build.roughness, "roi", "corrected")
    assert ratio.groups[0] == pytest.approx(np.log([0.5, 1.0]))
    assert ratio.df == 1
    assert repeats(found, build.redness, "roi", "corrected").groups[0] == pytest.approx([3.0, 3.5])
