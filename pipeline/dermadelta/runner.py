"""One pair from files to result: the stages in order."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from dermadelta.config import Config
from dermadelta.domain import (
    REFERENCE,
    SCHEMA_VERSION,
    AlignedPhoto,
    Alignment,
    AlignmentSummary,
    CalibratedPhoto,
    Carried,
    Check,
    CheckVerdict,
    Comparability,
    Evidence,
    Measure,
    NotAligned,
    NotMeasured,
    PairRef,
    PairResult,
    PairStatus,
    PhotoRef,
    Picture,
    Read,
    Reading,
    Region,
    Regions,
    RegionSummary,
    Role,
    Scale,
    SkinView,
    StoredReading,
    WithinVisit,
)
from dermadelta.stages.align import align
from dermadelta.stages.calibrate import calibrate
from dermadelta.stages.carry import carry
from dermadelta.stages.compare import compare
from dermadelta.stages.depict import depict
from dermadelta.stages.distinct import distinct
from dermadelta.stages.estimate import estimate
from dermadelta.stages.gather import gather
from dermadelta.stages.load import load, load_mask
from dermadelta.stages.measure import measure
from dermadelta.stages.observe import observe
from dermadelta.stages.region import region


@dataclass(frozen=True, eq=False)
class PairRun:
    """What ``run_pair`` returns: the result to keep, pictures to show, seconds per stage."""

    result: PairResult
    pictures: tuple[Picture, ...]
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
    PhotoError, MaskError
        A file of the pair cannot be used.
    """
    run = _Run(pair, config, pair_key)
    photos = _photos(run)
    aligned = _aligned(run, photos)
    if isinstance(aligned, NotAligned):
        return _refused(run, photos, NotMeasured(aligned.reason))
    aligned = _comparable(run, aligned)
    carried = _observed(run, aligned)
    if isinstance(carried, NotMeasured):
        return _refused(run, aligned, carried)
    return _measured(run, aligned, carried)


# ------------------------------------------------------------------------ up to alignment


def _photos(run: _Run) -> list[AlignedPhoto]:
    """All photos of the pair, not aligned yet, the first before photo leading."""
    refs = [(Role.BEFORE, ref) for ref in run.pair.before]
    refs += [(Role.AFTER, ref) for ref in run.pair.after]
    return [
        AlignedPhoto(*_prepared(run, ref, first=number == 0), role, None)
        for number, (role, ref) in enumerate(refs)
    ]


def _aligned(run: _Run, photos: list[AlignedPhoto]) -> list[AlignedPhoto] | NotAligned:
    """Those photos that show the same skin as the first."""
    base = photos[0]
    aligned = [base]
    refusal = NotAligned("no after photo")
    left_out: list[str] = []
    for item in photos[1:]:
        with run.timed("align"):
            found = align(base.photo, item.photo, base.regions, item.regions, run.config.align)
        if isinstance(found, NotAligned):
            left_out.append(f"{item.photo.photo.ref.photo_id} is left out: {found.reason}")
            refusal = found if item.role is Role.AFTER else refusal
            continue
        aligned.append(replace(item, alignment=found))
    if not any(item.role is Role.AFTER for item in aligned):
        return refusal
    kept, copies = distinct(aligned, run.config.distinct)
    run.remarks.extend((*left_out, *copies))
    return kept


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


def _prepared(run: _Run, ref: PhotoRef, *, first: bool) -> tuple[CalibratedPhoto, Regions]:
    config, pair = run.config, run.pair
    with run.timed("load"):
        photo = load(ref, config.load)
        # The treated area is drawn on the first before photo; the others get it carried.
        given = pair.treated_mask if first else None
        treated = None if given is None else load_mask(given, photo)
    with run.timed("calibrate"):
        calibrated = calibrate(photo, config.calibrate)
    with run.timed("region"):
        regions = region(calibrated, pair.treated_area, treated, config.region)
    return calibrated, regions


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
        readings = measure(carried, catalogue, config.params())
    with run.timed("gather"):
        evidence = gather(
            readings,
            carried,
            gates,
            alignment,
            catalogue,
            _reference_source(aligned[0].regions),
            config.gather,
        )
    with run.timed("depict"):
        pictures = depict(aligned[0], after, carried, readings, catalogue, config.depict)
    whole = [g for g in gates.gates if g.verdict is CheckVerdict.FAIL and "*" in g.refuses]
    measured = not whole and any(not isinstance(item.plain, NotMeasured) for item in evidence)
    reasons = _reasons(whole, evidence) if not measured else ()
    result = PairResult(
        pair_key=run.pair_key,
        schema_version=SCHEMA_VERSION,
        pair=run.pair,
        status=PairStatus.MEASURED if measured else PairStatus.REFUSED,
        reasons=reasons,
        remarks=tuple(run.remarks),
        before_used=_used(aligned, Role.BEFORE),
        after_used=_used(aligned, Role.AFTER),
        alignment=_alignment_summary(alignment),
        scale=carried.views[0].scale,
        colour_source=aligned[0].photo.colour.kind,
        bias_index=gates.bias_index,
        gates=gates.gates,
        regions=_region_summaries(carried, aligned[0]),
        readings=_stored(readings, catalogue, aligned),
        evidence=evidence,
        estimates=(),
        pictures=_listed(pictures),
    )
    with run.timed("estimate"):
        result = conclude(result, config)
    return PairRun(result, pictures, run.seconds)


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


