"""TOML tables and JSON objects that know where they stand: reading with checks whose complaints name the value's path.

A reader asks for what it expects (``table.text("url", …)``) and gets a value of that type or raises InputError with
``packages[2].wheels[0].url``, what was expected and what was found.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NoReturn, TypeVar

from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import InvalidVersion, Version

from resolver.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from enum import StrEnum

OS_PACKAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9+._-]*(:[a-z0-9_-]+)?", re.ASCII)
"""The name of an OS package, ``:i386`` at its end where it is of a foreign architecture."""
OS_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+:~^_-]*(?<!-)", re.ASCII)
"""Its version. Both are words of commands that root runs: never an option (``--pipe=…`` has rpm run a program), nor
with a ``-`` at the end, by which apt removes what it is asked for."""

_Value = TypeVar("_Value")
_Enum = TypeVar("_Enum", bound="StrEnum")

_KINDS = {
    "bool": "a boolean",
    "date": "a date",
    "datetime": "a time",
    "dict": "a table",
    "float": "a number",
    "int": "an integer",
    "list": "an array",
    "NoneType": "null",
    "str": "a string",
    "time": "a time without a date",
}
"""TOML's types in words (and JSON's null), by the name of the Python type that each is read as."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """A TOML table that knows where it stands, so that every complaint can say so."""

    values: Mapping[str, object]
    path: str = ""
    """``packages[2].wheels[0]``; empty for the document."""
    context: str
    """The file, as errors name it."""
    hint: str | None = None
    """The next step that goes with every complaint."""

    def fail(self, key: str, message: str) -> NoReturn:
        """Raise the InputError that says what is wrong with the value under ``key``."""
        raise InputError(f"{self._path(key)}: {message}", context=self.context, hint=self.hint)

    def _path(self, key: str) -> str:
        return f"{self.path}.{key}" if self.path else key

    def has(self, key: str) -> bool:
        """Tell whether the key is there."""
        return key in self.values

    def get(self, key: str, kind: type[_Value]) -> _Value | None:
        """Give the value, None where the key is absent; bool is no int here, as in TOML."""
        value = self.values.get(key)
        if value is None:
            return None
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            self.fail(key, f"expected {_KINDS[kind.__name__]}, found {_KINDS[type(value).__name__]}")
        return value

    def need(self, key: str, kind: type[_Value]) -> _Value:
        """Give the value of a key that must be there."""
        value = self.get(key, kind)
        if value is None:
            self.fail(key, f"expected {_KINDS[kind.__name__]}, found nothing")
        return value

    def optional(self, key: str) -> str | None:
        """Give a string, None where the key is absent."""
        return self.get(key, str)

    def text(self, key: str, pattern: re.Pattern[str] | None = None, meaning: str = "") -> str:
        """Give a string that matches ``pattern`` as a whole; ``meaning`` words the pattern."""
        value = self.need(key, str)
        if pattern and not pattern.fullmatch(value):
            self.fail(key, f"expected {meaning}, found {value!r}")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """Give an array of strings; an absent key is an empty array."""
        texts = self.get(key, list) or []
        for position, text in enumerate(texts):
            if not isinstance(text, str):
                self.fail(f"{key}[{position}]", f"expected a string, found {_KINDS[type(text).__name__]}")
        return tuple(texts)

    def name(self, key: str) -> NormalizedName:
        """Give the name of a project, normalized as it stands (PEP 503)."""
        value = self.text(key)
        if canonicalize_name(value) != value:
            self.fail(key, f"expected the normalized name {canonicalize_name(value)}, found {value}")
        return NormalizedName(value)

    def version(self, key: str) -> Version:
        """Give a version (PEP 440)."""
        value = self.text(key)
        try:
            return Version(value)
        except InvalidVersion:
            self.fail(key, f"expected a version (PEP 440), found {value!r}")

    def choice(self, key: str, kind: type[_Enum]) -> _Enum:
        """Give the member of ``kind`` that a string names."""
        value = self.text(key)
        try:
            return kind(value)
        except ValueError:
            self.fail(key, f"expected one of {', '.join(kind)}, found {value!r}")

    def table(self, key: str) -> Table:
        """Give the table under ``key``."""
        return replace(self, values=self.need(key, dict), path=self._path(key))

    def tables(self, key: str) -> tuple[Table, ...]:
        """Give the array of tables under ``key``, maybe empty."""
        found = []
        for position, value in enumerate(self.need(key, list)):
            if not isinstance(value, dict):
                self.fail(f"{key}[{position}]", f"expected a table, found {_KINDS[type(value).__name__]}")
            found.append(replace(self, values=value, path=f"{self._path(key)}[{position}]"))
        return tuple(found)

    def unique(self, key: str, names: Iterable[str]) -> None:
        """Fail where one of the names, position by position those of the array under ``key``, comes again."""
        seen: set[str] = set()
        for position, name in enumerate(names):
            if name in seen:
                self.fail(f"{key}[{position}]", f"{name} stands here twice")
            seen.add(name)

    def same(self, key: str, there: set[str], wanted: set[str]) -> None:
        """Fail unless the array under ``key`` holds exactly what its projects want."""
        if missing := wanted - there:
            self.fail(key, f"projects need {', '.join(sorted(missing))}, found nothing")
        if surplus := there - wanted:
            self.fail(key, f"no project needs {', '.join(sorted(surplus))}")


def without_gaps(**values: object) -> dict[str, object]:
    """Leave out what is None: TOML has no word for it."""
    return {key: value for key, value in values.items() if value is not None}
