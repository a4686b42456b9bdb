"""Every value that passes between rooms: frozen, typed, without logic.

Conventions: arrays are ``[row, col]``; transforms act on ``(x = col, y = row, 1)`` at pixel
centres; masks are True where usable; images are float32 or as decoded, matrices float64; a
physical field ends in its unit. A value that could not be obtained is ``NotMeasured`` with its
reason, never a number in disguise; ``None`` stands only for an input that the user did not give.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

FloatArray = NDArray[np.float32]
Matrix = NDArray[np.float64]
Mask = NDArray[np.bool_]
Pixels = NDArray[np.uint8] | NDArray[np.uint16]

SCHEMA_VERSION = 5
"""Version of the stored results; part of every key, so older results are computed again."""


REFERENCE = "reference"
"""Name of the view of untreated skin; never a row of the tables."""


class Settings(BaseModel):
    """Base of every Config and Params: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


# ------------------------------------------------------------------------------- input


class Phase(StrEnum):
    """When a photograph was taken relative to the treatment of that day."""

    PRE = "pre"
    NUMBED = "numbed"
    POST = "post"


class Role(StrEnum):
    """Side of a pair."""

    BEFORE = "before"
    AFTER = "after"


class TreatedArea(StrEnum):
    """Where the treatment went, as declared; decides whether skin around a region is untreated."""

    LOCAL = "local"
    WHOLE = "whole"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class NotMeasured:
    """Stands where a value could not be obtained; says why and, where it helps, what to do."""

    reason: str


@dataclass(frozen=True)
class PhotoRef:
    """One photograph as listed by the user, before it is decoded.

    ``path`` is what can be opened, ``shown_path`` what the user wrote (relative to the input).
    ``sha256`` is of the raw bytes; empty when the file could not be read. Region fields hold a
    path to a mask image or polygon file, or an inline polygon ``"x,y x,y x,y"``; None if not
    given. ``landmarks`` is a path to a table of points that this photo shares with the first
    before photo of its pair (columns before_x, before_y, after_x, after_y). ``details`` keeps the
    other known columns as they are (prep is read by the gates, chart_corners by calibration),
    ``extra`` the user's own columns (``x_<name>``).
    """

    path: str
    shown_path: str
    sha256: str
    photo_id: str
    subject_id: str = field(repr=False)
    visit_date: date
    phase: Phase
    site: str
    view: str
    roi: str | None = None
    reference: str | None = None
    exclude: str | None = None
    scar_mask: str | None = None
    grey_card: str | None = None
    landmarks: str | None = None
    mm_per_px: float | None = None
    details: tuple[tuple[str, str], ...] = ()
    extra: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class PairRef:
    """What is to be compared: the baseline visit against one later visit of the same skin.

    Repeats (same subject, date, phase, site and view) are all listed. ``sessions`` counts the
    treatments after the baseline up to the later visit; None when no sessions are known.
    """

    pair_id: str
    subject_id: str = field(repr=False)
    site: str
    view: str
    phase: Phase
    before_date: date
    after_date: date
    before: tuple[PhotoRef, ...]
    after: tuple[PhotoRef, ...]
    sessions: int | None = None
    days_since_session: int | None = None
    treated_area: TreatedArea = TreatedArea.UNKNOWN
    treated_mask: str | None = None


# ------------------------------------------------------------------------------ checks


class CheckVerdict(StrEnum):
    """Outcome of one check or gate."""

    PASS = "pass"
    FAIL = "fail"
    NOT_APPLICABLE = "not_applicable"


@dataclass(frozen=True)
class Check:
    """One observed value held against its limit.

    ``limit`` is readable text (``"≤ 0.5"``); ``remedy`` says what to do about a failure or why
    the check does not apply. ``refuses`` lists the measures that a failing gate refuses;
    ``("*",)`` refuses everything, ``()`` only marks.
    """

    name: str
    value: float | str | NotMeasured
    unit: str
    limit: str
    verdict: CheckVerdict
    remedy: str
    refuses: tuple[str, ...] = ()


