"""The two questions: what of the listed requirements the distribution has, and the whole plan.

Both give a ``Resolution``: one decision a project, sorted by name, each with its reason (rules R7 and R8).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from resolver.errors import InputError
from resolver.model import Absence, Decision, OsCandidate, Outcome, PinsPolicy, Reason, Resolution, Wheel
from resolver.resolve import closure, concerns, pins
from resolver.resolve.asks import Ask, Policy, from_requirement
from resolver.resolve.concerns import nobody
from resolver.resolve.engine import Engine
from resolver.resolve.next_steps import allow_sdist, next_step, nowhere
from resolver.resolve.provider import Provider, Refusal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from packaging.utils import NormalizedName

    from resolver.model import Requirement, RequirementSet
    from resolver.ports import Builder, Catalog, Index
    from resolver.resolve.concerns import Resembles
    from resolver.resolve.engine import Outcome as Solved
    from resolver.resolve.next_steps import Elsewhere


_SYSTEM_DATA = {
    "certifi": "certificates that this host trusts or distrusts",
    "pytz": "the system's updates of time zones",
}
"""Projects that Debian patches to read the system's files."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Inputs:
    """Requirements as demands, those that do not apply or cannot be served set apart."""

    asks: tuple[Ask, ...]
    constraints: tuple[Ask, ...]
    apart: tuple[Decision, ...]
    """Inapplicable ones and those that name no project."""


def resolve(
    requirements: RequirementSet,
    catalog: Catalog,
    index: Index | None,
    policy: Policy,
    *,
    builder: Builder | None = None,
    elsewhere: Elsewhere = nowhere,
    resembles: Resembles = nobody,
) -> Resolution:
    """Make the whole plan. ``index`` None asks the distribution alone; ``builder`` None builds no sdist.

    ``resembles`` judges the remainder's names, and those of what builds it.

    Raises UnavailableError where metadata is missing (rule I6).
    """
    inputs = _sort_out(requirements, catalog, policy)
    solved = Engine(
        catalog=catalog,
        index=None if policy.only_distro else index,
        policy=policy,
        roots=inputs.asks,
        constraints=inputs.constraints,
        builder=builder,
    ).run()
    decisions = _decide(inputs, catalog, solved, elsewhere, only_distro=index is None or policy.only_distro)
    return _resolution(requirements, catalog, policy, decisions, resembles)


def resolve_direct(
    requirements: RequirementSet,
    catalog: Catalog,
    policy: Policy,
    *,
    elsewhere: Elsewhere = nowhere,
    resembles: Resembles = nobody,
) -> Resolution:
    """Look at the listed requirements alone, with what is at hand; never asks the network."""
    inputs = _sort_out(requirements, catalog, policy)
    constraints = _group(inputs.constraints)
    provider = Provider(catalog, None, policy, demoted={}, constraints=constraints, extras_at_hand=True)
    decisions = list(inputs.apart)
    for project, asks in _group(inputs.asks).items():
        refusal = provider.os_refusal(project, asks)
        everything = [*asks, *constraints.get(project, ())]
        decision = _decision(project, everything, catalog, refusal=refusal, elsewhere=elsewhere)
        if refusal is None and project in provider.unchecked:
            decision = replace(decision, detail=f"extras not checked: {', '.join(decision.extras)}")
        decisions.append(decision)
    return _resolution(requirements, catalog, policy, decisions, resembles)


# --- reading the inputs ---


def _sort_out(requirements: RequirementSet, catalog: Catalog, policy: Policy) -> _Inputs:
    """Evaluate markers for the target (rule R4) and set apart what cannot be asked of anybody."""
    environment = catalog.target.environment()
    asks: list[Ask] = []
    apart: list[Decision] = []
    for requirement in requirements.requirements:
        if not applies(requirement, environment):
            apart.append(_inapplicable(requirement))
        elif requirement.name is None:
            apart.append(
                Decision(
                    name=requirement.text,
                    outcome=Outcome.UNMET,
                    requested_by=(str(requirement.origin),),
                    reason=Reason.DIRECT_URL,
                    detail=f"{requirement.origin} names a place, not a project",
                    next_step="name the project before it: NAME @ URL",
                    direct=True,
                )
            )
        else:
            asks.append(from_requirement(requirement, requirement.name, policy.pins_for(requirement.name)))
    constraints = [
        from_requirement(one, one.name, policy.pins_for(one.name))
        for one in requirements.constraints
        if one.name is not None and applies(one, environment)
    ]
    listed = {ask.project for ask in asks}
    return _Inputs(
        asks=tuple(asks),
        constraints=tuple(constraints),
        apart=tuple(one for one in _merged(apart) if one.name not in listed),
    )


