"""The answer of ``explain``: each project's chain of evidence as an indented tree (rule R8).

What was looked up, on what evidence, what was rejected and why, and who asked. Plain text: a tree needs no colour.
"""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import wrap
from typing import TYPE_CHECKING

from resolver.model import Outcome, Reason
from resolver.report.backing import words as support
from resolver.report.plain import printable, source
from resolver.report.reasons import words

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from packaging.utils import NormalizedName

    from resolver.model import Backing, Decision, OsCandidate, Resolution

_WIDTH_WITHOUT_TERMINAL = 100
_LEAST_WIDTH = 40
_LAST = ("└─ ", "   ")
"""How the last branch of a fork begins, and what continues under it."""
_NOT_LAST = ("├─ ", "│  ")


@dataclass(frozen=True, kw_only=True, slots=True)
class Branch:
    """One part of a project's story."""

    title: str
    leaves: tuple[str, ...] = ()
    inline: bool = False
    """Whether the one leaf completes the title, and belongs on its line."""
    names: bool = False
    """Whether each leaf begins with what may be a project's name, up to a colon."""


def render(
    resolutions: Sequence[Resolution], *, projects: Collection[str] | None = None, width: int | None = None
) -> str:
    """Give one tree for each project asked about, target by target; text that ends with a newline.

    ``projects`` are names as decisions carry them; None stands for those that the inputs list. ``width`` is in
    columns, None where there is no terminal; only a single word may be longer than a line.
    """
    columns = max(width or _WIDTH_WITHOUT_TERMINAL, _LEAST_WIDTH)
    lines: list[str] = []
    for resolution in resolutions:
        lines.extend(_wrapped(_headline(resolution), columns))
        known = {decision.name: decision for decision in resolution.decisions}
        for decision in resolution.decisions:
            if decision.direct if projects is None else decision.name in projects:
                lines.append("")
                lines.extend(_tree(decision, known, resolution.backing, columns))
        lines.append("")
        if projects is None:
            lines.extend(_other_warnings(resolution, columns))
    return "\n".join(lines)


def _other_warnings(resolution: Resolution, columns: int) -> Iterable[str]:
    """Give what the plan warns of but for the concerns of listed projects, which stand in their trees."""
    told = {concern.text for one in resolution.decisions if one.direct for concern in one.concerns}
    others = [warning for warning in resolution.warnings if warning not in told]
    if others:
        yield "Warnings:"
        for warning in others:
            yield from _wrapped(warning, columns, first="- ", rest="  ")
        yield ""


def _headline(resolution: Resolution) -> str:
    target, metadata = resolution.target, resolution.metadata
    return (
        f"{target}, Python {target.python}, {target.architecture} (metadata: {metadata.source}, {metadata.date}; "
        f"pins: {resolution.pins})"
    )


def _tree(
    decision: Decision, known: Mapping[str, Decision], backing: Mapping[str, Backing], columns: int
) -> Iterable[str]:
    """Give the project's line, then each branch with its leaves."""
    yield from _wrapped(f"{requirement(decision)}: {verdict(decision)}", columns)
    branches = list(story(decision, known, backing))
    for number, branch in enumerate(branches, start=1):
        fork, stem = _LAST if number == len(branches) else _NOT_LAST
        leaves = () if branch.inline else branch.leaves
        title = ": ".join((branch.title, *branch.leaves)) if branch.inline else branch.title
        yield from _wrapped(title, columns, first=fork, rest=stem)
        for leaf_number, leaf in enumerate(leaves, start=1):
            leaf_fork, leaf_stem = _LAST if leaf_number == len(leaves) else _NOT_LAST
            yield from _wrapped(leaf, columns, first=stem + leaf_fork, rest=stem + leaf_stem)


def requirement(decision: Decision) -> str:
    """Give the project as it is wanted: ``fastapi[all]>=0.120``."""
    extras = f"[{','.join(decision.extras)}]" if decision.extras else ""
    return f"{decision.name}{extras}{decision.specifier}"


