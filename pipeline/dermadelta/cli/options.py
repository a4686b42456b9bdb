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
TreatedAreaOption = Annotated[
    str,
    typer.Option(
        "--treated-area", metavar="local|whole|unknown",
        help="local: skin around the region was not treated and may serve as reference.",
    ),
]  # fmt: skip
