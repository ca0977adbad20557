"""What is kept between runs: one file per entry, safe for many processes, and never needed.

An entry is written beside its place and moved there, so that a reader sees the old entry or the new one and a killed
writer leaves nothing but a stray ``.tmp`` file. It starts with the hash of its content: an entry that a full disk, a
crash or an editor damaged is a miss, and is removed. Whatever else goes wrong is one warning, and the work goes on
without a cache.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_MAGIC = b"distrofirst cache 1 "
_DIGEST_LENGTH = 64
_HEADER_LENGTH = len(_MAGIC) + _DIGEST_LENGTH + 1


class FileCache:
    """The Cache port over a folder."""

    def __init__(self, folder: Path | None, *, warn: Callable[[str], None]) -> None:
        """Use ``folder``, which need not exist yet; None keeps nothing. ``warn`` is called at most once."""
        self._folder = folder
        self._warn = warn
        self._lock = threading.Lock()
        self._counter = itertools.count()
        self._kinds: set[str] = set()
        if folder is not None:
            self._refuse_foreign(folder)

    def read(self, kind: str, key: str) -> bytes | None:
        """Give the entry's content; None where there is none, or where it is damaged (and then removed)."""
        path = self._path(kind, key)
        if path is None:
            return None
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            self._give_up(f"cannot read {path}: {error.strerror or error}")
            return None
        data = content[_HEADER_LENGTH:]
        if content[:_HEADER_LENGTH] == _header(data):
            return data
        self._remove(path)
        return None

    def write(self, kind: str, key: str, data: bytes) -> None:
        """Keep ``data``, replacing the entry in one step."""
        path = self._path(kind, key)
        if path is None:
            return
        temporary = path.with_name(f"{path.name}.{os.getpid()}-{next(self._counter)}.tmp")
        try:
            if kind not in self._kinds:
                path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._kinds.add(kind)
            with temporary.open("xb") as stream:
                stream.write(_header(data))
                stream.write(data)
            temporary.replace(path)
        except OSError as error:
            self._remove(temporary)
            self._give_up(f"cannot write {path}: {error.strerror or error}")

    def age(self, kind: str, key: str) -> float | None:
        """Give the seconds since the entry was written; negative where the clock was set back since."""
        path = self._path(kind, key)
        if path is None:
            return None
        try:
            return time.time() - path.stat().st_mtime
        except OSError:
            return None

    def read_json(self, kind: str, key: str) -> object:
        """Give the entry's JSON value, or None."""
        data = self.read(kind, key)
        if data is None:
            return None
        try:
            value: object = json.loads(data)
        except (ValueError, RecursionError):
            return None
        return value

    def write_json(self, kind: str, key: str, value: object) -> None:
        """Keep a JSON value, as short as JSON gets."""
        self.write(kind, key, json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode())

    def prune(self, *, older_than: float) -> int:
        """Remove the entries, and the leavings of killed writers, that are older than so many seconds; count them."""
        limit = time.time() - older_than
        removed = 0
        for path in self._folder.glob("*/*") if self._folder is not None else ():
            try:
                if path.stat().st_mtime < limit:
                    path.unlink()
                    removed += 1
            except OSError:
                continue  # another process was faster, or it is not ours to remove: neither matters
        return removed

    def _path(self, kind: str, key: str) -> Path | None:
        if self._folder is None:
            return None
        # Joined by hand: a warm run asks for dozens of paths, and Path's operators cost microseconds each.
        return Path(f"{self._folder}/{kind}/{hashlib.sha256(key.encode('utf-8', 'surrogatepass')).hexdigest()}")

    def _refuse_foreign(self, folder: Path) -> None:
        """Keep root, under sudo with the caller's HOME, from trusting what the caller can write."""
        try:
            owner = folder.stat().st_uid
        except OSError:
            return  # not there yet: the first write makes it, or says why not
        if owner != os.geteuid():
            self._give_up(f"{folder} belongs to another user")

    def _remove(self, path: Path) -> None:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            self._give_up(f"cannot remove {path}: {error.strerror or error}")

    def _give_up(self, reason: str) -> None:
        with self._lock:
            if self._folder is None:
                return
            self._folder = None
        self._warn(f"going on without a cache: {reason}")


def _header(data: bytes) -> bytes:
    return _MAGIC + hashlib.sha256(data).hexdigest().encode() + b"\n"
