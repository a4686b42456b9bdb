import pytest
from hypothesis import given
from hypothesis import strategies as st

from dermadelta.errors import UsageError
from dermadelta.phantom.seeds import LARGEST, Purpose, purpose_of, set_seed

SEEDS = st.integers(min_value=0, max_value=LARGEST - 1)


@given(SEEDS, SEEDS)
def test_two_purposes_never_share_a_set(one, other):
    drawn = {set_seed(purpose, one) for purpose in Purpose}
    assert len(drawn) == 3
    for purpose in Purpose:
        assert set_seed(purpose, other) not in drawn - {set_seed(purpose, one)}


@given(st.integers(min_value=0))
def test_any_number_draws_a_free_set(seed):
    assert purpose_of(set_seed(Purpose.FREE, seed)) is Purpose.FREE


def test_the_sets_that_were_fitted_and_reported_stay_the_same():
    assert [set_seed(Purpose.TRAINING, seed) for seed in (0, 7)] == [0, 14]
    assert [set_seed(Purpose.REPORTING, seed) for seed in (0, 7)] == [1, 15]


@given(SEEDS, st.sampled_from(Purpose))
def test_the_purpose_can_be_told_from_the_set(seed, purpose):
    assert purpose_of(set_seed(purpose, seed)) is purpose


@given(SEEDS, SEEDS, st.sampled_from(Purpose))
def test_different_numbers_are_different_sets(one, other, purpose):
    assert (set_seed(purpose, one) == set_seed(purpose, other)) == (one == other)


@pytest.mark.parametrize("purpose", Purpose)
def test_a_negative_seed_is_refused(purpose):
    with pytest.raises(UsageError, match="0 or more"):
        set_seed(purpose, -1)


@pytest.mark.parametrize("purpose", [Purpose.TRAINING, Purpose.REPORTING])
def test_a_seed_that_would_reach_other_sets_is_refused(purpose):
    with pytest.raises(UsageError, match="too large"):
        set_seed(purpose, LARGEST)
