"""Rendered lesions under drawn cameras, read by the real stages whatever the gates say."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from dermadelta.config import Config
from dermadelta.domain import (
    REFERENCE,
    AlignedPhoto,
    Carried,
    CheckVerdict,
    NotAligned,
    NotMeasured,
    PairRef,
    Phase,
    PhotoRef,
    Read,
    Role,
    TreatedArea,
)
from dermadelta.kernels.colour import erythema_index, linear_to_lab, linearise
from dermadelta.phantom.cases import random_case
from dermadelta.phantom.encode import Files, mask_bytes, photo_bytes
from dermadelta.phantom.flush import Flush
from dermadelta.phantom.pair import RenderedPair, render_pair
from dermadelta.phantom.plan import Case, InPhoto, ShotPlan
from dermadelta.stages.align import align
from dermadelta.stages.calibrate import alike, calibrate
from dermadelta.stages.carry import carry
from dermadelta.stages.compare import compare
from dermadelta.stages.load import load
from dermadelta.stages.measure import measure
from dermadelta.stages.observe import observe
from dermadelta.stages.region import region

SEED = 1
"""Odd: the reporting half of the phantom's seeds."""

WIDTH_PX = 1600
MEASURES = ("redness", "redness_lab")
UNITS_OF = ("ei", "a")

EXPOSURE_EV, WHITE_BALANCE, GRADIENT = 0.5, 0.12, 0.2
GAMMA, CONTRAST, SATURATION = (0.85, 1.15), (0.0, 0.12), (0.85, 1.20)

LESION = 0.2
"""Haemoglobin of the lesion beyond that of its skin: 29.5 times as many EI, 5.9, the change that
the goals were set for (measured there: 5.9 EI, 3.9 a*). Errors grow with the change."""

