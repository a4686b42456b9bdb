from __future__ import annotations

import os
import unicodedata
from datetime import date
from pathlib import Path

import pytest

from dermadelta.batch.discover import discover
from dermadelta.domain import Phase
from dermadelta.errors import InputError, ManifestError


def touch(root: Path, *names: str) -> Path:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return root


def test_the_folder_layout(tmp_path):
    touch(
        tmp_path,
        "S1/2026-01-02/cheek.jpg",
        "S1/2026-01-02/cheek~2.JPG",
        "S1/2026-01-02_numbed/cheek.jpg",
        "S1/20260304_Post/cheek.heic",
        "S1/25.12.2026_after laser/cheek.tiff",
    )
    photos = discover(tmp_path).photos
    assert [(p.visit_date, p.phase, p.site) for p in photos] == [
        (date(2026, 1, 2), Phase.PRE, "cheek"),
        (date(2026, 1, 2), Phase.PRE, "cheek"),
        (date(2026, 1, 2), Phase.NUMBED, "cheek"),
        (date(2026, 3, 4), Phase.POST, "cheek"),
        (date(2026, 12, 25), Phase.PRE, "cheek"),
    ]
    assert [p.photo_id for p in photos[:3]] == [
        "S1_2026-01-02_cheek", "S1_2026-01-02_cheek_2", "S1_2026-01-02_numbed_cheek",
    ]  # fmt: skip
    assert photos[4].details == (("visit_label", "after laser"),)
    assert all(Path(p.path).is_file() and p.sha256 == "" for p in photos)
    assert photos[0].shown_path == "S1/2026-01-02/cheek.jpg"


def test_region_files_beside_a_photo_are_its_masks(tmp_path):
    touch(
        tmp_path,
        "S/2026-01-02/a.jpg",
        "S/2026-01-02/a.roi.png",
        "S/2026-01-02/a.reference.json",
        "S/2026-01-02/a.exclude.PNG",
        "S/2026-01-02/a.scar.png",
        "S/2026-01-02/b.jpg",
        "S/2026-01-02/gone.roi.png",
    )
    intake = discover(tmp_path)
    first, second = intake.photos
    assert Path(first.roi).name == "a.roi.png"
    assert Path(first.reference).name == "a.reference.json"
    assert Path(first.exclude).name == "a.exclude.PNG"
    assert Path(first.scar_mask).name == "a.scar.png"
    assert (second.roi, second.reference, second.exclude, second.scar_mask) == (None,) * 4
    assert [p.file for p in intake.problems] == ["S/2026-01-02/gone.roi.png"]


def test_polygons_under_a_photos_own_name_are_asked_about(tmp_path):
    touch(tmp_path, "S/2026-01-02/a.jpg", "S/2026-01-02/a.json", "S/2026-01-02/other.json")
    intake = discover(tmp_path)
    assert [p.file for p in intake.problems] == ["S/2026-01-02/a.json"]
    assert "a.roi.json" in intake.problems[0].remedy
    assert len(intake.ignored) == 1


NAMES = ["Müller Straße", "=1+1", "🙂 smile", "a'b", "-dash", "ends.with.dot.x", "名前"]


def test_unusual_names_work_and_ids_are_safe(tmp_path):
    for name in NAMES:
        touch(tmp_path, f"{name}/2026-01-02/{name}.jpg")
    photos = discover(tmp_path).photos
    assert {p.subject_id for p in photos} == {p.site for p in photos} == set(NAMES)
    ids = [p.photo_id for p in photos]
    assert len(set(ids)) == len(NAMES)
    assert all(name.isascii() and not set(name) & set('<>:"/\\|?*= ') for name in ids)


def test_both_unicode_forms_are_one_subject(tmp_path):
    composed = unicodedata.normalize("NFC", "Zoë")
    decomposed = unicodedata.normalize("NFD", "Zoë")
    touch(tmp_path, f"{composed}/2026-01-02/a.jpg", f"{decomposed}/2026-03-04/a.jpg")
    photos = discover(tmp_path).photos
    assert {p.subject_id for p in photos} == {composed}
    assert all(Path(p.path).is_file() for p in photos)


