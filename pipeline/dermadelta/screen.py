"""What a person sees: tables, notes, a progress bar on a terminal and plain lines elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

from dermadelta.commands.progress import Listener, Progress, Step

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import TaskID

    from dermadelta.commands.overview import Rows
    from dermadelta.commands.run import RunSummary

MAX_ROWS = 40
"""Rows shown on screen; the report has them all."""

ENDLESS = 10_000
"""Width of a table in a pipe, in characters: no line is broken there."""


def say(text: str = "") -> None:
    """Write a line to standard output."""
    print(text)


def tell(text: str) -> None:
    """Write a line to standard error, at once: remarks, progress and faults."""
    print(text, file=sys.stderr, flush=True)


def show_rows(table: Rows) -> None:
    """Show a table, as wide as the terminal or, in a pipe, as wide as it is."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    shown = Table(box=box.SIMPLE_HEAD if sys.stdout.isatty() else None, pad_edge=False)
    for column in table.columns:
        shown.add_column(column, overflow="fold")
    for row in table.rows[:MAX_ROWS]:
        # Nobody can type the space that holds a number and its unit together on a page.
        shown.add_row(*(Text(cell.replace("\N{NO-BREAK SPACE}", " ")) for cell in row))
    if sys.stdout.isatty():
        _console(sys.stdout).print(shown)
    else:
        _print_plain(shown)
    if len(table.rows) > MAX_ROWS:
        say(f"... and {len(table.rows) - MAX_ROWS} more; the report has them all.")


def show_run(summary: RunSummary, again: str) -> None:
    """Show what a run came to; ``again`` is the command that goes on with it."""
    from dermadelta.commands.overview import count_words, pair_rows

    show_notes(summary.notes)
    say()
    show_rows(pair_rows(summary.results))
    say(f"\n{count_words(summary.results, summary.reused)}; {summary.seconds:.1f} s")
    say(f"Tables: {summary.out}")
    say(f"Report: {summary.report}")
    if summary.interrupted:
        tell(f"Interrupted; {summary.pending} pairs are still to be measured. Go on with:")
        tell(f"  {again}")


def show_notes(notes: Sequence[str]) -> None:
    """Show remarks on the input."""
    for note in notes:
        tell(f"Note: {note}")


@contextmanager
def shown_progress() -> Iterator[Listener]:
    """Give a listener that shows a bar on a terminal, a line per finished item elsewhere."""
    if not sys.stderr.isatty():
        yield _log_line
        return
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    bar = Bar(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[counts]}"),
        TimeRemainingColumn(),
        console=_console(sys.stderr),
    )
    tasks: dict[Step, TaskID] = {}

    def listen(event: Progress) -> None:
        if event.step not in tasks:
            tasks[event.step] = bar.add_task(f"{event.step:<6}", total=event.total, counts="")
        bar.update(tasks[event.step], completed=event.done, counts=_counts(event))

    with bar:
        yield listen


def _counts(event: Progress) -> str:
    if event.step != "pairs":
        return ""
    return f"{event.measured} measured, {event.refused} refused, {event.failed} failed"


def _log_line(event: Progress) -> None:
    if event.step != "report" and event.name:
        tell(f"{event.step} {event.done}/{event.total}: {event.name}: {event.outcome}")


def _console(stream: IO[str]) -> Console:
    from rich.console import Console

    return Console(file=stream, highlight=False, markup=False, emoji=False)


def _print_plain(shown: object) -> None:
    """Print without colours, folds and trailing spaces."""
    from rich.console import Console

    console = Console(width=ENDLESS, no_color=True, highlight=False, markup=False, emoji=False)
    with console.capture() as captured:
        console.print(shown)
    for line in captured.get().splitlines():
        say(line.rstrip())
