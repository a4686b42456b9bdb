"""How well stretch marks are read on synthetic skin whose marks are known.

Usage: python tests/bench/stretch.py [training|reporting] [PAIRS]

Pairs of the kind ``striae`` (24), each photograph after JPEG, with true region and scale; nothing
is aligned, so the error is that of the measures alone. Then as many photographs of skin on which
nothing changes, less those with marks, and as many of red areas: what is found there is none.
"""

from __future__ import annotations

import sys

import cv2
import numpy as np

from dermadelta.domain import NotMeasured, Read, Role, Scale, SkinView, TileGrid, Untreated
from dermadelta.kernels.colour import srgb_decode
from dermadelta.kernels.geometry import bounding_box
from dermadelta.measures.stretch import MEASURES, Params
from dermadelta.phantom.cases import random_case
from dermadelta.phantom.encode import through_jpeg
from dermadelta.phantom.pair import RenderedPair, Shot, render_pair, skin_grid
from dermadelta.phantom.seeds import Purpose, set_seed
from dermadelta.phantom.treatment import Distances

SET = 71
WIDTH_PX = 1600
MARGIN = 0.12
TILES = 150
DECODED = srgb_decode(np.arange(256) / 255.0).astype(np.float32)

Values = list[float | None]


def view_of(shot: Shot, rgb: np.ndarray) -> SkinView:
    """The declared region of a shot with its margin, as the pipeline would cut it out."""
    around = round(MARGIN * max(bounding_box(shot.roi, 0)[2:]))
    x0, y0, width, height = bounding_box(shot.roi, around)
    part = slice(y0, y0 + height), slice(x0, x0 + width)
    mask = np.ascontiguousarray(shot.roi[part])
    size = max(8.0, float(np.sqrt(np.count_nonzero(mask) / TILES)))
    grid = TileGrid(size, int(np.ceil(width / size)), int(np.ceil(height / size)))
    row, col = (np.mgrid[:height, :width] / size).astype(np.int32)
    nothing = NotMeasured("not looked for")
    untreated: Untreated | NotMeasured = nothing
    if shot.reference is not None:
        linear = DECODED[cv2.GaussianBlur(rgb, (0, 0), 3.0)][shot.reference]
        index = 100.0 * np.log10(linear[:, 0] / linear[:, 1])
        untreated = Untreated(float(np.median(index)), float(index.std()))
    return SkinView(
        photo_id="bench",
        role=Role.BEFORE,
        region="roi",
        site="thigh",
        rgb=DECODED[rgb[part]],
        mask=mask,
        skin=np.ones_like(mask),
        origin=(x0, y0),
        frame_short_side_px=float(min(rgb.shape[:2])),
        scale=Scale(shot.mm_per_px, 0.01, "given"),
        to_reference=np.eye(3),
        magnification=1.0,
        grid=grid,
        tile_ids=row * np.int32(grid.n_cols) + col,
        blur_to_add_px2=0.0,
        scar=nothing,
        lesion=nothing,
        discolouration=np.zeros(mask.shape, dtype=np.float32),
        untreated=untreated,
        calibrated=False,
    )


def read(pair: RenderedPair) -> tuple[Values, Values]:
    """Width, length and share of the marks before and after; None where not measured."""
    case, sides = pair.case, []
    for shot, plan in ((pair.before, case.before), (pair.after, case.after)):
        view = view_of(shot, through_jpeg(shot.rgb, plan.camera))
        found = [item.read(view, Params()) for item in MEASURES]
        sides.append([item.value if isinstance(item, Read) else None for item in found])
    return sides[0], sides[1]


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


def main() -> None:
    cv2.setNumThreads(1)
    purpose = Purpose(sys.argv[1] if len(sys.argv) > 1 else "training")
    pairs = int(sys.argv[2]) if len(sys.argv) > 2 else 24
    errors, lengths = [], []
    for number in range(pairs):
        pair = rendered("striae", purpose, number)
        was, now = pair.truth.striae_area_before_mm2, pair.truth.striae_area_after_mm2
        area = 100.0 * (now / was - 1.0)
        before, after = read(pair)
        changes = [100.0 * (b / a - 1.0) for a, b in zip(before, after, strict=True) if a and b]
        if before[1] is not None:
            lengths.append(100.0 * (before[1] / true_length(pair) - 1.0))
        if len(changes) == len(MEASURES):
            errors.append(np.subtract(changes, (area, 0.0, area)))
    sys.stdout.write(f"{purpose}: {len(errors)} of {pairs} pairs measured\n")
    for item, error in zip(MEASURES, np.transpose(errors), strict=True):
        sys.stdout.write(
            f"{item.name:20} error of the change: mean size {np.abs(error).mean():5.1f},"
            f" median {np.median(np.abs(error)):5.1f}, bias {error.mean():+5.1f} points\n"
        )
    size, bias = np.abs(lengths).mean(), np.mean(lengths)
    sys.stdout.write(f"length before: mean error {size:.1f} %, bias {bias:+.1f} %\n")
    for kind in ("no_change", "redness"):
        bare = [rendered(kind, purpose, number) for number in range(pairs // 2)]
        shares = [
            side[2] or 0.0 for pair in bare if pair.case.striae is None for side in read(pair)
        ]
        sys.stdout.write(
            f"no marks, {kind}: found on {np.count_nonzero(shares)} of {len(shares)} photographs,"
            f" share in the mean {np.mean(shares):.1f} %, at most {np.max(shares):.1f} %\n"
        )


if __name__ == "__main__":
    main()
