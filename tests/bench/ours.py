"""A pair of pictures through the real stages up to alignment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dermadelta.config import Config
from dermadelta.domain import (
    Alignment,
    CalibratedPhoto,
    NotAligned,
    Phase,
    PhotoRef,
    Regions,
    TreatedArea,
)
from dermadelta.phantom.encode import mask_bytes
from dermadelta.stages.align import align
from dermadelta.stages.calibrate import calibrate
from dermadelta.stages.load import load
from dermadelta.stages.region import region

Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Prepared:
    """Both photos ready to be aligned."""

    before: CalibratedPhoto
    after: CalibratedPhoto
    before_regions: Regions
    after_regions: Regions
    paths: tuple[Path, Path]

    def aligned(self, config: Config) -> Alignment | NotAligned:
        return align(self.before, self.after, self.before_regions, self.after_regions, config.align)


def prepare(
    files: tuple[bytes, bytes],
    roi: Mask | None,
    folder: Path,
    config: Config,
    *,
    suffix: str = ".jpg",
    mm_per_px: float | None = None,
) -> Prepared:
    """Write both files into a folder and take them through load, calibrate and region."""
    paths = (folder / f"before{suffix}", folder / f"after{suffix}")
    for path, data in zip(paths, files, strict=True):
        path.write_bytes(data)
    mask = None
    if roi is not None:
        mask = str(folder / "roi.png")
        Path(mask).write_bytes(mask_bytes(roi))
    photos, found = [], []
    for path, given in zip(paths, (mask, None), strict=True):
        photo = calibrate(load(_ref(path, given, mm_per_px), config.load), config.calibrate)
        photos.append(photo)
        found.append(region(photo, TreatedArea.UNKNOWN, None, config.region))
    return Prepared(photos[0], photos[1], found[0], found[1], paths)


def _ref(path: Path, roi: str | None, mm_per_px: float | None) -> PhotoRef:
    return PhotoRef(
        path=str(path),
        shown_path=path.name,
        sha256="",
        photo_id=path.stem,
        subject_id="bench",
        visit_date=date(2026, 1, 12),
        phase=Phase.PRE,
        site="skin",
        view="",
        roi=roi,
        mm_per_px=mm_per_px,
    )
