"""What texture reads when the lamp of the after photo stood elsewhere.

Usage: python tests/bench/texture_lamp.py [--people N] [--seed S] [--training] [--out FOLDER]

Rig pairs of the phantom, treated locally (untreated skin around the region) and all over (none).
Of each pair the after photo is taken again and again, and only its lamps move: up and down,
around, with more and less fill. The relief stays, or shrinks by a quarter. Every reading goes
through the stages of the program in memory, beside a naive one: the SD of high-pass L*, before
any JPEG. A pair counts as held where its interval holds the truth or texture is refused.

Writes ``texture_lamp.csv``, a row per pair, and ``texture_lamp.md``, a row per move.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")  # read when numpy is loaded, below

import cv2  # noqa: E402
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
from gate_limits import _pair, _photo, _prepared  # noqa: E402

from dermadelta.config import Config  # noqa: E402
from dermadelta.domain import (  # noqa: E402
    REFERENCE,
    AlignedPhoto,
    CalibratedPhoto,
    Estimate,
    Interval,
    NotAligned,
    NotMeasured,
    Read,
    Reading,
    Regions,
    Role,
    TreatedArea,
)
from dermadelta.kernels.texture import CUTOFF_TO_SIGMA, gaussian  # noqa: E402
from dermadelta.phantom.cases import random_case  # noqa: E402
from dermadelta.phantom.light import Light  # noqa: E402
from dermadelta.phantom.pair import Case, Shot, ShotPlan, render_pair  # noqa: E402
from dermadelta.phantom.seeds import Purpose, set_seed  # noqa: E402
from dermadelta.phantom.treatment import Treatment  # noqa: E402
from dermadelta.stages.align import align  # noqa: E402
from dermadelta.stages.carry import carry  # noqa: E402
from dermadelta.stages.compare import compare  # noqa: E402
from dermadelta.stages.estimate import estimate  # noqa: E402
from dermadelta.stages.gather import gather  # noqa: E402
from dermadelta.stages.measure import measure  # noqa: E402
from dermadelta.stages.observe import observe  # noqa: E402

OUT = Path("reports/validation")
PEOPLE, SEED, WIDTH_PX = 14, 61, 1200
CONFIG = Config()
ROUGHNESS = tuple(item for item in CONFIG.catalogue() if item.name == "roughness")
AREAS, CHANGES = ("local", "whole"), (0.0, -25.0)
_ELEVATIONS = (10.0, 85.0)

Prepared = tuple[CalibratedPhoto, Regions]


@dataclass(frozen=True)
class Move:
    """What was done to the lamps of the after photo: turned up, turned round, more or less fill."""

    up_deg: float = 0.0
    round_deg: float = 0.0
    fill: float = 1.0

    @property
    def name(self) -> str:
        """As the table says it."""
        if self.up_deg:
            return f"elevation {self.up_deg:+.0f}°"
        if self.round_deg:
            return f"azimuth {self.round_deg:+.0f}°"
        return "kept" if self.fill == 1.0 else f"fill × {self.fill:g}"

    def of(self, light: Light) -> Light:
        """The light after the move; both lamps move together."""
        low, high = _ELEVATIONS
        return replace(
            light,
            elevation_deg=float(np.clip(light.elevation_deg + self.up_deg, low, high)),
            second_elevation_deg=float(
                np.clip(light.second_elevation_deg + self.up_deg, low, high)
            ),
            azimuth_deg=light.azimuth_deg + self.round_deg,
            second_azimuth_deg=light.second_azimuth_deg + self.round_deg,
            fill=light.fill * self.fill,
        )


MOVES = (
    Move(),
    *(Move(up_deg=angle) for angle in (-20.0, -10.0, -5.0, 5.0, 10.0, 20.0)),
    *(Move(round_deg=angle) for angle in (-40.0, -20.0, -10.0, 10.0, 20.0, 40.0)),
    *(Move(fill=factor) for factor in (1.25, 0.75)),
)


@dataclass(frozen=True)
class Row:
    """One after photo under one light; changes in per cent, missing values empty."""

    area: str
    true_pct: float
    move: str
    person: int
    naive_pct: float
    plain_pct: float | None
    reported_pct: float | None
    low_pct: float | None
    high_pct: float | None
    outcome: str
    held: bool
    light_gate: float | None
    reason: str


# ----------------------------------------------------------------------------- pairs


def cases(seed: int, person: int) -> Iterator[tuple[str, Case]]:
    """Both areas with and without change; the skin, the rig and its camera stay."""
    for area in AREAS:
        drawn = random_case(
            "texture",
            seed,
            person,
            width_px=WIDTH_PX,
            setup="rig",
            treated=area,
            in_photo="scale",
            change=CHANGES[-1],
        )
        yield area, replace(drawn, treatment=Treatment(area=drawn.treatment.area))
        yield area, drawn


def rows_of(person: int, seed: int) -> list[Row]:
    """Every area, change and move of one person."""
    cv2.setNumThreads(1)
    found = []
    for area, case in cases(seed, person):
        plans = tuple(_moved(case.after, move, place) for place, move in enumerate(MOVES))
        case = replace(case, after=plans[0], after_repeats=plans[1:])
        pair = render_pair(case)
        true_pct = pair.truth.optical_roughness_change_pct
        where = TreatedArea(case.treated_area)
        before = _prepared(_photo(pair.before, case.before, case, Role.BEFORE, ""), where)
        shots = (pair.after, *pair.after_repeats)
        for move, plan, shot in zip(MOVES, plans, shots, strict=True):
            after = _prepared(_photo(shot, plan, case, Role.AFTER, ""), where)
            naive = _naive(pair.before, shot)
            seen = _read(case, before, after)
            found.append(_row(area, true_pct, move, person, naive, seen))
    return found


def _moved(plan: ShotPlan, move: Move, place: int) -> ShotPlan:
    """The same shot with other light and noise of its own."""
    return replace(plan, light=move.of(plan.light), seed=plan.seed + place)


def _naive(before: Shot, after: Shot) -> float:
    """Change of the SD of high-pass L* inside the outline, per cent."""
    first, second = (_spread_of_lightness(shot) for shot in (before, after))
    return 100.0 * (second / first - 1.0)


def _spread_of_lightness(shot: Shot) -> float:
    lab = cv2.cvtColor(shot.rgb.astype(np.float32) / 255.0, cv2.COLOR_RGB2LAB)
    lightness = np.ascontiguousarray(lab[..., 0])
    wide = gaussian(lightness, CUTOFF_TO_SIGMA * 1.0 / shot.mm_per_px)
    return float(np.std((lightness - wide)[shot.roi]))


@dataclass(frozen=True)
class Seen:
    """What the program says of texture; ``plain_pct`` is its reading, whatever the gates say."""

    told: Estimate | None = None
    plain_pct: float | None = None
    light_gate: float | None = None


def _read(case: Case, before: Prepared, after: Prepared) -> Seen:
    """Both photos through the stages."""
    found = align(before[0], after[0], before[1], after[1], CONFIG.align)
    if isinstance(found, NotAligned):
        return Seen()
    photos = [AlignedPhoto(*before, Role.BEFORE, None), AlignedPhoto(*after, Role.AFTER, found)]
    carried = carry(photos, CONFIG.carry)
    if isinstance(carried, NotMeasured):
        return Seen()
    carried = observe(carried, photos, CONFIG.observe)
    ref = _pair(case, (before[0].photo, after[0].photo), days=40)
    gates = compare(ref, before[0], after[0], found, carried, CONFIG.compare)
    readings = measure(carried, ROUGHNESS, CONFIG.params(), CONFIG.measure)
    evidence = gather(
        readings,
        carried,
        gates,
        found,
        ROUGHNESS,
        before[1].reference_source,
        CONFIG.gather,
    )
    told = estimate(evidence, (), CONFIG.variance(), ROUGHNESS, CONFIG.estimate)[0]
    light = next(gate.value for gate in gates.gates if gate.name == "light")
    return Seen(told, _plain(readings), light if isinstance(light, float) else None)


def _plain(readings: Sequence[Reading]) -> float | None:
    """Change of the region's own reading, per cent."""
    own = (reading.result for reading in readings if reading.region != REFERENCE)
    values = [result.value for result in own if isinstance(result, Read)]
    return 100.0 * (values[1] / values[0] - 1.0) if len(values) == 2 else None


