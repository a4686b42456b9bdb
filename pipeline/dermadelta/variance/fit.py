"""Fit: coefficients of the model from pairs whose true change is known.

The likelihood is Student's t, whose tails let a few wild pairs be wild. What the fit leaves over is
set right by a conformal factor from pairs that it has not seen (cross-fitting), so that intervals
hold as many truths as they promise whatever the shape of the errors.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq, minimize
from scipy.stats import t as student

from dermadelta.domain import Evidence, Measure, NotMeasured
from dermadelta.kernels.statistics import Z95
from dermadelta.variance.model import BASE, GUESS, SAMPLING, Entry, features, predict
from dermadelta.variance.nuisances import NUISANCES

Floats = NDArray[np.float64]

LEAST_PAIRS = 40
"""Fewer pairs of known truth fit nothing."""

LEAST_ALONE = 30
"""So many of them without untreated skin can judge a model that others help to fit: the factor is
then the largest error among them."""

LEAST_CHANGED = 10
"""So many pairs made to change say something about what a change adds; below 19 of them the largest
error decides."""

_TAIL_DF = 5.0
"""Degrees of freedom of the likelihood."""

_SPARSE = 2.0
"""Cost, in log likelihood, of a nuisance that explains the whole variance: idle ones stay at 0."""

_FREE = (BASE, SAMPLING)

_GIVEN = ("elsewhere", "drawn", "clipping")
"""Nuisances of which synthetic pairs can teach nothing: their untreated skin lies around the
region, and their drawn outlines are exact. The guess, from published figures, stands."""

_FOLDS = 20
"""With few folds the model that is judged lacks many pairs, and looks worse than the one kept."""

_SKIN = (BASE, SAMPLING, "noise_level", "softness")
"""What untreated skin's own variance may depend on; all else it shares with the region."""

_BOUNDS: Mapping[str, tuple[float, float]] = {
    SAMPLING: (1.0, 2.0),
    "blur": (0.0, 1.0),
    "blur_error": (0.0, 4.0),
    "edge": (0.0, 1.0),
    "scale": (0.0, 4.0),
    "outline": (0.01, 2.0),
}
"""Nuisances that are variances already need no more than about themselves; what they leave over
belongs to what explains it, or to the base. The bootstrap's variance is there whatever else is."""


@dataclass(frozen=True)
class Known:
    """Evidence whose true changes are known, in the working domain.

    ``truth`` is of the region (against untreated skin for difference measures that are corrected
    by it), ``reference_truth`` of the untreated skin. ``changed``: made to change.
    """

    evidence: Evidence
    truth: float
    reference_truth: float
    changed: bool


def fit_entry(measure: Measure, known: Sequence[Known]) -> Entry | None:
    """Coefficients of one measure.

    Parameters
    ----------
    measure : Measure
    known : sequence of Known
        Pairs without a change fit the variance; those with one fit what a change adds.

    Returns
    -------
    Entry or None
        None with fewer than 40 pairs without change.
    """
    known = [_concerning(measure, item) for item in known]
    still = [item for item in known if not item.changed]
    alone = [item for item in still if isinstance(item.evidence.reference, NotMeasured)]
    corrected = [item for item in still if not isinstance(item.evidence.reference, NotMeasured)]
    if len(still) < LEAST_PAIRS:
        return None
    entry = GUESS[measure.change].model_copy(
        update={"version": measure.version, "n_alone": len(alone), "n_corrected": len(corrected)}
    )
    ratios: list[Floats] = []
    if len(alone) >= LEAST_ALONE:
        # The region's own change tells the same whether or not other skin was there to see.
        entry, unseen = _with_factor(measure, entry, alone, corrected, "alone")
        ratios.append(unseen)
    if len(corrected) >= LEAST_PAIRS:
        entry, unseen = _with_factor(measure, entry, corrected, (), "corrected")
        ratios.append(unseen)
    if not ratios:
        return None
    entry = entry.model_copy(update={"prior_df": _prior_df(np.concatenate(ratios))})
    entry = _with_unseen(measure, entry, known)
    return _with_change(measure, entry, [item for item in known if item.changed])


