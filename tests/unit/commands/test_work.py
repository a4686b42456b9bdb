from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from dermadelta.batch.ledger import pair_folder
from dermadelta.commands import work
from dermadelta.commands.progress import silent
from dermadelta.commands.work import PairsDone, failed_result, measure_pairs
from dermadelta.config import Config
from dermadelta.domain import PairRef, PairResult, PairStatus, Phase, PhotoRef
from dermadelta.files.results import read_pair
from dermadelta.runner import PairRun

DAYS = (date(2026, 1, 1), date(2026, 2, 1))
CONFIG = Config()


@pytest.fixture
def pair() -> PairRef:
    before, after = (
        PhotoRef(f"{day}.jpg", f"{day}.jpg", f"{day}", f"p{day}", "S1", day, Phase.PRE, "cheek", "")
        for day in DAYS
    )
    return PairRef("S1_cheek", "S1", "cheek", "", Phase.PRE, *DAYS, (before,), (after,))


@pytest.fixture(autouse=True)
def measured(monkeypatch) -> list[str]:
    """Take every pair for measured without looking at it; the ids of those that were."""
    seen = []

    def run_pair(pair: PairRef, config: Config, *, pair_key: str) -> PairRun:
        seen.append(pair.pair_id)
        result = replace(failed_result(pair, pair_key, ""), status=PairStatus.MEASURED)
        return PairRun(replace(result, reasons=()), (), {})

    monkeypatch.setattr(work, "run_pair", run_pair)
    return seen


def refused(pair: PairRef, reason: str) -> PairResult:
    """A pair that is finished without measuring: a copy of its photo stands elsewhere."""
    return replace(failed_result(pair, "", reason), status=PairStatus.REFUSED)


def done(out: Path, *pairs: PairRef, finished: tuple[PairResult, ...] = ()) -> PairsDone:
    return measure_pairs(pairs, out, CONFIG, finished=finished, workers=1, progress=silent)


def test_a_pair_that_lost_its_photo_is_stored_as_refused(pair, tmp_path):
    done(tmp_path, pair)
    shown = done(tmp_path, finished=(refused(pair, "misplaced"),)).results[pair.pair_id]
    assert shown.status is PairStatus.REFUSED
    assert read_pair(pair_folder(tmp_path, pair.pair_id)) == shown


def test_a_pair_that_got_its_photo_back_is_measured(pair, tmp_path, measured):
    done(tmp_path, finished=(refused(pair, "misplaced"),))
    assert done(tmp_path, pair).results[pair.pair_id].status is PairStatus.MEASURED
    assert measured == [pair.pair_id]


def test_another_reason_replaces_the_stored_one(pair, tmp_path):
    done(tmp_path, finished=(refused(pair, "misplaced"),))
    done(tmp_path, finished=(refused(pair, "out of focus"),))
    stored = read_pair(pair_folder(tmp_path, pair.pair_id))
    assert stored is not None
    assert stored.reasons == ("out of focus",)


def test_what_did_not_change_is_not_written_again(pair, tmp_path, monkeypatch):
    done(tmp_path, finished=(refused(pair, "misplaced"),))
    monkeypatch.setattr(work, "write_pair", lambda *_: pytest.fail("written again"))
    done(tmp_path, finished=(refused(pair, "misplaced"),))


def test_another_release_of_the_program_measures_anew(pair, tmp_path, measured, monkeypatch):
    done(tmp_path, pair)
    assert done(tmp_path, pair).reused == 1
    monkeypatch.setattr(work, "__version__", "99.0")
    assert done(tmp_path, pair).reused == 0
    assert measured == [pair.pair_id] * 2
