"""Region files: a mask image, a LabelMe polygon file, or a polygon written in the table itself.

Polygon vertices are pixel corners: the centre of the first pixel is (0.5, 0.5), so a polygon
around the whole picture is (0, 0) … (width, height).
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from skimage.draw import polygon as draw_polygon

from dermadelta.domain import Mask
from dermadelta.errors import MaskError
from dermadelta.files.images import read_mask, upright
from dermadelta.files.paths import openable

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_POINT = re.compile(rf"({_NUMBER})\s*,\s*({_NUMBER})")
_INLINE = re.compile(rf"\s*{_POINT.pattern}(?:[\s;]+{_POINT.pattern}){{2,}}\s*;?\s*")

Polygon = Sequence[tuple[float, float]]

_REMEDY = "Draw it again on this photograph and save it at the photograph's size."


def is_inline(source: str) -> bool:
    """Whether a table cell is a polygon itself (``"x,y x,y x,y"``), not the name of a file."""
    return _INLINE.fullmatch(source) is not None


def read_region(source: str, upright_shape: tuple[int, int], orientation: int) -> Mask:
    """Read a region of one photograph.

    Parameters
    ----------
    source : str
        A mask image; a LabelMe file (``.json``, optionally with ``#label`` behind it, else all
        its shapes); or an inline polygon ``"x,y x,y x,y"`` in pixels.
    upright_shape : (height, width)
        Size of the upright photograph.
    orientation : int
        The photograph's EXIF orientation 1..8, by which a mask of the stored size is turned.

    Returns
    -------
    (H, W) bool
        True inside, on the upright grid.

    Raises
    ------
    MaskError
        Missing, damaged, empty or of another size; the message names the remedy.
    """
    stored_shape = upright_shape[::-1] if orientation >= 5 else upright_shape
    if is_inline(source):
        points = [(float(x), float(y)) for x, y in _POINT.findall(source)]
        mask, name = fill_polygons([points], upright_shape), "polygon in the table"
    else:
        path, label = split_label(source)
        name = Path(path).name
        if Path(path).suffix.lower() == ".json":
            shape, polygons = _read_labelme(path, label)
            shape = shape or upright_shape
            if shape not in (upright_shape, stored_shape):
                raise _other_size(shape, upright_shape, name)
            mask = fill_polygons(polygons, shape)
        else:
            mask = read_mask(path, allowed=(upright_shape, stored_shape))
    if mask.shape != upright_shape:
        mask = upright(mask, orientation)
    if not mask.any():
        raise MaskError("the region is empty on this photograph", remedy=_REMEDY, file=name)
    return mask


def split_label(source: str) -> tuple[str, str]:
    """Split ``"file.json#label"``; other sources have no label."""
    head, mark, label = source.rpartition(".json#")
    return (f"{head}.json", label) if mark else (source, "")


def fill_polygons(polygons: Sequence[Polygon], shape: tuple[int, int]) -> Mask:
    """Union of polygons: True where the centre of a pixel lies inside one of them.

    Parameters
    ----------
    polygons : sequence of sequences of (x, y)
        Vertices in pixel-corner coordinates; the part outside the picture is cut off.
    shape : (height, width)
        Size of the mask.

    Returns
    -------
    (H, W) bool
        The filled polygons, by the even-odd rule.
    """
    mask = np.zeros(shape, dtype=np.bool_)
    for polygon in polygons:
        corners = np.asarray(polygon, dtype=np.float64) - 0.5
        rows, columns = draw_polygon(corners[:, 1], corners[:, 0], shape)  # type: ignore[no-untyped-call]
        mask[rows, columns] = True
    return mask


def _read_labelme(path: str, label: str) -> tuple[tuple[int, int] | None, list[Polygon]]:
    """Size of the picture (None where not given) and the wanted shapes of a LabelMe file."""
    name = Path(path).name
    try:
        content = json.loads(openable(path).read_text(encoding="utf-8-sig"))
        shapes = [s for s in content["shapes"] if not label or s.get("label") == label]
        polygons = [_corners(s) for s in shapes if s.get("shape_type", "polygon") in _SHAPES]
        height, width = content.get("imageHeight"), content.get("imageWidth")
        size = (int(height), int(width)) if height and width else None
    except FileNotFoundError as fault:
        raise MaskError(
            "the region file does not exist", remedy="Correct its name in the table.", file=name
        ) from fault
    except (
        OSError, ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError,
    ) as fault:  # fmt: skip
        raise MaskError(
            f"it is no LabelMe polygon file ({type(fault).__name__}: {fault})",
            remedy="Save the polygons again with LabelMe, or use a PNG mask.",
            file=name,
        ) from fault
    if not polygons:
        wanted = f" labelled “{label}”" if label else ""
        cause = f"it holds no polygon or rectangle{wanted}"
        raise MaskError(cause, remedy="Draw the region as a polygon.", file=name)
    return size, polygons


_SHAPES = ("polygon", "rectangle")


def _corners(shape: dict[str, object]) -> Polygon:
    points = [(float(x), float(y)) for x, y in shape["points"]]  # type: ignore[attr-defined]
    if not all(math.isfinite(v) for point in points for v in point):
        raise ValueError("a coordinate is not a number")
    if shape.get("shape_type") == "rectangle":
        (left, top), (right, bottom) = points
        return [(left, top), (right, top), (right, bottom), (left, bottom)]
    if len(points) < 3:
        raise ValueError("a polygon has fewer than three corners")
    return points


def _other_size(shape: tuple[int, int], photo: tuple[int, int], name: str) -> MaskError:
    return MaskError(
        f"the polygons were drawn on {shape[1]} × {shape[0]} pixels, "
        f"the photograph has {photo[1]} × {photo[0]}",
        remedy=_REMEDY,
        file=name,
    )
