"""Invariances of a whole pair, from rendered photographs to its changes."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import cv2
import numpy as np
import pytest

from dermadelta.config import Config
from dermadelta.domain import (
    Estimate,
    Interval,
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
from dermadelta.runner import run_pair

DAYS = {Role.BEFORE: date(2026, 1, 12), Role.AFTER: date(2026, 3, 2)}
CONFIG = Config.model_validate({"align": {"features": 1500}})
WIDTH_PX = 800

Filed = dict[Role, PhotoRef]


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> None:
    cv2.setNumThreads(1)


@pytest.fixture(scope="module")
def filed(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Filed]:
    """Both photographs of a drawn pair as files, each with its own masks."""

    def write(kind: str, *, in_photo: str = "scale", masks: bool = True) -> Filed:
        folder = tmp_path_factory.mktemp(kind)
        case = random_case(
            kind, 4, 2, width_px=WIDTH_PX, setup="rig", treated="local", in_photo=in_photo
        )
        pair = render_pair(case)
        plans: dict[Role, tuple[Shot, object]] = {
            Role.BEFORE: (pair.before, case.before),
            Role.AFTER: (pair.after, case.after),
        }
        refs = {}
        for role, (shot, plan) in plans.items():
            path = folder / f"{role.value}.jpg"
            path.write_bytes(photo_bytes(shot.rgb, plan, Files()))
            roi = folder / f"{role.value}_roi.png"
            roi.write_bytes(mask_bytes(shot.roi))
            scar = folder / f"{role.value}_scar.png"
            if shot.scar is not None:
                scar.write_bytes(mask_bytes(shot.scar))
            refs[role] = PhotoRef(
                path=str(path),
                shown_path=path.name,
                sha256="",
                photo_id=role.value,
                subject_id="s01",
                visit_date=DAYS[role],
                phase=Phase.PRE,
                site="cheek",
                view="",
                roi=str(roi) if masks else None,
                scar_mask=str(scar) if masks and shot.scar is not None else None,
                mm_per_px=shot.mm_per_px if case.scale_given else None,
            )
        return refs

    return write


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


@pytest.mark.parametrize(
    ("kind", "in_photo", "expected"),
    [
        ("scar", "marker", {"roughness", "redness", "redness_lab", "scar_area", "scar_share"}),
        ("texture", "nothing", {"roughness_unscaled", "redness", "redness_lab"}),
    ],
)
@pytest.mark.parametrize("carried", [False, True], ids=["own mask", "carried mask"])
def test_identical_bytes_have_a_change_of_exactly_0(filed, kind, in_photo, expected, carried):
    before = filed(kind, in_photo=in_photo)[Role.BEFORE]
    gone = {"roi": None, "scar_mask": None} if carried else {}
    found = rows(measured(before, again(before, **gone)))
    changes = {name: row.change for name, row in found.items() if isinstance(row.change, Interval)}
    assert expected <= set(changes)
    assert set(found) == {item.name for item in ALL}
    for name, change in changes.items():
        assert change == Interval(0.0, 0.0, 0.0), name
        assert found[name].before == found[name].after
        assert found[name].verdict is Verdict.NO_DETECTABLE_CHANGE


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


@pytest.mark.parametrize(
    ("kind", "in_photo", "expected"),
    [
        ("mixed", "scale", {"roughness", "redness", "redness_lab"}),
        ("scar", "marker", {"roughness", "scar_area", "scar_share"}),
    ],
)
def test_swapping_before_and_after_negates_the_log_change(filed, kind, in_photo, expected):
    refs = filed(kind, in_photo=in_photo)
    there = rows(measured(refs[Role.BEFORE], refs[Role.AFTER]))
    back = rows(measured(refs[Role.AFTER], refs[Role.BEFORE]))
    both = {
        name
        for name in there
        if isinstance(there[name].change, Interval) and isinstance(back[name].change, Interval)
    }
    assert expected <= both
    assert any(abs(working(there[name])[0]) > 0.1 for name in both), "something must have changed"
    for name in sorted(both):
        (one, width), (other, mirrored) = working(there[name]), working(back[name])
        assert other == pytest.approx(-one, abs=0.1 * width), name
        assert mirrored == pytest.approx(width, rel=0.1), name
