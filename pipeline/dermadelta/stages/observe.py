"""Observe: what differs between the photographs of a pair besides the skin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from dermadelta.domain import (
    REFERENCE,
    AlignedPhoto,
    Carried,
    Matrix,
    NotMeasured,
    PhotoFacts,
    Settings,
    SkinView,
)
from dermadelta.kernels.colour import TINY, log_luminance
from dermadelta.kernels.geometry import local_affine, roll
from dermadelta.kernels.masks import picked
from dermadelta.kernels.memo import once
from dermadelta.kernels.shading import lean, slope, turned
from dermadelta.kernels.sharpness import blur_difference, mean_power, noise_floor
from dermadelta.kernels.statistics import robust_sd, tile_sums


class ObserveConfig(Settings):
    """How blur and light are held against each other."""

    spectrum_window_px: int = Field(64, ge=16, description="Side of the windows of the spectra.")
    spectrum_low: float = Field(
        0.08, gt=0.0, description="Lowest frequency of the blur fit without a scale, cycles/pixel."
    )
    spectrum_low_per_mm: float = Field(
        1.6,
        gt=0.0,
        description="The same with a scale, cycles per mm. Below it pigment and relief share the"
        " spectrum, and a change of relief reads as blur: from 0.8 on a true change by a third"
        " reads as 0.3 px² at 0.05 mm per pixel, from 1.6 on as 0.03 (24 rendered pairs).",
    )
    spectrum_high: float = Field(
        0.30, gt=0.0, description="Highest frequency of the blur fit, cycles per pixel."
    )
    noise_margin: float = Field(5.0, gt=1.0, description="Power over the noise floor in the fit.")
    detail: tuple[float, float] = Field(
        (0.06, 0.20), description="Band of fine detail that is compared, cycles per pixel."
    )
    grain: tuple[float, float] = Field(
        (0.30, 0.40),
        description="Band of the grain, which is mostly noise that JPEG leaves; cycles per pixel.",
    )
    lean_sigma_px: float = Field(
        1.5, gt=0.0, description="Smoothing before the direction of the shading is taken, pixels."
    )


def observe(carried: Carried, photos: Sequence[AlignedPhoto], config: ObserveConfig) -> Carried:
    """Fit the facts of every photo, and the blur that brings all to one sharpness.

    Fitted on reference skin where there is some, else on the first region: inside treated skin a
    real change of relief looks a little like blur.

    Parameters
    ----------
    carried : Carried
        Views as cut.
    photos : sequence of AlignedPhoto
        The same photos in the same order, for what is saturated.
    config : ObserveConfig

    Returns
    -------
    Carried
        With ``facts`` per photo, and views that know the blur to add.
    """
    names = [view.region for view in carried.views]
    anchors = [
        v for v in carried.views if v.region == (REFERENCE if REFERENCE in names else names[0])
    ]
    regions = [v for v in carried.views if v.region == names[0]]
    base = _Base(
        once(_spectrum, anchors[0], config),
        once(_tile_logs, anchors[0], config),
        once(_tile_logs, regions[0], config),
    )
    facts = tuple(
        _photo_facts(base, anchor, region, photo, config)
        for anchor, region, photo in zip(anchors, regions, photos, strict=True)
    )
    return replace(carried, views=_equalised(carried.views, facts), facts=facts)


Spectrum = tuple[Matrix, Matrix, int]
Logs = tuple[NDArray[np.int32], Matrix]


@dataclass(frozen=True, eq=False)
class _Base:
    """The first before photo: spectrum and tiles of its anchor, tiles of its region."""

    spectrum: Spectrum
    anchor: Logs
    region: Logs


def _photo_facts(
    base: _Base, view: SkinView, region: SkinView, photo: AlignedPhoto, config: ObserveConfig
) -> PhotoFacts:
    spectrum, tiles = once(_spectrum, view, config), once(_tile_logs, region, config)
    first = photo.alignment is None
    sigma2, se = (0.0, 0.0) if first else _blur(base.spectrum, spectrum, view, config)
    own = once(_tile_logs, view, config)
    change = _change(base.anchor, own)
    light = change.mean(axis=1)
    return PhotoFacts(
        photo_id=view.photo_id,
        role=view.role,
        sigma2_px2=sigma2,
        sigma2_se_px2=se,
        anchor="reference" if view.region == REFERENCE else "region",
        ln_exposure=float(np.median(light)),
        ln_white_balance=(
            float(np.median(change[:, 0] - change[:, 1])),
            float(np.median(change[:, 2] - change[:, 1])),
        ),
        shading_shift=robust_sd(light),
        clipped_share=_clipped_share(region, photo, tiles[0]),
        region_ln_exposure=float(np.median(_change(base.region, tiles).mean(axis=1))),
        lean=_lean(region, config),
        noise_share=_noise_share(spectrum, view, config),
        ln_grain=_ln_amplitude(base.spectrum, spectrum, 1.0, config.grain),
        ln_detail=_ln_amplitude(base.spectrum, spectrum, view.magnification, config.detail),
        jpeg_step=photo.photo.photo.metadata.jpeg_step,
        light_from=_light_from(view, own),
        calibration_de00=photo.photo.colour.residual_de00,
        grey_cast=photo.photo.colour.grey_cast,
    )


def _change(base: Logs, own: Logs) -> Matrix:
    """Change of log RGB on the tiles that both photos show, (n, 3); no change without any."""
    common, i, j = np.intersect1d(base[0], own[0], return_indices=True)
    return np.asarray(own[1][j] - base[1][i] if len(common) else np.zeros((1, 3)))


def _lean(region: SkinView, config: ObserveConfig) -> tuple[float, float]:
    """Where the shading of the region leans to, in the frame of the first before photo."""
    rows, cols = region.mask.shape
    centre = (region.origin[0] + cols / 2.0, region.origin[1] + rows / 2.0)
    affine = local_affine(region.to_reference, centre)
    own = lean(log_luminance(region.rgb), region.mask, config.lean_sigma_px * region.magnification)
    return turned(own, roll(affine))


def _light_from(view: SkinView, tiles: Logs) -> tuple[float, float]:
    """Slope of log luminance, as a plane through tiles; lesions on them must not count."""
    ids, logs = tiles
    places = np.stack([ids % view.grid.n_cols, ids // view.grid.n_cols], axis=1)
    x, y = slope(places.astype(np.float64), logs.mean(axis=1))
    return float(x), float(y)


def _noise_share(spectrum: Spectrum, view: SkinView, config: ObserveConfig) -> float:
    """Noise in the fine detail by which blur is told, share of its power."""
    frequency, power, windows = spectrum
    low = _lowest(view, config) / view.magnification
    fine = (frequency >= low) & (frequency <= config.spectrum_high)
    total = float(np.sum((frequency * power)[fine]))
    if windows == 0 or total <= 0.0:
        return 0.0
    noise = np.minimum(noise_floor(frequency, power), power)
    return float(np.sum((frequency * noise)[fine])) / total


def _ln_amplitude(
    base: Spectrum, own: Spectrum, magnification: float, band: tuple[float, float]
) -> float | NotMeasured:
    """Log ratio of amplitudes in a band, cycles per pixel; skin detail scales with its size."""
    if base[2] == 0 or own[2] == 0:
        return NotMeasured("too little skin in one piece to compare fine detail")
    low, high = band
    inside = (base[0] >= low) & (base[0] <= high)
    power = np.interp(base[0] / magnification, own[0], own[1])
    first, second = (float(np.sum((base[0] * p)[inside])) for p in (base[1], power))
    return float(0.5 * np.log(max(second, 1e-20) / max(first, 1e-20)))


def _spectrum(view: SkinView, config: ObserveConfig) -> Spectrum:
    window = config.spectrum_window_px
    signal = log_luminance(view.rgb)
    for coverage in (0.95, 0.7):
        found = mean_power(
            signal, view.mask, window_px=window, step_px=window, min_coverage=coverage
        )
        if found[2] >= 4:
            return found
    return mean_power(
        signal, view.mask, window_px=window // 2, step_px=window // 4, min_coverage=0.6
    )


def _blur(
    base: Spectrum, own: Spectrum, view: SkinView, config: ObserveConfig
) -> tuple[float | NotMeasured, float]:
    frequency, power, windows = own
    base_frequency, base_values, base_windows = base
    if windows == 0 or base_windows == 0:
        return NotMeasured("too little skin in one piece to compare sharpness"), 0.0
    # The same skin frequency is 1/magnification as high in this photo's own pixels.
    carried = np.exp(
        np.interp(base_frequency / view.magnification, frequency, np.log(np.maximum(power, 1e-12)))
    )
    fitted = blur_difference(
        (base_frequency, base_values),
        (base_frequency, carried),
        low=_lowest(view, config),
        high=min(config.spectrum_high, 0.45 * min(1.0, view.magnification)),
        noise_margin=config.noise_margin,
    )
    if fitted is None:
        return NotMeasured("texture does not stand clear of the noise: sharpness unknown"), 0.0
    return fitted


def _lowest(view: SkinView, config: ObserveConfig) -> float:
    """Lowest frequency of the blur fit in cycles per pixel of the first before photo."""
    if isinstance(view.scale, NotMeasured):
        return config.spectrum_low
    return config.spectrum_low_per_mm * view.scale.mm_per_px * view.magnification


def _tile_logs(view: SkinView, _config: ObserveConfig) -> Logs:
    """Log of the mean linear RGB per tile."""
    tiles, colours = picked(view.mask, view.tile_ids, view.rgb)
    ids, counts, sums = tile_sums(tiles, colours)
    return ids, np.log(np.maximum(sums / counts[:, None], TINY))


def _clipped_share(view: SkinView, photo: AlignedPhoto, tiles: NDArray[np.int32]) -> float:
    """Saturated pixels among those that the region covers, from the tiles it reaches."""
    x0, y0 = view.origin
    rows, cols = view.mask.shape
    clipped = photo.photo.photo.clipped[y0 : y0 + rows, x0 : x0 + cols]
    # The last entry is that of pixels without a tile, whose number is -1.
    is_reached = np.zeros(view.grid.n_cols * view.grid.n_rows + 1, dtype=np.bool_)
    is_reached[tiles] = True
    reached = is_reached[view.tile_ids]
    total = int(np.count_nonzero(reached & (view.skin | clipped)))
    return float(np.count_nonzero(reached & clipped)) / max(total, 1)


def _equalised(views: Sequence[SkinView], facts: Sequence[PhotoFacts]) -> tuple[SkinView, ...]:
    """Views with the blur that each needs to be as soft as the softest photo.

    Without reference skin none is added: on glossy skin a change of relief still reads as blur
    (0.4 px² for a true change by a quarter), and correcting it would take the change away. The
    difference that was seen then widens the interval instead.
    """
    known = {
        fact.photo_id: fact.sigma2_px2
        for fact in facts
        if fact.anchor == "reference" and not isinstance(fact.sigma2_px2, NotMeasured)
    }
    common = max(known.values(), default=0.0)
    return tuple(
        replace(
            view,
            blur_to_add_px2=(common - known.get(view.photo_id, common)) * view.magnification**2,
        )
        for view in views
    )
