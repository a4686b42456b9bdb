"""Pores: small round places that are darker than the skin around them."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.spatial import KDTree

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Bools = NDArray[np.bool_]

_RAYS = 16
"""Directions in which the edge of a pore is sought; a multiple of 4, so that turns agree."""

_ANGLES = 2.0 * np.pi * np.arange(_RAYS) / _RAYS
_WAYS = np.stack([np.cos(_ANGLES), np.sin(_ANGLES)], axis=1)
"""(16, 2): the unit vectors of the rays."""

_RAY_STEP_PX = 0.5

_LEFT = float(np.exp(-1.0))
"""Part of its depth that is left where a pore ends. At one half, its outline is a sixth smaller
and less often round; at a quarter, it runs along furrows."""

_SHALLOWEST = 0.5
"""Part of the threshold that the depth alone must reach; few pores are as much more curved."""

_BINS, _WIDEST = 4096, 0.5
"""Bins of the histogram that the spread of the band is taken from, and its ends, log light."""


@dataclass(frozen=True)
class PoreRules:
    """What counts as a pore; lengths and areas in pixels.

    ``sigmas`` are the widths of the fine and of the coarse Gaussian whose difference is the depth,
    ``round_sigma`` that at which its roundness is judged, finer than ``sigmas[1]`` and coarser than
    ``sigmas[0]``. ``contrast`` is the fixed part of the threshold, in log light, and ``floor`` the
    least SD of the skin that its other part may have. ``roundness`` is the least roundness of the
    outline, 4π area / perimeter², ``areas`` the smallest and largest pore, ``edge`` the distance
    from what is no skin within which none is sought, ``apart`` the distance within which only the
    strongest counts.
    """

    sigmas: tuple[float, float]
    round_sigma: float
    contrast: float
    floor: float
    roundness: float
    areas: tuple[float, float]
    edge: int
    apart: float


@dataclass(frozen=True, eq=False)
class Pores:
    """The pores found: ``x``, ``y`` (n,) float64 in pixels, ``area`` (n,) in pixels.

    ``outline`` (n, 16, 2) float64 are the x and y of places around it where 1/e of the depth is
    left, in directions evenly spread from that of x on. ``depth`` (n,) is in log light.
    ``searched`` (h, w) bool is where a pore could be found.
    """

    x: Doubles
    y: Doubles
    area: Doubles
    depth: Doubles
    outline: Doubles
    searched: Bools


def find_pores(light: Floats, skin: Bools, rules: PoreRules) -> Pores:
    """Round minima of log light.

    The depth of a minimum is a difference of Gaussians; its strength is the geometric mean of its
    depth and of the weaker of its two curvatures, which is small across a furrow. It is held
    against the geometric mean of a fixed contrast and of the robust SD of the same band on this
    skin. A fixed contrast alone finds several times as many pores on rough or dark skin as on even
    skin, the SD alone as many more on even skin. A pore ends where 1/e of its depth is left.

    Parameters
    ----------
    light : (h, w) float32
        Logarithm of luminance; off the skin it does not matter.
    skin : (h, w) bool
    rules : PoreRules

    Returns
    -------
    Pores

    References
    ----------
    Lindeberg T. Int J Comput Vis 1998;30:79-116. doi:10.1023/A:1008045108935 (blobs).
    """
    searched = _inner(skin, rules.edge)
    if not searched.any():
        none = np.empty(0)
        return Pores(none, none, none, none, np.empty((0, _RAYS, 2)), searched)
    fine_sigma, coarse_sigma = rules.sigmas
    # One mean of this skin everywhere else: what lies there must not matter.
    level = float(np.mean(light[searched], dtype=np.float64))
    fine = _blurred(np.where(skin, light, np.float32(level)), fine_sigma)
    band = _blurred(fine, float(np.sqrt(coarse_sigma**2 - fine_sigma**2)))
    np.subtract(band, fine, out=band)
    sd = max(rules.floor, _spread(band, searched))
    least = rules.contrast * sd
    row, col = _minima(band, searched, _SHALLOWEST * float(np.sqrt(least)))
    x, y, depth = _tops(band, row, col)
    strength = depth * _weaker_curvature(fine, row, col, rules)
    kept = np.flatnonzero(strength >= least)
    kept = kept[_strongest(x[kept], y[kept], strength[kept], rules.apart)]
    radii = _outlines(band, row[kept], col[kept], rules.areas)
    area, roundness = _shape(radii)
    good = roundness >= rules.roundness
    good &= (area >= rules.areas[0]) & (area <= rules.areas[1])
    kept = kept[good]
    outline = np.stack([col[kept], row[kept]], axis=1)[:, None] + radii[good][..., None] * _WAYS
    return Pores(x[kept], y[kept], area[good], depth[kept], outline, searched)


def those(pores: Pores, kept: Bools) -> Pores:
    """Some of the pores, by an (n,) bool."""
    return Pores(
        pores.x[kept],
        pores.y[kept],
        pores.area[kept],
        pores.depth[kept],
        pores.outline[kept],
        pores.searched,
    )


def drawn(pores: Pores, factor: int, shape: tuple[int, int]) -> Bools:
    """The pores as an (h, w) mask; ``factor`` of its pixels lie along one that was searched."""
    # Pixels that an outline only touches are filled too: on average half of one all around.
    outlines = (pores.outline - 0.5 / factor * _WAYS) * factor + 0.5 * (factor - 1)
    mask = np.zeros(shape, dtype=np.uint8)
    for outline in np.rint(outlines * 16.0).astype(np.int32):
        cv2.fillPoly(mask, [outline], 1, shift=4)
    return mask.astype(np.bool_)


def shrunk(light: Floats, skin: Bools, factor: int) -> tuple[Floats, Bools]:
    """Means over squares of ``factor`` pixels, and which squares are all skin.

    Squares that reach beyond the lower and right edge are left out.
    """
    if factor == 1:
        return light, skin
    rows, cols = (size // factor for size in light.shape)
    cut = (slice(rows * factor), slice(cols * factor))
    size = (cols, rows)
    inside = np.where(skin[cut], light[cut], np.float32(0.0))
    means = cv2.resize(inside, size, interpolation=cv2.INTER_AREA)
    share = cv2.resize(skin[cut].astype(np.float32), size, interpolation=cv2.INTER_AREA)
    return np.asarray(means, dtype=np.float32), np.asarray(share > 0.999, dtype=np.bool_)


def _inner(skin: Bools, edge: int) -> Bools:
    """Skin at least ``edge`` pixels, and 2, from its edge and from that of the box."""
    side = 2 * max(edge, 2) + 1
    kernel = np.ones((side, side), np.uint8)
    inner = cv2.erode(skin.astype(np.uint8), kernel, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    return np.asarray(inner > 0, dtype=np.bool_)


def _blurred(image: Floats, sigma: float) -> Floats:
    size = 2 * max(1, int(np.ceil(3.5 * sigma))) + 1
    return np.asarray(
        cv2.GaussianBlur(image, (size, size), sigma, borderType=cv2.BORDER_REFLECT_101), np.float32
    )


def _spread(band: Floats, searched: Bools) -> float:
    """Robust SD from the quartiles, of all pixels: a sample would change when a photo is turned."""
    counts = cv2.calcHist(
        [band], [0], searched.astype(np.uint8), [_BINS], [-_WIDEST, _WIDEST]
    ).ravel()
    below = np.concatenate([[0.0], np.cumsum(counts, dtype=np.float64)])
    edges = np.linspace(-_WIDEST, _WIDEST, _BINS + 1)
    low, high = np.interp(np.array([0.25, 0.75]) * below[-1], below, edges)
    return float(high - low) / 1.349


def _strongest(x: Doubles, y: Doubles, strength: Doubles, apart: float) -> Bools:
    """Places without a stronger one nearer than ``apart``; of two alike, the first counts."""
    kept = np.ones(len(x), dtype=np.bool_)
    if len(x) > 1:
        pairs = KDTree(np.column_stack([x, y])).query_pairs(apart, output_type="ndarray")
        second = strength[pairs[:, 1]] > strength[pairs[:, 0]]
        kept[np.where(second, pairs[:, 0], pairs[:, 1])] = False
    return kept


def _minima(
    band: Floats, searched: Bools, least: float
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows and columns of pixels that none of the 8 around them exceeds."""
    highest = np.asarray(cv2.dilate(band, np.ones((3, 3), np.uint8)))
    at = np.flatnonzero((band >= highest) & searched & (band > least))
    row, col = np.divmod(at, band.shape[1])
    return row, col


