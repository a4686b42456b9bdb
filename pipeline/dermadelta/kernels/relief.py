"""The signal of all measures of relief: log luminance of a view, and its bands.

Everything is made a strip of rows at a time, so that beside the result hardly any memory is used;
Gaussian means that are wide for the pixels are taken on an image averaged down first.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from dermadelta.kernels.colour import TINY, luminance
from dermadelta.kernels.memo import once
from dermadelta.kernels.texture import CUTOFF_TO_SIGMA, gaussian

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]

_STRIP_ROWS = 128
"""Rows worked on at a time: about what a processor's cache holds of a large photograph."""

_WORKING_SIGMA_PX = 2.5
"""A wide Gaussian works on an image averaged down until its σ is about this.

What averaging folds back from above the new sampling limit lies within its own zeros: of the
power of white noise under 1 % comes through, of skin, whose spectrum falls, far less."""

_LEAST_SHARE = 1e-4
"""Usable weight around a pixel below which a mean fades to 0."""


class Pixels(Protocol):
    """Native pixels of one region and its surroundings, as a view holds them."""

    @property
    def rgb(self) -> Floats:
        """(h, w, 3) linear RGB."""

    @property
    def skin(self) -> Bools:
        """(h, w) usable skin of the box, the region included."""

    @property
    def blur_to_add_px2(self) -> float:
        """Gaussian variance that brings the photo to the common sharpness of its pair."""


def log_light(pixels: Pixels, _: None = None) -> Floats:
    """Ln Y, (h, w) float32: exposure is an offset of it, shading and relief add to it."""
    y = np.asarray(luminance(pixels.rgb), dtype=np.float32)
    np.maximum(y, np.float32(TINY), out=y)
    return np.log(y, out=y)


def relief_band(pixels: Pixels, wavelengths_px: tuple[float, float]) -> Floats:
    """Ln Y between two cut-off wavelengths (ISO 16610-21), at the common sharpness of the pair.

    Parameters
    ----------
    pixels : Pixels
    wavelengths_px : (float, float)
        Shortest and longest wavelength, pixels of the view.

    Returns
    -------
    (h, w) float32
        Means are taken over usable skin only.
    """
    fine, coarse = band_sigmas(wavelengths_px, pixels.blur_to_add_px2)
    signal, skin = once(log_light, pixels, None), pixels.skin
    offset = once(_offset, pixels, None)
    factor = max(1, int(coarse / _WORKING_SIGMA_PX))
    wide = _wide_mean(pixels, coarse, factor) if factor > 1 else None
    rows, cols = signal.shape
    result = np.empty((rows, cols), dtype=np.float32)
    reach = int(np.ceil(4.0 * (fine if factor > 1 else coarse)))
    for top, bottom in strips(rows, factor):
        above, below = max(0, top - reach), min(rows, bottom + reach)
        own = slice(top - above, bottom - above)
        inside = _centred(signal[above:below], skin[above:below], offset)
        share = skin[above:below].astype(np.float32)
        mean = _ratio(gaussian(inside, fine), gaussian(share, fine))[own]
        if wide is None:
            mean -= _ratio(gaussian(inside, coarse), gaussian(share, coarse))[own]
        else:
            mean -= _enlarged(wide, factor, top, bottom)[:, :cols]
        result[top:bottom] = mean
    return result


@dataclass(frozen=True, eq=False)
class CoarseBand:
    """A band of long wavelengths on an image averaged down: all that it can show is there.

    ``residual`` is (h, w) float32, one value per square of ``factor`` × ``factor`` pixels of the
    view; the last row and column of squares may reach beyond it.
    """

    residual: Floats
    factor: int


def coarse_band(pixels: Pixels, wavelengths_px: tuple[float, float]) -> CoarseBand:
    """``relief_band`` for wavelengths of many pixels, left on the coarser grid it is made on."""
    fine, coarse = band_sigmas(wavelengths_px, pixels.blur_to_add_px2)
    factor = max(1, int(fine / _WORKING_SIGMA_PX))
    small, share = once(_averaged, pixels, factor) if factor > 1 else _averaged(pixels, factor)
    parts = []
    for sigma in (fine, coarse):
        rest = float(np.sqrt(max(sigma**2 - (factor**2 - 1) / 12.0, 0.0))) / factor
        # Exact: the grid is coarse already, and may differ between the photos of a pair.
        parts.append(_ratio(gaussian(small, rest, exact=True), gaussian(share, rest, exact=True)))
    return CoarseBand(parts[0] - parts[1], factor)


def band_sigmas(wavelengths_px: tuple[float, float], blur_px2: float) -> tuple[float, float]:
    """Gaussian σ in pixels of both edges of a band, with a blur added to both."""
    fine, coarse = (
        float(np.sqrt((CUTOFF_TO_SIGMA * length) ** 2 + blur_px2)) for length in wavelengths_px
    )
    return fine, coarse


