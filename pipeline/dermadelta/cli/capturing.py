"""The commands for the moment of capture: a card to lay beside the skin, a check of photographs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dermadelta.cli.options import ConfigOption, TreatedAreaOption, WorkersOption
from dermadelta.errors import UsageError
from dermadelta.screen import say, show_notes, show_rows, shown_progress, tell

if TYPE_CHECKING:
    from dermadelta.config import Config

_TABLES = (".csv", ".xlsx")


def check(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="PHOTO|INPUT",
            help="A photograph; or a folder of visits or a manifest, to be checked as a whole.",
        ),
    ],
    like: Annotated[
        Path | None,
        typer.Option(
            "--like", metavar="BEFORE", show_default="PHOTO alone",
            help="The earlier photograph, or the folder of that visit, to hold PHOTO against.",
        ),
    ] = None,
    roi: Annotated[
        str | None,
        typer.Option(
            "--roi",
            help="Treated region on BEFORE, else on PHOTO: mask image, polygon file (LabelMe) "
            'or "x,y x,y x,y".',
            show_default="found automatically",
        ),
    ] = None,
    reference: Annotated[
        str | None, typer.Option("--reference", help="Untreated skin, likewise.")
    ] = None,
    exclude: Annotated[
        str | None, typer.Option("--exclude", help="Never to be measured, likewise.")
    ] = None,
    mm_per_px: Annotated[
        float | None,
        typer.Option("--mm-per-px", metavar="MM", help="Scale of the photographs."),
    ] = None,
    treated_area: TreatedAreaOption = "unknown",
    ghost: Annotated[
        Path | None,
        typer.Option(
            "--ghost", metavar="FILE",
            help="Write the outline of BEFORE (else of PHOTO) as a transparent PNG, to be laid "
            "over the view of a camera app.",
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON for other programs.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="With INPUT: write its visits as a CSV, too."),
    ] = None,
    config: ConfigOption = None,
    workers: WorkersOption = None,
) -> None:  # fmt: skip
    """Say whether photographs are usable, while they can still be retaken; measures nothing.

    Exit code 0: usable for everything; 3: something would be refused; 1 or 2: could not be checked.

    Example: dermadelta check after.jpg --like before.jpg --ghost outline.png
    """
    from dermadelta.config import load_config

    settings = load_config(config)
    alone: dict[str, object] = {
        "--like": like, "--roi": roi, "--reference": reference, "--exclude": exclude,
        "--mm-per-px": mm_per_px, "--ghost": ghost,
    }  # fmt: skip
    try:
        if source.is_dir() or source.suffix.lower() in _TABLES:
            _require_none(alone, "a single photograph")
            code = _archive(source, settings, workers, out, as_json)
        else:
            _require_none({"--out": out}, "a folder or manifest")
            code = _photo(source, settings, as_json, like=like, roi=roi, reference=reference,
                          exclude=exclude, mm_per_px=mm_per_px, treated_area=treated_area,
                          ghost=ghost)  # fmt: skip
    except KeyboardInterrupt:
        tell("Interrupted.")
        code = 130
    raise typer.Exit(code)


def target(
    out: Annotated[
        Path,
        typer.Argument(
            metavar="OUT", help="A page to print (.pdf), or the card alone as a picture (.png)."
        ),
    ],
    size: Annotated[
        int,
        typer.Option(
            "--size", metavar="MM", help="Length of the card, 20 to 144 whole mm; as large as fits "
            "beside the skin.",
        ),
    ] = 70,
    dpi: Annotated[
        int | None,
        typer.Option("--dpi", metavar="N", show_default="600",
                     help="Resolution of a .png, 300 to 1200."),
    ] = None,
    values: Annotated[
        Path | None,
        typer.Option(
            "--values", metavar="FILE",
            help="Also write a table (CSV) to enter the measured colours of the print.",
        ),
    ] = None,
) -> None:  # fmt: skip
    """Make the target card: printed and laid beside the skin, it tells scale, tilt and colours.

    Example: dermadelta target card.pdf --size 70
    """
    from dermadelta.commands.target import make_target, next_steps

    made = make_target(out, size_mm=size, dpi=dpi, values=values)
    say(f"Target card: {made.card}")
    if made.values is not None:
        say(f"Table for its measured colours: {made.values}")
    for step in next_steps(made):
        say(step)


def _require_none(options: dict[str, object], kind: str) -> None:
    given = [name for name, value in options.items() if value is not None]
    if given:
        raise UsageError(f"{', '.join(given)} needs {kind}", remedy="Leave it out or name one.")


def _photo(
    photo: Path,
    config: Config,
    as_json: bool,
    *,
    like: Path | None,
    roi: str | None,
    reference: str | None,
    exclude: str | None,
    mm_per_px: float | None,
    treated_area: str,
    ghost: Path | None,
) -> int:
    from dermadelta.commands.capture_text import bias_words, check_rows, photo_json, verdict_words
    from dermadelta.commands.check import check as check_one

    checked = check_one(
        photo, config, like=like, roi=roi, reference=reference, exclude=exclude,
        mm_per_px=mm_per_px, treated_area=treated_area, ghost=ghost,
    )  # fmt: skip
    if as_json:
        say(photo_json(checked))
        return checked.exit_code
    show_rows(check_rows(checked.judged))
    show_notes(checked.judged.remarks)
    if checked.ghost is not None:
        say(f"Ghost: {checked.ghost}")
    if words := bias_words(checked.judged):
        say(words)
    say(verdict_words(checked))
    return checked.exit_code


def _archive(
    source: Path, config: Config, workers: int | None, out: Path | None, as_json: bool
) -> int:
    from dermadelta.commands.run import default_workers
    from dermadelta.commands.triage import triage
    from dermadelta.commands.triage_text import (
        cause_rows,
        triage_json,
        triage_words,
        visit_rows,
        write_triage,
    )

    if out is not None and out.suffix.lower() != ".csv":
        raise UsageError("the table is a CSV", remedy="Name it .csv.", file=str(out))
    with shown_progress() as listener:
        found = triage(source, config, workers=workers or default_workers(), progress=listener)
    if out is not None:
        write_triage(found, out)
    if as_json:
        say(triage_json(found))
        return found.exit_code
    show_notes(found.notes)
    if (rows := visit_rows(found)).rows:
        show_rows(rows)
        say()
        show_rows(cause_rows(found))
        say()
    say(triage_words(found))
    if found.interrupted:
        tell(f"Interrupted; {found.pending} visits were not looked at.")
    if out is not None:
        say(f"Table: {out}")
    return found.exit_code
