"""Optical roughness of skin: the strength and shape of its relief as light and shade show it.

Definition
----------
All are read on log luminance u = ln Y (linear light) in a band of wavelengths: u smoothed with a
Gaussian of the shorter cut-off minus u smoothed with that of the longer one (σ = 0.1874·λ,
ISO 16610-21), means taken over usable skin only. With e this residual:

* ``roughness``: root mean square of e in the relief band, 0.2 to 1.0 mm (microrelief, pores, fine
  lines); ``roughness_unscaled`` is the same with the band in per cent of the frame's short side.
* ``roughness_fine``, ``roughness_lines``, ``roughness_scar``: the same in the bands of 0.1 to 0.3,
  1 to 2 and 2 to 8 mm; the latter two on an image averaged down, which loses nothing of them.
* ``roughness_mean``: mean of |e| in the relief band; it heeds the few deep places less.
* ``roughness_skewness``: third central moment of e there over its variance to the power 1.5.
  Below 0 where narrow dark furrows and pores lie in even skin.
  From all of these but the coarse bands and the anisotropy the photo's own noise is taken out.
* ``anisotropy``: 1 - least / greatest energy of e over 12 directions, from the spectra of patches
  of 4 mm. Each direction is held against what a pattern of the same spectrum without direction
  would have, so that the square lattice of pixels has none.

Pixels beyond 6 robust SDs (hairs, moles, glints) are left out of all but the band of scars, where
the scar itself would be.

Unit
----
1 (of log luminance; 0.03 = 3 % contrast; shape and anisotropy are bare numbers).

Range
-----
Roughness about 0.01 (smooth skin, flat light) to 0.15 (coarse skin, raking light), the mean 0.8 of
it; skewness -1.5 to 0.5; anisotropy 0.05 (none to be seen) to 0.8 (parallel lines).

What confuses it
----------------
The lamp: a light that moves from 45° to 37° reads as -24 % of roughness, and a lamp that turns
turns the anisotropy. Blur, JPEG, tone curve, oedema in the first weeks; freckles and vessels lie in
the same bands and do not shrink with the relief; noise fills the finest band first, the curvature
of the body the coarsest. It is no depth and no Ra or Sa: a single photograph cannot give those.

Source
------
ISO 16610-21 (Gaussian filter); band and correction by reference skin as in the methods text.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator
from scipy.fft import next_fast_len

from dermadelta.domain import (
    Matrix,
    Measure,
    Need,
    NotMeasured,
    Read,
    Settings,
    SkinView,
    Tiles,
)
from dermadelta.kernels import anisotropy, moments
from dermadelta.kernels.memo import once
from dermadelta.kernels.moments import Moments, tile_moments
from dermadelta.kernels.noise import without_noise
from dermadelta.kernels.relief import (
    averaged,
    averaged_where,
    band_sigmas,
    coarse_band,
    relief_band,
)
from dermadelta.kernels.statistics import square_middles
from dermadelta.measures.resolution import fine_pixel_mm

_BANDS: Final = ("", "fine_", "lines_", "scar_")


class Params(Settings):
    """Settings of the texture family."""

    shortest_mm: float = Field(0.2, gt=0.0, description="Relief band: shortest wavelength, mm.")
    longest_mm: float = Field(1.0, gt=0.0, description="Relief band: longest wavelength, mm.")
    shortest_pct: float = Field(
        0.6, gt=0.0, description="Shortest wavelength without a scale, % of the short side."
    )
    longest_pct: float = Field(
        3.0, gt=0.0, description="Longest wavelength without a scale, % of the short side."
    )
    fine_shortest_mm: float = Field(0.1, gt=0.0, description="Fine band: shortest wavelength, mm.")
    fine_longest_mm: float = Field(0.3, gt=0.0, description="Fine band: longest wavelength, mm.")
    lines_shortest_mm: float = Field(1.0, gt=0.0, description="Lines: shortest wavelength, mm.")
    lines_longest_mm: float = Field(2.0, gt=0.0, description="Lines: longest wavelength, mm.")
    scar_shortest_mm: float = Field(2.0, gt=0.0, description="Scars: shortest wavelength, mm.")
    scar_longest_mm: float = Field(8.0, gt=0.0, description="Scars: longest wavelength, mm.")
    min_wavelength_px: float = Field(
        3.0, gt=0.0, description="Fewer pixels in the shortest wavelength: not measured."
    )
    min_pixels: int = Field(
        2_000, gt=0, description="Fewer usable pixels in the region: not measured."
    )
    outlier_sd: float = Field(
        6.0, gt=0.0, description="Pixels beyond so many robust SDs (hairs, moles) are left out."
    )
    patch_mm: float = Field(4.0, gt=0.0, description="Side of the patches of anisotropy, mm.")

    @model_validator(mode="after")
    def _bands_have_width(self) -> Self:
        names = [(f"{band}shortest_mm", f"{band}longest_mm") for band in _BANDS]
        for short, long in (*names, ("shortest_pct", "longest_pct")):
            shortest, longest = getattr(self, short), getattr(self, long)
            if not shortest < longest:
                raise ValueError(f"{short} ({shortest:g}) must be below {long} ({longest:g})")
        return self


Wavelengths = tuple[float, float]


def read_roughness(view: SkinView, params: Params) -> Read | NotMeasured:
    """Roughness in the relief band in millimetres; the view has a scale."""
    return _rms(view, _relief(view, params))


def read_roughness_unscaled(view: SkinView, params: Params) -> Read | NotMeasured:
    """Roughness in a band given in per cent of the frame of the first before photo."""
    short_side = view.frame_short_side_px * view.magnification
    shortest = params.shortest_pct / 100.0 * short_side
    if shortest < params.min_wavelength_px:
        return NotMeasured(
            f"the band starts at {shortest:.1f} pixels, fewer than {params.min_wavelength_px:g}:"
            " use photographs with more pixels"
        )
    return _rms(view, _moments(view, params, (shortest, params.longest_pct / 100.0 * short_side)))


def read_roughness_fine(view: SkinView, params: Params) -> Read | NotMeasured:
    """Roughness of 0.1 to 0.3 mm; the view has a scale."""
    waves = _wavelengths(view, params, params.fine_shortest_mm, params.fine_longest_mm, "fine")
    if isinstance(waves, NotMeasured):
        return waves
    # Nothing else reads this band, so it is not kept.
    band = relief_band(view, waves)
    found = tile_moments(band, view.mask, view.tile_ids, params.outlier_sd, only_square=True)
    return _rms(view, _enough(_less_noise(view, found, waves), params))


def read_roughness_lines(view: SkinView, params: Params) -> Read | NotMeasured:
    """Roughness of 1 to 2 mm; the view has a scale."""
    band = (params.lines_shortest_mm, params.lines_longest_mm)
    return _coarse(view, params, band, "lines", params.outlier_sd)


def read_roughness_scar(view: SkinView, params: Params) -> Read | NotMeasured:
    """Roughness of 2 to 8 mm; the view has a scale."""
    # Nothing is left out: a scar in even skin would be.
    return _coarse(view, params, (params.scar_shortest_mm, params.scar_longest_mm), "scar", None)


def read_roughness_mean(view: SkinView, params: Params) -> Read | NotMeasured:
    """Mean size of the residual in the relief band; the view has a scale."""
    found = _relief(view, params)
    if isinstance(found, NotMeasured):
        return found
    value, softer = float(found.means()[3]), float(found.blurred[3])
    tiles = Tiles(found.ids, found.counts, found.sums[:, 3] / found.counts, "mean")
    return Read(value, tiles, blur_sensitivity=_per_px2(view, np.log(softer / value)))


def read_roughness_skewness(view: SkinView, params: Params) -> Read | NotMeasured:
    """Skewness of the residual in the relief band; the view has a scale."""
    found = _relief(view, params)
    if isinstance(found, NotMeasured):
        return found
    value, mean, variance = _skewness(found.means())
    e2, e1, e3 = (found.sums[:, k] / found.counts for k in range(3))
    # What a tile adds to the skewness of all, to first order (its influence function): variance
    # and mean come from the same tiles as the cubes. The mean of these over pixels is the value.
    z1 = (e1 - mean) / np.sqrt(variance)
    z2 = (e2 - 2.0 * mean * e1 + mean**2) / variance
    z3 = (e3 - 3.0 * mean * e2 + 3.0 * mean**2 * e1 - mean**3) / variance**1.5
    each = z3 - 3.0 * z1 - 1.5 * value * (z2 - 1.0)
    softer = _skewness(found.blurred)[0]
    tiles = Tiles(found.ids, found.counts, each, "mean")
    exact = float(found.counts @ each / found.counts.sum())
    return Read(exact, tiles, blur_sensitivity=_per_px2(view, softer - value))


def read_anisotropy(view: SkinView, params: Params) -> Read | NotMeasured:
    """Anisotropy of the relief band; the view has a scale."""
    found = _relief(view, params)
    if isinstance(found, NotMeasured):
        return found
    waves = _wavelengths(view, params, params.shortest_mm, params.longest_mm, "relief")
    if isinstance(waves, NotMeasured):
        return waves
    factor = max(1, int(waves[0] / params.min_wavelength_px))
    small, usable = averaged_where(once(relief_band, view, waves), view.mask, found.limit, factor)
    side = round(params.patch_mm / params.longest_mm * waves[1] / factor)
    side = min(next_fast_len(side, real=True), *small.shape)
    scaled = (waves[0] / factor, waves[1] / factor)
    seen = anisotropy.directions(small, usable, side, scaled) if side > scaled[1] else None
    if seen is None:
        return NotMeasured("the region is too small or has too many gaps to tell directions in it")
    total = seen.total()
    least, most = int(np.argmin(total)), int(np.argmax(total))
    ratio = total[least] / total[most]
    # As for the skewness: to first order what a patch adds to 1 - least/most of all.
    each = (
        1.0 - (seen.energy[:, least] - ratio * (seen.energy[:, most] - total[most])) / total[most]
    )
    ids, weight, value = _by_tile(view, seen.centre * factor, seen.weight, each)
    softer = 1.0 - float(seen.softer.min() / seen.softer.max())
    return Read(
        float(weight @ value / weight.sum()),
        Tiles(ids, weight, value, "mean"),
        blur_sensitivity=_per_px2(view, (softer - (1.0 - ratio)) / factor**2),
    )


def _wavelengths(
    view: SkinView, params: Params, shortest_mm: float, longest_mm: float, name: str
) -> Wavelengths | NotMeasured:
    """A band in pixels of the view."""
    pixel = fine_pixel_mm(view, shortest_mm, params.min_wavelength_px, f"the {name} band")
    if isinstance(pixel, NotMeasured):
        return pixel
    return shortest_mm / pixel, longest_mm / pixel


def _relief(view: SkinView, params: Params) -> Moments | NotMeasured:
    waves = _wavelengths(view, params, params.shortest_mm, params.longest_mm, "relief")
    return waves if isinstance(waves, NotMeasured) else _moments(view, params, waves)


def _moments(view: SkinView, params: Params, waves: Wavelengths) -> Moments | NotMeasured:
    return _enough(once(_native_moments, view, (waves, params.outlier_sd)), params)


def _native_moments(view: SkinView, setting: tuple[Wavelengths, float]) -> Moments:
    waves, outlier_sd = setting
    found = tile_moments(once(relief_band, view, waves), view.mask, view.tile_ids, outlier_sd)
    return _less_noise(view, found, waves)


def _less_noise(view: SkinView, found: Moments, waves: Wavelengths) -> Moments:
    if isinstance(view.noise, NotMeasured):
        return found
    return without_noise(found, view.noise, band_sigmas(waves, view.blur_to_add_px2))


def _coarse(
    view: SkinView,
    params: Params,
    band_mm: tuple[float, float],
    name: str,
    outlier_sd: float | None,
) -> Read | NotMeasured:
    waves = _wavelengths(view, params, *band_mm, name)
    if isinstance(waves, NotMeasured):
        return waves
    if np.count_nonzero(view.mask) < waves[1] ** 2:
        return NotMeasured(
            f"the region is smaller than a square of {band_mm[1]:g} mm: too small for the {name}"
            " band"
        )
    band = coarse_band(view, waves)
    factor = band.factor
    share = averaged(view.mask.astype(np.float32), factor)
    tiles = square_middles(view.tile_ids, factor)
    found = tile_moments(band.residual, share, tiles, outlier_sd, only_square=True)
    return _rms(view, _enough(found, params, factor**2), factor)


def _enough(found: Moments, params: Params, px_each: int = 1) -> Moments | NotMeasured:
    if found.counts.sum() * px_each < params.min_pixels:
        return NotMeasured(
            f"fewer than {params.min_pixels} usable pixels in the region: too few for texture"
        )
    if found.means()[0] <= 0.0:
        return NotMeasured("the region is perfectly even: no skin texture in it")
    return found


def _rms(view: SkinView, found: Moments | NotMeasured, factor: int = 1) -> Read | NotMeasured:
    if isinstance(found, NotMeasured):
        return found
    square, softer = float(found.means()[0]), float(found.blurred[0])
    counts = found.counts * factor**2
    tiles = Tiles(found.ids, counts, found.sums[:, 0] / found.counts, "rms")
    sensitivity = _per_px2(view, 0.5 * np.log(softer / square) / factor**2)
    return Read(float(np.sqrt(square)), tiles, blur_sensitivity=sensitivity)


def _per_px2(view: SkinView, change: float) -> float:
    """What the probing blur changed, per px² of the first before photo."""
    return float(change) / moments.PROBE_PX2 * view.magnification**2


def _skewness(means: Matrix) -> tuple[float, float, float]:
    """Skewness, mean and variance from the means of e², e and e³."""
    square, mean, cube = (float(value) for value in means[:3])
    variance = max(square - mean**2, 1e-30)
    return (cube - 3.0 * mean * square + 2.0 * mean**3) / variance**1.5, mean, variance


def _by_tile(
    view: SkinView,
    centre: NDArray[np.int64],
    weight: NDArray[np.float64],
    each: NDArray[np.float64],
) -> tuple[NDArray[np.int32], NDArray[np.float64], NDArray[np.float64]]:
    """Means of patches by the tile of their middle; where there is none they join the last."""
    tile = view.tile_ids[centre[:, 0], centre[:, 1]]
    tile = np.where(tile >= 0, tile, max(0, int(tile.max())))
    weights = np.bincount(tile, weights=weight)
    ids = np.flatnonzero(weights).astype(np.int32)
    means = np.bincount(tile, weights=weight * each)[ids] / weights[ids]
    return ids, np.asarray(weights[ids]), np.asarray(means)


_ISO: Final = "ISO 16610-21:2011, Gaussian profile filter."
_FRAGILE: Final = frozenset({"light", "blur", "alignment"})


def _measure(
    name: str,
    title: str,
    read: Callable[[SkinView, Params], Read | NotMeasured],
    *,
    change: Literal["ratio", "difference"] = "ratio",
    better: Literal["lower", "neither"] = "lower",
    need: Need = Need.SCALE,
    detail: bool = False,
    version: int = 1,
) -> Measure:
    """What all measures of this family have in common."""
    fragile = _FRAGILE | {"scale"} if need is Need.SCALE and change == "ratio" else _FRAGILE
    return Measure(
        name=name,
        title=title,
        unit="1",
        change=change,
        better=better,
        family="texture",
        needs=frozenset({need}),
        uses_reference=True,
        fragile_to=fragile,
        params=Params,
        read=read,
        version=version,
        references=(_ISO,),
        detail=detail,
    )


MEASURES = (
    _measure("roughness", "Texture roughness", read_roughness, version=2),
    _measure(
        "roughness_unscaled",
        "Texture roughness (no scale)",
        read_roughness_unscaled,
        need=Need.NO_SCALE,
    ),
    _measure("roughness_fine", "Fine roughness (0.1-0.3 mm)", read_roughness_fine, detail=True),
    _measure("roughness_lines", "Coarse roughness (1-2 mm)", read_roughness_lines, detail=True),
    _measure("roughness_scar", "Unevenness of 2-8 mm", read_roughness_scar, detail=True),
    _measure("roughness_mean", "Mean roughness", read_roughness_mean, detail=True),
    _measure(
        "roughness_skewness",
        "Skewness of the relief",
        read_roughness_skewness,
        change="difference",
        better="neither",
        detail=True,
    ),
    _measure(
        "anisotropy",
        "Directedness of the relief",
        read_anisotropy,
        change="difference",
        better="neither",
        detail=True,
    ),
)
