"""Commands on photographs whose true change is known: make them, validate, fit the variance."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from dermadelta.cli.options import ConfigOption, WorkersOption
from dermadelta.errors import UsageError
from dermadelta.screen import say, show_notes, show_rows, shown_progress, tell

_INTERRUPTED = "Interrupted; what is finished is kept. Go on with the same command"


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
            show_default="every measurable kind that fits",
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
    setup: Annotated[
        str | None,
        typer.Option("--setup", metavar="rig|handheld", help="How the camera is held.",
                     show_default="drawn"),
    ] = None,
    treated: Annotated[
        str | None,
        typer.Option("--treated", metavar="local|whole",
                     help="Whether untreated skin is in the photographs.", show_default="drawn"),
    ] = None,
    in_photo: Annotated[
        str | None,
        typer.Option("--in-photo", metavar="nothing|scale|marker|target|chart|ruler",
                     help="What tells the scale.", show_default="drawn"),
    ] = None,
    change: Annotated[
        float | None,
        typer.Option("--change", metavar="PCT", show_default="drawn",
                     help="Change of the relief in percent, such as -25."),
    ] = None,
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

    if base and repeats > 1:
        raise UsageError("--base and --repeats do not go together", remedy="Leave one out.")
    asked: dict[str, Any] = {
        "setup": setup, "treated": treated, "in_photo": in_photo, "change": change,
    }  # fmt: skip
    given = [f"--{name.replace('_', '-')}" for name, value in asked.items() if value is not None]
    if given and (base or samples):
        raise UsageError(
            f"{', '.join(given)} can be asked of synthetic skin alone",
            remedy="Leave out --base and --samples, or these.",
        )
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
        written = make_pairs(out, repeats=repeats, **asked, **shared)
    say(f"{written.n_pairs} pairs: {written.manifest}")
    say(f"Truth: {written.truth}")


def validate(
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
    ] = Path("reports/check"),
    config: ConfigOption = None,
    workers: WorkersOption = None,
    keep_photos: Annotated[
        bool, typer.Option("--keep-photos", help="Keep the synthetic photographs and all pictures.")
    ] = False,
) -> None:  # fmt: skip
    """Measure pairs whose truth is known and say what the figures are worth.

    Synthetic pairs are made, measured and removed again; folders are measured where they lie.
    A second run goes on where the first one stopped. 60 pairs take a few minutes.

    Example: dermadelta validate --pairs 60 --out reports/check
    """
    from dermadelta.commands.run import default_workers
    from dermadelta.commands.validate import ValidationRequest, count_words, goal_rows
    from dermadelta.commands.validate import validate as validate_all
    from dermadelta.config import load_config

    request = ValidationRequest(
        pairs=pairs, no_change_share=no_change_share, seed=seed, data=tuple(data or ()),
        data_only=data_only, config_name=config or "", keep_photos=keep_photos,
    )  # fmt: skip
    try:
        with shown_progress() as listener:
            summary = validate_all(
                request, out, load_config(config),
                workers=workers or default_workers(), progress=listener,
            )  # fmt: skip
    except KeyboardInterrupt:
        tell(f"{_INTERRUPTED}.")
        raise typer.Exit(130) from None
    _leave_if_pending(summary.pending, summary.exit_code)
    show_notes([f"{name} could not be made: {why}" for name, why in summary.faults.items()])
    say()
    show_rows(goal_rows(summary))
    say(f"\n{count_words(summary)}; {summary.seconds:.1f} s")
    say(f"Tables: {summary.out}")
    say(f"Page: {summary.page}")
    raise typer.Exit(summary.exit_code)


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
    _leave_if_pending(summary.pending, summary.exit_code)
    show_rows(entry_rows(summary.model))
    say(f"\nModel: {summary.path}")


def _leave_if_pending(pending: int, exit_code: int) -> None:
    """Say how to go on after Ctrl-C, and leave."""
    if pending:
        tell(f"{_INTERRUPTED}: {pending} pairs are still to be done.")
        raise typer.Exit(exit_code)
