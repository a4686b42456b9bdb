"""Pores found against pores grown: number, places, and whether they are found again.

Usage: python tests/bench/pores.py [--training] [--skins 24]

Writes ``reports/validation/pores.csv`` and ``pores.md``; with ``--training`` it only prints. Each
skin is photographed twice by a rig and twice by hand, unchanged, on seeds of reporting (odd) or of
training (even). The skin is not stretched, so that the place of every pore is known; the view is
that of the whole pipeline but for its alignment, in place of which stands the known homography.
"""

from __future__ import annotations

import argparse
import csv
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from skin_views import skin_view

from dermadelta.domain import Read, Role, SkinView
from dermadelta.kernels.colour import srgb_decode
from dermadelta.kernels.geometry import bounding_box
from dermadelta.kernels.pairing import mutual_nearest
from dermadelta.measures.pores import (
    Params,
    read_pores_area_share,
    read_pores_density,
    read_pores_size,
)
from dermadelta.phantom.cases import random_case
from dermadelta.phantom.encode import through_jpeg
from dermadelta.phantom.pair import Case, Shot, render_pair, skin_grid
from dermadelta.phantom.plan import Setup
from dermadelta.phantom.seeds import Purpose, set_seed
from dermadelta.phantom.skin import pores

OUT = Path(__file__).parents[2] / "reports" / "validation"
WIDTH_PX, SEED = 1100, 77
NEAR_MM = 0.15
"""A mark this near to a pore is that pore."""

SIZES_MM = (0.16, 0.22, 0.30)
SETUPS: tuple[Setup, ...] = ("rig", "handheld")
READS = (read_pores_density, read_pores_area_share, read_pores_size)


@dataclass(frozen=True, eq=False)
class Photo:
    """What was found on one photograph, and the true pores of the same skin in its pixels."""

    reads: tuple[Read, ...]
    marks: np.ndarray
    true: np.ndarray
    true_mm: np.ndarray
    is_true: np.ndarray
    is_found: np.ndarray
    mm_per_px: float
    mm_to_photo: np.ndarray


def unstretched(case: Case) -> Case:
    """The same pair, the skin of both photographs as it was grown."""
    before, after = (
        replace(plan, camera=replace(plan.camera, stretch=1e-6))
        for plan in (case.before, case.after)
    )
    return replace(case, before=before, after=after)


def view_of(shot: Shot, case: Case, role: Role) -> SkinView:
    plan = case.before if role is Role.BEFORE else case.after
    x0, y0, width, height = bounding_box(shot.roi, 10)
    window = np.s_[y0 : y0 + height, x0 : x0 + width]
    rgb = srgb_decode(through_jpeg(shot.rgb, plan.camera)[window] / 255.0).astype(np.float32)
    mask = np.ascontiguousarray(shot.roi[window])
    return skin_view(
        rgb,
        mask,
        shot.mm_per_px,
        float(np.sqrt(mask.sum() / 60.0)),
        role=role,
        site=case.site,
        origin=(x0, y0),
        frame_short_side_px=float(min(shot.roi.shape)),
    )


def photographed(shot: Shot, case: Case, role: Role) -> Photo:
    view = view_of(shot, case, role)
    params = Params()
    reads = []
    for measure in READS:
        found = measure(view, params)
        assert isinstance(found, Read), found
        reads.append(found)
    grid = skin_grid(case)
    grown = pores(case.skin, grid)
    middle = 0.5 * np.array([grid.width_px - 1, grid.height_px - 1])
    places = apply(shot.mm_to_photo, (grown[:, :2] - middle) * grid.step_mm) - view.origin
    edge = round(params.edge_mm / shot.mm_per_px)
    searched = np.zeros(view.mask.shape, dtype=bool)
    searched[edge:-edge, edge:-edge] = view.mask[edge:-edge, edge:-edge]
    inside = within(searched, places)
    true = places[inside]
    marks = reads[0].marks
    left, right, _ = mutual_nearest(marks[:, :2], true, NEAR_MM / shot.mm_per_px)
    is_true, is_found = np.zeros(len(marks), dtype=bool), np.zeros(len(true), dtype=bool)
    is_true[left] = is_found[right] = True
    own = np.eye(3)
    own[:2, 2] = view.origin
    to_photo = np.linalg.inv(own) @ shot.mm_to_photo
    return Photo(
        tuple(reads), marks, true, grown[inside, 2], is_true, is_found, shot.mm_per_px, to_photo
    )


def within(mask: np.ndarray, places: np.ndarray) -> np.ndarray:
    col, row = np.rint(places).astype(int).T
    inside = (col >= 0) & (row >= 0) & (col < mask.shape[1]) & (row < mask.shape[0])
    inside[inside] = mask[row[inside], col[inside]]
    return inside


def apply(matrix: np.ndarray, points: np.ndarray) -> np.ndarray:
    return cv2.perspectiveTransform(np.asarray(points, dtype=np.float64)[None], matrix)[0]


