from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from dermadelta.batch.discover import discover
from dermadelta.commands import outputs
from dermadelta.commands.outputs import RunFacts, write_outputs
from dermadelta.commands.run import check_request, ignored_note, without_results
from dermadelta.commands.work import PairsDone
from dermadelta.config import Config
from dermadelta.errors import UsageError


def facts(**more: object) -> RunFacts:
    done = PairsDone({}, 0, 0, interrupted=False, seconds={}, faults={})
    return replace(
        RunFacts("visits", Config(), 1, None, datetime.now(UTC), {}, done, ()),
        **more,
    )


@pytest.mark.parametrize("name", ["photos.csv", "manifest.csv"])
def test_results_never_lie_beside_the_manifest(tmp_path, name):
    manifest = tmp_path / name
    manifest.write_text("subject_id\n", encoding="utf-8")
    with pytest.raises(UsageError, match="overwrite tables"):
        check_request(manifest, tmp_path, workers=1, limit=None)
    check_request(manifest, tmp_path / "results", workers=1, limit=None)


def test_ignored_files_are_counted_in_one_line_and_pictures_come_first(tmp_path):
    day = tmp_path / "S" / "2026-01-02"
    (tmp_path / "results" / "2026-01-02").mkdir(parents=True)
    day.mkdir(parents=True)
    for name in ("a.jpg", "b.psd", "a.docx", ".hidden"):
        (day / name).write_bytes(b"x")
    (tmp_path / "results" / "2026-01-02" / "run.json").write_bytes(b"x")
    intake = without_results(discover(tmp_path), tmp_path, tmp_path / "results")
    (line,) = ignored_note(intake.ignored)
    first = "S/2026-01-02/b.psd (this kind of picture is not read)"
    assert line.startswith(f"2 files ignored: {first}, S/")
    assert line.endswith("a.docx (no photo). Export it as TIFF or JPEG.")
    assert ignored_note(()) == ()


def test_ignored_files_stand_in_run_json(tmp_path):
    write_outputs(tmp_path, [], [], facts(ignored={"b.dng": "camera raw is not read"}))
    info = json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))
    assert info["ignored"] == {"b.dng": "camera raw is not read"}


def test_an_interrupted_rewrite_leaves_no_run_json(tmp_path, monkeypatch):
    write_outputs(tmp_path, [], [], facts())

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(outputs, "write_table", stop)
    with pytest.raises(KeyboardInterrupt):
        write_outputs(tmp_path, [], [], facts())
    assert not (tmp_path / "run.json").exists()