def _concerning(measure: Measure, item: Known) -> Known:
    """Evidence with those nuisances only that concern the measure."""
    kept = tuple(
        (name, value)
        for name, value in item.evidence.nuisances
        if name not in _GIVEN
        and name in NUISANCES
        and NUISANCES[name].concerns & measure.fragile_to
    )
    return replace(item, evidence=replace(item.evidence, nuisances=kept))


def _with_unseen(measure: Measure, entry: Entry, known: Sequence[Known]) -> Entry:
    """Of what no training pair shows (untreated skin elsewhere, ...) the guess is kept."""
    shown = {name for item in known for name, value in item.evidence.nuisances if value > 0.0}
    missing = {
        name
        for name, nuisance in NUISANCES.items()
        if nuisance.concerns & measure.fragile_to and name not in shown
    }
    guess = GUESS[measure.change]
    parts = {
        part: {n: v for n, v in getattr(guess, part).items() if n in missing} | getattr(entry, part)
        for part in ("alone", "own", "skin", "shared")
    }
    return entry.model_copy(update=parts)


def _with_factor(
    measure: Measure, entry: Entry, known: Sequence[Known], more: Sequence[Known], part: str
) -> tuple[Entry, Floats]:
    """Coefficients from all pairs, the conformal factor from pairs that were held out in turn.

    ``more`` helps to fit and is never judged on.
    """
    unseen = np.concatenate(
        [
            _ratios(
                measure,
                _coefficients(
                    measure,
                    entry,
                    [*(k for n, k in enumerate(known) if n % _FOLDS != fold), *more],
                    part,
                ),
                known[fold::_FOLDS],
            )
            for fold in range(_FOLDS)
        ]
    )
    fitted = _coefficients(measure, entry, [*known, *more], part)
    return fitted.model_copy(update={f"{part}_factor": conformal_factor(unseen)}), unseen


def conformal_factor(ratios: Floats) -> float:
    """By how much SDs must grow for 95 % of the errors to lie within 1.96 of them.

    Parameters
    ----------
    ratios : (n,) float64
        Errors of pairs not fitted on, over their predicted SDs.

    Returns
    -------
    float
        The ⌈0.95 (n + 1)⌉-th smallest absolute ratio over 1.96.

    References
    ----------
    Vovk, Gammerman, Shafer 2005, doi:10.1007/b106715; cross-conformal: Vovk 2015,
    doi:10.1007/s10472-013-9368-4.
    """
    ordered = np.sort(np.abs(ratios))
    rank = min(len(ordered), int(np.ceil(0.95 * (len(ordered) + 1))))
    return max(float(ordered[rank - 1]) / Z95, 1e-3)


def _ratios(measure: Measure, entry: Entry, known: Sequence[Known]) -> Floats:
    found = []
    for item in known:
        change = predict(measure, item.evidence, entry)
        if change.sd > 0.0:
            found.append((change.value - _target(measure, item, change.weight)) / change.sd)
    return np.asarray(found, dtype=np.float64)


def _target(measure: Measure, item: Known, weight: float) -> float:
    """What the estimate should be; a difference's truth is against untreated skin already."""
    if measure.change == "difference":
        return item.truth
    return item.truth - weight * item.reference_truth


# --------------------------------------------------------------------------- coefficients


def _coefficients(measure: Measure, entry: Entry, known: Sequence[Known], part: str) -> Entry:
    if part == "alone":
        errors = np.array([_plain(k) - k.truth for k in known])
        names, table = _table(known, reference=False)
        return entry.model_copy(update={"alone": _named(names, _fit_sum(table, errors, names))})
    if measure.change == "difference":
        errors = np.array([_plain(k) - _reference(k) - k.truth for k in known])
        names, table = _table(known, reference=False)
        skin = np.array([k.evidence.reference_sampling for k in known])
        fitted = _fit_sum(table, errors, names, fixed=skin)
        parts = {"own": _named(names, fitted), "skin": {SAMPLING: 1.0}, "shared": {}}
        return entry.model_copy(update=parts)
    return _fit_shared(entry, known)


