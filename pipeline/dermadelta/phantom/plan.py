"""What fixes a pair before anything is rendered: skin, changes, lights, cameras, prints."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from dermadelta.phantom.camera import Camera
from dermadelta.phantom.flush import Flush
from dermadelta.phantom.light import Light
from dermadelta.phantom.marker import Marker
from dermadelta.phantom.prints import Printed
from dermadelta.phantom.skin import SkinSpec
from dermadelta.phantom.striae import StretchMarks
from dermadelta.phantom.treatment import Outline, Scar, Treatment

Setup = Literal["rig", "handheld"]
TreatedWhere = Literal["local", "whole"]
InPhoto = Literal["nothing", "scale", "marker", "target", "chart", "ruler"]

IN_PHOTO: tuple[InPhoto, ...] = ("nothing", "scale", "marker", "target", "chart", "ruler")
"""What tells the scale: nothing at all, the manifest alone, a printed marker, a target card, a
colour chart or a ruler (both with the scale in the manifest)."""

_SCALE_GIVEN: frozenset[InPhoto] = frozenset({"scale", "chart", "ruler"})


@dataclass(frozen=True)
class ShotPlan:
    """How one photograph is taken; ``seed`` fixes its stretch and noise.

    ``retouch`` is the share of fine detail that a beauty filter took out afterwards, ``software``
    the editor's name in the file's EXIF, empty where it left none.
    """

    taken_at: datetime
    camera: Camera
    light: Light
    seed: int
    marker: Marker | None = None
    mirrored: bool = False
    printed: Printed | None = None
    retouch: float = 0.0
    software: str = ""


@dataclass(frozen=True)
class Case:
    """Everything that fixes a pair.

    ``light`` is the nominal lamp under which truth is computed; each shot has its own.
    ``baseline`` is what the skin had before (an erythema), ``treatment`` what changed after it,
    ``drift`` what changed everywhere for another reason (a tan), ``flushes`` are the state
    of the skin on either day, which is no part of the truth. ``roi`` is the declared region,
    inside the treated area. ``impostor`` is the skin of the after photo where it is another
    person's. ``must_refuse`` says why a pair cannot be measured; empty when it can. ``changed``
    is the kind of change where ``kind`` names a difficulty. Repeats are further photographs of
    a visit.
    """

    subject_id: str
    site: str
    kind: str
    setup: Setup
    width_px: int
    height_px: int
    mm_per_px: float
    skin: SkinSpec
    roi: Outline
    treatment: Treatment
    light: Light
    before: ShotPlan
    after: ShotPlan
    baseline: Treatment = field(default_factory=Treatment)
    scars: tuple[Scar, ...] = ()
    impostor: SkinSpec | None = None
    scar_mask_given: bool = False
    must_refuse: str = ""
    tone: str = ""
    changed: str = ""
    in_photo: InPhoto = "scale"
    striae: StretchMarks | None = None
    drift: Treatment = field(default_factory=Treatment)
    before_repeats: tuple[ShotPlan, ...] = ()
    after_repeats: tuple[ShotPlan, ...] = ()
    flushes: tuple[Flush, Flush] = (Flush(), Flush())

    @property
    def pair_id(self) -> str:
        """``<subject>_<site>_<before date>_<after date>``."""
        dates = f"{self.before.taken_at:%Y-%m-%d}_{self.after.taken_at:%Y-%m-%d}"
        return f"{self.subject_id}_{self.site}_{dates}"

    @property
    def treated_area(self) -> TreatedWhere:
        """Where the treatment went, as a sessions table declares it."""
        return "whole" if self.treatment.area is None else "local"

    @property
    def scale_given(self) -> bool:
        """Whether the manifest gives the scale of the photographs."""
        return self.in_photo in _SCALE_GIVEN

    @property
    def content(self) -> str:
        """What the region had before treatment: ``bare``, or its findings joined by ``+``."""
        found = (
            ("erythema", self.baseline.haemoglobin_change != 0.0),
            ("scar", bool(self.scars)),
            ("striae", self.striae is not None),
        )
        return "+".join(name for name, there in found if there) or "bare"

    @property
    def stays(self) -> bool:
        """True where the skin of both visits is exactly the same."""
        effects = (self.treatment, self.drift)
        return all(
            effect.leaves_skin
            and (effect.scar_area_factor, effect.scar_contrast_factor) == (1.0, 1.0)
            and (effect.striae.width_factor, effect.striae.contrast_factor) == (1.0, 1.0)
            for effect in effects
        )
