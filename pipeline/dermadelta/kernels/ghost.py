"""Ghost: thin lines of one picture, to lay over the view of a camera that takes the next one."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from dermadelta.kernels.masks import Bools, fill_enclosed
from dermadelta.kernels.texture import gaussian

Bytes = NDArray[np.uint8]

_EDGE_SIGMA = 0.004
"""Smoothing before edges, share of the short side: hair and pores vanish, moles and lips stay."""

_LOW, _HIGH = 0.93, 0.985
"""Quantiles of the gradient on the skin between which an edge begins and ends (Canny 1986,
doi:10.1109/TPAMI.1986.4767851)."""

_LEAST_EDGE, _VOID = 0.05, 1e-5
"""Least beginning of an edge, share of the strongest gradient; what is no gradient but rounding."""

_LEAST_LENGTH = 0.02
"""Shortest edge that is drawn, share of the short side."""

_MOST_MARKS = 60
"""Edges that are drawn at most; more hide the picture below."""

_DARK, _LIGHT, _FAINT = 0.6, 0.9, 0.35
"""Opacity of the dark and of the light line, and what the grid has of both."""


def strong_edges(signal: NDArray[np.float32], allowed: Bools) -> list[NDArray[np.int32]]:
    """The most salient edges of a picture.

    Parameters
    ----------
    signal : (h, w) float32
        E.g. log luminance.
    allowed : (h, w) bool
        Where edges may lie.

    Returns
    -------
    list of (n, 1, 2) int32
        Lines of pixels (x, y), at most 60, the strongest first; empty without an edge.
    """
    if not allowed.any():
        return []
    short = min(signal.shape)
    fine = gaussian(signal, _EDGE_SIGMA * short)
    dx, dy = (
        np.asarray(cv2.Sobel(fine, cv2.CV_32F, *order, ksize=3)) for order in ((1, 0), (0, 1))
    )
    size = np.hypot(dx, dy)
    low, high = (float(v) for v in np.quantile(size[allowed], (_LOW, _HIGH)))
    # Where next to nothing is to be seen, the quantiles lie in the void beside it.
    strongest = float(size[allowed].max())
    if strongest <= _VOID:
        return []
    low, high = max(low, 0.5 * _LEAST_EDGE * strongest), max(high, _LEAST_EDGE * strongest)
    unit = 2_000.0 / high  # Canny takes 16-bit gradients
    across, down = (np.clip(v * unit, -32_000, 32_000).astype(np.int16) for v in (dx, dy))
    edges = cv2.Canny(across, down, low * unit, high * unit, L2gradient=True)
    edges = np.where(allowed, edges, 0).astype(np.uint8)
    count, labels = cv2.connectedComponents(edges, connectivity=8)
    lengths = np.bincount(labels.ravel(), minlength=count)
    weight = np.bincount(labels.ravel(), weights=size.ravel(), minlength=count)
    weight[lengths < _LEAST_LENGTH * short] = 0.0
    weight[0] = 0.0
    chosen = np.argsort(-weight, kind="stable")[:_MOST_MARKS]
    lines = []
    for label in chosen[weight[chosen] > 0.0]:
        found, _ = cv2.findContours(
            (labels == label).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE
        )
        lines += [np.asarray(line, dtype=np.int32) for line in found]
    return lines


def main_parts(mask: Bools, radius_px: float, least_share: float) -> Bools:
    """A mask as a hand would outline it: without ragged edges, gaps and small parts.

    Parameters
    ----------
    mask : (h, w) bool
    radius_px : float
        Gaps and tongues narrower than about twice this vanish.
    least_share : float
        Smallest part that stays, share of the largest.

    Returns
    -------
    (h, w) bool
    """
    if not mask.any():
        return mask.copy()
    closed = gaussian(mask.astype(np.float32), radius_px) > 0.5
    _, labels, stats, _ = cv2.connectedComponentsWithStats(closed.astype(np.uint8), connectivity=8)
    areas = stats[:, cv2.CC_STAT_AREA].astype(np.float64)
    areas[0] = 0.0
    keep = (areas > 0.0) & (areas >= least_share * areas.max())
    return fill_enclosed(np.asarray(keep[labels], dtype=np.bool_), float(mask.size))


def hull(mask: Bools) -> Bools:
    """Convex hull of a mask: of a face with its eyes, its mouth and its hairline."""
    points = np.argwhere(mask)[:, ::-1].astype(np.int32)
    inside = np.zeros(mask.shape, dtype=np.uint8)
    if len(points):
        cv2.fillConvexPoly(inside, np.asarray(cv2.convexHull(points)), 1)
    return inside.astype(np.bool_)


def outlines(mask: Bools) -> list[NDArray[np.int32]]:
    """Outer and inner outlines (n, 1, 2) of a mask."""
    found, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    return [np.asarray(line, dtype=np.int32) for line in found]


def ghost(
    shape: tuple[int, int],
    bold: Sequence[NDArray[np.int32]],
    thin: Sequence[NDArray[np.int32]],
) -> Bytes:
    """Draw lines that show on every skin: light ones with a dark edge, the rest transparent.

    Parameters
    ----------
    shape : (h, w)
        Of the picture.
    bold, thin : sequence of (n, 1, 2) int32
        Closed lines of pixels (x, y): outlines of regions, and marks.

    Returns
    -------
    (h, w, 4) uint8
        Red, green, blue, opacity (not premultiplied), with a faint grid of three by three and a
        cross in the middle.
    """
    width = max(1, round(max(shape) / 1500))
    layers = []
    for edge in (2 * width, 0):  # the dark line is wider by one width on either side
        lines = np.zeros(shape, dtype=np.uint8)
        cv2.polylines(lines, list(bold), True, 255, 2 * width + edge, cv2.LINE_AA)
        cv2.polylines(lines, list(thin), True, 255, width + edge, cv2.LINE_AA)
        grid = np.zeros(shape, dtype=np.uint8)
        for start, end in _grid(shape):
            cv2.line(grid, start, end, 255, width + edge)
        layers.append(np.maximum(lines.astype(np.float32), _FAINT * grid) / np.float32(255.0))
    dark, light = _DARK * layers[0], _LIGHT * layers[1]
    opacity = light + dark * (1.0 - light)
    grey = np.divide(light, opacity, out=np.zeros_like(light), where=opacity > 0.0)
    picture = np.stack([grey, grey, grey, opacity], axis=-1)
    return np.round(255.0 * picture).astype(np.uint8)


def _grid(shape: tuple[int, int]) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Lines (start, end) of a grid of three by three and of a cross in the middle, (x, y)."""
    rows, cols = shape
    lines = []
    for third in (1, 2):
        x, y = round(cols * third / 3), round(rows * third / 3)
        lines += [((x, 0), (x, rows)), ((0, y), (cols, y))]
    x, y, arm = cols // 2, rows // 2, max(1, round(0.03 * min(shape)))
    return [*lines, ((x - arm, y), (x + arm, y)), ((x, y - arm), (x, y + arm))]
