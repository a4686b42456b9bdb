"""Noise of a photograph in a band of texture: how much there is, and moments without it."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dermadelta.kernels.moments import PROBE_PX2, Moments

Floats = NDArray[np.float64]

_READ_AT: Final = (0.23, 0.27)
"""Cycles per pixel where the spectrum of skin is read as noise.

Below, relief stands above it; above, JPEG takes the noise away as well. Against spectra of the same
phantom photographs rendered without noise (28 views of 9 to 16 pairs, quality 85 to 96) the noise
below a quarter cycle per pixel is level, and this reads it to a fifth. What relief is left there
shrinks and grows with all relief, and so takes nothing from a ratio."""

_MOST: Final = 0.75
"""Never is more of the power of a band taken for noise: what is left must be a measurement."""


def noise_variance(frequency: Floats, power: Floats) -> float:
    """Variance per pixel of white noise as dense as that of the photograph below 1/4 cycle/pixel.

    Parameters
    ----------
    frequency, power : (k,) float64
        Mean radial spectrum as ``kernels.sharpness.mean_power`` gives it, 0 to 0.5 cycles/pixel.

    Returns
    -------
    float
        In squares of the signal's unit.
    """
    window_px = 2 * (len(frequency) - 1)
    inside = (frequency >= _READ_AT[0]) & (frequency <= _READ_AT[1])
    # To six digits: the last bits of a spectrum depend on where its windows lay in memory.
    return float(f"{float(power[inside].mean()) / window_px**2:.6g}")


def band_gain(fine_px: float, coarse_px: float, added_px2: float = 0.0) -> float:
    """Share of the variance of white noise that a difference of Gaussians lets through.

    Parameters
    ----------
    fine_px, coarse_px : float
        σ of both Gaussians, pixels.
    added_px2 : float
        Variance of a Gaussian that both have on top, px².
    """
    # Sampled as the filter is: of a Gaussian of half a pixel the integral is a sixth too small.
    sigmas = [float(np.sqrt(sigma**2 + added_px2)) for sigma in (fine_px, coarse_px)]
    x = np.arange(-np.ceil(4.0 * sigmas[1]), np.ceil(4.0 * sigmas[1]) + 1.0)
    fine, coarse = (np.exp(-0.5 * (x / max(sigma, 1e-3)) ** 2) for sigma in sigmas)
    fine, coarse = fine / fine.sum(), coarse / coarse.sum()
    own, other, both = (
        (one * two).sum() for one, two in ((fine, fine), (coarse, coarse), (fine, coarse))
    )
    # To six digits, as the noise itself: the same band of two photographs has the same gain.
    return float(f"{float(own**2 + other**2 - 2.0 * both**2):.6g}")


def without_noise(found: Moments, variance: float, sigmas_px: tuple[float, float]) -> Moments:
    """Moments of a band residual less what noise adds to them.

    Noise adds its variance to the mean of e² and, being symmetrical, nothing to those of e and e³;
    the mean of |e| falls as the root of e² does. Every tile gives the same part of its own.

    Parameters
    ----------
    found : Moments
    variance : float
        As ``noise_variance`` returns it.
    sigmas_px : (float, float)
        σ of the Gaussians of the band, pixels.
    """
    total, softer = float(found.means()[0]), float(found.blurred[0])
    if total <= 0.0 or variance <= 0.0:
        return found
    kept = 1.0 - min(_MOST, variance * band_gain(*sigmas_px) / total)
    probed = variance * band_gain(*sigmas_px, PROBE_PX2) / max(softer, 1e-30)
    return replace(
        found,
        sums=found.sums * _factors(kept, found),
        blurred=found.blurred * _factors(1.0 - min(_MOST, probed), found),
    )


def _factors(kept: float, found: Moments) -> Floats:
    """What remains of e² and, where they are there, of e, e³ and |e|."""
    return np.array([kept, 1.0, 1.0, np.sqrt(kept)])[: found.sums.shape[1]]
