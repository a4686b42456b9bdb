"""The target card in rendered photos: its scale, its colours, and what a printer makes of them."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from unittest.mock import patch

import numpy as np
from colour_shots import SEED, TONES_TARGET, WIDTH_PX, Floats, drawn, photo_ref

from dermadelta.config import Config
from dermadelta.domain import CalibratedPhoto, NotMeasured, Scale
from dermadelta.kernels.card import patches
from dermadelta.kernels.colour import lab_to_linear, linear_to_lab, linearise, srgb_decode
from dermadelta.phantom import prints
from dermadelta.phantom.cases import random_case
from dermadelta.phantom.encode import Files, photo_bytes
from dermadelta.phantom.flush import Flush
from dermadelta.phantom.pair import Shot, render_pair
from dermadelta.phantom.plan import Case, ShotPlan
from dermadelta.stages.calibrate import calibrate
from dermadelta.stages.load import load

INSTRUMENT_SD_LAB = 0.3
"""Noise of a measured patch, each of L*, a*, b*."""

Colours = dict[str, tuple[float, float, float]]
Print = Callable[[Floats], Floats]


@dataclass(frozen=True)
class CardRead:
    """One photo of a card; ``fault`` says why its colours were not used, or that it was not found.

    ``scale_error`` is relative, None without a scale; ``residuals`` are ΔE00 of patches left out
    in turn; ``skin_a`` is the error of a* of the region after calibration.
    """

    printed: str
    person: int
    draw: int
    tone: str
    fault: str
    scale_error: float | None
    residuals: tuple[float, ...]
    skin_a: float | None


def cards(people: int, draws: int, printed: str, config: Config) -> Iterator[CardRead]:
    """Both photos of every drawn pair, the card printed as designed or by a drawn printer.

    ``printed`` is ``as designed``, ``printed, measured`` or ``printed, not measured``.
    """
    for person in range(people):
        for draw in range(draws):
            rng = np.random.default_rng([SEED, person, draw, 78])
            case = _case(rng, person)
            press = None if printed == "as designed" else printer(rng)
            with on_paper(press):
                pair = render_pair(case)
            values = None
            if press is not None and printed == "printed, measured":
                values = measured_values(press, rng)
            for plan, shot, true in (
                (case.before, pair.before, pair.truth.before.redness_a),
                (case.after, pair.after, pair.truth.after.redness_a),
            ):
                place = (printed, person, draw, case.tone)
                yield _read(place, plan, shot, values, true, config)


def _case(rng: np.random.Generator, person: int) -> Case:
    case = random_case(
        "redness", SEED, person, width_px=WIDTH_PX, setup="handheld", in_photo="target"
    )
    before, after = (drawn(rng, plan, TONES_TARGET) for plan in (case.before, case.after))
    return replace(case, before=before, after=after, flushes=(Flush(), Flush()))


def _read(
    place: tuple[str, int, int, str],
    plan: ShotPlan,
    shot: Shot,
    values: Colours | None,
    true_a: float,
    config: Config,
) -> CardRead:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "photo.jpg"
        path.write_bytes(photo_bytes(shot.rgb, plan, Files()))
        photo = load(photo_ref(path, plan.taken_at.date()), config.load)
        found = calibrate(photo, config.calibrate, values)
    if isinstance(found.card, NotMeasured):
        return CardRead(*place, "not found", None, (), None)
    scale = None
    if isinstance(found.scale, Scale):
        scale = found.scale.mm_per_px / _true_mm_per_px(plan, shot) - 1.0
    left = tuple(p.de00 for p in found.card.patches if not isinstance(p.de00, NotMeasured))
    skin = _a_star(found, shot) - true_a if found.colour.absolute else None
    return CardRead(*place, found.card.fault, scale, left, skin)


def _a_star(found: CalibratedPhoto, shot: Shot) -> float:
    """a* of the region's mean colour."""
    rows, cols = np.flatnonzero(shot.roi.any(axis=1)), np.flatnonzero(shot.roi.any(axis=0))
    box = (slice(rows[0], rows[-1] + 1), slice(cols[0], cols[-1] + 1))
    curves, matrix = found.to_linear.curves, found.to_linear.matrix
    linear = linearise(np.ascontiguousarray(found.photo.rgb[box]), curves, matrix)
    usable = shot.roi[box] & ~found.photo.clipped[box]
    return float(linear_to_lab(linear[usable].mean(axis=0, dtype=np.float64))[1])


def _true_mm_per_px(plan: ShotPlan, shot: Shot) -> float:
    """Scale in the middle of the card, from the pose of the camera."""
    if plan.printed is None:
        raise TypeError("a card lies in this photo")
    h = shot.mm_to_photo
    x, y, w = h @ np.array([plan.printed.x_mm, plan.printed.y_mm, 1.0])
    jacobian = (h[:2, :2] - np.outer([x / w, y / w], h[2, :2])) / w
    return float(1.0 / np.sqrt(abs(np.linalg.det(jacobian))))


# ------------------------------------------------------------------------- printing


def printer(rng: np.random.Generator) -> Print:
    """A drawn printer and paper: from reflectance as designed (..., 3) to that of the print.

    Paper a little dark and yellow, ink that is not black, dots that grow, colours that lose
    saturation and turn.
    """
    paper = np.array([0.90, 0.89, 0.85]) + rng.uniform(-0.04, 0.04, 3)
    floor = float(rng.uniform(0.025, 0.05)) * (1.0 + rng.uniform(-0.1, 0.1, 3))
    gain = rng.uniform(1.0, 1.25) + rng.uniform(-0.04, 0.04, 3)
    dull = float(rng.uniform(0.05, 0.25))
    turn = rng.uniform(-0.04, 0.04, (3, 3))
    mix = (1.0 - dull) * np.eye(3) + dull * np.array([0.2126, 0.7152, 0.0722]) + turn
    mix /= mix.sum(axis=1, keepdims=True)

    def printed(colours: Floats) -> Floats:
        dots = np.clip(colours @ mix.T, 0.0, 1.0) ** gain
        return np.asarray(floor + (paper - floor) * dots, dtype=np.float64)

    return printed


def measured_values(press: Print, rng: np.random.Generator) -> Colours:
    """What an instrument says of the printed patches, linear sRGB by name."""
    squares = patches()
    design = srgb_decode(np.array([item.srgb for item in squares]) / 255.0)
    lab = linear_to_lab(press(design)) + rng.normal(0.0, INSTRUMENT_SD_LAB, (len(squares), 3))
    return {
        item.name: (float(r), float(g), float(b))
        for item, (r, g, b) in zip(squares, lab_to_linear(lab), strict=True)
    }


@contextmanager
def on_paper(press: Print | None) -> Iterator[None]:
    """The phantom's card as a printer makes it; as designed for None."""
    if press is None:
        yield
        return
    sheet = press(prints.sheet_of("target").astype(np.float64)).astype(np.float32)
    with patch.object(prints, "sheet_of", lambda _: sheet):
        yield
