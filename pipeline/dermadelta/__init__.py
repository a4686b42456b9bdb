"""dermadelta measures what a skin treatment changed, from before and after photographs.

The Python API is what the command line calls; it is loaded on first use, so that importing the
package costs nothing::

    import dermadelta

    config = dermadelta.load_config("microneedling")
    summary = dermadelta.run("visits", "reports/visits", config)
    outcome = dermadelta.compare("before.jpg", "after.jpg", "reports/pair", config)
    checked = dermadelta.check("after.jpg", config, like="before.jpg")

`Measure` records are in ``dermadelta.measures.ALL``; `catalogue` lists them.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_PLACES = {
    "CompareOutcome": "dermadelta.commands.compare",
    "Config": "dermadelta.config",
    "DermadeltaError": "dermadelta.errors",
    "Measure": "dermadelta.domain",
    "NotMeasured": "dermadelta.domain",
    "PairResult": "dermadelta.domain",
    "PhotoChecked": "dermadelta.commands.check",
    "RunSummary": "dermadelta.commands.run",
    "Triage": "dermadelta.commands.triage",
    "ValidationRequest": "dermadelta.commands.validate",
    "Verdict": "dermadelta.domain",
    "catalogue": "dermadelta.commands.measures",
    "check": "dermadelta.commands.check",
    "compare": "dermadelta.commands.compare",
    "load_config": "dermadelta.config",
    "make_pairs": "dermadelta.commands.phantom",
    "make_target": "dermadelta.commands.target",
    "read_alignment": "dermadelta.files.alignments",
    "run": "dermadelta.commands.run",
    "triage": "dermadelta.commands.triage",
    "validate": "dermadelta.commands.validate",
}

__all__ = [
    "CompareOutcome",
    "Config",
    "DermadeltaError",
    "Measure",
    "NotMeasured",
    "PairResult",
    "PhotoChecked",
    "RunSummary",
    "Triage",
    "ValidationRequest",
    "Verdict",
    "__version__",
    "catalogue",
    "check",
    "compare",
    "load_config",
    "make_pairs",
    "make_target",
    "read_alignment",
    "run",
    "triage",
    "validate",
]

if TYPE_CHECKING:
    from dermadelta.commands.check import PhotoChecked as PhotoChecked
    from dermadelta.commands.check import check as check
    from dermadelta.commands.compare import CompareOutcome as CompareOutcome
    from dermadelta.commands.compare import compare as compare
    from dermadelta.commands.measures import catalogue as catalogue
    from dermadelta.commands.phantom import make_pairs as make_pairs
    from dermadelta.commands.run import RunSummary as RunSummary
    from dermadelta.commands.run import run as run
    from dermadelta.commands.target import make_target as make_target
    from dermadelta.commands.triage import Triage as Triage
    from dermadelta.commands.triage import triage as triage
    from dermadelta.commands.validate import ValidationRequest as ValidationRequest
    from dermadelta.commands.validate import validate as validate
    from dermadelta.config import Config as Config
    from dermadelta.config import load_config as load_config
    from dermadelta.domain import Measure as Measure
    from dermadelta.domain import NotMeasured as NotMeasured
    from dermadelta.domain import PairResult as PairResult
    from dermadelta.domain import Verdict as Verdict
    from dermadelta.errors import DermadeltaError as DermadeltaError
    from dermadelta.files.alignments import read_alignment as read_alignment


def __getattr__(name: str) -> Any:
    """Load a name of the API from its room on first use (PEP 562)."""
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(_PLACES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
