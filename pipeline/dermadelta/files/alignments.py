"""The model of an alignment as a file: small, exact, and the same bytes for the same alignment."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from dermadelta.domain import Alignment
from dermadelta.errors import InputError
from dermadelta.files.paths import openable

ALIGNMENT_NAME = "alignment.npz"

_ARRAYS = ("after_to_before", "displacement", "error_px", "usable", "area_change")
_NUMBERS = ("grid_step_px", "rms_px", "p95_px", "usable_share", "overlap", "correlation")
_COUNTS = ("inliers", "quarter_turns")


def alignment_bytes(alignment: Alignment) -> bytes:
    """Content of ``alignment.npz``: every field of ``Alignment`` under its own name.

    Parameters
    ----------
    alignment : Alignment

    Returns
    -------
    bytes
        A compressed NumPy archive, tens of kilobytes for 12 megapixels.
    """
    values: dict[str, Any] = {
        name: np.asarray(getattr(alignment, name)) for name in (*_ARRAYS, *_NUMBERS)
    }
    values |= {name: np.asarray(getattr(alignment, name), dtype=np.int64) for name in _COUNTS}
    stream = io.BytesIO()
    np.savez_compressed(stream, **values, method=np.asarray(alignment.method))
    return stream.getvalue()


def read_alignment(path: Path | str) -> Alignment:
    """Read an alignment that a run kept, to carry points or masks with it again.

    Parameters
    ----------
    path : path
        ``alignment.npz`` in the folder of a pair.

    Returns
    -------
    Alignment
        ``kernels.geometry.apply_field`` sends after pixels through it, ``invert_field`` before
        pixels.

    Raises
    ------
    InputError
        Missing, damaged or another kind of file. Remedy: measure the pair again.
    """
    try:
        data = io.BytesIO(openable(Path(path)).read_bytes())
        with np.load(data, allow_pickle=False) as stored:
            fields: dict[str, Any] = {name: stored[name] for name in _ARRAYS}
            fields |= {name: float(stored[name]) for name in _NUMBERS}
            fields |= {name: int(stored[name]) for name in _COUNTS}
            fields["area_change"] = tuple(float(value) for value in fields["area_change"])
            return Alignment(**fields, method=str(stored["method"]))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as fault:
        raise InputError(
            "this is no alignment of a measured pair, or it is damaged",
            remedy="Measure the pair again; its folder then holds alignment.npz.",
            file=str(path),
        ) from fault
