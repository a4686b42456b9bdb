"""How surely the target card is found and read, and that nothing else is taken for one.

``python tests/bench/target_cards.py [photographs] [worst] [bare]`` prints the table for odd seeds.
A *wrong reading* is another size than the true one, a place off by more than 2 px and a twentieth
of a marker, or a card where there is none. Scale is that in the middle of the card. Tilt is told
for cameras within 2 mm of the focal length that the search assumes.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from target_scenes import Draw, Scene, bare, drawn, scene, worst_corner

from dermadelta.kernels import card
from dermadelta.kernels.card_fit import side_px
from dermadelta.kernels.card_search import FoundCard, card_tilt_deg, find_card
from dermadelta.kernels.geometry import apply_homography

PLACE_PX, PLACE_SIDES = 2.0, 0.05


@dataclass(frozen=True)
class Errors:
    """What a card that was found is off by, and the SD that is told for its corners."""

    scale_pct: float
    corner_px: float
    corner_sd_px: float
    tilt_deg: float


@dataclass(frozen=True)
class Outcome:
    """What became of one photograph with a card; no errors where nothing was found."""

    draw: Draw
    sized: bool
    wrong: bool
    errors: Errors | None
    seconds: float


def judged(photo: Scene) -> Outcome:
    """Search one photograph and hold what is found against the truth."""
    assert photo.draw is not None
    assert photo.to_photo is not None
    start = time.process_time()
    found = find_card(photo.grey)
    seconds = time.process_time() - start
    if found is None:
        return Outcome(photo.draw, False, False, None, seconds)
    outline = np.array([[0, 0], [card.WIDTH, 0], [card.WIDTH, card.HEIGHT], [0, card.HEIGHT]])
    apart = apply_homography(found.to_photo, outline) - apply_homography(photo.to_photo, outline)
    limit = PLACE_PX + PLACE_SIDES * photo.draw.side_px
    misplaced = bool(np.abs(apart).max() > limit)
    missized = found.size_mm is not None and found.size_mm != photo.draw.size_mm
    ratio = side_px(found.to_photo) / side_px(photo.to_photo)
    tilt = card_tilt_deg(found.to_photo, photo.grey.shape)
    errors = Errors(
        100.0 * abs(ratio - 1.0),
        float(np.sqrt((apart**2).mean())),
        found.corner_sd_px,
        abs(tilt - photo.sensor_tilt_deg),
    )
    sized = found.size_mm is not None
    return Outcome(photo.draw, sized, misplaced or missized, errors, seconds)


def row(name: str, outcomes: list[Outcome]) -> dict[str, str | float | int]:
    """One row of the table."""
    known = [o.errors for o in outcomes if o.errors is not None]
    scale = np.array([e.scale_pct for e in known] or [np.nan])
    ratio = np.array([e.corner_px / e.corner_sd_px for e in known] or [np.nan])
    near = [o.errors.tilt_deg for o in outcomes if o.errors and abs(o.draw.focal_35mm - 35.0) < 2.0]
    return {
        "photographs": name,
        "n": len(outcomes),
        "found_pct": 100.0 * len(known) / len(outcomes),
        "read_pct": 100.0 * sum(o.sized for o in outcomes) / len(outcomes),
        "wrong": sum(o.wrong for o in outcomes),
        "scale_median_pct": float(np.median(scale)),
        "scale_p95_pct": float(np.percentile(scale, 95)),
        "scale_max_pct": float(scale.max()),
        "corner_error_in_sd": float(np.sqrt((ratio**2).mean())),
        "tilt_error_35mm_deg": float(np.max(near)) if near else float("nan"),
        "median_ms": 1000.0 * float(np.median([o.seconds for o in outcomes])),
    }


BANDS: tuple[tuple[str, Callable[[Draw], bool]], ...] = (
    ("all", lambda d: True),
    ("15-25 px", lambda d: d.side_px < 25),
    ("25-45 px", lambda d: 25 <= d.side_px < 45),
    ("45-90 px", lambda d: d.side_px >= 45),
    ("tilt 0-15", lambda d: d.tilt_deg < 15),
    ("tilt 15-30", lambda d: 15 <= d.tilt_deg < 30),
    ("tilt 30-45", lambda d: d.tilt_deg >= 30),
    ("blur 0-0.7 px", lambda d: d.blur_px < 0.7),
    ("blur 0.7-1.4 px", lambda d: 0.7 <= d.blur_px < 1.4),
    ("blur 1.4-2 px", lambda d: d.blur_px >= 1.4),
    ("one marker covered", lambda d: d.hidden == "covered"),
    ("one marker outside", lambda d: d.hidden == "outside"),
)


def table(n_drawn: int, n_worst: int, *, odd: bool = True) -> list[dict[str, str | float | int]]:
    """Rows for the drawn photographs, all and by bands, and for the joint worst corner."""
    seeds = range(int(odd), 2 * max(n_drawn, n_worst) + int(odd), 2)
    outcomes = [judged(scene(drawn(seed))) for seed in seeds[:n_drawn]]
    rows = []
    for name, within in BANDS:
        chosen = [o for o in outcomes if within(o.draw)]
        if chosen:
            rows.append(row(name, chosen))
    worst = [judged(scene(worst_corner(seed))) for seed in seeds[:n_worst]]
    return [*rows, row("15 px, 45°, sigma 2 px at once", worst)] if worst else rows


def real_pictures(folder: Path) -> Iterator[NDArray[np.uint8]]:
    """Every picture below a folder, grey, as it is and twice as large."""
    kinds = {".jpg", ".jpeg", ".png", ".tif", ".tiff"}
    for path in sorted(folder.rglob("*")):
        grey = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) if path.suffix.lower() in kinds else None
        if grey is None:
            continue
        yield np.asarray(grey, dtype=np.uint8)
        if grey.size < 4e6:
            yield np.asarray(cv2.resize(grey, None, fx=2.0, fy=2.0), dtype=np.uint8)


def false_alarms(pictures: Iterable[NDArray[np.uint8]]) -> tuple[int, list[FoundCard]]:
    """Number of photographs without a card, and the cards that were found in them."""
    number, found = 0, []
    for picture in pictures:
        number += 1
        seen = find_card(picture)
        if seen is not None:
            found.append(seen)
    return number, found


def main(n_drawn: int = 300, n_worst: int = 100, n_bare: int = 200) -> None:
    """Print everything for odd seeds."""
    for line in table(n_drawn, n_worst):
        parts = [f"{k} {v:.3g}" if isinstance(v, float) else f"{k} {v}" for k, v in line.items()]
        sys.stdout.write("  ".join(parts) + "\n")
    number, found = false_alarms(bare(seed).grey for seed in range(1, 2 * n_bare, 2))
    sys.stdout.write(f"clutter without a card: {len(found)} found in {number}\n")
    data = os.environ.get("DERMADELTA_DATA")
    if data:
        number, found = false_alarms(real_pictures(Path(data)))
        sys.stdout.write(f"real photographs without a card: {len(found)} found in {number}\n")


if __name__ == "__main__":
    cv2.setNumThreads(1)
    main(*(int(word) for word in sys.argv[1:]))
