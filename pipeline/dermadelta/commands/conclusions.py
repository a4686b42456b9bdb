"""Conclusions of a whole run: what repeat photographs of all visits say enters every pair."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from dermadelta.batch.ledger import pair_folder
from dermadelta.config import Config
from dermadelta.domain import PairResult
from dermadelta.files.results import write_result
from dermadelta.runner import conclude
from dermadelta.study.repeatability import within_visits


def draw_conclusions(
    out: Path, results: Sequence[PairResult], config: Config
) -> tuple[PairResult, ...]:
    """Intervals and verdicts of all pairs, from what was measured.

    Looks at no photograph: another variance model or more repeat photographs change what follows
    from the same readings.

    Parameters
    ----------
    out : Path
        Folder of the run; a stored result whose conclusions change is written again.
    results : sequence of PairResult
        All pairs of the run, in any order.
    config : Config
        ``estimate`` counts, with its variance model.

    Returns
    -------
    tuple of PairResult
        In the same order.

    Raises
    ------
    ConfigError
        The variance model cannot be used. Remedy: in the message.
    OutputError
        Disk full or no permission. Remedy: in the message.
    """
    within = within_visits(results, config.catalogue())
    concluded = []
    for result in results:
        now = conclude(result, config, within)
        if now != result:
            write_result(pair_folder(out, result.pair.pair_id), now)
        concluded.append(now)
    return tuple(concluded)