@dataclass(frozen=True)
class QualityReport:
    """Checks of one photograph; ``reasons`` is empty exactly when it is accepted."""

    checks: tuple[Check, ...]
    accepted: bool
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class CaptureMetadata:
    """What the file itself says about how it was taken; empty text where it says nothing.

    ``width`` and ``height`` are those of the upright picture, in pixels. ``encoding`` names the
    way from stored values to linear sRGB (``"sRGB"``, ``"Display P3 (matrix)"`` ...).
    ``jpeg_step`` is the mean quantisation step of a JPEG's coarse luminance in code values, 0
    in other formats. ``lens`` names the lens; ``focal_35mm`` is the focal length for the frame of
    35 mm film, mm, and ``digital_zoom`` the magnification by cropping (1 without), both None
    where the file is silent; ``portrait_mode`` says that the camera blurred the background by
    computing.
    """

    width: int
    height: int
    bits: int
    format: str
    orientation: int
    encoding: str
    camera: str
    software: str
    captured_at: datetime | None
    jpeg_step: float = 0.0
    lens: str = ""
    focal_35mm: float | None = None
    digital_zoom: float | None = None
    portrait_mode: bool = False


@dataclass(frozen=True)
class PhotoRecord:
    """Everything but the pixels of one photograph: a row of ``photos.csv``.

    ``readable`` is False when the file could not be decoded (``metadata`` then says why).
    ``counted_as`` names the photo that stands for this one when it is a copy, a burst
    neighbour or the twin of another format; empty when it counts itself.
    """

    ref: PhotoRef
    metadata: CaptureMetadata | NotMeasured
    quality: QualityReport
    readable: bool = True
    counted_as: str = ""


# ------------------------------------------------------------------------------ photos


@dataclass(frozen=True, eq=False)
class ToLinear:
    """From stored values to linear sRGB primaries (D65): a curve per channel, then a matrix.

    ``curves`` has shape (3, 2**bits), float32, values 0..1; ``matrix`` has shape (3, 3), float64.
    """

    curves: FloatArray
    matrix: Matrix
    name: str


@dataclass(frozen=True, eq=False)
class Photo:
    """A decoded, upright photograph with its bit depth kept.

    ``rgb`` is (H, W, 3) uint8 or uint16, encoded as in the file; ``clipped`` is (H, W) bool,
    True where any channel is at or above the saturation limit. ``given`` holds the masks that
    the user gave, (H, W) bool upright, by field name: roi, reference, exclude, scar_mask,
    grey_card.
    ``landmarks`` is (n, 4) float64, points (before_x, before_y, after_x, after_y) in upright
    pixels of the first before photo and of this one, centres at whole numbers; (0, 4) if none
    are given.
    """

    ref: PhotoRef
    rgb: Pixels
    to_linear: ToLinear
    clipped: Mask
    metadata: CaptureMetadata
    given: Mapping[str, Mask] = field(default_factory=dict)
    landmarks: Matrix = field(default_factory=lambda: np.empty((0, 4)))


@dataclass(frozen=True, eq=False)
class CardPatch:
    """One patch of a calibration object as it was read.

    ``corners`` is (4, 2) float64, x and y in pixels of the upright photo. ``measured`` is its mean
    linear RGB as taken, ``reference`` what it should be (linear sRGB, D65). ``de00`` is the colour
    difference that is left by a model fitted without it; NotMeasured where it was not used, with
    the reason (saturated, covered, ...).
    """

    name: str
    corners: Matrix
    measured: tuple[float, float, float]
    reference: tuple[float, float, float]
    de00: float | NotMeasured


@dataclass(frozen=True, eq=False)
class Card:
    """What was read of a calibration object lying beside the skin.

    ``outline`` is (n, 2) float64, pixels. ``tilt_deg`` is the angle between its plane and that of
    the sensor; ``mtf50`` the frequency at which contrast has fallen to one half, cycles per pixel,
    the lower of both directions. ``fault`` says why its colours cannot be used; empty where they
    can. ``nominal``: its reference values are those it was designed with, not measured ones.
    """

    kind: Literal["target", "chart", "grey"]
    outline: Matrix
    patches: tuple[CardPatch, ...]
    tilt_deg: float | NotMeasured
    mtf50: float | NotMeasured
    nominal: bool
    fault: str = ""


