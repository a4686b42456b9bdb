"""Fitting the picture of a target card to a photograph: coarse to fine, by its grey values."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from dermadelta.kernels import card
from dermadelta.kernels.card_template import (
    TO_MIDDLE,
    CardTemplate,
    gradients,
    pixels_to_card,
)
from dermadelta.kernels.geometry import apply_homography, inverse, local_affine

Floats = NDArray[np.float64]
Bytes = NDArray[np.uint8]
Image = NDArray[np.float32]

_EVERYTHING = 14
"""Unknowns of a step: eight of the homography, gain, a plane of light, and shrinking."""

_OUTLIER_SD = 3.0
"""Residuals beyond it lose their weight (Tukey's function at 4.7 SD keeps 95 % efficiency; a
covered marker lies tens of SD away)."""

_LEAST_SD = 0.02
"""Residuals of a good fit, of full scale, below which none is an outlier."""

_LEAST_INSIDE = 0.7
"""Share of the card that must lie within the photograph: with less, little is asked of it."""

SOFTENED_PX = 0.8
"""Blur of what is seen on the grid of a template, its pixels: finer detail than the grid holds
would make the fit lock to it."""


class Octaves:
    """A photograph and its halves, quarters, ..., made when they are asked for."""

    def __init__(self, grey: Bytes) -> None:
        self._levels = [grey]

    def level(self, number: int) -> Bytes:
        """The photograph halved ``number`` times, each pixel the mean of four."""
        while len(self._levels) <= number:
            finer = self._levels[-1]
            rows, cols = finer.shape[0] // 2, finer.shape[1] // 2
            even = finer[: 2 * rows, : 2 * cols]
            halved = cv2.resize(even, (cols, rows), interpolation=cv2.INTER_AREA)
            self._levels.append(np.asarray(halved, dtype=np.uint8))
        return self._levels[number]

    def coarsest(self) -> int:
        """Number of halvings that leave at least 8 pixels of the shorter side."""
        return max(0, int(np.log2(max(min(self._levels[0].shape) / 8.0, 1.0))))


def to_level(number: int) -> Floats:
    """(3, 3) transform of pixel centres of the photograph to those of an octave."""
    factor = 0.5**number
    shift = 0.5 * factor - 0.5
    return np.array([[factor, 0.0, shift], [0.0, factor, shift], [0.0, 0.0, 1.0]])


def side_px(to_photo: Floats) -> float:
    """Side of a marker in the middle of the card, pixels (square root of its area)."""
    middle = local_affine(to_photo, (card.WIDTH / 2.0, card.HEIGHT / 2.0))
    return float(np.sqrt(abs(np.linalg.det(middle))))


def seen_from_above(
    octaves: Octaves, to_photo: Floats, px_per_side: int
) -> tuple[Image, NDArray[np.bool_]]:
    """The card as the photograph shows it, on the grid of a template.

    Returns
    -------
    (h, w) float32
        Encoded grey, 0..1.
    (h, w) bool
        Pixels that lie within the photograph.
    """
    coarser = int(np.floor(np.log2(max(side_px(to_photo) / px_per_side, 1.0))))
    number = min(coarser, octaves.coarsest())
    picture = octaves.level(number)
    matrix = to_level(number) @ to_photo @ pixels_to_card(px_per_side)
    size = (int(card.WIDTH * px_per_side), int(card.HEIGHT * px_per_side))
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    seen = cv2.warpPerspective(picture, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    rows, cols = picture.shape
    ends = np.array([[0, 0], [size[0] - 1, 0], [size[0] - 1, size[1] - 1], [0, size[1] - 1]])
    at = apply_homography(matrix, ends)
    inside: NDArray[np.bool_] = np.ones(size[::-1], dtype=np.bool_)
    if at.min() < 0 or (at.max(axis=0) > (cols - 1, rows - 1)).any():
        x, y = np.meshgrid(np.arange(size[0]), np.arange(size[1]))
        points = apply_homography(matrix, np.stack([x, y], axis=-1))
        within = (points >= 0) & (points <= (cols - 1, rows - 1))
        inside = within[..., 0] & within[..., 1]
    soft = cv2.GaussianBlur(seen.astype(np.float32), (0, 0), SOFTENED_PX)
    return np.asarray(soft, dtype=np.float32) / np.float32(255.0), inside


@dataclass(frozen=True, eq=False)
class CardFit:
    """A homography from card units to pixels and how well the picture of the card fits there.

    ``likeness`` is the correlation of photograph and template without a plane of light, over all
    pixels of the card in the photograph. ``covariance`` is (8, 8), of the parameters of
    ``CardTemplate.moves``.
    """

    to_photo: Floats
    likeness: float
    covariance: Floats


def fitted(
    octaves: Octaves,
    to_photo: Floats,
    template: CardTemplate,
    *,
    steps: int,
    reach: float = np.inf,
    affine: bool = False,
    shrinking: bool = False,
) -> CardFit | None:
    """Move a card on the photograph until its template fits best.

    Gauss-Newton steps on grey values, gain and a plane of light being free; gradients are the
    mean of those of template and photograph, pixels that do not fit lose their weight.

    Parameters
    ----------
    octaves : Octaves
        The photograph.
    to_photo : (3, 3) float64
        Where the card is about: within a third of a gap or so at the resolution of the template.
    template : CardTemplate
    steps : int
        Most steps.
    reach : float
        SD of the weight along the card, in half lengths, so that a guess that is good in the
        middle only is not spoilt by its ends.
    affine : bool
        Leave the perspective as it is.
    shrinking : bool
        Let everything dark be smaller or larger than it should be. Blur is symmetrical in linear
        light and not in encoded values; of three columns, smaller squares look like a narrower
        card.

    Returns
    -------
    CardFit or None
        None where the card leaves every bound.

    References
    ----------
    Benhimane S, Malis E 2004, Real-time image-based tracking of planes using efficient
    second-order minimization, IROS (doi:10.1109/IROS.2004.1389474).
    """
    free = 6 if affine else 8
    p = template.image.shape[1] // int(card.WIDTH)
    near = template.inner * np.exp(-0.5 * (template.shading[:, 2] / reach) ** 2)
    pattern = template.image.ravel().astype(np.float64)
    known = np.column_stack([pattern, template.shading])
    if shrinking:
        known = np.column_stack([known, template.growth])
    covariance = np.zeros((8, 8))
    for _ in range(steps):
        seen, inside = seen_from_above(octaves, to_photo, p)
        values, weights = seen.ravel().astype(np.float64), near * inside.ravel()
        light, residual = _light(values, known, weights)
        weights = weights * _trust(residual, weights)
        slope = 0.5 * (light[0] * template.gradient + gradients(seen, p))
        moved = slope[0, :, None] * template.moves[0, :, :free]
        moved += slope[1, :, None] * template.moves[1, :, :free]
        solved = _solved(values, np.column_stack([-moved, known]), weights)
        if solved is None:
            return None
        step, inner = solved
        change = np.append(step[:free], np.zeros(8 - free))
        to_photo = _moved(to_photo, change)
        if not _plausible(to_photo):
            return None
        covariance[:free, :free] = inner[:free, :free]
        if np.abs(change).max() < 2e-5:
            break
    return CardFit(to_photo, likeness(octaves, to_photo, template), covariance)


def likeness(octaves: Octaves, to_photo: Floats, template: CardTemplate) -> float:
    """Correlation of the photograph with the template without a plane of light, −1 to 1.

    Pixels beyond the photograph and at the edge of the paper do not count;
    0 where too little of the card lies within the photograph.
    """
    p = template.image.shape[1] // int(card.WIDTH)
    seen, inside = seen_from_above(octaves, to_photo, p)
    both = np.stack([seen.ravel(), template.image.ravel()], axis=-1).astype(np.float64)
    weights = inside.ravel() * template.inner
    if weights.sum() < _LEAST_INSIDE * template.inner.sum():
        return 0.0
    _, left = _light(both, template.shading, weights)
    left *= weights[:, None]
    size = np.sqrt((left**2).sum(axis=0))
    return float((left[:, 0] * left[:, 1]).sum() / max(size[0] * size[1], 1e-9))


def _light(values: Floats, known: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Weighted least squares of values on known columns: coefficients and residuals."""
    weighted = known * weights[:, None]
    normal = weighted.T @ known + 1e-9 * np.eye(known.shape[1])
    solution = np.asarray(np.linalg.solve(normal, weighted.T @ values), dtype=np.float64)
    return solution, values - known @ solution


