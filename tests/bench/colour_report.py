"""The page and the tables of the colour bench."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from colour_figures import Figure
from colour_shots import UNITS_OF, Change

Row = dict[str, object]

INTRO = """# Colour, held against what is known

Made by `{command}` of phantom pairs of odd seeds (1600 × 1200), which no limit was ever fitted on.

A red lesion heals on one skin. Both photographs are taken under a drawn exposure, white balance and
gradient of light, each anew, and the change of redness is read by the stages of the program,
whatever the gates would say. The SD is that over the draws of one skin, pooled over skins; blood
flow that differs from day to day is left out. Redness truly falls by {fades}; errors grow with it.
"""


def page(
    figures: Sequence[Figure], changes: Sequence[Change], unread: Sequence[str], command: str
) -> str:
    """The page, Markdown."""
    sizes = [sorted(-item.truth[place] for item in changes) for place in range(len(UNITS_OF))]
    fades = " and ".join(
        f"{size[0]:.1f} to {size[-1]:.1f} {unit}"
        for size, unit in zip(sizes, ("EI", "a\\*"), strict=True)
        if size
    )
    lines = [INTRO.format(command=command, fades=fades)]
    for part in dict.fromkeys(item.part for item in figures):
        lines += [f"## {part[:1].upper()}{part[1:]}", ""]
        lines += ["| figure | goal | measured | n | met | remark |", "|---|---|---|---|---|---|"]
        lines += [_line(item) for item in figures if item.part == part]
        lines.append("")
    if unread:
        lines += ["## Pairs that could not be read", "", *(f"- {text}" for text in unread), ""]
    return "\n".join(lines)


def _line(item: Figure) -> str:
    sign = "≥" if item.at_least else "≤"
    goal = "" if item.limit is None else f"{sign} {item.limit:g} {item.unit}"
    value = "too few" if item.value is None else f"{item.value:.2f} {item.unit}"
    met = {"yes": "yes", "no": "**no**", "": ""}[item.met]
    return f"| {item.figure} | {goal} | {value} | {item.n} | {met} | {item.remark} |"


def rows(figures: Sequence[Figure]) -> list[Row]:
    """Figures as rows of a table."""
    return [asdict(item) | {"value": _rounded(item.value), "met": item.met} for item in figures]


def lesion_rows(changes: Sequence[Change]) -> list[Row]:
    """Every lesion under every draw."""
    found = []
    for item in changes:
        row: Row = {}
        for name, value in asdict(item).items():
            if isinstance(value, tuple):
                row |= {
                    f"{name}_{unit}": _rounded(v) for unit, v in zip(UNITS_OF, value, strict=True)
                }
            else:
                row[name] = value
        found.append(row)
    return found


def _rounded(value: float | None) -> float | str:
    return "" if value is None else float(f"{value:.5g}")


def write_csv(path: Path, found: Sequence[Row]) -> None:
    """A table with the columns of its first row."""
    if not found:
        return
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(found[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(found)
