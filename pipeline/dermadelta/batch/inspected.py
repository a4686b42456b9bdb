"""Photographs inspected by an earlier run: not decoded again while nothing about them changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import TypeAdapter, ValidationError

from dermadelta.batch.ledger import photo_content
from dermadelta.domain import SCHEMA_VERSION, PhotoRecord, PhotoRef
from dermadelta.files.images import hash_file
from dermadelta.files.paths import openable
from dermadelta.files.results import write_text_atomic

if TYPE_CHECKING:
    from dermadelta.config import Config

FILE_NAME = "inspected.json"

_ADAPTER: TypeAdapter[dict[str, PhotoRecord]] = TypeAdapter(dict[str, PhotoRecord])


def photo_key(ref: PhotoRef, config: Config) -> str:
    """Key of everything that the inspection of a photograph depends on.

    Parameters
    ----------
    ref : PhotoRef
        Its bytes are hashed here where ``sha256`` is empty.
    config : Config
        ``load`` and ``check`` count.

    Returns
    -------
    str
        SHA-256 in hexadecimal; empty where the file cannot be read.
    """
    digest = ref.sha256 or hash_file(ref.path)
    if not digest:
        return ""
    content = {
        "schema": SCHEMA_VERSION,
        "photo": photo_content(replace(ref, sha256=digest)),
        "settings": [part.model_dump(mode="json") for part in (config.load, config.check)],
    }
    text = json.dumps(content, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def read_inspected(out: Path) -> dict[str, PhotoRecord]:
    """Read what earlier runs into a folder have found, by key; nothing where that is damaged."""
    try:
        return _ADAPTER.validate_json(openable(out / FILE_NAME).read_bytes())
    except (OSError, ValidationError):
        return {}


def write_inspected(out: Path, records: Mapping[str, PhotoRecord]) -> None:
    """Keep what was found, by key.

    Raises
    ------
    OutputError
        Disk full or no permission. Remedy: in the message.
    """
    text = _ADAPTER.dump_json(dict(records), indent=1).decode("utf-8")
    write_text_atomic(out / FILE_NAME, text + "\n")
