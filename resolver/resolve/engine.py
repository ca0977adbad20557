"""Joint resolution: one plan over both sources (rules R1 to R9).

Resolve with the distribution's candidates first; demote whatever stands above a project of the remainder (R2);
resolve again until nothing changes. The demoted set only grows, so this ends. A demand that nothing meets does not
stop the rest: it is set aside with its reason, and the others are resolved without it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from resolver.errors import UnavailableError
from resolver.model import OsCandidate
from resolver.resolve import closure, pins
from resolver.resolve.asks import Ask, Choice, Policy
from resolver.resolve.provider import Provider, Refusal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from packaging.utils import NormalizedName

    from resolver.ports import Catalog, Index

MAX_STEPS = 20_000
"""resolvelib's steps in one round before the search is given up."""


@dataclass(kw_only=True, slots=True)
class Outcome:
    """What the rounds came to."""

    choices: dict[NormalizedName, Choice]
    asks: dict[NormalizedName, list[Ask]]
    """Who asked for each chosen project, between choices; the closure of OS packages is not in here."""
    needs: dict[NormalizedName, tuple[NormalizedName, ...]]
    """What each wheel needs, sorted."""
    refusals: Mapping[NormalizedName, Refusal]
    unmet: dict[NormalizedName, str]
    """Demands set aside, with the explanation."""
    notes: dict[NormalizedName, list[str]]
    demoted: dict[NormalizedName, str]


@dataclass(kw_only=True)
class Engine:
    """One resolution; use once."""

    catalog: Catalog
    index: Index | None
    policy: Policy
    roots: Sequence[Ask]
    constraints: Sequence[Ask]
    _demands: dict[tuple[str, frozenset[str]], tuple[Ask, ...]] = field(default_factory=dict)
    _demoted: dict[NormalizedName, str] = field(default_factory=dict)
    _unmet: dict[NormalizedName, str] = field(default_factory=dict)
    _notes: dict[NormalizedName, dict[str, None]] = field(default_factory=dict)
    _refusals: dict[NormalizedName, Refusal] = field(default_factory=dict)

    def run(self) -> Outcome:
        """Resolve to the end. Raises UnavailableError where the index cannot answer (never a plan without it)."""
        while True:
            outcome = self._round()
            chosen = {
                project: choice.source
                for project, choice in outcome.choices.items()
                if isinstance(choice.source, OsCandidate)
            }
            new = closure.demotions(self.catalog, chosen, self._displacement(outcome))
            if not new:
                return outcome
            self._demoted.update(new)

    def _round(self) -> Outcome:
        """Resolve once under the demotions so far, setting aside what cannot be met."""
        while True:
            roots = [ask for ask in self.roots if ask.project not in self._unmet]
            outside = _by_project([*roots, *self.constraints])
            provider = Provider(
                self.catalog,
                self.index,
                self.policy,
                demoted=self._demoted,
                constraints=outside,
                demands=self._demands,
            )
            easy, hard = self._divide(provider, roots)
            failed, result = self._search(provider, hard)
            self._keep(provider)
            if not failed:
                break
            self._unmet.update(failed)
        choices = {
            project: Choice(project=project, version=candidate.version, extras=frozenset(), source=candidate)
            for project, candidate in easy.items()
        }
        choices.update(result.mapping if result is not None else {})
        asks = _by_project([*roots, *_demands_between(choices, result)])
        return Outcome(
            choices=choices,
            asks=asks,
            needs=_needs(asks),
            refusals=self._refusals,
            unmet=dict(self._unmet),
            notes={project: list(notes) for project, notes in self._notes.items()},
            demoted=dict(self._demoted),
        )

    def _divide(self, provider: Provider, roots: Sequence[Ask]) -> tuple[dict[NormalizedName, OsCandidate], list[Ask]]:
        """Part what the distribution serves at once from what has to be searched for.

        Most files are served whole; they need no search. What is parted off still binds the search, for all roots are
        its constraints.
        """
        easy: dict[NormalizedName, OsCandidate] = {}
        hard: list[Ask] = []
        for project, asks in _by_project(roots).items():
            candidate = self.catalog.lookup(project)
            plain = not any(ask.extras for ask in asks)
            if plain and isinstance(candidate, OsCandidate) and provider.os_refusal(project, asks) is None:
                easy[project] = candidate
            else:
                hard.extend(asks)
        if self.index is not None:
            self.index.prefetch(
                dict.fromkeys(ask.project for ask in hard if provider.os_refusal(ask.project, [ask]) is not None)
            )
        return easy, hard

    def _search(self, provider: Provider, asks: Sequence[Ask]) -> tuple[dict[NormalizedName, str], _Result | None]:
        """Run resolvelib; give the demands to set aside, or the result."""
        hopeless = {
            project: self._hopeless(provider, project, several) for project, several in _by_project(asks).items()
        }
        failed = {project: why for project, why in hopeless.items() if why is not None}
        if failed or not asks:
            return failed, None
        from resolvelib import BaseReporter, ResolutionImpossible, ResolutionTooDeep, Resolver  # noqa: PLC0415 - a file that the distribution covers needs no search

        try:
            # Any: resolvelib's own types differ between its releases, and it takes the provider by its methods alone.
            search: Any = Resolver(cast("Any", provider), BaseReporter())
            return {}, search.resolve(asks, max_rounds=MAX_STEPS)
        except ResolutionImpossible as error:
            return self._blame(error.causes, asks), None
        except ResolutionTooDeep as error:
            raise UnavailableError(
                f"no plan was found in {MAX_STEPS} steps", hint="narrow the requirements' bounds"
            ) from error

    def _hopeless(self, provider: Provider, project: NormalizedName, asks: Sequence[Ask]) -> str | None:
        """Say why no candidate at all can meet a listed requirement, or None where one may."""
        if provider.os_refusal(project, asks) is None:
            return None
        extras = frozenset[str]().union(*(ask.extras for ask in asks))
        everything = [*asks, *(ask for ask in self.constraints if ask.project == project)]
        if next(provider.wheels(project, everything, extras), None) is not None:
            return None
        return _and_wanted(everything)

    def _blame(self, causes: Iterable[_Information], roots: Sequence[Ask]) -> dict[NormalizedName, str]:
        """Choose the listed requirement that a conflict is laid to: of those involved, the last in the inputs.

        All demands that met in the conflict are named, with who made them.
        """
        causes = list(causes)
        story = "; ".join(dict.fromkeys(str(cause.requirement) for cause in causes))
        involved = {cause.requirement.project for cause in causes}
        involved |= {cause.parent.project for cause in causes if cause.parent is not None}
        listed = [ask.project for ask in roots if ask.project in involved] or [ask.project for ask in roots]
        bounds = "; ".join(str(ask) for ask in self.roots if ask.project in involved and str(ask) not in story)
        detail = f"these cannot be met together: {story}" + (f"; {bounds}" if bounds else "")
        return {listed[-1]: detail}

    def _displacement(self, outcome: Outcome) -> _Displaced:
        """Say of a project below an OS package why it would not be the distribution's, if so."""
        bounds = _by_project(self.constraints)

        def displaced(project: NormalizedName) -> str | None:
            choice = outcome.choices.get(project)
            if choice is not None and not choice.from_distro:
                askers = ", ".join(dict.fromkeys(ask.by for ask in outcome.asks.get(project, ())))
                return f"{project} {choice.version} comes from PyPI (asked by {askers})"
            if project in outcome.unmet:
                return f"{project} cannot be met as the inputs ask for it"
            candidate = self.catalog.lookup(project)
            for ask in bounds.get(project, ()):
                bound = ask.os_specifier
                if not isinstance(candidate, OsCandidate) or bound is None:
                    continue
                if not pins.admits(bound, candidate.version):
                    return f"{project} is {candidate.version}, {ask.by} allows {bound}"
            return None

        return displaced

    def _keep(self, provider: Provider) -> None:
        """Carry the story over to the next round."""
        self._refusals.update(provider.refusals)
        for project, notes in provider.notes.items():
            self._notes.setdefault(project, {}).update(notes)


