"""Two photographs on the command line."""

from __future__ import annotations

import re
import shutil

import pytest

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def photos(samples):
    return sorted((samples / "s01").glob("*/cheek.jpg"))[:2]


@pytest.fixture(scope="module")
def roi(samples):
    (found,) = (samples / "masks").glob("s01_cheek_*_roi.png")
    return found


@pytest.fixture(scope="module")
def compared(tmp_path_factory, cli, photos, roi):
    folder = tmp_path_factory.mktemp("compare")
    words = ["compare", *photos, "--roi", roi, "--mm-per-px", "0.05", "--treated-area", "local"]
    return cli(*words, "--out", folder / "out"), folder / "out"


def test_it_prints_the_changes_and_writes_a_report(compared):
    finished, out = compared
    assert finished.returncode == 0, finished.stdout + finished.stderr
    lines = finished.stdout.splitlines()
    assert re.match(r"Measure +Region +Before +After +Change +95 % interval +Verdict", lines[0])
    assert any(re.search(r"^Texture roughness .* %", line) for line in lines)
    assert lines[-1] == f"Report: {out / 'report.html'}"
    assert (out / "changes.csv").is_file()
    assert (out / "report.html").is_file()


def test_the_dates_are_those_of_capture(compared):
    _, out = compared
    text = (out / "changes.csv").read_text(encoding="utf-8")
    assert "2026-01-12,2026-02-23" in text


def test_the_same_photo_twice_shows_no_change(cli, photos, roi, tmp_path):
    twin = tmp_path / "again.jpg"
    shutil.copy(photos[0], twin)
    finished = cli("compare", photos[0], twin, "--roi", roi, "--out", tmp_path / "out")
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert not re.search(r"(Improved|Worsened)$", finished.stdout, flags=re.MULTILINE)


@pytest.mark.parametrize(
    ("more", "code", "word"),
    [
        (["--mm-per-px", "0"], 2, "above 0"),
        (["--treated-area", "somewhere"], 2, "local"),
        (["--roi", "missing.png"], 3, "missing.png"),
        (["--config", "nonsense"], 2, "nonsense"),
    ],
)
def test_wrong_options(cli, photos, tmp_path, more, code, word):
    finished = cli("compare", *photos, *more, cwd=tmp_path)
    assert finished.returncode == code, finished.stdout + finished.stderr
    assert word in finished.stdout + finished.stderr
    assert "Traceback" not in finished.stderr


def test_bad_files(cli, photos, tmp_path):
    missing = cli("compare", photos[0], "nowhere.jpg", cwd=tmp_path)
    assert missing.returncode == 2
    assert "nowhere.jpg" in missing.stderr
    folder = cli("compare", photos[0], photos[0].parent, cwd=tmp_path)
    assert folder.returncode == 2
    (tmp_path / "text.jpg").write_text("no photo", encoding="utf-8")
    text = cli("compare", photos[0], "text.jpg", cwd=tmp_path)
    assert text.returncode == 1
    assert "text.jpg" in text.stderr
    assert not (tmp_path / "reports").exists()
