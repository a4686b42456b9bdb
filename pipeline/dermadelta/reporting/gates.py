"""Gates as rows, and what they refuse: the part of the tables that says why there is no figure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from dermadelta.domain import Check, CheckVerdict, NotMeasured, PairResult

EVERYTHING: Final = "*"
"""Stands for all measures in a list of those that are refused."""

BIAS_MEANINGS: Final[Mapping[str, str]] = {
    "light": "Lit more evenly after: less shading across the region.",
    "sharpness": "Softer after.",
    "zoom": "Skin shown smaller after.",
    "exposure": "Brighter after.",
    "white_balance": "Untreated skin less red after.",
    "pose": "Skin foreshortened after.",
    "timing": "Taken within four weeks of a session, when swelling smooths skin.",
}
"""What makes each part of the bias index positive."""


def gate_rows(result: PairResult, keys: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Rows of ``gates.csv`` of a pair, in the order in which its gates were asked.

    Parameters
    ----------
    result : PairResult
    keys : mapping
        Columns that name the pair.
    """
    return [
        {
            **keys,
            "gate": gate.name,
            "value": gate.value if isinstance(gate.value, float) else None,
            "answer": gate.value if isinstance(gate.value, str) else "",
            "unit": gate.unit,
            "limit": gate.limit,
            "verdict": gate.verdict.value,
            "refuses": ";".join(gate.refuses) if fails(gate) else "",
            "remedy": gate.remedy or _why_not(gate),
        }
        for gate in result.gates
    ]


def fails(gate: Check) -> bool:
    """Whether a gate says that something is amiss."""
    return gate.verdict is CheckVerdict.FAIL


def refused_measures(result: PairResult) -> tuple[str, ...]:
    """Measures that some gate refuses, each once; ``*`` alone where one refuses everything."""
    names = dict.fromkeys(name for gate in result.gates if fails(gate) for name in gate.refuses)
    return (EVERYTHING,) if EVERYTHING in names else tuple(names)


def _why_not(gate: Check) -> str:
    return gate.value.reason if isinstance(gate.value, NotMeasured) else ""
