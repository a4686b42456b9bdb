"""Optical roughness of skin: the strength of its relief as light and shade show it.

Definition
----------
Standard deviation of log luminance u = ln Y (linear light) in the relief band, 0.2 to 1.0 mm:
u smoothed with a Gaussian of the shorter cut-off minus u smoothed with that of the longer one
(σ = 0.1874·λ, ISO 16610-21), means taken over usable skin only. ``roughness`` needs a scale;
``roughness_unscaled`` is the same with the band in per cent of the frame's short side.

Unit
----
1 (a standard deviation of log luminance; 0.03 = 3 % contrast).

Range
-----
About 0.01 (smooth skin, flat light) to 0.15 (coarse skin, raking light).

What confuses it
----------------
The lamp: a light that moves from 45° to 37° reads as -24 %. Blur, JPEG, tone curve, oedema in the
first weeks; freckles and vessels lie in the same band and do not shrink with the relief. It is
no depth and no Ra or Sa: a single photograph cannot give those.

Source
------
ISO 16610-21 (Gaussian filter); band and correction by reference skin as in the methods text.
"""

from __future__ import annotations

from typing import Self

import numpy as np
from pydantic import Field, model_validator

from dermadelta.domain import Measure, Need, NotMeasured, Read, Scale, Settings, SkinView, Tiles
from dermadelta.kernels.colour import log_luminance
from dermadelta.kernels.statistics import robust_sd, tile_sums
from dermadelta.kernels.texture import CUTOFF_TO_SIGMA, band_residual, gaussian


class Params(Settings):
    """Settings of the texture family."""

    shortest_mm: float = Field(0.2, gt=0.0, description="Shortest wavelength of the band, mm.")
    longest_mm: float = Field(1.0, gt=0.0, description="Longest wavelength of the band, mm.")
    shortest_pct: float = Field(
        0.6, gt=0.0, description="Shortest wavelength without a scale, % of the short side."
    )
    longest_pct: float = Field(
        3.0, gt=0.0, description="Longest wavelength without a scale, % of the short side."
    )
    min_wavelength_px: float = Field(
        3.0, gt=0.0, description="Fewer pixels in the shortest wavelength: not measured."
    )
    min_pixels: int = Field(
        2_000, gt=0, description="Fewer usable pixels in the region: not measured."
    )
    outlier_sd: float = Field(
        6.0, gt=0.0, description="Pixels beyond so many robust SDs (hairs, moles) are left out."
    )

    @model_validator(mode="after")
    def _bands_have_width(self) -> Self:
        for unit in ("mm", "pct"):
            shortest, longest = getattr(self, f"shortest_{unit}"), getattr(self, f"longest_{unit}")
            if not shortest < longest:
                raise ValueError(
                    f"shortest_{unit} ({shortest:g}) must be below longest_{unit} ({longest:g})"
                )
        return self


_PROBE_PX2 = 0.25
"""Extra blur variance by which the sensitivity to blur is probed; small against any band."""


def read_roughness(view: SkinView, params: Params) -> Read | NotMeasured:
    """Roughness in the relief band in millimetres; the view has a scale."""
    if not isinstance(view.scale, Scale):
        return NotMeasured("no scale")
    pixel = view.scale.mm_per_px
    if params.shortest_mm / pixel < params.min_wavelength_px:
        needed = params.shortest_mm / params.min_wavelength_px
        return NotMeasured(
            f"resolution {pixel:.3f} mm per pixel is too coarse for the relief band: move closer"
            f" or use a camera that gives {needed:.3f} mm per pixel or finer"
        )
    return _roughness(view, params, params.shortest_mm / pixel, params.longest_mm / pixel)


def read_roughness_unscaled(view: SkinView, params: Params) -> Read | NotMeasured:
    """Roughness in a band given in per cent of the frame of the first before photo."""
    short_side = view.frame_short_side_px * view.magnification
    shortest = params.shortest_pct / 100.0 * short_side
    if shortest < params.min_wavelength_px:
        return NotMeasured(
            f"the band starts at {shortest:.1f} pixels, fewer than {params.min_wavelength_px:g}:"
            " use photographs with more pixels"
        )
    return _roughness(view, params, shortest, params.longest_pct / 100.0 * short_side)


def _roughness(
    view: SkinView, params: Params, shortest_px: float, longest_px: float
) -> Read | NotMeasured:
    signal = log_luminance(view.rgb)
    blur = view.blur_to_add_px2
    fine, coarse = (
        float(np.sqrt((CUTOFF_TO_SIGMA * wavelength) ** 2 + blur))
        for wavelength in (shortest_px, longest_px)
    )
    residual = band_residual(signal, view.skin, fine, coarse)
    limit = params.outlier_sd * robust_sd(residual[view.mask])
    kept = view.mask & (np.abs(residual) <= limit)
    if np.count_nonzero(kept) < params.min_pixels:
        return NotMeasured(
            f"fewer than {params.min_pixels} usable pixels in the region: too few for texture"
        )
    ids, counts, sums = tile_sums(view.tile_ids[kept], residual[kept] ** 2)
    value = float(np.sqrt(sums.sum() / counts.sum()))
    if value <= 0.0:
        return NotMeasured("the region is perfectly even: no skin texture in it")
    blurred = gaussian(residual, float(np.sqrt(_PROBE_PX2)))[kept]
    per_own_px2 = float(np.log(np.sqrt(np.mean(blurred**2)) / value) / _PROBE_PX2)
    sensitivity = per_own_px2 * view.magnification**2
    return Read(value, Tiles(ids, counts, sums / counts, "rms"), blur_sensitivity=sensitivity)


_ISO = "ISO 16610-21:2011, Gaussian profile filter."

MEASURES = (
    Measure(
        name="roughness",
        title="Texture roughness",
        unit="1",
        change="ratio",
        better="lower",
        family="texture",
        needs=frozenset({Need.SCALE}),
        uses_reference=True,
        fragile_to=frozenset({"light", "blur", "alignment", "scale"}),
        params=Params,
        read=read_roughness,
        version=1,
        references=(_ISO,),
    ),
    Measure(
        name="roughness_unscaled",
        title="Texture roughness (no scale)",
        unit="1",
        change="ratio",
        better="lower",
        family="texture",
        needs=frozenset({Need.NO_SCALE}),
        uses_reference=True,
        fragile_to=frozenset({"light", "blur", "alignment"}),
        params=Params,
        read=read_roughness_unscaled,
        version=1,
        references=(_ISO,),
    ),
)
