"""Open every photograph once, before anything is compared: whether it can be read and used."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dermadelta.domain import NotMeasured, Photo, PhotoRecord, PhotoRef, QualityReport
from dermadelta.errors import LandmarkError, MaskError, PhotoError
from dermadelta.files.images import hash_file
from dermadelta.stages.check import check
from dermadelta.stages.load import load

if TYPE_CHECKING:
    from dermadelta.config import Config


def inspect_photo(ref: PhotoRef, config: Config) -> PhotoRecord:
    """Load and check one photograph.

    Parameters
    ----------
    ref : PhotoRef
        As discovered; its hash is filled in.
    config : Config
        ``load`` and ``check`` are used.

    Returns
    -------
    PhotoRecord
        ``readable`` is False, with cause and remedy in ``quality.reasons``, where the file
        cannot be decoded; no photograph raises here.
    """
    try:
        photo = _load(ref, config)
    except PhotoError as fault:
        reason = f"{fault.cause}. {fault.remedy}"
        return PhotoRecord(
            ref=replace(ref, sha256=hash_file(ref.path)),
            metadata=NotMeasured(reason),
            quality=QualityReport((), False, (reason,)),
            readable=False,
        )
    listed = replace(ref, sha256=photo.ref.sha256)
    return PhotoRecord(listed, photo.metadata, check(photo, photo.given.get("roi"), config.check))


def _load(ref: PhotoRef, config: Config) -> Photo:
    """Load a photo, without its regions and landmarks where one of them cannot be read.

    That is no fault of the photograph; it is reported by the pair, which loads it again.
    """
    try:
        return load(ref, config.load)
    except (MaskError, LandmarkError):
        bare = replace(
            ref,
            roi=None,
            reference=None,
            exclude=None,
            scar_mask=None,
            grey_card=None,
            landmarks=None,
        )
        return load(bare, config.load)
