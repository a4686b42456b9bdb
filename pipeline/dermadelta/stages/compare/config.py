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
    min_usable_share: float = Field(
        0.05,
        ge=0.0,
        le=1.0,
        description="Alignment: least share of the region where the displacement may be used; the"
        " rest is left out anyway. 128 pairs as they should be lie above 0.09, 97 % above 0.4.",
    )
    marked_usable_share: float = Field(
        0.5, ge=0.0, le=1.0, description="Alignment: a smaller share is marked."
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
    max_tilt_deg: float = Field(
        15.0,
        gt=0.0,
        description="Largest tilt between the photos, told from the perspective. 128 pairs as they"
        " should be read up to 9.2, 95 % below 7.7; leant by 12 to 18 they read 9 to 17, by 22 to"
        " 35 they read 13 to 31 (without EXIF a lens of 35 mm is assumed; theirs has 45).",
    )
    marked_tilt_deg: float = Field(
        8.0, gt=0.0, description="Tilt: beyond this it is marked; 98 % of those pairs are not."
    )
    max_scale_gap: float = Field(
        0.08,
        gt=0.0,
        description="Scale: largest contradiction of markers and alignment, relative. Of 109 pairs"
        " 95 % lie below 0.034 and all below 0.055: skin that is stretched by 3 % between marker"
        " and region. A camera that leans by 22 to 35 reads up to 0.25.",
    )
    max_shading_shift: float = Field(
        0.08,
        gt=0.0,
        description="Light: largest change of shading without reference skin, ln Y. 128 pairs under"
        " one lamp lie below 0.062, 95 % below 0.034; of 17 with a lamp turned by 60 to 180 one"
        " lies at 0.080, the others above 0.11.",
    )
    max_slope_change: float = Field(
        0.2,
        gt=0.0,
        description="Light: largest relative change of how steeply it falls over curved skin,"
        " without reference skin. 72 pairs under one lamp lie below 0.175, 95 % below 0.14; a lamp"
        " 20 degrees lower reads 0.3 to 0.7. Of 56 whole-face pairs whose lamps moved the 43 within"
        " it are off by 7 % (RMS), as pairs under one lamp are.",
    )
    max_corrected_slope_change: float = Field(
        0.3,
        gt=0.0,
        description="Light: the same with reference skin, for a lamp on the same side. Of 55 pairs"
        " whose lamps moved the 45 within it are corrected to 1.3 % (RMS), at worst 4 %; lamps"
        " raised beyond it leave up to 18 %.",
    )
    clear_slope: float = Field(
        0.08,
        gt=0.0,
        description="Light: slope of ln Y across the skin from which its side is named. Of 216"
        " rendered photos 213 lie above it, all of them told within 45 of where the lamps stood.",
    )
    turned_light_deg: float = Field(
        45.0, gt=0.0, description="Light: turn of that slope that is called another side."
    )
    marked_white_balance: float = Field(
        0.03, gt=0.0, description="White balance: change of ln R/G or ln B/G that is marked; 1 a*."
    )
    max_white_balance: float = Field(
        0.25,
        gt=0.0,
        description="White balance: largest change of ln R/G or ln B/G of untreated skin. Up to"
        " here the error of the corrected redness does not grow with it (1025 pairs: RMS 0.63 EI"
        " below 0.03, 0.76 from 0.03 to 0.06, 0.9 beyond 0.1); pairs without change reach 0.19.",
    )
    max_grey_cast: float = Field(
        0.03,
        gt=0.0,
        description="White balance: the same on the neutral patches of a target, calibrated.",
    )
    burnt_share: float = Field(
        0.3,
        gt=0.0,
        le=1.0,
        description="Clipping: saturated share of a whole photo in which no skin was recognised"
        " that is called the reason.",
    )
    max_focal_change: float = Field(
        0.10,
        gt=0.0,
        description="Camera: largest change of focal length or digital zoom, relative.",
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
