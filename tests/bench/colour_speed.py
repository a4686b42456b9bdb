"""How long the measures of colour take, beside scikit-image's conversion to L*a*b*.

Usage: python tests/bench/colour_speed.py [ROUNDS]

A photograph of 12 megapixels with a region of 30 % of it, on one core, linearised already: that is
the box that all measures share. Every line is the least time over the rounds (7), in one run
and taking turns, so that their ratios do not depend on what else the machine does.
``skimage.color.rgb2lab`` converts the same box, as 8-bit pixels and as linear float.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")  # read when numpy is loaded, below

import cv2  # noqa: E402
import numpy as np  # noqa: E402
from skimage.color import rgb2lab  # noqa: E402

from dermadelta import measures  # noqa: E402
from dermadelta.domain import (  # noqa: E402
    NotMeasured,
    Role,
    Scale,
    SkinView,
    TileGrid,
    Untreated,
)
from dermadelta.kernels.colour import linear_to_lab, srgb_encode  # noqa: E402
from dermadelta.phantom.skin import Grid, SkinSpec, albedo, make_skin  # noqa: E402

ROWS, COLS = 1640, 2195
"""3.6 megapixels: 30 % of 12."""

MM_PER_PX = 0.035
FAMILIES = ("redness", "pigments", "tone", "spots")
TILE_PX = 118


def view() -> SkinView:
    """A box full of phantom skin with hair and glare left out here and there."""
    skin = make_skin(SkinSpec(seed=1, melanin=0.8, haemoglobin=0.25), Grid(COLS, ROWS, MM_PER_PX))
    rng = np.random.default_rng(1)
    rgb = np.stack(albedo(skin), axis=-1)
    rgb *= 1.0 + np.float32(0.02) * rng.standard_normal(rgb.shape, dtype=np.float32)
    holes = cv2.GaussianBlur(rng.random((ROWS, COLS), dtype=np.float32), (0, 0), 2.0)
    mask = np.asarray(holes < np.quantile(holes[::8, ::8], 0.97))
    row, col = np.mgrid[:ROWS, :COLS] // TILE_PX
    grid = TileGrid(float(TILE_PX), -(-COLS // TILE_PX), -(-ROWS // TILE_PX))
    nothing = NotMeasured("no scar")
    return SkinView(
        photo_id="bench",
        role=Role.BEFORE,
        region="roi",
        site="cheek",
        rgb=rgb,
        mask=mask,
        skin=mask,
        origin=(0, 0),
        frame_short_side_px=3000.0,
        scale=Scale(MM_PER_PX, 0.01, "given"),
        to_reference=np.eye(3),
        magnification=1.0,
        grid=grid,
        tile_ids=(row * grid.n_cols + col).astype(np.int32),
        blur_to_add_px2=0.0,
        scar=nothing,
        lesion=nothing,
        discolouration=np.zeros((ROWS, COLS), dtype=np.float32),
        untreated=Untreated(20.0, 1.0),
        calibrated=True,
    )


def main() -> None:
    cv2.setNumThreads(1)
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    original = view()
    encoded = np.round(255.0 * srgb_encode(original.rgb)).astype(np.uint8)
    catalogue = [item for item in measures.ALL if item.family in FAMILIES]
    least: dict[str, float] = {}

    def timed(name: str, call: Callable[[], object]) -> float:
        start = time.process_time()
        call()
        took = 1000.0 * (time.process_time() - start)
        least[name] = min(took, least.get(name, np.inf))
        return took

    for _ in range(rounds):
        fresh = replace(original)  # nothing is kept from the round before
        total = sum(
            timed(item.name, partial(item.read, fresh, item.params())) for item in catalogue
        )
        least["all measures of colour"] = min(total, least.get("all measures of colour", np.inf))
        timed("rgb2lab, 8 bits", lambda: rgb2lab(encoded))
        timed("rgb2lab, float", lambda: rgb2lab(original.rgb))
        timed("own linear_to_lab, whole box", lambda: linear_to_lab(original.rgb))
    base = least["rgb2lab, 8 bits"]
    sys.stdout.write(f"{'':30}{'ms':>8}{'of rgb2lab':>12}\n")
    for name, took in least.items():
        sys.stdout.write(f"{name:30}{took:8.1f}{took / base:12.2f}\n")


if __name__ == "__main__":
    main()
