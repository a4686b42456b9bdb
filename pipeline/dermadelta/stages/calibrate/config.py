"""Settings of calibration."""

from __future__ import annotations

from pydantic import Field

from dermadelta.domain import Settings


class CalibrateConfig(Settings):
    """How scale and colour are found."""

    marker_mm: float = Field(10.0, gt=0.0, description="Side of a lone printed ArUco marker, mm.")
    marker_dictionary: str = Field(
        "DICT_4X4_50",
        pattern="^(DICT_(4X4|5X5|6X6|7X7)_(50|100|250|1000)|DICT_ARUCO_ORIGINAL|DICT_ARUCO_MIP_36[hH]12"
        "|DICT_APRILTAG_(16[hH]5|25[hH]9|36[hH]1[01]))$",
        description="OpenCV name of the lone marker's dictionary.",
    )
    marker_border: float = Field(
        0.35, ge=0.0, description="White border around a marker, in marker sides; not skin."
    )
    corner_sd_px: float = Field(
        0.25, gt=0.0, description="Uncertainty of a marker corner after refinement, pixels."
    )
    print_rel_sd: float = Field(
        0.005, ge=0.0, description="Uncertainty of the printed size of a marker or card, relative."
    )
    given_rel_sd: float = Field(
        0.01, ge=0.0, description="Uncertainty of a scale given by the user, relative."
    )
    search_megapixels: float = Field(
        2.0, gt=0.0, description="Size at which markers are looked for, megapixels."
    )
    find_ruler: bool = Field(
        True, description="Read a millimetre ruler where nothing else tells the scale."
    )
    ruler_rel_sd: float = Field(
        0.012,
        ge=0.0,
        description="Uncertainty of the scale at the skin by a ruler beside it, relative: its"
        " print, and the camera's tilt across it (1 % RMS on handheld rendered photos).",
    )
    find_chart: bool = Field(
        True, description="Look for a bare 24-patch chart where there is no target card."
    )
    target_values: str = Field(
        "",
        description="CSV with the measured colours of the printed target card (see dermadelta"
        " target --values); empty: the colours it was designed with, which are not measured.",
    )
    max_clipped: float = Field(
        0.05, ge=0.0, lt=1.0, description="A patch with a larger saturated share is not used."
    )
    max_residual_de00: float = Field(
        4.0, gt=0.0, description="Largest mean ΔE00 of patches left out of the fit in turn."
    )
    max_residual_p95_de00: float = Field(
        9.0, gt=0.0, description="Largest 95th percentile of the same."
    )
    min_patches: int = Field(
        14, ge=12, description="With fewer usable patches there is no colour model."
    )