def _listed(pictures: tuple[Picture, ...]) -> tuple[tuple[str, str, str], ...]:
    return tuple((p.name, p.kind, p.caption) for p in pictures)


def _reasons(whole: list[Check], evidence: tuple[Evidence, ...]) -> tuple[str, ...]:
    if whole:
        return tuple(f"{gate.name}: {gate.remedy}" for gate in whole)
    return tuple(dict.fromkeys(item.reason for item in evidence if item.reason))


def _used(aligned: list[AlignedPhoto], role: Role) -> tuple[str, ...]:
    return tuple(item.photo.photo.ref.photo_id for item in aligned if item.role is role)


def _reference_source(regions: Regions) -> Literal["given", "automatic", "none"]:
    reference = regions.reference
    if isinstance(reference, NotMeasured):
        return "none"
    return "given" if reference.source == "given" else "automatic"


def _alignment_summary(alignment: Alignment) -> AlignmentSummary:
    return AlignmentSummary(
        rms_px=alignment.rms_px,
        p95_px=alignment.p95_px,
        overlap=alignment.overlap,
        correlation=alignment.correlation,
        inliers=alignment.inliers,
        method=alignment.method,
        after_to_before=tuple(float(v) for v in alignment.after_to_before.ravel()),
    )


def _region_summaries(carried: Carried, base: AlignedPhoto) -> tuple[RegionSummary, ...]:
    own = base.photo.photo.ref.photo_id
    sources = {item.name: item.source for item in base.regions.regions}
    if isinstance(base.regions.reference, Region):
        sources[REFERENCE] = base.regions.reference.source
    return tuple(
        _region_summary(view, sources[view.region], base.regions.usable.size)
        for view in carried.views
        if view.photo_id == own
    )


def _region_summary(view: SkinView, source: str, frame_px: int) -> RegionSummary:
    pixels = int(np.count_nonzero(view.mask))
    scale = view.scale
    area = pixels * scale.mm_per_px**2 if isinstance(scale, Scale) else scale
    return RegionSummary(view.region, source, pixels / frame_px, area)


def _stored(
    readings: tuple[Reading, ...], catalogue: tuple[Measure, ...], aligned: list[AlignedPhoto]
) -> tuple[StoredReading, ...]:
    records = {item.name: item for item in catalogue}
    dates = {item.photo.photo.ref.photo_id: item.photo.photo.ref.visit_date for item in aligned}
    return tuple(
        StoredReading(
            measure=r.measure,
            version=records[r.measure].version,
            unit=records[r.measure].unit,
            role=r.role,
            photo_id=r.photo_id,
            visit_date=dates[r.photo_id],
            region=r.region,
            value=r.result.value if isinstance(r.result, Read) else r.result,
        )
        for r in readings
    )


def _refused(run: _Run, photos: list[AlignedPhoto], no: NotMeasured) -> PairRun:
    """A pair that could not be laid over one another: both photos as taken, and why."""
    after = next(item for item in photos if item.role is Role.AFTER)
    with run.timed("depict"):
        pictures = depict(photos[0], after, no, (), (), run.config.depict)
    result = unmeasured_result(
        run.pair,
        PairStatus.REFUSED,
        (no.reason,),
        no,
        pair_key=run.pair_key,
        remarks=tuple(run.remarks),
        pictures=_listed(pictures),
    )
    return PairRun(result, pictures, run.seconds)


def unmeasured_result(
    pair: PairRef,
    status: PairStatus,
    reasons: tuple[str, ...],
    nothing: NotMeasured,
    *,
    pair_key: str = "",
    remarks: tuple[str, ...] = (),
    pictures: tuple[tuple[str, str, str], ...] = (),
) -> PairResult:
    """Result of a pair that was refused or failed before anything was read.

    Parameters
    ----------
    pair : PairRef
    status : PairStatus
        Refused or failed.
    reasons : tuple of str
        Cause and remedy, for the reader.
    nothing : NotMeasured
        Stands for every figure that there is not.
    pair_key, remarks, pictures
        As in ``PairResult``.
    """
    return PairResult(
        pair_key=pair_key,
        schema_version=SCHEMA_VERSION,
        pair=pair,
        status=status,
        reasons=reasons,
        remarks=remarks,
        before_used=(),
        after_used=(),
        alignment=nothing,
        scale=nothing,
        colour_source="none",
        bias_index=nothing,
        gates=(),
        regions=(),
        readings=(),
        evidence=(),
        estimates=(),
        pictures=pictures,
    )
