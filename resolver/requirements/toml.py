"""TOML with the line of every value: tomllib reads the values, a scan of the text finds where they stand.

tomllib tells no positions. The scan below runs only over text that tomllib has accepted, so it needs to know how TOML
is cut into tokens, but not how it can be wrong.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from resolver.errors import InputError
from resolver.model import Origin

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    Path = tuple[str | int, ...]

_TOKEN = re.compile(
    r"""
      (?P<space>[ \t\r]+|\#[^\n]*)
    | (?P<newline>\n)
    | (?P<string>\"\"\"(?:[^\\]|\\.)*?\"{3,5}(?!\") | '''.*?'{3,5}(?!') | "(?:[^"\\]|\\.)*" | '[^']*')
    | (?P<mark>[\[\]{},=.])
    | (?P<bare>[^\s\[\]{},=."'\#]+)
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class TomlDocument:
    """A parsed TOML file that can say where a value stands."""

    shown: str
    """The file's name for people."""
    data: Mapping[str, Any]
    _lines: Mapping[Path, int] = field(default_factory=dict)

    def origin(self, *path: str | int) -> Origin:
        """Say where the value at ``path`` stands, or else the nearest thing around it that has a place."""
        for length in range(len(path), 0, -1):
            if line := self._lines.get(path[:length]):
                return Origin(file=self.shown, line=line)
        return Origin(file=self.shown, line=1)


def parse_toml(content: str, shown: str) -> TomlDocument:
    """Parse TOML. Raises InputError with the line where it is none."""
    import tomllib  # noqa: PLC0415 - 4 ms that requirements files need not pay

    try:
        data = tomllib.loads(content)
        lines = _Scan(content).lines
    except tomllib.TOMLDecodeError as error:
        found = re.fullmatch(r"(.*) \(at line (\d+), column \d+\)", str(error), re.DOTALL)
        message, context = (found[1], f"{shown}:{found[2]}") if found else (str(error), shown)
        raise InputError(f"this is not valid TOML: {message}", context=context) from None
    except (ValueError, RecursionError) as error:
        # A number of thousands of digits, brackets a thousand deep.
        raise InputError(f"this TOML cannot be read: {error}", context=shown) from None
    return TomlDocument(shown=shown, data=data, _lines=lines)


class _Scan:
    """One pass over the tokens; ``lines`` maps each key's and array item's path to its 1-based line."""

    def __init__(self, content: str) -> None:
        self.lines: dict[Path, int] = {}
        self._ends = [found.start() for found in re.finditer("\n", content)]
        self._tokens = [
            (str(found.lastgroup), found.group(), found.start())
            for found in _TOKEN.finditer(content)
            if found.lastgroup != "space"
        ]
        self._at = 0
        self._tables: dict[Path, int] = {}  # how many [[tables]] each path has had
        self._document()

    def _document(self) -> None:
        table: Path = ()
        while self._at < len(self._tokens):
            if self._kind() == "newline":
                self._at += 1
            elif self._text() == "[":
                table = self._header()
            else:
                self._pair(table)

    def _header(self) -> Path:
        """Read ``[a.b]`` or ``[[a.b]]``; the latter opens the next table of its array."""
        line = self._line()
        is_array = self._next_text() == "["
        self._at += 2 if is_array else 1
        path: Path = ()
        key = self._key()
        for position, part in enumerate(key):
            path = (*path, part)
            if is_array and position == len(key) - 1:
                self._tables[path] = self._tables.get(path, 0) + 1
            if path in self._tables:
                self.lines.setdefault(path, line)
                path = (*path, self._tables[path] - 1)
        self._at += 2 if is_array else 1
        self.lines.setdefault(path, line)
        return path

    def _pair(self, table: Path) -> None:
        line = self._line()
        path = table
        for part in self._key():
            path = (*path, part)
            self.lines.setdefault(path, line)
        self._at += 1  # =
        self._value(path)

    def _key(self) -> list[str]:
        parts = [self._key_part()]
        while self._text() == ".":
            self._at += 1
            parts.append(self._key_part())
        return parts

    def _key_part(self) -> str:
        text = self._text()
        self._at += 1
        if text[0] == '"':
            import tomllib  # noqa: PLC0415 - see parse_toml

            return str(tomllib.loads(f"key = {text}")["key"])
        return text[1:-1] if text[0] == "'" else text

    def _value(self, path: Path) -> None:
        if self._text() == "[":
            self._array(path)
        elif self._text() == "{":
            self._inline_table(path)
        else:
            # A number or a date may be several tokens: 1.5, 1979-05-27 07:32:00.
            while self._at < len(self._tokens) and self._kind() != "newline" and self._text() not in {",", "]", "}"}:
                self._at += 1

    def _array(self, path: Path) -> None:
        self._at += 1
        index = 0
        while self._text() != "]":
            if self._kind() == "newline" or self._text() == ",":
                self._at += 1
            else:
                self.lines[*path, index] = self._line()
                self._value((*path, index))
                index += 1
        self._at += 1

    def _inline_table(self, path: Path) -> None:
        self._at += 1
        while self._text() != "}":
            if self._kind() == "newline" or self._text() == ",":
                self._at += 1
            else:
                self._pair(path)
        self._at += 1

    def _kind(self) -> str:
        return self._tokens[self._at][0]

    def _text(self) -> str:
        return self._tokens[self._at][1]

    def _next_text(self) -> str:
        return self._tokens[self._at + 1][1]

    def _line(self) -> int:
        return bisect_left(self._ends, self._tokens[self._at][2]) + 1