def row_of(number: int, seed: int, setup: Setup) -> dict[str, float | str]:
    case = unstretched(
        random_case(
            "no_change", seed, number, width_px=WIDTH_PX, setup=setup, treated="local",
            in_photo="scale",
        )
    )  # fmt: skip
    pair = render_pair(case)
    first = photographed(pair.before, case, Role.BEFORE)
    second = photographed(pair.after, case, Role.AFTER)
    back = first.mm_to_photo @ np.linalg.inv(second.mm_to_photo)
    carried = apply(back, second.marks[:, :2])
    tolerance = max(1.5, 0.5 * float(np.median(first.marks[:, 2])))
    left, _, _ = mutual_nearest(first.marks[:, :2], carried, tolerance)
    again = np.zeros(len(first.marks), dtype=bool)
    again[left] = True
    area_px = len(second.marks) / second.reads[0].value * 100.0 / second.mm_per_px**2
    by_chance = -np.expm1(-len(second.marks) / area_px * np.pi * tolerance**2)
    row: dict[str, float | str] = {
        "skin": number,
        "tone": case.tone,
        "setup": setup,
        "true": len(first.true),
        "found": len(first.marks),
        "count_error_pct": 100.0 * (len(first.marks) / len(first.true) - 1.0),
        "precision": first.is_true.mean(),
        "recall": first.is_found.mean(),
    }
    for size in SIZES_MM:
        row[f"recall_{size:.2f}_mm"] = first.is_found[np.isclose(first.true_mm, size)].mean()
    row["found_again"] = again.mean()
    row["true_found_again"] = again[first.is_true].mean()
    row["others_found_again"] = again[~first.is_true].mean()
    row["by_chance"] = by_chance
    for name, one, two in zip(
        ("density", "area_share", "size"), first.reads, second.reads, strict=True
    ):
        row[name] = one.value
        row[f"{name}_change_pct"] = 100.0 * (two.value / one.value - 1.0)
    return row


def summary(rows: list[dict[str, float | str]], setup: str) -> list[str]:
    own = [row for row in rows if row["setup"] == setup]

    def column(name: str) -> np.ndarray:
        return np.array([float(row[name]) for row in own])

    found, true = column("found"), column("true")
    right = column("precision") * found
    error = np.abs(column("count_error_pct"))
    lines = [
        f"| pores in all: found, true | {found.sum():.0f}, {true.sum():.0f} |",
        f"| error of the number per skin: mean, median | {error.mean():.0f} %, "
        f"{np.median(error):.0f} % |",
        f"| of those found, pores ({NEAR_MM} mm) | {100 * right.sum() / found.sum():.0f} % |",
        f"| of the pores, found | {100 * (column('recall') @ true) / true.sum():.0f} % |",
    ]
    lines += [
        f"| of pores of {size:.2f} mm, found | {100 * share:.0f} % |"
        for size in SIZES_MM
        for share in [column(f"recall_{size:.2f}_mm").mean()]
    ]
    again = (column("true_found_again") @ right) / right.sum()
    others = (column("others_found_again") @ (found - right)) / (found - right).sum()
    lines += [
        f"| true pores found again on the second photograph | {100 * again:.0f} % |",
        f"| other marks found again | {100 * others:.0f} % |",
        f"| all marks found again | {100 * (column('found_again') @ found) / found.sum():.0f} % |",
        f"| by chance | {100 * column('by_chance').mean():.1f} % |",
    ]
    for name in ("density", "area_share", "size"):
        change = column(f"{name}_change_pct")
        lines.append(
            f"| pores_{name}, change where nothing changed: mean, SD | {change.mean():+.1f} %, "
            f"{change.std(ddof=1):.1f} % |"
        )
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--training", action="store_true")
    parser.add_argument("--skins", type=int, default=24)
    given = parser.parse_args()
    cv2.setNumThreads(1)
    seed = set_seed(Purpose.TRAINING if given.training else Purpose.REPORTING, SEED)
    rows = [row_of(n, seed, setup) for setup in SETUPS for n in range(given.skins)]
    text = [
        "# Pores: found against grown",
        "",
        f"{given.skins} rendered skins of all tones, each photographed twice without any change by"
        f" a rig and by hand, about 0.05 mm per pixel (`tests/bench/pores.py`, seed {seed}).",
        "Half of the pores that are grown are 0.16 mm wide, three pixels.",
    ]
    for setup in SETUPS:
        text += ["", f"## {setup.capitalize()}", "", "| | |", "|---|---|", *summary(rows, setup)]
    sys.stdout.write("\n".join(text) + "\n")
    if given.training:
        return
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / "pores.md").write_text("\n".join(text) + "\n", encoding="utf-8")
    with (OUT / "pores.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(rows[0])
        writer.writerows(
            [f"{v:.4g}" if isinstance(v, float) else v for v in row.values()] for row in rows
        )


if __name__ == "__main__":
    main()
