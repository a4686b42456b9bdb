"""Region: where to measure on a photograph, and which skin may serve as reference."""

from __future__ import annotations

from typing import Self

import numpy as np
from pydantic import Field, model_validator

from dermadelta.domain import (
    CalibratedPhoto,
    FloatArray,
    Mask,
    NotMeasured,
    Region,
    Regions,
    Scale,
    Settings,
    TreatedArea,
)
from dermadelta.kernels.colour import linearise, log_luminance, luminance
from dermadelta.kernels.masks import (
    dark_strands,
    distance_to,
    drop_small_parts,
    fill_holes,
    grow,
    log_chromaticity,
    shrink,
    skin_colour,
    specular,
)
from dermadelta.kernels.resampling import resize_mask, shrink_factor, shrink_pixels
from dermadelta.kernels.statistics import robust_sd
from dermadelta.kernels.texture import gaussian, masked_gaussians


class RegionConfig(Settings):
    """How skin, exclusions and the reference ring are found."""

    work_megapixels: float = Field(
        1.0, gt=0.0, description="Size at which skin is looked for, megapixels."
    )
    dark_luminance: float = Field(
        0.02, ge=0.0, description="Darker pixels (relative luminance Y) are not read."
    )
    glare_excess: float = Field(
        1.35, gt=1.0, description="Gloss: brighter than the surroundings by this factor, and paler."
    )
    hair_depth: float = Field(0.35, gt=0.0, description="Hair: fall in ln Y across a thin strand.")
    hair_width_share: float = Field(
        0.004, gt=0.0, description="Widest hair, share of the frame's short side."
    )
    skin_distance: float = Field(
        3.5, gt=0.0, description="Skin: distance from the dominant skin colour, in SDs."
    )
    skin_floor_sd: float = Field(
        0.06, gt=0.0, description="Least SD of ln(R/G) and ln(G/B) that counts as one skin."
    )
    smallest_part: float = Field(
        0.01, ge=0.0, description="Smaller connected parts of automatic skin are dropped, share."
    )
    ring_inner_mm: float = Field(1.5, ge=0.0, description="Reference ring: inner distance, mm.")
    ring_outer_mm: float = Field(12.0, gt=0.0, description="Reference ring: outer distance, mm.")
    ring_inner_share: float = Field(
        0.06, ge=0.0, description="The same without a scale, in √area of the region."
    )
    ring_outer_share: float = Field(
        0.5, gt=0.0, description="The same without a scale, in √area of the region."
    )
    ring_shading: float = Field(
        0.35, gt=0.0, description="Ring skin lit differently from the rest of it is left out, ln Y."
    )
    ring_slope: float = Field(
        0.25,
        gt=0.0,
        description="Ring skin that turns away from the light is left out: change of the shading"
        " over a tenth of √area of the region, ln Y.",
    )
    ring_lesion_sd: float = Field(
        3.0,
        gt=0.0,
        description="Ring skin is no lesion: distance of its smoothed ln(R/G) and ln(G/B) from the"
        " ring's own, in robust SDs.",
    )
    ring_lesion_floor: float = Field(
        0.05, gt=0.0, description="Least SD of the same that counts as even skin, ln."
    )
    ring_min_share: float = Field(
        0.25, gt=0.0, description="Least area of the ring, share of the region's area."
    )

    @model_validator(mode="after")
    def _ring_has_width(self) -> Self:
        for unit in ("mm", "share"):
            inner, outer = getattr(self, f"ring_inner_{unit}"), getattr(self, f"ring_outer_{unit}")
            if not inner < outer:
                raise ValueError(
                    f"ring_inner_{unit} ({inner:g}) must be below ring_outer_{unit} ({outer:g})"
                )
        return self


