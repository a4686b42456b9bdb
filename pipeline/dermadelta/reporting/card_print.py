"""The target card as a page to print, and as a picture."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from dermadelta.files.results import write_bytes_atomic, write_png
from dermadelta.kernels.card import (
    HEIGHT,
    WIDTH,
    marker_numbers,
    marker_squares,
    patches,
    slanted_square,
)
from dermadelta.kernels.card_picture import black_cells, card_picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MM_PER_INCH: Final = 25.4

PAGE_MM: Final = (210.0, 297.0)
"""A4. What is printed keeps within the width and height of US letter, too."""

CARD_AT_MM: Final = (20.0, 25.0)
"""Upper left corner of the card on the page; no printer prints the outermost 5 mm."""

CHECK_LINE_MM: Final = 50.0

MARGIN_MM: Final = 6.0
"""White around the card in a picture, with the crop marks in it."""

_CROP_GAP_MM, _CROP_MM, _CROP_WIDTH_MM = 1.0, 4.0, 0.15
"""Crop marks stand off the card, so that nothing of them stays on it."""

_GUTTER_MM: Final = 16.0
_LINE_MM, _PARAGRAPH_MM = 4.6, 2.4
_BODY_PT, _HEAD_PT, _CHECK_PT = 9.0, 15.0, 10.0
_INK, _SOFT = "#000000", "#777777"

_STYLE: Final[dict[Any, Any]] = {
    "text.parse_math": False,
    "font.family": ["sans-serif"],
    # Shipped with matplotlib, so that the page does not depend on the fonts of a machine.
    "font.sans-serif": ["DejaVu Sans"],
    # Letters stay text, and shapes are not thinned out.
    "pdf.fonttype": 42,
    "path.simplify": False,
}

_CHECK: Final = (
    "Print at 100 % (“actual size”, not “fit to page”).",
    f"This line must be {CHECK_LINE_MM:.1f} mm long: measure it with a ruler.",
)

_TEXT: Final = (
    (
        "Paper: matt, white, heavy (photo matt or 160 g/m² and more).",
        "Gloss and laminate mirror the lamp. Print in colour, best quality.",
    ),
    (
        "Cut along the crop marks. Do not cut into the white border:",
        "the markers in the corners need it. Keep the card flat and clean.",
    ),
    (
        "Lay it beside the skin, not on the region to be measured:",
        "in the same plane as the skin, in the same light, wholly in the",
        "picture, sharp, without shadow or gloss on it. Use the same card",
        "for all visits, in the same place.",
    ),
    (
        "Its size is in its markers: scale and tilt need no settings.",
        "Three of the four markers are enough.",
    ),
    (
        "Its colours are nominal until they are measured: every printer",
        "makes others. Have the patches measured with a spectrophotometer,",
        "write them into the table that dermadelta target makes with",
        "--values FILE.csv, and name that table in the settings under",
        "calibrate.target_values. Print and measure a new card when this",
        "one is faded or soiled.",
    ),
)


def write_card_pdf(path: Path, size_mm: int) -> None:
    """Write a page of A4 with the card in its true size, and how to print and use it.

    Parameters
    ----------
    path : Path
        The PDF.
    size_mm : int
        Length of the card, 20 to 144 mm.

    Raises
    ------
    ValueError
        Another length.
    OutputError
        It cannot be written. Remedy: in the message.

    Notes
    -----
    Vectors only; the same length gives the same bytes.
    """
    write_bytes_atomic(path, card_pdf(size_mm))


def card_pdf(size_mm: int) -> bytes:
    """Bytes of the page with the card."""
    import matplotlib as mpl
    from matplotlib.backends.backend_pdf import FigureCanvasPdf
    from matplotlib.figure import Figure

    buffer = io.BytesIO()
    with mpl.rc_context():
        # A matplotlibrc of the user must not change the card.
        mpl.rcdefaults()
        mpl.rcParams.update(_STYLE)
        width, height = PAGE_MM
        figure = Figure(figsize=(width / MM_PER_INCH, height / MM_PER_INCH), facecolor="none")
        FigureCanvasPdf(figure)
        axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
        axes.set(xlim=(0.0, width), ylim=(height, 0.0))
        axes.set_axis_off()
        _draw_card(axes, size_mm)
        _draw_crop_marks(axes, size_mm)
        _draw_words(axes, size_mm)
        said = {"Title": f"Target card, {size_mm} mm"}
        nothing = dict.fromkeys(("Creator", "Producer", "CreationDate"))
        figure.savefig(buffer, format="pdf", metadata=said | nothing)
    return buffer.getvalue()


def write_card_png(path: Path, size_mm: int, dpi: int) -> None:
    """Write the card as a picture with crop marks around it; faults as ``write_card_pdf``.

    Parameters
    ----------
    path : Path
        The PNG. It says its resolution, so that it prints in its true size.
    size_mm : int
        Length of the card, 20 to 144 mm.
    dpi : int
        Pixels per inch.
    """
    write_png(path, card_with_margin(size_mm, dpi / MM_PER_INCH), dpi)


def card_with_margin(size_mm: int, px_per_mm: float) -> NDArray[np.uint8]:
    """Picture (h, w, 3) of the card on a white margin of 6 mm with crop marks in it."""
    card = card_picture(size_mm, px_per_mm)
    margin = round(MARGIN_MM * px_per_mm)
    height, width = card.shape[:2]
    page = np.full((height + 2 * margin, width + 2 * margin, 3), 255, dtype=np.uint8)
    page[margin : margin + height, margin : margin + width] = card
    thick = max(1, round(_CROP_WIDTH_MM * px_per_mm))
    gap, length = round(_CROP_GAP_MM * px_per_mm), round(_CROP_MM * px_per_mm)
    before = slice(margin - gap - length, margin - gap)
    for along, size in ((0, height), (1, width)):
        lines = page if along == 0 else page.swapaxes(0, 1)
        far = (width, height)[along] + margin + gap
        # A mark lies outside the cut: it is cut off with the margin.
        for start in (margin - thick, margin + size):
            lines[start : start + thick, before] = 0
            lines[start : start + thick, far : far + length] = 0
    return page


# ------------------------------------------------------------------------------ pieces


def _draw_card(axes: Axes, size_mm: int) -> None:
    side = size_mm / HEIGHT
    for patch in patches():
        colour = "#{:02x}{:02x}{:02x}".format(*patch.srgb)
        _draw_shape(axes, [patch.corners * side], colour)
    for number, corners in zip(marker_numbers(size_mm), marker_squares(), strict=True):
        # One path for all cells: between paths that touch, viewers show a bright seam.
        _draw_shape(axes, [cell * side for cell in black_cells(number, corners)], _INK)
    _draw_shape(axes, [slanted_square() * side], _INK)


def _draw_shape(axes: Axes, polygons: list[NDArray[np.float64]], colour: str) -> None:
    """Fill polygons, (4, 2) corners in mm on the card, as one shape."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path as Outline

    outlines = [
        Outline(np.vstack([corners, corners[:1]]) + CARD_AT_MM, closed=True) for corners in polygons
    ]
    whole = Outline.make_compound_path(*outlines)
    axes.add_patch(PathPatch(whole, facecolor=colour, edgecolor="none", linewidth=0.0))


