"""Which synthetic pairs a validation makes: a fixed mixture, whose beginning never changes."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from dermadelta.errors import UsageError
from dermadelta.phantom.cases import HARD_KINDS, MEASURABLE_KINDS, REFUSALS, TONES, random_case
from dermadelta.phantom.changes import WHOLE_KINDS
from dermadelta.phantom.plan import Case, InPhoto, Setup, TreatedWhere
from dermadelta.phantom.seeds import Purpose, set_seed

Value = TypeVar("Value")

WIDTH_PX: Final = 1600
"""Width of the photographs; they are 4:3."""

NO_CHANGE_SHARE: Final = 0.5

_SETUPS: Final[tuple[Setup, ...]] = ("rig", "handheld")

_IN_PHOTO: Final[tuple[InPhoto, ...]] = (
    "scale", "marker", "target", "nothing", "scale", "target", "marker", "chart", "ruler",
)  # fmt: skip
"""In turn. Its length shares no factor with the number of tones (7) or of setups (2), so that
every combination comes up."""

_BESIDE_WHOLE: Final[tuple[InPhoto, ...]] = (
    "target", "nothing", "target", "chart", "nothing", "target", "nothing", "chart", "target",
    "nothing", "target",
)  # fmt: skip
"""In turn where no untreated skin is in the photographs: nothing but a target or a chart tells
there a change of colour from the light's. Its length shares no factor with those of the others."""

_TRAINING_SHARE: Final = 0.7
_TRAINING_IN_PHOTO: Final[tuple[InPhoto, ...]] = ("nothing", "scale", "marker", "nothing", "target")

_LAMP_MOVED_EVERY: Final = 5
"""Of the training pairs without change, one in so many has a lamp that moved: good practice keeps
it, and from that alone nothing could be learnt of what it does to texture."""

_TRAINING_TREATED: Final[tuple[TreatedWhere, ...]] = ("local", "whole", "local")

_TREATED: Final[tuple[TreatedWhere, ...]] = ("local", "local", "whole", "local", "local")
"""In turn, for kinds that can be either: one pair in five shows no untreated skin."""

_EITHER: Final = ("no_change", "texture", "scar")

_TEXTURE_PCT: Final = (-25.0, -10.0, -25.0, -50.0)
"""Changes of the relief, in turn; the one that a goal is set for comes twice as often."""


@dataclass(frozen=True)
class Request:
    """One pair to make; everything that fixes it."""

    kind: str
    seed: int
    number: int
    setup: Setup
    in_photo: InPhoto
    treated: TreatedWhere | None = None
    change: float | None = None
    width_px: int = WIDTH_PX

    def case(self) -> Case:
        """Draw the pair; cheap, nothing is rendered."""
        return random_case(
            self.kind,
            self.seed,
            self.number,
            width_px=self.width_px,
            setup=self.setup,
            treated=self.treated,
            in_photo=self.in_photo,
            change=self.change,
        )


def validation_plan(
    n_pairs: int,
    seed: int = 0,
    no_change_share: float = NO_CHANGE_SHARE,
    *,
    width_px: int = WIDTH_PX,
) -> tuple[Request, ...]:
    """Plan the pairs of a validation, on seeds that nothing is ever fitted on.

    Parameters
    ----------
    n_pairs : int
        At least 1. A longer plan of the same seed and share begins with the shorter one.
    seed : int
        The user's, at least 0.
    no_change_share : float
        0..1: how many of the pairs are without any change.
    width_px : int
        Width of the photographs.

    Returns
    -------
    tuple of Request
        Numbered from 0. Pairs without change and all others alternate evenly; the others take
        turns through every kind, texture in three sizes. Setups, what lies in the photograph and
        skin tones take turns in every kind.

    Raises
    ------
    UsageError
        No pairs, a share outside 0..1 or a negative seed. Remedy: in the message.
    """
    if n_pairs < 1:
        raise UsageError(f"{n_pairs} pairs prove nothing", remedy="Ask for 1 or more (--pairs).")
    if not 0.0 <= no_change_share <= 1.0:
        raise UsageError(
            f"a share of {no_change_share:g} pairs without change is impossible",
            remedy="Give a share from 0 to 1 (--no-change-share).",
        )
    drawn = set_seed(Purpose.REPORTING, seed)
    return tuple(
        _request(number, drawn, no_change_share, width_px=width_px) for number in range(n_pairs)
    )


