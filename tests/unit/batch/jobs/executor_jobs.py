"""What the workers of the executor's tests do; importable in a fresh process."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path

import cv2

from dermadelta.errors import UnreadablePhoto


def double(item):
    return 2 * item


def process(item):
    return os.getpid(), cv2.getNumThreads(), os.environ.get("OMP_NUM_THREADS")


def raise_on_three(item):
    if item == 3:
        raise UnreadablePhoto("the file is empty", remedy="Copy it again.", file="a.jpg")
    if item == 4:
        raise ZeroDivisionError("a bug")
    if item == 5:
        raise MemoryError
    return item


def exit_on_three(item):
    if item == 3:
        os._exit(9)
    return item


def kill_on_three(item):
    if item == 3:
        if sys.platform == "win32":
            os._exit(9)
        os.kill(os.getpid(), signal.SIGKILL)
    return item


def die_once(item):
    """Item 3 dies the first time, as for want of memory beside others."""
    folder, number = item
    mark = Path(folder) / "died"
    if number == 3 and not mark.exists():
        mark.write_text("x", encoding="utf-8")
        os._exit(9)
    return number


def unsendable(item):
    return threading.Lock() if item == 3 else item


def heavy(item):
    return bytes(5_000_000)


def in_work(item):
    """Note how many items are in work at once."""
    folder, number = item
    mark = Path(folder) / f"{number}.busy"
    mark.write_text("x", encoding="utf-8")
    busy = len(list(Path(folder).glob("*.busy")))
    time.sleep(0.05)
    mark.unlink()
    return busy


def sleep_long(item):
    time.sleep(60)
    return item


def exits_on_import(item):
    return item


class BreaksOnArrival:
    """Cannot be rebuilt in a worker, as a class of an unguarded script."""

    def __reduce__(self):
        return (os._exit, (7,))

    def __call__(self, item):
        return item


def say_pid_and_sleep(item):
    sys.stdout.write(f"{os.getpid()}\n")
    sys.stdout.flush()
    time.sleep(60)
    return item


if __name__ == "__main__":
    from dermadelta.batch.executor import execute

    sys.path.insert(0, str(Path(__file__).parent))
    try:
        execute(say_pid_and_sleep, [1, 2], workers=2, on_done=lambda *outcome: None)
    except KeyboardInterrupt:
        sys.stdout.write("interrupted\n")
        sys.stdout.flush()
        sys.exit(130)
