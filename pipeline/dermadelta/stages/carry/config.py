"""Settings of carry."""

from __future__ import annotations

from pydantic import Field

from dermadelta.domain import (
    Settings,
)


class CarryConfig(Settings):
    """How views are cut."""

    tiles: int = Field(256, ge=4, description="Tiles that the first region is divided into.")
    min_tile_px: float = Field(8.0, gt=0.0, description="Smallest tile, before pixels.")
    margin_share: float = Field(
        0.12, ge=0.0, description="Surroundings kept around a region, share of its longer side."
    )
    min_region_px: int = Field(
        400, gt=0, description="Fewer usable pixels: the region is not measured."
    )
    scars: bool = Field(True, description="Whether scars are looked for; no gate rests on them.")
    lesion_floor_de00: float = Field(
        4.0, gt=0.0, description="Least ΔE00 from the surroundings that can be a scar."
    )
    lesion_sd: float = Field(
        5.0, gt=0.0, description="The same in robust SDs of the region's own mottling."
    )
    lesion_boundary_sd: float = Field(
        2.5, gt=0.0, description="Least boundary of a scar in robust SDs of the mottling."
    )
    lesion_smooth_mm: float = Field(0.3, gt=0.0, description="Smoothing before scars, mm.")
    lesion_lightness_weight: float = Field(
        0.5, gt=0.0, le=1.0, description="Weight of lightness against hue and chroma."
    )
    lesion_edge_px: float = Field(
        3.0, ge=0.0, description="Edge of the skin where none is sought, pixels at that size."
    )
    lesion_side_px: int = Field(600, gt=0, description="Longer side at which scars are sought.")
