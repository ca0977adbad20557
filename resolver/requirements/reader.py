"""Opens the inputs, follows ``-r`` and ``-c``, and puts the set together. The only file here that reads."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, assert_never
from urllib.parse import unquote, urlsplit

from packaging.utils import canonicalize_name

from resolver.errors import InputError
from resolver.model import FileOption, Origin, Requirement, RequirementSet
from resolver.requirements.decoding import decode_requirements, decode_toml
from resolver.requirements.statements import Include, Note, Statement, parse_requirements_text
from resolver.requirements.surroundings import Surroundings, on_disk

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from resolver.requirements.pyproject import Declared

_STDIN = "-"
_STDIN_SHOWN = "<stdin>"
_DEFAULTS = ("requirements.txt", "pyproject.toml")
_PYLOCK = re.compile(r"pylock(?:\.[^.]+)?\.toml")
_REMOTE = re.compile(r"(?:https?|ftp):", re.IGNORECASE)

# Files that people have and pip does not read, with the way to one that it does.
_FOREIGN = {
    "Pipfile": "`pipenv requirements > requirements.txt`",
    "Pipfile.lock": "`pipenv requirements > requirements.txt`",
    "poetry.lock": "`poetry export -o requirements.txt`",
    "pdm.lock": "`pdm export -o requirements.txt`",
    "uv.lock": "`uv export -o pylock.toml`",
    "environment.yml": "`pip list --format freeze > requirements.txt` in that environment",
    "environment.yaml": "`pip list --format freeze > requirements.txt` in that environment",
    "setup.py": "declare the dependencies in pyproject.toml, or export them to a requirements file",
    "setup.cfg": "declare the dependencies in pyproject.toml, or export them to a requirements file",
}


def read_inputs(
    inputs: Sequence[str],
    *,
    extras: Sequence[str] = (),
    groups: Sequence[str] = (),
    stdin: Callable[[], bytes],
    environ: Mapping[str, str],
    cwd: Path,
) -> RequirementSet:
    """Read every input and all that they include.

    ``inputs`` are paths as the user named them, ``-`` for requirements text from ``stdin``; none stands for
    requirements.txt, else pyproject.toml, in ``cwd``. ``extras`` and ``groups`` are asked of the TOML inputs; each
    must exist in at least one. ``environ`` fills in ``${VAR}``. A file is read once as requirements and once as
    constraints at most, however often it is included. Raises InputError for everything that cannot be used as it is.
    """
    named = tuple(inputs) or default_inputs(cwd)
    session = _Session(extras=extras, groups=groups, stdin=stdin, environ=environ, around=on_disk(cwd))
    for name in named:
        session.read_input(name)
    _check_offers("extra", extras, session.offered_extras, named)
    _check_offers("group", groups, session.offered_groups, named)
    return RequirementSet(
        requirements=tuple(session.requirements),
        constraints=tuple(session.constraints),
        options=tuple(session.options),
        inputs=named,
        warnings=tuple(session.warnings),
        files=tuple(sorted(session.files.items())),
    )


def default_inputs(cwd: Path) -> tuple[str]:
    """Give what stands for no inputs; raises InputError where neither file is there."""
    for name in _DEFAULTS:
        if (cwd / name).is_file():
            return (name,)
    raise InputError(
        f"no input named, and neither {' nor '.join(_DEFAULTS)} is in {cwd}",
        hint="name a requirements file, a pyproject.toml, a pylock.toml, or - for standard input",
    )


def _check_offers(what: str, wanted: Sequence[str], offered: set[str] | None, named: tuple[str, ...]) -> None:
    """Refuse an extra or group that no input has. ``offered`` is None where no input could have any."""
    for name in wanted:
        if offered is None:
            raise InputError(
                f"--{what} {name} asks for what only a pyproject.toml or pylock.toml has; found {', '.join(named)}",
                hint="name the pyproject.toml as an input",
            )
        if canonicalize_name(name) not in offered:
            known = f"they have: {', '.join(sorted(offered))}" if offered else f"they have no {what}s"
            raise InputError(f"no input has the {what} {name!r}", context=", ".join(named), hint=known)


class _Session:
    """What one call has gathered so far; results in the order of the files."""

    def __init__(
        self,
        *,
        extras: Sequence[str],
        groups: Sequence[str],
        stdin: Callable[[], bytes],
        environ: Mapping[str, str],
        around: Surroundings,
    ) -> None:
        self.requirements: list[Requirement] = []
        self.constraints: list[Requirement] = []
        self.options: list[FileOption] = []
        self.warnings: list[str] = []
        self.files: dict[str, str] = {}
        self.offered_extras: set[str] | None = None
        self.offered_groups: set[str] | None = None
        self._wanted = (extras, groups)
        self._stdin = stdin
        self._environ = environ
        self._around = around
        self._done: set[tuple[str, bool]] = set()  # absolute path, whether as constraints

    def read_input(self, name: str) -> None:
        """Read one input of the command line."""
        if name == _STDIN:
            self._requirements(self._stdin(), _STDIN_SHOWN, constraint=False, chain=())
            return
        _refuse_remote(name, name, None)
        base = os.path.basename(name)  # noqa: PTH119 - the name of "x/.." matters to nobody
        if base in _FOREIGN:
            raise InputError(
                f"{base} is not a format that distrofirst reads; expected requirements, pyproject.toml or pylock.toml",
                context=name,
                hint=f"turn it into one: {_FOREIGN[base]}",
            )
        path = self._absolute(name)
        if not base.endswith(".toml"):
            self._file(path, name, constraint=False, chain=(), asked_by=None)
        elif (path, False) not in self._done:
            self._done.add((path, False))
            self._toml(self._read(path, name, None), name, path)

    def _toml(self, data: bytes, shown: str, path: str) -> None:
        # Imported here because most inputs are requirements files, and start-up time counts.
        from resolver.requirements.toml import parse_toml  # noqa: PLC0415

        document = parse_toml(decode_toml(data, shown), shown)
        extras, groups = self._wanted
        declared: Declared
        if _PYLOCK.fullmatch(Path(path).name) or "lock-version" in document.data:
            from resolver.requirements.pylock import pylock_requirements  # noqa: PLC0415

            folder = os.path.dirname(path)  # noqa: PTH120 - a string, as the rest of the module has it
            declared = pylock_requirements(document, folder, extras=extras, groups=groups)
        else:
            from resolver.requirements.pyproject import pyproject_requirements  # noqa: PLC0415

            declared = pyproject_requirements(document, extras=extras, groups=groups)
        self.requirements += declared.requirements
        self.offered_extras = (self.offered_extras or set()) | declared.extras
        self.offered_groups = (self.offered_groups or set()) | declared.groups

    def _file(
        self, path: str, shown: str, *, constraint: bool, chain: tuple[tuple[str, str], ...], asked_by: Origin | None
    ) -> None:
        """Read a requirements file unless it was; ``chain`` holds path and shown name of those that led here."""
        for position, (seen, _) in enumerate(chain):
            if seen == path:
                circle = " → ".join([*(name for _, name in chain[position:]), shown])
                raise InputError(
                    f"these files include each other in a circle: {circle}",
                    context=str(asked_by) if asked_by else shown,
                    hint="remove this line",
                )
        if (path, constraint) in self._done:
            return
        self._done.add((path, constraint))
        data = self._read(path, shown, asked_by)
        self._requirements(data, shown, constraint=constraint, chain=(*chain, (path, shown)))

    def _read(self, path: str, shown: str, asked_by: Origin | None) -> bytes:
        data = _read(path, shown, asked_by)
        self.files[shown] = hashlib.sha256(data).hexdigest()
        return data

    def _requirements(self, data: bytes, shown: str, *, constraint: bool, chain: tuple[tuple[str, str], ...]) -> None:
        content = decode_requirements(data, shown)
        for statement in parse_requirements_text(
            content, shown, constraint=constraint, environ=self._environ, around=self._around
        ):
            self._take(statement, chain)

    def _take(self, statement: Statement, chain: tuple[tuple[str, str], ...]) -> None:
        match statement:
            case Requirement():
                (self.constraints if statement.constraint else self.requirements).append(statement)
            case FileOption():
                self.options.append(statement)
            case Note():
                self.warnings.append(f"{statement.origin}: {statement.message}")
            case Include():
                self._include(statement, chain)
            case _:
                assert_never(statement)

    def _include(self, include: Include, chain: tuple[tuple[str, str], ...]) -> None:
        _refuse_remote(include.path, include.written, include.origin)
        place = include.path
        if place[:5].lower() == "file:":
            place = unquote(urlsplit(place).path)
        if place.endswith(".toml"):
            raise InputError(
                f"{include.written!r} is TOML, which a requirements file cannot include",
                context=str(include.origin),
                hint="name it as an input of its own",
            )
        beside = os.path.dirname(include.origin.file)  # noqa: PTH120 - a string, as the user named it
        shown = os.path.normpath(os.path.join(beside, place))  # noqa: PTH118 - Path would not fold ".."
        self._file(self._absolute(shown), shown, constraint=include.constraint, chain=chain, asked_by=include.origin)

    def _absolute(self, name: str) -> str:
        return os.path.normpath(os.path.join(self._around.cwd, name))  # noqa: PTH118 - Path would not fold ".."


def _refuse_remote(place: str, written: str, origin: Origin | None) -> None:
    if _REMOTE.match(place):
        raise InputError(
            f"{written!r} is on another machine; expected a local file, whose content does not change unseen",
            context=str(origin) if origin else None,
            hint="download it first, then name the local copy",
        )


def _read(path: str, shown: str, asked_by: Origin | None) -> bytes:
    """Read a file whole. Raises InputError that names the file, and the line that included it."""
    context = str(asked_by) if asked_by else None
    hint = None
    try:
        return Path(path).read_bytes()
    except FileNotFoundError:
        problem = "does not exist"
        hint = "an included file is looked for beside the file that includes it" if asked_by else None
    except IsADirectoryError:
        problem = "is a folder; expected a file"
        inside = [name for name in _DEFAULTS if Path(path, name).is_file()]
        hint = f"name a file in it: {os.path.join(shown, inside[0])}" if inside else None  # noqa: PTH118 - as the user named it
    except OSError as error:
        problem = f"cannot be read: {error.strerror or error}"
    except ValueError as error:
        problem = f"is not a file's name: {error}"
    raise InputError(f"{shown!r} {problem}", context=context, hint=hint)
