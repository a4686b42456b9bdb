"""Wrong usage and bad files: one clear message, the right exit code, no traceback."""

from __future__ import annotations

import csv
import shutil
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.timeout(900)


def failed(finished, code: int, *words: str) -> str:
    """Check exit code and message; return the message."""
    said = finished.stderr
    assert finished.returncode == code, finished.stdout + said
    assert "Traceback" not in said + finished.stdout
    for word in words:
        assert word in said, said
    return said


def visit(root: Path, subject: str, day: str, photo: Path, name: str = "cheek.jpg") -> Path:
    target = root / subject / day / name
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(photo, target)
    return target


@pytest.fixture
def photo(samples):
    """First and second visit of one sample subject."""
    return sorted((samples / "s01").glob("*/cheek.jpg"))


# -------------------------------------------------------------------------------- usage


@pytest.mark.parametrize(
    "words",
    [
        ["run"],
        ["walk", "visits"],
        ["run", ".", "--what"],
        ["run", ".", "--workers", "0"],
        ["run", ".", "--workers", "-1"],
        ["run", ".", "--workers", "many"],
        ["run", ".", "--limit", "0"],
        ["compare", "one.jpg"],
        ["measures", "beauty"],
        ["config", "check", "nonsense"],
        ["config", "show", "nonsense"],
        ["phantom", "out", "--pairs", "0"],
        ["phantom", "out", "--kind", "nonsense"],
    ],
    ids=" ".join,
)
def test_wrong_usage(cli, tmp_path, words):
    failed(cli(*words, cwd=tmp_path), 2)
    assert list(tmp_path.iterdir()) == []


def test_no_arguments_show_the_help(cli):
    finished = cli()
    assert "Usage" in finished.stdout + finished.stderr
    assert finished.returncode == 2


def test_a_missing_folder(cli, tmp_path):
    failed(cli("run", "nowhere", cwd=tmp_path), 2, "nowhere", "no such file or folder")
    assert list(tmp_path.iterdir()) == []


def test_an_empty_folder(cli, tmp_path):
    (tmp_path / "visits").mkdir()
    failed(cli("run", "visits", cwd=tmp_path), 2, "visits", "empty")
    assert not (tmp_path / "reports").exists()


def test_a_folder_with_one_visit(cli, tmp_path, photo):
    visit(tmp_path / "visits", "anna", "2026-01-12", photo[0])
    said = failed(cli("run", "visits", "--workers", "1", cwd=tmp_path), 2, "nothing to compare")
    assert "the only visit" in said


def test_a_photo_is_no_folder(cli, tmp_path, photo):
    failed(cli("run", photo[0], cwd=tmp_path), 2, "compare")


def test_all_bad_rows_of_a_manifest_at_once(cli, tmp_path, photo):
    rows = [
        "subject_id,visit_date,site,photo",
        f"anna,2026-01-12,cheek,{photo[0].as_posix()}",
        f"anna,03/04/2026,cheek,{photo[1].as_posix()}",
        f"anna,2026-05-01,,{photo[2].as_posix()}",
    ]
    (tmp_path / "manifest.csv").write_text("\n".join(rows), encoding="utf-8")
    failed(cli("run", "manifest.csv", cwd=tmp_path), 2, "line 3", "03/04/2026", "line 4")


def test_results_among_the_photographs(cli, tmp_path, photo):
    visit(tmp_path / "visits", "anna", "2026-01-12", photo[0])
    failed(cli("run", "visits", "--out", "visits", cwd=tmp_path), 2, "--out")
    assert [path.name for path in (tmp_path / "visits").iterdir()] == ["anna"]


def test_results_in_a_file(cli, tmp_path, photo):
    visit(tmp_path / "visits", "anna", "2026-01-12", photo[0])
    (tmp_path / "out").write_text("", encoding="utf-8")
    failed(cli("run", "visits", "--out", "out", cwd=tmp_path), 2, "--out")


def test_a_typo_in_the_settings_names_the_key(cli, tmp_path, photo):
    (tmp_path / "mine.yaml").write_text("compare:\n  max_zomm: 2\n", encoding="utf-8")
    failed(cli("config", "check", "mine.yaml", cwd=tmp_path), 2, "compare.max_zomm", "mine.yaml")
    visit(tmp_path / "visits", "anna", "2026-01-12", photo[0])
    words = ["run", "visits", "--config", "mine.yaml"]
    failed(cli(*words, cwd=tmp_path), 2, "compare.max_zomm")


