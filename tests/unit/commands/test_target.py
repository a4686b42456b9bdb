from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from dermadelta.cli import Session, app
from dermadelta.commands.target import make_target, next_steps
from dermadelta.errors import InputError, OutputError, UsageError
from dermadelta.kernels.card import patches
from dermadelta.kernels.colour import srgb_decode
from dermadelta.stages.load import load_card_values


@pytest.mark.parametrize("name", ["card.pdf", "CARD.PDF", "card.png", "new/folder/card.png"])
def test_the_ending_decides_what_is_written(tmp_path, name):
    made = make_target(tmp_path / name, size_mm=38)
    start = made.card.read_bytes()[:5]
    assert start == (b"%PDF-" if name.lower().endswith("pdf") else b"\x89PNG\r")
    assert made.values is None


def test_the_same_arguments_give_the_same_bytes(tmp_path):
    for name in ("card.pdf", "card.png"):
        one, two = (make_target(tmp_path / str(n) / name).card.read_bytes() for n in range(2))
        assert one == two


def test_the_resolution_of_the_picture(tmp_path):
    with Image.open(make_target(tmp_path / "a.png", size_mm=20, dpi=300).card) as picture:
        assert picture.info["dpi"] == pytest.approx((300, 300), abs=0.02)
        coarse = picture.size
    with Image.open(make_target(tmp_path / "b.png", size_mm=20).card) as picture:
        assert picture.info["dpi"] == pytest.approx((600, 600), abs=0.02)
        assert picture.size == pytest.approx([2 * side for side in coarse], abs=3)


@pytest.mark.parametrize(
    ("name", "settings", "message", "remedy"),
    [
        ("card.jpg", {}, "PDF or PNG", ".pdf or .png"),
        ("card", {}, "PDF or PNG", ".pdf or .png"),
        ("card.pdf", {"size_mm": 19}, "19 mm", "20 to 144"),
        ("card.pdf", {"size_mm": 145}, "145 mm", "20 to 144"),
        ("card.pdf", {"dpi": 600}, "needs a PNG", "Leave it out"),
        ("card.png", {"dpi": 299}, "299 dpi", "300 to 1200"),
        ("card.png", {"dpi": 1201}, "1201 dpi", "300 to 1200"),
        ("card.pdf", {"values": Path("a.xlsx")}, "CSV", ".csv"),
    ],
)
def test_what_cannot_be_made(tmp_path, name, settings, message, remedy):
    with pytest.raises(UsageError, match=message) as caught:
        make_target(tmp_path / name, **settings)
    assert remedy in caught.value.remedy
    assert list(tmp_path.iterdir()) == []


def test_a_table_with_measured_colours_is_never_overwritten(tmp_path):
    table = tmp_path / "card.csv"
    table.write_text("measured", encoding="utf-8")
    with pytest.raises(UsageError, match="there already"):
        make_target(tmp_path / "card.pdf", values=table)
    assert table.read_text(encoding="utf-8") == "measured"
    assert not (tmp_path / "card.pdf").exists()


def test_a_place_that_cannot_be_written_to(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(OutputError) as caught:
        make_target(tmp_path / "file" / "card.png", size_mm=20)
    assert "Choose a folder" in caught.value.remedy
    assert caught.value.file.endswith("card.png")


@pytest.mark.skipif(os.name == "nt" or not hasattr(os, "geteuid") or os.geteuid() == 0,
                    reason="needs a folder without permission to write")  # fmt: skip
def test_a_folder_without_permission(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(OutputError, match="permission"):
        make_target(tmp_path / "card.png", size_mm=20)


def test_the_table_filled_with_its_own_design_gives_the_colours_of_the_design(tmp_path):
    """The whole way of measured colours: template, D50, Bradford, linear sRGB."""
    table = tmp_path / "card.csv"
    make_target(tmp_path / "card.png", size_mm=20, dpi=300, values=table)
    with pytest.raises(InputError, match="L is empty"):
        load_card_values(str(table))
    header, *rows = table.read_text(encoding="utf-8").splitlines()
    filled = [header]
    for row in rows:
        name, _, _, _, illuminant, *design = row.split(",")
        filled.append(",".join([name, *design, illuminant, *design]))
    table.write_text("\n".join(filled), encoding="utf-8")
    values = load_card_values(str(table))
    assert values is not None
    assert list(values) == [patch.name for patch in patches()]
    for patch in patches():
        # The table holds tenths of L*, a* and b*.
        linear = srgb_decode(np.array(patch.srgb) / 255.0).tolist()
        assert values[patch.name] == pytest.approx(linear, abs=0.004), patch.name


def test_what_is_to_be_done_next(tmp_path):
    pdf = next_steps(make_target(tmp_path / "card.pdf", size_mm=38))
    assert len(pdf) == 1
    assert "line of 50 mm" in pdf[0]
    png = next_steps(make_target(tmp_path / "card.png", size_mm=38, values=tmp_path / "card.csv"))
    assert "38 mm apart" in png[0]
    assert "calibrate.target_values" in png[1]


def test_from_the_command_line(tmp_path):
    words = ["target", str(tmp_path / "c.pdf"), "--size", "38", "--values", str(tmp_path / "c.csv")]
    result = CliRunner().invoke(app, words, obj=Session())
    assert result.exit_code == 0, result.output
    assert (tmp_path / "c.pdf").exists()
    assert (tmp_path / "c.csv").exists()
    assert "100 %" in result.output
