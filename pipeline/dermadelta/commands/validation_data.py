"""Folders of pairs with a truth: measured in place by the ordinary pipeline, and matched."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from dermadelta.batch.discover import discover
from dermadelta.batch.pairing import pair_visits
from dermadelta.batch.tables import TABLE_SUFFIXES, read_table
from dermadelta.commands.progress import Listener
from dermadelta.commands.run import without_results
from dermadelta.commands.validation_pairs import Measured
from dermadelta.commands.work import inspect_photos, keep_inspected, measure_pairs
from dermadelta.config import Config
from dermadelta.errors import InputError
from dermadelta.phantom.cases import HARD_KINDS
from dermadelta.study.truth import REQUIRED, Truth, read_truths


def read_data_truth(source: Path, name: str) -> tuple[Truth, ...]:
    """Read the truth table of a folder.

    Parameters
    ----------
    source : Path
        Holds ``truth.csv`` or ``truth.xlsx``.
    name : str
        Of the data set.

    Raises
    ------
    InputError
        No such folder, no truth in it, or a truth without a column that is needed. Remedy: in
        the message.
    ManifestError
        All bad rows of the table.
    """
    if not source.is_dir():
        raise InputError(
            "there is no such folder",
            remedy="Give a folder with photographs, a manifest and a truth.csv.",
            file=str(source),
        )
    tables = [path for suffix in TABLE_SUFFIXES if (path := source / f"truth{suffix}").is_file()]
    if not tables:
        raise InputError(
            "there is no truth.csv in this folder, so nothing can be held against it",
            remedy="Write one row per pair with pair_id and kind; kind no_change says that nothing"
            " changed. To measure without a truth use `dermadelta run`.",
            file=str(source),
        )
    table = read_table(tables[0])
    if missing := [column for column in REQUIRED if column not in table.columns]:
        raise InputError(
            f"the truth has no column {' and no column '.join(missing)}",
            remedy=f"Give every pair its {' and '.join(REQUIRED)}; `dermadelta phantom` writes a"
            " truth.csv to look at.",
            file=str(tables[0]),
        )
    rows = ((row.line, row.cells) for row in table.rows)
    return read_truths(rows, data_set=name, file=str(tables[0]), hard_kinds=HARD_KINDS)


def measure_data(
    source: Path,
    truths: Sequence[Truth],
    out: Path,
    config: Config,
    *,
    workers: int,
    progress: Listener,
) -> Measured:
    """Measure the pairs of a folder in place, and match them with their truth.

    Parameters
    ----------
    source : Path
        A folder of visits or with a manifest.
    truths : sequence of Truth
        Of all its pairs.
    out : Path
        Gets ``pairs/<pair_id>/``.
    config, workers, progress
        As for a run.

    Raises
    ------
    InputError
        Pairs without truth or truth without its pair, all listed. Remedy: in the message.
    """
    intake = without_results(discover(source), source, out)
    records = inspect_photos(intake.photos, out, config, workers=workers, progress=progress)
    pairing = pair_visits(records, intake.sessions)
    pairs = {pair.pair_id for pair in pairing.pairs}
    _require_match(
        source,
        pairs | {result.pair.pair_id for result in pairing.finished},
        {truth.pair_id for truth in truths},
    )
    keep_inspected(out, records, config)
    work = measure_pairs(
        pairing.pairs, out, config, finished=pairing.finished, workers=workers, progress=progress
    )
    done = tuple(truth for truth in truths if truth.pair_id in work.results)
    return Measured(done, work.results, work.reused, work.pending, {}, work.faults)


def _require_match(source: Path, pairs: set[str], truths: set[str]) -> None:
    """Refuse a folder whose truth is not that of its pairs."""
    problems = [f"the truth names {name}, which is no pair" for name in sorted(truths - pairs)]
    problems += [f"pair {name} has no truth" for name in sorted(pairs - truths)]
    if problems:
        listing = "".join(f"\n  {problem}" for problem in problems)
        raise InputError(
            f"pairs and truth do not match:{listing}\n",
            remedy="Name every pair as `dermadelta run` does: subject, site, view and both dates.",
            file=str(source),
        )
