"""What may be wrong with a wheel (rule P4): a kind and a detail each, and what is said of it.

A kind that a review can settle is one whose file does what it says, for good or ill: whoever has read it may allow it
for one project. The others are archives and metadata that contradict themselves; no reading of them would hold.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, assert_never

if TYPE_CHECKING:
    from collections.abc import Iterable


class Fault(StrEnum):
    """What is wrong. The values of those that can be allowed are keys of the configuration."""

    # The archive
    UNREADABLE = "unreadable"
    AMBIGUOUS = "ambiguous"
    """Two readers of ZIP archives would not see the same files."""
    ENCRYPTED = "encrypted"
    COMPRESSION = "compression"
    BOMB = "bomb"
    DAMAGED = "damaged"
    """What is unpacked has another size or checksum than the archive says."""
    OUTSIDE = "outside"
    """A path that leaves its folder, or that systems understand differently."""
    DUPLICATE = "duplicate"
    LETTER_CASE = "letter-case"
    SPECIAL = "special"
    """A link, a device, a pipe."""
    SETUID = "setuid"
    # What it says of itself
    IDENTITY = "identity"
    FOREIGN_METADATA = "foreign-metadata"
    DEPENDENCIES = "dependencies"
    PYTHON = "python"
    WHEEL_FILE = "wheel-file"
    TAGS = "tags"
    # RECORD
    NO_RECORD = "no-record"
    UNHASHED = "unhashed"
    CONTENT = "content"
    UNLISTED = "unlisted"
    NOT_THERE = "not-there"
    # What it would do to the environment
    PTH = "pth"
    SITE_HOOK = "site-hook"
    ENVIRONMENT = "environment"
    """A file that the environment is made of, distrofirst's own included."""
    ROOT = "root"
    SCRIPT = "script"
    ENTRY_POINT = "entry-point"
    STDLIB = "stdlib"
    BYTECODE = "bytecode"
    SHARED = "shared"
    """Two wheels of one lock put different files into one place."""
    SHADOW = "shadow"
    """It would be imported in place of what an OS package of the same lock has."""

    @property
    def can_be_allowed(self) -> bool:
        """Whether a reviewed line of the configuration may let it pass."""
        return self in _REVIEWABLE


_REVIEWABLE = frozenset(
    {
        Fault.BOMB,
        Fault.LETTER_CASE,
        Fault.TAGS,
        Fault.UNHASHED,
        Fault.UNLISTED,
        Fault.NOT_THERE,
        Fault.PTH,
        Fault.ROOT,
        Fault.STDLIB,
        Fault.BYTECODE,
        Fault.SHARED,
        Fault.SHADOW,
    }
)
REVIEWABLE = tuple(sorted(fault.value for fault in _REVIEWABLE))
"""The keys of ``[tool.distrofirst.allow]``."""


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class WheelFinding:
    """One thing that is wrong with one wheel."""

    fault: Fault
    detail: str
    """The file or the field, and what is there; printable."""

    def __str__(self) -> str:
        """Say it in one line."""
        return f"{said_of(self.fault)}: {self.detail}"


def found(fault: Fault, detail: str) -> WheelFinding:
    """Make a finding; what an archive holds may be anything, and a terminal must not obey it."""
    shown = "".join(character if character.isprintable() else ascii(character)[1:-1] for character in detail)
    return WheelFinding(fault=fault, detail=shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}…")


_LONGEST = 300


def said_of(fault: Fault) -> str:  # noqa: C901, PLR0911, PLR0912 - one arm a kind
    """Give the words for a kind; its detail follows them."""
    match fault:
        case Fault.UNREADABLE:
            return "this is no readable ZIP archive"
        case Fault.AMBIGUOUS:
            return "other programs may see other files in this archive"
        case Fault.ENCRYPTED:
            return "an entry is encrypted"
        case Fault.COMPRESSION:
            return "an entry is packed in a way that pip does not read"
        case Fault.BOMB:
            return "it unpacks to far more than it should"
        case Fault.DAMAGED:
            return "an entry does not unpack to what the archive says"
        case Fault.OUTSIDE:
            return "a path leaves its folder, or means different things to different systems"
        case Fault.DUPLICATE:
            return "two entries would be one file"
        case Fault.LETTER_CASE:
            return "two paths differ in the case of letters alone"
        case Fault.SPECIAL:
            return "an entry is a link or a device, not a file"
        case Fault.SETUID:
            return "a file would run with its owner's rights"
        case Fault.IDENTITY:
            return "it is not the wheel that the lock names"
        case Fault.FOREIGN_METADATA:
            return "it carries another project's metadata"
        case Fault.DEPENDENCIES:
            return "it needs other projects than the plan was made with"
        case Fault.PYTHON:
            return "it is not for the target's Python"
        case Fault.WHEEL_FILE:
            return "its WHEEL file makes no sense"
        case Fault.TAGS:
            return "its WHEEL file names other tags than its file name"
        case Fault.NO_RECORD:
            return "its RECORD cannot be used"
        case Fault.UNHASHED:
            return "RECORD gives no sha256 for a file"
        case Fault.CONTENT:
            return "a file is not the one in RECORD"
        case Fault.UNLISTED:
            return "a file is not in RECORD"
        case Fault.NOT_THERE:
            return "RECORD names a file that is not there"
        case Fault.PTH:
            return "a file would run whenever Python starts"
        case Fault.SITE_HOOK:
            return "a module would be imported whenever Python starts"
        case Fault.ENVIRONMENT:
            return "it would replace what the environment is made of"
        case Fault.ROOT:
            return "a file would go beside the environment's own folders"
        case Fault.SCRIPT:
            return "a command would hide python, pip or activate"
        case Fault.ENTRY_POINT:
            return "an entry point makes no command"
        case Fault.STDLIB:
            return "a module has the name of one of Python's own"
        case Fault.BYTECODE:
            return "compiled code would be taken for another file's"
        case Fault.SHARED:
            return "two wheels have different files for one place"
        case Fault.SHADOW:
            return "a module would hide a project that the distribution serves"
        case _:
            assert_never(fault)


def in_words(findings: Iterable[WheelFinding], *, most: int = 5) -> list[str]:
    """Word findings, one line each, those beyond ``most`` of a kind only counted."""
    by_fault: dict[Fault, list[WheelFinding]] = {}
    for finding in sorted(findings):
        by_fault.setdefault(finding.fault, []).append(finding)
    lines = []
    for fault, several in by_fault.items():
        lines += [str(finding) for finding in several[:most]]
        if len(several) > most:
            lines.append(f"{said_of(fault)}: {len(several) - most} more")
    return lines
