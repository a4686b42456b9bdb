"""Figures of the texture bench: errors of every method, and goals with what was measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from texture_pairs import Outcome
from texture_plan import UNITS, Job
from texture_rivals import RIVALS

Point = tuple[float, float]
"""True and reported change, per cent."""

REPORTED: Final = "dermadelta, reported"
ALONE: Final = "dermadelta, region alone"
OURS: Final = (REPORTED, ALONE, "dermadelta, double ratio")
AGAINST: Final = " / untreated skin"
"""Ends the name of a rival that is held against untreated skin as well."""

LEAST: Final = 8
"""Fewer pairs give no figure."""


def methods() -> tuple[str, ...]:
    """Every method, ours first, then each rival alone and against untreated skin."""
    return (*OURS, *RIVALS, *(name + AGAINST for name in RIVALS))


def change_of(item: Outcome, method: str) -> float | None:
    """Change in per cent that a method gives for a pair; None where it gives none."""
    match method:
        case "dermadelta, reported":
            return item.ours
        case "dermadelta, region alone":
            return item.ours_plain
        case "dermadelta, double ratio":
            return item.ours_ratio
        case _:
            plain, double = item.rivals[method.removesuffix(AGAINST)]
            return double if method.endswith(AGAINST) else plain


def points(found: Sequence[Outcome], method: str) -> list[Point]:
    """True and reported changes of a method on the pairs that are not refused."""
    kept = [(item, change_of(item, method)) for item in found if item.ours is not None]
    return [(item.truth, value) for item, value in kept if value is not None]


# ------------------------------------------------------------------------------- numbers


def errors(found: Sequence[Point]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Reported less true, points."""
    return np.array([value - truth for truth, value in found], dtype=np.float64)


def bias(found: Sequence[Point]) -> float:
    """Mean error, points."""
    return float(np.mean(errors(found)))


def spread(found: Sequence[Point]) -> float:
    """Standard deviation of the error, points."""
    return float(np.std(errors(found), ddof=1))


def p95(found: Sequence[Point]) -> float:
    """95th percentile of the size of the error, points."""
    return float(np.percentile(np.abs(errors(found)), 95.0))


def mae(found: Sequence[Point]) -> float:
    """Mean size of the error, points."""
    return float(np.mean(np.abs(errors(found))))


def median(found: Sequence[Point]) -> float:
    """Median size of the error, points."""
    return float(np.median(np.abs(errors(found))))


def slope(found: Sequence[Point]) -> float:
    """Slope of the straight line of the reported on the true change."""
    truth, value = np.array(found, dtype=np.float64).T
    return float(np.polyfit(truth, value, 1)[0])


Number = Callable[[Sequence[Point]], float]


# ----------------------------------------------------------------------------- which pairs


def of(
    found: Sequence[Outcome], part: str, setup: str = "", *, still: bool | None = None
) -> list[Outcome]:
    """Pairs of a part; ``setup`` empty for either, ``still`` for those without a change."""
    return [
        item
        for item in found
        if item.job.part == part
        and setup in ("", item.job.setup)
        and still in (None, item.job.change == 0.0)
    ]


@dataclass(frozen=True)
class Column:
    """A column of the table of methods: a number of some pairs."""

    title: str
    number: Number
    part: str
    setup: str = ""
    still: bool | None = None


COLUMNS: Final = (
    Column("camera differs, −25 %: bias", bias, "camera", "rig", still=False),
    Column("SD", spread, "camera", "rig", still=False),
    Column("95 % below", p95, "camera", "rig", still=False),
    Column("no change: 95 % below", p95, "camera", "rig", still=True),
    Column("all differs, rig: median", median, "scene", "rig"),
    Column("mean size", mae, "scene", "rig"),
    Column("by hand: median", median, "scene", "handheld"),
    Column("mean size by hand", mae, "scene", "handheld"),
    Column("slope", slope, "scene"),
    Column("real photographs: mean size", mae, "semi"),
)


def method_rows(found: Sequence[Outcome]) -> list[dict[str, object]]:
    """A row per method, on the pairs that are not refused; None where there are too few.

    ``no change in points of texture`` is the SD of what is reported of unchanged skin over the
    slope: a method that is blind to texture cannot win by reporting nothing.
    """
    rows = []
    for method in methods():
        row: dict[str, object] = {"method": method}
        for column in COLUMNS:
            seen = points(of(found, column.part, column.setup, still=column.still), method)
            row[column.title] = column.number(seen) if len(seen) >= LEAST else None
        still = points([*of(found, "scene", still=True), *of(found, "camera", still=True)], method)
        rise = row["slope"]
        known = isinstance(rise, float) and len(still) >= LEAST
        row["no change, in points of texture"] = (
            spread(still) / abs(rise) if known and isinstance(rise, float) else None
        )
        rows.append(row)
    return rows


# ---------------------------------------------------------------------------------- goals


@dataclass(frozen=True)
class Figure:
    """A figure with its goal: ``low`` and ``high`` are its limits, None for none."""

    figure: str
    value: float | None
    low: float | None
    high: float | None
    unit: str
    n: int
    remark: str = ""

    @property
    def met(self) -> str:
        """Yes, no, or nothing where there is no goal or no figure."""
        if self.value is None or (self.low is None and self.high is None):
            return ""
        above = self.low is None or self.value >= self.low
        below = self.high is None or self.value <= self.high
        return "yes" if above and below else "no"


