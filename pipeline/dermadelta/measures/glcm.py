"""Co-occurrence of grey levels: descriptors of texture for comparison with other work.

Definition
----------
The residual of log luminance in the relief band (0.2 to 1.0 mm, as for roughness) in 32 levels of
equal width between -0.40 and 0.40, fixed for all photographs. Pairs of levels 0.2 mm of skin apart
are counted in four directions, both ways round, where both places lie in the region. The distance
mostly lies between two whole numbers of pixels: both are counted and weighted, so that two
photographs of different scale are read at the same distance without resampling. With p(i, j) the
share of a pair of levels, all directions merged:

* ``glcm_contrast``: sum of (i - j)²·p (IBSI ACUI).
* ``glcm_joint_entropy``: sum of -p·log2 p (TU9B).
* ``glcm_asm``: angular second moment, sum of p² (8ZQL).
* ``glcm_idm``: inverse difference moment, sum of p / (1 + (i - j)²) (WF0Z).

Unit
----
1 (squared levels of 0.025 of log luminance; shares); bit.

Range
-----
Contrast 0.3 to 30; joint entropy 2 to 9 bit; ASM 0.005 to 0.4; IDM 0.2 to 0.9.

What confuses it
----------------
All that confuses roughness, and more: contrast changes twice as much as roughness for the same
difference of lamp or sharpness, and is the squared slope of what is smallest in the band, so that
noise weighs heavily. With flat light few levels are left, and the other three lose their hold.

Source
------
Haralick et al. 1973, doi:10.1109/TSMC.1973.4309314; Zwanenburg et al. 2016, arXiv:1612.07003
(reference manual of the Image Biomarker Standardisation Initiative).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from dermadelta.domain import Measure, Need, NotMeasured, Read, Settings, SkinView, Tiles
from dermadelta.kernels import glcm
from dermadelta.kernels.memo import once
from dermadelta.kernels.relief import relief_band, strips
from dermadelta.kernels.texture import gaussian
from dermadelta.measures.resolution import fine_pixel_mm


class Params(Settings):
    """Settings of the co-occurrence family."""

    shortest_mm: float = Field(0.2, gt=0.0, description="Shortest wavelength of the band, mm.")
    longest_mm: float = Field(1.0, gt=0.0, description="Longest wavelength of the band, mm.")
    distance_mm: float = Field(0.2, gt=0.0, description="Distance of a pair, mm.")
    bound: float = Field(
        0.4, gt=0.0, description="Levels lie between minus this and this, log luminance."
    )
    levels: int = Field(32, ge=2, le=256, description="Number of levels.")
    min_wavelength_px: float = Field(
        3.0, gt=0.0, description="Fewer pixels in the shortest wavelength: not measured."
    )
    min_pixels: int = Field(
        2_000, gt=0, description="Fewer usable pixels in the region: not measured."
    )

    @model_validator(mode="after")
    def _band_has_width(self) -> Self:
        if not self.shortest_mm < self.longest_mm:
            raise ValueError(
                f"shortest_mm ({self.shortest_mm:g}) must be below longest_mm ({self.longest_mm:g})"
            )
        return self


_PAIRS: Final = 200_000
"""About so many places of a region begin a pair in every direction; neighbours say the same."""

_PROBE_PX2: Final = 0.5
"""Extra blur variance by which the sensitivity to blur is probed."""


@dataclass(frozen=True, eq=False)
class _Pairs:
    """Matrices (T, n, n) of the tiles ``ids``, and of all after (``soft``) a little blur.

    ``sharp`` is what ``soft`` is held against: the same few pairs without the blur.
    """

    ids: NDArray[np.int32]
    counts: NDArray[np.float64]
    sharp: NDArray[np.float64]
    soft: NDArray[np.float64]


def read_glcm_contrast(view: SkinView, params: Params) -> Read | NotMeasured:
    """Contrast; the view has a scale."""
    found = _pairs(view, params)
    if isinstance(found, NotMeasured):
        return found
    differences = glcm.squared_difference(params.levels)
    read = _mean_over_pairs(found, differences)
    if read.value <= 0.0:
        return NotMeasured("the region is so even that all of it lies in one level")
    sharp, soft = glcm.contrast(found.sharp), glcm.contrast(found.soft)
    if min(sharp, soft) <= 0.0:
        return NotMeasured("the region is so even that neighbours hardly differ by a level")
    return _with_blur(view, read, float(np.log(soft / sharp)))


def read_glcm_joint_entropy(view: SkinView, params: Params) -> Read | NotMeasured:
    """Joint entropy, bit; the view has a scale."""
    found = _pairs(view, params)
    if isinstance(found, NotMeasured):
        return found
    read = _mean_over_pairs(found, glcm.surprise(glcm.probabilities(found.counts.sum(axis=0))))
    change = glcm.joint_entropy(found.soft) - glcm.joint_entropy(found.sharp)
    return _with_blur(view, read, change)


def read_glcm_asm(view: SkinView, params: Params) -> Read | NotMeasured:
    """Angular second moment; the view has a scale."""
    found = _pairs(view, params)
    if isinstance(found, NotMeasured):
        return found
    p = glcm.probabilities(found.counts.sum(axis=0))
    # To first order a tile changes the sum of p² by twice its mean of p: its mean is the value.
    read = _mean_over_pairs(found, 2.0 * p - glcm.angular_second_moment(p))
    change = glcm.angular_second_moment(found.soft) / glcm.angular_second_moment(found.sharp)
    return _with_blur(view, read, float(np.log(change)))


def read_glcm_idm(view: SkinView, params: Params) -> Read | NotMeasured:
    """Inverse difference moment; the view has a scale."""
    found = _pairs(view, params)
    if isinstance(found, NotMeasured):
        return found
    read = _mean_over_pairs(found, glcm.nearness(params.levels))
    change = glcm.inverse_difference_moment(found.soft) - glcm.inverse_difference_moment(
        found.sharp
    )
    return _with_blur(view, read, change)


def _pairs(view: SkinView, params: Params) -> _Pairs | NotMeasured:
    return once(_counted, view, params)


def _counted(view: SkinView, params: Params) -> _Pairs | NotMeasured:
    pixel = fine_pixel_mm(view, params.shortest_mm, params.min_wavelength_px, "the relief band")
    if isinstance(pixel, NotMeasured):
        return pixel
    area = int(np.count_nonzero(view.mask))
    if area < params.min_pixels:
        return NotMeasured(
            f"fewer than {params.min_pixels} usable pixels in the region: too few for texture"
        )
    band = once(relief_band, view, (params.shortest_mm / pixel, params.longest_mm / pixel))
    steps = glcm.steps_of(params.distance_mm / pixel)
    stride = max(1, round(float(np.sqrt(area / _PAIRS))))
    levels = _levels(band, params, 0.0)
    ids, counts = _matrices(view, levels, steps, params.levels, stride)
    sharp = _whole(view, levels, steps, params.levels, 2 * stride)
    soft = _whole(view, _levels(band, params, _PROBE_PX2), steps, params.levels, 2 * stride)
    if not len(ids) or not all(0.0 < p.max() < 1.0 for p in (sharp, soft)):
        return NotMeasured("the region is so even, or so narrow, that there are no pairs of levels")
    return _Pairs(ids, counts, sharp, soft)


def _levels(band: NDArray[np.float32], params: Params, blur_px2: float) -> NDArray[np.uint8]:
    """Levels of the residual, a strip at a time; before that a blur of some variance."""
    found = np.empty(band.shape, dtype=np.uint8)
    sigma = float(np.sqrt(blur_px2))
    reach = int(np.ceil(4.0 * sigma))
    for top, bottom in strips(len(band)):
        above, below = max(0, top - reach), min(len(band), bottom + reach)
        part = gaussian(band[above:below], sigma)[top - above : bottom - above]
        found[top:bottom] = glcm.quantised(part, -params.bound, params.bound, params.levels)
    return found


_Steps = tuple[tuple[tuple[int, int], float], ...]


def _matrices(
    view: SkinView, levels: NDArray[np.uint8], steps: _Steps, n_levels: int, stride: int
) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Tiles that hold pairs and their matrices (T, n, n), the four directions merged."""
    # A matrix only for tiles of the region: those of the whole frame may be a hundred thousand.
    is_reached = np.zeros(max(0, int(view.tile_ids.max())) + 1, dtype=np.bool_)
    is_reached[view.tile_ids[view.mask]] = True
    ids = np.flatnonzero(is_reached).astype(np.int32)
    groups = (np.cumsum(is_reached) - 1).astype(np.int32)[np.maximum(view.tile_ids, 0)]
    total = np.zeros((len(ids), n_levels, n_levels))
    for offset, weight in steps:
        total += weight * glcm.cooccurrence(
            levels,
            view.mask,
            offset,
            n_levels,
            groups=groups,
            n_groups=len(ids),
            stride=stride,
        )
    kept = total.sum(axis=(1, 2)) > 0.0
    return ids[kept], total[kept]


