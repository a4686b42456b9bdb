"""Results that several functions need of the same object, worked out once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

Owner = TypeVar("Owner")
Setting = TypeVar("Setting")
Result = TypeVar("Result")

_KEPT = "_kept_results"


def once(compute: Callable[[Owner, Setting], Result], owner: Owner, setting: Setting) -> Result:
    """``compute(owner, setting)``, kept with its owner as a cached property would be.

    Nothing is kept globally: the result lives and dies with the object, and a copy made by
    ``dataclasses.replace`` starts without it.

    Parameters
    ----------
    compute : callable
        Without side effects; its result must not be changed by anybody.
    owner : object
        What the result is of; it never changes (a frozen dataclass without slots).
    setting : hashable
        The further argument.

    Returns
    -------
    object
        What ``compute`` returned the first time.
    """
    kept: dict[object, Result] = vars(owner).setdefault(_KEPT, {})
    key = (compute, setting)
    if key not in kept:
        kept[key] = compute(owner, setting)
    return kept[key]
