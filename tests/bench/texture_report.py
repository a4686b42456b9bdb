"""The page and the tables of the texture bench."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

from texture_figures import (
    COLUMNS,
    REPORTED,
    Figure,
    bent,
    bias,
    by_tone,
    change_of,
    goals,
    mae,
    method_rows,
    methods,
)
from texture_pairs import Outcome
from texture_plan import WIDTH_PX

Row = dict[str, object]

IN_POINTS: Final = "no change, in points of texture"

INTRO: Final = """# Texture, held against what is known

Made by `{command}`: {n} pairs of photographs ({width} × {height}) of rendered skin, and of real
skin whose detail was changed. {purpose}
Errors are points of per cent, against the change of log luminance in an ideal rendering. Every
method sees the same two files. Rivals are given the true region and the true untreated skin, and
are left out where this program refuses the pair.
"""


def tables(
    figures: Sequence[Figure], rows: Sequence[Row], found: Sequence[Outcome]
) -> dict[str, str]:
    """Tables in Markdown by name: goals, methods, tones."""
    return {
        "goals": _goal_table(figures),
        "methods": _method_table(rows),
        "tones": _tone_table(found),
    }


def page(
    shown: dict[str, str], found: Sequence[Outcome], unmade: Sequence[str], command: str
) -> str:
    """The page, Markdown."""
    even = "--training" in command
    purpose = (
        "Even seeds: nothing of this may be reported."
        if even
        else "Odd seeds, which no limit was ever fitted on."
    )
    intro = INTRO.format(
        command=command, n=len(found), width=WIDTH_PX, height=round(0.75 * WIDTH_PX),
        purpose=purpose,
    )  # fmt: skip
    parts = [intro]
    titles = {"goals": "Goals", "methods": "Beside other figures", "tones": "By skin tone"}
    for name, title in titles.items():
        parts += [f"## {title}", "", shown[name], ""]
    parts += [
        "![Error against each confounder](confounders.png)", "",
        "![The same, held against untreated skin](confounders_untreated.png)", "",
        "![Reported against true change](agreement.png)", "",
    ]  # fmt: skip
    refused = _refusals(found)
    if refused:
        parts += ["## Refused pairs", "", *refused, ""]
    if unmade:
        parts += ["## Pairs that could not be made", "", *(f"- {text}" for text in unmade), ""]
    return "\n".join(parts)


def fill(text: str, shown: dict[str, str]) -> str:
    """A page with its tables replaced: each stands between ``<!-- name -->`` and ``<!-- / -->``."""
    for name, table in shown.items():
        place = re.compile(rf"(<!-- {name} -->\n).*?(<!-- / -->)", flags=re.DOTALL)
        if not place.search(text):
            raise ValueError(f"the page has no place for the table {name!r}")
        text = place.sub(lambda at, table=table: f"{at[1]}\n{table}\n\n{at[2]}", text)
    return text


def _goal_table(figures: Sequence[Figure]) -> str:
    lines = ["| figure | goal | measured | pairs | met | remark |", "|---|---|---|---|---|---|"]
    for item in figures:
        value = "too few" if item.value is None else _signed(item.value, item.unit)
        met = {"yes": "yes", "no": "**no**", "": ""}[item.met]
        lines.append(
            f"| {item.figure} | {_goal(item)} | {value} | {item.n} | {met} | {item.remark} |"
        )
    return "\n".join(lines)


def _signed(value: float, unit: str) -> str:
    text = f"{value:.2f}" if unit != "%" else f"{value:.0f}"
    return f"{text.replace('-', '−')} {unit}".rstrip()


def _goal(item: Figure) -> str:
    if item.low is not None and item.high is not None:
        if item.low == -item.high:
            return f"within {item.high:g}"
        return f"{item.low:g} to {item.high:g}"
    if item.high is not None:
        return f"≤ {item.high:g}"
    return "" if item.low is None else f"≥ {item.low:g}"


def _method_table(rows: Sequence[Row]) -> str:
    titles = [*(column.title for column in COLUMNS), IN_POINTS]
    lines = [f"| method | {' | '.join(titles)} |", "|---" * (len(titles) + 1) + "|"]
    for row in rows:
        cells = [_cell(row[title], 2 if title == "slope" else 1) for title in titles]
        name = f"**{row['method']}**" if row["method"] == REPORTED else str(row["method"])
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(value: object, digits: int) -> str:
    if not isinstance(value, float):
        return "–"
    return f"{value:.{digits}f}".replace("-", "−")


def _tone_table(found: Sequence[Outcome]) -> str:
    lines = ["| phototype | mean error, points | bias | pairs |", "|---|---|---|---|"]
    for tone, at in by_tone(found).items():
        sizes = (_cell(mae(at), 1), _cell(bias(at), 1)) if at else ("–", "–")
        lines.append(f"| {tone} | {sizes[0]} | {sizes[1]} | {len(at)} |")
    return "\n".join(lines)


def _refusals(found: Sequence[Outcome]) -> list[str]:
    counts: dict[tuple[str, str], int] = {}
    for item in found:
        if item.ours is None:
            what = item.job.confounder or f"{item.job.part} {item.job.setup}".strip()
            key = (what, item.refused.split(". ")[0])
            counts[key] = counts.get(key, 0) + 1
    return [f"- {what}: {n} × {reason}" for (what, reason), n in counts.items()]


# --------------------------------------------------------------------------------- tables


def write_tables(out: Path, found: Sequence[Outcome]) -> None:
    """All tables as CSV; the same pairs give the same bytes."""
    _write(out / "goals.csv", [asdict(i) | {"met": i.met} for i in goals(found)])
    _write(out / "methods.csv", method_rows(found))
    _write(out / "confounders.csv", [asdict(item) for item in bent(found)])
    tones: list[Row] = [
        {"tone": tone, "mean_error": mae(at), "bias": bias(at), "pairs": len(at)}
        for tone, at in by_tone(found).items()
        if at
    ]
    _write(out / "tones.csv", tones)
    _write(out / "pairs.csv", [_pair_row(item) for item in found])


def _pair_row(item: Outcome) -> Row:
    job = item.job
    row: Row = {
        "part": job.part, "setup": job.setup, "number": job.number, "seed": job.seed,
        "base": Path(job.base).name, "confounder": job.confounder, "level": job.level,
        "tone": item.tone, "region_px": item.region_px, "true_pct": item.truth,
        "true_relief_pct": item.relief, "low_pct": item.low, "high_pct": item.high,
        "refused": item.refused,
    }  # fmt: skip
    return row | {method: change_of(item, method) for method in methods()}


def _write(path: Path, rows: Sequence[Row]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]) if rows else [], lineterminator="\n")
        writer.writeheader()
        writer.writerows({key: _rounded(value) for key, value in row.items()} for row in rows)


def _rounded(value: object) -> object:
    return f"{value:.4f}" if isinstance(value, float) else value
