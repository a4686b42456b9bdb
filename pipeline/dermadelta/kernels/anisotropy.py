"""Whether a pattern has a direction: power of overlapping patches by angle."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy import fft

from dermadelta.kernels.moments import PROBE_PX2

Floats = NDArray[np.float64]

ANGLES: Final = 12
"""Directions, one in 15°: a set that turns into itself by quarter turns and mirrors."""

_SHARPNESS: Final = 8
"""Power of the cosine that is the angular window: 47° wide at half height."""

_LEAST_WEIGHT: Final = 0.3
"""Usable part of a patch, weighted as its window, below which it is left out."""

_AT_ONCE: Final = 64

_MANY: Final = 400
"""So many patches tell directions to a few per cent without overlapping."""


@dataclass(frozen=True, eq=False)
class Directions:
    """Energy of patches by direction.

    ``centre`` is (n, 2) int, row and column of the middle of each patch. ``weight`` is (n,)
    float64, its usable part, 0..1. ``energy`` is (n, 12) float64 for waves along 0°, 15° ... 165°
    from x, each over what a pattern of the same spectrum without direction would have on average:
    1 everywhere where there is none. ``softer`` is (12,), the energies of all patches together
    after a blur of ``moments.PROBE_PX2``.
    """

    centre: NDArray[np.int64]
    weight: Floats
    energy: Floats
    softer: Floats

    def total(self) -> Floats:
        """(12,) energies of all patches together."""
        return np.asarray((self.weight[:, None] * self.energy).sum(axis=0) / self.weight.sum())


@dataclass(frozen=True, eq=False)
class _Plane:
    """Half plane of waves of a patch: which count, their cycles per pixel, ring, and sectors."""

    waves: NDArray[np.bool_]
    radius: Floats
    ring: NDArray[np.int64]
    sector: Floats


def directions(
    residual: NDArray[np.float32],
    mask: NDArray[np.bool_],
    side_px: int,
    wavelengths_px: tuple[float, float],
) -> Directions | None:
    """Energy by direction of a band-passed image, in patches.

    Parameters
    ----------
    residual : (h, w) float32
        Its local mean is 0.
    mask : (h, w) bool
        True where usable; other pixels count as 0.
    side_px : int
        Side of a patch; not more than that of the image.
    wavelengths_px : (float, float)
        Shortest and longest wave that counts.

    Returns
    -------
    Directions or None
        None where no patch is usable.
    """
    hann = np.sin(np.pi * (np.arange(side_px) + 0.5) / side_px) ** 2
    window = np.outer(hann, hann).astype(np.float32)
    plane = _plane(side_px, wavelengths_px)
    windows = sliding_window_view(residual, (side_px, side_px))
    usable = sliding_window_view(mask, (side_px, side_px))
    starts = _starts(residual.shape, side_px)
    centres, weights, powers = [], [], []
    for k in range(0, len(starts), _AT_ONCE):
        row, col = starts[k : k + _AT_ONCE].T
        inside = usable[row, col]
        share = (inside * (window / window.sum())).sum(axis=(1, 2), dtype=np.float64)
        kept = share >= _LEAST_WEIGHT
        if kept.any():
            patches = np.where(inside[kept], windows[row[kept], col[kept]], np.float32(0.0))
            spectrum = fft.rfft2(patches * window, workers=1)[:, plane.waves]
            powers.append((spectrum.real**2 + spectrum.imag**2).astype(np.float64))
            weights.append(share[kept].astype(np.float64))
            centres.append(starts[k : k + _AT_ONCE][kept] + side_px // 2)
    if not powers:
        return None
    power, weight = np.concatenate(powers), np.concatenate(weights)
    whole = power.sum(axis=0)
    energy = _by_sector(power, plane) / _even(whole, plane) * weight.sum() / weight[:, None]
    softer = whole * np.exp(-PROBE_PX2 * (2.0 * np.pi * plane.radius) ** 2)
    return Directions(
        np.concatenate(centres),
        weight,
        energy,
        _by_sector(softer, plane) / _even(softer, plane),
    )


def _by_sector(power: Floats, plane: _Plane) -> Floats:
    """(..., 12) power in each direction; BLAS would sum in an order that memory decides."""
    return np.stack([(power * sector).sum(axis=-1) for sector in plane.sector.T], axis=-1)


def _even(power: Floats, plane: _Plane) -> Floats:
    """(12,) energies of a pattern without direction: on every ring the mean that is seen there."""
    all_ways = plane.sector.sum(axis=1)
    rings = np.maximum(np.bincount(plane.ring, weights=all_ways), 1e-12)
    level = np.bincount(plane.ring, weights=all_ways * power) / rings
    return np.asarray(np.maximum(_by_sector(level[plane.ring], plane), 1e-30))


def _starts(shape: tuple[int, ...], side: int) -> NDArray[np.int64]:
    """First pixels (n, 2) of all patches; they overlap where that does not make too many."""
    many = 4 * (shape[0] // side) * (shape[1] // side) > _MANY
    rows, cols = (_evenly(size, side, 1 if many else 2) for size in shape)
    return np.array([(row, col) for row in rows for col in cols], dtype=np.int64)


def _evenly(size: int, side: int, per_side: int) -> list[int]:
    """First pixels of an even number of patches, placed alike from both ends."""
    room = size - side
    if room <= 0:
        return [0]
    count = max(2, 2 * round((per_side * room / side + 1.0) / 2.0))
    near = [int(k * room / (count - 1)) for k in range(count // 2)]
    return near + [room - start for start in reversed(near)]


def _plane(side: int, wavelengths_px: tuple[float, float]) -> _Plane:
    row = np.fft.fftfreq(side)[:, None]
    col = np.fft.rfftfreq(side)[None, :]
    radius = np.hypot(row, col)
    waves = (radius >= 1.0 / wavelengths_px[1]) & (radius <= 1.0 / wavelengths_px[0])
    angle = np.broadcast_to(np.arctan2(row, col), radius.shape)[waves]
    theta = np.pi * np.arange(ANGLES) / ANGLES
    sector = np.cos(angle[:, None] - theta[None, :]) ** _SHARPNESS
    # The other half of the plane is not stored, but for its first and last column.
    whole = np.broadcast_to((col == 0.0) | (col == 0.5), radius.shape)[waves]
    sector *= np.where(whole, 1.0, 2.0)[:, None]
    kept = radius[waves]
    return _Plane(waves, kept, np.rint(kept * side).astype(np.int64), sector)