def training_plan(n_pairs: int, seed: int = 0, *, width_px: int = WIDTH_PX) -> tuple[Request, ...]:
    """Plan the pairs that a variance model is fitted on, on seeds that are never reported.

    The mixture of a validation without the pairs that must be refused, with more pairs without
    change and more photographs without a scale, which a validation has few of.

    Parameters
    ----------
    n_pairs, seed, width_px
        As for ``validation_plan``.

    Raises
    ------
    UsageError
        No pairs or a negative seed. Remedy: in the message.
    """
    if n_pairs < 1:
        raise UsageError(f"{n_pairs} pairs fit nothing", remedy="Ask for 100 or more (--pairs).")
    drawn = set_seed(Purpose.TRAINING, seed)
    every = (
        _request(number, drawn, _TRAINING_SHARE, width_px=width_px) for number in itertools.count()
    )
    usable = itertools.islice((item for item in every if item.kind not in REFUSALS), n_pairs)
    return tuple(_for_training(item, place) for place, item in enumerate(usable))


def _for_training(item: Request, place: int) -> Request:
    """The pair with more of what a validation has few of."""
    kind, treated = item.kind, item.treated
    if kind == "no_change":
        treated = _turn(_TRAINING_TREATED, place)
        kind = "lamp_moved" if place % _LAMP_MOVED_EVERY == 0 else kind
    in_photo = _in_photo(_TRAINING_IN_PHOTO, kind, treated, place)
    return replace(item, kind=kind, in_photo=in_photo, treated=treated)


def _request(number: int, seed: int, share: float, *, width_px: int) -> Request:
    """Pair ``number``, which depends on nothing but its number, the seed and the share."""
    still = _still_before(number, share)
    kind, change, setup_turn, photo_turn = "no_change", None, still, still
    if _still_before(number + 1, share) == still:
        others = _others()
        round_, place = divmod(number - still, len(others))
        kind, change = others[place]
        photo_turn = setup_turn = round_ + place
        if kind == "texture":
            # The same size comes back with the other setup, in this round and in the next.
            setup_turn = round_ + others[:place].count(others[place])
    treated = _treated(kind, photo_turn)
    return Request(
        kind,
        seed,
        number,
        _turn(_SETUPS, setup_turn),
        _in_photo(_IN_PHOTO, kind, treated, photo_turn),
        treated,
        change,
        width_px,
    )


def _in_photo(
    usual: tuple[InPhoto, ...], kind: str, treated: TreatedWhere | None, turn: int
) -> InPhoto:
    """What lies in the photograph: another mixture where no untreated skin does."""
    whole = treated == "whole" or kind in WHOLE_KINDS
    return _turn(_BESIDE_WHOLE if whole else usual, turn)


def _treated(kind: str, turn: int) -> TreatedWhere | None:
    """Where the treatment went; the phantom knows which kinds are treated all over."""
    if kind in _EITHER:
        return _turn(_TREATED, turn)
    return None if kind in WHOLE_KINDS else "local"


def _still_before(number: int, share: float) -> int:
    """How many of the first pairs are without change."""
    return int(number * share + 1e-9)


def _turn(values: tuple[Value, ...], number: int) -> Value:
    return values[number % len(values)]


def _others() -> tuple[tuple[str, float | None], ...]:
    """Every kind but no change, as (kind, change of the relief); texture is every third.

    Redness and scars, which a goal is set for too, come twice, as does what must not be measured
    without a target.
    """
    kinds = [k for k in MEASURABLE_KINDS if k not in ("no_change", "texture")]
    kinds += [*HARD_KINDS, *REFUSALS, "redness", "scar", "diffuse"]
    found: list[tuple[str, float | None]] = []
    for place, kind in enumerate(kinds):
        found.append((kind, None))
        if place % 2 == 0:
            found.append(("texture", _turn(_TEXTURE_PCT, place // 2)))
    while len(found) % len(TONES) == 0 or len(found) % 2 == 0:
        found.append(("texture", _TEXTURE_PCT[0]))
    return tuple(found)