def applies(requirement: Requirement, environment: Mapping[str, str]) -> bool:
    """Evaluate a line's marker. Raises InputError where it compares what cannot be compared."""
    try:
        return requirement.marker is None or requirement.marker.evaluate(dict(environment))
    except ValueError as error:
        raise InputError(
            f"the marker {requirement.marker} cannot be evaluated for the target: {error}",
            context=str(requirement.origin),
            hint="a plan knows no kernel release, and compares versions with versions only",
        ) from error


def _inapplicable(requirement: Requirement) -> Decision:
    return Decision(
        name=requirement.name or requirement.text,
        outcome=Outcome.INAPPLICABLE,
        extras=requirement.extras,
        requested_by=(str(requirement.origin),),
        specifier=str(requirement.specifier),
        reason=Reason.MARKER_FALSE,
        detail=f"not wanted on this target: {requirement.marker}",
        direct=True,
    )


def _merged(decisions: Iterable[Decision]) -> list[Decision]:
    """Make one decision of several lines that say the same of one project."""
    found: dict[str, Decision] = {}
    for one in decisions:
        before = found.get(one.name)
        if before is not None:
            extras = tuple(sorted({*before.extras, *one.extras}))
            found[one.name] = replace(before, extras=extras, requested_by=(*before.requested_by, *one.requested_by))
        else:
            found[one.name] = one
    return list(found.values())


# --- deciding ---


def _decide(
    inputs: _Inputs, catalog: Catalog, solved: Solved, elsewhere: Elsewhere, *, only_distro: bool
) -> list[Decision]:
    """Word the decision of every project: those asked for, those that wheels need, those below OS packages."""
    decisions = list(inputs.apart)
    bounds = _group(inputs.constraints)
    for project, asks in _group([*inputs.asks, *_flat(solved.asks)]).items():
        everything = [*dict.fromkeys(asks), *bounds.get(project, ())]
        # What was set aside stays unmet, although the rest of the plan may bring the project in at another version.
        choice = solved.choices.get(project) if project not in solved.unmet else None
        refusal = solved.refusals.get(project)
        notes = tuple(solved.notes.get(project, ()))
        if choice is not None and choice.from_distro:
            decision = _decision(project, everything, catalog, refusal=None, elsewhere=elsewhere)
        elif choice is not None and isinstance(choice.source, Wheel):
            decision = _decision(project, everything, catalog, refusal=refusal, elsewhere=elsewhere)
            decision = replace(decision, outcome=Outcome.PYPI, version=str(choice.version), wheel=choice.source)
            decision = concerns.of_build(decision)
        else:
            decision = _decision(project, everything, catalog, refusal=refusal, elsewhere=elsewhere)
            decision = _unmet(decision, solved.unmet.get(project), notes, only_distro=only_distro)
            if project in solved.buildable:
                steps = filter(None, (decision.next_step, allow_sdist(project)))
                decision = replace(decision, next_step="; or ".join(steps))
        decision = concerns.of_listing(decision, everything, solved.listings.get(project))
        decisions.append(
            replace(
                decision,
                trail=(*decision.trail, *notes),
                depends=solved.needs.get(project, ()),
                extras=tuple(sorted(choice.extras)) if choice is not None else decision.extras,
            )
        )
    return _with_closure(_with_chains(decisions, solved.refusals), catalog)


