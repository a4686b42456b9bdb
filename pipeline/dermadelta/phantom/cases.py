"""The kinds of pairs, and how a pair of a kind is drawn from a seed."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Literal

import numpy as np

from dermadelta.errors import UsageError
from dermadelta.phantom.changes import WHOLE_KINDS, Change, draw_change, has_relief
from dermadelta.phantom.flush import Flush
from dermadelta.phantom.hindrance import Hindrance, draw_hindrance, hinder
from dermadelta.phantom.plan import IN_PHOTO, Case, InPhoto, Setup, ShotPlan, TreatedWhere
from dermadelta.phantom.shots import (
    MM_PER_PX,
    Scene,
    nominal_camera,
    random_lamp,
    random_shot,
    random_skin,
)
from dermadelta.phantom.skin import SkinSpec
from dermadelta.phantom.treatment import Outline

__all__ = ["HARD_KINDS", "IN_PHOTO", "KINDS", "MEASURABLE_KINDS", "MM_PER_PX", "random_case"]

MEASURABLE_KINDS = (
    "no_change",
    "texture",
    "redness",
    "scar",
    "tone",
    "mixed",
    "whole_face",
    "striae",
    "diffuse",
)
"""Pairs taken as they should be; the kind says what changes."""

REFUSALS = {
    "impostor": "other skin",
    "mirrored": "mirrored",
    "defocus": "out of focus",
    "overexposed": "overexposed",
    "retouched": "retouched",
}
"""Why a pair of each kind cannot be measured."""

REFUSED_KINDS = tuple(REFUSALS)

HARD_KINDS = (
    "lamp_flipped",
    "lamp_moved",
    "very_dark",
    "tilted",
    "blur_mismatch",
    "white_balance",
    "tan",
)
"""Pairs that an instrument with untreated skin in the photo still measures; nothing, the texture
or the redness changes."""

KINDS = (*MEASURABLE_KINDS, *REFUSED_KINDS, *HARD_KINDS)
"""Every kind of pair that can be made."""

TONES = {"I": 0.42, "II": 0.62, "III": 0.95, "IV": 1.5, "V": 2.5, "VI": 3.6, "beyond": 4.7}
"""Mean melanin by phototype, in the order of ITA; "beyond" is darker than the published
reflectance set reaches."""

_VERY_DARK_MELANIN = (4.2, 5.5)

_IN_PHOTO_SHARES = (0.15, 0.25, 0.30, 0.15, 0.08, 0.07)
"""How often each of ``IN_PHOTO`` is drawn."""

_CARD_SHARE = 0.6
"""How often a target card or a chart lies beside skin of a kind that is treated all over: nothing
else tells a change of its colour from the light's."""

_CHART_SHARE = 0.3
"""How often that is a chart."""

_CARD_WIDTH_PX = 1200
"""Narrower photos have no room for a target card or a chart beside the region."""


