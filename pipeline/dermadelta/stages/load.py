"""Load: from a file to an upright photograph with its way to linear light.

The EXIF orientation is applied once, the bit depth is kept, and what the file says of its colours
becomes a curve per channel and a matrix to linear sRGB (D65), so that later stages linearise only
what they need. Only the table of a profile changes pixels: they become 16-bit ROMM RGB. What is
clipped is told from the stored values, before any of this.
"""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from pathlib import Path

import numpy as np
from pydantic import Field

from dermadelta.domain import (
    CaptureMetadata,
    Mask,
    Matrix,
    Photo,
    PhotoRef,
    Pixels,
    Settings,
    ToLinear,
)
from dermadelta.errors import MaskError, UnreadablePhoto
from dermadelta.files.card_values import MeasuredPatch, read_card_values
from dermadelta.files.examined import ColourTags
from dermadelta.files.icc import parse_profile
from dermadelta.files.icc_curves import D50_WHITE, BrokenProfileError
from dermadelta.files.icc_tables import apply_table
from dermadelta.files.images import DecodedImage, read_image, upright
from dermadelta.files.landmarks import read_landmarks
from dermadelta.files.regions import read_region
from dermadelta.kernels.adaptation import adaptation, lab_under_to_linear
from dermadelta.kernels.card import patches
from dermadelta.kernels.colour import D65_WHITE, SRGB_TO_XYZ, srgb_decode

CardValues = dict[str, tuple[float, float, float]]

_SAME = 1e-3
"""A profile this close to sRGB in every curve and matrix entry is called sRGB."""


class LoadConfig(Settings):
    """How photographs are read."""

    max_pixels: int = Field(
        default=200_000_000,
        ge=1,
        description="Largest picture that is decoded, in pixels. Convention: twice the largest "
        "medium-format camera of 2026 (102 MP); a frame of that size takes 600 MB.",
    )
    clip_level: float = Field(
        default=0.98,
        gt=0.5,
        le=1.0,
        description="A channel at or above this share of full scale counts as clipped. "
        "Convention: the last codes are compressed by the camera's tone curve.",
    )


def load(ref: PhotoRef, config: LoadConfig) -> Photo:
    """Read one photograph.

    Parameters
    ----------
    ref : PhotoRef
        The photograph; a hash in it must still be that of the file.
    config : LoadConfig
        Limits.

    Returns
    -------
    Photo
        Upright pixels as stored, the way to linear sRGB, and the clipped pixels. ``ref``
        carries the hash of the raw bytes.

    Raises
    ------
    UnreadablePhoto
        Missing, empty, truncated, changed since it was listed; the message names the remedy.
    UnsupportedPhoto
        Animated, grey, CMYK, palette or transparent. Remedy: export as JPEG or TIFF in colour.
    OversizedPhoto
        More pixels than ``max_pixels``. Remedy: crop, or raise the limit.
    MaskError
        A region file given with the photograph cannot be used.
    LandmarkError
        The landmarks given with it cannot be used. Remedy: in the message.
    """
    image = read_image(ref.path, max_pixels=config.max_pixels)
    header = image.header
    if ref.sha256 and ref.sha256 != header.sha256:
        raise UnreadablePhoto(
            "the file changed while the run was going on",
            remedy="Run the same command again when nobody edits the photographs.",
            file=ref.shown_path,
        )
    pixels, to_linear = _to_linear(image)
    clipped = upright(_clipped(image.pixels, config.clip_level), header.orientation)
    rgb = upright(pixels, header.orientation)
    metadata = CaptureMetadata(
        width=rgb.shape[1],
        height=rgb.shape[0],
        bits=header.bits,
        format=header.format,
        orientation=header.orientation,
        encoding=to_linear.name,
        camera=header.camera,
        software=header.software,
        captured_at=header.captured_at,
        jpeg_step=header.jpeg_step,
        lens=header.lens,
        focal_35mm=header.focal_35mm,
        digital_zoom=header.digital_zoom,
        portrait_mode=header.portrait_mode,
    )
    found = replace(ref, sha256=header.sha256)
    given, landmarks = _given_masks(ref, metadata), _given_landmarks(ref, metadata)
    return Photo(found, rgb, to_linear, clipped, metadata, given, landmarks)


def load_mask(source: str, photo: Photo) -> Mask:
    """A region file of a loaded photograph.

    Parameters
    ----------
    source : str
        Mask image, polygon file or inline polygon.
    photo : Photo
        The photograph that the region belongs to.

    Returns
    -------
    (H, W) bool
        True inside, on the upright grid.

    Raises
    ------
    MaskError
        Missing, damaged, empty or of another size; the message names the remedy.
    """
    return read_region(source, photo.clipped.shape, photo.metadata.orientation)


