"""Paths that every operating system can open."""

from __future__ import annotations

import os
from pathlib import Path

_WINDOWS_LIMIT = 240
"""Windows refuses ordinary paths of 260 characters; some are kept for temporary names."""


def openable(path: str | Path) -> Path:
    r"""Return a path that can be opened even where it is long.

    Parameters
    ----------
    path : str or Path
        Any path.

    Returns
    -------
    Path
        The same path; on Windows, a long one in its ``\\?\`` form, which has no limit.
    """
    return Path(path) if os.name != "nt" else Path(extended(str(Path(path).absolute())))


def extended(absolute: str) -> str:
    r"""Form of an absolute Windows path that has no limit of length; short ones stay.

    ``C:\folder\...`` becomes ``\\?\C:\folder\...`` and a network path ``\\server\share\...``
    becomes ``\\?\UNC\server\share\...``.
    """
    if len(absolute) < _WINDOWS_LIMIT or absolute.startswith("\\\\?\\"):
        return absolute
    if absolute.startswith("\\\\"):
        return "\\\\?\\UNC" + absolute[1:]
    return "\\\\?\\" + absolute
