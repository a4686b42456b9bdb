"""Rendered photographs of the target card with known truth, and photographs without one.

A pinhole camera looks at a card that lies on a textured ground with clutter on it (dark squares,
text, a lone marker, a checkerboard, hairs). Light falls off across it, the picture is blurred,
exposed, noised, given a tone curve and compressed. Even seeds are for tuning, odd for reporting.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from dermadelta.kernels import card
from dermadelta.kernels.card_fit import side_px
from dermadelta.kernels.geometry import FILM_DIAGONAL_MM, apply_homography

Floats = NDArray[np.float64]
Image = NDArray[np.float32]
PAPER, BLACK = 0.85, 0.035


@dataclass(frozen=True)
class Draw:
    """How a card is photographed; lengths in pixels, angles in degrees.

    ``tilt_deg`` is against the line of sight to the middle of the card; ``side_px`` the side of a
    marker there were it not tilted.
    """

    seed: int
    side_px: float
    tilt_deg: float
    blur_px: float
    size_mm: int
    jpeg: int
    focal_35mm: float
    hidden: str
    """"", "covered" (one marker under a finger) or "outside" (a corner beyond the frame)."""


@dataclass(frozen=True, eq=False)
class Scene:
    """A photograph and where the card lies in it."""

    grey: NDArray[np.uint8]
    to_photo: Floats | None
    draw: Draw | None
    sensor_tilt_deg: float = 0.0
    """Angle between card and sensor, which differs from the draw's where the card lies off axis."""


def drawn(seed: int) -> Draw:
    """The ranges of the goal: 15 to 90 px by logarithm, 0 to 45°, sigma 0 to 2 px."""
    rng = np.random.default_rng(seed)
    return Draw(
        seed=seed,
        side_px=float(np.exp(rng.uniform(np.log(15.0), np.log(90.0)))),
        tilt_deg=float(rng.uniform(0.0, 45.0)),
        blur_px=float(rng.uniform(0.0, 2.0)),
        size_mm=int(rng.integers(card.SMALLEST_MM, card.LARGEST_MM + 1)),
        jpeg=int(rng.integers(85, 96)),
        focal_35mm=float(rng.uniform(26.0, 52.0)),
        hidden=str(rng.choice(["", "", "", "", "", "", "", "", "covered", "outside"])),
    )


def worst_corner(seed: int) -> Draw:
    """15 px, 45° and sigma 2 px at once."""
    rng = np.random.default_rng(seed)
    size = int(rng.integers(card.SMALLEST_MM, card.LARGEST_MM + 1))
    return Draw(seed, 15.0, 45.0, 2.0, size, int(rng.integers(85, 96)), 35.0, "")


def scene(draw: Draw) -> Scene:
    """The photograph of a draw."""
    rng = np.random.default_rng([draw.seed, 1])
    length = card.HEIGHT * draw.side_px
    rows = int(np.clip(length * rng.uniform(1.15, 2.2), 480, 2600))
    cols = int(rows * rng.uniform(0.75, 1.33))
    shape = (rows, max(cols, int(0.8 * rows)))
    least = 3 if draw.hidden == "outside" else 4
    to_photo, sensor_tilt = _placed(draw, shape, rng)
    while _markers_within(to_photo, shape) < least:
        shape = (round(1.03 * shape[0]), round(1.03 * shape[1]))
        to_photo, sensor_tilt = _placed(draw, shape, rng)
    light = _ground(shape, rng)
    for _ in range(int(rng.integers(0, 6))):
        _clutter(light, rng)
    _lay(light, card_albedo(draw.size_mm, draw.side_px, rng), to_photo, draw.side_px)
    if draw.hidden == "covered":
        _finger(light, to_photo, draw.side_px, rng)
    grey = photographed(light, draw.blur_px, draw.jpeg, rng)
    return Scene(grey, to_photo, draw, sensor_tilt)


def bare(seed: int) -> Scene:
    """A photograph with clutter and no card."""
    rng = np.random.default_rng([seed, 2])
    shape = (int(rng.integers(500, 1400)), int(rng.integers(500, 1400)))
    light = _ground(shape, rng)
    for _ in range(int(rng.integers(4, 30))):
        _clutter(light, rng)
    blur = float(rng.uniform(0.0, 2.0))
    return Scene(photographed(light, blur, int(rng.integers(85, 96)), rng), None, None)


