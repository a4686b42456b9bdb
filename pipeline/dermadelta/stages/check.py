"""Check: whether a photograph is good enough to be measured at all.

Six observations, each held against one limit. ``CheckConfig.rejecting`` says which of them
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

CheckName = Literal["focus", "exposure", "clipping", "colour", "resolution", "date"]
Box = tuple[slice, slice]


class CheckConfig(Settings):
    """Limits of the checks, and which of them reject."""

    rejecting: tuple[CheckName, ...] = Field(
        default=("focus", "exposure", "clipping", "colour", "resolution"),
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
        description="Least typical luminance around the region. Pixels below it are left out of "
        "every measure; very dark skin (L* 25, Y 0.044) exposed so that white is 0.8 has 0.035.",
    )
    max_luminance: float = Field(
        default=0.90,
        le=1,
        description="Largest typical luminance; the lightest skin reflects 0.65.",
    )
    max_clipped_region: float = Field(
        default=0.25,
        ge=0,
        le=1,
        description="Largest clipped share of a given region. Clipped pixels are left out later; "
        "beyond a quarter the rest is no fair sample. Moist wounds under a flash (56 clinic "
        "photographs) reach 0.22.",
    )
    max_clipped_frame: float = Field(
        default=0.50,
        ge=0,
        le=1,
        description="Largest clipped share of the picture where no region is given; a white "
        "background is no fault of the photograph.",
    )
    min_colour: float = Field(
        default=2.0,
        ge=0,
        description="Least spread between the encoded channels, per cent of full scale, that at "
        "least a twentieth of the pixels must have. A grey photograph saved in colour has 0 to 1; "
        "136 real photographs of skin and faces have 10 to 81.",
    )
    min_short_side_px: int = Field(
        default=400,
        ge=1,
        description="Least length of the shorter side, pixels. Convention: below it a face has "
        "less than 2 px per millimetre and no texture band is left.",
    )
    surroundings: float = Field(
        default=0.5,
        ge=0,
        description="Focus and exposure are judged on the box of the region and so much of its "
        "size around it: a lesion may itself be smooth or dark, the skin beside it tells.",
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
        Checks in the order focus, exposure, clipping, colour, resolution, date. The photograph is
        accepted when none of the rejecting ones fails.
    """
    around = _around(photo, roi, config)
    checks = (
        _focus(photo, around, config),
        _exposure(photo, around, config),
        _clipping(photo, roi, config),
        _colour(photo, around, config),
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


def _around(photo: Photo, roi: Mask | None, config: CheckConfig) -> Box:
    """Box of the region with its surroundings, or the whole picture: rows, columns."""
    height, width = photo.rgb.shape[:2]
    if roi is None or not roi.any():
        return slice(0, height), slice(0, width)
    spans = []
    for axis, length in ((1, height), (0, width)):
        (hit,) = np.nonzero(roi.any(axis=axis))
        first, last = int(hit[0]), int(hit[-1]) + 1
        margin = max(int(config.surroundings * (last - first)), config.tile_px)
        spans.append(slice(max(0, first - margin), min(length, last + margin)))
    return spans[0], spans[1]


# --------------------------------------------------------------------------------- focus


def _focus(photo: Photo, box: Box, config: CheckConfig) -> Check:
    """Blur of the sharpest tiles: skin in focus beside a soft background is in focus."""
    limit = f"≤ {config.max_blur_px:g}"
    blurs = [
        blur
        for tile in _tiles(photo.rgb[box], config)
        if (blur := detail_blur(tile, noise_margin=config.noise_margin)) is not None
    ]
    if not blurs:
        reason = "no detail stands clear of the noise, so focus cannot be judged"
        verdict = CheckVerdict.NOT_APPLICABLE
        return Check("focus", NotMeasured(reason), "px", limit, verdict, reason)
    blur = float(np.percentile(blurs, 10))
    remedy = "Focus on the skin, hold still or use a tripod, and take it again."
    return Check("focus", blur, "px", limit, _verdict(blur <= config.max_blur_px), remedy)


_LEAST_TILE_PX = 32
"""Side that the blur of details needs."""


def _tiles(rgb: Pixels, config: CheckConfig) -> list[NDArray[np.float32]]:
    """Grey tiles (0..255) spread evenly over a picture."""
    height, width = rgb.shape[:2]
    side = min(config.tile_px, height, width)
    if side < _LEAST_TILE_PX:
        return []
    corners = [
        (y, x) for y in range(0, height - side + 1, side) for x in range(0, width - side + 1, side)
    ]
    step = max(1, -(-len(corners) // config.max_tiles))
    scale = np.float32(255.0 / np.iinfo(rgb.dtype).max)
    tiles = (rgb[y : y + side, x : x + side] for y, x in corners[::step])
    return [_grey(tile.astype(np.float32) * scale) for tile in tiles]


def _grey(rgb: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), dtype=np.float32)


# ------------------------------------------------------------------- exposure, clipping


def _exposure(photo: Photo, box: Box, config: CheckConfig) -> Check:
    """Typical luminance: the median, or the quartile that is nearer to the allowed range.

    A background may be black or white, so only a picture of which three quarters are too dark
    or too bright fails.
    """
    to_linear = photo.to_linear
    y = luminance(linearise(_sample(photo, box), to_linear.curves, to_linear.matrix))
    value = _typical(y, config)
    dark = value < config.min_luminance
    remedy = "Give more light or exposure." if dark else "Give less light or exposure."
    good = config.min_luminance <= value <= config.max_luminance
    limit = f"{config.min_luminance:g} … {config.max_luminance:g}"
    return Check("exposure", value, "Y", limit, _verdict(good), remedy)


def _typical(y: NDArray[np.floating], config: CheckConfig) -> float:
    low, middle, high = (float(v) for v in np.percentile(y, (25, 50, 75)))
    if middle < config.min_luminance:
        return high
    return low if middle > config.max_luminance else middle


_SAMPLES = 250_000
"""Pixels that exposure and colour are taken from: enough for three digits."""


def _sample(photo: Photo, box: Box) -> Pixels:
    """Pixels of a box, evenly thinned out to about 250,000."""
    rows, columns = box
    area = (rows.stop - rows.start) * (columns.stop - columns.start)
    step = max(1, int(np.sqrt(area / _SAMPLES)))
    sample: Pixels = photo.rgb[box][::step, ::step].copy()
    return sample


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


def _colour(photo: Photo, box: Box, config: CheckConfig) -> Check:
    """Whether there is colour at all: grey pictures saved in colour read as no redness."""
    sample = _sample(photo, box)
    spread = (sample.max(axis=2) - sample.min(axis=2)) / np.iinfo(sample.dtype).max
    value = 100.0 * float(np.percentile(spread, 95))
    return Check(
        "colour",
        value,
        "%",
        f"≥ {config.min_colour:g}",
        _verdict(value >= config.min_colour),
        "Use the original in colour; this one was made grey.",
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