def _trust(residual: Floats, weights: Floats) -> Floats:
    """Tukey's biweight of residuals."""
    used = np.abs(residual[weights > 0.1])
    if not used.size:
        return np.ones_like(residual)
    limit = max(_LEAST_SD, 1.4826 * float(np.median(used))) * _OUTLIER_SD * 1.5
    return np.asarray(np.clip(1.0 - (residual / limit) ** 2, 0.0, None) ** 2)


def _solved(values: Floats, columns: Floats, weights: Floats) -> tuple[Floats, Floats] | None:
    """Weighted least squares: solution and its covariance, for independent pixels."""
    weighted = columns * weights[:, None]
    normal = weighted.T @ columns
    scale = np.sqrt(np.maximum(np.diag(normal), 1e-12))
    scaled = normal / np.outer(scale, scale) + 1e-6 * np.eye(len(scale))
    try:
        inner = np.linalg.inv(scaled) / np.outer(scale, scale)
    except np.linalg.LinAlgError:
        return None
    solution = inner @ (weighted.T @ values)
    residual = values - columns @ solution
    total = float(weights.sum())
    variance = float((weights * residual**2).sum()) / max(total - _EVERYTHING, 1.0)
    return solution, inner * variance


def _moved(to_photo: Floats, change: Floats) -> Floats:
    step = np.eye(3) + np.append(change, 0.0).reshape(3, 3)
    moved = to_photo @ inverse(TO_MIDDLE) @ step @ TO_MIDDLE
    return np.asarray(moved / moved[2, 2], dtype=np.float64)


def _plausible(to_photo: Floats) -> bool:
    """Whether the whole card lies before the camera, upright and not folded to a line."""
    if not np.isfinite(to_photo).all():
        return False
    outline = np.array([[0, 0], [card.WIDTH, 0], [card.WIDTH, card.HEIGHT], [0, card.HEIGHT]])
    depth = outline @ to_photo[2, :2] + to_photo[2, 2]
    if depth.min() <= 0.25 * depth.max():
        return False
    big, small = np.linalg.svd(local_affine(to_photo, outline.mean(axis=0)), compute_uv=False)
    det = np.linalg.det(local_affine(to_photo, outline.mean(axis=0)))
    return bool(det > 0 and big / small < 3.0 and small > 3.0)
