"""Skin of which everything is known, and the stages run on it: each made once a session."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from dermadelta.config import Config
from dermadelta.domain import (
    AlignedPhoto,
    Alignment,
    CalibratedPhoto,
    CaptureMetadata,
    Carried,
    Comparability,
    Estimate,
    Measure,
    NotMeasured,
    PairRef,
    Phase,
    Photo,
    PhotoRef,
    Reading,
    Region,
    Regions,
    Role,
    Scale,
    ToLinear,
    TreatedArea,
)
from dermadelta.kernels.colour import lab_to_linear, srgb_decode, srgb_encode
from dermadelta.phantom.camera import Camera
from dermadelta.phantom.encode import through_jpeg
from dermadelta.phantom.light import Light
from dermadelta.phantom.marker import Marker
from dermadelta.phantom.pair import Case, RenderedPair, Shot, ShotPlan, render_pair
from dermadelta.phantom.skin import SkinSpec
from dermadelta.phantom.treatment import Outline, Scar, Treatment
from dermadelta.stages.align import align
from dermadelta.stages.calibrate import calibrate
from dermadelta.stages.calibrate.colour import UNCORRECTED
from dermadelta.stages.carry import carry
from dermadelta.stages.compare import compare
from dermadelta.stages.estimate import estimate
from dermadelta.stages.gather import gather
from dermadelta.stages.measure import measure
from dermadelta.stages.observe import observe
from dermadelta.stages.region import region

BEFORE_DAY, AFTER_DAY = date(2026, 1, 12), date(2026, 3, 2)


FAST = Config.model_validate({"align": {"features": 1000}})
"""The defaults, with as many features as these small photographs need."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-baseline",
        action="store_true",
        help="write tests/golden/measures.json from what the measures read now",
    )


# ------------------------------------------------------------------ values without files


def photo_ref(photo_id: str = "one", **changes: Any) -> PhotoRef:
    ref = PhotoRef(
        path=f"{photo_id}.png",
        shown_path=f"{photo_id}.png",
        sha256="",
        photo_id=photo_id,
        subject_id="s01",
        visit_date=BEFORE_DAY,
        phase=Phase.PRE,
        site="cheek",
        view="",
    )
    return replace(ref, **changes)


def pair_ref(before: tuple[PhotoRef, ...], after: tuple[PhotoRef, ...], **changes: Any) -> PairRef:
    pair = PairRef(
        pair_id="s01_cheek_2026-01-12_2026-03-02",
        subject_id="s01",
        site="cheek",
        view="",
        phase=Phase.PRE,
        before_date=BEFORE_DAY,
        after_date=AFTER_DAY,
        before=before,
        after=after,
        sessions=1,
        days_since_session=49,
        treated_area=TreatedArea.LOCAL,
    )
    return replace(pair, **changes)


def to_linear(levels: int) -> ToLinear:
    curve = srgb_decode(np.linspace(0.0, 1.0, levels)).astype(np.float32)
    return ToLinear(np.tile(curve, (3, 1)), np.eye(3), "sRGB")


def photo(rgb: np.ndarray, photo_id: str = "one", **changes: Any) -> Photo:
    """A loaded photograph of stored sRGB pixels, uint8 or uint16; ``given`` holds its masks."""
    given = changes.pop("given", {})
    levels = int(np.iinfo(rgb.dtype).max) + 1
    rows, cols = rgb.shape[:2]
    metadata = CaptureMetadata(
        cols, rows, 8 if levels == 256 else 16, "PNG", 1, "sRGB", "", "", datetime(2026, 1, 12)
    )
    clipped = rgb.max(axis=2) >= 0.98 * (levels - 1)
    ref = photo_ref(photo_id, **changes)
    return Photo(ref, rgb, to_linear(levels), clipped, metadata, given)


def calibrated(shot: Photo, mm_per_px: float | None = None) -> CalibratedPhoto:
    """With a scale as given, and no marker."""
    scale: Scale | NotMeasured = NotMeasured("no scale: give one")
    if mm_per_px is not None:
        scale = Scale(mm_per_px, 0.01, "given")
    fixtures = np.zeros(shot.clipped.shape, dtype=np.bool_)
    no_card = NotMeasured("no chart or target in the photo")
    return CalibratedPhoto(shot, UNCORRECTED, scale, fixtures, no_card, shot.to_linear)


