"""The figures to reach, with what was measured beside each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import pandas as pd

from dermadelta.domain import PairStatus
from dermadelta.study.goal_rows import Row, goal_row, is_met, share_row, slope
from dermadelta.study.scores import STANDARDS, Scored
from dermadelta.study.truth import ITA_CLASSES, NO_CHANGE
from dermadelta.study.validation import POWER_LEVELS_PCT, POWER_TOLERANCE_PCT, share

COVERAGE: Final = (0.93, 0.97)
CLASS_COVERAGE: Final = 0.90
WIDTH_PCT: Final = 12.0
FALSE_POSITIVES: Final = 0.05
FALSE_POSITIVES_UPPER: Final = 0.07
POWER: Final = 0.80
POWER_LEVEL_PCT: Final = POWER_LEVELS_PCT[1]
TONE_RATIO: Final = 1.5
SLOPE: Final = (0.95, 1.05)
WHOLE_FACE: Final = "whole_face"
"""Kind of pairs whose relief changes everywhere in the photographs."""
WHOLE_FACE_TOLERANCE_PCT: Final = 7.5
"""A pair of that kind counts when its relief fell by the level of the power, plus or minus this."""
RECALL: Final = 0.95
PRECISION: Final = 0.90
REAL_RATE: Final = 0.05

AT_MOST: Final[Mapping[str, int]] = {"fuseg_series": 1}
"""Real data sets of so few pairs that a count says more than a rate."""

REDNESS_OR_AREA: Final = "redness_or_area"
_REDNESS_OR_AREA: Final = ("redness", "scar_area", "scar_share")

TEXTURE: Final = "texture"
"""Stands for roughness, with or without a scale."""

TEXTURE_OR_REDNESS: Final = "texture_or_redness"
_TEXTURE_OR_REDNESS: Final = ("roughness", "roughness_unscaled", "redness")

DIFFUSE: Final = "diffuse"
"""Kind of pairs whose redness changes everywhere in the photographs."""
_ABSOLUTE: Final = ("target", "chart")
"""What in a photograph makes its colours known without untreated skin."""
_REDNESS: Final = ("redness", "redness_lab")
_ON_EVERY_TONE: Final = ("roughness", *_REDNESS)

_STATUSES: Final = (PairStatus.MEASURED, PairStatus.REFUSED, PairStatus.FAILED)

ENOUGH_FOR_COVERAGE: Final = 50
"""Below, two pairs more or less move the share by more than the goal is wide."""
ENOUGH: Final = 20
"""Of anything else, fewer say too little."""

GOAL_COLUMNS: Final = (
    "data_set", "origin", "goal", "measure", "target", "value", "low", "high", "unit", "n",
    "met", "remark",
)  # fmt: skip


def build_goals(scored: Scored) -> pd.DataFrame:
    """Hold every goal against what was measured.

    Parameters
    ----------
    scored : Scored
        As from ``score``.

    Returns
    -------
    DataFrame
        A row per data set, goal and measure with the columns ``GOAL_COLUMNS``. ``met`` is yes,
        no or too_few_pairs; shares are 0..1 with their exact 95 % interval. A goal of which a
        data set holds no pair has no row.
    """
    rows: list[Row] = []
    for (data_set, origin), pairs in scored.pairs.groupby(["data_set", "origin"], sort=False):
        scores = scored.scores
        scores = scores[(scores["data_set"] == data_set) & (scores["origin"] == origin)]
        place = {"data_set": data_set, "origin": origin}
        found = _real(str(data_set), pairs, scores) if origin == "real" else _known(pairs, scores)
        rows += [place | row for row in found]
    return pd.DataFrame(rows, columns=list(GOAL_COLUMNS))


def _known(pairs: pd.DataFrame, scores: pd.DataFrame) -> Iterator[Row]:
    """Goals of pairs whose truth is known to the last digit."""
    yield from _coverage(scores)
    yield from _class_coverage(scores)
    yield from _width(scores)
    yield from _false_positives(pairs)
    yield from _power(scores)
    yield from _slope(scores)
    yield from _whole_face(scores)
    yield from _same_on_every_tone(scores)
    yield from _nothing_to_hold_against(scores)
    yield from _refusals(pairs)


def _coverage(scores: pd.DataFrame) -> Iterator[Row]:
    low, high = COVERAGE
    for name in STANDARDS:
        covered = scores[scores["measure"] == name]["covered"].dropna()
        n, hits = len(covered), int(covered.sum())
        if not n:
            continue
        value = hits / n
        met = is_met(low <= value <= high, enough=n >= ENOUGH_FOR_COVERAGE)
        width = "wide" if value > high else "narrow"
        remark = f"intervals are too {width}" if met == "no" else ""
        target = f"{100 * low:.0f} to {100 * high:.0f} % of 95 % intervals hold the truth"
        yield share_row("coverage", target, hits, n, met, measure=name, remark=remark)


def _class_coverage(scores: pd.DataFrame) -> Iterator[Row]:
    """The worst class of skin tone that has enough pairs."""
    target = f"at least {100 * CLASS_COVERAGE:.0f} % in every class of skin tone"
    for name in STANDARDS:
        own = scores[(scores["measure"] == name) & scores["covered"].notna()]
        counts = [
            (tone.replace("_", " "), int(cells.sum()), len(cells))
            for tone in ITA_CLASSES
            if len(cells := own["covered"][own["ita_class"] == tone])
        ]
        if not counts:
            continue
        large = [item for item in counts if item[2] >= ENOUGH_FOR_COVERAGE]
        small = ", ".join(item[0] for item in counts if item not in large)
        left_out = f"fewer than {ENOUGH_FOR_COVERAGE} pairs: {small}" if small else ""
        if not large:
            few = goal_row("coverage_by_tone", target, "too_few_pairs", len(own), None)
            yield few | {"measure": name, "remark": left_out}
            continue
        worst, hits, n = min(large, key=lambda item: item[1] / item[2])
        remark = f"lowest class: {worst}" + (f"; {left_out}" if left_out else "")
        met = is_met(hits / n >= CLASS_COVERAGE, enough=True)
        yield share_row("coverage_by_tone", target, hits, n, met, measure=name, remark=remark)


def _rig_texture(scores: pd.DataFrame) -> pd.DataFrame:
    """Texture with a scale, on a rig, photographed as good practice asks."""
    return scores[
        (scores["measure"] == "roughness")
        & (scores["setup"] == "rig")
        & (scores["difficulty"] == "ordinary")
    ]


def _width(scores: pd.DataFrame) -> Iterator[Row]:
    widths = _rig_texture(scores)["width"].dropna()
    if widths.empty:
        return
    value, n = float(widths.median()), len(widths)
    yield goal_row(
        "interval_width",
        f"median at most {WIDTH_PCT:.0f} points, on a rig",
        is_met(value <= WIDTH_PCT, enough=n >= ENOUGH),
        n,
        value,
        low=float(widths.quantile(0.25)),
        high=float(widths.quantile(0.75)),
        unit="points",
        measure="roughness",
    )


def _false_positives(pairs: pd.DataFrame) -> Iterator[Row]:
    still = pairs[(pairs["kind"] == NO_CHANGE) & (pairs["n_primary"] > 0)]
    n = len(still)
    if not n:
        return
    better, worse = still["primary_improved"] != "", still["primary_worsened"] != ""
    hits = int((better | worse).sum())
    found = share(hits, n)
    holds = found["share"] <= FALSE_POSITIVES and found["share_high"] <= FALSE_POSITIVES_UPPER
    yield share_row(
        "false_positives",
        f"at most {100 * FALSE_POSITIVES:.0f} % of pairs without change called changed, upper"
        f" limit at most {100 * FALSE_POSITIVES_UPPER:.0f} %",
        hits,
        n,
        is_met(holds, enough=share(0, n)["share_high"] <= FALSE_POSITIVES_UPPER),
        measure="any_primary",
        remark=f"{int(better.sum())} as improved, {int(worse.sum())} as worsened",
    )


def _power(scores: pd.DataFrame) -> Iterator[Row]:
    own = _rig_texture(scores)
    own = own[(own["relief_change_pct"] + POWER_LEVEL_PCT).abs() <= POWER_TOLERANCE_PCT]
    n = len(own)
    if not n:
        return
    hits, missing = int((own["direction"] == "improved").sum()), int(own["changed"].isna().sum())
    yield share_row(
        "power",
        f"at least {100 * POWER:.0f} % of {POWER_LEVEL_PCT:.0f} % texture changes found, on a rig"
        " with a scale",
        hits,
        n,
        is_met(hits >= POWER * n, enough=n >= ENOUGH),
        measure="roughness",
        remark=f"{missing} not measured count as missed" if missing else "",
    )


def _slope(scores: pd.DataFrame) -> Iterator[Row]:
    """By how much the measured texture moves when the true one does; 1 is neither more nor less.

    Over ordinary pairs whose relief changed.
    """
    own = scores[
        (scores["measure"] == "roughness")
        & (scores["difficulty"] == "ordinary")
        & (scores["relief_change_pct"].fillna(0.0) != 0.0)
        & scores["estimate"].notna()
    ]
    found = slope(own["truth"].to_numpy(), own["estimate"].to_numpy())
    if found is None:
        return
    low, high = SLOPE
    yield goal_row(
        "slope",
        f"measured texture moves {low:g} to {high:g} times as much as the true one",
        is_met(low <= found.value <= high, enough=len(own) >= ENOUGH),
        len(own),
        found.value,
        low=found.low,
        high=found.high,
        unit="times",
        measure="roughness",
    )


def _whole_face(scores: pd.DataFrame) -> Iterator[Row]:
    """Texture that falls all over the face, with no untreated skin in the photographs, on a rig."""
    own = scores[
        scores["measure"].isin(["roughness", "roughness_unscaled"])
        & (scores["kind"] == WHOLE_FACE)
        & (scores["setup"] == "rig")
        & ((scores["relief_change_pct"] + POWER_LEVEL_PCT).abs() <= WHOLE_FACE_TOLERANCE_PCT)
    ]
    covered = own["covered"].dropna()
    n, hits = len(covered), int(covered.sum())
    if not n:
        return
    mean, true = own["estimate"].mean(), own["truth"][own["estimate"].notna()].mean()
    yield share_row(
        "whole_face",
        f"at least {100 * CLASS_COVERAGE:.0f} % of intervals hold the truth where the whole face"
        f" became about {POWER_LEVEL_PCT:.0f} % smoother, on a rig",
        hits,
        n,
        is_met(hits >= CLASS_COVERAGE * n, enough=n >= ENOUGH),
        measure=TEXTURE,
        remark=f"mean change measured {mean:.1f} %, true {true:.1f} %",
    )


def _same_on_every_tone(scores: pd.DataFrame) -> Iterator[Row]:
    """Mean size of the errors in the worst class of skin tone against that in the best."""
    target = f"worst class of skin tone at most {TONE_RATIO:g} times the best"
    for name in _ON_EVERY_TONE:
        own = scores[(scores["measure"] == name) & scores["error"].notna()]
        if own.empty:
            continue
        unit = str(own["unit"].iloc[0])
        errors = {tone: own["error"][own["ita_class"] == tone].abs() for tone in ITA_CLASSES}
        means = {tone: float(e.mean()) for tone, e in errors.items() if len(e) >= ENOUGH}
        small = [tone.replace("_", " ") for tone, e in errors.items() if 0 < len(e) < ENOUGH]
        left_out = f"fewer than {ENOUGH} pairs: {', '.join(small)}" if small else ""
        if len(means) < 2:
            few = goal_row("error_by_tone", target, "too_few_pairs", len(own), None, unit="times")
            yield few | {"measure": name, "remark": left_out}
            continue
        worst, best = max(means, key=lambda tone: means[tone]), min(means, key=lambda t: means[t])
        value = means[worst] / means[best]
        said = (f"{word}: {tone.replace('_', ' ')}, {means[tone]:.2f} {unit}"
                for word, tone in (("worst", worst), ("best", best)))  # fmt: skip
        remark = "; ".join((*said, *([left_out] if left_out else [])))
        met = is_met(value <= TONE_RATIO, enough=True)
        yield goal_row("error_by_tone", target, met, len(own), value, unit="times", measure=name,
                    remark=remark)  # fmt: skip


def _nothing_to_hold_against(scores: pd.DataFrame) -> Iterator[Row]:
    """Redness that changes everywhere, and neither untreated skin nor a card is in the photos."""
    unknown = (scores["kind"] == DIFFUSE) & ~scores["in_photo"].isin(_ABSOLUTE)
    for name in _REDNESS:
        own = scores[unknown & (scores["measure"] == name)]
        if own.empty:
            continue
        n, hits = len(own), int(own["estimate"].isna().sum())
        yield share_row(
            "diffuse_redness",
            "diffuse redness without untreated skin or target: not measured, always",
            hits,
            n,
            is_met(hits == n, enough=n >= ENOUGH or hits < n),
            measure=name,
        )


def _refusals(pairs: pd.DataFrame) -> Iterator[Row]:
    must = pairs["difficulty"] == "must_refuse"
    refused = pairs["status"] == PairStatus.REFUSED.value
    both = int((must & refused).sum())
    if not must.any():
        return
    for goal, limit, among, target in (
        ("refusal_recall", RECALL, must, "of pairs that must be refused are refused"),
        ("refusal_precision", PRECISION, refused, "of refused pairs had to be refused"),
    ):
        n = int(among.sum())
        if n:
            words = f"at least {100 * limit:.0f} % {target}"
            met = is_met(both >= limit * n, enough=n >= ENOUGH)
            yield share_row(goal, words, both, n, met)


def _real(data_set: str, pairs: pd.DataFrame, scores: pd.DataFrame) -> Iterator[Row]:
    """What real photographs can tell: how often nothing is called something, by measure.

    A pair that was refused was not called changed; the remark counts such pairs.
    """
    still = pairs[pairs["no_change"]]
    if still.empty:
        return
    called = (still["primary_improved"] != "") | (still["primary_worsened"] != "")
    n, hits = int((still["n_primary"] > 0).sum()), int(called.sum())
    own = scores[scores["no_change"]]
    if data_set in AT_MOST:
        yield _count_goal(AT_MOST[data_set], still, own)
    else:
        yield _real_goal("any_primary", hits, n, len(still))
    by_name = {name: own[own["measure"] == name] for name in STANDARDS}
    for name, part in (
        (TEXTURE_OR_REDNESS, own[own["measure"].isin(_TEXTURE_OR_REDNESS)]),
        *(by_name.items()),
    ):
        # Of several measures of a pair, one that is called changed is enough.
        changed = part[part["changed"].notna()].groupby("pair_id")["changed"].any()
        if len(changed):
            yield _real_goal(name, int(changed.sum()), len(changed), part["pair_id"].nunique())


def _count_goal(most: int, still: pd.DataFrame, own: pd.DataFrame) -> Row:
    """How many of a few pairs were called changed in redness or area; none may have failed."""
    called = own["measure"].isin(_REDNESS_OR_AREA) & own["changed"].fillna(value=False)
    n, hits = len(still), int(own["pair_id"][called].nunique())
    counts = still["status"].value_counts()
    measured, refused, failed = (int(counts.get(status.value, 0)) for status in _STATUSES)
    return share_row(
        "real_no_change",
        f"at most {most} of {n} called changed in redness or area, or refused; none failed",
        hits,
        n,
        is_met(hits <= most and not failed, enough=True),
        measure=REDNESS_OR_AREA,
        remark=f"{measured} measured, {refused} refused, {failed} failed of {n}",
    )


def _real_goal(measure: str, hits: int, n: int, n_all: int) -> Row:
    holds = n == 0 or share(hits, n)["share_low"] <= REAL_RATE
    return share_row(
        "real_no_change",
        f"called changed no more often than a rate of {100 * REAL_RATE:.0f} % allows (lower limit)",
        hits,
        n,
        is_met(holds, enough=n > 0),
        measure=measure,
        remark=f"{hits} of {n} called changed; {n_all - n} of {n_all} pairs not measured",
    )