@dataclass(frozen=True, eq=False)
class ColourModel:
    """Correction fitted to known patches; the identity when there are none.

    Linear light x of a channel first becomes exp(b·ln x + c·(ln x)²) with ``tone`` = (b, c), the
    same curve for all channels, then ``matrix`` (3, 3) takes it to linear sRGB, white balance and
    exposure included. ``residual_de00`` and ``residual_p95_de00`` are mean and 95th percentile of
    ΔE00 over patches that the model was fitted without. ``grey_cast`` is what is left on neutral
    patches, ln(R/G) and ln(B/G). A grey card (``grey``) corrects white balance only.
    """

    kind: Literal["target", "chart", "grey", "none"]
    tone: tuple[float, float]
    matrix: Matrix
    residual_de00: float | NotMeasured
    residual_p95_de00: float | NotMeasured
    grey_cast: tuple[float, float]
    n_patches: int

    @property
    def absolute(self) -> bool:
        """Whether colours are known without other skin to hold them against."""
        return self.kind in ("target", "chart")


@dataclass(frozen=True)
class Scale:
    """Millimetres per pixel of the upright photograph, near the skin that is measured.

    ``rel_sd`` is the relative standard deviation (0.01 = 1 %). ``source`` is target, marker,
    ruler or given; ``carried`` when it came from the other photo through the alignment. ``to_mm``
    is the homography (nine numbers by rows) from pixels to millimetres on the plane of a target
    card, by which a tilted photo has another scale in every place; empty where there is one number
    for all.
    """

    mm_per_px: float
    rel_sd: float
    source: Literal["target", "marker", "ruler", "given", "carried"]
    to_mm: tuple[float, ...] = ()


@dataclass(frozen=True, eq=False)
class CalibratedPhoto:
    """A photograph with its fitted models; kernels linearise a box of it, never the frame.

    ``to_linear`` is the one way from stored values to linear sRGB, ``colour`` included. ``card``
    is what was read of a calibration object. ``fixtures`` is (H, W) bool, True on markers, cards
    and rulers (not skin).
    """

    photo: Photo
    colour: ColourModel
    scale: Scale | NotMeasured
    fixtures: Mask
    card: Card | NotMeasured
    to_linear: ToLinear


# ----------------------------------------------------------------------------- regions


@dataclass(frozen=True, eq=False)
class Region:
    """A named area of one photo, (H, W) bool on the upright grid.

    ``source``: given by the user, found automatically, or carried from the other photo.
    """

    name: str
    mask: Mask
    source: Literal["given", "automatic", "carried"]


@dataclass(frozen=True, eq=False)
class Regions:
    """Where to measure on one photo.

    ``readable`` is (H, W) bool: pixels that may be read at all (not clipped, dark, glare, hair,
    marker, excluded); ``usable`` is the part of it that looks like skin or that the user gave as
    region. ``reference`` is untreated skin or says why there is none. ``scar`` is a given
    scar mask or says that none was given. ``left_out`` are shares of the frame by reason, 0..1.
    """

    regions: tuple[Region, ...]
    reference: Region | NotMeasured
    scar: Region | NotMeasured
    readable: Mask
    usable: Mask
    left_out: tuple[tuple[str, float], ...]

    @property
    def reference_source(self) -> Literal["given", "automatic", "none"]:
        """Where reference skin comes from."""
        if isinstance(self.reference, NotMeasured):
            return "none"
        return "given" if self.reference.source == "given" else "automatic"


# --------------------------------------------------------------------------- alignment


@dataclass(frozen=True, eq=False)
class Alignment:
    """The same skin in two photos: where each after pixel lies in the before photo.

    ``p_before = H · (p_after + d(p_after))`` with ``after_to_before`` = H, (3, 3) float64, and
    ``displacement`` = d, (gh, gw, 2) float32 in after pixels (x, y), sampled at
    ``((col + 0.5) * grid_step_px - 0.5, (row + 0.5) * grid_step_px - 0.5)``.

    The model knows its own error: ``error_px`` (gh, gw) float32 is the error in before pixels that
    is expected at each grid node (95th percentile), from forward-backward error and local
    correlation; ``usable`` (gh, gw) bool is False where the field folds, tears or found nothing to
    hold on to, and there nothing may be measured. ``rms_px`` and ``p95_px`` sum up the expected
    error over the usable region, ``usable_share`` is the part of the region that is usable, 0..1.
    ``area_change`` are the 5th and 95th percentile of the relative change of area (1 = none) that
    the displacement alone makes inside the region. ``correlation`` is the local correlation there
    after alignment, -1..1. ``quarter_turns`` counts the turns by 90° counter-clockwise between the
    upright grids, which ``after_to_before`` holds already. ``method`` says how it was found.
    """

    after_to_before: Matrix
    displacement: FloatArray
    grid_step_px: float
    error_px: FloatArray
    usable: Mask
    rms_px: float
    p95_px: float
    usable_share: float
    area_change: tuple[float, float]
    overlap: float
    correlation: float
    inliers: int
    quarter_turns: int
    method: str


