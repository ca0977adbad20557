"""A requirements file's text → statements: requirements, options, includes, notes. Opens nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from resolver.model import FileOption, Origin, Requirement
from resolver.requirements.lines import logical_lines
from resolver.requirements.options import (
    CONSTRAINT,
    EDITABLE,
    FOR_A_BUILD,
    FOR_ONE_REQUIREMENT,
    HASH,
    REQUIREMENT,
    LineOptions,
    parse_options,
    split_line,
)
from resolver.requirements.requirement import parse_editable, parse_requirement

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from resolver.requirements.lines import LogicalLine
    from resolver.requirements.surroundings import Surroundings


@dataclass(frozen=True, kw_only=True, slots=True)
class Include:
    """``-r FILE`` or ``-c FILE``."""

    path: str
    """As given, environment variables put in; relative to the including file."""
    written: str
    """As the file has it, to show."""
    constraint: bool
    """Whether it was ``-c``. A ``-r`` inside a constraints file asks for what it lists: pip's rule."""
    origin: Origin


@dataclass(frozen=True, kw_only=True, slots=True)
class Note:
    """Something that pip passes over in silence and the user should hear of."""

    message: str
    origin: Origin


Statement = Requirement | FileOption | Include | Note


def parse_requirements_text(
    content: str, shown: str, *, constraint: bool, environ: Mapping[str, str], around: Surroundings
) -> Iterator[Statement]:
    """Yield the statements of one file in order.

    ``shown`` is the file's name for people; ``constraint`` says whether the file was included by ``-c``.
    Raises InputError, with file and line, for what pip refuses.
    """
    for line in logical_lines(content, environ):
        origin = Origin(file=shown, line=line.number)
        yield from _statements(line, origin, constraint=constraint, around=around)


def _statements(line: LogicalLine, origin: Origin, *, constraint: bool, around: Surroundings) -> Iterator[Statement]:
    """Give what one line says. Of several things on a line pip takes the first in this order:
    a requirement, an editable, an include, options.
    """
    requirement, option_text = split_line(line.text)
    requirement_written, option_text_written = split_line(line.written)
    options = parse_options(option_text, line.written, origin)
    # Read a second time, and only where a variable was put in: what is shown must not hold its value.
    as_written = options if line.text == line.written else parse_options(option_text_written, line.written, origin)
    if requirement:
        yield parse_requirement(
            requirement,
            origin,
            around=around,
            hashes=options.values(HASH),
            constraint=constraint,
            written=requirement_written,
        )
        used = {HASH}
    elif editables := options.values(EDITABLE):
        shown = _first(as_written, EDITABLE, line)
        yield parse_editable(editables[0], origin, around=around, constraint=constraint, written=shown)
        used = {EDITABLE}
    elif included := options.values(REQUIREMENT) or options.values(CONSTRAINT):
        option = REQUIREMENT if options.values(REQUIREMENT) else CONSTRAINT
        shown = _first(as_written, option, line)
        yield Include(path=included[0], written=shown, constraint=option == CONSTRAINT, origin=origin)
        used = {option}
    else:
        yield from (
            FileOption(name=name, value=value, origin=origin)
            for name, value in options.given
            if name not in FOR_ONE_REQUIREMENT
        )
        used = {name for name, _ in options.given} - FOR_ONE_REQUIREMENT
    yield from _notes(as_written, used, origin)


def _first(options: LineOptions, name: str, line: LogicalLine) -> str:
    values = options.values(name)
    return values[0] if values else line.written


def _notes(options: LineOptions, used: set[str], origin: Origin) -> Iterator[Note]:
    """Name what the line holds beyond its one statement: pip drops it, so we do, but not in silence."""
    if options.ignored:
        yield Note(message=f"ignored, as pip ignores it: {' '.join(options.ignored)}", origin=origin)
    seen: set[str] = set()
    for name, value in options.given:
        repeated = name in {EDITABLE, REQUIREMENT, CONSTRAINT} and name in seen
        seen.add(name)
        if name in FOR_A_BUILD:
            yield Note(message=f"{name} has no effect: it steers the build of an sdist", origin=origin)
        elif name not in used or repeated:
            shown = name if value is None else f"{name} {value}"
            yield Note(message=f"ignored, as pip ignores it beside the rest of the line: {shown}", origin=origin)
