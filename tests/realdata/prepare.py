"""Make visit folders for a run out of real photographs that were not taken as visits.

``python tests/realdata/prepare.py OUT`` writes ``OUT/wounds/`` (the wound series, the nurses' masks
as region of interest, photographs in file order because their dates are unknown) and
``OUT/lesions/`` (each dermoscopy photograph and the same photograph shot again by the
phantom's camera: another pose, exposure, white balance, blur and JPEG; nothing on the skin
changed). The photographs are read from ``DERMADELTA_DATA``; of the lesions a copy is written,
and only into OUT.
"""

from __future__ import annotations

import csv
import os
import sys
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from dermadelta.files.images import read_image
from dermadelta.files.results import write_bytes_atomic
from dermadelta.phantom.camera import Camera
from dermadelta.phantom.encode import jpeg_bytes
from dermadelta.phantom.reshoot import rephotograph

FIRST_DAY = date(2020, 1, 6)


def data_folder() -> Path:
    """Where the real photographs lie; the folder may be missing."""
    default = Path(__file__).resolve().parents[3] / "shared" / "data"
    return Path(os.environ.get("DERMADELTA_DATA") or default).resolve()


def prepare_wounds(data: Path, out: Path) -> Path:
    """Manifest of the wound series, a week between neighbouring files.

    Care of a wound is local, so the skin around it may serve as reference.
    """
    rows = []
    for series in sorted(p for p in (data / "nc" / "fuseg_series").iterdir() if p.is_dir()):
        for number, photo in enumerate(sorted((series / "images").glob("*.png"))):
            day = FIRST_DAY + timedelta(weeks=number)
            mask = series / "masks" / photo.name
            rows.append((series.name, day.isoformat(), "wound", str(photo), str(mask)))
    return _manifest(out / "wounds", rows)


def prepare_lesions(data: Path, out: Path) -> Path:
    """Each dermoscopy photograph and its re-photographed copy, with the expert's mask."""
    rows = []
    folder = out / "lesions"
    folder.mkdir(parents=True, exist_ok=True)
    for number, photo in enumerate(sorted((data / "isic2017" / "images").glob("*.jpg"))):
        mask = data / "isic2017" / "masks" / f"{photo.stem}_segmentation.png"
        copy = folder / f"{photo.stem}_again.jpg"
        camera = _handheld(number)
        rgb = np.asarray(read_image(str(photo), max_pixels=50_000_000).pixels, dtype=np.uint8)
        write_bytes_atomic(copy, jpeg_bytes(rephotograph(rgb, camera, number)[0], camera))
        later = FIRST_DAY + timedelta(weeks=6)
        rows.append((photo.stem, FIRST_DAY.isoformat(), "lesion", str(photo), str(mask)))
        rows.append((photo.stem, later.isoformat(), "lesion", str(copy), ""))
    return _manifest(folder, rows)


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


def _manifest(folder: Path, rows: list[tuple[str, str, str, str, str]]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "manifest.csv"
    with path.open("w", encoding="utf-8", newline="") as handle:
        table = csv.writer(handle)
        table.writerow(("subject_id", "visit_date", "site", "photo", "roi"))
        table.writerows(rows)
    with (folder / "sessions.csv").open("w", encoding="utf-8", newline="") as handle:
        table = csv.writer(handle)
        table.writerow(("subject_id", "session_date", "site", "treated_area"))
        table.writerows(sorted({(row[0], FIRST_DAY.isoformat(), row[2], "local") for row in rows}))
    return path


def main() -> None:
    data, out = data_folder(), Path(sys.argv[1])
    for prepare in (prepare_wounds, prepare_lesions):
        path = prepare(data, out)
        print(f"dermadelta run {path} --out {path.parent / 'results'}")


if __name__ == "__main__":
    main()