class Cause(StrEnum):
    """Why two photographs could not be laid over one another."""

    NO_REGION = "no_region"
    NOT_SEEN = "not_seen"
    OTHER_SKIN = "other_skin"
    MIRRORED = "mirrored"
    OTHER_SIDE = "other_side"
    LANDMARKS = "landmarks"


@dataclass(frozen=True)
class NotAligned:
    """No trustworthy alignment: what is the matter, and in words what to do about it.

    ``cause`` mirrored: the flipped photo would have matched; other_side: the photo shows the
    opposite cheek, arm or leg; landmarks: points given by a person cannot be used.
    """

    reason: str
    cause: Cause


@dataclass(frozen=True, eq=False)
class AlignedPhoto:
    """A photo with its regions and its way to the first before photo (None for that photo)."""

    photo: CalibratedPhoto
    regions: Regions
    role: Role
    alignment: Alignment | None


# ---------------------------------------------------------------------------- measures


@dataclass(frozen=True)
class TileGrid:
    """Square tiles in the frame of the first before photo, for the bootstrap and heat maps.

    The first tile starts at the corner of pixel (0, 0).
    """

    size_px: float
    n_cols: int
    n_rows: int


@dataclass(frozen=True)
class LesionThresholds:
    """One pair of ΔE00 thresholds for both photos.

    A patch reaches ``core`` somewhere and extends to ``boundary``, half the contrast of the
    patches found.
    """

    core_de00: float
    boundary_de00: float


@dataclass(frozen=True)
class Untreated:
    """Colour of the reference skin of one photo, against which its own redness is told.

    ``ei`` is the median erythema index, ``ei_sd`` its robust SD over the skin.
    """

    ei: float
    ei_sd: float


@dataclass(frozen=True, eq=False)
class SkinView:
    """One region of one photo, ready to be read: native pixels in a box, nothing resampled.

    ``rgb`` is (h, w, 3) float32 linear sRGB. ``mask`` is (h, w) bool: the region, usable pixels
    only. ``skin`` is (h, w) bool: all usable skin of the box (the region and its surroundings).
    ``to_reference`` is the (3, 3) homography from pixels of the full photo to the first before
    photo; ``magnification`` is √|Jacobian| of its inverse at the region (own pixels per
    reference pixel), by which band scales are carried. ``tile_ids`` is (h, w) int32, the tile of
    each pixel, -1 outside. ``blur_to_add_px2`` is the Gaussian variance in own pixels that
    brings this photo to the common sharpness of the pair. ``scar`` is a given scar mask on the
    box, ``lesion`` the thresholds of the pair for automatic scars, to be held against
    ``discolouration``, (h, w) float32 ΔE00 from the surrounding skin. ``frame_short_side_px`` is
    that of the first before photo. ``untreated`` is the colour of the reference skin of the same
    photo. ``calibrated``: colours are absolute, by a target card or chart. ``site`` is the body
    site as the user names it. ``noise`` is the variance per pixel of ln Y that white noise as
    dense as the photo's would have; it is known on all photos of a region or on none.
    """

    photo_id: str
    role: Role
    region: str
    site: str
    rgb: FloatArray
    mask: Mask
    skin: Mask
    origin: tuple[int, int]
    frame_short_side_px: float
    scale: Scale | NotMeasured
    to_reference: Matrix
    magnification: float
    grid: TileGrid
    tile_ids: NDArray[np.int32]
    blur_to_add_px2: float
    scar: Mask | NotMeasured
    lesion: LesionThresholds | NotMeasured
    discolouration: FloatArray
    untreated: Untreated | NotMeasured
    calibrated: bool
    noise: float | NotMeasured = NotMeasured("noise was not looked for")


