"""What a long command tells about how far it is; the command line decides how to show it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Step = Literal["photos", "pairs", "visits", "report"]


@dataclass(frozen=True)
class Progress:
    """How far a step is.

    ``name`` is what was just finished and ``outcome`` how (measured, refused, failed, kept from
    an earlier run ...); both are empty when a step begins. The counts are of pairs.
    """

    step: Step
    done: int
    total: int
    name: str = ""
    outcome: str = ""
    measured: int = 0
    refused: int = 0
    failed: int = 0


Listener = Callable[[Progress], None]
"""Called in the main process, once when a step begins and once per finished item."""


def silent(progress: Progress) -> None:
    """Listen to nothing: the default of every command."""
