"""The model itself: coefficients per measure, and the variance that they predict.

A change of the region is the skin's own plus what the photographs did: a part that it shares with
untreated skin of the same photographs (the lamp, the lens, the exposure), and a part of its own.
Untreated skin shows the shared part, and has noise of its own. Every variance is a sum of
coefficients times nuisances, times the bootstrap's sampling variance, times 1 (``base``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Self

import numpy as np
from pydantic import Field, model_validator

from dermadelta.domain import Evidence, Measure, NotMeasured, Settings, WithinVisit
from dermadelta.variance.nuisances import NUISANCES

FORMAT = 1
"""Version of the file's form; a file of another form is refused."""

BASE, SAMPLING = "base", "sampling"
"""Names of the coefficients of 1 and of the sampling variance."""

LEAST_SAMPLING = 0.5
"""No model may take away more of the bootstrap's variance: an interval would be too sure."""

PER_PHOTO = frozenset(
    {
        *("tilt", "zoom", "edge", "mismatch", "blur", "blur_error", "blur_unknown", "softness"),
        *("noise", "noise_level", "compression", "outline", "drawn"),
    }
)
"""Nuisances that are drawn anew with every photograph; all others a visit has in common."""

Coefficients = Mapping[str, float]


class Entry(Settings):
    """What is known of one measure.

    ``alone`` holds where there is no untreated skin. Otherwise ``own`` and ``shared`` make the
    variance of the region's change and ``skin`` and ``shared`` that of the untreated skin's. The
    factors multiply predicted SDs so that intervals hold 95 % (conformal). ``per_change`` is an
    SD per size of the change, ``prior_df`` says how many degrees of freedom of repeat photographs
    weigh as much as the prediction.
    """

    version: int = Field(ge=1)
    alone: dict[str, float]
    own: dict[str, float]
    skin: dict[str, float]
    shared: dict[str, float] = Field(default_factory=dict)
    alone_factor: float = Field(1.0, gt=0.0)
    corrected_factor: float = Field(1.0, gt=0.0)
    per_change: float = Field(0.0, ge=0.0)
    prior_df: float = Field(10.0, gt=0.0)
    n_alone: int = Field(0, ge=0)
    n_corrected: int = Field(0, ge=0)

    @model_validator(mode="after")
    def _can_never_be_certain(self) -> Self:
        for name in ("alone", "own", "skin", "shared"):
            part: dict[str, float] = getattr(self, name)
            if unknown := [key for key in part if key not in (BASE, SAMPLING, *NUISANCES)]:
                raise ValueError(f"{name}: unknown nuisance {', '.join(unknown)}")
            if any(value < 0.0 for value in part.values()):
                raise ValueError(f"{name}: a variance cannot be negative")
            if name != "shared" and part.get(SAMPLING, 0.0) < LEAST_SAMPLING:
                raise ValueError(f"{name}: {SAMPLING} must be {LEAST_SAMPLING:g} or more")
        return self


class VarianceModel(Settings):
    """A fitted model: entries by measure, and where they come from.

    ``made`` says how to make it again (command, seed, pairs, versions).
    """

    format: Literal[1] = 1
    name: str
    made: dict[str, str | int]
    measures: dict[str, Entry]

    def entry(self, measure: Measure) -> Entry:
        """Entry of a measure; a cautious guess where this version of it was never fitted."""
        found = self.measures.get(measure.name)
        if found is not None and found.version == measure.version:
            return found
        return GUESS[measure.change]

    def knows(self, measure: Measure) -> bool:
        """Whether the intervals of this measure come from pairs of known truth."""
        found = self.measures.get(measure.name)
        return found is not None and found.version == measure.version


GUESS: Mapping[str, Entry] = {
    "ratio": Entry(
        version=1,
        alone={
            SAMPLING: 1.0, BASE: 0.09**2, "shading": 1.0, "blur": 1.0, "blur_error": 1.0,
            "blur_unknown": 0.35**2, "softness": 0.13**2, "edge": 0.25, "scale": 4.0,
            "outline": 1.0, "drawn": 1.0, "clipping": 1.0,
        },
        own={
            SAMPLING: 1.0, BASE: 0.03**2, "blur_error": 0.15, "blur_unknown": 0.12**2,
            "softness": 0.03**2, "edge": 0.25, "scale": 4.0, "outline": 1.0, "drawn": 1.0,
            "elsewhere": 1.0, "clipping": 1.0,
        },
        skin={SAMPLING: 1.0, BASE: 0.03**2},
        shared={BASE: 0.09**2, "shading": 1.0},
    ),
    "difference": Entry(
        version=1,
        alone={
            SAMPLING: 1.0, BASE: 3.0**2, "white_balance": 1.0, "exposure": 1.0, "edge": 0.25,
            "clipping": 100.0,
        },
        own={
            SAMPLING: 1.0, BASE: 0.4**2, "contrast": 0.075**2, "white_balance": 0.05**2,
            "edge": 0.25, "elsewhere": 1.0, "clipping": 100.0,
        },
        skin={SAMPLING: 1.0},
        shared={BASE: 3.0**2},
    ),
}  # fmt: skip
"""Stands for a measure that was never fitted. From published figures and the model of light: a
carefully repeated lamp leaves 9 % of texture, reference skin 3 % of it; redness against reference
skin is good to 0.4 EI, and an unknown tone curve scales its contrast by 7.5 %."""


