"""Landmarks that a person clicked, as a way out where the search finds nothing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dermadelta.domain import Cause, NotAligned
from dermadelta.kernels.geometry import is_plausible_view
from dermadelta.kernels.landmarks import fit_landmarks, leave_one_out, wrong_landmark
from dermadelta.kernels.sides import Source
from dermadelta.stages.align.config import AlignConfig
from dermadelta.stages.align.start import Start

BY_HAND = "landmarks"
"""How the method of an alignment begins that rests on points a person gave."""

_LARGEST_ERROR_SHARE = 0.03
"""Landmarks that miss each other's prediction by more than this share of the short side, in the
middle, do not mark the same skin."""


def start_from_landmarks(
    landmarks: NDArray[np.float64], sources: tuple[Source, Source], config: AlignConfig
) -> Start | NotAligned:
    """A start from (n, 4) landmarks (before_x, before_y, after_x, after_y), or why not."""
    before, after = landmarks[:, :2], landmarks[:, 2:]
    for points, source, name in ((before, sources[0], "before"), (after, sources[1], "after")):
        rows, cols = source.photo_shape
        if (points < -0.5).any() or (points > np.array([cols, rows]) - 0.5).any():
            return NotAligned(
                f"a landmark lies outside the {name} photo: correct the table of landmarks",
                Cause.LANDMARKS,
            )
    try:
        matrix, drift = fit_landmarks(before, after)
        error = float(np.median(leave_one_out(before, after)))
    except ValueError as fault:
        return NotAligned(f"{fault}: give more, spread over the skin", Cause.LANDMARKS)
    plausible = is_plausible_view(
        matrix, sources[1].photo_shape, config.max_zoom, config.max_stretch
    )
    if plausible and error <= _LARGEST_ERROR_SHARE * min(sources[0].photo_shape):
        return Start(matrix, after, drift, len(landmarks), 0.0, BY_HAND, max(error, 1.0))
    wrong = wrong_landmark(before, after)
    if wrong is not None:
        return NotAligned(
            f"landmark {wrong + 1} contradicts the others: correct it or leave it out",
            Cause.LANDMARKS,
        )
    return NotAligned(
        "the landmarks do not fit one view of the same skin: check their order and that each"
        " row names the same point in both photos",
        Cause.LANDMARKS,
    )
