"""How a pair for a gate is staged: what is done to a drawn pair, and its files."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dermadelta.domain import PairRef, Phase, PhotoRef, TreatedArea
from dermadelta.kernels.geometry import apply_homography
from dermadelta.phantom.cases import random_case
from dermadelta.phantom.encode import SYNTHETIC, mask_bytes
from dermadelta.phantom.pair import Case, ShotPlan, render_pair
from dermadelta.phantom.plan import TreatedWhere
from dermadelta.phantom.seeds import Purpose, set_seed

Image8 = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Change = Callable[[Case], Case]
Painted = Callable[[Image8], Image8]

WIDTH_PX = 1200
SEED = set_seed(Purpose.FREE, 6)
"""Pairs to look at; no limit was taken from them, and none is reported on them."""

_FOCAL_35MM = 46.8
"""That of the phantom's camera: 1.3 times the width of the frame."""

FOCAL = 0xA405
PORTRAIT_MODE = {0xA401: 8}
"""EXIF tags: focal length for 35 mm film, and custom rendering as phones mark portrait mode."""

_EXIF_IFD, _DATE = 0x8769, 0x9003
_MAKE, _MODEL, _DESCRIPTION, _SOFTWARE = 0x010F, 0x0110, 0x010E, 0x0131


@dataclass(frozen=True)
class Staged:
    """A pair for one gate.

    ``caption`` says how its photos differ and ``number`` draws the person. ``change`` acts on the
    case; ``paint_before`` and ``paint`` act on the finished photos. ``width_px`` is that of what
    is rendered, of which the photos are windows that start at ``windows`` (column, before and
    after). ``scale_factor`` spoils the scale given for the after photo, ``exif`` adds tags to its
    file; ``prep`` is what was on the skin. ``landmarks`` are six points that a person marked in
    both photos, two of them taken for one another where they are swapped. ``close`` shows the
    middle pixel by pixel instead of the whole frame.
    """

    caption: str
    number: int
    kind: str = "no_change"
    treated: TreatedWhere = "local"
    change: Change = field(default=lambda case: case)
    paint_before: Painted = field(default=lambda rgb: rgb)
    paint: Painted = field(default=lambda rgb: rgb)
    width_px: int = WIDTH_PX
    windows: tuple[int, int] = (0, 0)
    scale_factor: float = 1.0
    exif: Mapping[int, Any] = field(default_factory=dict)
    prep: tuple[str, str] = ("none", "none")
    days: int | None = 40
    landmarks: Literal["", "right", "swapped"] = ""
    close: bool = False


@dataclass(frozen=True)
class Gate:
    """One gate with the pair that it is to refuse and the one that is to pass; ``note`` on both."""

    name: str
    refused: Staged
    passed: Staged
    note: str = ""


@dataclass(frozen=True, eq=False)
class Written:
    """A pair whose files lie in a folder: its pictures and its region, (h, w) bool, before."""

    pair: PairRef
    before: Image8
    after: Image8
    roi: Mask


# ------------------------------------------------------------------------------ writing


def write(staged: Staged, folder: Path) -> Written:
    """Render a pair and write what a clinic would hand in: two JPEG files and a region."""
    case = random_case(
        staged.kind,
        SEED,
        staged.number,
        width_px=staged.width_px,
        setup="rig",
        treated=staged.treated,
        in_photo="scale",
    )
    case = staged.change(case)
    shots = render_pair(case)
    rows = round(0.75 * WIDTH_PX)
    top = (case.height_px - rows) // 2
    first, second = (
        (slice(top, top + rows), slice(left, left + WIDTH_PX)) for left in staged.windows
    )
    roi = np.ascontiguousarray(shots.before.roi[first])
    pictures = (
        staged.paint_before(np.ascontiguousarray(shots.before.rgb[first])),
        staged.paint(np.ascontiguousarray(shots.after.rgb[second])),
    )
    focal = _FOCAL_35MM * staged.width_px / WIDTH_PX
    files = (
        _jpeg(pictures[0], case.before, focal, {}),
        _jpeg(pictures[1], case.after, focal, staged.exif),
    )
    (folder / "roi.png").write_bytes(mask_bytes(roi))
    scales = (shots.before.mm_per_px, shots.after.mm_per_px * staged.scale_factor)
    refs = []
    for name, plan, file, scale, prep in zip(
        ("before", "after"), (case.before, case.after), files, scales, staged.prep, strict=True
    ):
        path = folder / f"{name}.jpg"
        path.write_bytes(file)
        refs.append(_ref(path, case, plan, file, scale, prep))
    before, after = replace(refs[0], roi=str(folder / "roi.png")), refs[1]
    if staged.landmarks:
        table = folder / "landmarks.csv"
        table.write_text(_landmarks(shots.after_to_before, swapped=staged.landmarks == "swapped"))
        after = replace(after, landmarks=str(table))
    pair = _pair(case, before, after, staged)
    return Written(pair, _decoded(files[0]), _decoded(files[1]), roi)


