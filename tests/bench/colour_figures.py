"""Figures of the colour bench, each with its goal."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from colour_cards import CardRead
from colour_people import Diffuse, ToneError
from colour_shots import LIGHT, TONES_REFERENCE, TONES_TARGET, Change, Floats, Setting

from dermadelta.study.truth import ITA_CLASSES

ENOUGH = 8
"""Pairs of a class of skin tone, below which its mean error is not compared."""

LEAST_DIFFUSE = 20

UNITS = ("EI", "a*")

ANCHORED = "reference skin brought to one colour (not ours)"


@dataclass(frozen=True)
class Figure:
    """One figure: ``limit`` is the goal in ``unit``, None where there is none."""

    part: str
    figure: str
    value: float | None
    unit: str
    n: int
    limit: float | None = None
    at_least: bool = False
    remark: str = ""

    @property
    def met(self) -> str:
        """Yes, no, or empty where there is no goal or no value."""
        if self.limit is None or self.value is None:
            return ""
        holds = self.value >= self.limit if self.at_least else self.value <= self.limit
        return "yes" if holds else "no"


def figures(
    changes: Sequence[Change],
    cards: Sequence[CardRead],
    errors: Sequence[ToneError],
    diffuse: Sequence[Diffuse],
) -> list[Figure]:
    """All figures, in the order of the report."""
    return [
        *_light(changes),
        *_tones(changes),
        *_by_tone(errors),
        *_diffuse(diffuse),
        *_normalised(changes),
        *_cards(cards),
    ]


# ------------------------------------------------------------------------ lesions


def _of(changes: Sequence[Change], setting: Setting) -> list[Change]:
    return [item for item in changes if item.setting == setting.name]


Reader = Callable[[Change], tuple[float, float]]


def _errors(changes: Sequence[Change], read: Reader, place: int, *, alone: bool = False) -> Floats:
    """Read less true change in one measure."""
    return np.array(
        [read(c)[place] - (c.truth_plain if alone else c.truth)[place] for c in changes]
    )


def _within(changes: Sequence[Change], errors: Floats) -> float | None:
    """SD over the draws of one skin, pooled over skins."""
    people = np.array([item.person for item in changes])
    own = [errors[people == one] for one in sorted(set(people.tolist()))]
    spread = [float(np.var(e, ddof=1)) for e in own if len(e) > 1]
    return float(np.sqrt(np.mean(spread))) if spread else None


def _spread(
    part: str,
    changes: Sequence[Change],
    words: str,
    limits: tuple[float | None, float | None],
    read: Reader,
    *,
    alone: bool = False,
) -> Iterator[Figure]:
    for place, (unit, limit) in enumerate(zip(UNITS, limits, strict=True)):
        if not changes:
            continue
        errors = _errors(changes, read, place, alone=alone)
        refused = sum(bool(item.refused) for item in changes)
        rms = float(np.sqrt(np.mean(errors**2)))
        size = float(np.mean([abs(c.truth[place]) for c in changes]))
        remark = f"mean error {errors.mean():+.2f}, RMS {rms:.2f}, mean change {size:.1f}"
        if refused:
            remark += f"; the gates would refuse {refused} of {len(changes)}"
        yield Figure(
            part, f"SD of the change of redness, {words}", _within(changes, errors), unit,
            len(changes), limit, remark=remark,
        )  # fmt: skip


def _light(changes: Sequence[Change]) -> Iterator[Figure]:
    part, own = "exposure ±0.5 EV, white balance ±12 %, light gradient", _of(changes, LIGHT)
    yield from _spread(part, own, "against reference skin", (0.2, 0.3), lambda c: c.contrast)
    yield from _spread(part, own, ANCHORED, (None, None), lambda c: c.anchored)
    yield from _spread(
        part, own, "the region alone (never reported)", (None, None), lambda c: c.plain, alone=True
    )


def _tones(changes: Sequence[Change]) -> Iterator[Figure]:
    part = "the same with an unknown tone curve and saturation"
    own = _of(changes, TONES_REFERENCE)
    yield from _spread(part, own, "reference skin only", (None, 0.6), lambda c: c.contrast)
    yield from _spread(part, own, ANCHORED, (None, None), lambda c: c.anchored)
    carded = _of(changes, TONES_TARGET)
    used = [item for item in carded if item.used == "target/target"]
    yield from _spread(part, used, "target and reference skin", (None, 0.4), lambda c: c.contrast)
    yield from _spread(
        part, used, "target, the region alone", (None, None), lambda c: c.plain, alone=True
    )
    if carded:
        share = len(used) / len(carded)
        yield Figure(part, "target used for both photos", 100.0 * share, "%", len(carded))


def _normalised(changes: Sequence[Change]) -> Iterator[Figure]:
    part = "share of a true change that is lost"
    own = _of(changes, LIGHT)
    if not own:
        return
    ways: tuple[tuple[str, Reader, float | None], ...] = (
        ("against reference skin", lambda c: c.contrast, 5.0),
        ("gray-world normalisation (not ours)", lambda c: c.grey, None),
        ("normalisation by all skin (not ours)", lambda c: c.skin, None),
    )
    for words, read, limit in ways:
        for place, unit in enumerate(UNITS):
            true = np.array([c.truth[place] for c in own])
            found = np.array([read(c)[place] for c in own])
            lost = 100.0 * (1.0 - float(found @ true) / float(true @ true))
            yield Figure(part, f"{words}, {unit}", lost, "%", len(own), limit)


# ------------------------------------------------------------------------- people


def _by_tone(errors: Sequence[ToneError]) -> Iterator[Figure]:
    part = "redness on every skin tone"
    for source in dict.fromkeys(item.source for item in errors):
        own = [item for item in errors if item.source == source]
        by_class = {
            name: np.abs([e.error for e in own if e.ita_class == name]) for name in ITA_CLASSES
        }
        means = {name: float(e.mean()) for name, e in by_class.items() if len(e) >= ENOUGH}
        told = ", ".join(
            f"{name.replace('_', ' ')} {mean:.2f} ({len(by_class[name])})"
            for name, mean in means.items()
        )
        ratio = max(means.values()) / min(means.values()) if len(means) > 1 else None
        yield Figure(
            part, f"mean error, worst class over best, {source} pairs", ratio, "times", len(own),
            1.5, remark=f"EI by class: {told}" if told else "too few pairs",
        )  # fmt: skip


def _diffuse(found: Sequence[Diffuse]) -> Iterator[Figure]:
    if not found:
        return
    silent = sum(not item.measured and item.status == "read" for item in found)
    wrong = sorted({name for item in found for name in item.measured})
    remark = f"measured all the same: {', '.join(wrong)}" if wrong else ""
    if len(found) < LEAST_DIFFUSE:
        remark = "; ".join(filter(None, (remark, f"fewer than {LEAST_DIFFUSE} pairs")))
    yield Figure(
        "diffuse erythema without reference or target", "every measure of colour not measured",
        100.0 * silent / len(found), "%", len(found), 100.0, at_least=True, remark=remark,
    )  # fmt: skip


# -------------------------------------------------------------------------- cards


def _cards(found: Sequence[CardRead]) -> Iterator[Figure]:
    for printed in dict.fromkeys(item.printed for item in found):
        own = [item for item in found if item.printed == printed]
        part = f"target, {printed}"
        seen = [item for item in own if item.fault != "not found"]
        yield Figure(
            part, "found", 100.0 * len(seen) / len(own), "%", len(own), 98.0, at_least=True
        )
        scales = 100.0 * np.array([c.scale_error for c in seen if c.scale_error is not None])
        nominal = printed == "printed, not measured"
        if len(scales):
            median, p95 = np.percentile(np.abs(scales), (50, 95))
            yield Figure(
                part, "scale error, 95 % below", float(p95), "%", len(scales), 0.5,
                remark=f"median {median:.2f}, mean {scales.mean():+.2f}",
            )  # fmt: skip
        left = np.concatenate([c.residuals for c in seen]) if seen else np.empty(0)
        if len(left):
            goals = (None, None) if nominal else (1.5, 3.0)
            for words, value, limit in (
                ("mean", left.mean(), goals[0]),
                ("95th percentile", np.percentile(left, 95), goals[1]),
            ):
                yield Figure(
                    part, f"ΔE00 of patches left out in turn, {words}", float(value), "ΔE00",
                    len(left), limit,
                )  # fmt: skip
        skin = np.array([c.skin_a for c in seen if c.skin_a is not None])
        if len(skin):
            yield Figure(
                part, "error of a* of the skin beside it, RMS", float(np.sqrt(np.mean(skin**2))),
                "a*", len(skin), remark=f"mean {skin.mean():+.2f}",
            )  # fmt: skip
        changes = _changes_of(seen)
        if len(changes):
            yield Figure(
                part, "error of its change from photo to photo, the region alone, RMS",
                float(np.sqrt(np.mean(changes**2))), "a*", len(changes),
                remark=f"mean {changes.mean():+.2f}",
            )  # fmt: skip
        faults = [c.fault for c in seen if c.fault]
        if faults:
            yield Figure(part, "colours refused", 100.0 * len(faults) / len(own), "%", len(own),
                         remark=faults[0][:120])  # fmt: skip


def _changes_of(seen: Sequence[CardRead]) -> Floats:
    """Errors of a* of the second photo less those of the first: what is common drops out."""
    pairs: dict[tuple[int, int], list[float]] = {}
    for item in seen:
        if item.skin_a is not None:
            pairs.setdefault((item.person, item.draw), []).append(item.skin_a)
    return np.array([both[1] - both[0] for both in pairs.values() if len(both) == 2])
