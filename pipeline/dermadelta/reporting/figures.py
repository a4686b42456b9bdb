"""The pictures of a pair: both photographs with outlines, and the heat maps."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dermadelta.domain import Measure, PairResult, Role
from dermadelta.reporting.pictures import Inlined, inline, outline
from dermadelta.reporting.sentences import short_title, topic
from dermadelta.reporting.strings import TEXT, day, region_name, spoken

OUTLINE_COLOURS: Final = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
"""Distinct for colour-blind readers (Okabe & Ito 2008); names stand beside them."""


HEAT_STOPS: Final = ("#2166ac", "#f7f7f7", "#b24808")
"""The legend, from the largest decrease to the largest increase: the colours of the heat maps."""

_MINUS_SIGN: Final = re.compile(r"(?<!\w)-(?=\d)")


@dataclass(frozen=True)
class Outline:
    """The edge of a region on a picture, as an SVG path in its pixels."""

    region: str
    colour: str
    path: str


@dataclass(frozen=True)
class Side:
    """One photograph of the pair."""

    role: str
    label: str
    date: str
    alt: str
    picture: Inlined
    outlines: tuple[Outline, ...]


@dataclass(frozen=True)
class Heat:
    """One heat map."""

    title: str
    alt: str
    caption: str
    picture: Inlined


@dataclass(frozen=True)
class Figures:
    """All pictures of a page; ``missing`` names the files that were not there.

    ``heats`` are the maps of primary measures (all where there is none of them), ``more_heats``
    the others.
    """

    sides: tuple[Side, ...]
    regions: tuple[Outline, ...]
    heats: tuple[Heat, ...]
    more_heats: tuple[Heat, ...]
    cards: tuple[Heat, ...]
    missing: tuple[str, ...]


def pair_figures(result: PairResult, folder: Path, measures: Mapping[str, Measure]) -> Figures:
    """Read the pictures that a result names from its folder."""
    masks = [(name, caption) for name, kind, caption in result.pictures if kind == "mask"]
    regions = _mask_regions([name for name, _ in masks])
    colours = {
        name: OUTLINE_COLOURS[number % len(OUTLINE_COLOURS)]
        for number, name in enumerate(dict.fromkeys(region for _, region in regions.values()))
    }
    sides, heats, cards, missing = [], [], [], []
    for name, kind, caption in result.pictures:
        if kind == "mask":
            continue
        picture = inline(folder / Path(name).name)
        if picture is None:
            missing.append(name)
        elif kind == "heat":
            heats.append((name, _heat(result, name, caption, picture, measures)))
        elif kind == "card":
            cards.append(_card(name, caption, picture))
        else:
            sides.append(_side(result, kind, picture, folder, regions, colours))
    sides.sort(key=lambda side: side.role != Role.BEFORE.value)
    drawn = {o.region for side in sides for o in side.outlines}
    named = [Outline(region_name(name), colour, "") for name, colour in colours.items()]
    key = tuple(entry for entry in named if entry.region in drawn)
    first, more = _by_rank(result, heats)
    return Figures(tuple(sides), key, first, more, tuple(cards), tuple(missing))


def _by_rank(
    result: PairResult, heats: Sequence[tuple[str, Heat]]
) -> tuple[tuple[Heat, ...], tuple[Heat, ...]]:
    """Maps of primary measures, and the others; all are first where none is primary."""
    primary = {f"heat_{e.region}_{e.measure}" for e in result.estimates if e.primary}
    first = tuple(heat for name, heat in heats if Path(name).stem in primary)
    if not first:
        return tuple(heat for _, heat in heats), ()
    return first, tuple(heat for name, heat in heats if Path(name).stem not in primary)


def _mask_regions(names: list[str]) -> dict[str, tuple[str, str]]:
    """Read role and region from ``mask_<role>_<region>.png``."""
    found = {}
    for name in names:
        for role in Role:
            prefix = f"mask_{role.value}_"
            if name.startswith(prefix):
                found[name] = (role.value, name.removeprefix(prefix).rpartition(".")[0])
    return found


def _side(
    result: PairResult,
    kind: str,
    picture: Inlined,
    folder: Path,
    regions: Mapping[str, tuple[str, str]],
    colours: Mapping[str, str],
) -> Side:
    before = kind == Role.BEFORE.value
    label = TEXT.before if before else TEXT.after
    when = day(result.pair.before_date if before else result.pair.after_date)
    outlines = [
        Outline(region_name(region), colours[region], path)
        for name, (role, region) in regions.items()
        if role == kind
        and (path := outline(folder / Path(name).name, picture.width, picture.height))
    ]
    return Side(
        role=kind,
        label=label,
        date=when,
        alt=TEXT.photo_alt.format(label, spoken(result.pair.site), when),
        picture=picture,
        outlines=tuple(outlines),
    )


def _card(name: str, caption: str, picture: Inlined) -> Heat:
    """A calibration object with the colour difference of its patches."""
    title = TEXT.before if "before" in name else TEXT.after
    return Heat(title, caption, caption[:1].upper() + caption[1:], picture)


def _heat(
    result: PairResult,
    name: str,
    caption: str,
    picture: Inlined,
    measures: Mapping[str, Measure],
) -> Heat:
    """Title a map by its region and measure, which its file name joins."""
    stem = Path(name).stem
    said = _MINUS_SIGN.sub("−", caption)
    for measure in measures.values():
        said = said.removeprefix(f"{measure.title}: ")
    said = said[:1].upper() + said[1:]
    for estimate in result.estimates:
        if stem == f"heat_{estimate.region}_{estimate.measure}":
            about, region = topic(estimate.measure, measures), region_name(estimate.region)
            alt = TEXT.heat_alt.format(about, region, said)
            return Heat(f"{short_title(estimate.measure, measures)} · {region}", alt, said, picture)
    return Heat(spoken(stem.removeprefix("heat_")), said or stem, said, picture)
