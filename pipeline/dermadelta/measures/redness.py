"""Redness of skin: erythema index and a*.

Definition
----------
``redness``: erythema index EI = 100·log10(R/G) of the region's robust mean colour in linear
light (the pixels between the 5th and 95th percentile of the local index). ``redness_lab``: a* of
the same mean colour (CIE 1976, D65, 2°).

Unit
----
EI; a*.

Range
-----
Untreated forearms: EI about 8 to 35, a* about 4 to 14 (NIST, doi:10.18434/M38597); inflamed skin
up to EI 60, a* 30.

What confuses it
----------------
White balance above all: a red gain of 3 % adds 1.3 EI or 1 a*. Therefore the change is reported
against untreated skin of the same photo, and refused where there is neither such skin nor a
colour chart. Also make-up, a tan (both lower the contrast), coloured light, and numbing cream.

Source
------
Diffey, Oliver, Farr 1984, doi:10.1111/j.1365-2133.1984.tb04060.x; ISO/CIE 11664-4.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from dermadelta.domain import (
    Matrix,
    Measure,
    Need,
    NotMeasured,
    Read,
    Settings,
    SkinView,
    Tiles,
)
from dermadelta.kernels.colour import erythema_index, linear_to_lab
from dermadelta.kernels.memo import once
from dermadelta.kernels.statistics import central_share, tile_sums
from dermadelta.kernels.texture import masked_gaussians


class Params(Settings):
    """Settings of the redness family."""

    trim: float = Field(
        0.05,
        ge=0.0,
        lt=0.5,
        description="Share of pixels left out at either end, by local redness.",
    )
    smooth_px: float = Field(
        2.0, ge=0.0, description="Smoothing before pixels are ranked, against noise; pixels."
    )


def read_redness(view: SkinView, params: Params) -> Read | NotMeasured:
    """Erythema index of the region's robust mean colour, EI."""
    ids, counts, sums, mean = once(_mean_colour, view, params)
    value = float(erythema_index(mean))
    return Read(value, Tiles(ids, counts, erythema_index(sums / counts[:, None]), "mean"))


def read_redness_lab(view: SkinView, params: Params) -> Read | NotMeasured:
    """a* of the region's robust mean colour."""
    ids, counts, sums, mean = once(_mean_colour, view, params)
    value = float(linear_to_lab(mean)[1])
    a_star = linear_to_lab(sums / counts[:, None])[:, 1].astype(np.float64)
    return Read(value, Tiles(ids, counts, a_star, "mean"))


def _mean_colour(
    view: SkinView, params: Params
) -> tuple[NDArray[np.int32], Matrix, Matrix, Matrix]:
    """Tiles that hold kept pixels, their counts and sums of linear RGB, and the mean colour."""
    at = np.flatnonzero(view.mask)
    smooth = masked_gaussians([view.rgb[..., k] for k in (0, 1)], view.mask, params.smooth_px)
    local = erythema_index(np.stack([channel.ravel()[at] for channel in smooth], axis=-1))
    kept = at[central_share(local, params.trim)]
    ids, counts, sums = tile_sums(view.tile_ids.ravel()[kept], view.rgb.reshape(-1, 3)[kept])
    return ids, counts, sums, sums.sum(axis=0) / counts.sum()


MEASURES = (
    Measure(
        name="redness",
        title="Redness (erythema index)",
        unit="EI",
        change="difference",
        better="lower",
        family="redness",
        needs=frozenset({Need.COLOUR_ANCHOR}),
        uses_reference=True,
        fragile_to=frozenset({"colour", "alignment"}),
        params=Params,
        read=read_redness,
        version=1,
        references=(
            "Diffey BL, Oliver RJ, Farr PM. Br J Dermatol 1984;111:663-672."
            " doi:10.1111/j.1365-2133.1984.tb04060.x",
        ),
    ),
    Measure(
        name="redness_lab",
        title="Redness (a*)",
        unit="a*",
        change="difference",
        better="lower",
        family="redness",
        needs=frozenset({Need.COLOUR_ANCHOR}),
        uses_reference=True,
        fragile_to=frozenset({"colour", "alignment"}),
        params=Params,
        read=read_redness_lab,
        version=1,
        references=("ISO/CIE 11664-4:2019, CIE 1976 L*a*b* colour space.",),
    ),
)
