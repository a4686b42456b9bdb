"""Draws of what the skin had and of what changes between the visits."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from dermadelta.phantom.plan import TreatedWhere
from dermadelta.phantom.striae import Fading, StretchMarks
from dermadelta.phantom.treatment import Outline, Scar, Treatment

WHOLE_KINDS = ("whole_face", "diffuse")
"""Kinds without untreated skin."""

_WHOLE_SHARE = 0.25
"""How often a treatment goes over everything in the photo."""

_REDNESS_KINDS = ("redness", "mixed")
"""A local change of redness: it can be told from the light's colour by the skin around it."""

_RELIEF_KINDS = ("texture", "mixed", "whole_face")
_HARD_CHANGES = ("no_change", "texture", "redness")
_CONTENTS = (("bare", 0.31), ("erythema", 0.31), ("scar", 0.31), ("striae", 0.07))
"""What skin without change has, and how often."""

_EASE_MM = 12.0
"""Half height of a region in which scars have their full size."""


@dataclass(frozen=True)
class Change:
    """What the skin had and what changes; ``changed`` names the kind of change."""

    changed: str
    baseline: Treatment
    treatment: Treatment
    drift: Treatment = field(default_factory=Treatment)
    scars: tuple[Scar, ...] = ()
    striae: StretchMarks | None = None


def has_relief(kind: str) -> bool:
    """Whether the relief changes in pairs of this kind."""
    return kind in _RELIEF_KINDS


def draw_change(
    rng: np.random.Generator,
    kind: str,
    roi: Outline,
    melanin: float,
    *,
    hard: bool,
    treated: TreatedWhere | None,
    change: float | None,
) -> Change:
    """Draw a change of a kind.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of the draw.
    kind : str
        One of ``cases.KINDS``; refused kinds have no change.
    roi : Outline
        The declared region, and the treated area of a local treatment.
    melanin : float
        Of the person.
    hard : bool
        A hard kind: the change itself is drawn.
    treated, change : optional
        Replace the treated area and the relief change (per cent) that would be drawn.
    """
    hard_change = _HARD_CHANGES[int(rng.integers(len(_HARD_CHANGES)))]
    whole = bool(rng.uniform() < _WHOLE_SHARE)
    shares = np.array([share for _, share in _CONTENTS])
    content = _CONTENTS[int(rng.choice(len(_CONTENTS), p=shares))][0]
    changed = kind
    if hard:
        changed = hard_change if change is None else "texture"
        whole = False
    if changed in _REDNESS_KINDS:
        whole = False
    if treated is not None:
        whole = treated == "whole"
    area = None if whole or kind in WHOLE_KINDS else roi
    baseline, treatment = _treatments(rng, changed, area, melanin, change)
    found = content if kind == "no_change" else ""
    if found == "erythema":
        # Every third lesion is deep red, as wounds and angiomas are.
        deep = bool(rng.uniform() < 1.0 / 3.0)
        size = float(rng.uniform(0.4, 1.2)) if deep else float(rng.uniform(0.10, 0.22))
        baseline = Treatment(area=roi, haemoglobin_change=size)
    drift = Treatment()
    if kind == "tan":
        drift = Treatment(melanin_change=float(rng.uniform(0.25, 0.60)))
    scarred = changed in ("scar", "mixed") or found == "scar"
    marked = changed == "striae" or found == "striae"
    return Change(
        changed,
        baseline,
        treatment,
        drift,
        _random_scars(rng, roi, melanin) if scarred else (),
        _random_striae(rng, roi) if marked else None,
    )