def test_the_order_does_not_depend_on_the_file_system(tmp_path, monkeypatch):
    for n in (3, 1, 2):
        touch(tmp_path, f"S{n}/2026-01-02/b.jpg", f"S{n}/2026-01-02/a.jpg")
    expected = discover(tmp_path)
    original = Path.iterdir
    monkeypatch.setattr(Path, "iterdir", lambda self: iter(sorted(original(self), reverse=True)))
    assert discover(tmp_path) == expected


def test_what_is_no_photo_is_listed_with_a_reason_and_never_stops_the_rest(tmp_path):
    touch(
        tmp_path,
        "S/2026-01-02/a.jpg",
        "S/2026-01-02/Thumbs.db",
        "S/2026-01-02/.DS_Store",
        "S/2026-01-02/._a.jpg",
        "S/2026-01-02/notes.docx",
        "S/2026-01-02/deeper/a.jpg",
        "S/notes.txt",
        "__MACOSX/2026-01-02/a.jpg",
        ".git/x/a.jpg",
        "readme.txt",
    )
    intake = discover(tmp_path)
    assert len(intake.photos) == 1
    assert len(intake.ignored) == 9
    assert all(item.cause for item in intake.ignored)
    assert intake.problems == ()


def test_misplaced_photos_and_bad_dates_are_problems_and_the_rest_goes_on(tmp_path):
    touch(
        tmp_path,
        "S/2026-01-02/a.jpg",
        "S/03-04-2026/a.jpg",
        "S/first visit/a.jpg",
        "S/stray.jpg",
        "stray.png",
    )
    intake = discover(tmp_path)
    assert len(intake.photos) == 1
    assert {p.file for p in intake.problems} == {
        "S/03-04-2026", "S/first visit", "S/stray.jpg", "stray.png",
    }  # fmt: skip
    assert all(p.cause and p.remedy for p in intake.problems)
    assert "ambiguous" in str(intake.problems)


def test_a_missing_folder(tmp_path):
    with pytest.raises(InputError, match="no such file or folder"):
        discover(tmp_path / "gone")


def test_an_empty_folder(tmp_path):
    with pytest.raises(InputError, match="empty") as caught:
        discover(tmp_path)
    assert "manifest.csv" in caught.value.remedy


@pytest.mark.parametrize(
    "names", [["readme.txt"], ["S/2026-01-02/notes.txt"], ["S/2026-01-02/.a.jpg"]]
)
def test_a_folder_without_a_photo(tmp_path, names):
    with pytest.raises(InputError, match="no photograph"):
        discover(touch(tmp_path, *names))


def test_a_folder_one_level_too_high_or_low_is_explained(tmp_path):
    touch(tmp_path, "2026-01-02/a.jpg", "2026-03-04/a.jpg")
    with pytest.raises(InputError, match="could be placed") as caught:
        discover(tmp_path)
    assert "<subject>/<visit date>" in str(caught.value)


def test_a_photo_is_no_input(tmp_path):
    with pytest.raises(InputError, match="manifest"):
        discover(touch(tmp_path, "a.jpg") / "a.jpg")


def test_a_manifest_in_the_folder_rules(tmp_path):
    touch(tmp_path, "S/2026-01-02/a.jpg", "x.jpg")
    text = "subject_id,visit_date,site,photo\n001,2026-05-06,chin,x.jpg\n"
    (tmp_path / "manifest.csv").write_text(text, encoding="utf-8")
    (photo,) = discover(tmp_path).photos
    assert (photo.subject_id, photo.photo_id) == ("001", "001_2026-05-06_chin")
    (tmp_path / "manifest.xlsx").write_bytes(b"x")
    with pytest.raises(InputError, match="both"):
        discover(tmp_path)


def test_sessions_beside_the_folders_are_read_and_their_faults_reported(tmp_path):
    touch(tmp_path, "S/2026-01-02/a.jpg")
    table = tmp_path / "sessions.csv"
    table.write_text("subject_id,session_date\nS,2026-01-03\n", encoding="utf-8")
    intake = discover(tmp_path)
    assert len(intake.sessions) == 1
    assert intake.ignored == ()
    table.write_text("subject_id,session_date\nS,01/03/2026\n", encoding="utf-8")
    with pytest.raises(ManifestError, match="line 2"):
        discover(tmp_path)


