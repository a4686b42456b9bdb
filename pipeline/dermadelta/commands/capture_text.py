"""What check found, for people (rows, sentences) and for other programs (JSON, CSV)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from dermadelta.commands.capture import Fitness, Judged, Reason
from dermadelta.commands.check import PhotoChecked
from dermadelta.commands.overview import Rows
from dermadelta.domain import Check, CheckVerdict, NotMeasured
from dermadelta.measures import ALL
from dermadelta.reporting.numbers import fixed, significant, with_unit

SCHEMA = "dermadelta.check"
SCHEMA_VERSION = 1
"""Of the JSON: raised when a key changes its meaning or goes; new keys may join."""

_VERDICTS = {
    CheckVerdict.PASS: "pass",
    CheckVerdict.FAIL: "FAIL",
    CheckVerdict.NOT_APPLICABLE: "not judged",
}


# --------------------------------------------------------------------------------- words


def check_rows(judged: Judged) -> Rows:
    """One row per check of the photograph and per gate of the pair."""
    rows = [_check_row(check) for check in judged.checks]
    rows += [_check_row(gate, "pair: ") for gate in judged.gates]
    return Rows(("Check", "Value", "Limit", "Result", "What to do"), tuple(rows))


def _check_row(check: Check, prefix: str = "") -> tuple[str, ...]:
    passed = check.verdict is CheckVerdict.PASS
    # A photograph's check names its remedy always, a gate that passes has a remark if any.
    remedy = "" if passed and not prefix else check.remedy
    if check.verdict is CheckVerdict.FAIL and check.refuses:
        remedy = f"{remedy[:1].upper()}{remedy[1:].rstrip('.')}. "
        remedy += f"Refuses {measure_words(check.refuses)}."
    return (
        prefix + check.name.replace("_", " "), _value(check), check.limit,
        _VERDICTS[check.verdict], remedy,
    )  # fmt: skip


def _value(check: Check) -> str:
    if isinstance(check.value, NotMeasured):
        return "–"
    if isinstance(check.value, str):
        return check.value
    return with_unit(significant(check.value), check.unit)


def measure_words(names: Sequence[str]) -> str:
    """Titles of measures in a sentence; all of them are "everything"."""
    if "*" in names or len(names) >= len(ALL):
        return "everything"
    titles = {m.name: m.title.lower() for m in ALL}
    return ", ".join(titles.get(name, name) for name in names)


def bias_words(judged: Judged) -> str:
    """Which differences favour the later photograph; empty where there is none to be seen."""
    if isinstance(judged.bias_index, NotMeasured):
        return ""
    parts = [
        f"{name.replace('_', ' ')} {fixed(value, 2, signed=True)}"
        for name, value in judged.bias
        if not isinstance(value, NotMeasured)
    ]
    detail = f" ({', '.join(parts)})" if parts else ""
    total = fixed(judged.bias_index, 2, signed=True)
    return f"Bias index {total}{detail}; above 0 the differences flatter the after photo."


def verdict_words(checked: PhotoChecked) -> str:
    """The last line: usable, usable in part, or retake and how."""
    judged = checked.judged
    remedies = " ".join(dict.fromkeys(reason.remedy for reason in judged.reasons))
    if judged.fitness is Fitness.USABLE:
        return "usable"
    if judged.fitness is Fitness.IN_PART:
        return f"usable in part: {measure_words(judged.refused)} would be refused. {remedies}"
    return f"retake: {remedies}"


# ---------------------------------------------------------------------------------- JSON


def photo_json(checked: PhotoChecked) -> str:
    """Write what was found about a photograph as JSON, in ASCII."""
    judged = checked.judged
    return check_json(
        "photo",
        {
            "photo": checked.photo,
            "like": checked.like,
            "result": judged.fitness.value,
            "reasons": reasons_json(judged.reasons),
            "refused_measures": list(judged.refused),
            "checks": [_check(check) for check in judged.checks],
            "gates": [_check(gate) for gate in judged.gates],
            "bias": {name: _plain(value) for name, value in judged.bias},
            "bias_index": _plain(judged.bias_index),
            "remarks": list(judged.remarks),
            "ghost": None if checked.ghost is None else str(checked.ghost),
        },
    )


def _check(check: Check) -> dict[str, object]:
    return {
        "name": check.name,
        "value": _plain(check.value),
        "unit": check.unit,
        "limit": check.limit,
        "verdict": check.verdict.value,
        "remedy": check.remedy,
        "refuses": list(check.refuses),
    }


def reasons_json(reasons: Sequence[Reason]) -> list[dict[str, str]]:
    """Names and remedies."""
    return [{"name": reason.name, "remedy": reason.remedy} for reason in reasons]


def _plain(value: float | str | NotMeasured) -> object:
    return {"reason": value.reason} if isinstance(value, NotMeasured) else value


def check_json(kind: str, content: dict[str, Any]) -> str:
    """Write a finding as JSON, with the name and version of its schema."""
    # In ASCII: no terminal or pipe can turn that into something that is no JSON any more.
    head = {"schema": SCHEMA, "version": SCHEMA_VERSION, "kind": kind}
    return json.dumps({**head, **content}, indent=2, allow_nan=False)
