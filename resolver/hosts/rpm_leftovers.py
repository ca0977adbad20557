"""What an rpm that was killed leaves lying about: files under the names that they have before they are in place.

rpm writes ``NAME;6b0578a2``, the number being the time at which its transaction began, and renames that. It never looks
for those of a transaction that was killed. They are no OS package's, and nobody else names files so.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from resolver.model import Command

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from resolver.ports import Runner

_UNFINISHED = re.compile(r".+;[0-9a-f]{8}")
ROOTS = ("/usr", "/etc")


def clearing(runner: Runner, roots: Iterable[str] = ROOTS) -> tuple[Command, ...]:
    """Give the command that removes them; none where there are none. Looks through both trees, which takes a second."""
    found = [path for path in sorted(_unfinished(roots)) if not _is_owned(runner, path)]
    if not found:
        return ()
    return (Command(argv=("rm", "-f", "--", *found), privileged=True, purpose="clear away what rpm left half done"),)


def _unfinished(roots: Iterable[str]) -> Iterator[str]:
    for root in roots:
        for folder, _, names in os.walk(root):
            yield from (f"{folder}/{name}" for name in names if _UNFINISHED.fullmatch(name))


def _is_owned(runner: Runner, path: str) -> bool:
    return runner.run(Command(argv=("rpm", "--query", "--file", path), purpose="see whose that is")).returncode == 0
