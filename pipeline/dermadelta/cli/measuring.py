"""Commands that measure photographs, and those that say what is measured and how."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dermadelta.cli.options import ConfigOption, TreatedAreaOption, WorkersOption
from dermadelta.screen import say, show_notes, show_rows, show_run, shown_progress, tell


def run(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="INPUT",
            help="Folder <subject>/<visit date>/<site>.jpg, or a manifest (.csv, .xlsx).",
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="DIR", help="Folder for the results.",
            show_default="reports/<name of the input>",
        ),
    ] = None,
    config: ConfigOption = None,
    workers: WorkersOption = None,
    limit: Annotated[
        int | None,
        typer.Option("--limit", min=1, metavar="N", help="Measure only the first N pairs.",
                     show_default="all"),
    ] = None,
) -> None:  # fmt: skip
    """Measure every pair of visits in a folder or manifest; write tables and a report.

    A second run over the same results computes only what is new or changed.

    Example: dermadelta run visits --out reports/spring --config microneedling --workers 2
    """
    from dermadelta.commands.run import default_out, default_workers
    from dermadelta.commands.run import run as measure_all
    from dermadelta.config import load_config

    target = out or default_out(source)
    again = f"dermadelta run {_quoted(source)} --out {_quoted(target)}"
    again += f" --config {_quoted(config)}" if config else ""
    try:
        with shown_progress() as listener:
            summary = measure_all(
                source,
                target,
                load_config(config),
                workers=workers or default_workers(),
                limit=limit,
                progress=listener,
            )
    except KeyboardInterrupt:
        tell(f"Interrupted; what is finished is kept. Go on with:\n  {again}")
        raise typer.Exit(130) from None
    show_run(summary, again)
    raise typer.Exit(summary.exit_code)


def _quoted(value: Path | str) -> str:
    """Quote a name that a shell would take apart."""
    text = str(value)
    return f'"{text}"' if any(c in text for c in " &();'") else text


def _region_help(what: str) -> str:
    return f'{what}: mask image, polygon file (LabelMe) or "x,y x,y x,y".'


def compare(
    before: Annotated[Path, typer.Argument(metavar="BEFORE", help="The earlier photograph.")],
    after: Annotated[Path, typer.Argument(metavar="AFTER", help="The later photograph.")],
    roi: Annotated[
        str | None,
        typer.Option("--roi", help=_region_help("Treated region on BEFORE"),
                     show_default="found automatically"),
    ] = None,
    reference: Annotated[
        str | None,
        typer.Option("--reference", help=_region_help("Untreated skin on BEFORE")),
    ] = None,
    exclude: Annotated[
        str | None, typer.Option("--exclude", help=_region_help("Never to be measured, on BEFORE"))
    ] = None,
    scar_mask: Annotated[
        str | None,
        typer.Option(
            "--scar-mask",
            help=_region_help("Scars on BEFORE (with --scar-mask-after: both are needed)"),
        ),
    ] = None,
    scar_mask_after: Annotated[
        str | None,
        typer.Option(
            "--scar-mask-after",
            help=_region_help("Scars on AFTER (with --scar-mask: both are needed)"),
        ),
    ] = None,
    landmarks: Annotated[
        str | None,
        typer.Option(
            "--landmarks", metavar="FILE",
            help="Points seen on both, to align by: CSV with before_x, before_y, after_x, after_y.",
            show_default="aligned automatically",
        ),
    ] = None,
    mm_per_px: Annotated[
        float | None,
        typer.Option("--mm-per-px", metavar="MM", help="Scale of both photographs."),
    ] = None,
    treated_area: TreatedAreaOption = "unknown",
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Folder for the results.",
                     show_default="reports/<before>_<after>"),
    ] = None,
    config: ConfigOption = None,
) -> None:  # fmt: skip
    """Compare two photographs of the same skin; print the changes and write a report.

    The dates come from the photographs themselves (EXIF), else from their files.

    Example: dermadelta compare before.jpg after.jpg --roi scar.png --mm-per-px 0.05
    """
    from dermadelta.commands.compare import compare as compare_two
    from dermadelta.commands.compare import default_out
    from dermadelta.commands.overview import change_rows, pair_rows
    from dermadelta.config import load_config

    outcome = compare_two(
        before, after, out or default_out(before, after), load_config(config),
        roi=roi, reference=reference, exclude=exclude, scar_mask=scar_mask,
        scar_mask_after=scar_mask_after, landmarks=landmarks, mm_per_px=mm_per_px,
        treated_area=treated_area,
    )  # fmt: skip
    show_rows(change_rows(outcome.result) if outcome.result.estimates
               else pair_rows([outcome.result]))  # fmt: skip
    show_notes(outcome.notes)
    say(f"Report: {outcome.report}")
    raise typer.Exit(outcome.exit_code)


def measures(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="Show this measure in full.")
    ] = None,
) -> None:
    """List what can be measured, or show one measure in full.

    Example: dermadelta measures roughness
    """
    from dermadelta.commands.measures import catalogue, details
    from dermadelta.commands.overview import details_text, measure_rows

    if name is None:
        show_rows(measure_rows(catalogue()))
        return
    say(details_text(details(name)))


def config_show(
    config: Annotated[
        str | None,
        typer.Argument(metavar="[FILE|NAME]", help="A YAML file or a preset; else the defaults."),
    ] = None,
) -> None:
    """Print settings in full, as YAML that `--config` reads.

    Example: dermadelta config show microneedling > mine.yaml
    """
    from dermadelta.commands.config import show

    say(show(config).rstrip("\n"))


def config_check(
    config: Annotated[str, typer.Argument(metavar="FILE|NAME", help="A YAML file or a preset.")],
) -> None:
    """Check settings without running anything.

    Example: dermadelta config check mine.yaml
    """
    from dermadelta.commands.config import check

    checked = check(config)
    say(f"{config}: in order (fingerprint {checked.fingerprint[:12]})")
