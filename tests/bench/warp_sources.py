"""Pictures of skin to be warped: synthetic people, dermoscopy, portraits.

The real pictures come from ``DERMADELTA_DATA``; they are enlarged to the width, so they hold less
fine detail than a photograph of 12 megapixels does: the synthetic skin has it in full.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from dermadelta.files.images import read_image
from dermadelta.files.regions import read_region
from dermadelta.kernels.masks import drop_small_parts, fill_holes, grow, shrink, skin_colour
from dermadelta.kernels.resampling import resize_mask
from dermadelta.phantom.cases import TONES
from dermadelta.phantom.light import half_side_mm, render
from dermadelta.phantom.reshoot import linear_light
from dermadelta.phantom.shots import random_lamp, random_skin
from dermadelta.phantom.skin import Grid, make_skin

Image8 = NDArray[np.uint8]
Field = NDArray[np.float32]
Mask = NDArray[np.bool_]

WIDTH_PX = 4000
PHANTOM_WIDTH_MM = 100.0


FACES = {
    "interfaces_006": ("base/interfaces_cc0/006.jpg", (491, 440, 205, 250)),
    "interfaces_028": ("base/interfaces_cc0/028.jpg", (446, 402, 205, 245)),
    "interfaces_047": ("base/interfaces_cc0/047.jpg", (433, 424, 187, 245)),
    "interfaces_083": ("base/interfaces_cc0/083.jpg", (469, 491, 160, 232)),
    "frl_004": ("frl_london_null/neutral/004_03.jpg", (693, 675, 180, 255)),
    "frl_012": ("frl_london_null/neutral/012_03.jpg", (651, 651, 180, 255)),
    "frl_021": ("frl_london_null/neutral/021_03.jpg", (687, 675, 217, 300)),
    "frl_025": ("frl_london_null/neutral/025_03.jpg", (675, 711, 185, 265)),
}
"""Portraits: the file and an ellipse drawn by eye on the face (x, y, half axes), file pixels."""

NOT_SKIN = {
    "ISIC_0001852": ((1388, 2230, 1388, 2230, 1720),),
    "ISIC_0006914": ((1885, 2400, 1885, 2400, 1640),),
    "ISIC_0012099": ((1180, 2010, 2409, 1420, 200),),
    "ISIC_0012720": ((800, 1830, 2180, 1830, 220),),
    "ISIC_0014597": ((60, 760, 60, 1400, 260), (2560, 760, 2560, 1400, 260)),
}
"""Stickers, rulers and lamps, drawn by eye as thick round lines (from x, y, to x, y, thickness),
file pixels."""

PHANTOM_TONES = tuple(TONES)


@dataclass(frozen=True, eq=False)
class Source:
    """A picture of skin: ``linear`` (H, W, 3) float32 light 0..1 and ``skin`` (H, W) bool."""

    name: str
    family: str
    linear: Field
    skin: Mask
    lesion: Mask | None = None


def data_folder() -> Path:
    """Where the real photographs lie; the folder may be missing."""
    default = Path(__file__).resolve().parents[3] / "shared" / "data"
    return Path(os.environ.get("DERMADELTA_DATA") or default).resolve()


# ------------------------------------------------------------------------------- sources


def source_names(data: Path) -> list[str]:
    """Names for ``source``: the real pictures that are there, and the synthetic people."""
    names = [f"phantom_{tone}" for tone in PHANTOM_TONES]
    names += [path.stem for path in sorted((data / "isic2017" / "images").glob("*.jpg"))]
    return names + [name for name, (file, _) in FACES.items() if (data / file).is_file()]


def family_of(name: str) -> str:
    """``phantom``, ``dermoscopy`` or ``portrait``."""
    if name.startswith("phantom"):
        return "phantom"
    return "dermoscopy" if name.startswith("ISIC") else "portrait"


@lru_cache(maxsize=1)
def source(name: str, *, reporting: bool, width: int = WIDTH_PX) -> Source:
    """Make a source by name; ``reporting`` chooses other synthetic people than training does."""
    if family_of(name) == "phantom":
        return _phantom(name, int(reporting), width)
    if family_of(name) == "dermoscopy":
        return _dermoscopy(name, width)
    return _portrait(name, width)


def _phantom(name: str, parity: int, width: int) -> Source:
    tone = name.removeprefix("phantom_")
    rng = np.random.default_rng([parity, PHANTOM_TONES.index(tone), 4])
    grid = Grid(width, 3 * width // 4, PHANTOM_WIDTH_MM / width)
    skin = make_skin(random_skin(rng, TONES[tone]), grid)
    light = render(skin, random_lamp(rng), half_side_mm(grid))
    # Automatic exposure lifts dark skin by part of what it lacks.
    light *= np.float32(2.0 ** (0.15 * max(0.0, TONES[tone] - 1.0)))
    whole = np.ones(grid.shape, dtype=np.bool_)
    return Source(name, "phantom", np.clip(light, 0.0, 1.0), _inset(whole, width))


def _dermoscopy(name: str, width: int) -> Source:
    folder = data_folder() / "isic2017"
    rgb = _read(folder / "images" / f"{name}.jpg")
    shape = (round(width * rgb.shape[0] / rgb.shape[1]), width)
    lesion = read_region(str(folder / "masks" / f"{name}_segmentation.png"), rgb.shape[:2], 1)
    skin = np.ones(rgb.shape[:2], dtype=np.uint8)
    for x, y, to_x, to_y, thickness in NOT_SKIN.get(name, ()):
        cv2.line(skin, (x, y), (to_x, to_y), 0, thickness)
    linear = linear_light(_enlarged(rgb, shape))
    inner = _inset(resize_mask(skin > 0, shape), width)
    return Source(name, "dermoscopy", linear, inner, resize_mask(lesion, shape))


def _portrait(name: str, width: int) -> Source:
    file, (x, y, a, b) = FACES[name]
    rgb = _read(data_folder() / file)
    rows = 3 * rgb.shape[1] // 4
    top = int(np.clip(y - rows // 2, 0, rgb.shape[0] - rows))
    rgb = np.ascontiguousarray(rgb[top : top + rows])
    face = np.zeros(rgb.shape[:2], dtype=np.uint8)
    cv2.ellipse(face, (x, y - top), (a, b), 0, 0, 360, 1, -1)
    inside = face > 0
    skin = skin_colour(linear_light(rgb), inside, distance=4.0, floor_sd=0.10) & inside
    skin = fill_holes(drop_small_parts(grow(shrink(skin, 2.0), 2.0), 2000), 600) & inside
    shape = (3 * width // 4, width)
    return Source(name, "portrait", linear_light(_enlarged(rgb, shape)), resize_mask(skin, shape))


def _read(path: Path) -> Image8:
    return np.asarray(read_image(str(path), max_pixels=50_000_000).pixels[..., :3], dtype=np.uint8)


def _enlarged(rgb: Image8, shape: tuple[int, int]) -> Image8:
    way = cv2.INTER_CUBIC if shape[1] > rgb.shape[1] else cv2.INTER_AREA
    return np.asarray(cv2.resize(rgb, (shape[1], shape[0]), interpolation=way), dtype=np.uint8)


def _inset(mask: Mask, width: int) -> Mask:
    """The mask without a border of the frame, which the other photo may not show."""
    edge = round(0.05 * width)
    inner = np.zeros_like(mask)
    inner[edge:-edge, edge:-edge] = mask[edge:-edge, edge:-edge]
    return inner
