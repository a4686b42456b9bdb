"""One photograph as measures see it, without the stages before them."""

from __future__ import annotations

from typing import Any

import numpy as np

from dermadelta.domain import NotMeasured, Role, Scale, SkinView, TileGrid


def skin_view(
    rgb: np.ndarray, mask: np.ndarray, mm_per_px: float, tile_px: float, **changes: Any
) -> SkinView:
    """A view of linear RGB (h, w, 3) with a region (h, w), all of the box being usable skin.

    ``changes`` replace single fields.
    """
    rows, cols = mask.shape
    grid = TileGrid(float(tile_px), int(np.ceil(cols / tile_px)), int(np.ceil(rows / tile_px)))
    row, col = (np.mgrid[:rows, :cols] // tile_px).astype(np.int32)
    nothing = NotMeasured("not looked for")
    fields: dict[str, Any] = {
        "photo_id": "bench",
        "role": Role.BEFORE,
        "region": "roi",
        "site": "thigh",
        "rgb": rgb,
        "mask": mask,
        "skin": np.ones_like(mask),
        "origin": (0, 0),
        "frame_short_side_px": float(min(rows, cols)),
        "scale": Scale(float(mm_per_px), 0.01, "given"),
        "to_reference": np.eye(3),
        "magnification": 1.0,
        "grid": grid,
        "tile_ids": row * np.int32(grid.n_cols) + col,
        "blur_to_add_px2": 0.0,
        "scar": nothing,
        "lesion": nothing,
        "discolouration": np.zeros((rows, cols), dtype=np.float32),
        "untreated": nothing,
        "calibrated": False,
    }
    return SkinView(**{**fields, **changes})
