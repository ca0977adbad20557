"""A report's JSON, read back (``distrofirst/report/1``, as ``as_json`` writes it): what ``diff`` compares, and what a
fleet's report is made of. Whoever wrote it may be another version, on another host: nothing is taken on trust.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from resolver.errors import InputError
from resolver.model import Outcome, Reason
from resolver.report.as_json import SCHEMA
from resolver.report.matrix import GAPS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_COUNTS: Final = ("projects", "distro", "pypi", "unmet", "unresolved", "inapplicable")
_OPTIONAL: Final = ("version", "os_package", "os_version", "detail")


def read_text(path: Path) -> str:
    """Read a file. Raises InputError for one that cannot be."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise InputError(f"cannot be read: {why}", context=str(path)) from error


def targets(text: str, context: str) -> tuple[dict[str, Any], ...]:
    """Give each target's part of a report, whose keys are those that ``as_json`` lists.

    Raises InputError for what is no report; ``context`` is its name.
    """
    try:
        document = json.loads(text)
        if document.get("schema") != SCHEMA:
            raise _no_report(context, f"its schema is not {SCHEMA}")
        found = tuple(document["targets"])
        for one in found:
            _check_target(one)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        why = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise _no_report(context, why) from error
    return found


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
