"""Settings of compare: the limits of its gates."""

from __future__ import annotations

from pydantic import Field

from dermadelta.domain import Settings


class CompareConfig(Settings):
    """Limits of the gates."""

    min_correlation: float = Field(
        0.3,
        description="Same skin: least local correlation in the region. Of 30 pairs of different"
        " patients none was aligned at all; true pairs lie at 0.33 to 0.95.",
    )
    min_overlap: float = Field(
        0.5, ge=0.0, le=1.0, description="Least share of the region that both photos show."
    )
    max_error_share: float = Field(
        0.01,
        gt=0.0,
        description="Largest 95th percentile of the alignment error, share of the frame's short"
        " side. Of 23 real pairs aligned on the same wound 20 lie below 0.008, the two that were"
        " aligned wrongly above 0.04.",
    )
    max_delta_sigma2: float = Field(
        0.75,
        gt=0.0,
        description="Sharpness: largest difference of blur variance, pixel² at 0.05 mm per pixel."
        " 0.5 beyond the error of its estimate (0.08 to 0.13).",
    )
    max_delta_sigma2_region: float = Field(
        1.5,
        gt=0.0,
        description="The same where there is no reference skin: on the region itself a true change"
        " of relief can read as over 1 px² of blur.",
    )
    fine_pixel_share: float = Field(
        0.0015,
        gt=0.0,
        description="Without a scale: what counts as 0.05 mm, share of the frame's short side.",
    )
    corrected_delta_sigma2: float = Field(
        0.15, gt=0.0, description="Sharpness: beyond this the correction is marked."
    )
    max_exposure_ev: float = Field(1.5, gt=0.0, description="Largest difference of exposure, EV.")
    max_clipped: float = Field(
        0.02, ge=0.0, le=1.0, description="Largest saturated share of the region."
    )
    max_zoom: float = Field(1.5, gt=1.0, description="Largest ratio of magnification.")
    max_tilt_deg: float = Field(20.0, gt=0.0, description="Largest tilt between the photos.")
    max_scale_gap: float = Field(
        0.05, gt=0.0, description="Scale: largest contradiction of markers and alignment, relative."
    )
    max_shading_shift: float = Field(
        0.12, gt=0.0, description="Light: largest change of shading without reference skin, ln Y."
    )
    max_lost_detail: float = Field(
        0.6,
        gt=0.0,
        description="Sharpness, retouching: largest loss of fine detail (ln) on untreated skin:"
        " kept lamps and cameras lose 0.1, a lamp on the other side 0.25; focus lost three-fold and"
        " beauty filters 0.65 and more (72 rendered pairs).",
    )
    max_lost_detail_region: float = Field(
        0.68,
        gt=0.0,
        description="The same on the treated region, where a true change by half reads as 0.6.",
    )
    unclear_lost_detail: float = Field(
        0.35,
        gt=0.0,
        description="Sharpness on untreated skin, where noise hides the difference of blur: largest"
        " loss of fine detail, ln.",
    )
    max_lost_grain: float = Field(
        0.35,
        gt=0.0,
        description="Retouching: loss of grain (ln) that tells a filter from a lens. At like JPEG"
        " quality it is below 0.12 without a filter and above 0.55 with one.",
    )
    healing_days: int = Field(7, ge=0, description="Days after a session that are marked healing.")
    early_texture_days: int = Field(28, ge=0, description="Days before texture results count.")
