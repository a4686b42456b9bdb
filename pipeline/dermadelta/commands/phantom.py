"""Phantom: photographs of synthetic skin whose true change is known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from dermadelta.errors import UsageError
from dermadelta.phantom.cases import KINDS, MEASURABLE_KINDS
from dermadelta.phantom.writer import Written, write_pairs, write_samples


def make_pairs(
    out: Path,
    *,
    n_pairs: int,
    seed: int,
    kinds: Sequence[str] = (),
    width_px: int,
    on_pair: Callable[[int], None] | None = None,
) -> Written:
    """Write random pairs with a manifest and their truth; same arguments, same bytes.

    Parameters
    ----------
    out : Path
        Folder for photographs and tables.
    n_pairs : int
        How many, at least 1.
    seed : int
        Of the whole set.
    kinds : sequence of str
        What changes, in turn; every measurable kind when empty.
    width_px : int
        Width of the photographs.
    on_pair : callable, optional
        Called with the number of pairs written so far.

    Raises
    ------
    UsageError
        An unknown kind, no pairs, photographs too small. Remedy: in the message.
    OutputError
        A file cannot be written. Remedy: in the message.
    """
    unknown = [kind for kind in kinds if kind not in KINDS]
    if unknown:
        raise UsageError(
            f"unknown kind {', '.join(unknown)}", remedy=f"Choose among: {', '.join(KINDS)}."
        )
    return write_pairs(
        out,
        n_pairs=n_pairs,
        seed=seed,
        kinds=tuple(kinds) or MEASURABLE_KINDS,
        width_px=width_px,
        on_pair=on_pair,
    )


def make_samples(out: Path) -> Written:
    """Write the sample visits that come with the project.

    Parameters
    ----------
    out : Path
        Folder for photographs and tables.

    Raises
    ------
    OutputError
        A file cannot be written. Remedy: in the message.
    """
    return write_samples(out)
