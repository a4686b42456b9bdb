"""The printed target card: where everything on it lies, and what colour it has.

A card has three columns and eleven rows of squares on white paper: a marker in every corner, a
black square turned by a few degrees (its edges show the sharpness), and patches of grey, of skin
tones and of strong colours. Lengths are in sides of a marker, x to the right and y down from the
upper left corner of the paper. The numbers of the markers tell the size of the print.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

GAP = 0.25
"""White paper between squares, and around them."""

PITCH = 1.0 + GAP
COLUMNS, ROWS = 3, 11
WIDTH, HEIGHT = COLUMNS * PITCH + GAP, ROWS * PITCH + GAP
"""Size of the paper: 4 and 14 sides of a marker."""

EDGE_TURN_DEG = 5.0
"""Turn of the slanted square (ISO 12233 asks for about 5°)."""

EDGE_SIDE = 1.8
EDGE_CENTRE = (GAP + PITCH - 0.5 * GAP, GAP + 5 * PITCH + PITCH - 0.5 * GAP)
_EDGE_CELLS = frozenset({(5, 0), (5, 1), (6, 0), (6, 1)})

CORNERS = ((0, 0), (0, 2), (10, 0), (10, 2))
"""Row and column of the markers: upper left, upper right, lower left, lower right."""

DICTIONARY = "DICT_4X4_100"
FIRST_NUMBER = 50
"""Markers of cards are 50 to 69 of that dictionary: five for every corner. Lone markers of the
first half, which is a dictionary of its own (DICT_4X4_50), are never taken for them."""

_DIGITS = 5
_CHECK = (1, 2, 3)

SMALLEST_MM, LARGEST_MM = 20, 144
"""Length of a card, in whole millimetres."""


@dataclass(frozen=True)
class CardSquare:
    """One patch: its name, upper left corner, and 8-bit sRGB as it is sent to the printer."""

    name: str
    x: float
    y: float
    srgb: tuple[int, int, int]

    @property
    def corners(self) -> Floats:
        """(4, 2) x and y: upper left, upper right, lower right, lower left."""
        return square(self.x, self.y)


def square(x: float, y: float, side: float = 1.0) -> Floats:
    """(4, 2) corners of an upright square, clockwise from the upper left."""
    return np.array([[x, y], [x + side, y], [x + side, y + side], [x, y + side]])


def marker_numbers(size_mm: int) -> tuple[int, int, int, int]:
    """Numbers of the markers of a card, in the order of ``CORNERS``.

    Three of them tell the size; the fourth is a check digit that finds any wrong one.

    Parameters
    ----------
    size_mm : int
        Length of the card, 20 to 144 mm.

    Raises
    ------
    ValueError
        Another length.
    """
    if not SMALLEST_MM <= size_mm <= LARGEST_MM:
        raise ValueError(f"a card is {SMALLEST_MM} to {LARGEST_MM} mm long, not {size_mm}")
    code = size_mm - SMALLEST_MM
    digits = [code // _DIGITS**2, code // _DIGITS % _DIGITS, code % _DIGITS]
    digits.append(_check_digit(digits))
    numbers = [FIRST_NUMBER + _DIGITS * corner + digit for corner, digit in enumerate(digits)]
    return numbers[0], numbers[1], numbers[2], numbers[3]


def corner_of(number: int) -> int | None:
    """Which corner of a card a marker belongs to, 0 to 3; None where it belongs to none."""
    corner = (number - FIRST_NUMBER) // _DIGITS
    return corner if 0 <= corner < len(CORNERS) else None


def _check_digit(digits: list[int]) -> int:
    return sum(weight * digit for weight, digit in zip(_CHECK, digits, strict=True)) % _DIGITS


def marker_squares() -> list[Floats]:
    """(4, 2) corners of every marker, in the order of ``CORNERS``."""
    return [square(GAP + col * PITCH, GAP + row * PITCH) for row, col in CORNERS]


def slanted_square() -> Floats:
    """(4, 2) corners of the black slanted square."""
    turn = np.radians(EDGE_TURN_DEG)
    about = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    unit = 0.5 * EDGE_SIDE * np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
    return np.asarray(unit @ about.T + np.array(EDGE_CENTRE), dtype=np.float64)


_COLOURS: tuple[tuple[str, tuple[int, int, int]], ...] = (
    ("grey 1", (230, 230, 230)),
    ("skin 1", (228, 196, 174)),
    ("skin 8", (196, 118, 100)),
    ("grey 5", (97, 97, 97)),
    ("skin 3", (186, 142, 112)),
    ("red", (172, 64, 60)),
    ("grey 2", (194, 194, 194)),
    ("skin 10", (139, 78, 66)),
    ("skin 5", (118, 82, 61)),
    ("green", (78, 140, 82)),
    ("grey 7", (48, 48, 48)),
    ("skin 7", (221, 160, 144)),
    ("skin 2", (209, 172, 145)),
    ("blue", (62, 84, 150)),
    ("grey 3", (160, 160, 160)),
    ("skin 9", (170, 99, 82)),
    ("skin 6", (88, 61, 48)),
    ("yellow", (222, 190, 70)),
    ("grey 6", (70, 70, 70)),
    ("skin 4", (152, 110, 84)),
    ("magenta", (168, 84, 140)),
    ("grey 4", (127, 127, 127)),
    ("skin 12", (66, 42, 36)),
    ("cyan", (70, 150, 172)),
    ("skin 11", (104, 58, 49)),
)
"""Patches by rows, greys and skin tones mixed over the whole card, so that uneven light on it is
not taken for a tone curve. Skin 1 to 6 are pale to very dark skin, 7 to 12 the same inflamed."""


def patches() -> list[CardSquare]:
    """Every patch, by rows."""
    cells = [(row, col) for row in range(ROWS) for col in range(COLUMNS)]
    free = [cell for cell in cells if cell not in CORNERS and cell not in _EDGE_CELLS]
    return [
        CardSquare(name, GAP + col * PITCH, GAP + row * PITCH, srgb)
        for (name, srgb), (row, col) in zip(_COLOURS, free, strict=True)
    ]
