"""Capture: what check says about photographs, before anything is measured."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from dermadelta import measures
from dermadelta.config import Config
from dermadelta.domain import (
    CalibratedPhoto,
    Cause,
    Check,
    CheckVerdict,
    Comparability,
    NotAligned,
    NotMeasured,
    PhotoRef,
    QualityReport,
    Regions,
    Scale,
    TreatedArea,
)
from dermadelta.runner import REJECTED, Held, Seen
from dermadelta.stages.calibrate import calibrate
from dermadelta.stages.check import check
from dermadelta.stages.compare import unaligned
from dermadelta.stages.load import load
from dermadelta.stages.region import region

BiasPart = tuple[str, float | NotMeasured]

_ALL = tuple(m.name for m in measures.ALL)
_ALONE = NotMeasured("not held against another photograph")


class Fitness(StrEnum):
    """What a photograph or visit is good for."""

    USABLE = "usable"
    IN_PART = "usable_in_part"
    RETAKE = "retake"
    FAILED = "failed"


@dataclass(frozen=True)
class Reason:
    """Why something is not usable: the name of a check, a gate or a cause, and what to do."""

    name: str
    remedy: str


@dataclass(frozen=True)
class Judged:
    """What was found about a photograph, or about a pair.

    ``checks`` are those of the photographs of the later side, ``gates`` those of the pair.
    ``refused`` names the measures that would be refused, in the order of the catalogue.
    """

    fitness: Fitness
    reasons: tuple[Reason, ...]
    checks: tuple[Check, ...] = ()
    gates: tuple[Check, ...] = ()
    refused: tuple[str, ...] = ()
    bias: tuple[BiasPart, ...] = ()
    bias_index: float | NotMeasured = _ALONE
    remarks: tuple[str, ...] = ()


def see(ref: PhotoRef, config: Config) -> Seen:
    """Look at one photograph on its own, by the stages of a run.

    Raises
    ------
    PhotoError, MaskError
        A file cannot be used. Remedy: in the message.
    """
    photo = load(ref, config.load)
    quality = check(photo, photo.given.get("roi"), config.check)
    if not quality.accepted:
        return Seen(quality, REJECTED, REJECTED)
    found = calibrate(photo, config.calibrate, config.card_values())
    return Seen(quality, found, region(found, TreatedArea.UNKNOWN, None, config.region))


def judge_photo(seen: Seen, config: Config) -> Judged:
    """Judge one photograph on its own.

    Parameters
    ----------
    seen : Seen
        Of the photograph.
    config : Config
        Which checks reject.

    Returns
    -------
    Judged
        ``USABLE`` or ``RETAKE``; where the checks pass they are followed by ``skin`` and ``scale``.
    """
    further = _further(seen)
    reasons = (*rejections(seen.quality, config), *_failed(further))
    fitness = Fitness.RETAKE if reasons else Fitness.USABLE
    return Judged(fitness, reasons, (*seen.quality.checks, *further))


def judge_pair(held: Held, config: Config, n_before: int = 1) -> Judged:
    """Judge the later photographs of a pair against the earlier ones.

    Parameters
    ----------
    held : Held
        The pair.
    config : Config
        Which checks reject.
    n_before : int, optional
        How many of its photographs are of the earlier visit.

    Returns
    -------
    Judged
        ``RETAKE`` where everything would be refused, ``IN_PART`` where some measures would.
    """
    after = held.seen[n_before:]
    checks = tuple(c for seen in after for c in (*seen.quality.checks, *_further(seen)))
    rejected = tuple(reason for seen in after for reason in rejections(seen.quality, config))
    if rejected:
        return Judged(Fitness.RETAKE, rejected, checks, refused=_ALL)
    outcome = held.outcome
    if not isinstance(outcome, Comparability):
        return _not_aligned(outcome, held, checks, config)
    refused = refused_measures(outcome.gates)
    reasons = _failed(gate for gate in outcome.gates if gate.refuses)
    fitness = Fitness.IN_PART if refused else Fitness.USABLE
    return Judged(
        Fitness.RETAKE if refused == _ALL else fitness,
        reasons,
        checks,
        outcome.gates,
        refused,
        outcome.bias,
        outcome.bias_index,
        held.remarks,
    )


def _not_aligned(
    outcome: NotAligned | NotMeasured, held: Held, checks: tuple[Check, ...], config: Config
) -> Judged:
    """A pair that could not be laid over one another; its last reason is called by the cause."""
    found = outcome
    name = outcome.cause.value if isinstance(outcome, NotAligned) else "region"
    if isinstance(found, NotMeasured):
        found = NotAligned(found.reason, Cause.NOT_SEEN)
    photos = [s.photo.photo for s in held.seen if isinstance(s.photo, CalibratedPhoto)]
    gates = unaligned(found, photos, config.compare)
    return Judged(
        Fitness.RETAKE,
        (*_failed(gates[:-1]), Reason(name, _sentence(found.reason))),
        checks,
        gates,
        _ALL,
        bias_index=NotMeasured(found.reason),
        remarks=held.remarks,
    )


def rejections(quality: QualityReport, config: Config) -> tuple[Reason, ...]:
    """Why a photograph is not accepted; empty where it is."""
    if quality.accepted:
        return ()
    found = _failed(c for c in quality.checks if c.name in config.check.rejecting)
    return found or tuple(Reason("unreadable", reason) for reason in quality.reasons)


def refused_measures(gates: Iterable[Check]) -> tuple[str, ...]:
    """Names of the measures that failing gates refuse, in the order of the catalogue."""
    refused = {name for gate in gates if gate.verdict is CheckVerdict.FAIL for name in gate.refuses}
    return tuple(m.name for m in measures.ALL if m.name in refused or "*" in refused)


def _failed(checks: Iterable[Check]) -> tuple[Reason, ...]:
    failed = (item for item in checks if item.verdict is CheckVerdict.FAIL)
    return tuple(Reason(item.name, item.remedy) for item in failed)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:].rstrip(".") + "."


def _further(seen: Seen) -> tuple[Check, ...]:
    """What no check of the stage asks: whether there is a region, its scale, and its colours.

    None rejects a photograph in a run, where a mask or a scale may still be given; but a card that
    was laid into the picture and cannot be used is worth another photograph.
    """
    if isinstance(seen.photo, NotMeasured) or isinstance(seen.regions, NotMeasured):
        return ()
    return _skin(seen.regions), _scale(seen.photo.scale), _colour(seen.photo)


def _skin(regions: Regions) -> Check:
    share = 100.0 * float(regions.usable.mean())
    found = bool(regions.regions)
    verdict = CheckVerdict.PASS if found else CheckVerdict.FAIL
    remedy = "" if found else "No skin was found: come closer, use white light, or give --roi."
    return Check("skin", share, "% of frame", "> 0", verdict, remedy)


def _colour(photo: CalibratedPhoto) -> Check:
    """Whether the colours of a card or chart in the picture can be used."""
    limit, unit = "usable", "ΔE00 left out"
    if isinstance(photo.card, NotMeasured):
        remedy = "No target card or chart: colours are compared with untreated skin alone."
        return Check("colour", photo.card, unit, limit, CheckVerdict.NOT_APPLICABLE, remedy)
    if photo.card.fault:
        reason = NotMeasured(photo.card.fault)
        return Check("colour", reason, unit, limit, CheckVerdict.FAIL, _sentence(photo.card.fault))
    left = photo.colour.residual_de00
    if not photo.colour.absolute:
        grey = photo.card.kind == "grey"
        left = NotMeasured("a grey card has no patches" if grey else "not used in this pair")
    return Check("colour", left, unit, limit, CheckVerdict.PASS, "")


def _scale(scale: Scale | NotMeasured) -> Check:
    if isinstance(scale, Scale):
        return Check("scale", scale.mm_per_px, "mm per px", "known", CheckVerdict.PASS, "")
    verdict = CheckVerdict.NOT_APPLICABLE
    return Check("scale", scale, "mm per px", "known", verdict, _sentence(scale.reason))
