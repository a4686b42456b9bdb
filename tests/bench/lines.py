"""Fine lines: how well their length is found, by skin tone and by where the lamp stands.

Usage: python tests/bench/lines.py [SKINS [OUT]]

Grows synthetic skin without lines of its own, presses creases of known path (0.10 to 0.35 mm deep,
as deep at their ends) into its relief, photographs it under a lamp that stands along the lines,
across them or between, and reads the measures. The same skin without creases shows what the
microrelief alone is taken for. Of a second photograph nothing but pose and noise differs, in a
third the creases are a quarter shallower. The lines that ordinary synthetic skin has of its own
are told apart. The seeds are those of reporting.

Writes ``lines.csv`` (one row per photograph) and ``lines.md``.
"""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")  # read when numpy is loaded, below

import cv2  # noqa: E402
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
from numpy.typing import NDArray  # noqa: E402
from skin_views import skin_view  # noqa: E402

from dermadelta.domain import Read, SkinView  # noqa: E402
from dermadelta.kernels.colour import srgb_decode  # noqa: E402
from dermadelta.measures.lines import (  # noqa: E402
    Params,
    read_lines_area_share,
    read_lines_depth,
    read_lines_length,
)
from dermadelta.phantom.camera import View, expose, make_view  # noqa: E402
from dermadelta.phantom.cases import random_case  # noqa: E402
from dermadelta.phantom.encode import through_jpeg  # noqa: E402
from dermadelta.phantom.fields import blur, stroke_paths  # noqa: E402
from dermadelta.phantom.light import render  # noqa: E402
from dermadelta.phantom.pair import skin_grid  # noqa: E402
from dermadelta.phantom.plan import Case, ShotPlan  # noqa: E402
from dermadelta.phantom.seeds import Purpose, set_seed  # noqa: E402
from dermadelta.phantom.skin import Grid, Skin, lines, make_skin  # noqa: E402

SKINS, OUT, SEED = 28, Path("reports/validation"), 31
WIDTH_PX, MARGIN_PX, TILE_PX = 1000, 60, 64
LAMPS = (0.0, 30.0, 60.0, 90.0)
"""Angle between the lamp's azimuth and the lines; 0: the light falls along them."""

NEAR_MM = 0.6
"""So near a true line a found one is that line: its shadow lies beside its bottom."""

READS = {
    "length": read_lines_length,
    "area_share": read_lines_area_share,
    "depth": read_lines_depth,
}

Points = NDArray[np.float64]
Field = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Creased:
    """One person: skin without lines, the creases, and how they run."""

    case: Case
    grid: Grid
    bare: Skin
    creases: Field
    paths: list[Points]
    angle_deg: float
    depth_mm: float
    width_mm: float

    def skin(self, factor: float) -> Skin:
        """The skin with creases of so much of their depth."""
        pressed = np.float32(-factor * self.depth_mm) * self.creases
        return replace(self.bare, height_mm=self.bare.height_mm + pressed)


def person(purpose: Purpose, number: int) -> Creased:
    """Draw a person of a set, and creases from a generator of their own."""
    seed = set_seed(purpose, SEED)
    case = random_case("no_change", seed, number, width_px=WIDTH_PX, setup="rig", in_photo="scale")
    grid = skin_grid(case)
    rng = np.random.default_rng([seed, number, 7])
    px = 1.0 / grid.step_mm
    angle = float(rng.uniform(0.0, 180.0))
    depth, width = float(rng.uniform(0.10, 0.35)), float(rng.uniform(0.12, 0.35))
    drawn = stroke_paths(
        rng,
        grid.shape,
        int(rng.integers(8, 15)),
        length_px=(6.0 * px, 22.0 * px),
        angle_deg=angle,
        angle_spread_deg=6.0,
        bend=0.06,
    )
    paths = [points for points, _ in drawn]
    field = np.zeros(grid.shape, dtype=np.float32)
    for points in paths:
        ends = [np.round(points * 16).astype(np.int32)]
        cv2.polylines(field, ends, False, 1.0, 1, cv2.LINE_AA, 4)
    creases = blur(field, width * px) * np.float32(width * px * np.sqrt(2.0 * np.pi))
    bare = make_skin(replace(case.skin, lines=0), grid)
    return Creased(case, grid, bare, np.minimum(creases, 1.0), paths, angle, depth, width * 2.355)


