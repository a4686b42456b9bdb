"""The catalogue: every measure, in the order of the tables. A new family is one line here."""

from __future__ import annotations

from dermadelta.domain import Measure
from dermadelta.errors import ConfigError
from dermadelta.measures import (
    glcm,
    lines,
    pigments,
    pores,
    redness,
    scars,
    spots,
    stretch,
    texture,
    tone,
)

ALL: tuple[Measure, ...] = (
    *texture.MEASURES,
    *glcm.MEASURES,
    *redness.MEASURES,
    *pigments.MEASURES,
    *tone.MEASURES,
    *spots.MEASURES,
    *pores.MEASURES,
    *lines.MEASURES,
    *scars.MEASURES,
    *stretch.MEASURES,
)


def by_name(name: str) -> Measure:
    """The measure of that name.

    Raises
    ------
    ConfigError
        No such measure; the message lists those there are.
    """
    for measure in ALL:
        if measure.name == name:
            return measure
    known = ", ".join(measure.name for measure in ALL)
    raise ConfigError(f"unknown measure {name!r}", remedy=f"Choose among: {known}.")
