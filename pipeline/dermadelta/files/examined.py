"""What reading the header of a photograph yields: its facts, how it was taken, its colour tags."""

from __future__ import annotations

from dataclasses import dataclass, field

from dermadelta.domain import Matrix
from dermadelta.files.exif import Exif
from dermadelta.files.formats import Facts

DISPLAY_P3 = (0.680, 0.320, 0.265, 0.690, 0.150, 0.060)
"""SMPTE EG 432-1 primaries with a D65 white: chromaticities (xr, yr, xg, yg, xb, yb)."""
BT2020 = (0.708, 0.292, 0.170, 0.797, 0.131, 0.046)
"""ITU-R BT.2020 primaries with a D65 white."""
SRGB_PRIMARIES = (0.64, 0.33, 0.30, 0.60, 0.15, 0.06)
"""IEC 61966-2-1 primaries."""
_ADOBE_PRIMARIES = (0.64, 0.33, 0.21, 0.71, 0.15, 0.06)
_ADOBE_GAMMA = 2.19921875
"""Adobe RGB (1998) Colour Image Encoding, sections 4.2.1 and 4.3.1.2."""


@dataclass(frozen=True, eq=False)
class ColourTags:
    """What the file says about its colour space; None where it says nothing.

    ``gamma`` is the exponent from stored values to light (2.2 for v ** 2.2);
    ``primaries`` are chromaticities (xr, yr, xg, yg, xb, yb) with a D65 white; ``matrix`` (3, 3)
    takes linear values to linear sRGB where a camera states its colours that way. The profile
    counts before the matrix, the matrix before the primaries.
    """

    icc: bytes | None = None
    gamma: float | None = None
    primaries: tuple[float, ...] | None = None
    name: str = ""
    matrix: Matrix | None = None

    @property
    def silent(self) -> bool:
        """Whether the file says nothing at all about its colours."""
        return not self.name and self.icc is None


UNTAGGED = ColourTags()
DECLARED_SRGB = ColourTags(name="sRGB")


def adobe_rgb(said_by: str) -> ColourTags:
    """Adobe RGB (1998) without a profile, as ``said_by`` a tag."""
    return ColourTags(None, _ADOBE_GAMMA, _ADOBE_PRIMARIES, f"Adobe RGB ({said_by})")


def tags_of_exif(exif: Exif) -> ColourTags:
    """Colour space of a picture without a profile, from its EXIF tags.

    References
    ----------
    CIPA DC-008 (EXIF 2.32), tag 0xA001; DCF 2.0 for Adobe RGB (interoperability ``R03``).
    """
    if exif.adobe_rgb:
        return adobe_rgb("EXIF")
    return DECLARED_SRGB if exif.srgb else UNTAGGED


@dataclass(frozen=True, eq=False)
class Examined:
    """A file whose header has been read: what it is, how it was taken, its colour tags.

    ``wrapped`` is the JPEG or JPEG 2000 inside a DICOM file, empty in every other file.
    """

    facts: Facts
    exif: Exif = field(default_factory=Exif)
    colour: ColourTags = UNTAGGED
    wrapped: bytes = b""