def goals(found: Sequence[Outcome]) -> list[Figure]:
    """All goals of texture with what was measured."""
    figures: list[Figure] = []

    def add(
        name: str, number: Number, seen: Sequence[Outcome], unit: str = "points",
        *, low: float | None = None, high: float | None = None, remark: str = "",
    ) -> None:  # fmt: skip
        at = points(seen, REPORTED)
        value = number(at) if len(at) >= LEAST else None
        figures.append(Figure(name, value, low, high, unit, len(at), remark))

    for setup, words in (("rig", "in a rig"), ("handheld", "by hand")):
        changed = of(found, "camera", setup, still=False)
        limits = (0.5, 1.5, 4.0) if setup == "rig" else (None, None, None)
        start = f"pose, exposure, white balance, blur, noise, JPEG differ, {words}"
        low = None if limits[0] is None else -limits[0]
        add(f"{start}; relief −25 %: bias", bias, changed, low=low, high=limits[0])
        add("… SD", spread, changed, high=limits[1])
        add("… 95 % below", p95, changed, high=limits[2], remark=_refused(changed))
        still = of(found, "camera", setup, still=True)
        add("… no change: 95 % below", p95, still, high=limits[2], remark=_refused(still))
    for setup, words, limit in (("rig", "in a rig", (1.0, 2.5)), ("handheld", "by hand", (2, 5))):
        seen = of(found, "scene", setup)
        start = f"lamp, gloss and lens differ too, {words}, −60 to +40 %"
        add(f"{start}: median error", median, seen, high=float(limit[0]))
        add("… mean error", mae, seen, high=float(limit[1]), remark=_refused(seen))
        add("… slope of reported on true", slope, seen, "", low=0.95, high=1.05)
    semi = of(found, "semi")
    add("known change of real photographs: mean error", mae, semi, high=3.0, remark=_refused(semi))
    figures.append(_tones(found))
    figures += _whole(of(found, "whole"))
    local = [i for i in found if i.job.part in ("camera", "scene", "semi")]
    figures.append(_coverage("intervals of all pairs above hold the truth", local, None))
    return figures


def _refused(found: Sequence[Outcome]) -> str:
    refused = sum(item.ours is None for item in found)
    return f"{refused} of {len(found)} refused" if refused else ""


def by_tone(found: Sequence[Outcome]) -> dict[str, list[Point]]:
    """True and reported changes by phototype, of rendered pairs with untreated skin around."""
    local = [item for item in found if item.job.part in ("camera", "scene")]
    tones = dict.fromkeys(item.tone for item in sorted(local, key=lambda item: item.job.number))
    order = [tone for tone in ("I", "II", "III", "IV", "V", "VI", "beyond") if tone in tones]
    return {tone: points([item for item in local if item.tone == tone], REPORTED) for tone in order}


def _tones(found: Sequence[Outcome]) -> Figure:
    sizes = {tone: mae(at) for tone, at in by_tone(found).items() if len(at) >= LEAST}
    name = "mean error, worst class of skin tone over best"
    n = sum(len(at) for at in by_tone(found).values())
    if len(sizes) < 2:
        return Figure(name, None, None, 1.5, "", n)
    worst, best = max(sizes, key=sizes.__getitem__), min(sizes, key=sizes.__getitem__)
    told = f"{worst} {sizes[worst]:.1f}, {best} {sizes[best]:.1f} points"
    return Figure(name, sizes[worst] / sizes[best], None, 1.5, "", n, told)


def _whole(found: Sequence[Outcome]) -> list[Figure]:
    """A face treated all over: how much of the change is left, and its intervals."""
    at = points(found, REPORTED)
    share = None
    if len(at) >= LEAST:
        share = float(np.mean([v for _, v in at]) / np.mean([t for t, _ in at]))
    name = "treated all over, relief −25 %, in a rig: part of the change that is reported"
    return [
        Figure(name, share, 0.9, 1.1, "", len(at), _refused(found)),
        _coverage("… intervals that hold the truth", found, 93.0),
    ]


def _coverage(name: str, found: Sequence[Outcome], low: float | None) -> Figure:
    held = [
        item.low <= item.truth <= item.high
        for item in found
        if item.low is not None and item.high is not None
    ]
    value = 100.0 * float(np.mean(held)) if len(held) >= LEAST else None
    return Figure(name, value, low, None, "%", len(held))


# ----------------------------------------------------------------------------- confounders


@dataclass(frozen=True)
class Bent:
    """What a method reports of unchanged skin at one level of one confounder.

    ``error`` is the mean over skins, None where every pair is refused; ``refused`` counts them.
    """

    confounder: str
    level: float
    method: str
    error: float | None
    n: int
    refused: int


def bent(found: Sequence[Outcome]) -> list[Bent]:
    """Every method at every level, the level at which the photos are alike included."""
    drawn = of(found, "confounder")
    rows = []
    for name, (_, alike) in UNITS.items():
        at: dict[float, list[Outcome]] = {}
        for item in drawn:
            level = _level(item.job, name, alike)
            if level is not None:
                at.setdefault(level, []).append(item)
        for level in sorted(at):
            rows += [_bent(name, level, method, at[level]) for method in methods()]
    return rows


def _level(job: Job, confounder: str, alike: float) -> float | None:
    """Level of a confounder in a pair; None in a pair of another one."""
    if job.confounder == "none":
        return alike
    return job.level if job.confounder == confounder else None


def _bent(confounder: str, level: float, method: str, found: Sequence[Outcome]) -> Bent:
    values = [change_of(item, method) for item in found]
    known = [
        value - item.truth for item, value in zip(found, values, strict=True) if value is not None
    ]
    refused = sum(item.ours is None for item in found)
    mean = float(np.mean(known)) if known else None
    return Bent(confounder, level, method, mean, len(known), refused)