def _with_chains(decisions: Sequence[Decision], refusals: Mapping[NormalizedName, Refusal]) -> list[Decision]:
    """Follow each demotion to its cause: what stands behind the project below, and what would bring that back."""
    causes = {str(name): refusal.cause for name, refusal in refusals.items()}
    named = {decision.name: decision for decision in decisions}

    def followed(decision: Decision) -> Decision:
        if decision.reason is not Reason.DEMOTED:
            return decision
        chain: dict[str, None] = {}
        cause = causes.get(decision.name)
        while cause is not None and cause in named and cause != decision.name and cause not in chain:
            chain[cause] = None
            cause = causes.get(cause)
        first = next((named[one] for one in chain if named[one].reason is not Reason.DEMOTED), None)
        step = f"take {first.name} from the distribution: {first.next_step}" if first and first.next_step else None
        behind = [f"{one} ({named[one].reason})" for one in [*chain][1:]]
        detail = "; behind it: ".join(filter(None, (decision.detail, ", ".join(behind))))
        return replace(
            decision,
            chain=tuple(chain),
            detail=detail,
            next_step="; or ".join(filter(None, (decision.next_step, step))) or None,
        )

    return [followed(decision) for decision in decisions]


def _decision(
    project: NormalizedName,
    asks: Sequence[Ask],
    catalog: Catalog,
    *,
    refusal: Refusal | None,
    elsewhere: Elsewhere,
) -> Decision:
    """Word what the distribution says of one project; the caller adds what PyPI says."""
    candidate = catalog.lookup(project)
    os = candidate if isinstance(candidate, OsCandidate) else None
    listed = [ask for ask in asks if ask.direct]
    served = refusal is None and os is not None
    trail = (
        f"looked up in {catalog.target} ({catalog.metadata.source}, {catalog.metadata.date})",
        f"{os.package.name} {os.package.version} carries it as {os.version}: {os.evidence_detail}"
        if os is not None
        else f"no OS package: {candidate.detail if isinstance(candidate, Absence) else ''}",
    )
    return Decision(
        name=project,
        outcome=Outcome.DISTRO if served else Outcome.UNRESOLVED,
        version=str(os.version) if served and os is not None else None,
        extras=tuple(sorted({extra for ask in asks for extra in ask.extras})),
        requested_by=tuple(dict.fromkeys(ask.by for ask in asks if not ask.constraint and ask.by != project)),
        specifier=_joint_specifier(asks),
        os=os,
        loosened=_loosened(os, asks) if served else None,
        reason=refusal.reason if refusal is not None else None,
        detail=refusal.detail if refusal is not None else None,
        next_step=None if served else next_step(project, asks, candidate, refusal, elsewhere),
        trail=trail,
        direct=bool(listed),
    )


def _joint_specifier(asks: Sequence[Ask]) -> str:
    """Join the bounds of all who ask; of several lower bounds the highest says it all."""
    bounds = {one for ask in asks for one in ask.specifier}
    lowest = max((Version(one.version) for one in bounds if one.operator == ">="), default=None)
    kept = {str(one) for one in bounds if one.operator != ">=" or Version(one.version) == lowest}
    return str(SpecifierSet(",".join(kept)))


def _loosened(candidate: OsCandidate | None, asks: Sequence[Ask]) -> str | None:
    """Name the pin that the distribution's version does not meet to the letter, if there is one."""
    for ask in asks:
        pin = pins.pin_of(ask.specifier)
        by_input = ask.direct or ask.constraint
        if candidate is not None and by_input and pin and not pin.contains(candidate.version, prereleases=True):
            return str(pin)
    return None


def _unmet(decision: Decision, why: str | None, notes: Sequence[str], *, only_distro: bool) -> Decision:
    """Word a demand that nothing meets. What PyPI lacks is the reason where the distribution has nothing at all."""
    known = decision.os is not None or decision.reason in {
        Reason.AMBIGUOUS,
        Reason.DIRECT_URL,
        Reason.NO_EVIDENCE,
    }
    reason = decision.reason
    if not only_distro and not known:
        reason = Reason.NOT_ON_INDEX if "the index does not know it" in notes else Reason.NO_WHEEL
    told = [decision.detail, why, *(note for note in notes if note.startswith("the index"))]
    return replace(
        decision,
        outcome=Outcome.UNMET,
        reason=reason or Reason.NO_WHEEL,
        detail="; ".join(dict.fromkeys(part for part in told if part)) or None,
    )


