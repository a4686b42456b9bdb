"""Invariances of a whole pair, from rendered photographs to its changes."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path

import cv2
import numpy as np
import pytest

from dermadelta.config import Config
from dermadelta.domain import (
    AlignedPhoto,
    Alignment,
    Estimate,
    Interval,
    Need,
    NotMeasured,
    PairRef,
    PairResult,
    PairStatus,
    Phase,
    PhotoRef,
    Role,
    TreatedArea,
    Verdict,
)
from dermadelta.measures import ALL
from dermadelta.phantom.cases import random_case
from dermadelta.phantom.encode import Files, mask_bytes, photo_bytes
from dermadelta.phantom.pair import Shot, render_pair
from dermadelta.phantom.plan import ShotPlan
from dermadelta.runner import run_pair
from dermadelta.stages.align import align
from dermadelta.stages.calibrate import calibrate
from dermadelta.stages.distinct import distinct
from dermadelta.stages.load import load
from dermadelta.stages.region import region

DAYS = {Role.BEFORE: date(2026, 1, 12), Role.AFTER: date(2026, 3, 2)}
CONFIG = Config.model_validate({"align": {"features": 1500}})
WIDTH_PX = 800

Filed = dict[Role, PhotoRef]


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> None:
    cv2.setNumThreads(1)


@pytest.fixture(scope="module")
def filed(tmp_path_factory: pytest.TempPathFactory) -> Filed:
    """Photographs of skin whose relief, redness and scar change, each with its own masks."""
    folder = tmp_path_factory.mktemp("pair")
    case = random_case(
        "mixed", 4, 2, width_px=WIDTH_PX, setup="rig", treated="local", in_photo="scale"
    )
    pair = render_pair(case)
    shots = ((Role.BEFORE, pair.before, case.before), (Role.AFTER, pair.after, case.after))
    return {role: written(folder, role, shot, plan) for role, shot, plan in shots}


def written(folder: Path, role: Role, shot: Shot, plan: ShotPlan) -> PhotoRef:
    path = folder / f"{role.value}.jpg"
    path.write_bytes(photo_bytes(shot.rgb, plan, Files()))
    masks = {}
    for name, mask in (("roi", shot.roi), ("scar_mask", shot.scar)):
        if mask is None:
            continue
        target = folder / f"{role.value}_{name}.png"
        target.write_bytes(mask_bytes(mask))
        masks[name] = str(target)
    return PhotoRef(
        path=str(path),
        shown_path=path.name,
        sha256="",
        photo_id=role.value,
        subject_id="s01",
        visit_date=DAYS[role],
        phase=Phase.PRE,
        site="cheek",
        view="",
        mm_per_px=shot.mm_per_px,
        **masks,
    )


def measured(before: PhotoRef, after: PhotoRef) -> PairResult:
    pair = PairRef(
        pair_id="s01_cheek",
        subject_id="s01",
        site="cheek",
        view="",
        phase=Phase.PRE,
        before_date=DAYS[Role.BEFORE],
        after_date=DAYS[Role.AFTER],
        before=(replace(before, visit_date=DAYS[Role.BEFORE]),),
        after=(replace(after, visit_date=DAYS[Role.AFTER]),),
        treated_area=TreatedArea.LOCAL,
    )
    return run_pair(pair, CONFIG, pair_key="k").result


def rows(result: PairResult) -> dict[str, Estimate]:
    assert result.status is PairStatus.MEASURED, result.reasons
    return {row.measure: row for row in result.estimates}


def again(ref: PhotoRef, **changes: object) -> PhotoRef:
    """The same bytes under another name."""
    copy = Path(ref.path).with_name("again.jpg")
    shutil.copy(ref.path, copy)
    return replace(ref, path=str(copy), shown_path=copy.name, photo_id="again", **changes)


@pytest.mark.parametrize("roi", ["own", "carried"])
def test_identical_bytes_have_a_change_of_exactly_0(filed, roi):
    before = filed[Role.BEFORE]
    found = rows(measured(before, again(before, **({"roi": None} if roi == "carried" else {}))))
    changes = {name: row.change for name, row in found.items() if isinstance(row.change, Interval)}
    assert set(changes) == READ
    for name, change in changes.items():
        assert change == Interval(0.0, 0.0, 0.0), name
        assert found[name].before == found[name].after
        assert found[name].verdict is Verdict.NO_DETECTABLE_CHANGE


READ = {
    item.name
    for item in ALL
    if not item.needs & {Need.NO_SCALE, Need.COLOUR_TARGET, Need.BODY_SITE}
    and item.family != "lines"
    and item.name not in ("spots_contrast", "roughness_fine")
}
"""What these photographs of a face tell: they have a scale, no card, no spots and no lines."""


def working(row: Estimate) -> tuple[float, float]:
    """Change and width of its interval in the working domain: the log of ratios, else the unit."""
    if isinstance(row.change_pct, NotMeasured):
        assert isinstance(row.change, Interval)
        return row.change.value, row.change.high - row.change.low
    value, low, high = (
        float(np.log1p(v / 100.0))
        for v in (row.change_pct.value, row.change_pct.low, row.change_pct.high)
    )
    return value, high - low


def test_swapping_before_and_after_negates_the_log_change(filed):
    there = rows(measured(filed[Role.BEFORE], filed[Role.AFTER]))
    back = rows(measured(filed[Role.AFTER], filed[Role.BEFORE]))
    for item in ALL:
        if item.name not in READ:
            continue
        (one, width), (other, mirrored) = (working(side[item.name]) for side in (there, back))
        # What is counted comes and goes with the magnification, which is that of the first.
        tolerance = 0.2 if item.family == "pores" else 0.1
        assert other == pytest.approx(-one, abs=tolerance * width), item.name
        # Sharpness and tiles are those of the photograph that comes first.
        assert mirrored == pytest.approx(width, rel=0.25), item.name
    assert abs(working(there["roughness"])[0]) > 0.1, "something must have changed"


@pytest.mark.parametrize("seed", [5])
def test_an_edited_copy_is_one_exposure_however_the_camera_was_held(seed, tmp_path):
    """Both are laid over the first photograph, whose frame does not hold all of their skin."""
    case = random_case("no_change", seed, 0, width_px=960, treated="local", repeats=2)
    pair = render_pair(case)
    first = written(tmp_path, Role.BEFORE, pair.before, case.before)
    second = replace(first, path=str(tmp_path / "second.jpg"), roi=None, photo_id="second")
    copy = replace(second, path=str(tmp_path / "copy.jpg"), photo_id="copy")
    (again,) = pair.before_repeats
    (plan,) = case.before_repeats
    brighter = np.clip(np.round(again.rgb * 1.06), 0, 255).astype(np.uint8)
    for ref, rgb in ((second, again.rgb), (copy, brighter)):
        Path(ref.path).write_bytes(photo_bytes(rgb, plan, Files()))
    photos = []
    for ref in (first, second, copy):
        found = calibrate(load(ref, CONFIG.load), CONFIG.calibrate)
        photos.append((found, region(found, TreatedArea.LOCAL, None, CONFIG.region)))
    (base, own), *others = photos
    aligned = [AlignedPhoto(base, own, Role.BEFORE, None)]
    for photo, regions in others:
        way = align(base, photo, own, regions, CONFIG.align)
        assert isinstance(way, Alignment), way
        aligned.append(AlignedPhoto(photo, regions, Role.BEFORE, way))
    kept, remarks = distinct(aligned, CONFIG.distinct)
    assert [item.photo.photo.ref.photo_id for item in kept] == ["before", "second"]
    assert len(remarks) == 1
