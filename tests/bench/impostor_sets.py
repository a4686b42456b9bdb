"""Photographs of many people, each prepared once, for pairs that must and must not be laid over."""

from __future__ import annotations

import csv
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import cv2
import numpy as np
from part_phantom import files_of

from dermadelta.config import Config
from dermadelta.domain import CalibratedPhoto, Phase, PhotoRef, Regions, TreatedArea
from dermadelta.files.images import read_image
from dermadelta.phantom.cases import MEASURABLE_KINDS, TONES, random_case
from dermadelta.phantom.encode import mask_bytes
from dermadelta.phantom.pair import render_pair
from dermadelta.phantom.seeds import Purpose, set_seed
from dermadelta.stages.calibrate import calibrate
from dermadelta.stages.load import load
from dermadelta.stages.region import region

SEED = set_seed(Purpose.REPORTING, 71)
WIDTH_PX = 1200
PEOPLE = 35
"""Phantom people: five of each phototype, which take turns by number."""

CHEEK_PX, CHEEK_HALF_PX = (125.0, 105.0), 50.0
"""Where the left cheek of a studio portrait lies from the bridge of the nose, x and y, and half
its side: all were taken at one distance. Looked at on all 23: skin, on some men with stubble."""

REGIONS = Path(__file__).resolve().parents[1] / "realdata" / "frl_regions.csv"


@dataclass(frozen=True, eq=False)
class Shot:
    """One photograph, ready to be aligned; ``name`` says whose and which."""

    name: str
    photo: CalibratedPhoto
    regions: Regions

    @property
    def person(self) -> str:
        return self.name.partition("/")[0]


@dataclass(frozen=True, eq=False)
class Trial:
    """A pair of one set: genuine, impostor (other skin) or mirrored (the same skin, flipped)."""

    set: str
    truth: str
    before: Shot
    after: Shot


def trials(
    data: Path, config: Config, *, every: int = 1, work: Path | None = None
) -> Iterator[Trial]:
    """All pairs, set by set, so that only one set is held in memory.

    Parameters
    ----------
    data : Path
        Folder of the real photographs; sets that are missing are left out.
    config : Config
    every : int
        Of the impostors only every ``every``-th.
    work : Path, optional
        Where the phantom's photographs are kept and found again by the next run.
    """
    with tempfile.TemporaryDirectory() as folder:
        yield from _thinned(_phantom(work or Path(folder), config), every)
        for make in (_portraits, _wounds, _passports):
            yield from _thinned(make(data, Path(folder), config), every)


def _thinned(found: Iterator[Trial], every: int) -> Iterator[Trial]:
    seen = 0
    for trial in found:
        seen += trial.truth == "impostor"
        if trial.truth != "impostor" or seen % every == 0:
            yield trial


def ready(name: str, path: Path, roi: str | None, config: Config) -> Shot:
    """A file through load, calibrate and region."""
    ref = PhotoRef(
        path=str(path),
        shown_path=path.name,
        sha256="",
        photo_id=name,
        subject_id=name.partition("/")[0],
        visit_date=date(2026, 1, 12),
        phase=Phase.PRE,
        site="skin",
        view="",
        roi=roi,
    )
    photo = calibrate(load(ref, config.load), config.calibrate)
    return Shot(name, photo, region(photo, TreatedArea.UNKNOWN, None, config.region))


def flipped(name: str, path: Path, folder: Path, config: Config) -> Shot:
    """The mirror image of a file, written without loss and without a region."""
    rgb = np.asarray(read_image(str(path), max_pixels=50_000_000).pixels, dtype=np.uint8)
    turned = folder / f"{name.replace('/', '_')}.png"
    cv2.imwrite(str(turned), np.ascontiguousarray(rgb[:, ::-1, 2::-1]))
    return ready(name, turned, None, config)


# ------------------------------------------------------------------------- phantom


def _phantom(folder: Path, config: Config) -> Iterator[Trial]:
    """Everyone against those of the same phototype and against some of the nearest others."""
    people = [_person(number, folder, config) for number in range(PEOPLE)]
    for before, after, mirror in people:
        yield Trial("phantom", "genuine", before, after)
        yield Trial("phantom", "mirrored", before, mirror)
    turns = len(TONES)
    same = [(step, "phantom, same phototype") for step in range(turns, PEOPLE, turns)]
    other = [(step, "phantom, other phototype") for step in (1, 2, 6, 8, 13)]
    for step, which in (*same, *other):
        for number, (before, _, _) in enumerate(people):
            yield Trial(which, "impostor", before, people[(number + step) % PEOPLE][1])


