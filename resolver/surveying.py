"""The use case ``report FOLDER``: every requirements file below it on its own, and all of them together.

Nothing is held in memory but what the totals need, and nothing that was answered is lost with a run that is killed.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import threading
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, is_dataclass
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Self

from resolver import __version__
from resolver.errors import CommandError, DistrofirstError, NothingAskedError
from resolver.report import as_json
from resolver.report.survey.line import Failure, Surveyed, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from resolver.model import RequirementSet, Resolution, Unconsulted


def question_of(*parts: object) -> str:
    """Name what files are asked: ``parts`` is everything that an answer depends on beside the files."""

    def spell(value: object) -> object:
        if isinstance(value, (set, frozenset)):
            return sorted(map(str, value))  # or the order would be another one in every process
        return asdict(value) if is_dataclass(value) and not isinstance(value, type) else str(value)

    return hashlib.sha256(json.dumps((__version__, parts), default=spell).encode()).hexdigest()[:16]


def ask(
    file: str,
    question: str,
    read: Callable[[str], RequirementSet],
    resolve: Callable[[RequirementSet], tuple[Sequence[Resolution], tuple[Unconsulted, ...]]],
) -> Surveyed:
    """Answer for one file; what is wrong with it is its answer, and no error of the run."""
    try:
        wanted = read(file)
        resolutions, missing = resolve(wanted)
        return Surveyed(
            file=file,
            question=question,
            read=wanted.files,
            targets=tuple(map(as_json.target, resolutions)),
            missing=missing,
            warnings=wanted.warnings,
        )
    except DistrofirstError as error:
        failure = Failure(
            message=error.message,
            context=error.context,
            hint=error.hint,
            exit_code=error.exit_code,
            asks_nothing=isinstance(error, NothingAskedError),
        )
        return Surveyed(file=file, question=question, failure=failure)


# --- many processes ---

_answer: Callable[[str], Surveyed] | None = None
"""What the processes do: they are forks, so it need not be one that can be pickled."""


def each(files: Sequence[str], answer: Callable[[str], Surveyed], *, jobs: int) -> Iterator[Surveyed]:
    """Answer for the files, in their order, by this many processes; forked here, so nothing may be open yet."""
    global _answer  # noqa: PLW0603 - how a fork is told
    if jobs == 1 or len(files) < 2:  # noqa: PLR2004 - nothing to share out
        yield from map(answer, files)
        return
    _answer = answer
    pool = ProcessPoolExecutor(jobs, mp_context=get_context("fork"), initializer=_begin)
    try:
        yield from pool.map(_work, files)
    except BrokenProcessPool as error:
        raise CommandError(
            "one of the processes was killed", context="--jobs", hint="with fewer --jobs they need less memory"
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _begin() -> None:
    """Leave Ctrl-C to the parent, and end when it does, however that ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = parent_process()
    if parent is not None:
        sentinel = parent.sentinel
        threading.Thread(target=lambda: (wait([sentinel]), os._exit(1)), daemon=True).start()


def _work(file: str) -> Surveyed:
    if _answer is None:
        raise RuntimeError("a process that was not forked by each()")
    return _answer(file)


def joined(
    files: Iterable[str], known: Mapping[str, Surveyed], fresh: Iterator[Surveyed], ledger: Ledger | None
) -> Iterator[Surveyed]:
    """Give all answers in the files' order: what is known, and of the rest the next fresh one, which is kept."""
    for file in files:
        if file in known:
            yield known[file]
            continue
        surveyed = next(fresh)
        if ledger:
            ledger.add(surveyed)
        yield surveyed


# --- a run that was killed ---


class Ledger:
    """The lines of a run beside its output, until that is written: a run that follows a killed one goes on from there.

    A context manager; raises CommandError where nothing can be kept.
    """

    def __init__(self, output: Path) -> None:
        """Take the output's own path; nothing is read or written yet."""
        self._path = output.with_name(f".{output.name}.survey")
        self._places: dict[str, int] = {}

    def __enter__(self) -> Self:
        try:
            # Not through a link: the name can be foreseen, and others may write to the folder.
            flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
            self._stream = open(os.open(self._path, flags, 0o666), "ab+")  # noqa: PTH123 - a descriptor; closed by __exit__
        except OSError as error:
            raise CommandError(f"cannot be written: {error.strerror}", context=str(self._path)) from error
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._stream.close()
        if kind is None:
            self._path.unlink()

    def known(self, question: str) -> dict[str, Surveyed]:
        """Give what an earlier run has answered to this question, of files that are still the same."""
        found: dict[str, Surveyed] = {}
        self._stream.seek(0)
        place, last = 0, b"\n"
        for last in self._stream:
            surveyed = parse(last.decode("utf-8", "replace"))
            if surveyed is not None and surveyed.question == question and surveyed.is_current:
                found[surveyed.file] = surveyed
                self._places[surveyed.file] = place
            place += len(last)
        if not last.endswith(b"\n"):
            self._stream.write(b"\n")  # a kill cut it short; the next one has to stand by itself
        return found

    def add(self, surveyed: Surveyed) -> None:
        """Keep one more answer."""
        self._places[surveyed.file] = self._stream.seek(0, os.SEEK_END)
        self._stream.write(surveyed.line().encode())
        self._stream.flush()

    def lines(self, files: Iterable[str]) -> Iterator[str]:
        """Give the lines of these files, in their order."""
        for file in files:
            self._stream.seek(self._places[file])
            yield self._stream.readline().decode()