def _row(area: str, true_pct: float, move: Move, person: int, naive_pct: float, seen: Seen) -> Row:
    common = (area, true_pct, move.name, person, naive_pct, seen.plain_pct)
    told = seen.told
    if told is None or not isinstance(told.change_pct, Interval):
        reason = "not aligned" if told is None else told.reason
        return Row(*common, None, None, None, "refused", True, seen.light_gate, reason)
    pct = told.change_pct
    held = pct.low <= true_pct <= pct.high
    span = (pct.value, pct.low, pct.high)
    return Row(*common, *span, told.verdict.value, held, seen.light_gate, "")


# ----------------------------------------------------------------------------- the page

INTRO = """# A lamp that moved

Made by `{command}`: {people} people on a rig (phantom, {purpose} seeds, {width} px wide), each
treated locally and all over. The lamp of the after photo alone moved. Changes are medians, per
cent; *naive* is the SD of high-pass L\\*, *plain* the roughness without any correction, *reported*
what the program says. *Width* is the median half width of the interval. *Held*: the interval holds
the truth, or texture is refused. *Improved* and *worsened* count verdicts.
"""

_HEAD = (
    "| lamp | naive | plain | reported | width | refused | held | improved | worsened | n |\n"
    "|---|---|---|---|---|---|---|---|---|---|"
)


