"""Rendered visits by hand: how many are aligned, and what alignment does to a true change."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from known_warps import Field, Floats, Mask, PointMap, dense, make
from numpy.typing import NDArray
from ours import Prepared, prepare
from part_warps import OURS
from rivals import Rival, run_all
from warp_score import alignment_map
from warp_sources import Source, source

from dermadelta.config import Config
from dermadelta.domain import AlignedPhoto, Alignment, NotAligned, NotMeasured, Role, SkinView
from dermadelta.kernels.geometry import apply_homography, bounding_box, inverse, pixel_grid
from dermadelta.measures.texture import Params, read_roughness
from dermadelta.phantom.camera import make_view
from dermadelta.phantom.cases import MEASURABLE_KINDS, random_case
from dermadelta.phantom.encode import Files, photo_bytes
from dermadelta.phantom.pair import Case, RenderedPair, ShotPlan, render_pair, skin_grid
from dermadelta.phantom.treatment import Treatment
from dermadelta.stages.carry import carry

SEED = 1
"""Odd: the reporting half of the phantom's seeds."""

WIDTH_PX = 1600
LEAST_IOU = 0.8
GROWTH = 1.2
LESION_WIDTH_PX = 2000


@dataclass(frozen=True)
class Carrying:
    """One method on one rendered pair; ``iou`` is 0 where it gave no map."""

    method: str
    pair: int
    kind: str
    tone: str
    iou: float
    said: str


def files_of(pair: RenderedPair) -> tuple[bytes, bytes]:
    """Both photos as the camera of the case writes them."""
    case = pair.case
    return (
        photo_bytes(pair.before.rgb, case.before, Files()),
        photo_bytes(pair.after.rgb, case.after, Files()),
    )


def run_share(
    count: int, rivals: list[Rival], config: Config, say: Callable[[str], None]
) -> list[Carrying]:
    """Measurable pairs by hand, kinds and tones in turn: does the region land on itself?"""
    rows: list[Carrying] = []
    for number in range(count):
        kind = MEASURABLE_KINDS[number % len(MEASURABLE_KINDS)]
        case = random_case(kind, SEED, number, width_px=WIDTH_PX, setup="handheld")
        pair = render_pair(case)
        with tempfile.TemporaryDirectory() as folder:
            ready = prepare(files_of(pair), pair.before.roi, Path(folder), config)
            found = ready.aligned(config)
        if isinstance(found, NotAligned):
            rows.append(Carrying(OURS, number, kind, case.tone, 0.0, found.reason))
            say(f"pair {number} {kind} {case.tone}: {found.reason}")
        else:
            iou = _iou(alignment_map(found), pair)
            rows.append(Carrying(OURS, number, kind, case.tone, iou, ""))
            if iou <= LEAST_IOU:
                say(f"pair {number} {kind} {case.tone}: IoU {iou:.2f}")
        for name, where, _ in run_all(rivals, ready.before.photo.rgb, ready.after.photo.rgb):
            said, iou = (where, 0.0) if isinstance(where, str) else ("", _iou(where, pair))
            rows.append(Carrying(name, number, kind, case.tone, iou, said))
    return rows


def _iou(where: PointMap, pair: RenderedPair) -> float:
    carried = landed(where, pair.before.roi, (0, 0, *pair.after.roi.shape[::-1]), stride=2)
    true = pair.after.roi[::2, ::2]
    either = np.count_nonzero(carried | true)
    return float(np.count_nonzero(carried & true) / max(1, either))


def landed(where: PointMap, mask: Mask, box: tuple[int, int, int, int], stride: int = 1) -> Mask:
    """Which after pixels of a box a map sends into a before mask."""
    points = where(pixel_grid(box, stride)).astype(np.float32)
    seen = cv2.remap(
        mask.astype(np.uint8) * np.uint8(255),
        np.ascontiguousarray(points[..., 0]),
        np.ascontiguousarray(points[..., 1]),
        cv2.INTER_LINEAR,
        borderValue=0,
    )
    return np.asarray(seen >= 128, dtype=np.bool_)


# -------------------------------------------------------------------- truth of a pair


