"""Write what a run leaves behind: tables, workbook, dictionary, pages and run.json."""

from __future__ import annotations

import importlib.metadata
import platform
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dermadelta import __version__
from dermadelta.batch.ledger import pair_folder
from dermadelta.commands.progress import Listener, Progress, silent
from dermadelta.commands.work import PairsDone
from dermadelta.config import Config, config_fingerprint
from dermadelta.domain import SCHEMA_VERSION, PairResult, PairStatus, PhotoRecord
from dermadelta.files.results import (
    remove_file,
    run_info_text,
    write_bytes_atomic,
    write_table,
    write_text_atomic,
)
from dermadelta.reporting.dictionary import data_dictionary
from dermadelta.reporting.html import pair_page, run_page
from dermadelta.reporting.repeatability import repeatability_page
from dermadelta.reporting.tables import build_tables
from dermadelta.reporting.workbook import workbook_bytes
from dermadelta.study.repeatability import (
    REPEATABILITY_COLUMNS,
    repeat_points,
    repeatability_table,
)

REPORT_NAME = "report.html"
REPEATABILITY_NAME = "repeatability.html"
RUN_INFO_NAME = "run.json"

LIBRARIES = ("numpy", "opencv-python", "opencv-python-headless", "pandas", "scikit-image", "scipy")
"""Whose versions a result may depend on; those that are not installed are left out."""


@dataclass(frozen=True)
class RunFacts:
    """What ``run.json`` says beside the results.

    ``seconds`` are wall time per step; ``work`` says how the pairs came about; ``ignored`` are
    files of the input that were passed over, with the cause.
    """

    source: str
    config: Config
    workers: int
    limit: int | None
    started: datetime
    seconds: Mapping[str, float]
    work: PairsDone
    notes: tuple[str, ...]
    ignored: Mapping[str, str] = field(default_factory=dict)


def write_outputs(
    out: Path,
    results: Sequence[PairResult],
    photos: Sequence[PhotoRecord],
    facts: RunFacts,
    *,
    progress: Listener = silent,
) -> None:
    """Write every table and page of a run; ``run.json`` last, as the mark of a whole run.

    Parameters
    ----------
    out : Path
        Folder of the run; ``pairs/<pair_id>/`` below it hold what the pages show.
    results, photos : sequence of PairResult, of PhotoRecord
        Everything that is to stand in the tables.
    facts : RunFacts
        What else ``run.json`` says.
    progress : callable
        Told when the step begins and after every page.

    Raises
    ------
    OutputError
        Disk full or no permission. Remedy: in the message.
    """
    begun = time.perf_counter()
    # An earlier one would vouch for tables that are half its own, half new.
    remove_file(out / RUN_INFO_NAME)
    progress(Progress("report", 0, len(results)))
    catalogue = facts.config.catalogue()
    repeatability = repeatability_table(results, catalogue)
    tables = {**build_tables(results, photos), "repeatability": repeatability}
    for name, table in tables.items():
        write_table(table, out / name)
    dictionary = data_dictionary(tables, more={"repeatability": REPEATABILITY_COLUMNS})
    write_table(dictionary, out / "data_dictionary")
    write_bytes_atomic(
        out / "results.xlsx", workbook_bytes({**tables, "data_dictionary": dictionary})
    )
    for done, result in enumerate(results, start=1):
        folder = pair_folder(out, result.pair.pair_id)
        write_text_atomic(folder / "index.html", pair_page(result, folder))
        progress(Progress("report", done, len(results), name=result.pair.pair_id))
    info = run_info(results, photos, facts)
    write_text_atomic(out / REPORT_NAME, run_page(results, photos, info, out))
    points = repeat_points(results, catalogue)
    # This page is shown to others: where the photographs lie is not for them.
    shown = {name: value for name, value in info.items() if name != "source"}
    write_text_atomic(out / REPEATABILITY_NAME, repeatability_page(repeatability, points, shown))
    info["seconds"]["report"] = round(time.perf_counter() - begun, 3)
    write_text_atomic(out / RUN_INFO_NAME, run_info_text(info))


def run_info(
    results: Sequence[PairResult], photos: Sequence[PhotoRecord], facts: RunFacts
) -> dict[str, Any]:
    """Return the content of ``run.json``: versions, settings, inputs, counts, seconds."""
    return {
        "dermadelta": __version__,
        "schema_version": SCHEMA_VERSION,
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "libraries": library_versions(),
        "source": facts.source,
        "config": facts.config.model_dump(mode="json"),
        "fingerprint": config_fingerprint(facts.config),
        "inputs": {photo.ref.shown_path: photo.ref.sha256 for photo in photos},
        "counts": {
            "photos": len(photos),
            "photos_accepted": sum(photo.quality.accepted for photo in photos),
            "pairs": len(results),
            "reused": facts.work.reused,
            "pending": facts.work.pending,
            **{s.value: sum(r.status is s for r in results) for s in PairStatus},
        },
        "limit": facts.limit,
        "workers": facts.workers,
        "notes": list(facts.notes),
        "ignored": dict(facts.ignored),
        "started": facts.started.isoformat(timespec="seconds"),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": {step: round(value, 3) for step, value in facts.seconds.items()},
        "stage_seconds": {name: round(value, 3) for name, value in facts.work.seconds.items()},
        "faults": dict(facts.work.faults),
    }


def library_versions() -> dict[str, str]:
    """Return the installed versions of the libraries that results may depend on."""
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
