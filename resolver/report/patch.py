"""What ``--relax`` found, as a patch to the files that hold the bounds: for ``patch -p1`` or ``git apply``.

Lines before the first file are comments to both. Bounds that no patch should loosen are told of there: a line with
``--hash`` cannot lose its hash alone (pip wants one for every line or for none), and what came from standard input has
no file.
"""

from __future__ import annotations

import re
from collections import defaultdict
from difflib import unified_diff
from typing import TYPE_CHECKING, Final

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from resolver.report import gains
from resolver.report.formats import PLAIN, Frame
from resolver.report.plain import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from resolver.model import Gain, Origin, Resolution

_CLAUSE: Final = r"(?:===|==|~=|!=|<=|>=|<|>)\s*[^\s,;#\"'()\\]+"
_BOUND: Final = rf"\(?\s*{_CLAUSE}(?:\s*,\s*{_CLAUSE})*\s*,?\s*\)?"
"""The bound of a requirement as PEP 508 lets it be written, parentheses included."""


def render(resolutions: Sequence[Resolution], frame: Frame = PLAIN) -> str:
    """Give the patch that loosens the bounds of all gains of one target, with what they buy above it."""
    (resolution,) = resolutions
    told = list(gains.comments(resolution))
    wanted: defaultdict[str, list[tuple[Gain, Origin, str, str]]] = defaultdict(list)
    for gain in resolution.gains:
        for origin, old, new in gain.bounds if gain.moved and not gain.hashed else ():
            wanted[origin.file].append((gain, origin, old, new))
        if gain.moved and gain.hashed:
            told.append(f"# {gain.project}: not in this patch, for its line has --hash; --format configuration has it")
    patches: list[str] = []
    for file, changes in sorted(wanted.items()):
        # A patch has no word for a name that is more than a line, and what stands in it would be patched, too.
        text = frame.read(file) if file.isprintable() else None
        before = re.findall(r"[^\n]*\n|[^\n]+", text or "")
        after = list(before)
        for gain, origin, old, new in changes:
            if not _loosen(after, gain.project, origin.line, SpecifierSet(old), new):
                told.append(printable(f"# {gain.project}: not in this patch; by hand: {origin}: {old} → {new}"))
        if after != before:
            patches.extend(_diff(_place(file, frame.folder), before, after))
    return "".join([*(f"{line}\n" for line in told), *patches])


def _loosen(lines: list[str], project: str, number: int, old: SpecifierSet, new: str) -> bool:
    """Change the one bound of a project in a line (from 1) and those that continue it; tell whether it was found."""
    name = r"[-_.]+".join(map(re.escape, project.split("-")))
    pattern = re.compile(rf"(?<![\w.-])(?P<before>{name}\s*(?:\[[^\]]*\])?\s*)(?P<bound>{_BOUND})", re.IGNORECASE)
    for at in range(number - 1, len(lines)):
        for found in pattern.finditer(lines[at]):
            if _is(found["bound"], old):
                start, end = found.span("bound")
                # What follows the bound keeps its distance, and a bound that is gone leaves none behind.
                trailing = found["bound"][len(found["bound"].rstrip()) :]
                lines[at] = f"{lines[at][:start]}{new}{trailing}{lines[at][end:]}"
                return True
        if not lines[at].rstrip("\r\n").endswith("\\"):
            return False
    return False


def _is(written: str, bound: SpecifierSet) -> bool:
    try:
        return SpecifierSet(written.strip().removeprefix("(").removesuffix(")")) == bound
    except InvalidSpecifier:
        return False


def _place(file: str, folder: Path) -> str:
    """Give a file's name as seen from the folder that the patch is applied in; from the root, if it is not there."""
    path = folder / file
    return str(path.relative_to(folder) if path.is_relative_to(folder) else path.relative_to("/"))


def _diff(name: str, before: Sequence[str], after: Sequence[str]) -> Iterator[str]:
    end = "\t" if " " in name else ""  # or patch takes the name to end at its first space
    for line in unified_diff(before, after, f"a/{name}{end}", f"b/{name}{end}"):
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