@dataclass(frozen=True, eq=False)
class PhotoFacts:
    """What was observed of one photo against the first before photo, on the skin both show.

    ``sigma2_px2`` is its blur variance minus that of the first before photo, in pixels of the
    latter, with its standard error; ``anchor`` says whether this was seen on reference skin or on
    the region itself, where a change of relief looks like blur. ``ln_exposure`` is the log ratio
    of median luminance; ``ln_white_balance`` those of R/G and B/G on reference skin (else the
    region); ``shading_shift`` the robust SD of the change of low-passed log luminance (light that
    moved); ``clipped_share`` the saturated part of the region. ``region_ln_exposure`` is
    ``ln_exposure`` seen on the region. ``lean`` is where its fine shading leans to in the frame of
    the first before photo, (cos 2θ, sin 2θ) times its strength (0..1): it turns with the lamp.
    ``noise_share`` is the part of the power of fine detail that is noise, 0..1; ``ln_grain`` and
    ``ln_detail`` are the log ratios of the amplitude of the finest grain and of fine detail to
    those of the first before photo, NotMeasured without enough skin in one piece; ``jpeg_step``
    is the quantisation of the file. ``light_from`` points to where that skin is brighter, in the
    frame of the first before photo (x to the right, y down); its length is what log luminance
    gains over its breadth. ``light_slope`` is the same of ln R (which sees least of the blood) on
    all skin of the box (where there is reference skin, outside the region): that of the first
    before photo plus what the change of ln R slopes, so that pigment cancels between photos.
    ``calibration_de00`` is the mean colour difference that its calibration leaves, and
    ``grey_cast`` what is left on its neutral patches, ln(R/G) and ln(B/G); the former is
    NotMeasured where its colours are as taken.
    """

    photo_id: str
    role: Role
    sigma2_px2: float | NotMeasured
    sigma2_se_px2: float
    anchor: Literal["reference", "region"]
    ln_exposure: float
    ln_white_balance: tuple[float, float]
    shading_shift: float
    clipped_share: float
    region_ln_exposure: float
    lean: tuple[float, float]
    noise_share: float
    ln_grain: float | NotMeasured
    ln_detail: float | NotMeasured
    jpeg_step: float
    light_from: tuple[float, float]
    light_slope: tuple[float, float]
    calibration_de00: float | NotMeasured
    grey_cast: tuple[float, float]


@dataclass(frozen=True, eq=False)
class Carried:
    """Every region of every photo of a pair, ready to be read, with the facts fitted on them.

    ``views`` hold the region named ``reference`` too where there is reference skin.
    ``facts`` are filled by observing. ``remarks`` are sentences for the reader (no reference
    skin and why, ...).
    """

    views: tuple[SkinView, ...]
    facts: tuple[PhotoFacts, ...]
    grid: TileGrid
    remarks: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Tiles:
    """Per-tile statistics of a reading, from which the bootstrap rebuilds the value.

    ``ids`` (T,) int32; ``weight`` (T,) float64 (pixels or mm²); ``value`` (T,) float64.
    ``combine``: the reading is Σwv/Σw (mean), √(Σwv/Σw) (rms) or Σv (sum).
    """

    ids: NDArray[np.int32]
    weight: Matrix
    value: Matrix
    combine: Literal["mean", "rms", "sum"]


@dataclass(frozen=True, eq=False)
class Read:
    """What a measure's ``read`` returns: the value in the measure's unit and its tiles.

    ``blur_sensitivity`` is d ln(value) / d(variance of added blur), per px² of the first
    before photo; d(value) of a measure whose change is a difference; 0 for colour.
    ``own_rel_sd`` is the relative SD that the measure itself adds (where an outline is drawn).
    ``outline`` is the (h, w) mask that was found (scar), or None; ``drawn``: by a person.
    ``marks`` is (n, 3) float64, the single things that were counted (pores, pieces of a line):
    x and y of their middle in pixels of the view's box, and their size in such pixels (diameter of
    a pore, width of a line); (0, 3) for a measure that counts nothing.
    """

    value: float
    tiles: Tiles
    blur_sensitivity: float = 0.0
    own_rel_sd: float = 0.0
    outline: Mask | None = None
    drawn: bool = False
    marks: Matrix = field(default_factory=lambda: np.empty((0, 3)))


class Need(StrEnum):
    """What a measure needs before it may be read or its change reported.

    colour_anchor: untreated skin or a calibration target; colour_target: the latter. body_site:
    skin that is not of the face.
    """

    SCALE = "scale"
    NO_SCALE = "no_scale"
    COLOUR_ANCHOR = "colour_anchor"
    COLOUR_TARGET = "colour_target"
    BODY_SITE = "body_site"


