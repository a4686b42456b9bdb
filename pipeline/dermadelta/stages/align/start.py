"""Where the search begins: a homography from features, and the drift of those beside it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dermadelta.domain import Mask
from dermadelta.kernels import flow
from dermadelta.kernels.geometry import apply_homography, bounding_box, inverse, is_plausible_view
from dermadelta.kernels.masks import grow
from dermadelta.kernels.resampling import sample, sample_mask
from dermadelta.kernels.sides import Side
from dermadelta.stages.align.config import AlignConfig

Floats = NDArray[np.float64]

LEAST_PIXELS = 200
"""Working pixels of the region that must be seen for its figures to mean anything."""

_CERTAIN_CORRELATION, _CERTAIN_INLIERS = 0.3, 60
"""A homography that reaches both is refined without trying others: those of other skin stay
below 0.12, and the flow brings two that are both right to the same place."""

_FARTHEST_SHARE = 0.08
"""Matches farther from the homography than this share of the short side are not skin that
stretched."""

_NEIGHBOURS, _AGREEMENT_SHARE = 9, 0.012
"""A match is kept where it moves like the median of its neighbours, to this share of the side."""


@dataclass(frozen=True, eq=False)
class Start:
    """A first way from the after photo to the before photo.

    ``matrix`` (3, 3) float64 between the photos; ``points`` (n, 2) float64 and ``drift`` (n, 2)
    float64, in after pixels: p lies at ``matrix · (p + drift)``. ``method`` says where it is
    from. ``error_px`` is not 0 where a person vouches for the points: how far they are off, before
    pixels.
    """

    matrix: Floats
    points: Floats
    drift: Floats
    inliers: int
    correlation: float
    method: str
    error_px: float = 0.0

    @property
    def by_hand(self) -> bool:
        """Whether a person gave the points."""
        return self.error_px > 0.0

    @property
    def certain(self) -> bool:
        """Whether nothing better needs to be sought."""
        return self.correlation >= _CERTAIN_CORRELATION and self.inliers >= _CERTAIN_INLIERS

    def beats(self, other: Start) -> bool:
        """Whether more speaks for this one in both respects.

        A face is nearly its own mirror image: its eyes and nose alone match the wrong way round,
        but less well than the skin does the right way round.
        """
        return self.inliers > other.inliers and self.correlation > other.correlation


def find_start(before: Side, after: Side, config: AlignConfig) -> Start | None:
    """Best homography after → before of two sides of one working size, or None.

    Parameters
    ----------
    before, after : Side
    config : AlignConfig

    Returns
    -------
    Start or None
        None when no hypothesis holds.
    """
    near = before.usable & grow(
        before.region if before.region.any() else before.usable,
        config.near_share * min(before.usable.shape),
    )
    best: Start | None = None
    for source, target in _matches(before, after, near, config):
        found = _hypothesis(before, after, source, target, config)
        if found is not None and (best is None or found.correlation > best.correlation):
            best = found
        if best is not None and best.certain:
            break
    if best is None or best.correlation < config.min_correlation:
        return None
    return best


def _hypothesis(
    before: Side, after: Side, source: Floats, target: Floats, config: AlignConfig
) -> Start | None:
    threshold = config.threshold_share * after.short_side
    fitted = flow.fit_homography(source, target, threshold_px=threshold, seed=config.seed)
    if fitted is None or fitted[1] < config.min_inliers:
        return None
    matrix, inliers = fitted
    if not is_plausible_view(matrix, after.usable.shape, config.max_zoom, config.max_stretch):
        return None
    still = np.zeros((*after.usable.shape, 2), dtype=np.float32)
    score = region_correlation(before, after, matrix, still, _CERTAIN_CORRELATION)
    points, drift = _drift(source, target, matrix, after.short_side)
    return Start(
        matrix=before.to_full @ matrix @ inverse(after.to_full),
        points=apply_homography(after.to_full, points),
        drift=drift * after.to_full[0, 0],
        inliers=inliers,
        correlation=score,
        method="features and flow",
    )


def _matches(
    before: Side, after: Side, near: Mask, config: AlignConfig
) -> Iterator[tuple[Floats, Floats]]:
    """Matched points of the luminance, then of the pigment, then of both, each when asked for."""
    found = []
    for kind in ("grey", "pigment"):
        pictures = (getattr(after, kind), getattr(before, kind))
        found.append(
            flow.match_features(
                pictures[0],
                after.usable,
                pictures[1],
                near,
                limit=config.features,
                ratio=config.ratio,
            )
        )
        yield found[-1]
    yield np.concatenate([one for one, _ in found]), np.concatenate([two for _, two in found])


def _drift(
    source: Floats, target: Floats, matrix: Floats, short_side: float
) -> tuple[Floats, Floats]:
    """Matches that move with their neighbours, and how far each lies from the homography.

    Skin that stretches leaves a homography that holds on one patch only; the matches beside it
    know where the rest went.
    """
    drift = apply_homography(inverse(matrix), target) - source
    near = np.hypot(drift[:, 0], drift[:, 1]) < _FARTHEST_SHARE * short_side
    source, drift = source[near], drift[near]
    if len(source) < 2 * _NEIGHBOURS:
        return np.empty((0, 2)), np.empty((0, 2))
    agreed = flow.median_of_neighbours(source, drift, _NEIGHBOURS)
    kept = np.hypot(*(drift - agreed).T) < _AGREEMENT_SHARE * short_side
    return source[kept], drift[kept]


def region_correlation(
    before: Side,
    after: Side,
    matrix: Floats,
    field: NDArray[np.float32],
    enough: float = 1.0,
) -> float:
    """Mean local correlation in the region: the better of luminance and pigment, pixel means.

    Parameters
    ----------
    before, after : Side
        Of one working size.
    matrix : (3, 3) float64
    field : (h, w, 2) float32
        After pixel p lies at ``matrix · (p + field(p))``, working pixels.
    enough : float
        The pigment is not looked at where the luminance has this.

    Returns
    -------
    float
        -1..1; -1 where the region is not seen.
    """
    points = flow.landing(matrix, field)
    inside = after.usable & sample_mask(before.region, points)
    if np.count_nonzero(inside) < LEAST_PIXELS:
        return -1.0
    sigma = max(4.0, 0.02 * after.short_side)
    x0, y0, width, height = bounding_box(inside, int(np.ceil(4.0 * sigma)))
    part = (slice(y0, y0 + height), slice(x0, x0 + width))
    both = after.usable[part] & sample_mask(before.usable, points[part])
    best = -1.0
    for kind in ("grey", "pigment"):
        drawn = sample(getattr(before, kind), points[part], outside=127.0)
        local = flow.local_correlation(getattr(after, kind)[part], drawn, both, sigma)
        best = max(best, float(local[inside[part]].mean()))
        if best >= enough:
            break
    return best