def strips(rows: int, multiple: int = 1) -> Iterator[tuple[int, int]]:
    """Ranges of rows, each a whole number of ``multiple`` long but for the last."""
    step = max(multiple, _STRIP_ROWS // multiple * multiple)
    return ((top, min(top + step, rows)) for top in range(0, rows, step))


def averaged(image: Floats, factor: int) -> Floats:
    """Means over squares of ``factor`` pixels; beyond the lower and right border lies 0."""
    if factor == 1:
        return image
    rows, cols = image.shape
    whole = (rows // factor * factor, cols // factor * factor)
    small = np.zeros((-(-rows // factor), -(-cols // factor)), dtype=np.float32)
    if min(whole) > 0:
        size = (cols // factor, rows // factor)
        small[: size[1], : size[0]] = cv2.resize(
            image[: whole[0], : whole[1]], size, interpolation=cv2.INTER_AREA
        )
    if whole[0] < rows:
        small[-1] = _parts(image[whole[0] :].sum(axis=0), factor)
    if whole[1] < cols:
        # The corner square is in the row already; as part of the column it is the same.
        small[:, -1] = _parts(image[:, whole[1] :].sum(axis=1), factor)
    return small


def averaged_where(
    residual: Floats, mask: Bools, limit: float, factor: int
) -> tuple[Floats, Bools]:
    """A residual averaged over squares, and which of them are usable for the most part.

    Pixels outside the mask, and those that are larger than ``limit``, count as 0.
    """
    values, shares = [], []
    for top, bottom in strips(len(residual), factor):
        part = residual[top:bottom]
        kept = mask[top:bottom] & (np.abs(part) <= np.float32(limit))
        values.append(averaged(np.where(kept, part, np.float32(0.0)), factor))
        shares.append(averaged(kept.astype(np.float32), factor))
    return np.concatenate(values), np.concatenate(shares) > 0.5


def _parts(sums: Floats, factor: int) -> Floats:
    """Sums along a narrow border, gathered to means of squares."""
    starts = np.arange(0, len(sums), factor)
    return np.asarray(np.add.reduceat(sums, starts) / np.float32(factor**2))


def _offset(pixels: Pixels, _: None = None) -> np.float32:
    """Mean of the signal over usable skin, where float32 is finest; every band is free of it."""
    signal, skin = once(log_light, pixels, None), pixels.skin
    sums = [
        float(signal[top:bottom][skin[top:bottom]].sum(dtype=np.float64))
        for top, bottom in strips(len(signal))
    ]
    return np.float32(sum(sums) / max(1, int(np.count_nonzero(skin))))


def _centred(signal: Floats, skin: Bools, offset: np.float32) -> Floats:
    # Not a product with the mask: what is not finite outside it would spread into it.
    return np.where(skin, signal - offset, np.float32(0.0))


def _ratio(total: Floats, share: Floats) -> Floats:
    """The mean where there is something usable near, towards 0 where there is hardly anything."""
    return np.asarray(total / np.maximum(share, np.float32(_LEAST_SHARE)), dtype=np.float32)


def _averaged(pixels: Pixels, factor: int) -> tuple[Floats, Floats]:
    """The centred signal and the usable share, on a grid that is coarser by a factor."""
    if factor % 2 == 0 and factor > 2:
        small, share = once(_averaged, pixels, factor // 2)
        return averaged(small, 2), averaged(share, 2)
    signal, skin, offset = once(log_light, pixels, None), pixels.skin, once(_offset, pixels, None)
    parts = [
        (
            averaged(_centred(signal[top:bottom], skin[top:bottom], offset), factor),
            averaged(skin[top:bottom].astype(np.float32), factor),
        )
        for top, bottom in strips(len(signal), factor)
    ]
    return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])


def _wide_mean(pixels: Pixels, sigma: float, factor: int) -> Floats:
    """Masked Gaussian mean on a grid that is coarser by a factor, to be interpolated."""
    small, share = once(_averaged, pixels, factor)
    # Averaging over a square has variance (f² - 1)/12, linear interpolation back f²/6.
    lost = (factor**2 - 1) / 12.0 + factor**2 / 6.0
    rest = float(np.sqrt(max(sigma**2 - lost, 0.0))) / factor
    return _ratio(gaussian(small, rest), gaussian(share, rest))


def _enlarged(small: Floats, factor: int, top: int, bottom: int) -> Floats:
    """Rows ``top`` to ``bottom`` of an image interpolated back to full size."""
    first, last = max(0, top // factor - 1), min(len(small), -(-bottom // factor) + 1)
    part = small[first:last]
    size = (part.shape[1] * factor, part.shape[0] * factor)
    wide = cv2.resize(part, size, interpolation=cv2.INTER_LINEAR)
    return np.asarray(wide[top - first * factor : bottom - first * factor], dtype=np.float32)