def _whole(
    view: SkinView, levels: NDArray[np.uint8], steps: _Steps, n_levels: int, stride: int
) -> NDArray[np.float64]:
    """Shares (n, n) of pairs of levels in the whole region."""
    total = np.zeros((n_levels, n_levels))
    for offset, weight in steps:
        total += weight * glcm.cooccurrence(levels, view.mask, offset, n_levels, stride=stride)[0]
    return glcm.probabilities(total)


def _mean_over_pairs(found: _Pairs, table: NDArray[np.float64]) -> Read:
    """Mean of a table of levels over pairs, and the same tile by tile."""
    weight = found.counts.sum(axis=(1, 2))
    value = np.tensordot(found.counts, table, axes=([1, 2], [0, 1])) / weight
    return Read(float(weight @ value / weight.sum()), Tiles(found.ids, weight, value, "mean"))


def _with_blur(view: SkinView, read: Read, change: float) -> Read:
    """What the probing blur changed, per px² of the first before photo."""
    return replace(read, blur_sensitivity=change / _PROBE_PX2 * view.magnification**2)


_SOURCES: Final = (
    "Haralick RM et al. IEEE Trans Syst Man Cybern 1973;3:610-621. doi:10.1109/TSMC.1973.4309314",
    "Zwanenburg A et al. Image biomarker standardisation initiative. arXiv:1612.07003.",
)


_measure = partial(
    Measure,
    better="neither",
    family="glcm",
    needs=frozenset({Need.SCALE}),
    uses_reference=True,
    fragile_to=frozenset({"light", "blur", "alignment", "scale"}),
    params=Params,
    version=1,
    references=_SOURCES,
    detail=True,
)

MEASURES = (
    _measure(
        name="glcm_contrast",
        title="Co-occurrence: contrast",
        unit="1",
        change="ratio",
        read=read_glcm_contrast,
    ),
    _measure(
        name="glcm_joint_entropy",
        title="Co-occurrence: joint entropy",
        unit="bit",
        change="difference",
        read=read_glcm_joint_entropy,
    ),
    _measure(
        name="glcm_asm",
        title="Co-occurrence: angular second moment",
        unit="1",
        change="ratio",
        read=read_glcm_asm,
    ),
    _measure(
        name="glcm_idm",
        title="Co-occurrence: inverse difference moment",
        unit="1",
        change="difference",
        read=read_glcm_idm,
    ),
)
