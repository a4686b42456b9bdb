"""One pair of the texture bench: made, measured by this program, and by its rivals."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from colour_shots import photo_ref
from numpy.typing import NDArray
from texture_plan import WIDTH_PX, Job, drawn_case
from texture_rivals import Change, Shown, rival_changes

from dermadelta.config import Config
from dermadelta.domain import (
    Estimate,
    NotMeasured,
    PairRef,
    PairStatus,
    Phase,
    TreatedArea,
)
from dermadelta.errors import UsageError
from dermadelta.phantom.camera import Image8
from dermadelta.phantom.encode import Files, mask_bytes, photo_bytes, through_jpeg
from dermadelta.phantom.pair import render_pair
from dermadelta.phantom.plan import Case, ShotPlan
from dermadelta.phantom.semi import SemiCase, render_semi, semi_case
from dermadelta.runner import run_pair

Mask = NDArray[np.bool_]

MEASURES: Final = ("roughness", "roughness_unscaled")


@dataclass(frozen=True)
class Outcome:
    """What was reported of one pair, by this program and by its rivals.

    Changes are per cent. ``truth`` is that of the log luminance in an ideal rendering, ``relief``
    that of the height (None on photographs). ``ours`` is the reported change, None where it was
    refused (``refused`` says why), ``low`` and ``high`` its interval, ``ours_plain`` and
    ``ours_ratio`` what it was combined from. ``rivals``: (plain, double ratio) by name.
    """

    job: Job
    tone: str
    region_px: int
    truth: float
    relief: float | None
    ours: float | None
    low: float | None
    high: float | None
    ours_plain: float | None
    ours_ratio: float | None
    refused: str
    rivals: dict[str, Change]


@dataclass(frozen=True, eq=False)
class _Made:
    """Both photographs of a pair, and what is true of it."""

    plans: tuple[ShotPlan, ShotPlan]
    rgb: tuple[Image8, Image8]
    rois: tuple[Mask, Mask]
    rings: tuple[Mask | None, Mask | None]
    scales: tuple[float | None, float | None]
    tone: str
    treated: TreatedArea
    truth: float
    relief: float | None


def measured(job: Job, config: Config) -> Outcome | str:
    """Make one pair and measure it every way; a text says why it could not be made."""
    try:
        made = _semi(job) if job.part == "semi" else _synthetic(drawn_case(job))
    except UsageError as error:
        return f"{job.name}: {error}"
    files = zip(made.plans, made.rgb, strict=True)
    seen = [through_jpeg(rgb, plan.camera) for plan, rgb in files]
    shown = [Shown(*item) for item in zip(seen, made.rois, made.rings, strict=True)]
    with tempfile.TemporaryDirectory() as folder:
        result = run_pair(_pair_ref(job, made, Path(folder)), config, pair_key=job.name).result
    found = next((e for e in result.estimates if not isinstance(e.before, NotMeasured)), None)
    refused = "; ".join(result.reasons) if result.status is PairStatus.REFUSED else ""
    if found is None:
        refused = refused or "; ".join(e.reason for e in result.estimates if e.reason)
    elif isinstance(found.change_pct, NotMeasured):
        refused = refused or found.change_pct.reason
    return Outcome(
        job, made.tone, int(np.count_nonzero(made.rois[0])), made.truth, made.relief,
        *_ours(found), refused=refused, rivals=rival_changes(*shown),
    )  # fmt: skip


def _ours(found: Estimate | None) -> Iterator[float | None]:
    """Change, its interval, and the two changes that it was combined from."""
    if found is None:
        yield from (None,) * 5
        return
    change = found.change_pct
    if isinstance(change, NotMeasured):
        yield from (None, None, None)
    else:
        yield from (change.value, change.low, change.high)
    for value in (found.change_plain, found.change_reference):
        yield None if isinstance(value, NotMeasured) else value


def _synthetic(case: Case) -> _Made:
    pair = render_pair(case)
    shots = (pair.before, pair.after)
    return _Made(
        plans=(case.before, case.after),
        rgb=(shots[0].rgb, shots[1].rgb),
        rois=(shots[0].roi, shots[1].roi),
        rings=(shots[0].reference, shots[1].reference),
        scales=(shots[0].mm_per_px, shots[1].mm_per_px),
        tone=case.tone,
        treated=TreatedArea(case.treated_area),
        truth=pair.truth.optical_roughness_change_pct,
        relief=pair.truth.relief_change_pct,
    )


def _semi(job: Job) -> _Made:
    """A real photograph whose detail is known to change; its scale is not known."""
    kind = "texture" if job.change else "no_change"
    case: SemiCase = semi_case(job.base, kind, job.seed, job.number, width_px=WIDTH_PX)
    pair = render_semi(case)
    shots = (pair.before, pair.after)
    return _Made(
        plans=(shots[0].plan, shots[1].plan),
        rgb=(shots[0].rgb, shots[1].rgb),
        rois=(shots[0].roi, shots[1].roi),
        rings=(_ring(shots[0].roi), _ring(shots[1].roi)),
        scales=(shots[0].mm_per_px, shots[1].mm_per_px),
        tone=Path(job.base).stem,
        treated=TreatedArea.LOCAL,
        truth=float(str(pair.changes["optical_roughness_change_pct"])),
        relief=None,
    )


def _ring(roi: Mask) -> Mask:
    """Skin around a region that no edit reaches: 0.15 to 0.6 of its smaller half axis away."""
    rows = np.flatnonzero(roi.any(axis=1))
    half = 0.5 * float(rows[-1] - rows[0] + 1)
    away = cv2.distanceTransform((~roi).astype(np.uint8), cv2.DIST_L2, 5)
    return np.asarray((away > 0.18 * half) & (away < 0.55 * half))


def _pair_ref(job: Job, made: _Made, folder: Path) -> PairRef:
    """Write both photos and the region of the first, and list them as a manifest would."""
    roi = folder / "roi.png"
    roi.write_bytes(mask_bytes(made.rois[0]))
    refs = []
    sides = zip(("before", "after"), made.plans, made.rgb, made.scales, strict=True)
    for name, plan, rgb, scale in sides:
        path = folder / f"{name}.jpg"
        path.write_bytes(photo_bytes(rgb, plan, Files()))
        day = plan.taken_at.date()
        listed = photo_ref(path, day, roi if name == "before" else None)
        refs.append(replace(listed, mm_per_px=scale))
    return PairRef(
        pair_id=job.name,
        subject_id="bench",
        site="cheek",
        view="",
        phase=Phase.PRE,
        before_date=refs[0].visit_date,
        after_date=refs[1].visit_date,
        before=(refs[0],),
        after=(refs[1],),
        treated_area=made.treated,
    )


def bench_config(config: Config) -> Config:
    """Settings without what takes time and is not looked at here."""
    return config.model_copy(
        update={
            "carry": config.carry.model_copy(update={"scars": False}),
            "measure": config.measure.model_copy(update={"only": MEASURES}),
            "depict": config.depict.model_copy(update={"longer_side_px": 320}),
        }
    )
