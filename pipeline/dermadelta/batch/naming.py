"""Names that are safe in every file system and tell nothing in a log."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from typing import TypeVar

_UNSAFE = re.compile(r"[^A-Za-z0-9_-]+")
_SPELLED = str.maketrans({"ß": "ss", "æ": "ae", "ø": "o", "đ": "d", "ł": "l", "œ": "oe", "þ": "th"})
_LONGEST = 40

Key = TypeVar("Key", bound=Hashable)


def normal(text: str) -> str:
    """Text in one Unicode form (NFC) without outer spaces, so that equal names are equal."""
    return unicodedata.normalize("NFC", text).strip()


def slug(text: str) -> str:
    """Readable ASCII form of a name: letters, digits, ``-`` and ``_``, at most 40 characters.

    Accents are dropped; what cannot be written in ASCII at all becomes a short hash.
    """
    plain = unicodedata.normalize("NFKD", text.translate(_SPELLED)).encode("ascii", "ignore")
    safe = _UNSAFE.sub("-", plain.decode("ascii")).strip("-_")
    if not safe:
        return short_hash(text)
    return safe if len(safe) <= _LONGEST else f"{safe[: _LONGEST - 7]}-{short_hash(text)}"


def unique_slugs(wanted: Mapping[Key, str]) -> dict[Key, str]:
    """Make ready names unique, also where a file system ignores case.

    Parameters
    ----------
    wanted : mapping of key to name
        Names already safe; several keys may share one.

    Returns
    -------
    dict
        Every key with its name; where names collide, each of them gets a short hash of its key.
    """
    holders: dict[str, list[Key]] = defaultdict(list)
    for key, name in wanted.items():
        holders[name.casefold()].append(key)
    return {
        key: name if len(holders[name.casefold()]) == 1 else f"{name}_{short_hash(repr(key))}"
        for key, name in wanted.items()
    }


def distinct(names: Iterable[str]) -> dict[str, str]:
    """Slug of every different name, unique among them."""
    return unique_slugs({name: slug(name) for name in names})


def short_hash(text: str) -> str:
    """First six hexadecimal digits of the SHA-256 of a text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:6]


def pseudonym(subject_id: str) -> str:
    """Name of a subject for log lines: never the subject itself."""
    return f"subject {short_hash(subject_id)}"
