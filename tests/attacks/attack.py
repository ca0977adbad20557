"""An attack as a value: what the attacker does, what the victim runs, and what tells that it worked.

There is one sign for all of them: a file, the *mark*, that the attacker's code writes. It is looked for after the
installation, after the environment's Python was started, and after the environment was used (``Attack.use``).
"""

from __future__ import annotations

import hashlib
import subprocess
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from tests.loopback import Loopback, Reply
from tests.simple_server import page
from tests.wheels import build, filename_of, metadata_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

NAME: Final = "zz-demo"
"""The project that most attacks are about; no distribution has it."""
VERSION: Final = "1.0"
WHEEL: Final = filename_of(NAME, VERSION)
OS_PACKAGE: Final = "packaging"
"""A project that the system has, for distrofirst needs it."""
LONG_AGO: Final = "2026-01-01T00:00:00Z"


@dataclass(kw_only=True, slots=True)
class Stage:
    """The world of one attack: an index, a second one, a user with a home and a folder to work in."""

    folder: Path
    """Where the victim runs the installer, with ``requirements.txt`` and ``venv``."""
    home: Path
    index: Loopback
    """The one that the victim's installer is configured with, as ``/simple/``."""
    other: Loopback
    """A second one, which is the attacker's."""
    environment: dict[str, str] = field(default_factory=dict)
    """What the attack adds to the victim's environment."""

    @property
    def mark(self) -> Path:
        """What the attacker's code writes."""
        return self.folder.parent / "mark"

    @property
    def venv(self) -> Path:
        return self.folder / "venv"

    @property
    def lock(self) -> Path:
        """Where the victim keeps a lock, made before the attack."""
        return self.folder / "lock.toml"

    @property
    def payload(self) -> str:
        """One line of Python that writes the mark."""
        return f"import os; open({str(self.mark)!r}, 'a').close()\n"

    @property
    def script(self) -> str:
        """The same as a program."""
        return f"#!/bin/sh\n: > '{self.mark}'\n"

    def require(self, *lines: str) -> None:
        """Write ``requirements.txt``."""
        (self.folder / "requirements.txt").write_text("".join(f"{line}\n" for line in lines))

    def offer(
        self,
        content: bytes,
        *,
        name: str = NAME,
        version: str = VERSION,
        on: Loopback | None = None,
        listed: bytes | None = None,
        metadata: bytes | None = None,
        core: str | bool = True,
        uploaded: str = LONG_AGO,
        keep: tuple[tuple[str, bytes], ...] = (),
        status: Mapping[str, str] | None = None,
    ) -> None:
        """Serve a wheel on ``index``, or on another one.

        ``listed`` is the content whose hash the page gives, ``metadata`` what stands beside the wheel (PEP 658) with
        ``core`` as its hash; ``keep`` are older wheels, version and content, of the same page; ``status`` is
        the page's (PEP 792).
        """
        server = on or self.index
        entries = []
        more: dict[str, Any] = {"project-status": status} if status else {}
        for one, whole in ((version, content), *keep):
            filename = filename_of(name, one)
            server.add(f"/files/{filename}", Reply(body=whole, ranges=True))
            entry: dict[str, Any] = {
                "filename": filename,
                "url": f"../../files/{filename}",
                "hashes": {"sha256": sha256(whole if listed is None else listed)},
                "upload-time": uploaded if one == version else LONG_AGO,
            }
            if metadata is not None:
                server.add(f"/files/{filename}.metadata", Reply(body=metadata))
                entry["core-metadata"] = {"sha256": core} if isinstance(core, str) else core
            entries.append(entry)
        server.routes[f"/simple/{name}/"] = [page(name, entries, **more)]


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def honest(version: str = VERSION) -> bytes:
    """Build the wheel that the project's authors made."""
    return build({"zz_demo/__init__.py": f"__version__ = {version!r}\n"}, name=NAME, version=version)


def evil(stage: Stage, *, name: str = NAME, version: str = VERSION, requires: tuple[str, ...] = ()) -> bytes:
    """Build a wheel without a fault but one: what it does when it is imported."""
    info = {"METADATA": metadata_of(name, version, requires=requires)}
    return build({f"{name.replace('-', '_')}/__init__.py": stage.payload}, name=name, version=version, info=info)


@dataclass(frozen=True, kw_only=True, slots=True)
class Refused:
    """distrofirst ends with an exit code and words of its own, and nothing is installed."""

    words: str
    code: int = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Harmless:
    """distrofirst installs what was asked for, and the attacker has no part in it."""

    words: str = ""
    """A warning that it gives."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Attack:
    """One attack."""

    name: str
    """Short and unique; its row in SECURITY.md."""
    stage: Callable[[Stage], None]
    """The attacker's part, and the victim's ``requirements.txt``."""
    expected: Refused | Harmless
    use: str = "import zz_demo"
    """Python code that uses the environment as a victim would; ``MARK`` in it is the mark's path."""
    before: Callable[[Stage], None] | None = None
    """The world before the attack, in which the victim makes a lock; None where there is none."""
    options: tuple[str, ...] = ()
    """Of ``distrofirst install``."""
    files: tuple[str, ...] = ()
    """What the victim has in the folder besides requirements and lock."""
    sees_system: bool = False
    """Whether the environment of pip and of uv sees what is installed in the system."""
    needs: str | None = None
    """A program without which it cannot be staged."""


class Verdict(StrEnum):
    """What came of an attack."""

    STOPS = "stops it"
    HARMLESS = "is not affected"
    INSTALLS = "installs it"
    """What is the attacker's is in the environment, and acts when it is imported or called."""
    RUNS = "runs it"
    """It ran during the installation, or runs whenever the environment's Python starts."""


def use(text: str, stage: Stage, environment: Mapping[str, str]) -> bool:
    """Run code in the environment, if there is one; tell whether it ended well."""
    python = stage.venv / "bin" / "python"
    if not python.exists():
        return False
    argv = [str(python), "-c", text.replace("MARK", repr(str(stage.mark)))]
    done = subprocess.run(argv, env=environment, cwd=stage.folder, check=False, capture_output=True, timeout=60)
    return done.returncode == 0


def verdict(attack: Attack, stage: Stage, *, code: int, environment: Mapping[str, str]) -> Verdict:
    """Look for the mark, after an installer ended with ``code``, and after each step of using the environment."""
    if not stage.mark.exists():
        use("pass", stage, environment)
    if stage.mark.exists():
        return Verdict.RUNS
    use(attack.use, stage, environment)
    if stage.mark.exists():
        return Verdict.INSTALLS
    return Verdict.STOPS if code else Verdict.HARMLESS
