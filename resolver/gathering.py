"""The use case ``report FOLDER`` of a fleet: the reports that its hosts have made, as JSON, in one.

Each host has made its own report, with its own metadata; here nothing is looked up, and nothing of this host counts.
"""

from __future__ import annotations

from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from resolver.errors import InputError
from resolver.report import reading
from resolver.report.survey.line import Failure, Surveyed
from resolver.requirements.finding import has_requirements

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_SUFFIX = ".json"


def reports(inputs: Sequence[str]) -> tuple[str, ...] | None:
    """Give the files that inputs stand for, where they are hosts' reports; None where they are not.

    Such are ``.json`` files, and folders that hold them and nothing that asks for projects.

    Raises InputError where some are and some are not.
    """
    found = [_reports(name) for name in inputs]
    if not any(found):
        return None
    for name, there in zip(inputs, found, strict=True):
        if not there:
            raise InputError(
                "this is no report, and other inputs are",
                context=name,
                hint="report on what asks for projects by itself; --format json makes it one of the reports",
            )
    return tuple(dict.fromkeys(chain.from_iterable(found)))


def _reports(name: str) -> tuple[str, ...]:
    path = Path(name)
    if not path.is_dir():
        return (name,) if name.endswith(_SUFFIX) else ()
    if has_requirements(name):
        return ()
    below = (one.relative_to(path) for one in path.rglob(f"*{_SUFFIX}") if one.is_file())
    found = sorted(one for one in below if not any(part.startswith(".") for part in one.parts))
    return tuple(f"{name.rstrip('/')}/{one}" for one in found)


def gather(files: Sequence[str]) -> Iterator[Surveyed]:
    """Read each host's report; the host's name is its file's, without ``.json``."""
    for file in files:
        host = file.removesuffix(_SUFFIX)
        try:
            targets, missing = reading.parse(reading.read_text(Path(file)), file)
        except InputError as error:
            failure = Failure(message=error.message, context=error.context, hint=error.hint, exit_code=error.exit_code)
            yield Surveyed(file=host, question="", failure=failure)
        else:
            yield Surveyed(file=host, question="", targets=targets, missing=missing)
