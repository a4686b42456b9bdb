"""Where the pigment vectors of the kernel come from, and how far they talk across.

Usage: python tests/bench/pigment_basis.py [M38597.csv]

Prints the vectors derived from ``tests/data/pigment_spectra.csv`` and a table of cross-talk: what
one pigment reads when only the other changes, relative to what that one reads. With the
spectra of Cooksey, Allen and Tsai 2017 (doi:10.18434/M38597) also how the two pigments go together
over their 100 people.

Melanin lies between two directions: that of melanin which absorbs as λ^-3.33 before the mean of
these people, and the first principal direction of ten means of ten people each, by tone, shading
projected out. Between them the one is taken whose worst cross-talk is least, over the ten means
and over the vectors of the phantom up to brown skin.
Haemoglobin is blood added to the dermis of their mean by the model of Jacques 2013
(doi:10.1088/0031-9155/58/11/R37): 0.2 % of blood of 150 g/l and as much again, 70 % oxygenated
(extinction after Prahl), in vessels of 20 µm radius, whose inside is shaded by their outside (van
Veen 2002, doi:10.1364/OL.27.000246); scattering 46 (λ/500)^-1.42 /cm, other absorption
7.84e8 λ^-3.255 /cm, diffuse reflectance exp(-7 / √(3 (1 + µs'/µa))). Skin free of both is the same
dermis without blood.
"""

from __future__ import annotations

import csv
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dermadelta.kernels.colour import SRGB_TO_XYZ
from dermadelta.kernels.pigments import BASE_OD, HAEMOGLOBIN, MELANIN, pigment_density
from dermadelta.phantom import skin as phantom

TABLE = Path(__file__).parents[1] / "data" / "pigment_spectra.csv"
ROWS = np.genfromtxt(TABLE, delimiter=",", skip_header=1)
NM, SKIN = ROWS[:, 0], ROWS[:, 7:].T
OXY, DEOXY = ROWS[:, 5], ROWS[:, 6]

FRESNEL = 0.04
"""Reflection at the surface, which the sphere of the instrument collects."""


def sensitivity() -> np.ndarray:
    """(n, 3): linear sRGB of a reflectance under D65 is its product with this; white gives 1."""
    weights = (ROWS[:, 1:4] * ROWS[:, 4:5]) @ np.linalg.inv(SRGB_TO_XYZ).T
    return np.asarray(weights / weights.sum(axis=0))


BLOOD = 0.002
"""Share of blood in the dermis of skin at rest (Jacques 2013)."""

TO_RGB = sensitivity()


def density(reflectance: np.ndarray) -> np.ndarray:
    """(..., 3) optical density of linear sRGB."""
    return np.asarray(-np.log(reflectance @ TO_RGB))


def blood() -> np.ndarray:
    """Absorption of skin per share of blood, /cm."""
    whole = 2.303 * 150.0 / 64500.0 * (0.7 * OXY + 0.3 * DEOXY)
    through = 2.0 * whole * 20e-4
    return np.asarray(whole * (1.0 - np.exp(-through)) / through)


def dermis(share: float) -> np.ndarray:
    """Optical density of the dermis by the model of diffuse reflectance."""
    absorption = 7.84e8 * NM**-3.255 + share * blood()
    scattering = 46.0 * (NM / 500.0) ** -1.42
    return np.asarray(7.0 / np.sqrt(3.0 * (1.0 + scattering / absorption)))


def with_pigment(
    skin: np.ndarray, *, melanin: float = 0.0, blood_share: float = 0.0, surface: float = FRESNEL
) -> np.ndarray:
    """Reflectance with more of a pigment below the surface; melanin is density at 550 nm."""
    added = melanin * (NM / 550.0) ** -3.33 + dermis(BLOOD + blood_share) - dermis(BLOOD)
    return np.asarray(surface + (skin - FRESNEL) * np.exp(-added))


def shading_free(densities: np.ndarray) -> np.ndarray:
    return np.asarray(densities - densities.mean(axis=-1, keepdims=True))


YELLOW = np.array([-1.0, 0.0, 1.0]) / np.sqrt(2.0)
GREEN = np.array([-1.0, 2.0, -1.0]) / np.sqrt(6.0)
"""Axes of the plane without shading: density of blue against red, and of green against both."""


def angle(vector: np.ndarray) -> float:
    """Angle in the plane without shading, degrees from ``YELLOW`` towards ``GREEN``."""
    return float(np.degrees(np.arctan2(vector @ GREEN, vector @ YELLOW)))


def direction(vector: np.ndarray) -> np.ndarray:
    free = shading_free(vector)
    return np.asarray(free / np.linalg.norm(free))


def melanin_range() -> tuple[float, float]:
    """Angles (``angle``) of λ^-3.33 before mean skin, and of the change of colour with tone."""
    mean = SKIN.mean(axis=0)
    alone = density(with_pigment(mean, melanin=0.2)) - density(mean)
    people = shading_free(density(SKIN))
    first = np.linalg.svd(people - people.mean(axis=0))[2][0]
    return angle(alone), angle(first * np.sign(first[2]))


