"""Make visit folders for a run out of real photographs that were not taken as visits.

``python tests/realdata/prepare.py OUT`` writes, each with a manifest and a sessions table:

``OUT/wounds/``
    the wound series, the nurses' masks as region of interest, photographs in file order because
    their dates are unknown;
``OUT/lesions/``
    each dermoscopy photograph and the same photograph shot again by the phantom's camera:
    another pose, exposure, white balance, blur and JPEG; nothing on the skin changed;
``OUT/faces/``
    the neutral and the smiling studio portrait of each person, the forehead as region of
    interest and the bridge of the nose as reference; with ``truth.csv``;
``OUT/same_visit/``
    two photographs of one wound on one visit, the nurses' masks as region of interest; with
    ``truth.csv``.

The photographs are read from ``DERMADELTA_DATA``. Copies are written only into OUT: of the lesions,
and of wounds that stand in more than one pair. ``frl_regions.csv`` holds regions drawn by eye, in
pixels of the neutral portraits, ``fuseg_tones.csv`` skin tones judged by eye.
"""

from __future__ import annotations

import csv
import os
import struct
import sys
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from dermadelta.batch.naming import slug
from dermadelta.files.images import read_image
from dermadelta.files.results import write_bytes_atomic
from dermadelta.phantom.camera import Camera
from dermadelta.phantom.encode import jpeg_bytes
from dermadelta.phantom.reshoot import rephotograph
from dermadelta.phantom.truthtable import TRUTH_COLUMNS

HERE = Path(__file__).resolve().parent
FIRST_DAY = date(2020, 1, 6)
LATER = FIRST_DAY + timedelta(weeks=6)
NOT_CLEAN = ("same_visit_d",)
"""Same-visit series in which the wound was worked on between the two photographs."""


@dataclass(frozen=True)
class Shot:
    """One row of a manifest; ``roi`` and ``reference`` are masks, polygons or empty."""

    subject: str
    day: date
    site: str
    photo: Path
    roi: str = ""
    reference: str = ""


def data_folder() -> Path:
    """Where the real photographs lie; the folder may be missing."""
    default = Path(__file__).resolve().parents[3] / "shared" / "data"
    return Path(os.environ.get("DERMADELTA_DATA") or default).resolve()


def prepare_wounds(data: Path, out: Path) -> Path:
    """Manifest of the wound series, a week between neighbouring files.

    Care of a wound is local, so the skin around it may serve as reference.
    """
    shots = []
    for series in sorted(p for p in (data / "nc" / "fuseg_series").iterdir() if p.is_dir()):
        for number, photo in enumerate(sorted((series / "images").glob("*.png"))):
            day = FIRST_DAY + timedelta(weeks=number)
            mask = series / "masks" / photo.name
            shots.append(Shot(series.name, day, "wound", photo, str(mask)))
    return _manifest(out / "wounds", shots)


def prepare_lesions(data: Path, out: Path) -> Path:
    """Each dermoscopy photograph and its re-photographed copy, with the expert's mask."""
    shots = []
    folder = out / "lesions"
    folder.mkdir(parents=True, exist_ok=True)
    for number, photo in enumerate(sorted((data / "isic2017" / "images").glob("*.jpg"))):
        mask = data / "isic2017" / "masks" / f"{photo.stem}_segmentation.png"
        copy = folder / f"{photo.stem}_again.jpg"
        camera = _handheld(number)
        rgb = np.asarray(read_image(str(photo), max_pixels=50_000_000).pixels, dtype=np.uint8)
        write_bytes_atomic(copy, jpeg_bytes(rephotograph(rgb, camera, number)[0], camera))
        shots.append(Shot(photo.stem, FIRST_DAY, "lesion", photo, str(mask)))
        shots.append(Shot(photo.stem, LATER, "lesion", copy))
    return _manifest(folder, shots)


def _handheld(number: int) -> Camera:
    """A second shot by a careful hand: ordinary differences of pose, light level and lens."""
    random = np.random.default_rng([2017, number])
    return Camera(
        zoom=float(random.uniform(0.92, 1.08)),
        rotation_deg=float(random.uniform(-8.0, 8.0)),
        tilt_x_deg=float(random.uniform(-5.0, 5.0)),
        tilt_y_deg=float(random.uniform(-5.0, 5.0)),
        stretch=0.005,
        exposure_ev=float(random.uniform(-0.2, 0.2)),
        wb_red=float(random.uniform(0.96, 1.04)),
        wb_blue=float(random.uniform(0.96, 1.04)),
        blur_px=float(random.uniform(0.3, 0.7)),
        shot_noise=0.004,
        read_noise=0.001,
    )


