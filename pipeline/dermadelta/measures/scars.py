"""Area of scars in a region.

Definition
----------
``scar_area``: planimetric area of the scar mask, mm²: every pixel counts with the area that it
has in the frame of the first before photo (Jacobian of the homography) times that photo's
mm² per pixel². ``scar_share``: the same as per cent of the region. The mask is the clinician's,
or discoloured patches found in each photo on its own pixels with one threshold for the pair,
at half the contrast of the patches.

Unit
----
mm²; %.

Range
-----
1 mm² to the size of the region; 0 to 100 %.

What confuses it
----------------
The scale (1 % error = 2 % of area), tilt, curved sites, fading (a scar that pales below the
threshold also shrinks), other pigment such as freckles where the mask is automatic. Colourless
(atrophic) scars need a given mask. Never measured after deformable registration, which absorbs
true changes of area.

Source
------
Planimetry of photographed lesions; ΔE00 by Sharma, Wu, Dalal 2005, doi:10.1002/col.20070.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from dermadelta.domain import (
    LesionThresholds,
    Measure,
    Need,
    NotMeasured,
    Read,
    Scale,
    Settings,
    SkinView,
    Tiles,
)
from dermadelta.kernels.blobs import patches
from dermadelta.kernels.geometry import area_scale
from dermadelta.kernels.memo import once
from dermadelta.kernels.statistics import tile_sums


class Params(Settings):
    """Settings of the scar family."""

    min_area_mm2: float = Field(
        3.0, gt=0.0, description="Smallest patch that counts as a scar, mm²."
    )
    given_rel_sd: float = Field(
        0.04,
        ge=0.0,
        description="Uncertainty of an outline drawn by hand, relative area. Two annotators of one"
        " photo differ by 3.6 % in the median, which is an SD of 3.8 % for each.",
    )
    threshold_step: float = Field(
        0.15, gt=0.0, description="Step of the threshold that probes an automatic outline."
    )
    min_area_share: float = Field(
        0.002, gt=0.0, lt=1.0, description="Smallest patch without a scale, share of the region."
    )


def read_scar_area(view: SkinView, params: Params) -> Read | NotMeasured:
    """Area of the scars in the region, mm²; the view has a scale."""
    if not isinstance(view.scale, Scale):
        return NotMeasured("no scale")
    return _area(view, params, (view.scale.mm_per_px * view.magnification) ** 2)


def read_scar_share(view: SkinView, params: Params) -> Read | NotMeasured:
    """Area of the scars as per cent of the region."""
    return _area(view, params, 100.0 / float(once(_pixel_areas, view, None).sum()))


def _area(view: SkinView, params: Params, unit_per_px2: float) -> Read | NotMeasured:
    found = once(_outlined, view, params)
    if isinstance(found, NotMeasured):
        return found
    scars, own_sd = found
    areas = np.where(scars[view.mask], once(_pixel_areas, view, None) * unit_per_px2, 0.0)
    ids, counts, sums = tile_sums(view.tile_ids[view.mask], areas)
    return Read(
        float(areas.sum()),
        Tiles(ids, counts, sums, "sum"),
        own_rel_sd=own_sd,
        outline=scars,
        drawn=not isinstance(view.scar, NotMeasured),
    )


def _outlined(view: SkinView, params: Params) -> tuple[NDArray[np.bool_], float] | NotMeasured:
    """The scars, and the relative SD that drawing their outline adds to the area."""
    if not isinstance(view.scar, NotMeasured):
        scars, own_sd = view.scar & view.mask, params.given_rel_sd
    elif isinstance(view.lesion, NotMeasured):
        return view.lesion
    else:
        scars = _automatic(view, params, view.lesion, 1.0)
        own_sd = _outline_sd(view, params, view.lesion, scars)
    if not scars.any():
        return NotMeasured("no scar found: give a scar mask if there is one")
    return scars, own_sd


def _automatic(
    view: SkinView, params: Params, lesion: LesionThresholds, factor: float
) -> NDArray[np.bool_]:
    if isinstance(view.scale, Scale):
        smallest = params.min_area_mm2 / view.scale.mm_per_px**2
    else:
        smallest = params.min_area_share * float(np.count_nonzero(view.mask))
    return patches(
        view.discolouration,
        view.mask,
        core=lesion.core_de00,
        boundary=lesion.boundary_de00 * factor,
        min_area_px=smallest,
    )


def _outline_sd(
    view: SkinView, params: Params, lesion: LesionThresholds, scars: NDArray[np.bool_]
) -> float:
    """Half the log range of the area when the threshold moves a step down and up."""
    if not scars.any():
        return 0.0
    wide, narrow = (
        np.count_nonzero(_automatic(view, params, lesion, 1.0 + sign * params.threshold_step))
        for sign in (-1.0, 1.0)
    )
    return 0.5 * float(np.log(max(1, int(wide)) / max(1, int(narrow))))


def _pixel_areas(view: SkinView, _: None) -> NDArray[np.float64]:
    """Area of every pixel of the region in pixels of the first before photo."""
    rows, cols = np.nonzero(view.mask)
    points = np.stack([cols + float(view.origin[0]), rows + float(view.origin[1])], axis=-1)
    return area_scale(view.to_reference, points)


MEASURES = (
    Measure(
        name="scar_area",
        title="Scar area",
        unit="mm²",
        change="ratio",
        better="lower",
        family="scars",
        needs=frozenset({Need.SCALE}),
        uses_reference=False,
        fragile_to=frozenset({"scale", "alignment", "outline"}),
        params=Params,
        read=read_scar_area,
        version=1,
        references=(
            "Sharma G, Wu W, Dalal EN. Color Res Appl 2005;30:21-30. doi:10.1002/col.20070",
        ),
    ),
    Measure(
        name="scar_share",
        title="Scar share of the region",
        unit="%",
        change="ratio",
        better="lower",
        family="scars",
        needs=frozenset(),
        uses_reference=False,
        fragile_to=frozenset({"alignment", "outline"}),
        params=Params,
        read=read_scar_share,
        version=1,
        references=(
            "Sharma G, Wu W, Dalal EN. Color Res Appl 2005;30:21-30. doi:10.1002/col.20070",
        ),
    ),
)
