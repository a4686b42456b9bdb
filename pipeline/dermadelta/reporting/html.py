"""Pages that need nothing but themselves: no network, and no script to be readable."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from dermadelta.domain import Measure, PairResult, PhotoRecord
from dermadelta.reporting import overview
from dermadelta.reporting.catalogue import INSTALLED, measures_by_name
from dermadelta.reporting.facts import facts, timing
from dermadelta.reporting.figures import HEAT_STOPS, pair_figures
from dermadelta.reporting.sections import page_sections
from dermadelta.reporting.sentences import headline
from dermadelta.reporting.strings import STATUSES, TEXT, day, sentence, spoken
from dermadelta.reporting.views import (
    bias_sentence,
    bias_views,
    change_views,
    check_views,
    is_measured,
    remedies,
)

RUN_PAGE: Final = "report.html"
PAIRS_FOLDER: Final = "pairs"


def pair_page(result: PairResult, folder: Path, *, catalogue: Sequence[Measure] = INSTALLED) -> str:
    """Make the page of one pair.

    Parameters
    ----------
    result : PairResult
        The pair, whatever its status.
    folder : Path
        Holds the pictures that ``result.pictures`` names; one that is missing is said so.
    catalogue : sequence of Measure, optional
        Gives titles and directions; the installed measures by default.

    Returns
    -------
    str
        A whole HTML document with everything inlined.
    """
    measures = measures_by_name(catalogue)
    views = change_views(result, measures)
    sections = page_sections(result, views, measures)
    checks = check_views(result.gates, measures)
    return render_page(
        "pair",
        result=result,
        pair=result.pair,
        status_word=STATUSES[result.status.value],
        is_measured=is_measured(result),
        headline=headline(result, measures),
        timing=timing(result),
        primary=sections.primary,
        sections=sections,
        several_regions=len({view.region for view in views}) > 1,
        remedies=remedies(result),
        checks=checks,
        n_passed=sum(check.verdict == "pass" for check in checks),
        n_decided=sum(check.verdict != "not_applicable" for check in checks),
        bias=bias_views(result),
        bias_sentence=bias_sentence(result),
        facts=facts(result, measures),
        figures=pair_figures(result, folder, measures),
        heat_stops=HEAT_STOPS,
        back=f"../../{RUN_PAGE}" if folder.parent.name == PAIRS_FOLDER else "",
    )


def run_page(
    results: Sequence[PairResult],
    photos: Sequence[PhotoRecord],
    run_info: Mapping[str, Any],
    out: Path,
    *,
    catalogue: Sequence[Measure] = INSTALLED,
) -> str:
    """Make ``report.html``: the whole run on one page.

    Parameters
    ----------
    results : sequence of PairResult
        All pairs, whatever their status.
    photos : sequence of PhotoRecord
        All photographs that were found.
    run_info : mapping
        As in ``run.json``; only what is the same for two equal runs is shown.
    out : Path
        The folder of the run; thumbnails are made of its ``pairs/<pair_id>/``.
    catalogue : sequence of Measure, optional
        Gives titles and directions; the installed measures by default.

    Returns
    -------
    str
        A whole HTML document; it links to the pages and tables beside it.
    """
    measures = measures_by_name(catalogue)
    return render_page("run", **overview.run_view(results, photos, run_info, out, measures))


def render_page(page: str, **values: Any) -> str:
    """Fill the template of a kind of page.

    Parameters
    ----------
    page : str
        ``templates/<page>.html``, with the script ``templates/<page>.js``.
    **values
        What the template names, besides the texts and the script.

    Returns
    -------
    str
        A whole HTML document with everything inlined; it can be written as UTF-8.
    """
    script = f"{page}.js"
    template = _environment().get_template(f"{page}.html")
    text = template.render(t=TEXT, script=script, script_hash=_script_hash(script), **values)
    # File names of other systems may hold half a surrogate pair, which UTF-8 cannot write.
    return text.encode("utf-8", "replace").decode("utf-8")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("dermadelta.reporting"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["day"] = day
    environment.filters["spoken"] = spoken
    environment.filters["sentence"] = sentence
    return environment


@cache
def _script_hash(name: str) -> str:
    """Return the hash by which a page allows its own script, and no other."""
    source = _environment().get_template(name).render()
    digest = hashlib.sha256(source.encode("utf-8")).digest()
    return f"sha256-{base64.b64encode(digest).decode('ascii')}"
