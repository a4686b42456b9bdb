"""Realistic results with synthetic pictures: coloured noise, no person, known numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from dermadelta.domain import (
    SCHEMA_VERSION,
    AlignmentSummary,
    CaptureMetadata,
    Check,
    CheckVerdict,
    Estimate,
    Interval,
    Matched,
    Measure,
    Need,
    NotMeasured,
    PairRef,
    PairResult,
    PairStatus,
    Phase,
    PhotoRecord,
    PhotoRef,
    QualityReport,
    Read,
    RegionSummary,
    Role,
    Scale,
    Settings,
    SkinView,
    StoredReading,
    TreatedArea,
    Verdict,
)

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"
HEATS = (
    "Texture roughness: change from -50 % (blue) to +101 % (orange)",
    "Redness (erythema index): change from -8 (blue) to +8 EI (orange)",
)


class Params(Settings):
    """A measure without settings."""


def unread(view: SkinView, params: Any) -> Read | NotMeasured:
    """Stand in for a measure that reports never call."""
    raise AssertionError("reports must not measure")


def make_measure(
    name: str, title: str, unit: str, change: Any, better: Any = "lower", *, detail: bool = False
) -> Measure:
    """One record of the catalogue."""
    return Measure(
        name=name,
        title=title,
        unit=unit,
        change=change,
        better=better,
        family=name,
        needs=frozenset({Need.NO_SCALE}) if name.endswith("unscaled") else frozenset(),
        uses_reference=True,
        fragile_to=frozenset(),
        params=Params,
        read=unread,
        version=2,
        references=(),
        detail=detail,
    )


CATALOGUE = (
    make_measure("roughness", "Texture roughness", "1", "ratio"),
    make_measure("roughness_unscaled", "Texture roughness (no scale)", "1", "ratio"),
    make_measure("redness", "Redness (erythema index)", "EI", "difference"),
    make_measure("scar_area", "Scar area", "mm²", "ratio"),
    make_measure("firmness", "Firmness", "kPa", "difference", "higher"),
    make_measure("ita", "Typology angle", "°", "difference", "neither"),
    make_measure("roughness_fine", "Fine texture", "1", "ratio"),
    make_measure("roughness_lines", "Texture of lines", "1", "ratio"),
    make_measure("haemoglobin", "Haemoglobin", "density", "difference"),
    make_measure("glcm_contrast", "Contrast (GLCM)", "1", "ratio", detail=True),
    make_measure("glcm_idm", "Homogeneity (GLCM)", "1", "difference", "neither", detail=True),
)
BY_NAME = {measure.name: measure for measure in CATALOGUE}


def make_photo_ref(subject: str, when: date, *, number: int = 1, **changes: Any) -> PhotoRef:
    """One photograph of the list."""
    name = f"{subject}_{when.isoformat()}_{number}"
    ref = PhotoRef(
        path=f"/data/{name}.jpg",
        shown_path=f"{subject}/{when.isoformat()}/cheek_left~{number}.jpg",
        sha256=f"{len(name):064x}",
        photo_id=name,
        subject_id=subject,
        visit_date=when,
        phase=Phase.PRE,
        site="cheek_left",
        view="front",
        roi="0,0 10,0 10,10",
    )
    return replace(ref, **changes)


def make_record(ref: PhotoRef, **changes: Any) -> PhotoRecord:
    """One photograph with its checks."""
    checks = (
        Check("focus", 0.82, "1/px", "≥ 0.3", CheckVerdict.PASS, ""),
        Check("clipping", 0.1, "%", "≤ 0.5", CheckVerdict.PASS, ""),
        Check(
            "date",
            NotMeasured("The file holds no capture date."),
            "",
            "same day",
            CheckVerdict.NOT_APPLICABLE,
            "",
        ),
    )
    metadata = CaptureMetadata(
        4000, 3000, 8, "JPEG", 1, "sRGB", "Example 5", "", datetime(2026, 3, 3, 10, 30)
    )
    record = PhotoRecord(ref, metadata, QualityReport(checks, True, ()))
    return replace(record, **changes)


def make_estimate(
    name: str,
    value: float,
    half: float,
    *,
    before: float = 0.0423,
    sdc: float = 11.0,
    region: str = "roi",
    primary: bool = True,
    reference: Any = "given",
) -> Estimate:
    """One estimate; ``value`` and ``half`` in per cent for ratio measures, else in the unit."""
    measure = BY_NAME[name]
    interval = Interval(value, value - half, value + half)
    ratio = measure.change == "ratio"
    changed = abs(value) > max(half, sdc)
    verdict = Verdict.NO_DETECTABLE_CHANGE
    if changed and measure.better == "neither":
        verdict = Verdict.INCREASED if value > 0 else Verdict.DECREASED
    elif changed:
        good = (value < 0) == (measure.better == "lower")
        verdict = Verdict.IMPROVED if good else Verdict.WORSENED
    unit_change = before * value / 100.0 if ratio else value
    none = NotMeasured("No untreated skin to compare with.")
    return Estimate(
        measure=name,
        version=measure.version,
        unit=measure.unit,
        region=region,
        before=before,
        after=before + unit_change,
        change=Interval(
            unit_change,
            unit_change - (before * half / 100.0 if ratio else half),
            unit_change + (before * half / 100.0 if ratio else half),
        ),
        change_pct=interval if ratio else NotMeasured("A difference has no per cent."),
        change_plain=value * 0.8,
        change_reference=none if reference == "none" else value * 1.05,
        reference_weight=none if reference == "none" else 0.74,
        reference=reference,
        improvement_pct=-value if ratio else NotMeasured("A difference has no per cent."),
        sdc=sdc,
        primary=primary,
        verdict=verdict,
        reason="",
        variance=(("sampling", 0.001), ("blur", 0.0004)),
    )


def make_unread(name: str, reason: str, *, region: str = "roi", primary: bool = False) -> Estimate:
    """One measure that could not be read."""
    gap = NotMeasured(reason)
    measure = BY_NAME[name]
    return Estimate(
        measure=name,
        version=measure.version,
        unit=measure.unit,
        region=region,
        before=gap,
        after=gap,
        change=gap,
        change_pct=gap,
        change_plain=gap,
        change_reference=gap,
        reference_weight=gap,
        reference="none",
        improvement_pct=gap,
        sdc=gap,
        primary=primary,
        verdict=Verdict.NOT_MEASURED,
        reason=reason,
        variance=(),
    )


def make_matched(
    name: str, n_before: int, n_after: int, matched: int, *, by_chance: float, region: str = "roi"
) -> Matched:
    """What of the things that a measure counted was found again."""
    gap = NotMeasured("nothing was found on both photos")
    return Matched(
        measure=name,
        region=region,
        before_photo_id="P001_2026-03-03_1",
        after_photo_id="P001_2026-04-14_1",
        n_before=n_before,
        n_after=n_after,
        matched=matched,
        by_chance=by_chance,
        tolerance_px=2.5,
        distance_px=0.7 if matched else gap,
        size_change_pct=-8.0 if matched else gap,
    )


GATES = (
    Check("same_skin", 0.71, "", "≥ 0.35", CheckVerdict.PASS, "", ("*",)),
    Check("sharpness", 0.08, "px²", "≤ 0.5", CheckVerdict.PASS, "", ("roughness",)),
    Check(
        "light_direction",
        4.2,
        "°",
        "≤ 3",
        CheckVerdict.FAIL,
        "Place the lamp at the same mark for every visit.",
        ("firmness",),
    ),
    Check(
        "white_balance",
        NotMeasured("No grey patch in the photographs."),
        "%",
        "≤ 3",
        CheckVerdict.NOT_APPLICABLE,
        "Put a colour chart beside the skin.",
    ),
)


def make_pair(
    subject: str = "P001",
    before: date = date(2026, 3, 3),
    after: date = date(2026, 4, 14),
    **changes: Any,
) -> PairRef:
    """The frame of a pair."""
    pair = PairRef(
        pair_id=f"{subject}_cheek-left_front_{before.isoformat()}_{after.isoformat()}",
        subject_id=subject,
        site="cheek_left",
        view="front",
        phase=Phase.PRE,
        before_date=before,
        after_date=after,
        before=(make_photo_ref(subject, before), make_photo_ref(subject, before, number=2)),
        after=(make_photo_ref(subject, after),),
        sessions=3,
        days_since_session=28,
        treated_area=TreatedArea.LOCAL,
    )
    return replace(pair, **changes)


def make_result(pair: PairRef | None = None, **changes: Any) -> PairResult:
    """A measured pair: texture improved, redness unchanged, scar not measured."""
    pair = pair or make_pair()
    estimates = (
        make_estimate("roughness", -18.0, 8.5),
        make_estimate("redness", -0.9, 1.4, before=12.3, sdc=2.1),
        make_unread("scar_area", "No scar outline was found in the region.", primary=True),
        make_unread("roughness_unscaled", "A scale is known; see roughness."),
        make_unread("firmness", "The light came from another direction."),
        make_estimate("ita", 3.1, 1.2, before=31.0, sdc=2.0, primary=False, reference="none"),
    )
    readings = tuple(
        StoredReading(e.measure, e.version, e.unit, role, photo.photo_id, photo.visit_date, "roi",
                      getattr(e, role.value))
        for e in estimates
        for role, photos in ((Role.BEFORE, pair.before), (Role.AFTER, pair.after))
        for photo in photos
    )  # fmt: skip
    result = PairResult(
        pair_key="3f" * 32,
        schema_version=SCHEMA_VERSION,
        pair=pair,
        status=PairStatus.MEASURED,
        reasons=(),
        remarks=("A second photograph before was out of focus and was left out.",),
        before_used=(pair.before[0].photo_id,),
        after_used=(pair.after[0].photo_id,),
        alignment=AlignmentSummary(
            0.53,
            1.9,
            0.98,
            (0.97, 1.04),
            0.97,
            0.71,
            412,
            0,
            "sift+dis",
            (1.0, 0, 0, 0, 1, 0, 0, 0, 1),
        ),
        scale=Scale(0.0412, 0.008, "marker"),
        colour_source="none",
        calibrations=(),
        bias=(("sharpness", 0.5), ("exposure", -0.08), ("light", NotMeasured("no light"))),
        bias_index=0.21,
        gates=GATES,
        regions=(RegionSummary("roi", "given", 0.18, 1240.0),),
        readings=readings,
        matches=(),
        evidence=(),
        estimates=estimates,
        pictures=(
            ("before.jpg", "before", ""),
            ("after.jpg", "after", ""),
            (
                "heat_roi_roughness.png",
                "heat",
                "Texture roughness: change from -50 % (blue) to +101 % (orange)",
            ),
            (
                "heat_roi_redness.png",
                "heat",
                "Redness (erythema index): change from -8 (blue) to +8 EI (orange)",
            ),
            ("mask_before_roi.png", "mask", ""),
            ("mask_after_roi.png", "mask", ""),
        ),
    )
    return replace(result, **changes)


def make_refused(pair: PairRef | None = None, **changes: Any) -> PairResult:
    """A pair that must not be compared."""
    reason = "The photographs do not show the same skin (correlation 0.08, at least 0.35 needed)."
    gap = NotMeasured(reason)
    gate = Check(
        "same_skin",
        0.08,
        "",
        "≥ 0.35",
        CheckVerdict.FAIL,
        "Check that both photographs show the same site, and that neither is mirrored.",
        ("*",),
    )
    result = make_result(
        pair or make_pair("P002"),
        status=PairStatus.REFUSED,
        reasons=(reason,),
        remarks=(),
        alignment=gap,
        bias=(),
        bias_index=gap,
        gates=(gate,),
        regions=(),
        readings=(),
        estimates=(),
        pictures=(("before.jpg", "before", ""), ("after.jpg", "after", "")),
    )
    return replace(result, **changes)


def make_failed(pair: PairRef | None = None) -> PairResult:
    """A pair that a fault stopped."""
    return make_refused(
        pair or make_pair("P003"),
        status=PairStatus.FAILED,
        reasons=("after.jpg: the file is truncated. Copy it from the camera again.",),
        gates=(),
        pictures=(),
        scale=NotMeasured("The pair failed before its scale was read."),
    )


# --------------------------------------------------------------------------- pictures


def _noise(shape: tuple[int, int], scale: float, seed: int) -> Any:
    rng = np.random.default_rng(seed)
    small = (max(2, int(shape[0] / scale)), max(2, int(shape[1] / scale)))
    field = rng.standard_normal(small).astype(np.float32)
    return cv2.resize(field, shape[::-1], interpolation=cv2.INTER_CUBIC)


def _skin(shape: tuple[int, int], rough: float, red: float, seed: int) -> Any:
    tone = np.array([118.0, 150.0, 196.0 + red], dtype=np.float32)
    relief = 7 * _noise(shape, 5, seed) + 5 * _noise(shape, 11, seed + 1)
    slow = 6 * _noise(shape, 160, seed + 2)
    marks = np.clip(_noise(shape, 40, seed + 3) - 1.2, 0, 2) * 14
    picture = tone + (rough * relief + slow)[..., None] - marks[..., None] * (1.4, 1.2, 0.4)
    return np.clip(picture, 0, 255).astype(np.uint8)


def write_pictures(folder: Path, result: PairResult, *, width: int = 900, seed: int = 5) -> None:
    """Draw every picture that a result names."""
    folder.mkdir(parents=True, exist_ok=True)
    shape = (int(width * 0.72), width)
    yy, xx = np.mgrid[0 : shape[0], 0 : shape[1]].astype(np.float32)
    angle = np.arctan2(yy - shape[0] / 2, xx - shape[1] / 2)
    radius = np.hypot((xx - shape[1] / 2) / shape[1], (yy - shape[0] / 2) / shape[0])
    inside = radius < 0.36 + 0.03 * np.sin(3 * angle)
    for name, kind, _ in result.pictures:
        if kind == "mask":
            picture = inside.astype(np.uint8) * 255
        elif kind == "heat":
            field = np.clip(_noise(shape, 60, seed + len(name)) * 0.4, -1, 1)[..., None]
            less, more = np.array([172.0, 102, 33]), np.array([8.0, 72, 178])
            ends = np.where(field < 0, less, more)
            colour = 247 + np.abs(field) * (ends - 247)
            grey = _skin(shape, 1, 0, seed).mean(axis=2, keepdims=True) * np.ones(3)
            picture = np.where(inside[..., None], 0.75 * colour + 0.25 * grey, grey)
            picture = picture.astype(np.uint8)
        else:
            picture = _skin(shape, 1.0 if kind == "before" else 0.7, 0.0, seed)
        _, encoded = cv2.imencode(Path(name).suffix, picture)
        (folder / name).write_bytes(encoded.tobytes())


def make_run(count: int = 7) -> list[PairResult]:
    """A run of several pairs with scattered changes, one of them worse."""
    results = [make_refused(), make_failed()]
    for number in range(count):
        subject = f"S{number:03d}"
        pair = make_pair(subject, after=date(2026, 4, 14) + timedelta(days=number))
        texture = -30.0 + 9.0 * number
        results.append(
            make_result(
                pair,
                estimates=(
                    make_estimate("roughness", texture, 6.0 + number % 3),
                    make_estimate("redness", 1.5 - 0.9 * number, 1.1, before=14.0, sdc=2.1),
                    make_estimate("scar_area", -4.0 * number, 9.0, before=38.4, sdc=10.0),
                ),
            )
        )
    return results


@pytest.fixture
def build() -> Any:
    """The builders of this file, by name."""

    class Builders:
        catalogue: Sequence[Measure] = CATALOGUE
        hostile: str = HOSTILE
        pair: Callable[..., PairRef] = staticmethod(make_pair)
        photo: Callable[..., PhotoRef] = staticmethod(make_photo_ref)
        record: Callable[..., PhotoRecord] = staticmethod(make_record)
        estimate: Callable[..., Estimate] = staticmethod(make_estimate)
        unread: Callable[..., Estimate] = staticmethod(make_unread)
        matched: Callable[..., Matched] = staticmethod(make_matched)
        measure: Callable[..., Measure] = staticmethod(make_measure)
        result: Callable[..., PairResult] = staticmethod(make_result)
        refused: Callable[..., PairResult] = staticmethod(make_refused)
        failed: Callable[..., PairResult] = staticmethod(make_failed)
        run: Callable[..., list[PairResult]] = staticmethod(make_run)
        pictures: Callable[..., None] = staticmethod(write_pictures)
        log: Callable[[float], float] = staticmethod(math.log)

    return Builders()
