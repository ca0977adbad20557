"""Who stands behind the OS packages of a plan, in few lines for people (rule T2)."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from resolver.model import Outcome, Support
from resolver.report.plain import count, printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from resolver.model import Backing, Resolution

_WORDS = {
    Support.SUPPORTED: "supported",
    Support.LIMITED: "limited",
    Support.ENDED: "not supported",
    Support.NOT_CHECKED: "not checked",
}
_ORDER = list(Support)
_NAMED = 3
"""How many OS packages are named of those that share an answer."""


def words(backing: Backing) -> str:
    """Give one OS package's answer: ``security support: limited, backports are …``."""
    detail = f", {backing.detail}" if backing.detail else ""
    return printable(f"security support: {_WORDS[backing.support]}{detail}")


def lines(resolution: Resolution) -> Iterator[str]:
    """Give who stands behind how many, then each answer with its reason, and the packages that it is about."""
    serving = {
        one.os.package.name: one.os.package
        for one in resolution.decisions
        if one.outcome is Outcome.DISTRO and one.os is not None and one.os.package.name in resolution.backing
    }
    if not serving:
        return
    behind = Counter(package.repository for package in serving.values())
    named = ", ".join(f"{repository} ({number})" for repository, number in sorted(behind.items()))
    head = f"Behind the {count(len(serving), 'OS package')}: {named}."
    answers: dict[tuple[Support, str], list[str]] = {}
    for name in sorted(serving):
        backing = resolution.backing[name]
        answers.setdefault((backing.support, backing.detail or ""), []).append(name)
    if len(answers) == 1:
        (support, detail), _ = answers.popitem()
        yield printable(f"{head} Security support: {_WORDS[support]}{f' ({detail})' if detail else ''}.")
        return
    yield printable(head)
    for (support, detail), names in sorted(answers.items(), key=lambda item: (_ORDER.index(item[0][0]), item[0][1])):
        which = "" if support is Support.SUPPORTED else f": {', '.join(names[:_NAMED])}"
        more = " …" if which and len(names) > _NAMED else ""
        yield printable(
            f"Security support: {len(names)} {_WORDS[support]}{f' ({detail})' if detail else ''}{which}{more}."
        )
