from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dermadelta.batch.naming import distinct, normal, pseudonym, slug


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("S001", "S001"),
        ("Müller Straße", "Muller-Strasse"),
        ("=1+1", "1-1"),
        ("../../etc/passwd", "etc-passwd"),
        ("cheek_left", "cheek_left"),
        ("a\tb\nc", "a-b-c"),
    ],
)
def test_slugs_are_readable(text, expected):
    assert slug(text) == expected


@given(st.text(max_size=200))
def test_slugs_are_safe_in_every_file_system(text):
    name = slug(text)
    assert name.isascii()
    assert 1 <= len(name) <= 40
    assert all(c.isalnum() or c in "-_" for c in name)


@given(st.lists(st.text(max_size=30), max_size=30))
def test_different_names_never_share_a_slug_even_where_case_is_ignored(names):
    slugs = distinct(names)
    assert len({value.casefold() for value in slugs.values()}) == len(set(names))


def test_colliding_names_all_get_a_hash_and_others_none():
    slugs = distinct(["a b", "a-b", "A.B", "c"])
    assert slugs["c"] == "c"
    assert len(set(slugs.values())) == 4
    assert all(slugs[name].startswith(("a-b_", "A-B_")) for name in ("a b", "a-b", "A.B"))


def test_both_unicode_forms_are_one_name():
    decomposed = unicodedata.normalize("NFD", "Zoë")
    assert decomposed != "Zoë"
    assert normal(decomposed) == "Zoë"


def test_a_pseudonym_is_stable_and_hides_the_subject():
    assert pseudonym("Erika Mustermann") == pseudonym("Erika Mustermann")
    assert pseudonym("Erika Mustermann") != pseudonym("Max Mustermann")
    assert "Erika" not in pseudonym("Erika Mustermann")
