"""The command line: parse, call a command, show what it returns, give the exit code.

Exit codes: 0 every pair was measured or refused; 2 wrong usage or nothing to do; 3 some pairs
failed; 1 a fault; 130 interrupted. Nothing heavy is imported before a command needs it.
"""

from __future__ import annotations

import io
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Annotated, Any

import typer
import typer.main

from dermadelta import __version__
from dermadelta.errors import DermadeltaError
from dermadelta.screen import say, show_notes, show_rows, show_run, shown_progress, tell

app = typer.Typer(
    name="dermadelta",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
config_app = typer.Typer(no_args_is_help=True, help="Show or check settings.")
app.add_typer(config_app, name="config")


@dataclass
class Session:
    """What holds for one call of the command line."""

    debug: bool = False


def _show_version(wanted: bool) -> None:
    if wanted:
        say(f"dermadelta {__version__}")
        raise typer.Exit


@app.callback()
def root(
    context: typer.Context,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the full traceback of a fault.")
    ] = False,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Show the version and leave."
        ),
    ] = False,
) -> None:
    """Measure what a skin treatment changed, from before and after photographs.

    Every change comes with a unit, a 95 % interval and a verdict; photographs that cannot be
    compared are refused with the reason. Not a medical device.

    Example: dermadelta run sample_images --out reports/demo
    """
    context.obj.debug = debug


ConfigOption = Annotated[
    str | None,
    typer.Option(
        "--config",
        metavar="FILE|NAME",
        help="Settings: a YAML file, or a preset such as microneedling.",
        show_default="the defaults, see `config show`",
    ),
]
WorkersOption = Annotated[
    int | None,
    typer.Option("--workers", min=1, metavar="N", help="Number of processes.",
                 show_default="one per CPU"),
]  # fmt: skip


@app.command()
def run(
    context: typer.Context,
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


@app.command()
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
    mm_per_px: Annotated[
        float | None,
        typer.Option("--mm-per-px", metavar="MM", help="Scale of both photographs."),
    ] = None,
    treated_area: Annotated[
        str,
        typer.Option(
            "--treated-area", metavar="local|whole|unknown",
            help="local: skin around the region was not treated and may serve as reference.",
        ),
    ] = "unknown",
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
        scar_mask_after=scar_mask_after, mm_per_px=mm_per_px, treated_area=treated_area,
    )  # fmt: skip
    show_rows(change_rows(outcome.result) if outcome.result.estimates
               else pair_rows([outcome.result]))  # fmt: skip
    show_notes(outcome.notes)
    say(f"Report: {outcome.report}")
    raise typer.Exit(outcome.exit_code)


@app.command()
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


@config_app.command("show")
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


@config_app.command("check")
def config_check(
    config: Annotated[str, typer.Argument(metavar="FILE|NAME", help="A YAML file or a preset.")],
) -> None:
    """Check settings without running anything.

    Example: dermadelta config check mine.yaml
    """
    from dermadelta.commands.config import check

    checked = check(config)
    say(f"{config}: in order (fingerprint {checked.fingerprint[:12]})")


