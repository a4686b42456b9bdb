"""Data dictionary: an entry for every column, units from the records."""

from __future__ import annotations

import pandas as pd
import pytest

from dermadelta.reporting.dictionary import data_dictionary
from dermadelta.reporting.tables import build_tables


@pytest.fixture
def tables(build):
    photos = [build.record(ref) for ref in build.pair().before]
    return build_tables([build.result(), build.refused()], photos, build.catalogue)


def test_every_column_of_every_table_is_described(build, tables):
    words = data_dictionary(tables, build.catalogue)
    listed = list(zip(words["table"], words["column"], strict=True))
    assert listed == [(name, column) for name, frame in tables.items() for column in frame]
    assert (words["meaning"].str.len() > 10).all()
    assert words["meaning"].str.endswith(".").all()


def test_an_unknown_column_is_a_fault(build, tables):
    tables["changes"]["surprise"] = 1
    with pytest.raises(KeyError, match="surprise"):
        data_dictionary(tables, build.catalogue)


def test_units_come_from_the_records(build, tables):
    words = data_dictionary(tables, build.catalogue).set_index(["table", "column"])
    assert words.loc[("photos", "check_clipping"), "unit"] == "%"
    assert words.loc[("photos", "check_focus"), "unit"] == "1/px"
    for measure in build.catalogue:
        text = words.loc[("changes", "measure"), "meaning"]
        assert f"{measure.name} = {measure.title} [{measure.unit}," in text


def test_types_are_said_in_words(build, tables):
    words = data_dictionary(tables, build.catalogue).set_index(["table", "column"])["type"]
    assert words["changes", "sessions"] == "whole number"
    assert words["changes", "before_date"] == "date"
    assert words["changes", "primary"] == "yes or no"
    assert words["changes", "change"] == "number"
    assert words["changes", "verdict"] == "text"


def test_it_is_a_table_like_the_others(build, tables):
    words = data_dictionary(tables, build.catalogue)
    assert list(words) == ["table", "column", "type", "unit", "meaning"]
    assert all(pd.api.types.is_string_dtype(words[column]) for column in words)
