"""What is printed and written: to stdout, to stderr, into files that are whole or not there."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from resolver.errors import CommandError, DistrofirstError, InputError
from resolver.files import beside
from resolver.report.plain import printable

if TYPE_CHECKING:
    from collections.abc import Mapping

NO = 1
"""The exit code of a question whose answer is no."""


def width() -> int | None:
    """Give the terminal's width; None where stdout is none."""
    return os.get_terminal_size(sys.stdout.fileno()).columns if sys.stdout.isatty() else None


def text_of(name: str) -> str | None:
    """Read an input again, line endings as they are."""
    with contextlib.suppress(OSError, UnicodeDecodeError):
        return Path(name).read_bytes().decode()
    return None


def put(text: str, output: Path | None) -> None:
    """Write the payload to stdout (None or ``-``) or to a file: whole or not at all."""
    data = encoded(text)
    if output is None or str(output) == "-":
        sys.stdout.write(text)
        return
    write_files({output: data})


def encoded(text: str) -> bytes:
    """Give the payload's bytes. Raises InputError where a file's name keeps it from being UTF-8."""
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        name = text[: error.end].rpartition('"')[2]
        raise InputError(f"a file's name is not UTF-8, and the output has to hold it: {name!r}…") from error


def write_files(files: Mapping[Path, bytes]) -> None:
    """Write files: all of them whole, or none."""
    aside: dict[Path, Path] = {}
    output = Path()
    try:
        for output, data in files.items():
            # A link stays one, and what is no file (/dev/stdout, a pipe) is written to, never replaced.
            path = Path(os.path.realpath(output))
            if path.exists() and not path.is_file():
                path.write_bytes(data)
                continue
            aside[path] = beside(path)
            with aside[path].open("xb") as stream:
                stream.write(data)
        for path, temporary in aside.items():
            temporary.replace(path)
    except OSError as error:
        raise CommandError(f"cannot write: {error.strerror}", context=str(output)) from error
    finally:
        for temporary in aside.values():
            temporary.unlink(missing_ok=True)


def tell(text: str) -> None:
    """Say something on stderr; its lines stay lines, and nothing else in it is obeyed by a terminal."""
    # File names, an index's words and what other hosts report end up in messages, too.
    print("\n".join(map(printable, text.split("\n"))), file=sys.stderr)


def print_error(error: DistrofirstError) -> None:
    """Tell of an error on stderr: where, what, and the next step."""
    place = f"{error.context}: " if error.context else ""
    tell(f"distrofirst: error: {place}{error.message}")
    if error.hint:
        tell(f"distrofirst: hint: {error.hint}")