def _treatments(
    rng: np.random.Generator,
    changed: str,
    area: Outline | None,
    melanin: float,
    change: float | None,
) -> tuple[Treatment, Treatment]:
    """What the region had, and what the treatment changed."""
    relief = float(rng.uniform(0.60, 0.92))
    erythema = float(rng.uniform(0.10, 0.22))
    fading = float(rng.uniform(0.4, 1.0))
    scar_area = float(rng.uniform(0.45, 0.90))
    pigment = float(rng.uniform(0.10, 0.40)) * (1.0 if rng.uniform() < 0.5 else -1.0)
    spread = float(rng.uniform(0.4, 1.0))
    fewer = Fading(float(rng.uniform(0.60, 0.95)), float(rng.uniform(0.4, 0.9)))
    baseline, treatment = Treatment(area=area), Treatment(area=area)
    if changed in _RELIEF_KINDS:
        factor = relief if change is None else 1.0 + change / 100.0
        treatment = replace(treatment, relief_factor=factor)
    if changed in _REDNESS_KINDS:
        baseline = replace(baseline, haemoglobin_change=erythema)
        treatment = replace(treatment, haemoglobin_change=-erythema * fading)
    if changed == "diffuse":
        if rng.uniform() < 0.5:
            baseline = replace(baseline, haemoglobin_change=erythema)
            fading = -fading
        treatment = replace(treatment, haemoglobin_change=erythema * fading)
    if changed in ("scar", "mixed"):
        treatment = replace(treatment, scar_area_factor=scar_area, scar_contrast_factor=0.9)
    if changed == "tone":
        # Light skin has little to lose.
        treatment = replace(
            treatment,
            melanin_change=max(pigment, -0.5 * melanin),
            melanin_spread_factor=spread,
        )
    if changed == "striae":
        treatment = replace(treatment, striae=fewer)
    return baseline, treatment


def _random_scars(rng: np.random.Generator, roi: Outline, melanin: float) -> tuple[Scar, ...]:
    """Scars of one look inside the region, apart from each other."""
    # On dark skin scars are mostly seen as darker, hardly as redder.
    shares = (0.55, 0.20, 0.25) if melanin < 2.0 else (0.20, 0.50, 0.30)
    looks: tuple[Literal["red", "brown", "atrophic"], ...] = ("red", "brown", "atrophic")
    look = looks[int(rng.choice(3, p=shares))]
    n = int(rng.integers(2, 5)) if look == "atrophic" else int(rng.integers(1, 3))
    start = float(rng.uniform(0.0, 2.0 * np.pi))
    size = min(1.0, roi.half_height_mm / _EASE_MM) * (0.55 if look == "atrophic" else 1.0)
    scars = []
    for number in range(n):
        turn = start + 2.0 * np.pi * number / n
        away = 0.0 if n == 1 else 0.48
        outline = Outline(
            x_mm=roi.x_mm + away * roi.half_width_mm * np.cos(turn) + float(rng.uniform(-0.6, 0.6)),
            y_mm=roi.y_mm
            + away * roi.half_height_mm * np.sin(turn)
            + float(rng.uniform(-0.4, 0.4)),
            half_width_mm=size * float(rng.uniform(2.4, 4.2)),
            half_height_mm=size * float(rng.uniform(1.6, 3.0)),
            waviness=0.10,
            seed=int(rng.integers(2**31)),
        )
        contrast = float(rng.uniform(0.8, 1.2))
        # The walls of a hollow slope; those of a stain do not.
        edge_mm = 0.35 if look != "atrophic" else float(rng.uniform(0.6, 1.0))
        scars.append(Scar(look, outline, contrast=contrast, edge_mm=edge_mm))
    return tuple(scars)


def _random_striae(rng: np.random.Generator, roi: Outline) -> StretchMarks:
    """A group of stretch marks through the region."""
    kind: Literal["rubra", "alba"] = "rubra" if rng.uniform() < 0.5 else "alba"
    width = float(rng.uniform(2.2, 4.5))
    return StretchMarks(
        kind=kind,
        x_mm=roi.x_mm,
        y_mm=roi.y_mm,
        angle_deg=float(rng.uniform(0.0, 180.0)),
        bands=int(rng.integers(3, 6)),
        spacing_mm=width + float(rng.uniform(2.5, 4.5)),
        width_mm=width,
        length_mm=float(rng.uniform(22.0, 55.0)),
        bend=float(rng.uniform(-0.08, 0.08)),
        contrast=float(rng.uniform(0.7, 1.2)),
        seed=int(rng.integers(2**31)),
    )