def _patches(image: Floats, row: NDArray[np.intp], col: NDArray[np.intp], reach: int) -> Floats:
    """(n, (2 reach + 1)²): the pixels around each place, those of the edge again beyond it."""
    steps = np.arange(-reach, reach + 1)
    rows = np.clip(row[:, None] + steps, 0, image.shape[0] - 1) * image.shape[1]
    cols = np.clip(col[:, None] + steps, 0, image.shape[1] - 1)
    places = rows[:, :, None] + cols[:, None, :]
    return np.asarray(np.take(image, places.reshape(len(row), len(steps) ** 2)), dtype=np.float32)


def _weaker_curvature(
    fine: Floats, row: NDArray[np.intp], col: NDArray[np.intp], rules: PoreRules
) -> Doubles:
    """The smaller principal curvature of light at the scale of roundness, times its σ²; ≥ 0."""
    rest = rules.round_sigma**2 - rules.sigmas[0] ** 2
    reach = int(np.ceil(3.5 * np.sqrt(rest)))
    at = np.arange(-reach, reach + 1, dtype=np.float64)
    bell = np.exp(-0.5 * at**2 / rest)
    bell /= bell.sum()
    slope = at / rest * bell
    bend = (at**2 / rest - 1.0) / rest * bell
    bend -= bend.mean()  # even light has no curvature
    bend *= 2.0 / (bend @ at**2)  # and a sampled kernel finds that of a parabola
    slope /= slope @ at
    kernels = np.stack(
        [np.outer(a, b).ravel() for a, b in ((bell, bend), (bend, bell), (slope, slope))], axis=1
    ).astype(np.float32)
    xx, yy, xy = (_patches(fine, row, col, reach) @ kernels).T.astype(np.float64)
    weaker = 0.5 * (xx + yy) - np.hypot(0.5 * (xx - yy), xy)
    return np.asarray(np.maximum(weaker, 0.0) * rules.round_sigma**2)


