"""How a result was made, one labelled line each, and when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dermadelta.domain import AlignmentSummary, Measure, NotMeasured, PairResult, Scale
from dermadelta.reporting.numbers import fixed, significant, with_unit
from dermadelta.reporting.sentences import title
from dermadelta.reporting.strings import (
    COLOUR_SOURCES,
    PHASES,
    REGION_SOURCES,
    SCALE_SOURCES,
    TEXT,
    TREATED,
    region_name,
)
from dermadelta.reporting.tone import tone_line

Measures = Mapping[str, Measure]
Fact = tuple[str, str]


def timing(result: PairResult) -> str:
    """Say when: days apart, sessions in between, days since the last session."""
    pair = result.pair
    apart = (pair.after_date - pair.before_date).days
    parts = [TEXT.days.format(apart) if apart else TEXT.same_day, _sessions(pair.sessions)]
    if pair.days_since_session is not None:
        one = pair.days_since_session == 1
        since = TEXT.since_session_one if one else TEXT.since_session
        parts.append(since.format(pair.days_since_session))
    return " · ".join(parts)


def _sessions(count: int | None) -> str:
    if count is None:
        return TEXT.sessions_unknown
    return TEXT.sessions_one if count == 1 else TEXT.sessions_many.format(count)


def facts(result: PairResult, measures: Measures) -> tuple[Fact, ...]:
    """Say how the result was made, one labelled line each."""
    pair = result.pair
    read = [e for e in result.estimates if not isinstance(e.before, NotMeasured)]
    names = dict.fromkeys(e.measure for e in read)
    versions = {e.measure: e.version for e in result.estimates}
    colour = COLOUR_SOURCES.get(result.colour_source, result.colour_source)
    lines = [
        (TEXT.photos_before, _photos(result.before_used, [p.photo_id for p in pair.before])),
        (TEXT.photos_after, _photos(result.after_used, [p.photo_id for p in pair.after])),
        (TEXT.phase, PHASES[pair.phase.value]),
        (TEXT.timing, timing(result)),
        (TEXT.treated_area, TREATED[pair.treated_area.value]),
        (TEXT.regions, "; ".join(_regions(result))),
        (TEXT.scale, _unless_said(_scale(result.scale), result)),
        (TEXT.colour, colour),
        (TEXT.tone, tone_line(result)),
        (TEXT.alignment, _unless_said(_alignment(result.alignment), result)),
        (TEXT.bias, _unless_said(_bias(result.bias_index), result)),
        (TEXT.versions, ", ".join(f"{title(n, measures)} {versions[n]}" for n in names)),
        (TEXT.schema, str(result.schema_version)),
        (TEXT.key, result.pair_key),
    ]
    return tuple((label, text) for label, text in lines if text)


def _unless_said(text: str, result: PairResult) -> str:
    """Leave out what already stands at the top as the reason of the refusal."""
    return "" if text in result.reasons else text


def _photos(used: Sequence[str], listed: Sequence[str]) -> str:
    return ", ".join(used or listed)


def _regions(result: PairResult) -> list[str]:
    lines = []
    for region in result.regions:
        share = with_unit(significant(100 * region.share_of_frame, 2), "%")
        source = REGION_SOURCES.get(region.source, region.source)
        parts = [f"{region_name(region.name)} ({source})", TEXT.region_share.format(share)]
        if not isinstance(region.area_mm2, NotMeasured):
            parts.append(with_unit(f"{region.area_mm2:.0f}", "mm²"))
        lines.append(", ".join(parts))
    return lines


def _scale(scale: Scale | NotMeasured) -> str:
    if isinstance(scale, NotMeasured):
        return scale.reason
    size = with_unit(significant(scale.mm_per_px), "mm/px")
    spread = with_unit(significant(100 * scale.rel_sd, 2), "%")
    return f"{size} ± {spread} ({SCALE_SOURCES[scale.source]})"


def _alignment(alignment: AlignmentSummary | NotMeasured) -> str:
    if isinstance(alignment, NotMeasured):
        return alignment.reason
    return TEXT.alignment_text.format(
        with_unit(significant(alignment.rms_px, 2), "px"),
        with_unit(significant(alignment.p95_px, 2), "px"),
        with_unit(f"{100 * alignment.overlap:.0f}", "%"),
        alignment.method,
    )


def _bias(bias: float | NotMeasured) -> str:
    if isinstance(bias, NotMeasured):
        return bias.reason
    return TEXT.bias_text.format(fixed(bias, 2, signed=True))
