"""A page of pictures: for every gate one pair that it refuses and one that it lets pass.

Usage: python tests/bench/gallery.py [--out reports/gallery] [--only GATE ...]

Writes ``OUT/gates.html``, which needs nothing but itself; the same bytes every time. The pairs are
synthetic skin, made in ``gallery_pairs.py``; each goes from its files through the gates as in
``dermadelta check``, and nothing is measured.
"""

from __future__ import annotations

import argparse
import base64
import io
import os
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")  # read when numpy is loaded, below

import cv2  # noqa: E402
import numpy as np  # noqa: E402
from gallery_pairs import ALL_GATES  # noqa: E402
from gallery_staging import Gate, Image8, Staged, Written, write  # noqa: E402
from jinja2 import (  # noqa: E402
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    PackageLoader,
    StrictUndefined,
)
from PIL import Image  # noqa: E402

from dermadelta.config import Config  # noqa: E402
from dermadelta.domain import (  # noqa: E402
    Cause,
    Check,
    CheckVerdict,
    Comparability,
    NotAligned,
    NotMeasured,
    Photo,
)
from dermadelta.reporting.catalogue import INSTALLED, measures_by_name  # noqa: E402
from dermadelta.reporting.strings import TEXT, check_name, sentence  # noqa: E402
from dermadelta.reporting.views import check_views  # noqa: E402
from dermadelta.runner import REJECTED, Held, hold_against  # noqa: E402
from dermadelta.stages.compare import GATES, unaligned  # noqa: E402

CONFIG = Config()
THUMB_PX = 300
QUALITY = 72
MEANT = ("Refused", "Passed")


@dataclass(frozen=True)
class Card:
    """One pair as it is shown; texts are those of the pages of a run."""

    meant: str
    caption: str
    before: str
    after: str
    size: tuple[int, int]
    value: str
    unit: str
    limit: str
    verdict: str
    verdict_word: str
    consequence: str
    remark: str
    others: str
    right: bool


@dataclass(frozen=True)
class Row:
    """One gate: the refused pair, then the passed one."""

    name: str
    title: str
    note: str
    cards: tuple[Card, Card]


def answers(held: Held) -> tuple[Check, ...]:
    """All gates of a pair; where it could not be aligned the ones that say why.

    None where a check rejects a photo on its own.
    """
    outcome = held.outcome
    if outcome is REJECTED:
        return ()
    if isinstance(outcome, Comparability):
        return outcome.gates
    if isinstance(outcome, NotMeasured):
        outcome = NotAligned(outcome.reason, Cause.NOT_SEEN)
    photos: list[Photo] = [
        seen.photo.photo for seen in held.seen if not isinstance(seen.photo, NotMeasured)
    ]
    return unaligned(outcome, photos, CONFIG.compare)


def card(gate: Gate, staged: Staged, meant: str) -> Card:
    """Render a pair, hold its photos against each other and look at one gate."""
    with tempfile.TemporaryDirectory() as folder:
        written = write(staged, Path(folder))
        found = answers(hold_against(written.pair, CONFIG))
    check = next((item for item in found if item.name == gate.name), _not_asked(gate.name))
    wanted = CheckVerdict.FAIL if meant == MEANT[0] else CheckVerdict.PASS
    view = check_views((check,), measures_by_name(INSTALLED))[0]
    failing = (item for item in found if item.verdict is CheckVerdict.FAIL)
    before, after = thumbnails(written, close=staged.close)
    return Card(
        meant=meant,
        caption=staged.caption,
        before=data_uri(before),
        after=data_uri(after),
        size=(before.shape[1], before.shape[0]),
        value=view.value,
        unit=view.unit,
        limit=view.limit,
        verdict=view.verdict,
        verdict_word=view.verdict_word,
        consequence=view.consequence,
        remark=view.remark,
        others=", ".join(check_name(item.name) for item in failing if item.name != gate.name),
        right=check.verdict is wanted,
    )


