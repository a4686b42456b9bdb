"""Work through items, one process or several, so that one bad item costs only itself.

Each worker is a process of its own that holds one item at a time, so when it is killed (for
instance for want of memory) it is known which item it held. That item is tried once more, alone,
after all others; the rest never notices. This is the one place where any exception is caught.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import traceback
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Generic, Literal, TypeVar, cast

import cv2

from dermadelta.errors import DermadeltaError

log = logging.getLogger(__name__)

Item = TypeVar("Item")
Value = TypeVar("Value")

_THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_GRACE_S = 5.0
_STARTS = 3
"""So many workers in a row that die before they are ready mean that none ever will be."""


@dataclass(frozen=True)
class Failure:
    """An item that could not be done.

    ``kind`` is ``fault`` for an error that the package raises on purpose, ``bug`` for any other
    exception and ``died`` for a worker that was killed twice. ``message`` is for the user,
    ``detail`` the traceback for a report.
    """

    kind: Literal["fault", "bug", "died"]
    message: str
    detail: str = ""


OnDone = Callable[[int, Item, Value | Failure], None]


def execute(
    function: Callable[[Item], Value],
    items: Sequence[Item],
    *,
    workers: int,
    on_done: OnDone[Item, Value],
) -> None:
    """Call a function for every item and hand over each outcome as it comes.

    Parameters
    ----------
    function : callable
        Takes one item. For several workers it must be importable (a module-level function or a
        ``functools.partial`` of one), as must be its items and values.
    items : sequence
        What to work on. No more of them are in work than there are workers.
    workers : int
        Number of processes; 1 works in this process.
    on_done : callable
        Gets the index, the item, and its value or ``Failure``; called in this process, in the
        order of completion. What it raises ends the run.

    Raises
    ------
    DermadeltaError
        Worker processes cannot be started at all. Remedy: ``--workers 1``.
    KeyboardInterrupt
        After all workers have been ended.
    """
    if workers <= 1 or not items:
        with _one_thread():
            for index, item in enumerate(items):
                on_done(index, item, _attempt(function, item))
        return
    suspects = _work(function, items, range(len(items)), min(workers, len(items)), on_done)
    for index in suspects:
        log.info("item %d lost its worker and is tried once more, alone", index)
        if _work(function, items, [index], 1, on_done):
            on_done(index, items[index], _dead())


def _attempt(function: Callable[[Item], Value], item: Item) -> Value | Failure:
    try:
        return function(item)
    except DermadeltaError as fault:
        return Failure("fault", str(fault), traceback.format_exc())
    except Exception as bug:  # noqa: BLE001 - one item must never end the others
        return _bug(bug)


def _bug(bug: Exception) -> Failure:
    message = (
        f"unexpected {type(bug).__name__}: {bug}. The other pairs go on; please report this with "
        "what run.json says under faults."
    )
    return Failure("bug", message, "".join(traceback.format_exception(bug)))


def _dead() -> Failure:
    return Failure(
        "died",
        "the process that worked on it was killed twice, most likely for want of memory. Run it "
        "again with --workers 1 on a machine with more memory, or crop the photographs.",
    )


# ------------------------------------------------------------------------------- parent


@dataclass
class _Worker(Generic[Item]):
    """A process and what it is doing; ``held`` is None while it is idle."""

    process: BaseProcess
    pipe: Connection
    ready: bool = False
    held: int | None = None


def _work(
    function: Callable[[Item], Value],
    items: Sequence[Item],
    indices: Sequence[int],
    n_workers: int,
    on_done: OnDone[Item, Value],
) -> list[int]:
    """Do some of the items in fresh workers; return those whose worker died."""
    todo, suspects, failed_starts = deque(indices), list[int](), 0
    crew = [_start(function) for _ in range(n_workers)]
    try:
        while crew:
            for worker in _awake(crew):
                message = _receive(worker)
                if message is None:
                    crew.remove(worker)
                    worker.pipe.close()
                    failed_starts = 0 if worker.ready else failed_starts + 1
                    _require_starts(failed_starts)
                    if worker.held is not None:
                        suspects.append(worker.held)
                    if len(todo) > sum(other.held is None for other in crew):
                        crew.append(_start(function))
                    continue
                index, worker.held, worker.ready = worker.held, None, True
                if index is not None:
                    on_done(index, items[index], cast(Value | Failure, message[0]))
                if todo:
                    _assign(worker, todo, items)
                else:
                    _dismiss(worker)
                    crew.remove(worker)
    finally:
        _end(crew)
    return suspects


def _awake(crew: list[_Worker[Item]]) -> list[_Worker[Item]]:
    """Workers with a message, or dead: on Windows a pipe may outlive its process."""
    ready = wait([end for worker in crew for end in (worker.pipe, worker.process.sentinel)])
    return [w for w in crew if w.pipe in ready or w.process.sentinel in ready]


def _receive(worker: _Worker[Item]) -> tuple[object] | None:
    """Next message of a worker; None when it is dead and has left none."""
    try:
        if not worker.pipe.poll():
            return None
        message: tuple[object] = worker.pipe.recv()
    except (EOFError, OSError):
        return None
    return message


def _assign(worker: _Worker[Item], todo: deque[int], items: Sequence[Item]) -> None:
    index = todo.popleft()
    worker.held = index
    try:
        worker.pipe.send((items[index],))
    except OSError:
        # It died while idle; the item is a suspect like any other, and is tried again.
        log.info("a worker ended before it got item %d", index)


def _dismiss(worker: _Worker[Item]) -> None:
    try:
        worker.pipe.send(None)
    except OSError:
        log.info("a worker had ended already")
    worker.process.join(_GRACE_S)
    if worker.process.is_alive():
        worker.process.kill()
        worker.process.join()
    worker.pipe.close()


def _end(crew: list[_Worker[Item]]) -> None:
    for worker in crew:
        worker.process.terminate()
    for worker in crew:
        worker.process.join(_GRACE_S)
        if worker.process.is_alive():
            worker.process.kill()
            worker.process.join()
        worker.pipe.close()


def _require_starts(failed: int) -> None:
    if failed >= _STARTS:
        raise DermadeltaError(
            "worker processes cannot be started",
            remedy='Use --workers 1; in a script, call it under `if __name__ == "__main__":`.',
        )


def _start(function: Callable[[Item], Value]) -> _Worker[Item]:
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_serve, args=(there, function), daemon=True)
    with _thread_variables():
        process.start()
    there.close()
    return _Worker(process, here)


@contextmanager
def _thread_variables() -> Iterator[None]:
    """Let a process that is started now use one thread in its numerical libraries."""
    before = {name: os.environ.get(name) for name in _THREAD_VARIABLES}
    os.environ.update(dict.fromkeys(_THREAD_VARIABLES, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextmanager
def _one_thread() -> Iterator[None]:
    """OpenCV with one thread, so that a result does not depend on the number of workers."""
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)


# ------------------------------------------------------------------------------- worker


def _serve(pipe: Connection, function: Callable[[Item], Value]) -> None:
    """Body of a worker: say ready, then take items until there are none."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cv2.setNumThreads(1)
    pipe.send((None,))
    while True:
        try:
            job = pipe.recv()
        except (EOFError, OSError):
            return
        if job is None:
            return
        _answer(pipe, _attempt(function, job[0]))


def _answer(pipe: Connection, value: object) -> None:
    try:
        pipe.send((value,))
    except OSError:
        raise SystemExit(1) from None
    except Exception as bug:  # noqa: BLE001 - a value that cannot be sent is a failure of its item
        pipe.send((_bug(bug),))
