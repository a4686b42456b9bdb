"""Published pairs that are not skin: the graffiti wall and two stained sections."""

from __future__ import annotations

import csv
import tempfile
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from known_warps import Floats, PointMap
from ours import Prepared, prepare
from part_warps import OURS
from rivals import Rival, run_all
from warp_score import alignment_map

from dermadelta.config import Config
from dermadelta.domain import Mask, NotAligned, NotMeasured, Region, Regions
from dermadelta.kernels.geometry import apply_homography, inverse, pixel_grid


@dataclass(frozen=True)
class Planar:
    """Errors of one method on a published pair, before pixels; NaN and why where it refused."""

    method: str
    pair: str
    corner_px: float
    median_px: float
    p95_px: float
    said: str = ""


def run_graf(data: Path, rivals: list[Rival], config: Config) -> list[Planar]:
    """graf1 → graf3 of the Oxford set: its homography is published with it."""
    folder = data / "registration_opencv_graf"
    store = cv2.FileStorage(str(folder / "H1to3p.xml"), cv2.FILE_STORAGE_READ)
    to_after = np.asarray(store.getNode("H13").mat(), dtype=np.float64)
    files = ((folder / "graf1.png").read_bytes(), (folder / "graf3.png").read_bytes())
    ready = _ready(files, ".png", config)
    rows, cols = ready.before.photo.rgb.shape[:2]
    corners = np.array([[[0, 0], [cols - 1, 0]], [[0, rows - 1], [cols - 1, rows - 1]]], float)
    points = pixel_grid((0, 0, *ready.after.photo.rgb.shape[1::-1]), 4)
    true = apply_homography(inverse(to_after), points)
    inside = ((true >= 0) & (true <= (cols - 1, rows - 1))).all(axis=-1)
    there = apply_homography(to_after, corners)
    found = []
    for name, where, said in _maps(ready, rivals, config):
        if where is None:
            found.append(Planar(name, "graf1 to graf3", *3 * (float("nan"),), said))
            continue
        error = _distance(where(points), true)[inside]
        corner = float(_distance(_inverted(where, corners, there), there).mean())
        found.append(Planar(name, "graf1 to graf3", corner, *_middle_and_tail(error)))
    return found


def run_birl(data: Path, rivals: list[Rival], config: Config) -> list[Planar]:
    """Two stains of neighbouring sections with landmarks set by hand (BIRL)."""
    folder = data / "registration_birl" / "lesions_" / "scale-5pc"
    stems = ("Izd2-29-041-w35_HE", "Izd2-29-041-w35_proSPC")
    files = [(folder / f"{stem}.jpg").read_bytes() for stem in stems]
    marks = [_landmarks(folder / f"{stem}.csv") for stem in stems]
    count = min(len(item) for item in marks)
    ready = _ready((files[0], files[1]), ".jpg", config)
    found = []
    for name, where, said in _maps(ready, rivals, config):
        if where is None:
            found.append(Planar(name, "BIRL lesions", *3 * (float("nan"),), said))
            continue
        error = _distance(where(marks[1][None, :count])[0], marks[0][:count])
        found.append(Planar(name, "BIRL lesions", float("nan"), *_middle_and_tail(error)))
    return found


def _landmarks(path: Path) -> Floats:
    with path.open(encoding="utf-8", newline="") as handle:
        return np.array([[float(row["X"]), float(row["Y"])] for row in csv.DictReader(handle)])


def _ready(files: tuple[bytes, bytes], suffix: str, config: Config) -> Prepared:
    """Both pictures with the whole frame as region: no skin is looked for."""
    with tempfile.TemporaryDirectory() as folder:
        ready = prepare(files, None, Path(folder), config, suffix=suffix)
    whole = [np.ones(photo.photo.rgb.shape[:2], np.bool_) for photo in (ready.before, ready.after)]
    first = _regions(whole[0], (Region("roi", whole[0], "given"),))
    second = _regions(whole[1], ())
    return Prepared(ready.before, ready.after, first, second, ready.paths)


def _regions(whole: Mask, regions: tuple[Region, ...]) -> Regions:
    none = NotMeasured("not skin")
    return Regions(regions, none, none, readable=whole, usable=whole, left_out=())


def _maps(
    ready: Prepared, rivals: list[Rival], config: Config
) -> list[tuple[str, PointMap | None, str]]:
    own = ready.aligned(config)
    refused = isinstance(own, NotAligned)
    found: list[tuple[str, PointMap | None, str]] = [
        (OURS, None, own.reason) if refused else (OURS, alignment_map(own), "")
    ]
    for name, where, _ in run_all(rivals, ready.before.photo.rgb, ready.after.photo.rgb):
        found.append((name, None, where) if isinstance(where, str) else (name, where, ""))
    return found


def _inverted(where: PointMap, targets: Floats, guess: Floats) -> Floats:
    """After points that a map sends to ``targets``, by Newton steps from a guess."""
    points = guess.copy()
    for _ in range(20):
        value = where(points)
        right, down = (where(points + step) - value for step in ([1.0, 0.0], [0.0, 1.0]))
        slope = np.stack([right, down], axis=-1)
        points = points + np.linalg.solve(slope, (targets - value)[..., None])[..., 0]
    return points


def _distance(first: Floats, second: Floats) -> Floats:
    return np.asarray(np.hypot(*np.moveaxis(first - second, -1, 0)), dtype=np.float64)


def _middle_and_tail(error: Floats) -> tuple[float, float]:
    return float(np.median(error)), float(np.quantile(error, 0.95))
