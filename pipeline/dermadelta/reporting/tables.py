"""The tables people script against: names, order and types of columns are fixed.

An empty cell means that the value does not exist; the row's ``reason`` (``reasons``) says why.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import pandas as pd

from dermadelta.domain import (
    AlignmentSummary,
    CalibrationSummary,
    CaptureMetadata,
    Check,
    Estimate,
    Interval,
    Measure,
    NotMeasured,
    PairResult,
    PairStatus,
    PhotoRecord,
    Scale,
    Verdict,
)
from dermadelta.reporting.catalogue import INSTALLED, measures_by_name
from dermadelta.reporting.columns import (
    BIAS_PREFIX,
    CALIBRATIONS_COLUMNS,
    CHANGES_COLUMNS,
    CHECK_PREFIX,
    GATE_PREFIX,
    GATES_COLUMNS,
    MATCHES_COLUMNS,
    PAIR_KEYS,
    PAIRS_COLUMNS,
    PHOTOS_HEAD,
    PHOTOS_TAIL,
    READINGS_COLUMNS,
    SUMMARY_COLUMNS,
)
from dermadelta.reporting.gates import gate_rows, refused_measures
from dermadelta.reporting.matches import match_rows
from dermadelta.reporting.summary import summary_rows
from dermadelta.reporting.tone import tone_class

Row = dict[str, Any]

DEFAULT_REGION: Final = "roi"
UNLISTED_REGIONS: Final = frozenset({"reference", "exclude"})
JOINT: Final = " | "
"""Between several reasons of one cell; does not occur in sentences, so it can be split again."""


def build_tables(
    results: Sequence[PairResult],
    photos: Sequence[PhotoRecord],
    catalogue: Sequence[Measure] = INSTALLED,
) -> dict[str, pd.DataFrame]:
    """Make every table of a run.

    Parameters
    ----------
    results : sequence of PairResult
        All pairs, whatever their status, in any order.
    photos : sequence of PhotoRecord
        All photographs that were found, in any order.
    catalogue : sequence of Measure, optional
        The measures that get a row in each pair and region; the installed ones by default.

    Returns
    -------
    dict of str to DataFrame
        ``changes``, ``pairs``, ``gates``, ``calibrations``, ``matches``, ``readings``,
        ``photos`` and ``summary``, rows in a fixed order. Units stand in a column ``unit`` or in
        the data dictionary. Without results the tables are empty and keep their columns and types.
    """
    measures = measures_by_name(catalogue)
    ordered = sorted(results, key=_pair_order)
    change_rows = [row for result in ordered for row in _change_rows(result, measures)]
    return {
        "changes": _frame(change_rows, CHANGES_COLUMNS),
        "pairs": _pairs(ordered),
        "gates": _gates(ordered),
        "calibrations": _calibrations(ordered),
        "matches": _matches(ordered),
        "readings": _readings(ordered),
        "photos": _photos(photos),
        "summary": _frame(summary_rows(change_rows, measures), SUMMARY_COLUMNS),
    }


def _pair_order(result: PairResult) -> tuple[Any, ...]:
    pair = result.pair
    return (pair.subject_id, pair.site, pair.view, pair.before_date, pair.after_date, pair.pair_id)


def _frame(rows: Sequence[Row], columns: Mapping[str, str]) -> pd.DataFrame:
    """Build a table column by column, so that types hold for empty tables too."""
    series = {
        name: pd.Series([_cell(row[name]) for row in rows], dtype=dtype)
        for name, dtype in columns.items()
    }
    return pd.DataFrame(series, columns=list(columns))


def _cell(value: Any) -> Any:
    """Turn NotMeasured into an empty cell and make text safe to encode."""
    if isinstance(value, NotMeasured):
        return None
    if isinstance(value, str):
        # File names of other systems may hold half a surrogate pair, which UTF-8 cannot write.
        return str(value).encode("utf-8", "replace").decode("utf-8")
    return value


def join_reasons(texts: Iterable[str]) -> str:
    """Join reasons, each once, in the order of their first appearance."""
    return JOINT.join(dict.fromkeys(text.strip() for text in texts if text.strip()))


# ---------------------------------------------------------------------------- changes


def region_names(result: PairResult) -> tuple[str, ...]:
    """Return the regions of a pair that get rows; ``roi`` when none is known."""
    known = [region.name for region in result.regions]
    known += [estimate.region for estimate in result.estimates]
    names = tuple(name for name in dict.fromkeys(known) if name not in UNLISTED_REGIONS)
    return names or (DEFAULT_REGION,)


def _change_rows(result: PairResult, measures: Mapping[str, Measure]) -> list[Row]:
    estimates = {(e.region, e.measure): e for e in result.estimates}
    extra = sorted({e.measure for e in result.estimates} - set(measures))
    located = bool(result.regions or result.estimates) or any(p.roi for p in result.pair.before)
    rows = []
    for region in region_names(result):
        for name in (*measures, *extra):
            estimate = estimates.get((region, name))
            if estimate is None:
                row = _missing_row(result, measures[name]) if name in measures else None
            else:
                row = _estimate_row(estimate)
            if row is not None:
                rows.append(_pair_columns(result) | {"region": region, "_located": located} | row)
    return rows


def _pair_columns(result: PairResult) -> Row:
    pair = result.pair
    return {
        "pair_id": pair.pair_id,
        "subject_id": pair.subject_id,
        "site": pair.site,
        "view": pair.view,
        "before_date": pair.before_date,
        "after_date": pair.after_date,
        "days_since_session": pair.days_since_session,
        "sessions": pair.sessions,
    }


def _interval(name: str, value: Interval | NotMeasured) -> Row:
    if isinstance(value, NotMeasured):
        return {name: None, f"{name}_low": None, f"{name}_high": None}
    return {name: value.value, f"{name}_low": value.low, f"{name}_high": value.high}


def _estimate_row(estimate: Estimate) -> Row:
    plain = ("before", "after", "change_plain", "change_reference", "reference_weight")
    other = ("improvement_pct", "sdc", "measure", "version", "unit", "reference", "primary")
    values = {name: getattr(estimate, name) for name in plain + other}
    gaps = [estimate.change, estimate.change_pct, *values.values()]
    missing = join_reasons(gap.reason for gap in gaps if isinstance(gap, NotMeasured))
    return (
        values
        | _interval("change", estimate.change)
        | _interval("change_pct", estimate.change_pct)
        | {"verdict": estimate.verdict.value, "reason": estimate.reason or missing}
    )


def missing_reason(result: PairResult) -> str:
    """Say why a pair has no estimate of a measure."""
    if result.status is PairStatus.MEASURED:
        return "This measure was not asked for in this run."
    return join_reasons(result.reasons) or f"The pair was {result.status.value}."


def _missing_row(result: PairResult, measure: Measure) -> Row:
    row: Row = dict.fromkeys(CHANGES_COLUMNS)
    for name in (*_pair_columns(result), "region"):
        del row[name]
    return row | {
        "measure": measure.name,
        "version": measure.version,
        "unit": measure.unit,
        "reference": "none",
        "primary": False,
        "verdict": Verdict.NOT_MEASURED.value,
        "reason": missing_reason(result),
    }


# ------------------------------------------------------------------------ pairs, readings


def _pairs(results: Sequence[PairResult]) -> pd.DataFrame:
    gates = dict.fromkeys(gate.name for result in results for gate in result.gates)
    parts = dict.fromkeys(name for result in results for name, _ in result.bias)
    columns = dict(PAIRS_COLUMNS) | {BIAS_PREFIX + name: "float64" for name in parts}
    columns |= {GATE_PREFIX + name: "str" for name in gates}
    return _frame([_pair_row(result, gates, parts) for result in results], columns)


def _gates(results: Sequence[PairResult]) -> pd.DataFrame:
    rows = [row for result in results for row in gate_rows(result, _keys(result))]
    return _frame(rows, GATES_COLUMNS)


def _calibrations(results: Sequence[PairResult]) -> pd.DataFrame:
    rows = [
        _keys(result)
        | {
            "role": item.role.value,
            "photo_id": item.photo_id,
            "object": item.kind,
            "used": item.used,
            "reference_values": _values_of(item),
            "residual_de00": item.residual_de00,
            "residual_p95_de00": item.residual_p95_de00,
            "n_patches": item.n_patches,
            "tilt_deg": item.tilt_deg,
            "mtf50_cycles_per_px": item.mtf50,
            "reason": item.reason,
        }
        for result in results
        for item in result.calibrations
    ]
    return _frame(rows, CALIBRATIONS_COLUMNS)


def _matches(results: Sequence[PairResult]) -> pd.DataFrame:
    rows = [row for result in results for row in match_rows(result, _keys(result))]
    return _frame(rows, MATCHES_COLUMNS)


def _values_of(item: CalibrationSummary) -> str:
    """Whether the colours of the patches were measured or are those of the design."""
    if item.kind in ("none", "grey"):
        return ""
    return "nominal" if item.nominal else "measured"


def _keys(result: PairResult) -> Row:
    return {name: getattr(result.pair, name) for name in PAIR_KEYS}


def _pair_row(result: PairResult, gates: Iterable[str], parts: Iterable[str]) -> Row:
    alignment, scale, bias = result.alignment, result.scale, dict(result.bias)
    verdicts = {gate.name: gate.verdict.value for gate in result.gates}
    gaps = [
        f"{name}: {value.reason}"
        for name, value in (
            ("alignment", alignment),
            ("mm_per_px", scale),
            ("bias_index", result.bias_index),
            *((BIAS_PREFIX + name, part) for name, part in result.bias),
        )
        if isinstance(value, NotMeasured) and value.reason not in result.reasons
    ]
    pair = result.pair
    return (
        _keys(result)
        | _alignment_row(alignment)
        | {
            "before_photo": ";".join(result.before_used or [p.photo_id for p in pair.before]),
            "after_photo": ";".join(result.after_used or [p.photo_id for p in pair.after]),
            "status": result.status.value,
            "reasons": join_reasons([*result.reasons, *gaps]),
            "mm_per_px": scale.mm_per_px if isinstance(scale, Scale) else None,
            "scale_source": scale.source if isinstance(scale, Scale) else "none",
            "colour_source": result.colour_source,
            "tone_class": tone_class(result),
            "refused_measures": ";".join(refused_measures(result)),
            "bias_index": result.bias_index,
            **{BIAS_PREFIX + name: bias.get(name) for name in parts},
            **{GATE_PREFIX + name: verdicts.get(name, "") for name in gates},
        }
    )


def _alignment_row(alignment: AlignmentSummary | NotMeasured) -> Row:
    found = alignment if isinstance(alignment, AlignmentSummary) else None
    return {
        "alignment_rms_px": found.rms_px if found else None,
        "alignment_p95_px": found.p95_px if found else None,
        "alignment_usable_share": found.usable_share if found else None,
        "alignment_method": found.method if found else "",
        "area_change_low": found.area_change[0] if found else None,
        "area_change_high": found.area_change[1] if found else None,
        "quarter_turns": found.quarter_turns if found else None,
        "overlap": found.overlap if found else None,
    }


def _readings(results: Sequence[PairResult]) -> pd.DataFrame:
    rows = [
        {
            "pair_id": result.pair.pair_id,
            "role": reading.role.value,
            "photo_id": reading.photo_id,
            "visit_date": reading.visit_date,
            "region": reading.region,
            "measure": reading.measure,
            "version": reading.version,
            "unit": reading.unit,
            "value": reading.value,
            "reason": reading.value.reason if isinstance(reading.value, NotMeasured) else "",
        }
        for result in results
        for reading in result.readings
    ]
    return _frame(rows, READINGS_COLUMNS)


# ----------------------------------------------------------------------------- photos


def _photos(photos: Sequence[PhotoRecord]) -> pd.DataFrame:
    records = sorted(photos, key=lambda p: (p.ref.subject_id, p.ref.visit_date, p.ref.shown_path))
    checks: dict[str, list[Check]] = {}
    for record in records:
        for check in record.quality.checks:
            checks.setdefault(CHECK_PREFIX + check.name, []).append(check)
    kinds = {name: _check_dtype(found) for name, found in checks.items()}
    frame = _frame(
        [_photo_row(record, kinds) for record in records],
        dict(PHOTOS_HEAD) | kinds | dict(PHOTOS_TAIL),
    )
    # The unit of a check is known only to the check; the data dictionary reads it from here.
    frame.attrs["units"] = {name: found[0].unit for name, found in checks.items()}
    return frame


def _check_dtype(checks: Sequence[Check]) -> str:
    return "str" if any(isinstance(check.value, str) for check in checks) else "float64"


def _photo_row(record: PhotoRecord, kinds: Mapping[str, str]) -> Row:
    ref, metadata = record.ref, record.metadata
    known = metadata if isinstance(metadata, CaptureMetadata) else None
    reasons = [*record.quality.reasons]
    reasons += [metadata.reason] if isinstance(metadata, NotMeasured) else []
    reasons += [f"Counted as {record.counted_as}."] if record.counted_as else []
    values: Row = {name: "" if kind == "str" else None for name, kind in kinds.items()}
    for check in record.quality.checks:
        name = CHECK_PREFIX + check.name
        if isinstance(check.value, NotMeasured):
            reasons.append(f"{name}: {check.value.reason}")
        elif kinds[name] == "str" and not isinstance(check.value, str):
            values[name] = f"{check.value:g}"
        else:
            values[name] = check.value
    return values | {
        "photo_id": ref.photo_id,
        "path": ref.shown_path,
        "sha256": ref.sha256,
        "subject_id": ref.subject_id,
        "visit_date": ref.visit_date,
        "phase": ref.phase.value,
        "camera": known.camera if known else "",
        "width": known.width if known else None,
        "height": known.height if known else None,
        "accepted": record.quality.accepted,
        "reasons": join_reasons(reasons),
    }
