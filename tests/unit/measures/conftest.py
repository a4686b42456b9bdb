"""Views painted pixel by pixel, for measures of colour."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from dermadelta.domain import NotMeasured, Role, Scale, SkinView, TileGrid, Untreated

TILE_PX = 24


def painted(rgb: np.ndarray, mm_per_px: float | None = 0.1, **changes: Any) -> SkinView:
    """A view of linear RGB, all of it region unless a mask is given."""
    rows, cols = rgb.shape[:2]
    mask = np.asarray(changes.pop("mask", np.ones((rows, cols), dtype=bool)))
    row, col = np.mgrid[:rows, :cols] // TILE_PX
    grid = TileGrid(float(TILE_PX), -(-cols // TILE_PX), -(-rows // TILE_PX))
    nothing = NotMeasured("not painted")
    settings: dict[str, Any] = {
        "photo_id": "painted",
        "role": Role.BEFORE,
        "region": "roi",
        "site": "thigh",
        "rgb": rgb.astype(np.float32),
        "mask": mask,
        "skin": mask,
        "origin": (0, 0),
        "frame_short_side_px": float(min(rows, cols)),
        "scale": nothing if mm_per_px is None else Scale(mm_per_px, 0.01, "given"),
        "to_reference": np.eye(3),
        "magnification": 1.0,
        "grid": grid,
        "tile_ids": (row * grid.n_cols + col).astype(np.int32),
        "blur_to_add_px2": 0.0,
        "scar": nothing,
        "lesion": nothing,
        "discolouration": np.zeros((rows, cols), dtype=np.float32),
        "untreated": Untreated(20.0, 1.0),
        "calibrated": True,
    }
    return SkinView(**{**settings, **changes})


@pytest.fixture(scope="session")
def paint() -> Callable[..., SkinView]:
    return painted