@dataclass(frozen=True)
class Predicted:
    """Estimate of a change in the working domain, with its variance by source.

    ``value`` is ``plain - weight * reference``. ``parts`` sum to the variance of the estimate
    were there no change; ``from_change`` is what the size of the change adds.
    """

    value: float
    weight: float
    parts: Mapping[str, float]
    from_change: float

    @property
    def null_sd(self) -> float:
        """SD of the estimate where nothing changed."""
        return float(np.sqrt(sum(self.parts.values())))

    @property
    def sd(self) -> float:
        """SD of the estimate."""
        return float(np.sqrt(sum(self.parts.values()) + self.from_change))


def variance_of(coefficients: Coefficients, features: Mapping[str, float]) -> dict[str, float]:
    """Variance by source: coefficient times feature, of those that are in both."""
    return {
        name: value * features[name] for name, value in coefficients.items() if name in features
    }


def features(evidence: Evidence, sampling: float) -> dict[str, float]:
    """Return what coefficients multiply: 1, the sampling variance, the nuisances."""
    return {BASE: 1.0, SAMPLING: sampling, **dict(evidence.nuisances)}


def predict(
    measure: Measure,
    evidence: Evidence,
    entry: Entry,
    within: WithinVisit | None = None,
    *,
    least_share: float = 0.25,
) -> Predicted:
    """Estimate of a change and its variance.

    Parameters
    ----------
    measure : Measure
        Ratio measures weigh the correction by untreated skin; others are corrected in full.
    evidence : Evidence
        With a plain change.
    entry : Entry
        Of this measure.
    within : WithinVisit, optional
        Spread of repeat photographs of the same source; shrinks the prediction towards it by its
        degrees of freedom.
    least_share : float
        Repeats never take the prediction below this share: they may have been taken without
        moving anything.

    Returns
    -------
    Predicted
        Of variance 0 for identical pictures.
    """
    if isinstance(evidence.plain, NotMeasured):
        raise TypeError("evidence without a change has nothing to predict")
    plain, reference = evidence.plain, evidence.reference
    if isinstance(reference, NotMeasured):
        value, weight = plain, 0.0
        parts = variance_of(entry.alone, features(evidence, evidence.sampling))
        factor = entry.alone_factor
    else:
        weight, parts = _corrected(measure, evidence, reference, entry)
        value = plain - weight * reference
        factor = entry.corrected_factor
    if evidence.identical and value == 0.0:
        return Predicted(value, weight, {}, 0.0)
    single = {name: factor**2 * part for name, part in parts.items()}
    scaled = _with_repeats(single, weight, evidence, entry, within, least_share)
    return Predicted(value, weight, scaled, (factor * entry.per_change * value) ** 2)


def _corrected(
    measure: Measure, evidence: Evidence, reference: float, entry: Entry
) -> tuple[float, dict[str, float]]:
    """Weight of the reference's change, and variance by source after correction with it.

    The weight is the share of the reference's variance that it has in common with the region, as
    the nuisances tell it. Where the reference moved by more than they explain (a lamp that nobody
    saw turn, a nose that smiles), nobody knows whether the region moved with it: both may be true
    in the same proportion, so the weight stays and the interval widens.
    """
    own = variance_of(entry.own, features(evidence, evidence.sampling))
    shared = variance_of(entry.shared, features(evidence, evidence.sampling))
    skin = variance_of(entry.skin, features(evidence, evidence.reference_sampling))
    noise, common = sum(skin.values()), sum(shared.values())
    unexplained = max(0.0, reference**2 - noise - common)
    if measure.change == "difference":
        weight = 1.0
    else:
        weight = common / (common + noise) if common + noise > 0.0 else 0.0
    left = (1.0 - weight) ** 2
    parts = dict(own)
    for name, part in shared.items():
        parts[name] = parts.get(name, 0.0) + left * part
    # Shared in the proportion w it leaves (1 - w)² w, the reference's own w² (1 - w).
    if (doubt := weight * (1.0 - weight) * unexplained) > 0.0:
        parts["unexplained"] = doubt
    parts["reference"] = weight**2 * noise
    return weight, parts


def _with_repeats(
    parts: Mapping[str, float],
    weight: float,
    evidence: Evidence,
    entry: Entry,
    within: WithinVisit | None,
    least_share: float,
) -> dict[str, float]:
    """Variance by source where visits have repeats, or other visits of the same input do.

    Repeats show what differs from one photograph to the next, and average it; what differs from
    one visit to the next (the lamp, the day, another place as reference) they share.
    """
    visit = {name: part for name, part in parts.items() if name not in PER_PHOTO}
    own = {name: part for name, part in parts.items() if name in PER_PHOTO}
    averaged = 0.5 * (1.0 / max(1, evidence.n_before) + 1.0 / max(1, evidence.n_after))
    if within is None or within.df < 1:
        return visit | {name: averaged * part for name, part in own.items()}
    predicted = sum(own.values())
    shrunk = (entry.prior_df * predicted + within.df * 2.0 * spread_of(within, weight)) / (
        entry.prior_df + within.df
    )
    return visit | {"repeats": averaged * max(shrunk, least_share * predicted)}


def spread_of(within: WithinVisit, weight: float) -> float:
    """Within-visit variance of one photograph whose reading is corrected with a weight."""
    return max(0.0, within.plain - 2.0 * weight * within.shared + weight**2 * within.reference)