def _placed(draw: Draw, shape: tuple[int, int], rng: np.random.Generator) -> tuple[Floats, float]:
    """Card units to pixels: tilt about a random axis, any roll, the card somewhere in the frame."""
    tilt, axis, roll = np.radians(draw.tilt_deg), *rng.uniform(0.0, 2 * np.pi, 2)
    lean = cv2.Rodrigues(np.array([np.cos(axis), np.sin(axis), 0.0]) * tilt)[0]
    turn = cv2.Rodrigues(np.array([0.0, 0.0, roll]))[0]
    focal = draw.focal_35mm / FILM_DIAGONAL_MM * float(np.hypot(*shape))
    depth = focal / draw.side_px
    middle = 0.5 * (np.array(shape[::-1]) - 1.0)
    camera = np.array([[focal, 0, middle[0]], [0, focal, middle[1]], [0, 0, 1.0]])
    centred = np.array([[1, 0, -card.WIDTH / 2], [0, 1, -card.HEIGHT / 2], [0, 0, 1.0]])
    outline = np.array([[0, 0], [card.WIDTH, 0], [card.WIDTH, card.HEIGHT], [0, card.HEIGHT]])
    wanted, beyond = rng.uniform(0.03, 0.97, 2), rng.uniform(0.3, 1.0) * draw.side_px
    corner, side = int(rng.integers(4)), int(rng.integers(2))
    centre, room = np.zeros(2), 2.0 * middle
    for _ in range(6):  # the view of the card changes a little with its place
        sight = np.append(centre, 1.0)
        rotation = _towards(sight) @ lean @ turn
        plane = np.column_stack([rotation[:, :2], sight * depth])
        to_photo = camera @ plane @ centred
        depth *= side_px(to_photo) / np.sqrt(np.cos(tilt)) / draw.side_px
        at = apply_homography(to_photo, outline)
        low, high = at.min(axis=0), at.max(axis=0)
        shift = -low + wanted * np.maximum(room - (high - low), 0.0)
        if draw.hidden == "outside":  # a side of the frame cuts a corner off
            outwards = np.sign(at[corner, side] - at[:, side].mean())
            extreme, edge = (low, 0.0) if outwards < 0 else (high, room[side])
            shift[side] = edge - extreme[side] + outwards * beyond
        centre = centre + shift / focal
    tilted = np.degrees(np.arccos(abs(rotation[2, 2])))
    return np.asarray(to_photo / to_photo[2, 2]), float(tilted)


def _towards(sight: Floats) -> Floats:
    """Rotation that takes the optical axis to a line of sight."""
    along = sight / np.linalg.norm(sight)
    axis = np.cross([0.0, 0.0, 1.0], along)
    sine = float(np.linalg.norm(axis))
    angle = float(np.arctan2(sine, along[2]))
    return np.asarray(cv2.Rodrigues(axis * (angle / sine if sine > 0.0 else 0.0))[0])


def _markers_within(to_photo: Floats, shape: tuple[int, int]) -> int:
    places = [apply_homography(to_photo, corners) for corners in card.marker_squares()]
    return sum(bool(p.min() >= 0 and (p.max(axis=0) < shape[::-1]).all()) for p in places)


def card_albedo(size_mm: int, side_px: float, rng: np.random.Generator) -> Image:
    """(h, w, 3) linear reflectance of a printed card at 48 px a marker side or finer."""
    fine = int(max(48, np.ceil(2.0 * side_px / 6) * 6))
    over = 2 * fine
    sheet = np.full((int(card.HEIGHT * over), int(card.WIDTH * over), 3), PAPER, dtype=np.float32)
    for patch in card.patches():
        value = np.array(patch.srgb) / 255.0
        linear = PAPER * np.where(value > 0.04045, ((value + 0.055) / 1.055) ** 2.4, value / 12.92)
        printed = np.clip(linear * np.exp(rng.normal(0.0, 0.12, 3)) + 0.01, BLACK, PAPER)
        x, y = np.round(patch.corners[0] * over).astype(int)
        sheet[y : y + over, x : x + over] = printed
    ink = (BLACK,) * 3
    cv2.fillConvexPoly(sheet, _sixteenths(card.slanted_square() * over), ink, shift=4)
    book = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_100)
    for number, corners in zip(card.marker_numbers(size_mm), card.marker_squares(), strict=True):
        bits = cv2.aruco.generateImageMarker(book, number, over)
        x, y = np.round(corners[0] * over).astype(int)
        white = (bits > 127)[..., None]
        sheet[y : y + over, x : x + over] = np.where(white, PAPER, BLACK)
    return np.asarray(
        cv2.resize(sheet, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), dtype=np.float32
    )