def prepare_faces(data: Path, out: Path) -> Path:
    """The neutral portrait as before and the smiling one as after, with their truth.

    The regions are drawn on the neutral portrait alone: carrying them is the program's work.
    """
    source, folder = data / "frl_london_null", out / "faces"
    regions = {(row["subject"], row["region"]): row["polygon"] for row in _rows("frl_regions.csv")}
    shots, truth = [], []
    for row in _rows(source / "PAIRS.csv"):
        name, site = row["subject"], "forehead"
        forehead, bridge = regions[name, "forehead"], regions[name, "nose_bridge"]
        shots.append(Shot(name, FIRST_DAY, site, source / row["photo1"], forehead, bridge))
        shots.append(Shot(name, LATER, site, source / row["photo2"]))
        truth.append(_no_change(name, site, setup="rig", tone=row["group"], of="frl_london_null"))
    _truth(folder, truth)
    return _manifest(folder, shots)


def prepare_same_visit(data: Path, out: Path) -> Path:
    """Each clean pair of one visit as a subject of its own, with its truth.

    A file may stand under one visit only, so a photograph that is in several pairs comes again
    as a copy with the same pixels and another comment.
    """
    source, folder = data / "nc" / "fuseg_series", out / "same_visit"
    tones = {row["series"]: row["tone"] for row in _rows("fuseg_tones.csv")}
    shots: list[Shot] = []
    truth = []
    for row in _rows(source / "PAIRS.csv"):
        series = row["series"]
        if row["visit"] != "same_visit_inferred" or series in NOT_CLEAN:
            continue
        photos = [source / series / "images" / row[column] for column in ("img1", "img2")]
        name = "_".join((series, *(_short(photo.stem) for photo in photos)))
        for day, photo in zip((FIRST_DAY, LATER), photos, strict=True):
            used = any(shot.photo == photo for shot in shots)
            shown = _copy(photo, folder / f"{name}_{photo.name}", name) if used else photo
            mask = source / series / "masks" / photo.name
            shots.append(Shot(name, day, "wound", shown, str(mask)))
        truth.append(
            _no_change(name, "wound", setup="handheld", tone=tones[series], of="fuseg_series")
        )
    _truth(folder, truth)
    return _manifest(folder, shots)


def _short(stem: str) -> str:
    """``train_0808`` as ``t0808``: a name of at most 40 characters is kept in a pair's id."""
    return stem.replace("train_", "t").replace("validation_", "v")


def _copy(photo: Path, copy: Path, comment: str) -> Path:
    """Write the PNG again with a comment before its last chunk: same pixels, other bytes."""
    copy.parent.mkdir(parents=True, exist_ok=True)
    png, text = photo.read_bytes(), b"tEXtComment\0" + comment.encode("latin-1")
    chunk = struct.pack(">I", len(text) - 4) + text + struct.pack(">I", zlib.crc32(text))
    end = png.rindex(b"IEND") - 4
    write_bytes_atomic(copy, png[:end] + chunk + png[end:])
    return copy


def _no_change(subject: str, site: str, *, setup: str, tone: str, of: str) -> dict[str, str]:
    """Truth of a pair whose two photographs were taken within minutes of each other."""
    zero = [name for name, (unit, _) in TRUTH_COLUMNS.items() if "_change_" in name and unit]
    days = (FIRST_DAY.isoformat(), LATER.isoformat())
    return {name: "0" for name in zero if not name.startswith("scar_")} | {
        "pair_id": "_".join((slug(subject), slug(site), *days)),
        "subject_id": subject,
        "site": site,
        "before_date": days[0],
        "after_date": days[1],
        "kind": "no_change",
        "setup": setup,
        "must_refuse": "false",
        "treated_area": "local",
        "marker": "false",
        "origin": "real",
        "tone": tone,
        "set": of,
    }


def _rows(table: str | Path) -> list[dict[str, str]]:
    with (HERE / table).open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def _truth(folder: Path, rows: list[dict[str, str]]) -> None:
    # Columns of real pairs come last where the phantom's table does not have them itself.
    names = tuple(dict.fromkeys((*TRUTH_COLUMNS, "origin", "tone", "set")))
    cells = [[row.get(name, "") for name in names] for row in rows]
    _write(folder / "truth.csv", names, cells)


def _manifest(folder: Path, shots: list[Shot]) -> Path:
    path = folder / "manifest.csv"
    columns = ("subject_id", "visit_date", "site", "photo", "roi", "reference")
    rows = [(s.subject, s.day.isoformat(), s.site, s.photo, s.roi, s.reference) for s in shots]
    _write(path, columns, rows)
    treated = sorted({(s.subject, FIRST_DAY.isoformat(), s.site, "local") for s in shots})
    session_columns = ("subject_id", "session_date", "site", "treated_area")
    _write(folder / "sessions.csv", session_columns, treated)
    return path


def _write(path: Path, columns: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as handle:
        table = csv.writer(handle)
        table.writerow(columns)
        table.writerows(rows)


def main() -> None:
    data, out = data_folder(), Path(sys.argv[1]).resolve()
    for prepare in (prepare_wounds, prepare_lesions, prepare_faces, prepare_same_visit):
        path = prepare(data, out)
        print(f"dermadelta run {path} --out {path.parent / 'results'}")


if __name__ == "__main__":
    main()