def verdict(decision: Decision) -> str:
    """Word the outcome and, where it is not the distribution, the reason."""
    if decision.outcome is Outcome.DISTRO and decision.os:
        whence = f"{decision.os.package.name} {decision.os.package.version}"
    else:
        whence = source(decision.outcome, decision.version)
    return f"{whence} ({words(decision.reason)})" if decision.reason else whence


def _why(decision: Decision) -> str:
    """Word the reason and its detail."""
    return ", ".join(filter(None, (words(decision.reason) if decision.reason else None, decision.detail)))


def story(decision: Decision, known: Mapping[str, Decision], backing: Mapping[str, Backing]) -> Iterable[Branch]:
    """Give the branches that have something to say, in their order.

    ``known`` are the plan's decisions by name, ``backing`` who stands behind its OS packages.
    """
    if decision.requested_by:
        yield Branch(title="asked for by", leaves=decision.requested_by, names=True)
    if decision.os:
        title = "served by" if decision.outcome is Outcome.DISTRO else "the distribution's candidate, set aside"
        behind = backing.get(decision.os.package.name)
        yield Branch(title=title, leaves=(*_candidate(decision.os), *((support(behind),) if behind else ())))
    if decision.trail:
        yield Branch(title="looked up and weighed", leaves=decision.trail)
    yield from _grounds(decision, known)
    if decision.wheel:
        wheel = decision.wheel
        told = (wheel.filename, f"sha256 {wheel.sha256}", *_attestation(decision))
        yield Branch(title="taken from PyPI", leaves=told)
    if decision.depends:
        needs = tuple(_dependency(name, known) for name in decision.depends)
        yield Branch(title="needs", leaves=needs, names=True)
    if decision.concerns:
        yield Branch(title="to be looked at", leaves=tuple(concern.text for concern in decision.concerns))
    if decision.next_step:
        yield Branch(title="next step", leaves=(decision.next_step,), inline=True)


def _grounds(decision: Decision, known: Mapping[str, Decision]) -> Iterable[Branch]:
    if decision.loosened:
        yield Branch(title=f"the pin {decision.loosened} was loosened by the pins policy")
    if decision.reason:
        yield Branch(title="reason", leaves=(_why(decision),), inline=True)
    if decision.chain:
        leaves = tuple(f"{name}: {_why(known[name])}" for name in decision.chain if name in known)
        yield Branch(title="because of", leaves=leaves, names=True)


def _attestation(decision: Decision) -> Iterable[str]:
    """Tell what the index offers; none is fetched for an explanation, so it is not checked (rule T2)."""
    if decision.outcome is not Outcome.PYPI or decision.wheel is None or decision.reason is Reason.DIRECT_URL:
        return
    if decision.wheel.provenance is None:
        yield "the index offers no attestation of it"
    else:
        yield "the index offers an attestation, not checked here: lock and install verify it"


def _candidate(candidate: OsCandidate) -> Iterable[str]:
    package = candidate.package
    verified = "" if package.trusted else ", signature not verified"
    yield f"OS package {package.name} {package.version} ({package.architecture}) from {package.repository}{verified}"
    spelled = candidate.metadata_version
    says = "it has no Python metadata" if spelled is None else f"its metadata says {spelled}"
    note = f"; {candidate.version_note}" if candidate.version_note else ""
    yield f"version {candidate.version} ({says}{note})"
    yield f"evidence: {candidate.evidence}, {candidate.evidence_detail}"


def _dependency(name: NormalizedName, known: Mapping[str, Decision]) -> str:
    decision = known.get(name)
    return f"{name}: {verdict(decision)}" if decision else name


def _wrapped(text: str, columns: int, *, first: str = "", rest: str = "") -> Iterable[str]:
    """Wrap at spaces alone: paths, hashes and versions stay whole, to be copied."""
    return wrap(
        printable(text),
        columns,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )
