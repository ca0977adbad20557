"""Work ahead of time is done once, never in anybody's way, and never keeps the program from ending."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from resolver.pypi.background import Job, Pool


def test_a_job_is_done_once_however_many_ask() -> None:
    calls: list[int] = []
    gate = threading.Event()

    def work() -> int:
        gate.wait(5)
        calls.append(1)
        return 42

    job = Job(work)
    results: list[int] = []
    threads = [threading.Thread(target=lambda: results.append(job.result())) for _ in range(8)]
    for thread in threads:
        thread.start()
    assert job.peek() is None
    gate.set()
    for thread in threads:
        thread.join()
    assert (results, calls, job.peek()) == ([42] * 8, [1], 42)


def test_a_failure_is_raised_for_everybody_who_asks() -> None:
    def work() -> int:
        raise ValueError("no")

    job = Job(work)
    job.run()
    assert job.peek() is None
    for _ in range(2):
        with pytest.raises(ValueError, match="no"):
            job.result()


def test_who_needs_a_queued_job_does_it_at_once() -> None:
    gate = threading.Event()
    pool = Pool(1)

    def hang() -> None:
        gate.wait(5)

    pool.submit(hang)
    behind = Job(lambda: threading.current_thread().name)
    pool.submit(behind.run)
    assert behind.result() == threading.current_thread().name
    gate.set()
    pool.close()


def test_no_more_threads_than_workers() -> None:
    pool = Pool(3)
    names: set[str] = set()
    together = threading.Barrier(4, timeout=5)

    def meet() -> None:
        names.add(threading.current_thread().name)
        together.wait()

    for _ in range(6):
        pool.submit(meet)
    together.wait()
    together.wait()
    pool.close()
    assert len(names) == 3


def test_without_threads_the_work_is_done_by_who_needs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    pool = Pool(2)
    job = Job(lambda: 42)
    pool.submit(job.run)
    assert job.peek() is None
    assert job.result() == 42
    pool.close()


def test_close_drops_what_is_queued() -> None:
    gate, started = threading.Event(), threading.Event()
    ran: list[int] = []
    pool = Pool(1)

    def first() -> None:
        started.set()
        gate.wait(5)

    pool.submit(first)
    pool.submit(lambda: ran.append(1))
    started.wait(5)
    pool.close()
    pool.submit(lambda: ran.append(2))
    gate.set()
    for thread in threading.enumerate():
        if thread.name.startswith("prefetch-"):
            thread.join(5)
    assert ran == []


def test_a_call_that_hangs_does_not_keep_the_program_from_ending() -> None:
    script = (
        "import threading\nfrom resolver.pypi.background import Pool\n"
        "started = threading.Event()\npool = Pool(2)\n"
        "pool.submit(lambda: (started.set(), threading.Event().wait()) and None)\nstarted.wait()\nprint('end')"
    )
    root = Path(__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=root, capture_output=True, text=True, timeout=20, check=True
    )
    assert (done.stdout, done.stderr) == ("end\n", "")
