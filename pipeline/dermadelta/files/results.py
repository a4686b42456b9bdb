"""The only writer: every file appears whole or not at all, and the same input gives the same bytes.

A file is written under a temporary name in its own folder, flushed to the disk and then renamed,
so a reader (or a run that is cut off) never meets half a file.
"""

from __future__ import annotations

import errno
import io
import json
import math
import os
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import simplejpeg
from numpy.typing import NDArray
from PIL import Image
from pydantic import TypeAdapter, ValidationError

from dermadelta.domain import SCHEMA_VERSION, Alignment, PairResult, Picture
from dermadelta.errors import OutputError
from dermadelta.files.alignments import ALIGNMENT_NAME, alignment_bytes
from dermadelta.files.paths import openable

RESULT_NAME = "result.json"
_PARTIAL = ".dermadelta-{}.part"
_OWN_PICTURE = re.compile(r"(before|after|heat_.+|mask_.+|card_.+)\.(jpg|png)|alignment\.npz")
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet reads a cell that starts so as a formula (CSV injection, OWASP)."""

_JPEG_QUALITY = 88
"""For people only, never measured: no visible blocks at a third of the size of quality 95."""

_ADAPTER: TypeAdapter[PairResult] = TypeAdapter(PairResult)


# ------------------------------------------------------------------------------- any file


def write_bytes_atomic(path: Path, data: bytes) -> None:
    """Write a file so that it is there whole or not at all.

    Parameters
    ----------
    path : Path
        The file; its folder is made where it is missing, an older file is replaced.
    data : bytes
        Its content.

    Raises
    ------
    OutputError
        Disk full, no permission, name too long; the message names the remedy and what is kept.
    """
    target = openable(path)
    partial = target.parent / _PARTIAL.format(secrets.token_hex(6))
    with _output_faults(path):
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            with partial.open("xb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            partial.replace(target)
        except BaseException:
            with suppress(OSError):
                partial.unlink(missing_ok=True)
            raise


def write_text_atomic(path: Path, text: str) -> None:
    """Write UTF-8 text with its line ends as they are; faults as ``write_bytes_atomic``."""
    write_bytes_atomic(path, text.encode("utf-8"))


def write_json_atomic(path: Path, value: object) -> None:
    """Write JSON with keys in their given order; faults as ``write_bytes_atomic``.

    Raises
    ------
    ValueError
        The value holds NaN or infinity, which stand for nothing here.
    """
    text = json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False)
    write_text_atomic(path, text + "\n")


def remove_file(path: Path) -> None:
    """Remove a file; one that is not there is none to remove.

    Raises
    ------
    OutputError
        No permission. Remedy: in the message.
    """
    with _output_faults(path):
        openable(path).unlink(missing_ok=True)


def remove_partial(folder: Path) -> None:
    """Remove temporary files that a run which was cut off has left in a folder."""
    with suppress(OSError):
        for leftover in openable(folder).glob(_PARTIAL.format("*")):
            leftover.unlink(missing_ok=True)


@contextmanager
def _output_faults(path: Path) -> Iterator[None]:
    """Turn the system's faults into ours, with their remedy."""
    kept = "Everything written before is complete and kept"
    again = "run the same command again: finished pairs are not computed twice."
    try:
        yield
    except OSError as fault:
        if fault.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)):
            cause = "the disk is full"
            remedy = f"{kept}. Free some space and {again}"
        elif isinstance(fault, PermissionError) or fault.errno == errno.EROFS:
            cause = "no permission to write here"
            close = "Close the file in other programs or choose another --out"
            remedy = f"{kept}. {close}, and {again}"
        elif fault.errno == errno.ENAMETOOLONG:
            cause = "the path is too long for this system"
            remedy = f"{kept}. Choose a shorter --out and {again}"
        else:
            cause = f"it cannot be written ({fault.strerror or fault})"
            remedy = f"{kept}. Check the drive or choose another --out, and {again}"
        raise OutputError(cause, remedy=remedy, file=str(path)) from fault


# --------------------------------------------------------------------------------- tables


def write_table(table: pd.DataFrame, path_without_suffix: Path) -> None:
    """Write a table as CSV (UTF-8) and Parquet.

    Parameters
    ----------
    table : DataFrame
        Its index is not written. Missing cells become empty.
    path_without_suffix : Path
        ``.csv`` and ``.parquet`` are added.

    Raises
    ------
    OutputError
        As ``write_bytes_atomic``.

    Notes
    -----
    In the CSV, a text cell that a spreadsheet would take for a formula gets a leading
    apostrophe; the Parquet file keeps it as it is.
    """
    name = path_without_suffix.name
    write_bytes_atomic(path_without_suffix.with_name(f"{name}.parquet"), parquet_bytes(table))
    write_bytes_atomic(path_without_suffix.with_name(f"{name}.csv"), csv_text(table).encode())


def csv_text(table: pd.DataFrame) -> str:
    r"""Text of a table: ``\n`` line ends, ISO dates, shortest exact floats, empty for missing."""
    columns = [table.iloc[:, n].astype(object) for n in range(table.shape[1])]
    rows = [[str(name) for name in table.columns], *zip(*columns, strict=True)]
    return "".join(",".join(_quoted(_csv_cell(cell)) for cell in row) + "\n" for row in rows)


