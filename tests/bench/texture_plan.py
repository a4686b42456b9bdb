"""Pairs of the texture bench: which are made, and what differs in each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

import numpy as np
from PIL import Image

from dermadelta.errors import UsageError
from dermadelta.phantom.cases import random_case
from dermadelta.phantom.flush import Flush
from dermadelta.phantom.patch import close_up
from dermadelta.phantom.plan import Case, Setup, ShotPlan
from dermadelta.phantom.reshoot import linear_light
from dermadelta.phantom.seeds import Purpose, set_seed

Part = Literal["camera", "scene", "whole", "semi", "confounder"]

WIDTH_PX: Final = 1200
"""Width of the photographs; regions are about 490 by 420 pixels, 24 by 21 mm."""

CONFOUNDER_WIDTH_PX: Final = 960
"""The same of those in which one thing differs; regions are about 390 pixels wide."""

CHANGES: Final = (0.0, -25.0, -10.0, -40.0, 40.0, -60.0, 20.0)
"""Changes of the relief, per cent. Skin tones come in turns of seven, so these are shifted."""

PURPOSES: Final = {"reporting": Purpose.REPORTING, "training": Purpose.TRAINING}
USER_SEED: Final = 9

_FIRST: Final[dict[tuple[str, str], int]] = {
    ("camera", "rig"): 1_000, ("camera", "handheld"): 2_000, ("scene", "rig"): 3_000,
    ("scene", "handheld"): 4_000, ("whole", "rig"): 5_000, ("semi", ""): 6_000,
    ("confounder", "rig"): 7_000,
}  # fmt: skip
"""Number of the first pair of each part: no two parts share a skin."""


@dataclass(frozen=True)
class Job:
    """One pair to make and to measure.

    ``change`` is that of the relief in per cent (of a photograph anything but 0 stands for a
    factor of its detail that is drawn); ``confounder`` and ``level`` say what differs in
    a pair of that part, ``base`` is the photograph that a semi-synthetic pair is made of.
    """

    part: Part
    setup: Setup | Literal[""]
    number: int
    seed: int
    change: float
    confounder: str = ""
    level: float = 0.0
    base: str = ""

    @property
    def name(self) -> str:
        """Name of the pair, unique in the bench."""
        differs = f"_{self.confounder}_{self.level:g}" if self.confounder else ""
        return f"{self.part}_{self.setup or 'semi'}_{self.number}_{self.change:g}{differs}"


# ------------------------------------------------------------------------------ the plan


@dataclass(frozen=True)
class Amounts:
    """How many pairs of each part; ``confounder`` counts skins."""

    camera_rig: int = 70
    camera_handheld: int = 28
    scene: int = 42
    whole: int = 42
    semi: int = 24
    confounder: int = 3


QUICK: Final = Amounts(4, 2, 4, 2, 2, 1)


def usable_bases(folders: Sequence[Path]) -> tuple[str, ...]:
    """Photographs with an even patch of skin that has enough pixels, in the order of names."""
    found = []
    for path in sorted(p for folder in folders for p in folder.glob("*.jpg")):
        with Image.open(path) as image:
            linear = linear_light(np.asarray(image.convert("RGB"), dtype=np.uint8))
        try:
            close_up(linear, path.name)
        except UsageError:
            continue
        found.append(str(path))
    return tuple(found)


def planned(
    amounts: Amounts, purpose: Purpose, bases: tuple[str, ...], *, quick: bool = False
) -> list[Job]:
    """Every pair of the bench, in the order of its tables."""
    seed = set_seed(purpose, USER_SEED)
    jobs: list[Job] = []
    camera: tuple[tuple[Setup, int], ...] = (
        ("rig", amounts.camera_rig), ("handheld", amounts.camera_handheld),
    )  # fmt: skip
    for setup, n in camera:
        first = _FIRST["camera", setup]
        # The same skin with and without a change; seven tones in turn.
        jobs += [Job("camera", setup, first + k // 2, seed, (-25.0, 0.0)[k % 2]) for k in range(n)]
    for setup in ("rig", "handheld"):
        first = _FIRST["scene", setup]
        jobs += [
            Job("scene", setup, first + k, seed, CHANGES[(k + k // 7) % len(CHANGES)])
            for k in range(amounts.scene)
        ]
    first = _FIRST["whole", "rig"]
    jobs += [Job("whole", "rig", first + k, seed, -25.0) for k in range(amounts.whole)]
    first = _FIRST["semi", ""]
    jobs += [
        Job("semi", "", first + k, seed, 0.0 if k % 3 == 2 else -25.0, base=bases[k % len(bases)])
        for k in range(amounts.semi if bases else 0)
    ]
    levels = {name: at[:: len(at) - 1] for name, at in LEVELS.items()} if quick else LEVELS
    for k in range(amounts.confounder):
        # Tones far apart: light, brown, very dark.
        number = _FIRST["confounder", "rig"] + 3 * k
        jobs.append(Job("confounder", "rig", number, seed, 0.0, "none"))
        jobs += [
            Job("confounder", "rig", number, seed, 0.0, name, level)
            for name, at in levels.items()
            for level in at
        ]
    return jobs


# ------------------------------------------------------------------------- what confounds

LEVELS: Final[dict[str, tuple[float, ...]]] = {
    "exposure": (-0.6, -0.3, 0.3, 0.6),
    "white balance": (-12.0, -6.0, 6.0, 12.0),
    "gamma": (-15.0, -7.0, 7.0, 15.0),
    "blur": (-0.4, -0.2, 0.2, 0.4),
    "noise": (0.5, 2.0, 3.0, 4.0),
    "JPEG quality": (98.0, 85.0, 75.0, 60.0),
    "zoom": (-10.0, -5.0, 5.0, 10.0),
    "tilt": (4.0, 8.0, 12.0, 16.0),
    "lamp elevation": (-8.0, -4.0, 4.0, 8.0),
    "lamp azimuth": (5.0, 15.0, 45.0, 90.0),
    "fill": (-0.15, -0.07, 0.07, 0.15),
    "gloss": (-0.08, -0.04, 0.05, 0.10),
}
"""What the after photo has otherwise than the before photo, at each level but that of none."""

UNITS: Final[dict[str, tuple[str, float]]] = {
    "exposure": ("EV", 0.0),
    "white balance": ("% red", 0.0),
    "gamma": ("%", 0.0),
    "blur": ("px² of variance", 0.0),
    "noise": ("times", 1.0),
    "JPEG quality": ("", 92.0),
    "zoom": ("%", 0.0),
    "tilt": ("°", 0.0),
    "lamp elevation": ("°", 0.0),
    "lamp azimuth": ("°", 0.0),
    "fill": ("share of light", 0.0),
    "gloss": ("strength, before 0.10", 0.0),
}
"""Unit of each confounder, and the level at which the photographs are alike."""


def confounded(case: Case, confounder: str, level: float) -> Case:
    """The pair without change, its photos alike but for one thing."""
    camera = replace(
        case.before.camera, zoom=1.0, rotation_deg=0.0, tilt_x_deg=0.0, tilt_y_deg=0.0, shift_x=0.0,
        shift_y=0.0, stretch=0.001, jpeg_quality=92, chroma_subsampling=2,
    )  # fmt: skip
    light = replace(case.light, gloss=0.10, second_share=0.0)
    before = replace(case.before, camera=camera, light=light)
    after = replace(case.after, camera=camera, light=light)
    case = replace(case, flushes=(Flush(), Flush()), light=light, before=before)
    if confounder == "blur" and level < 0.0:
        return replace(case, before=_shot(before, "blur", -level), after=after)
    return replace(case, after=_shot(after, confounder, level))


def _shot(plan: ShotPlan, confounder: str, level: float) -> ShotPlan:
    """One photo with one thing otherwise."""
    camera, light = plan.camera, plan.light
    match confounder:
        case "none":
            return plan
        case "exposure":
            camera = replace(camera, exposure_ev=camera.exposure_ev + level)
        case "white balance":
            camera = replace(camera, wb_red=camera.wb_red * (1.0 + level / 100.0))
        case "gamma":
            camera = replace(camera, gamma=camera.gamma * (1.0 + level / 100.0))
        case "blur":
            camera = replace(camera, blur_px=float(np.sqrt(camera.blur_px**2 + level)))
        case "noise":
            camera = replace(
                camera, shot_noise=camera.shot_noise * level, read_noise=camera.read_noise * level
            )
        case "JPEG quality":
            camera = replace(camera, jpeg_quality=int(level))
        case "zoom":
            camera = replace(camera, zoom=1.0 + level / 100.0)
        case "tilt":
            camera = replace(camera, tilt_x_deg=level)
        case "lamp elevation":
            light = replace(light, elevation_deg=light.elevation_deg + level)
        case "lamp azimuth":
            light = replace(light, azimuth_deg=light.azimuth_deg + level)
        case "fill":
            light = replace(light, fill=light.fill + level)
        case "gloss":
            light = replace(light, gloss=light.gloss + level)
        case _:
            raise ValueError(f"unknown confounder {confounder!r}")
    return replace(plan, camera=camera, light=light)


def drawn_case(job: Job) -> Case:
    """The synthetic pair of a job; nothing is rendered yet."""
    if job.setup == "":
        raise ValueError("a photograph is no synthetic pair")
    case = random_case(
        "whole_face" if job.part == "whole" else "texture", job.seed, job.number,
        width_px=CONFOUNDER_WIDTH_PX if job.part == "confounder" else WIDTH_PX, setup=job.setup,
        treated="whole" if job.part == "whole" else "local", in_photo="scale", change=job.change,
    )  # fmt: skip
    if job.part == "camera":
        lit = (replace(plan, light=case.light) for plan in (case.before, case.after))
        before, after = lit
        return replace(case, before=before, after=after, flushes=(Flush(), Flush()))
    return confounded(case, job.confounder, job.level) if job.part == "confounder" else case