def _draw_crop_marks(axes: Axes, size_mm: int) -> None:
    left, top = CARD_AT_MM
    right, bottom = left + size_mm * WIDTH / HEIGHT, top + size_mm
    near, far = _CROP_GAP_MM, _CROP_GAP_MM + _CROP_MM
    for x, out in ((left, -1), (right, 1)):
        for y, down in ((top, -1), (bottom, 1)):
            _line(axes, (x + out * near, x + out * far), (y, y), _CROP_WIDTH_MM)
            _line(axes, (x, x), (y + down * near, y + down * far), _CROP_WIDTH_MM)


def _line(axes: Axes, x: tuple[float, float], y: tuple[float, float], width_mm: float) -> None:
    points = width_mm / MM_PER_INCH * 72.0
    axes.plot(x, y, color=_INK, linewidth=points, solid_capstyle="butt", clip_on=False)


def _draw_words(axes: Axes, size_mm: int) -> None:
    x = CARD_AT_MM[0] + size_mm * WIDTH / HEIGHT + _GUTTER_MM
    y = CARD_AT_MM[1]
    width = size_mm * WIDTH / HEIGHT
    _write(axes, x, y, f"Target card, {size_mm} mm", _HEAD_PT)
    _write(axes, x, y + 8.0, f"{size_mm} × {width:.1f} mm between the crop marks", _BODY_PT, _SOFT)
    y += 20.0
    _line(axes, (x, x + CHECK_LINE_MM), (y, y), 0.3)
    for end in (x, x + CHECK_LINE_MM):
        _line(axes, (end, end), (y - 2.0, y + 2.0), _CROP_WIDTH_MM)
    y += 4.0
    for text in _CHECK:
        _write(axes, x, y, text, _CHECK_PT)
        y += _LINE_MM
    y += 2.0 * _PARAGRAPH_MM
    for paragraph in _TEXT:
        for text in paragraph:
            _write(axes, x, y, text, _BODY_PT)
            y += _LINE_MM
        y += _PARAGRAPH_MM


def _write(axes: Axes, x: float, y: float, text: str, points: float, colour: str = _INK) -> None:
    axes.text(x, y, text, fontsize=points, color=colour, ha="left", va="top")
