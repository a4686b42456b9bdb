from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from dermadelta.commands import triage as module
from dermadelta.commands.capture import Fitness, Judged, Reason
from dermadelta.commands.triage import Triage, triage
from dermadelta.commands.triage_text import (
    VISIT_COLUMNS,
    cause_rows,
    triage_json,
    triage_words,
    visit_rows,
    write_triage,
)
from dermadelta.config import Config
from dermadelta.domain import PairRef
from dermadelta.errors import InputError, PhotoError

SAMPLES = Path(__file__).parents[3] / "sample_images"
PHOTOS = sorted((SAMPLES / "s01").glob("*/cheek.jpg"))
CONFIG = Config()
LIGHT = Reason("light", "Use the same lamp.")


@pytest.fixture
def archive(tmp_path) -> Path:
    """A baseline with three later visits, the last one broken, and a lone visit."""
    root = tmp_path / "archive"
    for subject, day, photo in (
        ("p1", "2026-01-01", 0), ("p1", "2026-02-01", 1), ("p1", "2026-03-01", 2),
        ("p2", "2026-01-01", 1),
    ):  # fmt: skip
        target = root / subject / day / "cheek.jpg"
        target.parent.mkdir(parents=True)
        shutil.copy(PHOTOS[photo], target)
        target.write_bytes(target.read_bytes() + subject.encode())  # not the same file twice
    broken = root / "p1" / "2026-04-01" / "cheek.jpg"
    broken.parent.mkdir(parents=True)
    broken.write_bytes(PHOTOS[0].read_bytes()[:5000])
    return root


@pytest.fixture
def held(monkeypatch) -> Callable[[dict[str, object]], None]:
    """Take what a visit is good for from a table by its day, without looking at it."""

    def set_up(by_day: dict[str, object]) -> None:
        def hold_visit(pair: PairRef, config: Config) -> Judged:
            found = by_day[pair.after_date.isoformat()]
            if isinstance(found, BaseException):
                raise found
            assert isinstance(found, Judged)
            return found

        monkeypatch.setattr(module, "hold_visit", hold_visit)

    return set_up


GOOD = Judged(Fitness.USABLE, ())
PARTLY = Judged(Fitness.IN_PART, (LIGHT, LIGHT), refused=("roughness",))


def by_visit(found: Triage) -> dict[tuple[str, str], Fitness]:
    return {(v.subject_id, v.visit_date.isoformat()): v.fitness for v in found.visits}


def test_every_visit_shows_up_and_a_broken_file_spoils_its_own_alone(archive, held):
    held({"2026-02-01": GOOD, "2026-03-01": PARTLY})
    found = triage(archive, CONFIG)
    assert by_visit(found) == {
        ("p1", "2026-01-01"): Fitness.USABLE,
        ("p1", "2026-02-01"): Fitness.USABLE,
        ("p1", "2026-03-01"): Fitness.IN_PART,
        ("p1", "2026-04-01"): Fitness.FAILED,
        ("p2", "2026-01-01"): Fitness.USABLE,
    }
    assert found.exit_code == 3
    assert [(c.name, c.n_visits) for c in found.causes] == [("light", 1), ("unreadable", 1)]
    words = triage_words(found)
    assert words.startswith("3 of 5 visits usable, 1 more in part; ")
    assert "1 light from another side" in words
    assert "1 cannot be read" in words
    assert len(visit_rows(found).rows) == 2
    assert len(cause_rows(found).rows) == 2


def test_a_fault_of_one_visit_leaves_the_others(archive, held):
    fault = PhotoError("it melted", remedy="Cool it.", file="cheek.jpg")
    held({"2026-02-01": fault, "2026-03-01": GOOD})
    found = triage(archive, CONFIG)
    assert by_visit(found)["p1", "2026-02-01"] is Fitness.FAILED
    assert by_visit(found)["p1", "2026-03-01"] is Fitness.USABLE
    assert any("it melted" in c.remedy for c in found.causes)


def test_an_interruption_keeps_what_was_found(archive, held):
    held({"2026-02-01": PARTLY, "2026-03-01": KeyboardInterrupt()})
    found = triage(archive, CONFIG)
    assert found.interrupted
    assert found.exit_code == 130
    assert found.pending == 1
    assert ("p1", "2026-03-01") not in by_visit(found)
    assert by_visit(found)["p1", "2026-02-01"] is Fitness.IN_PART


def test_json_and_table_say_the_same(archive, held, tmp_path):
    held({"2026-02-01": GOOD, "2026-03-01": PARTLY})
    found = triage(archive, CONFIG)
    read = json.loads(triage_json(found))
    assert read["schema"] == "dermadelta.check"
    assert read["kind"] == "archive"
    assert (read["n_visits"], read["n_usable"], read["n_usable_in_part"]) == (5, 3, 1)
    write_triage(found, tmp_path / "visits.csv")
    with (tmp_path / "visits.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert tuple(rows[0]) == VISIT_COLUMNS
    assert [row["result"] for row in rows] == [visit["result"] for visit in read["visits"]]
    assert rows[2]["refused_measures"] == "roughness"


def test_the_commonest_cause_comes_first(archive, held):
    other = Judged(Fitness.RETAKE, (Reason("tilt", "Hold it level."), LIGHT), refused=("*",))
    held({"2026-02-01": other, "2026-03-01": PARTLY})
    assert [(c.name, c.n_visits) for c in triage(archive, CONFIG).causes] == [
        ("light", 2), ("tilt", 1), ("unreadable", 1),
    ]  # fmt: skip


def test_nothing_found_and_nothing_there(tmp_path):
    with pytest.raises(InputError, match="no such file or folder"):
        triage(tmp_path / "nowhere", CONFIG)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError):
        triage(tmp_path / "empty", CONFIG)
