from __future__ import annotations

from pathlib import Path

import pytest

from dermadelta.files.paths import extended, openable

LONG = "x" * 250


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("C:\\a\\b.jpg", "C:\\a\\b.jpg"),
        (f"C:\\{LONG}\\b.jpg", f"\\\\?\\C:\\{LONG}\\b.jpg"),
        (f"\\\\server\\share\\{LONG}", f"\\\\?\\UNC\\server\\share\\{LONG}"),
        (f"\\\\?\\C:\\{LONG}", f"\\\\?\\C:\\{LONG}"),
    ],
)
def test_long_windows_paths_get_their_unlimited_form(path, expected):
    assert extended(path) == expected


def test_a_path_can_be_opened_after_it(tmp_path):
    path = tmp_path / ("ü" * 60) / "a.txt"
    path.parent.mkdir()
    path.write_text("x", encoding="utf-8")
    assert openable(path).read_text(encoding="utf-8") == "x"
    assert openable(str(path)) == openable(path)
    assert isinstance(openable(str(path)), Path)