def load_card_values(source: str) -> CardValues | None:
    """Measured colours of a printed target card.

    Parameters
    ----------
    source : str
        CSV as written by ``dermadelta target --values``; empty for none.

    Returns
    -------
    dict or None
        Linear sRGB (D65) by name of the patch; None without a file.

    Raises
    ------
    InputError
        Missing, a patch unknown or lacking, a value out of range. Remedy: in the message.
    """
    if not source:
        return None
    measured = read_card_values(Path(source), [patch.name for patch in patches()])
    return {name: _measured_colour(patch) for name, patch in measured.items()}


def _measured_colour(patch: MeasuredPatch) -> tuple[float, float, float]:
    white = D50_WHITE if patch.illuminant == "D50" else D65_WHITE
    red, green, blue = lab_under_to_linear(patch.lab, white).tolist()
    return red, green, blue


def _given_masks(ref: PhotoRef, metadata: CaptureMetadata) -> dict[str, Mask]:
    """Masks that the user gave with the photograph, by field name."""
    sources = {
        "roi": ref.roi,
        "reference": ref.reference,
        "exclude": ref.exclude,
        "scar_mask": ref.scar_mask,
        "grey_card": ref.grey_card,
    }
    shape, masks = (metadata.height, metadata.width), {}
    for name, source in sources.items():
        if not source:
            continue
        try:
            masks[name] = read_region(source, shape, metadata.orientation)
        except MaskError as fault:
            # Of several regions of a photo, which one: a polygon in a table has no name of its own.
            cause = f"{name} of {ref.shown_path}: {fault.cause}"
            raise MaskError(cause, remedy=fault.remedy, file=fault.file) from fault
    return masks


def _given_landmarks(ref: PhotoRef, metadata: CaptureMetadata) -> Matrix:
    """Landmarks given with the photograph, (n, 4); the size of the other photo is not known."""
    if ref.landmarks is None:
        return np.empty((0, 4))
    return read_landmarks(ref.landmarks, after_size=(metadata.height, metadata.width))


def _clipped(pixels: Pixels, level: float) -> Mask:
    limit = int(np.ceil(level * np.iinfo(pixels.dtype).max))
    brightest = reduce(np.maximum, (pixels[..., channel] for channel in range(3)))
    clipped: Mask = brightest >= limit
    return clipped


def _to_linear(image: DecodedImage) -> tuple[Pixels, ToLinear]:
    """Pixels and their way to linear sRGB; only a table profile changes the pixels."""
    tags, levels = image.header.colour, np.iinfo(image.pixels.dtype).max + 1
    if tags.icc is None:
        return image.pixels, _from_tags(tags, levels)
    try:
        profile = parse_profile(tags.icc, levels)
    except BrokenProfileError as fault:
        return image.pixels, _srgb(levels, f"sRGB (assumed; ICC profile not usable: {fault})")
    matrix = _xyz_to_srgb() @ adaptation(D50_WHITE, D65_WHITE) @ profile.to_xyz_d50
    if profile.table is None:
        return image.pixels, _named(profile.curves, matrix, f"{profile.name} (matrix)")
    pixels = apply_table(image.pixels, profile.table)
    return pixels, _named(profile.curves, matrix, f"{profile.name} (table)")


def _from_tags(tags: ColourTags, levels: int) -> ToLinear:
    """Way to linear sRGB of a picture without an ICC profile."""
    if tags.matrix is not None:
        codes = np.linspace(0.0, 1.0, levels)
        curve = codes ** (tags.gamma or 1.0)
        return ToLinear(np.tile(curve.astype(np.float32), (3, 1)), tags.matrix, tags.name)
    if tags.primaries is None:
        return _srgb(levels, tags.name or "sRGB (assumed)")
    codes = np.linspace(0.0, 1.0, levels)
    curve = srgb_decode(codes) if tags.gamma is None else codes**tags.gamma
    matrix = _xyz_to_srgb() @ _primaries_to_xyz(tags.primaries)
    return _named(np.tile(curve, (3, 1)), matrix, tags.name)


def _srgb(levels: int, name: str) -> ToLinear:
    curve = srgb_decode(np.linspace(0.0, 1.0, levels)).astype(np.float32)
    return ToLinear(np.tile(curve, (3, 1)), np.eye(3), name)


def _named(curves: Matrix, matrix: Matrix, name: str) -> ToLinear:
    srgb = srgb_decode(np.linspace(0.0, 1.0, curves.shape[1]))
    same = np.abs(matrix - np.eye(3)).max() < _SAME and np.abs(curves - srgb).max() < _SAME
    return ToLinear(curves.astype(np.float32), matrix, "sRGB" if same else name)


def _xyz_to_srgb() -> Matrix:
    return np.asarray(np.linalg.inv(SRGB_TO_XYZ), dtype=np.float64)


def _primaries_to_xyz(primaries: tuple[float, ...]) -> Matrix:
    """Linear RGB to XYZ from chromaticities (xr, yr, xg, yg, xb, yb) and the D65 white."""
    x, y = np.array(primaries).reshape(3, 2).T
    columns = np.array([x / y, np.ones(3), (1 - x - y) / y])
    weights = np.linalg.solve(columns, D65_WHITE)
    matrix: Matrix = columns * weights
    return matrix
