"""How well stretch marks are read on synthetic skin whose marks are known.

Usage: python tests/bench/stretch.py [--training] [--pairs N] [--out FOLDER]

Pairs of the kind ``striae`` (24), each photograph after JPEG, with true region and scale; nothing
is aligned, so the error is that of the measures alone. Then half as many pairs of skin on which
nothing changes, less those with marks, and as many of red areas: what is found there is none.
The seeds are those of reporting (odd); with ``--training`` even ones, to try things on.

Writes ``stretch.csv`` (one row per photograph) and ``stretch.md``.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
from skin_views import skin_view

from dermadelta.domain import NotMeasured, Read, SkinView, Untreated
from dermadelta.kernels.colour import srgb_decode
from dermadelta.kernels.geometry import bounding_box
from dermadelta.measures.stretch import MEASURES, Params
from dermadelta.phantom.cases import random_case
from dermadelta.phantom.encode import through_jpeg
from dermadelta.phantom.pair import RenderedPair, Shot, render_pair, skin_grid
from dermadelta.phantom.seeds import Purpose, set_seed
from dermadelta.phantom.treatment import Distances

PAIRS, OUT = 24, Path("reports/validation")
SET = 71
WIDTH_PX = 1600
MARGIN = 0.12
TILES = 150
DECODED = srgb_decode(np.arange(256) / 255.0).astype(np.float32)
NAMES = [item.name for item in MEASURES]
BARE = {"no_change": "without change", "redness": "with red areas"}
"""Kinds of pairs without marks, and their words."""


def view_of(shot: Shot, rgb: np.ndarray) -> SkinView:
    """The declared region of a shot with its margin, as the pipeline would cut it out."""
    around = round(MARGIN * max(bounding_box(shot.roi, 0)[2:]))
    x0, y0, width, height = bounding_box(shot.roi, around)
    part = slice(y0, y0 + height), slice(x0, x0 + width)
    mask = np.ascontiguousarray(shot.roi[part])
    untreated: Untreated | NotMeasured = NotMeasured("not looked for")
    if shot.reference is not None:
        linear = DECODED[cv2.GaussianBlur(rgb, (0, 0), 3.0)][shot.reference]
        index = 100.0 * np.log10(linear[:, 0] / linear[:, 1])
        untreated = Untreated(float(np.median(index)), float(index.std()))
    return skin_view(
        DECODED[rgb[part]],
        mask,
        shot.mm_per_px,
        max(8.0, float(np.sqrt(np.count_nonzero(mask) / TILES))),
        origin=(x0, y0),
        frame_short_side_px=float(min(rgb.shape[:2])),
        untreated=untreated,
    )


def rows_of(pair: RenderedPair, number: int) -> Iterator[dict[str, Any]]:
    """What is true and what is read of both photographs; values not measured are left out."""
    case, truth = pair.case, pair.truth
    sides = (
        ("before", pair.before, case.before, truth.striae_area_before_mm2),
        ("after", pair.after, case.after, truth.striae_area_after_mm2),
    )
    for side, shot, plan, area in sides:
        view = view_of(shot, through_jpeg(shot.rgb, plan.camera))
        found = {item.name: item.read(view, Params()) for item in MEASURES}
        yield {
            "kind": case.kind,
            "pair": number,
            "side": side,
            "tone": case.tone,
            "true_area_mm2": area,
            "true_length_mm": true_length(pair),
            **{name: read.value for name, read in found.items() if isinstance(read, Read)},
        }


def true_length(pair: RenderedPair) -> float:
    """Length of the middle lines of the marks inside the region, mm."""
    grid = skin_grid(pair.case)
    if pair.case.striae is None:
        return 0.0
    return pair.case.striae.length_within_mm(Distances(grid).inside(pair.case.roi), grid)


def rendered(kind: str, purpose: Purpose, number: int) -> RenderedPair:
    """Pair ``number`` of a kind, by turns on a stand and by hand."""
    return render_pair(
        random_case(
            kind,
            set_seed(purpose, SET),
            number,
            width_px=WIDTH_PX,
            setup=("rig", "handheld")[number % 2],
            treated="local",
            in_photo="scale",
        )
    )


def change_table(marked: pd.DataFrame) -> str:
    """Error of the change of each measure over the pairs on which all were read twice."""
    before, after = (
        marked[marked["side"] == side].set_index("pair") for side in ("before", "after")
    )
    whole = before[NAMES].notna().all(axis=1) & after[NAMES].notna().all(axis=1)
    before, after = before[whole], after[whole]
    area = 100.0 * (after["true_area_mm2"] / before["true_area_mm2"] - 1.0)
    text = [
        f"{len(before)} of {len(whole)} pairs were measured. Errors in points of per cent.",
        "",
        "| measure | mean size of the error | median | bias |",
        "|---|---|---|---|",
    ]
    for name in NAMES:
        # Marks narrow over their whole length: area is width times length.
        true = 0.0 if name == "stretch_length" else area
        error = 100.0 * (after[name] / before[name] - 1.0) - true
        text.append(
            f"| `{name}` | {error.abs().mean():.1f} | {error.abs().median():.1f} |"
            f" {error.mean():+.1f} |"
        )
    return "\n".join(text)


def bare_line(rows: pd.DataFrame, kind: str) -> str:
    """How often marks were found where there are none."""
    share = rows[rows["kind"] == kind]["stretch_area_share"].fillna(0.0)
    return (
        f"| {BARE[kind]} | {np.count_nonzero(share)} of {len(share)} | {share.mean():.1f} |"
        f" {share.max():.1f} |"
    )


def page(rows: pd.DataFrame, command: str, purpose: str) -> str:
    """The figures in words and tables."""
    marked = rows[rows["kind"] == "striae"]
    first = marked[(marked["side"] == "before") & marked["stretch_length"].notna()]
    error = 100.0 * (first["stretch_length"] / first["true_length_mm"] - 1.0)
    parts = [
        "# Stretch marks",
        f"Synthetic skin of {purpose} seeds, {WIDTH_PX} px wide, region and scale known, by turns"
        " on a stand and by hand. Nothing is aligned: the error is that of the measures alone.",
        f"Made by `{command}`.",
        "## Change of marks that narrow and fade",
        change_table(marked),
        "## Length before",
        f"Mean size of the error {error.abs().mean():.1f} %, bias {error.mean():+.1f} %, on"
        f" {len(first)} photographs.",
        "## Skin without marks",
        "| skin | found on photographs | mean share % | largest % |\n|---|---|---|---|\n"
        + "\n".join(bare_line(rows, kind) for kind in BARE),
    ]
    return "\n\n".join(parts) + "\n"


def main(words: list[str]) -> None:
    """Photograph, read, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--training", action="store_true")
    parser.add_argument("--pairs", type=int, default=PAIRS)
    parser.add_argument("--out", type=Path, default=OUT)
    given = parser.parse_args(words)
    cv2.setNumThreads(1)
    purpose = Purpose.TRAINING if given.training else Purpose.REPORTING
    found: list[dict[str, Any]] = []
    for kind, count in (("striae", given.pairs), *((kind, given.pairs // 2) for kind in BARE)):
        for number in range(count):
            pair = rendered(kind, purpose, number)
            if kind == "striae" or pair.case.striae is None:
                found += rows_of(pair, number)
    told = [name for name in found[0] if name not in NAMES]
    rows = pd.DataFrame(found, columns=[*told, *NAMES])
    given.out.mkdir(parents=True, exist_ok=True)
    rows.to_csv(given.out / "stretch.csv", index=False, float_format="%.5g", lineterminator="\n")
    command = f"python tests/bench/stretch.py --pairs {given.pairs}"
    command += " --training" if given.training else ""
    text = page(rows, command, purpose.value)
    (given.out / "stretch.md").write_text(text, encoding="utf-8", newline="\n")
    sys.stdout.write(text)


if __name__ == "__main__":
    main(sys.argv[1:])
