"""Folders of pairs with a truth: measured in place by the ordinary pipeline, and matched."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from dermadelta.batch.discover import discover
from dermadelta.batch.pairing import pair_visits
from dermadelta.batch.tables import TABLE_SUFFIXES, read_table, repeated
from dermadelta.commands.progress import Listener
from dermadelta.commands.run import without_results
from dermadelta.commands.validation_pairs import PHANTOM, Measured, forget_older_code
from dermadelta.commands.work import inspect_photos, keep_inspected, measure_pairs
from dermadelta.config import Config
from dermadelta.errors import InputError, ManifestError, UsageError
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
        All bad rows of the table, or its columns that stand there twice.
    """
    path = _truth_path(source)
    table = read_table(path)
    if missing := [column for column in REQUIRED if column not in table.columns]:
        raise InputError(
            f"the truth has no column {' and no column '.join(missing)}",
            remedy=f"Give every pair its {' and '.join(REQUIRED)}; `dermadelta phantom` writes a"
            " truth.csv to look at.",
            file=str(path),
        )
    if twice := repeated(table.columns):
        problem = f"line 1: the columns {', '.join(twice)} stand there twice"
        raise ManifestError(str(path), [problem])
    rows = ((row.line, row.cells) for row in table.rows if not row.surplus)
    surplus = [
        f"line {row.line}: {row.surplus} more cells than the header has columns; put a text that"
        " holds the separator in double quotes"
        for row in table.rows
        if row.surplus
    ]
    return read_truths(rows, data_set=name, file=str(path), hard_kinds=HARD_KINDS, problems=surplus)


def _truth_path(source: Path) -> Path:
    """Where the truth table of a folder lies."""
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
    return tables[0]


def refuse_repeated(sources: Sequence[Path]) -> None:
    """Refuse a folder that is given twice, under whatever spelling.

    Raises
    ------
    UsageError
        Its pairs would count twice. Remedy: name it once.
    """
    seen: set[Path] = set()
    for source in sources:
        place = source.resolve()
        if place in seen:
            raise UsageError("this folder is given twice", remedy="Name it once.", file=str(source))
        seen.add(place)


def check_names(sets: Iterable[tuple[Path, Sequence[Truth]]]) -> None:
    """Refuse names under which pairs of different sources would be reported as one set.

    Parameters
    ----------
    sets : iterable of (folder, truths)
        Of distinct folders.

    Raises
    ------
    InputError
        A data set is named like the synthetic one or comes from two folders. Remedy: another
        name in the column ``set``.
    """
    owners: dict[str, Path] = {}
    for source, truths in sets:
        for name in dict.fromkeys(truth.data_set for truth in truths):
            if name.casefold() == PHANTOM:
                problem = f"the name {name!r} is that of the synthetic pairs"
            elif (owner := owners.setdefault(name.casefold(), source)) != source:
                problem = f"the data set {name!r} comes from {owner} too, and sets are not pooled"
            else:
                continue
            raise InputError(
                problem,
                remedy="Give its pairs another name in the column set of the truth.",
                file=str(source),
            )


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
        Gets ``pairs/<pair_id>/``; what older code has measured there is measured anew.
    config, workers, progress
        As for a run.

    Raises
    ------
    InputError
        Pairs without truth or truth without its pair, all listed. Remedy: in the message.
    """
    intake = without_results(discover(source), source, out)
    forget_older_code(out)
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