@app.command()
def phantom(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Folder for the photographs.")],
    pairs: Annotated[int, typer.Option("--pairs", min=1, metavar="N", help="How many pairs.")] = 6,
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="Same seed, same bytes.")] = 0,
    kind: Annotated[
        list[str] | None,
        typer.Option(
            "--kind",
            help="What changes (texture, redness, scar, striae ...), what must be refused "
            "(mirrored, retouched ...) or is difficult (tilted, tan ...); may be repeated.",
            show_default="every measurable kind",
        ),
    ] = None,
    width: Annotated[
        int, typer.Option("--width", min=1, metavar="PX", help="Width of the photographs.")
    ] = 1280,
    base: Annotated[
        list[Path] | None,
        typer.Option("--base", metavar="PHOTO",
                     help="A real photograph of skin to edit instead; may be repeated.",
                     show_default="synthetic skin"),
    ] = None,
    mm_per_px: Annotated[
        float | None,
        typer.Option("--mm-per-px", metavar="MM", help="Scale of the --base photographs."),
    ] = None,
    repeats: Annotated[
        int, typer.Option("--repeats", min=1, metavar="N", help="Photographs of each visit.")
    ] = 1,
    image_format: Annotated[
        str, typer.Option("--format", metavar="jpeg|avif", help="Format of the photographs.")
    ] = "jpeg",
    display_p3: Annotated[
        bool, typer.Option("--display-p3", help="Photographs in Display P3, as phones write.")
    ] = False,
    workers: WorkersOption = None,
    samples: Annotated[
        bool, typer.Option("--samples", help="Make the visits of sample_images/ instead.")
    ] = False,
) -> None:  # fmt: skip
    """Make photographs of synthetic skin whose true change is known.

    The folder gets a manifest for `run`, and truth.csv to hold the results against. With --base,
    real photographs get a known change (no_change, texture, redness or scar) and are shot again by
    two different cameras.

    Example: dermadelta phantom phantoms --pairs 4 --seed 1 --kind texture
    """
    from dermadelta.commands.phantom import make_edited_pairs, make_pairs, make_samples
    from dermadelta.commands.run import default_workers
    from dermadelta.errors import UsageError

    if base and repeats > 1:
        raise UsageError("--base and --repeats do not go together", remedy="Leave one out.")
    if mm_per_px is not None and not base:
        raise UsageError("--mm-per-px is the scale of --base", remedy="Name a --base photograph.")
    shared: dict[str, Any] = {
        "n_pairs": pairs, "seed": seed, "kinds": kind or (), "width_px": width,
        "image_format": image_format, "display_p3": display_p3,
        "workers": workers or default_workers(),
        "on_pair": lambda done: tell(f"pair {done}/{pairs}"),
    }  # fmt: skip
    if samples:
        written = make_samples(out)
    elif base:
        written = make_edited_pairs(out, base, mm_per_px=mm_per_px, **shared)
    else:
        written = make_pairs(out, repeats=repeats, **shared)
    say(f"{written.n_pairs} pairs: {written.manifest}")
    say(f"Truth: {written.truth}")


@app.command()
def validate(
    context: typer.Context,
    pairs: Annotated[
        int, typer.Option("--pairs", metavar="N", help="How many synthetic pairs.")
    ] = 60,
    no_change_share: Annotated[
        float,
        typer.Option("--no-change-share", metavar="P", help="Share of them without any change."),
    ] = 0.5,
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="Same seed, same pairs.")] = 0,
    data: Annotated[
        list[Path] | None,
        typer.Option("--data", metavar="DIR", show_default="none",
                     help="Folder of visits with a truth.csv; may be repeated."),
    ] = None,
    data_only: Annotated[
        bool, typer.Option("--data-only", help="Leave out the synthetic pairs.")
    ] = False,
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Folder for tables and page.")
    ] = Path("reports/validation"),
    config: ConfigOption = None,
    workers: WorkersOption = None,
    keep_photos: Annotated[
        bool, typer.Option("--keep-photos", help="Keep the synthetic photographs and all pictures.")
    ] = False,
) -> None:  # fmt: skip
    """Measure pairs whose truth is known and say what the figures are worth.

    Synthetic pairs are made, measured and removed again; folders are measured where they lie.
    A second run goes on where the first one stopped. 60 pairs take a few minutes.

    Example: dermadelta validate --pairs 60 --out reports/validation
    """
    from dermadelta.commands.run import default_workers
    from dermadelta.commands.validate import ValidationRequest, count_words, goal_rows
    from dermadelta.commands.validate import validate as validate_all
    from dermadelta.config import load_config

    request = ValidationRequest(
        pairs=pairs, no_change_share=no_change_share, seed=seed, data=tuple(data or ()),
        data_only=data_only, config_name=config or "", keep_photos=keep_photos,
    )  # fmt: skip
    with shown_progress() as listener:
        summary = validate_all(
            request, out, load_config(config),
            workers=workers or default_workers(), progress=listener,
        )  # fmt: skip
    if summary.pending:
        tell(f"Interrupted; {summary.pending} pairs are still to be done, and what is finished is"
             " kept. Go on with the same command.")  # fmt: skip
        raise typer.Exit(summary.exit_code)
    show_notes([f"{name} could not be made: {why}" for name, why in summary.faults.items()])
    say()
    show_rows(goal_rows(summary))
    say(f"\n{count_words(summary)}; {summary.seconds:.1f} s")
    say(f"Tables: {summary.out}")
    say(f"Page: {summary.page}")
    raise typer.Exit(summary.exit_code)


