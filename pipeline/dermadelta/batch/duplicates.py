"""Photos that must not count twice: copies, bursts, and the same shot in two formats.

Of each such set one photo stands (the first that was accepted, else the first that could be
read, else the first; of equals one that is not camera RAW) and the others name it in
``counted_as``. The same file under two visits is a mistake in the input: the later one is not
accepted, with the reason.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import PurePath

from dermadelta.batch.naming import normal
from dermadelta.domain import CaptureMetadata, PhotoRecord, QualityReport

BURST = timedelta(seconds=2)
"""Frames of one camera this close in time are one shot; repeats need repositioning."""


def settle_duplicates(records: Sequence[PhotoRecord]) -> tuple[PhotoRecord, ...]:
    """Mark what counts once.

    Parameters
    ----------
    records : sequence of PhotoRecord
        All photos, in the order of the input.

    Returns
    -------
    tuple of PhotoRecord
        In the same order, with ``counted_as`` set, and the later of two visits that share one
        file not accepted.
    """
    settled = _reject_shared(records)
    groups: dict[Hashable, list[int]] = defaultdict(list)
    for index, record in enumerate(settled):
        ref = record.ref
        key = (ref.subject_id, ref.visit_date, ref.phase, ref.site, ref.view)
        groups[key].append(index)
    for members in groups.values():
        for same in _same_shots([settled[n] for n in members]):
            _stand([members[n] for n in same], settled)
    return tuple(settled)


def _reject_shared(records: Sequence[PhotoRecord]) -> list[PhotoRecord]:
    """Refuse a file that already stands under an earlier visit or another subject.

    The same file for two sites of one visit is no mistake: a face holds several regions.
    """
    settled = list(records)
    first: dict[str, PhotoRecord] = {}
    order = sorted(range(len(records)), key=lambda n: (records[n].ref.visit_date, n))
    for index in order:
        record = records[index]
        if not record.readable:
            continue  # empty files are all alike, and have a reason of their own
        ref, earlier = record.ref, first.setdefault(record.ref.sha256, record).ref
        same_visit = (ref.subject_id, ref.visit_date, ref.phase) == (
            earlier.subject_id,
            earlier.visit_date,
            earlier.phase,
        )
        if same_visit:
            continue
        reason = (
            f"the same file stands under another visit as {earlier.photo_id}, so one of the two "
            "is misplaced. Put the right photograph here"
        )
        quality = record.quality
        settled[index] = replace(
            record, quality=QualityReport(quality.checks, False, (*quality.reasons, reason))
        )
    return settled


def _same_shots(group: Sequence[PhotoRecord]) -> list[list[int]]:
    """Positions in a group that show the same shot, as sets of at least two."""
    parent = list(range(len(group)))

    def root(n: int) -> int:
        while parent[n] != n:
            n = parent[n]
        return n

    def join(a: int, b: int) -> None:
        low, high = sorted((root(a), root(b)))
        parent[high] = low

    for rule in (_content, _twin):
        _join_equal(group, rule, join)
    _join_bursts(group, join)
    sets: dict[int, list[int]] = defaultdict(list)
    for n in range(len(group)):
        sets[root(n)].append(n)
    return [members for members in sets.values() if len(members) > 1]


def _content(record: PhotoRecord) -> Hashable:
    return record.ref.sha256 if record.readable else None


def _twin(record: PhotoRecord) -> Hashable:
    """Folder and name without the ending: IMG_1.HEIC and IMG_1.JPG are one shot."""
    path = PurePath(record.ref.path)
    return normal(str(path.with_suffix(""))).casefold()


def _join_equal(
    group: Sequence[PhotoRecord],
    rule: Callable[[PhotoRecord], Hashable],
    join: Callable[[int, int], None],
) -> None:
    seen: dict[Hashable, int] = {}
    for n, record in enumerate(group):
        key = rule(record)
        if key is not None:
            join(seen.setdefault(key, n), n)


def _join_bursts(group: Sequence[PhotoRecord], join: Callable[[int, int], None]) -> None:
    shots = [
        (record.metadata.camera, record.metadata.captured_at, n)
        for n, record in enumerate(group)
        if isinstance(record.metadata, CaptureMetadata) and record.metadata.captured_at is not None
    ]
    shots.sort(key=lambda shot: (shot[0], shot[1], shot[2]))
    for earlier, later in itertools.pairwise(shots):
        if earlier[0] == later[0] and later[1] - earlier[1] <= BURST:
            join(earlier[2], later[2])


def _is_raw(record: PhotoRecord) -> bool:
    """Whether a photo is camera RAW; the JPEG of the same shot stands before it.

    Visits of which only some have RAW are then still compared like with like.
    """
    return isinstance(record.metadata, CaptureMetadata) and record.metadata.format == "RAW"


def _stand(members: Sequence[int], settled: list[PhotoRecord]) -> None:
    """Choose the photo that stands for a set, and let the others name it."""
    best = min(
        members,
        key=lambda n: (
            not settled[n].quality.accepted,
            not settled[n].readable,
            _is_raw(settled[n]),
            n,
        ),
    )
    for n in members:
        if n != best:
            settled[n] = replace(settled[n], counted_as=settled[best].ref.photo_id)
