import pytest
from hypothesis import given
from hypothesis import strategies as st

from dermadelta.errors import UsageError
from dermadelta.phantom.seeds import Purpose, purpose_of, set_seed

SEEDS = st.integers(min_value=0, max_value=2**62)


@given(SEEDS, SEEDS)
def test_training_and_reporting_never_share_a_set(one, other):
    assert set_seed(Purpose.TRAINING, one) != set_seed(Purpose.REPORTING, other)


@given(SEEDS, st.sampled_from(Purpose))
def test_the_purpose_can_be_told_from_the_set(seed, purpose):
    assert purpose_of(set_seed(purpose, seed)) is purpose


@given(SEEDS, SEEDS, st.sampled_from(Purpose))
def test_different_numbers_are_different_sets(one, other, purpose):
    assert (set_seed(purpose, one) == set_seed(purpose, other)) == (one == other)


def test_a_negative_seed_is_refused():
    with pytest.raises(UsageError, match="0 or more"):
        set_seed(Purpose.TRAINING, -1)
