"""From everybody's answers to one verdict an item: vulnerable, clean, or not checked. Pure.

The remainder is judged by advisories about PyPI's projects. OS packages never are: distributions fix an old version
in place, so an advisory about upstream's says nothing of theirs. They are judged by the distribution's own data; what
upstream's version has is only held against the OS package's changelog, as evidence of the fix. Without such evidence,
and without data that would name what is not fixed yet, the item is not checked (rule T2).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.version import InvalidVersion, Version

from resolver.errors import UnavailableError
from resolver.model import Unchecked
from resolver.model.audit import AuditItem, Known, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from packaging.utils import NormalizedName

    from resolver.audit.osv import Database
    from resolver.model import Release
    from resolver.model.audit import Advisory, Fix, Served
    from resolver.ports import OsAdvisories, ProjectAdvisories


def judge_remainder(
    projects: Iterable[tuple[NormalizedName, str, Unchecked | None]], advisories: ProjectAdvisories
) -> list[AuditItem]:
    """Judge projects by name and version; what comes with a reason not to be checked can still be vulnerable."""
    return [
        _project(name, version, _ask(advisories, name, version), unchecked) for name, version, unchecked in projects
    ]


def _ask(advisories: ProjectAdvisories, name: NormalizedName, version: str) -> Known | Unchecked:
    try:
        return advisories.of(name, Version(version))
    except InvalidVersion:
        return Unchecked(why=f"{version!r} is no version that can be compared (PEP 440)")


def _project(name: str, version: str, answer: Known | Unchecked, reservation: Unchecked | None) -> AuditItem:
    if isinstance(answer, Known) and not answer.advisories and answer.unclear:
        reservation = Unchecked(why=f"{_names(answer.unclear)}: which versions are affected cannot be told")
    if isinstance(answer, Unchecked):
        reservation = answer
    known = answer if isinstance(answer, Known) else None
    if known is not None and known.advisories:
        verdict, reservation = Verdict.VULNERABLE, None
    else:
        verdict = Verdict.NOT_CHECKED if reservation else Verdict.CLEAN
    return AuditItem(
        name=name,
        version=version,
        is_os_package=False,
        verdict=verdict,
        advisories=(known.advisories or known.unclear) if known else (),
        sources=(known.source,) if known else (),
        detail=reservation.why if reservation else None,
        next_step=_upgrade(known) if known and known.advisories else reservation.next_step if reservation else None,
    )


def _upgrade(known: Known) -> str | None:
    """Name what would end it; nothing where a vulnerability has no fix."""
    if any(not advisory.fixed for advisory in known.advisories):
        return None
    return "require a fixed version, and make the lock anew"


def judge_os_packages(
    served: Sequence[Served], release: Release, os: OsAdvisories | Unchecked, database: Database | None
) -> list[AuditItem]:
    """Judge OS packages. ``os`` is the distribution's own data, ``database`` may have more of it, and upstream's."""
    asked = [one.package for one in served if one.unchecked is None]
    own: Mapping[str, Known | Unchecked] = os.known(asked) if not isinstance(os, Unchecked) and asked else {}
    on_disk = _on_disk(served, release, os, database)
    items = []
    for one in served:
        name = one.package.name
        answers: list[Known | Unchecked]
        answers = [one.unchecked] if one.unchecked is not None else [os if isinstance(os, Unchecked) else own[name]]
        found, fixes = on_disk.get(name, (None, ()))
        if found is not None:
            answers.append(found)
        items.append(_os_package(one, answers, fixes, os, database))
    return items


def _on_disk(
    served: Sequence[Served], release: Release, os: OsAdvisories | Unchecked, database: Database | None
) -> dict[str, tuple[Known | Unchecked, tuple[Fix, ...]]]:
    """Ask the database for the distribution's advisories, where it has any; a host of that release compares them."""
    ecosystem = database.ecosystem(release) if database is not None else None
    if database is None or ecosystem is None or isinstance(os, Unchecked):
        return {}
    packages = [one.package for one in served if one.unchecked is None]
    sources = os.sources(packages)
    found: dict[str, tuple[Known | Unchecked, tuple[Fix, ...]]] = {}
    for package in packages:
        source = sources.get(package.name)
        if source is None:
            # Somebody else's package, or one that the host knows nothing of: no advisory would name it.
            unknown = f"{release} is not known to be the source of {package.name} {package.version}"
            found[package.name] = Unchecked(why=unknown), ()
            continue
        try:
            found[package.name] = database.of_os_package(ecosystem, (package.name, package.version), source, os.rank)
        except UnavailableError as error:
            found[package.name] = Unchecked(why=str(error), next_step=error.hint), ()
    return found


