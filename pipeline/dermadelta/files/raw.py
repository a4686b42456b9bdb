"""Camera RAW, developed in one fixed and linear way.

The development
---------------
Black level off, declared white level to full scale, white balance as shot (daylight where the
camera wrote none), AHD demosaicing; no brightening, no tone curve, no noise reduction, no
reconstruction of highlights, no change of the white level by what the picture holds. The pixels
stay in the camera's own colours, in which a saturated sensor element is exactly full scale;
the matrix to linear sRGB, from the camera's stored or known colour matrix, goes along. So light
twice as strong is a number twice as large, whatever the camera's picture style says.

References
----------
Hirakawa and Parks 2005, doi:10.1109/TIP.2004.838691 (AHD). Adobe DNG Specification 1.7.1,
chapter 6 (camera colour). LibRaw documentation, ``libraw_output_params_t``.
"""

from __future__ import annotations

import io
from dataclasses import replace
from types import ModuleType

import numpy as np

from dermadelta.domain import Matrix, Pixels
from dermadelta.errors import UnreadablePhoto, UnsupportedPhoto
from dermadelta.files.examined import ColourTags, Examined
from dermadelta.files.exif import parse_exif
from dermadelta.files.formats import DAMAGED, Facts
from dermadelta.files.raw_headers import ends_early, exif_block

_CONVERT = "Convert it to DNG, or export it as a 16-bit TIFF in colour."

_ORIENTATION = {0: 1, 1: 2, 2: 4, 3: 3, 4: 5, 5: 8, 6: 6, 7: 7}
"""EXIF orientation by LibRaw's flip, the inverse of its table ``50132467``."""

_SRGB_TO_XYZ = np.array(
    [[0.412453, 0.357580, 0.180423], [0.212671, 0.715160, 0.072169], [0.019334, 0.119193, 0.950227]]
)
"""Linear sRGB to XYZ (D65) as LibRaw has it, so that a known camera is as there."""

_STORED = 0.125
"""A stored matrix counts where its first entry is above this, as in LibRaw; others are empty."""


def examine_raw(data: bytes, file: str) -> Examined:
    """Read everything but the pixels of a camera RAW file.

    Parameters
    ----------
    data : bytes
        The whole file.
    file : str
        Its name, for messages.

    Returns
    -------
    Examined
        Size of the developed picture before its turn. The colours are known only after
        ``develop``.

    Raises
    ------
    UnreadablePhoto
        Truncated or damaged. Remedy: copy the original again.
    UnsupportedPhoto
        The extra ``raw`` is missing, the camera is not known, or its colours are not three.
    """
    rawpy = _developer(file)
    if ends_early(data):
        cause = "the camera RAW is truncated (its end is missing)"
        raise UnreadablePhoto(cause, remedy=DAMAGED, file=file)
    with rawpy.RawPy() as raw:
        _open(rawpy, raw, data, file)
        if raw.num_colors != 3:
            cause = "the sensor does not see in red, green and blue"
            raise UnsupportedPhoto(cause, remedy=_CONVERT, file=file)
        sizes = raw.sizes
    exif = parse_exif(b"Exif\0\0" + exif_block(data))
    # The turn is the one that LibRaw would apply; some files repeat it in several places.
    exif = replace(exif, orientation=_ORIENTATION.get(sizes.flip, 1))
    facts = Facts("RAW", sizes.iwidth, sizes.iheight, 16, "rgb")
    return Examined(facts, exif, ColourTags(name="camera RAW"))


def develop(data: bytes, file: str) -> tuple[Pixels, ColourTags]:
    """Develop a camera RAW file as the module says.

    Parameters
    ----------
    data : bytes
        A file that ``examine_raw`` accepted.
    file : str
        Its name, for messages.

    Returns
    -------
    pixels : (H, W, 3) uint16
        Linear camera colours, white balanced, 65535 where the sensor is saturated; not turned.
    colour : ColourTags
        With the matrix to linear sRGB.

    Raises
    ------
    UnreadablePhoto, UnsupportedPhoto
        As ``examine_raw``.
    """
    rawpy = _developer(file)
    with rawpy.RawPy() as raw:
        _open(rawpy, raw, data, file)
        try:
            raw.unpack()
            matrix = camera_matrix(raw.color_matrix, raw.rgb_xyz_matrix)
            if matrix is None:
                cause = "the colours of this camera are not known"
                raise UnsupportedPhoto(cause, remedy=_CONVERT, file=file)
            white = "as shot" if raw.camera_whitebalance[0] > 0.0 else "daylight, none stored"
            pixels = np.array(raw.postprocess(_settings(rawpy)))
        except rawpy.LibRawError as fault:
            raise _damaged(fault, file) from fault
    name = f"camera RAW (linear, white {white})"
    return pixels, ColourTags(gamma=1.0, matrix=matrix, name=name)


def camera_matrix(stored: Matrix, from_xyz: Matrix) -> Matrix | None:
    """Matrix from white-balanced linear camera colours to linear sRGB.

    Parameters
    ----------
    stored : (3, 4) float
        The file's own matrix, zeros where it has none.
    from_xyz : (4, 3) float
        XYZ (D65) to the camera's colours, as known for its model; zeros if unknown.

    Returns
    -------
    (3, 3) float64 or None
        Its rows add up to 1, so that white stays white; None where neither is there.
    """
    if stored[0, 0] > _STORED:
        return np.asarray(stored[:, :3], dtype=np.float64)
    camera = np.asarray(from_xyz[:3], dtype=np.float64) @ _SRGB_TO_XYZ
    sums = camera.sum(axis=1, keepdims=True)
    if np.abs(sums).min() < 1e-6 or abs(np.linalg.det(camera)) < 1e-9:
        return None
    return np.asarray(np.linalg.inv(camera / sums), dtype=np.float64)


def _settings(rawpy: ModuleType) -> object:
    return rawpy.Params(
        demosaic_algorithm=rawpy.DemosaicAlgorithm.AHD,
        output_color=rawpy.ColorSpace.raw,
        output_bps=16,
        gamma=(1, 1),
        no_auto_bright=True,
        use_camera_wb=True,
        highlight_mode=rawpy.HighlightMode.Clip,
        # Otherwise the white level would follow the brightest pixel of the picture.
        adjust_maximum_thr=0.0,
        # The turn is applied once, with every other format's.
        user_flip=0,
    )


def _developer(file: str) -> ModuleType:
    try:
        import rawpy
    except ImportError as fault:
        raise UnsupportedPhoto(
            "camera RAW needs the extra “raw”, which is not installed",
            remedy='Install it with pip install "dermadelta[raw]", or export a 16-bit TIFF.',
            file=file,
        ) from fault
    return rawpy


def _open(rawpy: ModuleType, raw: object, data: bytes, file: str) -> None:
    try:
        raw.open_buffer(io.BytesIO(data))  # type: ignore[attr-defined]
    except (rawpy.LibRawFileUnsupportedError, rawpy.NotSupportedError) as fault:
        cause = "this camera or variant of RAW is not known"
        raise UnsupportedPhoto(cause, remedy=_CONVERT, file=file) from fault
    except rawpy.LibRawError as fault:
        raise _damaged(fault, file) from fault


def _damaged(fault: Exception, file: str) -> UnreadablePhoto:
    detail = fault.args[0] if fault.args else "no detail"
    text = detail.decode("ascii", errors="replace") if isinstance(detail, bytes) else str(detail)
    cause = f"the camera RAW is damaged or truncated ({text})"
    return UnreadablePhoto(cause, remedy=DAMAGED, file=file)