@app.command(name="fit-variance")
def fit_variance(
    out: Annotated[
        Path, typer.Option("--out", metavar="FILE", help="The model to write.")
    ] = Path("variance_model.json"),
    pairs: Annotated[
        int, typer.Option("--pairs", metavar="N", help="How many training pairs.")
    ] = 600,
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="Same seed, same pairs.")] = 0,
    work: Annotated[
        Path, typer.Option("--work", metavar="DIR", help="Keeps what is measured.")
    ] = Path("reports/variance"),
    config: ConfigOption = None,
    workers: WorkersOption = None,
) -> None:  # fmt: skip
    """Fit the variance model that intervals come from, on synthetic pairs of known truth.

    Its pairs are never those of `validate`. Use the model with the setting
    `estimate.variance_model`. A second run goes on where the first one stopped.

    Example: dermadelta fit-variance --pairs 600 --out variance_model.json
    """
    from dermadelta.commands.fit_variance import entry_rows
    from dermadelta.commands.fit_variance import fit_variance as fit
    from dermadelta.commands.run import default_workers
    from dermadelta.config import load_config

    with shown_progress() as listener:
        summary = fit(
            out, load_config(config), pairs=pairs, seed=seed, work=work,
            workers=workers or default_workers(), progress=listener,
        )  # fmt: skip
    if summary.pending:
        tell(f"Interrupted; {summary.pending} pairs are still to be done, and what is finished is"
             " kept. Go on with the same command.")  # fmt: skip
        raise typer.Exit(summary.exit_code)
    show_rows(entry_rows(summary.model))
    say(f"\nModel: {summary.path}")


# ---------------------------------------------------------------------------------- faults


def main() -> None:
    """Run the command line; every way out has its exit code."""
    session = Session()
    _never_fail_on_print()
    sys.excepthook = partial(_fault, session)
    # Called itself, the app would put a hook of its own in place of this one.
    command = typer.main.get_command(app)
    try:
        command(obj=session)
    except DermadeltaError as error:
        if session.debug:
            raise
        tell(f"Error: {error}")
        sys.exit(error.exit_code)
    except ImportError as error:
        remedy = _opencv_remedy(error)
        if session.debug or not remedy:
            raise
        tell(f"Error: {remedy}")
        sys.exit(1)


def _never_fail_on_print() -> None:
    """Let a name that the terminal cannot show be escaped instead of ending the run."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _fault(
    session: Session,
    kind: type[BaseException],
    error: BaseException,
    trace: TracebackType | None,
) -> None:
    """Say a fault that nobody foresaw in two lines; with --debug where it happened."""
    if session.debug:
        sys.__excepthook__(kind, error, trace)
        return
    tell(f"Fault: {kind.__name__}: {error}")
    tell("This is an error of the program, not of yours. `dermadelta --debug ...` shows where.")


def _opencv_remedy(error: ImportError) -> str:
    """Say what to do when OpenCV is installed but its system library is not; else nothing."""
    text = str(error)
    if not any(word in text for word in ("libGL", "libgthread", "libglib", "cv2")):
        return ""
    return (
        f"OpenCV cannot be loaded ({text}). Install the system package that is missing: "
        "libgl1 on Debian and Ubuntu (apt-get install libgl1), mesa-libGL on Fedora; or replace "
        "OpenCV by its drop-in without windows: pip uninstall opencv-python, then "
        "pip install opencv-python-headless."
    )
