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
    if os.name != "nt":
        return Path(path)
    absolute = str(Path(path).absolute())
    if len(absolute) < _WINDOWS_LIMIT or absolute.startswith("\\\\?\\"):
        return Path(path)
    if absolute.startswith("\\\\"):
        return Path("\\\\?\\UNC" + absolute[1:])
    return Path("\\\\?\\" + absolute)
