"""Every text that a reader of the pages sees, in one place, in English.

A translation is a second ``Text``. Texts with ``{}`` are filled in by ``sentences`` and ``views``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

NBSP: Final = "\N{NO-BREAK SPACE}"

MONTHS: Final = (
    *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
    *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
)


@dataclass(frozen=True)
class Words:
    """How a change of one measure is said: ``lower`` and ``higher`` follow the amount."""

    noun: str
    lower: str
    higher: str


WORDS: Final[Mapping[str, Words]] = {
    "roughness": Words("Texture", "smoother", "rougher"),
    "roughness_unscaled": Words("Texture", "smoother", "rougher"),
    "redness": Words("Skin", "less red", "redder"),
    "redness_lab": Words("Skin", "less red", "redder"),
    "scar_area": Words("Scar area", "smaller", "larger"),
    "scar_share": Words("Scar share", "smaller", "larger"),
}
"""A measure without an entry is said as "<title> decreased by ...": nothing to edit."""

TOPICS: Final[Mapping[str, str]] = {
    "roughness": "texture",
    "roughness_unscaled": "texture",
    "redness": "redness",
    "scar_area": "scar area",
}
"""A measure inside a sentence; the title where there is no entry."""

MARKS: Final[Mapping[str, str]] = {
    "pores": "pores",
    "lines": "pieces of fine lines",
    "spots": "spots",
    "stretch": "pieces of stretch marks",
    "scars": "scars",
}
"""What the measures of a family count, as it follows a number."""

VERDICTS: Final[Mapping[str, str]] = {
    "improved": "Improved",
    "worsened": "Worsened",
    "increased": "Increased",
    "decreased": "Decreased",
    "no_detectable_change": "No detectable change",
    "not_measured": "Not measured",
}

STATUSES: Final[Mapping[str, str]] = {
    "measured": "Measured",
    "refused": "Not compared",
    "failed": "Failed",
}

CHECK_VERDICTS: Final[Mapping[str, str]] = {
    "pass": "Pass",
    "fail": "Fail",
    "not_applicable": "Not applicable",
}

CHECKS: Final[Mapping[str, str]] = {
    "alignment": "Alignment error",
    "camera": "Camera and lens",
    "clipping": "Overexposed skin",
    "light": "Light direction and softness",
    "mirrored": "Mirror image",
    "other_side": "Other side of the body",
    "preparation": "What was on the skin",
    "scale": "Agreement of the scales",
    "tilt": "Camera tilt",
    "timing": "Days since the session",
    "white_balance": "White balance",
    "zoom": "Distance to the skin",
}
"""A check without an entry is called by its name."""

BIAS: Final[Mapping[str, tuple[str, str, str]]] = {
    "light": ("Light", "more even after", "harder after"),
    "sharpness": ("Sharpness", "softer after", "sharper after"),
    "zoom": ("Distance", "smaller in the frame after", "larger in the frame after"),
    "exposure": ("Exposure", "brighter after", "darker after"),
    "white_balance": ("White balance", "less red after", "redder after"),
    "pose": ("Camera angle", "foreshortened after", "foreshortened before"),
    "timing": ("Timing", "soon after a session", ""),
}
"""Parts of the bias index, and what is the matter where they flatter the after photo or not."""

REGIONS: Final[Mapping[str, str]] = {
    "roi": "region of interest",
    "reference": "untreated reference skin",
}
"""A region without an entry is called by its name."""

SCALE_SOURCES: Final[Mapping[str, str]] = {
    "target": "printed target in the photograph",
    "marker": "marker in the photograph",
    "ruler": "ruler in the photograph",
    "given": "given by the user",
    "carried": "carried over from the other photograph",
}

COLOUR_SOURCES: Final[Mapping[str, str]] = {
    "target": "printed target in the photographs",
    "chart": "colour chart in the photographs",
    "grey": "grey card in the photographs (white balance only)",
    "none": "none: colours as the camera recorded them",
}

REFERENCES: Final[Mapping[str, str]] = {
    "given": "given untreated skin",
    "automatic": "untreated skin around the region",
}

REGION_SOURCES: Final[Mapping[str, str]] = {
    "given": "given",
    "automatic": "found automatically",
    "carried": "carried over from the other photograph",
}

PHASES: Final[Mapping[str, str]] = {
    "pre": "before any treatment of that day",
    "numbed": "under numbing cream",
    "post": "after the treatment of that day",
}

TREATED: Final[Mapping[str, str]] = {
    "local": "treated locally",
    "whole": "the whole area was treated",
    "unknown": "treated area not stated",
}

RUN_FACTS: Final[Mapping[str, str]] = {
    "dermadelta": "dermadelta",
    "python": "Python",
    "platform": "System",
    "source": "Input",
    "fingerprint": "Fingerprint of the settings",
    "schema_version": "Version of the stored results",
    "numpy": "numpy",
    "scipy": "SciPy",
    "pandas": "pandas",
    "opencv-python": "OpenCV",
    "opencv-python-headless": "OpenCV",
    "scikit-image": "scikit-image",
}
"""What the run page shows of ``run.json``: nothing that differs between two equal runs."""


@dataclass(frozen=True)
class Text:
    """Headings, labels and sentences."""

    product: str = "dermadelta"
    skip: str = "Skip to the result"
    not_device: str = (
        "Not a medical device. This report describes photographs; it makes no diagnosis and "
        "gives no advice."
    )
    no_script: str = "Without scripts the pictures stand side by side; nothing else is missing."
    all_pairs: str = "All pairs"
    pair_title: str = "Comparison report"

    # result
    no_change_in: str = "No detectable change in {}"
    not_compared: str = "These photographs were not compared"
    failed: str = "This pair could not be processed"
    no_primary: str = "None of the primary measures could be read"
    nothing_read: str = "Nothing could be measured"
    interval: str = "95 % interval"
    more_than: str = "more than {}"
    range: str = "{} to {}"
    interval_in: str = "(95 % interval {} to {})"
    above_sdc: str = "Larger than the smallest detectable change of {}."
    below_sdc: str = "A change below {} cannot be told from photographic error here."
    interval_zero: str = "The interval includes no change."
    interval_clear: str = (
        "The change lies within photographic error, although its interval does not include zero."
    )
    in_region: str = "{}: {}"
    decreased_by: str = "{} decreased by {}"
    increased_by: str = "{} increased by {}"
    primary_results: str = "Primary results"
    read_with: str = "Read this with the result"
    why: str = "Why"
    what_to_do: str = "What to do"

    # pictures
    pictures: str = "Photographs"
    before: str = "Before"
    after: str = "After"
    display_only: str = (
        "For display only. The after photograph has been moved onto the before photograph; "
        "every number was measured on the original pixels."
    )
    display_refused: str = "For display only; nothing was measured on these photographs."
    outlines: str = "Region outlines"
    slider: str = "Divider between the before and after photograph"
    slider_value: str = "{} % of the before photograph shown"
    slider_hint: str = "Drag, or use the arrow keys."
    picture_missing: str = "The picture {} is missing in the folder of this pair."
    photo_alt: str = "{} photograph of {}, {}"
    cards: str = "Calibration of the colours"
    cards_intro: str = (
        "Each figure is the colour difference ΔE00 of a patch from a model that was fitted without"
        " it. Orange patches are beyond the limit, crossed ones were not used."
    )
    heat: str = "Where it changed"
    heat_intro: str = (
        "All maps share these colours, laid over a grey photograph; the numbers at both ends "
        "stand under each map. For display only."
    )
    heat_alt: str = "Map of the change of {} in the region {}; {}"
    heat_less: str = "less"
    heat_more: str = "more"

    # changes
    changes: str = "Changes"
    measure: str = "Measure"
    region: str = "Region"
    change: str = "Change"
    chart: str = "Change and its interval"
    sdc: str = "Smallest detectable change"
    verdict: str = "Verdict"
    lower_better: str = "lower is better"
    higher_better: str = "higher is better"
    exploratory: str = "exploratory"
    primary: str = "primary"
    bar_key: str = (
        "Dot: change. Line: 95 % interval. Grey band: smaller than the smallest detectable change. "
        "Upright line: no change."
    )
    bar_alt: str = "Change {}, 95 % interval {} to {}"
    bar_alt_sdc: str = ", smallest detectable change {}"
    reference_made: str = "As taken {}; against {} {} (weight {})."
    reference_none: str = "As taken: no untreated skin to hold it against."
    bands: str = "Texture by the size of its detail"
    bands_note: str = (
        "All bars of this table share one axis. Optical roughness is how uneven the light on the "
        "skin is; it moves with the relief, and with the lamp."
    )
    detail: str = "Figures for researchers ({})"
    aside: str = "Also not measured ({})"
    more_maps: str = "More maps ({})"
    weight_note: str = (
        "As taken: the change on the treated skin alone. Against untreated skin: divided by, or "
        "less, what the same light and lens did to untreated skin. The weight says how much of the "
        "latter is in the change, the rest is as taken."
    )
    exploratory_note: str = (
        "Only primary results are corrected for multiple testing; exploratory ones may be chance."
    )
    not_measured: str = "Not measured"
    found_again: str = "{} of {} {} were found again (of which {} by chance alone)."

    # checks
    checks: str = "Checks"
    checks_passed: str = "{} of {} passed"
    checks_none: str = "No check was reached."
    check: str = "Check"
    value: str = "Value"
    limit: str = "Limit"
    outcome: str = "Outcome"
    remark: str = "Remark, or what to do"
    refuses_all: str = "Stops the comparison."
    refuses_some: str = "Stops: {}."
    marks: str = "Is only marked."

    # how it was made
    made: str = "How it was made"
    photos_before: str = "Photographs before"
    photos_after: str = "Photographs after"
    days: str = "{} days apart"
    same_day: str = "same day"
    sessions_one: str = "1 session"
    sessions_many: str = "{} sessions"
    sessions_unknown: str = "sessions not stated"
    since_session: str = "{} days after the last session"
    since_session_one: str = "1 day after the last session"
    treated_area: str = "Treated area"
    sessions: str = "Sessions"
    timing: str = "Timing"
    scale: str = "Scale"
    tone: str = "Skin tone before"
    colour: str = "Colour correction"
    alignment: str = "Alignment"
    alignment_text: str = (
        "{} error typical, {} for 95 % of the region; {} of the region seen in both; method {}"
    )
    bias: str = "Bias index"
    bias_title: str = "Whom the photography flatters"
    bias_for: str = "Taken together, the photography flatters the after photograph (bias index {})."
    bias_against: str = (
        "Taken together, the photography flatters the before photograph (bias index {})."
    )
    bias_neutral: str = (
        "Taken together, the photography favours neither photograph (bias index {})."
    )
    bias_scale: str = "-1 flatters the before photograph, 0 neither, 1 the after photograph."
    bias_part: str = "Difference"
    bias_value: str = "Part"
    bias_word: str = "What differs"
    bias_none: str = "no remarkable difference"
    bias_text: str = "{} (0 is neutral; above 0 the photography flatters the after photograph)"
    regions: str = "Regions"
    region_share: str = "{} of the frame"
    versions: str = "Versions of the measures"
    key: str = "Key of this result"
    schema: str = "Version of the stored result"
    phase: str = "Phase"

    # run page
    run_title: str = "Results"
    pairs: str = "Pairs"
    n_pairs: str = "{} pairs"
    n_pair: str = "1 pair"
    photos: str = "Photographs"
    photos_accepted: str = "{} of {} accepted"
    find: str = "Find"
    find_hint: str = "Subject, site, date …"
    status: str = "Status"
    any_status: str = "All"
    sort: str = "Sort by"
    sort_subject: str = "Subject"
    sort_date: str = "Date of the after photograph"
    sort_better: str = "Largest improvement: {}"
    shown: str = "{} of {} pairs shown"
    no_match: str = "No pair matches."
    summary: str = "Summary"
    summary_note: str = (
        "Means and medians over pairs. Refused pairs are counted, never left out silently. "
        "Two sites of one person count as two."
    )
    n_measured: str = "Measured"
    n_refused: str = "Not measured"
    mean: str = "Mean change"
    median: str = "Median change"
    responders: str = "Improved beyond error"
    photos_not_accepted: str = "Photographs that were not used"
    photo: str = "Photograph"
    visit: str = "Visit"
    photos_used: str = "photographs used"
    reasons: str = "Reasons"
    counted_as: str = "Counted as {}."
    files: str = "Files"
    notes: str = "Remarks on the input"
    no_pairs: str = "There was no pair to compare."
    all_accepted: str = "All photographs were accepted."
    run_made: str = "How this run was made"
    of: str = "{} of {}"


TEXT: Final = Text()


def day(value: date) -> str:
    """Say a date with the month as a word, so that it cannot be misread."""
    return f"{value.day}{NBSP}{MONTHS[value.month - 1]}{NBSP}{value.year}"


def spoken(name: str) -> str:
    """Say a name from a table (``cheek_left``) in words."""
    return name.replace("_", " ")


def sentence(text: str) -> str:
    """Begin a clause with a capital, unless it begins with a name, and end it with a stop."""
    text = text.strip()
    first = text.split(" ", 1)[0]
    if first.rstrip(":,;").isalpha() and first.islower():
        text = text[0].upper() + text[1:]
    return text if not text or text[-1] in ".!?:" else f"{text}."


def region_name(name: str) -> str:
    """Say a region in words."""
    return REGIONS.get(name, spoken(name))


def check_name(name: str) -> str:
    """Say a check in words."""
    return CHECKS.get(name, spoken(name).capitalize())
