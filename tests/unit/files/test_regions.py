from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from dermadelta.errors import MaskError
from dermadelta.files.images import upright
from dermadelta.files.regions import fill_polygons, is_inline, read_region, split_label

SQUARE = "2,1 6,1 6,4 2,4"


def test_vertices_are_pixel_corners():
    mask = read_region(SQUARE, (10, 12), 1)
    expected = np.zeros((10, 12), bool)
    expected[1:4, 2:6] = True
    np.testing.assert_array_equal(mask, expected)


def test_a_polygon_around_everything_covers_everything():
    assert read_region("0,0 12,0 12,10 0,10", (10, 12), 1).all()
    assert read_region("-5,-5 40,-5 40,40 -5,40", (10, 12), 1).all()


def test_the_area_of_a_slanted_polygon_is_unbiased():
    corners = [(10.3, 5.2), (90.7, 20.1), (70.2, 88.8), (15.5, 60.4)]
    x, y = np.array(corners).T
    area = 0.5 * abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))
    assert fill_polygons([corners], (100, 100)).sum() == pytest.approx(area, rel=0.003)


@pytest.mark.parametrize(
    ("text", "inline"),
    [
        (SQUARE, True),
        ("1.5,2.5; 3,4; 5e0,-6", True),
        ("1,2 3,4", False),
        ("masks/a.png", False),
        ("1,2,3.png", False),
        ("", False),
    ],
)
def test_inline_polygons_are_told_from_files(text, inline):
    assert is_inline(text) is inline


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_mask_of_the_stored_size_is_turned_with_its_photo(tmp_path, orientation):
    stored = np.zeros((30, 50), bool)
    stored[2:9, 5:21] = True
    Image.fromarray(stored.astype(np.uint8) * 255).save(tmp_path / "m.png")
    photo = upright(stored, orientation)
    mask = read_region(str(tmp_path / "m.png"), photo.shape, orientation)
    # Where turning does not change the size, a mask is upright already.
    np.testing.assert_array_equal(mask, photo if orientation >= 5 else stored)


def test_an_upright_mask_is_never_turned(tmp_path):
    expected = np.zeros((50, 30), bool)
    expected[2:9, 5:21] = True
    Image.fromarray(expected.astype(np.uint8) * 255).save(tmp_path / "m.png")
    np.testing.assert_array_equal(read_region(str(tmp_path / "m.png"), (50, 30), 6), expected)


def test_any_other_size_names_both_sizes(tmp_path):
    Image.fromarray(np.full((30, 51), 255, np.uint8)).save(tmp_path / "m.png")
    with pytest.raises(MaskError, match="51 × 30") as caught:
        read_region(str(tmp_path / "m.png"), (50, 30), 6)
    assert "30 × 50" in str(caught.value)
    assert caught.value.file == "m.png"


def labelme(path, shapes, size=(10, 12)):
    height, width = size
    content = {"shapes": shapes, "imageHeight": height, "imageWidth": width}
    path.write_text(json.dumps(content), encoding="utf-8")
    return str(path)


def shape(points, label="roi", kind="polygon"):
    return {"label": label, "points": points, "shape_type": kind}


LEFT = [[0, 0], [3, 0], [3, 3], [0, 3]]
RIGHT = [[8, 5], [12, 5], [12, 10], [8, 10]]


def test_the_shapes_of_a_labelme_file_are_united(tmp_path):
    path = labelme(tmp_path / "a.json", [shape(LEFT), shape([[8, 5], [12, 10]], kind="rectangle")])
    assert read_region(path, (10, 12), 1).sum() == 9 + 20


def test_a_label_chooses_among_the_shapes(tmp_path):
    path = labelme(tmp_path / "a.json", [shape(LEFT, "roi"), shape(RIGHT, "reference")])
    assert read_region(path + "#reference", (10, 12), 1).sum() == 20
    assert split_label(path + "#reference") == (path, "reference")
    with pytest.raises(MaskError, match="scar"):
        read_region(path + "#scar", (10, 12), 1)


def test_polygons_drawn_on_the_stored_picture_are_turned(tmp_path):
    path = labelme(tmp_path / "a.json", [shape(LEFT)], size=(10, 12))
    mask = read_region(path, (12, 10), 6)
    expected = np.zeros((12, 10), bool)
    expected[:3, 7:] = True
    np.testing.assert_array_equal(mask, expected)


def test_polygons_drawn_on_another_picture_are_refused(tmp_path):
    path = labelme(tmp_path / "a.json", [shape(LEFT)], size=(100, 120))
    with pytest.raises(MaskError, match="120 × 100"):
        read_region(path, (10, 12), 1)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        '{"shapes": 5}',
        '{"shapes": [{"points": [[1, 2]], "shape_type": "polygon"}]}',
        '{"shapes": [{"points": [["a", 2], [1, 2], [3, 4]]}]}',
        '{"shapes": [{"points": [[NaN, 2], [1, 2], [3, 4]]}]}',
        '{"shapes": [{"points": [[1, 2], [3, 4]], "shape_type": "line"}]}',
        '{"shapes": [{"points": [[1, 2], [3, 4], [5, 9]]}], "imageHeight": 1e999, "imageWidth": 5}',
        "[" * 100_000,
    ],
)
def test_bad_polygon_files_are_mask_errors_with_a_remedy(tmp_path, content):
    (tmp_path / "a.json").write_text(content, encoding="utf-8")
    with pytest.raises(MaskError) as caught:
        read_region(str(tmp_path / "a.json"), (10, 12), 1)
    assert caught.value.remedy
    assert caught.value.file == "a.json"


@pytest.mark.parametrize("name", ["gone.json", "gone.png"])
def test_a_missing_region_file(tmp_path, name):
    with pytest.raises(MaskError, match="does not exist"):
        read_region(str(tmp_path / name), (10, 12), 1)


def test_a_region_outside_the_picture_is_empty_and_refused():
    with pytest.raises(MaskError, match="empty"):
        read_region("50,50 60,50 60,60", (10, 12), 1)
