"""Carry: bring every region onto each photo's own pixels, with what the pair has in common."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dermadelta.domain import (
    REFERENCE,
    AlignedPhoto,
    Carried,
    NotMeasured,
    Region,
    SkinView,
    TileGrid,
)
from dermadelta.kernels.masks import picked
from dermadelta.stages.carry.config import CarryConfig
from dermadelta.stages.carry.cut import Cut, cut_out, shared_mask, tile_grid
from dermadelta.stages.carry.pair_facts import (
    discoloured,
    given_scar,
    own_scale,
    pair_scale,
    thresholds,
    untreated_skin,
)

__all__ = ["CarryConfig", "carry"]


def carry(photos: Sequence[AlignedPhoto], config: CarryConfig) -> Carried | NotMeasured:
    """Views of every region on every photo.

    Parameters
    ----------
    photos : sequence of AlignedPhoto
        The first is the first before photo, in whose frame the regions lie.
    config : CarryConfig

    Returns
    -------
    Carried or NotMeasured
        NotMeasured when no region keeps enough usable skin that all photos show.
    """
    base = photos[0]
    named = list(base.regions.regions)
    if not named:
        return NotMeasured("no skin was found: give a mask of the region (roi)")
    if isinstance(base.regions.reference, Region):
        named.append(Region(REFERENCE, base.regions.reference.mask, base.regions.reference.source))
    shared = {item.name: shared_mask(item, photos) for item in named}
    grid = tile_grid(shared[named[0].name], config)
    cuts: list[Cut] = []
    remarks = _remarks(photos)
    for item in named:
        row = [cut_out(item, shared[item.name], photo, grid, config) for photo in photos]
        if all(np.count_nonzero(cut.mask) >= config.min_region_px for cut in row):
            cuts.extend(row)
        elif item.name != REFERENCE:
            return NotMeasured(
                f"fewer than {config.min_region_px} usable pixels of region {item.name} are seen"
                " in both photos: choose a larger region or retake without glare and blur"
            )
        else:
            remarks.append(
                f"the reference skin has fewer than {config.min_region_px} usable pixels in some"
                " photo and is not used: choose a larger one that every photo shows"
            )
    return Carried(_views(photos, cuts, grid, config), (), grid, tuple(remarks))


def _remarks(photos: Sequence[AlignedPhoto]) -> list[str]:
    """What the reader should know about regions that are missing or not used."""
    base = photos[0].regions
    remarks = [base.reference.reason] if isinstance(base.reference, NotMeasured) else []
    given = base.regions[0].source == "given"
    for other in photos[1:]:
        photo_id = other.photo.photo.ref.photo_id
        if not given and any(item.source == "given" for item in other.regions.regions):
            remarks.append(
                f"the region given with {photo_id} is not used, because the first before photo has"
                " none: give one there (it is carried to the others) or on every photo"
            )
        own = other.regions.reference
        own_given = isinstance(own, Region) and own.source == "given"
        if own_given and isinstance(base.reference, NotMeasured):
            remarks.append(
                f"the reference given with {photo_id} is not used, because the first before photo"
                " has none: give one there"
            )
    return remarks


def _views(
    photos: Sequence[AlignedPhoto],
    cuts: Sequence[Cut],
    grid: TileGrid,
    config: CarryConfig,
) -> tuple[SkinView, ...]:
    base_scale = pair_scale(photos, cuts)
    maps = {id(cut): discoloured(cut, base_scale, config) for cut in cuts}
    short_side = float(min(photos[0].regions.usable.shape))
    lesions = {}
    for name in dict.fromkeys(cut.name for cut in cuts):
        same = [cut for cut in cuts if cut.name == name]
        scores = [picked(cut.mask, maps[id(cut)])[0] for cut in same] if config.scars else []
        lesions[name] = thresholds(photos, scores, config)
    untreated = {id(photo): untreated_skin(photo, cuts, base_scale) for photo in photos}
    return tuple(
        SkinView(
            photo_id=cut.source.photo.photo.ref.photo_id,
            role=cut.source.role,
            region=cut.name,
            site=cut.source.photo.photo.ref.site,
            rgb=cut.rgb,
            mask=cut.mask,
            skin=cut.skin,
            origin=cut.box[:2],
            frame_short_side_px=short_side,
            scale=own_scale(base_scale, cut),
            to_reference=cut.to_reference,
            magnification=cut.magnification,
            grid=grid,
            tile_ids=cut.tile_ids,
            blur_to_add_px2=0.0,
            scar=given_scar(cut),
            lesion=lesions[cut.name],
            discolouration=maps[id(cut)],
            untreated=untreated[id(cut.source)],
            calibrated=all(photo.photo.colour.absolute for photo in photos),
        )
        for cut in cuts
    )
