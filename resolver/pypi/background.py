"""Work that may be done ahead of time: done once, by whoever comes first, and never in anybody's way.

Unlike those of ``concurrent.futures``, these threads do not hold up the end of the program (a request that nobody waits
for any more may hang for its whole timeout), and whoever needs a job that still stands in the queue does it at once.
"""

from __future__ import annotations

import threading
from queue import SimpleQueue
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class Job(Generic[T]):
    """A call that is made at most once, however many ask for its result."""

    def __init__(self, call: Callable[[], T]) -> None:
        """Remember the call; it is made by the first ``run`` or ``result``."""
        self._call = call
        self._claim = threading.Lock()
        self._done = threading.Event()
        self._outcome: tuple[T] | BaseException | None = None

    def run(self) -> None:
        """Make the call unless somebody has begun to; what it raises is kept for ``result``."""
        if not self._claim.acquire(blocking=False):
            return
        try:
            self._outcome = (self._call(),)
        except BaseException as error:  # noqa: BLE001 -- raised again for everybody who asks, Ctrl-C included
            self._outcome = error
        finally:
            self._done.set()

    def result(self) -> T:
        """Give what the call returned or raise what it raised, making or awaiting it first."""
        self.run()
        self._done.wait()
        if isinstance(self._outcome, tuple):
            return self._outcome[0]
        assert self._outcome is not None  # noqa: S101 -- set before _done is
        raise self._outcome

    def peek(self) -> T | None:
        """Give the result where there is one already."""
        return self._outcome[0] if isinstance(self._outcome, tuple) else None


class Pool:
    """A few threads that make calls in order; started by the first call, at most ``workers``."""

    def __init__(self, workers: int) -> None:
        """Start nothing yet."""
        self._workers = workers
        self._queue: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._started = 0
        self._closed = False
        self._lock = threading.Lock()

    def submit(self, call: Callable[[], None]) -> None:
        """Queue a call, which must not raise. After ``close`` nothing happens."""
        with self._lock:
            if self._closed:
                return
            self._queue.put(call)
            if self._started < self._workers:
                thread = threading.Thread(target=self._work, name=f"prefetch-{self._started + 1}", daemon=True)
                try:
                    thread.start()
                except RuntimeError:
                    return  # no more threads for this process: what is needed will be done by who needs it
                self._started += 1

    def close(self) -> None:
        """Drop what is queued and let the threads end; calls under way are not waited for."""
        with self._lock:
            self._closed = True
            for _ in range(self._started):
                self._queue.put(None)

    def _work(self) -> None:
        while (call := self._queue.get()) is not None:
            if not self._closed:
                call()