def _plain(item: Known) -> float:
    value = item.evidence.plain
    if isinstance(value, NotMeasured):
        raise TypeError("only measured changes are fitted")
    return value


def _reference(item: Known) -> float:
    value = item.evidence.reference
    if isinstance(value, NotMeasured):
        raise TypeError("this pair has no untreated skin")
    return value


def _table(known: Sequence[Known], *, reference: bool) -> tuple[list[str], Floats]:
    """Features by name, (n, k): sampling of the region or of the untreated skin.

    Those that no pair shows are left out: nothing can be learnt of them.
    """
    rows = []
    for item in known:
        evidence = item.evidence
        sampling = evidence.reference_sampling if reference else evidence.sampling
        rows.append(features(evidence, sampling))
    every = dict.fromkeys(name for row in rows for name in row)
    names = [n for n in every if not reference or n in _SKIN]
    table = np.array([[row.get(name, 0.0) for name in names] for row in rows])
    seen = np.asarray(table.any(axis=0), dtype=np.bool_)
    return [n for n, there in zip(names, seen, strict=True) if there], table[:, seen]


def _named(names: Sequence[str], values: Floats) -> dict[str, float]:
    return {n: float(f"{v:.6g}") for n, v in zip(names, values, strict=True) if v > 0.0}


def _units(table: Floats, errors: Floats) -> Floats:
    """Size of each coefficient at which it explains the errors alone."""
    typical = float(np.median(errors**2)) / 0.455 + 1e-12
    return np.asarray(typical / np.maximum(table.mean(axis=0), 1e-30))


def _bounds(names: Sequence[str], units: Floats) -> list[tuple[float, float | None]]:
    found: list[tuple[float, float | None]] = []
    for name, unit in zip(names, units, strict=True):
        low, high = _BOUNDS.get(name, (0.0, None))
        found.append((low / unit, None if high is None else high / unit))
    return found


def _toll(names: Sequence[str], n: int) -> Floats:
    """Cost of each coefficient per pair."""
    return np.array([0.0 if name in _FREE else _SPARSE / n for name in names])


def _start(bounds: Sequence[tuple[float, float | None]]) -> Floats:
    even = 0.3 / len(bounds)
    return np.array([max(low, even if high is None else min(high, even)) for low, high in bounds])


def _fit_sum(
    table: Floats, errors: Floats, names: Sequence[str], fixed: Floats | float = 0.0
) -> Floats:
    """Coefficients of a variance that is a sum, (k,)."""
    units = _units(table, errors)
    scaled = table * units
    bounds = _bounds(names, units)
    least = 1e-4 * float(np.median(errors**2)) + 1e-15
    toll = _toll(names, len(errors))

    def cost(x: Floats) -> tuple[float, Floats]:
        variance = scaled @ x + fixed + least
        ratio = errors**2 / (_TAIL_DF * variance)
        value = 0.5 * np.log(variance) + 0.5 * (_TAIL_DF + 1.0) * np.log1p(ratio)
        slope = (0.5 - 0.5 * (_TAIL_DF + 1.0) * ratio / (1.0 + ratio)) / variance
        return float(value.mean() + toll @ x), scaled.T @ slope / len(errors) + toll

    found = minimize(cost, _start(bounds), jac=True, method="L-BFGS-B", bounds=bounds)
    return np.asarray(found.x * units, dtype=np.float64)