def random_case(
    kind: str,
    seed: int,
    number: int,
    *,
    width_px: int,
    setup: Setup | None = None,
    treated: TreatedWhere | None = None,
    in_photo: InPhoto | None = None,
    change: float | None = None,
    repeats: int = 1,
) -> Case:
    """Draw pair ``number`` of a set.

    What is asked for replaces what would have been drawn and leaves the rest as it is.

    Parameters
    ----------
    kind : str
        One of ``KINDS``.
    seed, number : int
        Fix the draw; the same pair of a set is the same whatever else is drawn.
    width_px : int
        Width of the photos; they are 4:3.
    setup : {"rig", "handheld"}, optional
        How the photos are taken.
    treated : {"local", "whole"}, optional
        Where the treatment went.
    in_photo : str, optional
        One of ``IN_PHOTO``.
    change : float, optional
        Change of the relief in per cent, such as -25, for the kinds whose texture changes; a hard
        kind then changes in texture.
    repeats : int
        Photographs of each visit.

    Raises
    ------
    UsageError
        Unknown kind, a request that does not fit it, or a photo too small to hold region and
        reference skin. Remedy: in the message.
    """
    _check(kind, width_px, treated, in_photo, change, repeats)
    rng = np.random.default_rng([seed, number])
    steady: Setup = "rig" if rng.uniform() < 0.4 else "handheld"
    tone, skin = _person(rng, kind, number)
    roi = _region(rng, width_px)
    what = draw_change(
        rng, kind, roi, skin.melanin, hard=kind in HARD_KINDS, treated=treated, change=change
    )
    drawn = _draw_in_photo(rng, width_px)
    if kind in WHOLE_KINDS:
        drawn = _beside_whole(seed, number, width_px, drawn)
    scene = Scene(
        setup=setup or steady,
        nominal=nominal_camera(rng, skin.melanin),
        light=random_lamp(rng),
        in_photo=in_photo or drawn,
        frame=(width_px, round(0.75 * width_px)),
        melanin=skin.melanin,
    )
    start, later = _dates(rng)
    case = Case(
        subject_id=f"p{number:04d}",
        site=_site(kind, what),
        kind=kind,
        setup=scene.setup,
        width_px=scene.frame[0],
        height_px=scene.frame[1],
        mm_per_px=MM_PER_PX,
        skin=skin,
        roi=roi,
        treatment=what.treatment,
        light=scene.light,
        before=random_shot(rng, scene, start),
        after=random_shot(rng, scene, later),
        baseline=what.baseline,
        scars=what.scars,
        impostor=random_skin(rng, skin.melanin) if kind == "impostor" else None,
        scar_mask_given=bool(rng.uniform() < 0.5) and bool(what.scars),
        must_refuse=REFUSALS.get(kind, ""),
        tone=tone,
        changed=what.changed,
        in_photo=scene.in_photo,
        striae=what.striae,
        drift=what.drift,
        flushes=_flushes(seed, number),
    )
    hindrance = draw_hindrance(rng, kind)
    case = replace(
        case,
        before=hinder(case.before, hindrance, scene, "before"),
        after=hinder(case.after, hindrance, scene, "after"),
    )
    if repeats == 1:
        return case
    # From a generator of their own: the pair is the same with and without repeats.
    rng = np.random.default_rng([seed, number, 1])
    return replace(
        case,
        before_repeats=_repeats(rng, scene, hindrance, case.before, "before", repeats),
        after_repeats=_repeats(rng, scene, hindrance, case.after, "after", repeats),
    )


def _site(kind: str, what: Change) -> str:
    """Stretch marks are of the body; the rest could be anywhere and is of the face."""
    if what.striae is not None:
        return "thigh"
    return "forehead" if kind in WHOLE_KINDS else "cheek"


def _flushes(seed: int, number: int) -> tuple[Flush, Flush]:
    """State of the skin on both days, from a generator of its own."""
    first, second = np.random.default_rng([seed, number, 2]).integers(2**31, size=2)
    return Flush(int(first), 1.0), Flush(int(second), 1.0)


def _repeats(
    rng: np.random.Generator,
    scene: Scene,
    hindrance: Hindrance,
    first: ShotPlan,
    role: Literal["before", "after"],
    repeats: int,
) -> tuple[ShotPlan, ...]:
    """Further photographs of a visit, a few minutes apart, each posed anew."""
    plans, at = [], first.taken_at
    for _ in range(repeats - 1):
        at += timedelta(seconds=int(rng.integers(120, 400)))
        plans.append(hinder(random_shot(rng, scene, at), hindrance, scene, role))
    return tuple(plans)