def _by_project(asks: Iterable[Ask]) -> dict[NormalizedName, list[Ask]]:
    found: dict[NormalizedName, list[Ask]] = {}
    for ask in asks:
        found.setdefault(ask.project, []).append(ask)
    return found


def _demands_between(choices: Mapping[NormalizedName, Choice], result: _Result | None) -> list[Ask]:
    """Give the demands that one choice makes of another; resolvelib also remembers those of abandoned choices."""
    criteria = result.criteria if result is not None else {}
    return [
        entry.requirement
        for project in sorted(criteria.keys() & choices.keys())
        for entry in criteria[project].information
        if entry.parent is not None and choices.get(entry.parent.project) == entry.parent
    ]


def _needs(asks: Mapping[NormalizedName, Sequence[Ask]]) -> dict[NormalizedName, tuple[NormalizedName, ...]]:
    """Turn demands around: what each project needs. A demand that no input made was made by a project."""
    needs: dict[NormalizedName, set[NormalizedName]] = {}
    for project, several in asks.items():
        for ask in several:
            if not ask.direct:
                needs.setdefault(cast("NormalizedName", ask.by), set()).add(project)
    return {project: tuple(sorted(needed)) for project, needed in needs.items()}


def _and_wanted(asks: Sequence[Ask]) -> str:
    return "nothing meets " + "; ".join(dict.fromkeys(map(str, asks)))


if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    _Displaced = Callable[[NormalizedName], str | None]

    class _Information(Protocol):
        """resolvelib's RequirementInformation."""

        requirement: Ask
        parent: Choice | None

    class _Result(Protocol):
        """resolvelib's Result."""

        mapping: Mapping[NormalizedName, Choice]
        criteria: Mapping[NormalizedName, _Criterion]

    class _Criterion(Protocol):
        information: Sequence[_Information]