_REGION_SHARE = 0.17
"""Part of the patch of skin that the region is."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Setting:
    """What is drawn for each photo: the light alone, or what its processor does to tones too."""

    name: str
    in_photo: InPhoto
    tones: bool


LIGHT = Setting("light", "nothing", tones=False)
TONES_REFERENCE = Setting("tones, reference skin", "nothing", tones=True)
TONES_TARGET = Setting("tones, target", "target", tones=True)


@dataclass(frozen=True)
class Change:
    """One lesion under one draw: true and read changes, (erythema index, a*) each.

    ``contrast`` is against untreated skin, ``plain`` the region alone; ``grey`` and ``skin`` are
    what is left where colours were first normalised by the mean of the picture, or of all skin;
    ``anchored`` where untreated skin was brought to one colour in both photos.
    """

    setting: str
    person: int
    tone: str
    draw: int
    truth: tuple[float, float]
    truth_plain: tuple[float, float]
    contrast: tuple[float, float]
    plain: tuple[float, float]
    grey: tuple[float, float]
    skin: tuple[float, float]
    anchored: tuple[float, float]
    used: str
    refused: str


def lesions(setting: Setting, people: int, draws: int, config: Config) -> Iterator[Change | str]:
    """Every person under every draw; a text says why one could not be read."""
    for person in range(people):
        for draw in range(draws):
            case = lesion_case(setting, person, draw)
            yield _read(setting, person, draw, render_pair(case), config)


def lesion_case(setting: Setting, person: int, draw: int) -> Case:
    """A lesion that heals, without a change from day to day, under drawn cameras."""
    case = random_case(
        "redness", SEED, person, width_px=WIDTH_PX, setup="rig", treated="local",
        in_photo=setting.in_photo,
    )  # fmt: skip
    # A treatment multiplies what is there by its change over the mean of all skin.
    bare = case.skin.haemoglobin
    healing = LESION * (bare + _REGION_SHARE * LESION) / (bare + LESION)
    case = replace(
        case,
        baseline=replace(case.baseline, haemoglobin_change=LESION),
        treatment=replace(case.treatment, haemoglobin_change=-healing),
    )
    rng = np.random.default_rng([SEED, person, draw, 77])
    before, after = (drawn(rng, plan, setting) for plan in (case.before, case.after))
    return replace(case, before=before, after=after, flushes=(Flush(), Flush()))


def drawn(rng: np.random.Generator, plan: ShotPlan, setting: Setting) -> ShotPlan:
    """The shot with exposure, white balance, gradient and, if asked for, tones of its own."""
    camera = plan.camera
    ev = rng.uniform(-EXPOSURE_EV, EXPOSURE_EV)
    red, blue = 1.0 + rng.uniform(-WHITE_BALANCE, WHITE_BALANCE, size=2)
    falloff = rng.uniform(-GRADIENT, GRADIENT)
    gamma, contrast, saturation = (rng.uniform(*ends) for ends in (GAMMA, CONTRAST, SATURATION))
    camera = replace(
        camera, exposure_ev=camera.exposure_ev + float(ev), wb_red=float(red), wb_blue=float(blue)
    )
    if setting.tones:
        camera = replace(
            camera, gamma=float(gamma), contrast=float(contrast), saturation=float(saturation)
        )
    light = replace(plan.light, falloff=float(falloff))
    return replace(plan, camera=camera, light=light, seed=int(rng.integers(2**31)))


# --------------------------------------------------------------------------- the stages


def photo_ref(path: Path, day: date, roi: Path | None = None) -> PhotoRef:
    """A photo of the bench as a user would list it."""
    return PhotoRef(
        path=str(path),
        shown_path=path.name,
        sha256="",
        photo_id=path.stem,
        subject_id="bench",
        visit_date=day,
        phase=Phase.PRE,
        site="cheek",
        view="",
        roi=None if roi is None else str(roi),
    )


def pair_ref(pair: RenderedPair, folder: Path) -> PairRef:
    """Write both photos and the region of the first, and list them."""
    case = pair.case
    roi = folder / "roi.png"
    roi.write_bytes(mask_bytes(pair.before.roi))
    refs = []
    for name, plan, shot in (
        ("before", case.before, pair.before),
        ("after", case.after, pair.after),
    ):
        path = folder / f"{name}.jpg"
        path.write_bytes(photo_bytes(shot.rgb, plan, Files()))
        refs.append(photo_ref(path, plan.taken_at.date(), roi if name == "before" else None))
    return PairRef(
        pair_id=case.pair_id,
        subject_id="bench",
        site=case.site,
        view="",
        phase=Phase.PRE,
        before_date=refs[0].visit_date,
        after_date=refs[1].visit_date,
        before=(refs[0],),
        after=(refs[1],),
        treated_area=TreatedArea(case.treated_area),
    )


@dataclass(frozen=True, eq=False)
class Observed:
    """A pair as far as its views, and the gates that refuse its colours."""

    photos: tuple[AlignedPhoto, ...]
    carried: Carried
    refused: str


def observed(pair: PairRef, config: Config) -> Observed | str:
    """Take a pair through the stages up to its gates; a text says where it stops."""
    refs = zip((Role.BEFORE, Role.AFTER), (*pair.before, *pair.after), strict=True)
    kept, _ = alike(
        [(role, calibrate(load(ref, config.load), config.calibrate)) for role, ref in refs]
    )
    photos = [photo for photo in kept if photo is not None]
    first, second = (
        AlignedPhoto(p, region(p, pair.treated_area, None, config.region), role, None)
        for p, role in zip(photos, (Role.BEFORE, Role.AFTER), strict=True)
    )
    found = align(first.photo, second.photo, first.regions, second.regions, config.align)
    if isinstance(found, NotAligned):
        return found.reason
    both = [first, replace(second, alignment=found)]
    carried = carry(both, config.carry)
    if isinstance(carried, NotMeasured):
        return carried.reason
    carried = observe(carried, both, config.observe)
    gates = compare(pair, photos[0], photos[1], found, carried, config.compare).gates
    refused = [
        gate.name
        for gate in gates
        if gate.verdict is CheckVerdict.FAIL and {"*", "redness"} & set(gate.refuses)
    ]
    return Observed(tuple(both), carried, ", ".join(refused))


def bench_config(config: Config) -> Config:
    """Settings without what takes time and is not looked at here."""
    return config.model_copy(
        update={
            "carry": config.carry.model_copy(update={"scars": False}),
            "measure": config.measure.model_copy(update={"only": MEASURES}),
            "depict": config.depict.model_copy(update={"longer_side_px": 320}),
        }
    )


def _read(
    setting: Setting, person: int, draw: int, pair: RenderedPair, config: Config
) -> Change | str:
    with tempfile.TemporaryDirectory() as folder:
        seen = observed(pair_ref(pair, Path(folder)), config)
    if isinstance(seen, str):
        return f"{setting.name}, person {person}, draw {draw}: {seen}"
    truth = pair.truth
    if truth.redness_contrast_change_ei is None or truth.redness_contrast_change_a is None:
        raise TypeError("a local treatment has untreated skin around it")
    values = _values(seen.carried, config)
    grey, skin = (_normalised(seen, way) for way in ("picture", "skin"))
    return Change(
        setting.name,
        person,
        pair.case.tone,
        draw,
        (truth.redness_contrast_change_ei, truth.redness_contrast_change_a),
        (truth.redness_change_ei, truth.redness_change_a),
        contrast=_pair(values, lambda at: at["roi"] - at[REFERENCE]),
        plain=_pair(values, lambda at: at["roi"]),
        grey=grey,
        skin=skin,
        anchored=_anchored(seen.carried),
        used="/".join(item.photo.colour.kind for item in seen.photos),
        refused=seen.refused,
    )


Values = dict[str, dict[Role, dict[str, float]]]


def _values(carried: Carried, config: Config) -> Values:
    """Readings by measure, side and region."""
    found: Values = {name: {Role.BEFORE: {}, Role.AFTER: {}} for name in MEASURES}
    for item in measure(carried, config.catalogue(), config.params(), config.measure):
        if not isinstance(item.result, Read):
            raise TypeError(f"{item.measure} of {item.region}: {item.result.reason}")
        found[item.measure][item.role][item.region] = item.result.value
    return found


def _pair(values: Values, of: Callable[[dict[str, float]], float]) -> tuple[float, float]:
    """After minus before of something, in both measures."""
    ei, a = (of(values[n][Role.AFTER]) - of(values[n][Role.BEFORE]) for n in MEASURES)
    return float(ei), float(a)


# -------------------------------------------------------------------- what not to do


def _normalised(seen: Observed, way: Literal["picture", "skin"]) -> tuple[float, float]:
    """Change of the region after its photos were brought to one mean colour: grey, or the first."""
    found = []
    target: Floats | None = None
    for item in seen.photos:
        view = next(v for v in seen.carried.views if v.role is item.role and v.region != REFERENCE)
        mean = _mean(item, skin=way == "skin")
        if way == "picture":
            target = np.full(3, mean.mean())
        elif target is None:
            target = mean
        colour = view.rgb[view.mask].mean(axis=0, dtype=np.float64) * (target / mean)
        found.append((float(erythema_index(colour)), float(linear_to_lab(colour)[1])))
    return found[1][0] - found[0][0], found[1][1] - found[0][1]


def _mean(item: AlignedPhoto, *, skin: bool) -> Floats:
    """Mean linear colour of a picture: all of it, or its usable skin."""
    photo, step = item.photo, 4
    part = np.ascontiguousarray(photo.photo.rgb[::step, ::step])
    linear = linearise(part, photo.to_linear.curves, photo.to_linear.matrix)
    if skin:
        linear = linear[item.regions.usable[::step, ::step]]
    return np.asarray(linear.reshape(-1, 3).mean(axis=0, dtype=np.float64))


def _anchored(carried: Carried) -> tuple[float, float]:
    """Change of the region after its untreated skin was brought to the mean colour of both photos.

    Gains of the channels drop out; what is left of the exposure is its mean over both photos.
    """
    means = {
        (view.role, view.region == REFERENCE): view.rgb[view.mask].mean(axis=0, dtype=np.float64)
        for view in carried.views
    }
    roles = (Role.BEFORE, Role.AFTER)
    both = np.sqrt(means[roles[0], True] * means[roles[1], True])
    found = []
    for role in roles:
        colour = means[role, False] * (both / means[role, True])
        found.append((float(erythema_index(colour)), float(linear_to_lab(colour)[1])))
    return found[1][0] - found[0][0], found[1][1] - found[0][1]
