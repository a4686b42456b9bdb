"""Phantom: photographs of synthetic skin whose true change is known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, Literal, TypeVar

from dermadelta.batch.executor import Failure, execute
from dermadelta.errors import DermadeltaError, InputError, UsageError
from dermadelta.phantom.cases import KINDS, MEASURABLE_KINDS
from dermadelta.phantom.changes import WHOLE_KINDS, has_relief
from dermadelta.phantom.encode import Files
from dermadelta.phantom.plan import IN_PHOTO, Setup, TreatedWhere
from dermadelta.phantom.seeds import Purpose, set_seed
from dermadelta.phantom.semi import SEMI_KINDS
from dermadelta.phantom.semiwriter import SemiJob, plan_semi, write_semi
from dermadelta.phantom.writer import (
    PairJob,
    PairRows,
    Written,
    plan_pairs,
    write_pair,
    write_samples,
    write_tables,
)

Job = TypeVar("Job", PairJob, SemiJob)
Choice = TypeVar("Choice", bound=str)

SETUPS: Final[tuple[Setup, ...]] = ("rig", "handheld")
TREATED: Final[tuple[TreatedWhere, ...]] = ("local", "whole")


def make_pairs(
    out: Path,
    *,
    n_pairs: int,
    seed: int,
    kinds: Sequence[str] = (),
    width_px: int,
    repeats: int = 1,
    setup: str | None = None,
    treated: str | None = None,
    in_photo: str | None = None,
    change: float | None = None,
    image_format: str = "jpeg",
    display_p3: bool = False,
    workers: int = 1,
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
        Of the whole set, at least 0; never a set that limits are fitted on or that is reported.
    kinds : sequence of str
        What changes, in turn; when empty, every measurable kind that the request fits.
    width_px : int
        Width of the photographs.
    repeats : int
        Photographs of each visit.
    setup : str, optional
        ``rig`` or ``handheld``; drawn when None, as are the next three.
    treated : str, optional
        ``local`` or ``whole``.
    in_photo : str, optional
        What tells the scale: one of ``IN_PHOTO``.
    change : float, optional
        Change of the relief, %.
    image_format : str
        ``jpeg`` or ``avif``.
    display_p3 : bool
        Write Display P3 with its profile instead of sRGB.
    workers : int
        Number of processes; the files do not depend on it.
    on_pair : callable, optional
        Called with the number of pairs written so far.

    Raises
    ------
    UsageError
        An unknown kind, format or other word, a negative seed, no pairs, photographs too small.
        Remedy: in the message.
    OutputError
        A file cannot be written. Remedy: in the message.
    """
    _check_kinds(kinds, KINDS)
    jobs = plan_pairs(
        out,
        n_pairs=n_pairs,
        seed=set_seed(Purpose.FREE, seed),
        kinds=tuple(kinds) or _fitting(treated, change),
        width_px=width_px,
        repeats=repeats,
        setup=_choice("setup", setup, SETUPS),
        treated=_choice("treated area", treated, TREATED),
        in_photo=_choice("thing in the photograph", in_photo, IN_PHOTO),
        change=change,
        files=Files(_format(image_format), display_p3),
    )
    return write_tables(out, _write_all(write_pair, jobs, workers, on_pair))


def make_edited_pairs(
    out: Path,
    bases: Sequence[Path],
    *,
    n_pairs: int,
    seed: int,
    kinds: Sequence[str] = (),
    width_px: int,
    mm_per_px: float | None = None,
    image_format: str = "jpeg",
    display_p3: bool = False,
    workers: int = 1,
    on_pair: Callable[[int], None] | None = None,
) -> Written:
    """Write pairs made of real photographs with a known edit; same arguments, same bytes.

    Parameters
    ----------
    out : Path
        Folder for photographs and tables.
    bases : sequence of Path
        Photographs of skin, in turn.
    n_pairs, seed, width_px, image_format, display_p3, workers, on_pair
        As for ``make_pairs``.
    kinds : sequence of str
        no_change, texture, redness or scar, in turn; all of them when empty.
    mm_per_px : float, optional
        Scale of the photographs.

    Raises
    ------
    UsageError
        An unknown kind, a negative seed, no pairs, no patch of skin in a photograph. Remedy: in
        the message.
    PhotoError
        A photograph cannot be read. Remedy: in the message.
    OutputError
        A file cannot be written. Remedy: in the message.
    """
    _check_kinds(kinds, SEMI_KINDS)
    missing = [str(base) for base in bases if not base.is_file()]
    if missing:
        raise InputError(
            f"no such photograph: {', '.join(missing)}", remedy="Correct the name after --base."
        )
    jobs = plan_semi(
        out,
        [str(base) for base in bases],
        n_pairs=n_pairs,
        seed=set_seed(Purpose.FREE, seed),
        kinds=kinds,
        width_px=width_px,
        mm_per_px=mm_per_px,
        files=Files(_format(image_format), display_p3),
    )
    return write_tables(out, _write_all(write_semi, jobs, workers, on_pair))


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


def _check_kinds(kinds: Sequence[str], known: Sequence[str]) -> None:
    unknown = [kind for kind in kinds if kind not in known]
    if unknown:
        raise UsageError(
            f"unknown kind {', '.join(unknown)}", remedy=f"Choose among: {', '.join(known)}."
        )


def _fitting(treated: str | None, change: float | None) -> tuple[str, ...]:
    """Measurable kinds that a treated area and a change of the relief can be asked of."""
    return tuple(
        kind
        for kind in MEASURABLE_KINDS
        if not (treated == "local" and kind in WHOLE_KINDS) and (change is None or has_relief(kind))
    )


def _choice(what: str, name: str | None, known: Sequence[Choice]) -> Choice | None:
    """The word that was given, if it is one of those that are known."""
    found = next((word for word in known if word == name), None)
    if name is not None and found is None:
        raise UsageError(f"unknown {what} {name!r}", remedy=f"Choose among: {', '.join(known)}.")
    return found


def _format(name: str) -> Literal["jpeg", "avif"]:
    if name == "jpeg":
        return "jpeg"
    if name == "avif":
        return "avif"
    raise UsageError(f"unknown format {name!r}", remedy="Choose jpeg or avif.")


def _write_all(
    write: Callable[[Job], PairRows],
    jobs: Sequence[Job],
    workers: int,
    on_pair: Callable[[int], None] | None,
) -> list[PairRows]:
    """Write all pairs; their rows in the order of the jobs, whoever was ready first."""
    rows: dict[int, PairRows] = {}

    def take(index: int, _: Job, outcome: PairRows | Failure) -> None:
        if isinstance(outcome, Failure):
            raise _Unmade(outcome)
        rows[index] = outcome
        if on_pair is not None:
            on_pair(len(rows))

    execute(write, jobs, workers=workers, on_done=take)
    return [rows[index] for index in range(len(jobs))]


class _Unmade(DermadeltaError):
    """A pair that could not be made; its message already has a remedy."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message, remedy="")
        self.exit_code = 1 if failure.kind != "fault" else UsageError.exit_code

    def __str__(self) -> str:
        return self.cause
