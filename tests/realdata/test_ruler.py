"""No real photograph holds a millimetre ruler: nothing is read, on contact plates neither."""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import pytest

from dermadelta.kernels.ruler import find_ruler

ROOT = Path(__file__).parents[2]
DATA = (ROOT / os.environ.get("DERMADELTA_DATA", "../shared/data")).resolve()
SUFFIXES = (".jpg", ".jpeg", ".png", ".tif", ".ppm")

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"no photographs in {DATA}")


def photos():
    found = (p for p in DATA.rglob("*") if p.suffix.lower() in SUFFIXES)
    return sorted(p for p in found if "masks" not in p.parts)


@pytest.mark.parametrize("path", photos(), ids=lambda path: path.name)
def test_a_photograph_without_a_ruler_is_not_read(path):
    grey = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    assert grey is not None
    # Two photographs from a dermatoscope (ISIC_0012099, ISIC_0012720) do show a scale, of 0.1 mm.
    assert find_ruler(grey) is None