@pytest.mark.parametrize("with_manifest", [False, True])
def test_sessions_that_match_no_photo_are_a_problem_each_once(tmp_path, with_manifest):
    touch(tmp_path, "007/2026-01-02/cheek.jpg")
    if with_manifest:
        text = "subject_id,visit_date,site,photo\n007,2026-01-02,cheek,x.jpg\n"
        (tmp_path / "manifest.csv").write_text(text, encoding="utf-8")
    rows = (
        "7,2026-01-03,\n7,2026-01-04,\n007,2026-01-03,Cheek\n007,2026-01-03,cheek\n007,2026-01-03,"
    )
    table = f"subject_id,session_date,site\n{rows}\n"
    (tmp_path / "sessions.csv").write_text(table, encoding="utf-8")
    problems = discover(tmp_path).problems
    assert [p.cause for p in problems] == [
        "no photo of subject “7”", "no photo of site “Cheek” of subject “007”",
    ]  # fmt: skip


def test_a_folder_that_may_not_be_read_is_a_problem(tmp_path, monkeypatch):
    touch(tmp_path, "S/2026-01-02/a.jpg", "T/2026-01-02/a.jpg")
    original = Path.iterdir

    def guarded(self):
        if self.name == "T":
            raise PermissionError(13, "denied")
        return original(self)

    monkeypatch.setattr(Path, "iterdir", guarded)
    intake = discover(tmp_path)
    assert len(intake.photos) == 1
    assert "cannot be read" in intake.problems[0].cause


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_links_are_followed_and_dead_ones_do_not_crash(tmp_path):
    touch(tmp_path / "real", "2026-01-02/a.jpg")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "S").symlink_to(tmp_path / "real")
    (tmp_path / "in" / "T").symlink_to(tmp_path / "nowhere")
    (tmp_path / "real" / "loop").symlink_to(tmp_path / "real")
    assert len(discover(tmp_path / "in").photos) == 1


def test_the_same_site_names_that_look_alike_get_different_ids(tmp_path):
    touch(tmp_path, "S/2026-01-02/a b.jpg", "S/2026-01-02/a-b.jpg")
    ids = [p.photo_id for p in discover(tmp_path).photos]
    assert len(set(ids)) == 2


def test_jpegs_of_every_suffix_are_photos(tmp_path):
    touch(tmp_path, "S/2026-01-02/a.jfif", "S/2026-01-02/b.JPE")
    assert [photo.site for photo in discover(tmp_path).photos] == ["a", "b"]


@pytest.mark.parametrize("suffix", [".crw", ".X3F", ".iiq", ".psd"])
def test_a_picture_that_is_not_read_is_ignored_with_its_remedy(tmp_path, suffix):
    touch(tmp_path, f"S/2026-01-02/a{suffix}")
    with pytest.raises(InputError, match=f"a{suffix}.*not read. Export it"):
        discover(tmp_path)
    touch(tmp_path, "S/2026-01-02/b.jpg")
    (item,) = discover(tmp_path).ignored
    assert "not read" in item.cause
    assert "TIFF" in item.remedy


@pytest.mark.parametrize("suffix", [".dng", ".CR2", ".cr3", ".nef", ".arw", ".raf", ".orf", ".dcm"])
def test_camera_raw_and_dicom_are_photos(tmp_path, suffix):
    touch(tmp_path, f"S/2026-01-02/a{suffix}")
    assert [photo.site for photo in discover(tmp_path).photos] == ["a"]


def test_landmarks_belong_to_the_photo_of_their_name(tmp_path):
    touch(
        tmp_path,
        "S/2026-01-02/a.jpg",
        "S/2026-01-02/gone.landmarks.csv",
        "S/2026-01-02/notes.csv",
        "S/2026-03-02/a.jpg",
        "S/2026-03-02/a.landmarks.CSV",
    )
    intake = discover(tmp_path)
    first, second = intake.photos
    assert first.landmarks is None
    assert Path(second.landmarks) == tmp_path / "S/2026-03-02/a.landmarks.CSV"
    assert second.roi is None
    (problem,) = intake.problems
    assert problem.file == "S/2026-01-02/gone.landmarks.csv"
    assert problem.cause == "landmarks without their photo"
    assert [file.file for file in intake.ignored] == ["S/2026-01-02/notes.csv"]
