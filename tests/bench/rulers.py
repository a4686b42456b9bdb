"""Rulers and what looks like one: how often a millimetre ruler is read, and how often wrongly.

Usage: python tests/bench/rulers.py [RULERS [DECOYS [SEED]]]

Renders millimetre rulers on skin-like ground (any turn, camera tilted by up to 30°, 6 to 60 pixels
a millimetre, blur of SD 0.4 to 1.5 px, noise, JPEG) and the same number of each decoy, and prints
the share read, the error of the scale and every wrong reading. Even seeds are for setting limits,
odd seeds for reporting.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")  # read when numpy is loaded, below

import cv2  # noqa: E402
import numpy as np  # noqa: E402
from numpy.typing import NDArray  # noqa: E402

from dermadelta.kernels.colour import srgb_encode  # noqa: E402
from dermadelta.kernels.geometry import apply_homography, inverse  # noqa: E402
from dermadelta.kernels.ruler import find_ruler  # noqa: E402
from dermadelta.phantom.prints import sheet_of  # noqa: E402

RULERS, DECOYS, SEED = 200, 40, 41

WRONG = 0.02
"""A scale further off is a wrong reading."""

Field = NDArray[np.float32]
Floats = NDArray[np.float64]
Rank = Callable[[int], int]
"""Rank of a tick by its number: 0 the shortest."""


def by_tens(tick: int) -> int:
    return 2 if tick % 10 == 0 else 1 if tick % 5 == 0 else 0


def by_halves(tick: int, whole: int = 16) -> int:
    return next(rank for rank in range(whole, -1, -1) if tick % (1 << rank) == 0) if tick else 4


def by_half_millimetres(tick: int) -> int:
    return 3 if tick % 20 == 0 else 2 if tick % 10 == 0 else 1 if tick % 2 == 0 else 0


SCALES: dict[str, tuple[float, Rank]] = {
    "inch_16": (25.4 / 16, lambda k: min(by_halves(k), 4)),
    "inch_8": (25.4 / 8, lambda k: min(by_halves(k), 3)),
    "inch_32": (25.4 / 32, lambda k: min(by_halves(k), 5)),
    "inch_12": (25.4 / 12, lambda k: 2 if k % 12 == 0 else 1 if k % 6 == 0 else 0),
    "half_mm": (0.5, by_half_millimetres),
    "half_mm_flat": (0.5, lambda k: 2 if k % 20 == 0 else 1 if k % 10 == 0 else 0),
    "fifth": (1.0, lambda k: 1 if k % 5 == 0 else 0),
    "tenth": (1.0, lambda k: 2 if k % 10 == 0 else 0),
    "eight_four": (1.0, lambda k: 2 if k % 8 == 0 else 1 if k % 4 == 0 else 0),
    "twelve_six": (1.0, lambda k: 2 if k % 12 == 0 else 1 if k % 6 == 0 else 0),
    "nine": (1.0, lambda k: 2 if k % 9 == 0 else 1 if k % 9 == 4 else 0),
    "eleven": (1.0, lambda k: 2 if k % 11 == 0 else 1 if k % 11 == 5 else 0),
    "twenty_ten": (1.0, lambda k: 2 if k % 20 == 0 else 1 if k % 10 == 0 else 0),
    "comb": (1.0, lambda k: 0),
    "uneven": (1.0, lambda k: (k * 7919 // 13) % 3),
}


@dataclass(frozen=True)
class Drawn:
    """A photo (H, W) uint8 and the homography from millimetres to its pixels."""

    grey: NDArray[np.uint8]
    to_photo: Floats


def ruler_sheet(
    rng: np.random.Generator, px_per_mm: float, pitch_mm: float, rank: Rank
) -> tuple[Field, float]:
    """Reflectance of a ruler (h, w), ticks along x from the upper edge, and its pixels per mm."""
    length, width = rng.uniform(45.0, 90.0), rng.uniform(9.0, 25.0)
    fine = float(np.clip(2.0 * px_per_mm, 12.0, 60.0))
    body, ink = rng.uniform(0.6, 0.85), rng.uniform(0.03, 0.12)
    four = 4.0 * fine
    cover = np.zeros((round(width * four), round(length * four)), dtype=np.uint8)
    short = rng.uniform(1.2, 3.0) * max(pitch_mm, 0.7)
    step = rng.uniform(0.5, 1.3) * max(pitch_mm, 0.7)
    thick = rng.uniform(0.10, 0.20) * pitch_mm
    inset = rng.choice([0.0, 0.0, 0.3]) * pitch_mm
    start = rng.uniform(1.5, 6.0)
    for tick in range(int((length - start - 1.0) / pitch_mm)):
        x = start + tick * pitch_mm
        size = min(short + rank(tick) * step, 0.6 * width)
        rows = slice(round(inset * four), round((inset + size) * four))
        cover[rows, round((x - 0.5 * thick) * four) : round((x + 0.5 * thick) * four)] = 255
    cover = cv2.resize(cover, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    if rng.uniform() < 0.7:
        longest = inset + min(short + max(rank(k) for k in range(40)) * step, 0.6 * width)
        for number, tick in enumerate(range(0, int((length - start - 1.0) / pitch_mm), 10)):
            place = (round((start + tick * pitch_mm - 0.7) * fine), round((longest + 2.2) * fine))
            size = 1.6 * fine / 22.0
            cv2.putText(
                cover, str(number), place, cv2.FONT_HERSHEY_SIMPLEX, size, (255,),
                max(1, round(0.2 * fine)), cv2.LINE_AA,
            )  # fmt: skip
    share = cover.astype(np.float32) / np.float32(255.0)
    return np.float32(body) + share * np.float32(ink - body), fine


def camera(rng: np.random.Generator, px_per_mm: float, size: tuple[int, int]) -> Floats:
    """Homography from millimetres on a plane, tilted by up to 30°, to pixels of the photo."""
    lean, towards, turn = np.radians(rng.uniform((0, 0, 0), (30, 360, 360)))
    axis = np.array([np.cos(towards), np.sin(towards), 0.0]) * lean
    rotation = cv2.Rodrigues(axis)[0] @ cv2.Rodrigues(np.array([0.0, 0.0, turn]))[0]
    distance = rng.uniform(200.0, 500.0)
    focal = px_per_mm * distance
    height, width = size
    lens = np.array([[focal, 0.0, 0.5 * width], [0.0, focal, 0.5 * height], [0.0, 0.0, 1.0]])
    plane = np.column_stack([rotation[:, 0], rotation[:, 1], [0.0, 0.0, distance]])
    return np.asarray(lens @ plane)


def skin(rng: np.random.Generator, size: tuple[int, int]) -> Field:
    """Reflectance (H, W) of something like skin: mottled, finely grained, some hair."""
    height, width = size
    ground = np.full(size, rng.uniform(0.12, 0.5), dtype=np.float32)
    for grain, amount in ((200, 0.1), (40, 0.06), (6, 0.05)):
        small = rng.standard_normal((height // grain + 2, width // grain + 2)).astype(np.float32)
        ground *= np.exp(amount * cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC))
    for _ in range(rng.integers(0, 40)):
        start, angle = rng.uniform((0, 0), (width, height)), rng.uniform(0.0, 2.0 * np.pi)
        bend = angle + np.linspace(0.0, rng.normal(0.0, 1.0), 20)
        steps = np.stack([np.cos(bend), np.sin(bend)], axis=-1) * width / 150
        path = np.round(start + np.cumsum(steps, axis=0)).astype(np.int32)
        cv2.polylines(ground, [path[:, None]], False, (0.05,), 2, cv2.LINE_AA)
    return ground


def lay(scene: Field, sheet: Field, to_photo: Floats) -> Field:
    size = (scene.shape[1], scene.shape[0])
    cover = cv2.warpPerspective(np.ones_like(sheet), to_photo, size, flags=cv2.INTER_LINEAR)
    shown = cv2.warpPerspective(sheet, to_photo, size, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(scene + cover * (shown - scene), dtype=np.float32)


def shoot(rng: np.random.Generator, scene: Field) -> NDArray[np.uint8]:
    """Light, blur, noise and JPEG."""
    height, width = scene.shape
    slope = rng.uniform(-0.15, 0.15, 2)
    light = 1.0 + np.add.outer(
        np.linspace(-slope[0], slope[0], height), np.linspace(-slope[1], slope[1], width)
    ).astype(np.float32)
    blurred = cv2.GaussianBlur(scene * light, (0, 0), rng.uniform(0.4, 1.5))
    encoded = 255.0 * srgb_encode(np.clip(blurred * rng.uniform(0.8, 1.2), 0.0, 1.0))
    noisy = encoded + rng.normal(0.0, rng.uniform(0.5, 4.0), scene.shape)
    eight = np.clip(np.round(noisy), 0, 255).astype(np.uint8)
    quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(70, 96))]
    return np.asarray(
        cv2.imdecode(cv2.imencode(".jpg", eight, quality)[1], cv2.IMREAD_GRAYSCALE), dtype=np.uint8
    )


def ruler_photo(
    rng: np.random.Generator, pitch_mm: float = 1.0, rank: Rank = by_tens, opaque: bool = True
) -> Drawn:
    """A ruler somewhere on skin; not ``opaque``: only its ticks, as on a contact plate."""
    px = float(np.exp(rng.uniform(np.log(6.0), np.log(60.0)))) / pitch_mm
    long_side = int(np.clip(50.0 * px * pitch_mm, 1200, 3600))
    size = (long_side * 3 // 4, long_side)
    sheet, fine = ruler_sheet(rng, px, pitch_mm, rank)
    scene = skin(rng, size)
    shift = np.diag([1.0 / fine, 1.0 / fine, 1.0])
    shift[:2, 2] = -0.5 * sheet.shape[1] / fine, rng.uniform(-8.0, 4.0) * pitch_mm
    mm = camera(rng, px, size)
    if opaque:
        scene = lay(scene, sheet, mm @ shift)
    else:
        ink = sheet < 0.5 * (sheet.min() + sheet.max())
        scene = scene * (1.0 - 0.9 * lay(np.zeros_like(scene), ink.astype(np.float32), mm @ shift))
    return Drawn(shoot(rng, scene), mm)


def other_things(rng: np.random.Generator) -> dict[str, NDArray[np.uint8]]:
    """Photos of what is no scale at all."""
    size = (1200, 1600)
    row, col = np.mgrid[: size[0], : size[1]].astype(np.float32)
    turn, pitch = rng.uniform(0, np.pi), rng.uniform(5.0, 40.0)
    x = (col * np.cos(turn) + row * np.sin(turn)) / pitch
    y = (row * np.cos(turn) - col * np.sin(turn)) / pitch
    ground = skin(rng, size)
    letters = np.zeros(size, dtype=np.uint8)
    for line in range(20):
        words = "".join(rng.choice(list("Ill1|/HiHtT mmnn||||||||"), 60))
        place = (220, 240 + 38 * line)
        cv2.putText(letters, words, place, cv2.FONT_HERSHEY_SIMPLEX, 0.9, (255,), 2, cv2.LINE_AA)
    text = ground.copy()
    text[180:1040, 180:1420] = 0.8
    text = text * (1.0 - 0.9 * letters.astype(np.float32) / 255.0)
    bars = ground.copy()
    widths = np.cumsum(rng.integers(2, 12, 120))
    for left, right in zip(widths[::2], widths[1::2], strict=True):
        bars[400:700, 300 + left : 300 + right] = 0.05
    scenes = {
        "stripes": np.where(x % 1.0 < 0.3, 0.1, 0.7),
        "stripe_block": np.where((np.abs(y) < 8) & (x % 1.0 < 0.2), 0.1, ground),
        "checkerboard": np.where((np.floor(x) + np.floor(y)) % 2 == 0, 0.1, 0.7),
        "weave": 0.4 * (1 + 0.3 * np.sin(2 * np.pi * x) + 0.3 * np.sin(2 * np.pi * y)),
        "text": text,
        "bars": bars,
        "skin": ground,
        "grid": np.where((x % 1.0 < 0.15) | (y % 1.0 < 0.15), 0.1, 0.8),
        "graph_paper": np.where((x % 1.0 < 0.1) | (y % 1.0 < 0.1), 0.5, 0.8)
        - 0.3 * ((x % 10.0 < 0.15) | (y % 10.0 < 0.15)),
    }
    for kind in ("target", "chart"):
        sheet = np.asarray(sheet_of(kind)).mean(axis=-1).astype(np.float32)
        shift = np.diag([1.0 / 24, 1.0 / 24, 1.0])
        shift[:2, 2] = -0.5 * np.array(sheet.shape[::-1]) / 24
        scenes[kind] = lay(skin(rng, size), sheet, camera(rng, 20.0, size) @ shift)
    return {name: shoot(rng, np.asarray(one, dtype=np.float32)) for name, one in scenes.items()}


def error_of(drawn: Drawn) -> float | None:
    """Relative error of the scale between the ends of what was read; None: nothing was read."""
    found = find_ruler(drawn.grey)
    if found is None:
        return None
    start, end = apply_homography(inverse(drawn.to_photo), found.line)
    true = np.hypot(*(found.line[1] - found.line[0])) / np.hypot(*(end - start))
    return float(found.px_per_mm / true - 1.0)


def wrongly_read(drawn: Drawn) -> bool:
    error = error_of(drawn)
    return error is not None and abs(error) > WRONG


def decoys_read(decoys: int, seed: int) -> dict[str, int]:
    """How often each decoy was taken for a millimetre ruler of the wrong scale."""
    false: dict[str, int] = {}
    for number, (kind, (pitch, rank)) in enumerate(SCALES.items()):
        for i in range(decoys):
            drawn = ruler_photo(np.random.default_rng([seed, 1 + number, i]), pitch, rank)
            false[kind] = false.get(kind, 0) + wrongly_read(drawn)
    for i in range(decoys):
        rng = np.random.default_rng([seed, 999, i])
        photos = {"contact_plate": ruler_photo(rng, opaque=False).grey, **other_things(rng)}
        for kind, grey in photos.items():
            false[kind] = false.get(kind, 0) + (find_ruler(grey) is not None)
    return false


def main() -> None:
    given = [int(value) for value in sys.argv[1:]]
    rulers, decoys, seed = (given + [RULERS, DECOYS, SEED][len(given) :])[:3]
    cv2.setNumThreads(1)
    errors = [error_of(ruler_photo(np.random.default_rng([seed, i]))) for i in range(rulers)]
    read = np.abs([e for e in errors if e is not None])
    say = sys.stdout.write
    say(f"rulers: {len(read)} of {rulers} read, {np.count_nonzero(read > WRONG)} wrong\n")
    if len(read):
        quantiles = 100.0 * np.quantile(read, [0.5, 0.95, 1.0])
        say("error of scale, %: median {:.3f}, p95 {:.3f}, worst {:.3f}\n".format(*quantiles))
    for kind, count in decoys_read(decoys, seed).items():
        say(f"{kind}: {count} of {decoys} read wrongly\n")


if __name__ == "__main__":
    main()