def _not_asked(name: str) -> Check:
    reason = NotMeasured("not asked, because a check or another gate stopped the pair before")
    return Check(name, reason, "", "", CheckVerdict.NOT_APPLICABLE, reason.reason)


def row(name: str) -> Row:
    """Both pairs of a gate, in a process of its own: hence by name."""
    cv2.setNumThreads(1)
    gate = next(item for item in ALL_GATES if item.name == name)
    refused, passed = (
        card(gate, staged, meant)
        for staged, meant in zip((gate.refused, gate.passed), MEANT, strict=True)
    )
    return Row(gate.name, check_name(gate.name), gate.note, (refused, passed))


# ----------------------------------------------------------------------------- pictures


def thumbnails(written: Written, *, close: bool) -> tuple[Image8, Image8]:
    """Both photos small, the region outlined on the first; or their middle pixel by pixel."""
    if close:
        return _middle(written.before), _middle(written.after)
    before = _small(written.before)
    roi = cv2.resize(
        written.roi.astype(np.uint8), before.shape[1::-1], interpolation=cv2.INTER_AREA
    )
    outlines, _ = cv2.findContours(roi, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(before, outlines, -1, (255, 255, 255), 1, cv2.LINE_AA)
    return before, _small(written.after)


def _small(rgb: Image8) -> Image8:
    size = (THUMB_PX, round(THUMB_PX * rgb.shape[0] / rgb.shape[1]))
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _middle(rgb: Image8) -> Image8:
    rows, cols = round(0.75 * THUMB_PX), THUMB_PX
    top, left = (rgb.shape[0] - rows) // 2, (rgb.shape[1] - cols) // 2
    return np.ascontiguousarray(rgb[top : top + rows, left : left + cols])


def data_uri(rgb: Image8) -> str:
    """The picture (h, w, 3) uint8 as a JPEG inside an address."""
    buffer = io.BytesIO()
    Image.fromarray(rgb).save(buffer, "JPEG", quality=QUALITY, optimize=True)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"


# --------------------------------------------------------------------------------- page


def page(rows: Sequence[Row]) -> str:
    """The whole document, with the style of the project's other pages."""
    environment = Environment(
        loader=ChoiceLoader(
            [FileSystemLoader(Path(__file__).parent), PackageLoader("dermadelta.reporting")]
        ),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["sentence"] = sentence
    cards = [item for found in rows for item in found.cards]
    return environment.get_template("gallery.html").render(
        rows=rows,
        n_cards=len(cards),
        n_right=sum(item.right for item in cards),
        not_device=TEXT.not_device,
    )


def chosen(names: Sequence[str]) -> tuple[Gate, ...]:
    """The gates to show, all without names; every gate of the package has its pairs."""
    if len(ALL_GATES) != len(GATES):
        raise SystemExit(f"{len(GATES)} gates are asked, {len(ALL_GATES)} have pairs")
    return tuple(gate for gate in ALL_GATES if not names or gate.name in names)


def say(found: Row) -> None:
    """One line for either pair."""
    for item in found.cards:
        sign = "as meant    " if item.right else "NOT AS MEANT"
        text = f"{sign} {found.name}, {item.meant.lower()}: {item.value} {item.unit}"
        sys.stdout.write(f"{text} (limit {item.limit}) {item.consequence} | {item.remark}")
        sys.stdout.write(f" | also failing: {item.others or 'none'}\n")
        sys.stdout.flush()


def main(arguments: Sequence[str]) -> None:
    """Make all pairs in as many processes as there are cores, and write the page."""
    parser = argparse.ArgumentParser(description="One refused and one passed pair per gate.")
    parser.add_argument("--out", type=Path, default=Path("reports/gallery"))
    parser.add_argument("--only", nargs="*", default=[], metavar="GATE")
    given = parser.parse_args(arguments)
    names = [gate.name for gate in chosen(given.only)]
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        rows = []
        for found in pool.map(row, names):
            rows.append(found)
            say(found)
    given.out.mkdir(parents=True, exist_ok=True)
    (given.out / "gates.html").write_text(page(rows), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main(sys.argv[1:])
