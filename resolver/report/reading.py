"""A report's JSON, read back (``distrofirst/report/1``, as ``as_json`` writes it): what ``diff`` compares, and what a
fleet's report is made of. Whoever wrote it may be another version, on another host: nothing is taken on trust.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from resolver.errors import InputError, UnavailableError
from resolver.model import Outcome, Reason, Unconsulted
from resolver.report.as_json import SCHEMA
from resolver.report.matrix import GAPS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_LONGEST: Final = 1 << 26
"""Bytes of a report or a lock; a thousand projects have about one million."""
_COUNTS: Final = ("projects", "distro", "pypi", "unmet", "unresolved", "inapplicable")
_OPTIONAL: Final = ("version", "os_package", "os_version", "detail")


def read_text(path: Path) -> str:
    """Read a file. Raises InputError for one that cannot be."""
    try:
        with path.open("rb") as stream:  # a pipe, too: a shell's <(…)
            data = stream.read(_LONGEST + 1)
        text = data.decode()
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise InputError(f"cannot be read: {why}", context=str(path)) from error
    if len(data) > _LONGEST:
        raise InputError(f"cannot be read: it is larger than {_LONGEST:,} bytes", context=str(path))
    return text


def targets(text: str, context: str) -> tuple[dict[str, Any], ...]:
    """Give each target's part of a report, whose keys are those that ``as_json`` lists.

    Raises InputError for what is no report; ``context`` is its name.
    """
    return parse(text, context)[0]


def parse(text: str, context: str) -> tuple[tuple[dict[str, Any], ...], tuple[Unconsulted, ...]]:
    """Like ``targets``, with those that could not be asked where the report was made (rule I6)."""
    try:
        document = json.loads(text)
        if document.get("schema") != SCHEMA:
            raise _no_report(context, f"its schema is not {SCHEMA}")
        found = tuple(document["targets"])
        for one in found:
            _check_target(one)
        missing = tuple(map(_missing, document.get("not_consulted", ())))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        why = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise _no_report(context, why) from error
    return found, missing


def _missing(one: Mapping[str, Any]) -> Unconsulted:
    """Read a target that could not be asked; a report says why, and not with which code it would have ended."""
    _expect(one["target"], str)
    _expect(one["why"], str)
    step = one["next_step"]
    if step is not None:
        _expect(step, str)
    return Unconsulted(target=one["target"], why=one["why"], next_step=step, exit_code=UnavailableError.exit_code)


def _check_target(target: Mapping[str, Any]) -> None:
    """Raise ValueError, KeyError, TypeError or AttributeError for what has not a target's form."""
    for key in ("target", "python", "architecture"):
        _expect(target[key], str)
    for key in _COUNTS:
        if not isinstance(target["summary"][key], int) or target["summary"][key] < 0:
            raise ValueError(f"{key} is no number")
    for project in target["projects"]:
        _expect(project["name"], str)
        _expect(project["direct"], bool)
        if Outcome(project["outcome"]) in GAPS or project["reason"] is not None:
            Reason(project["reason"])
        for key in _OPTIONAL:
            if project[key] is not None:
                _expect(project[key], str)


def _expect(value: object, kind: type) -> None:
    if not isinstance(value, kind):
        raise TypeError(f"{value!r:.40} is no {kind.__name__}")


def _no_report(context: str, why: str) -> InputError:
    return InputError(
        f"neither a report nor a lock of distrofirst: {why}",
        context=context,
        hint="make one: distrofirst report --format json -o FILE, or distrofirst lock",
    )
