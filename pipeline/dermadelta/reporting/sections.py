"""What stands where on the pair page: main figures, bands of texture, figures for researchers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from dermadelta.domain import Measure, Need, PairResult, Scale
from dermadelta.reporting.sentences import reported
from dermadelta.reporting.views import ChangeView, axis_limits, change_view

Measures = Mapping[str, Measure]

BANDS: Final = ("roughness_fine", "roughness", "roughness_lines", "roughness_scar")
"""The same texture in bands of growing wavelength; one row each in a table of its own."""

MAIN_BAND: Final = "roughness"
"""The band that stands among the main figures too."""

OTHER_SITES: Final = "read on body sites only"
"""How the reason begins where a measure is not meant for the site; nobody misses it there."""


@dataclass(frozen=True)
class MissingView:
    """Measures that were not read for one and the same reason."""

    titles: tuple[str, ...]
    region: str
    reason: str


@dataclass(frozen=True)
class Sections:
    """The changes of a pair in the order of the page.

    ``primary`` are cards at the top, measured ones first, and stand among the others again.
    ``bands`` share one axis and are empty with fewer than two. ``missing`` are those that a
    reader looks for, ``aside`` those for researchers or for other sites.
    """

    primary: tuple[ChangeView, ...]
    main: tuple[ChangeView, ...]
    bands: tuple[ChangeView, ...]
    detail: tuple[ChangeView, ...]
    missing: tuple[MissingView, ...]
    aside: tuple[MissingView, ...]

    @property
    def n_aside(self) -> int:
        """How many measures ``aside`` names."""
        return sum(len(view.titles) for view in self.aside)


def page_sections(result: PairResult, views: Sequence[ChangeView], measures: Measures) -> Sections:
    """Divide all changes of a pair into the sections of its page.

    Parameters
    ----------
    result : PairResult
    views : sequence of ChangeView
        As from ``change_views``.
    measures : mapping of str to Measure

    Returns
    -------
    Sections
        A measure that only stands in for
        another when there is no scale is not missed when there is.
    """
    bands = _bands(result, measures)
    elsewhere = {view.measure for view in bands} - {MAIN_BAND}
    shown = [view for view in views if view.bar is not None and view.measure not in elsewhere]
    gone = [view for view in views if view.bar is None and not _stands_in(view, result, measures)]
    aside = [view for view in gone if _is_aside(view, measures)]
    return Sections(
        primary=tuple(
            sorted(
                (view for view in views if view.primary and (view.bar is not None or view in gone)),
                key=lambda view: view.bar is None,
            )
        ),
        main=tuple(view for view in shown if not _is_detail(view, measures)),
        bands=bands,
        detail=tuple(view for view in shown if _is_detail(view, measures)),
        missing=_by_reason([view for view in gone if view not in aside]),
        aside=_by_reason(aside),
    )


def _is_detail(view: ChangeView, measures: Measures) -> bool:
    """Whether a figure is for researchers; a primary one never is."""
    return not view.primary and view.measure in measures and measures[view.measure].detail


def _is_aside(view: ChangeView, measures: Measures) -> bool:
    return _is_detail(view, measures) or view.reason.startswith(OTHER_SITES)


def _stands_in(view: ChangeView, result: PairResult, measures: Measures) -> bool:
    return (
        isinstance(result.scale, Scale)
        and view.measure in measures
        and Need.NO_SCALE in measures[view.measure].needs
    )


def _bands(result: PairResult, measures: Measures) -> tuple[ChangeView, ...]:
    """Changes in the bands of texture, each region by itself, on one axis for all."""
    order = {name: place for place, name in enumerate(BANDS)}
    found = [
        (estimate, shown)
        for estimate in result.estimates
        if estimate.measure in order
        and (shown := reported(estimate, measures.get(estimate.measure))) is not None
        and shown.unit == "%"
    ]
    regions = list(dict.fromkeys(estimate.region for estimate, _ in found))
    found.sort(key=lambda item: (regions.index(item[0].region), order[item[0].measure]))
    if len({estimate.measure for estimate, _ in found}) < 2:
        return ()
    ((_, limit),) = axis_limits([("", shown) for _, shown in found]).items()
    return tuple(
        change_view(estimate, shown, measures, {(estimate.measure, shown.unit): limit})
        for estimate, shown in found
    )


def _by_reason(views: Sequence[ChangeView]) -> tuple[MissingView, ...]:
    """One entry per region and reason, in the order of their first appearance."""
    groups: dict[tuple[str, str], list[str]] = {}
    for view in views:
        groups.setdefault((view.region, view.reason), []).append(view.title)
    return tuple(
        MissingView(tuple(dict.fromkeys(titles)), region, reason)
        for (region, reason), titles in groups.items()
    )
