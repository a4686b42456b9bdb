"""The search of an alignment as it is, watched, and quick where one photograph is in many pairs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np
from impostor_sets import Trial
from numpy.typing import NDArray

from dermadelta.config import Config
from dermadelta.domain import Alignment, Mask
from dermadelta.kernels import flow
from dermadelta.kernels.sides import Side
from dermadelta.stages import align as stage
from dermadelta.stages.align.config import AlignConfig
from dermadelta.stages.align.start import Start

CONFIG = Config()
NOTHING = float("nan")


@dataclass(frozen=True)
class Outcome:
    """One pair; numbers are NaN where there are none.

    ``cause`` is why it was not aligned, empty where it was. ``start`` is the correlation of the
    best homography that was tried, ``inliers`` its matches, ``mirror`` that of the mirror image
    where it came to that. ``correlation``, ``p95_px`` and ``usable_share`` are of the alignment.
    """

    set: str
    truth: str
    before: str
    after: str
    aligned: bool
    accepted: bool
    cause: str
    start: float
    mirror: float
    inliers: int
    correlation: float
    p95_px: float
    usable_share: float


class Watched:
    """The search with what it tried noted before the limit is applied.

    Smaller pictures and features are kept from pair to pair while their set lasts: every
    photograph stands in dozens. Neither changes what comes out.
    """

    def __init__(self) -> None:
        self.straight: list[Start] = []
        self.turned: list[Start] = []
        self._kept: dict[object, tuple[Any, object]] = {}
        self._family = ""
        self._real: dict[str, Callable[..., Any]] = {
            "_features": flow._features,
            **{name: vars(stage)[name] for name in ("_source", "side", "mirrored", "find_start")},
        }

    def __enter__(self) -> Watched:
        vars(flow).update(_features=self._features)
        vars(stage).update(
            _source=self._same("_source"),
            side=self._same("side"),
            mirrored=self._same("mirrored"),
            find_start=self._find_start,
        )
        return self

    def __exit__(self, *_: object) -> None:
        vars(flow).update(_features=self._real["_features"])
        vars(stage).update({k: v for k, v in self._real.items() if k != "_features"})

    def _same(self, name: str) -> Callable[..., Any]:
        """A function that answers as before where it is asked for the same objects again."""

        def answered(*given: object, **named: object) -> Any:
            parts = (*given, *sorted(named.items()))
            key = (name, *(p if isinstance(p, float | tuple) else id(p) for p in parts))
            if key not in self._kept:  # what was given is kept too, so that no id comes again
                self._kept[key] = (self._real[name](*given, **named), parts)
            return self._kept[key][0]

        return answered

    def _find_start(self, before: Side, after: Side, config: AlignConfig) -> Start | None:
        """The best start, noted; None below the limit."""
        anything = config.model_copy(update={"min_correlation": -1.0})
        found: Start | None = self._real["find_start"](before, after, anything)
        if found is None:
            return None
        mirrored = any(after is kept[0] for key, kept in self._kept.items() if "mirrored" in key)
        (self.turned if mirrored else self.straight).append(found)
        return found if found.correlation >= config.min_correlation else None

    def _features(self, image: NDArray[np.uint8], mask: Mask, limit: int) -> object:
        """Those of this picture, found once."""
        key = (blake2b(image.tobytes()).digest(), blake2b(mask.tobytes()).digest(), image.shape)
        if key not in self._kept:
            self._kept[key] = (self._real["_features"](image, mask, limit), None)
        return self._kept[key][0]

    def outcome(self, trial: Trial) -> Outcome:
        """Align one pair as a run would."""
        family = trial.set.partition(",")[0]
        if family != self._family:
            self._kept.clear()
        self._family, self.straight, self.turned = family, [], []
        one, two = trial.before, trial.after
        found = stage.align(one.photo, two.photo, one.regions, two.regions, CONFIG.align)
        best = max(self.straight, key=lambda start: start.correlation, default=None)
        aligned = isinstance(found, Alignment)
        return Outcome(
            trial.set,
            trial.truth,
            one.name,
            two.name,
            aligned,
            aligned and found.correlation >= CONFIG.compare.min_correlation,
            "" if isinstance(found, Alignment) else found.cause.value,
            best.correlation if best else NOTHING,
            max((start.correlation for start in self.turned), default=NOTHING),
            best.inliers if best else 0,
            found.correlation if isinstance(found, Alignment) else NOTHING,
            found.p95_px if isinstance(found, Alignment) else NOTHING,
            found.usable_share if isinstance(found, Alignment) else NOTHING,
        )
