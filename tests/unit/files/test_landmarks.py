from __future__ import annotations

import numpy as np
import pytest

from dermadelta.errors import LandmarkError
from dermadelta.files.landmarks import COLUMNS, MOST_LANDMARKS, read_landmarks

POINTS = [
    [10.5, 20.0, 11.0, 22.25],
    [310.0, 30.0, 305.0, 28.0],
    [20.0, 240.0, 25.0, 236.0],
    [330.0, 250.0, 322.0, 259.5],
]
SIZE = (300, 400)


@pytest.fixture
def table(tmp_path):
    """Write rows of numbers, or text or bytes as they are."""

    def _table(content, header=COLUMNS, separator=",", decimal=".", name="a.landmarks.csv"):
        if not isinstance(content, str | bytes):
            rows = [[str(v).replace(".", decimal) for v in row] for row in content]
            content = "\n".join(separator.join(row) for row in [list(header), *rows]) + "\n"
        data = content if isinstance(content, bytes) else content.encode("utf-8")
        (tmp_path / name).write_bytes(data)
        return tmp_path / name

    return _table


def refusal(path, **sizes) -> str:
    with pytest.raises(LandmarkError) as caught:
        read_landmarks(path, **sizes)
    assert caught.value.file == path.name
    assert caught.value.remedy
    return caught.value.cause


def test_the_points_arrive_as_written(table):
    points = read_landmarks(table(POINTS), before_size=SIZE, after_size=SIZE)
    assert points.dtype == np.float64
    np.testing.assert_array_equal(points, POINTS)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize(
    ("separator", "decimal"), [(",", "."), (";", "."), (";", ","), ("\t", ",")]
)
def test_what_spreadsheets_save_is_read(table, encoding, separator, decimal):
    rows = [[f"Müller {n}", *row, ""] for n, row in enumerate(POINTS)]
    header = ["Name", *(column.upper().replace("_", " ") for column in COLUMNS), "note"]
    text = table(rows, header, separator, decimal).read_text("utf-8")
    crlf = text.replace("\n", "\r\n") + separator * 5 + "\r\n"
    np.testing.assert_array_equal(read_landmarks(table(crlf.encode(encoding))), POINTS)


def test_columns_in_another_order(table):
    path = table([row[::-1] for row in POINTS], COLUMNS[::-1])
    np.testing.assert_array_equal(read_landmarks(path), POINTS)


def test_quoted_decimal_commas_are_not_taken_for_thousands(table):
    text = ",".join(COLUMNS) + '\n"10,5",20,11,22\n'
    assert "line 2: before_x: “10,5” is no number" in refusal(table(text))


@pytest.mark.parametrize("column", COLUMNS)
def test_a_column_that_is_missing_or_there_twice(table, column):
    header = [name if name != column else "other" for name in COLUMNS]
    assert refusal(table(POINTS, header)) == f"line 1: the column {column} is missing"
    path = table([[*row, 1.0] for row in POINTS], [*COLUMNS, column])
    assert refusal(path) == f"line 1: the column {column} stands there twice"


@pytest.mark.parametrize("cell", ["x", "nan", "inf", "1 2"])
def test_a_cell_that_is_no_number(table, cell):
    rows = [*POINTS, [1.0, 2.0, cell, 3.0]]
    assert refusal(table(rows)) == f"line 6: after_x: “{cell}” is no number"


def test_an_empty_cell(table):
    assert refusal(table([*POINTS, [1.0, "", 2.0, 3.0]])) == "line 6: before_y is empty"
    assert refusal(table([*POINTS, [1.0, 2.0, 3.0]])) == "line 6: after_y is empty"


def test_too_few_and_too_many(table):
    assert refusal(table(POINTS[:1])) == "it holds 1 landmark"
    assert refusal(table(POINTS[:3])) == "it holds 3 landmarks"
    many = [[n, n * n % 97, n, n * n % 89] for n in range(MOST_LANDMARKS + 1)]
    assert refusal(table(many)) == "it holds 501 landmarks"


@pytest.mark.parametrize("side", ["before", "after"])
@pytest.mark.parametrize("point", [(-0.6, 5), (399.6, 5), (5, -1), (5, 299.6)])
def test_a_point_outside_a_picture_of_known_size(table, side, point):
    other = (200.0, 100.0)
    row = [*point, *other] if side == "before" else [*other, *point]
    path = table([*POINTS, row])
    cause = refusal(path, **{f"{side}_size": SIZE})
    assert cause.startswith("line 6: ")
    assert f"outside the {side} photo of 400 × 300 pixels" in cause
    other_side = "after" if side == "before" else "before"
    assert len(read_landmarks(path, **{f"{other_side}_size": SIZE})) == 5


def test_the_outermost_half_pixel_belongs_to_the_picture(table):
    path = table([*POINTS, [-0.5, 299.5, 399.5, -0.5]])
    assert len(read_landmarks(path, before_size=SIZE, after_size=SIZE)) == 5


@pytest.mark.parametrize("first", [0, 2])
def test_the_same_point_twice(table, first):
    row = [70.0, 80.0, 90.0, 100.0]
    row[first : first + 2] = POINTS[1][first : first + 2]
    side = "after" if first else "before"
    assert refusal(table([*POINTS, row])).startswith("lines 3 and 6: both are the same point")
    assert f"of the {side} photo" in refusal(table([*POINTS, row]))


@pytest.mark.parametrize("first", [0, 2])
def test_points_on_a_line(table, first):
    rows = np.array(POINTS)
    rows[:, first] = [10, 110, 210, 310]
    rows[:, first + 1] = rows[:, first] * 0.7 + [0, 1, -1, 0]
    side = "after" if first else "before"
    assert refusal(table(rows.tolist())) == f"all its points of the {side} photo lie on one line"


def test_files_that_are_no_table(table, tmp_path):
    assert "does not exist" in refusal(tmp_path / "gone.csv")
    assert "is empty" in refusal(table(b"\n\n"))
    assert "is missing" in refusal(table(b"\x89PNG\r\n\x1a\n\0\0\0"))
    assert "no table" in refusal(table(",".join(COLUMNS) + '\n"1,2,3,4\n'))
    (tmp_path / "folder.csv").mkdir()
    assert "cannot be read" in refusal(tmp_path / "folder.csv")
