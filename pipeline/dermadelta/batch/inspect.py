"""Open every photograph once, before anything is compared: whether it can be read and used."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dermadelta.domain import Mask, NotMeasured, Photo, PhotoRecord, PhotoRef, QualityReport
from dermadelta.errors import MaskError, PhotoError
from dermadelta.files.images import hash_file
from dermadelta.files.regions import read_region
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
        photo = load(ref, config.load)
    except PhotoError as fault:
        reason = f"{fault.cause}. {fault.remedy}"
        return PhotoRecord(
            ref=replace(ref, sha256=hash_file(ref.path)),
            metadata=NotMeasured(reason),
            quality=QualityReport((), False, (reason,)),
            readable=False,
        )
    return PhotoRecord(photo.ref, photo.metadata, check(photo, _roi(photo), config.check))


def _roi(photo: Photo) -> Mask | None:
    """The given region, by which the checks look at skin only.

    A region that cannot be read is a fault of the pair, reported when the pair is measured; here
    the photograph is judged as a whole instead.
    """
    if photo.ref.roi is None:
        return None
    try:
        height, width = photo.rgb.shape[:2]
        return read_region(photo.ref.roi, (height, width), photo.metadata.orientation)
    except MaskError:
        return None
