"""First guesses of where a target card lies: from its slanted square, and from its markers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from dermadelta.kernels import card
from dermadelta.kernels.card_fit import Octaves, to_level
from dermadelta.kernels.card_template import TO_MIDDLE, CardTemplate
from dermadelta.kernels.geometry import inverse

Floats = NDArray[np.float64]
Bytes = NDArray[np.uint8]

_WINDOW_PX = 25
"""Window of the local mean against which pixels are dark; a larger square leaves its rim."""

_DARKER = 10
"""Grey values by which a dark pixel is below that mean; blur leaves more of black on white."""

_LEAST_SIDE_PX, _MOST_SIDE_PX = 5.5, 200.0
"""Side of a slanted square, pixels of the level that is searched."""

_MOST_STRETCH = 2.2
"""Longer against shorter axis of a square seen at up to 45° (1.4), and what blur adds."""

_SOLID = (0.85, 1.12)
"""Area against that of the parallelogram of the same second moments; 1.05 for an ellipse."""

_LEAST_FOURFOLD = 0.25
"""|E z⁴| / (E |z|²)² of a whitened blob: 0.6 for a square, 0 for a disc."""

_ZOOMS = (0.92, 1.0, 1.08)
"""Blur and tone curve make a dark square look smaller or larger by up to about a tenth."""

_TURNS = np.array([[[1, 0], [0, 1]], [[0, -1], [1, 0]], [[-1, 0], [0, -1]], [[0, 1], [-1, 0]]])
_BACK = np.radians(-card.EDGE_TURN_DEG)
_UPRIGHT = np.array([[np.cos(_BACK), -np.sin(_BACK)], [np.sin(_BACK), np.cos(_BACK)]])
"""From the axes of the card to those of its slanted square."""


@dataclass(frozen=True, eq=False)
class DarkSquare:
    """A dark parallelogram, in pixels of the photograph.

    ``frame`` is (2, 2) and sends (±1, ±1) to its corners about its ``centre`` (2,).
    """

    centre: Floats
    frame: Floats


def dark_squares(octaves: Octaves, number: int) -> list[DarkSquare]:
    """Every dark blob of an octave that may be a square seen at an angle."""
    picture = octaves.level(number)
    dark = cv2.adaptiveThreshold(
        picture, 1, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, _WINDOW_PX, _DARKER
    )
    outlines, tree = cv2.findContours(dark, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    if not outlines:
        return []
    least = 3.0 * _LEAST_SIDE_PX
    up = inverse(to_level(number))
    found = []
    for outline, parents in zip(outlines, tree[0], strict=True):
        if parents[3] >= 0 or not least <= len(outline) <= 5.0 * _MOST_SIDE_PX:
            continue
        square = _square_of(np.asarray(outline, dtype=np.int32))
        if square is not None:
            centre, frame = square
            found.append(DarkSquare(up[:2, :2] @ centre + up[:2, 2], up[:2, :2] @ frame))
    return found


def _square_of(outline: NDArray[np.int32]) -> tuple[Floats, Floats] | None:
    """Centre and frame of the parallelogram that a blob is, None where it is none.

    Second moments give the parallelogram but for a turn; the turn is the phase of the fourth
    moment of the whitened blob.
    """
    x, y, width, height = cv2.boundingRect(outline)
    if min(width, height) < _LEAST_SIDE_PX or max(width, height) > 1.5 * _MOST_SIDE_PX:
        return None
    area = cv2.contourArea(outline) + 0.5 * len(outline)
    if area < 0.4 * width * height or area < _LEAST_SIDE_PX**2:
        return None
    filled = np.zeros((height, width), dtype=np.uint8)
    cv2.drawContours(filled, [outline], 0, 1, cv2.FILLED, offset=(-x, -y))
    points = np.argwhere(filled)[:, ::-1].astype(np.float64)
    centre = points.mean(axis=0)
    apart = points - centre
    spread = apart.T @ apart / len(apart) + np.eye(2) / 12.0
    sizes, axes = np.linalg.eigh(spread)
    share = len(points) / (12.0 * np.sqrt(sizes[0] * sizes[1]))
    if sizes[1] > _MOST_STRETCH**2 * sizes[0] or not _SOLID[0] <= share <= _SOLID[1]:
        return None
    white = axes @ np.diag(sizes**-0.5) @ axes.T
    z = (apart @ white.T) @ np.array([1.0, 1.0j])
    fourfold = np.mean(z**4) / np.mean(np.abs(z) ** 2) ** 2
    if np.abs(fourfold) < _LEAST_FOURFOLD:
        return None
    turn = 0.25 * np.angle(-fourfold)
    about = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    frame = np.linalg.inv(white) @ about * np.sqrt(3.0)
    return centre + np.array([x, y]), frame


def guesses(
    octaves: Octaves, squares: list[DarkSquare], template: CardTemplate, most: int
) -> list[tuple[float, Floats]]:
    """Cards whose slanted square may be one of the dark squares, likeliest first.

    Every square is tried in four turns and three zooms, on the middle of the card alone.

    Returns
    -------
    list of (float, (3, 3) float64)
        Correlation with the template, card units to pixels; at most ``most``, one per square and
        turn.
    """
    rows = np.flatnonzero(np.abs(template.shading[:, 2]) < _MIDDLE)[::2]
    plane = template.shading[rows]
    at = inverse(TO_MIDDLE) @ plane[:, [1, 2, 0]].T
    pattern = template.image.ravel().astype(np.float64)[rows]
    matcher = _Matcher(pattern, plane, np.exp(-0.5 * (plane[:, 2] / (0.6 * _MIDDLE)) ** 2))
    ranked: list[tuple[float, Floats]] = []
    for number, group in _by_octave(octaves, squares):
        tried = np.concatenate([_poses(square) for square in group])
        down = (to_level(number) @ tried)[:, :2].astype(np.float32)
        x, y = np.moveaxis(down @ at.astype(np.float32), 1, 0)
        x, y = np.ascontiguousarray(x), np.ascontiguousarray(y)
        picture = octaves.level(number)
        values = cv2.remap(picture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        scores = matcher.correlations(values.astype(np.float32)).reshape(-1, len(_ZOOMS))
        best = scores.argmax(axis=1)
        chosen = np.arange(len(best)) * len(_ZOOMS) + best
        ranked += [(float(s), tried[k]) for s, k in zip(scores.max(axis=1), chosen, strict=True)]
    ranked.sort(key=lambda guess: -guess[0])
    return ranked[:most]


_MIDDLE = 0.62
"""Half the length of the card that a guess is tried on, in half lengths."""


class _Matcher:
    """Weighted correlation with a pattern, a plane of light being free."""

    def __init__(self, pattern: Floats, plane: Floats, weights: Floats) -> None:
        root = np.sqrt(weights)
        flat, _ = np.linalg.qr(plane * root[:, None])
        left = pattern * root
        left = left - flat @ (flat.T @ left)
        self.root, self.plane = root.astype(np.float32), flat.astype(np.float32)
        self.pattern = (left / np.linalg.norm(left)).astype(np.float32)

    def correlations(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """(k,) correlations of (k, n) values."""
        weighted = values * self.root
        along = weighted @ self.plane
        size = np.sqrt(np.maximum((weighted**2).sum(axis=1) - (along**2).sum(axis=1), 1e-9))
        return np.asarray(weighted @ self.pattern / np.maximum(size, 1.0))


def _by_octave(
    octaves: Octaves, squares: list[DarkSquare]
) -> Iterator[tuple[int, list[DarkSquare]]]:
    """Squares by the octave in which a marker has 4 to 8 pixels."""
    groups: dict[int, list[DarkSquare]] = {}
    for square in squares:
        side = 2.0 * np.sqrt(abs(np.linalg.det(square.frame))) / card.EDGE_SIDE
        number = int(np.clip(np.log2(side / 4.0), 0, octaves.coarsest()))
        groups.setdefault(number, []).append(square)
    return iter(sorted(groups.items()))


def _poses(square: DarkSquare) -> Floats:
    """(n, 3, 3) card units to pixels, for every quarter turn of the slanted square and zoom."""
    frames = square.frame @ _TURNS @ _UPRIGHT / (0.5 * card.EDGE_SIDE)
    linear = (frames[:, None] * np.array(_ZOOMS)[:, None, None]).reshape(-1, 2, 2)
    poses = np.zeros((len(linear), 3, 3))
    poses[:, :2, :2] = linear
    poses[:, :2, 2] = square.centre - linear @ np.array(card.EDGE_CENTRE)
    poses[:, 2, 2] = 1.0
    return poses


def from_markers(picture: Bytes, up: Floats) -> Floats | None:
    """Card units to pixels from two decoded markers or more; None without.

    Parameters
    ----------
    picture : (h, w) uint8
    up : (3, 3) float64
        Pixels of the picture to those of the photograph.
    """
    dictionary = cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, card.DICTIONARY))
    parameters = cv2.aruco.DetectorParameters()
    found, numbers, _ = cv2.aruco.ArucoDetector(dictionary, parameters).detectMarkers(picture)
    if not found:
        return None
    squares = card.marker_squares()
    seen: dict[int, Floats] = {}
    for quad, number in zip(found, np.ravel(numbers), strict=True):
        corner = card.corner_of(int(number))
        if corner is not None:
            seen[corner] = np.asarray(quad, dtype=np.float64).reshape(4, 2)
    if len(seen) < 2:
        return None
    source = np.concatenate([squares[corner] for corner in seen])
    matrix, _ = cv2.findHomography(source, np.concatenate(list(seen.values())), 0)
    found_any = np.shape(matrix) == (3, 3)
    return np.asarray(up @ matrix, dtype=np.float64) if found_any else None
