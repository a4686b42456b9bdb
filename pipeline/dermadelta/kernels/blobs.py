"""Patches of skin whose colour differs from the surrounding skin."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.color import deltaE_ciede2000

from dermadelta.kernels.colour import TINY, linear_to_lab
from dermadelta.kernels.masks import drop_small_parts, fill_holes
from dermadelta.kernels.statistics import robust_sd
from dermadelta.kernels.texture import masked_gaussians

Bools = NDArray[np.bool_]


def background_colour(
    rgb: NDArray[np.float32], skin: Bools, *, rounds: int, reject_sd: float
) -> NDArray[np.float32]:
    """Slowly varying skin colour: a quadratic surface in ln RGB, fitted without the patches.

    Shading and the natural gradient of tone over a site are smooth; a surface of second order
    follows them at any patch size, where a local mean would need to know that size first.

    Parameters
    ----------
    rgb : (h, w, 3) float32
        Linear RGB, already smoothed.
    skin : (h, w) bool
        Usable skin.
    rounds, reject_sd : int, float
        Rounds of fitting, each dropping pixels beyond ``reject_sd`` robust deviations.

    Returns
    -------
    (h, w, 3) float32
        Linear RGB of the fitted background everywhere.
    """
    rows, cols = skin.shape
    across, down = np.linspace(-1.0, 1.0, cols), np.linspace(-1.0, 1.0, rows)
    # Six coefficients need no more than some ten thousand pixels, evenly spread.
    chosen = np.flatnonzero(skin)[:: max(1, np.count_nonzero(skin) // 40_000)]
    x, y = across[chosen % cols], down[chosen // cols]
    few = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=-1)
    logs = np.log(np.maximum(rgb.reshape(-1, 3)[chosen], TINY)).astype(np.float64)
    coefficients = np.zeros((6, 3))
    kept = np.ones(len(chosen), dtype=np.bool_)
    for _ in range(rounds):
        if np.count_nonzero(kept) < 60:
            break
        coefficients = np.linalg.lstsq(few[kept], logs[kept], rcond=None)[0]
        residual = np.abs(logs - few @ coefficients)
        spread = 1.4826 * np.median(residual[kept], axis=0) + 1e-6
        kept = (residual < reject_sd * spread).all(axis=1)
    surface = np.empty(rgb.shape, dtype=np.float32)
    for channel, c in enumerate(coefficients.T):
        along = (c[0] + c[1] * across + c[3] * across**2).astype(np.float32)
        slope = (c[2] * down + c[5] * down**2).astype(np.float32)
        mixed = np.outer((c[4] * down).astype(np.float32), across.astype(np.float32))
        surface[..., channel] = np.exp(mixed + slope[:, None] + along)
    return surface


def discolouration(
    rgb: NDArray[np.float32], skin: Bools, *, smooth_px: float, lightness_weight: float
) -> NDArray[np.float32]:
    """Colour difference ΔE00 of every pixel from the background skin; 0 off-skin.

    ``lightness_weight`` below 1 makes lightness count less than hue and chroma (as k_L = 1 /
    weight in CIEDE2000), since relief and gloss change lightness and pigment changes both.
    """
    smooth = np.stack(masked_gaussians(list(np.moveaxis(rgb, -1, 0)), skin, smooth_px), axis=-1)
    background = background_colour(smooth, skin, rounds=4, reject_sd=2.5)
    score = np.zeros(skin.shape, dtype=np.float32)
    score[skin] = deltaE_ciede2000(  # type: ignore[no-untyped-call]
        linear_to_lab(smooth[skin]), linear_to_lab(background[skin]), kL=1.0 / lightness_weight
    )
    return score


def lesion_thresholds(
    scores: Sequence[NDArray[np.float32]], *, floor: float, core_sd: float, boundary_sd: float
) -> tuple[float, float]:
    """One core and one boundary threshold for several pictures of the same skin.

    Parameters
    ----------
    scores : sequence of (n,) float32
        Difference from the surrounding skin inside the region, one array per picture.
    floor : float
        Least core.
    core_sd, boundary_sd : float
        Least distance from the median in robust SDs of the skin's own mottling.

    Returns
    -------
    (core, boundary)
        The boundary lies at half the contrast of what exceeds the core, as between two flat
        colours blurred into each other; at the core where nothing does.
    """
    noise = [(float(np.median(score)), robust_sd(score)) for score in scores]
    core = max(floor, *(median + core_sd * sd for median, sd in noise))
    least = max(median + boundary_sd * sd for median, sd in noise)
    plateaus = [
        float(np.quantile(score[score > core], 0.75)) for score in scores if (score > core).any()
    ]
    half = 0.5 * float(np.exp(np.mean(np.log(plateaus)))) if plateaus else core
    return core, min(core, max(least, half))


def patches(
    score: NDArray[np.float32],
    allowed: Bools,
    *,
    core: float,
    boundary: float,
    min_area_px: float,
) -> Bools:
    """Connected patches above ``boundary`` that hold a pixel above ``core`` (hysteresis).

    Small parts are dropped and small holes filled. Shapes (h, w); scores in the units of the
    thresholds.
    """
    kept = _hysteresis(np.where(allowed, score, np.float32(0.0)), min(boundary, core), core)
    if not kept.any():
        return kept
    mask = drop_small_parts(kept, min_area_px)
    return fill_holes(mask, min_area_px) & allowed


def _hysteresis(score: NDArray[np.float32], low: float, high: float) -> Bools:
    """4-connected parts above ``low`` that hold a pixel above ``high``."""
    seeds = score > high
    if not seeds.any():
        return seeds
    count, labels = cv2.connectedComponents((score > low).astype(np.uint8), connectivity=4)
    holds = np.zeros(count, dtype=np.bool_)
    holds[labels[seeds]] = True
    return np.asarray(holds[labels], dtype=np.bool_)