def phantom_truth(case: Case) -> PointMap:
    """Where after points truly lie in the before photo, the stretch of the skin included."""
    before, before_wave = _view(case, case.before)
    after, after_wave = _view(case, case.after)

    def where(points: Floats) -> Floats:
        on_skin = apply_homography(inverse(after), points) + _at(after_wave, points)
        found = apply_homography(before, on_skin)
        for _ in range(8):
            found = apply_homography(before, on_skin - _at(before_wave, found))
        return found

    return where


def _view(case: Case, plan: ShotPlan) -> tuple[Floats, Field]:
    """Homography from the skin to a shot, and the stretch on the shot, in skin pixels."""
    geometry = np.random.default_rng(np.random.SeedSequence(plan.seed).spawn(2)[0])
    size, grid = (case.width_px, case.height_px), skin_grid(case)
    view = make_view(plan.camera, (grid.width_px, grid.height_px), size, 1.0, geometry)
    plain = apply_homography(inverse(view.homography), pixel_grid((0, 0, *size)))
    wave = np.stack([view.map_x, view.map_y], axis=-1) - plain
    return view.homography, wave.astype(np.float32)


def _at(wave: Field, points: Floats) -> NDArray[np.float32]:
    at = np.ascontiguousarray(points, dtype=np.float32)
    seen = cv2.remap(
        wave, at[..., 0], at[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(seen, dtype=np.float32)


# ----------------------------------------------------------------- lesions that change


@dataclass(frozen=True)
class Absorbed:
    """Share of a true ln area change that the alignment explains away; of ``family`` pictures."""

    family: str
    name: str
    factor: float
    ln_true: float
    absorbed: float


def run_absorbed(
    count: int, lesions: list[str], config: Config, say: Callable[[str], None]
) -> list[Absorbed]:
    """Scars of the phantom and lesions of dermoscopy that grow and shrink by a fifth."""
    rows = []
    for number in range(count):
        for factor in (GROWTH, 1.0 / GROWTH):
            rows.append(_scar(number, factor, config))
    for number, name in enumerate(lesions):
        for factor in (GROWTH, 1.0 / GROWTH):
            rows.append(_lesion(name, factor, 2 * number + 1, config))
    kept = [row for row in rows if row is not None]
    for row in kept:
        say(f"{row.family} {row.name} x {row.factor:.2f}: absorbed {100 * row.absorbed:.1f} %")
    return kept


def _scar(number: int, factor: float, config: Config) -> Absorbed | None:
    case = random_case("scar", SEED, number, width_px=WIDTH_PX, setup="handheld")
    case = replace(case, treatment=Treatment(area=case.treatment.area, scar_area_factor=factor))
    pair = render_pair(case)
    before, after = pair.before.scar, pair.after.scar
    if before is None or after is None:
        raise TypeError("a case of the kind scar has scars")
    with tempfile.TemporaryDirectory() as folder:
        found = prepare(files_of(pair), pair.before.roi, Path(folder), config).aligned(config)
    if isinstance(found, NotAligned):
        return None
    truth = dense(phantom_truth(case), before.shape)
    return _absorbed("phantom", f"p{number:04d}", factor, found, truth, (before, after))


def _lesion(name: str, factor: float, seed: int, config: Config) -> Absorbed | None:
    small = source(name, reporting=True, width=LESION_WIDTH_PX)
    large = _grown(small)
    first, later = (small, large) if factor > 1.0 else (large, small)
    warp = make(first, 0.01, seed, LESION_WIDTH_PX, later=later)
    with tempfile.TemporaryDirectory() as folder:
        found = prepare(warp.files, warp.skin, Path(folder), config).aligned(config)
    if isinstance(found, NotAligned) or first.lesion is None or later.lesion is None:
        return None
    box = (0, 0, *warp.after_skin.shape[::-1])
    after = landed(lambda _: warp.truth.astype(np.float64), later.lesion, box)
    lesions = (first.lesion, after)
    return _absorbed("dermoscopy", name, factor, found, warp.truth, lesions)


def _grown(item: Source) -> Source:
    """The lesion enlarged about its centre and laid over the skin around it."""
    if item.lesion is None:
        raise ValueError(f"{item.name} has no lesion")
    rows, cols = np.nonzero(item.lesion)
    x, y, side = float(cols.mean()), float(rows.mean()), float(np.sqrt(GROWTH))
    matrix = np.array([[side, 0.0, x * (1.0 - side)], [0.0, side, y * (1.0 - side)]])
    size = item.lesion.shape[::-1]
    larger = cv2.warpAffine(item.linear, matrix, size, flags=cv2.INTER_CUBIC)
    lesion = cv2.warpAffine(item.lesion.astype(np.float32), matrix, size) >= 0.5
    # Soft, and wide enough to take the lesion's own border along.
    width = 0.04 * float(np.sqrt(np.count_nonzero(lesion)))
    grown = cv2.dilate(lesion.astype(np.float32), np.ones((3, 3)), iterations=round(width))
    alpha = cv2.GaussianBlur(grown, (0, 0), 0.5 * width)[..., None]
    mixed = np.clip(item.linear + alpha * (larger - item.linear), 0.0, 1.0)
    return replace(item, linear=mixed.astype(np.float32), lesion=lesion)


def _absorbed(
    family: str,
    name: str,
    factor: float,
    found: Alignment,
    truth: Field,
    lesions: tuple[Mask, Mask],
) -> Absorbed:
    """Areas of the lesion on the after photo: as carried, as it would lie unchanged, as it is."""
    before, after = lesions
    rows, cols = after.shape
    blind = landed(lambda _: truth.astype(np.float64), before, (0, 0, cols, rows))
    margin = 40
    box = bounding_box(blind | after, margin)
    carried = landed(alignment_map(found), before, box)
    true = float(np.log(after.sum() / blind.sum()))
    return Absorbed(family, name, factor, true, float(np.log(carried.sum() / blind.sum())) / true)


# ------------------------------------------------------------------------- roughness


def run_roughness(count: int, config: Config, say: Callable[[str], None]) -> list[float]:
    """Roughness on the carried region of the after photo against the truly carried one, ln."""
    found = []
    for number in range(count):
        case = random_case(
            "no_change", SEED, number, width_px=WIDTH_PX, setup="handheld", in_photo="scale"
        )
        pair = render_pair(case)
        with tempfile.TemporaryDirectory() as folder:
            ready = prepare(
                files_of(pair), pair.before.roi, Path(folder), config, mm_per_px=case.mm_per_px
            )
            alignment = ready.aligned(config)
        if isinstance(alignment, NotAligned):
            continue
        true = _true_alignment(alignment, pair)
        own, other = (_roughness(ready, item, config) for item in (alignment, true))
        found.append(float(np.log(own / other)))
        say(f"roughness of pair {number}: {100 * found[-1]:+.3f} %")
    return found


def _true_alignment(found: Alignment, pair: RenderedPair) -> Alignment:
    rows, cols = pair.after.roi.shape
    step = found.grid_step_px
    x = (np.arange(int(np.ceil(cols / step))) + 0.5) * step - 0.5
    y = (np.arange(int(np.ceil(rows / step))) + 0.5) * step - 0.5
    nodes = np.stack(np.meshgrid(x, y), axis=-1)
    back = inverse(pair.after_to_before)
    moved = apply_homography(back, phantom_truth(pair.case)(nodes)) - nodes
    return replace(
        found,
        after_to_before=pair.after_to_before,
        displacement=moved.astype(np.float32),
        error_px=np.zeros(moved.shape[:2], dtype=np.float32),
        usable=np.ones(moved.shape[:2], dtype=np.bool_),
    )


def _roughness(ready: Prepared, alignment: Alignment, config: Config) -> float:
    before = AlignedPhoto(ready.before, ready.before_regions, Role.BEFORE, None)
    after = AlignedPhoto(ready.after, ready.after_regions, Role.AFTER, alignment)
    carried = carry([before, after], config.carry)
    if isinstance(carried, NotMeasured):
        raise ValueError(carried.reason)
    view: SkinView = next(item for item in carried.views if item.role is Role.AFTER)
    read = read_roughness(view, Params())
    if isinstance(read, NotMeasured):
        raise ValueError(read.reason)
    return float(read.value)