def region(
    photo: CalibratedPhoto,
    treated: TreatedArea,
    treated_mask: Mask | None,
    config: RegionConfig,
) -> Regions:
    """Regions of one photograph: as given, else all skin found.

    Parameters
    ----------
    photo : CalibratedPhoto
        With the user's masks, if any.
    treated : TreatedArea
        Where the treatment went; only ``LOCAL`` allows automatic reference skin.
    treated_mask : (H, W) bool or None
        Treated area as a mask; the ring stays outside it.
    config : RegionConfig

    Returns
    -------
    Regions
        Named ``roi`` when given, ``skin`` when found; an empty tuple of regions when neither.
    """
    rgb, factor_shape = _work_copy(photo, config)
    given = {name: resize_mask(mask, factor_shape) for name, mask in photo.photo.given.items()}
    lost = _left_out(photo, rgb, given, config)
    blocked = np.any(list(lost.values()), axis=0)
    chromatic = skin_colour(
        rgb, ~blocked, distance=config.skin_distance, floor_sd=config.skin_floor_sd
    )
    part = config.smallest_part * chromatic.size
    skin = fill_holes(drop_small_parts(_opened(chromatic), part), 0.001 * chromatic.size) & ~blocked
    usable = (skin | given["roi"]) & ~blocked if "roi" in given else skin
    lost["not skin colour"] = ~usable & ~blocked
    found = _regions(photo, skin)
    return Regions(
        regions=found,
        reference=_reference(photo, found, rgb, usable, treated, treated_mask, config),
        scar=_given_region(photo, "scar_mask", "scar"),
        readable=resize_mask(~blocked, _frame(photo)) & ~photo.photo.clipped,
        usable=resize_mask(usable, _frame(photo)) & ~photo.photo.clipped,
        left_out=tuple((name, float(mask.mean())) for name, mask in lost.items()),
    )


def _work_copy(photo: CalibratedPhoto, config: RegionConfig) -> tuple[FloatArray, tuple[int, int]]:
    """Linear RGB at working size; shrunk as stored (a slow average) and then linearised."""
    stored = photo.photo.rgb
    small = shrink_pixels(stored, shrink_factor(stored.shape, config.work_megapixels))
    rgb = linearise(small, photo.to_linear.curves, photo.to_linear.matrix)
    return rgb, (small.shape[0], small.shape[1])


def _left_out(
    photo: CalibratedPhoto,
    rgb: FloatArray,
    given: dict[str, Mask],
    config: RegionConfig,
) -> dict[str, Mask]:
    shape = (rgb.shape[0], rgb.shape[1])
    short_side = min(shape)
    hair_px = max(2.0, config.hair_width_share * short_side)
    return {
        "overexposed": grow(resize_mask(photo.photo.clipped, shape), 1.0),
        "too dark": np.asarray(luminance(rgb) < config.dark_luminance),
        "glare": specular(rgb, config.glare_excess, 0.02 * short_side),
        "hair": grow(dark_strands(rgb, hair_px, config.hair_depth), 1.0),
        "marker or chart": resize_mask(photo.fixtures, shape),
        "excluded": given.get("exclude", np.zeros(shape, dtype=np.bool_)),
    }


def _opened(mask: Mask) -> Mask:
    radius = max(1.0, 0.004 * min(mask.shape))
    return grow(shrink(mask, radius), radius) & mask


def _frame(photo: CalibratedPhoto) -> tuple[int, int]:
    return (photo.photo.rgb.shape[0], photo.photo.rgb.shape[1])


def _regions(photo: CalibratedPhoto, skin: Mask) -> tuple[Region, ...]:
    given = _given_region(photo, "roi", "roi")
    if not isinstance(given, NotMeasured):
        return (given,)
    if not skin.any():
        return ()
    return (Region("skin", resize_mask(skin, _frame(photo)), "automatic"),)


def _given_region(photo: CalibratedPhoto, key: str, name: str) -> Region | NotMeasured:
    mask = photo.photo.given.get(key)
    if mask is None or not mask.any():
        return NotMeasured(f"no {name} mask given")
    return Region(name, mask, "given")