def _fit_shared(entry: Entry, known: Sequence[Known]) -> Entry:
    """Own, shared and the untreated skin's variance together, from both changes of each pair."""
    region = np.array([_plain(k) - k.truth for k in known])
    skin = np.array([_reference(k) - k.reference_truth for k in known])
    names, table = _table(known, reference=False)
    skin_names, skin_table = _table(known, reference=True)
    shared_names = [n for n in names if n != SAMPLING]
    shared_table = table[:, [names.index(n) for n in shared_names]]
    tables = (table, skin_table, shared_table)
    units = [_units(table, region), _units(skin_table, skin), _units(shared_table, skin)]
    scaled = [t * u for t, u in zip(tables, units, strict=True)]
    cuts = np.cumsum([len(names), len(skin_names)])
    bounds = [
        *_bounds(names, units[0]),
        *_bounds(skin_names, units[1]),
        *_bounds(shared_names, units[2]),
    ]

    toll = np.concatenate([_toll(n, len(region)) for n in (names, skin_names, shared_names)])

    def cost(x: Floats) -> tuple[float, Floats]:
        own, other, common = (
            s @ part + 1e-9 for s, part in zip(scaled, np.split(x, cuts), strict=True)
        )
        value, slopes = _pair_likelihood(region, skin, own + common, other + common, common)
        parts = (slopes[0], slopes[1], slopes[0] + slopes[1] + slopes[2])
        gradient = [s.T @ p / len(region) for s, p in zip(scaled, parts, strict=True)]
        return value + float(toll @ x), np.concatenate(gradient) + toll

    found = minimize(cost, _start(bounds), jac=True, method="L-BFGS-B", bounds=bounds)
    fitted = [x * u for x, u in zip(np.split(found.x, cuts), units, strict=True)]
    return entry.model_copy(
        update={
            "own": _named(names, fitted[0]),
            "skin": _named(skin_names, fitted[1]),
            "shared": _named(shared_names, fitted[2]),
        }
    )


def _pair_likelihood(
    first: Floats, second: Floats, a: Floats, b: Floats, c: Floats
) -> tuple[float, tuple[Floats, Floats, Floats]]:
    """Negative log likelihood of two errors with variances a and b and covariance c.

    A bivariate t; returns the mean and its slopes by a, b and c.
    """
    det = np.maximum(a * b - c * c, 1e-30)
    size = (b * first**2 - 2.0 * c * first * second + a * second**2) / det
    value = 0.5 * np.log(det) + 0.5 * (_TAIL_DF + 2.0) * np.log1p(size / _TAIL_DF)
    weight = 0.5 * (_TAIL_DF + 2.0) / (_TAIL_DF + size)
    by_a = 0.5 * b / det + weight * (second**2 - size * b) / det
    by_b = 0.5 * a / det + weight * (first**2 - size * a) / det
    by_c = -c / det + weight * (2.0 * c * size - 2.0 * first * second) / det
    return float(value.mean()), (by_a, by_b, by_c)


# --------------------------------------------------------------------------- what is left


def _prior_df(ratios: Floats) -> float:
    """Degrees of freedom of a t that the ratios of errors to SDs follow: how sure a prediction is.

    A t is a normal whose variance is itself uncertain by so many degrees of freedom.
    """
    df, _, _ = student.fit(ratios, floc=0.0)
    return float(f"{np.clip(df, 3.0, 60.0):.3g}")


def _with_change(measure: Measure, entry: Entry, changed: Sequence[Known]) -> Entry:
    """What the size of a change must add for 95 % of the pairs made to change to be held.

    Only pairs in which a change was seen, clear of what is predicted without one: of a change that
    was not seen the size is unknown, and it would have to answer for errors of another cause.
    """
    every = [(predict(measure, item.evidence, entry), item) for item in changed]
    told = [(p, k) for p, k in every if abs(p.value) >= Z95 * p.null_sd]
    if len(told) < LEAST_CHANGED:
        return entry
    errors = np.array([p.value - _target(measure, k, p.weight) for p, k in told])
    variance = np.array([p.null_sd**2 for p, _ in told]) + 1e-15
    size = np.array([p.value**2 for p, _ in told])

    def lacks(share: float) -> float:
        return conformal_factor(errors / np.sqrt(variance + share**2 * size)) - 1.0

    if lacks(0.0) <= 0.0:
        return entry
    share = float(brentq(lacks, 0.0, 1.0, xtol=1e-4)) if lacks(1.0) < 0.0 else 1.0
    # The factor multiplies this part too.
    factor = entry.corrected_factor if entry.n_corrected else entry.alone_factor
    return entry.model_copy(update={"per_change": float(f"{share / factor:.4g}")})
