"""Fit the variance model: synthetic pairs of known truth, on seeds that are never reported."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from dermadelta import __version__
from dermadelta.commands.outputs import library_versions
from dermadelta.commands.overview import Rows
from dermadelta.commands.progress import Listener, silent
from dermadelta.commands.validation_pairs import mark_as_work, measure_plan
from dermadelta.commands.validation_plan import training_plan
from dermadelta.config import Config, measuring_fingerprint
from dermadelta.domain import Evidence, Measure, NotMeasured, PairResult
from dermadelta.errors import UsageError
from dermadelta.files.results import write_text_atomic
from dermadelta.study.scores import STANDARDS
from dermadelta.study.truth import Truth
from dermadelta.variance.fit import LEAST_PAIRS, Known, fit_entry
from dermadelta.variance.model import Entry, VarianceModel
from dermadelta.variance.store import model_text

WORK: Final = Path("reports/variance")
N_PAIRS: Final = 600
MUST_REFUSE: Final = "must_refuse"
SETTINGS_DIGITS: Final = 12
"""So much of a fingerprint tells settings apart."""


@dataclass(frozen=True)
class FitSummary:
    """What a fit came to; ``pending`` pairs are still to be done after an interruption."""

    model: VarianceModel
    path: Path
    n_pairs: int
    reused: int = 0
    pending: int = 0

    @property
    def exit_code(self) -> int:
        """130 after an interruption, else 0."""
        return 130 if self.pending else 0


def fit_variance(
    path: Path,
    config: Config,
    *,
    pairs: int = N_PAIRS,
    seed: int = 0,
    work: Path = WORK,
    workers: int = 1,
    progress: Listener = silent,
) -> FitSummary:
    """Make and measure training pairs, and fit the model on them.

    Parameters
    ----------
    path : Path
        The file to write; an interrupted fit writes none.
    config : Config
        ``estimate`` does not matter: evidence is fitted, not conclusions.
    pairs : int
        How many, at least 1; a measure that is read in fewer than 40 of them without change is
        not fitted.
    seed : int
        Of the training set; it can never draw a pair of a validation.
    work : Path
        Keeps what is measured, so that the next fit need not do it again.
    workers : int
        Processes, at least 1. The model does not depend on it.
    progress : callable
        Told about every finished pair.

    Raises
    ------
    UsageError
        No pairs asked for, or too few to fit any measure. Remedy: in the message.
    OutputError
        A file cannot be written. Remedy: in the message; what is finished is kept.
    """
    plan = training_plan(pairs, seed)
    mark_as_work(work)
    measured = measure_plan(
        plan, work, config, workers=workers, keep_photos=False, progress=progress
    )
    nothing = VarianceModel(name="none", made={}, measures={})
    if measured.pending:
        return FitSummary(nothing, path, len(plan), measured.reused, measured.pending)
    known = known_changes(measured.truths, list(measured.results.values()))
    entries = fit_entries(config.catalogue(), known)
    if not entries:
        raise UsageError(
            f"{pairs} pairs are too few: no measure was read in {LEAST_PAIRS} of them without"
            " change",
            remedy="Ask for 100 or more (--pairs).",
        )
    made: dict[str, str | int] = {
        "command": f"dermadelta fit-variance --pairs {pairs} --seed {seed}",
        # The command cannot name a file of settings that others lack: this tells theirs apart.
        "settings": measuring_fingerprint(config)[:SETTINGS_DIGITS],
        "pairs": pairs,
        "pairs_made": len(measured.results),
        "seed": seed,
        "dermadelta": __version__,
        **library_versions(),
    }
    model = VarianceModel(name=f"phantom-{pairs}-{seed}", made=made, measures=entries)
    write_text_atomic(path, model_text(model))
    return FitSummary(model, path, len(plan), measured.reused)


def known_changes(
    truths: Sequence[Truth], results: Sequence[PairResult]
) -> dict[str, tuple[Known, ...]]:
    """Evidence of every measure with its truth, by measure; pairs to be refused are left out."""
    truth_of = {item.pair_id: item for item in truths if item.difficulty != MUST_REFUSE}
    found: dict[str, list[Known]] = {}
    for result in sorted(results, key=lambda item: item.pair.pair_id):
        truth = truth_of.get(result.pair.pair_id)
        for evidence in result.evidence if truth is not None else ():
            known = None if truth is None else _known(evidence, truth)
            if known is not None:
                found.setdefault(evidence.measure, []).append(known)
    return {name: tuple(items) for name, items in found.items()}


def _known(evidence: Evidence, truth: Truth) -> Known | None:
    standard = STANDARDS.get(evidence.measure)
    if standard is None or isinstance(evidence.plain, NotMeasured):
        return None
    alone = isinstance(evidence.reference, NotMeasured)
    column = standard.alone if alone and standard.alone else standard.truth
    if column not in truth.changes:
        return None
    value = truth.changes[column]
    working = float(np.log1p(value / 100.0)) if standard.unit == "%" else value
    return Known(evidence, working, 0.0, abs(value) > standard.negligible)


def fit_entries(
    catalogue: Iterable[Measure], known: dict[str, tuple[Known, ...]]
) -> dict[str, Entry]:
    """Entries of all measures with enough pairs."""
    fitted = ((item.name, fit_entry(item, known.get(item.name, ()))) for item in catalogue)
    return {name: entry for name, entry in fitted if entry is not None}


def entry_rows(model: VarianceModel) -> Rows:
    """The fitted model for the screen: pairs, factors and what a prediction is worth."""
    columns = ("Measure", "Pairs alone", "Factor", "Pairs corrected", "Factor ", "Per change", "df")
    rows = tuple(
        (
            name,
            str(entry.n_alone),
            f"{entry.alone_factor:.2f}",
            str(entry.n_corrected),
            f"{entry.corrected_factor:.2f}",
            f"{entry.per_change:.3f}",
            f"{entry.prior_df:.0f}",
        )
        for name, entry in model.measures.items()
    )
    return Rows(columns, rows)
