"""The catalogue: what can be measured, straight from the records."""

from __future__ import annotations

import inspect
import sys
from dataclasses import dataclass

from dermadelta.domain import Measure
from dermadelta.measures import ALL, by_name


@dataclass(frozen=True)
class MeasureDetails:
    """One measure in full: its record, the text of its module and its settings.

    ``settings`` are (name, default, description) of every field of its Params.
    """

    measure: Measure
    text: str
    settings: tuple[tuple[str, str, str], ...]


def catalogue() -> tuple[Measure, ...]:
    """List every installed measure, in the order of the tables."""
    return ALL


def details(name: str) -> MeasureDetails:
    """Show one measure in full.

    Parameters
    ----------
    name : str
        As in the catalogue.

    Raises
    ------
    ConfigError
        No such measure. Remedy: the message lists those there are.
    """
    measure = by_name(name)
    module = sys.modules[measure.read.__module__]
    settings = tuple(
        (key, repr(field.get_default(call_default_factory=True)), field.description or "")
        for key, field in measure.params.model_fields.items()
    )
    return MeasureDetails(measure, inspect.getdoc(module) or "", settings)
