"""Sharpness: blur of one picture against another from the spectra of the same skin."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_NOISE_FROM = 0.25
"""Cycles per pixel from which a photograph of skin holds noise rather than relief: its power falls
faster than 1/f² and a lens blur of 0.8 px leaves a fifth of that."""

_NOISE_RISE = 10.0
"""Power of the noise of a compressed photograph at low frequencies against that at the end of the
axis, at most; measured on phantom photographs of JPEG quality 88 to 100."""

_LEAST_BINS = 3
"""Frequencies that a fit of light and blur needs at least."""


def mean_power(
    signal: NDArray[np.float32],
    mask: NDArray[np.bool_],
    *,
    window_px: int,
    step_px: int,
    min_coverage: float,
) -> tuple[Floats, Floats, int]:
    """Mean radial power spectrum of a signal over windows that lie on the mask.

    Parameters
    ----------
    signal : (h, w) float32
        E.g. log luminance.
    mask : (h, w) bool
        Usable pixels; others are filled with the window's mean.
    window_px, step_px : int
        Side and spacing of the Hann windows, pixels.
    min_coverage : float
        Least usable share of a window.

    Returns
    -------
    frequency : (k,) float64
        Centres of radial bins, cycles per pixel, 0 to 0.5.
    power : (k,) float64
        Mean squared amplitude per bin (arbitrary but equal unit for equal windows).
    n_windows : int
        Windows used; 0 leaves ``power`` at 0.
    """
    taper = np.outer(np.hanning(window_px + 2)[1:-1], np.hanning(window_px + 2)[1:-1])
    taper /= np.sqrt((taper**2).mean())
    plane = _Plane(window_px)
    total = np.zeros((window_px, window_px // 2 + 1))
    used = 0
    integral = cv2.integral(mask.astype(np.uint8)).astype(np.int64)
    far = integral[window_px:] - integral[:-window_px]
    covered = far[::step_px, window_px::step_px] - far[::step_px, :-window_px:step_px]
    for row in range(len(covered)):
        y = row * step_px
        wide = np.flatnonzero(covered[row] >= min_coverage * window_px**2)
        if not wide.size:
            continue
        windows = [(slice(y, y + window_px), slice(x, x + window_px)) for x in wide * step_px]
        flat = np.stack([plane.without(signal[w].astype(np.float64), mask[w]) for w in windows])
        for power in np.abs(np.fft.rfft2(flat * taper)) ** 2:
            total += power
        used += len(windows)
    frequency, power = _radial(total / max(used, 1), window_px)
    return frequency, power, used


class _Plane:
    """The best plane through a window; what does not change from window to window is kept."""

    def __init__(self, side: int) -> None:
        y, x = np.mgrid[-1.0 : 1.0 : side * 1j, -1.0 : 1.0 : side * 1j]
        self.terms = np.stack([np.ones(x.size), x.ravel(), y.ravel()])
        # Of a copy: BLAS multiplies an array with itself in another order, to other last bits.
        self.whole = self.terms.copy() @ self.terms.T

    def without(self, part: Floats, usable: NDArray[np.bool_]) -> Floats:
        """``part`` less its plane, and 0 where it is not usable."""
        if usable.all():
            plane = np.linalg.solve(self.whole, self.terms @ part.ravel())
            return np.asarray(part - (plane @ self.terms).reshape(part.shape))
        kept = self.terms * usable.ravel()
        plane = np.linalg.solve(kept @ self.terms.T, kept @ part.ravel())
        return np.where(usable, part - (plane @ self.terms).reshape(part.shape), 0.0)


def _radial(power: Floats, window_px: int) -> tuple[Floats, Floats]:
    fy = np.fft.fftfreq(window_px)[:, None]
    fx = np.fft.rfftfreq(window_px)[None, :]
    radius = np.hypot(fy, fx)
    bins = window_px // 2
    index = np.minimum((radius * window_px + 0.5).astype(int), bins)
    counts = np.bincount(index.ravel(), minlength=bins + 1)
    sums = np.bincount(index.ravel(), weights=power.ravel(), minlength=bins + 1)
    mean = sums / np.maximum(counts, 1)
    return np.arange(bins + 1) / window_px, mean


def blur_difference(
    first: tuple[Floats, Floats],
    second: tuple[Floats, Floats],
    *,
    low: float,
    high: float,
    noise_margin: float,
) -> tuple[float, float] | None:
    """Blur variance of the second spectrum minus the first, from the fall of their ratio.

    Two pictures of the same texture that differ by a gain and a Gaussian blur have
    ``ln(P2/P1) = c - 4π²·Δσ²·f²``; c (light) and Δσ² (blur) are fitted together over the
    frequencies where both stand clear of their own noise floor. After demosaicing and JPEG that
    floor is several times higher at 0.2 than at 0.5 cycles per pixel; taken as flat it would
    let noise against noise (ratio 1) pass as texture and hide any blur.

    Parameters
    ----------
    first, second : (frequency, power)
        On one common frequency axis, cycles per pixel of the first.
    low, high : float
        Frequency range of the fit.
    noise_margin : float
        Power must exceed its floor by this factor, from ``low`` on without a gap.

    Returns
    -------
    (delta_sigma2, standard_error) in px² of the first, or None with fewer than 3 bins.
    """
    frequency, power_1 = first
    power_2 = second[1]
    floor_1, floor_2 = noise_floor(frequency, power_1), noise_floor(frequency, power_2)
    inside = (frequency >= low) & (frequency <= high)
    clear = (power_1 > noise_margin * floor_1) & (power_2 > noise_margin * floor_2)
    usable = inside & np.logical_and.accumulate(clear | (frequency < low))
    if np.count_nonzero(usable) < _LEAST_BINS:
        return None
    f2 = frequency[usable] ** 2
    ratio = np.log((power_2 - floor_2)[usable] / (power_1 - floor_1)[usable])
    weight = np.sqrt(frequency[usable])  # a ring holds windows in proportion to its radius
    terms = np.stack([np.ones_like(f2), -4.0 * np.pi**2 * f2], axis=1) * weight[:, None]
    solution, *_ = np.linalg.lstsq(terms, ratio * weight, rcond=None)
    residual = ratio * weight - terms @ solution
    variance = float(residual @ residual) / max(len(f2) - 2, 1)
    covariance = variance * np.linalg.inv(terms.T @ terms)
    return float(solution[1]), float(np.sqrt(covariance[1, 1]))


@dataclass(frozen=True)
class BlurPrior:
    """How large differences of blur are before anything was seen, px².

    Most pairs differ by a normal draw of SD ``steady_sd``, a share ``other_share`` of them (another
    focus or lens) by one of ``other_sd``. ``fit_sd`` is what a fit on treated skin is off by beyond
    its own standard error, and ``per_ln`` (px²) that per ln by which its fine detail changed.
    """

    steady_sd: float
    other_sd: float
    other_share: float
    fit_sd: float
    per_ln: float


def shrunken_blur(
    delta_px2: float, standard_error: float, ln_detail: float, prior: BlurPrior
) -> float:
    """Expected difference of blur, given the one that was fitted where relief may have changed.

    The posterior mean under a prior of two normal parts (Efron 2010, Large-Scale Inference,
    doi:10.1017/CBO9780511761362, chapter 1): small differences are mostly the fit's error and
    shrink to almost nothing, large ones are mostly the lens and stay. Where fine detail changed
    much the skin may have changed, which reads as blur: then little is believed.

    Parameters
    ----------
    delta_px2, standard_error : float
        As ``blur_difference`` returns them, px².
    ln_detail : float
        Log ratio of the amplitudes of fine detail.
    prior : BlurPrior

    Returns
    -------
    float
        Of the sign of ``delta_px2`` and never larger, px².
    """
    error = prior.fit_sd**2 + standard_error**2 + (prior.per_ln * ln_detail) ** 2
    parts = ((1.0 - prior.other_share, prior.steady_sd**2), (prior.other_share, prior.other_sd**2))
    logs = np.array(
        [np.log(p) - 0.5 * (np.log(v + error) + delta_px2**2 / (v + error)) for p, v in parts]
    )
    chance = np.exp(logs - logs.max())
    chance /= chance.sum()
    return delta_px2 * float(
        sum(c * v / (v + error) for c, (_, v) in zip(chance, parts, strict=True))
    )


def noise_floor(frequency: Floats, power: Floats) -> Floats:
    """Power of the noise at every frequency, from the upper half of the axis.

    A straight line through ln P there, never rising, continued to lower frequencies: white noise
    gives a level line, that of a compressed photograph one that falls. In a picture so clean that
    relief reaches there the line is the relief's; it is held to what noise can rise.
    """
    upper = frequency >= _NOISE_FROM
    logs = np.log(np.maximum(power[upper], 1e-30))
    slope, level = np.polyfit(frequency[upper], logs, 1)
    if slope > 0.0:
        slope, level = 0.0, float(logs.mean())
    end = float(power[frequency > 0.9 * frequency[-1]].mean())
    return np.asarray(
        np.minimum(np.exp(level + slope * frequency), _NOISE_RISE * end), dtype=np.float64
    )
