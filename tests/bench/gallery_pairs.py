"""Pairs of synthetic skin that one gate refuses, and pairs that it lets pass.

Every gate has one person of its own under the same lamp; ``Staged`` says what was done to the after
photo of a pair. Nothing of the skin itself changes between the photos.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dermadelta.domain import PairRef, Phase, PhotoRef, TreatedArea
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

_PORTRAIT = 8
_CUSTOM_RENDERED, _FOCAL, _EXIF_IFD, _DATE = 0xA401, 0xA405, 0x8769, 0x9003
_MAKE, _MODEL, _DESCRIPTION, _SOFTWARE = 0x010F, 0x0110, 0x010E, 0x0131


@dataclass(frozen=True)
class Staged:
    """A pair for one gate.

    ``caption`` says how its photos differ and ``number`` draws the person. ``change`` acts on the
    case; ``paint_before`` and ``paint`` act on the finished photos. ``width_px`` is that of what
    is rendered, of which the photos are windows that start at ``windows`` (column, before and
    after). ``scale_factor`` spoils the scale given for the after photo, ``exif`` adds tags to its
    file; ``prep`` is what was on the skin. ``close`` shows the middle pixel by pixel instead of
    the whole frame.
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
    before = replace(refs[0], roi=str(folder / "roi.png"))
    pair = _pair(case, before, refs[1], staged)
    return Written(pair, _decoded(files[0]), _decoded(files[1]), roi)


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
    inner = {_DATE: plan.taken_at.strftime("%Y:%m:%d %H:%M:%S"), _FOCAL: round(focal_35mm), **tags}
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


def mirror(case: Case) -> Case:
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


# ------------------------------------------------------------------------------ the gates


def gates() -> tuple[Gate, ...]:
    """Every gate in the order in which it is asked."""
    return (*_identity(), *_detail_and_light(), *_geometry(), *_capture())


def _identity() -> tuple[Gate, ...]:
    return (
        Gate(
            "same_skin",
            Staged("The after photo shows the cheek of another person.", 1, kind="impostor"),
            Staged("The same skin, photographed again.", 1),
        ),
        Gate(
            "mirrored",
            Staged(
                "The after photo is the mirror image, as in a selfie preview.", 2, change=mirror
            ),
            Staged("The same photo as the camera saved it.", 2),
        ),
        Gate(
            "other_side",
            Staged(
                "The right cheek before and the left cheek after: other skin, with the mirrored"
                " outline against a dark cloth.",
                3,
                kind="impostor",
                paint_before=cheek(left=False),
                paint=cheek(left=True),
            ),
            Staged(
                "The same cheek with the same outline.",
                3,
                paint_before=cheek(left=False),
                paint=cheek(left=False),
            ),
            "Told from the outline of the skin alone: where skin fills the frame, the other cheek"
            " is refused as other skin.",
        ),
        Gate(
            "overlap",
            Staged(
                "The camera was moved sideways by 20 mm: half of the region is cut off.",
                4,
                width_px=1800,
                windows=(300, 700),
            ),
            Staged(
                "Moved sideways by 8 mm: most of the region is in both photos.",
                4,
                width_px=1800,
                windows=(300, 460),
            ),
        ),
        Gate(
            "alignment",
            Staged(
                "The skin was pulled: 12 % strain against the before photo.",
                5,
                change=after_camera(stretch=0.12),
            ),
            Staged("Another expression: 3 % strain.", 5, change=after_camera(stretch=0.03)),
        ),
    )


def _detail_and_light() -> tuple[Gate, ...]:
    return (
        Gate(
            "sharpness",
            Staged("Softer by 1.5 px².", 8, change=softer(1.5), close=True),
            Staged(
                "Softer by 0.4 px²: within what is corrected.", 8, change=softer(0.4), close=True
            ),
            "Middle of the photos, pixel by pixel.",
        ),
        Gate(
            "exposure",
            Staged("Darker by 2 EV.", 9, change=after_camera(exposure_ev=-2.0)),
            Staged("Darker by 1 EV.", 9, change=after_camera(exposure_ev=-1.0)),
        ),
        Gate(
            "clipping",
            Staged(
                "Brighter by 1.0 EV: red is at the end of its scale in places.",
                2,
                change=after_camera(exposure_ev=1.0),
            ),
            Staged("Brighter by 0.5 EV.", 2, change=after_camera(exposure_ev=0.5)),
        ),
        Gate(
            "white_balance",
            Staged("Red gain 1.4 times as high.", 3, change=warmer(1.4)),
            Staged("Red gain 1.1 times as high.", 3, change=warmer(1.1)),
        ),
        Gate(
            "light",
            Staged(
                "The lamp was on the left and stands on the right now; the whole face is treated,"
                " so that no untreated skin corrects it.",
                4,
                treated="whole",
                change=lamp_turned(180.0),
            ),
            Staged("The lamp was turned by 8°.", 4, treated="whole", change=lamp_turned(8.0)),
        ),
        Gate(
            "retouching",
            Staged(
                "A beauty filter took 90 % of the fine detail.",
                1,
                change=retouched(0.9),
                close=True,
            ),
            Staged("The file as the camera saved it.", 1, close=True),
            "Middle of the photos, pixel by pixel.",
        ),
    )


def _geometry() -> tuple[Gate, ...]:
    return (
        Gate(
            "zoom",
            Staged("Taken from nearer: 1.65 times as large.", 9, change=after_camera(zoom=1.65)),
            Staged("1.3 times as large.", 9, change=after_camera(zoom=1.3)),
        ),
        Gate(
            "tilt",
            Staged("The camera leans by 26°.", 8, change=after_camera(tilt_y_deg=26.0)),
            Staged("The camera leans by 6°.", 8, change=after_camera(tilt_y_deg=6.0)),
        ),
        Gate(
            "scale",
            Staged("The scale given for the after photo is 15 % too large.", 10, scale_factor=1.15),
            Staged("The scale given is 3 % too large.", 10, scale_factor=1.03),
            "The pictures are the same; only the manifest (mm_per_px) differs.",
        ),
    )


def _capture() -> tuple[Gate, ...]:
    return (
        Gate(
            "camera",
            Staged(
                "The file of the after photo says portrait mode.",
                11,
                exif={_CUSTOM_RENDERED: _PORTRAIT},
            ),
            Staged("The same camera and lens, focal length 4 % longer.", 11, exif={_FOCAL: 49}),
            "The pictures are the same; only the EXIF of the files differs.",
        ),
        Gate(
            "preparation",
            Staged("Bare skin before, make-up after.", 12, prep=("none", "make-up, SPF")),
            Staged("Bare skin before, washed skin after.", 12, prep=("none", "washed")),
            "The pictures are the same: the gate reads the column prep, it does not look for"
            " make-up.",
        ),
        Gate(
            "timing",
            Staged("Three days after a session.", 15, days=3),
            Staged("35 days after a session.", 15, days=35),
            "The pictures are the same; only the dates differ.",
        ),
    )