def _with_closure(decisions: Sequence[Decision], catalog: Catalog) -> list[Decision]:
    """Add the projects below the chosen OS packages, and note who needs what."""
    named: dict[str, Decision] = {one.name: one for one in decisions}
    chosen = {one.os.project: one.os for one in decisions if one.outcome is Outcome.DISTRO and one.os is not None}
    needs = closure.needs_below(catalog, chosen)
    askers: dict[str, list[str]] = {}
    for project, needed in needs.items():
        for name in needed:
            askers.setdefault(name, []).append(project)
    for project in needs:
        # A line that does not apply says nothing of what an OS package needs.
        if project not in named or named[project].outcome is Outcome.INAPPLICABLE:
            named[project] = _decision(project, (), catalog, refusal=None, elsewhere=nowhere)
    below: dict[str, tuple[NormalizedName, ...]] = dict(needs.items())
    return [
        replace(
            one,
            requested_by=tuple(dict.fromkeys((*one.requested_by, *askers.get(one.name, ())))),
            depends=tuple(sorted({*one.depends, *below.get(one.name, ())})),
        )
        if one.outcome is Outcome.DISTRO
        else one
        for one in named.values()
    ]


# --- the whole ---


def _resolution(
    requirements: RequirementSet,
    catalog: Catalog,
    policy: Policy,
    decisions: Iterable[Decision],
    resembles: Resembles,
) -> Resolution:
    in_order = tuple(sorted((concerns.of_name(one, resembles) for one in decisions), key=lambda one: one.name))
    return Resolution(
        target=catalog.target,
        metadata=catalog.metadata,
        decisions=in_order,
        requirements=len(requirements.requirements),
        pins=policy.pins,
        coverage_by_pins={one.value: _direct_coverage(requirements, catalog, policy, one) for one in PinsPolicy},
        warnings=(*_warnings(in_order), *concerns.warnings(in_order)),
    )


def _warnings(decisions: Iterable[Decision]) -> tuple[str, ...]:
    """Warn where a project of PyPI replaces one that the distribution ties to the system's own data."""
    return tuple(
        f"{one.name} {one.version} comes from PyPI and brings data of its own: {_SYSTEM_DATA[one.name]} do not count"
        " in this environment"
        for one in decisions
        if one.outcome is Outcome.PYPI and one.os is not None and one.name in _SYSTEM_DATA
    )


def _direct_coverage(requirements: RequirementSet, catalog: Catalog, policy: Policy, pins_policy: PinsPolicy) -> float:
    """Give the share of the listed projects that the distribution would serve under a pins policy, 0 to 1.

    Extras are left out of it: they would cost downloads, and a policy changes nothing about them.
    """
    environment = catalog.target.environment()
    under = replace(policy, pins=pins_policy)
    served: dict[str, bool] = {}
    for one in requirements.requirements:
        if not applies(one, environment):
            continue
        if one.name is None:
            served[one.text] = False
            continue
        candidate = catalog.lookup(one.name)
        bound = pins.loosen(one.specifier, under.pins_for(one.name))
        hashed = bool(one.hashes) and under.pins_for(one.name) is PinsPolicy.EXACT
        fits = (
            isinstance(candidate, OsCandidate)
            and one.url is None
            and not hashed
            and one.name not in policy.exclude
            and pins.admits(bound, candidate.version)
        )
        served[one.name] = served.get(one.name, True) and fits
    return round(sum(served.values()) / len(served), 4) if served else 1.0


def _group(asks: Iterable[Ask]) -> dict[NormalizedName, list[Ask]]:
    found: dict[NormalizedName, list[Ask]] = {}
    for ask in asks:
        found.setdefault(ask.project, []).append(ask)
    return found


def _flat(asks: Mapping[NormalizedName, Sequence[Ask]]) -> list[Ask]:
    return [ask for several in asks.values() for ask in several]