def _check(
    kind: str,
    width_px: int,
    treated: TreatedWhere | None,
    in_photo: InPhoto | None,
    change: float | None,
    repeats: int,
) -> None:
    """Refuse what cannot be drawn."""
    if kind not in KINDS:
        raise UsageError(
            f"unknown kind of pair {kind!r}", remedy=f"Choose from {', '.join(KINDS)}."
        )
    if width_px < 800:
        raise UsageError(
            f"a photo of {width_px} px is too small for a region and the skin around it",
            remedy="Ask for a width of 800 px or more.",
        )
    if in_photo is not None and in_photo not in IN_PHOTO:
        raise UsageError(
            f"unknown thing in the photo {in_photo!r}",
            remedy=f"Choose from {', '.join(IN_PHOTO)}.",
        )
    if in_photo in ("target", "chart") and width_px < _CARD_WIDTH_PX:
        raise UsageError(
            f"a photo of {width_px} px has no room for a {in_photo}",
            remedy=f"Ask for a width of {_CARD_WIDTH_PX} px or more.",
        )
    if kind in WHOLE_KINDS and treated == "local":
        raise UsageError(f"{kind} is treated all over", remedy="Choose another kind.")
    if change is not None and not (has_relief(kind) or kind in HARD_KINDS):
        raise UsageError(
            f"the relief of the kind {kind!r} does not change",
            remedy="Give a change of relief for texture, mixed, whole_face or a hard kind.",
        )
    if change is not None and not -90.0 <= change <= 100.0:
        raise UsageError(
            f"a change of relief of {change:g} %", remedy="Give a change of -90 % to 100 %."
        )
    if repeats < 1:
        raise UsageError(f"{repeats} photographs a visit", remedy="Ask for 1 or more.")


def _person(rng: np.random.Generator, kind: str, number: int) -> tuple[str, SkinSpec]:
    """Phototype and skin; phototypes take turns."""
    tone = list(TONES)[number % len(TONES)]
    melanin = TONES[tone] * float(rng.uniform(0.92, 1.08))
    if kind == "very_dark":
        tone, melanin = "beyond", float(rng.uniform(*_VERY_DARK_MELANIN))
    return tone, random_skin(rng, melanin)


def _region(rng: np.random.Generator, width_px: int) -> Outline:
    """The declared region; a small frame must still hold it and untreated skin around it."""
    half_mm = 0.5 * 0.75 * width_px * MM_PER_PX
    return Outline(
        x_mm=float(rng.uniform(-2.0, 2.0)),
        y_mm=float(rng.uniform(-1.0, 1.0)),
        half_width_mm=float(rng.uniform(0.50, 0.58)) * half_mm,
        half_height_mm=float(rng.uniform(0.44, 0.50)) * half_mm,
        waviness=0.05,
        seed=int(rng.integers(2**31)),
    )


def _draw_in_photo(rng: np.random.Generator, width_px: int) -> InPhoto:
    drawn = IN_PHOTO[int(rng.choice(len(IN_PHOTO), p=_IN_PHOTO_SHARES))]
    if drawn in ("target", "chart") and width_px < _CARD_WIDTH_PX:
        return "scale"
    return drawn


def _beside_whole(seed: int, number: int, width_px: int, drawn: InPhoto) -> InPhoto:
    """What lies beside skin treated all over, from a generator of its own."""
    rng = np.random.default_rng([seed, number, 3])
    card, chart = rng.uniform(size=2)
    if width_px < _CARD_WIDTH_PX:
        return drawn
    if card < _CARD_SHARE:
        return "chart" if chart < _CHART_SHARE else "target"
    return "scale" if drawn in ("target", "chart") else drawn


def _dates(rng: np.random.Generator) -> tuple[datetime, datetime]:
    """When the two visits are: four to eleven weeks apart, at about the same hour."""
    start = datetime(2026, 1, 5, 9, 0) + timedelta(
        days=int(rng.integers(0, 40)), minutes=int(rng.integers(0, 480))
    )
    later = timedelta(days=int(rng.integers(29, 75)), minutes=int(rng.integers(-120, 120)))
    return start, start + later
