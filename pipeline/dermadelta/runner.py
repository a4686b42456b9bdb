"""One pair from files to result: the stages in order."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from dermadelta.config import Config
from dermadelta.domain import (
    AlignedPhoto,
    Alignment,
    CalibratedPhoto,
    Carried,
    Cause,
    CheckVerdict,
    Comparability,
    NotAligned,
    NotMeasured,
    PairRef,
    PairResult,
    PairStatus,
    Photo,
    Picture,
    QualityReport,
    Regions,
    Role,
    WithinVisit,
)
from dermadelta.pair_result import calibration_of, measured_result, unmeasured_result
from dermadelta.stages.align import SAME_PICTURE, align
from dermadelta.stages.calibrate import alike, calibrate
from dermadelta.stages.carry import carry
from dermadelta.stages.check import check
from dermadelta.stages.compare import compare, unaligned
from dermadelta.stages.depict import depict
from dermadelta.stages.distinct import distinct
from dermadelta.stages.estimate import estimate
from dermadelta.stages.gather import gather
from dermadelta.stages.load import load, load_mask
from dermadelta.stages.match import match
from dermadelta.stages.measure import measure
from dermadelta.stages.observe import observe
from dermadelta.stages.region import region


@dataclass(frozen=True, eq=False)
class PairRun:
    """What ``run_pair`` returns: the result to keep, pictures to show, seconds per stage.

    ``alignment`` is that of the first after photo, None where there is none.
    """

    result: PairResult
    pictures: tuple[Picture, ...]
    seconds: dict[str, float]
    alignment: Alignment | None = None


REJECTED = NotMeasured("not looked for, because a photograph does not pass its checks")


@dataclass(frozen=True, eq=False)
class Seen:
    """One photograph on its own: its checks, its scale, and where its skin is.

    ``photo`` and ``regions`` are NotMeasured where a check has rejected it, or one beside it.
    """

    quality: QualityReport
    photo: CalibratedPhoto | NotMeasured
    regions: Regions | NotMeasured


@dataclass(frozen=True, eq=False)
class Held:
    """What ``hold_against`` finds: photographs in order, and whether they may be compared."""

    seen: tuple[Seen, ...]
    outcome: Comparability | NotAligned | NotMeasured
    remarks: tuple[str, ...]
    seconds: dict[str, float]


@dataclass(eq=False)
class _Run:
    """One pair on its way: what is known so far."""

    pair: PairRef
    config: Config
    pair_key: str
    seconds: dict[str, float] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - start


def run_pair(pair: PairRef, config: Config, *, pair_key: str) -> PairRun:
    """Measure one pair, or refuse it with reasons.

    Parameters
    ----------
    pair : PairRef
        At least one photo on either side; further ones are repeats.
    config : Config
    pair_key : str
        Kept in the result, so that it can be found done.

    Returns
    -------
    PairRun
        ``status`` refused when no alignment or a gate forbids the comparison.

    Raises
    ------
    PhotoError, MaskError, LandmarkError
        A file of the pair cannot be used.
    """
    run = _Run(pair, config, pair_key)
    photos = _photos(run, _loaded(run))
    aligned = _aligned(run, photos)
    if isinstance(aligned, NotAligned):
        return _refused(run, photos, aligned)
    aligned = _comparable(run, aligned)
    carried = _observed(run, aligned)
    if isinstance(carried, NotMeasured):
        return _refused(run, aligned, NotAligned(carried.reason, Cause.NOT_SEEN))
    return _measured(run, aligned, carried)


def hold_against(pair: PairRef, config: Config) -> Held:
    """Say whether a pair may be compared, by the stages of ``run_pair`` up to its gates.

    Parameters
    ----------
    pair : PairRef
        As for ``run_pair``.
    config : Config

    Returns
    -------
    Held
        The outcome that ``run_pair`` would have, without looking for scars or measuring;
        NotMeasured also where a check rejects one of the photographs.

    Raises
    ------
    PhotoError, MaskError, LandmarkError
        A file of the pair cannot be used.
    """
    without_scars = config.carry.model_copy(update={"scars": False})
    run = _Run(pair, config.model_copy(update={"carry": without_scars}), "")
    loaded = _loaded(run)
    with run.timed("check"):
        reports = [check(p, p.given.get("roi"), config.check) for _, p in loaded]
    if not all(report.accepted for report in reports):
        seen = tuple(Seen(report, REJECTED, REJECTED) for report in reports)
        return Held(seen, REJECTED, (), run.seconds)
    photos = _photos(run, loaded)
    outcome = _outcome(run, photos)
    seen = tuple(Seen(r, p.photo, p.regions) for r, p in zip(reports, photos, strict=True))
    return Held(seen, outcome, tuple(run.remarks), run.seconds)


def _outcome(run: _Run, photos: list[AlignedPhoto]) -> Comparability | NotAligned | NotMeasured:
    aligned = _aligned(run, photos)
    if isinstance(aligned, NotAligned):
        return aligned
    aligned = _comparable(run, aligned)
    carried = _observed(run, aligned)
    if isinstance(carried, NotMeasured):
        return carried
    run.remarks.extend(carried.remarks)
    after = next(item for item in aligned if item.role is Role.AFTER)
    return _gates(run, aligned[0], after, carried)


# ------------------------------------------------------------------------ up to alignment


def _loaded(run: _Run) -> list[tuple[Role, Photo]]:
    """All photos of the pair, the first before photo leading."""
    refs = [(Role.BEFORE, ref) for ref in run.pair.before]
    refs += [(Role.AFTER, ref) for ref in run.pair.after]
    with run.timed("load"):
        return [(role, load(ref, run.config.load)) for role, ref in refs]


def _photos(run: _Run, loaded: list[tuple[Role, Photo]]) -> list[AlignedPhoto]:
    """The same with their scale, colours and regions, not aligned yet."""
    with run.timed("calibrate"):
        values = run.config.card_values()
        photos = [calibrate(photo, run.config.calibrate, values) for _, photo in loaded]
    return [
        AlignedPhoto(photo, _regions(run, photo, first=number == 0), role, None)
        for number, (photo, (role, _)) in enumerate(zip(photos, loaded, strict=True))
    ]


def _aligned(run: _Run, photos: list[AlignedPhoto]) -> list[AlignedPhoto] | NotAligned:
    """Those photos that show the same skin as the first."""
    base = photos[0]
    aligned = [base]
    refusal = NotAligned("no after photo", Cause.NOT_SEEN)
    left_out: list[str] = []
    for item in photos[1:]:
        with run.timed("align"):
            found = align(base.photo, item.photo, base.regions, item.regions, run.config.align)
        if isinstance(found, NotAligned):
            left_out.append(f"{item.photo.photo.ref.photo_id} is left out: {found.reason}")
            refusal = found if item.role is Role.AFTER else refusal
            continue
        regions = base.regions if _needs_no_other(item, found) else item.regions
        aligned.append(replace(item, alignment=found, regions=regions))
    if not any(item.role is Role.AFTER for item in aligned):
        return refusal
    kept, copies = distinct(aligned, run.config.distinct)
    run.remarks.extend((*left_out, *copies))
    return _same_colours(run, kept)


def _same_colours(run: _Run, aligned: list[AlignedPhoto]) -> list[AlignedPhoto]:
    """Photos that are all corrected, or none of which is; one that would spoil this is left out."""
    kept, remarks = alike([(item.role, item.photo) for item in aligned])
    run.remarks.extend(remarks)
    pairs = zip(aligned, kept, strict=True)
    return [replace(item, photo=photo) for item, photo in pairs if photo is not None]


def _needs_no_other(item: AlignedPhoto, found: Alignment) -> bool:
    """Whether the regions of the first photo are those of this one, to the last pixel."""
    own = any(region.source == "given" for region in item.regions.regions)
    return found.method == SAME_PICTURE and not own


def _comparable(run: _Run, aligned: list[AlignedPhoto]) -> list[AlignedPhoto]:
    """The photos to measure: of repeats only those that pass every gate themselves.

    A repeat must make a visit steadier, not spoil it. Where no after photo passes, the first
    stays, so that its gates say what is refused.
    """
    if len(aligned) == 2:
        return aligned
    base = aligned[0]
    failing = {id(item): _failing_gate(run, base, item) for item in aligned[1:]}
    afters = [item for item in aligned if item.role is Role.AFTER]
    spared = None if any(not failing[id(item)] for item in afters) else afters[0]
    kept = [base]
    for item in aligned[1:]:
        if item is spared or not failing[id(item)]:
            kept.append(item)
        else:
            photo_id = item.photo.photo.ref.photo_id
            run.remarks.append(f"{photo_id} is left out: {failing[id(item)]}")
    return kept


def _failing_gate(run: _Run, base: AlignedPhoto, item: AlignedPhoto) -> str:
    """Why a photo may not be held against the first before photo; empty when it may."""
    carried = _observed(run, [base, item])
    if isinstance(carried, NotMeasured):
        return carried.reason
    gates = _gates(run, base, item, carried).gates
    failed = (g for g in gates if g.verdict is CheckVerdict.FAIL and g.refuses)
    return next((f"{gate.name}: {gate.remedy}" for gate in failed), "")


def _observed(run: _Run, aligned: list[AlignedPhoto]) -> Carried | NotMeasured:
    with run.timed("carry"):
        carried = carry(aligned, run.config.carry)
    if isinstance(carried, NotMeasured):
        return carried
    with run.timed("observe"):
        return observe(carried, aligned, run.config.observe)


def _gates(run: _Run, base: AlignedPhoto, item: AlignedPhoto, carried: Carried) -> Comparability:
    if item.alignment is None:
        raise TypeError("only the first before photo has no alignment")
    with run.timed("compare"):
        return compare(
            run.pair, base.photo, item.photo, item.alignment, carried, run.config.compare
        )


def _regions(run: _Run, photo: CalibratedPhoto, *, first: bool) -> Regions:
    # The treated area is drawn on the first before photo; the others get it carried.
    given = run.pair.treated_mask if first else None
    treated = None if given is None else load_mask(given, photo.photo)
    with run.timed("region"):
        return region(photo, run.pair.treated_area, treated, run.config.region)


# ----------------------------------------------------------------------- from views on


def _measured(run: _Run, aligned: list[AlignedPhoto], carried: Carried) -> PairRun:
    config = run.config
    run.remarks.extend(carried.remarks)
    after = next(item for item in aligned if item.role is Role.AFTER)
    alignment = after.alignment
    if alignment is None:
        raise TypeError("an after photo is never the frame of the pair")
    gates = _gates(run, aligned[0], after, carried)
    catalogue = config.catalogue()
    with run.timed("measure"):
        readings = measure(carried, catalogue, config.params(), config.measure)
    with run.timed("match"):
        matches = match(readings, aligned, carried, catalogue, config.match)
    with run.timed("gather"):
        evidence = gather(
            readings,
            carried,
            gates,
            alignment,
            catalogue,
            aligned[0].regions.reference_source,
            config.gather,
        )
    with run.timed("depict"):
        pictures = depict(aligned[0], after, carried, readings, catalogue, config.depict)
    result = measured_result(
        run.pair,
        pair_key=run.pair_key,
        remarks=tuple(run.remarks),
        aligned=aligned,
        carried=carried,
        comparability=gates,
        catalogue=catalogue,
        readings=readings,
        matches=matches,
        evidence=evidence,
        pictures=pictures,
    )
    with run.timed("estimate"):
        result = conclude(result, config)
    return PairRun(result, pictures, run.seconds, alignment)


def conclude(result: PairResult, config: Config, within: Sequence[WithinVisit] = ()) -> PairResult:
    """Draw the conclusions of a measured pair again; looks at no photograph.

    Parameters
    ----------
    result : PairResult
        Measured under the same settings but for ``estimate``.
    config : Config
        ``estimate`` counts, with its variance model.
    within : sequence of WithinVisit
        Spread of the repeat photographs of the whole input.

    Returns
    -------
    PairResult
        With the estimates that follow from its evidence.

    Raises
    ------
    ConfigError
        The variance model cannot be used. Remedy: in the message.
    """
    if not result.evidence:
        return result
    return replace(
        result,
        estimates=estimate(
            result.evidence, within, config.variance(), config.catalogue(), config.estimate
        ),
    )


def _refused(run: _Run, photos: list[AlignedPhoto], found: NotAligned) -> PairRun:
    """A pair that could not be laid over one another: both photos as taken, and why."""
    after = next(item for item in photos if item.role is Role.AFTER)
    no = NotMeasured(found.reason)
    with run.timed("depict"):
        pictures = depict(photos[0], after, no, (), (), run.config.depict)
    result = unmeasured_result(
        run.pair,
        PairStatus.REFUSED,
        (no.reason,),
        no,
        pair_key=run.pair_key,
        remarks=tuple(run.remarks),
        gates=unaligned(found, [item.photo.photo for item in photos], run.config.compare),
        pictures=pictures,
        calibrations=tuple(calibration_of(item) for item in photos),
    )
    return PairRun(result, pictures, run.seconds)
