"""The model as a file: a small JSON, the package's own beside this module."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from dermadelta.errors import ConfigError
from dermadelta.variance.model import FORMAT, VarianceModel

PACKAGED = "model.json"
"""File of the package's own model."""

_REMAKE = "Make it again with `dermadelta fit-variance`, or leave estimate.variance_model empty."


def load_model(path: str = "") -> VarianceModel:
    """Read a variance model.

    Parameters
    ----------
    path : str
        A file written by ``model_text``; empty: the model of the package.

    Returns
    -------
    VarianceModel

    Raises
    ------
    ConfigError
        The file cannot be read, is no model, or one of another version. Remedy: in the message.
    """
    try:
        text = Path(path).read_text(encoding="utf-8") if path else _packaged()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"the variance model cannot be read ({error})", remedy=_REMAKE, file=path
        ) from error
    name = path or PACKAGED
    try:
        values = json.loads(text)
    except ValueError as error:
        raise ConfigError(
            f"the variance model is no JSON ({error})", remedy=_REMAKE, file=name
        ) from error
    _require_form(values, name)
    try:
        return VarianceModel.model_validate(values)
    except ValidationError as error:
        where = "; ".join(".".join(map(str, e["loc"])) + ": " + e["msg"] for e in error.errors())
        raise ConfigError(
            f"the variance model is damaged ({where})", remedy=_REMAKE, file=name
        ) from error


def model_text(model: VarianceModel) -> str:
    """Text of a model's file; the same model gives the same bytes."""
    return json.dumps(model.model_dump(mode="json"), indent=1, sort_keys=True) + "\n"


def _packaged() -> str:
    return (resources.files("dermadelta.variance") / PACKAGED).read_text(encoding="utf-8")


def _require_form(values: Any, name: str) -> None:
    form = values.get("format") if isinstance(values, dict) else None
    if form != FORMAT:
        raise ConfigError(
            f"the variance model has the form {form!r}, this program reads form {FORMAT}",
            remedy=_REMAKE,
            file=name,
        )