# ------------------------------------------------------------------------------- photos


@pytest.fixture(scope="module")
def mixed(tmp_path_factory, cli, samples):
    """One good pair among bad files and hostile names; run once."""
    photos = sorted((samples / "s01").glob("*/cheek.jpg"))
    root = tmp_path_factory.mktemp("mixed")
    visits = root / "visits"
    for day, photo in zip(("2026-01-12", "2026-02-23"), photos, strict=False):
        visit(visits, "=1+1 Zoë Müller 🙂", day, photo)
    visit(visits, "bert", "2026-01-12", photos[0])
    torn = visit(visits, "bert", "2026-02-23", photos[1])
    torn.write_bytes(torn.read_bytes()[:40_000])
    visit(visits, "cora", "2026-01-12", photos[0])
    visit(visits, "cora", "2026-02-23", photos[1]).write_text("no photo", encoding="utf-8")
    visit(visits, "dora", "2026-01-12", photos[0])
    visit(visits, "dora", "2026-02-23", photos[1]).write_bytes(b"")
    finished = cli("run", "visits", "--workers", "2", cwd=root)
    return finished, root / "reports" / "visits"


def table(out: Path, name: str) -> list[dict[str, str]]:
    with (out / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_bad_photos_cost_only_their_own_pairs(mixed):
    finished, out = mixed
    assert finished.returncode == 3, finished.stdout + finished.stderr
    assert "Traceback" not in finished.stdout + finished.stderr
    rows = {row["subject_id"]: row for row in table(out, "pairs")}
    assert {subject: row["status"] for subject, row in rows.items()} == {
        "'=1+1 Zoë Müller 🙂": "measured",
        "bert": "failed",
        "cora": "failed",
        "dora": "failed",
    }
    for subject, word in (("bert", "truncated"), ("cora", "text"), ("dora", "empty")):
        assert word in rows[subject]["reasons"]
        assert "cheek.jpg" in rows[subject]["reasons"]


def test_hostile_names_are_no_formulas_and_make_plain_folders(mixed):
    _, out = mixed
    assert all(row["subject_id"].startswith("'=") for row in table(out, "changes")[:1])
    assert all(folder.name.isascii() for folder in (out / "pairs").iterdir())


def test_results_below_the_input_are_not_read_as_photos(mixed, cli):
    """The same folder again, with the results inside of it."""
    _, out = mixed
    visits = out.parents[1] / "visits"
    inside = visits / "results" / "2026-01-01"
    shutil.copytree(out, inside)
    first = cli("run", visits, "--out", inside, "--workers", "1")
    assert first.returncode == 3, first.stderr
    assert "results" not in {row["subject_id"] for row in table(inside, "photos")}
    assert len(table(inside, "photos")) == len(table(out, "photos"))


# ------------------------------------------------------------------------ the environment


@pytest.mark.parametrize(
    "cause", ["libGL.so.1: cannot open shared object file", "DLL load failed while importing cv2"]
)
def test_a_missing_system_library_is_explained(cli, checkout, tmp_path, cause):
    (tmp_path / "cv2.py").write_text(f"raise ImportError({cause!r})\n", encoding="utf-8")
    package = str(checkout / "pipeline")
    separator = ";" if sys.platform == "win32" else ":"
    finished = cli("measures", cwd=tmp_path, PYTHONPATH=f"{tmp_path}{separator}{package}")
    failed(finished, 1, "libgl1", "opencv-python-headless")


def test_a_fault_is_short_and_debug_shows_where(cli, checkout, tmp_path):
    (tmp_path / "cv2.py").write_text("raise RuntimeError('broken')\n", encoding="utf-8")
    separator = ";" if sys.platform == "win32" else ":"
    path = f"{tmp_path}{separator}{checkout / 'pipeline'}"
    failed(cli("measures", cwd=tmp_path, PYTHONPATH=path), 1, "RuntimeError: broken", "--debug")
    shown = cli("--debug", "measures", cwd=tmp_path, PYTHONPATH=path)
    assert shown.returncode == 1
    assert "Traceback" in shown.stderr
