"""Options that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

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
