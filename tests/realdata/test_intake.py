"""Every real photograph is read and accepted, and refused once it is defocused three-fold."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import date
from pathlib import Path

import cv2
import numpy as np
import pytest

from dermadelta.domain import NotMeasured, Phase, PhotoRef
from dermadelta.stages.check import CheckConfig, check
from dermadelta.stages.load import LoadConfig, load

ROOT = Path(__file__).parents[2]
DATA = (ROOT / os.environ.get("DERMADELTA_DATA", "../shared/data")).resolve()
FOLDERS = {
    "frl_london_null/neutral": 23,
    "frl_london_null/smiling": 23,
    "isic2017/images": 6,
    "base/interfaces_cc0": 8,
    "nc/fuseg_series/*/images": 56,
    "nc/fuseg_single/images": 12,
}
SUFFIXES = (".jpg", ".png")

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"no photographs in {DATA}")


def photos(pattern: str) -> list[Path]:
    return sorted(p for p in DATA.glob(f"{pattern}/*") if p.suffix in SUFFIXES)


def ref(path: Path, **regions) -> PhotoRef:
    base = PhotoRef(str(path), path.name, "", "p", "s", date(2026, 1, 1), Phase.PRE, "skin", "")
    return replace(base, **regions)


def mask_of(path: Path) -> Path:
    folder = path.parent.parent / "masks"
    name = path.name if path.suffix == ".png" else f"{path.stem}_segmentation.png"
    return folder / name


@pytest.mark.parametrize("pattern", FOLDERS)
def test_every_photograph_is_accepted_as_it_is(pattern):
    found = photos(pattern)
    assert len(found) == FOLDERS[pattern]
    for path in found:
        photo = load(ref(path), LoadConfig())
        assert photo.metadata.encoding.startswith("sRGB"), path.name
        report = check(photo, None, CheckConfig())
        assert report.accepted, (path.name, report.reasons)


@pytest.mark.parametrize("pattern", [name for name in FOLDERS if name.endswith("images")])
def test_every_photograph_is_accepted_with_its_region(pattern):
    for path in photos(pattern):
        photo = load(ref(path, roi=str(mask_of(path))), LoadConfig())
        report = check(photo, photo.given["roi"], CheckConfig())
        assert report.accepted, (path.name, report.reasons)


@pytest.mark.parametrize("pattern", FOLDERS)
def test_a_three_fold_defocus_is_refused(pattern):
    for path in photos(pattern)[::4]:
        photo = load(ref(path), LoadConfig())
        sharp = check(photo, None, CheckConfig()).checks[0].value
        assert not isinstance(sharp, NotMeasured), path.name
        soft = cv2.filter2D(photo.rgb.astype(np.float32), -1, disc(3.0 * max(sharp, 1.0)))
        defocused = replace(photo, rgb=np.round(soft).astype(np.uint8))
        report = check(defocused, None, CheckConfig())
        assert any(reason.startswith("focus") for reason in report.reasons), path.name


def disc(total_sigma: float) -> np.ndarray:
    """Defocus disc that brings a blur of a third of this sigma up to it."""
    radius = 2.0 * total_sigma * np.sqrt(8.0 / 9.0)  # a disc of radius r has a sigma of r / 2
    side = int(np.ceil(radius))
    y, x = np.mgrid[-side : side + 1, -side : side + 1]
    kernel = (x**2 + y**2 <= radius**2).astype(np.float32)
    return kernel / kernel.sum()
