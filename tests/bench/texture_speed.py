"""How long the measures of texture take, and how much memory, beside the decoding of a JPEG.

Usage: python tests/bench/texture_speed.py [ROUNDS]

A photograph of 12 megapixels with a region of 30 % of it, on one core, linearised already: that is
the box that all measures share. Times are the least over the rounds (5), in one run and taking
turns with the decoding of a 12-megapixel JPEG of skin, so that their ratios do not depend on what
else the machine does. What is read first pays for the signal that all share. Memory is the peak
above the box while all measures are read: of numpy's arrays as ``tracemalloc`` counts them, and
of the whole process, OpenCV included, where the operating system tells it.
"""

from __future__ import annotations

import os
import sys
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")  # read when numpy is loaded, below

import cv2  # noqa: E402
import numpy as np  # noqa: E402
from skin_views import skin_view  # noqa: E402

from dermadelta import measures  # noqa: E402
from dermadelta.domain import Need, NotMeasured, SkinView, Untreated  # noqa: E402
from dermadelta.kernels.colour import srgb_encode  # noqa: E402
from dermadelta.phantom.light import Light, render  # noqa: E402
from dermadelta.phantom.skin import Grid, SkinSpec, make_skin  # noqa: E402

ROWS, COLS = 1640, 2195
"""3.6 megapixels: 30 % of 12."""

MM_PER_PX = 0.033
"""Fine enough for every band."""

FAMILIES = ("texture", "glcm", "pores", "lines", "stretch")
TILE_PX = 118


def view() -> SkinView:
    """A box full of phantom skin with hair and glare left out here and there."""
    skin = make_skin(SkinSpec(seed=1, melanin=0.8, haemoglobin=0.25), Grid(COLS, ROWS, MM_PER_PX))
    rng = np.random.default_rng(1)
    rgb = render(skin, Light(azimuth_deg=40.0, elevation_deg=45.0))
    rgb *= 1.0 + np.float32(0.02) * rng.standard_normal(rgb.shape, dtype=np.float32)
    holes = cv2.GaussianBlur(rng.random((ROWS, COLS), dtype=np.float32), (0, 0), 2.0)
    mask = np.asarray(holes < np.quantile(holes[::8, ::8], 0.97))
    return skin_view(
        np.ascontiguousarray(rgb, dtype=np.float32),
        mask,
        MM_PER_PX,
        TILE_PX,
        skin=mask,
        frame_short_side_px=3000.0,
        untreated=Untreated(20.0, 1.0),
        calibrated=True,
    )


def photograph(rgb: np.ndarray) -> np.ndarray:
    """A JPEG of 12 megapixels, tiled with the box."""
    encoded = np.round(255.0 * np.clip(srgb_encode(rgb), 0.0, 1.0)).astype(np.uint8)
    whole = np.tile(encoded, (2, 2, 1))[:3000, :4000, ::-1]
    return np.asarray(cv2.imencode(".jpg", whole, [cv2.IMWRITE_JPEG_QUALITY, 92])[1])


def resident_kib(name: str) -> int | None:
    """A line of what Linux says about this process, KiB."""
    try:
        with Path("/proc/self/status").open(encoding="ascii") as lines:
            return next(int(line.split()[1]) for line in lines if line.startswith(name))
    except (OSError, StopIteration):
        return None


def resident_peak_mb(call: Callable[[], object]) -> float | None:
    """How far the process grows while something runs."""
    try:
        with Path("/proc/self/clear_refs").open("w", encoding="ascii") as control:
            control.write("5")  # the peak starts again from what is held now
    except OSError:
        return None
    start = resident_kib("VmRSS")
    call()
    peak = resident_kib("VmHWM")
    return None if start is None or peak is None else (peak - start) / 1024.0


def main() -> None:
    cv2.setNumThreads(1)
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    original = view()
    jpeg = photograph(original.rgb)
    catalogue = [
        item for item in measures.ALL if item.family in FAMILIES and Need.NO_SCALE not in item.needs
    ]
    least: dict[str, float] = {}
    silent: dict[str, str] = {}

    def timed(name: str, call: Callable[[], object]) -> float:
        start = time.process_time()
        found = call()
        took = 1000.0 * (time.process_time() - start)
        least[name] = min(took, least.get(name, np.inf))
        if isinstance(found, NotMeasured):
            silent[name] = found.reason
        return took

    def read_all() -> None:
        fresh = replace(original)
        for item in catalogue:
            item.read(fresh, item.params())

    for _ in range(rounds):
        fresh = replace(original)  # nothing is kept from the round before
        total = sum(
            timed(item.name, partial(item.read, fresh, item.params())) for item in catalogue
        )
        least["all measures of texture"] = min(total, least.get("all measures of texture", np.inf))
        timed("JPEG of 12 MP decoded", lambda: cv2.imdecode(jpeg, cv2.IMREAD_COLOR))
    base = least["JPEG of 12 MP decoded"]
    sys.stdout.write(f"{'':30}{'ms':>8}{'of decoding':>13}\n")
    for name, took in least.items():
        sys.stdout.write(f"{name:30}{took:8.1f}{took / base:13.2f}  {silent.get(name, '')[:60]}\n")
    resident = resident_peak_mb(read_all)
    tracemalloc.start()
    read_all()
    arrays = tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()
    sys.stdout.write(f"peak above the box: arrays {arrays:.0f} MB")
    sys.stdout.write("\n" if resident is None else f", process {resident:.0f} MB\n")


if __name__ == "__main__":
    main()
