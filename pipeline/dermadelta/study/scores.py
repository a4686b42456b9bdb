"""Results held against the truth: one row per pair, and one per pair and measure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

import pandas as pd

from dermadelta.domain import (
    CheckVerdict,
    Estimate,
    Interval,
    NotMeasured,
    PairResult,
    PairStatus,
    Scale,
    Verdict,
)
from dermadelta.study.truth import NO_CHANGE, Truth


@dataclass(frozen=True)
class Standard:
    """By what a measure is judged.

    ``truth`` is the column of the true change, ``alone`` the one that counts where the pair shows
    no untreated skin, ``second`` another against which errors are told too. Below ``negligible``,
    in ``unit``, a true change counts as none; ``%`` is per cent of what was there, ``points`` a
    difference of percentages. ``scale`` says whether the measure is read only
    with a scale, only without one, or always.
    """

    truth: str
    unit: str
    negligible: float
    scale: Literal["with", "without", "always"] = "always"
    alone: str = ""
    second: str = ""


_TEXTURE = Standard("optical_roughness_change_pct", "%", 0.5, second="relief_change_pct")
_SCAR = Standard("scar_area_change_pct", "%", 0.5)

STANDARDS: Final[Mapping[str, Standard]] = {
    "roughness": replace(_TEXTURE, scale="with"),
    "roughness_unscaled": replace(_TEXTURE, scale="without"),
    "roughness_fine": Standard("optical_fine_change_pct", "%", 0.5, scale="with"),
    "roughness_lines": Standard("optical_lines_change_pct", "%", 0.5, scale="with"),
    "roughness_scar": Standard("optical_scar_change_pct", "%", 0.5, scale="with"),
    "roughness_mean": Standard("optical_mean_change_pct", "%", 0.5, scale="with"),
    "roughness_skewness": Standard("roughness_skewness_change", "1", 0.01, scale="with"),
    "anisotropy": Standard("anisotropy_change", "1", 0.005, scale="with"),
    "glcm_contrast": Standard("glcm_contrast_change_pct", "%", 0.5, scale="with"),
    "glcm_joint_entropy": Standard("glcm_joint_entropy_change", "bit", 0.01, scale="with"),
    "glcm_asm": Standard("glcm_asm_change_pct", "%", 0.5, scale="with"),
    "glcm_idm": Standard("glcm_idm_change", "1", 0.002, scale="with"),
    "pores_density": Standard("pores_density_change_pct", "%", 0.5, scale="with"),
    "pores_area_share": Standard("pores_area_share_change_pct", "%", 0.5, scale="with"),
    "pores_size": Standard("pores_size_change_pct", "%", 0.5, scale="with"),
    "lines_length": Standard("lines_length_change_pct", "%", 0.5, scale="with"),
    "lines_area_share": Standard("lines_area_share_change_pct", "%", 0.5, scale="with"),
    "lines_depth": Standard("lines_depth_change_pct", "%", 0.5, scale="with"),
    "redness": Standard("redness_contrast_change_ei", "EI", 0.1, alone="redness_change_ei"),
    "redness_lab": Standard("redness_contrast_change_a", "a*", 0.1, alone="redness_change_a"),
    "red_share": Standard("red_share_change", "points", 0.5),
    "red_area": Standard("red_area_change_mm2", "mm²", 1.0, scale="with"),
    "haemoglobin": Standard(
        "haemoglobin_density_contrast_change", "density", 0.002, alone="haemoglobin_density_change"
    ),
    "melanin": Standard(
        "melanin_density_contrast_change", "density", 0.002, alone="melanin_density_change"
    ),
    "ita": Standard("ita_change_deg", "°", 0.5),
    "tone_evenness": Standard("tone_evenness_change_pct", "%", 0.5, scale="with"),
    "evenness_redness": Standard("evenness_redness_change_pct", "%", 0.5, scale="with"),
    "evenness_melanin": Standard("evenness_melanin_change_pct", "%", 0.5, scale="with"),
    "spots_density": Standard("spots_density_change", "1/cm²", 0.05, scale="with"),
    "spots_area_share": Standard("spots_area_share_change", "points", 0.05, scale="with"),
    "spots_contrast": Standard("spots_contrast_change", "density", 0.002, scale="with"),
    "scar_area": replace(_SCAR, scale="with"),
    "scar_share": _SCAR,
    "stretch_width": Standard("stretch_width_change_pct", "%", 0.5, scale="with"),
    "stretch_length": Standard("stretch_length_change_pct", "%", 0.5, scale="with"),
    "stretch_area_share": Standard("striae_area_change_pct", "%", 0.5, scale="with"),
}
"""Measures whose truth is known, in the order of the tables; a new one adds a line."""

PAIR_COLUMNS: Final[Mapping[str, str]] = {
    "data_set": "str",
    "origin": "str",
    "pair_id": "str",
    "kind": "str",
    "difficulty": "str",
    "setup": "str",
    "in_photo": "str",
    "tone": "str",
    "ita_class": "str",
    "ita_deg": "float64",
    "has_reference": "bool",
    "has_scale": "bool",
    "no_change": "bool",
    "relief_change_pct": "float64",
    "refuse_reason": "str",
    "status": "str",
    "causes": "str",
    "reasons": "str",
    "n_primary": "int64",
    "primary_improved": "str",
    "primary_worsened": "str",
}
"""Columns of ``pairs.csv`` and their types."""

_OF_PAIR: Final = tuple(PAIR_COLUMNS)[: tuple(PAIR_COLUMNS).index("refuse_reason")]

SCORE_COLUMNS: Final[Mapping[str, str]] = {
    **{name: PAIR_COLUMNS[name] for name in _OF_PAIR},
    "status": "str",
    "measure": "str",
    "primary": "bool",
    "unit": "str",
    "truth_column": "str",
    "truth": "float64",
    "truth_second": "float64",
    "estimate": "float64",
    "low": "float64",
    "high": "float64",
    "width": "float64",
    "error": "float64",
    "error_second": "float64",
    "covered": "boolean",
    "changed": "boolean",
    "direction": "str",
    "called_correctly": "boolean",
    "reason": "str",
}
"""Columns of the scores and their types; ``stored.py`` says which are written."""

SCALES: Final = ("marker", "target")
"""What in a photograph gives its scale."""

JOINT: Final = " | "
"""Between several names of one cell."""

_DIRECTIONS: Final = {
    Verdict.IMPROVED: "improved",
    Verdict.WORSENED: "worsened",
    Verdict.INCREASED: "increased",
    Verdict.DECREASED: "decreased",
}
_SIGNS: Final = {"improved": -1.0, "worsened": 1.0, "decreased": -1.0, "increased": 1.0}
"""Sign of the change that a word says; no measure with a standard is better higher."""

_CHECK: Final = re.compile(r": (focus|exposure|clipping|colour|resolution|date) ")
_WORDS: Final = (
    ("mirrored", "mirrored"),
    ("not found in both", "not_found"),
    ("resolution ", "resolution"),
    ("neither untreated reference", "no_colour_anchor"),
    ("a scale is known", ""),
    ("no scale", ""),
    ("no scar found", ""),
)
_GATE: Final = re.compile(r"^([a-z][a-z_]+): ")


@dataclass(frozen=True, eq=False)
class Scored:
    """All pairs and all their measures against the truth, in the order of the truth."""

    pairs: pd.DataFrame
    scores: pd.DataFrame


def score(results: Iterable[PairResult], truths: Iterable[Truth]) -> Scored:
    """Hold every pair against its truth.

    Parameters
    ----------
    results : iterable of PairResult
        Every pair of ``truths``, in any order; of any other pair nothing is said.
    truths : iterable of Truth
        Distinct pairs within each data set.

    Returns
    -------
    Scored
        ``pairs`` with the columns ``PAIR_COLUMNS``; ``scores`` with ``SCORE_COLUMNS``, a row for
        every measure whose truth is known, whether or not it was measured.

    Raises
    ------
    KeyError
        A truth without its result, which whoever pairs them off has to refuse.
    """
    by_id = {result.pair.pair_id: result for result in results}
    pairs, scores = [], []
    for truth in truths:
        result = by_id[truth.pair_id]
        main = main_estimates(result)
        row = _pair_row(truth, result, main)
        pairs.append(row)
        scores += _score_rows(row, truth, main)
    return Scored(_frame(pairs, PAIR_COLUMNS), _frame(scores, SCORE_COLUMNS))


def joined(parts: Sequence[Scored]) -> Scored:
    """Put data sets that were scored apart into one, in their order; pair ids may repeat."""
    if not parts:
        return score((), ())
    return Scored(
        pd.concat([part.pairs for part in parts], ignore_index=True),
        pd.concat([part.scores for part in parts], ignore_index=True),
    )


def main_estimates(result: PairResult) -> dict[str, Estimate]:
    """Estimates of the main region of a pair, by measure; other regions have no truth."""
    named = [item.region for item in result.evidence if item.main]
    named += [item.region for item in result.estimates]
    main = named[0] if named else ""
    return {item.measure: item for item in result.estimates if item.region == main}


def refusal_causes(result: PairResult) -> tuple[str, ...]:
    """Names of what refused a pair: its gates, or the check of a photograph; at least one.

    A failing gate that refuses everything is the cause; otherwise what the reasons begin with.
    """
    gates = [
        gate.name
        for gate in result.gates
        if gate.verdict is CheckVerdict.FAIL and "*" in gate.refuses
    ]
    causes = gates or [cause for reason in result.reasons if (cause := _cause(reason))]
    return tuple(dict.fromkeys(causes)) or ("other",)


def _cause(reason: str) -> str:
    """Name of a cause; empty where the reason is none, only how things are."""
    if reason.startswith("no usable photograph"):
        check = _CHECK.search(reason)
        return f"photo_{check.group(1)}" if check else "photo"
    if gate := _GATE.match(reason):
        return gate.group(1)
    return next((cause for words, cause in _WORDS if words in reason), "other")


# -------------------------------------------------------------------------------- rows


def _frame(rows: list[dict[str, Any]], columns: Mapping[str, str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list(columns)).astype(dict(columns))


def _pair_row(truth: Truth, result: PairResult, main: Mapping[str, Estimate]) -> dict[str, Any]:
    primary = [item for item in main.values() if item.primary and _is_measured(item)]
    called = {item.measure: _DIRECTIONS.get(item.verdict, "") for item in primary}
    refused = result.status is PairStatus.REFUSED
    return {
        "data_set": truth.data_set,
        "origin": truth.origin,
        "pair_id": truth.pair_id,
        "kind": truth.kind,
        "difficulty": truth.difficulty,
        "setup": truth.setup,
        "in_photo": truth.in_photo,
        "tone": truth.tone,
        "ita_class": truth.ita_class,
        "ita_deg": None if isinstance(truth.ita_deg, NotMeasured) else truth.ita_deg,
        "has_reference": _has_reference(truth, main),
        "has_scale": _has_scale(truth, result),
        "no_change": _is_no_change(truth),
        "relief_change_pct": truth.changes.get("relief_change_pct"),
        "refuse_reason": truth.refuse_reason,
        "status": result.status.value,
        "causes": JOINT.join(refusal_causes(result)) if refused else "",
        "reasons": JOINT.join(result.reasons),
        "n_primary": len(primary),
        "primary_improved": _named(called, ("improved", "decreased")),
        "primary_worsened": _named(called, ("worsened", "increased")),
    }


def _named(called: Mapping[str, str], words: tuple[str, ...]) -> str:
    return JOINT.join(name for name, word in called.items() if word in words)


def _has_reference(truth: Truth, main: Mapping[str, Estimate]) -> bool:
    """Whether untreated skin was used, or, of a pair that came to no estimate, was to be had."""
    if not main:
        return truth.treated_area == "local"
    return any(item.reference != "none" for item in main.values())


def _has_scale(truth: Truth, result: PairResult) -> bool:
    """Whether there was a scale to be had, also where the pair was refused before it was read."""
    given = any(ref.mm_per_px is not None for ref in (*result.pair.before, *result.pair.after))
    return given or truth.in_photo in SCALES or isinstance(result.scale, Scale)


def _is_measured(item: Estimate) -> bool:
    return item.verdict is not Verdict.NOT_MEASURED


def _is_no_change(truth: Truth) -> bool:
    """Whether nothing that any standard looks at has changed."""
    if truth.difficulty == "must_refuse":
        return False
    if truth.kind == NO_CHANGE:
        return True
    known = [
        abs(truth.changes[column]) < standard.negligible
        for standard in STANDARDS.values()
        for column in (standard.truth, standard.alone, standard.second)
        if column in truth.changes
    ]
    return bool(known) and all(known)


def _score_rows(
    row: Mapping[str, Any], truth: Truth, main: Mapping[str, Estimate]
) -> list[dict[str, Any]]:
    """Rows of every measure whose truth is known for this pair; none where it must be refused."""
    if truth.difficulty == "must_refuse":
        return []
    rows = []
    for name, standard in STANDARDS.items():
        item = main.get(name)
        column = _truth_column(standard, truth, item)
        if column not in truth.changes or not _is_due(standard, row):
            continue
        if item is None and row["status"] == PairStatus.MEASURED.value:
            continue  # the settings leave this measure out
        shared = {key: row[key] for key in (*_OF_PAIR, "status")}
        rows.append(
            shared
            | {
                "measure": name,
                "primary": item is not None and item.primary,
                "unit": standard.unit,
                "truth_column": column,
                "truth": truth.changes[column],
                "truth_second": truth.changes.get(standard.second),
            }
            | _against(standard, truth, column, item)
        )
    return rows


def _is_due(standard: Standard, row: Mapping[str, Any]) -> bool:
    """Whether a measure that needs a scale, or its absence, may be expected of a pair."""
    return standard.scale == "always" or (standard.scale == "with") == row["has_scale"]


def _truth_column(standard: Standard, truth: Truth, item: Estimate | None) -> str:
    """Column that counts for this pair: the contrast to untreated skin only where it was taken."""
    without = item is not None and _is_measured(item) and item.reference == "none"
    if standard.alone and (without or standard.truth not in truth.changes):
        return standard.alone
    return standard.truth


def _against(
    standard: Standard, truth: Truth, column: str, item: Estimate | None
) -> dict[str, Any]:
    """What an estimate is worth; empty, with the reason, where there is none."""
    if item is None:
        return {"direction": "", "reason": "the pair was not measured"}
    shown = item.change_pct if standard.unit == "%" else item.change
    if not isinstance(shown, Interval) or not _is_measured(item):
        unsaid = shown.reason if isinstance(shown, NotMeasured) else ""
        return {"direction": "", "reason": item.reason or unsaid}
    true = truth.changes[column]
    direction = _DIRECTIONS.get(item.verdict, "")
    second = truth.changes.get(standard.second)
    moved = abs(true) >= standard.negligible
    return {
        "estimate": shown.value,
        "low": shown.low,
        "high": shown.high,
        "width": shown.high - shown.low,
        "error": shown.value - true,
        "error_second": None if second is None else shown.value - second,
        "covered": shown.low <= true <= shown.high,
        "changed": bool(direction),
        "direction": direction,
        "called_correctly": (_SIGNS[direction] * true > 0.0 if direction else False)
        if moved
        else not direction,
        "reason": "",
    }
