"""How far a map from one photo to the other lies from the truth, on skin only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from known_warps import Field, Floats, KnownWarp, Mask, PointMap
from numpy.typing import NDArray

from dermadelta.domain import Alignment
from dermadelta.kernels.geometry import apply_field, pixel_grid

STRIDE_PX = 8
BLOCK_PX = 64
BAD_PX, GOOD_PX = 8.0, 4.0


@dataclass(frozen=True, eq=False)
class Score:
    """Errors of one map on the skin, in pixels of the before photo.

    ``errors`` are those on a lattice of 8 px. Of the blocks of 64 px that are half skin, ``n_bad``
    have a mean error above 8 px and ``n_good`` one below 4 px; ``flagged_bad`` and
    ``flagged_good`` of them the map itself calls unusable (half the block or more).
    """

    errors: Field
    n_bad: int = 0
    flagged_bad: int = 0
    n_good: int = 0
    flagged_good: int = 0

    @property
    def median_px(self) -> float:
        return float(np.median(self.errors))

    @property
    def p95_px(self) -> float:
        return float(np.quantile(self.errors, 0.95))


def score(
    where: PointMap, warp: KnownWarp, flagged: Callable[[Floats], Mask] | None = None
) -> Score:
    """Hold a map against the truth, on skin only.

    Parameters
    ----------
    where : callable
        After points (r, c, 2) to before points.
    warp : KnownWarp
    flagged : callable, optional
        After points to (r, c) bool: where the map says that it cannot be trusted.
    """
    rows, cols = warp.after_skin.shape
    points = pixel_grid((STRIDE_PX // 2, STRIDE_PX // 2, cols - 4, rows - 4), STRIDE_PX)
    x, y = points[..., 0].astype(int), points[..., 1].astype(int)
    skin = warp.after_skin[y, x]
    error = np.hypot(*np.moveaxis(where(points) - warp.truth[y, x], -1, 0))
    error = np.where(np.isfinite(error), error, 1e6).astype(np.float32)
    warned = np.zeros_like(skin) if flagged is None else flagged(points)
    share, weighted = _blocks(skin, skin), _blocks(error, skin)
    kept = share >= 0.5
    mean = weighted[kept] / share[kept]
    told = _blocks(warned, skin)[kept] >= 0.5 * share[kept]
    bad, good = mean > BAD_PX, mean < GOOD_PX
    return Score(
        errors=error[skin],
        n_bad=int(bad.sum()),
        flagged_bad=int((bad & told).sum()),
        n_good=int(good.sum()),
        flagged_good=int((good & told).sum()),
    )


def _blocks(values: NDArray[np.generic], where: Mask) -> Floats:
    """Mean over each block of ``values`` counted as 0 beyond ``where``."""
    size = BLOCK_PX // STRIDE_PX
    rows, cols = (side // size * size for side in where.shape)
    part = np.where(where, values, 0.0)[:rows, :cols].astype(np.float64)
    return np.asarray(part.reshape(rows // size, size, cols // size, size).mean(axis=(1, 3)))


def alignment_map(found: Alignment) -> PointMap:
    """The map of an alignment."""
    return lambda points: apply_field(
        found.after_to_before, found.displacement, found.grid_step_px, points
    )


def alignment_flags(found: Alignment, limit_px: float = BAD_PX) -> Callable[[Floats], Mask]:
    """Where an alignment calls itself unusable or worse than a limit; by the nearest node."""
    bad = ~found.usable | (found.error_px > limit_px)

    def flags(points: Floats) -> Mask:
        node = np.rint((points + 0.5) / found.grid_step_px - 0.5).astype(int)
        row = np.clip(node[..., 1], 0, bad.shape[0] - 1)
        col = np.clip(node[..., 0], 0, bad.shape[1] - 1)
        return np.asarray(bad[row, col], dtype=np.bool_)

    return flags


def pooled(scores: list[Score]) -> Score:
    """All pixels and blocks of several pairs together."""
    return Score(
        np.concatenate([item.errors for item in scores]),
        *(
            sum(getattr(item, name) for item in scores)
            for name in ("n_bad", "flagged_bad", "n_good", "flagged_good")
        ),
    )