def _sixteenths(points: Floats) -> NDArray[np.int32]:
    """Points as cv2 draws them: pixel centres at whole numbers, in sixteenths."""
    return np.round((points - 0.5) * 16).astype(np.int32)


def _lay(light: Image, albedo: Image, to_photo: Floats, side_px: float) -> None:
    """Put the card on the ground: twice oversampled, then averaged over each pixel."""
    rows, cols = light.shape[:2]
    fine = albedo.shape[0] / card.HEIGHT
    outline = np.array([[0, 0], [card.WIDTH, 0], [card.WIDTH, card.HEIGHT], [0, card.HEIGHT]])
    at = apply_homography(to_photo, outline)
    x0, y0 = np.maximum(np.floor(at.min(axis=0)).astype(int) - 3, 0)
    x1, y1 = np.minimum(np.ceil(at.max(axis=0)).astype(int) + 4, (cols, rows))
    over = 3 if side_px < 45 else 2
    to_card = np.array([[1 / fine, 0, 0.5 / fine], [0, 1 / fine, 0.5 / fine], [0, 0, 1]])
    shift = np.array(
        [[over, 0, over * (0.5 - x0) - 0.5], [0, over, over * (0.5 - y0) - 0.5], [0, 0, 1.0]]
    )
    size = (int(x1 - x0) * over, int(y1 - y0) * over)
    matrix = shift @ to_photo @ to_card
    laid = cv2.warpPerspective(albedo, matrix, size, flags=cv2.INTER_LINEAR)
    there = cv2.warpPerspective(np.ones(albedo.shape[:2], np.float32), matrix, size)
    small = (int(x1 - x0), int(y1 - y0))
    laid = cv2.resize(laid, small, interpolation=cv2.INTER_AREA)
    there = cv2.resize(there, small, interpolation=cv2.INTER_AREA)[..., None]
    box = light[y0:y1, x0:x1]
    box[:] = laid + (1 - there) * box


