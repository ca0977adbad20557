"""One file of many, answered: a line of JSON (``distrofirst/survey/1``), there and back.

It is what ``--format jsonl`` prints, what the processes of a survey hand over, and what is kept of one that was killed.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from resolver.files import sha256_of
from resolver.model import Unconsulted

SCHEMA: Final = "distrofirst/survey/1"
"""Of a line. Changes only when a key changes its meaning or goes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """Why a file has no report."""

    message: str
    context: str | None
    hint: str | None
    exit_code: int
    asks_nothing: bool = False
    """A pyproject.toml that only configures tools, say: nothing is wrong with it."""

    def __str__(self) -> str:
        """Give one line."""
        return f"{self.context}: {self.message}" if self.context else self.message


@dataclass(frozen=True, kw_only=True, slots=True)
class Surveyed:
    """One file's answer."""

    file: str
    """As it is shown: the folder as the user named it, and the way from there."""
    question: str
    """What all files are asked; another question makes an earlier answer worthless."""
    read: tuple[tuple[str, str], ...] = ()
    """Every file that the answer comes from, and its sha256."""
    targets: tuple[dict[str, Any], ...] = ()
    """As in the report's own JSON, one a target (``distrofirst/report/1``)."""
    missing: tuple[Unconsulted, ...] = ()
    """The targets that have no answer for this file (rule I6)."""
    warnings: tuple[str, ...] = ()
    failure: Failure | None = None

    def line(self) -> str:
        """Write it as a line of JSON, the same for the same answer (rule R7)."""
        document = {
            "schema": SCHEMA,
            "file": self.file,
            "question": self.question,
            "read": self.read,
            "targets": self.targets,
            "not_consulted": [asdict(one) for one in self.missing],
            "warnings": self.warnings,
            "failure": asdict(self.failure) if self.failure else None,
        }
        return json.dumps(document, sort_keys=True, separators=(",", ":")) + "\n"

    @property
    def is_current(self) -> bool:
        """Whether all that was read is still the same."""
        return bool(self.read) and all(sha256_of(Path(name)) == digest for name, digest in self.read)


def parse(line: str) -> Surveyed | None:
    """Read a line back; None for what is not one, or not whole."""
    with suppress(ValueError, KeyError, TypeError, AttributeError):
        document = json.loads(line)
        if document["schema"] == SCHEMA:
            return Surveyed(
                file=str(document["file"]),
                question=str(document["question"]),
                read=tuple((str(name), str(digest)) for name, digest in document["read"]),
                targets=tuple(document["targets"]),
                missing=tuple(Unconsulted(**one) for one in document["not_consulted"]),
                warnings=tuple(map(str, document["warnings"])),
                failure=Failure(**document["failure"]) if document["failure"] else None,
            )
    return None