def photograph(skin: Skin, plan: ShotPlan, size: tuple[int, int]) -> tuple[Field, View]:
    """Linear RGB of a photograph after JPEG, and its geometry."""
    geometry, sensor = (
        np.random.default_rng(part) for part in np.random.SeedSequence(plan.seed).spawn(2)
    )
    grid = skin.grid
    view = make_view(plan.camera, (grid.width_px, grid.height_px), size, 1.0, geometry)
    seen = view.sample(render(skin, plan.light))
    rgb = through_jpeg(expose(seen, plan.camera, sensor), plan.camera)
    return np.asarray(srgb_decode(rgb / 255.0), dtype=np.float32), view


def view_of(rgb: Field, mm_per_px: float) -> SkinView:
    """All of a photograph but its margin as a region."""
    mask = np.zeros(rgb.shape[:2], dtype=np.bool_)
    mask[MARGIN_PX:-MARGIN_PX, MARGIN_PX:-MARGIN_PX] = True
    return skin_view(rgb, mask, mm_per_px, TILE_PX)


def true_lines(paths: list[Points], view: View, mask: NDArray[np.bool_]) -> tuple[float, Field]:
    """Length of the lines inside a mask, pixels, and the distance of every pixel from one."""
    away = np.ones(mask.shape, dtype=np.uint8)
    total = 0.0
    for points in paths:
        at = np.column_stack([points, np.ones(len(points))]) @ view.homography.T
        at = at[:, :2] / at[:, 2:]
        cv2.polylines(away, [np.round(at * 16).astype(np.int32)], False, 0, 1, cv2.LINE_8, 4)
        share = (np.arange(20) + 0.5)[:, None] / 20.0
        for first, last in itertools.pairwise(at):
            col, row = np.rint(first + share * (last - first)).astype(int).T
            known = (row >= 0) & (row < mask.shape[0]) & (col >= 0) & (col < mask.shape[1])
            inside = mask[np.where(known, row, 0), np.where(known, col, 0)] & known
            total += float(np.hypot(*(last - first)) * inside.mean())
    return total, np.asarray(cv2.distanceTransform(away, cv2.DIST_L2, 5), dtype=np.float32)


def read(
    skin: Skin, plan: ShotPlan, paths: list[Points], size: tuple[int, int], params: Params
) -> dict[str, Any]:
    """What is true and what is read of one photograph; lengths in mm/cm², 0 if none was told."""
    rgb, geometry = photograph(skin, plan, size)
    mm_per_px = skin.grid.step_mm / np.sqrt(abs(np.linalg.det(geometry.homography[:2, :2])))
    view = view_of(rgb, float(mm_per_px))
    found = {name: measure(view, params) for name, measure in READS.items()}
    length, distance = true_lines(paths, geometry, view.mask)
    area_cm2 = float(np.count_nonzero(view.mask)) * mm_per_px**2 / 100.0
    row: dict[str, Any] = {"true_length": length * mm_per_px / area_cm2}
    for name, result in found.items():
        row[name] = result.value if isinstance(result, Read) else 0.0
    marks = found["length"].marks if isinstance(found["length"], Read) else np.empty((0, 3))
    col, line = np.rint(marks[:, :2]).astype(int).T
    near = distance[line, col] * mm_per_px <= NEAR_MM
    row["share_on_lines"] = float(near.mean()) if len(marks) else np.nan
    return row


def rows_of(purpose: Purpose, number: int, params: Params) -> Iterator[dict[str, Any]]:
    """All photographs of one person."""
    someone = person(purpose, number)
    case = someone.case
    size = (case.width_px, case.height_px)
    known = {
        "skin": number,
        "tone": case.tone,
        "depth_mm": someone.depth_mm,
        "width_mm": someone.width_mm,
    }

    def lit(plan: ShotPlan, angle: float) -> ShotPlan:
        azimuth = someone.angle_deg + angle
        return replace(plan, light=replace(plan.light, azimuth_deg=azimuth, second_share=0.0))

    for angle in LAMPS:
        told = {**known, "lamp_deg": angle}
        first = lit(case.before, angle)
        yield {**told, "kind": "no lines", **read(someone.bare, first, [], size, params)}
        creased = read(someone.skin(1.0), first, someone.paths, size, params)
        yield {**told, "kind": "creases", **creased}
    across = lit(case.after, LAMPS[-1])
    told = {**known, "lamp_deg": LAMPS[-1]}
    for kind, factor in (("again", 1.0), ("a quarter shallower", 0.75)):
        again = read(someone.skin(factor), across, someone.paths, size, params)
        yield {**told, "kind": kind, **again}
    own = [points for points, _ in lines(case.skin, someone.grid)]
    ordinary = make_skin(case.skin, someone.grid)
    yield {**told, "kind": "own lines", **read(ordinary, case.before, own, size, params)}


def error_pct(rows: pd.DataFrame) -> pd.Series:
    """Error of the length, % of the true one."""
    return 100.0 * (rows["length"] / rows["true_length"] - 1.0)


