"""What the gates refuse at their limits: good pairs by mistake, bad ones as they should.

Usage: python tests/bench/gate_limits.py [OUT [GOOD [BAD [SEED]]]]

Renders pairs on seeds of reporting, which no limit was taken from, and runs each up to its gates
in memory; nothing is measured. ``OUT/gates.csv`` (``reports/bench``) gets a row per gate and kind:
quantiles of the gate's value, its limit, and the share of pairs that it fails. Rows of the gate
``any`` say which share of the pairs of a kind lose every measure, and two rows give recall and
precision of these refusals over the kinds that the phantom draws.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")  # read when numpy is loaded, below

import cv2  # noqa: E402
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402

from dermadelta import measures  # noqa: E402
from dermadelta.config import Config  # noqa: E402
from dermadelta.domain import (  # noqa: E402
    AlignedPhoto,
    CalibratedPhoto,
    CaptureMetadata,
    Cause,
    Check,
    CheckVerdict,
    NotAligned,
    NotMeasured,
    PairRef,
    Phase,
    Photo,
    PhotoRef,
    Regions,
    Role,
    ToLinear,
    TreatedArea,
)
from dermadelta.kernels.colour import srgb_decode  # noqa: E402
from dermadelta.phantom.cases import HARD_KINDS, MEASURABLE_KINDS, REFUSALS, random_case  # noqa: E402
from dermadelta.phantom.encode import through_jpeg  # noqa: E402
from dermadelta.phantom.pair import Case, Shot, ShotPlan, render_pair  # noqa: E402
from dermadelta.phantom.seeds import Purpose, set_seed  # noqa: E402
from dermadelta.stages.align import align  # noqa: E402
from dermadelta.stages.calibrate import calibrate  # noqa: E402
from dermadelta.stages.carry import carry  # noqa: E402
from dermadelta.stages.compare import compare, unaligned  # noqa: E402
from dermadelta.stages.observe import observe  # noqa: E402
from dermadelta.stages.region import region  # noqa: E402

OUT, GOOD, BAD, SEED = Path("reports/bench"), 120, 6, 41
WIDTH_PX = 1600
CONFIG = Config()

Change = Callable[[Case, np.random.Generator], Case]


def _leant(case: Case, rng: np.random.Generator) -> Case:
    """A camera that leans by 22 to 35°."""
    angle, towards = rng.uniform(22.0, 35.0), rng.uniform(0.0, 2.0 * np.pi)
    lean = {"tilt_x_deg": angle * np.cos(towards), "tilt_y_deg": angle * np.sin(towards)}
    return _after(case, {name: float(value) for name, value in lean.items()})


def _after(case: Case, camera: dict[str, float]) -> Case:
    return replace(case, after=replace(case.after, camera=replace(case.after.camera, **camera)))


MADE: dict[str, Change] = {
    "leant": _leant,
    "near": lambda case, _: _after(case, {"zoom": 1.65}),
    "dark": lambda case, _: _after(case, {"exposure_ev": case.after.camera.exposure_ev - 2.2}),
    "wrong_scale": lambda case, _: case,
    "young": lambda case, _: case,
    "prepared": lambda case, _: case,
    "portrait": lambda case, _: case,
}
"""Bad pairs that the phantom does not draw: what is done to one without change."""

AIMED = {
    "same_skin": ("impostor",),
    "mirrored": ("mirrored",),
    "sharpness": ("defocus",),
    "exposure": ("dark",),
    "clipping": ("overexposed",),
    "light": ("lamp_flipped",),
    "retouching": ("retouched",),
    "zoom": ("near",),
    "tilt": ("leant", "tilted"),
    "scale": ("wrong_scale",),
    "white_balance": ("white_balance",),
    "preparation": ("prepared",),
    "camera": ("portrait",),
    "timing": ("young",),
}
"""The bad kinds that each gate is there for."""


@dataclass(frozen=True)
class Job:
    """One pair: its kind, its number in the set, and how it is taken."""

    kind: str
    number: int

    def case(self, seed: int) -> Case:
        """The pair as drawn, then spoilt where the kind says so."""
        change = MADE.get(self.kind)
        in_photo = "scale" if self.kind == "wrong_scale" else None
        setup = "rig" if self.number % 3 == 0 else "handheld"
        kind = "no_change" if change else self.kind
        case = random_case(
            kind, seed, self.number, width_px=WIDTH_PX, setup=setup, in_photo=in_photo
        )
        return change(case, np.random.default_rng([seed, self.number, 9])) if change else case


def jobs(good: int, bad: int) -> list[Job]:
    """Half of the good pairs without change, the others through every kind that is measurable."""
    changed = [kind for kind in MEASURABLE_KINDS if kind != "no_change"]
    kinds = ["no_change" if n % 2 == 0 else changed[n // 2 % len(changed)] for n in range(good)]
    found = [Job(kind, number) for number, kind in enumerate(kinds)]
    spoilt = (*REFUSALS, *HARD_KINDS, *MADE)
    return found + [Job(kind, 1000 + number) for kind in spoilt for number in range(bad)]


def gates_of(job: Job, seed: int) -> tuple[Check, ...]:
    """All gates of a pair, from its rendering on."""
    cv2.setNumThreads(1)
    case = job.case(seed)
    pair = render_pair(case)
    area = TreatedArea(case.treated_area)
    before = _prepared(_photo(pair.before, case.before, case, Role.BEFORE, job.kind), area)
    after = _prepared(_photo(pair.after, case.after, case, Role.AFTER, job.kind), area)
    photos = (before[0].photo, after[0].photo)
    found = align(before[0], after[0], before[1], after[1], CONFIG.align)
    if isinstance(found, NotAligned):
        return unaligned(found, photos, CONFIG.compare)
    aligned = [AlignedPhoto(*before, Role.BEFORE, None), AlignedPhoto(*after, Role.AFTER, found)]
    carried = carry(aligned, CONFIG.carry)
    if isinstance(carried, NotMeasured):
        return unaligned(NotAligned(carried.reason, Cause.NOT_SEEN), photos, CONFIG.compare)
    seen = observe(carried, aligned, CONFIG.observe)
    ref = _pair(case, photos, days=3 if job.kind == "young" else 40)
    return compare(ref, before[0], after[0], found, seen, CONFIG.compare).gates


def _photo(shot: Shot, plan: ShotPlan, case: Case, role: Role, kind: str) -> Photo:
    """The photo as ``load`` would return it, after JPEG."""
    rgb = through_jpeg(shot.rgb, plan.camera)
    spoilt = role is Role.AFTER
    scale = shot.mm_per_px * (1.15 if spoilt and kind == "wrong_scale" else 1.0)
    ref = PhotoRef(
        path="",
        shown_path="",
        sha256="",
        photo_id=role.value,
        subject_id=case.subject_id,
        visit_date=plan.taken_at.date(),
        phase=Phase.PRE,
        site=case.site,
        view="",
        mm_per_px=round(scale, 4) if case.scale_given else None,
        details=(("prep", "make-up" if spoilt and kind == "prepared" else "none"),),
    )
    metadata = CaptureMetadata(
        width=rgb.shape[1],
        height=rgb.shape[0],
        bits=8,
        format="JPEG",
        orientation=1,
        encoding="sRGB",
        camera="phantom",
        software=plan.software,
        captured_at=plan.taken_at,
        portrait_mode=spoilt and kind == "portrait",
    )
    curve = srgb_decode(np.linspace(0.0, 1.0, 256)).astype(np.float32)
    to_linear = ToLinear(np.tile(curve, (3, 1)), np.eye(3), "sRGB")
    given = {"roi": shot.roi} if role is Role.BEFORE else {}
    return Photo(ref, rgb, to_linear, rgb.max(axis=2) >= 250, metadata, given)


def _prepared(photo: Photo, area: TreatedArea) -> tuple[CalibratedPhoto, Regions]:
    calibrated = calibrate(photo, CONFIG.calibrate)
    return calibrated, region(calibrated, area, None, CONFIG.region)


def _pair(case: Case, photos: Sequence[Photo], days: int) -> PairRef:
    before, after = (photo.ref for photo in photos)
    return PairRef(
        pair_id=case.pair_id,
        subject_id=case.subject_id,
        site=case.site,
        view="",
        phase=Phase.PRE,
        before_date=before.visit_date,
        after_date=after.visit_date,
        before=(before,),
        after=(after,),
        sessions=1,
        days_since_session=days,
        treated_area=TreatedArea(case.treated_area),
    )


# ----------------------------------------------------------------------------- tables


def refused_as_a_whole(gates: Iterable[Check]) -> bool:
    """Whether no measure is left."""
    lost = {name for gate in gates if gate.verdict is CheckVerdict.FAIL for name in gate.refuses}
    return "*" in lost or lost >= {item.name for item in measures.ALL}


def table(done: Sequence[tuple[Job, tuple[Check, ...]]]) -> pd.DataFrame:
    """One row per gate and kind, good pairs together as ``good``."""
    groups: dict[str, list[tuple[Check, ...]]] = {}
    for job, gates in done:
        good = job.kind in MEASURABLE_KINDS
        groups.setdefault("good" if good else job.kind, []).append(gates)
    rows = []
    for gate in dict.fromkeys(check.name for _, gates in done for check in gates):
        for kind in ("good", *AIMED.get(gate, ())):
            rows.append(_row(gate, kind, groups.get(kind, [])))
    for kind, pairs in groups.items():
        rows.append(_share("any", kind, len(pairs), sum(map(refused_as_a_whole, pairs))))
    drawn = ((job, gates) for job, gates in done if job.kind not in MADE)
    lost = [(job.kind in REFUSALS, refused_as_a_whole(gates)) for job, gates in drawn]
    hits = sum(must and is_lost for must, is_lost in lost)
    rows.append(_share("recall", "must refuse", sum(must for must, _ in lost), hits))
    rows.append(_share("precision", "refused", sum(is_lost for _, is_lost in lost), hits))
    return pd.DataFrame(rows)


def _row(gate: str, kind: str, pairs: Sequence[tuple[Check, ...]]) -> dict[str, object]:
    checks = [check for gates in pairs for check in gates if check.name == gate]
    failed = [check for check in checks if check.verdict is CheckVerdict.FAIL]
    values = [check.value for check in checks if isinstance(check.value, float)]
    quantiles = np.quantile(values, (0.05, 0.5, 0.95)) if values else [None] * 3
    decided = [check for check in checks if check.verdict is not CheckVerdict.NOT_APPLICABLE]
    return _share(gate, kind, len(pairs), len(failed)) | {
        "n_decided": len(decided),
        "n_refused": sum(bool(check.refuses) for check in failed),
        "unit": checks[0].unit if checks else "",
        "limit": next((check.limit for check in decided), ""),
        "q05": quantiles[0],
        "median": quantiles[1],
        "q95": quantiles[2],
        "least": min(values, default=None),
        "most": max(values, default=None),
    }


def _share(gate: str, kind: str, n: int, n_failed: int) -> dict[str, object]:
    share = n_failed / n if n else None
    return {"gate": gate, "kind": kind, "n": n, "n_failed": n_failed, "share_failed": share}


def main(arguments: Sequence[str]) -> None:
    """Make all pairs in as many processes as there are cores, and write the table."""
    out = Path(arguments[0]) if arguments else OUT
    good, bad, seed = (
        int(arguments[place]) if len(arguments) > place else default
        for place, default in ((1, GOOD), (2, BAD), (3, SEED))
    )
    todo = jobs(good, bad)
    drawn = [set_seed(Purpose.REPORTING, seed)] * len(todo)
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        done = list(zip(todo, pool.map(gates_of, todo, drawn), strict=True))
    out.mkdir(parents=True, exist_ok=True)
    found = table(done)
    found.to_csv(out / "gates.csv", index=False, float_format="%.5g", lineterminator="\n")
    sys.stdout.write(found.to_string(index=False) + "\n")
    for job, gates in done:
        for gate in gates:
            if gate.verdict is CheckVerdict.FAIL:
                sys.stdout.write(f"{job.kind} {job.number}: {gate.name}: {gate.remedy}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
