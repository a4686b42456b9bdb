"""The command line: parse, call a command, show what it returns, give the exit code.

Exit codes: 0 every pair was measured or refused; 2 wrong usage or nothing to do; 3 some pairs
failed, or a photograph that is checked is not usable for everything; 1 a fault; 130 interrupted.
Nothing heavy is imported before a command needs it.
"""

from __future__ import annotations

import io
import sys
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Annotated

import typer
import typer.main

from dermadelta import __version__
from dermadelta.cli.capturing import check, target
from dermadelta.cli.known_truth import fit_variance, phantom, validate
from dermadelta.cli.measuring import compare, config_check, config_show, measures, run
from dermadelta.errors import DermadeltaError
from dermadelta.screen import say, tell

__all__ = ["app", "main"]

app = typer.Typer(
    name="dermadelta",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
config_app = typer.Typer(no_args_is_help=True, help="Show or check settings.")
app.add_typer(config_app, name="config")

app.command()(run)
app.command()(compare)
app.command()(check)
app.command()(target)
app.command()(measures)
app.command()(phantom)
app.command()(validate)
app.command("fit-variance")(fit_variance)
config_app.command("show")(config_show)
config_app.command("check")(config_check)


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