def _landmarks(after_to_before: NDArray[np.float64], *, swapped: bool) -> str:
    """Six points of skin around the middle, as a table of pixels in both photos."""
    rows, cols = round(0.75 * WIDTH_PX), WIDTH_PX
    after = np.array([(x * cols, y * rows) for y in (0.3, 0.7) for x in (0.3, 0.5, 0.7)])
    before = apply_homography(after_to_before, after)
    if swapped:
        before[[0, 2]] = before[[2, 0]]
    lines = (
        ",".join(f"{value:.1f}" for value in (*b, *a)) for b, a in zip(before, after, strict=True)
    )
    return "\n".join(("before_x,before_y,after_x,after_y", *lines, ""))


def _ref(
    path: Path, case: Case, plan: ShotPlan, file: bytes, mm_per_px: float, prep: str
) -> PhotoRef:
    return PhotoRef(
        path=str(path),
        shown_path=path.name,
        sha256=hashlib.sha256(file).hexdigest(),
        photo_id=path.stem,
        subject_id=case.subject_id,
        visit_date=plan.taken_at.date(),
        phase=Phase.PRE,
        site=case.site,
        view="",
        mm_per_px=round(mm_per_px, 4),
        details=(("prep", prep),),
    )


def _pair(case: Case, before: PhotoRef, after: PhotoRef, staged: Staged) -> PairRef:
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
        days_since_session=staged.days,
        treated_area=TreatedArea(staged.treated),
    )


def _jpeg(rgb: Image8, plan: ShotPlan, focal_35mm: float, tags: Mapping[int, Any]) -> bytes:
    """The file of a shot; tags of the first directory and of the EXIF directory by number."""
    exif = Image.Exif()
    exif.update({_MAKE: "dermadelta", _MODEL: "phantom camera", _DESCRIPTION: SYNTHETIC})
    if plan.software:
        exif[_SOFTWARE] = plan.software
    inner = {_DATE: plan.taken_at.strftime("%Y:%m:%d %H:%M:%S"), FOCAL: round(focal_35mm), **tags}
    exif.get_ifd(_EXIF_IFD).update(inner)
    buffer = io.BytesIO()
    Image.fromarray(rgb).save(
        buffer,
        "JPEG",
        quality=plan.camera.jpeg_quality,
        subsampling=plan.camera.chroma_subsampling,
        exif=exif,
    )
    return buffer.getvalue()


def _decoded(file: bytes) -> Image8:
    with Image.open(io.BytesIO(file)) as image:
        return np.asarray(image.convert("RGB"), dtype=np.uint8)


# -------------------------------------------------------------------- what is done to a pair


def after_camera(**values: float) -> Change:
    """Values of the after camera that replace those drawn; ``exposure_ev`` is added."""

    def change(case: Case) -> Case:
        camera = case.after.camera
        given = dict(values)
        if "exposure_ev" in given:
            given["exposure_ev"] += camera.exposure_ev
        return replace(case, after=replace(case.after, camera=replace(camera, **given)))

    return change


def softer(variance_px2: float) -> Change:
    """An after photo whose blur has a larger variance than that of the before photo."""

    def change(case: Case) -> Case:
        blur = float(np.sqrt(case.before.camera.blur_px**2 + variance_px2))
        return after_camera(blur_px=blur)(case)

    return change


def warmer(factor: float) -> Change:
    """Red gain of the after photo times a factor, against that of the before photo."""

    def change(case: Case) -> Case:
        return after_camera(wb_red=case.before.camera.wb_red * factor)(case)

    return change


def lamp_turned(degrees: float) -> Change:
    """One lamp, turned about the skin by the after photo."""

    def change(case: Case) -> Case:
        light = replace(case.light, azimuth_deg=180.0, second_share=0.0)
        turned = replace(light, azimuth_deg=180.0 + degrees)
        return replace(
            case,
            light=light,
            before=replace(case.before, light=light),
            after=replace(case.after, light=turned),
        )

    return change


def retouched(strength: float, software: str = "") -> Change:
    """A beauty filter of a strength on the after photo."""

    def change(case: Case) -> Case:
        return replace(case, after=replace(case.after, retouch=strength, software=software))

    return change


def nobody_else(case: Case) -> Case:
    """The same person after, where another one was drawn."""
    return replace(case, impostor=None)


def region_left(case: Case) -> Case:
    """A region that lies 17 mm left of the middle of what is rendered."""
    return replace(case, roi=replace(case.roi, x_mm=-17.0))


def mirror(case: Case) -> Case:
    """An after photo that was flipped left to right."""
    return replace(case, after=replace(case.after, mirrored=True))


def cheek(*, left: bool) -> Painted:
    """A dark cloth behind the outline of a cheek and jaw, on the right or on the left."""

    def paint(rgb: Image8) -> Image8:
        rows, cols = rgb.shape[:2]
        y = np.arange(rows)[:, None] / rows
        x = np.arange(cols)[None, :] / cols
        edge = 0.74 + 0.06 * np.sin(np.pi * y) - 0.30 * np.clip(y - 0.62, 0.0, 1.0) ** 1.2
        outside = (x - edge) if not left else (x[:, ::-1] - edge)
        share = np.clip(0.5 + outside * cols / 6.0, 0.0, 1.0)[..., None]
        cloth = np.array((36.0, 58.0, 92.0)) * (0.9 + 0.1 * np.cos(40.0 * np.pi * x))[..., None]
        return np.asarray(np.round(rgb * (1.0 - share) + cloth * share), dtype=np.uint8)

    return paint
