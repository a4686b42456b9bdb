"""Tables and page of impostor pairs."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from impostor_search import CONFIG, NOTHING, Outcome
from impostor_sets import PEOPLE, SEED, WIDTH_PX

from dermadelta.kernels.agreement import clopper_pearson

LEVELS = (0.05, 0.5, 0.95)
TRUTHS = ("impostor", "mirrored", "genuine")

Row = dict[str, object]


def summary(found: Sequence[Outcome]) -> list[Row]:
    """A row per set and truth, and one of all impostors, phantom, real and both."""
    rows = []
    for truth in TRUTHS:
        kept = [item for item in found if item.truth == truth]
        for name in dict.fromkeys(item.set for item in kept):
            rows.append(_row(name, truth, [item for item in kept if item.set == name]))
        for name, chosen in _TOGETHER.items():
            part = [item for item in kept if chosen(item)]
            if part and truth != "genuine":
                rows.append(_row(name, truth, part))
    return rows


def _is_phantom(item: Outcome) -> bool:
    return item.set.startswith("phantom")


_TOGETHER: dict[str, Callable[[Outcome], bool]] = {
    "all phantom": _is_phantom,
    "all real": lambda item: not _is_phantom(item),
    "all": lambda item: True,
}


def _row(name: str, truth: str, items: Sequence[Outcome]) -> Row:
    n, accepted = len(items), sum(item.accepted for item in items)
    low, high = clopper_pearson(accepted, n)
    causes = [item.cause for item in items]
    return {
        "set": name,
        "truth": truth,
        "n": n,
        "aligned": sum(item.aligned for item in items),
        "accepted": accepted,
        "rate": accepted / n,
        "rate_low": low,
        "rate_high": high,
        "called_other_skin": causes.count("other_skin"),
        "called_mirrored": causes.count("mirrored"),
        "called_other_side": causes.count("other_side"),
        "called_not_seen": causes.count("not_seen"),
        "called_no_region": causes.count("no_region"),
        **_levels("start", [item.start for item in items]),
        **_levels("correlation", [item.correlation for item in items]),
    }


def _levels(name: str, found: Sequence[float]) -> Row:
    """How many have a value, and its spread."""
    values = np.array([value for value in found if np.isfinite(value)])
    q05, median, q95 = np.quantile(values, LEVELS).tolist() if len(values) else [NOTHING] * 3
    least, most = (values.min(), values.max()) if len(values) else (NOTHING, NOTHING)
    spread = {"n": len(values), "least": float(least), "q05": q05, "median": median, "q95": q95}
    return {f"{name}_{key}": value for key, value in spread.items()} | {f"{name}_most": float(most)}


def write_csv(path: Path, rows: Sequence[Row]) -> None:
    """Rows as a table; missing numbers are empty cells."""
    with path.open("w", encoding="utf-8", newline="") as handle:
        table = csv.writer(handle, lineterminator="\n")
        table.writerow(rows[0])
        table.writerows([_cell(value) for value in row.values()] for row in rows)


def _cell(value: object) -> object:
    if not isinstance(value, float):
        return value
    return "" if np.isnan(value) else f"{value:.4g}"


# ---------------------------------------------------------------------------- page


def page(rows: Sequence[Row], found: Sequence[Outcome], command: str) -> str:
    """The tables in words."""
    limit, start = CONFIG.compare.min_correlation, CONFIG.align.min_correlation
    lines = [
        "# Other skin taken for the same",
        "",
        f"Written by `{command}`; a row per pair is in `impostor_pairs.csv`. Phantom: {PEOPLE}"
        f" people, five of each phototype, photographs {WIDTH_PX} px wide, reporting seed {SEED},"
        " half by hand and half in a rig. Portraits: `frl_london_null`, the region on the neutral"
        " one and the smiling one as after photo; automatic region: `interfaces_cc0`. Wounds:"
        " `fuseg_series`, first file of a series against first file of every other.",
        "",
        f"A pair is aligned where the best homography reaches a local correlation of {start:g} in"
        f" the region (*start*), and *accepted* where after the flow it reaches {limit:g}, the"
        " limit of the gate `same skin`. Pairs without any plausible homography have no start.",
        "",
        "## Impostors",
        "",
        *_table([row for row in rows if row["truth"] == "impostor"], "false accepts"),
        "",
        "## Mirrored pairs of the same person",
        "",
        *_mirrored([row for row in rows if row["truth"] == "mirrored"]),
        "",
        "## Genuine pairs",
        "",
        *_table([row for row in rows if row["truth"] == "genuine"], "true accepts"),
        "",
        "Series of wounds are weeks of healing apart, from different sides: many of their pairs"
        " show little skin in common, so that theirs is no rate of error.",
        *_listed(found),
    ]
    return "\n".join(lines) + "\n"


def _table(rows: Sequence[Row], what: str) -> list[str]:
    return [
        f"| set | pairs | aligned | accepted | {what}, % (95 %) | start: with one; median, 5 to"
        " 95 %, least to most | correlation: aligned; median, 5 to 95 %, least to most |",
        "|---|---|---|---|---|---|---|",
        *(f"| {_bold(row)} | {row['n']} | {row['aligned']} | {row['accepted']} | {_rate(row)} |"
          f" {_spread(row, 'start')} | {_spread(row, 'correlation')} |" for row in rows),
    ]  # fmt: skip


def _mirrored(rows: Sequence[Row]) -> list[str]:
    return [
        "| set | pairs | called mirrored | accepted, % (95 %) | called other skin | other side |"
        " not seen or no region |",
        "|---|---|---|---|---|---|---|",
        *(f"| {_bold(row)} | {row['n']} | {row['called_mirrored']} | {row['accepted']}:"
          f" {_rate(row)} | {row['called_other_skin']} | {row['called_other_side']} |"
          f" {_sum(row, 'called_not_seen', 'called_no_region')} |" for row in rows),
    ]  # fmt: skip


def _sum(row: Row, *names: str) -> int:
    return sum(int(str(row[name])) for name in names)


def _bold(row: Row) -> str:
    return f"**{row['set']}**" if row["set"] in _TOGETHER else str(row["set"])


def _rate(row: Row) -> str:
    rate, low, high = (100.0 * float(str(row[key])) for key in ("rate", "rate_low", "rate_high"))
    return f"{rate:.1f} ({low:.2f} to {high:.2f})"


def _spread(row: Row, what: str) -> str:
    if not row[f"{what}_n"]:
        return "none"
    names = ("median", "q05", "q95", "least", "most")
    middle, low, high, least, most = (f"{row[f'{what}_{name}']:.2f}" for name in names)
    return f"{row[f'{what}_n']}; {middle}, {low} to {high}, {least} to {most}"


def _listed(found: Sequence[Outcome]) -> list[str]:
    """Pairs to look at: impostors that were aligned, mirrored that were called something else."""
    lines: list[str] = []
    for item in found:
        if item.truth == "impostor" and item.aligned:
            verdict = "accepted" if item.accepted else "aligned, refused by the gate"
        elif item.truth == "mirrored" and item.cause != "mirrored":
            verdict = f"mirrored, called {item.cause or 'the same skin'}"
        elif item.truth == "genuine" and not item.accepted and "series" not in item.set:
            verdict = f"genuine, {item.cause or 'refused by the gate'}"
        else:
            continue
        lines.append(f"| {item.set} | {item.before} | {item.after} | {verdict} |"
                     f" {_cell(item.start)} | {_cell(item.correlation)} |")  # fmt: skip
    if not lines:
        return []
    head = [
        "",
        "## Pairs that went wrong",
        "",
        "| set | before | after | what | start | correlation |",
    ]
    return [*head, "|---|---|---|---|---|---|", *lines]
