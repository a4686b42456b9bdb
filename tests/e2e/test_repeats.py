"""Repeat photographs of every visit: what a clinic learns from them, and what it does not."""

from __future__ import annotations

import csv
import hashlib
import json
import math
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image, ImageEnhance

from dermadelta.measures import ALL
from dermadelta.variance.model import GUESS, VarianceModel
from dermadelta.variance.store import model_text

pytestmark = pytest.mark.timeout(900)

TEXTURE = ("roughness", "roughness_unscaled")
PHANTOM = {"--pairs": 2, "--repeats": 3, "--width": 960, "--seed": 5, "--kind": "no_change"}


@dataclass(frozen=True)
class Clinic:
    visits: Path
    out: Path


def table(out: Path, name: str) -> list[dict[str, str]]:
    with (out / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def tables(out: Path) -> dict[str, str]:
    """Hash of every CSV of a run."""
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(out.glob("*.csv"))
    }


def counts(out: Path) -> dict[str, int]:
    found: dict[str, int] = json.loads((out / "run.json").read_text(encoding="utf-8"))["counts"]
    return found


@pytest.fixture(scope="module")
def clinic(tmp_path_factory, cli) -> Clinic:
    """Two people, two visits each, three photographs a visit, nothing changed; run once."""
    root = tmp_path_factory.mktemp("repeats")
    made = cli(
        "phantom", root / "visits", *(str(word) for item in PHANTOM.items() for word in item)
    )
    assert made.returncode == 0, made.stderr
    finished = cli("run", root / "visits", "--out", root / "out", "--workers", "2")
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert counts(root / "out")["measured"] == 2, finished.stdout
    return Clinic(root / "visits", root / "out")


@pytest.fixture
def copied(clinic, tmp_path) -> Clinic:
    """The same input and results, to be spoilt."""
    copy = Clinic(tmp_path / "visits", tmp_path / "out")
    shutil.copytree(clinic.visits, copy.visits)
    shutil.copytree(clinic.out, copy.out)
    return copy


def test_all_photographs_of_a_visit_are_used(clinic):
    pairs = table(clinic.out, "pairs")
    assert len(pairs) == 2
    used = [len(row[side].split(";")) for row in pairs for side in ("before_photo", "after_photo")]
    # Handheld repeats may be turned down by a gate, but not most of them.
    assert sum(used) >= 10
    assert max(used) == 3


def test_the_clinics_own_spread_is_told(clinic):
    rows = {(r["measure"], r["basis"]): r for r in table(clinic.out, "repeatability")
            if r["region"] == "roi" and r["df"] and int(r["df"]) > 0}  # fmt: skip
    assert any((name, "plain") in rows for name in TEXTURE)
    assert ("redness", "plain") in rows
    assert ("redness", "corrected") in rows
    for row in rows.values():
        n_photos, n_visits, df = (int(row[name]) for name in ("n_photos", "n_visits", "df"))
        assert df == n_photos - n_visits
        s_w, low, high = (float(row[name]) for name in ("s_w", "s_w_low", "s_w_high"))
        assert 0.0 <= low <= s_w <= high < math.inf
        assert float(row["sdc"]) == pytest.approx(1.959964 * math.sqrt(2.0) * s_w, rel=1e-4)
    for (name, _), row in rows.items():
        if name in TEXTURE:
            assert 0.0 < float(row["sdc_pct_down"]) < float(row["sdc_pct_up"]) < 100.0


def test_untreated_skin_steadies_redness(clinic):
    """White balance moves both alike, so what is left of it is less."""
    s_w = {r["basis"]: float(r["s_w"]) for r in table(clinic.out, "repeatability")
           if (r["measure"], r["region"]) == ("redness", "roi")}  # fmt: skip
    assert s_w["corrected"] < s_w["plain"]


def test_the_page_stands_alone(clinic):
    page = (clinic.out / "repeatability.html").read_text(encoding="utf-8")
    bare = page.replace("http-equiv", "").replace("http://www.w3.org/", "")
    assert "http" not in bare
    assert "<svg" in page or "data:image" in page
    assert str(clinic.visits) not in page


def test_no_change_is_called_no_change(clinic):
    said = {row["verdict"] for row in table(clinic.out, "changes") if row["primary"] == "true"}
    assert said <= {"no_detectable_change", "not_measured"}
    assert "no_detectable_change" in said


def test_a_second_run_gives_the_same_bytes(copied, cli):
    before = tables(copied.out)
    assert {"changes.csv", "repeatability.csv"} <= set(before)
    for name in before:
        (copied.out / name).unlink()
    again = cli("run", copied.visits, "--out", copied.out, "--workers", "1")
    assert again.returncode == 0, again.stderr
    assert counts(copied.out)["reused"] == 2
    assert tables(copied.out) == before


def test_an_edited_copy_of_a_repeat_is_no_repeat(copied, cli):
    """Saved anew, brighter, without its time: neither content nor clock gives it away."""
    manifest = copied.visits / "manifest.csv"
    with manifest.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    original = next(row for row in rows if "~2" in row["photo"])
    name = original["photo"].replace("~2", "~4")
    with Image.open(copied.visits / original["photo"]) as photo:
        brighter = ImageEnhance.Brightness(photo.convert("RGB")).enhance(1.06)
    brighter.save(copied.visits / name, "JPEG", quality=93)
    with manifest.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows([*rows, original | {"photo": name}])
    before = table(copied.out, "repeatability")
    again = cli("run", copied.visits, "--out", copied.out, "--workers", "1")
    assert again.returncode == 0, again.stderr
    assert counts(copied.out)["reused"] == 1
    assert len(table(copied.out, "photos")) == 13
    after = table(copied.out, "repeatability")
    assert [row["df"] for row in after] == [row["df"] for row in before]
    assert [row["n_photos"] for row in after] == [row["n_photos"] for row in before]
    results = [path.read_text(encoding="utf-8") for path in copied.out.glob("pairs/*/result.json")]
    assert sum("same exposure" in text for text in results) == 1


def test_another_variance_model_concludes_again_and_measures_nothing(copied, cli, tmp_path):
    before, rows = tables(copied.out), table(copied.out, "changes")
    entries = {item.name: GUESS[item.change].model_copy(
        update={"version": item.version, "alone_factor": 30.0, "corrected_factor": 30.0})
        for item in ALL}  # fmt: skip
    model = VarianceModel(name="own", made={}, measures=entries)
    (tmp_path / "model.json").write_text(model_text(model), encoding="utf-8")
    settings = tmp_path / "mine.yaml"
    settings.write_text("estimate: {variance_model: model.json}\n", encoding="utf-8")
    words = ("run", copied.visits, "--out", copied.out, "--workers", "1")
    again = cli(*words, "--config", settings, cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    assert counts(copied.out)["reused"] == counts(copied.out)["pairs"] == 2
    now = table(copied.out, "changes")
    assert len(now) == len(rows)
    measured = 0
    for row, old in zip(now, rows, strict=True):
        for name in ("pair_id", "measure", "before", "after", "change_plain"):
            assert row[name] == old[name]
        if row["change"]:
            measured += 1
            widths = [float(r["change_high"]) - float(r["change_low"]) for r in (row, old)]
            assert widths[0] > widths[1], row["measure"]
    assert measured >= 4
    # And back again: the packaged model gives the first bytes.
    back = cli(*words)
    assert back.returncode == 0, back.stderr
    assert counts(copied.out)["reused"] == 2
    assert tables(copied.out) == before