def homography_only(matrix: np.ndarray, **changes: Any) -> Alignment:
    """An alignment that is known, not found."""
    found = Alignment(
        after_to_before=np.asarray(matrix, dtype=np.float64),
        displacement=np.zeros((1, 1, 2), dtype=np.float32),
        grid_step_px=32.0,
        error_px=np.full((1, 1), 0.5, dtype=np.float32),
        usable=np.ones((1, 1), dtype=np.bool_),
        rms_px=0.2,
        p95_px=0.5,
        usable_share=1.0,
        area_change=(1.0, 1.0),
        overlap=1.0,
        correlation=0.9,
        inliers=200,
        quarter_turns=0,
        method="known",
    )
    return replace(found, **changes)


def encoded(linear: np.ndarray) -> np.ndarray:
    """Linear light as 16-bit sRGB."""
    return np.round(srgb_encode(linear) * 65535.0).astype(np.uint16)


# ------------------------------------------------------------- skin written as a formula


class FormulaSkin:
    """28 × 21 mm of skin as a formula of millimetres, so that any camera can sample it.

    Relief is a sum of waves of 0.3 to 0.9 mm; a red scar of 3 mm radius lies off the middle of
    the round region, and a red stretch mark 1.6 mm wide runs through it beside the scar; a ring
    around it is reference skin; a corner and a strand are no skin. The site is no face.
    ``lines`` is the contrast of three fine lines, 20 mm long together, inside the region.
    """

    width_mm, height_mm = 28.0, 21.0
    region_mm, scar_mm = 7.0, 2.6
    mark_at_mm, mark_mm = -4.4, 0.8

    def __init__(
        self, contrast: float = 0.05, redder: float = 0.0, seed: int = 5, lines: float = 0.0
    ) -> None:
        self.contrast, self.redder, self.lines = contrast, redder, lines
        random = np.random.default_rng(seed)
        self.frequency = 1.0 / random.uniform(0.3, 0.9, 48)
        self.angle = random.uniform(0.0, np.pi, 48)
        self.phase = random.uniform(0.0, 2.0 * np.pi, 48)

    def axes(self, mm_per_px: float) -> tuple[np.ndarray, np.ndarray]:
        cols, rows = (round(side / mm_per_px) for side in (self.width_mm, self.height_mm))
        x = (np.arange(cols) + 0.5) * mm_per_px - 0.5 * self.width_mm
        y = (np.arange(rows) + 0.5) * mm_per_px - 0.5 * self.height_mm
        return x[None, :], y[:, None]

    def linear(self, mm_per_px: float) -> np.ndarray:
        x, y = self.axes(mm_per_px)
        relief = np.zeros(np.broadcast_shapes(x.shape, y.shape))
        for frequency, angle, phase in zip(self.frequency, self.angle, self.phase, strict=True):
            u, v = 2 * np.pi * frequency * np.cos(angle), 2 * np.pi * frequency * np.sin(angle)
            # cos(a + b) from one row and one column is far cheaper than over the plane
            relief += np.cos(u * x + phase) * np.cos(v * y) - np.sin(u * x + phase) * np.sin(v * y)
        relief /= np.sqrt(0.5 * len(self.frequency))
        inside = 1.0 / (1.0 + np.exp((np.hypot(x - 1.5, y + 1.0) - self.scar_mm) / 0.08))
        treated = np.hypot(x, y) < self.region_mm
        skin, scar = lab_to_linear((62.0, 12.0, 17.0)), lab_to_linear((52.0, 24.0, 17.0))
        colour = skin + inside[..., None] * (scar - skin)
        away = np.abs(x - 0.1 * y - self.mark_at_mm)
        mark = 1.0 / (1.0 + np.exp((away - self.mark_mm) / 0.08))
        colour = colour * (1.0 - mark[..., None] * np.array([0.0, 0.09, 0.03]))
        colour = colour * np.where(treated[..., None], [1.0 + self.redder, 1.0, 1.0], 1.0)
        furrows = 0.0 if self.lines == 0.0 else self.furrows(x, y)
        light = np.exp(self.contrast * relief + 0.008 * x - 0.005 * y - self.lines * furrows)
        return np.asarray(colour * light[..., None], dtype=np.float32)

    def furrows(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Three curved lines 0.5 mm wide, 1 at their bottom, ending softly."""
        found = np.zeros(np.broadcast_shapes(x.shape, y.shape))
        for along, across, middle, half in (
            (x, y + 5.0 - 0.02 * x**2, 0.3, 4.0),
            (x, y - 5.0 + 0.03 * x**2, -0.9, 3.0),
            (y, x + 4.2 - 0.03 * y**2, -1.1, 3.0),
        ):
            ends = 1.0 / (1.0 + np.exp((np.abs(along - middle) - half) / 0.06))
            found += ends * np.exp(-0.5 * (across / 0.21) ** 2)
        return found

    def masks(self, mm_per_px: float) -> dict[str, np.ndarray]:
        x, y = self.axes(mm_per_px)
        distance = np.hypot(x, y)
        strand = np.abs(y - 0.25 * x - 3.0) < 0.12
        usable = ~(strand | ((x > 9.0) & (y > 6.0)))
        return {
            "roi": distance < self.region_mm,
            "reference": (distance > self.region_mm + 0.8) & (np.abs(y) < 9.5) & (distance < 12.0),
            "scar": np.hypot(x - 1.5, y + 1.0) < self.scar_mm,
            "usable": usable,
        }

    def aligned(
        self,
        mm_per_px: float = 0.04,
        *,
        role: Role = Role.BEFORE,
        alignment: Alignment | None = None,
        scale: bool = True,
        scar_given: bool = False,
        turn: Callable[[np.ndarray], np.ndarray] = lambda pixels: pixels,
        spoil: float | None = None,
        photo_id: str = "",
    ) -> AlignedPhoto:
        """A sampled photo with its true regions; ``spoil`` overwrites what is not usable."""
        masks = {k: np.ascontiguousarray(turn(m)) for k, m in self.masks(mm_per_px).items()}
        rgb = np.ascontiguousarray(turn(encoded(self.linear(mm_per_px))))
        if spoil is not None:
            rgb[~masks["usable"]] = round(spoil * 65535)
        shot = calibrated(
            photo(rgb, photo_id or role.value, site="thigh"), mm_per_px if scale else None
        )
        scar: Region | NotMeasured = NotMeasured("no scar mask given")
        if scar_given:
            scar = Region("scar", masks["scar"], "given")
        regions = Regions(
            regions=(Region("roi", masks["roi"], "given"),),
            reference=Region("reference", masks["reference"], "automatic"),
            scar=scar,
            readable=masks["usable"],
            usable=masks["usable"],
            left_out=(),
        )
        return AlignedPhoto(shot, regions, role, alignment)


# ------------------------------------------------------------------------- the phantom

WIDTH, HEIGHT, MM_PER_PX = 480, 360, 0.05

STEADY = Camera(blur_px=0.8, shot_noise=0.010, read_noise=0.001, jpeg_quality=95)
"""The clinic's camera."""

AGAIN = replace(STEADY, zoom=1.02, rotation_deg=1.5, tilt_x_deg=1.5, tilt_y_deg=-1.0, shift_x=0.01)
"""The same camera, held again."""

LAMP = Light(azimuth_deg=40.0, elevation_deg=45.0)

SPOT = Outline(0.5, 0.0, 5.6, 4.6)
"""The treated area: 11 × 9 mm in a frame of 24 × 18 mm."""


def case(kind: str = "no_change", **changes: Any) -> Case:
    """A small pair; ``camera``, ``light`` and ``marker`` are those of the after photo."""
    camera, light = changes.pop("camera", AGAIN), changes.pop("light", LAMP)
    markers = changes.pop("markers", (None, None))
    mirrored = changes.pop("mirrored", False)
    first = ShotPlan(datetime(2026, 1, 12, 10), STEADY, LAMP, 101, markers[0])
    second = ShotPlan(datetime(2026, 3, 2, 10), camera, light, 202, markers[1], mirrored)
    settings: dict[str, Any] = {
        "subject_id": "s01",
        "site": "cheek",
        "kind": kind,
        "setup": "rig",
        "width_px": WIDTH,
        "height_px": HEIGHT,
        "mm_per_px": MM_PER_PX,
        "skin": SkinSpec(seed=11, melanin=0.8, haemoglobin=0.26),
        "roi": SPOT,
        "treatment": Treatment(area=SPOT),
        "light": LAMP,
        "before": first,
        "after": second,
    }
    return Case(**{**settings, **changes})


def tone_case(melanin: float, exposure_ev: float) -> Case:
    """Skin of one tone, with a small marker on it."""
    made = case(
        skin=SkinSpec(seed=21, melanin=melanin, haemoglobin=0.26),
        markers=(Marker(7, 3.0, -8.4, -5.6), None),
    )
    camera = replace(STEADY, exposure_ev=exposure_ev)
    return replace(made, before=replace(made.before, camera=camera))


SCAR = (Scar("red", Outline(0.8, 0.3, 2.3, 1.7, 0.1, 4)),)

CASES: dict[str, Callable[[], Case]] = {
    "no_change": case,
    "texture": lambda: case("texture", treatment=Treatment(SPOT, relief_factor=0.55)),
    "texture again": lambda: case(
        "texture",
        treatment=Treatment(SPOT, relief_factor=0.55),
        before=ShotPlan(
            datetime(2026, 1, 12, 10, 3), replace(STEADY, rotation_deg=1.5, zoom=1.01), LAMP, 303
        ),
        camera=replace(AGAIN, rotation_deg=-1.5, zoom=0.99),
    ),
    "redness": lambda: case(
        "redness",
        baseline=Treatment(SPOT, haemoglobin_change=0.22),
        treatment=Treatment(SPOT, haemoglobin_change=-0.22),
    ),
    "scar": lambda: case(
        "scar", scars=SCAR, treatment=Treatment(SPOT, scar_area_factor=0.55), scar_mask_given=True
    ),
    "lamp": lambda: case(light=replace(LAMP, elevation_deg=34.0, fill=0.25)),
    "impostor": lambda: case(impostor=SkinSpec(seed=77, melanin=0.8, haemoglobin=0.26)),
    "mirrored": lambda: case(mirrored=True),
    "quarter": lambda: case(camera=replace(AGAIN, rotation_deg=90.0)),
    "soft": lambda: case(camera=replace(AGAIN, blur_px=1.6)),
    "soft again": lambda: case(camera=replace(AGAIN, blur_px=1.6, rotation_deg=-1.0, zoom=1.01)),
    "warm": lambda: case(camera=replace(AGAIN, wb_red=1.08, exposure_ev=0.2)),
    "light": lambda: tone_case(0.45, 0.0),
    "brown": lambda: tone_case(1.6, 0.1),
    "very dark": lambda: tone_case(4.3, 0.6),
    "marker": lambda: case(
        markers=(Marker(7, 3.0, -8.4, -5.6), Marker(7, 3.0, -8.4, -5.6, 8.0)),
    ),
}


@lru_cache
def rendered(name: str) -> RenderedPair:
    return render_pair(CASES[name]())


@lru_cache
def shot_photo(
    name: str, role: Role, *, mm_per_px: float | None = MM_PER_PX, roi: bool = True
) -> Photo:
    """One photograph of a rendered pair after JPEG, as ``load`` would return it."""
    pair = rendered(name)
    shot: Shot = pair.before if role is Role.BEFORE else pair.after
    day = BEFORE_DAY if role is Role.BEFORE else AFTER_DAY
    given = {"roi": shot.roi} if roi else {}
    if pair.case.scar_mask_given and shot.scar is not None:
        given["scar_mask"] = shot.scar
    rgb = through_jpeg(shot.rgb, pair.case.before.camera)
    return photo(rgb, role.value, visit_date=day, given=given, mm_per_px=mm_per_px)


@lru_cache
def prepared(
    name: str,
    role: Role,
    treated: TreatedArea = TreatedArea.LOCAL,
    *,
    mm_per_px: float | None = MM_PER_PX,
) -> tuple[CalibratedPhoto, Regions]:
    """A photograph up to its regions. The after photo brings no region of its own."""
    config = Config()
    shot = shot_photo(name, role, mm_per_px=mm_per_px, roi=role is Role.BEFORE)
    found = calibrate(shot, config.calibrate)
    return found, region(found, treated, None, config.region)


@lru_cache
def aligned(
    name: str, treated: TreatedArea = TreatedArea.LOCAL, *, mm_per_px: float | None = MM_PER_PX
) -> tuple[AlignedPhoto, AlignedPhoto]:
    """Both photographs of a pair, the second on its way to the first."""
    first, own = prepared(name, Role.BEFORE, treated, mm_per_px=mm_per_px)
    second, other = prepared(name, Role.AFTER, treated, mm_per_px=mm_per_px)
    found = align(first, second, own, other, FAST.align)
    assert isinstance(found, Alignment), found
    return (
        AlignedPhoto(first, own, Role.BEFORE, None),
        AlignedPhoto(second, other, Role.AFTER, found),
    )


@lru_cache
def carried(
    name: str, treated: TreatedArea = TreatedArea.LOCAL, *, mm_per_px: float | None = MM_PER_PX
) -> Carried:
    return views_of(aligned(name, treated, mm_per_px=mm_per_px))


def views_of(photos: Sequence[AlignedPhoto], config: Config | None = None) -> Carried:
    """Carried and observed: all that measures and gates look at."""
    config = config or Config()
    found = carry(photos, config.carry)
    assert isinstance(found, Carried), found
    return observe(found, photos, config.observe)


@dataclass(frozen=True, eq=False)
class Outcome:
    """A pair from its photographs to its estimates."""

    photos: tuple[AlignedPhoto, AlignedPhoto]
    views: Carried
    gates: Comparability
    readings: tuple[Reading, ...]
    rows: dict[str, Estimate]


@lru_cache
def outcome(name: str, treated: TreatedArea = TreatedArea.LOCAL) -> Outcome:
    return outcome_of(aligned(name, treated), carried(name, treated))


def estimates_of(
    readings: Sequence[Reading],
    views: Carried,
    gates: Comparability,
    alignment: Alignment,
    config: Config,
    catalogue: Sequence[Measure],
) -> tuple[Estimate, ...]:
    """Readings to estimates, by the model of the package."""
    evidence = gather(readings, views, gates, alignment, catalogue, "automatic", config.gather)
    return estimate(evidence, (), config.variance(), catalogue, config.estimate)


def outcome_of(
    photos: tuple[AlignedPhoto, AlignedPhoto], views: Carried, config: Config | None = None
) -> Outcome:
    config = config or Config()
    before, after = photos
    assert after.alignment is not None
    pair = pair_ref((before.photo.photo.ref,), (after.photo.photo.ref,))
    gates = compare(pair, before.photo, after.photo, after.alignment, views, config.compare)
    readings = measure(views, config.catalogue(), config.params(), config.measure)
    rows = estimates_of(readings, views, gates, after.alignment, config, config.catalogue())
    return Outcome(photos, views, gates, readings, {row.measure: row for row in rows})


class Bench:
    """What tests of measures, stages and runner share."""

    config = FAST
    before_day, after_day = BEFORE_DAY, AFTER_DAY
    mm_per_px = MM_PER_PX
    steady, again, lamp, spot = STEADY, AGAIN, LAMP, SPOT
    golden = Path(__file__).parents[1] / "golden" / "measures.json"
    photo_ref = staticmethod(photo_ref)
    pair_ref = staticmethod(pair_ref)
    photo = staticmethod(photo)
    calibrated = staticmethod(calibrated)
    encoded = staticmethod(encoded)
    homography_only = staticmethod(homography_only)
    FormulaSkin = FormulaSkin
    case = staticmethod(case)
    rendered = staticmethod(rendered)
    shot_photo = staticmethod(shot_photo)
    prepared = staticmethod(prepared)
    aligned = staticmethod(aligned)
    carried = staticmethod(carried)
    views_of = staticmethod(views_of)
    outcome = staticmethod(outcome)
    outcome_of = staticmethod(outcome_of)
    estimates_of = staticmethod(estimates_of)


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """As in the worker processes of a run: several test processes must not fight for cores."""
    cv2.setNumThreads(1)


@pytest.fixture(scope="session")
def bench() -> type[Bench]:
    return Bench
