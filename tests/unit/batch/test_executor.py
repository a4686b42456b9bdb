from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import cv2
import pytest

from dermadelta.batch.executor import Failure, execute
from dermadelta.errors import DermadeltaError, OutputError


@pytest.fixture
def jobs(monkeypatch):
    """The module of jobs, importable here and in the workers."""
    monkeypatch.syspath_prepend(str(Path(__file__).parent / "jobs"))
    import executor_jobs

    yield executor_jobs
    sys.modules.pop("executor_jobs", None)


def run(function, items, workers):
    outcomes = {}

    def on_done(index, item, value):
        assert index not in outcomes
        assert item == items[index]
        outcomes[index] = value

    execute(function, items, workers=workers, on_done=on_done)
    assert sorted(outcomes) == list(range(len(items)))
    return [outcomes[n] for n in sorted(outcomes)]


@pytest.mark.parametrize("workers", [1, 2])
def test_every_item_is_done_once(jobs, workers):
    assert run(jobs.double, list(range(7)), workers) == [0, 2, 4, 6, 8, 10, 12]
    assert run(jobs.double, [], workers) == []


def test_workers_are_other_processes_with_one_thread_each(jobs):
    before, variable = cv2.getNumThreads(), os.environ.get("OMP_NUM_THREADS")
    outcomes = run(jobs.process, list(range(4)), 2)
    assert os.getpid() not in {pid for pid, _, _ in outcomes}
    assert {threads for _, threads, _ in outcomes} == {1}
    assert {value for _, _, value in outcomes} == {"1"}
    ((pid, threads, _),) = run(jobs.process, [0], 1)
    assert (pid, threads) == (os.getpid(), 1)
    assert (cv2.getNumThreads(), os.environ.get("OMP_NUM_THREADS")) == (before, variable)


@pytest.mark.parametrize("workers", [1, 2])
def test_an_exception_fails_only_its_own_item(jobs, workers):
    outcomes = run(jobs.raise_on_three, list(range(7)), workers)
    assert [o for o in outcomes if not isinstance(o, Failure)] == [0, 1, 2, 6]
    fault, bug, memory = outcomes[3:6]
    assert fault.kind == "fault"
    assert fault.message == "a.jpg: the file is empty. Copy it again."
    assert bug.kind == memory.kind == "bug"
    assert "ZeroDivisionError: a bug" in bug.message
    assert "raise_on_three" in bug.detail
    assert "MemoryError" in memory.message


@pytest.mark.parametrize("job", ["exit_on_three", "kill_on_three"])
def test_a_worker_that_dies_fails_only_its_own_item(jobs, job):
    outcomes = run(getattr(jobs, job), list(range(8)), 2)
    assert [o for o in outcomes if not isinstance(o, Failure)] == [0, 1, 2, 4, 5, 6, 7]
    assert outcomes[3].kind == "died"
    assert "memory" in outcomes[3].message
    assert "--workers 1" in outcomes[3].message


def test_an_item_whose_worker_died_is_tried_again_alone(jobs, tmp_path):
    items = [(str(tmp_path), n) for n in range(6)]
    assert run(jobs.die_once, items, 2) == list(range(6))
    assert (tmp_path / "died").exists()


def test_a_value_that_cannot_be_sent_is_a_failure_of_its_item(jobs):
    outcomes = run(jobs.unsendable, list(range(5)), 2)
    assert [o for o in outcomes if not isinstance(o, Failure)] == [0, 1, 2, 4]
    assert outcomes[3].kind == "bug"


def test_large_values_pass(jobs):
    assert [len(value) for value in run(jobs.heavy, [0, 1, 2], 2)] == [5_000_000] * 3


def test_no_more_items_are_in_work_than_there_are_workers(jobs, tmp_path):
    items = [(str(tmp_path), n) for n in range(8)]
    assert max(run(jobs.in_work, items, 2)) <= 2


@pytest.mark.parametrize("workers", [1, 2])
def test_what_on_done_raises_ends_the_run_and_the_workers(jobs, workers):
    import multiprocessing

    def full(index, item, value):
        raise OutputError("the disk is full", remedy="Free some space.")

    with pytest.raises(OutputError):
        execute(jobs.double, list(range(5)), workers=workers, on_done=full)
    assert multiprocessing.active_children() == []


def test_ctrl_c_ends_the_workers_at_once(jobs):
    import multiprocessing

    def interrupt(index, item, value):
        raise KeyboardInterrupt

    items = [0] + [1] * 5
    with pytest.raises(KeyboardInterrupt):
        execute(jobs.double, items, workers=2, on_done=interrupt)
    assert multiprocessing.active_children() == []


def test_workers_that_never_start_are_an_error_with_a_remedy(jobs):
    with pytest.raises(DermadeltaError, match="cannot be started") as caught:
        run(jobs.BreaksOnArrival(), [1, 2, 3], 2)
    assert "--workers 1" in caught.value.remedy
    assert "__main__" in caught.value.remedy


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


@pytest.mark.skipif(os.name == "nt", reason="sends a POSIX signal")
def test_a_real_ctrl_c_ends_run_and_workers():
    script = Path(__file__).parent / "jobs" / "executor_jobs.py"
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True) as run:
        workers = [int(run.stdout.readline()) for _ in range(2)]
        run.send_signal(signal.SIGINT)
        assert run.stdout.readline() == "interrupted\n"
        assert run.wait(30) == 130
        assert all(map(gone, workers))
