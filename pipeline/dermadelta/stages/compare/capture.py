"""Gates of capture: the camera and its modes, and what was on the skin."""

from __future__ import annotations

import re

import numpy as np

from dermadelta.domain import CalibratedPhoto, CaptureMetadata, Check, CheckVerdict, NotMeasured
from dermadelta.stages.compare.gate import Compared, fragile, texture_and_colour

_SAME_WORDS = {
    "makeup": "make-up",
    "foundation": "make-up",
    "concealer": "make-up",
    "powder": "make-up",
    "camouflage": "make-up",
    "sunscreen": "sunscreen",
    "suncream": "sunscreen",
    "sunblock": "sunscreen",
    "spf": "sunscreen",
    "serum": "serum",
    "cream": "cream",
    "moisturiser": "cream",
    "moisturizer": "cream",
    "lotion": "cream",
    "ointment": "cream",
    "shave": "shaved",
    "shaved": "shaved",
    "shaven": "shaved",
    "shaving": "shaved",
    "numbing": "numbing cream",
    "emla": "numbing cream",
}
"""What a preparation is called, by how people write it (lower case, hyphens and blanks out)."""

_NOTHING = frozenset(
    {"", "none", "no", "nothing", "bare", "clean", "cleaned", "cleansed", "washed", "cleanskin"}
)
_RAW = "RAW"
_TWO_WORDS = ("make up", "sun screen", "sun cream", "sun block", "clean skin", "bare skin")


def camera(seen: Compared) -> Check:
    """Both photos come from the same camera and lens, developed alike, without portrait mode.

    Portrait mode refuses texture: what is out of its depth is blurred by computing, by an amount
    that no spectrum of skin tells. Camera RAW beside a developed photo refuses texture and colour,
    whose contrast the camera's tone curve changed on one side alone, unless a target or chart
    undoes the curve on both; the sharpening of the developed one stays then. Another camera, lens
    or zoom is marked: exposure, colour, blur and scale have gates of their own. So are files that
    say nothing.
    """
    before, after = seen.before.photo.metadata, seen.after.photo.metadata
    limit = f"same, focal length within {100.0 * seen.config.max_focal_change:g} %"
    portrait = [n for n, m in (("before", before), ("after", after)) if m.portrait_mode]
    if portrait:
        return Check(
            "camera",
            "portrait mode",
            "",
            limit,
            CheckVerdict.FAIL,
            f"The {' and the '.join(portrait)} photo was taken in portrait mode, which blurs by"
            " computing: switch it off and retake.",
            fragile("blur"),
        )
    raw = [m.format == _RAW for m in (before, after)]
    if raw[0] != raw[1]:
        calibrated = seen.before.colour.absolute and seen.after.colour.absolute
        return Check(
            "camera",
            "camera RAW and a developed photo",
            "",
            limit,
            CheckVerdict.FAIL,
            "One photo is camera RAW, the other was developed by the camera with a tone curve of"
            " its own: use the same kind of file for every visit.",
            fragile("blur") if calibrated else texture_and_colour(),
        )
    differs = _differences(before, after, seen.config.max_focal_change)
    if differs:
        return Check(
            "camera",
            ", ".join(differs),
            "",
            limit,
            CheckVerdict.FAIL,
            "The photos were taken with another camera, lens or zoom: use the same one, without"
            " digital zoom, for every visit.",
        )
    silent = [n for n, m in (("before", before), ("after", after)) if not m.camera]
    if silent:
        reason = (
            f"the file of the {' and of the '.join(silent)} photo does not name its camera: keep"
            " the original file, messengers and editors remove this"
        )
        return Check("camera", NotMeasured(reason), "", limit, CheckVerdict.NOT_APPLICABLE, reason)
    return Check("camera", "same", "", limit, CheckVerdict.PASS, "")


def _differences(before: CaptureMetadata, after: CaptureMetadata, most: float) -> list[str]:
    """What both files name and name differently."""
    found = []
    if before.camera and after.camera and _plain(before.camera) != _plain(after.camera):
        found.append("another camera")
    elif before.lens and after.lens and _plain(before.lens) != _plain(after.lens):
        found.append("another lens")
    for name, first, second in (
        ("another focal length", before.focal_35mm, after.focal_35mm),
        ("another digital zoom", before.digital_zoom, after.digital_zoom),
    ):
        if first and second and abs(np.log(second / first)) > np.log1p(most):
            found.append(name)
    return found


def preparation(seen: Compared) -> Check:
    """The same was on the skin, by what the manifest says (``prep``)."""
    before, after = _prep(seen.before), _prep(seen.after)
    limit = "same"
    if before is None or after is None:
        reason = "what was on the skin is not recorded for both photos (column prep)"
        no = CheckVerdict.NOT_APPLICABLE
        return Check("preparation", NotMeasured(reason), "", limit, no, reason)
    if before == after:
        return Check("preparation", _said(before), "", limit, CheckVerdict.PASS, "")
    return Check(
        "preparation",
        f"{_said(before)} → {_said(after)}",
        "",
        limit,
        CheckVerdict.FAIL,
        f"The skin was prepared differently ({_said(before)} before, {_said(after)} after), which"
        " changes colour and texture: wash it, wait, and retake.",
        texture_and_colour(),
    )


def _prep(photo: CalibratedPhoto) -> frozenset[str] | None:
    """What was on the skin, in words that compare; None where nothing is recorded."""
    text = dict(photo.photo.ref.details).get("prep")
    if text is None or not text.strip():
        return None
    text = text.casefold()
    for pair in _TWO_WORDS:
        text = text.replace(pair, pair.replace(" ", ""))
    words = (_plain(part) for part in re.split(r"[,;+/&|\s]+|\band\b", text))
    return frozenset(_SAME_WORDS.get(word, word) for word in words if word not in _NOTHING)


def _plain(text: str) -> str:
    """Lower case without blanks and hyphens."""
    return re.sub(r"[\s\-_.]+", "", text.casefold())


def _said(found: frozenset[str]) -> str:
    return ", ".join(sorted(found)) or "nothing"
