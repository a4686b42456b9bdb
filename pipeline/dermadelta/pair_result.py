"""What is kept of a pair: every figure, and no pixels."""

from __future__ import annotations

import numpy as np

from dermadelta.domain import (
    REFERENCE,
    SCHEMA_VERSION,
    AlignedPhoto,
    Alignment,
    AlignmentSummary,
    CalibrationSummary,
    Carried,
    Check,
    CheckVerdict,
    Comparability,
    Evidence,
    Matched,
    Measure,
    NotMeasured,
    PairRef,
    PairResult,
    PairStatus,
    Picture,
    Read,
    Reading,
    Region,
    RegionSummary,
    Role,
    Scale,
    SkinView,
    StoredReading,
)


def measured_result(
    pair: PairRef,
    *,
    pair_key: str,
    remarks: tuple[str, ...],
    aligned: list[AlignedPhoto],
    carried: Carried,
    comparability: Comparability,
    catalogue: tuple[Measure, ...],
    readings: tuple[Reading, ...],
    matches: tuple[Matched, ...],
    evidence: tuple[Evidence, ...],
    pictures: tuple[Picture, ...],
) -> PairResult:
    """Result of a pair that was read, before conclusions are drawn.

    Parameters
    ----------
    pair : PairRef
    pair_key, remarks
        As in ``PairResult``.
    aligned : list of AlignedPhoto
        All that were measured, the first before photo leading, at least one after photo.
    carried : Carried
    comparability : Comparability
        Of the first after photo.
    catalogue : tuple of Measure
        Gives version and unit of every reading.
    readings, matches, evidence, pictures
        What the stages made of them.

    Returns
    -------
    PairResult
        Without estimates; ``status`` refused where a gate refuses everything or no measure has
        evidence.
    """
    after = next(item for item in aligned if item.role is Role.AFTER)
    if after.alignment is None:
        raise TypeError("an after photo is never the frame of the pair")
    base = aligned[0]
    whole = [g for g in comparability.gates if g.verdict is CheckVerdict.FAIL and "*" in g.refuses]
    measured = not whole and any(not isinstance(item.plain, NotMeasured) for item in evidence)
    return PairResult(
        pair_key=pair_key,
        schema_version=SCHEMA_VERSION,
        pair=pair,
        status=PairStatus.MEASURED if measured else PairStatus.REFUSED,
        reasons=() if measured else _reasons(whole, evidence),
        remarks=remarks,
        before_used=_used(aligned, Role.BEFORE),
        after_used=_used(aligned, Role.AFTER),
        alignment=_alignment_summary(after.alignment),
        scale=carried.views[0].scale,
        colour_source=base.photo.colour.kind,
        calibrations=tuple(calibration_of(item) for item in aligned),
        bias=comparability.bias,
        bias_index=comparability.bias_index,
        gates=comparability.gates,
        regions=_region_summaries(carried, base),
        readings=_stored(readings, catalogue, aligned),
        matches=matches,
        evidence=evidence,
        estimates=(),
        pictures=_listed(pictures),
    )


def unmeasured_result(
    pair: PairRef,
    status: PairStatus,
    reasons: tuple[str, ...],
    nothing: NotMeasured,
    *,
    pair_key: str = "",
    remarks: tuple[str, ...] = (),
    gates: tuple[Check, ...] = (),
    pictures: tuple[Picture, ...] = (),
    calibrations: tuple[CalibrationSummary, ...] = (),
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
    pair_key, remarks, gates
        As in ``PairResult``.
    pictures : tuple of Picture
        What was drawn all the same.
    calibrations : tuple of CalibrationSummary
        What was read of calibration objects.

    Returns
    -------
    PairResult
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
        calibrations=calibrations,
        bias=(),
        bias_index=nothing,
        gates=gates,
        regions=(),
        readings=(),
        matches=(),
        evidence=(),
        estimates=(),
        pictures=_listed(pictures),
    )


def calibration_of(item: AlignedPhoto) -> CalibrationSummary:
    """What is kept of a photo's calibration object."""
    photo = item.photo
    card = None if isinstance(photo.card, NotMeasured) else photo.card
    no = photo.card if isinstance(photo.card, NotMeasured) else NotMeasured("not told by a chart")
    used = photo.colour.kind
    reason = no.reason if card is None else card.fault
    if card is not None and not reason and used == "none":
        reason = "not used, because another photograph of the pair has no usable one"
    left = NotMeasured(reason or "a grey card has no patches to leave out")
    return CalibrationSummary(
        photo_id=photo.photo.ref.photo_id,
        role=item.role,
        kind="none" if card is None else card.kind,
        used=used,
        nominal=card is not None and card.nominal,
        residual_de00=photo.colour.residual_de00 if photo.colour.absolute else left,
        residual_p95_de00=photo.colour.residual_p95_de00 if photo.colour.absolute else left,
        n_patches=photo.colour.n_patches,
        tilt_deg=no if card is None else card.tilt_deg,
        mtf50=no if card is None else card.mtf50,
        reason=reason,
    )


def _listed(pictures: tuple[Picture, ...]) -> tuple[tuple[str, str, str], ...]:
    return tuple((p.name, p.kind, p.caption) for p in pictures)


def _reasons(whole: list[Check], evidence: tuple[Evidence, ...]) -> tuple[str, ...]:
    if whole:
        return tuple(f"{gate.name}: {gate.remedy}" for gate in whole)
    return tuple(dict.fromkeys(item.reason for item in evidence if item.reason))


def _used(aligned: list[AlignedPhoto], role: Role) -> tuple[str, ...]:
    return tuple(item.photo.photo.ref.photo_id for item in aligned if item.role is role)


def _alignment_summary(alignment: Alignment) -> AlignmentSummary:
    return AlignmentSummary(
        rms_px=alignment.rms_px,
        p95_px=alignment.p95_px,
        usable_share=alignment.usable_share,
        area_change=alignment.area_change,
        overlap=alignment.overlap,
        correlation=alignment.correlation,
        inliers=alignment.inliers,
        quarter_turns=alignment.quarter_turns,
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
