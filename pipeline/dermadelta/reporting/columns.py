"""Names, order and types of the columns: what people script against, so they never change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

GATE_PREFIX: Final = "gate_"
BIAS_PREFIX: Final = "bias_"
CHECK_PREFIX: Final = "check_"

DAY: Final = "date32[day][pyarrow]"
"""A day without a time: written as 2026-03-03 to CSV, as a date to Parquet and Excel."""

PAIR_KEYS: Final = {"pair_id": "str", "subject_id": "str", "site": "str", "view": "str"}

CHANGES_COLUMNS: Final[Mapping[str, str]] = {
    **PAIR_KEYS,
    "before_date": DAY,
    "after_date": DAY,
    "days_since_session": "Int64",
    "sessions": "Int64",
    "region": "str",
    "measure": "str",
    "version": "Int64",
    "unit": "str",
    "before": "float64",
    "after": "float64",
    "change": "float64",
    "change_low": "float64",
    "change_high": "float64",
    "change_pct": "float64",
    "change_pct_low": "float64",
    "change_pct_high": "float64",
    "change_plain": "float64",
    "change_reference": "float64",
    "reference_weight": "float64",
    "reference": "str",
    "improvement_pct": "float64",
    "sdc": "float64",
    "primary": "bool",
    "verdict": "str",
    "reason": "str",
}

PAIRS_COLUMNS: Final[Mapping[str, str]] = {
    **PAIR_KEYS,
    "before_photo": "str",
    "after_photo": "str",
    "status": "str",
    "reasons": "str",
    "alignment_rms_px": "float64",
    "alignment_p95_px": "float64",
    "alignment_usable_share": "float64",
    "alignment_method": "str",
    "area_change_low": "float64",
    "area_change_high": "float64",
    "quarter_turns": "Int64",
    "overlap": "float64",
    "mm_per_px": "float64",
    "scale_source": "str",
    "colour_source": "str",
    "tone_class": "str",
    "refused_measures": "str",
    "bias_index": "float64",
}

GATES_COLUMNS: Final[Mapping[str, str]] = {
    **PAIR_KEYS,
    "gate": "str",
    "value": "float64",
    "answer": "str",
    "unit": "str",
    "limit": "str",
    "verdict": "str",
    "refuses": "str",
    "remedy": "str",
}

CALIBRATIONS_COLUMNS: Final[Mapping[str, str]] = {
    **PAIR_KEYS,
    "role": "str",
    "photo_id": "str",
    "object": "str",
    "used": "str",
    "reference_values": "str",
    "residual_de00": "float64",
    "residual_p95_de00": "float64",
    "n_patches": "Int64",
    "tilt_deg": "float64",
    "mtf50_cycles_per_px": "float64",
    "reason": "str",
}

MATCHES_COLUMNS: Final[Mapping[str, str]] = {
    **PAIR_KEYS,
    "region": "str",
    "measure": "str",
    "before_photo_id": "str",
    "after_photo_id": "str",
    "n_before": "Int64",
    "n_after": "Int64",
    "matched": "Int64",
    "match_rate": "float64",
    "by_chance": "float64",
    "tolerance_px": "float64",
    "distance_px": "float64",
    "size_change_pct": "float64",
    "reason": "str",
}

READINGS_COLUMNS: Final[Mapping[str, str]] = {
    "pair_id": "str",
    "role": "str",
    "photo_id": "str",
    "visit_date": DAY,
    "region": "str",
    "measure": "str",
    "version": "Int64",
    "unit": "str",
    "value": "float64",
    "reason": "str",
}

PHOTOS_HEAD: Final[Mapping[str, str]] = {
    "photo_id": "str",
    "path": "str",
    "sha256": "str",
    "subject_id": "str",
    "visit_date": DAY,
    "phase": "str",
    "camera": "str",
    "width": "Int64",
    "height": "Int64",
}
PHOTOS_TAIL: Final[Mapping[str, str]] = {"accepted": "bool", "reasons": "str"}

SUMMARY_COLUMNS: Final[Mapping[str, str]] = {
    "measure": "str",
    "region": "str",
    "sessions": "Int64",
    "change_unit": "str",
    "n": "Int64",
    "n_refused": "Int64",
    "mean_change": "float64",
    "mean_change_low": "float64",
    "mean_change_high": "float64",
    "median_change": "float64",
    "median_change_low": "float64",
    "median_change_high": "float64",
    "responders": "Int64",
    "reason": "str",
}
