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
from dermadelta.kernels.noise import noise_variance
from dermadelta.kernels.shading import lean, slope, turned
from dermadelta.kernels.sharpness import (
    BlurPrior,
    blur_difference,
    mean_power,
    noise_floor,
    shrunken_blur,
)
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
    steady_blur_sd_px2: float = Field(
        0.08,
        gt=0.0,
        description="Without reference skin: SD of the difference of blur of most pairs, px².",
    )
    other_blur_sd_px2: float = Field(
        0.40, gt=0.0, description="The same of those whose focus or lens differs, px²."
    )
    other_blur_share: float = Field(0.25, gt=0.0, lt=1.0, description="Share of those pairs.")
    region_fit_sd_px2: float = Field(
        0.15,
        gt=0.0,
        description="SD of the blur fit on a treated region beyond its own standard error, px².",
    )
    region_fit_px2_per_ln: float = Field(
        1.5,
        ge=0.0,
        description="The same per ln by which fine detail of the region changed, px²: on clean"
        " pictures relief weaker by 45 % reads as 0.9 px².",
    )
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
        _unchanged(once(_skin_logs, anchors[0], config), anchors[0], regions[0], config),
    )
    facts = tuple(
        _photo_facts(base, anchor, region, photo, config)
        for anchor, region, photo in zip(anchors, regions, photos, strict=True)
    )
    return replace(
        carried, views=_equalised(_with_noise(carried.views, config), facts, config), facts=facts
    )


_MOSTLY = 0.5
"""Share of a tile that must be skin for its shading to count."""

_SAMPLES = 12.0
"""Pixels along a tile from which its shading is taken, at least."""

Spectrum = tuple[Matrix, Matrix, int]
Logs = tuple[NDArray[np.int32], Matrix]


@dataclass(frozen=True, eq=False)
class _Base:
    """The first before photo: spectrum and tiles of its anchor, tiles of its region.

    ``skin`` are the tiles of all skin in the box of the anchor; without the region's, where
    there is other skin.
    """

    spectrum: Spectrum
    anchor: Logs
    region: Logs
    skin: Logs


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
        light_slope=_light_slope(base.skin, view, config),
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
    x, y = slope(_places(ids, view), logs.mean(axis=1))
    return float(x), float(y)


def _light_slope(base: Logs, view: SkinView, config: ObserveConfig) -> tuple[float, float]:
    """Slope of ln R over all skin: on curved skin it grows with the lamp as relief does.

    That of the first before photo and that of the change are fitted apart: what is pigment on
    both photos is in the former alone, and cannot look like light that moved.
    """
    ids, logs = once(_skin_logs, view, config)
    common, i, j = np.intersect1d(base[0], ids, return_indices=True)
    first = slope(_places(base[0], view), base[1][:, 0])
    x, y = first + slope(_places(common, view), logs[j, 0] - base[1][i, 0])
    return float(x), float(y)


def _unchanged(skin: Logs, anchor: SkinView, region: SkinView, config: ObserveConfig) -> Logs:
    """Tiles without those of the region, where only that was treated: its colour may change."""
    if anchor.region != REFERENCE:
        return skin
    ids, logs = skin
    kept = ~np.isin(ids, once(_tile_logs, region, config)[0])
    return ids[kept], logs[kept]


def _places(ids: NDArray[np.int32], view: SkinView) -> Matrix:
    """(n, 2) columns and rows of tiles."""
    cols = view.grid.n_cols
    return np.stack([ids % cols, ids // cols], axis=1).astype(np.float64)


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


def _skin_logs(view: SkinView, _config: ObserveConfig) -> Logs:
    """The same over all skin of the box, on tiles that are mostly skin; a sample of their pixels.

    A tile has some 150 of them at any resolution: shading is smooth.
    """
    side_px = view.grid.size_px * view.magnification
    step = max(1, int(side_px / _SAMPLES))
    sparse = (slice(None, None, step), slice(None, None, step))
    numbers = view.tile_ids[sparse]
    tiles, colours = picked(view.skin[sparse] & (numbers >= 0), numbers, view.rgb[sparse])
    if not len(tiles):
        return np.empty(0, dtype=np.int32), np.empty((0, 3))
    ids, counts, sums = tile_sums(tiles, colours)
    full = counts >= _MOSTLY * (side_px / step) ** 2
    return ids[full], np.log(np.maximum(sums[full] / counts[full, None], TINY))


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


def _with_noise(views: Sequence[SkinView], config: ObserveConfig) -> list[SkinView]:
    """Views that know their noise; those of a region all do, or a ratio would be of two kinds.

    Without a scale a quarter cycle per pixel may be relief: portraits lost 7 % of texture by it.
    """
    if isinstance(views[0].scale, NotMeasured):
        no_scale = NotMeasured("without a scale it may be relief")
        return [replace(view, noise=no_scale) for view in views]
    spectra = [once(_spectrum, view, config) for view in views]
    unknown = {view.region for view, found in zip(views, spectra, strict=True) if found[2] == 0}
    return [
        replace(view, noise=NotMeasured("too little skin in one piece to tell its noise"))
        if view.region in unknown
        else replace(view, noise=noise_variance(*found[:2]))
        for view, found in zip(views, spectra, strict=True)
    ]


def _equalised(
    views: Sequence[SkinView], facts: Sequence[PhotoFacts], config: ObserveConfig
) -> tuple[SkinView, ...]:
    """Views with the blur that each needs to be as soft as the softest photo.

    Without reference skin a change of relief reads as blur too (0.4 px² for one by a half on glossy
    skin), so only that part is corrected which is likelier to be the lens; the difference that was
    seen widens the interval.
    """
    prior = BlurPrior(
        config.steady_blur_sd_px2,
        config.other_blur_sd_px2,
        config.other_blur_share,
        config.region_fit_sd_px2,
        config.region_fit_px2_per_ln,
    )
    known = {
        fact.photo_id: fact.sigma2_px2
        if fact.anchor == "reference" or isinstance(fact.ln_detail, NotMeasured)
        else shrunken_blur(fact.sigma2_px2, fact.sigma2_se_px2, fact.ln_detail, prior)
        for fact in facts
        if not isinstance(fact.sigma2_px2, NotMeasured)
    }
    common = max(known.values(), default=0.0)
    return tuple(
        replace(
            view,
            blur_to_add_px2=(common - known.get(view.photo_id, common)) * view.magnification**2,
        )
        for view in views
    )