def _quoted(text: str) -> str:
    """A cell of a CSV (RFC 4180); Python's own writer leaves a lone carriage return bare."""
    if any(character in text for character in ',"\r\n'):
        return '"' + text.replace('"', '""') + '"'
    return text


def _csv_cell(cell: Any) -> str:
    if cell is None or cell is pd.NA or cell is pd.NaT:
        return ""
    if isinstance(cell, str):
        return f"'{cell}" if cell.startswith(_FORMULA_STARTS) else cell
    if isinstance(cell, (bool, np.bool_)):
        return "true" if cell else "false"
    if isinstance(cell, (float, np.floating)):
        return "" if math.isnan(cell) else repr(float(cell))
    if isinstance(cell, (int, np.integer)):
        return str(int(cell))
    if hasattr(cell, "isoformat"):
        return str(cell.isoformat())
    text = str(cell)
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def parquet_bytes(table: pd.DataFrame) -> bytes:
    """A table as Parquet; a column of mixed kinds is kept as text."""
    arrays = [_arrow_column(table.iloc[:, n]) for n in range(table.shape[1])]
    arrow = pa.Table.from_arrays(arrays, names=[str(name) for name in table.columns])
    stream = io.BytesIO()
    pq.write_table(arrow, stream, compression="zstd")
    return stream.getvalue()


def _arrow_column(column: pd.Series[Any]) -> Any:
    try:
        return pa.Array.from_pandas(column)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return pa.array([None if pd.isna(cell) else str(cell) for cell in column], pa.string())


# ---------------------------------------------------------------------------------- pairs


def write_pair(
    folder: Path,
    result: PairResult,
    pictures: Sequence[Picture],
    alignment: Alignment | None = None,
) -> None:
    """Write the pictures and the alignment of a pair, then the ``result.json`` that completes it.

    Parameters
    ----------
    folder : Path
        ``pairs/<pair_id>`` of the run.
    result : PairResult
        Everything about the pair that is not an array.
    pictures : sequence of Picture
        Their names end in ``.jpg`` or ``.png``. Pictures of an earlier result are removed.
    alignment : Alignment, optional
        Of the first after photo; goes into ``alignment.npz``.

    Raises
    ------
    OutputError
        As ``write_bytes_atomic``.
    ValueError
        A picture's name is not a plain ``.jpg`` or ``.png`` file name.
    """
    encoded = {picture.name: _encode(picture) for picture in pictures}
    if alignment is not None:
        encoded[ALIGNMENT_NAME] = alignment_bytes(alignment)
    remove_partial(folder)
    with _output_faults(folder):
        # An old result must never stand beside new pictures.
        openable(folder / RESULT_NAME).unlink(missing_ok=True)
        for old in sorted(openable(folder).glob("*.*")):
            if _OWN_PICTURE.fullmatch(old.name) and old.name not in encoded:
                old.unlink()
    for name, data in encoded.items():
        write_bytes_atomic(folder / name, data)
    write_result(folder, result)


def write_result(folder: Path, result: PairResult) -> None:
    """Write the ``result.json`` of a pair whose pictures stay as they are.

    Raises
    ------
    OutputError
        As ``write_bytes_atomic``.
    """
    write_text_atomic(folder / RESULT_NAME, pair_json(result))


def pair_json(result: PairResult) -> str:
    """Text of ``result.json``."""
    return _ADAPTER.dump_json(result, indent=1).decode("utf-8") + "\n"


def read_pair(folder: Path) -> PairResult | None:
    """Read the result of a pair.

    Parameters
    ----------
    folder : Path
        ``pairs/<pair_id>`` of a run.

    Returns
    -------
    PairResult or None
        None where there is no complete result of this version: absent, cut off, damaged, older.
    """
    try:
        data = openable(folder / RESULT_NAME).read_bytes()
        result = _ADAPTER.validate_json(data)
    except (OSError, ValidationError):
        return None
    return result if result.schema_version == SCHEMA_VERSION else None


def _encode(picture: Picture) -> bytes:
    if Path(picture.name).name != picture.name or "\\" in picture.name:
        raise ValueError(f"picture name with a folder in it: {picture.name!r}")
    pixels = np.ascontiguousarray(picture.pixels)
    if picture.name.endswith(".jpg"):
        colour = pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=2)
        return bytes(simplejpeg.encode_jpeg(colour, _JPEG_QUALITY, "RGB", "444"))
    if not picture.name.endswith(".png"):
        raise ValueError(f"picture name without .jpg or .png: {picture.name!r}")
    return _png(pixels)


def _png(pixels: NDArray[np.uint8], dpi: int | None = None) -> bytes:
    stream = io.BytesIO()
    size = {} if dpi is None else {"dpi": (dpi, dpi)}
    Image.fromarray(np.ascontiguousarray(pixels)).save(stream, "PNG", **size)
    return stream.getvalue()


def write_png(path: Path, pixels: NDArray[np.uint8], dpi: int | None = None) -> None:
    """Write (h, w), (h, w, 3) or (h, w, 4) pixels as PNG; faults as ``write_bytes_atomic``.

    ``dpi`` tells programs that print how large the picture is, pixels per inch.
    """
    write_bytes_atomic(path, _png(pixels, dpi))


def run_info_text(info: Mapping[str, object]) -> str:
    """Text of ``run.json``: keys sorted, so that the order of work does not show."""
    return json.dumps(info, ensure_ascii=False, indent=2, sort_keys=True, allow_nan=False) + "\n"