def _ground(shape: tuple[int, int], rng: np.random.Generator) -> Image:
    """Skin, cloth or a table: a colour with noise of several sizes on it."""
    tones = np.array(
        [[0.62, 0.40, 0.30], [0.40, 0.23, 0.15], [0.15, 0.08, 0.05], [0.75, 0.74, 0.72], [0.05] * 3]
    )
    tone = tones[int(rng.choice(5, p=[0.4, 0.2, 0.2, 0.1, 0.1]))]
    rows, cols = shape
    relief = np.zeros(shape, dtype=np.float32)
    for cell in (2, 5, 16, 60):
        lattice = rng.normal(0.0, 1.0, (rows // cell + 2, cols // cell + 2)).astype(np.float32)
        relief += 0.05 * cv2.resize(lattice, (cols, rows), interpolation=cv2.INTER_CUBIC)
    return np.asarray(tone * np.exp(relief)[..., None], dtype=np.float32)


def _clutter(light: Image, rng: np.random.Generator) -> None:
    """One thing that is not a card: a dark patch, text, a lone marker, a board, hairs, a chart."""
    rows, cols = light.shape[:2]
    kind = int(rng.integers(6))
    size = int(np.exp(rng.uniform(np.log(20), np.log(160))))
    x, y = int(rng.integers(0, cols)), int(rng.integers(0, rows))
    dark = float(rng.uniform(0.01, 0.2))
    if kind == 0:
        box = cv2.boxPoints(((x, y), (size, size), float(rng.uniform(0, 90))))
        cv2.fillConvexPoly(light, box.astype(np.int32), (dark,) * 3)
    elif kind == 1:
        words = "".join(rng.choice(list("AEHKMNRS0358"), 9))
        ink = np.zeros((rows, cols), dtype=np.uint8)
        cv2.putText(ink, words, (x, y), cv2.FONT_HERSHEY_SIMPLEX, size / 50, 1, 3)
        light[ink > 0] = dark
    elif kind == 2:
        for _ in range(12):
            a, b = rng.integers(0, cols, 2), rng.integers(0, rows, 2)
            cv2.line(light, (int(a[0]), int(b[0])), (int(a[1]), int(b[1])), (dark,) * 3, 1)
    else:
        sheet = _sheet(kind, rng)
        step = np.array([[size * 3.0 / sheet.shape[0], 0, x], [0, size * 3.0 / sheet.shape[0], y]])
        angle = rng.uniform(0, 2 * np.pi)
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        matrix = np.column_stack([turn @ step[:, :2], step[:, 2]])
        laid = cv2.warpAffine(sheet, matrix, (cols, rows), borderValue=(-1, -1, -1))
        there = cv2.warpAffine(np.ones(sheet.shape[:2], np.float32), matrix, (cols, rows))
        light[there > 0.99] = np.maximum(laid, BLACK)[there > 0.99]


def _sheet(kind: int, rng: np.random.Generator) -> Image:
    """A lone marker (of cards or not), a checkerboard, or a chart of 24 patches."""
    if kind == 3:
        book = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_100)
        bits = cv2.aruco.generateImageMarker(book, int(rng.integers(0, 100)), 96)
        grey = cv2.copyMakeBorder(bits, 24, 24, 24, 24, cv2.BORDER_CONSTANT, value=255)
        return np.repeat((PAPER * grey / 255.0)[..., None], 3, axis=2).astype(np.float32)
    if kind == 4:
        board = np.kron(np.indices((7, 5)).sum(axis=0) % 2, np.ones((24, 24)))
        sheet = np.pad(board, 24, constant_values=1)
        return np.repeat((BLACK + (PAPER - BLACK) * sheet)[..., None], 3, axis=2).astype(np.float32)
    ground, size = (0.03, 30) if rng.random() < 0.5 else (PAPER, 30)
    shape = (11, 3) if rng.random() < 0.5 else (4, 6)
    sheet = np.full((shape[0] * 38 + 8, shape[1] * 38 + 8, 3), ground, dtype=np.float32)
    for row, col in np.ndindex(*shape):
        y, x = 8 + 38 * row, 8 + 38 * col
        sheet[y : y + size, x : x + size] = rng.uniform(0.03, 0.8, 3)
    return sheet


def _finger(light: Image, to_photo: Floats, side_px: float, rng: np.random.Generator) -> None:
    """A finger over one marker."""
    corners = card.marker_squares()[int(rng.integers(4))]
    at = apply_homography(to_photo, corners).mean(axis=0)
    outwards = at - apply_homography(to_photo, [[card.WIDTH / 2, card.HEIGHT / 2]])[0]
    far = at + outwards
    tone = light[5, 5].tolist()
    ends = [tuple(int(v) for v in np.round(p)) for p in (at, far)]
    cv2.line(light, ends[0], ends[1], tone, int(1.6 * side_px))


def photographed(
    light: Image, blur_px: float, quality: int, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """Uneven light, lens, exposure, noise, tone curve, JPEG; (H, W) uint8."""
    rows, cols = light.shape[:2]
    y, x = np.mgrid[-1 : 1 : rows * 1j, -1 : 1 : cols * 1j]
    angle, fall = rng.uniform(0, 2 * np.pi), rng.uniform(0.0, 0.35)
    lit = 1 + fall * (np.cos(angle) * x + np.sin(angle) * y) - 0.15 * rng.random() * (x**2 + y**2)
    exposure = float(np.exp2(rng.uniform(-0.8, 0.6))) * 0.9
    taken = light * (exposure * lit[..., None]).astype(np.float32)
    if blur_px > 0.05:
        taken = cv2.GaussianBlur(taken, (0, 0), blur_px)
    noise = rng.standard_normal(taken.shape, dtype=np.float32)
    level = rng.uniform(0.002, 0.012)
    taken = np.clip(taken + level * np.sqrt(np.clip(taken, 0, 1) + 0.02) * noise, 0, 1)
    curve = 1 / 2.2 * rng.uniform(0.85, 1.15)
    encoded = np.round(255 * taken**curve).astype(np.uint8)
    _, data = cv2.imencode(".jpg", encoded[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    grey = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)
    assert grey is not None
    return np.asarray(grey, dtype=np.uint8)