def haemoglobin() -> np.ndarray:
    mean = SKIN.mean(axis=0)
    return direction(density(with_pigment(mean, blood_share=BLOOD)) - density(mean))


@dataclass(frozen=True)
class Step:
    """One pigment changes (0 melanin, 1 haemoglobin): densities before and after."""

    name: str
    own: int
    before: np.ndarray
    after: np.ndarray


def simulated(surface: float) -> list[Step]:
    """More melanin, and more blood, in the ten means."""
    steps = []
    for number, skin in enumerate(SKIN, 1):
        before = density(with_pigment(skin, surface=surface))
        tan = density(with_pigment(skin, melanin=0.2, surface=surface))
        flush = density(with_pigment(skin, blood_share=BLOOD, surface=surface))
        name = f"skin {number:2d}, surface {surface:.2f}"
        steps += [Step(name, 0, before, tan), Step(name, 1, before, flush)]
    return steps


def phantom_density(melanin: float, haemoglobin: float) -> np.ndarray:
    below = melanin * phantom.MELANIN_OD + haemoglobin * phantom.HAEMOGLOBIN_OD + phantom.BASE_OD
    share = phantom.SURFACE_SHARE
    return np.asarray(-np.log((1.0 - share) * np.exp(-below) + share))


def drawn(melanin: float) -> list[Step]:
    """More of either pigment in skin of the phantom."""
    before, name = phantom_density(melanin, 0.25), f"phantom, melanin {melanin:.1f}"
    return [
        Step(name, 0, before, phantom_density(melanin + 0.2, 0.25)),
        Step(name, 1, before, phantom_density(melanin, 0.35)),
    ]


def cross_talk(step: Step) -> float:
    """Change of the other pigment over that of the one that changed, as the kernel reads them."""
    first, second = (
        np.stack(pigment_density(-d[None]), axis=-1)[0] for d in (step.before, step.after)
    )
    moved = second - first
    return float(moved[1 - step.own] / moved[step.own])


def best_angle() -> float:
    """Angle of melanin at which the worst cross-talk of melanin into haemoglobin is least."""
    steps = [*simulated(0.01), *simulated(0.02), *simulated(FRESNEL)]
    steps += [step for amount in (0.2, 0.4, 0.8) for step in drawn(amount)]
    moved = np.array([step.after - step.before for step in steps if step.own == 0])
    angles = np.arange(*melanin_range(), 0.1)
    worst = []
    for candidate in np.radians(angles):
        melanin = np.cos(candidate) * YELLOW + np.sin(candidate) * GREEN
        amounts = moved @ np.linalg.pinv(np.stack([melanin, haemoglobin()]))
        worst.append(np.abs(amounts[:, 1] / amounts[:, 0]).max())
    return float(angles[np.argmin(worst)])


def say(text: str) -> None:
    sys.stdout.write(text + "\n")


def report() -> None:
    low, high = melanin_range()
    say(
        f"melanin between {low:.1f} and {high:.1f} degrees, best {best_angle():.1f},"
        f" frozen {angle(MELANIN):.1f}"
    )
    say(f"haemoglobin {np.round(haemoglobin(), 4)}, frozen {HAEMOGLOBIN}")
    say(f"base {np.round(density(np.exp(-dermis(0.0))), 3)}, frozen {BASE_OD}")
    say("\nmelanin into haemoglobin, haemoglobin into melanin")
    steps = [step for surface in (0.01, FRESNEL) for step in simulated(surface)]
    steps += [step for amount in (0.2, 0.4, 0.8, 1.6, 2.5, 3.3, 4.2) for step in drawn(amount)]
    for tan, flush in zip(steps[::2], steps[1::2], strict=True):
        say(f"{tan.name}: {cross_talk(tan):+.3f} {cross_talk(flush):+.3f}")


def people(path: Path) -> None:
    """Print how melanin and haemoglobin spread, and go together, over 100 people."""
    with path.open(encoding="latin-1", newline="") as file:
        rows = list(csv.reader(file))
    start = next(i for i, row in enumerate(rows) if row and row[0].startswith("Wavelength"))
    columns = [i for i, name in enumerate(rows[start]) if name.strip() == "Average"]
    table = np.array(
        [[float(row[i]) for i in (0, *columns)] for row in rows[start + 1 :] if row[0].strip()]
    )
    spectra = np.array([np.interp(NM, table[:, 0], one) for one in table[:, 1:].T])
    found = np.stack(pigment_density(-density(spectra)), axis=-1)
    quantiles = np.round(np.quantile(found, [0.0, 0.05, 0.5, 0.95, 1.0], axis=0), 3)
    say(f"\npeople: melanin {quantiles[:, 0]}, haemoglobin {quantiles[:, 1]}")
    say(f"correlation {np.corrcoef(found.T)[0, 1]:.3f}")


if __name__ == "__main__":
    report()
    if len(sys.argv) > 1:
        people(Path(sys.argv[1]))
