"""Small photographs in folders, and records without photographs."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from dermadelta.domain import (
    CaptureMetadata,
    NotMeasured,
    Phase,
    PhotoRecord,
    PhotoRef,
    QualityReport,
)


@pytest.fixture
def put(tmp_path: Path):
    """Write a small picture that passes the checks; the seed makes its content."""

    def _put(name: str, seed: int = 0, folder: Path | None = None, **options) -> Path:
        path = (folder or tmp_path) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        noise = np.random.default_rng(seed).normal(0, 1, (420, 420)).astype(np.float32)
        texture = cv2.GaussianBlur(noise, (0, 0), 1.0) * 60
        rgb = np.clip(np.array([170, 130, 110]) + texture[..., None], 0, 240).astype(np.uint8)
        Image.fromarray(rgb).save(path, **options)
        return path

    return _put


@pytest.fixture
def record():
    """A record of a photo that was read and accepted, unless it says otherwise."""
    count = iter(range(1_000_000))

    def _record(
        day: str | date = "2026-01-01", site="cheek", subject="S1", **changes
    ) -> PhotoRecord:
        n = next(count)
        view, phase = changes.pop("view", ""), Phase(changes.pop("phase", "pre"))
        path = changes.pop("path", f"/in/{subject}/{day}/{n}.jpg")
        sha = changes.pop("sha256", f"{n:064x}")
        taken: datetime | None = changes.pop("taken", None)
        camera = changes.pop("camera", "C")
        reasons = tuple(changes.pop("reasons", ()))
        readable = changes.pop("readable", True)
        day = date.fromisoformat(day) if isinstance(day, str) else day
        ref = PhotoRef(path, Path(path).name, sha, f"p{n}", subject, day, phase, site, view)
        metadata = CaptureMetadata(9, 9, 8, "JPEG", 1, "sRGB", camera, "", taken)
        if not readable:
            ref, reasons = replace(ref, sha256=sha), reasons or ("the file is empty (0 bytes)",)
            quality = QualityReport((), False, reasons)
            return PhotoRecord(ref, NotMeasured(reasons[0]), quality, readable=False)
        return PhotoRecord(ref, metadata, QualityReport((), not reasons, reasons), **changes)

    return _record


@pytest.fixture
def at():
    """A moment so many seconds after noon."""

    def _at(seconds: float) -> datetime:
        return datetime(2026, 1, 1, 12) + timedelta(seconds=seconds)

    return _at
