"""Looking measures up: the records hold units, titles and directions, reports only ask them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dermadelta.domain import Measure
from dermadelta.measures import ALL

INSTALLED: tuple[Measure, ...] = ALL
"""The measures that reports list when they are not told others."""


def measures_by_name(catalogue: Sequence[Measure]) -> Mapping[str, Measure]:
    """Return measures by name, in catalogue order."""
    return {measure.name: measure for measure in catalogue}