@dataclass(frozen=True)
class Measure:
    """A clinical measure: one unit, one direction, one function that reads one photo.

    ``change``: ratio (per cent, worked on in the log domain) or difference. ``uses_reference``:
    the change is corrected by the change of untreated skin where there is some. ``fragile_to``
    lists nuisances (``light``, ``blur``, ``colour``, ``alignment``, ``scale``) that enter its
    variance. ``needs`` is checked by the stage, so that ``read`` can rely on it. ``detail``: a
    figure for researchers beside a main one; it stands in the tables, folded on the page, and has
    no picture of its own.
    """

    name: str
    title: str
    unit: str
    change: Literal["ratio", "difference"]
    better: Literal["lower", "higher", "neither"]
    family: str
    needs: frozenset[Need]
    uses_reference: bool
    fragile_to: frozenset[str]
    params: type[Settings]
    read: Callable[[SkinView, Any], Read | NotMeasured]
    version: int
    references: tuple[str, ...]
    detail: bool = False


@dataclass(frozen=True, eq=False)
class Reading:
    """A measure read on one region of one photo; ``result`` is NotMeasured with its reason."""

    measure: str
    role: Role
    photo_id: str
    region: str
    result: Read | NotMeasured


@dataclass(frozen=True)
class StoredReading:
    """A reading as it is kept: a row of ``readings.csv``."""

    measure: str
    version: int
    unit: str
    role: Role
    photo_id: str
    visit_date: date
    region: str
    value: float | NotMeasured


# --------------------------------------------------------------------------- estimates


class Verdict(StrEnum):
    """What the change means; increased/decreased where neither direction is better."""

    IMPROVED = "improved"
    WORSENED = "worsened"
    INCREASED = "increased"
    DECREASED = "decreased"
    NO_DETECTABLE_CHANGE = "no_detectable_change"
    NOT_MEASURED = "not_measured"


