"""Settings of align."""

from __future__ import annotations

from pydantic import Field

from dermadelta.domain import Settings


class AlignConfig(Settings):
    """How the same skin is found."""

    dense_megapixels: tuple[float, ...] = Field(
        (0.06, 0.25), min_length=1, description="Sizes of dense flow from coarse to fine, MP."
    )
    fine_megapixels: float = Field(
        1.0, gt=0.0, description="Size of the last, sparse level, megapixels."
    )
    match_megapixels: tuple[float, ...] = Field(
        (0.15, 0.5),
        min_length=1,
        description="Sizes at which features are matched, megapixels; the next one is tried where"
        " the one before found nothing certain.",
    )
    features: int = Field(2500, gt=0, description="Most features per picture.")
    ratio: float = Field(0.85, gt=0.0, le=1.0, description="Ratio test of feature matches.")
    threshold_share: float = Field(
        0.004,
        gt=0.0,
        description="Inlier threshold of the homography, share of the frame's short side.",
    )
    min_inliers: int = Field(8, ge=4, description="Fewer inliers: the hypothesis is dropped.")
    few_inliers: int = Field(
        15,
        ge=0,
        description="Fewer inliers must be borne out by the skin itself: of 386 pairs of other"
        " people 16 were aligned on eyes, nose or the rim of the skin, with 8 to 12.",
    )
    few_usable_share: float = Field(
        0.3,
        ge=0.0,
        le=1.0,
        description="Least usable share of the region with so few inliers: those 16 reached 0.03"
        " in the middle.",
    )
    max_zoom: float = Field(3.0, gt=1.0, description="Largest difference of magnification.")
    max_stretch: float = Field(2.0, gt=1.0, description="Largest foreshortening of one axis.")
    normalise_share: float = Field(
        0.02, gt=0.0, description="Window of the local normalisation, share of the short side."
    )
    smooth_share: float = Field(
        0.035, gt=0.0, description="Smoothing of the displacement, share of the short side."
    )
    trust_px: float = Field(
        0.3,
        gt=0.0,
        description="Forward-backward error at which a vector loses its weight, working pixels."
        " Of 1, 0.5 and 0.3 the last is best on faint skin; on marked skin it makes no difference.",
    )
    enclosed_share: float = Field(
        0.4, ge=0.0, description="Largest part enclosed by skin that is aligned on, share of frame."
    )
    near_share: float = Field(
        0.25, ge=0.0, description="Features lie on skin this near to the region, share of the side."
    )
    rounds_per_level: int = Field(2, ge=1, description="Flow rounds at every size.")
    node_px: float = Field(
        12.0, gt=0.0, description="Spacing of the points of the last level, its pixels."
    )
    window_px: int = Field(25, ge=9, description="Window around such a point, pixels.")
    sure_alike: float = Field(
        0.93,
        description="Local correlation from which on skin has moved and not changed, however its"
        " colour differs.",
    )
    min_correlation: float = Field(
        0.12,
        description="Local correlation in the region below which nothing was found: other skin"
        " aligned as well as it can be stays below it.",
    )
    min_local_correlation: float = Field(
        0.2, description="Local correlation below which a place is marked unusable."
    )
    max_error_share: float = Field(
        0.0027,
        gt=0.0,
        description="Expected error beyond which a place is marked unusable, share of the short"
        " side: 8 pixels of a photograph 4000 pixels wide.",
    )
    area_limits: tuple[float, float] = Field(
        (0.5, 2.0), description="Relative change of area beyond which the field folds or tears."
    )
    grid_step_px: float = Field(
        32.0, gt=0.0, description="Spacing of the stored displacement, after pixels."
    )
    seed: int = Field(20_261, description="Seed of the robust fit.")
