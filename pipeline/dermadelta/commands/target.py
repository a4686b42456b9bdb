"""Target: the card to print and lay beside the skin, and the table for its measured colours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from dermadelta.errors import OutputError, UsageError
from dermadelta.files.card_values import write_value_table
from dermadelta.files.icc_curves import D50_WHITE
from dermadelta.kernels.adaptation import linear_to_lab_under
from dermadelta.kernels.card import LARGEST_MM, SMALLEST_MM, patches
from dermadelta.kernels.colour import srgb_decode
from dermadelta.reporting.card_print import write_card_pdf, write_card_png

SIZE_MM: Final = 70
"""Length of the card when none is given."""

DPI: Final = 600
DPI_RANGE: Final = (300, 1200)
"""At 300 dpi, a cell of a marker on the smallest card is 3 pixels wide."""


@dataclass(frozen=True)
class TargetMade:
    """The files that were written; ``values`` is None where no table was asked for."""

    card: Path
    values: Path | None
    size_mm: int


def make_target(
    out: Path, *, size_mm: int = SIZE_MM, dpi: int | None = None, values: Path | None = None
) -> TargetMade:
    """Write the target card for printing; same arguments, same bytes.

    Parameters
    ----------
    out : Path
        ``.pdf``: a page of A4 with the card and how to use it; ``.png``: the card alone.
    size_mm : int
        Length of the card, 20 to 144 mm.
    dpi : int, optional
        Resolution of the PNG, 300 to 1200; 600 when None.
    values : Path, optional
        Also write the table for the measured colours of the patches here, as CSV.

    Raises
    ------
    UsageError
        Another ending or size, a resolution with a PDF, a table that is there already. Remedy: in
        the message.
    OutputError
        A file cannot be written. Remedy: in the message.
    """
    kind = out.suffix.lower()
    if kind not in (".pdf", ".png"):
        raise UsageError("the card is a PDF or PNG", remedy="Name it .pdf or .png.", file=str(out))
    _check_numbers(size_mm, dpi, kind)
    _check_table(values)
    with _plain_remedy():
        if kind == ".pdf":
            write_card_pdf(out, size_mm)
        else:
            write_card_png(out, size_mm, dpi or DPI)
        if values is not None:
            write_value_table(values, _design())
    return TargetMade(out, values, size_mm)


def next_steps(made: TargetMade) -> tuple[str, ...]:
    """What is to be done with the card, a sentence each."""
    check = (
        "measure the line of 50 mm beside it"
        if made.card.suffix.lower() == ".pdf"
        else f"measure the crop marks: they must be {made.size_mm} mm apart along the card"
    )
    steps = [f"Print it at 100 % (not “fit to page”) on matt paper, and {check}."]
    if made.values is not None:
        steps.append("Fill in the table, then name it in the settings: calibrate.target_values.")
    return tuple(steps)


def _design() -> dict[str, list[float]]:
    """L*a*b* under D50 of every patch, as it was designed."""
    labs = {
        patch.name: linear_to_lab_under(srgb_decode(np.array(patch.srgb) / 255.0), D50_WHITE)
        for patch in patches()
    }
    return {name: lab.tolist() for name, lab in labs.items()}


def _check_numbers(size_mm: int, dpi: int | None, kind: str) -> None:
    if not SMALLEST_MM <= size_mm <= LARGEST_MM:
        raise UsageError(
            f"a card of {size_mm} mm cannot be made",
            remedy=f"Give --size as {SMALLEST_MM} to {LARGEST_MM} whole mm.",
        )
    if dpi is None:
        return
    if kind == ".pdf":
        raise UsageError(
            "--dpi needs a PNG: a PDF has no resolution", remedy="Leave it out or name a .png."
        )
    low, high = DPI_RANGE
    if not low <= dpi <= high:
        raise UsageError(
            f"a resolution of {dpi} dpi is not used", remedy=f"Give --dpi from {low} to {high}."
        )


def _check_table(values: Path | None) -> None:
    if values is None:
        return
    if values.suffix.lower() != ".csv":
        raise UsageError("the table is a CSV", remedy="Name it .csv.", file=str(values))
    if values.exists():
        raise UsageError(
            "this file is there already, and may hold measured colours",
            remedy="Give another name, or move it away.",
            file=str(values),
        )


@contextmanager
def _plain_remedy() -> Iterator[None]:
    """Name a remedy for one file; the usual one speaks of a run that can be continued."""
    try:
        yield
    except OutputError as fault:
        raise OutputError(
            fault.cause,
            remedy="Choose a folder that can be written to, and close the file in other programs.",
            file=fault.file,
        ) from fault
