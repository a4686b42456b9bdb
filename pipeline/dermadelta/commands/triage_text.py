"""What check found in an archive, for people (rows, a sentence) and other programs (JSON, CSV)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from dermadelta.commands.capture import Fitness
from dermadelta.commands.capture_text import check_json, measure_words, reasons_json
from dermadelta.commands.overview import Rows
from dermadelta.commands.triage import Triage, VisitChecked
from dermadelta.files.results import csv_text, write_text_atomic

CAUSES = {
    "focus": "out of focus",
    "exposure": "too dark or too bright",
    "clipping": "overexposed",
    "colour": "without colour",
    "resolution": "too few pixels",
    "date": "another date in the camera",
    "skin": "no skin found",
    "unreadable": "cannot be read",
    "failed": "failed",
    "copy": "copies of another visit",
    "region": "region not seen usably",
    "no_region": "no region found",
    "not_seen": "region not in the photo",
    "other_skin": "other skin",
    "mirrored": "mirrored",
    "other_side": "the other side of the body",
    "landmarks": "unusable landmarks",
    "same_skin": "other skin",
    "overlap": "framed differently",
    "alignment": "another angle or expression",
    "sharpness": "not equally sharp",
    "light": "light from another side",
    "retouching": "retouched",
    "zoom": "another distance",
    "tilt": "camera tilted",
    "scale": "scales that contradict",
    "timing": "still healing",
    "white_balance": "another white balance",
    "camera": "another camera or lens",
    "preparation": "prepared differently",
}
"""What to call a reason in a sentence; one that is not here is called by its own name."""

VISIT_COLUMNS = (
    "subject_id", "site", "view", "visit_date", "before_date", "photo_ids", "result", "reasons",
    "refused_measures",
)  # fmt: skip
"""Keys of a visit in the JSON, and columns of its table."""


def visit_rows(found: Triage) -> Rows:
    """One row per visit that is not usable for everything."""
    return Rows(
        ("Subject", "Site", "Visit", "Against", "Result", "Why"),
        tuple(
            (
                visit.subject_id, _place(visit), visit.visit_date.isoformat(),
                visit.against.isoformat() if visit.against else "–",
                visit.fitness.value.replace("_", " "), _why(visit),
            )
            for visit in found.visits
            if visit.fitness is not Fitness.USABLE
        ),
    )  # fmt: skip


def _place(visit: VisitChecked) -> str:
    return " ".join(part for part in (visit.site, visit.view) if part) or "–"


def _why(visit: VisitChecked) -> str:
    causes = ", ".join(dict.fromkeys(cause_words(reason.name) for reason in visit.reasons))
    if visit.fitness is Fitness.IN_PART:
        return f"{causes}: refuses {measure_words(visit.refused)}"
    return causes


def cause_rows(found: Triage) -> Rows:
    """One row per cause, the commonest first."""
    return Rows(
        ("Cause", "Visits", "What to do"),
        tuple((cause_words(c.name), str(c.n_visits), c.remedy) for c in found.causes),
    )


def cause_words(name: str) -> str:
    """What to call a reason in a sentence."""
    return CAUSES.get(name, name.replace("_", " "))


def triage_words(found: Triage) -> str:
    """How many visits are usable, and the commonest causes for the rest, in a sentence."""
    total, usable = len(found.visits), found.count(Fitness.USABLE)
    in_part = found.count(Fitness.IN_PART)
    text = f"{usable} of {total} {'visit' if total == 1 else 'visits'} usable"
    if in_part:
        text += f", {in_part} more in part"
    causes: dict[str, int] = {}
    for cause in found.causes:
        words = cause_words(cause.name)
        causes[words] = causes.get(words, 0) + cause.n_visits
    listed = ", ".join(f"{count} {words}" for words, count in causes.items())
    return f"{text}; {listed}" if listed else text


def triage_json(found: Triage) -> str:
    """Write what was found about an archive as JSON, in ASCII."""
    return check_json(
        "archive",
        {
            "source": found.source,
            "n_visits": len(found.visits),
            **{f"n_{fitness.value}": found.count(fitness) for fitness in Fitness},
            "causes": [
                {"name": c.name, "n_visits": c.n_visits, "remedy": c.remedy} for c in found.causes
            ],
            "visits": [_visit(visit) for visit in found.visits],
            "notes": list(found.notes),
            "interrupted": found.interrupted,
            "n_pending": found.pending,
        },
    )


def write_triage(found: Triage, path: Path) -> None:
    """Write one row per visit as CSV; its first columns are called as in the tables of a run.

    Raises
    ------
    OutputError
        It cannot be written. Remedy: in the message.
    """
    rows = []
    for visit in found.visits:
        reasons = "; ".join(f"{reason.name}: {reason.remedy}" for reason in visit.reasons)
        joined = {"photo_ids": ";".join(visit.photo_ids), "reasons": reasons}
        rows.append(_visit(visit) | joined | {"refused_measures": ";".join(visit.refused)})
    write_text_atomic(path, csv_text(pd.DataFrame(rows, columns=list(VISIT_COLUMNS))))


def _visit(visit: VisitChecked) -> dict[str, Any]:
    return {
        "subject_id": visit.subject_id,
        "site": visit.site,
        "view": visit.view,
        "visit_date": visit.visit_date.isoformat(),
        "before_date": None if visit.against is None else visit.against.isoformat(),
        "photo_ids": list(visit.photo_ids),
        "result": visit.fitness.value,
        "reasons": reasons_json(visit.reasons),
        "refused_measures": list(visit.refused),
    }