def _outlines(
    band: Floats, row: NDArray[np.intp], col: NDArray[np.intp], areas: tuple[float, float]
) -> Doubles:
    """(n, 16): the distance along each ray at which 1/e of the depth is left.

    Few pores are as large as they may be: only those are sought farther out.
    """
    near = int(np.ceil(3.0 * np.sqrt(areas[0] / np.pi)))
    far = int(np.ceil(1.25 * np.sqrt(areas[1] / np.pi)))
    radii, ended = _ends(band, row, col, min(near, far))
    if near < far and not ended.all():
        radii[~ended] = _ends(band, row[~ended], col[~ended], far)[0]
    return radii


def _ends(
    band: Floats, row: NDArray[np.intp], col: NDArray[np.intp], reach: int
) -> tuple[Doubles, Bools]:
    """Radii of outlines up to ``reach`` pixels, and whether all rays have ended before."""
    steps = np.arange(1.0, int(reach / _RAY_STEP_PX) + 1) * _RAY_STEP_PX
    around = _patches(band, row, col, reach + 1)
    around /= band[row, col][:, None]
    part = (_rays(steps, reach + 1) @ around.T).T.reshape(len(row), _RAYS, len(steps))
    part = np.concatenate([np.ones((len(row), _RAYS, 1), dtype=np.float32), part], axis=2)
    below: Bools = np.asarray(part < _LEFT, dtype=np.bool_)
    ended: Bools = np.all(np.any(below, axis=2), axis=1)
    below[:, :, -1] = True
    first = np.argmax(below, axis=2)
    inner, outer = (
        np.take_along_axis(part, (first - k)[..., None], axis=2)[..., 0].astype(np.float64)
        for k in (1, 0)
    )
    share = np.clip((inner - _LEFT) / np.maximum(inner - outer, 1e-6), 0.0, 1.0)
    return np.asarray((first - 1 + share) * _RAY_STEP_PX), ended


def _rays(steps: Doubles, reach: int) -> csr_matrix:
    """From a patch to its values along the rays, linear between pixels."""
    x = np.outer(_WAYS[:, 0], steps).ravel() + reach
    y = np.outer(_WAYS[:, 1], steps).ravel() + reach
    col, row = np.floor(x + 1e-9), np.floor(y + 1e-9)
    u, v = x - col, y - row
    side = 2 * reach + 1
    base = (row * side + col).astype(np.intp)
    weights = [(1 - u) * (1 - v), u * (1 - v), (1 - u) * v, u * v]
    at = [base, base + 1, base + side, base + side + 1]
    rays = np.tile(np.arange(len(base)), 4)
    return csr_matrix(
        (np.concatenate(weights).astype(np.float32), (rays, np.concatenate(at))),
        shape=(len(base), side * side),
    )


def _shape(radii: Doubles) -> tuple[Doubles, Doubles]:
    """Area of the polygon of the rays, and its roundness 4π area / perimeter² (circle: 1)."""
    turn = 2.0 * np.pi / _RAYS
    after = np.roll(radii, -1, axis=1)
    area = 0.5 * np.sin(turn) * np.sum(radii * after, axis=1)
    sides = np.sqrt(radii**2 + after**2 - 2.0 * np.cos(turn) * radii * after)
    return area, 4.0 * np.pi * area / np.maximum(sides.sum(axis=1), 1e-9) ** 2


def _tops(
    band: Floats, row: NDArray[np.intp], col: NDArray[np.intp]
) -> tuple[Doubles, Doubles, Doubles]:
    """x, y and height of the tops of parabolas through three pixels along and across.

    The height matters: that of the highest pixel is the lower, the coarser the pixels are.
    """
    middle = band[row, col].astype(np.float64)
    height, places = middle.copy(), []
    for low, high, at in (
        (band[row, col - 1], band[row, col + 1], col),
        (band[row - 1, col], band[row + 1, col], row),
    ):
        tilt = high.astype(np.float64) - low
        bend = np.maximum(2.0 * middle - low - high, 1e-9)
        shift = np.clip(0.5 * tilt / bend, -0.5, 0.5)
        places.append(at + shift)
        height += 0.25 * tilt * shift
    return places[0], places[1], height