def error_table(rows: pd.DataFrame, by: str) -> str:
    """Error of the length of creases by a column."""
    text = [f"| {by} | photos | median error % | middle half | all together % | on lines % |"]
    text.append("|---|---|---|---|---|---|")
    for value, group in rows.groupby(by, sort=False):
        error = error_pct(group)
        low, high = error.quantile([0.25, 0.75])
        together = 100.0 * (group["length"].sum() / group["true_length"].sum() - 1.0)
        text.append(
            f"| {value} | {len(group)} | {error.median():+.1f} | {low:+.1f} to {high:+.1f} |"
            f" {together:+.1f} | {100.0 * group['share_on_lines'].mean():.0f} |"
        )
    return "\n".join(text)


def change_line(rows: pd.DataFrame, kind: str, name: str) -> str:
    """Median and SD of a change in per cent against the first photograph under the same lamp."""
    first = rows[(rows["kind"] == "creases") & (rows["lamp_deg"] == LAMPS[-1])].set_index("skin")
    later = rows[rows["kind"] == kind].set_index("skin")
    both = (first[name] > 0.0) & (later[name] > 0.0)
    log = np.log(later[name][both] / first[name][both])
    change = 100.0 * np.expm1(log)
    return (
        f"| {kind} | {name} | {int(both.sum())} | {change.median():+.1f} | {100 * log.std():.1f} |"
    )


def page(rows: pd.DataFrame, skins: int) -> str:
    """The figures in words and tables."""
    creases, bare = (rows[rows["kind"] == kind] for kind in ("creases", "no lines"))
    own = rows[rows["kind"] == "own lines"]
    seen = creases[(creases["lamp_deg"] == LAMPS[-1]) & (creases["true_length"] > 0.0)]
    creases = creases[creases["true_length"] > 0.0]
    changes = [
        change_line(rows, kind, name) for kind in ("again", "a quarter shallower") for name in READS
    ]
    deep = pd.cut(seen["depth_mm"], [0.0, 0.2, 0.3, 0.4], labels=["to 0.2", "to 0.3", "to 0.35"])
    parts = [
        "# Length of fine lines",
        f"{skins} synthetic skins of reporting seeds with creases of known path pressed into the"
        " relief; the region is the photograph but its margin. `lamp_deg` is the angle between"
        " lamp and lines: at 0 the light falls along them, at 90 across. `on lines` is the part"
        f" of what was found that lies within {NEAR_MM:g} mm of a true line.",
        "Made by `python tests/bench/lines.py`.",
        "## By lamp",
        error_table(creases, "lamp_deg"),
        "## By tone, lamp across",
        error_table(seen.sort_values("tone"), "tone"),
        "## By depth of the creases (mm), lamp across",
        error_table(seen.assign(depth=deep.astype(str)).sort_values("depth_mm"), "depth"),
        "## Skin without lines",
        f"{int((bare['length'] == 0.0).sum())} of {len(bare)} photographs told no lines; the mean"
        f" of all is {bare['length'].mean():.2f} mm/cm², the largest {bare['length'].max():.1f}"
        f" (tone {bare.loc[bare['length'].idxmax(), 'tone']}); creased skin has"
        f" {creases['true_length'].mean():.1f}.",
        "## The lines that ordinary synthetic skin has of its own",
        "They are 0.014 to 0.028 mm deep, no deeper than the polygons around them (0.030 mm), and"
        f" an eye does not see them either: {int((own['length'] == 0.0).sum())} of {len(own)}"
        f" photographs told none; true mean {own['true_length'].mean():.1f} mm/cm², found"
        f" {own['length'].mean():.2f}.",
        "## Two photographs, lamp across",
        "| second photograph | measure | pairs | median change % | SD of ln change, % |\n"
        "|---|---|---|---|---|\n" + "\n".join(changes),
    ]
    return "\n\n".join(parts) + "\n"


def main(arguments: list[str]) -> None:
    """Photograph, read, write."""
    cv2.setNumThreads(1)
    skins = int(arguments[0]) if arguments else SKINS
    out = Path(arguments[1]) if len(arguments) > 1 else OUT
    params = Params()
    found: list[dict[str, Any]] = []
    for number in range(skins):
        found += rows_of(Purpose.REPORTING, number, params)
        sys.stdout.write(f"{number + 1} of {skins} skins\n")
    rows = pd.DataFrame(found)
    out.mkdir(parents=True, exist_ok=True)
    rows.to_csv(out / "lines.csv", index=False, float_format="%.5g", lineterminator="\n")
    (out / "lines.md").write_text(page(rows, skins), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main(sys.argv[1:])