def _person(number: int, folder: Path, config: Config) -> tuple[Shot, Shot, Shot]:
    """Both visits of a person, and the second one mirrored."""
    kind = MEASURABLE_KINDS[number % len(MEASURABLE_KINDS)]
    setup = "rig" if number % 2 else "handheld"
    case = random_case(kind, SEED, number, width_px=WIDTH_PX, setup=setup)
    name = f"p{number:04d}_{case.tone}"
    roi = folder / f"{name}_roi.png"
    paths = [folder / f"{name}_{when}.jpg" for when in ("before", "after")]
    if not paths[1].is_file():
        pair = render_pair(case)
        roi.write_bytes(mask_bytes(pair.before.roi))
        for path, data in zip(paths, files_of(pair), strict=True):
            path.write_bytes(data)
    return (
        ready(f"{name}/before", paths[0], str(roi), config),
        ready(f"{name}/after", paths[1], None, config),
        flipped(f"{name}/mirrored", paths[1], folder, config),
    )


# --------------------------------------------------------------------- real pictures


def _portraits(data: Path, folder: Path, config: Config) -> Iterator[Trial]:
    """Neutral portraits, forehead and cheek, against smiling ones: own, mirrored, all others'."""
    source = data / "frl_london_null"
    if not source.is_dir():
        return _missing(source)
    polygons = {(row["subject"], row["region"]): row["polygon"] for row in _rows(REGIONS)}
    listed = _rows(source / "PAIRS.csv")
    after, mirror = {}, {}
    for row in listed:
        path = source / row["photo2"]
        after[row["subject"]] = ready(_of(row, "smiling"), path, None, config)
        mirror[row["subject"]] = flipped(_of(row, "mirrored"), path, folder, config)
    for place in ("forehead", "cheek"):
        for number, row in enumerate(listed):
            own = row["subject"]
            drawn = polygons[own, "forehead"] if place == "forehead" else cheek(polygons, own)
            before = ready(_of(row, place), source / row["photo1"], drawn, config)
            yield Trial(f"portraits, {place}", "genuine", before, after[own])
            yield Trial(f"portraits, {place}", "mirrored", before, mirror[own])
            # Every two people once: by turns on the forehead and on the cheek.
            for step in range(1 if place == "forehead" else 2, len(listed) // 2 + 1, 2):
                other = listed[(number + step) % len(listed)]["subject"]
                yield Trial(f"portraits, {place}", "impostor", before, after[other])
    return None


def cheek(polygons: dict[tuple[str, str], str], subject: str) -> str:
    """A square on the left cheek, from where the bridge of the nose was drawn."""
    corners = [point.split(",") for point in polygons[subject, "nose_bridge"].split()]
    x, y = np.array(corners, dtype=float).mean(axis=0) + CHEEK_PX
    corners_of = ((-1, -1), (1, -1), (1, 1), (-1, 1))
    square = [(x + a * CHEEK_HALF_PX, y + b * CHEEK_HALF_PX) for a, b in corners_of]
    return " ".join(f"{a:.1f},{b:.1f}" for a, b in square)


def _of(row: dict[str, str], which: str) -> str:
    return f"{row['subject']}/{which}"


def _wounds(data: Path, folder: Path, config: Config) -> Iterator[Trial]:
    """Wounds with the nurses' masks: same visit, same series, other patients."""
    source = data / "nc" / "fuseg_series"
    if not source.is_dir():
        return _missing(source)
    folders = sorted(path for path in source.iterdir() if path.is_dir())
    series = {path.name: sorted((path / "images").glob("*.png")) for path in folders}
    shots = {path: _wound(path, config) for files in series.values() for path in files}
    for row in _rows(source / "PAIRS.csv"):
        if row["visit"] == "same_visit_inferred":
            one, two = (source / row["series"] / "images" / row[name] for name in ("img1", "img2"))
            yield Trial("wounds, same visit", "genuine", shots[one], shots[two])
            turned = flipped(f"{row['series']}/{two.stem}_mirrored", two, folder, config)
            yield Trial("wounds, same visit", "mirrored", shots[one], turned)
    for files in series.values():
        for later in files[1:]:
            yield Trial("wounds, same series", "genuine", shots[files[0]], shots[later])
    for own, files in series.items():
        for other, theirs in series.items():
            if other != own:
                yield Trial("wounds", "impostor", shots[files[0]], shots[theirs[0]])
    return None


def _wound(path: Path, config: Config) -> Shot:
    mask = path.parent.parent / "masks" / path.name
    return ready(f"{path.parent.parent.name}/{path.stem}", path, str(mask), config)


def _passports(data: Path, _: Path, config: Config) -> Iterator[Trial]:
    """Eight portraits of eight people, the region found by the program."""
    source = data / "base" / "interfaces_cc0"
    if not source.is_dir():
        return _missing(source)
    shots = [ready(path.stem, path, None, config) for path in sorted(source.glob("*.jpg"))]
    for before in shots:
        for after in shots:
            if after is not before:
                yield Trial("portraits, automatic region", "impostor", before, after)
    return None


def _missing(folder: Path) -> None:
    sys.stdout.write(f"left out: {folder.name} is missing\n")


def _rows(path: Path) -> Sequence[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))