@dataclass(frozen=True)
class Interval:
    """A value with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Estimate:
    """The change of one measure in one region: a row of ``changes.csv``.

    ``before`` and ``after`` are the plain readings (log-domain mean over repeats). ``change`` is
    the reported after - before in the measure's unit, reference-corrected by
    ``reference_weight``; ``change_pct`` likewise in per cent for ratio measures.
    ``change_plain`` and ``change_reference`` are the two estimates it was combined from: per
    cent for ratio measures, the unit otherwise. ``improvement_pct`` is positive when the skin
    got better. ``sdc`` is the smallest detectable change, per cent for ratio measures (of the
    downward side), the unit otherwise. ``variance`` are the parts by source, in the working
    domain (log for ratios). ``reason`` explains every value that is missing.
    """

    measure: str
    version: int
    unit: str
    region: str
    before: float | NotMeasured
    after: float | NotMeasured
    change: Interval | NotMeasured
    change_pct: Interval | NotMeasured
    change_plain: float | NotMeasured
    change_reference: float | NotMeasured
    reference_weight: float | NotMeasured
    reference: Literal["given", "automatic", "none"]
    improvement_pct: float | NotMeasured
    sdc: float | NotMeasured
    primary: bool
    verdict: Verdict
    reason: str
    variance: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Evidence:
    """What the change of one measure in one region rests on, before any variance model is asked.

    Everything that an interval and a verdict need, and small enough to be kept: another variance
    model, or more repeat photographs, change the conclusion without a look at a pixel.

    ``main``: in the main region of the pair. ``before`` and ``after`` are the plain readings
    (log-domain mean over repeats). ``plain`` is after - before and ``reference`` the same on
    untreated skin, both in the working domain (log for ratio measures, the unit otherwise);
    ``sampling`` and ``reference_sampling`` are their variances under resampling of skin.
    ``nuisances`` are what was observed to differ between the photographs, by name, mean squares
    over the photographs of either side (``variance.nuisances.NUISANCES`` says what each is, and
    its unit). ``identical``: both sides hold the very same pixels. ``n_before`` and ``n_after``
    count the photographs that were averaged. ``reason`` is not empty where no change may be
    reported.
    """

    measure: str
    version: int
    unit: str
    region: str
    main: bool
    before: float | NotMeasured
    after: float | NotMeasured
    plain: float | NotMeasured
    reference: float | NotMeasured
    source: Literal["given", "automatic", "none"]
    sampling: float
    reference_sampling: float
    nuisances: tuple[tuple[str, float], ...]
    identical: bool
    n_before: int
    n_after: int
    reason: str


@dataclass(frozen=True)
class WithinVisit:
    """How far repeat photographs of one visit spread in one measure and region, over a whole input.

    Pooled mean squares per photograph in the working domain (log for ratio measures): of the
    region's reading (``plain``), of the reading of untreated skin (``reference``) and their mean
    product (``shared``), each with ``df`` degrees of freedom (photographs less visits).
    ``reference`` and ``shared`` are 0 where there is no such skin. The square of the within-visit
    SD of a reading that is corrected with weight w is ``plain - 2 w shared + w**2 reference``.
    """

    measure: str
    region: str
    plain: float
    shared: float
    reference: float
    df: int
    n_visits: int


@dataclass(frozen=True)
class Comparability:
    """All gates of a pair, and its bias index.

    ``bias`` says by how much each photographic difference favours the after photo, by name,
    -1..1 (0 neutral, positive flatters the after photo); one that could not be seen says why.
    ``bias_index`` is their mean over those that were seen.
    """

    gates: tuple[Check, ...]
    bias: tuple[tuple[str, float | NotMeasured], ...]
    bias_index: float | NotMeasured


@dataclass(frozen=True)
class CalibrationSummary:
    """What is kept of a calibration object in one photo: a row of ``calibrations.csv``.

    ``kind`` is what was found, ``used`` what corrected the colours of the photo in this pair;
    ``reason`` says why nothing was found, or why what was found is not used.
    """

    photo_id: str
    role: Role
    kind: Literal["target", "chart", "grey", "none"]
    used: Literal["target", "chart", "grey", "none"]
    nominal: bool
    residual_de00: float | NotMeasured
    residual_p95_de00: float | NotMeasured
    n_patches: int
    tilt_deg: float | NotMeasured
    mtf50: float | NotMeasured
    reason: str


@dataclass(frozen=True)
class Matched:
    """Which single things of two photographs are the same ones: a row of ``matches.csv``.

    Counted on the skin that both show. ``matched`` are those found within ``tolerance_px`` (pixels
    of the first before photo) of one of the other photo and nobody else's; ``by_chance`` is how
    many would be if the others lay somewhat aside. ``distance_px`` is the median distance of the
    matched ones, ``size_change_pct`` the median change of their size; both NotMeasured where none
    matched.
    """

    measure: str
    region: str
    before_photo_id: str
    after_photo_id: str
    n_before: int
    n_after: int
    matched: int
    by_chance: float
    tolerance_px: float
    distance_px: float | NotMeasured
    size_change_pct: float | NotMeasured


class PairStatus(StrEnum):
    """measured: at least one measure read; refused: a gate or check; failed: a fault."""

    MEASURED = "measured"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True)
class AlignmentSummary:
    """The numbers of an alignment that are kept."""

    rms_px: float
    p95_px: float
    usable_share: float
    area_change: tuple[float, float]
    overlap: float
    correlation: float
    inliers: int
    quarter_turns: int
    method: str
    after_to_before: tuple[float, ...]


@dataclass(frozen=True)
class RegionSummary:
    """A measured region as it is kept: its size and where it came from."""

    name: str
    source: str
    share_of_frame: float
    area_mm2: float | NotMeasured


@dataclass(frozen=True)
class PairResult:
    """Everything known about one pair that is not an array; every table and page is made of it.

    ``pictures`` names the files beside it: (file name, kind, caption), kind one of before,
    after, heat, mask, card. Texts in ``reasons`` name cause and remedy.
    """

    pair_key: str
    schema_version: int
    pair: PairRef
    status: PairStatus
    reasons: tuple[str, ...]
    remarks: tuple[str, ...]
    before_used: tuple[str, ...]
    after_used: tuple[str, ...]
    alignment: AlignmentSummary | NotMeasured
    scale: Scale | NotMeasured
    colour_source: str
    calibrations: tuple[CalibrationSummary, ...]
    bias: tuple[tuple[str, float | NotMeasured], ...]
    bias_index: float | NotMeasured
    gates: tuple[Check, ...]
    regions: tuple[RegionSummary, ...]
    readings: tuple[StoredReading, ...]
    matches: tuple[Matched, ...]
    evidence: tuple[Evidence, ...]
    estimates: tuple[Estimate, ...]
    pictures: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, eq=False)
class Picture:
    """A small picture for people, never measured: (h, w, 3) uint8 sRGB, or (h, w) uint8 mask."""

    name: str
    kind: Literal["before", "after", "heat", "mask", "card"]
    caption: str
    pixels: NDArray[np.uint8]
