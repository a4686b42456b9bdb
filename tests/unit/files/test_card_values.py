from __future__ import annotations

import pytest

from dermadelta.errors import InputError
from dermadelta.files.card_values import read_card_values, write_value_table

NAMES = ("grey 1", "skin 1", "grey 2")
ROWS = {"grey 1": "90.5,0.1,-0.2", "skin 1": "80,9.25,15", "grey 2": "70,0,0"}
DESIGN = {"grey 1": (91.3, 0.0, -0.0), "skin 1": (81.46, 9.3, 15.5), "grey 2": (78.4, 0.0, 0.0)}


def text(rows=ROWS, header="patch,L,a,b", more="") -> str:
    return "\n".join([header, *(f"{name},{lab}{more}" for name, lab in rows.items())]) + "\n"


def read(tmp_path, content: str | bytes):
    path = tmp_path / "card.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return read_card_values(path, NAMES)


def refusal(tmp_path, content: str | bytes) -> str:
    with pytest.raises(InputError) as caught:
        read(tmp_path, content)
    assert caught.value.file == "card.csv"
    assert caught.value.remedy
    return caught.value.cause


def test_values_are_read_by_name(tmp_path):
    found = read(tmp_path, text())
    assert list(found) == list(NAMES)
    assert found["grey 1"].lab == (90.5, 0.1, -0.2)
    assert found["skin 1"].lab == (80.0, 9.25, 15.0)
    assert {patch.illuminant for patch in found.values()} == {"D65"}


def test_the_order_of_rows_and_columns_and_case_do_not_matter(tmp_path):
    content = "b*note,B,A,l,PATCH\n,0,0,70,Grey 2\n,15,9.25,80, SKIN  1\n\n,-0.2,0.1,90.5,grey 1\n"
    assert read(tmp_path, content) == read(tmp_path, text())


def test_the_illuminant_of_each_row(tmp_path):
    content = text(header="patch,L,a,b,Illuminant", more=",d50").replace("15,d50", "15,D65")
    found = read(tmp_path, content)
    assert [found[name].illuminant for name in NAMES] == ["D50", "D65", "D50"]


def test_as_european_spreadsheets_save_it(tmp_path):
    content = "patch;L;a;b\r\ngrey 1;90,5;0,1;-0,2\r\nskin 1;80;9,25;15\r\ngrey 2;70;0;0\r\n"
    assert read(tmp_path, b"\xef\xbb\xbf" + content.encode()) == read(tmp_path, text())


def test_the_empty_table_is_refused_until_it_is_filled(tmp_path):
    path = tmp_path / "card.csv"
    write_value_table(path, DESIGN)
    content = path.read_text(encoding="utf-8")
    assert content.splitlines()[:3] == [
        "patch,L,a,b,illuminant,design_L,design_a,design_b",
        "grey 1,,,,D50,91.3,0.0,0.0",
        "skin 1,,,,D50,81.5,9.3,15.5",
    ]
    assert refusal(tmp_path, content) == "line 2: L is empty"
    for name, lab in ROWS.items():
        content = content.replace(f"{name},,,", f"{name},{lab}")
    found = read(tmp_path, content)
    assert [found[name].lab for name in NAMES] == [
        patch.lab for patch in read(tmp_path, text()).values()
    ]
    assert found["grey 2"].illuminant == "D50"


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        ("", "the table of measured colours is empty"),
        (text(header="patch,L,a"), "line 1: the column b is missing"),
        (text(header="patch,L,a,b,b", more=",1"), "line 1: the column b stands there twice"),
        (text().replace("9.25", "much"), "line 3: a “much” is no number from -128 to 128"),
        (text().replace("9.25", "nan"), "line 3: a “nan” is no number from -128 to 128"),
        (text().replace("80,", "101,"), "line 3: L “101” is no number from 0 to 100"),
        (text().replace("skin 1,80,9.25,15", "skin 1,80"), "line 3: a is empty"),
        (text().replace("skin 1", "skin 99"), "line 3: “skin 99” is no patch of the card"),
        (text() + "skin 1,80,9,15\n", "lines 3 and 5: skin 1 stands there twice"),
        (text({"grey 2": "70,0,0"}), "2 of 3 patches are missing: grey 1, skin 1"),
        (text().replace("70,0,0", "90.5,0,0"),
         "lines 2 and 4: grey 2 (L 90.5) is not darker than grey 1 (L 90.5)"),
        (text(header="patch,L,a,b,illuminant", more=",A"), "line 2: illuminant “A” is not known"),
        (text(header="patch,L,a,b,illuminant", more=","), "line 2: illuminant is empty"),
        ('patch,L,a,b\n"grey 1,1,2,3\n',
         "it is no table of measured colours (unexpected end of data)"),
    ],
)  # fmt: skip
def test_a_bad_table_is_refused_with_its_line(tmp_path, content, cause):
    assert refusal(tmp_path, content).upper() == cause.upper()


def test_a_table_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match="does not exist") as caught:
        read_card_values(tmp_path / "none.csv", NAMES)
    assert "calibrate.target_values" in caught.value.remedy


def test_a_folder_is_no_table(tmp_path):
    with pytest.raises(InputError, match="is a folder"):
        read_card_values(tmp_path, NAMES)


def test_another_large_file_is_not_taken_apart(tmp_path):
    assert "too large" in refusal(tmp_path, b"patch,L,a,b\n" + b"grey 1,50,0,0\n" * 80_000)
