"""What is true about a pair that was measured: rows of ``truth.csv``, and the tone classes.

A row needs ``pair_id`` and ``kind``; every other column may be missing. A pair of kind
``no_change`` is true at 0 wherever no column says otherwise.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, get_args

from dermadelta.domain import NotMeasured
from dermadelta.errors import InputError, ManifestError
from dermadelta.kernels.colour import ITA_CLASSES as ITA_CLASSES
from dermadelta.kernels.colour import ita_class as ita_class

NO_CHANGE: Final = "no_change"
REQUIRED: Final = ("pair_id", "kind")
UNKNOWN: Final = "unknown"
REFUSE_OTHER: Final = "not said"

Origin = Literal["synthetic", "semi_synthetic", "real"]
Difficulty = Literal["ordinary", "hard", "must_refuse"]

ORIGINS: Final[tuple[Origin, ...]] = get_args(Origin)

CHANGE_COLUMNS: Final = (
    "relief_change_pct",
    "optical_roughness_change_pct",
    "optical_fine_change_pct",
    "optical_lines_change_pct",
    "optical_scar_change_pct",
    "optical_mean_change_pct",
    "roughness_skewness_change",
    "anisotropy_change",
    "redness_change_ei",
    "redness_change_a",
    "redness_contrast_change_ei",
    "redness_contrast_change_a",
    "haemoglobin_density_change",
    "haemoglobin_density_contrast_change",
    "melanin_density_change",
    "melanin_density_contrast_change",
    "ita_change_deg",
    "red_share_change",
    "red_area_change_mm2",
    "tone_evenness_change_pct",
    "evenness_redness_change_pct",
    "evenness_melanin_change_pct",
    "spots_density_change",
    "spots_area_share_change",
    "spots_contrast_change",
    "scar_area_change_pct",
    "pores_density_change_pct",
    "pores_area_share_change_pct",
    "pores_size_change_pct",
    "lines_length_change_pct",
    "lines_area_share_change_pct",
    "lines_depth_change_pct",
    "stretch_width_change_pct",
    "stretch_length_change_pct",
    "striae_area_change_pct",
    "glcm_contrast_change_pct",
    "glcm_joint_entropy_change",
    "glcm_asm_change_pct",
    "glcm_idm_change",
)
"""Columns that hold a true change; what each is stands in the phantom's dictionary."""

_TRUE: Final = frozenset({"true", "yes", "1"})
_FALSE: Final = frozenset({"false", "no", "0", ""})


@dataclass(frozen=True)
class Truth:
    """What is true about one pair.

    ``data_set`` names where it comes from; pairs of different sets or origins are never pooled.
    ``difficulty`` is hard where a pair leaves good practice and should still be measured.
    ``ita_deg`` is the true individual typology angle before, degrees. ``changes`` holds the true
    changes that are known, by column. ``treated_area`` is local where untreated skin is in the
    photographs, else whole or unknown.
    """

    pair_id: str
    data_set: str
    origin: Origin
    kind: str
    difficulty: Difficulty
    refuse_reason: str
    setup: str
    in_photo: str
    tone: str
    ita_deg: float | NotMeasured
    changes: Mapping[str, float]
    treated_area: str = UNKNOWN

    @property
    def ita_class(self) -> str:
        """Class of the true angle; of a real pair, whose angle nobody knows, ``unknown``."""
        return UNKNOWN if isinstance(self.ita_deg, NotMeasured) else ita_class(self.ita_deg)


def read_truths(
    rows: Iterable[tuple[int, Mapping[str, str]]],
    *,
    data_set: str,
    file: str,
    hard_kinds: Iterable[str] = (),
    problems: Sequence[str] = (),
) -> tuple[Truth, ...]:
    """Understand the rows of a truth table.

    Parameters
    ----------
    rows : iterable of (line, cells)
        Line number and cells by column name; an empty cell may be missing.
    data_set : str
        Name under which these pairs are reported, unless a column ``set`` names another.
    file : str
        The table, for messages.
    hard_kinds : iterable of str
        Kinds whose difficulty is hard.
    problems : sequence of str
        What whoever read the table found wrong with other rows; told together with the rest.

    Returns
    -------
    tuple of Truth
        In the order of the rows.

    Raises
    ------
    InputError
        No rows. Remedy: one row per pair.
    ManifestError
        All rows that lack a required cell, hold what is no number, repeat a pair, or are of the
        kind ``no_change`` and have a change; and ``problems``.
    """
    hard = frozenset(hard_kinds)
    found: list[Truth] = []
    wrong = list(problems)
    for line, cells in rows:
        try:
            found.append(_truth(cells, data_set, hard))
        except ValueError as error:
            wrong.append(f"line {line}: {error}")
    twice = [name for name, n in Counter(row.pair_id for row in found).items() if n > 1]
    wrong += [f"pair_id {name} stands in more than one row" for name in twice]
    if wrong:
        raise ManifestError(file, wrong)
    if not found:
        raise InputError("no pair is listed", remedy="Write one row per pair.", file=file)
    return tuple(found)


def _truth(cells: Mapping[str, str], data_set: str, hard: frozenset[str]) -> Truth:
    if missing := [name for name in REQUIRED if not cells.get(name)]:
        raise ValueError(f"no {' and no '.join(missing)}")
    kind = re.sub(r"[\s-]+", "_", cells["kind"].strip().lower())
    must_refuse = _flag(cells, "must_refuse")
    changes = {name: _number(cells, name) for name in CHANGE_COLUMNS if cells.get(name)}
    if kind == NO_CHANGE and (moved := [name for name, value in changes.items() if value]):
        raise ValueError(f"the kind is {NO_CHANGE}, but {' and '.join(moved)} is not 0")
    if kind == NO_CHANGE and not must_refuse:
        changes = dict.fromkeys(CHANGE_COLUMNS, 0.0) | changes
    angle = "ita_before_deg"
    return Truth(
        pair_id=cells["pair_id"],
        data_set=cells.get("set") or data_set,
        origin=_origin(cells),
        kind=kind,
        difficulty="must_refuse" if must_refuse else "hard" if kind in hard else "ordinary",
        refuse_reason=(cells.get("refuse_reason") or REFUSE_OTHER) if must_refuse else "",
        setup=cells.get("setup", UNKNOWN),
        in_photo=cells.get("in_photo") or _marker(cells),
        tone=cells.get("tone") or cells.get("fitzpatrick") or UNKNOWN,
        ita_deg=_number(cells, angle) if cells.get(angle) else NotMeasured("no true angle"),
        changes=changes,
        treated_area=cells.get("treated_area", UNKNOWN).lower(),
    )


def _origin(cells: Mapping[str, str]) -> Origin:
    text = cells.get("origin", "real")
    for origin in ORIGINS:
        if text == origin:
            return origin
    raise ValueError(f"origin {text!r} is none of {', '.join(ORIGINS)}")


def _flag(cells: Mapping[str, str], name: str) -> bool:
    text = cells.get(name, "").lower()
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise ValueError(f"{name} {text!r} is neither true nor false")


def _number(cells: Mapping[str, str], name: str) -> float:
    text = cells[name]
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f"{name} {text!r} is no number")
    return value


def _marker(cells: Mapping[str, str]) -> str:
    if "marker" not in cells:
        return UNKNOWN
    return "marker" if _flag(cells, "marker") else "nothing"
