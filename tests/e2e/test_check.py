"""`dermadelta check` as a person or a program runs it at the moment of capture."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from PIL import Image

pytestmark = pytest.mark.timeout(900)


@pytest.fixture
def photos(samples):
    """First and second visit of one sample subject."""
    return sorted((samples / "s01").glob("*/cheek.jpg"))[:2]


@pytest.fixture
def mirrored(photos, tmp_path):
    path = tmp_path / "mirrored.png"
    with Image.open(photos[1]) as picture:
        Image.fromarray(np.asarray(picture)[:, ::-1]).save(path)
    return path


def last_line(finished) -> str:
    return finished.stdout.rstrip().splitlines()[-1]


def test_a_good_photograph(cli, photos, tmp_path):
    finished = cli("check", photos[1], "--like", photos[0], cwd=tmp_path)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert last_line(finished) == "usable"
    assert "same skin" in finished.stdout
    assert list(tmp_path.iterdir()) == []


def test_a_mirrored_photograph_and_the_ghost_to_retake_it(cli, photos, mirrored, tmp_path):
    ghost = tmp_path / "ghost.png"
    finished = cli("check", mirrored, "--like", photos[0], "--ghost", ghost, "--json")
    assert finished.returncode == 3, finished.stdout + finished.stderr
    found = json.loads(finished.stdout)
    assert found["result"] == "retake"
    assert [reason["name"] for reason in found["reasons"]] == ["mirrored"]
    with Image.open(ghost) as drawn, Image.open(photos[0]) as photo:
        assert drawn.mode == "RGBA"
        assert max(drawn.size) <= 2000
        assert drawn.width / drawn.height == pytest.approx(photo.width / photo.height, rel=0.01)
        alpha = np.asarray(drawn)[..., 3]
    assert 0.002 < (alpha > 0).mean() < 0.3
    first = ghost.read_bytes()
    cli("check", photos[0], "--ghost", ghost)
    assert ghost.read_bytes() == first


def test_an_archive(cli, photos, mirrored, tmp_path):
    root = tmp_path / "archive"
    for day, source in (("2026-01-01", photos[0]), ("2026-02-01", mirrored)):
        folder = root / "p1" / day
        folder.mkdir(parents=True)
        shutil.copy(source, folder / f"cheek{source.suffix}")
    broken = root / "p2" / "2026-01-01" / "cheek.jpg"
    broken.parent.mkdir(parents=True)
    broken.write_bytes(b"\xff\xd8\xff nothing more")
    table = tmp_path / "visits.csv"
    finished = cli("check", root, "--out", table, "--workers", "1")
    assert finished.returncode == 3, finished.stdout + finished.stderr
    assert "1 of 3 visits usable; 1 mirrored, 1 cannot be read" in finished.stdout
    assert len(table.read_text(encoding="utf-8").splitlines()) == 4


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["nowhere.jpg"], 2, "no such file"),
        (["text.jpg"], 1, "the file holds text"),
        (["text.jpg", "--out", "visits.csv"], 2, "--out"),
        ([".", "--like", "text.jpg"], 2, "--like"),
        ([".", "--out", "visits.txt"], 2, ".csv"),
        (["text.jpg", "--ghost", "ghost.gif"], 2, ".png"),
    ],
)
def test_wrong_usage_and_bad_files(cli, tmp_path, words, code, said):
    (tmp_path / "text.jpg").write_text("no picture", encoding="utf-8")
    finished = cli("check", *words, cwd=tmp_path)
    assert finished.returncode == code, finished.stderr
    assert said in finished.stderr
    assert "Traceback" not in finished.stderr
    assert finished.stdout == ""