def page(rows: pd.DataFrame, command: str, purpose: str) -> str:
    """The page, Markdown."""
    people = rows["person"].nunique()
    parts = [INTRO.format(command=command, people=people, purpose=purpose, width=WIDTH_PX)]
    for (area, changed), group in rows.groupby(["area", "changed"], sort=False):
        true = f"{group['true_pct'].median():+.1f} %" if changed else "nothing"
        skin = "untreated skin around" if area == "local" else "treated all over, no reference"
        parts += [f"## {skin}; true change: {true}\n", _HEAD]
        parts += [_line(str(move), part) for move, part in group.groupby("move", sort=False)]
        parts.append(_line("**all**", group) + "\n")
    return "\n".join(parts)


def _line(name: str, part: pd.DataFrame) -> str:
    n = len(part)
    half = 0.5 * (part["high_pct"] - part["low_pct"])
    medians = [part[f"{what}_pct"].median() for what in ("naive", "plain", "reported")]
    cells = ["–" if np.isnan(value) else f"{value:+.1f}" for value in medians]
    cells.append("–" if half.isna().all() else f"{half.median():.1f}")
    counts = [int((part["outcome"] == word).sum()) for word in ("refused", "improved", "worsened")]
    cells += [f"{counts[0]}", f"{100.0 * part['held'].mean():.0f} %", f"{counts[1]}"]
    return f"| {name} | " + " | ".join(cells) + f" | {counts[2]} | {n} |"


def main(arguments: Sequence[str]) -> None:
    """Make all pairs in as many processes as there are cores, and write table and page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=PEOPLE)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--training", action="store_true", help="seeds that limits may be set on")
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--out", type=Path, default=OUT)
    given = parser.parse_args(arguments)
    purpose = Purpose.TRAINING if given.training else Purpose.REPORTING
    read = partial(rows_of, seed=set_seed(purpose, given.seed))
    with ProcessPoolExecutor(given.workers, mp_context=get_context("spawn")) as pool:
        found = [row for rows in pool.map(read, range(given.people)) for row in rows]
    rows = pd.DataFrame(found)
    rows["changed"] = rows["true_pct"] != 0.0
    rows = rows.sort_values(["area", "changed"], kind="stable")
    given.out.mkdir(parents=True, exist_ok=True)
    rows.to_csv(
        given.out / "texture_lamp.csv", index=False, float_format="%.5g", lineterminator="\n"
    )
    command = f"python tests/bench/texture_lamp.py --people {given.people} --seed {given.seed}"
    text = page(rows, command + (" --training" if given.training else ""), purpose.value)
    (given.out / "texture_lamp.md").write_text(text, encoding="utf-8", newline="\n")
    sys.stdout.write(text)


if __name__ == "__main__":
    main(sys.argv[1:])
