"""The colour of patches in a photograph: what each holds in its middle, in linear light."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from dermadelta.kernels.colour import linearise, luminance

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

_TRIM = 0.2
"""Share of the darkest and of the lightest pixels of a patch that is left out: a hair, a speck."""

_BLUR_REACH_PX, _MOST_INSET = 5.0, 0.75
"""Blur of sigma 2 brings in nothing from so far away. Small patches are read in the middle."""

_SUB = 4
"""Places per pixel and direction at which a small patch is looked up."""


@dataclass(frozen=True, eq=False)
class PatchReadings:
    """What n patches hold.

    ``means`` (n, 3) float64, linear light. ``clipped`` (n,) the share of saturated pixels, 0..1.
    ``spread`` (n,) the standard deviation of luminance within the patch over its mean.
    ``in_frame`` (n,) False where a part of the middle lies outside the photo; all else is 0 there.
    """

    means: Floats
    clipped: Floats
    spread: Floats
    in_frame: Flags


def read_patches(
    encoded: NDArray[np.uint8] | NDArray[np.uint16],
    curves: NDArray[np.float32],
    matrix: Floats,
    clipped: Flags,
    quads: Floats,
    inset: float = 0.3,
) -> PatchReadings:
    """Mean linear light in the middle of every patch.

    Parameters
    ----------
    encoded : (H, W, 3) uint8 or uint16
        The photo as stored.
    curves, matrix
        See ``linearise``.
    clipped : (H, W) bool
        True where a channel is saturated.
    quads : (n, 4, 2) float64
        Corners of the patches in turn, x and y in pixels, centres at whole numbers.
    inset : float
        Share of the way from the edges to the middle that is left out on every side, 0 to 0.9:
        0.3 leaves the middle 0.7 of each side. Of small patches more is left out, five pixels as
        far as there are any, and pixels nearer to the middle count more: what blur brings in
        from outside lies at the edges.

    Returns
    -------
    PatchReadings

    Raises
    ------
    ValueError
        An inset outside 0 to 0.9.
    """
    if not 0.0 <= inset <= 0.9:
        raise ValueError(f"the inset of a patch lies between 0 and 0.9, not at {inset}")
    n = len(quads)
    means, shares, spreads = np.zeros((n, 3)), np.zeros(n), np.zeros(n)
    in_frame = np.zeros(n, dtype=np.bool_)
    for row, quad in enumerate(np.asarray(quads, dtype=np.float64)):
        found = _middle(quad, inset, (encoded.shape[0], encoded.shape[1]))
        if found is None:
            continue
        in_frame[row] = True
        box, weights = found
        linear = linearise(encoded[box].copy(), curves, matrix)
        seen = weights > 0.0
        weight = weights[seen]
        means[row], spreads[row] = _trimmed(linear[seen].astype(np.float64), weight)
        shares[row] = float(weight[clipped[box][seen]].sum() / weight.sum())
    return PatchReadings(means, shares, spreads, in_frame)


def _middle(
    quad: Floats, inset: float, shape: tuple[int, int]
) -> tuple[tuple[slice, slice], Floats] | None:
    """Box of the middle of a patch and the weight of its pixels; None outside the photo.

    A pixel's weight is its share of the middle times how central it is: 1 there, 0 at the edge of
    the patch (a product of two parabolas).
    """
    centre = quad.mean(axis=0)
    half = 0.5 * float(np.sqrt(abs(_area(quad))))
    inset = max(inset, min(_MOST_INSET, _BLUR_REACH_PX / max(half, 1e-6)))
    inner = centre + (1.0 - inset) * (quad - centre)
    low = np.floor(inner.min(axis=0) + 0.5).astype(int)
    high = np.floor(inner.max(axis=0) + 0.5).astype(int) + 1
    if not np.isfinite(quad).all() or (low < 0).any() or (high > shape[::-1]).any():
        return None
    unit = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], dtype=np.float32)
    to_unit = cv2.getPerspectiveTransform(quad.astype(np.float32), unit)
    step = (np.arange(_SUB) + 0.5) / _SUB - 0.5
    x = (np.arange(low[0], high[0])[:, None] + step).ravel()
    y = (np.arange(low[1], high[1])[:, None] + step).ravel()
    points = np.stack(np.broadcast_arrays(x[None, :], y[:, None], np.array(1.0)), axis=-1)
    if points.size > 3_000_000:  # a patch of many pixels needs no places between them
        x, y = np.arange(low[0], high[0]), np.arange(low[1], high[1])
        points = np.stack(np.broadcast_arrays(x[None, :], y[:, None], np.array(1.0)), axis=-1)
    placed = points @ np.asarray(to_unit, dtype=np.float64).T
    place = np.abs(placed[..., :2] / placed[..., 2:])
    weights = np.prod(np.maximum(1.0 - place**2, 0.0), axis=-1)
    weights[(place > 1.0 - inset).any(axis=-1)] = 0.0
    rows, cols = high[1] - low[1], high[0] - low[0]
    sub = weights.shape[0] // rows
    weights = weights.reshape(rows, sub, cols, sub).mean(axis=(1, 3))
    if not (weights > 0.0).any():
        return None
    return (slice(low[1], high[1]), slice(low[0], high[0])), weights


def _area(quad: Floats) -> float:
    x, y = quad[:, 0], quad[:, 1]
    return 0.5 * float(x @ np.roll(y, -1) - y @ np.roll(x, -1))


def _trimmed(colours: Floats, weight: Floats) -> tuple[Floats, float]:
    """Weighted mean colour without the darkest and lightest pixels, and the relative spread."""
    light = luminance(colours)
    order = np.argsort(light, kind="stable")
    below = np.cumsum(weight[order]) - 0.5 * weight[order]
    kept = order[(below > _TRIM * weight.sum()) & (below < (1.0 - _TRIM) * weight.sum())]
    kept = kept if len(kept) else order
    share = weight[kept] / weight[kept].sum()
    mean = share @ colours[kept]
    middle = float(weight @ light / weight.sum())
    sd = float(np.sqrt(weight @ (light - middle) ** 2 / weight.sum()))
    return mean, sd / max(abs(middle), 1e-6)
