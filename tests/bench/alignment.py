"""Alignment side by side with ready-made methods, on pairs whose truth is known.

Usage: python tests/bench/alignment.py [--out reports/bench] [--quick]

Writes ``alignment.md``, ``alignment.csv`` (a row per method, field and family of pictures),
``alignment_cases.csv`` (a row per method and pair) and ``alignment_errors.png``. All figures are
of the reporting seeds. CPU time on one thread; nothing is asserted. Real photographs are read
from ``DERMADELTA_DATA``; what is missing is left out and named.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")  # read when numpy is loaded, below

import cv2  # noqa: E402
from alignment_report import (  # noqa: E402
    Findings,
    case_rows,
    error_picture,
    page,
    summary,
    write_csv,
)
from known_warps import cases, data_folder, family_of, make, source, source_names  # noqa: E402
from ours import prepare  # noqa: E402
from part_phantom import run_absorbed, run_roughness, run_share  # noqa: E402
from part_planar import run_birl, run_graf  # noqa: E402
from part_warps import OURS, run_warps  # noqa: E402
from rivals import Rival, rivals, run_all  # noqa: E402
from warp_score import alignment_map  # noqa: E402

from dermadelta.config import Config  # noqa: E402
from dermadelta.domain import NotAligned  # noqa: E402

PICTURED = ("phantom_III", 0.03)
ALL, QUICK = 1, 10
"""Every known warp, or every tenth with --quick."""


def say(text: str) -> None:
    sys.stdout.write(f"{time.process_time():6.0f} s  {text}\n")
    sys.stdout.flush()


def run(*, quick: bool) -> Findings:
    """All parts, in the order of the report."""
    data, config, others = data_folder(), Config(), rivals()
    names = source_names(data)
    missing = [] if data.is_dir() else [f"real photographs ({data} is missing)"]
    if not any(rival.name.endswith("B-spline") for rival in others):
        missing.append("elastix (itk-elastix is not installed)")
    step = QUICK if quick else ALL
    warps = run_warps(names, others, config, keep=lambda n: n % step == 0, say=say)
    sift = [rival for rival in others if rival.name == "SIFT + homography"]
    carrying = run_share(8 if quick else 105, sift, config, say)
    lesions = [item for item in names if family_of(item) == "dermoscopy"]
    absorbed = run_absorbed(1 if quick else 6, lesions[: 1 if quick else None], config, say)
    roughness = run_roughness(2 if quick else 8, config, say)
    cheap = [rival for rival in others if rival.every == 1]
    planar = []
    if (data / "registration_opencv_graf").is_dir():
        planar += run_graf(data, cheap, config)
    if (data / "registration_birl").is_dir() and not quick:
        planar += run_birl(data, cheap, config)
    return Findings(warps, carrying, absorbed, roughness, planar, missing)


def picture(path: Path, others: list[Rival]) -> None:
    """Error maps of one synthetic pair."""
    config = Config()
    all_cases = cases(source_names(data_folder()), reporting=True)
    chosen = next(item for item in all_cases if item[:2] == PICTURED)
    warp = make(source(chosen[0], reporting=True), *chosen[1:])
    with tempfile.TemporaryDirectory() as folder:
        found = prepare(warp.files, warp.skin, Path(folder), config).aligned(config)
    own = found.reason if isinstance(found, NotAligned) else alignment_map(found)
    maps = [(name, where) for name, where, _ in run_all(others, warp.before_rgb, warp.after_rgb)]
    error_picture(path, warp, [*maps, (OURS, own)])


def main(words: list[str]) -> None:
    """Run and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("reports/bench"))
    parser.add_argument("--quick", action="store_true", help="a tenth of the pairs")
    asked = parser.parse_args(words)
    cv2.setNumThreads(1)
    asked.out.mkdir(parents=True, exist_ok=True)
    found = run(quick=asked.quick)
    command = "python tests/bench/alignment.py" + (" --quick" if asked.quick else "")
    write_csv(asked.out / "alignment.csv", summary(found.warps))
    write_csv(asked.out / "alignment_cases.csv", case_rows(found.warps))
    (asked.out / "alignment.md").write_text(page(found, command), encoding="utf-8")
    shown = [rival for rival in rivals() if rival.every <= (1 if asked.quick else 9)]
    picture(asked.out / "alignment_errors.png", shown)
    say(f"written to {asked.out}")


if __name__ == "__main__":
    main(sys.argv[1:])
