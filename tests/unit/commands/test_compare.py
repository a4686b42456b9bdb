from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dermadelta.commands import work
from dermadelta.commands.compare import compare
from dermadelta.commands.work import failed_result
from dermadelta.config import Config
from dermadelta.domain import PairRef, PairStatus
from dermadelta.errors import UsageError
from dermadelta.runner import PairRun

SAMPLES = Path(__file__).parents[3] / "sample_images"
BEFORE, AFTER = sorted((SAMPLES / "s01").glob("*/cheek.jpg"))[:2]


@pytest.fixture(autouse=True)
def measured(monkeypatch) -> list[PairRef]:
    """Take every pair for measured without looking at it; the pairs that were."""
    seen = []

    def run_pair(pair: PairRef, config: Config, *, pair_key: str) -> PairRun:
        seen.append(pair)
        result = replace(failed_result(pair, pair_key, ""), status=PairStatus.MEASURED)
        return PairRun(replace(result, reasons=()), (), {})

    monkeypatch.setattr(work, "run_pair", run_pair)
    return seen


def test_a_photo_that_fails_its_checks_is_refused_as_in_a_run(measured, tmp_path):
    black = tmp_path / "black.png"
    Image.fromarray(np.zeros((600, 800, 3), np.uint8)).save(black)
    result = compare(BEFORE, black, tmp_path / "out", Config()).result
    assert result.status is PairStatus.REFUSED
    assert any("black.png" in reason for reason in result.reasons)
    assert (tmp_path / "out" / "report.html").is_file()
    assert measured == []


def test_scars_are_outlined_on_both_photographs(measured, tmp_path):
    masks = {"scar_mask": "9,9 90,9 90,90", "scar_mask_after": "9,9 80,9 80,80"}
    compare(BEFORE, AFTER, tmp_path, Config(), **masks)
    (pair,) = measured
    assert [ref.scar_mask for ref in (*pair.before, *pair.after)] == list(masks.values())
    for name, outline in masks.items():
        with pytest.raises(UsageError, match="one photograph only"):
            compare(BEFORE, AFTER, tmp_path, Config(), **{name: outline})


@pytest.mark.parametrize("scale", [0.0, -1.0, 10.0, 500.0, float("inf"), float("nan")])
def test_an_impossible_scale_is_refused(measured, tmp_path, scale):
    with pytest.raises(UsageError, match="mm per pixel is impossible"):
        compare(BEFORE, AFTER, tmp_path, Config(), mm_per_px=scale)
    assert measured == []


def test_landmarks_go_with_the_after_photo(measured, tmp_path):
    points = tmp_path / "points.csv"
    rows = ["before_x,before_y,after_x,after_y", "1,2,3,4", "90,5,92,6", "4,80,7,83", "70,70,72,74"]
    points.write_text("\n".join(rows), encoding="utf-8")
    compare(BEFORE, AFTER, tmp_path / "out", Config(), landmarks=str(points))
    (pair,) = measured
    assert [ref.landmarks for ref in (*pair.before, *pair.after)] == [None, str(points)]