def _os_package(
    one: Served,
    answers: Sequence[Known | Unchecked],
    fixes: tuple[Fix, ...],
    os: OsAdvisories | Unchecked,
    database: Database | None,
) -> AuditItem:
    known = [answer for answer in answers if isinstance(answer, Known)]
    affecting = _unique(advisory for answer in known for advisory in answer.advisories)
    unclear = _unique(advisory for answer in known for advisory in answer.unclear)
    upstream = _upstream(one, database)
    cves = frozenset(cve for _, advisory in upstream for cve in advisory.cves)
    evidence = _evidence(one, cves, fixes, os)
    proven = {fix.cve for fix in evidence}
    # What the distribution itself calls vulnerable is not fixed by any changelog's word.
    contradicted = frozenset(cve for advisory in affecting for cve in advisory.cves)
    evidence = tuple(fix for fix in evidence if fix.cve not in contradicted)
    still_open = [(where, advisory) for where, advisory in upstream if not advisory.cves & proven]
    detail, next_step = _reservation(answers, still_open, unclear)
    verdict = Verdict.VULNERABLE if affecting else Verdict.NOT_CHECKED if detail else Verdict.CLEAN
    return AuditItem(
        name=one.package.name,
        version=one.package.version,
        is_os_package=True,
        projects=tuple(f"{name} {version}".rstrip() for name, version in one.projects),
        verdict=verdict,
        advisories=affecting or (*unclear, *(advisory for _, advisory in still_open if detail)),
        evidence=evidence,
        sources=tuple(sorted({answer.source for answer in known})),
        detail=None if affecting else detail,
        next_step=_os_upgrade(affecting) if affecting else next_step,
    )


def _reservation(
    answers: Sequence[Known | Unchecked],
    still_open: Sequence[tuple[str, Advisory]],
    unclear: Sequence[Advisory],
) -> tuple[str | None, str | None]:
    """Say why an OS package that nobody calls vulnerable is not clean either; None where it is."""
    known = [answer for answer in answers if isinstance(answer, Known)]
    unasked = [answer for answer in answers if isinstance(answer, Unchecked)]
    parts = []
    next_step = None
    if not known:
        parts += [answer.why for answer in unasked]
        next_step = next((answer.next_step for answer in unasked if answer.next_step), None)
    if still_open and not any(answer.complete for answer in known):
        parts += [f"{advisory.id} affects upstream {where}" for where, advisory in still_open]
        parts.append("the distribution's own data would tell" if not known else "no changelog tells of the fix")
        next_step = next_step or "look the advisory up in the distribution's security tracker"
    if unclear:
        parts.append(f"{_names(unclear)}: which versions are affected cannot be told")
    return "; ".join(parts) or None, next_step


def _upstream(one: Served, database: Database | None) -> list[tuple[str, Advisory]]:
    """Find the advisories about upstream's versions, those that leave open which ones included."""
    found = []
    for name, version in one.projects:
        answer = _ask(database, name, version) if database is not None and version else None
        if isinstance(answer, Known):
            found += [(f"{name} {version}", advisory) for advisory in (*answer.advisories, *answer.unclear)]
    return found


def _evidence(
    one: Served, cves: frozenset[str], fixes: tuple[Fix, ...], os: OsAdvisories | Unchecked
) -> tuple[Fix, ...]:
    """Find who says that upstream's vulnerabilities are fixed in this build: an advisory, else the changelog."""
    named = tuple(fix for fix in fixes if fix.cve in cves)
    rest = cves - {fix.cve for fix in named}
    told: tuple[Fix, ...] | Unchecked = ()
    if rest and one.unchecked is None and not isinstance(os, Unchecked):
        told = os.fixes(one.package, rest)
    found = {fix.cve: fix for fix in (*named, *(() if isinstance(told, Unchecked) else told))}
    return tuple(found[cve] for cve in sorted(found))


def _os_upgrade(affecting: Sequence[Advisory]) -> str | None:
    fixed = any(advisory.fixed or advisory.note.startswith("fixed") for advisory in affecting)
    return "let the package manager update it, and make the lock anew" if fixed else None


def _unique(advisories: Iterable[Advisory]) -> tuple[Advisory, ...]:
    found = {advisory.id: advisory for advisory in advisories}
    return tuple(found[key] for key in sorted(found))


def _names(advisories: Iterable[Advisory]) -> str:
    return ", ".join(advisory.id for advisory in advisories)
