"""What every column of every table means, and its unit.

Fixed columns are described here, once; measures and their units come from the catalogue, units
of checks from the checks themselves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import pandas as pd

from dermadelta.domain import Measure
from dermadelta.reporting.catalogue import INSTALLED, measures_by_name
from dermadelta.reporting.columns import BIAS_PREFIX, CHECK_PREFIX, DAY, GATE_PREFIX
from dermadelta.reporting.gates import BIAS_MEANINGS

MEASURE_UNIT: Final = "unit of the measure"
SDC_UNIT: Final = "%, or the unit of the measure for difference measures"

_KEYS: Final[Mapping[str, tuple[str, str]]] = {
    "pair_id": ("", "Name of the pair: subject, site, view, date before, date after."),
    "subject_id": ("", "Pseudonym of the person, as given."),
    "site": ("", "Body site, as given."),
    "view": ("", "View of the site (for example left, front), as given."),
    "photo_id": ("", "Name of the photograph."),
    "visit_date": ("date", "Day of the visit."),
    "region": ("", "Area that was measured; roi when no other name was given or found."),
    "version": ("", "Version of the measure; numbers of different versions must not be mixed."),
    "unit": ("", "Unit of the measure in this row."),
}

_CHANGES: Final[Mapping[str, tuple[str, str]]] = {
    "before_date": ("date", "Day of the baseline visit."),
    "after_date": ("date", "Day of the later visit."),
    "days_since_session": ("days", "Days from the last treatment to the later visit."),
    "sessions": ("", "Treatments after the baseline up to the later visit."),
    "before": (MEASURE_UNIT, "Plain reading before; mean over repeated photographs."),
    "after": (MEASURE_UNIT, "Plain reading after; mean over repeated photographs."),
    "change": (
        MEASURE_UNIT,
        "Reported estimate of after minus before, corrected by untreated skin where there is some.",
    ),
    "change_low": (MEASURE_UNIT, "Lower end of the 95 % interval of change."),
    "change_high": (MEASURE_UNIT, "Upper end of the 95 % interval of change."),
    "change_pct": (
        "%",
        "Reported change in per cent of before; ratio measures only, "
        "and only where before is clear of noise.",
    ),
    "change_pct_low": ("%", "Lower end of the 95 % interval of change_pct."),
    "change_pct_high": ("%", "Upper end of the 95 % interval of change_pct."),
    "change_plain": (SDC_UNIT, "Change of the region alone, without correction."),
    "change_reference": (SDC_UNIT, "Change of the region after correction by untreated skin."),
    "reference_weight": (
        "0 to 1",
        "Weight of change_reference in the reported change; the rest is change_plain.",
    ),
    "reference": ("", "Untreated skin that was used: given, automatic or none."),
    "improvement_pct": ("%", "Change in per cent, positive when the skin got better."),
    "sdc": (
        SDC_UNIT,
        "Smallest detectable change: smaller ones cannot be told from photographic error. "
        "For ratio measures that of a decrease.",
    ),
    "primary": ("yes or no", "Whether this is a primary result; all others are exploratory."),
    "verdict": (
        "",
        "improved, worsened, no_detectable_change or not_measured; increased or decreased for "
        "measures where neither direction is better.",
    ),
    "reason": ("", "Why a value of this row is missing."),
}

_PAIRS: Final[Mapping[str, tuple[str, str]]] = {
    "before_photo": ("", "Photographs before; repeats joined by a semicolon."),
    "after_photo": ("", "Photographs after; repeats joined by a semicolon."),
    "status": (
        "",
        "measured: at least one measure was read; refused: the photographs cannot be compared; "
        "failed: a fault stopped the pair.",
    ),
    "reasons": ("", "Why the pair was refused or failed, and why cells are empty; joined by |."),
    "alignment_rms_px": ("px of the before photo", "Typical alignment error inside the region."),
    "alignment_p95_px": ("px of the before photo", "Alignment error that 95 % stay below."),
    "alignment_usable_share": (
        "0 to 1",
        "Part of the region where the displacement may be used; elsewhere nothing is measured.",
    ),
    "alignment_method": ("", "How the alignment was found, landmarks by hand among them."),
    "area_change_low": (
        "1 = none",
        "Relative change of area by the displacement alone inside the region, 5th percentile.",
    ),
    "area_change_high": ("1 = none", "The same, 95th percentile."),
    "quarter_turns": ("90°", "Turns counter-clockwise between the two upright photographs."),
    "overlap": ("0 to 1", "Part of the region that both photographs show."),
    "mm_per_px": ("mm/px", "Scale of the upright before photograph at the skin."),
    "scale_source": ("", "Where the scale came from: target, marker, ruler, given, carried, none."),
    "colour_source": (
        "",
        "What the colours were corrected with: target, chart, grey (white balance only) or none.",
    ),
    "tone_class": (
        "",
        "Skin tone before by individual typology angle: very_light, light, intermediate, tan, brown"
        " or dark (Del Bino and Bernerd 2013); empty without a target card or chart.",
    ),
    "refused_measures": (
        "",
        "Measures that a gate refuses, joined by a semicolon; * is all of them. "
        "The table gates says which gate and why.",
    ),
    "bias_index": (
        "-1 to 1",
        "Do the differences between the photographs favour the after photo? Mean of the parts "
        "bias_<name>: 0 is neutral, positive flatters the after photo.",
    ),
}

_GATES: Final[Mapping[str, tuple[str, str]]] = {
    "gate": ("", "Name of the gate."),
    "value": ("unit of the gate", "What was observed, where it is a number."),
    "answer": ("", "What was observed, where it is a word."),
    "unit": ("", "Unit of the value in this row."),
    "limit": ("unit of the gate", "What the value is held against."),
    "verdict": ("", "pass, fail or not_applicable."),
    "refuses": (
        "",
        "Measures that this failing gate refuses, joined by a semicolon; * is all of them. "
        "Empty where it passes or only marks.",
    ),
    "remedy": ("", "What to do about a failure, what was corrected, or why it does not apply."),
}

_CALIBRATIONS: Final[Mapping[str, tuple[str, str]]] = {
    "role": ("", "before or after."),
    "object": ("", "What was found in the photograph: target, chart, grey or none."),
    "used": ("", "What its colours were corrected with: all photographs of a pair, or none."),
    "reference_values": (
        "",
        "nominal: the colours the object was designed with, not measured; measured: the user's.",
    ),
    "residual_de00": (
        "ΔE00",
        "Mean colour difference of patches from a model that was fitted without them.",
    ),
    "residual_p95_de00": ("ΔE00", "95th percentile of the same."),
    "n_patches": ("patches", "Patches that the colours were corrected with."),
    "tilt_deg": ("°", "Angle between the object and the sensor."),
    "mtf50_cycles_per_px": (
        "cycles per pixel",
        "Frequency at which the contrast of an edge on the card has fallen to one half.",
    ),
    "reason": ("", "Why nothing was found, or why what was found is not used."),
}

_MATCHES: Final[Mapping[str, tuple[str, str]]] = {
    "before_photo_id": ("", "Photograph before; the first of repeated ones."),
    "after_photo_id": ("", "Photograph after; the first of repeated ones."),
    "n_before": ("things", "Counted before (pores, ...), on the skin that both photographs show."),
    "n_after": ("things", "Counted after, on the same skin."),
    "matched": ("things", "Found in both photographs: nearest to each other, within tolerance."),
    "match_rate": ("0 to 1", "matched divided by n_before."),
    "by_chance": ("things", "How many of n_before would be matched if all lay anywhere."),
    "tolerance_px": ("px of the before photo", "Largest distance of two that count as the same."),
    "distance_px": ("px of the before photo", "Median distance of the matched ones."),
    "size_change_pct": ("%", "Median change of the size of the matched ones."),
    "reason": ("", "Why a value of this row is missing."),
}

_READINGS: Final[Mapping[str, tuple[str, str]]] = {
    "role": ("", "before or after."),
    "value": (MEASURE_UNIT, "Reading of one region of one photograph."),
    "reason": ("", "Why there is no reading."),
}

_PHOTOS: Final[Mapping[str, tuple[str, str]]] = {
    "path": ("", "File, as listed by the user."),
    "sha256": ("", "SHA-256 of the bytes of the file."),
    "phase": ("", "pre: before treatment of that day; numbed: under numbing cream; post: after."),
    "camera": ("", "Camera, as the file says."),
    "width": ("px", "Width of the upright photograph."),
    "height": ("px", "Height of the upright photograph."),
    "accepted": ("yes or no", "Whether the photograph passed its checks."),
    "reasons": ("", "Why it was not accepted, and why cells are empty; joined by |."),
}

_SUMMARY: Final[Mapping[str, tuple[str, str]]] = {
    "sessions": ("", "Treatments between the two photographs; empty when not known."),
    "change_unit": ("", "Unit of the changes in this row."),
    "n": ("pairs", "Pairs with a change. Two sites of one person count as two."),
    "n_refused": ("pairs", "Pairs without a change: refused, failed or not measured."),
    "mean_change": (
        "change_unit",
        "Mean change; of logarithms, given back as per cent, for ratio measures.",
    ),
    "mean_change_low": ("change_unit", "Lower end of its 95 % interval (Student's t)."),
    "mean_change_high": ("change_unit", "Upper end of its 95 % interval (Student's t)."),
    "median_change": ("change_unit", "Median change."),
    "median_change_low": ("change_unit", "Lower end of its 95 % interval (order statistics)."),
    "median_change_high": ("change_unit", "Upper end of its 95 % interval (order statistics)."),
    "responders": ("pairs", "Pairs whose improvement is larger than the smallest detectable one."),
    "reason": ("", "Why a value of this row is missing."),
}

_OWN: Final[Mapping[str, Mapping[str, tuple[str, str]]]] = {
    "changes": _CHANGES,
    "pairs": _PAIRS,
    "gates": _GATES,
    "calibrations": _CALIBRATIONS,
    "matches": _MATCHES,
    "readings": _READINGS,
    "photos": _PHOTOS,
    "summary": _SUMMARY,
}

_TYPES: Final[Mapping[str, str]] = {
    "float64": "number",
    "Int64": "whole number",
    "bool": "yes or no",
    DAY: "date",
}


def data_dictionary(
    tables: Mapping[str, pd.DataFrame],
    catalogue: Sequence[Measure] = INSTALLED,
    *,
    more: Mapping[str, Mapping[str, tuple[str, str]]] | None = None,
) -> pd.DataFrame:
    """Describe every column.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        As made by ``build_tables``.
    catalogue : sequence of Measure, optional
        The measures to name; the installed ones by default.
    more : mapping, optional
        Unit and meaning of the columns of tables that are not made here, by table and column.

    Returns
    -------
    DataFrame
        Columns ``table``, ``column``, ``type``, ``unit`` and ``meaning``, one row per column.

    Raises
    ------
    KeyError
        For a column that nobody described.
    """
    listing = "; ".join(
        f"{m.name} = {m.title} [{m.unit or '1'}, {m.change}, better: {m.better}]"
        for m in measures_by_name(catalogue).values()
    )
    known = {**_OWN, **(more or {})}
    rows = []
    for table, frame in tables.items():
        units = frame.attrs.get("units", {})
        for column in frame.columns:
            unit, meaning = _entry(table, str(column), listing, known)
            rows.append(
                {
                    "table": table,
                    "column": str(column),
                    "type": _TYPES.get(str(frame[column].dtype), "text"),
                    "unit": str(units.get(column, unit)),
                    "meaning": meaning,
                }
            )
    return pd.DataFrame(rows, columns=["table", "column", "type", "unit", "meaning"], dtype="str")


def _entry(
    table: str,
    column: str,
    listing: str,
    known: Mapping[str, Mapping[str, tuple[str, str]]],
) -> tuple[str, str]:
    if column == "measure":
        return "", f"Name of the measure: {listing}."
    if table == "pairs" and column.startswith(GATE_PREFIX):
        name = column.removeprefix(GATE_PREFIX).replace("_", " ")
        return (
            "",
            f"Outcome of the gate {name}: pass, fail or not_applicable; empty if not reached.",
        )
    part = column.removeprefix(BIAS_PREFIX)
    if table == "pairs" and column.startswith(BIAS_PREFIX) and part in BIAS_MEANINGS:
        return "-1 to 1", f"Part of the bias index. Positive: {BIAS_MEANINGS[part]}"
    if table == "photos" and column.startswith(CHECK_PREFIX):
        name = column.removeprefix(CHECK_PREFIX).replace("_", " ")
        return "", f"Observed value of the check {name}; accepted and reasons hold the outcome."
    own = known[table]
    return own[column] if column in own else _KEYS[column]