def _reference(
    photo: CalibratedPhoto,
    found: tuple[Region, ...],
    rgb: FloatArray,
    usable: Mask,
    treated: TreatedArea,
    treated_mask: Mask | None,
    config: RegionConfig,
) -> Region | NotMeasured:
    given = _given_region(photo, "reference", "reference")
    if not isinstance(given, NotMeasured):
        return given
    if treated is not TreatedArea.LOCAL:
        where = "the whole area was treated" if treated is TreatedArea.WHOLE else "it is not said"
        return NotMeasured(
            f"no untreated reference skin, because {where} (treated_area): give a reference mask,"
            " such as the neck or behind the jaw, use the printed target, or a fixed rig"
        )
    if not found or found[0].source != "given":
        return NotMeasured(
            "no untreated reference skin: give the treated region (roi) or a reference mask"
        )
    inside = resize_mask(found[0].mask, usable.shape)
    if treated_mask is not None:
        inside = inside | resize_mask(treated_mask, usable.shape)
    ring = _ring(photo, inside, rgb, usable, config)
    if np.count_nonzero(ring) < config.ring_min_share * np.count_nonzero(inside):
        return NotMeasured(
            "too little untreated skin around the region: take the photo from farther away or"
            " give a reference mask"
        )
    return Region("reference", resize_mask(ring, _frame(photo)), "automatic")


def _ring(
    photo: CalibratedPhoto, inside: Mask, rgb: FloatArray, usable: Mask, config: RegionConfig
) -> Mask:
    """Usable skin at a distance around the region, less what lies in another light."""
    if isinstance(photo.scale, Scale):
        pixel = photo.scale.mm_per_px * photo.photo.rgb.shape[0] / rgb.shape[0]
        near, far = config.ring_inner_mm / pixel, config.ring_outer_mm / pixel
    else:
        root = float(np.sqrt(np.count_nonzero(inside)))
        near, far = config.ring_inner_share * root, config.ring_outer_share * root
    distance = distance_to(inside)
    ring = (distance > max(near, 2.0)) & (distance < far) & usable
    if not ring.any():
        return np.asarray(ring, dtype=np.bool_)
    similar = _in_same_light(ring, inside, rgb, config) & _no_lesion(ring, rgb, config)
    return np.asarray(ring & similar, dtype=np.bool_)


def _in_same_light(ring: Mask, inside: Mask, rgb: FloatArray, config: RegionConfig) -> Mask:
    """Skin of the ring that is as bright as the rest of it, and does not turn away.

    Held against the ring itself: the region may be darker by its pigment, not by its light.
    """
    sigma = 0.03 * min(inside.shape)
    shading = gaussian(log_luminance(rgb), sigma)
    level = np.float32(np.median(shading[ring]))
    down, across = np.gradient(shading)
    slope = np.hypot(down, across) * np.float32(0.1 * np.sqrt(np.count_nonzero(inside)))
    even = np.abs(shading - level) < config.ring_shading
    return np.asarray(even & (slope < config.ring_slope), dtype=np.bool_)


def _no_lesion(ring: Mask, rgb: FloatArray, config: RegionConfig) -> Mask:
    """Skin whose colour belongs to the ring's own: neither inflamed nor pigmented."""
    sigma = max(1.5, 0.004 * min(ring.shape))
    keep = np.ones(ring.shape, dtype=np.bool_)
    for values in log_chromaticity(rgb):
        # Means over the ring alone: a red region beside it must not colour its edge.
        smooth = masked_gaussians([values], ring, sigma)[0]
        sd = max(config.ring_lesion_floor, robust_sd(smooth[ring]))
        keep &= np.abs(smooth - np.median(smooth[ring])) < config.ring_lesion_sd * sd
    return np.asarray(shrink(keep | ~ring, 2.0) & keep, dtype=np.bool_)
