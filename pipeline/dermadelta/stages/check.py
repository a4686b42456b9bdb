"""Check: whether a photograph is good enough to be measured at all.

Five observations, each held against one limit. ``CheckConfig.rejecting`` says which of them
reject the photograph; the others only mark it. None of them judges skin by its darkness.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from dermadelta.domain import (
    Check,
    CheckVerdict,
    Mask,
    NotMeasured,
    Photo,
    Pixels,
    QualityReport,
    Settings,
)
from dermadelta.kernels.colour import linearise, luminance
from dermadelta.kernels.focus import detail_blur

CheckName = Literal["focus", "exposure", "clipping", "resolution", "date"]


class CheckConfig(Settings):
    """Limits of the checks, and which of them reject."""

    rejecting: tuple[CheckName, ...] = Field(
        default=("focus", "exposure", "clipping", "resolution"),
        description="Checks whose failure rejects a photograph; the others only mark it. A date "
        "that disagrees is most often a camera clock, so it marks.",
    )
    max_blur_px: float = Field(
        default=2.7,
        gt=0,
        description="Largest blur (Gaussian sigma, pixels) of the sharpest tenth of the tiles. "
        "Between 136 real photographs of skin and faces (0.5 to 12 MP), which read 0.2 to 2.5, "
        "and the same photographs defocused three-fold, which read 2.9 to 11.",
    )
    tile_px: int = Field(default=128, ge=32, description="Side of a tile, pixels.")
    max_tiles: int = Field(
        default=100, ge=1, description="Tiles looked at, evenly spread; more cost only time."
    )
    noise_margin: float = Field(
        default=6.0,
        gt=0,
        description="Gradients below this many SD of the noise's gradient are not edges.",
    )
    min_luminance: float = Field(
        default=0.02,
        ge=0,
        description="Least median luminance of the region. Pixels below it are left out of every "
        "measure; very dark skin (L* 25, Y 0.044) exposed so that white is 0.8 still has 0.035.",
    )
    max_luminance: float = Field(
        default=0.90,
        le=1,
        description="Largest median luminance of the region; the lightest skin reflects 0.65.",
    )
    max_clipped_region: float = Field(
        default=0.05,
        ge=0,
        le=1,
        description="Largest clipped share of a given region.",
    )
    max_clipped_frame: float = Field(
        default=0.50,
        ge=0,
        le=1,
        description="Largest clipped share of the picture where no region is given; a white "
        "background is no fault of the photograph.",
    )
    min_short_side_px: int = Field(
        default=400,
        ge=1,
        description="Least length of the shorter side, pixels. Convention: below it a face has "
        "less than 2 px per millimetre and no texture band is left.",
    )
    max_days_apart: int = Field(
        default=1,
        ge=0,
        description="Largest difference of visit date and camera date, days; one allows for "
        "time zones and for midnight.",
    )


def check(photo: Photo, roi: Mask | None, config: CheckConfig) -> QualityReport:
    """Check one photograph.

    Parameters
    ----------
    photo : Photo
        The upright photograph.
    roi : (H, W) bool or None
        The given region; None judges the whole picture.
    config : CheckConfig
        Limits.

    Returns
    -------
    QualityReport
        Checks in the order focus, exposure, clipping, resolution, date. The photograph is
        accepted when none of the rejecting ones fails.
    """
    checks = (
        _focus(photo, roi, config),
        _exposure(photo, roi, config),
        _clipping(photo, roi, config),
        _resolution(photo, config),
        _date(photo, config),
    )
    reasons = tuple(
        f"{item.name} {_shown(item)}, limit {item.limit}. {item.remedy}"
        for item in checks
        if item.verdict is CheckVerdict.FAIL and item.name in config.rejecting
    )
    return QualityReport(checks, accepted=not reasons, reasons=reasons)


def _shown(item: Check) -> str:
    value = f"{item.value:.3g}" if isinstance(item.value, float) else str(item.value)
    return f"{value} {item.unit}".strip()


def _verdict(good: bool) -> CheckVerdict:
    return CheckVerdict.PASS if good else CheckVerdict.FAIL


# --------------------------------------------------------------------------------- focus


def _focus(photo: Photo, roi: Mask | None, config: CheckConfig) -> Check:
    """Blur of the sharpest tiles: skin in focus beside a soft background is in focus."""
    limit = f"≤ {config.max_blur_px:g}"
    blurs = [
        blur
        for tile in _tiles(photo, roi, config)
        if (blur := detail_blur(tile, noise_margin=config.noise_margin)) is not None
    ]
    if not blurs:
        reason = "no detail stands clear of the noise, so focus cannot be judged"
        verdict = CheckVerdict.NOT_APPLICABLE
        return Check("focus", NotMeasured(reason), "px", limit, verdict, reason)
    blur = float(np.percentile(blurs, 10))
    remedy = "Focus on the skin, hold still or use a tripod, and take it again."
    return Check("focus", blur, "px", limit, _verdict(blur <= config.max_blur_px), remedy)


def _tiles(photo: Photo, roi: Mask | None, config: CheckConfig) -> list[NDArray[np.float32]]:
    """Grey tiles (0..255) spread over the region, else over the picture."""
    height, width = photo.rgb.shape[:2]
    side = min(config.tile_px, height, width)
    corners = [
        (y, x)
        for y in range(0, height - side + 1, side)
        for x in range(0, width - side + 1, side)
        if roi is None or roi[y : y + side, x : x + side].mean() > 0.5
    ]
    if not corners:  # a region smaller than two tiles says nothing by itself
        return _tiles(photo, None, config)
    step = max(1, -(-len(corners) // config.max_tiles))
    scale = np.float32(255.0 / np.iinfo(photo.rgb.dtype).max)
    tiles = (photo.rgb[y : y + side, x : x + side] for y, x in corners[::step])
    return [_grey(tile.astype(np.float32) * scale) for tile in tiles]


def _grey(rgb: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), dtype=np.float32)


# ------------------------------------------------------------------- exposure, clipping


def _exposure(photo: Photo, roi: Mask | None, config: CheckConfig) -> Check:
    """Median luminance of the region.

    Without a region the background counts too, black or white, so only a picture of which
    three quarters are too dark or too bright fails; the quartile that shows it is the value.
    """
    height, width = photo.rgb.shape[:2]
    step = max(1, int(np.sqrt(height * width / _SAMPLES)))
    sample: Pixels = photo.rgb[::step, ::step].copy()
    to_linear = photo.to_linear
    y = luminance(linearise(sample, to_linear.curves, to_linear.matrix))
    inside = None if roi is None else roi[::step, ::step]
    if inside is not None and inside.any():
        value = float(np.median(y[inside]))
    else:
        value = _typical(y, config)
    dark = value < config.min_luminance
    remedy = "Give more light or exposure." if dark else "Give less light or exposure."
    good = config.min_luminance <= value <= config.max_luminance
    limit = f"{config.min_luminance:g} … {config.max_luminance:g}"
    return Check("exposure", value, "Y", limit, _verdict(good), remedy)


def _typical(y: NDArray[np.floating], config: CheckConfig) -> float:
    """The quartile of the picture that lies nearest to the allowed range, or in it."""
    low, middle, high = (float(v) for v in np.percentile(y, (25, 50, 75)))
    if middle < config.min_luminance:
        return high
    return low if middle > config.max_luminance else middle


_SAMPLES = 1_000_000
"""Pixels from which the median is taken; it is exact to three digits."""


def _clipping(photo: Photo, roi: Mask | None, config: CheckConfig) -> Check:
    given = roi is not None and bool(roi.any())
    limit = config.max_clipped_region if given else config.max_clipped_frame
    value = 100.0 * float(photo.clipped[roi].mean() if given else photo.clipped.mean())
    return Check(
        "clipping",
        value,
        "%",
        f"≤ {100 * limit:g}",
        _verdict(value <= 100 * limit),
        "Give less light or exposure, and turn the lamp so that the skin does not shine.",
    )


# ---------------------------------------------------------------------- resolution, date


def _resolution(photo: Photo, config: CheckConfig) -> Check:
    value = float(min(photo.rgb.shape[:2]))
    return Check(
        "resolution",
        value,
        "px",
        f"≥ {config.min_short_side_px}",
        _verdict(value >= config.min_short_side_px),
        "Use the original of the camera, not a copy made smaller for sending.",
    )


def _date(photo: Photo, config: CheckConfig) -> Check:
    """Visit date against the date in the file."""
    limit = f"≤ {config.max_days_apart}"
    taken: datetime | None = photo.metadata.captured_at
    if taken is None:
        reason = "the file does not say when it was taken"
        verdict = CheckVerdict.NOT_APPLICABLE
        return Check("date", NotMeasured(reason), "d", limit, verdict, reason)
    apart = float(abs((taken.date() - photo.ref.visit_date).days))
    remedy = (
        f"The camera says {taken.date()}, the visit {photo.ref.visit_date}: correct whichever "
        "is wrong."
    )
    return Check("date", apart, "d", limit, _verdict(apart <= config.max_days_apart), remedy)
