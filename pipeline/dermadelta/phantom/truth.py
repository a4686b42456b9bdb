"""What is true about a pair, computed from the skin itself and from ideal renderings.

Written apart from the measures on purpose: the phantom must not share their mistakes. Ideal
renderings have no camera: one fixed light, no noise, no blur, a level patch.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from dermadelta.kernels.colour import linear_to_lab
from dermadelta.phantom.evenness import SIGMA_PER_CUTOFF, Evenness, evenness
from dermadelta.phantom.fields import Field, blur
from dermadelta.phantom.light import Light, render
from dermadelta.phantom.skin import HAEMOGLOBIN_OD, MELANIN_OD, Grid, Skin

Mask = NDArray[np.bool_]

BAND_MM = (0.2, 1.0)
"""Shortest and longest wavelength of the relief band."""

OTHER_BANDS_MM = {"fine": (0.1, 0.3), "lines": (1.0, 2.0), "scar": (2.0, 8.0)}
"""The same of the bands beside it."""

_LEVEL_MM = 1e9
_MARGIN_MM = 1.5
"""Skin kept around the areas, so that filters do not meet the border."""

_WIDE_MARGIN_MM = 4.0
"""The same for waves of 8 mm, whose Gaussian is 1.5 mm wide."""

_WIDE_STEP_MM = 0.2
"""Squares that log luminance is averaged over for waves of 1 mm and more: a fifth of them."""


@dataclass(frozen=True)
class AreaTruth:
    """What an area of the skin is: relief in mm RMS, optical roughness, colour (linear mean).

    ``mean_size`` is the mean size of ln Y in the relief band, ``other_bands`` the optical roughness
    in the bands beside it, by name. ``melanin`` and ``haemoglobin`` are mean densities, see
    ``density``.
    """

    relief_mm: float
    roughness: float
    mean_size: float
    other_bands: dict[str, float]
    redness_a: float
    redness_ei: float
    ita_deg: float
    melanin: float
    haemoglobin: float
    evenness: Evenness


@dataclass(frozen=True)
class Truth:
    """The true changes of a pair, after minus before, inside the declared region.

    ``relief_change_pct`` is of the height, ``optical_roughness_change_pct`` of ln Y in the
    ideal rendering (pigment does not shrink with relief). ``redness_contrast_*`` are changes
    against untreated skin, None where there is none; ``before_reference`` and ``after_reference``
    are that skin. Scar areas are exact areas of the outlines, those of stretch marks are counted
    on the grid, inside the region.
    """

    relief_change_pct: float
    optical_roughness_change_pct: float
    redness_change_a: float
    redness_change_ei: float
    redness_contrast_change_a: float | None
    redness_contrast_change_ei: float | None
    roughness_reference_change_pct: float | None
    scar_area_before_mm2: float
    scar_area_after_mm2: float
    before: AreaTruth
    after: AreaTruth
    before_reference: AreaTruth | None = None
    after_reference: AreaTruth | None = None
    striae_area_before_mm2: float = 0.0
    striae_area_after_mm2: float = 0.0

    @property
    def ita_change_deg(self) -> float:
        """Change of the individual typology angle, degrees."""
        return self.after.ita_deg - self.before.ita_deg

    def optical_change_pct(self, name: Literal["fine", "lines", "scar"]) -> float:
        """Change of optical roughness in another band, per cent."""
        was, now = (area.other_bands[name] for area in (self.before, self.after))
        return float(100.0 * (now / was - 1.0))

    @property
    def mean_size_change_pct(self) -> float:
        """Change of the mean size of ln Y in the relief band, per cent."""
        return float(100.0 * (self.after.mean_size / self.before.mean_size - 1.0))

    @property
    def melanin_change(self) -> float:
        """Change of the mean density of melanin."""
        return self.after.melanin - self.before.melanin

    @property
    def haemoglobin_change(self) -> float:
        """Change of the mean density of haemoglobin."""
        return self.after.haemoglobin - self.before.haemoglobin

    @property
    def melanin_contrast_change(self) -> float | None:
        """The same less that of untreated skin; None where there is none."""
        if self.before_reference is None or self.after_reference is None:
            return None
        return self.melanin_change - (self.after_reference.melanin - self.before_reference.melanin)

    @property
    def haemoglobin_contrast_change(self) -> float | None:
        """The same less that of untreated skin; None where there is none."""
        if self.before_reference is None or self.after_reference is None:
            return None
        around = self.after_reference.haemoglobin - self.before_reference.haemoglobin
        return self.haemoglobin_change - around

    def evenness_change_pct(self, name: Literal["tone", "redness", "melanin"]) -> float:
        """Change of an unevenness of the region, per cent."""
        was, now = (getattr(area.evenness, name) for area in (self.before, self.after))
        return float(100.0 * (now / was - 1.0))

    @property
    def scar_area_change_pct(self) -> float | None:
        """None where there was no scar."""
        if self.scar_area_before_mm2 <= 0.0:
            return None
        return 100.0 * (self.scar_area_after_mm2 / self.scar_area_before_mm2 - 1.0)


def pair_truth(
    before: Skin,
    after: Skin,
    *,
    light: Light,
    roi: Mask,
    reference: Mask | None,
    scar_areas_mm2: tuple[float, float],
    striae_areas_mm2: tuple[float, float] = (0.0, 0.0),
) -> Truth:
    """Compare two states of the same skin on their common grid.

    Parameters
    ----------
    before, after : Skin
        States on the same grid.
    light : Light
        The one light of both ideal renderings; its falloff is left out.
    roi, reference : (h, w) bool
        The declared region, and untreated skin if there is any.
    scar_areas_mm2 : (float, float)
        Exact areas before and after.
    striae_areas_mm2 : (float, float)
        Areas of stretch marks inside the region, before and after.
    """
    whole = roi if reference is None else roi | reference
    box, wide = (_box(whole, before.grid, margin) for margin in (_MARGIN_MM, _WIDE_MARGIN_MM))
    ideal = replace(light, falloff=0.0)
    places = _Places(
        inner=tuple(
            slice(part.start - outer.start, part.stop - outer.start)
            for part, outer in zip(box, wide, strict=True)
        ),
        areas=[area[box] for area in (roi, reference) if area is not None],
        wide_areas=[area[wide] for area in (roi, reference) if area is not None],
    )
    first = _areas(_level(before, wide), ideal, places)
    second = first if after is before else _areas(_level(after, wide), ideal, places)
    was, now = first[0], second[0]
    contrast_a = contrast_ei = reference_pct = None
    if reference is not None:
        drift_a = second[1].redness_a - first[1].redness_a
        drift_ei = second[1].redness_ei - first[1].redness_ei
        contrast_a = now.redness_a - was.redness_a - drift_a
        contrast_ei = now.redness_ei - was.redness_ei - drift_ei
        reference_pct = 100.0 * (second[1].roughness / first[1].roughness - 1.0)
    return Truth(
        relief_change_pct=100.0 * (now.relief_mm / was.relief_mm - 1.0),
        optical_roughness_change_pct=100.0 * (now.roughness / was.roughness - 1.0),
        redness_change_a=now.redness_a - was.redness_a,
        redness_change_ei=now.redness_ei - was.redness_ei,
        redness_contrast_change_a=contrast_a,
        redness_contrast_change_ei=contrast_ei,
        roughness_reference_change_pct=reference_pct,
        scar_area_before_mm2=scar_areas_mm2[0],
        scar_area_after_mm2=scar_areas_mm2[1],
        before=was,
        after=now,
        before_reference=None if reference is None else first[1],
        after_reference=None if reference is None else second[1],
        striae_area_before_mm2=striae_areas_mm2[0],
        striae_area_after_mm2=striae_areas_mm2[1],
    )


def band(field: Field, step_mm: float, cutoffs_mm: tuple[float, float] = BAND_MM) -> Field:
    """A band of a field, wavelengths in mm; the relief band unless another is asked for."""
    narrow, wide = (SIGMA_PER_CUTOFF * cutoff / step_mm for cutoff in cutoffs_mm)
    return np.asarray(blur(field, narrow) - blur(field, wide), dtype=np.float32)


def density(pigment: NDArray[np.float64], amount: float) -> float:
    """Optical density (base e) of a pigment, as far as shading cannot make it.

    Parameters
    ----------
    pigment : (3,) float64
        Density of one unit in linear sRGB; what is common to its channels looks like shading.
    amount : float
        How much there is.
    """
    return float(amount * np.linalg.norm(pigment - pigment.mean()))


@dataclass(frozen=True, eq=False)
class _Places:
    """Where to look: a box around the areas inside a wider one, and the areas in both."""

    inner: tuple[slice, ...]
    areas: list[Mask]
    wide_areas: list[Mask]


def _areas(skin: Skin, light: Light, places: _Places) -> list[AreaTruth]:
    """What each area is, on an ideal rendering of the whole wide box."""
    picture, inner, step = render(skin, light), places.inner, skin.grid.step_mm
    y = picture @ np.array([0.2126, 0.7152, 0.0722], dtype=np.float32)
    logs = np.log(np.maximum(y, 1e-5))
    wide = _wide_bands(logs, places.wide_areas, step)
    image, logs = picture[inner], logs[inner]
    texture, fine = band(logs, step), band(logs, step, OTHER_BANDS_MM["fine"])
    relief = band(skin.height_mm[inner], step)
    melanin, haemoglobin = skin.melanin[inner], skin.haemoglobin[inner]
    found = []
    for area, others in zip(places.areas, wide, strict=True):
        mean = image[area].mean(axis=0, dtype=np.float64)
        lab = linear_to_lab(mean)
        found.append(
            AreaTruth(
                relief_mm=_rms(relief[area]),
                roughness=_rms(texture[area]),
                mean_size=float(np.mean(np.abs(texture[area]), dtype=np.float64)),
                other_bands={"fine": _rms(fine[area]), **others},
                redness_a=float(lab[1]),
                redness_ei=float(100.0 * np.log10(mean[0] / mean[1])),
                ita_deg=float(np.degrees(np.arctan2(lab[0] - 50.0, lab[2]))),
                melanin=density(MELANIN_OD, melanin[area].mean(dtype=np.float64)),
                haemoglobin=density(HAEMOGLOBIN_OD, haemoglobin[area].mean(dtype=np.float64)),
                evenness=evenness(image, melanin, area, step),
            )
        )
    return found


def _wide_bands(logs: Field, areas: list[Mask], step_mm: float) -> list[dict[str, float]]:
    """Optical roughness of each area in the bands of long waves, on averages over squares."""
    factor = max(1, round(_WIDE_STEP_MM / step_mm))
    rows, cols = (side // factor for side in logs.shape)

    def coarse(field: Field) -> Field:
        part = field[: rows * factor, : cols * factor]
        return np.asarray(cv2.resize(part, (cols, rows), interpolation=cv2.INTER_AREA))

    small = coarse(logs)
    within = [coarse(area.astype(np.float32)) > 0.5 for area in areas]
    bands = {
        name: band(small, factor * step_mm, OTHER_BANDS_MM[name]) for name in ("lines", "scar")
    }
    return [{name: _rms(field[area]) for name, field in bands.items()} for area in within]


def _rms(values: Field) -> float:
    """Root mean square about the mean."""
    return float(np.std(values, dtype=np.float64))


def _box(area: Mask, grid: Grid, margin_mm: float) -> tuple[slice, slice]:
    """Bounding box of an area with a margin for the filters."""
    margin = int(np.ceil(margin_mm / grid.step_mm))
    rows, cols = np.flatnonzero(area.any(axis=1)), np.flatnonzero(area.any(axis=0))
    return (
        slice(max(0, int(rows[0]) - margin), int(rows[-1]) + margin + 1),
        slice(max(0, int(cols[0]) - margin), int(cols[-1]) + margin + 1),
    )


def _level(skin: Skin, box: tuple[slice, slice]) -> Skin:
    """The part of a skin in a box, on a body part without curvature."""
    height = np.ascontiguousarray(skin.height_mm[box])
    return Skin(
        grid=Grid(height.shape[1], height.shape[0], skin.grid.step_mm),
        height_mm=height,
        melanin=skin.melanin[box],
        haemoglobin=skin.haemoglobin[box],
        radius_mm=_LEVEL_MM,
    )
